"""Numba kernel of the split: one giant tour per thread, linear time whatever the number of dimensions."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from solvers.compiled import njit, prange
from solvers.fitness.split_data import FloatArray, IntArray


@njit()
def cheapest_split(
    tour: IntArray,
    distance: FloatArray,
    demand: npt.NDArray[np.int64],
    capacity: npt.NDArray[np.int64],
    fixed_cost: float,
    max_stops: int,
) -> float:
    """Return the cost of the cheapest split of one giant tour [n].

    The first stop that a route ending at `end` may have only moves forward, so the minimum over the
    window is kept in a monotone queue (Vidal 2016, "Split algorithm in O(n) for the capacitated
    vehicle routing problem", Computers & Operations Research 69).
    """
    stops = tour.size
    dimensions = capacity.size
    queue = np.empty(stops, np.int64)
    value = np.empty(stops, np.float64)  # best[i] + enter[i] of the queued i
    head, tail = 0, 0
    load = np.zeros(dimensions, np.int64)  # of the window first..end
    first = 0
    legs = 0.0
    best = 0.0
    for end in range(stops):
        node = tour[end]
        if end > 0:
            legs += distance[tour[end - 1], node]
        candidate = best + distance[0, node] + fixed_cost - legs
        while tail > head and value[tail - 1] >= candidate:
            tail -= 1
        queue[tail] = end
        value[tail] = candidate
        tail += 1
        for dimension in range(dimensions):
            load[dimension] += demand[dimension, node]
        for dimension in range(dimensions):
            while load[dimension] > capacity[dimension]:
                for other in range(dimensions):
                    load[other] -= demand[other, tour[first]]
                first += 1
        while end - first >= max_stops:
            for other in range(dimensions):
                load[other] -= demand[other, tour[first]]
            first += 1
        while queue[head] < first:
            head += 1
        best = value[head] + legs + distance[node, 0]
    return best


@njit(parallel=True)
def cheapest_splits(
    tours: IntArray,
    distance: FloatArray,
    demand: npt.NDArray[np.int64],
    capacity: npt.NDArray[np.int64],
    fixed_cost: float,
    max_stops: int,
) -> FloatArray:
    """Return the cost of the cheapest split of every giant tour [P, n] -> [P]."""
    cost = np.empty(tours.shape[0], np.float64)
    for k in prange(tours.shape[0]):
        cost[k] = cheapest_split(tours[k], distance, demand, capacity, fixed_cost, max_stops)
    return cost
