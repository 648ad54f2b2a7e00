"""Weighted empirical distributions of many series at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from solvers.demand.empirical_kernels import describe_sorted

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SortedSeries:
    """Series sorted by value once, so that any weighting of the past gives quantiles by one running sum.

    Attributes
    ----------
    values : [K, T] observations in time order, base units per bucket.
    order : [K, T] time of the n-th smallest observation.
    ascending : [K, T] observations from the smallest.
    """

    values: Floats
    order: npt.NDArray[np.intp]
    ascending: Floats

    @classmethod
    def of(cls, values: Floats) -> SortedSeries:
        """Sort `values` [K, T] along time; ties keep their order in time."""
        order = np.argsort(values, axis=1, kind="stable")
        return cls(values, order, np.take_along_axis(values, order, axis=1))

    def take(self, rows: npt.NDArray[np.int64]) -> SortedSeries:
        """Return only the series `rows`."""
        return SortedSeries(self.values[rows], self.order[rows], self.ascending[rows])

    def describe(self, observed: Floats, memory: Floats, levels: Floats) -> tuple[Floats, Floats, Floats]:
        """Return mean [K], variance [K] and quantiles [K, L] of the weighted past.

        Parameters
        ----------
        observed : [K, T] how far each observation counts, in time order; times `memory` [T] it is the weight. A
            row without weight gives zeros.
        levels : [L] ascending, each in (0, 1).

        Notes
        -----
        q(p) = min {x : sum_t w_t 1[y_t <= x] >= p sum_t w_t}, the inverse of the weighted empirical
        distribution function (Taylor 2007, "Forecasting daily supermarket sales using exponentially
        weighted quantile regression", EJOR 178, the case without regressors). Mean and variance as in
        `weighted_moments`.
        """
        count = len(self.values)
        mean, variance, quantiles = np.empty(count), np.empty(count), np.empty((count, len(levels)))
        describe_sorted(
            self.order,
            self.ascending,
            np.ascontiguousarray(observed, dtype=np.float64),
            np.ascontiguousarray(memory, dtype=np.float64),
            np.ascontiguousarray(levels, dtype=np.float64),
            mean,
            variance,
            quantiles,
        )
        return mean, variance, quantiles


def weighted_moments(values: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Return the weighted mean [K] and variance [K] of `values` [K, T].

    The variance is corrected for the effective number of observations n = (sum w)^2 / sum w^2
    by n / (n - 1), with n at least 2. Rows without weight give zeros.
    """
    total = weights.sum(axis=1)
    safe = np.where(total > 0.0, total, 1.0)
    mean = (weights * values).sum(axis=1) / safe
    deviation = values - mean[:, None]
    variance = (weights * deviation * deviation).sum(axis=1) / safe
    squares = (weights * weights).sum(axis=1)
    effective = np.maximum(total * total / np.where(squares > 0.0, squares, 1.0), 2.0)
    return mean, variance * effective / (effective - 1.0)


def pinball_loss(actual: Floats, quantiles: Floats, levels: Floats) -> Floats:
    """Return the pinball loss [...] averaged over the last axis of `quantiles` [..., L].

    rho_p(y, q) = max(p (y - q), (p - 1) (y - q)) (Koenker and Bassett 1978).
    """
    error = actual[..., None] - quantiles
    return np.maximum(levels * error, (levels - 1.0) * error).mean(axis=-1)  # type: ignore[no-any-return]
