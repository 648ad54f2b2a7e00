"""Shelf life: no stock is sold after it, what is wasted is told and weighed, and the judge follows the age of stock."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from judge.case import read_case
from judge.plan_judge import judge
from small_project import small_tables, write_project

from planner.engine.run import run_project
from planner.plan import Plan
from planner.replenishment.explain import explain_order


def plan_of(folder: Path, shelf_life: dict[str, float], cost: float, dc_stock: float = 60, pack: int = 24) -> Plan:
    """Plan the chain whose stores order packs of `pack`, goods at `cost` sold for 40; the judge finds nothing."""
    tables = small_tables(dc_stock=dc_stock)
    for item in tables["items"]:
        item |= {"shelf_life_days": shelf_life.get(str(item["item_id"])), "unit_cost": cost, "unit_price": 40.0}
    tables["lanes"][0]["order_multiple_qty"] = pack
    write_project(folder / "project", tables, {"replenishment": {"target_gap": 0.3}})
    run = run_project(folder / "project", output=folder / "run", threads=1)
    assert judge(read_case(folder / "project", run.folder)) == {}
    return run.plan


def wasted(plan: Plan) -> pd.Series:
    return plan.tables["projected_inventory"].groupby("item_id")["waste_qty"].sum()


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Plan]:
    life = {"I1": 14.0, "I2": 7.0}
    cases: dict[str, tuple[dict[str, float], float]] = {
        "keeps": ({}, 0.5),
        "expires": (life, 0.5),
        "dear": (life, 60.0),
    }
    return {name: plan_of(tmp_path_factory.mktemp(name), *case) for name, case in cases.items()}


def test_only_what_expires_is_wasted_and_it_costs_its_goods(plans: dict[str, Plan]) -> None:
    assert not wasted(plans["keeps"]).any()
    waste = wasted(plans["expires"])
    assert waste[["I1", "I2"]].sum() > 0
    assert not waste[["I3", "007"]].any()
    kpis = plans["expires"].tables["kpis"].query("group_by == 'all'").set_index("kpi")["value"]
    assert kpis["waste_qty"] == waste.sum()
    assert kpis["waste_cost"] == pytest.approx(0.5 * waste.sum())
    assert plans["expires"].cost > plans["keeps"].cost


def test_dearer_goods_are_wasted_less(plans: dict[str, Plan]) -> None:
    """The engine weighs waste against lost sales: stores order nothing that mostly expires where the goods are dear."""

    def at_stores(plan: Plan) -> float:
        return float(plan.tables["projected_inventory"].query("location_id != 'DC'")["waste_qty"].sum())

    assert at_stores(plans["dear"]) < 0.5 * at_stores(plans["expires"])


def test_what_a_dc_cannot_send_on_in_time_is_written_off_and_nothing_relies_on_it(tmp_path: Path) -> None:
    """1,000 units at the dc would last for weeks; what leaves in one is all that counts."""
    plan = plan_of(tmp_path, {"I1": 14.0}, 4.0, dc_stock=1000, pack=6)
    dc = plan.tables["projected_inventory"].query("location_id == 'DC' and item_id == 'I1'")
    assert dc["opening_qty"].iloc[0] == 1000
    assert dc["waste_qty"].iloc[0] > 500
    stores = plan.tables["projected_inventory"].query("location_id != 'DC' and item_id == 'I1'")
    assert stores["unmet_qty"].sum() < 0.1 * stores["demand_qty"].sum()


def test_an_explanation_tells_what_is_wasted_of_an_order(plans: dict[str, Plan]) -> None:
    tables = plans["expires"].tables
    orders = tables["replenishment_orders"].query("type == 'DO' and item_id in ('I1', 'I2')")
    facts = [explain_order(order, tables) for order in orders["order_id"]]
    assert any(fact.wasted for fact in facts)
    for fact in facts:
        used = sum(use.qty for use in fact.uses)
        told = used + sum(fact.left.values()) + sum(fact.wasted.values()) + fact.behind_horizon_qty
        assert told == pytest.approx(fact.order["qty"])
    fact = next(fact for fact in facts if fact.wasted and fact.one_pack_less.waste_saved)
    assert "expires: it cannot be sold in time" in fact.text()
    less = fact.one_pack_less
    assert less.difference == pytest.approx(
        less.shortage_cost - less.holding_saved - less.ordering_saved - less.waste_saved
    )
