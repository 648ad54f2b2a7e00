"""Season: one weekly index per item-location, shared along the hierarchy of items."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from planner.backtest.panel import Group, Panel

Floats = npt.NDArray[np.float64]

YEAR = 52
_HALF_YEAR = 26
_NEIGHBOURS = (0.25, 0.5, 0.25)  # holidays move by a week
_YEARLY_WEIGHT = 0.8  # of a year against the next one
_PRIOR_UNITS = 60.0  # effective units that a group's parent is worth
_DISPERSION = 1.0  # above it, more volume of one item-location says little more about the season


def season_index(panel: Panel, horizon: int) -> Floats:
    r"""Return the index [K, T + horizon] of every past week and the next `horizon` ones, about 1 on average.

    Notes
    -----
    With the yearly mean :math:`\ell` of each item-location, and sales and expectation damped to
    :math:`y / (1 + v\ell)` and :math:`\ell / (1 + v\ell)` (the weights of a negative binomial, so that one big
    seller does not set the season of its group), the ratio of sales to expectation of the same week in all years
    is taken for all item-locations together, then at each level of the hierarchy relative to the level above,

    .. math:: r_g = \frac{\sum_{i \in g} y_i + \kappa}{\sum_{i \in g} \ell_i\,s_{\mathrm{parent}} + \kappa}

    and multiplied downwards: a gamma-Poisson shrinkage to the parent, which a group leaves only as far as its
    own sales support it.
    """
    level = yearly_level(panel) * panel.exposure
    damping = 1.0 / (1.0 + _DISPERSION * level)
    sold = _same_week(panel.sales * (panel.exposure > 0.0) * damping, horizon)
    expected = _same_week(level * damping, horizon)
    everyone = Group.of(np.zeros(len(sold), dtype=np.int64))
    index = np.ones_like(sold)
    for group in (everyone, *panel.levels):
        ratio = (group.total(sold) + _PRIOR_UNITS) / (group.total(expected * index) + _PRIOR_UNITS)
        index = index * ratio[group.code]
    return index


def yearly_level(panel: Panel) -> Floats:
    """Return the mean sale of a full week [K, T] over the 53 weeks around each week, or the 53 nearest known ones."""
    weeks = panel.sales.shape[1]
    week = np.arange(weeks)
    first = np.maximum(np.minimum(week - _HALF_YEAR, weeks - YEAR - 1), 0)
    after = np.minimum(np.maximum(week + _HALF_YEAR + 1, first + YEAR + 1), weeks)
    sold = _running_total(np.where(panel.exposure > 0.0, panel.sales, 0.0))
    there = _running_total(panel.exposure)
    return np.asarray((sold[:, after] - sold[:, first]) / np.maximum(there[:, after] - there[:, first], 1.0))


def _running_total(values: Floats) -> Floats:
    """Return the sums [K, T + 1] of the first 0, 1, ... T weeks."""
    return np.column_stack([np.zeros(len(values)), np.cumsum(values, axis=1)])


def _same_week(values: Floats, horizon: int) -> Floats:
    """Return for each of T + horizon weeks the weighted sum of it, and its neighbours, in all years."""
    count, weeks = values.shape
    before, now, after = _NEIGHBOURS
    spread = now * values
    spread[:, 1:] += before * values[:, :-1]
    spread[:, :-1] += after * values[:, 1:]
    out = np.zeros((count, weeks + horizon))
    years = (weeks + horizon) // YEAR + 1
    for year in range(-years, years + 1):
        shift = YEAR * year
        first, last = max(0, -shift), min(weeks + horizon, weeks - shift)
        if first < last:
            out[:, first:last] += _YEARLY_WEIGHT ** abs(year) * spread[:, first + shift : last + shift]
    return out
