"""`planner scenarios diff | bridge | compare` as a user types them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from planner_command import Planner
from small_project import WIDE, small_tables, write_project

from planner.engine.cache import StageCache
from planner.engine.index import open_index
from planner.engine.outcome import Outcome, kpi_rows
from planner.engine.run import run_project
from reports.run_folder import read_run

SCENARIO = {
    **WIDE,
    "patches": {"fuel_up": {"edits": [{"table": "vehicles", "multiply": {"cost_per_km": 1.3}}]}},
    "scenarios": {"fuel_up": {"patches": ["fuel_up"]}, "service_98": {"set": {"inventory.service_target": 0.98}}},
    "comparison": {"baseline": "baseline", "kpis": ["simulated_fill_rate", "transport_cost"]},
}


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stages") / "cache"


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory, stages: Path) -> Path:
    """A project with three runs in its runs folder."""
    project = write_project(tmp_path_factory.mktemp("compared") / "project", small_tables(dc_stock=60), SCENARIO)
    for name in ("baseline", "fuel_up", "service_98"):
        run_project(
            project, scenario=name, output=project / "runs" / name, threads=1, cache=StageCache(stages), pages=False
        )
    return project


def test_diff_names_what_changed(planner: Planner, compared: Path) -> None:
    answer = planner("scenarios", "diff", "baseline", "service_98", "--in", compared)
    assert answer.code == 0, answer.err
    assert "inventory.service_target" in answer.out
    assert "Order lines that differ" in answer.out
    fuel = planner("scenarios", "diff", compared / "runs" / "baseline", compared / "runs" / "fuel_up")
    assert "Order lines that differ" not in fuel.out
    assert "0 order lines differ" in fuel.out
    assert "vehicles" in fuel.out
    assert any("vehicles" in line and "cost_per_km" in line for line in fuel.out.splitlines())  # no cell is folded


def test_diff_says_where_the_change_may_be_the_searchs(planner: Planner, compared: Path) -> None:
    """Both plans have gaps wider than what lies between them; with the same orders there is nothing to say."""
    there, back = (
        json.loads(planner("scenarios", "diff", *names, "--in", compared, "--json").out)
        for names in (("baseline", "service_98"), ("service_98", "baseline"))
    )
    a, b = (read_run(compared / "runs" / name).provenance for name in ("baseline", "service_98"))
    low, high = b["lower_bound"] - a["cost"], b["cost"] - a["lower_bound"]
    assert there["best_change"] == pytest.approx([low, high])
    assert back["best_change"] == pytest.approx([-high, -low])
    assert there["within_gap"] is back["within_gap"] is (low < 0 < high)
    printed = planner("scenarios", "diff", "baseline", "service_98", "--in", compared).out
    assert ("Inside the proven gap" in printed) is (low < 0 < high)
    assert "Inside the proven gap" not in planner("scenarios", "diff", "baseline", "fuel_up", "--in", compared).out


def test_runs_made_and_replaced_by_planner_run_are_compared(
    planner: Planner, compared: Path, tmp_path: Path, stages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLANNER_CACHE_DIR", str(stages))
    project, runs = tmp_path / "project", tmp_path / "project" / "runs"
    shutil.copytree(compared, project)
    (runs / "baseline").rename(runs / "small")  # as `planner run` names it
    listed = planner("scenarios", "runs", project, "--kpi", "transport_cost")
    assert listed.code == 0, listed.err
    assert [line.split()[0] for line in listed.out.splitlines() if "gap_reached" in line] == [
        "fuel_up",
        "service_98",
        "small",
    ]

    answer = planner("scenarios", "diff", "baseline", "fuel_up", "--in", project, "--json")
    assert answer.code == 0, answer.err
    assert json.loads(answer.out)["a"]["run_id"] == read_run(runs / "small").provenance["run_id"]
    words = ("--scenario", "fuel_up", "--set", "distribution.speed_kmh=35", "--threads", 1, "-q")
    assert planner("run", project, *words).code == 0
    shutil.rmtree(runs / "service_98")
    told = json.loads(planner("scenarios", "compare", project, "--json").out)
    cost = {row["scenario"]: row["value"] for row in told["kpis"] if row["kpi"] == "transport_cost"}
    before, now = (
        float(run.tables["kpis"].set_index("kpi").loc["transport_cost", "value"])
        for run in (read_run(compared / "runs" / "fuel_up"), read_run(runs / "fuel_up"))
    )
    assert cost["fuel_up"] == now != before
    assert set(cost) == {"small", "fuel_up"}


def test_diff_of_a_run_with_itself(planner: Planner, compared: Path) -> None:
    answer = planner("scenarios", "diff", "fuel_up", "fuel_up", "--in", compared / "runs", "--json")
    told = json.loads(answer.out)
    assert (answer.code, told["same"], told["order_changes"]) == (0, True, [])
    assert "nothing differs" in planner("scenarios", "diff", "fuel_up", "fuel_up", "--in", compared).out


def test_diff_as_files_and_json_agree(planner: Planner, compared: Path, tmp_path: Path) -> None:
    answer = planner(
        "scenarios", "diff", "baseline", "fuel_up", "--in", compared, "--output", tmp_path / "diff", "--json"
    )
    told = json.loads(answer.out)
    assert told["a"]["name"] == "baseline"
    kpis = {row["kpi"]: row for row in told["kpi_changes"] if row["group_by"] == "all"}
    assert kpis["transport_cost"]["delta"] > 0
    assert kpis["simulated_cost"]["delta"] == pytest.approx(kpis["transport_cost"]["delta"], abs=0.011)  # cents
    assert kpis["simulated_cost"]["interval"] == "paired"
    table = pd.read_csv(tmp_path / "diff" / "kpi_changes.csv").query("kpi == 'transport_cost' and group_by == 'all'")
    assert table["delta"].iloc[0] == pytest.approx(kpis["transport_cost"]["delta"], abs=1e-6)
    parquet = pd.read_parquet(tmp_path / "diff" / "route_changes.parquet")
    assert set(parquet["change"]) == {"figures"}
    page = (tmp_path / "diff" / "comparison.html").read_text()
    assert f"{kpis['transport_cost']['value_b']:,.2f}" in page
    assert {Path(name).name for name in told["files"]} >= {"comparison.html", "order_changes.csv"}
    again = planner("scenarios", "diff", "baseline", "fuel_up", "--in", compared, "--output", tmp_path / "again")
    assert again.code == 0
    for path in (tmp_path / "diff").iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes(), path.name


def test_bridge_splits_the_change(
    planner: Planner, compared: Path, stages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLANNER_CACHE_DIR", str(stages))
    answer = planner(
        "scenarios", "bridge", compared, "service_98", "fuel_up", "--threads", 1, "--output", tmp_path / "out", "--json"
    )
    assert answer.code == 0, answer.err
    told = json.loads(answer.out)
    assert "2 orders" in told["bridge_method"]
    rows = [row for row in told["bridge"] if row["kpi"] == "transport_cost"]
    assert [(row["part"], row["kind"]) for row in rows] == [
        ("service_98", "from"),
        ("fuel_up", "patch"),
        ("inventory.service_target", "setting"),
        ("fuel_up", "to"),
    ]
    cents = [round(100 * row["value"]) for row in rows]
    assert cents[0] + cents[1] + cents[2] == cents[3]
    whole = {row["kpi"]: row for row in told["kpi_changes"] if row["group_by"] == "all"}
    assert whole["transport_cost"]["value_b"] == pytest.approx(rows[-1]["value"], abs=0.005)
    assert (tmp_path / "out" / "bridge.csv").exists()
    assert "Shapley" in (tmp_path / "out" / "comparison.html").read_text()


def test_compare_puts_runs_side_by_side(planner: Planner, compared: Path, tmp_path: Path) -> None:
    answer = planner("scenarios", "compare", compared, "--output", tmp_path / "many")
    assert answer.code == 0, answer.err
    assert "Transport" in answer.out
    assert "beaten by baseline" in answer.out
    told = json.loads(planner("scenarios", "compare", compared / "runs", "--baseline", "fuel_up", "--json").out)
    assert told["baseline"] == "fuel_up"
    assert {row["scenario"]: row["dominated_by"] for row in told["frontier"]}["fuel_up"] == "baseline"
    two = planner("scenarios", "compare", compared / "runs" / "fuel_up", compared / "runs" / "service_98", "--json")
    assert json.loads(two.out)["baseline"] == "fuel_up"
    assert "scenarios side by side" in (tmp_path / "many" / "comparison.html").read_text()


def test_what_cannot_be_compared(planner: Planner, compared: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("keep")
    for words, told in (
        (("diff", "baseline", "service98", "--in", compared), "Did you mean 'service_98'?"),
        (("diff", "baseline", tmp_path, "--in", compared), "is not a run folder"),
        (("diff", "baseline", "fuel_up", "--in", compared, "--output", tmp_path / "mine"), "is not a comparison"),
        (("bridge", compared, "baseline", "fuel"), "fuel_up"),
        (("bridge", compared, "baseline", "fuel_up", "--output", tmp_path / "mine"), "is not a comparison"),
        (("compare", compared, "--baseline", "fuelup"), "Did you mean 'fuel_up'?"),
        (("compare", tmp_path / "mine"), "holds no runs"),
        (("compare", tmp_path / "none"), "There is no folder"),
    ):
        answer = planner("scenarios", *words)
        assert (answer.code, told in answer.err) == (2, True), answer.err
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["notes.txt"]


def test_a_sweep_is_compared_from_its_index(planner: Planner, compared: Path, tmp_path: Path) -> None:
    kpis = pd.read_parquet(compared / "runs" / "baseline" / "kpis.parquet")
    dearer = kpis.assign(value=kpis["value"].where(kpis["kpi"] != "simulated_cost", kpis["value"] + 5.0))
    with open_index(tmp_path) as index:
        index.record(
            [
                Outcome("m2", "gap_reached", scenario="fuel_up", kpis=kpi_rows(dearer)),
                Outcome("m3", "gap_reached", kpis=kpi_rows(kpis)),
                Outcome("m4", "infeasible", error="no room"),
            ]
        )
    told = json.loads(planner("scenarios", "compare", tmp_path, "--json").out)
    assert told["baseline"] == "m3"
    assert [(row["scenario"], row["dominated_by"]) for row in told["frontier"]] == [("m3", ""), ("m2", "m3")]
    assert told["notes"] == ["Left out, without a plan: 1 infeasible."]
    rows = {(row["scenario"], row["kpi"]): row for row in told["kpis"]}
    assert rows["m2", "simulated_cost"]["delta"] == pytest.approx(5.0)
