"""Stock and trucks decided together: judged like any plan, never worse than the sequential one, pins kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from judge.case import read_case
from judge.plan_judge import judge
from judge.small_chain import write_small_chain
from small_project import small_tables, write_project

from planner.engine.cache import StageCache
from planner.engine.run import run_project
from planner.replenishment.explain import explain_order
from reports.together_tables import TOGETHER

SMALL = {"distribution.iterations": 50, "simulation.replications": 20, "replenishment.iterations": 30}
TOGETHER_SETTINGS = {**SMALL, "distribution.mode": "integrated"}


def run(project: Path, output: Path, settings: dict[str, Any] = TOGETHER_SETTINGS, **means: Any) -> Any:
    overrides = [f"{path}={value}" for path, value in settings.items()]
    return run_project(project, overrides=overrides, output=output, threads=means.pop("threads", 1), **means).plan


@pytest.mark.parametrize("kind", ["weekly", "daily", "tight"])
def test_the_plan_keeps_every_rule_and_costs_no_more_than_the_sequential_one(tmp_path: Path, kind: str) -> None:
    project = write_small_chain(tmp_path / "project", kind, 1)
    plan = run(project, tmp_path / "run")
    assert judge(read_case(project, tmp_path / "run", TOGETHER_SETTINGS)) == {}
    rounds = plan.tables["distribution_rounds"]
    assert rounds["kept"].sum() == 1
    kept = rounds[rounds["kept"]].iloc[0]
    assert kept["total_cost"] == rounds["total_cost"].min() <= rounds["total_cost"].iloc[0]
    assert kept["transport_cost"] == pytest.approx(plan.tables["routes"]["cost"].sum())
    assert kept["replenishment_cost"] == pytest.approx(plan.cost)
    assert kept["unassigned_loads"] == len(plan.tables["unassigned"])


@pytest.fixture(scope="module")
def cheap_stock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three stores whose stock costs next to nothing beside a stop, and a pin on one of them."""
    tables = small_tables()
    tables["vehicles"][0]["fixed_cost"] = 150
    pin = {
        "pin_id": "P",
        "item_id": "I1",
        "location_id": "S2",
        "receipt_date": "2024-01-16",
        "qty": 12,
        "author": "t",
        "reason": "r",
    }
    return write_project(tmp_path_factory.mktemp("cheap"), {**tables, "pins": [pin]})


def test_deliveries_are_merged_and_the_changes_add_up(cheap_stock: Path, tmp_path: Path) -> None:
    alone = run(cheap_stock, tmp_path / "alone", SMALL)
    plan = run(cheap_stock, tmp_path / "run")
    assert not set(alone.tables) & set(TOGETHER)
    pd.testing.assert_frame_equal(plan.tables["sequential_kpis"], alone.tables["kpis"])
    rounds, changes = plan.tables["distribution_rounds"], plan.tables["visit_changes"]
    assert len(plan.tables["stops"]) < len(alone.tables["stops"])
    assert rounds["transport_cost"].iloc[0] == pytest.approx(alone.tables["routes"]["cost"].sum())
    assert "merged" in set(changes["change"])
    assert changes["transport_cost"].sum() == pytest.approx(plan.tables["routes"]["cost"].sum())
    assert changes["sequential_transport_cost"].sum() == pytest.approx(alone.tables["routes"]["cost"].sum())
    for column, tables in (("holding_cost", plan.tables), ("sequential_holding_cost", alone.tables)):
        kpis = tables["kpis"]
        stores = (kpis["kpi"] == "holding_cost") & (kpis["group"] == "store")
        assert changes[column].sum() == pytest.approx(kpis.loc[stores, "value"].iloc[0])
    merged = changes[changes["change"] == "merged"].iloc[0]
    orders = plan.tables["replenishment_orders"]
    brought = orders[(orders["location_id"] == merged["location_id"]) & (orders["receipt_date"] == merged["date"])]
    text = explain_order(str(brought["order_id"].iloc[0]), plan.tables).text()
    assert "Stock and trucks together" in text
    assert f"{merged['transport_cost']:,.2f} instead of" in text


def test_pins_are_kept(cheap_stock: Path, tmp_path: Path) -> None:
    orders = run(cheap_stock, tmp_path / "run").tables["replenishment_orders"]
    pinned = orders[(orders["item_id"] == "I1") & (orders["location_id"] == "S2")]
    assert pinned.loc[pinned["bucket_start"] == "2024-01-15", "qty"].sum() == 12


def test_warm_equals_cold_and_cores_do_not_matter(cheap_stock: Path, tmp_path: Path) -> None:
    cache = StageCache(tmp_path / "stages")
    cold = run(cheap_stock, tmp_path / "cold", cache=cache)
    warm = run(cheap_stock, tmp_path / "warm", cache=cache, threads=2)
    for name, table in cold.tables.items():
        pd.testing.assert_frame_equal(table, warm.tables[name])
    assert cache.uses()["visits"].recalled > 0


def test_a_limit_of_time_gives_a_plan(cheap_stock: Path, tmp_path: Path) -> None:
    rounds = run(cheap_stock, tmp_path / "run", time_limit_s=1.0).tables["distribution_rounds"]
    assert rounds["total_cost"].min() == rounds.loc[rounds["kept"], "total_cost"].iloc[0]
    assert np.isfinite(rounds["total_cost"]).all()
