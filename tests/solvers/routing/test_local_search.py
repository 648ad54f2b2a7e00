"""Split and local search on penalised routes."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from random_problems import random_problem

from solvers.routing import RoutingProblem
from solvers.routing.crossover import order_crossover
from solvers.routing.genetic import supports
from solvers.routing.instance import build_instance
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


def test_order_crossover_keeps_every_client_once() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        one, other = rng.permutation(12).astype(np.int32), rng.permutation(12).astype(np.int32)
        assert sorted(order_crossover(rng, one, other).tolist()) == list(range(12))
