"""Split and local search on penalised routes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import pytest
from random_problems import random_problem

from solvers.routing import RoutingProblem, VehicleTypes
from solvers.routing.crossover import order_crossover
from solvers.routing.genetic import supports
from solvers.routing.instance import build_instance
from solvers.routing.kernel_types import Int32Array
from solvers.routing.local_search_kernels import educate
from solvers.routing.plan import SIZE, make_plan
from solvers.routing.ruin_recreate import Annealing, RuinRecreateParams
from solvers.routing.split_kernels import split


def straight(problem: RoutingProblem, order: tuple[int, ...], bits: int, weight: float, capacity: int) -> float:
    """Price the cut of `order` given by `bits` with plain arithmetic."""
    assert problem.coordinates is not None
    routes: list[list[int]] = [[order[0]]]
    for k in range(1, len(order)):
        if bits >> (k - 1) & 1:
            routes.append([])
        routes[-1].append(order[k])
    total = 0.0
    for route in routes:
        stops = [0, *(c + 1 for c in route), 0]
        for a, b in itertools.pairwise(stops):
            total += int(np.hypot(*(problem.coordinates[a] - problem.coordinates[b])) + 0.5)
        load = int(problem.delivery[route, 0].sum())
        if load > 1.5 * capacity and len(route) > 1:
            return float("inf")
        total += weight * max(0, load - capacity)
    return total


@pytest.mark.parametrize("seed", range(5))
def test_split_is_the_cheapest_of_all_cuts(seed: int) -> None:
    rng = np.random.default_rng(seed)
    problem = RoutingProblem.cvrp(rng.integers(0, 100, (8, 2)), rng.integers(1, 6, 7), 8)
    instance = build_instance(problem)
    plan = make_plan(instance, seed)
    plan.weight[:] = 3.0
    order = rng.permutation(7)
    following, firsts = np.zeros(len(instance.client), np.int32), np.zeros(len(plan.tour), np.int64)
    tour = (order + instance.first_client).astype(np.int32)
    cost = split(instance, plan, tour, np.zeros(8), np.zeros(8, np.int64), following, firsts)
    every = [straight(problem, tuple(order), bits, 3.0, 8) for bits in range(1 << 6)]
    assert cost == pytest.approx(min(every))


@pytest.mark.parametrize("seed", range(30))
def test_local_search_never_worsens_and_prices_as_from_scratch(seed: int) -> None:
    problem = random_problem(seed, 25)
    if supports(problem) is not None:
        problem = RoutingProblem.cvrp(np.random.default_rng(seed).integers(0, 99, (26, 2)), [3] * 25, 10)
    instance = build_instance(problem)
    chain = Annealing.create(problem, instance, seed, RuinRecreateParams())
    plan = make_plan(instance, seed)
    plan.weight[:] = 1e7
    following, firsts = chain.work.best_next.copy(), chain.work.best_first.copy()
    cost = educate(instance, plan, following, firsts)
    assert cost <= chain.best_cost + 1e-6
    again = educate(instance, make_plan(instance, seed + 1)._replace(weight=plan.weight.copy()), following, firsts)
    assert again <= cost + 1e-6
    assert plan.tour[:, SIZE].sum() <= problem.clients


@pytest.mark.parametrize("seed", range(20))
def test_alike_vehicles_reach_a_local_optimum_priced_as_from_scratch(seed: int) -> None:
    """Nobody is better off elsewhere, and the cost is that of plain arithmetic; even seeds have one-way distances."""
    rng = np.random.default_rng(seed)
    count, capacity, price, fixed = 12, np.array([10, 12]), 7.0, 40
    demand = rng.integers(1, 7, (count, 2))
    distances = rng.integers(5, 100, (count + 1, count + 1))
    if seed % 2:
        distances = np.maximum(distances, distances.T)
    vehicles = VehicleTypes.create(count=count, capacity=[capacity], fixed_cost=fixed, distance_cost=2, max_stops=5)
    problem = RoutingProblem.create(depots=1, vehicles=vehicles, delivery=demand, distances=distances[None])
    instance = build_instance(problem)
    first = instance.first_client
    plan = make_plan(instance, seed)
    plan.weight[:] = price
    following, firsts = np.full(len(instance.client), -1, np.int32), np.full(len(plan.tour), -1, np.int64)
    for slot, stops in enumerate(np.split(rng.permutation(count), 4)):
        firsts[slot] = stops[0] + first
        following[stops[:-1] + first] = stops[1:] + first
    cost = educate(instance, plan, following, firsts)

    def route_cost(stops: list[int]) -> float:
        if not stops:
            return 0.0
        around = [0, *(c + 1 for c in stops), 0]
        length = sum(int(distances[a, b]) for a, b in itertools.pairwise(around))
        return fixed + 2 * length + price * float(np.maximum(0, demand[stops].sum(axis=0) - capacity).sum())

    routes = [[c - first for c in walk(following, int(start), first)] for start in firsts if start >= first]
    assert sorted(c for stops in routes for c in stops) == list(range(count))
    assert max(len(stops) for stops in routes) <= 5
    assert cost == pytest.approx(sum(map(route_cost, routes)))
    for source, target in itertools.product(range(len(routes)), repeat=2):
        for client in routes[source]:
            left = [c for c in routes[source] if c != client]
            base = left if source == target else routes[target]
            if source != target and len(base) == 5:
                continue
            before = route_cost(routes[source]) + (0.0 if source == target else route_cost(base))
            # next to a client: in front of the first, or behind any
            for place in range(1, len(base) + 1) if source == target else range(len(base) + 1):
                after = route_cost([*base[:place], client, *base[place:]])
                after += 0.0 if source == target else route_cost(left)
                assert after >= before - 1e-6


def walk(following: Int32Array, start: int, first: int) -> Iterator[int]:
    """Yield the nodes of a route."""
    while start >= first:
        yield start
        start = int(following[start])


def test_order_crossover_keeps_every_client_once() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        one, other = rng.permutation(12).astype(np.int32), rng.permutation(12).astype(np.int32)
        assert sorted(order_crossover(rng, one, other).tolist()) == list(range(12))
