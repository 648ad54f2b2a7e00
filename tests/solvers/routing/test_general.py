"""The general solver against the judge: every mix of rules, the same cost to the last digit."""

from __future__ import annotations

import itertools
import math
from functools import cache

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_rich_problems import RULES, rich_problem

from solvers.routing import Route, RoutingProblem, RoutingSolution, general_regions, judge
from solvers.routing.general import search
from solvers.routing.general_annealing_kernels import anneal_rows
from solvers.routing.general_instance import PRIZE, build_general_instance
from solvers.routing.leftovers import _with_breaks
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


def cheapest(problem: RoutingProblem) -> float:
    """Return the cost of the cheapest solution by trying every order on every vehicle, breaks in every place."""
    everyone = range(problem.clients)
    costs: dict[tuple[int, frozenset[int]], int] = {}
    for kind, size in itertools.product(range(problem.vehicles.types), range(1, problem.clients + 1)):
        for order in itertools.permutations(everyone, size):
            for row in _with_breaks(problem, kind, order):
                out = tuple(c for c in everyone if c not in order)
                verdict = judge(problem, RoutingSolution((Route(kind, row),), out))
                if {v.rule for v in verdict.violations} <= {"unassigned"}:
                    missed = sum(int(problem.prize[c]) for c in out if not problem.required[c])
                    key = kind, frozenset(order)
                    costs[key] = min(costs.get(key, 1 << 60), verdict.cost - missed)

    @cache
    def cover(left: frozenset[int], used: tuple[int, ...]) -> float:
        if not left:
            return 0
        first = min(left)
        best = math.inf if problem.required[first] else int(problem.prize[first]) + cover(left - {first}, used)
        for (kind, group), cost in costs.items():
            if first in group and group <= left and used[kind] < problem.vehicles.count[kind]:
                best = min(best, cost + cover(left - group, tuple(u + (k == kind) for k, u in enumerate(used))))
        return best

    return cover(frozenset(everyone), (0,) * problem.vehicles.types)


SEPARABLE = tuple(rule for rule in RULES if rule not in {"balance", "pinned", "reloads"})


@pytest.mark.parametrize("seed", range(12))
def test_no_optimum_is_beaten_and_most_are_found(seed: int) -> None:
    """Costs of duration follow the departure of the earliest end, so only without them is the optimum sure."""
    rules = tuple(np.random.default_rng(seed).choice(SEPARABLE, 6, replace=False).tolist())
    problem = rich_problem(seed, 3 if "breaks" in rules else 4, rules)
    found = search(problem, iterations(40), seed)
    best = cheapest(problem)
    cost = (
        judge(problem, found.solution).cost
        if not any(problem.required[c] for c in found.solution.unassigned)
        else math.inf
    )
    assert cost >= best
    if not {"duration_cost", "overtime", "breaks", "speeds", "limits", "windows"} & set(rules):
        assert cost == best


def test_same_seed_same_answer() -> None:
    problem = rich_problem(3, 20)
    first, second = (search(problem, iterations(20), 5) for _ in range(2))
    assert (first.solution, first.trace) == (second.solution, second.trace)
    assert np.isfinite(first.trace[-1][1])


def test_kernels_are_compiled_once_for_all_problems() -> None:
    """To Numba an array that cannot be written to is of a type of its own, and all kernels compile anew for it."""
    for rules in (("breaks", "max_load"), ("windows", "speeds", "setup", "own_times"), ("pairs", "arcs", "skills")):
        search(rich_problem(1, 8, rules), iterations(1), 1)
    assert len(anneal_rows.signatures) == 1


@pytest.mark.parametrize("seed", [0, 1, 4, 5])
def test_regions_keep_the_rules_whatever_the_threads(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(general_regions, "REGIONAL_CLIENTS", 20)
    monkeypatch.setattr(general_regions, "FEWEST_ROUTES", 2)
    rules = tuple(set(RULES) - {"pinned", "balance"} - set(np.random.default_rng(seed).choice(RULES, 12).tolist()))
    problem = rich_problem(seed, 30, rules)
    one, two = (search(problem, iterations(40), seed, threads=threads) for threads in (1, 2))
    assert (one.solution, one.trace) == (two.solution, two.trace)
    verdict = judge(problem, one.solution)
    assert {v.rule for v in verdict.violations} <= {"unassigned"}
    assert one.trace[-1][1] == verdict.cost + missed_prizes(problem, one.solution)
    assert one.trace[-1][1] < one.trace[0][1]
