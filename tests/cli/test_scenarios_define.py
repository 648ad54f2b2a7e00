"""planner scenarios list, show, lock; planner check and run with patches: as a user types them."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
import yaml
from planner_command import Planner
from small_project import small_tables, write_project

from planner.cli.scenarios_define import edit_lines
from planner.pipeline import make_plan
from reports.run_folder import read_run
from scenarios.project import load_project

WHAT_IFS: dict[str, object] = {
    "replenishment": {"target_gap": 0.9},
    "simulation": {"replications": 10},
    "patches": {
        "late": {
            "parameters": {"days": 7},
            "edits": [{"table": "suppliers", "where": "supplier_id == 'V1'", "add": {"lead_time_days": "${days}"}}],
        },
        "closed": {
            "edits": [
                {
                    "table": "calendars",
                    "append": [{"location_id": "DC", "kind": "closed", "date": f"2024-01-{day:02d}"}],
                }
                for day in range(8, 13)
            ]
        },
        "dear": {"edits": [{"table": "vehicles", "add": {"cost_per_km": "= 2 * co2_kg_per_km"}}]},
        "opening": {
            "edits": [
                {"table": "locations", "where": "location_id == 'S1'", "append": [{"location_id": "S4"}]},
                {
                    "table": "demand_history",
                    "where": "location_id == 'S1'",
                    "append": [{"location_id": "S4", "qty": "= 0.5 * qty"}],
                },
            ]
        },
        "ending": {
            "edits": [
                {
                    "table": "demand_adjustments",
                    "append": [{"item_id": "I1", "start_date": "2024-01-15", "factor": 0, "reason": "ends"}],
                }
            ]
        },
    },
    "scenarios": {
        "hard": {"description": "Late and dear", "patches": ["late", "dear"], "set": {"distribution.speed_kmh": 50}},
        "all": {"extends": "hard", "patches": ["opening", "ending", "closed"]},
    },
    "sweeps": {"speeds": {"scenarios": ["baseline", "hard"], "matrix": {"distribution.speed_kmh": [40, 60]}}},
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_project(tmp_path_factory.mktemp("what_ifs") / "project", small_tables(dc_stock=60), WHAT_IFS)


def test_list(planner: Planner, project: Path) -> None:
    answer = planner("scenarios", "list", project)
    assert answer.code == 0
    assert "  hard  Late and dear (patches late, dear; settings 1)" in answer.out
    assert "The baseline is not locked." in answer.out
    found = json.loads(planner("scenarios", "list", project, "--json").out)
    assert [entry["name"] for entry in found["scenarios"]] == ["hard", "all"]
    assert found["patches"][0] == {
        "name": "late",
        "parameters": ["days=7"],
        "tables": ["suppliers"],
        "edits": 1,
        "description": "",
    }
    assert (found["sweeps"][0]["runs"], found["locked"]) == (4, False)


def test_show(planner: Planner, project: Path) -> None:
    answer = planner("scenarios", "show", project, "hard")
    assert answer.code == 0
    assert "hard: Late and dear" in answer.out
    assert "suppliers.lead_time_days" in answer.out
    found = json.loads(
        planner("scenarios", "show", project, "hard", "--set", "patches.late.parameters.days=3", "--json").out
    )
    assert found["settings"] == [{"path": "distribution.speed_kmh", "baseline": 70.0, "here": 50.0}]
    assert found["edits"][0] == {
        "patch": "late",
        "edit": 0,
        "table": "suppliers",
        "column": "lead_time_days",
        "rows": 1,
        "total_before": 10.0,
        "total_after": 13.0,
    }
    assert "It changes nothing." in planner("scenarios", "show", project, "baseline").out


def test_unknown_names_suggest_the_nearest(planner: Planner, project: Path) -> None:
    answer = planner("scenarios", "show", project, "hrad")
    assert answer.code == 2
    assert "Did you mean 'hard'?" in answer.err
    answer = planner("check", project, "--scenario", "hard", "--set", "patches.late.parameters.dys=3")
    assert answer.code == 2
    assert "Did you mean 'days'?" in answer.out


def test_lock_and_a_silent_change(planner: Planner, tmp_path: Path) -> None:
    project = write_project(tmp_path / "project", small_tables(), WHAT_IFS)
    answer = planner("scenarios", "lock", project)
    assert (answer.code, answer.out) == (0, f"Locked: {project / 'scenario.lock.json'}\n")
    assert "The baseline is locked: scenario.lock.json." in planner("scenarios", "list", project).out
    vehicles = pd.read_csv(project / "vehicles.csv")
    vehicles.assign(count=3).to_csv(project / "vehicles.csv", index=False)
    answer = planner("scenarios", "show", project, "hard")
    assert answer.code == 2
    assert "The table vehicles has changed since the baseline was locked: 1 row, other content." in answer.err
    found = json.loads(planner("scenarios", "lock", project, "--json").out)
    assert len(found["changed"]) == 1
    assert planner("scenarios", "show", project, "hard").code == 0


def test_bad_patches_leave_nothing_behind(planner: Planner, tmp_path: Path) -> None:
    content = {"patches": {"p": {"edits": [{"table": "items", "where": "exit()", "exclude": True}]}}, "apply": ["p"]}
    project = write_project(tmp_path / "project", small_tables(), content)
    answer = planner("run", project, "-o", tmp_path / "run")
    assert answer.code == 2
    assert "patches.p.edits.0.where: There is no function 'exit'." in answer.err
    assert not (tmp_path / "run").exists()
    line = yaml.safe_dump(
        {"name": "small", "horizon": {"start": "2024-01-01", "buckets": 4}, **content}, sort_keys=False
    )
    where = next(n for n, text in enumerate(line.splitlines(), start=1) if "exit()" in text)
    assert f"scenario, line {where}," in answer.err


def test_the_plan_reacts(project: Path, small_run: Path) -> None:
    base, plan = read_run(small_run).tables, make_plan(load_project(project, "all"), threads=1).tables
    orders, forecast, routes = plan["replenishment_orders"], plan["forecast"], plan["routes"]

    assert plan["supply"].query("source_id == 'V1'")["lead_time_days"].unique().tolist() == [17.0]
    assert (orders.query("source_id == 'V1'")["receipt_date"] >= "2024-01-18").all()
    before, after = (table["cost"].sum() / table["distance_km"].sum() for table in (base["routes"], routes))
    assert after > before + 1.0

    assert (orders["location_id"] == "S4").any()
    of_i2 = forecast.query("item_id == 'I2'").groupby("location_id")["mean_qty"].sum()
    assert of_i2["S4"] == pytest.approx(of_i2["S1"] / 2, rel=0.2)
    ending = forecast.query("item_id == 'I1'").groupby("bucket_start")["mean_qty"].sum()
    assert (ending.iloc[:2] > 0).all()
    assert (ending.iloc[2:] == 0).all()
    closed = pd.date_range("2024-01-08", "2024-01-12")
    assert not orders["receipt_date"].isin(closed).any()
    assert not routes["date"].isin(closed).any()
    assert base["routes"]["date"].isin(closed).any()

    assert base["input_edits"].empty
    assert edit_lines(base["input_edits"]) == []
    assert edit_lines(plan["input_edits"])[:3] == [
        "Changed input:",
        "  late.0: suppliers.lead_time_days, 1 row, 10 -> 17",
        "  dear.0: vehicles.cost_per_km, 1 row, 0.6 -> 2.2",
    ]
    patches = ["late", "dear", "opening", "opening", "ending", *["closed"] * 5]
    assert plan["input_edits"]["patch"].tolist() == patches
    assert plan["input_edits"]["total_after"].iloc[:2].tolist() == [17.0, pytest.approx(2.2)]
