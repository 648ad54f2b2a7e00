"""The judge against routes worked out by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from solvers.routing import (
    OPEN_END,
    RELOAD,
    ProblemError,
    Route,
    RoutingProblem,
    RoutingSolution,
    VehicleTypes,
    judge,
    timetable,
)

# depot at 0, clients at 10, 20 and 30 on a line
LINE = np.array([[0.0, 0], [10, 0], [20, 0], [30, 0]])


def line(fleet: dict[str, Any] | None = None, **stops: Any) -> RoutingProblem:
    vehicles = VehicleTypes.create(**({"count": 3, "capacity": [[10]]} | (fleet or {})))
    return RoutingProblem.create(depots=1, vehicles=vehicles, coordinates=LINE, **({"delivery": [4, 4, 4]} | stops))


def rules(problem: RoutingProblem, *routes: list[int]) -> set[str]:
    return {v.rule for v in judge(problem, RoutingSolution.create([(0, r) for r in routes], 3)).violations}


def test_cost_is_fixed_plus_distance_plus_time_plus_lost_prizes() -> None:
    fleet = {"fixed_cost": 100, "distance_cost": 2, "duration_cost": 3}
    problem = line(fleet, required=[True, True, False], prize=[0, 0, 7], service=5)
    verdict = judge(problem, RoutingSolution.create([(0, [0, 1])], 3))
    assert verdict.feasible
    assert (verdict.distance, verdict.duration) == (40, 50)
    assert verdict.cost == 100 + 2 * 40 + 3 * 50 + 7


def test_departure_is_as_late_as_the_earliest_return_allows() -> None:
    problem = line(windows=[[0, 200], [100, 200], [0, 200]], service=1)
    plan = timetable(problem, Route(0, (0, 1)))
    assert [(v.arrival, v.start, v.departure) for v in plan.visits] == [
        (79, 79, 79),
        (89, 89, 90),
        (100, 100, 101),
        (121, 121, 121),
    ]
    assert (plan.duration, plan.waiting, plan.driving) == (42, 0, 40)


def test_waiting_that_no_departure_avoids_is_counted() -> None:
    problem = line(windows=[[0, 20], [100, 200], [0, 200]])
    plan = timetable(problem, Route(0, (0, 1)))
    assert plan.visits[0].departure == 10
    assert plan.waiting == 100 - 30
    assert plan.duration == 120 - 10


@pytest.mark.parametrize(
    ("fleet", "stops", "routes", "rule"),
    [
        ({}, {}, [[0, 1, 2]], "load"),
        ({}, {"pickup": [0, 3, 0], "delivery": [0, 1, 9]}, [[0, 1, 2]], "load"),
        ({}, {"windows": [[0, 5], [0, 99], [0, 99]]}, [[0], [1, 2]], "delay"),
        ({"shift": (0, 39)}, {}, [[0, 1], [2]], "shift"),
        ({"max_duration": 59}, {}, [[0, 1], [2]], "max_duration"),
        ({"max_distance": 59}, {}, [[0, 1], [2]], "max_distance"),
        ({"max_stops": 1}, {}, [[0, 1], [2]], "max_tasks"),
        ({"skills": 1}, {"skills": [0, 2, 1]}, [[0, 1], [2]], "skills"),
        ({"allowed": [[True, False, True]]}, {}, [[0, 1], [2]], "skills"),
        ({}, {"backhaul": [True, False, False]}, [[0, 1], [2]], "precedence"),
        ({}, {"backhaul": [False, False, True]}, [[0, 1], [2]], "precedence"),
        ({"count": 1}, {}, [[0, 1], [2]], "fleet"),
        ({}, {}, [[0, 1]], "unassigned"),
        ({}, {}, [[0, 1], [1, 2]], "duplicate"),
        ({}, {}, [[0, RELOAD, 1], [2]], "reloads"),
        ({"shift": (0, 100)}, {"release": [0, 101, 0]}, [[0, 1], [2]], "shift"),
    ],
)
def test_each_broken_rule_is_named(
    fleet: dict[str, Any], stops: dict[str, Any], routes: list[list[int]], rule: str
) -> None:
    assert rules(line(fleet, **stops), *routes) == {rule}


def test_reload_empties_the_truck_and_waits_for_released_goods() -> None:
    problem = line({"max_reloads": 1, "shift": (0, 500)}, release=[0, 0, 100])
    assert rules(problem, [0, 1, RELOAD, 2]) == set()
    plan = timetable(problem, Route(0, (0, 1, RELOAD, 2)))
    assert plan.distance == 40 + 60
    assert [v.departure for v in plan.visits if v.client < 0] == [60, 100, 160]


def test_open_routes_end_at_their_last_client() -> None:
    assert timetable(line({"end_depot": OPEN_END}), Route(0, (0, 1))).distance == 20


def test_the_second_window_is_used_when_the_first_is_over() -> None:
    problem = line(windows=np.array([[[0, 5], [50, 60]]] * 3), service=0)
    assert [v.start for v in timetable(problem, Route(0, (0,))).visits][1] == 50


def test_contradictions_are_listed_together() -> None:
    with pytest.raises(ProblemError, match="service: negative") as caught:
        line(service=[-1, 0, 0], windows=[[5, 4], [0, 9], [0, 9]])
    assert len(caught.value.problems) == 2
