"""Schemas of all tables that only some runs publish."""

from __future__ import annotations

from reports.declared import ID, INTEGER, NUMBER, Table, column, table
from reports.together_tables import TOGETHER

ROUTE_BREAKS = table(
    "route_breaks",
    "Breaks of drivers on every route; published where the input has driver_breaks.",
    {
        "route_id": column(ID, "Route."),
        "break_no": column(INTEGER, "From 1, in the order of their times.", minimum=1),
        "after_sequence": column(
            INTEGER, "The stop before it; 0: before the first. It may fall on the way.", minimum=0
        ),
        "start": column(ID, "ISO 8601 with offset."),
        "end": column(ID, "ISO 8601 with offset."),
        "wait_min": column(NUMBER, "Waiting until it may start, contained in the route's.", "minutes", minimum=0),
        "duration_min": column(NUMBER, "Neither driving nor service.", "minutes", minimum=0),
    },
    ("route_id", "break_no"),
)

OPTIONAL: dict[str, Table] = {**TOGETHER, ROUTE_BREAKS.name: ROUTE_BREAKS}
