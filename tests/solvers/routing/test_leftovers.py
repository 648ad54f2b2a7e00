"""Clients on no route: placed where they fit, else told what would let them in."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from solvers.routing.evaluate import judge
from solvers.routing.leftovers import Change, place_leftovers
from solvers.routing.problem import RoutingProblem, VehicleTypes
from solvers.routing.solution import RELOAD, RoutingSolution


def line(positions, vehicles, **clients):
    """Depot at 0 on a line, clients at `positions`; time equals distance."""
    coordinates = [[0, 0], *([x, 0] for x in positions)]
    given = {"delivery": np.ones(len(positions), dtype=int), **clients}
    return RoutingProblem.create(depots=1, vehicles=vehicles, coordinates=coordinates, **given)


def nothing(problem):
    return RoutingSolution.create([], problem.clients)


def test_what_fits_is_placed_where_it_costs_least():
    problem = line([10, 20, -10], VehicleTypes.create(count=2, capacity=[[3]]))
    start = RoutingSolution.create([(0, (0,)), (0, (2,))], 3)
    placed, blocked = place_leftovers(problem, start)
    assert blocked == ()
    assert judge(problem, placed).feasible
    assert judge(problem, placed).cost == 60  # 0-10-20-0 and 0-(-10)-0


def test_added_cost_decides_and_not_the_whole_routes():
    """On the way to the far client it adds nothing; a vehicle of its own costs 20, less than that whole route."""
    problem = line([100, 10], VehicleTypes.create(count=2, capacity=[[3]]))
    placed, blocked = place_leftovers(problem, RoutingSolution.create([(0, (0,))], 2))
    assert blocked == ()
    assert len(placed.routes) == 1
    assert judge(problem, placed).cost == 200


def test_the_nearest_change_is_an_insertion_when_that_is_nearer():
    """The vehicle is full by one unit of a hundred: less than one more vehicle."""
    problem = line([10, 20], VehicleTypes.create(count=1, capacity=[[100]]), delivery=[60, 41])
    _, (blocked,) = place_leftovers(problem, RoutingSolution.create([(0, (0,))], 2))
    assert blocked.reasons == ("fleet",)
    assert blocked.changes == (Change("load", 1, vehicle_type=0, dimension=0),)
    assert blocked.route == 0


def test_several_windows_and_reloads_are_understood():
    fleet = VehicleTypes.create(count=1, capacity=[[1]], max_reloads=5)
    problem = line([100, 10], fleet, windows=[[[0, 20], [30, 60]], [[0, 400], [0, 400]]])
    _, (blocked,) = place_leftovers(problem, nothing(problem))
    assert (blocked.client, blocked.reasons) == (0, ("delay",))
    assert blocked.changes == (Change("delay", 40, client=0),)
    served = RoutingSolution.create([(0, (1, RELOAD, 0))], 2)
    assert [v.rule for v in judge(problem, served).violations] == ["delay"]


def test_optional_clients_are_left_alone():
    problem = line([10], VehicleTypes.create(count=1, capacity=[[1]]), required=False, prize=5)
    assert place_leftovers(problem, nothing(problem)) == (nothing(problem), ())


def test_no_vehicle_at_all():
    problem = line([10], VehicleTypes.create(count=0, capacity=[[5]]))
    _, (blocked,) = place_leftovers(problem, nothing(problem))
    assert blocked.reasons == ("fleet",)
    assert blocked.changes == (Change("fleet", 1, vehicle_type=0),)


def test_a_backhaul_cannot_have_a_vehicle_of_its_own():
    problem = line([10], VehicleTypes.create(count=1, capacity=[[5]]), delivery=[0], pickup=[1], backhaul=[True])
    _, (blocked,) = place_leftovers(problem, nothing(problem))
    assert blocked.reasons == ("precedence",)
    assert blocked.changes == ()


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_changes_told_let_the_client_in(seed):
    """Change the problem itself as told and ask for a place again: the client gets one."""
    rng = np.random.default_rng(seed)
    count = 5
    opens = rng.integers(0, 150, count)
    fleet = {
        "count": rng.integers(0, 2, 2), "capacity": rng.integers(5, 15, (2, 2)),
        "max_duration": rng.integers(150, 400, 2),
        "max_distance": rng.integers(100, 300, 2), "max_stops": rng.integers(1, 4, 2), "skills": [0, 1],
        "shift": [[0, 300], [50, 350]],
    }  # fmt: skip
    clients = {
        "delivery": rng.integers(0, 12, (count, 2)), "pickup": rng.integers(0, 5, (count, 2)),
        "service": rng.integers(0, 20, count), "skills": rng.integers(0, 2, count),
        "coordinates": rng.integers(0, 100, (count + 1, 2)),
        "windows": np.stack([opens, opens + rng.integers(0, 120, count)], axis=1),
    }  # fmt: skip
    problem = RoutingProblem.create(depots=1, vehicles=VehicleTypes.create(**fleet), **clients)
    placed, blocked = place_leftovers(problem, nothing(problem))
    assert all(v.rule == "unassigned" for v in judge(problem, placed).violations)
    assert [b.client for b in blocked] == list(placed.unassigned)
    for case in blocked:
        assert case.changes
        eased = {**fleet, "shift": np.array(fleet["shift"]), **{k: np.array(fleet[k]) for k in fleet}}
        windows = clients["windows"].copy()
        for change in case.changes:
            kind = change.vehicle_type
            if change.rule == "delay":
                windows[change.client, 1] += change.amount
            elif change.rule == "load":
                eased["capacity"][kind, change.dimension] += change.amount
            elif change.rule == "shift":
                eased["shift"][kind, 1] += change.amount
            elif change.rule == "skills":
                eased["skills"][kind] |= 1
            else:
                eased[{"max_tasks": "max_stops", "fleet": "count"}.get(change.rule, change.rule)][kind] += change.amount
        required = [client == case.client or client not in placed.unassigned for client in range(count)]
        relaxed = RoutingProblem.create(
            depots=1,
            vehicles=VehicleTypes.create(**eased),
            **{**clients, "windows": windows, "required": required},
        )
        again, _ = place_leftovers(relaxed, placed)
        assert case.client not in again.unassigned


def test_many_leftovers_stay_quick():
    rng = np.random.default_rng(1)
    problem = RoutingProblem.cvrp(rng.integers(0, 100, (201, 2)), rng.integers(1, 9, 200), 30, count=2)
    _, blocked = place_leftovers(problem, nothing(problem))
    assert sum(problem.delivery.sum(axis=1)) > 60
    assert {case.changes[0].rule for case in blocked} <= {"load", "fleet"}
