"""The main job from the command line: run, check, explain, report, init; same seed, same bytes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
import yaml
from planner_command import Planner
from small_project import small_tables, write_project

from reports.tables import PUBLISHED


def _contents(folder: Path) -> dict[str, bytes]:
    """Every file of a run folder; provenance without its times and what was known from earlier runs."""
    contents = {}
    for path in sorted(folder.rglob("*")):
        if path.name == "provenance.json":
            about = json.loads(path.read_text())
            del about["seconds"]
            about.pop("recalled", None)
            contents[path.name] = json.dumps(about, sort_keys=True).encode()
        elif path.is_file():
            contents[path.name] = path.read_bytes()
    return contents


def test_run_writes_every_table_and_says_what_came_out(planner: Planner, small: Path, tmp_path: Path) -> None:
    answer = planner("run", small, "--output", tmp_path / "run", "--quiet")
    assert answer.code == 0, answer.err
    for word in ("orders", "routes", "service", "cost", "gap", "seconds", "report.html"):
        assert word in answer.out
    for name in PUBLISHED:
        assert (tmp_path / "run" / f"{name}.parquet").exists()
        assert (tmp_path / "run" / f"{name}.csv").exists()
    assert {"report.html", "routes.geojson", "provenance.json"} <= {p.name for p in (tmp_path / "run").iterdir()}
    assert [p.name for p in tmp_path.iterdir()] == ["run"]


def test_json_summary_agrees_with_the_tables(planner: Planner, small: Path, tmp_path: Path) -> None:
    answer = planner("run", small, "--output", tmp_path / "run", "--json")
    figures = json.loads(answer.out)
    orders = pd.read_csv(tmp_path / "run" / "replenishment_orders.csv", dtype={"item_id": str})
    assert figures["purchase_orders"] == (orders["type"] == "PO").sum() > 0
    assert figures["delivery_orders"] == (orders["type"] == "DO").sum() > 0
    assert figures["routes"] == len(pd.read_csv(tmp_path / "run" / "routes.csv"))
    assert 0 <= figures["gap"] < 1
    assert "007" in set(orders["item_id"])


def test_same_seed_same_bytes_whatever_the_cores(
    planner: Planner, small: Path, small_run: Path, tmp_path: Path
) -> None:
    assert planner("run", small, "--output", tmp_path / "run", "--threads", 2, "--no-cache", "--quiet").code == 0
    once, again = _contents(small_run), _contents(tmp_path / "run")
    assert once.keys() == again.keys()
    assert [name for name in once if once[name] != again[name]] == []


def test_named_scenario_and_override_change_the_plan(planner: Planner, tmp_path: Path) -> None:
    double = {"description": "Twice the demand", "set": {"forecast.demand_factor": 2.0}}
    scenario = {"replenishment": {"target_gap": 0.9}, "scenarios": {"double": double}}
    project = write_project(tmp_path / "project", small_tables(), scenario)
    assert planner("run", project, "--quiet").code == 0
    assert planner("run", project, "--scenario", "double", "--quiet").code == 0
    answer = planner("run", project, "--set", "forecast.demand_factor=0", "-o", tmp_path / "none", "--quiet")
    assert answer.code == 0
    folders = (project / "runs" / "small", project / "runs" / "double", tmp_path / "none")
    demand = [pd.read_csv(folder / "forecast.csv")["mean_qty"].sum() for folder in folders]
    assert demand[1] == pytest.approx(2 * demand[0])
    assert demand[2] == 0


def test_a_second_run_replaces_the_first_and_a_foreign_folder_is_safe(
    planner: Planner, small: Path, small_run: Path, tmp_path: Path
) -> None:
    shutil.copytree(small_run, tmp_path / "run")
    assert planner("run", small, "-o", tmp_path / "run", "--set", "horizon.buckets=2", "--quiet").code == 0
    assert pd.read_csv(tmp_path / "run" / "forecast.csv")["bucket_start"].nunique() == 2
    foreign = tmp_path / "letters"
    foreign.mkdir()
    (foreign / "dear.txt").write_text("keep me")
    answer = planner("run", small, "-o", foreign, "--quiet")
    assert answer.code == 2
    assert "not a run folder" in answer.err
    assert [p.name for p in foreign.iterdir()] == ["dear.txt"]


def test_check_of_a_good_project(planner: Planner, small: Path) -> None:
    answer = planner("check", small)
    assert answer.code == 0, answer.out
    assert "error" not in answer.out


def test_explain_an_order_and_a_wrong_one(planner: Planner, small_run: Path) -> None:
    orders = pd.read_csv(small_run / "replenishment_orders.csv")
    for kind in ("PO", "DO"):
        order = orders[orders["type"] == kind].iloc[0]
        answer = planner("explain", small_run, order["order_id"])
        assert answer.code == 0, answer.err
        assert str(order["item_id"]) in answer.out
        assert json.loads(planner("explain", small_run, order["order_id"], "--json").out)
    wrong = planner("explain", small_run, "PO-nonsense")
    assert wrong.code == 2
    assert "PO-nonsense" in wrong.err


def test_report_again_gives_the_same_page(planner: Planner, small_run: Path, tmp_path: Path) -> None:
    answer = planner("report", small_run, "--output", tmp_path)
    assert answer.code == 0, answer.err
    assert (tmp_path / "report.html").read_bytes() == (small_run / "report.html").read_bytes()
    assert (tmp_path / "routes.geojson").read_bytes() == (small_run / "routes.geojson").read_bytes()
    missing = planner("report", tmp_path / "nowhere")
    assert missing.code == 2
    assert "no run folder" in missing.err


def test_init_makes_a_project_and_refuses_to_overwrite(planner: Planner, tmp_path: Path) -> None:
    answer = planner("init", tmp_path / "mine", "--example", "iowa")
    assert answer.code == 0, answer.err
    assert yaml.safe_load((tmp_path / "mine" / "scenario.yaml").read_text())["name"] == "iowa"
    assert not list((tmp_path / "mine").rglob("*.py"))
    again = planner("init", tmp_path / "mine")
    assert again.code == 2
    assert "not empty" in again.err
    unknown = planner("init", tmp_path / "other", "--example", "iova")
    assert unknown.code == 2
    assert "iowa" in unknown.err
    assert not (tmp_path / "other").exists()


def test_doctor(planner: Planner) -> None:
    rows = {row["what"]: row for row in json.loads(planner("doctor", "--json").out)}
    assert rows["packages"]["state"] == "ok"
    assert rows["routing solver genetic"]["state"] == "ok"
    assert rows["fitness on numba"]["state"] == "ok"


def test_time_limit_still_gives_a_plan(planner: Planner, small: Path, tmp_path: Path) -> None:
    wanted = ("--set", "replenishment.target_gap=0")
    answer = planner("run", small, "--output", tmp_path / "run", "--time-limit", 2, *wanted, "--quiet")
    assert answer.code in {0, 4}, answer.err
    assert (tmp_path / "run" / "provenance.json").exists()
