"""Check what stop windows and drivers' breaks mean beside the locations and vehicles they are of."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from scenarios.tables.issues import Issues
from scenarios.tables.parse import Table

_WHOLE_DAY = (0.0, 2880.0)
_Fault = tuple[str, str, str]
"""Rule, message, action."""


def check_transport(tables: Mapping[str, Table], issues: Issues) -> None:
    """Add the issues of windows that overlap or end too soon, and of breaks that no driver can take."""
    windows, breaks = tables["stop_windows"], tables["driver_breaks"]
    _check_order(windows, "window_start_min", "window_end_min", issues)
    _check_order(breaks, "earliest_start_min", "latest_start_min", issues)
    _check_overlaps(windows, tables["locations"].frame, issues)
    vehicles = tables["vehicles"].frame.drop_duplicates(["vehicle_id", "depot_id"]).astype({"depot_id": object})
    found: dict[_Fault, list[int]] = {}
    for row, fault in _break_faults(breaks.frame.astype({"vehicle_id": object, "depot_id": object}), vehicles):
        found.setdefault(fault, []).append(row)
    for fault, rows in found.items():
        _report(breaks, sorted(set(rows)), fault, "vehicle_id", issues)


def _report(table: Table, rows: Sequence[int], fault: _Fault, column: str, issues: Issues) -> None:
    rule, message, action = fault
    values = table.frame[column].iloc[list(rows)]
    shown = [f"{value:.12g}" if isinstance(value, float) else str(value) for value in values]
    lines = table.lines[list(rows)]
    issues.add_rows("error", table.schema.name, rule, message, action, column=column, lines=lines, values=shown)


def _check_order(table: Table, low: str, high: str, issues: Issues) -> None:
    rows = np.flatnonzero(table.frame[high] < table.frame[low]).tolist()
    fault = ("end_before_start", f"{{value}} is less than {low} of the row", f"Write at least {low}.")
    _report(table, rows, fault, high, issues)


def _check_overlaps(table: Table, locations: pd.DataFrame, issues: Issues) -> None:
    """Report windows that begin inside another one of the location, its window in locations included."""
    frame = table.frame.astype({"location_id": object})
    places = locations.drop_duplicates("location_id").astype({"location_id": object}).set_index("location_id")
    own = places[["window_start_min", "window_end_min"]]
    own = own[own.notna().any(axis=1)].fillna(dict(zip(own.columns, _WHOLE_DAY, strict=True)))
    rows = []
    for place, group in frame.groupby("location_id"):
        spans = [(start, end, row) for row, start, end in group[list(own.columns)].itertuples()]
        if place in own.index:
            start, end = own.loc[place]
            spans.append((start, end, -1))
        spans.sort()
        for before, after in itertools.pairwise(spans):
            if after[0] < before[1]:
                rows.append(int(after[2] if after[2] >= 0 else before[2]))
    fault = (
        "overlapping_windows",
        "a window of location '{value}' begins before another one of it, here or in locations, has ended",
        "Let windows follow each other, or write them as one.",
    )
    _report(table, sorted(set(rows)), fault, "location_id", issues)


def _break_faults(breaks: pd.DataFrame, vehicles: pd.DataFrame) -> Iterator[tuple[int, _Fault]]:
    """Yield (row, fault) of breaks that cannot be taken by a vehicle they are for."""
    known = set(vehicles["vehicle_id"])
    for row, kind, depot in breaks[["vehicle_id", "depot_id"]].itertuples():
        depots = set(vehicles.loc[vehicles["vehicle_id"] == kind, "depot_id"])
        if kind in known and depot and depot not in depots:
            yield row, ("no_such_vehicle", "its depot has no vehicle '{value}'", "Name a depot that has it, or none.")
    for vehicle in vehicles.itertuples():
        mine = breaks[(breaks["vehicle_id"] == vehicle.vehicle_id) & breaks["depot_id"].isin(["", vehicle.depot_id])]
        yield from _faults_of(mine, float(vehicle.shift_start_min), float(vehicle.shift_end_min), vehicle)  # type: ignore[arg-type]


def _faults_of(mine: pd.DataFrame, begins: float, ends: float, vehicle: object) -> Iterator[tuple[int, _Fault]]:
    """Yield the faults of one vehicle's breaks, one after the other from the start of its shift."""
    most = float(np.nanmin([ends - begins, getattr(vehicle, "max_duration_min", np.nan)]))
    time = begins
    for row in mine.sort_values("earliest_start_min").itertuples():
        at, minutes = int(row.Index), float(row.duration_min)  # type: ignore[arg-type]
        if minutes >= most:
            yield (
                at,
                (
                    "break_too_long",
                    "a break of '{value}' takes no less time than its shift, or than it may be away",
                    "Write a shorter break, or a longer shift or max_duration_min in vehicles.",
                ),
            )
            continue
        time = max(time, float(row.earliest_start_min))  # type: ignore[arg-type]
        if time > float(row.latest_start_min) or time + minutes > ends:  # type: ignore[arg-type]
            yield (
                at,
                (
                    "no_time_for_break",
                    "a break of '{value}' finds no time in the shift, after the breaks before it",
                    "Let latest_start_min be later, the shift in vehicles longer, or the breaks before it shorter.",
                ),
            )
        time += minutes
