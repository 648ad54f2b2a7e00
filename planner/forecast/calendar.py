"""Calendar: demand is flattened by weekday (daily buckets) or by week of the year (weekly buckets).

The factors of a backtest are measured before its first origin, so no forecast sees what it is judged on.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from planner.forecast.cleansing import DemandSeries, local_rate
from planner.forecast.holiday_effects import holiday_factors
from scenarios.settings import Horizon

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_DAYS = 7
_PRIOR_WEEKS = 4.0  # a flat weekday profile counts as much as this many weeks
_CLOSED = 0.02  # a weekday with a smaller share of the mean day is not sold on
_WEEKS = 52
_LEAST, _MOST = 0.2, 5.0  # factors of a week of the year
# (z-score)^2 that one week in 52 exceeds by chance in one history in twenty (Bonferroni)
_SIGNIFICANT = 3.3**2


def relative_demand(series: DemandSeries, year: int = _WEEKS) -> tuple[Floats, Floats]:
    """Return what calendar factors need of a chunk: sums [T] of demand over its mean, and of observed series.

    Only series with a year (in buckets) of observed ones take part; each counts the same.
    """
    count = series.observed.sum(axis=1)
    mean = (series.demand * series.observed).sum(axis=1) / np.maximum(count, 1.0)
    part = (count >= year) & (mean > 0.0)
    scaled = series.demand[part] * series.observed[part] / mean[part, None]
    return scaled.sum(axis=0), series.observed[part].sum(axis=0)


def shared_factors(demand: Floats, observed: Floats, marks: Floats, until: int, horizon: Horizon) -> Floats:
    """Return the factor of every bucket of history and horizon [T + H] by holidays and, for weeks, week of the year.

    Parameters
    ----------
    demand, observed : [T] sums of `relative_demand` over all series.
    marks : [T + H, E] holidays, `holiday_effects.holiday_marks`.
    until : buckets from here on are not looked at.
    """
    relative, seen = demand / np.maximum(observed, 1e-9), observed > 0.0
    weekly = horizon.bucket == "week"
    moved = holiday_factors(np.where(seen, relative, 0.0), seen, marks, until, 1 if weekly else _DAYS)
    if not weekly:
        return moved
    return moved * week_factors(demand / moved[: len(demand)], observed, until, horizon)


def week_factors(demand: Floats, observed: Floats, until: int, horizon: Horizon) -> Floats:
    """Return the factor of every week of history and horizon [T + H], shared by all series.

    The logarithm of mean relative demand over its centred 52-week average is averaged by week of the year
    (m, over n years). Weeks that do not stand out from chance stay at 1: m is multiplied by
    max(0, 1 - z^2 s^2 / (n m^2)), s^2 the variance between years, z = 3.3 (the positive-part estimator of James
    and Stein 1961 with a Bonferroni bound in place of its constant). So holidays and the like are
    learnt and noise is not. At least two years are needed, and weeks seen twice.

    Parameters
    ----------
    demand, observed : [T] sums of `relative_demand` over all series.
    until : weeks from here on are not looked at.
    """
    buckets = len(demand)
    week = _week_of_year(buckets, horizon)
    out = np.ones(buckets + horizon.buckets)
    seen = np.flatnonzero(observed[:until] > 0.0)
    if seen.size < 2 * _WEEKS:
        return out
    relative = demand[seen] / observed[seen]
    window = np.array([0.5, *np.ones(_WEEKS - 1), 0.5]) / _WEEKS
    trend = np.convolve(np.pad(relative, _WEEKS // 2, mode="edge"), window, mode="valid")
    effect = np.log(np.clip(relative / np.maximum(trend, 1e-9), _LEAST, _MOST))
    years = np.bincount(week[seen], minlength=_WEEKS)
    mean = np.bincount(week[seen], weights=effect, minlength=_WEEKS) / np.maximum(years, 1)
    variance = ((effect - mean[week[seen]]) ** 2).sum() / max(seen.size - _WEEKS, 1)
    noise = _SIGNIFICANT * variance / np.maximum(years, 1)
    mean = np.where(years >= 2, mean * np.maximum(1.0 - noise / np.maximum(mean**2, 1e-12), 0.0), 0.0)
    return out * np.exp(mean)[week]


def _week_of_year(buckets: int, horizon: Horizon) -> Integers:
    """Return the week of the year of every bucket, 0 ... 51, counted from the first of January."""
    days = pd.to_timedelta(np.arange(-buckets, horizon.buckets) * horizon.bucket_days, unit="D")
    day = (pd.Timestamp(horizon.start) + days).dayofyear.to_numpy()
    week: Integers = np.minimum((day - 1) // _DAYS, _WEEKS - 1).astype(np.int64)
    return week


def weekday_factors(series: DemandSeries, until: int, horizon_buckets: int) -> Floats:
    """Return the factor of every day of history and horizon [K, T + H], by weekday and series.

    Demand by weekday over the mean day, from the days before `until`, is shrunk to 1 by four weeks of flat
    demand and scaled to mean 1. Less than four weeks of history leave it flat.
    """
    demand, observed = series.demand[:, :until], series.observed[:, :until]
    sold, seen = np.zeros((len(demand), _DAYS)), np.zeros((len(demand), _DAYS))
    for day in range(_DAYS):
        sold[:, day] = (demand[:, day::_DAYS] * observed[:, day::_DAYS]).sum(axis=1)
        seen[:, day] = observed[:, day::_DAYS].sum(axis=1)
    total = seen.sum(axis=1)
    mean = sold.sum(axis=1) / np.where(total > 0.0, total, 1.0)
    known = ((total >= _DAYS * _PRIOR_WEEKS) & (mean > 0.0))[:, None]
    profile = np.where(known, (sold / np.where(known, mean[:, None], 1.0) + _PRIOR_WEEKS) / (seen + _PRIOR_WEEKS), 1.0)
    # a weekday without a single sale in eight weeks is closed, whatever the prior says
    profile = np.where(known & (sold <= 0.0) & (seen >= 2.0 * _PRIOR_WEEKS), 0.0, profile)
    profile /= profile.mean(axis=1, keepdims=True)
    return profile[:, np.arange(series.demand.shape[1] + horizon_buckets) % _DAYS]


def flatten(series: DemandSeries, factor: Floats) -> DemandSeries:
    """Return the series divided by `factor` [K or 1, T + H].

    Buckets that are not sold in (factor near 0) tell nothing: they count as unobserved, at the level around.
    """
    past = np.broadcast_to(factor[:, : series.demand.shape[1]], series.demand.shape)
    sells = past > _CLOSED
    observed = np.where(sells, series.observed, 0.0)
    demand = np.where(sells, series.demand / np.where(sells, past, 1.0), 0.0)
    if not sells.all():
        demand = np.where(sells, demand, local_rate(demand, observed))
    return replace(series, demand=demand, observed=observed, factor=factor)
