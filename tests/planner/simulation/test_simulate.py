"""The simulation stage: from the plan's tables to fill rates and costs."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from planner.simulation import Simulation, simulate
from scenarios.settings import Horizon, SimulationSettings

KEYS = ["item_id", "location_id"]
HORIZON = Horizon(start=date(2024, 1, 1), buckets=3)
WEEKS = pd.date_range("2024-01-01", periods=3, freq="7D")


def _supply(**changes: object) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "item_id": ["i"] * 3,
            "location_id": ["DC", "A", "B"],
            "location_type": ["dc", "store", "store"],
            "region": ["", "north", "south"],
            "category": "c",
            "level": [0, 1, 1],
            "source_type": ["supplier", "location", "location"],
            "source_id": ["SUP", "DC", "DC"],
            "lead_time_days": [7.0, 1.0, 8.0],
            "lead_time_sd_days": [0.0, 3.0, 3.0],
            "fixed_order_cost": [10.0, 1.0, 1.0],
            "backorders": [False, False, True],
            "backorder_qty": [0.0, 0.0, 2.0],
            "shelf_life_days": np.nan,
            "unit_cost": 4.0,
        }
    )
    return frame.assign(**changes)


def _plan() -> dict[str, pd.DataFrame]:
    """The dc has 10, 20 by PO and 5 open come in week 2; A gets 8 a week, B gets 6 (a week on the road)."""
    stock = pd.MultiIndex.from_product([["i"], ["DC", "A", "B"], WEEKS], names=[*KEYS, "bucket_start"]).to_frame(
        index=False
    )
    stock["opening_qty"] = np.repeat([10.0, 1.0, 4.0], 3)
    stock["receipts_qty"] = [0.0, 5.0, 0.0] + [0.0] * 6
    forecast = stock[[*KEYS, "bucket_start"]].iloc[3:].assign(mean_qty=[5.0] * 3 + [4.0] * 3, sd_qty=0.0)
    orders = pd.DataFrame(
        [
            ("PO", "i", "DC", WEEKS[1], 20.0, 210.0),
            *(("DO", "i", "A", week, 8.0, 1.8) for week in WEEKS),
            *(("DO", "i", "B", week, 6.0, 1.6) for week in WEEKS[1:]),
        ],
        columns=["type", *KEYS, "bucket_start", "qty", "cost"],
    )
    channels = pd.concat(
        [
            forecast.assign(channel="store", mean_qty=0.75 * forecast["mean_qty"]),
            forecast.assign(channel="online", mean_qty=0.25 * forecast["mean_qty"]),
        ]
    )
    policy = pd.DataFrame(
        {
            "item_id": "i",
            "location_id": ["DC", "A", "B"],
            "abc_class": ["A", "A", "B"],
            "holding_cost": 0.1,
            "shortage_cost": 3.0,
        }
    )
    orders["shared_cost"] = 0.0
    return {"forecast": forecast, "channels": channels, "policy": policy, "stock": stock, "orders": orders}


def _simulate(plan: dict[str, pd.DataFrame], supply: pd.DataFrame, **settings: object) -> Simulation:
    routes = pd.DataFrame({"cost": [100.0, 50.0]})
    return simulate(
        supply,
        plan["forecast"],
        plan["channels"],
        plan["policy"],
        plan["stock"],
        plan["orders"],
        routes,
        HORIZON,
        SimulationSettings(replications=10, **settings),
        1,
    )


def test_certain_demand_by_hand() -> None:
    """Week 1: the dc has 10, wants to send A 8 and B 6 (leaving now, for week 2): each gets 10/14.

    A: 1 + 40/7 - 5 = 12/7; later 8 a week: never short. B owes 2: 4 - 2 - 4 = short by 2 in week 1;
    week 2: 30/7 - 2 owed - 4: short by 12/7; week 3: 6 (the dc has 25, sends 14) - 12/7 - 4 = 2/7.
    """
    played = _simulate(_plan(), _supply())
    stock = played.stock.set_index("location_id")
    assert stock.loc["A", "unmet_qty"] == pytest.approx(0)
    assert stock.loc["B", "unmet_qty"] == pytest.approx(2 + 12 / 7)
    assert stock.loc["B", "stock_out_buckets"] == pytest.approx(2)
    assert stock.loc["DC", "closing_qty"] == pytest.approx((0 + 11 + 3) / 3)
    row = played.simulation.iloc[0]
    assert row["demand_qty"] == pytest.approx(27)
    assert row["fill_rate"] == pytest.approx(1 - (2 + 12 / 7) / 27)
    assert row["cycle_service_level"] == pytest.approx(4 / 6)
    assert row["shortage_cost"] == pytest.approx(3 * (2 + 12 / 7))
    assert row["order_cost"] == pytest.approx(10 + 3 * 1.8 + 2 * 1.6)
    assert row["transport_cost"] == pytest.approx(150)
    assert row["holding_cost"] == pytest.approx(0.7 * 3 * stock["closing_qty"].sum())
    assert row["total_cost"] == pytest.approx(
        row[["holding_cost", "shortage_cost", "order_cost", "transport_cost"]].sum()
    )
    assert (played.simulation.drop(columns="replication").nunique() == 1).all()


def test_fill_rates_by_group() -> None:
    service = _simulate(_plan(), _supply()).service.set_index(["group_by", "group"])["fill_rate"]
    short = 2 + 12 / 7
    assert service["all", ""] == pytest.approx(1 - short / 27)
    assert service["location_type", "store"] == pytest.approx(1 - short / 27)
    assert service["abc_class", "A"] == pytest.approx(1)
    assert service["abc_class", "B"] == pytest.approx(1 - short / 12)
    assert service["region", "south"] == pytest.approx(1 - short / 12)
    assert service["channel", "online"] == pytest.approx(1 - short / 27)
    assert ("location_type", "dc") not in service.index  # a dc without customers has no fill rate


def test_uncertain_demand_is_seeded_and_unbiased() -> None:
    plan = _plan()
    plan["forecast"] = plan["forecast"].assign(sd_qty=3.0)
    one, two = (_simulate(plan, _supply()) for _ in range(2))
    pd.testing.assert_frame_equal(one.simulation, two.simulation)
    pd.testing.assert_frame_equal(one.service, two.service)
    assert one.simulation["demand_qty"].nunique() > 1
    many = simulate(
        _supply(),
        plan["forecast"],
        plan["channels"],
        plan["policy"],
        plan["stock"],
        plan["orders"],
        pd.DataFrame({"cost": []}, dtype=float),
        HORIZON,
        SimulationSettings(replications=4000),
        1,
    )
    assert many.simulation["demand_qty"].mean() == pytest.approx(27, rel=0.02)
    assert many.simulation["demand_qty"].std() == pytest.approx(3 * np.sqrt(6), rel=0.05)
    pd.testing.assert_frame_equal(many.simulation.iloc[:10, :5], one.simulation.iloc[:, :5])


def test_late_suppliers_only_with_lead_time_noise() -> None:
    supply = _supply(lead_time_sd_days=[7.0, 0.0, 0.0])
    noisy, calm = _simulate(_plan(), supply), _simulate(_plan(), supply, lead_time_noise=False)
    assert noisy.simulation["unmet_qty"].nunique() > 1
    assert calm.simulation["unmet_qty"].nunique() == 1


def test_interval_narrows_with_replications() -> None:
    plan = _plan()
    plan["forecast"] = plan["forecast"].assign(sd_qty=3.0)
    few = _simulate(plan, _supply()).service.iloc[0]
    assert few["low"] < few["fill_rate"] < few["high"]
    assert few["low"] >= 0
    assert few["high"] <= 1


def test_what_expires_is_counted_paid_and_no_longer_sold() -> None:
    """A sells 5 a week of what keeps a week: 1 + 40/7 - 5, then 8 - 5, then 8 - 5 expire; B's keeps for ever."""
    supply = _supply(shelf_life_days=[np.nan, 5.0, np.nan])
    played = _simulate(_plan(), supply)
    stock = played.stock.set_index("location_id")
    wasted = stock.loc["A", "waste_qty"]
    assert wasted == pytest.approx(12 / 7 + 3 + 3)
    assert stock.loc["A", "closing_qty"] == 0.0
    assert stock.loc["B", "waste_qty"] == stock.loc["DC", "waste_qty"] == 0.0
    futures = played.simulation
    assert futures["waste_qty"].to_numpy() == pytest.approx(wasted)
    assert futures["waste_cost"].to_numpy() == pytest.approx(4.0 * wasted)
    parts = ("holding_cost", "shortage_cost", "waste_cost", "order_cost", "transport_cost")
    assert futures["total_cost"].to_numpy() == pytest.approx(futures[list(parts)].sum(axis=1).to_numpy())
