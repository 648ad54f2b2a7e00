"""The visit search: patterns are the cheapest of all, the answer is never worse than the start and can be repeated."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solvers.inventory_routing.day_kernels import cheapest_pattern
from solvers.inventory_routing.visit_problem import VisitPlan, VisitProblem, VisitStart, held_cost
from solvers.inventory_routing.visits import plan_visits
from solvers.routing.problem import RoutingProblem, VehicleTypes
from solvers.routing.solution import RoutingSolution

PLACES, BUCKETS, PLANNED = 6, 5, 4


@given(st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_a_pattern_is_the_cheapest_of_all(T: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    hold = np.triu(random.uniform(0.0, 10.0, (T + 1, T + 1)))
    hold[random.random((T + 1, T + 1)) < 0.2] = np.inf
    price = np.where(random.random(T) < 0.2, np.inf, random.uniform(0.0, 10.0, T))
    visited = np.zeros(T, np.int64)
    cost = cheapest_pattern(hold, price, np.zeros(T + 1), np.zeros(T + 1, np.int64), visited)

    def total(pattern: tuple[bool, ...]) -> float:
        flags = np.array(pattern, dtype=bool)
        return held_cost(hold, flags) + float(price[flags].sum())

    best = min(total(pattern) for pattern in product((False, True), repeat=T))
    assert cost == pytest.approx(best)
    if np.isfinite(best):
        assert total(tuple(visited > 0)) == pytest.approx(best)


def problem(seed: int, capacity: int = 40, room_per_day: float = np.inf) -> tuple[VisitProblem, VisitStart]:
    """Places around a depot that use up 5 to 9 a bucket, visited in every bucket by a vehicle each."""
    random = np.random.default_rng(seed)
    T = BUCKETS
    vehicles = VehicleTypes.create(
        count=PLACES, capacity=[[capacity]], fixed_cost=100, distance_cost=1, shift=(0, 1000), max_duration=600
    )
    day = RoutingProblem.create(
        depots=1,
        vehicles=vehicles,
        delivery=np.full(PLACES, 8),
        coordinates=np.concatenate([[[50.0, 50.0]], random.uniform(0.0, 100.0, (PLACES, 2))]),
        windows=[(0, 900)] * PLACES,
        service=10,
    )
    use = random.integers(5, 10, PLACES)
    hold = np.full((PLACES, T + 1, T + 1), np.inf)
    amount = np.zeros((PLACES, T + 1, T + 1, 1), np.int64)
    for a in range(T + 1):
        for b in range(a, T + 1):
            span = b - max(a - 1, 0)
            hold[:, a, b] = use * (span * (span - 1) / 2 if a else 30 * span)  # held, or missed before any visit
            amount[:, a, b, 0] = use * span
    start = VisitStart(
        visited=np.ones((PLACES, T), bool),
        day=np.where(np.arange(T) < PLANNED, np.arange(T), -1) * np.ones((PLACES, 1), np.int64),
        sent=np.zeros((PLANNED, 1)),
        routes=tuple(RoutingSolution.create([(0, [c]) for c in range(PLACES)], PLACES) for _ in range(PLANNED)),
        fixed=(),
        movable=np.ones(PLACES, bool),
    )
    client = np.repeat(np.arange(PLACES)[None], PLANNED, axis=0)
    service = np.full((PLACES, T + 1, T + 1), 10)
    service[:, 0] = 0
    room = np.full((PLANNED, 1), room_per_day)
    return VisitProblem(hold, amount, service, (day,) * PLANNED, np.arange(PLANNED), client, room, 1.0), start


def check(given: VisitProblem, found: VisitPlan) -> None:
    """Every visit is on a day of its bucket, and every pattern is allowed."""
    for place in range(PLACES):
        assert np.isfinite(held_cost(given.hold[place], found.visited[place]))
        for t in range(BUCKETS):
            assert (found.day[place, t] == t) if found.visited[place, t] and t < PLANNED else found.day[place, t] == -1


def test_visits_merge_and_the_total_falls() -> None:
    given, start = problem(1)
    found = plan_visits(given, start, steps=60, seed=1)
    check(given, found)
    assert found.cost < 0.8 * found.cost_before
    assert found.visited[:, :PLANNED].sum() < start.visited[:, :PLANNED].sum()


@pytest.mark.parametrize("seed", [2, 3])
def test_never_worse_than_the_start_and_the_same_again(seed: int) -> None:
    given, start = problem(seed)
    once, again = (plan_visits(given, start, steps=20, seed=seed) for _ in range(2))
    check(given, once)
    assert once.cost <= once.cost_before
    np.testing.assert_array_equal(once.visited, again.visited)
    assert once.cost == again.cost


def test_who_may_not_move_stays() -> None:
    given, start = problem(4)
    movable = np.arange(PLACES) != 2
    fixed = tuple((d, 2, np.array([8]), 10) for d in range(PLANNED))
    found = plan_visits(
        given, VisitStart(start.visited, start.day, start.sent, start.routes, fixed, movable), steps=20, seed=1
    )
    assert found.visited[2].all()
    assert not found.movable[2]


def test_a_limit_of_time_gives_the_best_so_far() -> None:
    given, start = problem(5)
    found = plan_visits(given, start, steps=1000, seed=1, stop=lambda: True)
    check(given, found)
    assert found.cost <= found.cost_before


def sent_by_day(given: VisitProblem, found: VisitPlan) -> list[int]:
    """Return what the visits of every planned bucket bring."""
    sent = [0] * PLANNED
    for place in range(PLACES):
        made = np.flatnonzero(found.visited[place])
        for t, b in zip(made, np.append(made, BUCKETS)[1:], strict=True):
            if t < PLANNED:
                sent[t] += int(given.amount[place, t + 1, b, 0])
                sent[t] += int(given.amount[place, 0, t, 0]) if t == made[0] else 0
    return sent


def test_no_day_gets_more_than_the_depot_may_send_out() -> None:
    given, start = problem(6)
    at_first = given.amount[:, 1, 1, 0].sum()  # every place, every bucket
    tight = replace(given, room=np.full((PLANNED, 1), float(at_first)))
    found = plan_visits(tight, start, steps=60, seed=1)
    check(tight, found)
    assert max(sent_by_day(given, found)) <= at_first


def test_visits_of_full_days_are_exchanged() -> None:
    """Every day is full: a place can only get what lasts for two buckets if another one waits for the next one."""
    given, start = problem(7)
    hold, amount = given.hold.copy(), given.amount.copy()
    amount[:] = np.maximum(
        np.arange(BUCKETS + 1)[None, None, :, None] - np.arange(BUCKETS + 1)[None, :, None, None] + 1, 0
    )
    amount[:, 0] = np.arange(BUCKETS + 1)[:, None]  # a first visit makes up for what was not brought
    hold[:, 0] = [0, 3, 200, 400, 600, 800]  # waiting for a bucket costs little beside a route
    full = replace(given, hold=hold, amount=6 * amount, room=np.full((PLANNED, 1), 6.0 * PLACES))
    found = plan_visits(full, start, steps=120, seed=1)
    check(full, found)
    assert max(sent_by_day(full, found)) <= 6 * PLACES
    assert found.visited[:, :PLANNED].sum() < start.visited[:, :PLANNED].sum()
    assert found.cost < found.cost_before


def test_a_first_visit_makes_up_for_what_was_not_brought() -> None:
    given, start = problem(8)
    amount = given.amount.copy()
    amount[:, 0] = 1000 * np.arange(BUCKETS + 1)[:, None]  # more than a vehicle holds: nobody can begin late
    found = plan_visits(replace(given, amount=amount), start, steps=60, seed=1)
    assert found.visited[:, 0].all()
