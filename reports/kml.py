"""Routes of a day as KML, for Google Earth and map programs: one folder and colour per route, stops numbered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import simplekml

from reports.dispatch_day import DispatchDay, clock, records
from reports.dispatch_map import COLOURS


def write_kml(day: DispatchDay, path: Path) -> None:
    """Write a line and the stops of every route; stops without coordinates are left out."""
    simplekml.Kml.resetidcounter()  # the same day gives the same bytes
    kml = simplekml.Kml(name=f"{day.date:%Y-%m-%d} {day.depot['name']}")
    home = _position(day.depot)
    if home:
        kml.newpoint(name=str(day.depot["name"]), coords=home)
    for route in records(day.routes):
        colour = _colour(COLOURS[(route["number"] - 1) % len(COLOURS)])
        folder = kml.newfolder(name=f"{route['number']} {route['vehicle_id']} {route['vehicle_no']}")
        stops = day.stops_of(route["route_id"])
        points = [home, *(_position(stop) for stop in stops), home]
        line = folder.newlinestring(name=str(route["route_id"]), coords=[p[0] for p in points if p])
        line.description = f"{route['stops']} stops, {route['distance_km']:.3f} km, {route['cost']:.2f} {_money(day)}"
        line.style.linestyle.color, line.style.linestyle.width = colour, 4
        for stop, point in zip(stops, points[1:-1], strict=True):
            if not point:
                continue
            mark = folder.newpoint(name=f"{stop['sequence']} {stop['name']}", coords=point)
            mark.description = f"{clock(stop['eta'], day.date)}; {stop['weight_kg']:.3f} kg; {stop['load_id']}"
            mark.style.iconstyle.color = colour
    kml.save(str(path))


def _money(day: DispatchDay) -> str:
    return str(day.run.provenance["currency"])


def _position(place: Any) -> list[tuple[float, float]]:
    """Return [(longitude, latitude)]; empty where the place has none."""
    if pd.isna(place["latitude"]) or pd.isna(place["longitude"]):
        return []
    return [(round(float(place["longitude"]), 6), round(float(place["latitude"]), 6))]


def _colour(code: str) -> str:
    """Return #rrggbb as KML's aabbggrr."""
    return f"ff{code[5:7]}{code[3:5]}{code[1:3]}"
