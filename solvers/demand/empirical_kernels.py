"""Weighted empirical distributions, compiled."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from solvers.compiled import njit

_Floats = npt.NDArray[np.float64]


@njit()
def describe_sorted(
    order: npt.NDArray[np.int64],
    ascending: _Floats,
    observed: _Floats,
    memory: _Floats,
    levels: _Floats,
    mean: _Floats,
    variance: _Floats,
    quantiles: _Floats,
) -> None:
    """Write mean [K], variance [K] and quantiles [K, L]; shapes and meaning as in `solvers.demand.empirical`."""
    count, length = order.shape
    for k in range(count):
        total = 0.0
        squares = 0.0
        sold = 0.0
        for n in range(length):
            time = order[k, n]
            weight = observed[k, time] * memory[time]
            total += weight
            squares += weight * weight
            sold += weight * ascending[k, n]
        if total <= 0.0:
            mean[k] = 0.0
            variance[k] = 0.0
            quantiles[k, :] = 0.0
            continue
        middle = sold / total
        spread = 0.0
        running = 0.0
        level = 0
        for n in range(length):
            time = order[k, n]
            weight = observed[k, time] * memory[time]
            spread += weight * (ascending[k, n] - middle) ** 2
            running += weight
            # a little slack: a running sum that should be equal to the level may miss it by rounding
            while level < len(levels) and running >= (levels[level] - 1e-12) * total:
                quantiles[k, level] = ascending[k, n]
                level += 1
        while level < len(levels):
            quantiles[k, level] = ascending[k, length - 1]
            level += 1
        effective = max(total * total / squares, 2.0)
        mean[k] = middle
        variance[k] = spread / total * effective / (effective - 1.0)
