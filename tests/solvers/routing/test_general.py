"""The general solver against the judge: every mix of rules, the same cost to the last digit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_rich_problems import RULES, rich_problem

from solvers.routing import RoutingProblem, RoutingSolution, judge
from solvers.routing.general import search
from solvers.routing.general_instance import PRIZE, build_general_instance
from solvers.routing.stop import iterations


def missed_prizes(problem: RoutingProblem, solution: RoutingSolution) -> int:
    """What the solver charges for required clients that are left out; the judge charges optional ones only."""
    inst = build_general_instance(problem)
    out = [c for c in solution.unassigned if problem.required[c]]
    return sum(int(inst.stop[inst.first_client + c, PRIZE]) for c in out)


def assert_judge_agrees(problem: RoutingProblem, seed: int, budget: int = 15) -> None:
    found = search(problem, iterations(budget), seed)
    verdict = judge(problem, found.solution)
    assert {v.rule for v in verdict.violations} <= {"unassigned"}, verdict.violations
    assert verdict.cost + missed_prizes(problem, found.solution) == found.trace[-1][1]
    served = sorted(c for route in found.solution.routes for c in route.stops)
    assert sorted([*served, *found.solution.unassigned]) == list(range(problem.clients))


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_alone_and_the_judge_agrees_on_the_cost(rule: str) -> None:
    for seed in range(6):
        assert_judge_agrees(rich_problem(seed, 12, (rule,)), seed)


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 100_000), clients=st.integers(1, 20))
def test_any_mix_of_rules_and_the_judge_agrees_on_the_cost(seed: int, clients: int) -> None:
    assert_judge_agrees(rich_problem(seed, clients), seed)


def test_same_seed_same_answer() -> None:
    problem = rich_problem(3, 20)
    first, second = (search(problem, iterations(20), 5) for _ in range(2))
    assert (first.solution, first.trace) == (second.solution, second.trace)
    assert np.isfinite(first.trace[-1][1])
