"""The scan of all moves on the processor, clients shared out among threads."""

from __future__ import annotations

import numpy as np

from solvers.fitness.chain_data import ChainProblem, IntArray
from solvers.fitness.numba_chains import ONE_AT_A_TIME
from solvers.fitness.scan_data import Tours
from solvers.fitness.scan_kernels import scan_moves


class NumbaScan:
    """The scan in compiled code."""

    name = "numba"

    def __init__(self, problem: ChainProblem) -> None:
        self._problem = problem

    def best_moves(self, tours: Tours, *, full: bool) -> tuple[IntArray, IntArray]:
        """Return the least change [N] and its move [N], see `MoveScan`."""
        p = self._problem
        change, code = np.empty(len(tours.after), np.int64), np.empty(len(tours.after), np.int64)
        with ONE_AT_A_TIME:
            scan_moves(p.points, p.scale, p.offset, p.demand, p.capacity, p.near, full, tours, change, code)
        return change, code
