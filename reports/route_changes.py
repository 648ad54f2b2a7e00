"""Routes of two runs: which came, went or changed, and which stops went from one vehicle to another.

Routes of a day and depot are paired by the most stops in common, the same vehicle first among equals;
numbers of routes and vehicles are only names. A stop is a load: what one source sends to one location on
one day.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from reports.comparison_tables import ROUTE_CHANGES, STOP_CHANGES
from reports.tables import conform

_DAY = ["date", "depot_id"]
_FIGURES = ("distance_km", "hours", "load_kg", "cost")
_NOISE = 1e-6
_Route = dict[str, Any]


def route_changes(a: Mapping[str, pd.DataFrame], b: Mapping[str, pd.DataFrame]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the routes and the stops that differ between two runs, schemas `ROUTE_CHANGES` and `STOP_CHANGES`.

    Parameters
    ----------
    a, b : published tables of the two runs.
    """
    before, after = _routes(a), _routes(b)
    rows: list[dict[str, Any]] = []
    partner: dict[str, str] = {}
    for day in sorted(before.keys() | after.keys()):
        pairs = _pairs(before.get(day, []), after.get(day, []))
        partner |= {one["route_id"]: other["route_id"] for one, other in pairs if one and other}
        rows += [
            _row(day, one, other) for one, other in pairs if one is None or other is None or _kind(one, other) != ""
        ]
    frame = pd.DataFrame(rows, columns=list(ROUTE_CHANGES.columns))
    return conform(ROUTE_CHANGES, frame), _stop_changes(a, b, partner)


def _routes(tables: Mapping[str, pd.DataFrame]) -> dict[tuple[pd.Timestamp, str], list[_Route]]:
    """Return the routes by day and depot, each with its loads in order."""
    stops = tables["stops"].sort_values(["route_id", "sequence"])
    loads = {str(route): tuple(part) for route, part in stops.groupby("route_id", sort=False)["load_id"]}
    routes = tables["routes"].sort_values([*_DAY, "route_id"])
    routes = routes.assign(vehicle=_vehicles(routes), hours=routes["duration_min"] / 60.0)
    out: dict[tuple[pd.Timestamp, str], list[_Route]] = {}
    columns = [*_DAY, "route_id", "vehicle", "stops", *_FIGURES]
    for route in routes[columns].to_dict("records"):
        entry = {str(name): value for name, value in route.items()}
        entry["loads"] = loads.get(entry["route_id"], ())
        out.setdefault((entry["date"], entry["depot_id"]), []).append(entry)
    return out


def _vehicles(routes: pd.DataFrame) -> pd.Series:
    return routes["vehicle_id"] + " " + routes["vehicle_no"].astype(str)


def _pairs(before: list[_Route], after: list[_Route]) -> list[tuple[_Route | None, _Route | None]]:
    """Pair the routes of one day; the answer is the same from either side."""
    candidates = []
    for one in before:
        for other in after:
            common = len(set(one["loads"]) & set(other["loads"]))
            if common:
                names = sorted((one["route_id"], other["route_id"]))
                candidates.append((-common, one["vehicle"] != other["vehicle"], names, one, other))
    candidates.sort(key=lambda candidate: candidate[:3])
    pairs: list[tuple[_Route | None, _Route | None]] = []
    used: set[tuple[str, str]] = set()
    for _, _, _, one, other in candidates:
        mine, theirs = ("a", one["route_id"]), ("b", other["route_id"])
        if mine not in used and theirs not in used:
            used |= {mine, theirs}
            pairs.append((one, other))
    pairs += [(one, None) for one in before if ("a", one["route_id"]) not in used]
    pairs += [(None, other) for other in after if ("b", other["route_id"]) not in used]
    return sorted(pairs, key=lambda pair: min(route["route_id"] for route in pair if route))


def _kind(one: _Route, other: _Route) -> str:
    """Return what differs between two routes of a pair, empty for nothing."""
    if set(one["loads"]) != set(other["loads"]):
        return "stops"
    if one["loads"] != other["loads"]:
        return "sequence"
    if one["vehicle"].rsplit(" ", 1)[0] != other["vehicle"].rsplit(" ", 1)[0]:
        return "vehicle"
    same = all(abs(one[name] - other[name]) <= _NOISE * max(abs(one[name]), abs(other[name])) for name in _FIGURES)
    return "" if same else "figures"


def _row(day: tuple[pd.Timestamp, str], one: _Route | None, other: _Route | None) -> dict[str, Any]:
    row: dict[str, Any] = {
        "date": day[0],
        "depot_id": day[1],
        "change": "came" if one is None else "went" if other is None else _kind(one, other),
        "stops_in_common": len(set(one["loads"]) & set(other["loads"])) if one and other else 0,
    }
    for side, route in (("a", one), ("b", other)):
        for name in ("route_id", "vehicle"):
            row[f"{name}_{side}"] = "" if route is None else route[name]
        for name in ("stops", *_FIGURES):
            row[f"{name}_{side}"] = 0 if route is None else route[name]
    return row


def _stop_changes(
    a: Mapping[str, pd.DataFrame], b: Mapping[str, pd.DataFrame], partner: Mapping[str, str]
) -> pd.DataFrame:
    """Return the stops that one run alone has, and those on another route than the partner of their old one."""
    both = _stops(a).merge(_stops(b), how="outer", on="load_id", suffixes=("_a", "_b"))
    texts = [f"{name}_{side}" for name in ("route_id", "vehicle", "location_id") for side in ("a", "b")]
    both[texts] = both[texts].astype(object).where(both[texts].notna(), "")
    came, went = both["route_id_a"] == "", both["route_id_b"] == ""
    moved = both["route_id_a"].map(partner).fillna("") != both["route_id_b"]
    both["change"] = np.select([came, went, moved], ["came", "went", "moved"], default="")
    both["date"] = both["date_a"].fillna(both["date_b"])
    both["location_id"] = both["location_id_a"].where(~came, both["location_id_b"])
    return conform(STOP_CHANGES, both[both["change"] != ""].sort_values(["date", "load_id"]))


def _stops(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    routes = tables["routes"].assign(vehicle=_vehicles(tables["routes"]))
    stops = tables["stops"][["load_id", "location_id", "route_id"]]
    return stops.merge(routes[["route_id", "date", "vehicle"]], on="route_id")
