"""Ruin and recreate for every rule: routes are timed and priced as a whole, see docs/mathematics-routing.md.

Slower per step than `ruin_recreate`, which hands over to it what its own kernels do not know.
"""

from __future__ import annotations

import contextlib
import math

from solvers.compiled import is_compiled
from solvers.routing.general_chain import STEPS_PER_ITERATION, GeneralChain, GeneralParams
from solvers.routing.general_regions import GeneralRegions, has_regions
from solvers.routing.instance import unsupported
from solvers.routing.problem import RoutingProblem
from solvers.routing.registry import Found
from solvers.routing.simplify import simplified
from solvers.routing.solution import RoutingSolution
from solvers.routing.stop import StopRule

FIRST_SLICE = 50
"""Iterations until the stop rule is looked at for the first time, at most."""


def supports(problem: RoutingProblem) -> str | None:
    """Return None, or the feature that is missing."""
    for matrix in (problem.distances, problem.durations):
        if matrix is not None and matrix.max(initial=0) >= 1 << 31:
            return "distances or durations of 2^31 and more"
    return None


def needs_compiling(problem: RoutingProblem) -> bool:
    """Return whether this solver would get `problem` and has to be compiled first."""
    return unsupported(simplified(problem)) is not None and not is_compiled("general_annealing_kernels")


def search(
    problem: RoutingProblem,
    stop: StopRule,
    seed: int,
    params: GeneralParams | None = None,
    start: RoutingSolution | None = None,
    threads: int = 1,
) -> Found:
    """Anneal from a greedy solution (or `start`) until `stop`; Ctrl-C ends it with the best so far."""
    if problem.clients == 0:
        return Found(RoutingSolution((), ()), 0)
    whole = GeneralChain.create(problem, seed, params or GeneralParams(), start)
    chain: GeneralChain | GeneralRegions = whole
    if has_regions(problem, whole.best()):
        chain = GeneralRegions.create(whole, seed, threads)
    trace = [(0, chain.best_cost)]
    most = chain.slice_steps // STEPS_PER_ITERATION
    done, size = 0, min(most, FIRST_SLICE)
    while size > 1 and stop(size, chain.best_cost) >= 1:
        size //= 2
    with contextlib.suppress(KeyboardInterrupt):
        share = stop(0, chain.best_cost)
        while share < 1:
            ahead = min(1.0, share * (done + size) / done) if done else share
            chain.run(size * STEPS_PER_ITERATION, share, ahead)
            done += size
            if chain.best_cost < trace[-1][1]:
                trace.append((done, chain.best_cost))
            share = stop(done, chain.best_cost)
            if 0 < share < 1:
                size = max(1, min(most, max(size, done), math.ceil((1 - share) / share * done - 1e-6)))
    return Found(chain.best(), done, tuple(trace))
