"""Limits of suppliers and budgets: kept, priced, and named as the reason of an order."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from small_project import small_tables, write_project

from planner.engine.run import run_project
from planner.plan import Plan
from reports.run_folder import read_run

QUICK = ("replenishment.target_gap=0.05", "simulation.replications=2")


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Plan]:
    """Plan the chain without limits, with a supplier that can send 48 a week, and with budgets."""
    rules: dict[str, list[dict[str, object]]] = {
        "free": [],
        "supplier": [{"supplier_id": "V1", "limit_qty": 48, "end_date": "2024-01-29"}],
        "budget": [{"limit_value": 300}],
        "period": [{"limit_value": 900, "per": "period", "start_date": "2024-01-08", "end_date": "2024-01-29"}],
    }
    out = {}
    for name, rows in rules.items():
        folder = tmp_path_factory.mktemp(name)
        tables = {**small_tables(dc_stock=30), "supply_limits": rows}
        write_project(folder / "project", tables)
        out[name] = run_project(folder / "project", output=folder / "run", threads=1, overrides=QUICK).plan
    return out


def _bought(plan: Plan) -> pd.DataFrame:
    orders = plan.tables["replenishment_orders"]
    orders = orders[orders["type"] == "PO"].merge(plan.tables["supply"][["item_id", "location_id", "unit_cost"]])
    return orders.assign(value=orders["qty"] * orders["unit_cost"])


def test_a_supplier_sends_no_more_than_it_can(plans: dict[str, Plan]) -> None:
    free, limited = (_bought(plans[name]).query("source_id == 'V1'") for name in ("free", "supplier"))
    assert free.groupby("bucket_start")["qty"].sum().max() > 48
    limited = limited[limited["bucket_start"] < "2024-01-29"]  # the first day on which the limit no longer holds
    assert limited.groupby("bucket_start")["qty"].sum().max() == 48


def test_a_budget_is_kept_and_what_it_costs_is_told(plans: dict[str, Plan]) -> None:
    spent = _bought(plans["budget"]).groupby("bucket_start")["value"].sum()
    assert spent.max() <= 300 + 1e-9
    prices = plans["budget"].tables["capacity_prices"].query("kind == 'supply'")
    assert set(prices["location_id"]) == {"all suppliers"}
    assert set(prices["unit"]) == {"money"}
    assert prices["price"].max() > 0
    used = prices.set_index("bucket_start")["used"]
    for bucket, money in spent.items():
        if bucket in used.index:
            assert used[bucket] == pytest.approx(money)


def test_limits_cost_something(plans: dict[str, Plan]) -> None:
    assert plans["budget"].cost > plans["free"].cost
    assert plans["budget"].lower_bound <= plans["budget"].cost * (1 + 1e-9)


def test_a_former_run_may_be_begun_from(plans: dict[str, Plan], tmp_path: Path) -> None:
    """Prices of yesterday are another start of the ascent: rules and bound hold, and the run says where it began."""
    write_project(tmp_path / "project", {**small_tables(dc_stock=30), "supply_limits": [{"limit_value": 300}]})
    first = run_project(tmp_path / "project", output=tmp_path / "first", threads=1, overrides=QUICK)
    again = run_project(
        tmp_path / "project", output=tmp_path / "again", threads=1, overrides=QUICK, warm_start=tmp_path / "first"
    )
    assert read_run(again.folder).provenance["warm_start"] == read_run(first.folder).provenance["run_id"]
    assert again.plan.lower_bound <= first.plan.cost * (1 + 1e-9)
    assert first.plan.lower_bound <= again.plan.cost * (1 + 1e-9)
    assert _bought(again.plan).groupby("bucket_start")["value"].sum().max() <= 300 + 1e-9


def test_a_budget_of_three_weeks_counts_them_together(plans: dict[str, Plan]) -> None:
    free, limited = (_bought(plans[name]) for name in ("free", "period"))
    inside = "bucket_start >= '2024-01-08' and bucket_start < '2024-01-29'"
    assert free.query(inside)["value"].sum() > 900
    assert 0 < limited.query(inside)["value"].sum() <= 900 + 1e-9
    assert limited.query(inside).groupby("bucket_start")["value"].sum().max() > 300
    prices = plans["period"].tables["capacity_prices"].query("kind == 'supply period'")
    assert prices["capacity"].tolist() == [900.0] * 3
    assert prices["used"].tolist() == pytest.approx([limited.query(inside)["value"].sum()] * 3)
    assert prices["price"].min() > 0
    assert plans["period"].lower_bound <= plans["period"].cost * (1 + 1e-9)
