"""Fitted distributions against scipy.stats, direct sums, and the definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from solvers.demand.distributions import FAMILIES, FittedDemand, fit_moments

MEANS = np.array([0.05, 0.7, 3.0, 12.0, 29.0, 40.0, 250.0, 250.0, 3.0, 0.0])
SPREAD = np.array([0.4, 1.5, 3.0, 40.0, 15.0, 900.0, 90_000.0, 400.0, 0.0, 0.0])


def frozen(fitted: FittedDemand, k: int) -> stats.rv_continuous:
    """The same distribution by scipy.stats, parametrised from mean and variance."""
    mean, variance = fitted.mean[k], fitted.variance[k]
    family = FAMILIES[fitted.family[k]]
    if family == "normal":
        return stats.norm(mean, np.sqrt(variance))
    if family == "gamma":
        return stats.gamma(mean**2 / variance, scale=variance / mean)
    if family == "poisson":
        return stats.poisson(mean)
    return stats.nbinom(mean**2 / (variance - mean), mean / variance)


def test_families_follow_the_moments() -> None:
    fitted = fit_moments(MEANS[:8], SPREAD[:8])
    assert list(fitted.names) == [
        "negative_binomial",
        "negative_binomial",
        "poisson",
        "negative_binomial",
        "normal",
        "gamma",
        "gamma",
        "normal",
    ]
    # demand that does not come in whole units is never given a distribution on whole numbers
    assert set(fit_moments(MEANS[:8], SPREAD[:8], whole_units=False).names) == {"gamma", "normal"}


@pytest.mark.parametrize("probability", [0.05, 0.5, 0.9, 0.95, 0.999])
def test_quantiles_equal_scipy(probability: float) -> None:
    fitted = fit_moments(MEANS[:8], SPREAD[:8])
    expected = [max(frozen(fitted, k).ppf(probability), 0.0) for k in range(8)]
    np.testing.assert_allclose(fitted.quantile(probability), expected, rtol=1e-9)


@pytest.mark.parametrize("level", [0.0, 0.4, 1.0, 2.5, 7.0, 33.0, 300.0])
def test_expected_shortage_equals_sum_or_integral(level: float) -> None:
    fitted = fit_moments(MEANS[:8], SPREAD[:8])
    shortage = fitted.expected_shortage(np.full(8, level))
    for k in range(8):
        law = frozen(fitted, k)
        if FAMILIES[fitted.family[k]] in {"poisson", "negative_binomial"}:
            values = np.arange(2000)
            expected = (np.maximum(values - level, 0.0) * law.pmf(values)).sum()
        else:
            # E[(D - s)+] is the integral of the tail above s
            expected, _ = integrate.quad(law.sf, level, law.isf(1e-13), limit=500, epsabs=1e-10)
        assert shortage[k] == pytest.approx(expected, rel=1e-6, abs=1e-8)


def test_demand_without_spread_or_mean() -> None:
    certain = fit_moments(np.array([3.0, 0.0]), np.zeros(2))
    assert certain.quantile(0.99).tolist() == [3.0, 0.0]
    assert certain.expected_shortage(np.array([2.0, 0.0])).tolist() == [1.0, 0.0]
    np.testing.assert_allclose(certain.level_for_shortage(np.array([0.5, 0.5])), [2.5, 0.0], atol=1e-9)


moments = st.tuples(st.floats(0.01, 1e4), st.floats(1e-3, 50.0)).map(lambda m: (m[0], m[0] ** 2 * m[1]))


@given(moments, st.floats(0.001, 0.5), st.floats(0.0, 0.4))
def test_level_for_shortage_is_the_smallest_that_does(moment: tuple[float, float], share: float, more: float) -> None:
    mean, variance = (np.array([value]) for value in moment)
    fitted = fit_moments(mean, variance)
    target = share * mean
    level = fitted.level_for_shortage(target)
    assert fitted.expected_shortage(level)[0] <= target[0] * (1 + 1e-9)
    step = 1.0 if fitted.names[0] in {"poisson", "negative_binomial"} else 1e-6 * (1.0 + level[0])
    if level[0] >= step:
        assert fitted.expected_shortage(level - step)[0] > target[0] * (1 - 1e-9)
    # a larger shortage allowed never needs more stock
    assert fitted.level_for_shortage(target * (1.0 + more))[0] <= level[0] + 1e-9 * level[0]


@given(moments, st.floats(0.01, 0.99), st.floats(0.0, 0.99))
def test_quantiles_rise_with_the_probability(moment: tuple[float, float], low: float, step: float) -> None:
    mean, variance = (np.array([value]) for value in moment)
    fitted = fit_moments(mean, variance)
    assert fitted.quantile(min(low + step, 0.9999))[0] >= fitted.quantile(low)[0]
    assert np.isfinite(fitted.quantile(0.9999)[0])
