"""Series with too few observations for a distribution of their own."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from planner.forecast.backtest import FEWEST
from planner.forecast.cleansing import DemandSeries
from planner.forecast.shape import Distribution
from solvers.demand.distributions import fit_moments
from solvers.demand.empirical import weighted_moments

Floats = npt.NDArray[np.float64]

_FEWEST_SERIES = 10


def fit_power_law(mean: Floats, variance: Floats) -> tuple[float, float]:
    """Return (a, b) of variance = a mean^b over series, by least squares on logarithms.

    Taylor 1961, "Aggregation, variance and the mean", Nature 189. The exponent is kept between 1 (Poisson)
    and 2 (constant coefficient of variation). Fewer than ten series teach nothing: a = 0.
    """
    usable = (mean > 0.0) & (variance > 0.0)
    if usable.sum() < _FEWEST_SERIES:
        return 0.0, 0.0
    x, y = np.log(mean[usable]), np.log(variance[usable])
    spread = ((x - x.mean()) ** 2).sum()
    slope = float(np.clip(((x - x.mean()) * (y - y.mean())).sum() / spread, 1.0, 2.0)) if spread > 0.0 else 1.0
    slope = round(slope, 2)  # pooled over all series, see `parts`
    return float(f"{np.exp(y.mean() - slope * x.mean()):.3g}"), slope


def forecast_short(series: DemandSeries, power_law: tuple[float, float], levels: Floats) -> Distribution:
    """Return flat distributions from the mean of what there is and a variance shared between series.

    variance = (n own + 8 typical) / (n + 8) for n observed buckets, where typical follows the power law of
    all longer series, or mean + mean^2 where there are none; the family is chosen by
    `solvers.demand.distributions.fit_moments`.
    """
    mean, own = weighted_moments(series.demand, series.observed)
    count = series.observed.sum(axis=1)
    scale, exponent = power_law
    typical = scale * mean**exponent if scale > 0.0 else mean + mean * mean
    variance = (count * own + FEWEST * typical) / (count + FEWEST)
    fitted = fit_moments(mean, variance)
    quantiles = np.stack([fitted.quantile(float(level)) for level in levels], axis=1)
    return Distribution(mean[:, None], np.sqrt(variance)[:, None], quantiles[:, None, :])
