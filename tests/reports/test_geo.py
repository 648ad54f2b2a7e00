"""GeoJSON of the routes: RFC 7946, one feature per route and stop."""

from __future__ import annotations

import json
from pathlib import Path

from reports.geo import write_geojson
from reports.run_folder import RunFolder


def test_routes_geojson(run: RunFolder, tmp_path: Path) -> None:
    write_geojson(run, tmp_path / "routes.geojson")
    collection = json.loads((tmp_path / "routes.geojson").read_text(encoding="utf-8"))
    assert collection["type"] == "FeatureCollection"
    assert "crs" not in collection  # RFC 7946 has none: WGS 84, longitude first
    by_kind: dict[str, list[dict]] = {}
    for feature in collection["features"]:
        assert set(feature) == {"type", "geometry", "properties"}
        by_kind.setdefault(feature["properties"]["kind"], []).append(feature)
    routes, stops = run.tables["routes"], run.tables["stops"]
    assert len(by_kind["route"]) == len(routes)
    assert len(by_kind["stop"]) == len(stops)
    (depot,) = by_kind["depot"]
    assert depot["geometry"] == {"type": "Point", "coordinates": [-93.6, 41.73]}
    for feature in by_kind["route"]:
        line, about = feature["geometry"]["coordinates"], feature["properties"]
        assert feature["geometry"]["type"] == "LineString"
        assert line[0] == line[-1] == [-93.6, 41.73]
        assert len(line) == about["stops"] + 2
        mine = [stop for stop in by_kind["stop"] if stop["properties"]["route_id"] == about["route_id"]]
        assert [stop["geometry"]["coordinates"] for stop in mine] == line[1:-1]
        assert [stop["properties"]["sequence"] for stop in mine] == list(range(1, about["stops"] + 1))
    assert (
        sum(f["properties"]["distance_km"] for f in by_kind["route"])
        == round(sum(round(km, 3) for km in routes["distance_km"]), 3)
        or abs(sum(f["properties"]["distance_km"] for f in by_kind["route"]) - routes["distance_km"].sum()) < 0.1
    )
    assert any("北京" in stop["properties"]["name"] for stop in by_kind["stop"])


def test_no_routes(run: RunFolder, tmp_path: Path) -> None:
    tables = {**run.tables, "routes": run.tables["routes"].head(0), "stops": run.tables["stops"].head(0)}
    write_geojson(RunFolder(run.path, tables, run.provenance), tmp_path / "routes.geojson")
    assert json.loads((tmp_path / "routes.geojson").read_text()) == {"type": "FeatureCollection", "features": []}
