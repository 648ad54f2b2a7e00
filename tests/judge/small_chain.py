"""A small chain with every kind of rule in it: a dc, five stores, five items, two suppliers.

The figures vary with the seed; the rules are always feasible. Kinds: "weekly" (six weeks), "daily" (three weeks
by day), "tight" (weekly; the dc starts almost empty and gets its goods at the end of the week, little can be
loaded and received a day, the dc is closed on a Thursday, S2 waits nine days for its third item, and a second dc
serves the far stores).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import yaml

START = pd.Timestamp("2024-03-04")  # a Monday; clocks change on 10 March in America/Chicago
ITEMS = ("0001", "0002", "0003", "0004", "0005")
STORES = ("S1", "S2", "S3", "S4", "S5")


def _history(random: np.random.Generator, days: int) -> pd.DataFrame:
    """Return 70 buckets of `days` days of demand."""
    rates = dict(zip(ITEMS, (40.0, 25.0, 12.0, 5.0, 0.7), strict=True))
    rows = []
    for item in ITEMS:
        for store in STORES:
            rate = rates[item] * random.uniform(0.5, 1.5) * days / 7
            for bucket in range(70):
                quantity = int(random.poisson(rate))
                if quantity:
                    rows.append((item, store, START - pd.Timedelta(days=days * (70 - bucket)), quantity))
    return pd.DataFrame(rows, columns=["item_id", "location_id", "date", "qty"])


def small_chain(seed: int, kind: str) -> dict[str, pd.DataFrame]:
    """Return the input tables."""
    tables = _relaxed(seed, 1 if kind == "daily" else 7)
    if kind == "tight":
        _tighten(tables)
    return tables


def _tighten(tables: dict[str, pd.DataFrame]) -> None:
    """Make goods late and scarce, days short, and supply the far stores by a second dc."""

    def add(name: str, rows: list[dict[str, object]]) -> None:
        tables[name] = pd.concat([tables[name], pd.DataFrame(rows)], ignore_index=True)

    at_dc = tables["inventory"]["location_id"] == "DC"
    tables["inventory"].loc[at_dc, "on_hand_qty"] //= 10
    tables["open_orders"]["receipt_date"] += pd.Timedelta(days=2)
    limits = tables["capacities"]
    limits["capacity_kg"] *= 0.3
    add("capacities", [{"location_id": "S3", "kind": "receiving", "capacity_kg": 60}])
    joint = {"order_cost": [25, 0], "truck_cost": [60, 40], "truck_kg": [800, None], "truck_m3": [None, 3]}
    tables["suppliers"] = tables["suppliers"].assign(**joint)
    later = START + pd.Timedelta(days=21)
    tables["supply_limits"] = pd.DataFrame(
        {
            "supplier_id": ["", "ACME", ""],
            "category": ["", "", "dry"],
            "start_date": ["", "", later],
            "limit_value": [6000, None, None],
            "limit_qty": [None, 360, None],
            "limit_kg": [None, None, 700],
        }
    )
    place = {"location_id": "DC2", "type": "dc", "region": "", "latitude": 42.3, "longitude": -94.1}
    add("locations", [place])
    near = tables["lanes"][tables["lanes"]["region"] == ""]
    slow = near[near["item_id"] == "0003"].assign(location_id="S2", lead_time_days=9.0)
    tables["lanes"] = pd.concat([near, slow, near.assign(origin_id="DC2", region="far")], ignore_index=True)
    terms = tables["item_suppliers"]
    tables["item_suppliers"] = pd.concat([terms, terms.assign(location_id="DC2", moq_qty=0)], ignore_index=True)
    stock = [{"item_id": item, "location_id": "DC2", "on_hand_qty": 80, "allocated_qty": 0} for item in ITEMS]
    add("inventory", [*stock, {"item_id": "0005", "location_id": "DC", "on_hand_qty": 3}])
    fleet = tables["vehicles"]
    tables["vehicles"] = pd.concat([fleet, fleet.assign(depot_id="DC2")])
    add("calendars", [{"location_id": "DC2", "kind": "receive", "weekday": day} for day in ("tue", "fri")])
    add("calendars", [{"location_id": "DC", "kind": "closed", "date": "2024-03-21"}])


def _relaxed(seed: int, days: int) -> dict[str, pd.DataFrame]:
    """Return the tables of a chain with enough of everything."""
    random = np.random.default_rng(seed)
    stock = [(item, "DC", int(random.integers(100, 400))) for item in ITEMS[:4]]
    stock += [(item, store, int(random.integers(0, 60))) for item in ITEMS for store in STORES]
    weekdays = random.permutation(["mon", "tue", "wed", "thu", "fri"])
    return {
        "items": pd.DataFrame(
            {
                "item_id": ITEMS,
                "category": ["fresh", "fresh", "dry", "dry", "dry"],
                "unit_cost": random.uniform(2, 20, 5).round(2),
                "unit_price": random.uniform(25, 40, 5).round(2),
                "unit_weight_kg": random.uniform(0.5, 4, 5).round(2),
                "unit_volume_m3": random.uniform(0.002, 0.02, 5).round(4),
                "unmet_demand": ["lost", "backorder", "lost", "backorder", "lost"],
            }
        ),
        "item_uoms": pd.DataFrame({"item_id": ITEMS, "uom": "case", "factor_qty": [12, 6, 10, 4, 2]}),
        "locations": pd.DataFrame(
            {
                "location_id": ["DC", *STORES],
                "type": ["dc", *["store"] * 5],
                "region": ["", "near", "near", "near", "far", "far"],
                "latitude": [41.73, *random.uniform(41.2, 42.2, 5).round(4)],
                "longitude": [-93.6, *random.uniform(-94.4, -92.8, 5).round(4)],
                "window_start_min": [None, 420, 480, None, 540, 600],
                "window_end_min": [None, 900, 720, None, 960, 840],
                "service_min": [None, 10, 12, None, 20, 8],
                "service_min_per_100kg": [None, 1.5, 2, None, 3, None],
                "required_skills": ["", "", "tail_lift", "", "", ""],
            }
        ),
        "suppliers": pd.DataFrame(
            {
                "supplier_id": ["ACME", "BOLT"],
                "lead_time_days": [10, 7],
                "lead_time_sd_days": [1.5, 0],
                "fixed_order_cost": [15, 10],
                "min_order_value": [300, 0],
            }
        ),
        "item_suppliers": pd.DataFrame(
            {
                "supplier_id": ["ACME", "BOLT", "BOLT"],
                "item_id": ["", "0005", ""],
                "category": ["fresh", "", "dry"],
                "location_id": "DC",
                "moq_qty": [48, 4, 40],
                "order_multiple_qty": [24, 2, 20],
                "unit_cost": [None, 1.25, None],
                "fixed_order_cost": [None, None, 7.5],
            }
        ),
        "lanes": pd.DataFrame(
            {
                "origin_id": "DC",
                "region": ["", "", "", "", "", "far"],
                "item_id": [*ITEMS, "0001"],
                "lead_time_days": [1, 1, 1, 2, 1, 1],
                "order_multiple_qty": [12, 6, 10, 4, 2, 24],
                "order_uom": "case",
                "moq_qty": [0, 12, 0, 0, 0, 24],
                "fixed_order_cost": [2, 2, 2, 1, 1, 3],
                "cost_per_unit": [0.1, 0.1, 0.2, 0.2, 0.2, 0.1],
            }
        ),
        "inventory": pd.DataFrame(stock, columns=["item_id", "location_id", "on_hand_qty"]).assign(
            allocated_qty=lambda frame: frame["on_hand_qty"] // 10,
            backorder_qty=lambda frame: np.where((frame["item_id"] == "0002") & (frame["location_id"] == "S4"), 5, 0),
        ),
        "open_orders": pd.DataFrame(
            {
                "order_id": ["1", "2", "3"],
                "item_id": ["0001", "0002", "0003"],
                "location_id": ["DC", "DC", "S5"],
                "source_id": ["ACME", "ACME", "DC"],
                "qty": [240, 96, 20],
                "receipt_date": [START + pd.Timedelta(days=days) for days in (2, 10, 0)],
            }
        ),
        "demand_history": _history(random, days),
        "inventory_policies": pd.DataFrame(
            {
                "item_id": ["", "", "0003", "0004"],
                "category": ["", "fresh", "", ""],
                "location_id": ["", "", "S1", "S2"],
                "service_measure": ["fill_rate", "cycle_service_level", "fill_rate", "fill_rate"],
                "service_target": [0.9, 0.95, 0.97, 0.9],
                "max_qty": [None, None, 90, None],
            }
        ),
        "calendars": pd.DataFrame(
            {
                "location_id": ["", "", "", "S5", "S5"],
                "region": ["", "far", "far", "", ""],
                "kind": ["closed", "receive", "receive", "receive", "receive"],
                "weekday": ["", weekdays[0], weekdays[1], weekdays[2], weekdays[3]],
                "date": ["2024-03-13", "", "", "", ""],
            }
        ),
        "capacities": pd.DataFrame(
            {
                "location_id": ["DC", "DC", "DC", "S1", "S2"],
                "kind": ["dispatch", "dispatch", "storage", "storage", "storage"],
                "item_id": ["", "", "", "", "0002"],
                "weekday": ["fri", "", "", "", ""],
                "capacity_kg": [400, 700, None, None, None],
                "capacity_m3": [None, None, 60, 12, None],
                "capacity_qty": [None, None, None, None, 150],
            }
        ),
        "vehicles": pd.DataFrame(
            {
                "vehicle_id": ["VAN", "TRUCK"],
                "depot_id": "DC",
                "count": [4, 2],
                "capacity_kg": [350, 900],
                "capacity_m3": [4, 10],
                "fixed_cost": [40, 90],
                "cost_per_km": [0.6, 1.1],
                "cost_per_hour": [28, 32],
                "speed_factor": [1.0, 0.9],
                "shift_start_min": [360, 360],
                "shift_end_min": [1080, 1080],
                "max_duration_min": [600, 660],
                "max_stops": [4, 6],
                "skills": ["tail_lift", "tail_lift;crane"],
            }
        ),
        "pins": pd.DataFrame(
            {
                "pin_id": ["1", "2"],
                "item_id": ["0003", "0001"],
                "location_id": ["S1", "S2"],
                "receipt_date": ["2024-03-14", "2024-03-28"],
                "qty": [10, 0],
                "author": "test",
                "reason": "agreed",
            }
        ),
    }


def write_small_chain(folder: Path, kind: str, seed: int) -> Path:
    """Write the project as CSV tables; return its folder."""
    folder.mkdir(parents=True)
    for name, table in small_chain(seed, kind).items():
        table.to_csv(folder / f"{name}.csv", index=False)
    scenario = {
        "name": f"{kind} chain {seed}",
        "timezone": "America/Chicago",
        "horizon": {"start": START.date(), "buckets": 21, "bucket": "day"}
        if kind == "daily"
        else {"start": START.date(), "buckets": 6, "bucket": "week"},
        "distribution": {"iterations": 300},
        "simulation": {"replications": 20},
    }
    (folder / "scenario.yaml").write_text(yaml.safe_dump(scenario))
    return folder
