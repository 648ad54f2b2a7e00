"""Weekday profile of daily series: demand is flattened before forecasting and shaped again after."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from planner.forecast.cleansing import DemandSeries, local_rate
from solvers.demand.empirical import SortedSeries

Floats = npt.NDArray[np.float64]

_DAYS = 7
_PRIOR_WEEKS = 4.0  # a flat profile counts as much as this many weeks
_CLOSED = 0.02  # a weekday with a smaller share of the mean day is not sold on


def weekday_profile(series: DemandSeries, until: int) -> Floats:
    """Return demand by weekday over the mean day [K, 7], from the days before `until` alone.

    Position 0 is the weekday of the first day of the history. The ratio to the mean is shrunk to 1 by four
    weeks of flat demand, and scaled to mean 1. Less than that much history leaves it flat.
    """
    demand, observed = series.demand[:, :until], series.observed[:, :until]
    sold, seen = np.zeros((len(demand), _DAYS)), np.zeros((len(demand), _DAYS))
    for day in range(_DAYS):
        sold[:, day] = (demand[:, day::_DAYS] * observed[:, day::_DAYS]).sum(axis=1)
        seen[:, day] = observed[:, day::_DAYS].sum(axis=1)
    total = seen.sum(axis=1)
    mean = sold.sum(axis=1) / np.where(total > 0.0, total, 1.0)
    known = (total >= _DAYS * _PRIOR_WEEKS) & (mean > 0.0)
    safe = np.where(known, mean, 1.0)[:, None]
    profile = np.where(known[:, None], (sold / safe + _PRIOR_WEEKS) / (seen + _PRIOR_WEEKS), 1.0)
    # a weekday without a single sale in a long history is closed, whatever the prior says
    profile[known[:, None] & (sold <= 0.0) & (seen >= 2.0 * _PRIOR_WEEKS)] = 0.0
    out: Floats = profile / profile.mean(axis=1, keepdims=True)
    return out


def flatten(series: DemandSeries, until: int) -> DemandSeries:
    """Return the series divided by their weekday profile, measured before `until`.

    Weekdays that are not sold on tell nothing: they count as unobserved, at the level of the days around.
    """
    profile = weekday_profile(series, until)
    by_day = profile[:, np.arange(series.demand.shape[1]) % _DAYS]
    sells = by_day > _CLOSED
    observed = np.where(sells, series.observed, 0.0)
    demand = np.where(sells, series.demand / np.where(sells, by_day, 1.0), 0.0)
    demand = np.where(sells, demand, local_rate(demand, observed))
    return DemandSeries(SortedSeries.of(demand), observed, series.start, profile)
