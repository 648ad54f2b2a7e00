"""`planner run --as-of`: the plan of a day knows the sales before it, whatever stands behind."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from planner_command import Planner
from small_project import small_tables, write_project

SETTINGS: dict[str, object] = {
    "replenishment": {"target_gap": 0.9},
    "scenarios": {"more": {"set": {"forecast.demand_factor": 1.5}}},
}


def contents(folder: Path) -> dict[str, bytes]:
    found = {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in {".csv", ".html"}}
    about = json.loads((folder / "provenance.json").read_text())
    for times in ("seconds", "recalled"):
        about.pop(times, None)
    return {**found, "provenance.json": json.dumps(about, sort_keys=True).encode()}


def test_later_sales_change_no_byte(planner: Planner, tmp_path: Path) -> None:
    tables = small_tables(dc_stock=60)
    scrambled = [dict(row) for row in tables["demand_history"]]
    for n, row in enumerate(scrambled):
        if str(row["date"]) >= "2023-12-04":
            row["qty"] = 1000 + 7 * n
    runs = []
    for name, history in (("true", tables["demand_history"]), ("scrambled", scrambled)):
        settings = {**SETTINGS, "horizon": {"start": "2024-01-01", "buckets": 3}}
        project = write_project(tmp_path / name, {**tables, "demand_history": history}, settings)
        words = ["--scenario", "more", "--as-of", "2023-12-04", "--no-cache", "--quiet"]
        answer = planner("run", project, *words, "-o", tmp_path / f"{name}_run")
        assert answer.code == 0, answer.err
        runs.append(contents(tmp_path / f"{name}_run"))
    assert [name for name in runs[0] if runs[0][name] != runs[1][name]] == []

    cut = [row for row in tables["demand_history"] if str(row["date"]) < "2023-12-04"]
    settings = {**SETTINGS, "horizon": {"start": "2023-12-04", "buckets": 3}}
    project = write_project(tmp_path / "cut", {**tables, "demand_history": cut}, settings)
    assert planner("run", project, "--scenario", "more", "-o", tmp_path / "cut_run", "--quiet").code == 0
    plain = contents(tmp_path / "cut_run")
    same = ("forecast.csv", "replenishment_orders.csv", "projected_inventory.csv", "routes.csv", "simulation.csv")
    assert [name for name in same if plain[name] != runs[0][name]] == []

    about = json.loads((tmp_path / "true_run" / "provenance.json").read_text())
    assert (about["as_of"], about["horizon_start"]) == ("2023-12-04", "2023-12-04")
    issues = pd.read_csv(tmp_path / "true_run" / "data_issues.csv")
    assert issues["rule"].tolist().count("after_as_of") == 1


@pytest.mark.parametrize(("day", "text"), [("2023-12-05", "2023-12-04 or 2023-12-11"), ("soon", "soon")])
def test_a_day_that_does_not_fit_is_refused(planner: Planner, small: Path, tmp_path: Path, day: str, text: str) -> None:
    answer = planner("run", small, "--as-of", day, "-o", tmp_path / "run")
    assert answer.code == 2
    assert text in answer.err + answer.out
    assert not (tmp_path / "run").exists()


def test_stock_of_another_day_is_told(planner: Planner, tmp_path: Path) -> None:
    tables = small_tables()
    tables["inventory"] = [{**row, "date": "2024-01-01"} for row in tables["inventory"]]
    project = write_project(tmp_path / "project", tables, SETTINGS)
    words = ["scenarios", "run", project, "baseline", "--as-of", "2023-12-18", "-o", tmp_path / "runs", "--quiet"]
    assert planner(*words).code == 0
    issues = pd.read_parquet(tmp_path / "runs" / "baseline" / "data_issues.parquet")
    assert "stock_of_another_day" in set(issues["rule"])
    assert "2023-12-18" in (tmp_path / "runs" / "baseline" / "provenance.json").read_text()
