"""VROOM's vehicles: read one by one, equal ones made a type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from solvers.routing.fleet import AS_CLIENT, NO_BREAK, Breaks
from solvers.routing.formats.routing_file import NamedBreak, Place
from solvers.routing.formats.vroom_json import Reader
from solvers.routing.formats.vroom_tasks import Task, check_ids, read_place
from solvers.routing.formats.vroom_travel import Travel
from solvers.routing.problem import OPEN_END, UNBOUNDED, IntArray, VehicleTypes

COST_UNIT = 18_000
"""Cost units in one of VROOM's: money per hour and per kilometre are whole numbers per second and metre."""
PER_HOUR, PER_KM = COST_UNIT // 3600, COST_UNIT // 1000
USUAL_PER_HOUR = 3600
FASTEST = 5.0
NOWHERE = Place()


@dataclass(frozen=True, slots=True)
class VroomBreak:
    """A driver's break; no `max_load` is ()."""

    id: int
    windows: tuple[tuple[int, int], ...]
    service: int
    max_load: tuple[int, ...]
    description: str


@dataclass(frozen=True, slots=True)
class VroomVehicle:
    """One vehicle of the file; `start` and `end` are nodes, `end` or `OPEN_END`; `alone` tells pinned ones apart."""

    id: int
    profile: str
    type: str
    speed_factor: float
    start: int
    end: int
    capacity: tuple[int, ...]
    skills: frozenset[int]
    window: tuple[int, int]
    breaks: tuple[VroomBreak, ...]
    fixed: int
    per_hour: int
    per_km: int
    per_task_hour: int
    per_route_hour: int
    per_overtime_hour: int
    regular_duration: int
    max_tasks: int
    max_travel_time: int
    max_distance: int
    max_duration: int
    max_reloads: int
    alone: int


@dataclass(frozen=True, slots=True)
class VroomFleet:
    """Vehicle types with their vehicles' ids and breaks, and what profile and speed factor each matrix stands for."""

    types: VehicleTypes
    vehicles: tuple[tuple[int, ...], ...]
    breaks: tuple[tuple[NamedBreak, ...], ...]
    ways: tuple[tuple[str, float], ...]


def read_vehicle(reader: Reader, size: int | None, places: dict[Place, int]) -> VroomVehicle:
    """Read one vehicle; its start and end join `places`."""
    costs = Reader(reader.members.get("costs") or {}, f"{reader.where}.costs", reader.faults)
    ends = {}
    for end in ("start", "end"):
        known = reader.has(end) or reader.has(f"{end}_index")
        ends[end] = read_place(reader, end, f"{end}_index", size) if known else NOWHERE
    if NOWHERE == ends["start"] == ends["end"] and not (reader.has("start_index") or reader.has("end_index")):
        reader.fault("start", "neither start nor end is given", "give one of them")
    breaks = [_break(one) for one in reader.objects("breaks", "break")]
    check_ids([one.id for one in breaks], f"{reader.where}.breaks", reader)
    factor = reader.number("speed_factor", 1.0, least=0.01)
    if factor > FASTEST:
        reader.fault("speed_factor", f"{factor:g} is above {FASTEST:g}", "write a number above 0, at most 5")
    steps = reader.members.get("steps") or []
    pinned = any(isinstance(s, dict) and (s.get("pinned") is True or s.get("frozen") is True) for s in steps)
    number = reader.whole("id", -1) if reader.has("id") else -1
    if number < 0:
        reader.fault("id", "is missing", "give a whole number")
    return VroomVehicle(
        id=number,
        profile=str(reader.members.get("profile", "car")),
        type=reader.text("type"),
        speed_factor=factor,
        start=places.setdefault(ends["start"], len(places)),
        end=OPEN_END if ends["end"] == NOWHERE else places.setdefault(ends["end"], len(places)),
        capacity=reader.wholes("capacity") or (),
        skills=frozenset(reader.wholes("skills") or ()),
        window=reader.span("time_window") or (0, UNBOUNDED),
        breaks=tuple(sorted(breaks, key=lambda one: (one.windows, one.id))),
        fixed=costs.whole("fixed", 0),
        per_hour=costs.whole("per_hour", USUAL_PER_HOUR),
        per_km=costs.whole("per_km", 0),
        per_task_hour=costs.whole("per_task_hour", 0),
        per_route_hour=costs.whole("per_route_hour", 0),
        per_overtime_hour=costs.whole("per_overtime_hour", 0),
        regular_duration=reader.whole("regular_duration", UNBOUNDED),
        max_tasks=reader.whole("max_tasks", UNBOUNDED),
        max_travel_time=reader.whole("max_travel_time", UNBOUNDED),
        max_distance=reader.whole("max_distance", UNBOUNDED),
        max_duration=reader.whole("max_duration", UNBOUNDED),
        max_reloads=reader.whole("max_reloads", 0),
        alone=number if pinned else -1,
    )


def _break(reader: Reader) -> VroomBreak:
    return VroomBreak(
        id=reader.whole("id", 0),
        windows=tuple(sorted(reader.spans("time_windows"))) or ((0, UNBOUNDED),),
        service=reader.whole("service", 0),
        max_load=reader.wholes("max_load") or (),
        description=reader.text("description"),
    )


def check_charges(vehicles: Sequence[VroomVehicle], travel: Mapping[str, Travel], root: Reader) -> None:
    """Note a fault where a vehicle's costs or limits ask for a matrix that is not there, or contradict one that is."""
    for vehicle in vehicles:
        where = f"vehicles (vehicle {vehicle.id})"
        given = travel[vehicle.profile]
        if given.distances is None and (vehicle.per_km or vehicle.max_distance < UNBOUNDED):
            root.faults.add(where, "per_km and max_distance need distances", "add them to the matrices")
        if given.costs is not None and (vehicle.per_km or vehicle.per_hour != USUAL_PER_HOUR):
            what = "per_hour or per_km beside a matrix of costs"
            root.faults.add(where, what, "leave the costs or the rates out")


def build_fleet(
    vehicles: Sequence[VroomVehicle],
    travel: Mapping[str, Travel],
    tasks: Sequence[Task],
    skill_bits: Mapping[int, int],
    dimensions: int,
) -> VroomFleet:
    """Group equal vehicles to types."""
    ways: dict[tuple[str, float], int] = {}
    groups: dict[tuple[object, ...], list[VroomVehicle]] = {}
    for vehicle in vehicles:
        ways.setdefault((vehicle.profile, vehicle.speed_factor), len(ways))
        alike = tuple(getattr(vehicle, name) for name in VroomVehicle.__slots__ if name != "id")
        groups.setdefault(alike, []).append(vehicle)
    firsts = [members[0] for members in groups.values()]
    charged = [travel[v.profile].costs is None for v in firsts]  # else the matrix of costs says it all
    types = VehicleTypes.create(
        count=[len(members) for members in groups.values()],
        capacity=[v.capacity or (0,) * max(1, dimensions) for v in firsts],
        start_depot=[v.start for v in firsts],
        end_depot=[v.end for v in firsts],
        fixed_cost=[v.fixed * COST_UNIT for v in firsts],
        distance_cost=[v.per_km * PER_KM for v in firsts],
        duration_cost=[v.per_route_hour * PER_HOUR for v in firsts],
        driving_cost=[v.per_hour * PER_HOUR if own else 0 for v, own in zip(firsts, charged, strict=True)],
        service_cost=[v.per_task_hour * PER_HOUR for v in firsts],
        overtime_cost=[v.per_overtime_hour * PER_HOUR for v in firsts],
        regular_duration=[v.regular_duration for v in firsts],
        profile=[ways[v.profile, v.speed_factor] for v in firsts],
        shift=[v.window for v in firsts],
        max_duration=[v.max_duration for v in firsts],
        max_driving=[v.max_travel_time for v in firsts],
        max_distance=[v.max_distance for v in firsts],
        max_stops=[v.max_tasks for v in firsts],
        skills=[sum(skill_bits[skill] for skill in v.skills if skill in skill_bits) for v in firsts],
        max_reloads=[v.max_reloads for v in firsts],
        service=_per_type(firsts, [task.service_per_type for task in tasks]),
        setup=_per_type(firsts, [task.setup_per_type for task in tasks]),
        breaks=_breaks(firsts, max(1, dimensions)),
    )
    return VroomFleet(
        types=types,
        vehicles=tuple(tuple(v.id for v in members) for members in groups.values()),
        breaks=tuple(tuple(NamedBreak(b.id, b.description) for b in v.breaks) for v in firsts),
        ways=tuple(ways),
    )


def _per_type(vehicles: Sequence[VroomVehicle], times: Sequence[dict[str, int]]) -> IntArray | None:
    """Return [V, C] what the tasks say of the vehicles' types, None where they say nothing."""
    if not any(times):
        return None
    return np.array([[of.get(v.type, AS_CLIENT) for of in times] for v in vehicles], dtype=np.int64)


def _breaks(vehicles: Sequence[VroomVehicle], dimensions: int) -> Breaks | None:
    most = max(len(v.breaks) for v in vehicles)
    if most == 0:
        return None
    width = max(len(b.windows) for v in vehicles for b in v.breaks)
    windows: list[list[Any]] = []
    durations, loads = [], []
    for vehicle in vehicles:
        missing = most - len(vehicle.breaks)
        windows.append(
            [[*b.windows, *[b.windows[-1]] * (width - len(b.windows))] for b in vehicle.breaks]
            + [[(0, UNBOUNDED)] * width] * missing
        )
        durations.append([*(b.service for b in vehicle.breaks), *[NO_BREAK] * missing])
        unlimited = (UNBOUNDED,) * dimensions
        loads.append([*(b.max_load or unlimited for b in vehicle.breaks), *[unlimited] * missing])
    return Breaks.create(windows, durations, loads, dimensions)
