"""Price elasticities: measured within short stretches of every series, and shrunk towards each other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_STEPS = 30
_FARTHEST = 10.0  # elasticities are sought between -10 and 10
_PRIOR_VARIANCE = 9.0  # of the mean elasticity around 0: only where almost nothing is known does it count


@dataclass(frozen=True, slots=True)
class PriceSample:
    """Buckets in which prices and demand were seen, [N] each.

    Attributes
    ----------
    item : number of the item. block : stretch of one series with a level of its own.
    change : logarithm of the price, less any constant of the series.
    observed : share of the bucket in which demand could be seen. demand : base units per bucket.
    """

    item: Integers
    block: Integers
    change: Floats
    observed: Floats
    demand: Floats

    @classmethod
    def of(cls, parts: Iterable[PriceSample]) -> PriceSample:
        """Return all parts as one, blocks numbered anew."""
        several = list(parts)
        joined = {field.name: np.concatenate([getattr(part, field.name) for part in several]) for field in fields(cls)}
        joined["block"] = np.unique(joined["block"], return_inverse=True)[1]
        return cls(**joined)


def estimate_elasticity(sample: PriceSample, items: int) -> tuple[Floats, Floats]:
    """Return elasticity [I] of every item and the variance of its error, infinite where nothing was seen.

    Poisson quasi-likelihood with a level per block, conditional on the sum of the block (Wooldridge 1999,
    "Distribution-free estimation of some nonlinear panel data models", J. Econometrics 90): with shares
    w ~ observed exp(e change) the score is sum_t y (change - mean_w change), its information sum_blocks Y var_w change.
    Zeros and small counts need no treatment. The variance is the larger of the one by overdispersion and the one
    that is robust within blocks (cluster sandwich).
    """
    blocks = int(sample.block.max(initial=-1)) + 1
    owner = np.zeros(blocks, dtype=np.int64)
    owner[sample.block] = sample.item
    seen = sample.observed * sample.demand
    total = np.bincount(sample.block, weights=seen, minlength=blocks)
    elasticity = np.zeros(items)

    def look(elasticity: Floats) -> tuple[Floats, Floats, Floats]:
        """Return score and information of every block, and expected demand of every bucket."""
        weight = sample.observed * np.exp(np.clip(elasticity[sample.item] * sample.change, -30.0, 30.0))
        weights: Floats = np.maximum(np.bincount(sample.block, weights=weight, minlength=blocks), 1e-300)
        mean = np.bincount(sample.block, weights=weight * sample.change, minlength=blocks) / weights
        apart = sample.change - mean[sample.block]
        spread = np.bincount(sample.block, weights=weight * apart**2, minlength=blocks) / weights
        score = np.bincount(sample.block, weights=seen * apart, minlength=blocks).astype(np.float64)
        return score, total * spread, total[sample.block] * weight / weights[sample.block]

    for _ in range(_STEPS):
        score, information, _ = look(elasticity)
        slope = np.bincount(owner, weights=information, minlength=items)
        step = np.bincount(owner, weights=score, minlength=items) / np.where(slope > 0.0, slope, np.inf)
        elasticity = np.clip(elasticity + np.clip(step, -1.0, 1.0), -_FARTHEST, _FARTHEST)
    score, information, expected = look(elasticity)
    slope = np.bincount(owner, weights=information, minlength=items)
    pearson = (seen - expected) ** 2 / np.maximum(expected, 1e-12)
    free = np.bincount(sample.item, minlength=items) - np.bincount(owner, minlength=items) - 1
    dispersion = np.bincount(sample.item, weights=pearson, minlength=items) / np.maximum(free, 1)
    known = (slope > 0.0) & (free > 0)
    safe = np.where(known, slope, 1.0)
    sandwich = np.bincount(owner, weights=score**2, minlength=items) / safe**2
    variance = np.maximum(np.maximum(dispersion, 1.0) / safe, sandwich)
    return np.where(known, elasticity, 0.0), np.where(known, variance, np.inf)


def shrink(own: Floats, variance: Floats, group: Integers) -> tuple[Floats, Floats]:
    """Return elasticity [I] and standard error of every item, drawn to the mean of its group, that to the mean of all.

    Empirical Bayes with the variance between items by moments (DerSimonian and Laird 1986, "Meta-analysis in clinical
    trials", Controlled Clinical Trials 7). An item of which nothing is known takes the mean of its group. Without any
    estimate all are 0 without error.
    """
    known = np.isfinite(variance)
    if not known.any():
        return np.zeros(len(own)), np.zeros(len(own))
    overall, doubt, between = _random_effects(own[known], variance[known])
    groups = int(group.max()) + 1
    weight = 1.0 / (variance[known] + between)
    weights = np.bincount(group[known], weights=weight, minlength=groups)
    seen = weights > 0.0
    mean = np.bincount(group[known], weights=weight * own[known], minlength=groups) / np.where(seen, weights, 1.0)
    apart = _random_effects(mean[seen], 1.0 / weights[seen])[2]
    centre, error = _posterior(mean, np.where(seen, 1.0 / np.where(seen, weights, 1.0), np.inf), overall, doubt, apart)
    elasticity, squared = _posterior(own, variance, centre[group], error[group], between)
    return elasticity, np.sqrt(squared)


def _random_effects(values: Floats, variance: Floats) -> tuple[float, float, float]:
    """Return the mean of `values`, the variance of that mean, and the variance between the values."""
    weight = 1.0 / variance
    total = weight.sum()
    mean = (weight * values).sum() / total
    spare = total - (weight**2).sum() / total
    excess = (weight * (values - mean) ** 2).sum() - (len(values) - 1)
    between = max(float(excess / spare), 0.0) if spare > 0.0 else 0.0
    weight = 1.0 / (variance + between)
    precision = weight.sum() + 1.0 / _PRIOR_VARIANCE
    return float((weight * values).sum() / precision), float(1.0 / precision), between


def _posterior(
    own: Floats, variance: Floats, prior: Floats | float, doubt: Floats | float, between: float
) -> tuple[Floats, Floats]:
    """Return mean and variance of normal values around a prior mean that is itself in doubt."""
    keep = between / np.where(np.isfinite(variance), variance + between, 1.0)
    keep = np.where(np.isfinite(variance) & (between > 0.0), keep, 0.0)
    mean = keep * np.where(np.isfinite(variance), own, 0.0) + (1.0 - keep) * prior
    return mean, (1.0 - keep) * between + (1.0 - keep) ** 2 * doubt
