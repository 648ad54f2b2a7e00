"""Dispersion: how far demand strays from its forecast, by mean class, learnt from past forecasts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.special import gammaln

Floats = npt.NDArray[np.float64]

_CLASS_ENDS = (0.0, 0.13, 0.27, 0.4, 0.53, 0.67, 0.8, 0.9, 0.95, 1.0)  # shares of the forecasts, by mean
_SMALLEST_MEAN = 0.02


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
