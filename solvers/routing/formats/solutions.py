"""Solution files: VRPLIB's .sol and VROOM's JSON, both written and read."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from solvers.routing.evaluate import judge
from solvers.routing.formats.errors import Faults, read_text
from solvers.routing.formats.routing_file import ReadSolution, RoutingFile
from solvers.routing.formats.vroom_json import Json, Reader, parse_object
from solvers.routing.formats.vroom_output import assign_vehicles, vroom_answer
from solvers.routing.formats.vroom_steps import Steps, read_steps
from solvers.routing.leftovers import Blocked
from solvers.routing.solution import BREAK, RELOAD, Route, RoutingSolution


def write_solution(
    path: Path | str,
    file: RoutingFile,
    solution: RoutingSolution,
    blocked: Sequence[Blocked] = (),
    *,
    milliseconds: Mapping[str, int] | None = None,
) -> None:
    """Write an answer: VRPLIB's form where the name ends in `.sol`, else VROOM's JSON."""
    path = Path(path)
    if path.suffix == ".sol":
        text = sol_text(file, solution)
    else:
        text = json.dumps(vroom_answer(file, solution, blocked, milliseconds=milliseconds), indent=1) + "\n"
    path.write_text(text, encoding="utf-8")


def sol_text(file: RoutingFile, solution: RoutingSolution) -> str:
    """Return the solution as VRPLIB writes it: nodes counted from the depots, which are 0 to D - 1.

    Where vehicles differ, route k is vehicle k's, empty where it stays at home. A reload is the depot's number.
    """
    depots = file.problem.depots
    by_vehicle: dict[int, str] = {}
    for number, (route, vehicle) in enumerate(zip(solution.routes, assign_vehicles(file, solution), strict=True), 1):
        depot = int(file.problem.vehicles.start_depot[route.vehicle_type])
        nodes = [depot if client == RELOAD else depots + client for client in route.clients if client >= RELOAD]
        key = vehicle if len(file.vehicles) > 1 else number
        by_vehicle[key] = " ".join(map(str, nodes))
    lines = [f"Route #{k}: {by_vehicle.get(k, '')}".rstrip() for k in range(1, max(by_vehicle, default=0) + 1)]
    cost = file.in_file_units(judge(file.problem, solution).cost, cost=True)
    return "\n".join([*lines, f"Cost {cost}"]) + "\n"


def read_solution(file: RoutingFile, path: Path | str) -> ReadSolution:
    """Read a solution of `file`'s problem, in VROOM's JSON or VRPLIB's .sol form.

    Raises
    ------
    RoutingFileError
        The file cannot be read, or names jobs or vehicles that the problem does not have.
    """
    path = Path(path)
    text = read_text(path)
    faults = Faults(path)
    routes = _vroom_routes(file, parse_object(path, text, faults), faults) if text.lstrip().startswith("{") else None
    if routes is None:
        routes = [(vehicle, Steps(tuple(clients), {}, (), 0)) for vehicle, clients in _sol_routes(file, text, faults)]
    faults.stop()
    kind = {vehicle: k for k, members in enumerate(file.vehicles) for vehicle in members}
    kept = [(vehicle, steps) for vehicle, steps in routes if any(client > BREAK for client in steps.clients)]
    served = {client for _, steps in kept for client in steps.clients}
    solution = RoutingSolution(
        tuple(Route(kind[vehicle], steps.clients) for vehicle, steps in kept),
        tuple(client for client in range(file.problem.clients) if client not in served),
    )
    return ReadSolution(solution, tuple(vehicle for vehicle, _ in kept), tuple(steps.held for _, steps in kept))


def _vroom_routes(file: RoutingFile, document: Json, faults: Faults) -> list[tuple[int, Steps]]:
    vehicles = {vehicle for members in file.vehicles for vehicle in members}
    if "routes" not in document:
        faults.add("routes", "are missing", "give VROOM's output, or a problem with steps for every vehicle")
    client_of = file.client_of()
    routes = []
    for route in Reader(document, "", faults).objects("routes", "route"):
        vehicle = route.members.get("vehicle")
        if vehicle not in vehicles:
            route.fault("vehicle", f"{vehicle!r} is no vehicle of the problem", "use an id of the problem file")
            continue
        steps = read_steps(route.objects("steps", "step"), client_of, file.break_of(int(vehicle)))
        routes.append((int(vehicle), steps))
    return routes


def _sol_routes(file: RoutingFile, text: str, faults: Faults) -> list[tuple[int, list[int]]]:
    """Return (vehicle, clients): route k is vehicle k's; where all are alike, numbers beyond the fleet stay."""
    depots = file.problem.depots
    vehicles = [vehicle for members in file.vehicles for vehicle in members]
    routes = []
    for line, raw in enumerate(text.splitlines(), 1):
        match = re.match(r"\s*route\s*#?\s*(\d+)\s*:(.*)", raw, re.IGNORECASE)
        if not match:
            continue
        number, where = int(match[1]), f"line {line}"
        if len(file.vehicles) > 1 and number not in vehicles:
            faults.add(where, f"there is no vehicle {number}", f"number the routes by vehicle, up to {max(vehicles)}")
            continue
        visits: list[int] = []
        for word in match[2].split():
            if not word.isdigit() or int(word) >= file.problem.nodes:
                faults.add(where, f"{word!r} is no node", f"use numbers up to {file.problem.nodes - 1}")
            else:
                visits.append(RELOAD if int(word) < depots else int(word) - depots)
        routes.append((number if len(file.vehicles) > 1 else vehicles[0], visits))
    if not routes:
        faults.add("file", "has no line 'Route #1: ...'", "give a .sol file or VROOM's JSON output")
    return routes
