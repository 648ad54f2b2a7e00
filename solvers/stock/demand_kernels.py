"""Demand by inversion: a table of the distribution function, then one look-up per draw.

Inversion keeps draws monotone in the uniform number and, for the same uniform, in the mean: two
scenarios that differ by a little demand differ by a little in every sampled future.

The family follows from the two moments: negative binomial where the variance exceeds the mean
(whole units), gamma otherwise, and gamma too where the table of the negative binomial would be longer
than the table (there, whole units no longer matter).
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from solvers.compiled import njit

TABLE_SIZE = 2048
_GAMMA_POINTS = 256
_NEGLIGIBLE = 1e-16


@njit()
def negative_binomial_table(
    mean: float, variance: float, values: npt.NDArray[np.float64], cdf: npt.NDArray[np.float64]
) -> int:
    """Write support and distribution function of the negative binomial; return the length, 0 if too long.

    Weights run outward from the mode by p(x+1)/p(x) = (x+k)/(x+1) * mean/(mean+k) with
    k = mean^2 / (variance - mean), so nothing under- or overflows.
    """
    size = mean * mean / (variance - mean)
    success = mean / (mean + size)
    mode = 0 if size <= 1.0 else math.floor(mean * (size - 1.0) / size)
    x, weight = mode, 1.0
    while x > 0 and weight > _NEGLIGIBLE:
        weight /= (x - 1 + size) / x * success
        x -= 1
    total = 0.0
    for n in range(cdf.shape[0]):
        total += weight
        values[n] = x
        cdf[n] = total
        if x > mode and weight < _NEGLIGIBLE * total:
            for m in range(n + 1):
                cdf[m] /= total
            return n + 1
        weight *= (x + size) / (x + 1.0) * success
        x += 1
    return 0


@njit()
def gamma_table(mean: float, variance: float, values: npt.NDArray[np.float64], cdf: npt.NDArray[np.float64]) -> int:
    """Write points and distribution function of the gamma distribution; return the length.

    The density is summed by trapezoids in y = x^p, p = min(shape, 1/3): the cube root of a gamma
    variable is nearly normal (Wilson and Hilferty 1931), and a smaller power removes the pole at 0.
    """
    shape = mean * mean / variance
    scale = variance / mean
    power = min(shape, 1.0 / 3.0)
    deviation = math.sqrt(variance)
    low = max(0.0, mean - 10.0 * deviation) ** power
    high = (mean + 10.0 * deviation + 30.0 * scale) ** power
    step = (high - low) / (_GAMMA_POINTS - 1)
    peak = scale * (shape - power)
    log_peak = -peak / scale
    if peak > 0.0:
        log_peak += (shape / power - 1.0) * power * math.log(peak)
    total, before = 0.0, 0.0
    for n in range(_GAMMA_POINTS):
        y = low + n * step
        x = y ** (1.0 / power)
        if y > 0.0:
            density = math.exp((shape / power - 1.0) * math.log(y) - x / scale - log_peak)
        else:
            density = 1.0 if shape <= power else 0.0
        if n > 0:
            total += 0.5 * (density + before)
        before = density
        values[n] = y
        cdf[n] = total
    for n in range(_GAMMA_POINTS):
        cdf[n] /= total
    return _GAMMA_POINTS


@njit()
def draw_demand(
    mean: float,
    sd: float,
    uniforms: npt.NDArray[np.float64],
    values: npt.NDArray[np.float64],
    cdf: npt.NDArray[np.float64],
    demand: npt.NDArray[np.float64],
) -> None:
    """Fill `demand` [R] with the quantiles at `uniforms` [R]; `values` and `cdf` are scratch [TABLE_SIZE]."""
    variance = sd * sd
    if mean <= 0.0 or variance <= 0.0:
        demand[:] = max(mean, 0.0)
        return
    length = 0
    if variance > mean * (1.0 + 1e-9):
        length = negative_binomial_table(mean, variance, values, cdf)
    if length > 0:
        for r in range(uniforms.shape[0]):
            n = np.searchsorted(cdf[:length], uniforms[r])
            demand[r] = values[min(n, length - 1)]
        return
    length = gamma_table(mean, variance, values, cdf)
    inverse_power = 1.0 / min(mean * mean / variance, 1.0 / 3.0)
    for r in range(uniforms.shape[0]):
        n = min(max(np.searchsorted(cdf[:length], uniforms[r]), 1), length - 1)
        gap = cdf[n] - cdf[n - 1]
        part = (uniforms[r] - cdf[n - 1]) / gap if gap > 0.0 else 0.0
        demand[r] = (values[n - 1] + part * (values[n] - values[n - 1])) ** inverse_power
