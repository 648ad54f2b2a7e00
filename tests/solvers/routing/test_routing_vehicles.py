"""Vehicles that reload, and routes that change over to another type of vehicle."""

from __future__ import annotations

import numpy as np
import pytest

from solvers.routing import RELOAD, RoutingProblem, VehicleTypes, judge, solve
from solvers.routing.stop import iterations


def reload_problem(seed: int, clients: int = 14) -> RoutingProblem:
    """Two types of vehicles that carry two or three clients at a time, with windows and release times."""
    rng = np.random.default_rng(seed)
    early = rng.integers(0, 300, clients)
    fleet = VehicleTypes.create(
        count=[2, 1],
        capacity=[[int(rng.integers(8, 14))], [16]],
        fixed_cost=[int(rng.integers(0, 200)), 50],
        distance_cost=[1, 2],
        max_reloads=[int(rng.integers(1, 5)), 3],
        shift=(0, 900),
    )
    return RoutingProblem.create(
        depots=1,
        vehicles=fleet,
        coordinates=rng.integers(0, 60, (1 + clients, 2)),
        delivery=rng.integers(2, 7, clients),
        windows=np.stack([early, early + rng.integers(150, 400, clients)], 1),
        service=rng.integers(0, 10, clients),
        release=rng.integers(0, 150, clients) * (rng.random(clients) < 0.5),
        depot_windows=(0, 1000),
    )


@pytest.mark.parametrize("seed", range(12))
def test_trips_keep_all_rules_and_the_solver_counts_as_the_judge(seed: int) -> None:
    problem = reload_problem(seed)
    found = solve(problem, iterations(60), seed, solver="ruin_recreate")
    assert {v.rule for v in judge(problem, found.solution).violations} <= {"unassigned"}
    if found.feasible:
        assert found.trace[-1][1] == found.cost
    again = solve(problem, iterations(1), seed + 1, solver="ruin_recreate", start=found.solution)
    assert len(again.solution.unassigned) <= len(found.solution.unassigned)
    if found.feasible:
        assert again.cost <= found.cost


def test_one_vehicle_serves_all_by_reloading() -> None:
    fleet = VehicleTypes.create(count=1, capacity=[[2]], fixed_cost=7, max_reloads=2)
    problem = RoutingProblem.create(
        depots=1, vehicles=fleet, coordinates=[[0, 0], [10, 0], [11, 0], [0, 10], [0, 11], [-9, 0]], delivery=[1] * 5
    )
    found = solve(problem, iterations(100), 1, solver="ruin_recreate")
    assert found.cost == 7 + 22 + 22 + 18
    assert [route.clients.count(RELOAD) for route in found.solution.routes] == [2]


def test_a_client_released_late_waits_for_the_second_trip() -> None:
    fleet = VehicleTypes.create(count=1, capacity=[[9]], max_reloads=5)
    problem = RoutingProblem.create(
        depots=1,
        vehicles=fleet,
        coordinates=[[0, 0], [10, 0], [11, 0]],
        delivery=[1, 1],
        release=[0, 50],
        windows=[[0, 20], [0, 500]],
    )
    found = solve(problem, iterations(20), 1, solver="ruin_recreate")
    assert found.feasible
    assert found.solution.routes[0].clients == (0, RELOAD, 1)


@pytest.mark.parametrize("seed", range(6))
def test_routes_find_their_vehicle_types(seed: int) -> None:
    rng = np.random.default_rng(seed)
    capacity = np.array([[4], [9], [15]])
    fleet = VehicleTypes.create(
        count=[3, 2, 2],
        capacity=capacity,
        fixed_cost=[20, 45, 70],
        distance_cost=[2, 3, 4],
        duration_cost=[1, 2, 2] if seed % 3 else 0,
        allowed=rng.random((3, 8)) < 0.8 if seed % 2 else None,
    )
    problem = RoutingProblem.create(
        depots=1, vehicles=fleet, coordinates=rng.integers(0, 50, (9, 2)), delivery=rng.integers(1, 5, 8)
    )
    best = solve(problem, iterations(10**6), solver="exact")
    found = solve(problem, iterations(300), seed, solver="ruin_recreate")
    assert found.cost >= best.cost
    assert found.cost <= 1.02 * best.cost
    assert found.trace[-1][1] == found.cost or not found.feasible
