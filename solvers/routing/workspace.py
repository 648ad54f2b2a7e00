"""Scratch arrays of the compiled solvers, made once per solve."""

from __future__ import annotations

import numpy as np

from solvers.routing.annealing_kernels import fill_routes
from solvers.routing.instance import (
    CAPACITY,
    EARLY,
    LATE,
    PRIZE,
    RELOADED,
    START,
    Instance,
    distances_between,
)
from solvers.routing.kernel_types import FloatArray
from solvers.routing.problem import RoutingProblem
from solvers.routing.ruin_kernels import Workspace
from solvers.routing.solution import RELOAD, RoutingSolution
from solvers.routing.state import DURATION, GOOD, KIND, RELEASED, State, empty_state, routes_of


def make_workspace(problem: RoutingProblem, instance: Instance, state: State, seed: int) -> Workspace:
    """Return fresh scratch arrays with random numbers that follow from `seed`."""
    nodes, routes = len(instance.client), len(state.route)
    random = np.random.SeedSequence(seed).generate_state(1, np.uint64) | np.uint64(1)
    counter = np.zeros(8, np.int64)
    counter[4] = 100
    return Workspace(
        random=random,
        counter=counter,
        removed=np.zeros(nodes, np.int32),
        touched=np.zeros(routes, np.int64),
        gap=np.zeros(routes, np.int64),
        stamp=np.zeros(nodes + routes, np.int64),
        log=np.zeros((3 * nodes + 4 * routes + 16, 5), np.int32),
        keys=sort_keys(problem, instance),
        sorting=np.zeros(nodes),
        clock=state.clock.copy(),
        timing=state.route[:, [DURATION, RELEASED, GOOD]].copy(),
        left=np.zeros(routes, np.int64),
        is_left=np.zeros(routes, np.int64),
        best_next=np.full(nodes, -1, np.int32),
        best_first=np.full(routes, -1, np.int64),
        best_kind=state.route[:, KIND].copy(),
        best_chain=np.full((routes, 2), -1, np.int64),
        best_cost=np.full(1, int(instance.client[:, PRIZE].sum()) + 1, np.int64),
    )


def sort_keys(problem: RoutingProblem, instance: Instance) -> FloatArray:
    """Return [N, 6] the sort keys of reinsertion, smallest first."""
    starts = np.unique(instance.vehicle[:, START])
    away = distances_between(problem, instance, starts, 0).min(axis=0)
    amount, client = instance.amount, instance.client
    largest = np.maximum(1, instance.vehicle[:, CAPACITY:].max(axis=0))
    dimensions = len(largest)
    share = np.maximum(amount[:, :dimensions], amount[:, dimensions:]) / largest
    columns = (-share.max(axis=1), -away, away, client[:, LATE] - client[:, EARLY], client[:, EARLY], -client[:, LATE])
    return np.ascontiguousarray(np.stack(columns, axis=1), dtype=np.float64)


def best_solution(instance: Instance, work: Workspace) -> RoutingSolution:
    """Return the best solution known to `work`."""
    chains = work.best_chain if instance.features & RELOADED else None
    return routes_of(instance, work.best_next, work.best_first, work.best_kind, chains)


def reset(instance: Instance, state: State, work: Workspace) -> None:
    """Empty the state and forget the best solution, so that `put_solution` can start again."""
    for name, fresh in empty_state(instance)._asdict().items():
        getattr(state, name)[:] = fresh
    work.timing[:] = 0, 0, 1
    work.best_first[:] = -1
    work.best_cost[0] = int(instance.client[:, PRIZE].sum()) + 1


def put_solution(instance: Instance, state: State, work: Workspace, solution: RoutingSolution) -> None:
    """Put the routes of `solution` into the empty `state`; a client that breaks a rule there stays unassigned."""
    trips: list[list[int]] = []
    for route in solution.routes:
        trips.append([route.vehicle_type, 0])
        for client in route.clients:
            if client == RELOAD:
                trips.append([route.vehicle_type, 1])
            else:
                trips[-1].append(client + instance.first_client)
    tours = np.full((max(1, len(trips)), max((len(trip) for trip in trips), default=2) + 1), -1, np.int64)
    tours[:, 0] = 0
    for number, trip in enumerate(trips):
        tours[number, : len(trip)] = trip
    fill_routes(instance, state, work, tours)
