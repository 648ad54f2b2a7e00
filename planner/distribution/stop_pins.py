"""Stops that a person has fixed: which loads they mean, which routes they make, which cannot be kept."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from planner.distribution.day import DepotDay
from planner.distribution.violations import broken_alone
from reports.tables import STOP_PIN_REPORT
from solvers.routing.leftovers import with_breaks
from solvers.routing.problem import RoutingProblem
from solvers.routing.solution import Route

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class PinnedDay:
    """The pinned routes of one depot's day.

    Attributes
    ----------
    routes : the pinned stops of each vehicle, in order, and its breaks; every rule is kept.
    numbers : which vehicle of its type each of these routes is for.
    report : a row of stop_pin_report for every pin of the day.
    """

    routes: tuple[Route, ...]
    numbers: tuple[int, ...]
    report: tuple[Row, ...]


NO_PINS = PinnedDay((), (), ())


def pinned_day(day: DepotDay, pins: pd.DataFrame) -> PinnedDay:
    """Turn the pins of one day and depot into routes that keep every rule; say which pins were given up.

    A pin whose stop breaks a rule of its vehicle is given up; where the route as a whole breaks one, its
    last stop is, until the rest keeps all rules. What is given up may go on any route.
    """
    if pins.empty:
        return NO_PINS
    rows = pins.sort_values(["vehicle_id", "vehicle_no", "sequence", "pin_id"]).to_dict("records")
    clients = _clients(day, rows)
    kinds = {str(name): k for k, name in enumerate(day.fleet["vehicle_id"])}
    report: list[Row] = []
    routes: list[Route] = []
    numbers: list[int] = []
    by_vehicle: dict[tuple[str, int], list[tuple[dict[Hashable, Any], int]]] = {}
    for row, client in zip(rows, clients, strict=True):
        vehicle = (str(row["vehicle_id"]), int(row["vehicle_no"]))
        note = _hindrance(day, kinds, vehicle, row, client)
        if note:
            report.append(report_row(row, "" if client is None else _load(day, client), note))
        elif client is not None:
            by_vehicle.setdefault(vehicle, []).append((row, client))
    for vehicle, members in by_vehicle.items():
        assert day.problem is not None
        kept, given_up = _keep(day, day.problem, kinds[vehicle[0]], members)
        report += [report_row(row, _load(day, client), note) for row, client, note in given_up]
        report += [report_row(row, _load(day, client), "") for row, client in kept]
        if kept:
            route = Route(kinds[vehicle[0]], tuple(client for _, client in kept))
            routes.append(with_breaks(day.problem, route))
            numbers.append(vehicle[1])
    return PinnedDay(tuple(routes), tuple(numbers), tuple(report))


def report_row(pin: dict[Hashable, Any], load_id: str, note: str) -> Row:
    """Return the row of stop_pin_report; a pin without a note is kept."""
    row: Row = {str(name): pin[name] for name in STOP_PIN_REPORT.columns if name in pin}
    return {**row, "load_id": load_id, "kept": not note, "note": note}


def _load(day: DepotDay, client: int) -> str:
    return str(day.loads["load_id"].iloc[client])


def _clients(day: DepotDay, rows: Sequence[dict[Hashable, Any]]) -> list[int | None]:
    """Return the load that each pin means: the one it names, else the first free one of its location."""
    ids = {str(load): k for k, load in enumerate(day.loads["load_id"])}
    places = day.loads["location_id"].tolist()
    found: list[int | None] = [None] * len(rows)
    free = set(range(len(places)))
    for n, row in enumerate(rows):
        client = ids.get(str(row["load_id"]))
        if client in free and places[client] == row["location_id"]:
            found[n] = client
            free.remove(client)
    for n, row in enumerate(rows):
        if found[n] is None:
            found[n] = min((k for k in free if places[k] == row["location_id"]), default=None)
            free -= {found[n]}
    return found


def _hindrance(
    day: DepotDay, kinds: dict[str, int], vehicle: tuple[str, int], row: dict[Hashable, Any], client: int | None
) -> str:
    """Return why the pin cannot even be tried; empty where it can."""
    if client is None:
        return f"no load goes from {day.depot_id} to {row['location_id']} on {day.date:%Y-%m-%d}, or pins take them all"
    if vehicle[0] not in kinds:
        return f"{day.depot_id} has no vehicle {vehicle[0]}"
    count = int(day.fleet["count"].iloc[kinds[vehicle[0]]])
    if vehicle[1] > count:
        return f"there {'is' if count == 1 else 'are'} {count} of {vehicle[0]}, not {vehicle[1]}"
    return ""


def _keep(
    day: DepotDay, problem: RoutingProblem, kind: int, members: list[tuple[dict[Hashable, Any], int]]
) -> tuple[list[tuple[dict[Hashable, Any], int]], list[tuple[dict[Hashable, Any], int, str]]]:
    """Return the pins whose route keeps every rule, and those given up with the rule that each broke."""
    kept, given_up = list(members), []
    while kept:
        route = with_breaks(problem, Route(kind, tuple(client for _, client in kept)))
        broken = broken_alone(day, problem, route)
        if not broken:
            break
        first = next((b for b in broken if b.client >= 0), broken[0])
        place = next((n for n, (_, client) in enumerate(kept) if client == first.client), len(kept) - 1)
        row, client = kept.pop(place)
        given_up.append((row, client, first.message))
    return kept, given_up
