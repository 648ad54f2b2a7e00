"""Answers as VROOM's JSON output: summary, routes with timed steps, unassigned jobs, violations.

Numbers are in the file's own units. Beyond VROOM, an unassigned job says why (`reason`) and what would
let it in (`fix`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from solvers.routing.evaluate import Timetable, Violation, Visit, judge, timetable
from solvers.routing.formats.routing_file import RoutingFile
from solvers.routing.formats.wording import cause_of, describe_blocked
from solvers.routing.leftovers import Blocked
from solvers.routing.problem import OPEN_END, IntArray
from solvers.routing.solution import RELOAD, Route, RoutingSolution

Json = dict[str, Any]


def vroom_answer(
    file: RoutingFile,
    solution: RoutingSolution,
    blocked: Sequence[Blocked] = (),
    *,
    vehicle_ids: Sequence[int] = (),
    milliseconds: Mapping[str, int] | None = None,
) -> Json:
    """Return the answer as VROOM writes it; what the judge finds broken stands under `violations`.

    Parameters
    ----------
    blocked : what is known of the unassigned clients, see `solvers.routing.leftovers`.
    vehicle_ids : of the routes, where they are known; else the first free ones of the type.
    milliseconds : `computing_times` by step (loading, solving).
    """
    verdict = judge(file.problem, solution)
    ids = list(vehicle_ids) or assign_vehicles(file, solution)
    routes = []
    for number, (route, vehicle) in enumerate(zip(solution.routes, ids, strict=True)):
        broken = [v for v in verdict.violations if v.route == number]
        routes.append(_route(file, route, vehicle, broken))
    lost = [client for client in range(file.problem.clients) if client in set(solution.unassigned)]
    known = {case.client: case for case in blocked}
    rest = [v for v in verdict.violations if v.route < 0 and v.rule != "unassigned"]
    return {
        "code": 0,
        "summary": {
            "cost": _cost(file, verdict.cost),
            "routes": len(routes),
            "unassigned": len(lost),
            **{key: _sum(route[key] for route in routes) for key in _TOTALED},
            "delivery": _added([route["delivery"] for route in routes], file.problem.dimensions),
            "pickup": _added([route["pickup"] for route in routes], file.problem.dimensions),
            "violations": [_cause(file, violation) for violation in rest]
            + [cause for route in routes for cause in route["violations"]],
            **({"computing_times": dict(milliseconds)} if milliseconds is not None else {}),
        },
        "unassigned": [_unassigned(file, client, known.get(client)) for client in lost],
        "routes": routes,
    }


_TOTALED = ("setup", "service", "duration", "waiting_time", "priority", "distance")


def assign_vehicles(file: RoutingFile, solution: RoutingSolution) -> list[int]:
    """Return the vehicle id of every route: the first of the type that is free, the last where all are used."""
    free = {kind: list(members) for kind, members in enumerate(file.vehicles)}
    ids = []
    for route in solution.routes:
        members = free[route.vehicle_type]
        ids.append(members.pop(0) if len(members) > 1 else members[0])
    return ids


def _route(file: RoutingFile, route: Route, vehicle: int, broken: Sequence[Violation]) -> Json:
    problem = file.problem
    plan = timetable(problem, route)
    clients = [client for client in route.clients if client != RELOAD]
    steps = list(_steps(file, route, plan, broken))
    setup = 0 if file.setup is None else int(file.setup[clients].sum())
    named = file.descriptions.get(("vehicle", vehicle))
    return {
        "vehicle": vehicle,
        "cost": _cost(file, plan.cost),
        "setup": file.in_file_units(setup),
        "service": file.in_file_units(int(problem.service[clients].sum()) - setup),
        "duration": file.in_file_units(plan.driving),
        "waiting_time": file.in_file_units(plan.waiting),
        "priority": int(problem.priority[clients].sum()),
        "distance": steps[-1]["distance"],
        "delivery": problem.delivery[clients].sum(axis=0).tolist(),
        "pickup": problem.pickup[clients].sum(axis=0).tolist(),
        "violations": [_cause(file, v) for v in broken],
        **({"description": named} if named else {}),
        "steps": steps,
    }


def _steps(file: RoutingFile, route: Route, plan: Timetable, broken: Sequence[Violation]) -> Sequence[Json]:
    problem, kind = file.problem, route.vehicle_type
    profile = int(problem.vehicles.profile[kind])
    start, end = int(problem.vehicles.start_depot[kind]), int(problem.vehicles.end_depot[kind])
    steps: list[Json] = []
    driven = metres = 0
    previous: Visit | None = None
    node = start
    for position, visit in enumerate(plan.visits):
        last = position == len(plan.visits) - 1
        here = problem.depots + visit.client if visit.client >= 0 else start
        if visit.client < 0 and last and end != OPEN_END:
            here = end
        if previous is not None:
            driven += visit.arrival - previous.departure
            metres += file.distance(profile, node, here)
        setup = 0 if visit.client < 0 or file.setup is None else int(file.setup[visit.client])
        steps.append(
            {
                **_named(file, visit, position, last and end != OPEN_END),
                **_where(file, here),
                "setup": file.in_file_units(setup),
                "service": file.in_file_units(visit.departure - visit.start - setup),
                "waiting_time": file.in_file_units(visit.start - visit.arrival),
                "load": [],
                "arrival": file.in_file_units(visit.arrival),
                "duration": file.in_file_units(driven),
                "distance": file.in_file_units(metres),
                "violations": [_cause(file, v) for v in broken if v.client == visit.client and v.client >= 0],
            }
        )
        previous, node = visit, here
    for step, load in zip(steps, loads_after(file, route, len(steps)), strict=True):
        step["load"] = load.tolist()
    return steps


def loads_after(file: RoutingFile, route: Route, steps: int) -> list[IntArray]:
    """Return what is on board after every step [Q]: start, clients and reloads, end."""
    problem = file.problem
    trips: list[list[int]] = [[]]
    for client in route.clients:
        if client == RELOAD:
            trips.append([])
        else:
            trips[-1].append(client)
    loads: list[IntArray] = []
    for trip in trips:
        load = problem.delivery[trip].sum(axis=0)
        loads.append(load)  # at the start, or after a reload
        for client in trip:
            load = load - problem.delivery[client] + problem.pickup[client]
            loads.append(load)
    return [*loads, *[loads[-1]] * (steps - len(loads))]


def _named(file: RoutingFile, visit: Visit, position: int, is_end: bool) -> Json:
    if visit.client >= 0:
        job = file.jobs[visit.client]
        described = {"description": file.descriptions[job]} if job in file.descriptions else {}
        return {"type": "job", **described, "id": job, "job": job}
    if position == 0:
        return {"type": "start"}
    return {"type": "end"} if is_end else {"type": "reload"}


def _where(file: RoutingFile, node: int) -> Json:
    if not file.places:
        return {}
    place = file.places[node]
    found: Json = {} if place.location is None else {"location": list(place.location)}
    return found if place.index is None else {**found, "location_index": place.index}


def _unassigned(file: RoutingFile, client: int, case: Blocked | None) -> Json:
    job = file.jobs[client]
    told: Json = {"id": job, "type": "job", **_where(file, file.problem.depots + client)}
    if job in file.descriptions:
        told["description"] = file.descriptions[job]
    if case is not None:
        told["reason"], told["fix"] = describe_blocked(file, case)
    elif not file.problem.required[client]:
        told["reason"] = "optional, and its prize is below what serving it costs"
    return told


def _cause(file: RoutingFile, violation: Violation) -> Json:
    cause, timed = cause_of(file, violation)
    told: Json = {"cause": cause}
    if timed:
        told["duration"] = file.in_file_units(violation.amount)
    return told


def _cost(file: RoutingFile, cost: int) -> int | float:
    """Return a cost in the file's units; whole in VROOM's."""
    return math.floor(cost / file.cost_scale + 0.5) if file.format == "vroom" else file.in_file_units(cost, cost=True)


def _sum(values: Any) -> int | float:
    """Return the sum without the noise of decimals."""
    total: float = round(math.fsum(values), 6)
    return int(total) if total == int(total) else total


def _added(rows: list[list[int]], dimensions: int) -> list[int]:
    total: list[int] = np.array(rows, dtype=np.int64).reshape(-1, dimensions).sum(axis=0).tolist()
    return total
