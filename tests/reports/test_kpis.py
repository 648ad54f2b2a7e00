"""Key figures against plain sums over the tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from reports.kpis import compute_kpis
from reports.tables import PUBLISHED

Tables = dict[str, pd.DataFrame]


def _value(tables: Tables, kpi: str, group_by: str = "all", group: str = "", column: str = "value") -> float:
    rows = tables["kpis"]
    (value,) = rows.loc[(rows["kpi"] == kpi) & (rows["group_by"] == group_by) & (rows["group"] == group), column]
    return float(value)


def test_counts_and_money_agree_to_the_cent(tables: Tables) -> None:
    orders, routes = tables["replenishment_orders"], tables["routes"]
    assert _value(tables, "purchase_orders") == (orders["type"] == "PO").sum()
    assert _value(tables, "delivery_orders") == (orders["type"] == "DO").sum()
    assert _value(tables, "purchase_value") == pytest.approx(orders.loc[orders["type"] == "PO", "cost"].sum(), abs=5e-3)
    assert _value(tables, "ordering_cost") == pytest.approx(
        orders.loc[orders["type"] == "DO", "cost"].sum() + 20.0 * (orders["type"] == "PO").sum(), abs=5e-3
    )
    assert _value(tables, "transport_cost") == pytest.approx(routes["cost"].sum(), abs=5e-3)
    assert _value(tables, "routes") == len(routes)
    assert _value(tables, "co2_kg") == pytest.approx(routes["co2_kg"].sum(), abs=5e-3)
    assert _value(tables, "co2e_kg") == pytest.approx(routes["co2e_kg"].sum(), abs=5e-3)
    assert _value(tables, "unassigned_loads") == 1


def test_stock_figures_counted_row_by_row(tables: Tables) -> None:
    supply = tables["supply"].set_index(["item_id", "location_id"])
    policy = tables["policy_params"].set_index(["item_id", "location_id"])
    held = value = used = short = 0.0
    for row in tables["projected_inventory"].itertuples():
        key = (row.item_id, row.location_id)
        held += row.closing_qty * policy.loc[key, "holding_cost"] * 7
        short += row.unmet_qty * policy.loc[key, "shortage_cost"]
        value += row.closing_qty * supply.loc[key, "unit_cost"] / 8
        used += (row.demand_qty - row.unmet_qty) * supply.loc[key, "unit_cost"] / 56
    assert _value(tables, "holding_cost") == pytest.approx(held, abs=5e-3)
    assert _value(tables, "shortage_cost") == pytest.approx(short, abs=5e-3)
    assert _value(tables, "inventory_value") == pytest.approx(value, abs=5e-3)
    assert _value(tables, "days_of_supply") == pytest.approx(value / used)
    assert _value(tables, "turns") == pytest.approx(365 * used / value)
    stock = tables["projected_inventory"]
    assert _value(tables, "planned_fill_rate") == pytest.approx(
        1 - stock["unmet_qty"].sum() / stock["demand_qty"].sum()
    )


@pytest.mark.parametrize("kpi", ["purchase_value", "ordering_cost", "inventory_value", "holding_cost", "demand_qty"])
@pytest.mark.parametrize("grouping", ["location_type", "abc_class", "category", "region"])
def test_groups_add_up_to_the_whole(tables: Tables, kpi: str, grouping: str) -> None:
    rows = tables["kpis"]
    parts = rows.loc[(rows["kpi"] == kpi) & (rows["group_by"] == grouping), "value"]
    assert parts.sum() == pytest.approx(_value(tables, kpi), abs=5e-3)


def test_channels_split_demand_and_shortage(tables: Tables) -> None:
    rows = tables["kpis"]
    demand = rows[(rows["kpi"] == "demand_qty") & (rows["group_by"] == "channel")].set_index("group")["value"]
    fill = rows[(rows["kpi"] == "planned_fill_rate") & (rows["group_by"] == "channel")].set_index("group")["value"]
    assert set(demand.index) == {"store", "online"}
    assert demand.sum() == pytest.approx(_value(tables, "demand_qty"))
    assert (demand * (1 - fill)).sum() == pytest.approx(tables["projected_inventory"]["unmet_qty"].sum())


def test_simulated_figures_carry_their_interval(tables: Tables) -> None:
    share = tables["simulation"]["fill_rate"]
    low, high = (_value(tables, "simulated_fill_rate", column=column) for column in ("low", "high"))
    assert _value(tables, "simulated_fill_rate") == pytest.approx(share.mean())
    # 20 futures: the 97.5 % quantile of Student's t with 19 degrees of freedom is 2.093 (any table).
    assert (high - low) / 2 == pytest.approx(2.093 * share.std(ddof=1) / np.sqrt(20), rel=1e-3)
    cost = tables["simulation"]["total_cost"]
    assert _value(tables, "simulated_cost") == pytest.approx(cost.mean(), abs=5e-3)
    assert (
        _value(tables, "simulated_cost", column="low") < cost.mean() < _value(tables, "simulated_cost", column="high")
    )


def test_wape_weighs_series_by_their_demand(tables: Tables) -> None:
    recent = tables["recent_demand"].groupby(["item_id", "location_id"])["qty"].sum()
    accuracy = tables["forecast_accuracy"].set_index(["item_id", "location_id"])["wape"]
    assert _value(tables, "forecast_wape") == pytest.approx((accuracy * recent).sum() / recent.sum())


def test_every_figure_names_existing_tables(tables: Tables) -> None:
    for source in set(tables["kpis"]["source"]) - {"the five planned costs"}:
        assert set(source.split(", ")) <= set(PUBLISHED)
    assert (tables["kpis"]["unit"] != "").all()
    assert "money" not in set(tables["kpis"]["unit"])


def test_a_plan_without_orders_routes_or_demand(tables: Tables) -> None:
    empty = {**tables}
    for name in ("replenishment_orders", "routes", "stops", "unassigned", "loads", "load_lines", "exceptions",
                 "forecast_accuracy", "forecast_channels", "recent_demand", "data_issues"):  # fmt: skip
        empty[name] = tables[name].head(0)
    empty["projected_inventory"] = tables["projected_inventory"].assign(demand_qty=0.0, unmet_qty=0.0)
    empty["kpis"] = compute_kpis(empty, bucket_days=7, currency="EUR")
    assert _value(empty, "purchase_orders") == 0
    assert np.isnan(_value(empty, "planned_fill_rate"))
    assert np.isnan(_value(empty, "vehicle_utilisation"))
    assert np.isnan(_value(empty, "forecast_wape"))
