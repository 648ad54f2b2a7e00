"""Clients numbered along a curve: the same problem under other names."""

from __future__ import annotations

import numpy as np
import pytest
from random_problems import random_problem

from solvers.routing import RoutingProblem, judge, registry
from solvers.routing.relabel import curve_order, renamed
from solvers.routing.stop import iterations
from solvers.routing.subproblem import part_of


@pytest.mark.parametrize("seed", range(8))
def test_an_answer_costs_the_same_under_other_names(seed: int) -> None:
    problem = random_problem(seed, 20)
    order = curve_order(problem)
    assert sorted(order.tolist()) == list(range(20))
    found = registry.solve(part_of(problem, order), iterations(20), 1, solver="ruin_recreate")
    assert judge(problem, renamed(found.solution, order)).cost == found.cost
    back = renamed(renamed(found.solution, order), np.argsort(order))
    assert back == found.solution


def test_the_curve_visits_cells_in_steps_of_one() -> None:
    corners = [[0, 0], [3, 0], [0, 3], [3, 3]]
    grid = [[x, y] for x in range(4) for y in range(4)]
    problem = RoutingProblem.cvrp([corners[0], *grid], [1] * 16, 16)
    way = np.array(grid)[curve_order(problem)]
    assert (np.abs(np.diff(way, axis=0)).sum(axis=1) == 1).all()


def test_large_problems_are_solved_along_the_curve(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "CURVED_CLIENTS", 10)
    problem = RoutingProblem.cvrp(np.random.default_rng(3).integers(0, 99, (41, 2)), [2] * 40, 10)
    found = registry.solve(problem, iterations(100), 5, solver="ruin_recreate")
    assert found.feasible
    assert found.cost == found.trace[-1][1]
    again = registry.solve(problem, iterations(1), 6, solver="ruin_recreate", start=found.solution)
    assert again.cost <= found.cost
