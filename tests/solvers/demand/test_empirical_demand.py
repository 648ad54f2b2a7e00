"""Weighted empirical quantiles and moments against plain loops and numpy."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from solvers.demand.empirical import SortedSeries, pinball_loss, weighted_moments

LEVELS = np.array([0.1, 0.5, 0.9, 0.95])


def plain_quantile(values: np.ndarray, weights: np.ndarray, level: float) -> float:
    """Smallest observed value with at least `level` of the weight at or below it."""
    for value in sorted(set(values[weights > 0])):
        if weights[values <= value].sum() >= (level - 1e-12) * weights.sum():
            return float(value)
    return 0.0


@given(
    arrays(float, (3, 12), elements=st.integers(0, 6).map(float)),
    arrays(float, (3, 12), elements=st.sampled_from([0.0, 0.25, 0.5, 1.0])),
)
def test_quantiles_equal_the_definition(values: np.ndarray, weights: np.ndarray) -> None:
    mean, variance, found = SortedSeries.of(values).describe(weights, np.ones(12), LEVELS)
    np.testing.assert_allclose((mean, variance), weighted_moments(values, weights), atol=1e-12)
    for k in range(3):
        expected = [plain_quantile(values[k], weights[k], level) for level in LEVELS]
        assert found[k].tolist() == expected
    assert (np.diff(found, axis=1) >= 0).all()


def test_equal_weights_give_the_usual_quantiles() -> None:
    values = np.random.default_rng(3).gamma(1.0, 4.0, (5, 40))
    found = SortedSeries.of(values).describe(np.ones_like(values), np.ones(40), LEVELS)[2]
    expected = np.quantile(values, LEVELS, axis=1, method="inverted_cdf").T
    np.testing.assert_array_equal(found, expected)


def test_moments_equal_numpy_with_equal_weights() -> None:
    values = np.random.default_rng(4).poisson(3.0, (6, 25)).astype(float)
    mean, variance = weighted_moments(values, np.full_like(values, 0.3))
    np.testing.assert_allclose(mean, values.mean(axis=1))
    np.testing.assert_allclose(variance, values.var(axis=1, ddof=1))
    nothing = weighted_moments(values, np.zeros_like(values))
    assert not nothing[0].any()
    assert not nothing[1].any()


def test_the_true_quantile_has_the_least_pinball_loss() -> None:
    actual = np.random.default_rng(5).gamma(2.0, 5.0, 20_000)
    guesses = np.quantile(actual, [0.85, 0.9, 0.95])
    losses = [pinball_loss(actual, np.full((len(actual), 1), g), np.array([0.9])).mean() for g in guesses]
    assert int(np.argmin(losses)) == 1
    assert pinball_loss(np.array([10.0]), np.array([[8.0]]), np.array([0.9]))[0] == 0.9 * 2.0
    assert pinball_loss(np.array([8.0]), np.array([[10.0]]), np.array([0.9])) == np.array([(1 - 0.9) * 2.0])
