"""What each stage reads of the tables that several of them share: it is given these columns and sees no others.

A result is known again where what its stage reads is unchanged. A stage that needs another column gets it here.
"""

from __future__ import annotations

from collections.abc import Mapping

_KEYS = ("item_id", "location_id")
_SOURCE = ("source_type", "source_id")
_SIZE = ("unit_weight_kg", "unit_volume_m3")

SUPPLY: Mapping[str, list[str]] = {
    "forecast": [*_KEYS, "category", "region", *_SOURCE],
    "totals": [*_KEYS, "category", "region"],
    "targets": [
        *(*_KEYS, "category", "region", "level", *_SOURCE),
        *("lead_time_days", "lead_time_sd_days", "review_period_days", "moq_qty", "order_multiple_qty"),
        *("fixed_order_cost", "unit_cost", "unit_price", "backorders", "shelf_life_days"),
    ],
    "replenishment": [
        *(*_KEYS, "category", "region", "level", *_SOURCE, "lead_time_days", "review_period_days"),
        *("moq_qty", "order_multiple_qty", "order_uom", "order_uom_factor_qty", "fixed_order_cost", "cost_per_unit"),
        *("unit_cost", *_SIZE, "shelf_life_days", "backorders", "available_qty", "backorder_qty"),
        "priority",
    ],
    "loads": [*_KEYS, "order_multiple_qty"],
    "simulation": [
        *(*_KEYS, "location_type", "region", "category", "level", *_SOURCE, "lead_time_days", "lead_time_sd_days"),
        *("fixed_order_cost", "backorders", "backorder_qty", "shelf_life_days", "unit_cost"),
    ],
}
FORECAST: Mapping[str, list[str]] = {
    "targets": [*_KEYS, "bucket_start", "mean_qty", "sd_qty"],
    "replenishment": [*_KEYS, "bucket_start", "mean_qty"],
    "simulation": [*_KEYS, "bucket_start", "mean_qty", "sd_qty"],
}
HISTORY: Mapping[str, list[str]] = {"targets": [*_KEYS, "date", "qty"]}
POLICY_PARAMS: Mapping[str, list[str]] = {
    "replenishment": [
        *(*_KEYS, "review_period_days", "safety_stock_qty", "order_up_to_qty", "min_qty", "max_qty"),
        *("holding_cost", "shortage_cost"),
    ],
    "simulation": [*_KEYS, "abc_class", "holding_cost", "shortage_cost"],
}
ORDERS: Mapping[str, list[str]] = {
    "loads": [*_KEYS, "order_id", "type", "source_id", "receipt_date", "qty", "weight_kg", "volume_m3"],
    "simulation": [*_KEYS, "type", "bucket_start", "qty", "cost", "shared_cost"],
}
PROJECTION: Mapping[str, list[str]] = {"simulation": [*_KEYS, "bucket_start", "opening_qty", "receipts_qty"]}
LOCATIONS: Mapping[str, list[str]] = {"loads": ["location_id", "required_skills"]}
VEHICLES: Mapping[str, list[str]] = {"loads": ["depot_id", "count", "capacity_kg", "capacity_m3", "skills"]}
SUPPLIERS: Mapping[str, list[str]] = {
    "replenishment": [
        *("supplier_id", "min_order_value", "order_cost"),
        *("truck_cost", "truck_kg", "truck_m3"),
    ]
}
EXCEPTIONS: Mapping[str, list[str]] = {
    "projected_inventory": [],
    "policy_params": [
        *(*_KEYS, "safety_stock_qty", "order_up_to_qty", "min_qty", "demand_sd_qty", "holding_cost", "shortage_cost"),
    ],
    "items": ["item_id", "uom"],
    "open_orders": [],
    "replenishment_orders": [*_KEYS, "order_id", "receipt_date"],
    "supply": [*_KEYS, "source_id"],
    "load_lines": [],
    "unassigned": [],
    "capacity_prices": [],
}
"""Published tables that the ranking of exceptions reads, and their columns; all of them where none are named."""
