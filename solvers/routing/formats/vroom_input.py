"""VROOM's JSON input (https://github.com/VROOM-Project/vroom, docs/API.md) to a routing problem.

Beyond VROOM, a file may name release times, prizes of optional tasks, reloads, overtime, time away that is paid or
limited, speeds by time of day, balance, and steps that are pinned or frozen: see docs/routing-files.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from solvers.routing.formats.errors import Faults
from solvers.routing.formats.routing_file import Place, ReadSolution, RoutingFile
from solvers.routing.formats.vroom_fleet import (
    COST_UNIT,
    NOWHERE,
    PER_HOUR,
    VroomFleet,
    VroomVehicle,
    build_fleet,
    check_charges,
    read_vehicle,
)
from solvers.routing.formats.vroom_json import Json, Reader, parse_object
from solvers.routing.formats.vroom_steps import Steps, read_steps
from solvers.routing.formats.vroom_tasks import Task, check_ids, read_tasks
from solvers.routing.formats.vroom_travel import (
    LARGEST_MATRIX,
    NO_TRAVEL,
    Matrices,
    between_places,
    on_a_plane,
    read_matrices,
    read_speeds,
    stacked,
)
from solvers.routing.problem import UNBOUNDED, FloatArray, IntArray, Pinned, RoutingProblem
from solvers.routing.solution import BREAK, Route, RoutingSolution

ROAD_FACTOR = 1.25
SPEED_KMH = 70.0
"""For files with coordinates and without matrices: as in the planner's settings."""
MOST_SKILLS = 62
_TASK = {"id", "description", "location", "location_index", "setup", "service", "setup_per_type", "service_per_type"}
_SHARED = {"amount", "skills", "priority", "prize", "pickup", "delivery"}
KNOWN = {
    "file": {"jobs", "shipments", "vehicles", "matrices", "matrix", "speeds", "balance_per_hour", "options"},
    "jobs": _TASK | _SHARED | {"time_windows", "release"},
    "shipments": _SHARED,
    "vehicles": {
        *("id", "profile", "description", "start", "start_index", "end", "end_index", "capacity", "costs", "skills"),
        *("type", "time_window", "breaks", "speed_factor", "max_tasks", "max_travel_time", "max_distance", "steps"),
        *("max_duration", "max_reloads", "regular_duration"),
    },
}
"""Members that are read; `options` is for VROOM's server."""


def read_vroom(path: Path, text: str, road_factor: float = ROAD_FACTOR, speed_kmh: float = SPEED_KMH) -> RoutingFile:
    """Return the problem of VROOM JSON.

    Raises
    ------
    RoutingFileError
        With every fault found.
    """
    faults = Faults(path)
    document = parse_object(path, text, faults)
    root = Reader(document, "", faults)
    readers = root.objects("vehicles", "vehicle")
    profiles = {str(reader.members.get("profile", "car")) for reader in readers}
    matrices = {profile: read_matrices(document, profile, faults) for profile in sorted(profiles)}
    size = min((len(m["durations"]) for m in matrices.values() if m is not None), default=None)
    tasks = read_tasks(document, root, size)
    places: dict[Place, int] = {}
    vehicles = [read_vehicle(reader, size, places) for reader in readers]
    if not tasks:
        faults.add("jobs", "there is none", "add jobs or shipments")
    if not vehicles:
        faults.add("vehicles", "there is none", "add vehicles")
    check_ids([vehicle.id for vehicle in vehicles], "vehicles", root)
    dimensions = _dimensions(tasks, vehicles, faults)
    skills = sorted(set().union(*(task.skills for task in tasks)))
    if len(skills) > MOST_SKILLS:
        faults.add("jobs", f"{len(skills)} different skills", f"use at most {MOST_SKILLS}")
    faults.stop()

    nodes = [*places, *(task.place for task in tasks)]
    plane = _plane(nodes, matrices, vehicles, road_factor * 3.6 / speed_kmh, faults)
    if plane is None:
        travel = {name: between_places(nodes, given, road_factor, speed_kmh) for name, given in matrices.items()}
    else:
        travel = dict.fromkeys(matrices, NO_TRAVEL)
    check_charges(vehicles, travel, root)
    fleet = build_fleet(vehicles, travel, tasks, {skill: 1 << k for k, skill in enumerate(skills)}, dimensions)
    steps = _steps(readers, vehicles, tasks)
    speeds = read_speeds(root, [profile for profile, _ in fleet.ways])
    balance = root.whole("balance_per_hour", 0) * PER_HOUR
    faults.stop()
    bits = {skill: 1 << k for k, skill in enumerate(skills)}
    matrix = Matrices(None, None, None) if plane is not None else stacked(travel, fleet.ways, COST_UNIT)
    problem = RoutingProblem.create(
        depots=len(places),
        vehicles=fleet.types,
        distances=matrix.distances,
        durations=matrix.durations,
        arc_costs=matrix.costs,
        coordinates=plane,
        speeds=speeds,
        delivery=_amounts([task.delivery for task in tasks], dimensions),
        pickup=_amounts([task.pickup for task in tasks], dimensions),
        pickup_of=[task.origin for task in tasks],
        windows=_windows(tasks),
        service=[task.service for task in tasks],
        setup=[task.setup for task in tasks],
        place=_place_numbers(nodes),
        release=[task.release for task in tasks],
        required=[task.prize is None for task in tasks],
        prize=[(task.prize or 0) * COST_UNIT for task in tasks],
        priority=[task.priority for task in tasks],
        skills=[sum(bits[skill] for skill in task.skills) for task in tasks],
        balance_cost=balance,
        pinned=_pinned(steps, vehicles, fleet),
    )
    notes = _unread(document)
    if plane is not None:
        notes = (f"no matrices: times on a plane x {road_factor:g} at {speed_kmh:g} km/h, no distances", *notes)
    elif any(given is None for given in matrices.values()):
        notes = (f"no matrices: great circles x {road_factor:g} at {speed_kmh:g} km/h", *notes)
    return RoutingFile(
        path=path,
        format="vroom",
        name=path.stem,
        problem=problem,
        jobs=tuple(task.id for task in tasks),
        kinds=tuple(task.kind for task in tasks),
        vehicles=fleet.vehicles,
        breaks=fleet.breaks,
        cost_scale=COST_UNIT,
        measured=all(given.distances is not None for given in travel.values()),
        places=tuple(nodes),
        descriptions=_descriptions(tasks, document),
        plan=_plan(steps, vehicles, fleet, len(tasks)),
        notes=notes,
    )


def _plane(
    nodes: Sequence[Place],
    matrices: Mapping[str, object],
    vehicles: Sequence[VroomVehicle],
    seconds_per_metre: float,
    faults: Faults,
) -> FloatArray | None:
    """Return coordinates of so many places that matrices would fill the memory; None where there is room for them."""
    if len(nodes) <= LARGEST_MATRIX or any(given is not None for given in matrices.values()):
        return None
    factors = {(vehicle.profile, vehicle.speed_factor) for vehicle in vehicles}
    kept = (
        (len(factors) > 1, "different profiles or speed factors"),
        (any(v.per_km or v.max_distance < UNBOUNDED for v in vehicles), "per_km or max_distance"),
        (any(place.location is None for place in nodes), "a vehicle without start"),
    )
    for found, what in kept:
        if found:
            advice = f"leave that out, or give matrices; without them there is no more than {LARGEST_MATRIX:,}"
            faults.add("vehicles", f"{what} with {len(nodes):,} places", advice)
    faults.stop()
    (_, factor), *_ = factors
    return on_a_plane(nodes, seconds_per_metre / factor)


def _unread(document: Json) -> tuple[str, ...]:
    """Return a note for every kind of object that has members which nobody reads: a misspelt rule is no rule."""
    notes = []
    for name, known in KNOWN.items():
        objects = [document] if name == "file" else document.get(name) or []
        unread = {key for one in objects if isinstance(one, dict) for key in one if not key.startswith("_")} - known
        if unread:
            notes.append(f"{name}: not understood and left unread: {', '.join(sorted(unread))}")
    return tuple(notes)


def _dimensions(tasks: Sequence[Task], vehicles: Sequence[VroomVehicle], faults: Faults) -> int:
    """Return the number of capacity dimensions, which all tasks with amounts and all vehicles share."""
    lengths = {len(v.capacity) for v in vehicles}
    used = {len(amounts) for task in tasks for amounts in (task.delivery, task.pickup) if amounts}
    used |= {len(b.max_load) for v in vehicles for b in v.breaks if b.max_load}
    if len(lengths) > 1:
        faults.add("vehicles", f"capacities have {sorted(lengths)} dimensions", "give all the same number")
    elif used - lengths:
        what = f"amounts have {sorted(used)} dimensions, vehicles {sorted(lengths)}"
        faults.add("jobs", what, "give amounts and capacities the same number")
    return max(lengths, default=0)


def _amounts(amounts: Sequence[tuple[int, ...]], dimensions: int) -> IntArray:
    """Return [C, Q]; without any capacity one dimension that nobody uses."""
    table = np.zeros((len(amounts), max(1, dimensions)), dtype=np.int64)
    for row, given in zip(table, amounts, strict=True):
        row[: len(given)] = given
    return table


def _windows(tasks: Sequence[Task]) -> IntArray:
    most = max(len(task.windows) for task in tasks)
    rows = [[*task.windows, *[task.windows[-1]] * (most - len(task.windows))] for task in tasks]
    return np.array(rows, dtype=np.int64)


def _place_numbers(nodes: Sequence[Place]) -> list[int]:
    """Return a number per place, so that setup times count once where a vehicle stays."""
    known: dict[object, int] = {}
    numbers = []
    for node in nodes:
        key: object = node.index if node.index is not None else node.location
        numbers.append(known.setdefault(key, len(known)) if node != NOWHERE else -1)
    return numbers


def _descriptions(tasks: Sequence[Task], document: Json) -> dict[tuple[str, int], str]:
    found: dict[tuple[str, int], str] = {(task.kind, task.id): task.description for task in tasks if task.description}
    for vehicle in document["vehicles"]:
        if vehicle.get("description"):
            found["vehicle", vehicle["id"]] = str(vehicle["description"])
    return found


def _steps(readers: Sequence[Reader], vehicles: Sequence[VroomVehicle], tasks: Sequence[Task]) -> list[Steps]:
    """Return the steps of every vehicle."""
    client_of: Mapping[tuple[str, int], int] = {(task.kind, task.id): k for k, task in enumerate(tasks)}
    return [
        read_steps(reader.objects("steps", "step"), client_of, {b.id: k for k, b in enumerate(vehicle.breaks)})
        for reader, vehicle in zip(readers, vehicles, strict=True)
    ]


def _pinned(steps: Sequence[Steps], vehicles: Sequence[VroomVehicle], fleet: VroomFleet) -> list[Pinned]:
    kind = {vehicle: k for k, members in enumerate(fleet.vehicles) for vehicle in members}
    return [Pinned(kind[v.id], s.pinned, s.frozen) for s, v in zip(steps, vehicles, strict=True) if s.pinned]


def _plan(
    steps: Sequence[Steps], vehicles: Sequence[VroomVehicle], fleet: VroomFleet, clients: int
) -> ReadSolution | None:
    """Return the routes that the vehicles' steps give, None where there are none."""
    kind = {vehicle: k for k, members in enumerate(fleet.vehicles) for vehicle in members}
    used = [(v.id, s) for v, s in zip(vehicles, steps, strict=True) if any(c > BREAK for c in s.clients)]
    if not used:
        return None
    served = {client for _, s in used for client in s.clients}
    solution = RoutingSolution(
        tuple(Route(kind[vehicle], s.clients) for vehicle, s in used),
        tuple(client for client in range(clients) if client not in served),
    )
    return ReadSolution(solution, tuple(vehicle for vehicle, _ in used), tuple(s.held for _, s in used))
