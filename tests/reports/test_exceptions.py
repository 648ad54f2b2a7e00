"""Exceptions: the right kinds, the right money, an action each."""

from __future__ import annotations

import pandas as pd
import pytest
from scipy import integrate, stats

from reports.exceptions import rank_exceptions

Tables = dict[str, pd.DataFrame]
KEYS = ["item_id", "location_id"]


def _rank(tables: Tables, **changes: pd.DataFrame) -> pd.DataFrame:
    return rank_exceptions({**tables, **changes}, bucket_days=7)


def test_ranked_by_money_with_an_action(tables: Tables) -> None:
    rows = tables["exceptions"]
    assert rows["money_at_risk"].is_monotonic_decreasing
    assert rows["rank"].tolist() == list(range(1, len(rows) + 1))
    assert (rows["message"].str.len() > 20).all()
    assert (rows["action"].str.len() > 10).all()
    assert {"stock_out", "below_safety_stock", "late_supply", "unassigned_load", "capacity"} <= set(rows["kind"])


def test_stock_outs_cost_their_unmet_demand(tables: Tables) -> None:
    stock = tables["projected_inventory"].merge(tables["policy_params"][[*KEYS, "shortage_cost"]], on=KEYS)
    lost = (stock["unmet_qty"] * stock["shortage_cost"]).sum()
    rows = tables["exceptions"]
    overdue = rows["message"].str.startswith("Open order")
    assert rows.loc[rows["kind"].isin(["stock_out", "late_supply"]) & ~overdue, "money_at_risk"].sum() == pytest.approx(
        lost, abs=0.05
    )


def test_an_overdue_open_order_is_late_supply(tables: Tables) -> None:
    (row,) = tables["exceptions"][tables["exceptions"]["message"].str.startswith("Open order")].itertuples()
    assert row.kind == "late_supply"
    assert row.item_id == "002"
    assert "2015-11-19" in row.message


def test_an_open_order_after_a_stock_out_is_named(tables: Tables) -> None:
    stock = tables["projected_inventory"].copy()
    at_dc = (stock["item_id"] == "000") & (stock["location_id"] == "DC") & (stock["bucket_start"] == "2015-11-23")
    stock.loc[at_dc, ["demand_qty", "unmet_qty"]] = 50.0
    rows = _rank(tables, projected_inventory=stock)
    (row,) = rows[(rows["item_id"] == "000") & (rows["location_id"] == "DC")].itertuples()
    assert row.kind == "late_supply"
    assert row.action == "Expedite open order 00001, due 2015-12-01."


def test_money_below_safety_stock_is_the_normal_loss(tables: Tables) -> None:
    """Oracle: the loss function by numerical integration."""
    rows = tables["exceptions"]
    row = rows[rows["kind"] == "below_safety_stock"].iloc[0]
    here = tables["policy_params"].set_index(KEYS).loc[(row["item_id"], row["location_id"])]
    sd, safety = here["demand_sd_qty"], here["safety_stock_qty"]
    left = safety - row["qty"]

    def short(stock: float) -> float:
        return float(integrate.quad(lambda x: (x - stock) * stats.norm.pdf(x, scale=sd), stock, stock + 12 * sd)[0])

    assert row["money_at_risk"] == pytest.approx((short(left) - short(safety)) * here["shortage_cost"], abs=0.01)


def test_excess_costs_its_holding(tables: Tables) -> None:
    stock, policy = tables["projected_inventory"].copy(), tables["policy_params"].set_index(KEYS)
    key = ("000", "S0")
    mine = (stock["item_id"] == key[0]) & (stock["location_id"] == key[1])
    level, cost = policy.loc[key, ["order_up_to_qty", "holding_cost"]].astype(float)
    stock.loc[mine, ["closing_qty", "demand_qty", "unmet_qty"]] = [level + 8.0, 1.0, 0.0]
    rows = _rank(tables, projected_inventory=stock)
    (row,) = rows[(rows["kind"] == "excess") & (rows["item_id"] == "000") & (rows["location_id"] == "S0")].itertuples()
    assert row.qty == pytest.approx(8.0)
    assert row.money_at_risk == pytest.approx(8.0 * cost * 56.0 / 2, abs=0.01)  # 8 units last 56 days at 1 a week
    stock.loc[mine, "demand_qty"] = 0.0
    rows = _rank(tables, projected_inventory=stock)
    (row,) = rows[(rows["kind"] == "excess") & (rows["item_id"] == "000") & (rows["location_id"] == "S0")].itertuples()
    assert row.money_at_risk == pytest.approx(8.0 * cost * 365.0, abs=0.01)
    assert "no demand" in row.message


def test_capacity_and_unassigned_loads(tables: Tables) -> None:
    rows, prices = tables["exceptions"], tables["capacity_prices"]
    capacity = rows[rows["kind"] == "capacity"]
    assert capacity["money_at_risk"].sum() == pytest.approx((prices["price"] * prices["capacity"]).sum() / 10, abs=0.01)
    (load,) = rows[rows["kind"] == "unassigned_load"].itertuples()
    assert load.action == tables["unassigned"]["fix"].iloc[0]
    lines = tables["load_lines"][tables["load_lines"]["load_id"] == tables["unassigned"]["load_id"].iloc[0]]
    assert load.qty == pytest.approx(lines["qty"].sum())


def test_nothing_to_say(tables: Tables) -> None:
    stock = tables["projected_inventory"].assign(unmet_qty=0.0, safety_stock_qty=0.0, closing_qty=0.0)
    quiet = _rank(
        tables,
        projected_inventory=stock,
        open_orders=tables["open_orders"].head(0),
        unassigned=tables["unassigned"].head(0),
        capacity_prices=tables["capacity_prices"].head(0),
    )
    assert quiet.empty


def test_remedies_by_rule(tables: Tables) -> None:
    """One item without any order: the place with too much gives to the one without, else it is accepted."""
    rows = tables["exceptions"]
    named = {"Expedite": "expedite", "Bring": "expedite", "Ask": "expedite", "Move": "move", "Accept": "accept",
             "Cancel": "cancel", "Order nothing": "accept", "Find more": "move"}  # fmt: skip
    for words, remedy in named.items():
        assert set(rows.loc[rows["action"].str.startswith(words), "remedy"]) <= {remedy}, words
    assert set(rows.loc[rows["kind"] == "unassigned_load", "remedy"]) == {"move"}

    quiet = {name: tables[name][tables[name]["item_id"] != "000"] for name in ("open_orders", "replenishment_orders")}
    stock = tables["projected_inventory"].copy()
    mine = stock["item_id"] == "000"
    stock.loc[mine, ["closing_qty", "unmet_qty"]] = [0.0, 0.0]
    stock.loc[mine & (stock["location_id"] == "S1"), ["demand_qty", "unmet_qty"]] = [2.0, 2.0]
    (short,) = (
        _rank(tables, **quiet, projected_inventory=stock).query("item_id == '000' and kind == 'stock_out'").itertuples()
    )
    assert (short.location_id, short.remedy) == ("S1", "accept")
    stock.loc[mine & (stock["location_id"] == "S0"), "closing_qty"] = 500.0
    ranked = (
        _rank(tables, **quiet, projected_inventory=stock).query("item_id == '000'").set_index(["location_id", "kind"])
    )
    assert ranked.loc[("S1", "stock_out"), "remedy"] == "move"
    assert "from S0" in ranked.loc[("S1", "stock_out"), "action"]
    assert ranked.loc[("S0", "excess"), "remedy"] == "move"
    coming = tables["open_orders"].iloc[[0]].assign(item_id="000", location_id="S0", receipt_date="2015-12-01")
    opened = pd.concat([quiet["open_orders"], coming.astype({"receipt_date": "datetime64[ns]"})])
    ranked = _rank(tables, **{**quiet, "open_orders": opened}, projected_inventory=stock)
    assert ranked.query("item_id == '000' and kind == 'excess'")["remedy"].tolist() == ["cancel"]
