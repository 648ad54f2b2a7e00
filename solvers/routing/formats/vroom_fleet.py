"""VROOM's vehicles to vehicle types and the matrices they drive by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from solvers.routing.formats.errors import Faults
from solvers.routing.formats.vroom_travel import Travel
from solvers.routing.problem import UNBOUNDED, IntArray, VehicleTypes

COST_UNIT = 18_000
"""Cost units in one of VROOM's: money per hour and per kilometre are whole numbers per second and metre."""
PER_HOUR, PER_KM = COST_UNIT // 3600, COST_UNIT // 1000


@dataclass(frozen=True, slots=True)
class VroomVehicle:
    """One vehicle of the file; `start` and `end` are nodes, `end` may be `OPEN_END`."""

    id: int
    profile: str
    speed_factor: float
    start: int
    end: int
    capacity: tuple[int, ...]
    skills: frozenset[int]
    window: tuple[int, int]
    fixed: int
    per_hour: int
    per_km: int
    max_tasks: int
    max_travel_time: int
    max_distance: int


@dataclass(frozen=True, slots=True)
class VroomFleet:
    """Vehicle types with the ids of their vehicles, what they drive by [P, N, N], and notes for the user."""

    types: VehicleTypes
    vehicles: tuple[tuple[int, ...], ...]
    distances: IntArray
    durations: IntArray
    metres: IntArray | None
    distance_is_time: bool
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Ways:
    """What one profile drives by [N, N]: the problem's distances and their cost per unit, times, true distances."""

    distances: IntArray
    durations: IntArray
    metres: IntArray | None
    unit_cost: int


def build_fleet(
    vehicles: Sequence[VroomVehicle], travel: dict[str, Travel], skill_bits: dict[int, int], faults: Faults
) -> VroomFleet:
    """Choose what stands for distance in the problem, and group equal vehicles.

    VROOM's cost counts travel alone, the problem's cost per time counts waiting and service too. So the
    problem's distance is whatever VROOM charges for: seconds, metres, or the sum of both in cost units.
    """
    limited_time = any(v.max_travel_time < UNBOUNDED for v in vehicles)
    limited_distance = any(v.max_distance < UNBOUNDED for v in vehicles)
    own_costs = any(travel[v.profile].costs is not None for v in vehicles)
    by_hour, by_km = any(v.per_hour for v in vehicles), any(v.per_km for v in vehicles)
    notes: tuple[str, ...] = ()
    if (by_km or limited_distance) and any(travel[v.profile].distances is None for v in vehicles):
        raise faults.fail("matrices", "distances are needed for per_km and max_distance", "add them")
    if limited_time and (limited_distance or by_km or own_costs):
        what = "max_travel_time together with max_distance, per_km or own costs is not supported"
        raise faults.fail("vehicles", what, "drop one of them")
    if own_costs and limited_distance:
        raise faults.fail("vehicles", "max_distance together with own costs is not supported", "drop one of them")
    if not by_km and not limited_distance and not own_costs:
        measure = "seconds"
    elif limited_distance or not (by_hour or own_costs):
        measure = "metres"
        if by_hour:
            notes = ("max_distance with a cost per hour: waiting and service are charged like travel",)
    else:
        measure = "cost"

    profiles: dict[tuple[object, ...], int] = {}
    ways: list[_Ways] = []
    groups: dict[tuple[object, ...], list[VroomVehicle]] = {}
    driven: list[int] = []  # profile of every group
    for vehicle in vehicles:
        way = (
            vehicle.profile,
            vehicle.speed_factor,
            *((vehicle.per_hour, vehicle.per_km) if measure == "cost" else ()),
        )
        if way not in profiles:
            profiles[way] = len(profiles)
            ways.append(_ways(vehicle, travel[vehicle.profile], measure))
        alike = (profiles[way], *(getattr(vehicle, name) for name in VroomVehicle.__slots__ if name != "id"))
        if alike not in groups:
            driven.append(profiles[way])
        groups.setdefault(alike, []).append(vehicle)
    firsts = [members[0] for members in groups.values()]
    types = VehicleTypes.create(
        count=[len(members) for members in groups.values()],
        capacity=[v.capacity or (0,) for v in firsts],
        start_depot=[v.start for v in firsts],
        end_depot=[v.end for v in firsts],
        fixed_cost=[v.fixed * COST_UNIT for v in firsts],
        distance_cost=[ways[k].unit_cost for k in driven],
        duration_cost=[v.per_hour * PER_HOUR if measure == "metres" else 0 for v in firsts],
        profile=driven,
        shift=[v.window for v in firsts],
        max_distance=[v.max_travel_time if measure == "seconds" else v.max_distance for v in firsts],
        max_stops=[v.max_tasks for v in firsts],
        skills=[sum(skill_bits[skill] for skill in v.skills if skill in skill_bits) for v in firsts],
    )
    known = [way.metres for way in ways if way.metres is not None]
    return VroomFleet(
        types=types,
        vehicles=tuple(tuple(v.id for v in members) for members in groups.values()),
        distances=np.stack([way.distances for way in ways]),
        durations=np.stack([way.durations for way in ways]),
        metres=np.stack(known) if len(known) == len(ways) else None,
        distance_is_time=measure == "seconds",
        notes=notes,
    )


def _ways(vehicle: VroomVehicle, travel: Travel, measure: str) -> _Ways:
    durations = np.rint(travel.durations / vehicle.speed_factor).astype(np.int64)
    if measure == "seconds":
        return _Ways(durations, durations, travel.distances, vehicle.per_hour * PER_HOUR)
    if measure == "metres" and travel.distances is not None:
        return _Ways(travel.distances, durations, travel.distances, vehicle.per_km * PER_KM)
    if travel.costs is not None:
        return _Ways(travel.costs, durations, travel.distances, COST_UNIT)
    charged = vehicle.per_hour * PER_HOUR * durations
    if travel.distances is not None:
        charged = charged + vehicle.per_km * PER_KM * travel.distances
    unit = 1 + (int(charged.max(initial=0)) >> 31)  # solvers take distances below 2^31
    return _Ways(np.rint(charged / unit).astype(np.int64), durations, travel.distances, unit)
