"""What boosted trees look at: how a series, its item, its location and everything have sold, free of scale."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from planner.forecast.cleansing import DemandSeries
from planner.forecast.shape import memory_weights
from solvers.demand.empirical import SortedSeries

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

HALF_LIVES = (8, 13, 26, 52)  # weeks, of the empirical quantiles that trees correct
_MEANS = (1, 2, 4, 8, 13, 26, 52)  # half-lives in weeks of weighted means
_SHAPES = (13, 26)
_SHAPE_LEVELS = np.array([0.5, 0.8, 0.9, 0.95, 0.98])
_LAGS = 6
_RECENT = (1, 2, 4, 8, 13)  # weeks of a group's recent movement
_YEARS = (52, 104)  # weeks back
_AROUND = 8  # weeks to either side of the same week of an earlier year
_FEWEST = 13  # weeks before a series counts in its group
_PRIOR = 1.0  # series that always sell as usual, added to each group


@dataclass(frozen=True, slots=True)
class Groups:
    """How all series, each item's and each location's sell, over what was usual for them before.

    Attributes
    ----------
    code : [3, K] group of every series: everything, its item, its location.
    relative : for each of the three, [G, T] mean over its series of demand over their own past mean; about 1.
    """

    code: Integers
    relative: tuple[Floats, Floats, Floats]

    @classmethod
    def of(
        cls,
        item: Integers,
        location: Integers,
        chunks: Iterable[tuple[int, int, DemandSeries]],
        buckets: int,
        week: int,
    ) -> Groups:
        """Add up the series chunk by chunk; no bucket of a group knows a later one.

        Parameters
        ----------
        item, location : [K] codes.
        chunks : (first, last, series) of consecutive series. week : buckets in a week.
        """
        code = np.stack([np.zeros(len(item), dtype=np.int64), item, location])
        sums = [np.full((2, int(each.max(initial=0)) + 1, buckets), _PRIOR) for each in code]
        for first, last, series in chunks:
            seen = np.cumsum(series.observed, axis=1) - series.observed
            sold = np.cumsum(series.demand * series.observed, axis=1) - series.demand * series.observed
            part = (seen >= _FEWEST * week) & (sold > 0.0)
            usual = np.where(part, sold / np.maximum(seen, 1.0), 1.0)
            weight = np.where(part, series.observed, 0.0)
            for total, group in zip(sums, code[:, first:last], strict=True):
                np.add.at(total[0], group, weight * series.demand / usual)
                np.add.at(total[1], group, weight)
        return cls(code, tuple(total[0] / total[1] for total in sums))


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of some series at one origin.

    Attributes
    ----------
    scale : [K] mean absolute change from one bucket to the next, 0 where nothing ever changed.
    mean, quantiles : [K], [K, L] baseline, mean over half-lives of 8 to 52 weeks.
    sd : [K] of the baseline.
    values : [K, H', F] features of the wanted buckets ahead. names : [F].
    """

    scale: Floats
    mean: Floats
    sd: Floats
    quantiles: Floats
    values: npt.NDArray[np.float32]
    names: tuple[str, ...]


def look(
    series: DemandSeries,
    ranked: SortedSeries,
    groups: Groups,
    rows: Integers,
    origin: int,
    ahead: Iterable[int],
    levels: Floats,
    bucket_days: int,
) -> Seen:
    """Return what is known before bucket `origin` about the buckets `ahead` (0 is the origin itself).

    Parameters
    ----------
    rows : [K] positions of the series in `groups`. levels : [L] of the baseline's quantiles.
    """
    week = 7 // bucket_days
    buckets = series.demand.shape[1]
    demand, observed = series.demand[:, :origin], series.observed[:, :origin]
    both = (observed[:, 1:] > 0.0) & (observed[:, :-1] > 0.0)
    change = np.where(both, np.abs(np.diff(demand, axis=1)), 0.0).sum(axis=1)
    scale = change / np.maximum(np.count_nonzero(both, axis=1), 1)
    by = np.where(scale > 0.0, scale, 1.0)[:, None]

    described = [
        ranked.describe(series.observed, memory_weights(buckets, origin, weeks, bucket_days), levels)
        for weeks in HALF_LIVES
    ]
    mean, variance, quantiles = (np.mean([one[part] for one in described], axis=0) for part in range(3))
    state = _own_state(demand / by, observed, origin, week, bucket_days)
    for weeks in _SHAPES:
        memory = memory_weights(buckets, origin, weeks, bucket_days)
        shape = ranked.describe(series.observed, memory, _SHAPE_LEVELS)[2] / by
        state |= {f"q{level:g}_of{weeks}": shape[:, n] for n, level in enumerate(_SHAPE_LEVELS)}
    state["log_scale"] = np.log(by[:, 0])
    state |= _group_state(groups, rows, origin, week)
    fixed = np.column_stack(list(state.values()))
    each, names = [], tuple(state)
    for step in ahead:
        later = _season(demand / by, groups, rows, origin, step, week)
        names = (*state, *later)
        each.append(np.column_stack([fixed, *later.values()]).astype(np.float32))
    return Seen(scale, mean, np.sqrt(variance), quantiles, np.stack(each, axis=1), names)


def _own_state(demand: Floats, observed: Floats, origin: int, week: int, bucket_days: int) -> dict[str, Floats]:
    """Return features [K] of the series itself that do not depend on the bucket ahead."""
    sold = demand > 0.0
    state = {f"lag{back}": demand[:, -back] for back in range(1, _LAGS + 1) if back <= origin}
    for weeks in _MEANS:
        weight = observed * memory_weights(origin, origin, weeks, bucket_days)
        state[f"mean{weeks}"] = (weight * demand).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-9)
    year, quarter = slice(-52 * week, None), slice(-13 * week, None)
    state["selling13"], state["selling52"] = sold[:, quarter].mean(axis=1), sold[:, year].mean(axis=1)
    state["most52"], state["sd52"] = demand[:, year].max(axis=1), demand[:, year].std(axis=1)
    state["sale52"] = demand[:, year].sum(axis=1) / np.maximum(sold[:, year].sum(axis=1), 1)
    since = np.where(sold.any(axis=1), np.argmax(sold[:, ::-1], axis=1), origin)
    state["since_sale"] = np.minimum(since, 30.0 * week)
    state["last_sale"] = demand[np.arange(len(demand)), np.maximum(origin - 1 - since, 0)]
    state["age"] = np.minimum((observed > 0.0).sum(axis=1), 156.0 * week)
    return state


def _group_state(groups: Groups, rows: Integers, origin: int, week: int) -> dict[str, Floats]:
    """Return features [K]: the recent movement of each series' groups over their last half-year."""
    state = {}
    memory = memory_weights(origin, origin, 26, 7 // week)
    for name, code, relative in zip(("all", "item", "location"), groups.code, groups.relative, strict=True):
        known = relative[:, :origin]
        usual = known @ memory / memory.sum()
        for weeks in _RECENT:
            state[f"{name}_recent{weeks}"] = np.log(known[:, -weeks * week :].mean(axis=1) / usual)[code[rows]]
    return state


def _season(demand: Floats, groups: Groups, rows: Integers, origin: int, step: int, week: int) -> dict[str, Floats]:
    """Return features [K] of one bucket ahead: how the same one of earlier years stood out from those around it."""
    out = {"ahead": np.full(len(demand), float(step))}
    for weeks in _YEARS:
        then = origin + step - weeks * week
        known = _AROUND * week < then < origin - 1
        names = ["own", "own_near", "own_level", "all", "item", "location"]
        if not known:
            out |= {f"{name}_year{weeks}": np.full(len(demand), np.nan) for name in names}
            continue
        around = slice(then - _AROUND * week, min(origin, then + _AROUND * week + 1), week)
        usual = demand[:, around].mean(axis=1)
        wide = slice(max(0, then - 30 * week), min(origin, then + 23 * week))
        out[f"own_year{weeks}"] = demand[:, then] / (usual + 0.1)
        out[f"own_near_year{weeks}"] = demand[:, then - 1 : then + 2].mean(axis=1) / (usual + 0.1)
        out[f"own_level_year{weeks}"] = usual / (demand[:, wide].mean(axis=1) + 0.05)
        for name, code, relative in zip(names[3:], groups.code, groups.relative, strict=True):
            out[f"{name}_year{weeks}"] = np.log(relative[:, then] / relative[:, around].mean(axis=1))[code[rows]]
    return out
