"""Routes of a day as GPX 1.1: a route of numbered stops and a track for every vehicle, for any navigation device."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import gpxpy.gpx
import pandas as pd

from reports.dispatch_day import DispatchDay, clock, place_in_words, records


def write_gpx(day: DispatchDay, path: Path) -> None:
    """Write routes and tracks, depot to depot; times are UTC, as GPX demands.

    The track joins the stops straight, it is not a road. A stop without coordinates is left out; the
    description of its route says how many were.
    """
    gpx = gpxpy.gpx.GPX()
    gpx.creator = "supply-planner"
    gpx.name = f"{day.date:%Y-%m-%d} {day.depot_id}"
    for route in records(day.routes):
        stops = day.stops_of(route["route_id"])
        known = [stop for stop in stops if not (pd.isna(stop["latitude"]) or pd.isna(stop["longitude"]))]
        name = f"{route['number']} {route['vehicle_id']} {route['vehicle_no']}"
        about = f"{route['route_id']}: {route['stops']} stops, {route['distance_km']:.3f} km, {route['load_kg']:.3f} kg"
        if len(known) < len(stops):
            about += f"; {len(stops) - len(known)} stops without coordinates are not shown"
        way = gpxpy.gpx.GPXRoute(name=name, description=about)
        track = gpxpy.gpx.GPXTrack(name=name, description=about)
        segment = gpxpy.gpx.GPXTrackSegment()
        points: list[tuple[str, str, Mapping[str, Any], str]] = [
            (f"0 {day.depot['name']}", "", day.depot, route["departure"])
        ]
        points += [(f"{stop['sequence']} {stop['name']}", _about(day, stop), stop, stop["eta"])
                   for stop in known]  # fmt: skip
        points.append((str(day.depot["name"]), "", day.depot, route["return"]))
        for title, comment, where, instant in points:
            if pd.isna(where["latitude"]) or pd.isna(where["longitude"]):
                continue
            north, east = round(float(where["latitude"]), 6), round(float(where["longitude"]), 6)
            time = datetime.fromisoformat(instant).astimezone(UTC)
            way.points.append(gpxpy.gpx.GPXRoutePoint(north, east, time=time, name=title, description=comment or None))
            segment.points.append(gpxpy.gpx.GPXTrackPoint(north, east, time=time))
        track.segments.append(segment)
        gpx.routes.append(way)
        gpx.tracks.append(track)
    path.write_text(gpx.to_xml(version="1.1"), encoding="utf-8")


def _about(day: DispatchDay, stop: dict[str, Any]) -> str:
    place = place_in_words(stop["address"], None, None)
    window = f"{clock(str(stop['window_start']), day.date)}-{clock(str(stop['window_end']), day.date)}"
    return f"{place + '; ' if place else ''}{window}; {stop['weight_kg']:.3f} kg, {stop['volume_m3']:.6f} m3"
