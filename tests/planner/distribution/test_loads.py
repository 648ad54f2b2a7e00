"""Order lines to loads: grouped by day, source and location, split between whole packs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.distribution import build_loads

DAY = pd.Timestamp("2026-03-02")


def order(order_id, location_id, qty, kg=1.0, m3=0.001, *, item_id="A", day=DAY, source_id="DC", kind="DO"):
    return {
        "order_id": order_id, "type": kind, "item_id": item_id, "source_id": source_id, "location_id": location_id,
        "qty": float(qty), "receipt_date": day, "weight_kg": qty * kg, "volume_m3": qty * m3,
    }  # fmt: skip


def supply(pack=1.0, items=("A", "B"), locations=("S1", "S2")):
    rows = [(item, location, pack) for item in items for location in locations]
    return pd.DataFrame(rows, columns=["item_id", "location_id", "order_multiple_qty"])


@pytest.fixture
def places(table):
    return table(
        "locations",
        [
            {"location_id": "DC", "type": "dc"},
            {"location_id": "S1", "type": "store"},
            {"location_id": "S2", "type": "store", "required_skills": "crane"},
        ],
    )


@pytest.fixture
def vehicles(table):
    return table(
        "vehicles",
        [
            {"vehicle_id": "VAN", "depot_id": "DC", "capacity_kg": 100.0, "capacity_m3": 2.0, "skills": "crane; ice"},
            {"vehicle_id": "TRUCK", "depot_id": "DC", "capacity_kg": 1000.0, "capacity_m3": 5.0},
            {"vehicle_id": "SHIP", "depot_id": "PORT", "capacity_kg": 1e6, "capacity_m3": 1e4},
        ],
    )


def test_one_load_per_day_source_and_location(places, vehicles):
    orders = pd.DataFrame(
        [
            order("1", "S1", 5, 2.0),
            order("2", "S1", 7, item_id="B"),
            order("3", "S2", 1),
            order("4", "S1", 1, day=DAY + pd.Timedelta(days=1)),
            order("5", "DC", 500, kind="PO"),
            order("6", "S2", 0),
        ]
    )
    loads, lines = build_loads(orders, supply(), places, vehicles)
    assert loads["load_id"].tolist() == ["L20260302-DC-S1", "L20260302-DC-S2", "L20260303-DC-S1"]
    assert loads["weight_kg"].tolist() == [17.0, 1.0, 1.0]
    assert loads["lines"].tolist() == [2, 1, 1]
    assert lines["order_id"].tolist() == ["1", "2", "3", "4"]


def test_a_load_above_the_biggest_vehicle_is_cut_between_packs(places, vehicles):
    orders = pd.DataFrame([order("1", "S1", 2400, 1.0)])
    loads, lines = build_loads(orders, supply(pack=120), places, vehicles)
    assert loads["load_id"].tolist() == [f"L20260302-DC-S1-{n}" for n in (1, 2, 3)]
    assert lines["qty"].tolist() == [960.0, 960.0, 480.0]  # 8 packs of 120 in 1,000 kg
    assert loads["weight_kg"].tolist() == [960.0, 960.0, 480.0]


def test_volume_and_required_skills_bound_a_load_too(places, vehicles):
    bulky = pd.DataFrame([order("1", "S1", 100, 1.0, 0.2)])  # 20 m3 where the truck holds 5
    assert len(build_loads(bulky, supply(), places, vehicles)[0]) == 4
    crane_only = pd.DataFrame([order("1", "S2", 250, 1.0)])  # only the van (100 kg) may go to S2
    assert build_loads(crane_only, supply(), places, vehicles)[0]["weight_kg"].tolist() == [100.0, 100.0, 50.0]


def test_a_pack_that_no_vehicle_holds_travels_alone(places, vehicles):
    orders = pd.DataFrame([order("1", "S1", 3, 1500.0), order("2", "S1", 10, item_id="B")])
    loads, lines = build_loads(orders, supply(), places, vehicles)
    assert loads["weight_kg"].tolist() == [1500.0, 1500.0, 1500.0, 10.0]
    assert lines.groupby("order_id")["qty"].sum().to_dict() == {"1": 3.0, "2": 10.0}


def test_without_vehicles_nothing_is_split_below_the_standard_truck(places, vehicles, table):
    orders = pd.DataFrame([order("1", "S1", 9000), order("2", "S2", 12_000)])
    loads, _ = build_loads(orders, supply(), places, table("vehicles", []))
    assert loads["weight_kg"].tolist() == [9000.0, 10_000.0, 2000.0]
    unserved, _ = build_loads(orders, supply(), places, vehicles[vehicles["depot_id"] == "PORT"])
    assert unserved["weight_kg"].tolist() == [9000.0, 12_000.0]


def test_no_orders_give_empty_tables(places, vehicles):
    orders = pd.DataFrame([order("5", "DC", 500, kind="PO")])
    loads, lines = build_loads(orders, supply(), places, vehicles)
    assert loads.empty
    assert lines.empty


@settings(max_examples=15)
@given(
    quantities=st.lists(st.integers(1, 40), min_size=1, max_size=6),
    pack=st.sampled_from([1.0, 0.5, 1.5]),
    kg=st.floats(0.1, 60.0),
    m3=st.just(0.0) | st.floats(0.001, 0.3),
)
def test_nothing_is_lost_and_every_load_fits(quantities, pack, kg, m3):
    orders = pd.DataFrame([order(str(n), "S1", q * pack, kg, m3) for n, q in enumerate(quantities)])
    places = pd.DataFrame({"location_id": ["S1"], "required_skills": [""]})
    vehicles = pd.DataFrame(
        {"depot_id": "DC", "count": 1, "skills": "", "capacity_kg": [120.0, 90.0], "capacity_m3": [0.6, np.nan]}
    )
    loads, lines = build_loads(orders, supply(pack), places, vehicles)
    np.testing.assert_allclose(lines.groupby("order_id")["qty"].sum(), orders.set_index("order_id")["qty"])
    packs = lines["qty"] / pack
    np.testing.assert_allclose(packs, packs.round(), atol=1e-6)
    for load in loads.itertuples():
        fits = (load.weight_kg <= 120 + 1e-6 and load.volume_m3 <= 0.6 + 1e-6) or load.weight_kg <= 90 + 1e-6
        single = lines.loc[lines["load_id"] == load.load_id, "qty"].sum() <= pack + 1e-9
        assert fits or single
    np.testing.assert_allclose(loads["weight_kg"].sum(), orders["weight_kg"].sum())
