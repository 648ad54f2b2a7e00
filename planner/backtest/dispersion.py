"""Dispersion: how far demand strays from its forecast, by mean class and series, learnt from past forecasts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize, minimize_scalar
from scipy.special import digamma, gammaln

Floats = npt.NDArray[np.float64]

_CLASS_ENDS = (0.0, 0.13, 0.27, 0.4, 0.53, 0.67, 0.8, 0.9, 0.95, 1.0)  # shares of the forecasts, by mean
_SMALLEST_MEAN = 0.02
_HALF_LIFE = 52.0  # weeks in which a past error of a series loses half its weight
_PRIOR_ERRORS = 10.0  # errors of the usual size that each series starts with
_LARGEST_ERROR = 9.0  # squared, in standard deviations: what is farther off says no more
_FEWEST_ORIGINS = 26  # past forecasts before series are told apart
_FARTHEST = 8.0  # times the dispersion of its class, or this part of it


@dataclass(frozen=True, slots=True)
class Dispersion:
    """Squared coefficients of variation beyond Poisson noise, at the mean of each class.

    Attributes
    ----------
    log_mean : [C] ascending; logarithm of the mean demand per week.
    week : [C] of one week.
    level : [C] of the part shared by neighbouring weeks: the forecast misses the level.
    """

    log_mean: Floats
    week: Floats
    level: Floats

    def at(self, mean: Floats) -> tuple[Floats, Floats]:
        """Return (level, single weeks) dispersion [K] at weekly means [K], between classes on the log scale."""
        position = np.log(np.maximum(mean, _SMALLEST_MEAN))
        week = np.exp(np.interp(position, self.log_mean, np.log(self.week)))
        level = np.minimum(np.exp(np.interp(position, self.log_mean, np.log(self.level))), week)
        return level, week - level


def fit_dispersion(mean: Floats, actual: Floats) -> Dispersion:
    r"""Fit the dispersion to forecasts `mean` [N, W] of W neighbouring weeks and what came, `actual` [N, W].

    Notes
    -----
    In each class of forecasts the negative binomial dispersions of a week, :math:`v_1`, and of the sum of the W
    weeks, :math:`v_W`, are maximum likelihood estimates. If weeks share a level of dispersion :math:`v_A` and
    differ by :math:`v_B`, then :math:`v_1 = v_A + v_B` and :math:`v_W = v_A + v_B / W`, hence
    :math:`v_A = (W v_W - v_1) / (W - 1)`.
    """
    mean = np.maximum(mean, _SMALLEST_MEAN)
    width = mean.shape[1]
    total = mean.sum(axis=1)
    ends = np.quantile(total, _CLASS_ENDS)
    classes = np.clip(np.searchsorted(ends, total, side="right") - 1, 0, len(ends) - 2)
    centre, week, level = [], [], []
    for number in np.unique(classes):
        member = classes == number
        single = _likeliest_dispersion(mean[member].ravel(), actual[member].ravel())
        together = _likeliest_dispersion(total[member], actual[member].sum(axis=1))
        shared = (width * together - single) / (width - 1) if width > 1 else 0.0
        centre.append(np.log(total[member].mean() / width))
        week.append(single)
        level.append(float(np.clip(shared, 0.01 * single, 0.95 * single)))
    return Dispersion(np.array(centre), np.array(week), np.array(level))


def series_factors(dispersion: Dispersion, mean: Floats, actual: Floats, judged: npt.NDArray[np.bool_]) -> Floats:
    r"""Return the factor [K] on the dispersion of each series, by how far it strayed from past forecasts.

    Parameters
    ----------
    dispersion : of the classes.
    mean, actual : [O, K, W] forecasts of W weeks from O origins, a week apart, and what came.
    judged : [O, K] whether the series was there to be sold in all of these weeks.

    Notes
    -----
    Squared errors of one week ahead over the variance of the class, :math:`z^2 = (y - m)^2 / (m + v m^2)`, cut off at
    9, are averaged with weights that halve every year, and shrunk: :math:`\varphi = (\kappa + \sum w z^2) / (\kappa
    + \sum w)`. The factor is :math:`e^a \varphi^c`; a and c, the same for all series, are maximum likelihood
    estimates from the errors that followed each origin, :math:`\varphi` being what was known there.
    """
    origins, count, _ = mean.shape
    if origins < _FEWEST_ORIGINS:
        return np.ones(count)
    mean = np.maximum(mean, _SMALLEST_MEAN)
    shared, single = dispersion.at(mean)
    usual = shared + single
    error = ((actual - mean) ** 2 / (mean + usual * mean**2))[:, :, 0]
    error = np.where(judged, np.minimum(error, _LARGEST_ERROR), 0.0)
    ratio = np.zeros((origins + 1, count))
    strayed = seen = np.zeros(count)
    for origin in range(origins):
        strayed, seen = (0.5 ** (1.0 / _HALF_LIFE) * each for each in (strayed, seen))
        strayed, seen = strayed + error[origin], seen + judged[origin]
        ratio[origin + 1] = np.log((_PRIOR_ERRORS + strayed) / (_PRIOR_ERRORS + seen))
    known = np.broadcast_to(ratio[:-1, :, None], mean.shape)[judged]
    shift, power = _likeliest_power(known, mean[judged], actual[judged], usual[judged])
    return np.asarray(np.clip(np.exp(shift + power * ratio[-1]), 1.0 / _FARTHEST, _FARTHEST))


def _likeliest_power(ratio: Floats, mean: Floats, actual: Floats, usual: Floats) -> Floats:
    """Return (a, c) of the dispersion usual * exp(a + c * ratio), by maximum likelihood; c is not negative."""

    def loss(guess: Floats) -> tuple[float, Floats]:
        factor = np.clip(np.exp(guess[0] + guess[1] * ratio), 1.0 / _FARTHEST, _FARTHEST)
        size = 1.0 / (usual * factor)
        slope = digamma(actual + size) - digamma(size) + np.log(size / (size + mean))
        slope = size * (slope + (mean - actual) / (size + mean))  # of the loss by the logarithm of the dispersion
        value = -float(log_likelihood(actual, mean, usual * factor).mean())
        return value, np.array([slope.mean(), (slope * ratio).mean()])

    found = minimize(loss, np.zeros(2), jac=True, method="L-BFGS-B", bounds=[(-2.0, 2.0), (0.0, 4.0)])
    return np.asarray(found.x)


def _likeliest_dispersion(mean: Floats, actual: Floats) -> float:
    def loss(log_dispersion: float) -> float:
        return -float(log_likelihood(actual, mean, np.exp(log_dispersion)).sum())

    return float(np.exp(minimize_scalar(loss, bounds=(-6.0, 2.0), method="bounded", options={"xatol": 1e-3}).x))


def log_likelihood(actual: Floats, mean: Floats, dispersion: Floats | float) -> Floats:
    """Return the log-likelihood of `actual` under negative binomials of variance mean + dispersion mean^2."""
    size = 1.0 / np.asarray(dispersion)
    return np.asarray(
        gammaln(actual + size)
        - gammaln(size)
        - gammaln(actual + 1.0)
        + size * np.log(size / (size + mean))
        + actual * np.log(mean / (size + mean))
    )
