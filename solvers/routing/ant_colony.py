"""Ant colony: focused ants rebuild parts of the incumbent, local search polishes the colony's best.

One iteration is a group of ants, one update of the pheromone and, now and then, the local search.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from solvers.routing import genetic
from solvers.routing.ant_kernels import HIGHEST, lay_pheromone, send_ants
from solvers.routing.instance import PRIZE, Instance, build_instance, unsupported
from solvers.routing.local_search_kernels import educate
from solvers.routing.plan import PENALTY, TYPE, Plan, make_plan
from solvers.routing.problem import RoutingProblem
from solvers.routing.regional_annealing import Regional, Trail
from solvers.routing.registry import Found
from solvers.routing.ruin_recreate import Annealing, Progress, RuinRecreateParams, cool, make_chain
from solvers.routing.solution import RoutingSolution
from solvers.routing.state import links_of, routes_of
from solvers.routing.stop import StopRule
from solvers.routing.workspace import put_solution, reset


@dataclass(frozen=True, slots=True)
class AntColonyParams:
    """Parameters of the colony.

    Attributes
    ----------
    ants : in one iteration.
    greed : share of insertions at the most appealing place.
    evaporation : share of the pheromone lost in one iteration.
    phase_evaporation : the same between two sharings of the routes of a plain problem among regions.
    lowest : pheromone never falls below; the highest is 1.
    polish_every : iterations between two local searches.
    annealing : size of the rebuilt part, temperatures, candidate lists.
    """

    ants: int = 20
    greed: float = 0.95
    evaporation: float = 0.02
    phase_evaporation: float = 0.1
    lowest: float = 0.4
    polish_every: int = 500
    annealing: RuinRecreateParams = field(default_factory=lambda: RuinRecreateParams(neighbours=40))


def supports(problem: RoutingProblem) -> str | None:
    """Return None, or the feature that is missing."""
    return "reloads" if problem.vehicles.max_reloads.any() else unsupported(problem)


@dataclass(slots=True)
class Polisher:
    """Local search of whole solutions under penalties that no broken rule is worth."""

    instance: Instance
    plan: Plan

    def improve(self, chain: Annealing) -> None:
        """Improve the chain's best solution; where it gets better, the chain goes on from there."""
        following, firsts = links_of(self.instance, chain.best())
        cost = educate(self.instance, self.plan, following, firsts)
        if self.plan.worth[:, PENALTY].sum() > 0 or cost >= chain.best_cost:
            return
        better = routes_of(self.instance, following, firsts, self.plan.tour[:, TYPE])
        reset(self.instance, chain.state, chain.work)
        put_solution(self.instance, chain.state, chain.work, better)
        chain.settle_start()


def search(
    problem: RoutingProblem,
    stop: StopRule,
    seed: int,
    params: Any | None,
    start: RoutingSolution | None,
    threads: int = 1,
) -> Found:
    """Send ants until `stop`; Ctrl-C ends it with the best so far."""
    chosen = params if isinstance(params, AntColonyParams) else AntColonyParams()
    if problem.clients == 0:
        return Found(RoutingSolution((), ()), 0)
    instance = build_instance(problem, chosen.annealing.nearest(problem))
    pheromone = np.full(instance.near.shape, HIGHEST)
    trail = Trail(pheromone, chosen.greed, chosen.phase_evaporation, chosen.lowest)
    chain = make_chain(problem, instance, seed, chosen.annealing, start, threads, trail)
    if isinstance(chain, Regional):
        progress = Progress(0, [(0, chain.best_cost)])
        with contextlib.suppress(KeyboardInterrupt):
            cool(chain, stop, progress)
        return Found(chain.best(), progress.done, tuple(progress.trace))
    polisher = None
    if genetic.supports(problem) is None:
        plan = make_plan(instance, seed)
        plan.weight[:] = float(instance.client[:, PRIZE].max())
        polisher = Polisher(instance, plan)
    done, trace = 0, [(0, chain.best_cost)]
    share = stop(0, chain.best_cost)
    try:
        while share < 1:
            temperature = chain.schedule.temperature(share)
            send_ants(
                instance,
                chain.state,
                chain.work,
                pheromone,
                chosen.ants,
                chosen.greed,
                temperature,
                chosen.annealing.average_removed,
            )
            done += 1
            if done % 10 == 0:
                lay_pheromone(instance, chain.work, pheromone, chosen.evaporation, chosen.lowest)
            if polisher is not None and done % chosen.polish_every == 0:
                polisher.improve(chain)
            share = stop(done, chain.best_cost)
            if chain.best_cost < trace[-1][1]:
                trace.append((done, chain.best_cost))
    except KeyboardInterrupt:
        pass
    return Found(chain.best(), done, tuple(trace))
