"""The PDF sheets, read back: stops in order, figures, page breaks, characters."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pandas as pd
import pypdf
import pytest

from reports.dispatch_day import DispatchDay, clock, dispatch_days
from reports.dispatch_page import write_overview
from reports.manifests import write_loading_lists, write_manifests
from reports.pdf_text import markup, runs_of
from reports.run_folder import RunFolder
from reports.vroom_plan import write_vroom


def pages(path: Path) -> list[str]:
    return [page.extract_text() for page in pypdf.PdfReader(path).pages]


@pytest.fixture(scope="module")
def day(run: RunFolder) -> DispatchDay:
    routes = run.tables["routes"]
    (found,) = dispatch_days(run, routes.groupby("date")["stops"].sum().idxmax().date())
    return found


def long_route(run: RunFolder, stops: int, name: str = "Stop") -> DispatchDay:
    """One route of so many stops, named and numbered."""
    table, routes = run.tables["stops"], run.tables["routes"].head(1)
    first = table[table["route_id"] == routes["route_id"].iloc[0]].head(1)
    many = pd.concat([first] * stops, ignore_index=True).assign(
        sequence=range(1, stops + 1),
        load_id=[f"L{k}" for k in range(1, stops + 1)],
        location_id=[f"P{k}" for k in range(1, stops + 1)],
    )
    template = run.tables["locations"].iloc[[1]]
    places = pd.concat([template] * stops, ignore_index=True).assign(
        location_id=many["location_id"], name=[f"{name} {k}" for k in range(1, stops + 1)], type="store"
    )
    loads = pd.concat([run.tables["loads"].head(1)] * stops, ignore_index=True).assign(load_id=many["load_id"])
    lines = pd.concat([run.tables["load_lines"].head(1)] * stops, ignore_index=True).assign(load_id=many["load_id"])
    depot = run.tables["locations"][run.tables["locations"]["type"] == "dc"]
    tables = {**run.tables, "stops": many, "routes": routes.assign(stops=stops), "loads": loads, "load_lines": lines,
              "locations": pd.concat([depot, places], ignore_index=True)}  # fmt: skip
    (found,) = dispatch_days(RunFolder(run.path, tables, run.provenance), routes["date"].iloc[0].date())
    return found


def test_manifest_agrees_with_the_tables(day: DispatchDay, tmp_path: Path) -> None:
    write_manifests(day, tmp_path / "m.pdf")
    read = pages(tmp_path / "m.pdf")
    assert len(read) == len(day.routes)  # these routes fit on one page each
    for text, route in zip(read, day.routes.to_dict("records"), strict=True):
        assert f"{route['distance_km']:,.1f} km" in text
        assert f"{route['load_kg']:,.1f} kg" in text
        assert f"Out {clock(route['departure'], day.date)} · back {clock(route['return'], day.date)}" in text
        assert "page 1 of 1" in text
        assert day.run.provenance["run_id"] in text
        lines = [line.strip() for line in text.splitlines()]
        position = 0
        for stop in day.stops_of(route["route_id"]):
            for wanted in (str(stop["sequence"]), clock(stop["eta"], day.date), f"{stop['weight_kg']:,.1f} kg"):
                position = lines.index(wanted, position)
            assert any(f"{stop['latitude']:.5f}" in line for line in lines)
            assert f"Lines: {stop['lines']}" in lines[position:]


def test_loading_list_is_the_other_way_round(day: DispatchDay, tmp_path: Path) -> None:
    write_loading_lists(day, tmp_path / "l.pdf")
    text = "\n".join(pages(tmp_path / "l.pdf"))
    route = day.routes["route_id"].iloc[0]
    weights = [f"{stop['weight_kg']:,.1f} kg, {stop['volume_m3']:,.2f} m³" for stop in day.stops_of(route)]
    first = text[: text.index("Route 2")] if len(day.routes) > 1 else text
    assert re.findall(r"[\d,.]+ kg, [\d,.]+ m³", first)[: len(weights)] == weights[::-1]
    for line in day.lines[day.lines["route_id"] == route].to_dict("records"):
        assert f"{line['qty']:,.6g} {line['uom']}" in first


def test_120_stops_break_between_stops(run: RunFolder, tmp_path: Path) -> None:
    day = long_route(run, 120)
    for write in (write_manifests, write_loading_lists):
        write(day, tmp_path / "long.pdf")
        read = pages(tmp_path / "long.pdf")
        assert len(read) > 3
        seen = [int(n) for text in read for n in re.findall(r"^Stop (\d+)$", text, re.MULTILINE)]
        assert seen == (list(range(1, 121)) if write is write_manifests else list(range(120, 0, -1)))
        for number, text in enumerate(read, 1):
            assert f"page {number} of {len(read)}" in text
            assert text.count("Route 1") == 1  # the heading, and the header of the list, on every page
            assert ("Received by" if write is write_manifests else "Quantity") in text


def test_pages_are_counted_by_route_and_bookmarked(day: DispatchDay, tmp_path: Path) -> None:
    write_loading_lists(day, tmp_path / "l.pdf")
    reader = pypdf.PdfReader(tmp_path / "l.pdf")
    assert len(reader.outline) == len(day.routes)
    counts = [re.search(r"page (\d+) of (\d+)", page.extract_text()).groups() for page in reader.pages]
    assert sum(int(page) == 1 for page, _ in counts) == len(day.routes)
    assert sum(int(page) == int(total) for page, total in counts) == len(day.routes)


def test_chinese_and_odd_characters_come_through(run: RunFolder, tmp_path: Path) -> None:
    day = long_route(run, 2, "北京 <b>&amp; Łódź Győr \U0001f69a O'Neill “café”")
    for lang in ("en", "zh"):
        write_manifests(day, tmp_path / "odd.pdf", lang)
        text = "".join(pages(tmp_path / "odd.pdf")).replace("\n", "")
        assert "北京" in text
        assert "<b>&amp;" in text
        assert "[delivery truck]" in text.replace("[delivery  truck]", "[delivery truck]")
        assert "café" in text
        assert "Lódz" in text
        assert "Gyor" in text
    assert "司机派送单" in text
    assert "第 1 页，共 1 页" in text


def test_fonts_of_characters() -> None:
    assert runs_of("Weiß") == [("Helvetica", "Weiß")]
    assert [font for font, _ in runs_of("a上海b")] == ["Helvetica", "STSong-Light", "Helvetica"]
    assert runs_of("x\U0001f600\u200d️") == [("Helvetica", "x[grinning face]")]
    assert runs_of("한\t") == [("Helvetica", "[U+D55C] ")]
    assert markup("<&", bold=True) == '<font name="Helvetica-Bold">&lt;&amp;</font>'


def test_waiting_several_loads_and_the_next_day(run: RunFolder, tmp_path: Path) -> None:
    day = long_route(run, 2)
    stops = day.stops.assign(location_id="P1", wait_min=[25.0, 0.0])
    stops.loc[1, "eta"] = f"{day.date + pd.Timedelta(days=1):%Y-%m-%d}T01:30:00-06:00"
    changed = DispatchDay(day.run, day.date, day.depot, day.routes, stops, day.lines, day.unassigned, day.breaks)
    write_manifests(changed, tmp_path / "m.pdf")
    text = "".join(pages(tmp_path / "m.pdf"))
    assert f"Wait 25 min: opens {clock(stops['window_start'].iloc[0], day.date)}" in text
    assert text.count("2 loads for this place") == 2
    assert "01:30 +1" in text


def test_breaks_stand_between_the_stops(run: RunFolder, tmp_path: Path) -> None:
    day = long_route(run, 2)
    route, at = day.routes["route_id"].iloc[0], f"{day.date:%Y-%m-%d}T12:{{}}:00-06:00"
    row = {"route_id": route, "break_no": 1, "after_sequence": 1, "start": at.format("05"), "end": at.format("50")}
    breaks = pd.DataFrame([{**row, "wait_min": 0.0, "duration_min": 45.0}])
    rested = dataclasses.replace(day, breaks=breaks)
    write_manifests(rested, tmp_path / "m.pdf")
    words = "".join(pages(tmp_path / "m.pdf"))
    assert words.index("12:05") < words.index("Break of 45 min until 12:50")
    write_overview(rested, tmp_path / "m.html")
    assert "break 12:05–12:50" in (tmp_path / "m.html").read_text(encoding="utf-8")
    write_vroom(rested, tmp_path / "m.json")
    steps = json.loads((tmp_path / "m.json").read_text(encoding="utf-8"))["routes"][0]["steps"]
    assert [step["type"] for step in steps] == ["start", "job", "break", "job", "end"]
    assert (steps[2]["service"], steps[2]["id"]) == (2700, 1)


def test_addresses_replace_coordinates(run: RunFolder, tmp_path: Path) -> None:
    day = long_route(run, 1)
    stops = day.stops.assign(address="1 Main Street, Ames")
    write_manifests(
        DispatchDay(day.run, day.date, day.depot, day.routes, stops, day.lines, day.unassigned, day.breaks),
        tmp_path / "m.pdf",
    )
    text = "".join(pages(tmp_path / "m.pdf"))
    assert "1 Main Street, Ames" in text
    assert f"{stops['latitude'].iloc[0]:.5f}" not in text
