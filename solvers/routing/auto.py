"""The default solver: the genetic search where it pays, else ruin and recreate, which knows every rule and any size.

The rule, with its evidence in docs/mathematics-routing.md: the genetic search takes problems with one type of vehicle,
no cost of time and rules it knows, if the budget is enough for `FEWEST_CHILDREN` children: `GENETIC_CLIENTS` clients
at most, and `CHILDREN_PER_CLIENT` children per client; where time matters `GENETIC_TIMED_CLIENTS` at most, or
`LONG_ROUTED_CLIENTS` if routes have `LONG_ROUTE` clients and more. On plain problems a chain that cools down over the
share `ANNEALED` of the budget gives it a first individual. Everything else goes to ruin and recreate.
"""

from __future__ import annotations

import contextlib
from functools import cache
from typing import Any

from solvers.routing import general, genetic, ruin_recreate
from solvers.routing.genetic import BROOD, Genetic, GeneticParams
from solvers.routing.instance import is_timed, unsupported
from solvers.routing.problem import RoutingProblem
from solvers.routing.regional_annealing import Regional
from solvers.routing.registry import Found
from solvers.routing.ruin_recreate import Chain, Progress, RuinRecreateParams, begin_chain, cool
from solvers.routing.solution import RoutingSolution
from solvers.routing.stop import StopRule, iterations

GENETIC_CLIENTS = 350
GENETIC_TIMED_CLIENTS = 120
LONG_ROUTED_CLIENTS = 250
LONG_ROUTE = 15
FEWEST_CHILDREN = 500
CHILDREN_PER_CLIENT = 6
ANNEALED = 0.3
"""Share of the budget for a chain whose best solution joins the first population, on plain problems."""
PROBE = 0.002
"""Share of the budget after which the rest can be foreseen."""


def supports(problem: RoutingProblem) -> str | None:
    """Return None, or the feature that is missing."""
    return ruin_recreate.supports(problem)


def search(
    problem: RoutingProblem,
    stop: StopRule,
    seed: int,
    params: Any | None,
    start: RoutingSolution | None,
    threads: int = 1,
) -> Found:
    """Search until `stop`; `params` may be those of ruin and recreate. Ctrl-C ends it with the best so far."""
    chosen = params if isinstance(params, RuinRecreateParams) else RuinRecreateParams()
    if unsupported(problem) is not None:
        return general.search(problem, stop, seed, None, start, threads)
    if problem.clients == 0:
        return Found(RoutingSolution((), ()), 0)
    chain, progress = begin_chain(problem, stop, seed, chosen, start, threads)
    best = chain.best
    with contextlib.suppress(KeyboardInterrupt):
        child = child_iterations(problem)
        if _breeds(problem, chain, stop, progress):
            if isinstance(chain, Regional):
                cool(chain, stop, progress, ANNEALED)
            breeder = Genetic.create(problem, seed, GeneticParams(), chain.best(), threads)
            best = breeder.best_solution
            while stop(progress.done, breeder.best_cost) < 1:
                breeder.breed(stop, progress.done)
                progress.done += child * BROOD
                progress.note(round(breeder.best_cost))
        else:
            cool(chain, stop, progress)
    return Found(best(), progress.done, tuple(progress.trace))


def _breeds(problem: RoutingProblem, chain: Chain, stop: StopRule, progress: Progress) -> bool:
    """Return whether the genetic search gets the problem, after a short run of the chain to foresee the budget."""
    fewest, most = max(FEWEST_CHILDREN, CHILDREN_PER_CLIENT * problem.clients), GENETIC_CLIENTS
    if is_timed(problem):
        fewest = FEWEST_CHILDREN
        long_routed = problem.clients >= LONG_ROUTE * len(chain.best().routes)
        most = LONG_ROUTED_CLIENTS if long_routed else GENETIC_TIMED_CLIENTS
    uniform = problem.vehicles.types == 1 and not problem.vehicles.duration_cost.any()
    if problem.clients > most or not uniform or genetic.supports(problem) is not None:
        return False
    fewest *= child_iterations(problem)
    if stop(fewest, chain.best_cost) >= 1:
        return False
    warm_up()
    share = stop(0, chain.best_cost)
    while share < PROBE:
        chain.run(ruin_recreate.STEPS_PER_ITERATION, 0.0, 0.0)
        progress.done += 1
        share = stop(progress.done, chain.best_cost)
    progress.note(chain.best_cost)
    return progress.done / share >= fewest


def child_iterations(problem: RoutingProblem) -> int:
    """Return how many iterations a child of the genetic search counts as: they take about as long."""
    return 20 if is_timed(problem) else max(20, problem.clients**2 // 1000)


@cache
def warm_up() -> None:
    """Compile (or load) the genetic search's kernels before a clock starts."""
    tiny = RoutingProblem.cvrp([[0, 0], [0, 1], [1, 0], [1, 1]], [1, 1, 1], 2)
    breeder = Genetic.create(tiny, 0, GeneticParams(first_individuals=4), None)
    for _ in range(6):
        breeder.breed(iterations(1 << 40), 1)
