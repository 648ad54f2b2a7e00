"""Ruin and recreate in regions: costs kept exactly, one answer for any number of threads, savings as a start."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solvers.routing import RoutingProblem, VehicleTypes, judge, registry
from solvers.routing.instance import build_instance
from solvers.routing.region import COSTS, OVERLOAD, is_plain, make_plain
from solvers.routing.regional_annealing import Regional, first_tours
from solvers.routing.ruin_recreate import RuinRecreateParams
from solvers.routing.state import routes_of
from solvers.routing.stop import iterations, wall_seconds


def plain_problem(seed: int, clients: int, *, matrix: bool = False, open_routes: bool = False) -> RoutingProblem:
    rng = np.random.default_rng(seed)
    points = rng.integers(0, 500, (clients + 1, 2))
    problem = RoutingProblem.cvrp(points, rng.integers(1, 30, clients), 90)
    fleet = VehicleTypes.create(
        count=clients,
        capacity=np.array([[90, 400]]),
        fixed_cost=int(rng.integers(0, 300)),
        distance_cost=int(rng.integers(1, 4)),
        end_depot=-1 if open_routes else 0,
    )
    delivery = np.column_stack([problem.delivery, rng.integers(0, 100, clients)])
    distances = None
    if matrix:
        distances = rng.integers(1, 900, (clients + 1, clients + 1))
        distances = np.triu(distances, 1) + np.triu(distances, 1).T
    return RoutingProblem.create(
        depots=1,
        vehicles=fleet,
        delivery=delivery,
        coordinates=None if matrix else points,
        distances=distances,
    )


@settings(max_examples=20)
@given(st.integers(0, 1000), st.integers(1, 60), st.booleans(), st.booleans())
def test_costs_are_kept_to_the_last_digit(seed: int, clients: int, matrix: bool, open_routes: bool) -> None:
    problem = plain_problem(seed, clients, matrix=matrix, open_routes=open_routes)
    instance = build_instance(problem, 12)
    assert is_plain(problem, instance)
    plain = make_plain(problem, instance)
    tours = first_tours(plain, instance, None)
    assert tours is not None
    regional = Regional.create(instance, plain, tours, seed, None, 0.01, 6.0, 1)
    before = regional.best_cost
    assert before == judge(problem, regional.best()).cost
    for share in (0.0, 0.5, 0.9):
        regional.run(200, share, share + 0.1)
        verdict = judge(problem, regional.best())
        assert verdict.feasible
        assert verdict.cost == regional.best_cost <= before
        counter, firsts = regional.regions[0].counter, regional.current.firsts
        current = routes_of(instance, regional.current.following, firsts, np.zeros(len(firsts), np.int64))
        assert judge(problem, current).cost == counter[COSTS] - counter[OVERLOAD]


def test_a_route_that_leads_far_away_takes_along_a_client_it_passes() -> None:
    # 11 clients near the depot, 9 far behind them, none of which is near: two vehicles of 10 suffice
    points = [[0, 0]] + [[20, k] for k in range(11)] + [[200, k] for k in range(9)]
    problem = RoutingProblem.cvrp(np.array(points), np.ones(20, np.int64), 10)
    found = registry.solve(problem, iterations(500), 1, solver="ruin_recreate", params=RuinRecreateParams(neighbours=5))
    assert found.feasible
    assert len(found.solution.routes) == 2


@pytest.mark.parametrize(("solver", "budget"), [("ruin_recreate", 1500), ("ant_colony", 1500), ("genetic", 40)])
def test_any_number_of_threads_gives_one_answer(solver: str, budget: int) -> None:
    problem = plain_problem(1, 320 if solver != "genetic" else 60)
    one, two = (registry.solve(problem, iterations(budget), 3, solver=solver, threads=threads) for threads in (1, 2))
    assert one.solution == two.solution
    assert one.trace == two.trace


def test_routes_may_be_overloaded_on_the_way_but_not_in_the_answer() -> None:
    problem = plain_problem(7, 80)
    instance = build_instance(problem, 30)
    plain = make_plain(problem, instance)
    tours = first_tours(plain, instance, None)
    assert tours is not None
    regional = Regional.create(instance, plain, tours, 1, 2.0, 0.01, 10.0, 1)
    overloaded = 0
    for k in range(20):
        regional.run(100, k / 20, (k + 1) / 20)
        overloaded += int(regional.regions[0].counter[OVERLOAD] > 0)
        verdict = judge(problem, regional.best())
        assert verdict.feasible
        assert verdict.cost == regional.best_cost
    assert overloaded > 0
    assert regional.regions[0].counter[OVERLOAD] == 0


def test_savings_beat_one_route_per_client_by_far() -> None:
    # Clarke and Wright's savings come within about 7 % of the optimum on average (Laporte and Semet 2002)
    problem = plain_problem(2, 200)
    instance = build_instance(problem, 50)
    tours = first_tours(make_plain(problem, instance), instance, None)
    assert tours is not None
    regional = Regional.create(instance, make_plain(problem, instance), tours, 1, None, 0.01, 10.0, 1)
    savings = regional.best_cost
    regional.run(40_000, 0.0, 1.0)
    assert regional.best_cost <= savings <= 1.12 * regional.best_cost


def test_a_tight_fleet_is_kept() -> None:
    rng = np.random.default_rng(4)
    demand = np.array([5, 5, 4, 3, 3] * 6)
    problem = RoutingProblem.create(
        depots=1,
        vehicles=VehicleTypes.create(count=12, capacity=[[10]]),
        delivery=demand[:, None],
        coordinates=rng.integers(0, 100, (31, 2)),
    )
    found = registry.solve(problem, iterations(300), 1, solver="ruin_recreate")
    assert found.feasible
    assert len(found.solution.routes) <= 12


@pytest.mark.parametrize("threads", [1, 2])
def test_an_interrupt_gives_the_best_so_far(threads: int) -> None:
    problem = plain_problem(5, 320)

    def interrupted(done: int, _best: float) -> float:
        if done > 40:
            raise KeyboardInterrupt
        return done / 1e6

    found = registry.solve(problem, interrupted, 1, solver="ruin_recreate", threads=threads)
    assert found.feasible
    assert found.iterations > 40


def test_a_clock_of_no_time_still_gives_an_answer() -> None:
    found = registry.solve(plain_problem(6, 50), wall_seconds(1e-6), 1, solver="ruin_recreate")
    assert found.feasible


def test_a_long_construction_counts_on_the_clock() -> None:
    asked: list[int] = []

    def budget(done: int, _best: float) -> float:
        asked.append(done)
        return done / 150

    found = registry.solve(plain_problem(7, 2000), budget, 1, solver="ruin_recreate")
    assert found.feasible
    assert asked[:2] == [0, 1]  # the clock starts before the first solution is built, and is not set back after it
