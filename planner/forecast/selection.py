"""How models are weighed for each series, and the classes of demand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from planner.forecast.backtest import Backtest
from planner.forecast.candidates import Member
from planner.forecast.cleansing import DemandSeries

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

DEMAND_CLASSES = ("smooth", "erratic", "intermittent", "lumpy")
_ADI_LIMIT, _CV2_LIMIT = 1.32, 0.49
_POOLED_POINTS = 400.0  # the class speaks as loudly as this many buckets of the series itself
_FEWEST_SERIES = 30  # smaller classes are pooled with all series
_SHARPNESS = 100.0  # of the weights: a member worse by 1 % counts 1 / e as much
_LEAST_WEIGHT = 0.05  # of the best member; less is not worth its computation
_NAMED_SHARE = 0.1  # models with less weight are not named


@dataclass(frozen=True, slots=True)
class Choice:
    """What forecasts each series: models, and how they are averaged.

    Attributes
    ----------
    model : [K] names of the models, the heaviest first, joined by "+".
    weights : [K, M] of the members, summing to one.
    """

    model: npt.NDArray[np.object_]
    weights: Floats

    def of(self, sums: Floats) -> Floats:
        """Return sums [K, M] of the backtest, averaged by the weights [K]."""
        out: Floats = (self.weights * sums).sum(axis=1)
        return out


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


def choose(backtest: Backtest, classes: Integers, members: Sequence[Member]) -> Choice:
    """Weigh the members per series by mean pinball loss, its own and that of its demand class.

    The loss of every member is taken relative to the mean of all on the same series. Few evaluated buckets
    say little about what is best for one series, so the own figure is shrunk to that of its class:
    score = (n own + 400 pooled) / (n + 400), n evaluated buckets. A series that could not be evaluated takes
    what is best for its class.

    Members are weighed by exp(-100 (score - best score)) and their quantiles averaged: one that is clearly best
    stands alone, near equals share, which is better than to pick among them (Bates and Granger 1969, "The
    combination of forecasts", Operational Research Quarterly 20). The pinball loss is convex in the quantile, so
    the weighted mean of their losses bounds that of the average from above.
    """
    average = backtest.pinball.mean(axis=1)
    judged = (backtest.points > 0.0) & (average > 0.0)
    relative = np.ones_like(backtest.pinball)
    relative[judged] = backtest.pinball[judged] / average[judged, None]
    score = _shrunk(relative, judged, backtest.points, classes)
    weights = np.exp(-_SHARPNESS * (score - score.min(axis=1, keepdims=True)))
    weights = np.where(weights >= _LEAST_WEIGHT, weights, 0.0)
    weights /= weights.sum(axis=1, keepdims=True)
    return Choice(_names(weights, members), weights)


def _names(weights: Floats, members: Sequence[Member]) -> npt.NDArray[np.object_]:
    """Return the models of each series [K] with some weight, the heaviest first."""
    models = list(dict.fromkeys(member.model for member in members))
    shares = np.zeros((len(weights), len(models)))
    for index, member in enumerate(members):
        shares[:, models.index(member.model)] += weights[:, index]
    order = np.argsort(-shares, axis=1, kind="stable")
    named = np.where(np.take_along_axis(shares, order, axis=1) >= _NAMED_SHARE, order, -1)
    patterns, place = np.unique(named, axis=0, return_inverse=True)
    texts = ["+".join(models[column] for column in pattern if column >= 0) for pattern in patterns]
    return np.array(texts, dtype=object)[place.reshape(-1)] if texts else np.zeros(0, dtype=object)


def _shrunk(relative: Floats, judged: npt.NDArray[np.bool_], points: Floats, classes: Integers) -> Floats:
    """Return relative losses [K, M] shrunk to the mean of the demand class, or of all where it is small."""
    overall = relative[judged].mean(axis=0) if judged.any() else np.ones(relative.shape[1])
    pooled = np.empty((len(DEMAND_CLASSES), relative.shape[1]))
    for code in range(len(DEMAND_CLASSES)):
        of_class = judged & (classes == code)
        pooled[code] = relative[of_class].mean(axis=0) if of_class.sum() >= _FEWEST_SERIES else overall
    pooled = pooled.round(3)  # so that one item's history seldom changes the weights of others, see `parts`
    seen = np.where(judged, points, 0.0)[:, None]
    # rounded, so that equal candidates stay equal whatever the order of summation, and the first wins
    out: Floats = np.round((seen * relative + _POOLED_POINTS * pooled[classes]) / (seen + _POOLED_POINTS), 9)
    return out
