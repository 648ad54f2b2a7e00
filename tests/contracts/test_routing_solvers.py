"""One contract for every routing solver: rules kept, no optimum beaten, same seed same answer, Ctrl-C and starts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from routing_problems import classic_problems, problems

from solvers.routing import registry, stop
from solvers.routing.evaluate import judge
from solvers.routing.problem import RoutingProblem, VehicleTypes


def budget(solver):
    """An iteration of population annealing is 64 chains of 200 steps."""
    return stop.iterations(5 if solver == "population_annealing" else 60)


@pytest.fixture(params=registry.SOLVERS)
def solver(request):
    reason = registry.why_not(request.param)
    if reason is not None:
        pytest.skip(reason)
    return request.param


def cvrp(stops=30, seed=2):
    rng = np.random.default_rng(seed)
    return RoutingProblem.cvrp(rng.integers(0, 1000, (stops + 1, 2)), rng.integers(10, 30, stops), 60)


@pytest.mark.parametrize("name", registry.SOLVERS)
@settings(max_examples=8)
@given(problem=st.one_of(classic_problems(), problems()))
def test_rules_are_kept_and_no_optimum_is_beaten(name, problem):
    assume(registry.why_not(name, problem) is None)
    found = registry.solve(problem, budget(name), 1, solver=name)
    verdict = judge(problem, found.solution)
    assert found.cost == verdict.cost
    assert {v.rule for v in verdict.violations} <= {"unassigned"}
    best = registry.solve(problem, stop.iterations(10**6), solver="exact")
    if found.feasible:
        assert best.status == "optimal"
        assert found.cost >= best.cost


def test_every_stop_is_served_once(solver):
    problem = cvrp()
    found = registry.solve(problem, budget(solver), 1, solver=solver)
    assert sorted(client for route in found.solution.routes for client in route.clients) == list(range(30))
    assert found.feasible
    assert found.status in {"limit", "optimal"}


def test_same_seed_same_answer(solver):
    problem = cvrp()
    first, second = (registry.solve(problem, budget(solver), 7, solver=solver) for _ in range(2))
    assert first.solution == second.solution
    assert (first.cost, first.iterations, first.trace) == (second.cost, second.iterations, second.trace)


def test_a_start_is_never_made_worse(solver):
    problem = cvrp()
    start = registry.solve(problem, stop.iterations(2000), 3, solver="ruin_recreate")
    again = registry.solve(problem, stop.iterations(1), 4, solver=solver, start=start.solution)
    assert again.cost <= start.cost


def test_one_impossible_stop_costs_the_rest_nothing(solver):
    fleet = VehicleTypes.create(count=2, capacity=[[5]])
    problem = RoutingProblem.create(
        depots=1, vehicles=fleet, coordinates=[[0, 0], [1, 0], [2, 0], [3, 0]], delivery=[1, 6, 2]
    )
    found = registry.solve(problem, budget(solver), 1, solver=solver)
    assert (found.status, found.solution.unassigned) == ("partial", (1,))


def test_the_clock_ends_the_search(solver):
    registry.solve(cvrp(), stop.iterations(1), 1, solver=solver)  # compiled kernels are no part of the budget
    found = registry.solve(cvrp(), stop.any_of(stop.wall_seconds(0.3), stop.iterations(10**9)), 1, solver=solver)
    assert found.feasible
    assert found.seconds < 3 or found.status == "optimal"


def test_unknown_and_unfit_solvers_are_refused():
    with pytest.raises(registry.UnsupportedProblemError, match="there is no routing solver 'simplex'; there are auto"):
        registry.solve(cvrp(), budget("simplex"), solver="simplex")
