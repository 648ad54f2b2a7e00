"""Baseline: exponential smoothing of each item-location's level under a shared season, in one pass for all."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from planner.backtest.croston import croston_sba
from planner.backtest.panel import Group, Panel
from planner.backtest.season import season_index

Floats = npt.NDArray[np.float64]

SMOOTHING = (0.03, 0.07, 0.15)  # fast for big sellers, slow for small ones; their mean does for all
_SMOOTHING_WEIGHTS = (0.3, 0.4, 0.3)
_LEVEL_PRIOR = 0.05  # units, so that an item-location without sales keeps a small chance
_RECENT_WEEKS = 26
_CROSTON_WEEKS = 104
_RECENT_ALL = (0.15, 20.0)  # smoothing factor and prior units of the movement shared by all
_RECENT_ITEM = (0.3, 10.0)  # the same of one item in all its locations


@dataclass(frozen=True, slots=True)
class Baseline:
    """The baseline forecast from the end of one panel.

    Attributes
    ----------
    mean : [K, H] expected demand of the next H weeks, base units per week.
    level : [K] smoothed level, base units per week of index 1.
    smoothed : [K, A] the levels by each smoothing factor.
    recent : [K] recent movement of the item and of all, as a factor on the level.
    index : [K, T + H] seasonal index.
    intermittent : [K, H] the forecast by Croston's method, which only sees the season of all.
    """

    mean: Floats
    level: Floats
    smoothed: Floats
    recent: Floats
    index: Floats
    intermittent: Floats

    @property
    def combined(self) -> Floats:
        """Return the mean [K, H] of the smoothed and the intermittent forecast, better than either."""
        return 0.5 * (self.mean + self.intermittent)


def forecast_baseline(panel: Panel, horizon: int) -> Baseline:
    r"""Return the baseline forecast of the next `horizon` weeks.

    Notes
    -----
    Levels are ratios of exponentially weighted sums, :math:`\ell = \sum_t w_t y_t / \sum_t w_t e_t s_t` with
    exposure :math:`e` and index :math:`s`: the Poisson estimate, in which a week out of stock carries no weight
    instead of counting as a week without demand.
    """
    index = season_index(panel, horizon)
    weeks = panel.sales.shape[1]
    age = np.arange(weeks - 1, -1, -1.0)
    known = index[:, :weeks] * panel.exposure
    sold = np.where(panel.exposure > 0.0, panel.sales, 0.0)
    smoothed = np.column_stack(
        [
            (sold @ (1.0 - factor) ** age + _LEVEL_PRIOR) / (known @ (1.0 - factor) ** age + _LEVEL_PRIOR)
            for factor in SMOOTHING
        ]
    )
    level = smoothed @ np.array(_SMOOTHING_WEIGHTS)
    recent = _recent_movement(panel, level[:, None] * known)
    mean = (level * recent)[:, None] * index[:, weeks:]
    return Baseline(mean, level, smoothed, recent, index, _forecast_intermittent(panel, horizon))


def _forecast_intermittent(panel: Panel, horizon: int) -> Floats:
    """Return Croston's forecast [K, H] from the last two years, under one season for all."""
    weeks = panel.sales.shape[1]
    season = season_index(replace(panel, levels=()), horizon)[0]
    last = slice(max(0, weeks - _CROSTON_WEEKS), weeks)
    level = croston_sba(panel.sales[:, last] / season[last], panel.exposure[:, last] > 0.0)
    return np.asarray(level[:, None] * season[weeks:])


def _recent_movement(panel: Panel, expected: Floats) -> Floats:
    """Return the factor [K] by which recent sales, of all and then of the item, stand above `expected` [K, T]."""
    expected = expected[:, -_RECENT_WEEKS:]
    sold = np.where(panel.exposure > 0.0, panel.sales, 0.0)[:, -_RECENT_WEEKS:]
    damping = 1.0 / (1.0 + expected)
    age = np.arange(expected.shape[1] - 1, -1, -1.0)
    factor = np.ones(len(expected))
    everyone = Group.of(np.zeros(len(expected), dtype=np.int64))
    for group, (smoothing, prior) in ((everyone, _RECENT_ALL), (panel.levels[-1], _RECENT_ITEM)):
        weight = (1.0 - smoothing) ** age
        actual = group.total((sold * damping) @ weight)
        wanted = group.total((expected * damping) @ weight * factor)
        factor = factor * ((actual + prior) / (wanted + prior))[group.code]
    return factor
