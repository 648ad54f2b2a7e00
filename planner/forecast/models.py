"""Point forecasts of the candidate models, by statsforecast, series by series; autoregression is our own.

The classes are called on plain arrays, which is two to three orders of magnitude faster than the frame
interface of the library. It takes seconds to import, so it is imported on first use.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from planner.forecast.autoregression import autoregression_paths
from scenarios.settings import ForecastModel

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_TSB_SMOOTHING = 0.1  # of demand sizes and of demand probability (Teunter, Syntetos and Babai 2011)


def point_forecasts(
    name: ForecastModel, demand: Floats, start: Integers, horizon: int, season: int, window: int
) -> Floats:
    """Return the mean path [K, H] of one model for every series, NaN where it has too little history.

    Parameters
    ----------
    demand : [K, T] up to the origin of the forecast.
    start : [K] first bucket of each series; what lies before is not looked at.
    season : buckets of one season (seasonal_naive).
    window : buckets that are averaged (window_average); fewer where the series is shorter.
    """
    if name == "ar_differences":
        return autoregression_paths(demand, start, horizon)
    make = _factories(season, window)[name]
    shortest = season if name == "seasonal_naive" else 2
    out = np.full((len(demand), horizon), np.nan)
    for row in range(len(demand)):
        history = demand[row, start[row] :]
        if len(history) >= shortest:
            out[row] = make(len(history)).forecast(history, horizon)["mean"]
    out[~np.isfinite(out)] = np.nan
    path: Floats = np.maximum(out, 0.0)
    return path


def _factories(season: int, window: int) -> dict[str, Callable[[int], Any]]:
    """Return, for every model name, a function from the length of a series to the model."""
    from statsforecast.models import (  # noqa: PLC0415 - two to four seconds, only when forecasting
        TSB,
        CrostonSBA,
        SeasonalNaive,
        SimpleExponentialSmoothingOptimized,
        WindowAverage,
    )

    seasonal, croston, smoothing = SeasonalNaive(season), CrostonSBA(), SimpleExponentialSmoothingOptimized()
    tsb = TSB(_TSB_SMOOTHING, _TSB_SMOOTHING)
    averages = [WindowAverage(length) for length in range(1, window + 1)]
    return {
        "seasonal_naive": lambda _length: seasonal,
        "croston_sba": lambda _length: croston,
        "tsb": lambda _length: tsb,
        "ses": lambda _length: smoothing,
        "window_average": lambda length: averages[min(length, window) - 1],
    }
