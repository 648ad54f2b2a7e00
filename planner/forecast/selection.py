"""Which candidate forecasts which series, and the classes of demand."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from planner.forecast.backtest import Backtest
from planner.forecast.cleansing import DemandSeries

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

DEMAND_CLASSES = ("smooth", "erratic", "intermittent", "lumpy")
_ADI_LIMIT, _CV2_LIMIT = 1.32, 0.49
_POOLED_POINTS = 96.0  # the class speaks as loudly as this many buckets of the series itself
_FEWEST_SERIES = 30  # smaller classes are pooled with all series


def classify(series: DemandSeries) -> Integers:
    """Return the demand class [K] as an index into `DEMAND_CLASSES`.

    ADI is the mean number of buckets from one sale to the next, CV2 the squared coefficient of variation
    of the sales. Smooth: ADI < 1.32, CV2 < 0.49; erratic: CV2 above; intermittent: ADI above; lumpy: both
    (Syntetos, Boylan and Croston 2005, "On the categorization of demand patterns", JORS 56).
    """
    sold = (series.demand > 0.0) & (series.observed > 0.0)
    sales = np.maximum(np.count_nonzero(sold, axis=1), 1)
    interval = np.maximum(series.observed.sum(axis=1), 1.0) / sales
    mean = np.where(sold, series.demand, 0.0).sum(axis=1) / sales
    spread = (np.where(sold, series.demand - mean[:, None], 0.0) ** 2).sum(axis=1) / sales
    cv2 = spread / np.where(mean > 0.0, mean, 1.0) ** 2
    out: Integers = (cv2 >= _CV2_LIMIT) + 2 * (interval >= _ADI_LIMIT).astype(np.int64)
    return out


def choose(backtest: Backtest, classes: Integers) -> Integers:
    """Return the winning candidate [K] by mean pinball loss, own and pooled over the demand class.

    The loss of every candidate is taken relative to the mean of all candidates on the same series. Few
    evaluated buckets say little about which candidate is best for one series, so the own figure is
    shrunk to that of its class: score = (n own + 96 pooled) / (n + 96), n evaluated buckets. A series
    that could not be evaluated takes the winner of its class.
    """
    average = backtest.pinball.mean(axis=1)
    judged = (backtest.points > 0.0) & (average > 0.0)
    relative = np.ones_like(backtest.pinball)
    relative[judged] = backtest.pinball[judged] / average[judged, None]
    overall = relative[judged].mean(axis=0) if judged.any() else np.ones(relative.shape[1])
    pooled = np.empty((len(DEMAND_CLASSES), relative.shape[1]))
    for code in range(len(DEMAND_CLASSES)):
        members = judged & (classes == code)
        pooled[code] = relative[members].mean(axis=0) if members.sum() >= _FEWEST_SERIES else overall
    points = np.where(judged, backtest.points, 0.0)[:, None]
    # rounding makes equal candidates equal whatever the order of summation; then the first one wins
    score = np.round((points * relative + _POOLED_POINTS * pooled[classes]) / (points + _POOLED_POINTS), 9)
    winner: Integers = score.argmin(axis=1)
    return winner
