"""Routes to begin from: what of a former day is kept, and when a day is one of its own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from test_draft import day as problem_of

from planner.distribution.begun import RoutedDay, begin_from
from planner.distribution.day import DepotDay
from solvers.routing.solution import RoutingSolution

PLACES = tuple(f"S{n:02d}" for n in range(30))
ROUTES = [(0, range(12)), (1, range(12, 30))]


def before() -> RoutedDay:
    """Return a day of 30 stops on two routes."""
    solution = RoutingSolution.create(ROUTES, 30)
    return RoutedDay(problem_of(), (), ("auto", 10, 1), PLACES, ("SMALL", "LARGE"), solution, ())


def day(problem, places=PLACES):
    """Return a depot's day of a problem."""
    loads = pd.DataFrame({"location_id": list(places)})
    fleet = pd.DataFrame({"vehicle_id": ["SMALL", "LARGE"]})
    return DepotDay(pd.Timestamp("2024-01-01"), "DC", loads, loads[:0], fleet, None, problem)


def only(problem, kept):
    """Return the problem of some of its clients."""
    nodes = np.append(0, np.array(kept) + 1)
    own = {name: getattr(problem, name)[kept] for name in ("delivery", "windows", "service", "priority")}
    rest = {name: getattr(problem, name)[kept] for name in ("pickup", "pickup_of", "setup", "release", "prize")}
    rest |= {name: getattr(problem, name)[kept] for name in ("required", "skills", "backhaul")}
    ways = {name: getattr(problem, name)[:, nodes][:, :, nodes] for name in ("distances", "durations")}
    return replace(problem, **own, **rest, **ways)


def test_the_same_day_is_known_and_another_number_of_vehicles_told_apart():
    known = before()
    assert known.is_of(problem_of(), (), ("auto", 10, 1))
    assert not known.is_of(problem_of(), (), ("auto", 10, 2))
    fewer = problem_of(counts=(3, 2))
    assert not known.is_of(fewer, (), ("auto", 10, 1))
    assert known.differs_in_fleet_only(fewer)
    assert not known.differs_in_fleet_only(problem_of(narrow=(7,)))


def test_stops_that_go_leave_their_routes_and_those_that_come_are_on_none():
    kept = [n for n in range(30) if n not in {3, 20}]
    gone, share = begin_from(before(), day(only(problem_of(), kept), [PLACES[n] for n in kept]))
    assert share == pytest.approx(2 / 30)
    assert [len(route.clients) for route in gone.routes] == [11, 17]
    assert not gone.unassigned
    smaller = replace(before(), problem=only(problem_of(), kept), places=tuple(PLACES[n] for n in kept))
    smaller = replace(smaller, solution=RoutingSolution.create([(0, range(28))], 28))
    come, share = begin_from(smaller, day(problem_of()))
    assert come.unassigned == (3, 20)
    assert share == pytest.approx(2 / 30)


def test_the_share_counts_loads_and_windows():
    assert begin_from(before(), day(problem_of(narrow=(7,))))[1] == 0.0, "one window is left to the finish"
    assert begin_from(before(), day(problem_of(narrow=(1, 2, 3, 4, 5))))[1] == pytest.approx(5 / 30)
    problem = problem_of()
    heavier = replace(problem, delivery=np.where(np.arange(30)[:, None] == 4, 2 * problem.delivery, problem.delivery))
    assert begin_from(before(), day(heavier))[1] == pytest.approx(0.5 / 30)
    assert begin_from(before(), day(problem_of(km=(784, 1_064))))[1] == 0.0


def test_other_ways_other_vehicles_or_mostly_other_stops_are_a_day_of_its_own():
    problem = problem_of()
    assert begin_from(before(), day(replace(problem, durations=2 * problem.durations))) is None
    assert begin_from(before(), day(replace(problem, delivery=9 * problem.delivery))) is None
    small = replace(problem.vehicles, capacity=problem.vehicles.capacity // 2)
    assert begin_from(before(), day(replace(problem, vehicles=small))) is None
    assert begin_from(replace(before(), vehicles=("SMALL", "HUGE")), day(problem)) is None
