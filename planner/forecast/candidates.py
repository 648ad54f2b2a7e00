"""Candidate demand distributions: a mean path and quantiles around it.

`ewm_quantiles` forgets: the distribution is the empirical one of the past with weights that halve every
8, 13, 26 or 52 weeks; it has one member for each, and the backtest says how to weigh them.
`boosted_quantiles` corrects their mean by one model of boosted trees for all series
(`planner.forecast.boosted`). All other models take the mean path of a point model and the shape of the empirical
distribution with a half-life of 26 weeks: q_h(p) = mean_h q(p) / mean, so that zeros stay zeros and the spread
grows with the mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from planner.forecast.boosted import Boosted
from planner.forecast.cleansing import DemandSeries
from planner.forecast.models import point_forecasts
from planner.forecast.shape import Distribution, memory_weights
from scenarios.settings import ForecastModel
from solvers.demand.empirical import SortedSeries

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_HALF_LIVES_WEEKS = (8, 13, 26, 52)
_SHAPE_WEEKS = 26
_WINDOW_WEEKS = 13


@dataclass(frozen=True, slots=True)
class Member:
    """One way to forecast: a model and its memory."""

    model: ForecastModel
    half_life_weeks: int


def make_members(models: Sequence[ForecastModel]) -> tuple[Member, ...]:
    """Return the members of the wanted models, in order."""
    return tuple(
        Member(model, weeks)
        for model in dict.fromkeys(models)
        for weeks in (_HALF_LIVES_WEEKS if model == "ewm_quantiles" else (_SHAPE_WEEKS,))
    )


def forecast_member(
    member: Member,
    series: DemandSeries,
    ranked: SortedSeries,
    origin: int,
    horizon: int,
    levels: Floats,
    bucket_days: int,
    season: int,
    boosted: Boosted | None = None,
    rows: Integers | None = None,
) -> Distribution:
    """Forecast every series of a chunk from bucket `origin` on, looking only at what lies before it.

    Parameters
    ----------
    ranked : demand of the same series, sorted by value.
    levels : [L] of the quantiles, ascending.
    season : buckets of a season.
    boosted, rows : the model of all series, and which of them these are [K]; for `boosted_quantiles`.
    """
    if member.model == "boosted_quantiles":
        if boosted is None or rows is None:
            raise ValueError("boosted_quantiles was not trained")
        return boosted.forecast(series, ranked, rows, origin, horizon, levels)
    memory = memory_weights(series.demand.shape[1], origin, member.half_life_weeks, bucket_days)
    mean, variance, quantiles = ranked.describe(series.observed, memory, levels)
    sd = np.sqrt(variance)
    if member.model == "ewm_quantiles":
        return Distribution(mean[:, None], sd[:, None], quantiles[:, None, :])
    window = _WINDOW_WEEKS * 7 // bucket_days
    start = np.minimum(series.start, origin)
    path = point_forecasts(member.model, series.demand[:, :origin], start, horizon, season, window)
    path = np.where(np.isnan(path), mean[:, None], path)
    ratio = np.where(mean[:, None] > 0.0, path / np.where(mean > 0.0, mean, 1.0)[:, None], 0.0)
    return Distribution(path, sd[:, None] * ratio, quantiles[:, None, :] * ratio[:, :, None])
