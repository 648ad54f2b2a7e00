"""Answers as VROOM's JSON output: summary, routes with timed steps, unassigned jobs, violations.

Numbers are in the file's own units. Beyond VROOM, an unassigned job says why (`reason`) and what would
let it in (`fix`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from solvers.routing.evaluate import Violation, judge, loads_on_board
from solvers.routing.formats.routing_file import Place, RoutingFile
from solvers.routing.formats.wording import cause_of, describe_blocked
from solvers.routing.leftovers import Blocked
from solvers.routing.problem import OPEN_END
from solvers.routing.solution import BREAK, RELOAD, Route, RoutingSolution
from solvers.routing.timetable import END, START, Span, Timetable, timetable

Json = dict[str, Any]


def vroom_answer(
    file: RoutingFile,
    solution: RoutingSolution,
    blocked: Sequence[Blocked] = (),
    *,
    vehicle_ids: Sequence[int] = (),
    held: Sequence[Mapping[int, Span]] = (),
    milliseconds: Mapping[str, int] | None = None,
) -> Json:
    """Return the answer as VROOM writes it; what the judge finds broken stands under `violations`.

    Parameters
    ----------
    blocked : what is known of the unassigned clients, see `solvers.routing.leftovers`.
    vehicle_ids : of the routes, where they are known; else the first free ones of the type.
    held : times that a plan holds its routes to.
    milliseconds : `computing_times` by step (loading, solving).
    """
    verdict = judge(file.problem, solution, held)
    ids = list(vehicle_ids) or assign_vehicles(file, solution)
    routes = []
    for number, (route, vehicle) in enumerate(zip(solution.routes, ids, strict=True)):
        broken = [v for v in verdict.violations if v.route == number]
        plan = timetable(file.problem, route, held[number] if held else None)
        routes.append(_route(file, route, vehicle, plan, broken))
    lost = [client for client in range(file.problem.clients) if client in set(solution.unassigned)]
    known = {case.client: case for case in blocked}
    rest = [v for v in verdict.violations if v.route < 0 and v.rule != "unassigned"]
    totaled = [key for key in _TOTALED if key != "distance" or file.measured]
    return {
        "code": 0,
        "summary": {
            "cost": _cost(file, verdict.cost),
            "routes": len(routes),
            "unassigned": len(lost),
            **{key: _sum(route[key] for route in routes) for key in totaled},
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


def _route(file: RoutingFile, route: Route, vehicle: int, plan: Timetable, broken: Sequence[Violation]) -> Json:
    problem, clients = file.problem, list(route.stops)
    setup = sum(visit.setup for visit in plan.visits)
    named = file.descriptions.get(("vehicle", vehicle))
    taken = sum(visit.departure - visit.start for visit in plan.visits)  # breaks too, as VROOM counts
    return {
        "vehicle": vehicle,
        "cost": _cost(file, plan.cost),
        "setup": file.in_file_units(setup),
        "service": file.in_file_units(taken - setup),
        "duration": file.in_file_units(plan.driving),
        "waiting_time": file.in_file_units(plan.waiting),
        "priority": int(problem.priority[clients].sum()),
        **({"distance": file.in_file_units(plan.distance)} if file.measured else {}),
        "delivery": problem.delivery[clients].sum(axis=0).tolist(),
        "pickup": problem.pickup[clients].sum(axis=0).tolist(),
        "violations": [_cause(file, v) for v in broken],
        **({"description": named} if named else {}),
        "steps": _steps(file, route, plan, broken),
    }


def _steps(file: RoutingFile, route: Route, plan: Timetable, broken: Sequence[Violation]) -> list[Json]:
    """Return start, stops, breaks, reloads and end; an open route ends at its last stop, as VROOM reports it."""
    problem, kind = file.problem, route.vehicle_type
    start, end = int(problem.vehicles.start_depot[kind]), int(problem.vehicles.end_depot[kind])
    loads = np.array([loads_on_board(problem, route, dimension) for dimension in range(problem.dimensions)]).T.tolist()
    steps: list[Json] = []
    driven = metres = 0
    node = start
    for position, visit in enumerate(plan.visits):
        node = problem.depots + visit.client if visit.client >= 0 else end if visit.client == END else node
        node = start if visit.client == RELOAD else node
        driven += visit.driving
        metres += visit.distance
        steps.append(
            {
                **_named(file, kind, visit.client),
                **(_where(file, node) if visit.client > BREAK else {}),
                "setup": file.in_file_units(visit.setup),
                "service": file.in_file_units(visit.departure - visit.start - visit.setup),
                "waiting_time": file.in_file_units(visit.start - visit.arrival),
                "load": loads[min(position, len(loads) - 1)],
                "arrival": file.in_file_units(visit.arrival),
                "duration": file.in_file_units(driven),
                **({"distance": file.in_file_units(metres)} if file.measured else {}),
                "violations": [_cause(file, v) for v in broken if v.client == visit.client and v.client != -1],
            }
        )
    nowhere = bool(file.places) and file.places[start] == Place()
    if nowhere and route.stops:
        steps[0] |= _where(file, problem.depots + route.stops[0])
    if end == OPEN_END:
        last = plan.visits[-1]
        there = {key: steps[-1][key] for key in ("load", "duration", *(("distance",) if file.measured else ()))}
        idle = {"setup": 0, "service": 0, "waiting_time": 0}
        times: Json = {"arrival": file.in_file_units(last.departure), "violations": []}
        steps.append({"type": "end", **_where(file, node), **idle, **there, **times})
    return steps


def _named(file: RoutingFile, kind: int, client: int) -> Json:
    if client >= 0:
        task, number = file.kind(client), file.jobs[client]
        text = file.descriptions.get((task, number))
        named = {"type": task, **({"description": text} if text else {}), "id": number}
        return {**named, "job": number} if task == "job" else named
    if client <= BREAK:
        taken = file.breaks[kind][BREAK - client]
        return {"type": "break", **({"description": taken.description} if taken.description else {}), "id": taken.id}
    return {"type": {START: "start", END: "end"}.get(client, "reload")}


def _where(file: RoutingFile, node: int) -> Json:
    if not file.places:
        return {}
    place = file.places[node]
    found: Json = {} if place.location is None else {"location": list(place.location)}
    return found if place.index is None else {**found, "location_index": place.index}


def _unassigned(file: RoutingFile, client: int, case: Blocked | None) -> Json:
    kind, number = file.kind(client), file.jobs[client]
    told: Json = {"id": number, "type": kind, **_where(file, file.problem.depots + client)}
    if (kind, number) in file.descriptions:
        told["description"] = file.descriptions[kind, number]
    if case is not None:
        told["reason"], told["fix"] = describe_blocked(file, case)
    elif not file.problem.required[client]:
        told["reason"] = "optional, and its prize is below what serving it costs"
    return told


def _cause(file: RoutingFile, violation: Violation) -> Json:
    cause, timed = cause_of(violation)
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
