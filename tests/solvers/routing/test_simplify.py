"""A problem said in fewer rules: every solution costs the same and is as feasible."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from random_rich_problems import rich_problem

from solvers.routing import UNBOUNDED, RoutingProblem, RoutingSolution, judge
from solvers.routing.simplify import simplified, special_rules

SAID_OTHERWISE = ("driving", "service_cost", "arcs", "overtime", "limits", "optional", "skills", "duration_cost")


def solutions(problem: RoutingProblem, rng: np.random.Generator) -> list[RoutingSolution]:
    """Five random ones, feasible or not."""
    found = []
    for _ in range(5):
        order, cut = rng.permutation(problem.clients).tolist(), int(rng.integers(1, problem.clients))
        kinds = rng.integers(0, problem.vehicles.types, 2)
        found.append(
            RoutingSolution.create([(int(kinds[0]), order[:cut]), (int(kinds[1]), order[cut:])], problem.clients)
        )
    return found


@pytest.mark.parametrize("seed", range(30))
def test_every_solution_costs_the_same_and_is_as_feasible(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rules = tuple(rng.choice(SAID_OTHERWISE, 4, replace=False).tolist())
    problem = rich_problem(seed, 8, rules)
    fleet = problem.vehicles
    if seed % 2:  # time at the wheel can be limited by distance where distance is time
        problem = replace(problem, distances=problem.durations)
    if seed % 3:
        problem = replace(problem, vehicles=replace(fleet, max_driving=np.full(fleet.types, UNBOUNDED)))
    problem = replace(problem, setup=rng.integers(0, 9, 8))
    simple = simplified(problem)
    assert "setup times at shared places" not in special_rules(simple)
    for solution in solutions(problem, rng):
        before, after = judge(problem, solution), judge(simple, solution)
        assert (before.cost, before.feasible) == (after.cost, after.feasible)


def test_travel_time_charged_and_limited_becomes_distance() -> None:
    """VROOM's usual file: nothing but what the fast kernels know is left."""
    rng = np.random.default_rng(1)
    seconds = rng.integers(1, 99, (5, 5))
    problem = rich_problem(1, 3, ())
    fleet = replace(
        problem.vehicles,
        driving_cost=np.full(problem.vehicles.types, 7),
        distance_cost=np.zeros(problem.vehicles.types, np.int64),
        max_driving=np.full(problem.vehicles.types, 250),
    )
    nodes = problem.nodes
    simple = simplified(replace(problem, durations=np.stack([seconds[:nodes, :nodes]] * 2), vehicles=fleet))
    assert special_rules(simple) == []
    assert (simple.vehicles.max_distance == 250).all()
    assert (simple.distances == seconds[:nodes, :nodes]).all()


def test_what_is_simple_already_stays() -> None:
    problem = RoutingProblem.cvrp([[0, 0], [0, 1], [1, 0]], [1, 1], 2)
    assert simplified(problem) is problem
