"""Schemas of the tables that a run of `distribution.mode: integrated` publishes besides all others."""

from __future__ import annotations

from reports.declared import DATE, FLAG, ID, INTEGER, NUMBER, Table, column, table
from reports.tables import KPIS

CHANGES = ("kept", "moved", "merged", "added", "dropped")

DISTRIBUTION_ROUNDS = table(
    "distribution_rounds",
    "Rounds in which stock and trucks were decided together; round 0 is the sequential plan.",
    {
        "round": column(INTEGER, "From 0.", minimum=0),
        "replenishment_cost": column(
            NUMBER, "Holding, unmet demand, missing safety stock, handling, orders; with look-ahead.", "money"
        ),
        "transport_cost": column(NUMBER, "All routes.", "money", minimum=0),
        "look_ahead_transport_cost": column(
            NUMBER, "Visits behind the horizon, at the mean cost of a stop.", "money", minimum=0
        ),
        "total_cost": column(NUMBER, "Sum of the three: what the rounds bring down.", "money"),
        "routes": column(INTEGER, "Routes.", minimum=0),
        "stops": column(INTEGER, "Stops.", minimum=0),
        "distance_km": column(NUMBER, "Driven.", "km", minimum=0),
        "unassigned_loads": column(INTEGER, "Loads on no route.", minimum=0),
        "kept": column(FLAG, "Whether this round is the plan."),
    },
    ("round",),
)
VISIT_CHANGES = table(
    "visit_changes",
    "Visits of the plan and what they replace of the sequential plan, each until the next visit of the location.",
    {
        "source_id": column(ID, "Where the goods come from."),
        "location_id": column(ID, "Who is visited."),
        "date": column(DATE, "Day of the visit; empty: the time before the first one.", nullable=True),
        "change": column(
            ID,
            "kept; moved to this day; merged: in place of several visits, or of one in another bucket; added; "
            "dropped: sequential visits before the first one that are not made.",
            choices=CHANGES,
        ),
        "sequential_dates": column(ID, "Visits of the sequential plan until the next visit, separated by a space."),
        "transport_cost": column(NUMBER, "Its share of its route.", "money", minimum=0),
        "sequential_transport_cost": column(NUMBER, "The same of the sequential visits.", "money", minimum=0),
        "holding_cost": column(NUMBER, "Of all items of the source at the location, until the next visit.", "money"),
        "sequential_holding_cost": column(NUMBER, "The same in the sequential plan.", "money"),
    },
    ("source_id", "location_id", "date"),
)
SEQUENTIAL_KPIS = table(
    "sequential_kpis",
    "Key figures of the sequential plan, for comparison with `kpis`.",
    KPIS.columns,
    KPIS.key,
)

TOGETHER: dict[str, Table] = {schema.name: schema for schema in (DISTRIBUTION_ROUNDS, VISIT_CHANGES, SEQUENTIAL_KPIS)}
