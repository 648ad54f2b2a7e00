"""A what-if begins from the baseline's orders and routes: what the change does not touch stays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from small_project import small_tables, write_project

from planner.engine.cache import StageCache
from planner.engine.run import FinishedRun, run_project

SETTINGS: dict[str, Any] = {
    "horizon": {"start": "2024-01-01", "buckets": 3},
    "replenishment": {"target_gap": 0.9},
    "patches": {
        "more_of_one": {"edits": [{"table": "demand_adjustments", "append": [{"item_id": "I1", "factor": 1.3}]}]},
        "nothing_fits": {"edits": [{"table": "pins", "append": [
            {"pin_id": "p", "item_id": "I1", "location_id": "S1", "receipt_date": "2024-01-02", "qty": 6000,
             "author": "a", "reason": "b"}]}]},
    },
    "scenarios": {"more_of_one": {"patches": ["more_of_one"]}},
}  # fmt: skip


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_project(tmp_path_factory.mktemp("project"), small_tables(weeks=20, dc_stock=60), SETTINGS)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> StageCache:
    return StageCache(tmp_path_factory.mktemp("stages"))


def run(project: Path, folder: Path, cache: StageCache | None, scenario: str | None, *overrides: str) -> FinishedRun:
    return run_project(
        project, scenario=scenario, overrides=overrides, output=folder, threads=1, cache=cache, pages=False
    )


def of_others(run: FinishedRun) -> pd.DataFrame:
    """Return the deliveries of all items but the one whose demand is changed."""
    orders = run.plan.tables["replenishment_orders"]
    kept = orders[(orders["item_id"] != "I1") & (orders["type"] == "DO")]
    return kept[["item_id", "location_id", "receipt_date", "qty"]].reset_index(drop=True)


def test_one_items_demand_leaves_the_orders_of_the_others(project: Path, cache: StageCache, tmp_path: Path) -> None:
    baseline = run(project, tmp_path / "baseline", cache, None)
    more = run(project, tmp_path / "more", cache, "more_of_one")
    assert more.recalled["baseline"].recalled == 1
    pd.testing.assert_frame_equal(of_others(more), of_others(baseline))
    changed = [
        each.plan.tables["replenishment_orders"].query("item_id == 'I1'")["qty"].sum() for each in (baseline, more)
    ]
    assert changed[0] < changed[1]


def test_from_nothing_is_the_plan_of_that_project_alone(project: Path, cache: StageCache, tmp_path: Path) -> None:
    alone = write_project(
        tmp_path / "alone",
        {**small_tables(weeks=20, dc_stock=60), "demand_adjustments": [{"item_id": "I1", "factor": 1.3}]},
        SETTINGS,
    )
    baseline = run(alone, tmp_path / "a", None, None)
    what_if = run(project, tmp_path / "b", cache, "more_of_one", "start_from=nothing")
    assert "baseline" not in what_if.recalled
    for name in ("replenishment_orders", "stops"):
        pd.testing.assert_frame_equal(what_if.plan.tables[name], baseline.plan.tables[name])


def test_a_baseline_without_a_plan_is_begun_from_in_no_way(tmp_path: Path) -> None:
    project = write_project(
        tmp_path / "project", small_tables(weeks=20, dc_stock=60), {**SETTINGS, "apply": ["nothing_fits"]}
    )
    cache = StageCache(tmp_path / "stages")
    found = run(project, tmp_path / "run", cache, None, "apply=[]")
    nothing = run(project, tmp_path / "nothing", cache, None, "apply=[]", "start_from=nothing")
    pd.testing.assert_frame_equal(of_others(found), of_others(nothing))
