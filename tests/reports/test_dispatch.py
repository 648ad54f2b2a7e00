"""Dispatch files read back by other means: every figure agrees with the run's tables."""

from __future__ import annotations

import csv
import datetime
import hashlib
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest

from reports.dispatch import file_name, write_dispatch
from reports.dispatch_day import dispatch_days
from reports.dispatch_map import day_map
from reports.run_folder import RunFolder, RunFolderError
from reports.texts import catalogue

KML = "{http://www.opengis.net/kml/2.2}"
GPX = "{http://www.topografix.com/GPX/1/1}"


@pytest.fixture(scope="module")
def date(run: RunFolder) -> datetime.date:
    routes = run.tables["routes"]
    return routes.groupby("date")["stops"].sum().idxmax().date()


@pytest.fixture(scope="module")
def folder(run: RunFolder, date: datetime.date, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dispatch(run, tmp_path_factory.mktemp("dispatch"), date)[0].parent


@pytest.fixture(scope="module")
def routes(run: RunFolder, date: datetime.date) -> pd.DataFrame:
    table = run.tables["routes"]
    return table[table["date"] == pd.Timestamp(date)].sort_values("route_id", ignore_index=True)


@pytest.fixture(scope="module")
def stops(run: RunFolder, routes: pd.DataFrame) -> pd.DataFrame:
    table = run.tables["stops"]
    mine = table[table["route_id"].isin(routes["route_id"])]
    return mine.sort_values(["route_id", "sequence"], ignore_index=True)


def names(run: RunFolder) -> dict[str, str]:
    places = run.tables["locations"]
    places = places[places["type"] != "supplier"]
    return dict(zip(places["location_id"], places["name"], strict=True))


def test_every_file_is_there_and_always_the_same(
    run: RunFolder, date: datetime.date, folder: Path, tmp_path: Path
) -> None:
    again = write_dispatch(run, tmp_path, date)[0].parent
    digests = [{p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in f.iterdir()} for f in (folder, again)]
    assert digests[0] == digests[1]
    assert set(digests[0]) == {
        *("manifests.pdf", "loading-lists.pdf", "overview.html", "dispatch.xlsx", "map.svg", "stops.csv"),
        *("routes.geojson", "routes.gpx", "routes.kml", "vroom.json"),
    }
    assert folder.parent.name == date.isoformat()


def test_csv_has_every_number(run: RunFolder, folder: Path, routes: pd.DataFrame, stops: pd.DataFrame) -> None:
    with (folder / "stops.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["load_id"] for row in rows] == stops["load_id"].tolist()
    for column in ("weight_kg", "volume_m3", "km", "co2e_kg", "latitude", "wait_min", "load_after_kg"):
        assert [float(row[column]) for row in rows] == pytest.approx(stops[column].tolist(), abs=1e-6)
    assert [row["eta"] for row in rows] == stops["eta"].tolist()
    assert [row["name"] for row in rows] == [names(run)[place] for place in stops["location_id"]]
    vehicles = routes.set_index("route_id")["vehicle_no"]
    assert [int(row["vehicle_no"]) for row in rows] == vehicles.loc[stops["route_id"]].tolist()


def test_headers_and_signs_of_the_scenario(
    run: RunFolder, date: datetime.date, stops: pd.DataFrame, tmp_path: Path
) -> None:
    columns = [["Tag", "date"], ["Halt", "sequence"], ["Masse", "weight_kg"], ["Sendung", "load_id"]]
    export = {"columns": columns, "delimiter": ";", "decimal": ",", "date_format": "%d.%m.%Y"}
    settings = {**run.provenance["settings"], "exports": {"stops": export}}
    changed = RunFolder(run.path, run.tables, {**run.provenance, "settings": settings})
    written = write_dispatch(changed, tmp_path, date)[0].parent
    lines = (written / "stops.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "Tag;Halt;Masse;Sendung"
    day, sequence, weight, load = lines[1].split(";")
    assert (day, sequence, load) == (f"{date:%d.%m.%Y}", "1", stops["load_id"].iloc[0])
    assert float(weight.replace(",", ".")) == pytest.approx(stops["weight_kg"].iloc[0], abs=1e-6)
    sheet = openpyxl.load_workbook(written / "dispatch.xlsx")["Stops"]
    assert [cell.value for cell in sheet[1]] == [header for header, _ in columns]


def test_workbook_adds_up(folder: Path, routes: pd.DataFrame, stops: pd.DataFrame, run: RunFolder) -> None:
    book = openpyxl.load_workbook(folder / "dispatch.xlsx")
    overview = list(book["Overview"].iter_rows(values_only=True))
    header, rows, total = overview[0], overview[1:-1], overview[-1]
    for column in ("distance_km", "duration_min", "cost", "co2e_kg", "wait_min", "load_kg", "utilisation"):
        values = [row[header.index(column)] for row in rows]
        assert values == pytest.approx(routes[column].tolist(), rel=1e-12)
        if column != "utilisation":
            assert total[header.index(column)] == pytest.approx(routes[column].sum())
    sheet = list(book["Stops"].iter_rows(values_only=True))
    assert [row[sheet[0].index("km")] for row in sheet[1:]] == pytest.approx(stops["km"].tolist())
    loading = list(book["Loading"].iter_rows(values_only=True))
    lines = run.tables["load_lines"]
    lines = lines[lines["load_id"].isin(stops["load_id"])]
    assert sum(row[loading[0].index("qty")] for row in loading[1:]) == pytest.approx(lines["qty"].sum())
    first = [row[1] for row in loading[1:] if row[0] == routes["route_id"].iloc[0]]
    assert first == sorted(first, reverse=True)  # the last stop is loaded first


def test_formulas_stay_text(run: RunFolder, date: datetime.date, tmp_path: Path) -> None:
    places = run.tables["locations"].copy()
    places["name"] = '=HYPERLINK("x")&<b>"' + places["name"]
    written = write_dispatch(RunFolder(run.path, {**run.tables, "locations": places}, run.provenance), tmp_path, date)
    folder = written[0].parent
    sheet = openpyxl.load_workbook(folder / "dispatch.xlsx")["Stops"]
    column = [cell.value for cell in sheet[1]].index("name")
    cell = next(sheet.iter_rows(min_row=2))[column]
    assert cell.data_type == "s"
    assert cell.value.startswith("=HYPERLINK")
    page = (folder / "overview.html").read_text(encoding="utf-8")
    assert "<b>" not in page.split("</ul>", 1)[1]
    assert "&lt;b&gt;" in page
    ET.fromstring((folder / "map.svg").read_text(encoding="utf-8"))


def test_geojson_has_the_day_alone(folder: Path, routes: pd.DataFrame, stops: pd.DataFrame) -> None:
    features = json.loads((folder / "routes.geojson").read_text(encoding="utf-8"))["features"]
    lines = [f["properties"] for f in features if f["properties"]["kind"] == "route"]
    assert [line["route_id"] for line in lines] == routes["route_id"].tolist()
    assert [line["distance_km"] for line in lines] == pytest.approx(routes["distance_km"].tolist(), abs=5e-4)
    assert [line["co2e_kg"] for line in lines] == pytest.approx(routes["co2e_kg"].tolist(), abs=5e-4)
    assert sum(f["properties"]["kind"] == "stop" for f in features) == len(stops)


def test_gpx_routes_and_tracks(run: RunFolder, folder: Path, routes: pd.DataFrame, stops: pd.DataFrame) -> None:
    gpx = ET.parse(folder / "routes.gpx").getroot()
    ways, tracks = gpx.findall(f"{GPX}rte"), gpx.findall(f"{GPX}trk")
    assert len(ways) == len(tracks) == len(routes)
    for way, track, (route_id, part) in zip(ways, tracks, stops.groupby("route_id"), strict=True):
        points = way.findall(f"{GPX}rtept")
        assert len(points) == len(part) + 2 == len(track.findall(f".//{GPX}trkpt"))
        inner = points[1:-1]
        assert [float(p.get("lat")) for p in inner] == pytest.approx(part["latitude"].tolist(), abs=1e-6)
        assert [float(p.get("lon")) for p in inner] == pytest.approx(part["longitude"].tolist(), abs=1e-6)
        told = [pd.Timestamp(p.find(f"{GPX}time").text) for p in inner]
        assert told == [pd.Timestamp(eta) for eta in part["eta"]]
        titles = [f"{n} {names(run)[place]}" for n, place in zip(part["sequence"], part["location_id"], strict=True)]
        assert [p.find(f"{GPX}name").text for p in inner] == titles
        km = routes.set_index("route_id").loc[route_id, "distance_km"]
        assert f"{km:.3f} km" in way.find(f"{GPX}desc").text


def test_kml_lines_and_numbers(folder: Path, routes: pd.DataFrame, stops: pd.DataFrame, run: RunFolder) -> None:
    kml = ET.parse(folder / "routes.kml").getroot()
    folders = kml.findall(f".//{KML}Folder")
    assert len(folders) == len(routes)
    for place, (_, part) in zip(folders, stops.groupby("route_id"), strict=True):
        line = place.find(f".//{KML}LineString/{KML}coordinates").text.split()
        assert len(line) == len(part) + 2
        at = np.array([[float(v) for v in point.split(",")[:2]] for point in line[1:-1]])
        assert at == pytest.approx(part[["longitude", "latitude"]].to_numpy(), abs=1e-6)
        named = [mark.find(f"{KML}name").text for mark in place.findall(f"{KML}Placemark")][1:]
        assert named == [f"{n} {names(run)[p]}" for n, p in zip(part["sequence"], part["location_id"], strict=True)]


def test_vroom_json_in_whole_units(folder: Path, routes: pd.DataFrame, stops: pd.DataFrame) -> None:
    answer = json.loads((folder / "vroom.json").read_text(encoding="utf-8"))
    assert answer["summary"]["distance"] == sum(round(1000 * km) for km in routes["distance_km"])
    assert answer["summary"]["cost"] == pytest.approx(100 * routes["cost"].sum(), abs=len(routes))
    for route, row in zip(answer["routes"], routes.itertuples(), strict=True):
        part = stops[stops["route_id"] == row.route_id]
        jobs = [step for step in route["steps"] if step["type"] == "job"]
        assert [job["description"] for job in jobs] == part["load_id"].tolist()
        assert [job["arrival"] for job in jobs] == [round(pd.Timestamp(eta).timestamp()) for eta in part["eta"]]
        assert route["description"] == f"{row.vehicle_id}#{row.vehicle_no}"
        assert route["steps"][-1]["distance"] == round(1000 * row.distance_km)
        kg = [step["load"][0] for step in route["steps"]]
        assert kg[0] == round(1000 * row.load_kg)
        assert [job["distance"] for job in jobs] == [round(1000 * km) for km in part["km"].cumsum()]


def test_overview_shows_the_sums(folder: Path, routes: pd.DataFrame, run: RunFolder) -> None:
    page = (folder / "overview.html").read_text(encoding="utf-8")
    bold = re.findall(r"<li><b>(.*?)</b>", page)
    assert bold == [
        f"{len(routes):,}",
        f"{routes['stops'].sum():,}",
        f"{routes['distance_km'].sum():,.1f} km",
        f"{routes['duration_min'].sum() / 60:,.1f} h",
        f"{routes['wait_min'].sum() / 60:,.1f} h",
        f"{routes['load_kg'].sum():,.1f} kg",
        f"{routes['utilisation'].mean():.1%}",
        f"{routes['cost'].sum():,.2f} USD",
        f"{routes['co2e_kg'].sum():,.1f} kg",
    ]
    assert run.provenance["run_id"] in page
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "")
    assert "well to wheel" in page


def test_leftovers_with_their_fix(run: RunFolder, tmp_path: Path) -> None:
    (lost,) = run.tables["unassigned"].to_dict("records")
    written = write_dispatch(run, tmp_path, lost["date"].date())
    page = next(path for path in written if path.name == "overview.html").read_text(encoding="utf-8")
    assert lost["load_id"] in page
    assert lost["fix"] in page
    tables = {name: run.tables[name] for name in run.tables}
    tables |= {"routes": tables["routes"].head(0), "stops": tables["stops"].head(0)}
    alone = write_dispatch(RunFolder(run.path, tables, run.provenance), tmp_path / "alone", None)
    assert [path.name for path in alone] == ["overview.html", "dispatch.xlsx", "vroom.json"]
    assert lost["fix"] in alone[0].read_text(encoding="utf-8")


def test_map_colours_numbers_and_legend(
    run: RunFolder, date: datetime.date, routes: pd.DataFrame, stops: pd.DataFrame
) -> None:
    (day,) = dispatch_days(run, date)
    svg = ET.fromstring(day_map(day))
    texts = ["".join(node.itertext()) for node in svg.iter("{http://www.w3.org/2000/svg}text")]
    circles = list(svg.iter("{http://www.w3.org/2000/svg}circle"))
    assert len(circles) == len(stops)
    assert [t for t in texts if t.isdigit()] == [str(n) for n in stops["sequence"]]
    legend = [t for t in texts if re.match(r"\d+ · ", t)]
    assert len(legend) == len(routes)
    at = np.array([[float(c.get("cx")), float(c.get("cy"))] for c in circles])
    gaps = np.hypot(*(at[:, None] - at[None]).transpose(2, 0, 1)) + 1e9 * np.eye(len(at))
    assert gaps.min() > 18  # marks of radius 10 hardly cover each other
    colours = {(node.get("stroke"), node.get("stroke-dasharray")) for node in svg.iter("{http://www.w3.org/2000/svg}path")
               if node.get("stroke-width") == "2.6"}  # fmt: skip
    assert len(colours) == len(routes)


def test_without_coordinates(run: RunFolder, date: datetime.date, stops: pd.DataFrame, tmp_path: Path) -> None:
    table, places = run.tables["stops"].copy(), run.tables["locations"].copy()
    unknown = stops["location_id"].iloc[0]
    table.loc[table["location_id"] == unknown, ["latitude", "longitude"]] = np.nan
    places.loc[(places["location_id"] == unknown) | (places["type"] == "dc"), ["latitude", "longitude"]] = np.nan
    tables = {**run.tables, "stops": table, "locations": places}
    folder = write_dispatch(RunFolder(run.path, tables, run.provenance), tmp_path, date)[0].parent
    features = json.loads((folder / "routes.geojson").read_text(encoding="utf-8"))["features"]
    assert sum(f["geometry"] is None for f in features) == 1 + (stops["location_id"] == unknown).sum()
    gpx = ET.parse(folder / "routes.gpx").getroot()
    assert "1 stops without coordinates" in gpx.find(f"{GPX}rte/{GPX}desc").text
    table[["latitude", "longitude"]] = np.nan
    assert write_dispatch(RunFolder(run.path, tables, run.provenance), tmp_path / "none", date)


def test_a_day_without_routes(run: RunFolder, tmp_path: Path) -> None:
    days = sorted({f"{day:%Y-%m-%d}" for day in run.tables["routes"]["date"]})
    with pytest.raises(RunFolderError) as error:
        write_dispatch(run, tmp_path, datetime.date(1999, 1, 1))
    assert all(day in str(error.value) for day in days)
    assert "--date" in str(error.value)
    empty = {name: run.tables[name].head(0) if name in {"routes", "stops", "unassigned"} else run.tables[name]
             for name in run.tables}  # fmt: skip
    with pytest.raises(RunFolderError, match="moves nothing"):
        write_dispatch(RunFolder(run.path, empty, run.provenance), tmp_path, None)
    assert not list(tmp_path.rglob("*.pdf"))


def test_texts_in_both_languages(run: RunFolder, date: datetime.date, tmp_path: Path) -> None:
    keys = [{key for key in catalogue(lang) if key.startswith("dispatch.")} for lang in ("en", "zh")]
    assert keys[0] == keys[1]
    for key in keys[0]:
        fields = [set(re.findall(r"{(\w+)}", catalogue(lang)[key])) for lang in ("en", "zh")]
        assert fields[0] == fields[1], key
    page = write_dispatch(run, tmp_path, date, "zh")[2].read_text(encoding="utf-8")
    assert 'lang="zh"' in page
    assert "排放" in page


def keys() -> Iterator[tuple[str, str]]:
    yield "DC_1", "DC_1"
    yield "北京", "北京"
    yield "a/b", "a%2Fb"
    yield "..", "%2E%2E"
    yield "a%2Fb", "a%252Fb"
    yield "x ", "x%20"


@pytest.mark.parametrize(("key", "name"), list(keys()))
def test_depots_as_folders(key: str, name: str) -> None:
    assert file_name(key) == name
