"""Schemas of every published table: what a run folder holds, column by column, with units.

`conform` is the one door through which a table becomes published: it orders the columns, casts
them, checks them and raises with every fault at once.
"""

from __future__ import annotations

import pandas as pd

from reports.conforming import conforms
from reports.declared import BUCKET, DATE, FLAG, ID, INTEGER, ITEM, ITEM_LOCATION, NUMBER, Table, column, table
from reports.forecast_tables import (
    ADJUSTMENT_REPORT,
    FORECAST,
    FORECAST_ACCURACY,
    FORECAST_CHANNELS,
    FORECAST_TOTALS,
)

POLICY_PARAMS = table(
    "policy_params",
    "Stock targets per item and location, and the rows that decided them.",
    {
        **ITEM_LOCATION,
        "abc_class": column(ID, "By revenue."),
        "xyz_class": column(ID, "By variability."),
        "policy_kind": column(
            ID,
            "R_s_S: every review period, at or below the reorder point, up to the order-up-to level. R_S: every review "
            "period up to the level. s_S, s_Q, base_stock: in every bucket at or below the reorder point, up to the "
            "level, by lots of order_qty, or up to the reorder point.",
            choices=("R_s_S", "R_S", "s_S", "s_Q", "base_stock"),
        ),
        "service_measure": column(
            ID,
            "cycle_service_level, fill_rate, cost_optimal or newsvendor.",
            choices=("cycle_service_level", "fill_rate", "cost_optimal", "newsvendor"),
        ),
        "service_target": column(
            NUMBER,
            "Wanted service; cost_optimal and newsvendor: the cycle service level that costs least.",
            "share 0..1",
            minimum=0,
            maximum=1,
        ),
        "lead_time_days": column(NUMBER, "Mean lead time.", "days", minimum=0),
        "review_period_days": column(NUMBER, "Days between two orders.", "days", minimum=0),
        "service_time_days": column(NUMBER, "Longest wait promised to those it supplies.", "days", minimum=0),
        "covered_days": column(NUMBER, "Days of demand that its safety stock covers.", "days", minimum=0),
        "demand_mean_qty": column(
            NUMBER, "Expected demand over lead time plus review period.", "base units", minimum=0
        ),
        "demand_sd_qty": column(
            NUMBER, "Its standard deviation, lead-time variability included.", "base units", minimum=0
        ),
        "distribution": column(ID, "Distribution fitted to that demand."),
        "safety_stock_qty": column(NUMBER, "Stock above the expected demand.", "base units", minimum=0),
        "reorder_point_qty": column(NUMBER, "Order when the inventory position falls to it.", "base units", minimum=0),
        "order_up_to_qty": column(NUMBER, "Order up to this inventory position.", "base units", minimum=0),
        "order_qty": column(
            NUMBER,
            "Lot: the larger of smallest order, pack and economic lot (where cost decides).",
            "base units",
            minimum=0,
        ),
        "min_qty": column(NUMBER, "Presentation stock.", "base units", minimum=0),
        "max_qty": column(NUMBER, "Most stock allowed; empty: no limit.", "base units", nullable=True, minimum=0),
        "holding_cost": column(NUMBER, "Of one unit for one day.", "money/unit/day", minimum=0),
        "shortage_cost": column(NUMBER, "Of one unit of unmet demand.", "money/unit", minimum=0),
        "policy_rule": column(ID, "The policy row that won, or the setting."),
    },
    ("item_id", "location_id"),
)
REPLENISHMENT_ORDERS = table(
    "replenishment_orders",
    "What to order within the horizon, where, when and why; the last orders arrive after it.",
    {
        "order_id": column(ID, "Order line."),
        "type": column(ID, "PO: supplier to location; DO: location to location.", choices=("PO", "DO")),
        **ITEM,
        "source_id": column(ID, "Supplier or supplying location."),
        "location_id": column(ID, "Receiving location."),
        "qty": column(NUMBER, "Quantity.", "base units", minimum=0),
        "order_uom": column(ID, "Unit of measure of the order."),
        "order_qty_uom": column(NUMBER, "Quantity in that unit.", "order_uom", minimum=0),
        "order_date": column(DATE, "Day of ordering (PO) or of dispatch decision (DO)."),
        "receipt_date": column(DATE, "Day of receipt."),
        **BUCKET,
        "weight_kg": column(NUMBER, "Gross weight.", "kg", minimum=0),
        "volume_m3": column(NUMBER, "Volume.", "m3", minimum=0),
        "cost": column(
            NUMBER,
            "Goods plus the line's fixed and shared cost (PO), handling plus fixed cost (DO).",
            "money",
            minimum=0,
        ),
        "shared_cost": column(NUMBER, "The line's share of its order's own cost and trucks.", "money", minimum=0),
        "days_of_supply_after": column(
            NUMBER,
            "Days that the stock lasts after this receipt by the forecast.",
            "days",
            nullable=True,
            minimum=0,
        ),
        "binding_reason": column(ID, "The rule that decided the quantity."),
        "pack_rounding_qty": column(
            NUMBER,
            "Part of the quantity that only fills up the last pack: neither demand until the next order nor safety "
            "stock needs it.",
            "base units",
            minimum=0,
        ),
    },
    ("order_id",),
)
PROJECTED_INVENTORY = table(
    "projected_inventory",
    "Stock by bucket: closing = opening + receipts + planned receipts - (demand - unmet) - shipped - waste.",
    {
        **ITEM_LOCATION,
        **BUCKET,
        "opening_qty": column(NUMBER, "Stock at the start.", "base units", minimum=0),
        "receipts_qty": column(NUMBER, "From open orders.", "base units", minimum=0),
        "planned_receipts_qty": column(NUMBER, "From orders of this plan.", "base units", minimum=0),
        "demand_qty": column(NUMBER, "Planned demand of customers here.", "base units", minimum=0),
        "shipped_qty": column(NUMBER, "Sent to other locations.", "base units", minimum=0),
        "waste_qty": column(
            NUMBER, "Written off at the end: cannot be sold or sent on before it expires.", "base units", minimum=0
        ),
        "unmet_qty": column(NUMBER, "Demand of this bucket not served in it.", "base units", minimum=0),
        "backorder_qty": column(NUMBER, "Owed at the end.", "base units", minimum=0),
        "closing_qty": column(NUMBER, "Stock at the end.", "base units", minimum=0),
        "safety_stock_qty": column(NUMBER, "Wanted at least at the end.", "base units", minimum=0),
    },
    ("item_id", "location_id", "bucket_start"),
)
CAPACITY_PRICES = table(
    "capacity_prices",
    "Shared limits: how full they are and what one more unit of them would save.",
    {
        "location_id": column(ID, "Location; of a supply limit, its supplier and category."),
        "kind": column(ID, "storage, dispatch, receiving, supply, supply period or stock (of an item at a dc)."),
        "item_id": column(ID, "Item, for stock; empty otherwise."),
        **BUCKET,
        "unit": column(ID, "kg, m3, base units or money."),
        "capacity": column(NUMBER, "Limit.", "unit", minimum=0),
        "used": column(NUMBER, "Used by the plan.", "unit", minimum=0),
        "price": column(NUMBER, "Saving per further unit, at most.", "money/unit", minimum=0),
    },
    ("location_id", "kind", "item_id", "bucket_start", "unit"),
)
LOADS = table(
    "loads",
    "What goes from one source to one location on one day in one vehicle.",
    {
        "load_id": column(ID, "Load."),
        "date": column(DATE, "Day of delivery."),
        "source_id": column(ID, "Loaded at."),
        "location_id": column(ID, "Delivered to."),
        "weight_kg": column(NUMBER, "Gross weight.", "kg", minimum=0),
        "volume_m3": column(NUMBER, "Volume.", "m3", minimum=0),
        "lines": column(INTEGER, "Order lines in it.", minimum=1),
    },
    ("load_id",),
)
LOAD_LINES = table(
    "load_lines",
    "Which order lines a load holds.",
    {
        "load_id": column(ID, "Load."),
        "order_id": column(ID, "Order line."),
        **ITEM,
        "qty": column(NUMBER, "Quantity of the line in this load.", "base units", minimum=0),
    },
    ("load_id", "order_id"),
)
ROUTES = table(
    "routes",
    "One vehicle on one day.",
    {
        "route_id": column(ID, "Route."),
        "date": column(DATE, "Day."),
        "depot_id": column(ID, "Start and end."),
        "vehicle_id": column(ID, "Vehicle type or vehicle."),
        "vehicle_no": column(INTEGER, "Which one of the type, from 1.", minimum=1),
        "stops": column(INTEGER, "Number of stops.", minimum=1),
        "distance_km": column(NUMBER, "Driven.", "km", minimum=0),
        "duration_min": column(NUMBER, "From departure to return.", "minutes", minimum=0),
        "driving_min": column(NUMBER, "At the wheel.", "minutes", minimum=0),
        "service_min": column(NUMBER, "At stops.", "minutes", minimum=0),
        "wait_min": column(NUMBER, "Waiting for windows.", "minutes", minimum=0),
        "departure": column(ID, "ISO 8601 with offset."),
        "return": column(ID, "ISO 8601 with offset."),
        "load_kg": column(NUMBER, "At departure.", "kg", minimum=0),
        "load_m3": column(NUMBER, "At departure.", "m3", minimum=0),
        "utilisation": column(NUMBER, "Fuller one of weight and volume over capacity.", "share 0..1", minimum=0),
        "cost": column(NUMBER, "Fixed, distance and time.", "money", minimum=0),
        "co2_kg": column(NUMBER, "Tank to wheel.", "kg", minimum=0),
        "co2e_kg": column(NUMBER, "Well to wheel, all legs and the way back.", "kg CO2e", minimum=0),
        "co2e_source": column(ID, "Where the factor of co2e_kg comes from; says so where it is a default."),
    },
    ("route_id",),
)
STOPS = table(
    "stops",
    "The stops of every route in order.",
    {
        "route_id": column(ID, "Route."),
        "sequence": column(INTEGER, "From 1.", minimum=1),
        "load_id": column(ID, "Load unloaded here."),
        "location_id": column(ID, "Location."),
        "latitude": column(NUMBER, "WGS 84; empty where only the travel matrix knows it.", "degrees", nullable=True),
        "longitude": column(NUMBER, "WGS 84.", "degrees", nullable=True),
        "eta": column(ID, "Arrival, ISO 8601 with offset."),
        "etd": column(ID, "Departure, ISO 8601 with offset."),
        "window_start": column(ID, "Earliest arrival, ISO 8601 with offset."),
        "window_end": column(ID, "Latest arrival, ISO 8601 with offset."),
        "wait_min": column(NUMBER, "Waiting before service.", "minutes", minimum=0),
        "service_min": column(NUMBER, "Unloading.", "minutes", minimum=0),
        "weight_kg": column(NUMBER, "Unloaded.", "kg", minimum=0),
        "volume_m3": column(NUMBER, "Unloaded.", "m3", minimum=0),
        "load_after_kg": column(NUMBER, "Still on board.", "kg"),
        "load_after_m3": column(NUMBER, "Still on board.", "m3"),
        "km": column(NUMBER, "From the stop before.", "km", minimum=0),
        "co2e_kg": column(NUMBER, "Of the leg from the stop before, well to wheel.", "kg CO2e", minimum=0),
    },
    ("route_id", "sequence"),
)
UNASSIGNED = table(
    "unassigned",
    "Loads that are on no route, why, and what would fit them.",
    {
        "load_id": column(ID, "Load."),
        "date": column(DATE, "Day."),
        "location_id": column(ID, "Location."),
        "weight_kg": column(NUMBER, "Gross weight.", "kg", minimum=0),
        "volume_m3": column(NUMBER, "Volume.", "m3", minimum=0),
        "reason": column(ID, "The rule that stops it."),
        "fix": column(ID, "The nearest change that would fit it."),
    },
    ("load_id",),
)
EXCEPTIONS = table(
    "exceptions",
    "What a planner should look at, the most money first.",
    {
        "rank": column(INTEGER, "1 is first.", minimum=1),
        "kind": column(ID, "stock_out, below_safety_stock, excess, unassigned_load, late_supply, capacity ..."),
        "item_id": column(ID, "Item; empty for none."),
        "location_id": column(ID, "Location."),
        "date": column(DATE, "First day it concerns."),
        "qty": column(NUMBER, "Quantity it concerns.", "base units", minimum=0),
        "money_at_risk": column(NUMBER, "Estimated loss if nothing is done.", "money", minimum=0),
        "message": column(ID, "What is wrong."),
        "action": column(ID, "What to do."),
        "remedy": column(
            ID,
            "The action in one word: expedite, cancel, move (stock, a load or orders), accept.",
            choices=("expedite", "cancel", "move", "accept"),
        ),
    },
    ("rank",),
)
PIN_REPORT = table(
    "pin_report",
    "Pins of the input and what the plan made of them.",
    {
        "pin_id": column(ID, "Pin."),
        **ITEM_LOCATION,
        "receipt_date": column(DATE, "Day that the pin names."),
        "qty": column(NUMBER, "Fixed quantity; the pins of one bucket add up.", "base units", minimum=0),
        "planned_qty": column(
            NUMBER, "Planned receipts of the bucket; empty outside of the plan.", "base units", nullable=True, minimum=0
        ),
        "author": column(ID, "Who fixed it."),
        "reason": column(ID, "Why."),
        "kept": column(FLAG, "The plan keeps it."),
        "note": column(ID, "Why it was not kept, or what to know; empty: nothing."),
    },
    ("pin_id",),
)
STOP_PIN_REPORT = table(
    "stop_pin_report",
    "Pinned stops of the input and what the plan made of them.",
    {
        "pin_id": column(ID, "Pin."),
        "date": column(DATE, "Day that the pin names."),
        "origin_id": column(ID, "Where the route starts."),
        "vehicle_id": column(ID, "Vehicle type or vehicle."),
        "vehicle_no": column(INTEGER, "Which one of the type.", minimum=1),
        "sequence": column(NUMBER, "Order of the pinned stops of the vehicle."),
        "location_id": column(ID, "Where it stops."),
        "load_id": column(ID, "The load that is pinned; empty where there is none."),
        "author": column(ID, "Who fixed it."),
        "reason": column(ID, "Why."),
        "kept": column(FLAG, "The plan keeps it: this vehicle, in this order."),
        "note": column(ID, "Why it was not kept; empty where it was."),
    },
    ("pin_id",),
)
DATA_ISSUES = table(
    "data_issues",
    "Everything that checking, cleaning and planning found in the input, and what was done.",
    {
        "severity": column(ID, "error, warning or info.", choices=("error", "warning", "info")),
        "table": column(ID, "Input table."),
        "row": column(ID, "First row, or the key; empty for the whole table."),
        "column": column(ID, "Column; empty for the whole row."),
        "rule": column(ID, "Rule that was broken."),
        "value": column(ID, "Value found."),
        "rows": column(INTEGER, "Rows concerned.", minimum=0),
        "message": column(ID, "What is wrong."),
        "action": column(ID, "What was done, or is to be done."),
    },
    ("table", "row", "column", "rule"),
)
INPUT_EDITS = table(
    "input_edits",
    "What the patches of the scenario changed in the input, in order; empty for the baseline.",
    {
        "patch": column(ID, "Patch; monte_carlo for a draw of demand and lead times."),
        "edit": column(INTEGER, "Position in the patch, from 0.", minimum=0),
        "table": column(ID, "Input table."),
        "column": column(ID, "Column that was set, added to or multiplied; empty: rows came or went."),
        "rows": column(INTEGER, "Rows met, added or left out.", minimum=0),
        "total_before": column(
            NUMBER,
            "Sum of the column over these rows, empty for text and dates; of rows: all in the table.",
            nullable=True,
        ),
        "total_after": column(NUMBER, "The same after the edit.", nullable=True),
    },
    ("patch", "edit", "table", "column"),
)
KPIS = table(
    "kpis",
    "Key figures, for all and by group.",
    {
        "kpi": column(ID, "Name."),
        "group_by": column(ID, "all, channel, location_type, abc_class, item category, region ..."),
        "group": column(ID, "Member of the group; empty for all."),
        "value": column(NUMBER, "Value.", "unit", nullable=True),
        "unit": column(ID, "Unit."),
        "low": column(NUMBER, "Lower end of the 95 % interval (simulated figures).", "unit", nullable=True),
        "high": column(NUMBER, "Upper end.", "unit", nullable=True),
        "source": column(ID, "Tables it was counted from."),
    },
    ("kpi", "group_by", "group"),
)
SIMULATION = table(
    "simulation",
    "The plan played against sampled futures, one row each.",
    {
        "replication": column(INTEGER, "Future, from 1.", minimum=1),
        "fill_rate": column(NUMBER, "Share of demand served from stock.", "share 0..1", minimum=0, maximum=1),
        "cycle_service_level": column(
            NUMBER, "Share of item-location-buckets without a stock-out.", "share 0..1", minimum=0, maximum=1
        ),
        "demand_qty": column(NUMBER, "Demand.", "base units", minimum=0),
        "unmet_qty": column(NUMBER, "Lost or late.", "base units", minimum=0),
        "waste_qty": column(NUMBER, "Expired in stock.", "base units", minimum=0),
        "holding_cost": column(NUMBER, "Holding.", "money", minimum=0),
        "shortage_cost": column(NUMBER, "Unmet demand.", "money", minimum=0),
        "waste_cost": column(NUMBER, "What expired, at unit cost.", "money", minimum=0),
        "order_cost": column(NUMBER, "Fixed order and handling costs of the plan.", "money", minimum=0),
        "transport_cost": column(NUMBER, "Routes of the plan.", "money", minimum=0),
        "total_cost": column(NUMBER, "Sum of the five.", "money", minimum=0),
    },
    ("replication",),
)

SIMULATED_SERVICE = table(
    "simulated_service",
    "Fill rate of the sampled futures by group, with the 95 % interval of its mean.",
    {
        "group_by": column(ID, "all, location_type, abc_class, channel, category or region."),
        "group": column(ID, "Member of the group; empty for all."),
        "demand_qty": column(NUMBER, "Mean demand over the horizon.", "base units", minimum=0),
        "unmet_qty": column(NUMBER, "Mean demand lost or late.", "base units", minimum=0),
        "fill_rate": column(NUMBER, "Mean over futures.", "share 0..1", nullable=True, minimum=0, maximum=1),
        "low": column(NUMBER, "Lower end of its 95 % interval.", "share 0..1", nullable=True, minimum=0, maximum=1),
        "high": column(NUMBER, "Upper end.", "share 0..1", nullable=True, minimum=0, maximum=1),
    },
    ("group_by", "group"),
)
SIMULATED_STOCK = table(
    "simulated_stock",
    "What the sampled futures mean for every item-location.",
    {
        **ITEM_LOCATION,
        "demand_qty": column(NUMBER, "Mean demand over the horizon.", "base units", minimum=0),
        "unmet_qty": column(NUMBER, "Mean demand lost or late.", "base units", minimum=0),
        "waste_qty": column(NUMBER, "Mean quantity that expired.", "base units", minimum=0),
        "stock_out_buckets": column(NUMBER, "Mean number of buckets with unmet demand.", "buckets", minimum=0),
        "closing_qty": column(NUMBER, "Mean stock at the end of a bucket.", "base units", minimum=0),
    },
    ("item_id", "location_id"),
)
SUPPLY = table(
    "supply",
    "Every planned item-location with its one source and terms; a row's source location stands above it.",
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
ITEMS = table(
    "items",
    "Items as the run knew them.",
    {
        **ITEM,
        "name": column(ID, "Name for people; the id where there is none."),
        "category": column(ID, "Group of items."),
        "uom": column(ID, "Base unit of measure."),
    },
    ("item_id",),
)
LOCATIONS = table(
    "locations",
    "Locations and suppliers as the run knew them.",
    {
        "location_id": column(ID, "Location or supplier."),
        "type": column(ID, "dc, store, online or supplier.", choices=("dc", "store", "online", "supplier")),
        "name": column(ID, "Name for people; the id where there is none."),
        "region": column(ID, "Group of locations."),
        "address": column(ID, "Address for drivers."),
        "latitude": column(NUMBER, "WGS 84.", "degrees", nullable=True),
        "longitude": column(NUMBER, "WGS 84.", "degrees", nullable=True),
    },
    ("location_id", "type"),
)
OPEN_ORDERS = table(
    "open_orders",
    "Orders that were on their way when the run started.",
    {
        "order_id": column(ID, "Order."),
        **ITEM_LOCATION,
        "source_id": column(ID, "Supplier or supplying location; empty if unknown."),
        "qty": column(NUMBER, "Still to come.", "base units", minimum=0),
        "receipt_date": column(DATE, "Expected receipt."),
    },
    ("order_id", "item_id", "location_id"),
)
RECENT_DEMAND = table(
    "recent_demand",
    "Demand of the last buckets before the horizon, all channels together; a bucket without a row had none.",
    {
        **ITEM_LOCATION,
        **BUCKET,
        "qty": column(NUMBER, "Demand.", "base units"),
    },
    ("item_id", "location_id", "bucket_start"),
)

PUBLISHED: dict[str, Table] = {
    schema.name: schema
    for schema in (
        REPLENISHMENT_ORDERS,
        PROJECTED_INVENTORY,
        FORECAST,
        FORECAST_CHANNELS,
        FORECAST_TOTALS,
        FORECAST_ACCURACY,
        ADJUSTMENT_REPORT,
        POLICY_PARAMS,
        CAPACITY_PRICES,
        LOADS,
        LOAD_LINES,
        ROUTES,
        STOPS,
        UNASSIGNED,
        EXCEPTIONS,
        PIN_REPORT,
        STOP_PIN_REPORT,
        DATA_ISSUES,
        INPUT_EDITS,
        KPIS,
        SIMULATION,
        SIMULATED_SERVICE,
        SIMULATED_STOCK,
        SUPPLY,
        ITEMS,
        LOCATIONS,
        OPEN_ORDERS,
        RECENT_DEMAND,
    )
}


def conform(schema: Table, frame: pd.DataFrame) -> pd.DataFrame:
    """Return `frame` with the schema's columns in order, cast and checked.

    Raises
    ------
    pandera.errors.SchemaErrors
        All faults at once; a fault here is a bug of the planner, not of the input.
    """
    names = list(schema.columns)
    if frame.empty:
        frame = pd.DataFrame({name: frame.get(name, pd.Series(dtype=object)) for name in names})
    if list(frame.columns) != names:
        frame = frame[names]
    if not frame.index.equals(pd.RangeIndex(len(frame))):
        frame = frame.reset_index(drop=True)
    good = conforms(schema, frame)
    if good is not None:
        return good
    return schema.validate(frame)
