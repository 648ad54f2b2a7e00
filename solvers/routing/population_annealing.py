"""Population annealing: many chains of ruin and recreate side by side, the fitter ones multiplying as it gets colder.

Hukushima and Iba (2003), "Population annealing and its application to a spin glass", AIP Conference Proceedings 690;
Machta (2010), Physical Review E 82. Between two temperatures T and T' a solution of cost c lives on in proportion to
exp(-(1/T' - 1/T) c). Made for a device that runs thousands of chains at once (`solvers/fitness`); on a processor
`ruin_recreate`, one long chain, is the better use of a core. Whenever the fittest solution improves, a copy of it is
polished by the best moves of all clients (`solvers.fitness.scan_data`), on a device beside all other clients in large
problems.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from solvers.compiled import set_threads
from solvers.fitness import ChainProblem, Schedule, make_chains, make_scan
from solvers.fitness.chain_data import IntArray, routes_of, states_of
from solvers.fitness.scan_data import descended
from solvers.routing.instance import build_instance, is_timed
from solvers.routing.problem import UNBOUNDED, RoutingProblem
from solvers.routing.registry import Found
from solvers.routing.ruin_recreate import Annealing, RuinRecreateParams
from solvers.routing.solution import RoutingSolution
from solvers.routing.stop import StopRule

LONGEST_STRING = 10.0
FULL_SCANS = 5000
"""From so many clients on moves are beside all others, not the nearest ones only, where a device looks at them."""


@dataclass(frozen=True, slots=True)
class PopulationParams:
    """What can be set.

    Attributes
    ----------
    chains : solutions side by side. steps : of every chain at one temperature.
    average_removed, hot, cold : as of `RuinRecreateParams`. neighbours : places tried are next to so many clients.
    device : of the chains; auto takes CuPy where it is usable.
    """

    chains: int = 64
    steps: int = 200
    average_removed: float = 10.0
    hot: float = 0.5
    cold: float = 0.008
    neighbours: int = 50
    device: Literal["auto", "cupy", "numba"] = "auto"


def supports(problem: RoutingProblem) -> str | None:
    """Return None, or the feature that is missing: this solver knows the classic problem only."""
    fleet = problem.vehicles
    if problem.coordinates is None or problem.distances is not None:
        return "distances that are not those of coordinates"
    if problem.depots != 1 or fleet.types != 1 or (fleet.end_depot != 0).any():
        return "more than one depot or vehicle type"
    if is_timed(problem) or problem.dimensions != 1:
        return "times, or several capacity dimensions"
    if problem.pickup.any() or problem.backhaul.any() or not problem.required.all():
        return "pick-ups, backhauls or optional clients"
    if (np.minimum(fleet.max_distance, fleet.max_stops) < UNBOUNDED).any() or fleet.fixed_cost.any():
        return "limits or fixed costs of a route"
    return "a cost of distance other than 1" if (fleet.distance_cost != 1).any() else None


def search(
    problem: RoutingProblem,
    stop: StopRule,
    seed: int,
    params: Any | None,
    start: RoutingSolution | None,
    threads: int = 1,
) -> Found:
    """Anneal a population from a greedy solution (or `start`); an iteration is one temperature."""
    set_threads(threads)
    chosen = params if isinstance(params, PopulationParams) else PopulationParams()
    if problem.clients == 0:
        return Found(RoutingSolution((), ()), 0)
    instance = build_instance(problem, chosen.neighbours)
    first = Annealing.create(problem, instance, seed, RuinRecreateParams(), start)
    best, best_cost = first.best(), first.best_cost
    if not best.routes:
        return Found(best, 0)
    arrays = _arrays(problem, chosen.neighbours, instance.around)
    chains = make_chains(arrays, chosen.device)
    routes = [[client + 1 for client in route.clients] for route in best.routes]
    slots = int(min(problem.vehicles.count[0], problem.clients, 2 * len(routes) + 10))
    states = states_of(arrays, routes, slots, chosen.chains)
    left_out = best_cost - int(states.cost[0])  # what those cost whom no route takes in
    rng = np.random.default_rng(seed)
    seeds = rng.integers(0, 1 << 63, chosen.chains, dtype=np.uint64)
    longest = min(LONGEST_STRING, problem.clients / len(routes))
    strings = max(1.0, 4.0 * chosen.average_removed / (1.0 + longest) - 1.0)
    chains.run(states, Schedule(0, 1.0, 1.0, strings, longest), seeds)  # compiled before a clock starts
    scan = make_scan(arrays, chosen.device)
    full = scan.name == "cupy" and problem.clients >= FULL_SCANS
    descended(scan, arrays, [], full=full)
    least = int(states.cost[0])
    done, trace, temperature = 0, [(0, best_cost)], chosen.hot * first.schedule.arc_cost

    def over() -> bool:
        return stop(done, best_cost) >= 1

    with contextlib.suppress(KeyboardInterrupt):
        share = stop(0, best_cost)
        while share < 1:
            chains.run(states, Schedule(chosen.steps, temperature, 1.0, strings, longest), seeds)
            done += 1
            fittest = int(np.argmin(states.cost))
            if int(states.cost[fittest]) < least:
                least = int(states.cost[fittest])
                polished = descended(scan, arrays, routes_of(states, fittest), full=full, is_over=over)
                cost = int(states_of(arrays, polished, slots, 1).cost[0]) + left_out
                if cost < best_cost:
                    best, best_cost = _solution(polished, problem.clients), cost
                    trace.append((done, best_cost))
            share = stop(done, best_cost)
            colder = float(chosen.hot * first.schedule.arc_cost * (chosen.cold / chosen.hot) ** min(1.0, share))
            states = states.pick(resample(states.cost, 1.0 / colder - 1.0 / temperature, rng))
            temperature = colder
    if best.unassigned:
        best = Annealing.create(problem, instance, seed, RuinRecreateParams(), best).best()
    return Found(best, done, tuple(trace))


def resample(cost: IntArray, colder: float, rng: np.random.Generator) -> IntArray:
    """Return [M] which solutions live on, each in proportion to exp(-`colder` x cost), drawn systematically."""
    weight = np.exp(-colder * (cost - cost.min()).astype(np.float64))
    edges = np.cumsum(weight / weight.sum())
    marks = (np.arange(len(cost)) + rng.random()) / len(cost)
    chosen: IntArray = np.minimum(np.searchsorted(edges, marks), len(cost) - 1).astype(np.int64)
    return chosen


def _solution(routes: list[list[int]], clients: int) -> RoutingSolution:
    return RoutingSolution.create(((0, [node - 1 for node in stops]) for stops in routes), clients)


def _arrays(problem: RoutingProblem, neighbours: int, around: np.ndarray[Any, np.dtype[np.int32]]) -> ChainProblem:
    """Return the problem as the chains see it: without the instance's node for nowhere."""
    if problem.coordinates is None:
        raise ValueError("coordinates are needed")
    first = problem.depots + 1
    nearest = np.where(around[1:] >= first, around[1:] - 1, -1).astype(np.int32)
    return ChainProblem(
        points=np.ascontiguousarray(problem.coordinates, dtype=np.float64),
        scale=problem.scale,
        offset=0.5 if problem.rounding == "nearest" else 1e-9,
        demand=np.concatenate([[0], problem.delivery[:, 0]]).astype(np.int64),
        capacity=int(problem.vehicles.capacity[0, 0]),
        near=np.ascontiguousarray(nearest[:, 1 : neighbours + 1]),
        around=np.ascontiguousarray(nearest),
    )
