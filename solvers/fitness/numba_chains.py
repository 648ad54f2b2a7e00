"""The chains on the processor: one per thread, the same answer on any number of cores."""

from __future__ import annotations

import threading

from solvers.fitness.chain_data import ChainProblem, ChainStates, Schedule, Seeds
from solvers.fitness.chain_kernels import run_chains

ONE_AT_A_TIME = threading.Lock()
"""Numba's fallback threading layer aborts when two threads start parallel kernels at once."""


class NumbaChains:
    """The chains in compiled code."""

    name = "numba"

    def __init__(self, problem: ChainProblem) -> None:
        self._problem = problem

    def run(self, states: ChainStates, schedule: Schedule, seeds: Seeds) -> None:
        """Anneal every solution in place; see `Chains`."""
        p, s = self._problem, schedule
        with ONE_AT_A_TIME:
            run_chains(
                *(p.points, p.scale, p.offset, p.demand, p.capacity, p.near, p.around, states),
                *(s.steps, s.hot, s.cooling, s.strings, s.longest, seeds),
            )
