"""Write a project folder from plain rows, for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

Rows = Sequence[Mapping[str, object]]


WIDE: dict[str, object] = {"replenishment": {"target_gap": 0.9}}
"""Settings of tests that want exit code 0: packs are coarse in so small a project, its proven gap stays wide."""

SMALL_BUDGETS: Mapping[str, Mapping[str, object]] = {
    "forecast": {"models": ["ewm_quantiles"]},
    "replenishment": {"iterations": 40},
    "distribution": {"iterations": 60},
    "simulation": {"replications": 20},
}
"""Enough for so small a project; the examples and the generated chains are planned with the usual ones."""


def write_project(folder: Path, tables: Mapping[str, Rows], scenario: Mapping[str, object] | None = None) -> Path:
    """Write scenario.yaml, with small budgets where it names none, and one CSV per table into `folder`; return it."""
    folder.mkdir(parents=True, exist_ok=True)
    text: dict[str, object] = {"name": "small", "horizon": {"start": "2024-01-01", "buckets": 4}, **(scenario or {})}
    for section, budget in SMALL_BUDGETS.items():
        given = text.get(section, {})
        if isinstance(given, Mapping):
            text[section] = {**given, **{key: value for key, value in budget.items() if key not in given}}
    (folder / "scenario.yaml").write_text(yaml.safe_dump(text, sort_keys=False))
    for name, rows in tables.items():
        if rows:
            pd.DataFrame(rows).to_csv(folder / f"{name}.csv", index=False)
    return folder


def small_tables(weeks: int = 40, dc_stock: float = 200) -> dict[str, list[dict[str, object]]]:
    """Return the tables of a whole little chain: two suppliers, one dc, three stores, four items, two vehicles."""
    random = np.random.default_rng(7)
    items = ["I1", "I2", "I3", "007"]
    places = {"S1": (41.6, -93.2), "S2": (41.9, -93.9), "S3": (41.5, -93.7)}
    starts = pd.date_range("2023-12-25", periods=weeks, freq="-7D")[::-1]
    return {
        "items": [
            {"item_id": item, "name": f"Item {item}", "category": "even" if n % 2 == 0 else "odd", "unit_cost": 4.0 + n,
             "unit_price": 9.0 + n, "unit_weight_kg": 2.0, "unit_volume_m3": 0.004}
            for n, item in enumerate(items)
        ],
        "locations": [
            {"location_id": "DC", "type": "dc", "latitude": 41.7, "longitude": -93.6},
            *(
                {"location_id": place, "type": "store", "region": "all", "latitude": north, "longitude": east,
                 "window_start_min": 420, "window_end_min": 1020}
                for place, (north, east) in places.items()
            ),
        ],
        "suppliers": [{"supplier_id": "V1", "lead_time_days": 10}, {"supplier_id": "V2", "lead_time_days": 5}],
        "item_suppliers": [
            {"supplier_id": "V1" if n % 2 == 0 else "V2", "item_id": item, "location_id": "DC",
             "order_multiple_qty": 24, "moq_qty": 48, "fixed_order_cost": 12.0}
            for n, item in enumerate(items)
        ],
        "lanes": [{"origin_id": "DC", "order_multiple_qty": 6, "fixed_order_cost": 1.0, "lead_time_days": 1}],
        "inventory": [
            {"item_id": item, "location_id": place, "on_hand_qty": dc_stock if place == "DC" else 18}
            for item in items
            for place in ("DC", *places)
        ],
        "vehicles": [
            {"vehicle_id": "VAN", "depot_id": "DC", "count": 2, "capacity_kg": 900, "capacity_m3": 6, "fixed_cost": 40,
             "cost_per_km": 0.6, "cost_per_hour": 25}
        ],
        "demand_history": [
            {"item_id": item, "location_id": place, "date": start.date().isoformat(), "qty": int(qty)}
            for n, item in enumerate(items)
            for place in places
            for start, qty in zip(starts, random.poisson(4.0 + 3.0 * n, weeks), strict=True)
            if qty > 0
        ],
    }  # fmt: skip
