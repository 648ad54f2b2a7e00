"""A hand-made plan on the run's loads and the project's fleet: timed and judged day by day, and as stop pins."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd

from planner.distribution.day import DepotDay, depot_days
from planner.distribution.hand_plan import HandStop, Vehicle
from planner.distribution.stop_pins import PinnedDay
from planner.distribution.timetable import route_rows
from planner.distribution.travel import RoadTravel
from planner.distribution.violations import broken_rules
from reports.tables import ROUTES, STOPS, conform
from scenarios.settings import DistributionSettings
from solvers.routing.formats.errors import Faults
from solvers.routing.leftovers import with_breaks
from solvers.routing.solution import Route, RoutingSolution


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule: VROOM's cause, which vehicle and load ("" for none), in words."""

    cause: str
    vehicle: str
    load_id: str
    message: str


@dataclass(frozen=True, slots=True)
class RetimedDay:
    """One depot's day of a hand-made plan.

    Attributes
    ----------
    stops : as read, by vehicle and in order.
    routes, timetable : rows of the published tables routes and stops; empty where a rule is broken twice over.
    violations : empty for a plan that can be driven.
    left_out : loads of the day that the plan does not name.
    """

    date: pd.Timestamp
    depot_id: str
    stops: tuple[HandStop, ...]
    routes: pd.DataFrame
    timetable: pd.DataFrame
    violations: tuple[Violation, ...]
    left_out: tuple[str, ...]


def retime(
    path: Path,
    stops: Sequence[HandStop],
    loads: pd.DataFrame,
    tables: Mapping[str, pd.DataFrame],
    timezone: str,
    settings: DistributionSettings,
) -> tuple[RetimedDay, ...]:
    """Time and judge every depot's day that the plan names.

    Parameters
    ----------
    path : of the plan, for messages.
    loads : published table of the run.
    tables : input tables locations, vehicles, travel_matrix, stop_windows and driver_breaks.

    Raises
    ------
    RoutingFileError
        The plan names vehicles that a depot does not have, or places that nothing says how to reach.
    """
    faults = Faults(path)
    travel, zone = RoadTravel(tables["locations"], tables["travel_matrix"], settings), ZoneInfo(timezone)
    named = {stop.load_id for stop in stops}
    touched = loads[loads["load_id"].isin(named)][["date", "source_id"]].drop_duplicates()
    found = []
    rules = settings, tables["stop_windows"], tables["driver_breaks"]
    for day in depot_days(loads.merge(touched), tables["locations"], tables["vehicles"], travel, zone, *rules):
        here = {*day.loads["load_id"], *day.stranded["load_id"]}
        found.append((day, [stop for stop in stops if stop.load_id in here]))
    for day, mine in found:
        _check_names(day, mine, faults)
    faults.stop()
    return tuple(_judged(day, mine, loads) for day, mine in found)


def _check_names(day: DepotDay, stops: Sequence[HandStop], faults: Faults) -> None:
    vehicles = set(day.fleet["vehicle_id"])
    stranded = set(day.stranded["load_id"])
    for stop in stops:
        if stop.vehicle[0] not in vehicles:
            known = ", ".join(sorted(vehicles)) or "none"
            faults.add(stop.where, f"{day.depot_id} has no vehicle {stop.vehicle[0]!r}", f"its vehicles: {known}")
        if stop.load_id in stranded:
            faults.add(stop.where, f"no way to the place of {stop.load_id} is known", "give its coordinates")


def _judged(day: DepotDay, stops: Sequence[HandStop], loads: pd.DataFrame) -> RetimedDay:
    assert day.problem is not None  # every stop is of a load that can be reached, with a vehicle of the depot
    client = {str(load): k for k, load in enumerate(day.loads["load_id"])}
    kinds = {str(name): k for k, name in enumerate(day.fleet["vehicle_id"])}
    by_vehicle: dict[Vehicle, list[HandStop]] = {}
    for stop in sorted(stops, key=lambda s: (s.vehicle, s.sequence)):
        by_vehicle.setdefault(stop.vehicle, []).append(stop)
    named = (Route(kinds[v[0]], tuple(client[s.load_id] for s in mine)) for v, mine in by_vehicle.items())
    routes = tuple(with_breaks(day.problem, route) for route in named)
    served = {c for route in routes for c in route.stops}
    solution = RoutingSolution(routes, tuple(c for c in client.values() if c not in served))
    vehicles = list(by_vehicle)
    violations = tuple(
        Violation(
            broken.cause,
            "" if broken.route < 0 else f"{vehicles[broken.route][0]} {vehicles[broken.route][1]}",
            "" if broken.client < 0 else str(day.loads["load_id"].iloc[broken.client]),
            broken.message,
        )
        for broken in broken_rules(day, day.problem, solution)
        if broken.cause != "fleet"  # told by vehicle below
    )
    pinned = PinnedDay(routes, tuple(number for _, number in vehicles), ())
    rows = route_rows(day, solution, pinned)
    gone = set(loads[(loads["date"] == day.date) & (loads["source_id"] == day.depot_id)]["load_id"])
    return RetimedDay(
        date=day.date,
        depot_id=day.depot_id,
        stops=tuple(stop for mine in by_vehicle.values() for stop in mine),
        routes=conform(ROUTES, pd.DataFrame(rows.routes)),
        timetable=conform(STOPS, pd.DataFrame(rows.stops)),
        violations=(*violations, *_missing_vehicles(day, kinds, vehicles), *_same_place(by_vehicle)),
        left_out=tuple(sorted(gone - {stop.load_id for stop in stops})),
    )


def _missing_vehicles(day: DepotDay, kinds: Mapping[str, int], vehicles: Sequence[Vehicle]) -> Iterator[Violation]:
    for kind, number in vehicles:
        count = int(day.fleet["count"].iloc[kinds[kind]])
        if number > count:
            yield Violation("fleet", f"{kind} {number}", "", f"fleet: {day.depot_id} has {count} of {kind}")


def _same_place(by_vehicle: Mapping[Vehicle, Sequence[HandStop]]) -> Iterator[Violation]:
    for (kind, number), stops in by_vehicle.items():
        for one, two in itertools.pairwise(stops):
            if one.sequence == two.sequence:
                message = f"sequence: {one.load_id} and {two.load_id} have the same place in the order"
                yield Violation("precedence", f"{kind} {number}", two.load_id, message)


def pins_of(days: Sequence[RetimedDay], author: str, reason: str, expires: date | None) -> list[dict[str, object]]:
    """Return the rows of stop_pins that make the plan the plan of record."""
    rows: list[dict[str, object]] = []
    for day in days:
        places = dict(zip(day.timetable["load_id"], day.timetable["location_id"], strict=True))
        place = 0
        vehicle: Vehicle | None = None
        for stop in day.stops:
            place = place + 1 if stop.vehicle == vehicle else 1
            vehicle = stop.vehicle
            rows.append(
                {
                    "pin_id": f"S{day.date:%Y%m%d}-{day.depot_id}-{vehicle[0]}-{vehicle[1]}-{place:03d}",
                    "date": day.date.date(),
                    "origin_id": day.depot_id,
                    "vehicle_id": vehicle[0],
                    "vehicle_no": int(vehicle[1]),
                    "sequence": float(place),
                    "location_id": places[stop.load_id],
                    "load_id": stop.load_id,
                    "author": author,
                    "reason": reason,
                    "expires_date": expires,
                }
            )
    return rows
