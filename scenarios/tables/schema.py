"""Schemas of every input table: column, type, unit, default, meaning.

This and `transport_schema`, for vehicles and routes, are the only places where an input column is declared. Loading,
cleaning, checking and `docs/input-tables.md` are driven by them.

Two kinds of key columns may be left empty in policies, lanes and sources: a row may name an item
*or* its category, a location *or* its region; an empty one means "all". The most specific row wins
(see `scenarios.tables.specificity`).
"""

from __future__ import annotations

from scenarios.tables.columns import ITEM_OR_CATEGORY, LOCATION_OR_REGION, Column, TableSchema
from scenarios.tables.transport_schema import DRIVER_BREAKS, STOP_PINS, STOP_WINDOWS, TRAVEL_MATRIX, VEHICLES

POLICY_KINDS = ("R_s_S", "R_S", "s_S", "s_Q", "base_stock")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_SUPPLY_TERMS = (
    Column("lead_time_days", "number", "From order to receipt.", unit="calendar days", minimum=0),
    Column(
        "lead_time_sd_days",
        "number",
        "Standard deviation of the lead time; empty: the supplier's, else 0.",
        unit="days",
        minimum=0,
    ),
    Column("review_period_days", "number", "Days between two orders.", unit="days", minimum=0),
    Column("moq_qty", "number", "Smallest order of one item.", unit="base units", default=0.0, minimum=0),
    Column(
        "order_multiple_qty",
        "number",
        "Pack: orders are whole multiples of it.",
        unit="base units",
        minimum=1e-9,
    ),
    Column("order_uom", "text", "Unit of measure in which orders are written; must stand in item_uoms."),
    Column(
        "fixed_order_cost",
        "number",
        "Cost of one order line; empty: the supplier's, else 0.",
        unit="money",
        minimum=0,
    ),
)

ITEMS = TableSchema(
    "items",
    "What is planned.",
    (
        Column("item_id", "id", "Item key.", required=True),
        Column("name", "text", "Name for people."),
        Column("category", "text", "Group of items, for policies and lanes.", default=""),
        Column("uom", "text", "Base unit of measure; every *_qty is in it.", default="unit"),
        Column("unit_cost", "number", "Value of one base unit in stock.", unit="money/unit", minimum=0),
        Column("unit_price", "number", "Selling price of one base unit.", unit="money/unit", minimum=0),
        Column("unit_weight_kg", "number", "Gross weight of one base unit.", unit="kg", default=0.0, minimum=0),
        Column("unit_volume_m3", "number", "Volume of one base unit.", unit="m3", default=0.0, minimum=0),
        Column(
            "shelf_life_days",
            "number",
            "Days from receipt at a location to waste; empty: does not expire.",
            unit="days",
            minimum=0,
        ),
        Column(
            "unmet_demand",
            "text",
            "What becomes of unmet demand.",
            default="lost",
            choices=("lost", "backorder"),
        ),
        Column("currency", "text", "Currency of the money columns; must equal the scenario's."),
    ),
    key=("item_id",),
    required=True,
)
ITEM_UOMS = TableSchema(
    "item_uoms",
    "Other units of measure of an item (case, pallet ...).",
    (
        Column("item_id", "id", "Item.", required=True, references="items.item_id"),
        Column("uom", "text", "Unit of measure.", required=True),
        Column("factor_qty", "number", "Base units in one.", unit="base units", required=True, minimum=1e-9),
    ),
    key=("item_id", "uom"),
)
LOCATIONS = TableSchema(
    "locations",
    "Where stock is kept and demand arises.",
    (
        Column("location_id", "id", "Location key.", required=True),
        Column("name", "text", "Name for people."),
        Column("type", "text", "Role of the location.", required=True, choices=("dc", "store", "online")),
        Column("region", "text", "Group of locations, for policies and lanes.", default=""),
        Column("latitude", "number", "WGS 84.", unit="degrees", minimum=-90, maximum=90),
        Column("longitude", "number", "WGS 84.", unit="degrees", minimum=-180, maximum=180),
        Column("address", "text", "Address for drivers."),
        Column(
            "window_start_min",
            "number",
            "Earliest arrival.",
            unit="minutes after midnight",
            minimum=0,
            maximum=2880,
        ),
        Column(
            "window_end_min",
            "number",
            "Latest arrival.",
            unit="minutes after midnight",
            minimum=0,
            maximum=2880,
        ),
        Column("service_min", "number", "Time at the stop, whatever is unloaded.", unit="minutes", minimum=0),
        Column("service_min_per_100kg", "number", "Time at the stop per 100 kg.", unit="minutes", minimum=0),
        Column("priority", "number", "Higher is served first when stock is short.", default=1.0, minimum=0),
        Column("required_skills", "text", "Skills a vehicle needs to stop here, separated by ';'.", default=""),
    ),
    key=("location_id",),
    required=True,
)
SUPPLIERS = TableSchema(
    "suppliers",
    "Outside sources of supply.",
    (
        Column("supplier_id", "id", "Supplier key.", required=True),
        Column("name", "text", "Name for people."),
        Column(
            "lead_time_days",
            "number",
            "Used where item_suppliers gives none.",
            unit="calendar days",
            minimum=0,
        ),
        Column("lead_time_sd_days", "number", "Standard deviation.", unit="days", minimum=0),
        Column("review_period_days", "number", "Days between two orders.", unit="days", minimum=0),
        Column("fixed_order_cost", "number", "Used where item_suppliers gives none.", unit="money", minimum=0),
        Column("min_order_value", "number", "Smallest value of one order.", unit="money", default=0.0, minimum=0),
        Column(
            "order_cost",
            "number",
            "Cost of one order to one location, whatever lines are in it.",
            unit="money",
            default=0.0,
            minimum=0,
        ),
        Column("truck_cost", "number", "Cost of one inbound truck; paid whole.", unit="money", default=0.0, minimum=0),
        Column("truck_kg", "number", "What an inbound truck takes.", unit="kg", minimum=1e-9),
        Column("truck_m3", "number", "What an inbound truck takes.", unit="m3", minimum=1e-9),
        Column("currency", "text", "Currency of the money columns; must equal the scenario's."),
    ),
    key=("supplier_id",),
)
ITEM_SUPPLIERS = TableSchema(
    "item_suppliers",
    "Who supplies which item to which location, and on what terms.",
    (
        Column("supplier_id", "id", "Supplier.", required=True, references="suppliers.supplier_id"),
        *ITEM_OR_CATEGORY,
        *LOCATION_OR_REGION,
        Column("unit_cost", "number", "Purchase price.", unit="money/unit", minimum=0),
        *_SUPPLY_TERMS,
        Column("priority", "integer", "Among equally specific rows the lowest wins.", default=1, minimum=1),
    ),
    key=("supplier_id", "item_id", "category", "location_id", "region"),
)
LANES = TableSchema(
    "lanes",
    "Which location supplies which, and on what terms.",
    (
        Column("origin_id", "id", "Supplying location.", required=True, references="locations.location_id"),
        Column(
            "location_id",
            "id",
            "Supplied location; empty for all stores and online locations (of the region, if given).",
            references="locations.location_id",
        ),
        Column(
            "region",
            "text",
            "Region of the supplied locations; empty for all.",
            references="locations.region",
        ),
        *ITEM_OR_CATEGORY,
        *_SUPPLY_TERMS,
        Column(
            "cost_per_unit",
            "number",
            "Handling and transport of one base unit.",
            unit="money/unit",
            default=0.0,
            minimum=0,
        ),
        Column("distance_km", "number", "Road distance; empty: from coordinates.", unit="km", minimum=0),
        Column("priority", "integer", "Among equally specific rows the lowest wins.", default=1, minimum=1),
    ),
    key=("origin_id", "location_id", "region", "item_id", "category"),
)
INVENTORY = TableSchema(
    "inventory",
    "Stock at the start of the horizon. An item-location without a row has none.",
    (
        Column("item_id", "id", "Item.", required=True, references="items.item_id"),
        Column("location_id", "id", "Location.", required=True, references="locations.location_id"),
        Column("on_hand_qty", "number", "Physical stock.", unit="base units", required=True, minimum=0),
        Column("allocated_qty", "number", "Stock promised already.", unit="base units", default=0.0, minimum=0),
        Column("backorder_qty", "number", "Demand owed already.", unit="base units", default=0.0, minimum=0),
        Column("date", "date", "Day at whose start the stock stood so; empty: the start of the horizon."),
    ),
    key=("item_id", "location_id"),
)
OPEN_ORDERS = TableSchema(
    "open_orders",
    "Orders placed and not yet received.",
    (
        Column("order_id", "id", "Order key.", required=True),
        Column("item_id", "id", "Item.", required=True, references="items.item_id"),
        Column("location_id", "id", "Receiving location.", required=True, references="locations.location_id"),
        Column("source_id", "id", "Supplier or supplying location."),
        Column("qty", "number", "Still to come.", unit="base units", required=True, minimum=0),
        Column("receipt_date", "date", "Expected receipt.", required=True),
    ),
    key=("order_id", "item_id", "location_id"),
)
DEMAND_HISTORY = TableSchema(
    "demand_history",
    "Past demand. A bucket without a row had none.",
    (
        Column("item_id", "id", "Item.", required=True, references="items.item_id"),
        Column("location_id", "id", "Location.", required=True, references="locations.location_id"),
        Column("date", "date", "Day, or first day of the bucket.", required=True),
        Column("qty", "number", "Sold or delivered; negative: returned.", unit="base units", required=True),
        Column("channel", "text", "Sales channel; planned together, reported apart.", default="store"),
        Column(
            "in_stock_share",
            "number",
            "Share of the bucket in which the item was in stock; below 1 the sale is censored.",
            unit="0..1",
            default=1.0,
            minimum=0,
            maximum=1,
        ),
    ),
    key=("item_id", "location_id", "date", "channel"),
    required=True,
)
INVENTORY_POLICIES = TableSchema(
    "inventory_policies",
    "How much stock is wanted, where, and how it is ordered; empty cells fall back to the settings. Of rows that say "
    "the same of item and place, one that names a class wins.",
    (
        *ITEM_OR_CATEGORY,
        *LOCATION_OR_REGION,
        Column("abc_class", "text", "Class by revenue; empty for all.", choices=("A", "B", "C")),
        Column("xyz_class", "text", "Class by variability; empty for all.", choices=("X", "Y", "Z")),
        Column("policy_kind", "text", "When and how much is ordered; see policy_params.", choices=POLICY_KINDS),
        Column(
            "service_measure",
            "text",
            "What the target measures; cost_optimal: the target follows from holding and shortage cost; newsvendor: "
            "also, and what is left at the end of a cycle is lost.",
            choices=("cycle_service_level", "fill_rate", "cost_optimal", "newsvendor"),
        ),
        Column("service_target", "number", "Wanted service.", unit="share 0..1", minimum=0, maximum=0.9999),
        Column("review_period_days", "number", "Days between two orders.", unit="days", minimum=0),
        Column(
            "safety_stock_qty",
            "number",
            "Fixed safety stock instead of a computed one.",
            unit="base units",
            minimum=0,
        ),
        Column(
            "days_of_supply",
            "number",
            "Safety stock as days of mean demand instead of a computed one.",
            unit="days",
            minimum=0,
        ),
        Column(
            "reorder_point_qty",
            "number",
            "Order when the inventory position falls to it, instead of a computed one: the min of min-max.",
            unit="base units",
            minimum=0,
        ),
        Column(
            "order_up_to_qty",
            "number",
            "Order up to this inventory position, instead of a computed one: the max of min-max.",
            unit="base units",
            minimum=0,
        ),
        Column("min_qty", "number", "Presentation stock: never plan below it.", unit="base units", minimum=0),
        Column("max_qty", "number", "Never plan above it.", unit="base units", minimum=0),
        Column("holding_cost_rate", "number", "Of the unit cost.", unit="share per year", minimum=0),
        Column("shortage_cost", "number", "Cost of one unit of unmet demand.", unit="money/unit", minimum=0),
    ),
    key=("item_id", "category", "location_id", "region", "abc_class", "xyz_class"),
)
PROMOTIONS = TableSchema(
    "promotions",
    "Past and future promotions.",
    (
        Column("promotion_id", "id", "Promotion key.", required=True),
        *ITEM_OR_CATEGORY,
        *LOCATION_OR_REGION,
        Column("start_date", "date", "First day.", required=True),
        Column("end_date", "date", "Day after the last.", required=True),
        Column("uplift", "number", "Demand during the promotion over demand without it.", unit="ratio", minimum=0),
        Column(
            "uplift_sd",
            "number",
            "Its standard deviation; empty: measured where the uplift is, else 0.",
            unit="ratio",
            minimum=0,
        ),
    ),
    key=("promotion_id", "item_id", "category", "location_id", "region"),
)
PRICES = TableSchema(
    "prices",
    "Selling prices, past and future; the forecast measures what they do to demand. One for a location overrides one "
    "for its region, and that one for all; among those the later start.",
    (
        Column("item_id", "id", "Item.", required=True, references="items.item_id"),
        *LOCATION_OR_REGION,
        Column("start_date", "date", "First day.", required=True),
        Column("end_date", "date", "Day after the last; empty: until the next price of the same kind."),
        Column("unit_price", "number", "Price of one base unit.", unit="money/unit", required=True, minimum=1e-9),
    ),
    key=("item_id", "location_id", "region", "start_date"),
)
DEMAND_ADJUSTMENTS = TableSchema(
    "demand_adjustments",
    "What people know of future demand: factors on the forecast. All rows that apply to a day multiply.",
    (
        *ITEM_OR_CATEGORY,
        *LOCATION_OR_REGION,
        Column("start_date", "date", "First day; empty: from the start of the horizon."),
        Column("end_date", "date", "Day after the last; empty: to the end of the horizon."),
        Column(
            "factor",
            "number",
            "Demand with it over the forecast without it; 0 ends the demand.",
            unit="ratio",
            required=True,
            minimum=0,
        ),
        Column("author", "text", "Who says so."),
        Column("reason", "text", "Why."),
    ),
    key=("item_id", "category", "location_id", "region", "start_date", "end_date", "reason"),
)
ITEM_TRANSITIONS = TableSchema(
    "item_transitions",
    "Successors: history of the old item counts for the new one.",
    (
        Column("from_item_id", "id", "Old item.", required=True, references="items.item_id"),
        Column("to_item_id", "id", "New item.", required=True, references="items.item_id"),
        Column("date", "date", "First day of the new item.", required=True),
        Column("share", "number", "Share of the old demand that passes on.", unit="ratio", default=1.0, minimum=0),
    ),
    key=("from_item_id", "to_item_id"),
)
CALENDARS = TableSchema(
    "calendars",
    "Days on which a location receives or is closed. Without rows: Monday to Friday.",
    (
        *LOCATION_OR_REGION,
        Column(
            "kind",
            "text",
            "receive: goods may arrive; closed: nothing arrives and nothing leaves.",
            required=True,
            choices=("receive", "closed"),
        ),
        Column("weekday", "text", "Weekday of a weekly rule.", choices=WEEKDAYS),
        Column("date", "date", "Day of a single rule."),
    ),
    key=("location_id", "region", "kind", "weekday", "date"),
)
CAPACITIES = TableSchema(
    "capacities",
    "Limits of locations. storage: stock at the end of a bucket; dispatch and receiving: goods per day.",
    (
        Column("location_id", "id", "Location.", required=True, references="locations.location_id"),
        Column("kind", "text", "What is limited.", required=True, choices=("storage", "dispatch", "receiving")),
        Column(
            "item_id",
            "id",
            "Only this item (storage); empty for all items together.",
            references="items.item_id",
        ),
        Column("weekday", "text", "Only this weekday (dispatch, receiving).", choices=WEEKDAYS),
        Column("capacity_qty", "number", "Limit in base units.", unit="base units", minimum=0),
        Column("capacity_kg", "number", "Limit by weight.", unit="kg", minimum=0),
        Column("capacity_m3", "number", "Limit by volume.", unit="m3", minimum=0),
    ),
    key=("location_id", "kind", "item_id", "weekday"),
)
SUPPLY_LIMITS = TableSchema(
    "supply_limits",
    "What suppliers can deliver and what may be bought: limits of a bucket or of a period, by bucket of receipt.",
    (
        Column(
            "supplier_id",
            "id",
            "Supplier; empty for all suppliers together (a budget).",
            references="suppliers.supplier_id",
        ),
        Column("category", "text", "Only items of this category; empty for all.", references="items.category"),
        Column("start_date", "date", "First day of the buckets it holds for; empty: from the start."),
        Column("end_date", "date", "First day that it no longer holds for; empty: to the end."),
        Column(
            "per",
            "text",
            "What a limit counts: each bucket by itself, or all buckets from start_date to end_date (empty: to the end "
            "of the horizon) together, as a budget of a month.",
            default="bucket",
            choices=("bucket", "period"),
        ),
        Column("limit_qty", "number", "Most in a bucket or period, base units.", unit="base units", minimum=0),
        Column("limit_kg", "number", "Most in a bucket or period by weight.", unit="kg", minimum=0),
        Column("limit_m3", "number", "Most in a bucket or period by volume.", unit="m3", minimum=0),
        Column("limit_value", "number", "Most in a bucket or period at purchase cost.", unit="money", minimum=0),
    ),
    key=("supplier_id", "category", "per", "start_date"),
)
PINS = TableSchema(
    "pins",
    "Orders that a person has fixed: exactly this quantity arrives in the bucket of the date.",
    (
        Column("pin_id", "id", "Pin key.", required=True),
        Column("item_id", "id", "Item.", required=True, references="items.item_id"),
        Column("location_id", "id", "Receiving location.", required=True, references="locations.location_id"),
        Column("receipt_date", "date", "Day of receipt.", required=True),
        Column(
            "qty",
            "number",
            "Fixed quantity; 0 forbids an order.",
            unit="base units",
            required=True,
            minimum=0,
        ),
        Column("author", "text", "Who fixed it.", required=True),
        Column("reason", "text", "Why.", required=True),
        Column("expires_date", "date", "First day on which the pin no longer counts."),
    ),
    key=("pin_id",),
)

TABLES: dict[str, TableSchema] = {
    schema.name: schema
    for schema in (
        ITEMS,
        ITEM_UOMS,
        LOCATIONS,
        SUPPLIERS,
        ITEM_SUPPLIERS,
        LANES,
        INVENTORY,
        OPEN_ORDERS,
        DEMAND_HISTORY,
        INVENTORY_POLICIES,
        PROMOTIONS,
        PRICES,
        DEMAND_ADJUSTMENTS,
        ITEM_TRANSITIONS,
        CALENDARS,
        CAPACITIES,
        SUPPLY_LIMITS,
        VEHICLES,
        TRAVEL_MATRIX,
        STOP_WINDOWS,
        DRIVER_BREAKS,
        PINS,
        STOP_PINS,
    )
}
