"""What a supplier's order costs as a whole: its fixed cost and whole trucks, shared by its lines."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from small_project import small_tables, write_project

from planner.engine.run import run_project
from planner.plan import Plan

SUPPLIERS: dict[str, dict[str, object]] = {
    "none": {},
    "order": {"order_cost": 400.0},
    "truck": {"truck_cost": 90.0, "truck_kg": 250.0, "truck_m3": 0.6},
}


QUICK = ("replenishment.target_gap=0.05", "simulation.replications=2")


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Plan]:
    """Plan the chain without joint costs, with a cost per order and with trucks, the supplier's lines side by side."""
    out = {}
    for name, terms in SUPPLIERS.items():
        folder = tmp_path_factory.mktemp(name)
        tables = small_tables(dc_stock=60)
        tables["suppliers"] = [{"supplier_id": "V1", "lead_time_days": 5, **terms}]
        tables["item_suppliers"] = [
            {**row, "supplier_id": "V1", "moq_qty": 0, "fixed_order_cost": 0.0} for row in tables["item_suppliers"]
        ]
        write_project(folder / "project", tables, {"horizon": {"start": "2024-01-01", "buckets": 8}})
        out[name] = run_project(folder / "project", output=folder / "run", threads=1, overrides=QUICK).plan
    return out


def _purchases(plan: Plan) -> pd.DataFrame:
    orders = plan.tables["replenishment_orders"]
    return orders[orders["type"] == "PO"]


def _orders(plan: Plan) -> pd.DataFrame:
    return _purchases(plan).groupby("bucket_start")[["shared_cost", "weight_kg", "volume_m3"]].sum()


def test_a_cost_per_order_makes_orders_fewer_and_is_shared_by_value(plans: dict[str, Plan]) -> None:
    assert len(_orders(plans["order"])) < len(_orders(plans["none"]))
    assert _orders(plans["order"])["shared_cost"].tolist() == pytest.approx([400.0] * len(_orders(plans["order"])))
    costs = plans["order"].tables["supply"].set_index(["item_id", "location_id"])["unit_cost"]
    for _, lines in _purchases(plans["order"]).groupby("bucket_start"):
        value = lines["qty"] * costs.loc[list(zip(lines["item_id"], lines["location_id"], strict=True))].to_numpy()
        assert lines["shared_cost"].to_numpy() == pytest.approx(400.0 * (value / value.sum()).to_numpy())


def test_trucks_are_whole_and_hold_what_they_carry(plans: dict[str, Plan]) -> None:
    orders = _orders(plans["truck"])
    trucks = np.ceil(np.maximum(orders["weight_kg"] / 250.0, orders["volume_m3"] / 0.6) - 1e-9)
    assert orders["shared_cost"].to_numpy() == pytest.approx(90.0 * trucks.to_numpy())
    free = _orders(plans["none"])
    needed = np.ceil(np.maximum(free["weight_kg"] / 250.0, free["volume_m3"] / 0.6) - 1e-9)
    assert trucks.sum() / orders["weight_kg"].sum() <= needed.sum() / free["weight_kg"].sum()


def test_costs_add_up(plans: dict[str, Plan]) -> None:
    """The model's cost counts what orders share, and so do the key figures."""
    for plan in plans.values():
        assert plan.lower_bound <= plan.cost * (1 + 1e-9)
        kpis = plan.tables["kpis"].query("group_by == 'all'").set_index("kpi")["value"]
        orders = plan.tables["replenishment_orders"]
        handling = orders.loc[orders["type"] == "DO", "cost"].sum()
        assert kpis["ordering_cost"] == pytest.approx(handling + _purchases(plan)["shared_cost"].sum(), abs=0.01)
    assert plans["order"].cost > plans["none"].cost


def test_deliveries_share_nothing(plans: dict[str, Plan]) -> None:
    orders = plans["truck"].tables["replenishment_orders"]
    assert (orders.loc[orders["type"] == "DO", "shared_cost"] == 0).all()
