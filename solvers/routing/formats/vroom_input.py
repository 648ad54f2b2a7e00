"""VROOM's JSON input (https://github.com/VROOM-Project/vroom, docs/API.md) to a routing problem.

VROOM minimises a cost per arc: by default its travel time. The problem's distances are therefore that
cost, and `RoutingFile.metres` keeps the true ones. What is not supported (shipments, breaks) is said.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from solvers.routing.formats.errors import Faults
from solvers.routing.formats.routing_file import Place, RoutingFile
from solvers.routing.formats.vroom_fleet import COST_UNIT, VroomVehicle, build_fleet
from solvers.routing.formats.vroom_json import Json, Reader, parse_object
from solvers.routing.formats.vroom_travel import between_places, read_matrices
from solvers.routing.problem import OPEN_END, UNBOUNDED, IntArray, RoutingProblem
from solvers.routing.solution import RoutingSolution

ROAD_FACTOR = 1.25
SPEED_KMH = 70.0
"""For files with coordinates and without matrices: as in the planner's settings."""
MOST_SKILLS = 62
NOWHERE = Place()


@dataclass(frozen=True, slots=True)
class _Job:
    id: int
    place: Place
    setup: int
    service: int
    delivery: tuple[int, ...]
    pickup: tuple[int, ...]
    skills: frozenset[int]
    priority: int
    windows: tuple[tuple[int, int], ...]


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
    if document.get("shipments"):
        faults.add("shipments", "pick-up before delivery is not supported", "give each as jobs, if its order is free")
    matrices = {
        profile: read_matrices(document, profile, faults)
        for profile in {str(v.get("profile", "car")) for v in document.get("vehicles") or [] if isinstance(v, dict)}
    }
    size = min((len(m["durations"]) for m in matrices.values() if m is not None), default=None)
    jobs = [_job(reader, size) for reader in root.objects("jobs", "job")]
    places: dict[Place, int] = {}
    vehicles = [_vehicle(reader, size, places) for reader in root.objects("vehicles", "vehicle")]
    if not jobs:
        faults.add("jobs", "there is none", "add jobs")
    if not vehicles:
        faults.add("vehicles", "there is none", "add vehicles")
    _check_ids([job.id for job in jobs], "jobs", faults)
    _check_ids([vehicle.id for vehicle in vehicles], "vehicles", faults)
    dimensions = _dimensions(jobs, vehicles, faults)
    skills = sorted(set().union(*(job.skills for job in jobs)))
    if len(skills) > MOST_SKILLS:
        faults.add("jobs", f"{len(skills)} different skills", f"use at most {MOST_SKILLS}")
    faults.stop()

    bits = {skill: 1 << k for k, skill in enumerate(skills)}
    nodes = [*places, *(job.place for job in jobs)]
    travel = {name: between_places(nodes, given, road_factor, speed_kmh) for name, given in matrices.items()}
    fleet = build_fleet(vehicles, travel, bits, faults)
    problem = RoutingProblem.create(
        depots=len(places),
        vehicles=fleet.types,
        distances=fleet.distances,
        durations=fleet.durations,
        delivery=_amounts([job.delivery for job in jobs], dimensions),
        pickup=_amounts([job.pickup for job in jobs], dimensions),
        windows=_windows(jobs),
        service=[job.setup + job.service for job in jobs],
        priority=[job.priority for job in jobs],
        skills=[sum(bits[skill] for skill in job.skills) for job in jobs],
    )
    notes = fleet.notes
    if any(given is None for given in matrices.values()):
        notes = (f"no matrices: great circles x {road_factor:g} at {speed_kmh:g} km/h", *notes)
    if any(job.setup for job in jobs):
        notes = ("setup times count at every job, also at the same place as the job before", *notes)
    return RoutingFile(
        path=path,
        format="vroom",
        name=path.stem,
        problem=problem,
        jobs=tuple(job.id for job in jobs),
        vehicles=fleet.vehicles,
        cost_scale=COST_UNIT,
        metres=fleet.metres,
        distance_is_time=fleet.distance_is_time,
        setup=np.array([job.setup for job in jobs], dtype=np.int64),
        places=tuple(nodes),
        descriptions=_descriptions(document),
        start=_start(document, [job.id for job in jobs], fleet.vehicles),
        notes=notes,
    )


def _job(reader: Reader, size: int | None) -> _Job:
    for key in ("setup_per_type", "service_per_type"):
        if reader.has(key):
            reader.fault(key, "is not supported", "give one setup and service for all vehicles")
    return _Job(
        id=reader.whole("id", -1),
        place=_place(reader, "location", "location_index", size),
        setup=reader.whole("setup", 0),
        service=reader.whole("service", 0),
        delivery=reader.wholes("delivery") or reader.wholes("amount") or (),
        pickup=reader.wholes("pickup") or (),
        skills=frozenset(reader.wholes("skills") or ()),
        priority=reader.whole("priority", 0),
        windows=tuple(sorted(reader.spans("time_windows"))) or ((0, UNBOUNDED),),
    )


def _vehicle(reader: Reader, size: int | None, places: dict[Place, int]) -> VroomVehicle:
    if reader.members.get("breaks"):
        reader.fault("breaks", "driver breaks are not supported", "leave them out, or shorten the time window")
    costs = Reader(reader.members.get("costs") or {}, f"{reader.where}.costs", reader.faults)
    if costs.number("per_task_hour", 0):
        costs.fault("per_task_hour", "is not supported", "leave it out")
    ends = {}
    for end in ("start", "end"):
        known = reader.has(end) or reader.has(f"{end}_index")
        ends[end] = _place(reader, end, f"{end}_index", size) if known else NOWHERE
    if NOWHERE == ends["start"] == ends["end"] and not (reader.has("start_index") or reader.has("end_index")):
        reader.fault("start", "neither start nor end is given", "give one of them")
    return VroomVehicle(
        id=reader.whole("id", -1),
        profile=str(reader.members.get("profile", "car")),
        speed_factor=reader.number("speed_factor", 1.0, least=0.01),
        start=places.setdefault(ends["start"], len(places)),
        end=OPEN_END if ends["end"] == NOWHERE else places.setdefault(ends["end"], len(places)),
        capacity=reader.wholes("capacity") or (),
        skills=frozenset(reader.wholes("skills") or ()),
        window=reader.span("time_window") or (0, UNBOUNDED),
        fixed=costs.whole("fixed", 0),
        per_hour=costs.whole("per_hour", 3600),
        per_km=costs.whole("per_km", 0),
        max_tasks=reader.whole("max_tasks", UNBOUNDED),
        max_travel_time=reader.whole("max_travel_time", UNBOUNDED),
        max_distance=reader.whole("max_distance", UNBOUNDED),
    )


def _place(reader: Reader, location: str, index: str, size: int | None) -> Place:
    """Return a place: an index into the matrices of `size` where there are any, else coordinates."""
    place = Place(reader.location(location), reader.whole(index, -1) if reader.has(index) else None)
    if size is None:
        if place.location is None:
            reader.fault(location, "is missing and there are no matrices", "give [longitude, latitude]")
        return Place(place.location)
    if place.index is None:
        reader.fault(index, "is missing beside matrices", f"give an index from 0 to {size - 1}")
    elif not 0 <= place.index < size:
        reader.fault(index, f"{place.index} is outside the matrices", f"give an index from 0 to {size - 1}")
    return place


def _check_ids(ids: list[int], where: str, faults: Faults) -> None:
    seen: set[int] = set()
    for number in ids:
        if number in seen:
            faults.add(where, f"the id {number} is there twice", "give every one its own id")
        seen.add(number)


def _dimensions(jobs: list[_Job], vehicles: list[VroomVehicle], faults: Faults) -> int:
    """Return the number of capacity dimensions, which all jobs with amounts and all vehicles share."""
    lengths = {len(v.capacity) for v in vehicles}
    used = {len(amounts) for job in jobs for amounts in (job.delivery, job.pickup) if amounts}
    if len(lengths) > 1:
        faults.add("vehicles", f"capacities have {sorted(lengths)} dimensions", "give all the same number")
    elif used - lengths:
        what = f"amounts have {sorted(used)} dimensions, vehicles {sorted(lengths)}"
        faults.add("jobs", what, "give amounts and capacities the same number")
    return max(lengths, default=0)


def _amounts(amounts: list[tuple[int, ...]], dimensions: int) -> IntArray:
    """Return [C, Q]; without any capacity one dimension that nobody uses."""
    table = np.zeros((len(amounts), max(1, dimensions)), dtype=np.int64)
    for row, given in zip(table, amounts, strict=True):
        row[: len(given)] = given
    return table


def _windows(jobs: list[_Job]) -> IntArray:
    most = max(len(job.windows) for job in jobs)
    return np.array([[*job.windows, *[job.windows[-1]] * (most - len(job.windows))] for job in jobs], dtype=np.int64)


def _descriptions(document: Json) -> dict[int | tuple[str, int], str]:
    found: dict[int | tuple[str, int], str] = {
        job["id"]: str(job["description"]) for job in document["jobs"] if job.get("description")
    }
    for vehicle in document["vehicles"]:
        if vehicle.get("description"):
            found["vehicle", vehicle["id"]] = str(vehicle["description"])
    return found


def _start(document: Json, jobs: list[int], vehicles: tuple[tuple[int, ...], ...]) -> RoutingSolution | None:
    """Return the routes that `vehicles[].steps` give, None where there are none."""
    client = {job: k for k, job in enumerate(jobs)}
    kind = {vehicle: k for k, members in enumerate(vehicles) for vehicle in members}
    routes: list[tuple[int, list[int]]] = []
    for vehicle in document["vehicles"]:
        steps: list[Any] = vehicle.get("steps") or []
        visits = [client[s["id"]] for s in steps if s.get("type") == "job" and s.get("id") in client]
        routes.append((kind[vehicle["id"]], list(dict.fromkeys(visits))))
    known = any(visits for _, visits in routes)
    return RoutingSolution.create(routes, len(jobs)) if known else None
