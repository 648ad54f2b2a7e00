"""A plan changed by hand: exported, edited, imported, planned again; what it breaks, and what cannot be read."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from planner_command import Planner
from small_project import small_tables, write_project

from reports.run_folder import read_run
from scenarios.tables.schema import TABLES

ONE_DAY_A_WEEK = {"replenishment": {"target_gap": 0.9}, "distribution": {"receive_weekdays": ["tue"]}}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A little project whose stores all receive on Tuesdays, so that routes have several stops."""
    return write_project(tmp_path_factory.mktemp("tuesdays") / "project", small_tables(dc_stock=60), ONE_DAY_A_WEEK)


@pytest.fixture(scope="module")
def small_run(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from planner.engine.run import run_project

    return run_project(small, output=tmp_path_factory.mktemp("run") / "run", threads=1).folder


@pytest.fixture
def project(small: Path, tmp_path: Path) -> Path:
    shutil.copytree(small, tmp_path / "project", ignore=shutil.ignore_patterns("runs"))
    return tmp_path / "project"


@pytest.fixture(scope="module")
def exported(small_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dispatch folder of the first day on which the depot sends something to several places."""
    from reports.dispatch import write_dispatch

    run = read_run(small_run)
    stops = run.tables["stops"].merge(run.tables["routes"][["route_id", "date"]], on="route_id")
    counts = stops.groupby("date")["location_id"].nunique()
    day = counts.index[counts >= 2][0]
    written = write_dispatch(run, tmp_path_factory.mktemp("out"), day.date())
    return written[0].parent


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def visits(run: Path, date: str) -> dict[tuple[str, int], list[str]]:
    """Return the loads of every vehicle of a day in order."""
    tables = read_run(run).tables
    stops = tables["stops"].merge(tables["routes"], on="route_id")
    stops = stops[stops["date"] == pd.Timestamp(date)].sort_values("sequence")
    return {
        (str(kind), int(number)): part["load_id"].tolist()
        for (kind, number), part in stops.groupby(["vehicle_id", "vehicle_no"])
    }


def test_a_changed_plan_is_the_plan_of_the_next_run(
    planner: Planner, project: Path, small_run: Path, exported: Path, tmp_path: Path
) -> None:
    rows = read(exported / "stops.csv")
    date = rows[0]["date"]
    # the last stop goes to the other van, the rest is driven backwards
    moved = rows[-1]
    moved["vehicle_no"] = "1" if moved["vehicle_no"] == "2" else "2"
    for row in rows[:-1]:
        row["sequence"] = str(-float(row["sequence"]))
    wanted: dict[tuple[str, int], list[str]] = {}
    for row in sorted(rows, key=lambda r: float(r["sequence"])):
        wanted.setdefault((row["vehicle_id"], int(row["vehicle_no"])), []).append(row["load_id"])
    plan = write(tmp_path / "by hand.csv", rows)
    answer = planner(
        "routes",
        "import",
        plan,
        "--run",
        small_run,
        "--project",
        project,
        "--author",
        "Ann",
        "--reason",
        "bridge closed",
    )
    assert answer.code == 0, answer.err
    pins = read(project / "stop_pins.csv")
    assert [pin["load_id"] for pin in pins] == [load for vehicle in sorted(wanted) for load in wanted[vehicle]]
    assert {(pin["author"], pin["reason"], pin["date"], pin["origin_id"]) for pin in pins} == {
        ("Ann", "bridge closed", date, "DC")
    }
    assert planner("routes", "import", plan, "--run", small_run, "--project", project, "--json").code == 0
    assert len(read(project / "stop_pins.csv")) == len(pins)  # the same days again: replaced, not doubled
    again = tmp_path / "again"
    assert planner("run", project, "--output", again, "--threads", 1, "-q", "--no-cache").code == 0
    assert visits(again, date) == wanted
    report = read_run(again).tables["stop_pin_report"]
    assert report["kept"].all()
    assert len(report) == len(pins)
    assert set(report["note"]) == {""}
    others = read_run(small_run).tables["routes"]["date"].dt.strftime("%Y-%m-%d").unique()
    for other in others[others != date]:
        assert visits(again, other) == visits(small_run, other)  # days without pins stay as they were


def test_vroom_solution(planner: Planner, project: Path, small_run: Path, exported: Path, tmp_path: Path) -> None:
    plan = json.loads((exported / "vroom.json").read_text(encoding="utf-8"))
    route = plan["routes"][0]
    loads = [step["description"] for step in route["steps"] if step["type"] == "job"]
    route["steps"] = [route["steps"][0], *reversed(route["steps"][1:-1]), route["steps"][-1]]
    (tmp_path / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
    answer = planner("routes", "import", tmp_path / "plan.json", "--run", small_run, "--project", project, "--json")
    told = json.loads(answer.out)
    assert answer.code == 0
    assert told["pins"] == sum(len(r["steps"]) - 2 for r in plan["routes"])
    kind, _, number = route["description"].rpartition("#")
    pinned = [p for p in read(project / "stop_pins.csv") if (p["vehicle_id"], p["vehicle_no"]) == (kind, number)]
    assert [pin["load_id"] for pin in pinned] == loads[::-1]


def test_an_unchanged_plan_costs_what_the_run_says(
    planner: Planner, project: Path, small_run: Path, tmp_path: Path
) -> None:
    answer = planner("routes", "import", small_run / "stops.csv", "--run", small_run, "--project", project, "--json")
    assert answer.code == 0, answer.err
    routes = read_run(small_run).tables["routes"]
    told = {day["date"]: day for day in json.loads(answer.out)["days"]}
    assert len(told) == routes["date"].nunique()
    for date, part in routes.groupby("date"):
        assert told[f"{date:%Y-%m-%d}"]["distance_km"] == pytest.approx(part["distance_km"].sum(), abs=1e-6)
        assert told[f"{date:%Y-%m-%d}"]["cost"] == pytest.approx(part["cost"].sum(), abs=1e-6)


def test_broken_rules_have_their_names(
    planner: Planner, project: Path, small_run: Path, exported: Path, tmp_path: Path
) -> None:
    vehicles = pd.read_csv(project / "vehicles.csv").assign(capacity_kg=30.0, count=1, max_stops=1)
    vehicles.to_csv(project / "vehicles.csv", index=False)
    rows = read(exported / "stops.csv")
    for n, row in enumerate(rows):
        row |= {"route_id": "", "vehicle_no": "1", "sequence": str(n)}
    rows[-1]["vehicle_no"] = "3"
    plan = write(tmp_path / "plan.csv", [*rows, rows[0] | {"sequence": "77"}])
    answer = planner("routes", "import", plan, "--run", small_run, "--project", project, "--json")
    causes = {v["cause"] for day in json.loads(answer.out)["days"] for v in day["violations"]}
    assert answer.code == 5
    assert {"load", "max_tasks", "fleet", "duplicate"} <= causes
    assert not (project / "stop_pins.csv").exists()
    answer = planner("routes", "import", plan, "--run", small_run, "--project", project)
    assert answer.code == 5
    assert "nothing was written" in answer.out
    assert "kg" in answer.out


def bad_plans() -> Iterator[tuple[str, str]]:
    yield "load_id,sequence,vehicle_id\nNOPE,1,VAN\n", "'NOPE' is no load of the run"
    yield "load_id,vehicle_id\nX,VAN\n", "lacks sequence"
    yield "sequence,load_id\n1,X\n", "vehicle_id or route_id"
    yield "load_id,sequence,vehicle_id\nLOAD,x,VAN\n", "'x' is no place in an order"
    yield "load_id,sequence,vehicle_id\nLOAD,1,LORRY\n", "has no vehicle 'LORRY'"
    yield "load_id,sequence,vehicle_id,vehicle_no\nLOAD,1,VAN,0\n", "no vehicle number"
    yield "load_id,sequence,route_id\nLOAD,1,R-1\n", "'R-1' is no route of the run"
    yield "load_id,sequence,vehicle_id\n", "has no stops"
    yield "{", "line 1"
    yield '{"routes": [{"description": "VAN", "steps": []}]}', "names no vehicle"


@pytest.mark.parametrize(("content", "told"), list(bad_plans()))
def test_what_cannot_be_read(
    planner: Planner, small: Path, small_run: Path, tmp_path: Path, content: str, told: str
) -> None:
    load = str(read_run(small_run).tables["loads"]["load_id"].iloc[0])
    (tmp_path / "plan").write_text(content.replace("LOAD", load), encoding="utf-8")
    answer = planner("routes", "import", tmp_path / "plan", "--run", small_run, "--project", small)
    assert answer.code == 2
    assert told in answer.err
    assert str(tmp_path / "plan") in answer.err


def test_loads_stay_on_their_day(planner: Planner, small: Path, small_run: Path, tmp_path: Path) -> None:
    stops = read_run(small_run).tables["stops"]
    first, other = stops["route_id"].iloc[0], stops["route_id"].iloc[-1]
    rows = [{"load_id": str(stops["load_id"].iloc[0]), "sequence": "1", "route_id": str(other)}]
    assert first != other
    answer = planner("routes", "import", write(tmp_path / "plan.csv", rows), "--run", small_run, "--project", small)
    assert answer.code == 2
    assert "keep loads on their day" in answer.err


def test_pins_go_where_the_project_keeps_them(planner: Planner, project: Path, small_run: Path) -> None:
    pd.DataFrame(columns=list(TABLES["stop_pins"].names)).to_parquet(project / "stop_pins.parquet")
    command = ("routes", "import", small_run / "stops.csv", "--run", small_run, "--project", project)
    answer = planner(*command)
    assert answer.code == 0, answer.err
    pins = pd.read_parquet(project / "stop_pins.parquet")
    assert len(pins) == len(read_run(small_run).tables["stops"])
    assert planner(*command).code == 0
    assert len(pd.read_parquet(project / "stop_pins.parquet")) == len(pins)


def test_expiry_that_is_no_date(planner: Planner, project: Path, small_run: Path) -> None:
    answer = planner(
        *("routes", "import", small_run / "stops.csv", "--run", small_run, "--project", project, "--expires", "soon")
    )
    assert answer.code == 2
    assert "no date" in answer.err


def test_dispatch_report_of_a_day(planner: Planner, small_run: Path, tmp_path: Path) -> None:
    days = sorted(read_run(small_run).tables["routes"]["date"].dt.strftime("%Y-%m-%d").unique())
    answer = planner("report", small_run, "--for", "dispatch", "--date", days[0], "--output", tmp_path)
    assert answer.code == 0, answer.err
    assert (tmp_path / "dispatch" / days[0] / "DC" / "manifests.pdf").stat().st_size > 1000
    answer = planner("report", small_run, "--for", "dispatch", "--date", "1999-01-01", "--output", tmp_path)
    assert answer.code == 2
    assert all(day in answer.err for day in days)
