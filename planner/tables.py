"""Tables that cross a stage inside the planner and are not published."""

from __future__ import annotations

from reports.tables import FLAG, ID, INTEGER, NUMBER, column, table

SUPPLY = table(
    "supply",
    "Every planned item-location with its one source and terms, stores before what supplies them never: "
    "rows are ordered by level, suppliers' customers first.",
    {
        "item_id": column(ID, "Item."),
        "location_id": column(ID, "Location."),
        "location_type": column(ID, "dc, store or online."),
        "region": column(ID, "Region of the location."),
        "category": column(ID, "Category of the item."),
        "level": column(INTEGER, "0: supplied by a supplier; else 1 + level of the source.", minimum=0),
        "source_type": column(ID, "supplier or location.", choices=("supplier", "location")),
        "source_id": column(ID, "Supplier or supplying location."),
        "source_rule": column(ID, "The row of item_suppliers or lanes that won."),
        "lead_time_days": column(NUMBER, "Mean lead time.", "days", minimum=0),
        "lead_time_sd_days": column(NUMBER, "Its standard deviation.", "days", minimum=0),
        "review_period_days": column(NUMBER, "Days between two orders.", "days", minimum=0),
        "moq_qty": column(NUMBER, "Smallest order.", "base units", minimum=0),
        "order_multiple_qty": column(NUMBER, "Orders are whole multiples of it.", "base units", minimum=1e-9),
        "order_uom": column(ID, "Unit in which orders are written."),
        "order_uom_factor_qty": column(NUMBER, "Base units in one of it.", "base units", minimum=1e-9),
        "fixed_order_cost": column(NUMBER, "Of one order line.", "money", minimum=0),
        "cost_per_unit": column(NUMBER, "Handling (lanes).", "money/unit", minimum=0),
        "unit_cost": column(NUMBER, "Value of one unit in stock.", "money/unit", minimum=0),
        "unit_price": column(NUMBER, "Selling price.", "money/unit", minimum=0),
        "unit_weight_kg": column(NUMBER, "Gross weight.", "kg", minimum=0),
        "unit_volume_m3": column(NUMBER, "Volume.", "m3", minimum=0),
        "shelf_life_days": column(NUMBER, "Empty: does not expire.", "days", nullable=True, minimum=0),
        "backorders": column(FLAG, "Unmet demand waits (true) or is lost (false)."),
        "available_qty": column(NUMBER, "On hand less allocated, at the start.", "base units", minimum=0),
        "backorder_qty": column(NUMBER, "Owed at the start.", "base units", minimum=0),
        "priority": column(NUMBER, "Of the location when stock is short.", minimum=0),
    },
    ("item_id", "location_id"),
)
