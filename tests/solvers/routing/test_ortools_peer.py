"""OR-Tools as a peer: every rule of the problem reaches it, and the judge agrees."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from routing_problems import problems

from solvers.routing import ortools, registry, stop
from solvers.routing.problem import RoutingProblem, VehicleTypes
from solvers.routing.solution import RoutingSolution

BUDGET = stop.iterations(50)


@settings(max_examples=25)
@given(problem=problems())
def test_rules_are_kept_and_no_optimum_is_beaten(problem):
    if ortools.supports(problem) is not None:
        return
    found = registry.solve(problem, BUDGET, solver="ortools")  # the judge raises where a rule is broken
    best = registry.solve(problem, stop.iterations(10**6), solver="exact")
    if found.feasible:
        assert best.status == "optimal"
        assert found.cost >= best.cost


def test_same_seed_same_answer_and_a_start_is_used():
    rng = np.random.default_rng(2)
    problem = RoutingProblem.cvrp(rng.integers(0, 1000, (41, 2)), rng.integers(1, 30, 40), 100)
    one = registry.solve(problem, BUDGET, 5, solver="ortools")
    assert registry.solve(problem, BUDGET, 5, solver="ortools").solution == one.solution
    again = registry.solve(problem, stop.iterations(1), 5, solver="ortools", start=one.solution)
    assert again.cost <= one.cost


def test_several_windows_and_optional_clients():
    fleet = VehicleTypes.create(count=1, capacity=[[9]])
    problem = RoutingProblem.create(
        depots=1, vehicles=fleet, coordinates=[[0, 0], [10, 0], [0, 90]], delivery=[1, 1],
        windows=[[[0, 5], [50, 60]], [[0, 999], [0, 999]]], required=[True, False], prize=[0, 20],
    )  # fmt: skip
    found = registry.solve(problem, BUDGET, solver="ortools")
    assert found.solution == RoutingSolution.create([(0, (0,))], 2)
    assert found.cost == 20 + 20


def test_what_cannot_be_served_is_left_out():
    fleet = VehicleTypes.create(count=2, capacity=[[5]])
    problem = RoutingProblem.create(depots=1, vehicles=fleet, coordinates=[[0, 0], [1, 0], [2, 0]], delivery=[1, 6])
    found = registry.solve(problem, BUDGET, solver="ortools")
    assert (found.status, found.solution.unassigned) == ("partial", (1,))
    empty = RoutingProblem.create(depots=1, vehicles=fleet, coordinates=[[0, 0]], delivery=np.zeros((0, 1)))
    assert registry.solve(empty, BUDGET, solver="ortools").cost == 0


def test_what_it_does_not_take():
    fleet = VehicleTypes.create(count=1, capacity=[[5]])
    problem = RoutingProblem.create(depots=1, vehicles=fleet, coordinates=[[0, 0], [1, 0]], delivery=[1], release=5)
    with pytest.raises(registry.UnsupportedProblemError, match="release times"):
        registry.solve(problem, BUDGET, solver="ortools")


def test_the_clock_ends_it():
    rng = np.random.default_rng(2)
    problem = RoutingProblem.cvrp(rng.integers(0, 1000, (31, 2)), rng.integers(1, 30, 30), 100)
    found = registry.solve(problem, stop.wall_seconds(0.3), solver="ortools")
    assert found.feasible
    assert found.seconds < 5
