"""Fixes proven by solving again: what is told lets the client in, drops nobody, and is less where less is enough."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from random_rich_problems import rich_problem

from solvers.routing import proofs
from solvers.routing.evaluate import judge
from solvers.routing.leftovers import Change, place_leftovers
from solvers.routing.problem import RoutingProblem, VehicleTypes
from solvers.routing.proofs import explain_leftovers, prove_fixes
from solvers.routing.registry import solve
from solvers.routing.relaxations import with_changes
from solvers.routing.solution import RoutingSolution
from solvers.routing.stop import iterations


def two_full_lorries(demands, capacity=10):
    """A line of clients; the first two are on one lorry, the next two on the other, the last on none."""
    coordinates = [[0, 0], *([10 * (k + 1), 0] for k in range(len(demands)))]
    fleet = VehicleTypes.create(count=2, capacity=[[capacity]])
    problem = RoutingProblem.create(depots=1, vehicles=fleet, coordinates=coordinates, delivery=demands)
    return problem, RoutingSolution.create([(0, (0, 1)), (0, (2, 3))], len(demands))


def test_a_search_needs_less_than_an_insertion() -> None:
    """21 on two lorries of 10: an insertion lacks 2, since 9 and 7 are on board, but 6 + 4 and 5 + 3 + 3 lack 1."""
    problem, answer = two_full_lorries([6, 3, 4, 3, 5])
    told = place_leftovers(problem, answer)
    assert told[1][0].changes == (Change("load", 2, vehicle_type=0, dimension=0),)
    kept, (case,) = prove_fixes(problem, *told)
    assert kept == answer
    assert (case.proven, case.changes) == (True, (Change("load", 1, vehicle_type=0, dimension=0),))


def test_one_vehicle_is_changed_and_not_its_type() -> None:
    """With 1 more on each lorry 22 would fit; one lorry alone needs 2 more."""
    problem, answer = two_full_lorries([6, 4, 4, 3, 5])
    _, (case,) = prove_fixes(problem, *place_leftovers(problem, answer))
    assert (case.proven, case.changes) == (True, (Change("load", 2, vehicle_type=0, dimension=0),))


def test_what_fits_after_all_is_served() -> None:
    problem, answer = two_full_lorries([6, 3, 4, 3, 4])
    told = place_leftovers(problem, answer)
    assert told[1]
    better, blocked = prove_fixes(problem, *told)
    assert blocked == ()
    assert judge(problem, better).feasible


def test_a_clock_that_has_run_out_leaves_the_rest_unproven() -> None:
    problem, answer = two_full_lorries([6, 4, 6, 4, 5, 6])
    told = place_leftovers(problem, answer, lambda done, best: float(done > 0))
    assert [case.changes for case in told[1]] == [(Change("fleet", 1, vehicle_type=0),)] * 2
    _, blocked = prove_fixes(problem, *told, lambda done, best: float(done > 0))
    assert [case.proven for case in blocked] == [False, False]


def test_a_search_that_would_not_end_in_time_is_not_begun() -> None:
    """Every look at the clock finds a quarter more of it used: the first proof tells what the second takes."""
    problem, answer = two_full_lorries([6, 4, 6, 4, 5, 6])
    looks = itertools.count()
    _, blocked = prove_fixes(problem, *place_leftovers(problem, answer), lambda done, best: next(looks) / 4)
    assert [case.proven for case in blocked] == [True, False]


def test_explaining_keeps_its_clock_and_proves_all_without_one() -> None:
    problem, answer = two_full_lorries([6, 4, 6, 4, 5, 6])
    _, blocked = explain_leftovers(problem, answer)
    assert [case.proven for case in blocked] == [True, True]
    _, blocked = explain_leftovers(problem, answer, lambda done, best: float(done > 0))
    assert [case.proven for case in blocked] == [False, False]


def test_many_leftovers_are_not_all_proven(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proofs, "MOST_PROVEN", 2)
    problem, answer = two_full_lorries([6, 4, 6, 4, 5, 6, 7])
    problem = replace(problem, priority=np.array([0, 0, 0, 0, 0, 0, 9]))
    _, blocked = prove_fixes(problem, *place_leftovers(problem, answer))
    assert [(case.client, case.proven) for case in blocked] == [(4, True), (5, False), (6, True)]


@pytest.mark.parametrize("seed", range(8))
def test_the_changed_problem_is_solved_with_nobody_dropped(seed: int) -> None:
    """As a user does it: change the file, solve from the answer; any mix of rules."""
    problem = rich_problem(seed, 12)
    answer = solve(problem, iterations(5), seed).solution
    answer, blocked = prove_fixes(problem, *place_leftovers(problem, answer))
    for case in blocked:
        assert case.proven == bool(case.changes)
        eased = with_changes(problem, case.changes)
        count = eased.vehicles.count.copy()
        count[[change.vehicle_type for change in case.changes if change.rule == "fleet"]] += 1
        pair = {other.client for other in blocked if (other.stops, other.route) == (case.stops, case.route)}
        served = [c not in answer.unassigned or c in pair for c in range(problem.clients)]
        again = replace(eased, vehicles=replace(eased.vehicles, count=count), required=np.array(served))
        if case.proven:
            assert solve(again, iterations(100), 1, start=answer).feasible
