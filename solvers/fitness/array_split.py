"""Split of whole populations in array code: NumPy as it stands, CuPy through the same namespace.

With prefix sums of legs P and loads Q along a giant tour, the cheapest split is the shortest path

    best[j] = min over i < j, Q[j] - Q[i] <= capacity, j - i <= max_stops of
              (best[i] + enter[i]) + leave[j - 1]

where enter[i] = distance(depot, tour[i]) + fixed_cost - P[i] and leave[k] = P[k] + distance(tour[k],
depot) (Beasley 1983, "Route first - cluster second methods for vehicle routing", Omega 11).
Prefix sums are exact for whole-numbered costs below 2**53.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from solvers.fitness.split_data import FloatArray, IntArray, SplitData, checked_tours


@dataclass(frozen=True, slots=True)
class TourArrays:
    """Prefix form of a population of giant tours, on the device of the array namespace.

    Attributes
    ----------
    enter, leave : [P, n] float64, see the module's equation.
    load : prefix sums of the demand [P, D, n + 1] int64.
    """

    enter: Any
    leave: Any
    load: Any


class ArraySplit:
    """The split in array code of one namespace (array API standard 2022.12); the data is moved once."""

    def __init__(self, data: SplitData, namespace: Any = np, name: str = "numpy") -> None:
        self.name = name
        self._xp = namespace
        self._nodes = data.distance.shape[0]
        self._distance = namespace.asarray(data.distance.reshape(-1))
        self._demand = [namespace.asarray(row) for row in data.demand]
        self._capacity = [int(limit) for limit in data.capacity]
        self._fixed_cost = data.fixed_cost
        self._longest_route = data.longest_route

    def evaluate(self, giant_tours: IntArray) -> FloatArray:
        """Return the cost of the cheapest split of every giant tour [P, n] -> [P]."""
        tours = checked_tours(giant_tours, self._nodes)
        if tours.size == 0:
            return np.zeros(tours.shape[0])
        cost: FloatArray = np.asarray(self._to_host(self._cheapest_path(self._prefix_form(tours))))
        return cost

    def _to_host(self, array: Any) -> Any:
        return array

    def _prefix_form(self, tours: IntArray) -> TourArrays:
        xp = self._xp
        population, stops = tours.shape
        nodes = xp.astype(xp.asarray(tours), xp.int64)
        ahead = self._gather(self._distance, nodes[:, :-1] * self._nodes + nodes[:, 1:])
        zero = xp.zeros((population, 1), dtype=xp.float64)
        legs = xp.concat([zero, xp.cumulative_sum(ahead, axis=1)], axis=1)
        no_load = xp.zeros((population, 1, 1), dtype=xp.int64)
        loads = []
        for demand in self._demand:
            taken = xp.cumulative_sum(self._gather(demand, nodes), axis=1)
            loads.append(xp.concat([no_load, xp.reshape(taken, (population, 1, stops))], axis=2))
        return TourArrays(
            enter=self._gather(self._distance, nodes) + self._fixed_cost - legs,
            leave=self._gather(self._distance, nodes * self._nodes) + legs,
            load=xp.concat(loads, axis=1),
        )

    def _gather(self, values: Any, index: Any) -> Any:
        """Return values[index] for a matrix of positions; the standard's `take` knows vectors only."""
        xp = self._xp
        return xp.reshape(xp.take(values, xp.reshape(index, (-1,))), index.shape)

    def _cheapest_path(self, tours: TourArrays) -> Any:
        xp = self._xp
        population, stops = tours.enter.shape
        infinity = xp.asarray(xp.inf)
        width = self._longest_route(stops)
        best = [xp.zeros((population,), dtype=xp.float64)]
        # candidates[:, i] = best[i] + enter[i], filled as the path grows
        candidates = xp.zeros((population, stops), dtype=xp.float64)
        for end in range(1, stops + 1):
            candidates[:, end - 1] = best[-1] + tours.enter[:, end - 1]
            first = max(0, end - width)
            cost = candidates[:, first:end]
            for dimension, capacity in enumerate(self._capacity):
                load = tours.load[:, dimension, end : end + 1] - tours.load[:, dimension, first:end]
                cost = xp.where(load <= capacity, cost, infinity)
            best.append(xp.min(cost, axis=1) + tours.leave[:, end - 1])
        return best[-1]
