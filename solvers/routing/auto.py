"""The default solver: ruin and recreate, followed by the genetic search where that pays.

Ruin and recreate knows every rule and suits every size. On up to `GENETIC_CLIENTS` clients and budgets that leave the
genetic search at least `FEWEST_CHILDREN` children, the genetic search wins (see docs/mathematics-routing.md): it gets
most of the budget and starts from what ruin and recreate has found.
"""

from __future__ import annotations

import contextlib
from functools import cache
from typing import Any

from solvers.routing import genetic, ruin_recreate
from solvers.routing.genetic import Genetic, GeneticParams
from solvers.routing.instance import build_instance
from solvers.routing.problem import RoutingProblem
from solvers.routing.registry import Found
from solvers.routing.ruin_recreate import Annealing, Progress, RuinRecreateParams, cool
from solvers.routing.solution import RoutingSolution
from solvers.routing.stop import StopRule

GENETIC_CLIENTS = 400
FEWEST_CHILDREN = 500
CHILD_ITERATIONS = 20
"""A child of the genetic search counts as so many iterations: they take about as long."""
OPENING = 0.1
"""Share of the budget that ruin and recreate has before the genetic search."""
PROBE = 0.002
"""Share of the budget after which the rest can be foreseen."""


def supports(problem: RoutingProblem) -> str | None:
    """Return None, or the feature that is missing."""
    return ruin_recreate.supports(problem)


def search(
    problem: RoutingProblem, stop: StopRule, seed: int, params: Any | None, start: RoutingSolution | None
) -> Found:
    """Search until `stop`; `params` may be those of ruin and recreate. Ctrl-C ends it with the best so far."""
    chosen = params if isinstance(params, RuinRecreateParams) else RuinRecreateParams()
    if problem.clients == 0:
        return Found(RoutingSolution((), ()), 0)
    chain = Annealing.create(problem, build_instance(problem, chosen.neighbours), seed, chosen, start)
    progress = Progress(0, [(0, chain.best_cost)])
    best = chain.best
    with contextlib.suppress(KeyboardInterrupt):
        fewest = FEWEST_CHILDREN * CHILD_ITERATIONS
        breeding = problem.clients <= GENETIC_CLIENTS and genetic.supports(problem) is None
        breeding = breeding and stop(fewest, chain.best_cost) < 1
        if breeding:
            warm_up()
            breeding = _budget(chain, stop, progress) >= fewest
        if breeding:
            cool(chain, stop, progress, OPENING)
            breeder = Genetic.create(problem, seed, GeneticParams(), chain.best())
            best = breeder.best_solution
            while stop(progress.done, breeder.best_cost) < 1:
                breeder.breed()
                progress.done += CHILD_ITERATIONS
                progress.note(round(breeder.best_cost))
        else:
            cool(chain, stop, progress)
    return Found(best(), progress.done, tuple(progress.trace))


@cache
def warm_up() -> None:
    """Compile (or load) the genetic search's kernels before a clock starts."""
    tiny = RoutingProblem.cvrp([[0, 0], [0, 1], [1, 0], [1, 1]], [1, 1, 1], 2)
    breeder = Genetic.create(tiny, 0, GeneticParams(first_individuals=4), None)
    for _ in range(6):
        breeder.breed()


def _budget(chain: Annealing, stop: StopRule, progress: Progress) -> float:
    """Return how many iterations the whole budget will take, after a short run at the highest temperature."""
    share = stop(0, chain.best_cost)
    while share < PROBE:
        chain.run(ruin_recreate.STEPS_PER_ITERATION, 0.0, 0.0)
        progress.done += 1
        share = stop(progress.done, chain.best_cost)
    progress.note(chain.best_cost)
    return progress.done / share
