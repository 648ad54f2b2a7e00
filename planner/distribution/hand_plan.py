"""A plan of one or more days that a person has changed: read, timed again by the judge, turned into pins.

It comes as the CSV of stops that a run or `planner report --for dispatch` writes, or as VROOM's JSON with the
planner's own descriptions (a job's is its load, a vehicle's `VAN#2`). Only load, vehicle and order count; times
and distances are worked out anew. A line without vehicle and route leaves its load out.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reports.run_folder import RunFolder
from solvers.routing.formats.errors import Faults, read_text

Vehicle = tuple[str, int]


@dataclass(frozen=True, slots=True)
class HandStop:
    """One stop of a plan made by hand; `where` is its line or step, for messages."""

    load_id: str
    vehicle: Vehicle
    sequence: float
    where: str


@dataclass(frozen=True, slots=True)
class _Known:
    """What the run knows: loads, the vehicle and date of its routes, the route of each load."""

    dates: Mapping[str, Any]
    routes: Mapping[str, tuple[Vehicle, Any]]
    route_of: Mapping[str, str]

    @classmethod
    def of(cls, run: RunFolder) -> _Known:
        loads, routes, stops = (run.tables[name] for name in ("loads", "routes", "stops"))
        return cls(
            dict(zip(loads["load_id"], loads["date"], strict=True)),
            {
                str(route): ((str(kind), int(number)), date)
                for route, kind, number, date in zip(
                    routes["route_id"], routes["vehicle_id"], routes["vehicle_no"], routes["date"], strict=True
                )
            },
            dict(zip(stops["load_id"], stops["route_id"], strict=True)),
        )


def read_hand_plan(path: Path, run: RunFolder, headers: Mapping[str, str]) -> tuple[HandStop, ...]:
    """Read the stops of a CSV or VROOM JSON file.

    Parameters
    ----------
    run : the run that the plan changes; its loads and routes give the names their meaning.
    headers : header -> column of the scenario's export of stops; the columns' own names are understood too.

    Raises
    ------
    RoutingFileError
        With every line that cannot be understood.
    """
    faults, known = Faults(path), _Known.of(run)
    content = read_text(path)
    rows = _vroom_stops(content, faults) if content.lstrip().startswith("{") else _csv_stops(content, headers, faults)
    stops = [stop for stop in (_stop(row, known, faults) for row in rows) if stop is not None]
    faults.stop()
    if not stops:
        raise faults.fail("file", "has no stops", "give the CSV of stops, or VROOM JSON with routes")
    return tuple(stops)


def _stop(row: Mapping[str, str], known: _Known, faults: Faults) -> HandStop | None:
    """Return a stop, or None where the load is left out or something is wrong."""
    load, where = row["load_id"], row["where"]
    if load not in known.dates:
        faults.add(where, f"{load!r} is no load of the run", "use the load_id of the run's table loads")
        return None
    vehicle = _vehicle(row, known, faults)
    if vehicle is None:
        return None
    try:
        sequence = float(row["sequence"].replace(",", "."))
    except ValueError:
        sequence = math.nan
    if not math.isfinite(sequence):
        faults.add(where, f"{row['sequence']!r} is no place in an order", "write a number, 2.5 comes between 2 and 3")
    return HandStop(load, vehicle, sequence, where)


def _vehicle(row: Mapping[str, str], known: _Known, faults: Faults) -> Vehicle | None:
    """Return the vehicle of a line; where route and vehicle disagree, the one that was changed counts."""
    where, load = row["where"], row["load_id"]
    named = _named_vehicle(row, faults)
    route = row.get("route_id", "")
    if not route:
        return named
    if route not in known.routes:
        if named is None:
            faults.add(
                where, f"{route!r} is no route of the run", "name a route of the run, or vehicle_id and vehicle_no"
            )
        return named
    vehicle, date = known.routes[route]
    if date != known.dates[load]:
        told = f"{load} is for {known.dates[load]:%Y-%m-%d}, {route} drives on {date:%Y-%m-%d}"
        faults.add(where, told, "keep loads on their day: orders decide it")
        return None
    if named is None or named == vehicle:
        return vehicle
    before = known.route_of.get(load, "")
    if route == before:
        return named
    if before and named == known.routes[before][0]:
        return vehicle
    told = f"route {route} is of {vehicle[0]} {vehicle[1]}, the vehicle is {named[0]} {named[1]}"
    faults.add(where, told, "let both name the same vehicle, or empty one of them")
    return None


def _named_vehicle(row: Mapping[str, str], faults: Faults) -> Vehicle | None:
    if not row.get("vehicle_id"):
        return None
    number = row.get("vehicle_no") or "1"
    if not number.isdigit() or int(number) < 1:
        faults.add(row["where"], f"{number!r} is no vehicle number", "write 1 for the first of its type")
        return None
    return row["vehicle_id"], int(number)


def _csv_stops(content: str, headers: Mapping[str, str], faults: Faults) -> Iterator[dict[str, str]]:
    first = content.partition("\n")[0]
    delimiter = max(",;|\t", key=first.count)
    reader = csv.DictReader(content.splitlines(), delimiter=delimiter)
    columns = {name: headers.get(name.strip(), name.strip()) for name in reader.fieldnames or []}
    lacking = [name for name in ("load_id", "sequence") if name not in columns.values()]
    if not {"vehicle_id", "route_id"} & set(columns.values()):
        lacking.append("vehicle_id or route_id")
    if lacking:
        faults.add("line 1", f"lacks {', '.join(lacking)}", "keep these columns of the export of stops")
        return
    for row in reader:
        cells = {columns[name]: (cell or "").strip() for name, cell in row.items() if name in columns}
        if any(cells.values()):
            yield {**cells, "where": f"line {reader.line_num}"}


def _vroom_stops(content: str, faults: Faults) -> Iterator[dict[str, str]]:
    try:
        routes = json.loads(content).get("routes")
    except json.JSONDecodeError as error:
        raise faults.fail(f"line {error.lineno}", error.msg, "write valid JSON") from None
    if not isinstance(routes, list):
        raise faults.fail("routes", "are missing", "give VROOM's output with its routes")
    for r, route in enumerate(routes):
        kind, _, number = str(route.get("description", "")).rpartition("#")
        if not kind:
            faults.add(f"routes[{r}].description", "names no vehicle", "keep descriptions such as VAN#2")
            continue
        for s, step in enumerate(route.get("steps", [])):
            if step.get("type") == "job":
                load = str(step.get("description", ""))
                where = f"routes[{r}].steps[{s}]"
                yield {"load_id": load, "vehicle_id": kind, "vehicle_no": number, "sequence": str(s), "where": where}
