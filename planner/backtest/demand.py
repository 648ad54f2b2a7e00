"""Demand: the forecast, mean and dispersion, that the ordering rule prices units on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from planner.backtest.boost import FIRST_ORIGIN, BoostedModel, train
from planner.backtest.dispersion import fit_dispersion, series_factors
from planner.backtest.panel import Panel
from planner.backtest.views import Views
from solvers.demand.boosting import boosting_installed

Floats = npt.NDArray[np.float64]

_BOOSTED_SHARE = 0.5  # of the mean forecast; smoothing has the rest
_LEAST_HISTORY = 60  # weeks before boosted trees have examples enough
_DISPERSION_WEEKS = 104  # past forecasts that the dispersion is learnt from
_NEIGHBOURS = 3  # weeks whose sum tells how far the level is missed


@dataclass(frozen=True, slots=True)
class DemandForecast:
    """Negative binomial demand of K item-locations in the next H weeks.

    Attributes
    ----------
    mean : [K, H] base units per week.
    level_dispersion : [K] squared coefficient of variation of the level that the weeks share.
    week_dispersion : [K] the same of each week by itself.
    """

    mean: Floats
    level_dispersion: Floats
    week_dispersion: Floats


class DemandForecaster:
    """Forecasts one growing panel; what it learns comes from the weeks before each forecast only.

    Parameters
    ----------
    horizon : weeks ahead.
    refit_weeks : weeks between two trainings of the boosted model.
    boosted : whether to use boosted trees; None: where LightGBM is installed.
    seed : of the boosted model.
    """

    def __init__(self, horizon: int, *, refit_weeks: int = 1, boosted: bool | None = None, seed: int = 1) -> None:
        self._boosted = boosting_installed() if boosted is None else boosted
        self._refit_weeks = refit_weeks
        self._seed = seed
        self._views = Views(horizon)
        self._models: dict[int, BoostedModel] = {}
        self._forecasts: dict[int, DemandForecast] = {}

    def forecast(self, known: Panel) -> DemandForecast:
        """Return the forecast of the weeks after the end of `known`, a panel that grows from call to call."""
        weeks = known.sales.shape[1]
        if weeks not in self._forecasts:
            self._forecasts[weeks] = self._forecast(known)
        return self._forecasts[weeks]

    def _forecast(self, known: Panel) -> DemandForecast:
        mean = self._mean(known)
        past, came, judged = self._past_forecasts(known)
        width = min(_NEIGHBOURS, mean.shape[1])
        classes = fit_dispersion(past[judged], came[judged])
        level, week = classes.at(mean[:, :width].mean(axis=1))
        factor = series_factors(classes, past, came, judged)
        return DemandForecast(mean, factor * level, factor * week)

    def _mean(self, known: Panel) -> Floats:
        weeks = known.sales.shape[1]
        smoothing = self._views.baseline(known, weeks).combined
        trained = weeks - weeks % self._refit_weeks
        if not self._boosted or trained < _LEAST_HISTORY:
            return smoothing
        if trained not in self._models:
            self._models[trained] = train(known.until(trained), self._views, seed=self._seed)
        boosted = self._models[trained].forecast(self._views.features(known, weeks))
        return _BOOSTED_SHARE * boosted + (1.0 - _BOOSTED_SHARE) * smoothing

    def _past_forecasts(self, known: Panel) -> tuple[Floats, Floats, npt.NDArray[np.bool_]]:
        """Return past baseline forecasts [O, K, W], what came, and whether [O, K] the item was always in stock."""
        weeks = known.sales.shape[1]
        width = max(1, min(_NEIGHBOURS, self._views.horizon, weeks - 1))
        first = max(1, min(max(FIRST_ORIGIN, weeks - _DISPERSION_WEEKS), weeks - width))
        means, came, judged = [], [], []
        for origin in range(first, weeks - width + 1):
            ahead = slice(origin, origin + width)
            judged.append(
                (known.exposure[:, ahead] >= 1.0).all(axis=1) & (known.exposure[:, :origin] > 0.0).any(axis=1)
            )
            means.append(self._views.baseline(known, origin).combined[:, :width])
            came.append(known.sales[:, ahead])
        return np.stack(means), np.stack(came), np.stack(judged)
