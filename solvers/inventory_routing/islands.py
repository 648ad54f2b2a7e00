"""Several searches side by side, each with its own seed and the whole budget: the cheapest plan is the answer."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat

from solvers.inventory_routing.problem import InventoryRoutingProblem
from solvers.inventory_routing.solve import InventoryRoutingResult, solve
from solvers.routing.stop import StopRule, iterations

_APART = 1_000_003  # seeds of islands are that far from each other


def solve_islands(
    problem: InventoryRoutingProblem,
    rule: Callable[[float], StopRule],
    budget: float,
    *,
    seed: int = 1,
    islands: int = 2,
    threads: int = 2,
) -> InventoryRoutingResult:
    """Return the cheapest result of `islands` searches, the first of equals.

    With a budget in iterations the answer depends on problem, seed and `islands`, not on `threads`.

    Parameters
    ----------
    rule : makes each search's stop rule from `budget`: a function of `solvers.routing.stop`.
    threads : processes at a time.
    """
    seeds = [seed + _APART * island for island in range(islands)]
    if threads == 1 or islands == 1:
        found = [_search(problem, rule, budget, one) for one in seeds]
    else:
        context = multiprocessing.get_context("spawn")  # compiled kernels are loaded by each process itself
        with ProcessPoolExecutor(min(threads, islands), mp_context=context) as pool:
            found = list(pool.map(_search, repeat(problem), repeat(rule), repeat(budget), seeds))
    costs = [result.verdict.cost if result.verdict else float("inf") for result in found]
    return found[costs.index(min(costs))]


def _search(
    problem: InventoryRoutingProblem, rule: Callable[[float], StopRule], budget: float, seed: int
) -> InventoryRoutingResult:
    solve(problem, iterations(1), seed=seed)  # loads the kernels before the clock starts
    return solve(problem, rule(budget), seed=seed)
