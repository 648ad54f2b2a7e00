"""The exact solver against every permutation of every set of clients, each judged."""

from __future__ import annotations

import functools
import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solvers.routing import exact, registry, stop
from solvers.routing.evaluate import judge
from solvers.routing.problem import OPEN_END, RoutingProblem, VehicleTypes
from solvers.routing.set_partitioning import Column, choose_routes
from solvers.routing.solution import RoutingSolution

ENOUGH = stop.iterations(10**6)


@st.composite
def problems(draw):
    """Five clients, two vehicle types, any mixture of the rules."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    clients, nodes = 5, 7

    def sometimes(value, otherwise):
        return value if draw(st.booleans()) else otherwise

    opens = rng.integers(0, 120, clients)
    windows = np.stack([opens, opens + rng.integers(10, 150, clients)], axis=1)
    pickup = rng.integers(0, 6, clients)
    backhaul = sometimes(rng.random(clients) < 0.4, np.zeros(clients, dtype=bool))
    delivery = np.where(backhaul, 0, rng.integers(0, 8, clients))
    fleet = VehicleTypes.create(
        count=rng.integers(1, 3, 2),
        capacity=rng.integers(6, 20, (2, 1)),
        start_depot=[0, 1],
        end_depot=sometimes([0, 1], [1, OPEN_END]),
        fixed_cost=rng.integers(0, 60, 2),
        distance_cost=rng.integers(1, 4, 2),
        duration_cost=sometimes(rng.integers(0, 3, 2), 0),
        profile=[0, 1],
        shift=sometimes([[0, 400], [40, 330]], [[0, 10**6]] * 2),
        max_duration=sometimes(rng.integers(120, 300, 2), 10**6),
        max_distance=sometimes(rng.integers(100, 300, 2), 10**6),
        max_stops=sometimes([2, 4], 10**6),
        skills=[0, 1],
    )
    return RoutingProblem.create(
        depots=2,
        vehicles=fleet,
        distances=rng.integers(5, 70, (2, nodes, nodes)),
        durations=rng.integers(5, 70, (2, nodes, nodes)),
        delivery=delivery,
        pickup=np.where(backhaul, pickup + 1, sometimes(pickup, 0)),
        backhaul=backhaul,
        windows=sometimes(windows, (0, 10**6)),
        service=rng.integers(0, 10, clients),
        release=sometimes(rng.integers(0, 60, clients), 0),
        prize=rng.integers(0, 120, clients),
        required=sometimes(rng.random(clients) < 0.6, np.ones(clients, dtype=bool)),
        skills=sometimes(rng.integers(0, 2, clients), 0),
    )


def cheapest_by_permutation(problem):
    """Return (cost) of the cheapest solution that serves all required clients, inf if there is none."""
    kinds, clients = problem.vehicles.types, problem.clients
    best = {}
    for kind, size in itertools.product(range(kinds), range(1, clients + 1)):
        for group in itertools.combinations(range(clients), size):
            for order in itertools.permutations(group):
                verdict = judge(problem, RoutingSolution.create([(kind, order)], clients))
                if all(v.rule == "unassigned" for v in verdict.violations):
                    missed = sum(
                        int(problem.prize[c]) for c in range(clients) if c not in group and not problem.required[c]
                    )
                    key = (kind, frozenset(group))
                    best[key] = min(best.get(key, math.inf), verdict.cost - missed)

    @functools.cache
    def cover(left, used):
        if not left:
            return 0
        first = min(left)
        options = [math.inf if problem.required[first] else int(problem.prize[first]) + cover(left - {first}, used)]
        for (kind, group), cost in best.items():
            if first in group and group <= left and used[kind] < problem.vehicles.count[kind]:
                more = tuple(u + (k == kind) for k, u in enumerate(used))
                options.append(cost + cover(left - group, more))
        return min(options)

    return cover(frozenset(range(clients)), (0,) * kinds)


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
    problem = RoutingProblem.cvrp(rng.integers(0, 100, (13, 2)), rng.integers(1, 9, 12), 25)
    found = registry.solve(problem, stop.iterations(2), solver="exact")
    assert found.status != "optimal"
    assert found.cost >= registry.solve(problem, ENOUGH, solver="exact").cost or not found.feasible


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
