"""Candidate demand distributions: a mean path and quantiles around it.

`ewm_quantiles` forgets: the distribution is the empirical one of the past with weights that halve every
13 weeks (and, as further candidates, every 8, 26 and 52 weeks). All other candidates take the mean path of
a point model and the shape of the empirical distribution with a half-life of 26 weeks:
q_h(p) = mean_h q(p) / mean, so that zeros stay zeros and the spread grows with the mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from planner.forecast.cleansing import DemandSeries
from planner.forecast.models import point_forecasts
from scenarios.settings import ForecastModel
from solvers.demand.empirical import weighted_moments

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

HALF_LIVES_WEEKS = (13, 8, 26, 52)
SHAPE_WEEKS = 26
_WINDOW_WEEKS = 13


@dataclass(frozen=True, slots=True)
class Distribution:
    """Forecast distributions of some series; flat ones have one bucket for the whole horizon.

    Attributes
    ----------
    mean, sd : [K, H] or [K, 1], base units per bucket.
    quantiles : [K, H, L] or [K, 1, L].
    """

    mean: Floats
    sd: Floats
    quantiles: Floats


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to forecast: a name for people, the model behind it, and its memory in weeks."""

    name: str
    model: ForecastModel
    half_life_weeks: int


def make_candidates(models: Sequence[ForecastModel]) -> tuple[Candidate, ...]:
    """Return the candidates of the wanted models, in order; the first wins ties."""
    out: list[Candidate] = []
    for model in models:
        if model == "ewm_quantiles":
            out += [Candidate(f"{model}_{weeks}w", model, weeks) for weeks in HALF_LIVES_WEEKS]
        else:
            out.append(Candidate(model, model, SHAPE_WEEKS))
    return tuple(dict.fromkeys(out))


def forecast_candidate(
    candidate: Candidate,
    series: DemandSeries,
    origin: int,
    horizon: int,
    levels: Floats,
    bucket_days: int,
    season: int,
) -> Distribution:
    """Forecast every series of a chunk from bucket `origin` on, looking only at what lies before it.

    Parameters
    ----------
    levels : [L] of the quantiles, ascending.
    season : buckets of a season.
    """
    weights = _memory(series, origin, candidate.half_life_weeks, bucket_days)
    mean, variance = weighted_moments(series.demand, weights)
    quantiles = series.ranked.quantiles(weights, levels)
    sd = np.sqrt(variance)
    if candidate.model == "ewm_quantiles":
        return Distribution(mean[:, None], sd[:, None], quantiles[:, None, :])
    window = _WINDOW_WEEKS * 7 // bucket_days
    start = np.minimum(series.start, origin)
    path = point_forecasts(candidate.model, series.demand[:, :origin], start, horizon, season, window)
    path = np.where(np.isnan(path), mean[:, None], path)
    ratio = np.where(mean[:, None] > 0.0, path / np.where(mean > 0.0, mean, 1.0)[:, None], 0.0)
    return Distribution(path, sd[:, None] * ratio, quantiles[:, None, :] * ratio[:, :, None])


def _memory(series: DemandSeries, origin: int, half_life_weeks: int, bucket_days: int) -> Floats:
    """Return the weights [K, T]: halved every half-life, by what was observed, 0 from the origin on."""
    age = np.arange(origin - 1, -1, -1, dtype=np.float64) * bucket_days / 7.0
    weights = np.zeros(series.demand.shape)
    weights[:, :origin] = series.observed[:, :origin] * 0.5 ** (age / half_life_weeks)
    return weights
