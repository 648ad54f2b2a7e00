"""Compiled solvers against the judge, brute force and the literature."""

from __future__ import annotations

import itertools
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_problems import random_problem

from solvers.routing import RoutingProblem, RoutingSolution, judge, solve, why_not
from solvers.routing.formats.reading import read_problem
from solvers.routing.instance import PRIZE, build_instance
from solvers.routing.registry import UnsupportedProblemError
from solvers.routing.stop import any_of, cpu_seconds, iterations, target

DATA = Path(__file__).parent / "data"
SOLVERS = ("ruin_recreate", "ant_colony", "genetic", "auto")
BUDGETS = {"ruin_recreate": 30, "ant_colony": 30, "genetic": 30, "auto": 100}


def missed_prizes(problem: RoutingProblem, solution: RoutingSolution) -> int:
    """What the solvers charge for required clients that are left out; the judge charges optional ones only."""
    instance = build_instance(problem)
    out = [c for c in solution.unassigned if problem.required[c]]
    return sum(int(instance.client[instance.first_client + c, PRIZE]) for c in out)


@pytest.mark.parametrize("solver", SOLVERS)
@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 10_000), clients=st.integers(1, 30))
def test_every_rule_is_kept_and_the_judge_agrees_on_the_cost(solver: str, seed: int, clients: int) -> None:
    problem = random_problem(seed, clients)
    if why_not(solver, problem) is not None:
        with pytest.raises(UnsupportedProblemError):
            solve(problem, iterations(1), solver=solver)
        return
    result = solve(problem, iterations(BUDGETS[solver]), seed, solver=solver)
    served = [c for route in result.solution.routes for c in route.clients]
    assert sorted([*served, *result.solution.unassigned]) == list(range(clients))
    assert result.cost + missed_prizes(problem, result.solution) == result.trace[-1][1]
    assert result.status == ("limit" if result.feasible else "partial")


@cache
def cheapest(coordinates: tuple[tuple[int, int], ...], demand: tuple[int, ...], capacity: int) -> int:
    """Return the optimum by enumerating all giant tours and all cuts."""
    problem = RoutingProblem.cvrp(np.array(coordinates), demand, capacity)
    best = 1 << 60
    for tour in itertools.permutations(range(len(demand))):
        for bits in range(1 << (len(demand) - 1)):
            routes: list[list[int]] = [[tour[0]]]
            for k in range(1, len(tour)):
                if bits >> (k - 1) & 1:
                    routes.append([])
                routes[-1].append(tour[k])
            if all(sum(demand[c] for c in route) <= capacity for route in routes):
                answer = RoutingSolution.create([(0, route) for route in routes], len(demand))
                best = min(best, judge(problem, answer).cost)
        if tour[0] > 0:
            break  # every route order occurs with client 0 in the first route
    return best


@pytest.mark.parametrize("solver", SOLVERS)
def test_small_cases_are_solved_to_the_optimum(solver: str) -> None:
    rng = np.random.default_rng(5)
    coordinates = tuple((int(x), int(y)) for x, y in rng.integers(0, 100, (6, 2)))
    demand = tuple(int(q) for q in rng.integers(1, 6, 5))
    problem = RoutingProblem.cvrp(np.array(coordinates), demand, 8)
    assert solve(problem, iterations(60), 1, solver=solver).cost == cheapest(coordinates, demand, 8)


@pytest.mark.parametrize("solver", SOLVERS)
def test_same_seed_same_answer(solver: str) -> None:
    problem = random_problem(3, 30, backhauls=False)
    if why_not(solver, problem) is not None:
        problem = RoutingProblem.cvrp(np.random.default_rng(3).integers(0, 99, (31, 2)), [3] * 30, 10)
    one, other = (solve(problem, iterations(40), 11, solver=solver) for _ in range(2))
    assert one.solution == other.solution
    assert one.trace == other.trace


def test_one_impossible_stop_does_not_cost_the_rest_its_answer() -> None:
    problem = RoutingProblem.cvrp(np.random.default_rng(0).integers(0, 99, (21, 2)), [3] * 19 + [11], 10)
    for solver in SOLVERS:
        result = solve(problem, iterations(30), solver=solver)
        assert result.status == "partial"
        assert result.solution.unassigned == (19,)


def test_a_start_is_never_made_worse() -> None:
    problem = random_problem(8, 25)
    first = solve(problem, iterations(20), 1, solver="ruin_recreate")
    again = solve(problem, iterations(1), 2, solver="ruin_recreate", start=first.solution)
    lost = [missed_prizes(problem, r.solution) for r in (first, again)]
    assert again.cost + lost[1] <= first.cost + lost[0]


def test_a_target_ends_the_search() -> None:
    problem = RoutingProblem.cvrp(np.random.default_rng(1).integers(0, 99, (31, 2)), [3] * 30, 10)
    good = solve(problem, iterations(50), 1, solver="ruin_recreate").cost
    result = solve(problem, any_of(iterations(10_000), target(good), cpu_seconds(60)), 2, solver="ruin_recreate")
    assert result.status == "target"
    assert result.iterations < 10_000


@pytest.mark.parametrize(
    ("name", "solver", "budget", "best_known", "bound"),
    [
        # Uchoa et al. 2017, CVRPLIB: optimum 27591
        ("X-n101-k25", "ruin_recreate", 2_000, 27591, 0.02),
        ("X-n101-k25", "ant_colony", 2_000, 27591, 0.02),
        ("X-n101-k25", "genetic", 300, 27591, 0.02),
        # Solomon 1987, optimum 827.3 with distances truncated to one decimal
        ("C101", "ruin_recreate", 300, 8273, 0.01),
        ("C101", "genetic", 60, 8273, 0.01),
    ],
)
def test_literature(name: str, solver: str, budget: int, best_known: int, bound: float) -> None:
    problem = read_problem(DATA / f"{name}.vrp").problem
    result = solve(problem, iterations(budget), 1, solver=solver)
    assert result.feasible
    assert best_known <= result.cost <= best_known * (1 + bound)
