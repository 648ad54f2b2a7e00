"""The draft of a day: what it leaves out changes nothing in it, and what it finds is finished to a valid plan."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from planner.distribution.draft import drafted
from planner.distribution.solve_day import draft_day, finish_day
from solvers.routing.evaluate import judge
from solvers.routing.problem import RoutingProblem, VehicleTypes


def day(clients=30, *, counts=(30, 30), costs=(55_000_000, 85_000_000), km=(700, 950), hours=(8_056, 8_611), narrow=()):
    """Return a day of two types of trucks with most windows open all day and those of the clients `narrow` short."""
    rng = np.random.default_rng(5)
    place = rng.uniform(0, 100_000, (clients + 1, 2))
    metres = np.rint(np.hypot(*(place[:, None] - place[None]).transpose(2, 0, 1))).astype(np.int64)
    windows = np.tile([6 * 3600, 18 * 3600], (clients, 1))
    for client in narrow:
        windows[client] = 9 * 3600 + 60 * client, 11 * 3600
    return RoutingProblem.create(
        depots=1,
        vehicles=VehicleTypes.create(
            count=counts, capacity=[[2_000], [5_000]], fixed_cost=costs, distance_cost=km, duration_cost=hours,
            shift=(5 * 3600, 19 * 3600),
        ),
        delivery=rng.integers(100, 600, clients),
        distances=metres,
        durations=metres // 20,
        windows=windows,
        service=900,
    )  # fmt: skip


def same(one: RoutingProblem, other: RoutingProblem) -> bool:
    """Say whether two drafts are one."""
    fleets = [vars_of(problem.vehicles) for problem in (one, other)]
    return np.array_equal(one.windows, other.windows) and all(map(np.array_equal, *fleets))


def vars_of(fleet: VehicleTypes) -> list[object]:
    return [fleet.count, fleet.capacity, fleet.fixed_cost, fleet.distance_cost, fleet.duration_cost]


@pytest.mark.parametrize(
    "asked",
    [
        {"counts": (3, 2)},
        {"km": (784, 1_064)},  # fuel
        {"costs": (110_000_000, 170_000_000), "km": (1_400, 1_900), "hours": (16_112, 17_222)},  # another currency
        {"narrow": (7,)},
    ],
    ids=["fewer trucks", "dear kilometres", "all prices", "window of one client"],
)
def test_what_a_finish_makes_good_is_not_in_the_draft(asked):
    assert same(drafted(day()), drafted(day(**asked)))


@pytest.mark.parametrize(
    "asked",
    [{"costs": (0, 0)}, {"km": (7_000, 9_500)}, {"km": (950, 700)}, {"narrow": tuple(range(9))}],
    ids=["no fixed costs", "ten times as dear", "other trucks cheap", "many windows"],
)
def test_what_makes_other_routes_is_in_the_draft(asked):
    assert not same(drafted(day()), drafted(day(**asked)))


@pytest.mark.parametrize(
    "asked", [{}, {"counts": (4, 2)}, {"narrow": (2, 7, 11)}], ids=["as it is", "few trucks", "windows"]
)
def test_finishing_keeps_every_rule_and_is_no_dearer_than_the_draft(asked):
    problem = day(**asked)
    begun = draft_day(drafted(problem), "auto", 100, 1, lambda _done, _best: 0.0)
    found, blocked = finish_day(problem, begun, 100, 0.1, 1, lambda _done, _best: 0.0)
    assert not blocked
    assert judge(problem, found).feasible
    before = judge(problem, begun)
    assert not before.feasible or judge(problem, found).cost <= before.cost


def test_the_free_types_stay_free_and_others_never_become_so():
    coarse = drafted(day(costs=(1, 85_000_000), hours=(0, 8_611))).vehicles
    assert coarse.duration_cost[0] == 0
    assert (coarse.fixed_cost > 0).all()
    ample = replace(coarse, count=coarse.count)
    assert (ample.count == 30).all()
