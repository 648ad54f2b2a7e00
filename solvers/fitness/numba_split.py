"""The split with the Numba kernel, one tour per thread."""

from __future__ import annotations

import threading

import numpy as np

from solvers.fitness.split_data import FloatArray, IntArray, SplitData, checked_tours
from solvers.fitness.split_kernels import cheapest_splits

_ONE_AT_A_TIME = threading.Lock()
"""Numba's fallback threading layer aborts when two threads start parallel kernels at once."""


class NumbaSplit:
    """The split in compiled code on the processor."""

    name = "numba"

    def __init__(self, data: SplitData) -> None:
        self._data = data
        self._max_stops = data.distance.shape[0] if data.max_stops is None else data.max_stops

    def evaluate(self, giant_tours: IntArray) -> FloatArray:
        """Return the cost of the cheapest split of every giant tour [P, n] -> [P]."""
        data = self._data
        tours = checked_tours(giant_tours, data.distance.shape[0])
        with _ONE_AT_A_TIME:
            cost: FloatArray = np.asarray(
                cheapest_splits(tours, data.distance, data.demand, data.capacity, data.fixed_cost, self._max_stops)
            )
        return cost
