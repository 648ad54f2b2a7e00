"""Schemas of every table of a comparison, column by column, with units: two runs, a bridge, or many scenarios."""

from __future__ import annotations

from reports.declared import DATE, FLAG, ID, INTEGER, NUMBER, Table, column, table

ORDER_CHANGE_KINDS = ("came", "went", "moved", "quantity", "source")
ORDER_CAUSES = (
    "planned items",
    "pin",
    "source",
    "lead time",
    "order terms",
    "stock at the start",
    "open orders",
    "forecast",
    "service target",
    "stock targets",
    "costs",
    "deliveries onward",
    "capacity",
    "supply of the source",
    "settings",
    "shared resources",
)

INPUT_CHANGES = table(
    "input_changes",
    "Input tables whose content differs between the runs.",
    {
        "table": column(ID, "Input table."),
        "change": column(ID, "content, came (only B has it) or went.", choices=("content", "came", "went")),
        "hash_a": column(ID, "sha256 of its content in A; empty where A does not have it."),
        "hash_b": column(ID, "In B."),
    },
    ("table",),
)
EDIT_CHANGES = table(
    "edit_changes",
    "Edits by patches that only one of the runs has, or that did something else in it.",
    {
        "run": column(ID, "A or B.", choices=("A", "B")),
        "patch": column(ID, "Patch."),
        "edit": column(INTEGER, "Which edit of the patch, from 1.", minimum=0),
        "table": column(ID, "Input table."),
        "column": column(ID, "Column; empty for whole rows."),
        "rows": column(INTEGER, "Rows touched.", minimum=0),
        "total_before": column(NUMBER, "Sum of the column in these rows before.", nullable=True),
        "total_after": column(NUMBER, "After.", nullable=True),
    },
    ("run", "patch", "edit", "table", "column"),
)
SETTING_CHANGES = table(
    "setting_changes",
    "Settings that differ between the runs.",
    {
        "path": column(ID, "Dotted path in scenario.yaml."),
        "value_a": column(ID, "JSON; empty where A does not have it."),
        "value_b": column(ID, "In B."),
    },
    ("path",),
)
_ORDER_SIDES = {
    "order_id": (ID, "Order line", False),
    "source_id": (ID, "Supplier or supplying location", False),
    "qty": (NUMBER, "Quantity", True),
    "order_date": (DATE, "Day of ordering", True),
    "receipt_date": (DATE, "Day of receipt", True),
    "binding_reason": (ID, "The rule that decided the quantity", False),
}
ORDER_CHANGES = table(
    "order_changes",
    "Order lines that only one run has, or that differ between the runs, each with the plainest cause in the tables.",
    {
        "change": column(
            ID,
            "came (only B has it), went (only A), moved (about the same quantity, other day), quantity, source.",
            choices=ORDER_CHANGE_KINDS,
        ),
        "type": column(ID, "PO: supplier to location; DO: location to location.", choices=("PO", "DO")),
        "item_id": column(ID, "Item."),
        "location_id": column(ID, "Receiving location."),
        **{
            f"{name}_{side}": column(
                kind,
                f"{text} in {side.upper()}{'' if kind == ID else '; empty where it has none'}.",
                "base units" if kind == NUMBER else "",
                nullable=nullable,
            )
            for name, (kind, text, nullable) in _ORDER_SIDES.items()
            for side in ("a", "b")
        },
        "qty_change": column(NUMBER, "B less A.", "base units"),
        "moved_days": column(INTEGER, "Receipt in B less receipt in A; 0 where only one has it.", "days"),
        "cost_change": column(NUMBER, "B less A.", "money"),
        "cause": column(ID, "Kind of cause.", choices=ORDER_CAUSES),
        "why": column(ID, "What differs between the runs for this item and location, in words."),
    },
    ("order_id_a", "order_id_b"),
)
_ROUTE_SIDES = {
    "route_id": (ID, "Route", ""),
    "vehicle": (ID, "Vehicle", ""),
    "stops": (INTEGER, "Stops", ""),
    "distance_km": (NUMBER, "Driven", "km"),
    "hours": (NUMBER, "From departure to return", "hours"),
    "load_kg": (NUMBER, "At departure", "kg"),
    "cost": (NUMBER, "Fixed, distance and time", "money"),
}
ROUTE_CHANGES = table(
    "route_changes",
    "Routes that differ; routes of a day and depot are paired by the most stops in common. Figures are 0 where a run "
    "has no such route.",
    {
        "date": column(DATE, "Day."),
        "depot_id": column(ID, "Start and end."),
        "change": column(
            ID,
            "came (only B has it), went (only A), stops (others), sequence (same stops in another order), vehicle, "
            "figures (same stops and order; load, time or cost differ).",
            choices=("came", "went", "stops", "sequence", "vehicle", "figures"),
        ),
        **{
            f"{name}_{side}": column(kind, f"{text} in {side.upper()}.", unit)
            for name, (kind, text, unit) in _ROUTE_SIDES.items()
            for side in ("a", "b")
        },
        "stops_in_common": column(INTEGER, "Loads on both.", minimum=0),
    },
    ("date", "depot_id", "route_id_a", "route_id_b"),
)
STOP_CHANGES = table(
    "stop_changes",
    "Stops that only one run has, or that changed from one route to another one.",
    {
        "date": column(DATE, "Day."),
        "load_id": column(ID, "Load unloaded there."),
        "location_id": column(ID, "Location."),
        "change": column(
            ID, "came (only B has it), went (only A) or moved to another vehicle.", choices=("came", "went", "moved")
        ),
        "route_id_a": column(ID, "Route in A; empty where it has none."),
        "route_id_b": column(ID, "Route in B."),
        "vehicle_a": column(ID, "Vehicle in A."),
        "vehicle_b": column(ID, "Vehicle in B."),
    },
    ("load_id",),
)
KPI_CHANGES = table(
    "kpi_changes",
    "Every key figure of both runs and the difference. The 95 % interval of a simulated figure is that of the mean "
    "difference, future by future where both runs met the same futures.",
    {
        "kpi": column(ID, "Name."),
        "group_by": column(ID, "all, channel, location_type, abc_class, item category, region ..."),
        "group": column(ID, "Member of the group; empty for all."),
        "unit": column(ID, "Unit."),
        "value_a": column(NUMBER, "In A; money to the cent.", "unit", nullable=True),
        "value_b": column(NUMBER, "In B.", "unit", nullable=True),
        "delta": column(NUMBER, "B less A.", "unit", nullable=True),
        "relative": column(NUMBER, "Difference over the size of A.", "ratio", nullable=True),
        "low": column(NUMBER, "Lower end of the 95 % interval of the difference.", "unit", nullable=True),
        "high": column(NUMBER, "Upper end.", "unit", nullable=True),
        "interval": column(
            ID,
            "paired: future by future; independent: as if the futures had nothing in common, so at least as wide; "
            "none: not simulated.",
            choices=("paired", "independent", "none"),
        ),
        "changed": column(FLAG, "Whether the figure differs."),
    },
    ("kpi", "group_by", "group"),
)
BRIDGE = table(
    "bridge",
    "How the change of each key figure splits over patches and settings: from + parts = to, exactly. A part is the "
    "mean of its effect over the orders in which the parts can be applied (Shapley value).",
    {
        "kpi": column(ID, "Key figure."),
        "unit": column(ID, "Unit."),
        "step": column(INTEGER, "0 is where the bridge starts.", minimum=0),
        "part": column(ID, "Patch, setting, or the name of the run at an end."),
        "kind": column(ID, "from, patch, setting or to.", choices=("from", "patch", "setting", "to")),
        "value": column(NUMBER, "Of an end: the figure. Of a part: what it adds.", "unit"),
        "lowest": column(NUMBER, "Smallest effect of the part over the orders; of an end the figure.", "unit"),
        "highest": column(NUMBER, "Largest.", "unit"),
    },
    ("kpi", "step"),
)
SCENARIO_KPIS = table(
    "scenario_kpis",
    "Key figures of every scenario, and the difference to the baseline.",
    {
        "scenario": column(ID, "Scenario or run."),
        "kpi": column(ID, "Name."),
        "unit": column(ID, "Unit."),
        "value": column(NUMBER, "Value.", "unit", nullable=True),
        "low": column(NUMBER, "Lower end of its 95 % interval (simulated figures).", "unit", nullable=True),
        "high": column(NUMBER, "Upper end.", "unit", nullable=True),
        "delta": column(NUMBER, "Value less the baseline's.", "unit", nullable=True),
        "relative": column(NUMBER, "Difference over the size of the baseline's.", "ratio", nullable=True),
        "delta_low": column(
            NUMBER, "Lower end of the 95 % interval of the difference of simulated figures.", "unit", nullable=True
        ),
        "delta_high": column(NUMBER, "Upper end.", "unit", nullable=True),
    },
    ("scenario", "kpi"),
)
FRONTIER = table(
    "frontier",
    "Service, stock and cost of every scenario: efficient where no other is at least as good in all three and better "
    "in one.",
    {
        "scenario": column(ID, "Scenario or run."),
        "service": column(NUMBER, "simulated_fill_rate: more is better.", "share 0..1", nullable=True),
        "stock": column(NUMBER, "inventory_value: less is better.", "money", nullable=True),
        "cost": column(NUMBER, "simulated_cost: less is better.", "money", nullable=True),
        "efficient": column(FLAG, "Whether no other scenario beats it."),
        "dominated_by": column(ID, "The cheapest efficient scenario that beats it; empty where none does."),
        "dominators": column(INTEGER, "Scenarios that beat it.", minimum=0),
    },
    ("scenario",),
)

COMPARED: dict[str, Table] = {
    schema.name: schema
    for schema in (
        INPUT_CHANGES,
        EDIT_CHANGES,
        SETTING_CHANGES,
        ORDER_CHANGES,
        ROUTE_CHANGES,
        STOP_CHANGES,
        KPI_CHANGES,
        BRIDGE,
        SCENARIO_KPIS,
        FRONTIER,
    )
}
