"""Autoregression on differences, for all series of a chunk at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_LAGS = 3
_RIDGE = 0.05  # of the mean square of the differences times their number: coefficients are drawn to 0


def autoregression_paths(demand: Floats, start: Integers, horizon: int) -> Floats:
    """Return the mean path [K, H] of an ARIMA(3, 1, 0) without constant, NaN with less than eight buckets.

    With d_t = y_t - y_(t-1), the coefficients of d_t on d_(t-1), d_(t-2), d_(t-3) are least squares with a small ridge
    (Box and Jenkins 1970, "Time Series Analysis"; conditional sums of squares). The path adds up the differences
    foreseen and is kept within what was ever sold.

    Parameters
    ----------
    demand : [K, T] up to the origin. start : [K] first bucket of each series.
    """
    count, buckets = demand.shape
    if buckets < 2 * _LAGS + 2:
        return np.full((count, horizon), np.nan)
    begun = np.arange(1, buckets) > start[:, None]
    change = np.where(begun, np.diff(demand, axis=1), 0.0)
    now = np.where(begun[:, :-_LAGS], change[:, _LAGS:], 0.0)  # all lags lie after the start
    before = np.stack([np.where(begun[:, :-_LAGS], change[:, _LAGS - lag : -lag], 0.0) for lag in range(1, _LAGS + 1)])
    gram = np.einsum("ikt,jkt->kij", before, before)
    moment = np.einsum("ikt,kt->ki", before, now)
    size = np.einsum("kii->k", gram) / _LAGS
    gram += (np.where(size > 0.0, _RIDGE * size, 1.0))[:, None, None] * np.eye(_LAGS)
    weights = np.linalg.solve(gram, moment[:, :, None])[:, :, 0]
    recent = change[:, : -_LAGS - 1 : -1].copy()
    path = np.empty((count, horizon))
    level, most = demand[:, -1].copy(), demand.max(axis=1)
    for step in range(horizon):
        ahead = (weights * recent).sum(axis=1)
        level = np.clip(level + ahead, 0.0, most)
        recent = np.column_stack([ahead, recent[:, :-1]])
        path[:, step] = level
    path[buckets - start < 2 * _LAGS + 2] = np.nan
    return path
