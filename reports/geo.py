"""Routes as GeoJSON (RFC 7946), for any map program."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from reports.run_folder import RunFolder

_ROUTE_COLUMNS = (
    "route_id", "vehicle_id", "vehicle_no", "depot_id", "stops", "distance_km", "duration_min", "departure",
    "return", "load_kg", "load_m3", "utilisation", "cost", "co2_kg",
    "co2e_kg", "co2e_source",
)  # fmt: skip
_STOP_COLUMNS = (
    "route_id", "sequence", "load_id", "location_id", "eta", "etd", "weight_kg", "volume_m3", "load_after_kg", "km",
    "co2e_kg",
)  # fmt: skip


def write_geojson(run: RunFolder, path: Path) -> None:
    """Write one line per route, depot to depot, one point per stop and one per depot.

    Positions are longitude, latitude in WGS 84 with six decimals (a decimetre). Lines join the stops
    straight; they are not roads. A place without coordinates has no geometry (null) and no part in its line.
    """
    features = list(_features(run.tables))
    collection = {"type": "FeatureCollection", "features": features}
    path.write_text(json.dumps(collection, ensure_ascii=False, separators=(",", ":"), allow_nan=False) + "\n", "utf-8")


def _features(tables: Mapping[str, pd.DataFrame]) -> Iterator[dict[str, Any]]:
    places = tables["locations"][tables["locations"]["type"] != "supplier"].set_index("location_id")
    names = {str(key): str(name) for key, name in places["name"].items()}
    stops = tables["stops"].sort_values(["route_id", "sequence"])
    points = [_position(lon, lat) for lon, lat in zip(stops["longitude"], stops["latitude"], strict=True)]
    by_route: dict[str, list[tuple[dict[str, Any], list[float] | None]]] = {}
    for stop, position in zip(_records(stops, _STOP_COLUMNS), points, strict=True):
        by_route.setdefault(stop["route_id"], []).append((stop, position))
    for depot in sorted(tables["routes"]["depot_id"].unique()):
        position = _position(places.loc[depot, "longitude"], places.loc[depot, "latitude"])
        yield _feature("Point", position, {"kind": "depot", "location_id": depot, "name": names[depot]})
    for route in _records(tables["routes"], _ROUTE_COLUMNS):
        depot = route["depot_id"]
        ends = _position(places.loc[depot, "longitude"], places.loc[depot, "latitude"])
        part = by_route[route["route_id"]]
        date = route["departure"][:10]
        line = [point for point in (ends, *(position for _, position in part), ends) if point is not None]
        yield _feature("LineString", line if len(line) > 1 else None, {"kind": "route", "date": date, **route})
        for stop, position in part:
            about = {"kind": "stop", "date": date, "name": names.get(stop["location_id"], stop["location_id"])}
            yield _feature("Point", position, {**about, **stop})


def _records(frame: pd.DataFrame, columns: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return rows as plain values, numbers to three decimals."""
    rows: list[dict[str, Any]] = frame[list(columns)].to_dict("records")  # type: ignore[assignment]
    return [{key: round(v, 3) if isinstance(v, float) else v for key, v in row.items()} for row in rows]


def _position(longitude: Any, latitude: Any) -> list[float] | None:
    return None if pd.isna(longitude) or pd.isna(latitude) else [round(float(longitude), 6), round(float(latitude), 6)]


def _feature(kind: str, coordinates: object, properties: dict[str, Any]) -> dict[str, Any]:
    geometry = None if coordinates is None else {"type": kind, "coordinates": coordinates}
    return {"type": "Feature", "geometry": geometry, "properties": properties}
