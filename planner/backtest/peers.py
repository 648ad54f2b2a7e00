"""Peers: the ordering rules that unit pricing is measured against."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from planner.backtest.panel import Panel, Weeks
from planner.backtest.terms import Terms
from solvers.ordering.stock import Stock

Floats = npt.NDArray[np.float64]

_ISO_WEEKS = 54
_ETS_WEEKS = 104
_ETS_LEAST = 8  # weeks of sales that AutoETS needs
_INTERVAL = 80  # per cent
_LEAST_INDEX = 1e-3


@dataclass(frozen=True, slots=True)
class MovingAverageCover:
    """The challenge's benchmark rule: a seasonal moving average, and stock for so many weeks of it.

    Attributes
    ----------
    cover_weeks : stock position to reach, in weeks of the forecast from the next week on.
    average_weeks : weeks of the moving average.
    """

    cover_weeks: float
    average_weeks: int = 13

    def order(self, known: Panel, stock: Stock, terms: Terms, weeks_left: int | None) -> Floats:
        """Return what lifts the stock position to the cover."""
        forecast = self.forecast(known, int(np.ceil(self.cover_weeks)))
        weight = np.clip(self.cover_weeks - np.arange(forecast.shape[1]), 0.0, 1.0)
        return np.asarray(np.maximum(forecast @ weight - stock.position, 0.0))

    def forecast(self, known: Panel, horizon: int) -> Floats:
        """Return the moving average of the deseasonalised sales in stock, times the season: [K, H]."""
        weeks = known.sales.shape[1]
        ahead = known.weeks[-1] + np.timedelta64(7, "D") * np.arange(1, horizon + 1)
        season = iso_week_season(known)
        recent = slice(max(0, weeks - self.average_weeks), weeks)
        there = known.exposure[:, recent] > 0.0
        adjusted = known.sales[:, recent] / season[_iso_week(known.weeks[recent])]
        level = (adjusted * there).sum(axis=1) / np.maximum(there.sum(axis=1), 1)
        return np.asarray(level[:, None] * season[_iso_week(ahead)])


@dataclass(frozen=True, slots=True)
class AutoETSOrderUpTo:
    """Order up to a quantile of demand until the order after this one arrives, by AutoETS of statsforecast.

    Sales are deseasonalised by the same index as in the benchmark rule; weeks out of stock take the mean of the
    weeks in stock. Errors of weeks are taken as normal and independent, with the model's own variances.

    Attributes
    ----------
    cycle_service_level : the quantile, share 0..1.
    """

    cycle_service_level: float

    def order(self, known: Panel, stock: Stock, terms: Terms, weeks_left: int | None) -> Floats:
        """Return what lifts the stock position to the quantile."""
        mean, deviation = autoets_cover(known, terms)
        return order_up_to(mean, deviation, self.cycle_service_level, stock)


def order_up_to(mean: Floats, deviation: Floats, cycle_service_level: float, stock: Stock) -> Floats:
    """Return what lifts the stock position [K] to the quantile of a normal demand."""
    from scipy.stats import norm  # noqa: PLC0415 - slow to import

    return np.asarray(np.maximum(mean + norm.ppf(cycle_service_level) * deviation - stock.position, 0.0))


def autoets_cover(known: Panel, terms: Terms) -> tuple[Floats, Floats]:
    """Return mean and standard deviation [K] of demand over lead time and review period by AutoETS."""
    from scipy.stats import norm  # noqa: PLC0415 - slow to import
    from statsforecast.models import AutoETS  # noqa: PLC0415 - slow to import

    horizon = int((terms.lead_weeks + terms.review_weeks).max())
    season = iso_week_season(known)
    ahead = known.weeks[-1] + np.timedelta64(7, "D") * np.arange(1, horizon + 1)
    recent = slice(max(0, known.sales.shape[1] - _ETS_WEEKS), None)
    adjusted = known.sales[:, recent] / season[_iso_week(known.weeks[recent])]
    there = known.exposure[:, recent] > 0.0
    mean, deviation = np.zeros(len(adjusted)), np.zeros(len(adjusted))
    for row in range(len(adjusted)):
        if not there[row].any():
            continue
        first = int(np.argmax(there[row]))
        series = np.where(there[row], adjusted[row], adjusted[row][there[row]].mean())[first:]
        cover = int(terms.lead_weeks[row] + terms.review_weeks[row])
        factor = season[_iso_week(ahead)][:cover]
        if len(series) <= _ETS_LEAST or not series.any():
            mean[row] = series.mean() * factor.sum()
            continue
        fitted = AutoETS(season_length=1, model="ZZN").forecast(y=series, h=cover, level=[_INTERVAL])
        weekly = (fitted[f"hi-{_INTERVAL}"] - fitted["mean"]) / norm.ppf(0.5 + _INTERVAL / 200)
        mean[row] = float(fitted["mean"] @ factor)
        deviation[row] = float(np.sqrt(((weekly * factor) ** 2).sum()))
    return mean, deviation


def iso_week_season(known: Panel) -> Floats:
    """Return one index [54] for all item-locations: mean sale in stock by ISO week, over the mean of all weeks."""
    there = known.exposure > 0.0
    mean = (known.sales * there).sum(axis=0) / np.maximum(there.sum(axis=0), 1)
    week = _iso_week(known.weeks)
    count = np.bincount(week, minlength=_ISO_WEEKS)
    index = np.bincount(week, weights=mean, minlength=_ISO_WEEKS) / np.maximum(count, 1)
    index[count == 0] = index[count > 0].mean()
    return np.asarray(np.maximum(index / max(index[1:53].mean(), _LEAST_INDEX), _LEAST_INDEX))


def _iso_week(weeks: Weeks) -> npt.NDArray[np.int64]:
    return pd.DatetimeIndex(weeks).isocalendar()["week"].to_numpy(dtype=np.int64)
