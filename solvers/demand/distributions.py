"""Demand distributions fitted by two moments: quantile, expected shortage, and its inverse, for many at once.

Which family (`fit_moments`):

- normal where the coefficient of variation is at most 0.3: P(D < 0) stays below 0.0005;
- otherwise, where demand comes in whole units and is slow (mean below 30): negative binomial where the
  variance exceeds the mean, else Poisson;
- otherwise gamma, never negative and skewed (Burgin 1975, "The gamma distribution and inventory
  control", Operational Research Quarterly 26).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy

Floats = npt.NDArray[np.float64]

FAMILIES = ("normal", "gamma", "negative_binomial", "poisson")
_NORMAL, _GAMMA, _NEGATIVE_BINOMIAL, _POISSON = range(4)

_NORMAL_CV = 0.3
_SLOW_MEAN = 30.0
_BISECTIONS = 80


@dataclass(frozen=True, slots=True)
class FittedDemand:
    """One distribution per element, matched to mean and variance.

    Attributes
    ----------
    family : [K] index into `FAMILIES`.
    mean, variance : [K] units, units^2.
    """

    family: npt.NDArray[np.int8]
    mean: Floats
    variance: Floats

    @property
    def names(self) -> npt.NDArray[np.str_]:
        """Family names [K]."""
        return np.array(FAMILIES)[self.family]

    def cdf(self, level: Floats) -> Floats:
        """Return P(D <= level) [K]."""
        out = np.where(level >= self.mean, 1.0, 0.0)
        sold = self.mean > 0.0
        rows = sold & (self.family == _NORMAL) & (self.variance > 0.0)
        out[rows] = scipy.special.ndtr((level[rows] - self.mean[rows]) / np.sqrt(self.variance[rows]))
        rows = sold & (self.family == _GAMMA)
        scale = self.variance[rows] / self.mean[rows]
        out[rows] = scipy.special.gammainc(self.mean[rows] / scale, np.maximum(level[rows], 0.0) / scale)
        rows = self.is_discrete()
        out[rows] = self._take(rows)._discrete_cdf(np.floor(level[rows]))
        return out

    def quantile(self, probability: Floats | float) -> Floats:
        """Return the smallest level [K] that demand stays within with `probability`, never negative."""
        wanted = np.broadcast_to(np.asarray(probability, dtype=np.float64), self.mean.shape)
        out = np.zeros(self.mean.shape)
        for code, function in ((_NORMAL, _normal_quantile), (_GAMMA, _gamma_quantile)):
            rows = (self.family == code) & (self.mean > 0.0)
            out[rows] = function(self.mean[rows], self.variance[rows], wanted[rows])
        rows = self.is_discrete()
        out[rows] = self._take(rows)._discrete_quantile(wanted[rows])
        return np.maximum(out, 0.0)

    def expected_shortage(self, level: Floats) -> Floats:
        """Return E[(D - level)+] [K], the first-order loss function, units."""
        out = np.zeros(self.mean.shape)
        for code, function in (
            (_NORMAL, _normal_shortage),
            (_GAMMA, _gamma_shortage),
            (_NEGATIVE_BINOMIAL, _negative_binomial_shortage),
            (_POISSON, _poisson_shortage),
        ):
            rows = (self.family == code) & (self.mean > 0.0)
            out[rows] = function(self.mean[rows], self.variance[rows], level[rows])
        return np.maximum(out, 0.0)

    def level_for_shortage(self, shortage: Floats) -> Floats:
        """Return the lowest level [K] >= 0 with E[(D - level)+] <= `shortage` [K].

        The expected shortage falls in the level, so bisection finds it: to the last bits for
        continuous families, the smallest whole number for discrete ones. Zero shortage has no finite
        answer for unbounded demand; then the level is that of a shortage of 1e-9 units.
        """
        target = np.maximum(shortage, 1e-9)
        low = np.zeros(self.mean.shape)
        high = self.mean + 10.0 * np.sqrt(self.variance) + 10.0
        while True:
            short = self.expected_shortage(high) > target
            if not short.any():
                break
            high[short] *= 2.0
        discrete = self.is_discrete()
        high[discrete] = np.ceil(high[discrete])
        for _ in range(_BISECTIONS):
            middle = 0.5 * (low + high)
            middle[discrete] = np.floor(middle[discrete])
            enough = self.expected_shortage(middle) <= target
            high = np.where(enough, middle, high)
            low = np.where(enough, low, middle)
        return np.where(self.expected_shortage(np.zeros(self.mean.shape)) <= target, 0.0, high)

    def is_discrete(self) -> npt.NDArray[np.bool_]:
        """Return whether demand comes in whole units [K]."""
        return (self.family >= _NEGATIVE_BINOMIAL) & (self.mean > 0.0)

    def _take(self, rows: npt.NDArray[np.bool_]) -> FittedDemand:
        return FittedDemand(self.family[rows], self.mean[rows], self.variance[rows])

    def _discrete_cdf(self, level: Floats) -> Floats:
        """Return P(D <= level) of the two discrete families; `level` whole, -1 gives 0."""
        whole = np.maximum(level, 0.0)
        ratio, size = _ratio_and_size(self.mean, self.variance)
        value = np.where(
            self.family == _POISSON,
            scipy.special.gammaincc(whole + 1.0, self.mean),
            scipy.special.betainc(size, whole + 1.0, ratio),
        )
        return np.where(level >= 0.0, value, 0.0)

    def _discrete_quantile(self, probability: Floats) -> Floats:
        # a probability that the distribution function meets up to rounding counts as met
        wanted = probability - 1e-12
        low = np.full(self.mean.shape, -1.0)
        high = np.ceil(self.mean + 10.0 * np.sqrt(self.variance) + 10.0)
        while True:
            short = self._discrete_cdf(high) < wanted
            if not short.any():
                break
            high[short] *= 2.0
        while np.any(high - low > 1.0):
            middle = np.floor(0.5 * (low + high))
            enough = self._discrete_cdf(middle) >= wanted
            high = np.where(enough, middle, high)
            low = np.where(enough, low, middle)
        return high


def fit_moments(mean: Floats, variance: Floats, whole_units: npt.NDArray[np.bool_] | bool = True) -> FittedDemand:
    """Choose a family per element by its moments and fit it.

    Parameters
    ----------
    mean, variance : [K] of demand, >= 0.
    whole_units : [K] or scalar, whether demand comes in whole base units.
    """
    slow = (mean < _SLOW_MEAN) & np.broadcast_to(np.asarray(whole_units), mean.shape)
    family = np.where(slow, np.where(variance > mean * (1.0 + 1e-6), _NEGATIVE_BINOMIAL, _POISSON), _GAMMA)
    family = np.where(variance <= (_NORMAL_CV * mean) ** 2, _NORMAL, family)
    return FittedDemand(family.astype(np.int8), mean.astype(np.float64), variance.astype(np.float64))


def _ratio_and_size(mean: Floats, variance: Floats) -> tuple[Floats, Floats]:
    """Return p = mean / variance and r = mean^2 / (variance - mean) of the negative binomial."""
    excess = np.maximum(variance - mean, mean * 1e-9 + 1e-300)
    return mean / (mean + excess), mean * mean / excess


def _normal_quantile(mean: Floats, variance: Floats, probability: Floats) -> Floats:
    return mean + np.sqrt(variance) * scipy.special.ndtri(probability)  # type: ignore[no-any-return]


def _normal_shortage(mean: Floats, variance: Floats, level: Floats) -> Floats:
    """Return sd (phi(k) - k (1 - Phi(k))), k = (level - mean) / sd; without spread max(mean - level, 0)."""
    sd = np.sqrt(variance)
    k = (level - mean) / np.where(sd > 0.0, sd, 1.0)
    density = np.exp(-0.5 * k * k) / np.sqrt(2.0 * np.pi)
    return np.where(sd > 0.0, sd * (density - k * scipy.special.ndtr(-k)), np.maximum(mean - level, 0.0))


def _gamma_quantile(mean: Floats, variance: Floats, probability: Floats) -> Floats:
    return scipy.special.gammaincinv(mean * mean / variance, probability) * variance / mean  # type: ignore[no-any-return]


def _gamma_shortage(mean: Floats, variance: Floats, level: Floats) -> Floats:
    """Return E[D; D > x] - x P(D > x), where E[D; D > x] is the mean times the tail of shape + 1."""
    shape, scale = mean * mean / variance, variance / mean
    x = np.maximum(level, 0.0) / scale
    inside = mean * scipy.special.gammaincc(shape + 1.0, x) - np.maximum(level, 0.0) * scipy.special.gammaincc(shape, x)
    return inside + np.maximum(-level, 0.0)  # type: ignore[no-any-return]


def _negative_binomial_shortage(mean: Floats, variance: Floats, level: Floats) -> Floats:
    """Return E[D; D >= c] - x P(D >= c) with c = floor(x)+1, E[D; D >= c] = mean P(D' >= c-1), D' of size r+1."""
    ratio, size = _ratio_and_size(mean, variance)
    above = np.floor(np.maximum(level, 0.0)) + 1.0
    tail = scipy.special.betainc(above, size, 1.0 - ratio)
    # P(D' >= 0) is one, where the incomplete beta function of first argument 0 is not defined
    shifted = np.where(above > 1.0, scipy.special.betainc(np.maximum(above - 1.0, 1.0), size + 1.0, 1.0 - ratio), 1.0)
    return mean * shifted - np.maximum(level, 0.0) * tail + np.maximum(-level, 0.0)  # type: ignore[no-any-return]


def _poisson_shortage(mean: Floats, _variance: Floats, level: Floats) -> Floats:
    """Return E[D; D >= c] - x P(D >= c) with c = floor(x) + 1 and E[D; D >= c] = mean P(D >= c - 1)."""
    above = np.floor(np.maximum(level, 0.0)) + 1.0
    tail = scipy.special.gammainc(above, mean)
    shifted = np.where(above > 1.0, scipy.special.gammainc(np.maximum(above - 1.0, 1.0), mean), 1.0)
    return mean * shifted - np.maximum(level, 0.0) * tail + np.maximum(-level, 0.0)  # type: ignore[no-any-return]
