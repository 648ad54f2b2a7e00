"""The made-up plan is consistent, and the simulated check agrees with it where nothing is uncertain."""

from __future__ import annotations

import pandas as pd
import pytest
from synthetic_run import KEYS, START

from planner.simulation import simulate
from scenarios.settings import Horizon, SimulationSettings

Tables = dict[str, pd.DataFrame]


def test_stock_balances(tables: Tables) -> None:
    stock = tables["projected_inventory"]
    come = stock["opening_qty"] + stock["receipts_qty"] + stock["planned_receipts_qty"]
    gone = stock["demand_qty"] - stock["unmet_qty"] + stock["shipped_qty"]
    pd.testing.assert_series_equal(stock["closing_qty"], come - gone, check_names=False)


def test_certain_futures_are_the_plan(tables: Tables) -> None:
    plan = tables["projected_inventory"]
    certain = plan[[*KEYS, "bucket_start"]].assign(mean_qty=plan["demand_qty"], sd_qty=0.0)
    played = simulate(
        tables["supply"],
        certain,
        tables["forecast_channels"],
        tables["policy_params"],
        plan,
        tables["replenishment_orders"],
        tables["routes"],
        Horizon(start=START.date(), buckets=8),
        SimulationSettings(replications=2, lead_time_noise=False),
        1,
    )
    wanted = plan.groupby(KEYS).agg(unmet_qty=("unmet_qty", "sum"), closing_qty=("closing_qty", "mean")).sort_index()
    found = played.stock.set_index(KEYS)[["unmet_qty", "closing_qty"]].sort_index()
    pd.testing.assert_frame_equal(found, wanted)
    kpis = tables["kpis"][tables["kpis"]["group_by"] == "all"].set_index("kpi")["value"]
    costs = played.simulation.iloc[0]
    for column, kpi in (
        ("holding_cost", "holding_cost"),
        ("shortage_cost", "shortage_cost"),
        ("order_cost", "ordering_cost"),
        ("transport_cost", "transport_cost"),
        ("total_cost", "planned_cost"),
        ("fill_rate", "planned_fill_rate"),
    ):
        assert costs[column] == pytest.approx(kpis[kpi])
