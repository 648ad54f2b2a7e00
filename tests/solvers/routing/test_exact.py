"""The exact solver against every permutation of every set of clients, each judged."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from routing_problems import cheapest_by_permutation, problems

from solvers.routing import exact, registry, stop
from solvers.routing.problem import RoutingProblem, VehicleTypes
from solvers.routing.set_partitioning import Column, choose_routes

ENOUGH = stop.iterations(10**6)


@settings(max_examples=40)
@given(problem=problems())
def test_equal_to_all_permutations(problem):
    expected = cheapest_by_permutation(problem)
    found = registry.solve(problem, ENOUGH, solver="exact")
    if math.isfinite(expected):
        assert found.status == "optimal"
        assert found.cost == expected
    else:
        assert found.status == "partial"


def test_a_known_optimum():
    """Eight stops on a line, four to a vehicle: 2 x (40 + 80)."""
    problem = RoutingProblem.cvrp([[0, 0], *([x, 0] for x in range(10, 90, 10))], [1] * 8, 4)
    found = registry.solve(problem, ENOUGH, solver="exact")
    assert (found.cost, found.status) == (240, "optimal")


def test_priorities_decide_who_is_left_out():
    fleet = VehicleTypes.create(count=1, capacity=[[2]])
    problem = RoutingProblem.create(
        depots=1, vehicles=fleet, coordinates=[[0, 0], [9, 0], [1, 0], [5, 0]], delivery=[1, 1, 1], priority=[3, 0, 1]
    )
    found = registry.solve(problem, ENOUGH, solver="exact")
    assert found.status == "partial"
    assert found.solution.unassigned == (1,)


def test_a_budget_that_ends_early_gives_an_answer_without_proof():
    rng = np.random.default_rng(1)
    problem = RoutingProblem.cvrp(rng.integers(0, 100, (11, 2)), rng.integers(1, 9, 10), 25)
    found = registry.solve(problem, stop.iterations(2), solver="exact")
    assert found.status == "limit"
    assert found.feasible
    assert found.cost >= registry.solve(problem, ENOUGH, solver="exact").cost


def test_what_it_does_not_take(monkeypatch):
    big = RoutingProblem.cvrp(np.zeros((62, 2)), np.ones(61), 5)
    with pytest.raises(registry.UnsupportedProblemError, match="61 clients are above 60"):
        registry.solve(big, ENOUGH, solver="exact")
    reload = VehicleTypes.create(count=1, capacity=[[5]], max_reloads=1)
    problem = RoutingProblem.create(depots=1, vehicles=reload, coordinates=np.zeros((2, 2)), delivery=[1])
    assert exact.supports(problem) == "exact does not know reloads"
    monkeypatch.setattr(exact, "MOST_LABELS", 50)
    wide = RoutingProblem.cvrp(np.random.default_rng(0).integers(0, 99, (11, 2)), np.ones(10), 10)
    with pytest.raises(registry.UnsupportedProblemError, match="more than 50 partial routes"):
        registry.solve(wide, ENOUGH, solver="exact")


def test_set_partitioning_alone():
    columns = [Column(0, (0, 1), 10), Column(0, (2,), 4), Column(0, (0,), 3), Column(0, (1, 2), 12)]
    choice = choose_routes(columns, 3, np.array([2]))
    assert (choice.columns, choice.optimal) == ((0, 1), True)
    assert choose_routes(columns, 3, np.array([1])) is None
    left_out = choose_routes(columns, 3, np.array([1]), np.array([-1, -1, 6]))
    assert left_out.columns == (0,)


def test_set_partitioning_below_a_known_cost():
    rng = np.random.default_rng(3)
    columns = [Column(0, tuple(range(a, b)), int(rng.integers(5, 50))) for a in range(9) for b in range(a + 1, 10)]
    best = choose_routes(columns, 9, np.array([9]))
    singles = [k for k, column in enumerate(columns) if len(column.clients) == 1]
    better = choose_routes(columns, 9, np.array([9]), known=singles)
    cost = sum(columns[k].cost for k in best.columns)
    assert sum(columns[k].cost for k in better.columns) == cost < sum(columns[k].cost for k in singles)
    assert choose_routes(columns, 9, np.array([9]), known=best.columns) is None
