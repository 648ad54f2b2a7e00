"""Schemas of the input tables about vehicles, ways and stops; see `schema`."""

from __future__ import annotations

from scenarios.tables.columns import Column, TableSchema

VEHICLES = TableSchema(
    "vehicles",
    "The fleet, by type and depot.",
    (
        Column("vehicle_id", "id", "Vehicle type or vehicle.", required=True),
        Column("depot_id", "id", "Where it starts and ends.", required=True, references="locations.location_id"),
        Column("count", "integer", "How many there are.", default=1, minimum=0),
        Column("capacity_kg", "number", "Payload.", unit="kg", minimum=0),
        Column("capacity_m3", "number", "Load volume.", unit="m3", minimum=0),
        Column("fixed_cost", "number", "Per route.", unit="money", default=0.0, minimum=0),
        Column("cost_per_km", "number", "Running cost.", unit="money/km", default=1.0, minimum=0),
        Column(
            "cost_per_hour",
            "number",
            "Driver, from departure to return.",
            unit="money/h",
            default=0.0,
            minimum=0,
        ),
        Column("speed_factor", "number", "Over the network's speeds.", unit="ratio", default=1.0, minimum=0.05),
        Column(
            "shift_start_min",
            "number",
            "Earliest departure.",
            unit="minutes after midnight",
            default=360.0,
            minimum=0,
        ),
        Column(
            "shift_end_min",
            "number",
            "Latest return.",
            unit="minutes after midnight",
            default=1080.0,
            minimum=0,
        ),
        Column("max_duration_min", "number", "From departure to return.", unit="minutes", minimum=0),
        Column("max_distance_km", "number", "Of one route.", unit="km", minimum=0),
        Column("max_stops", "integer", "Of one route.", minimum=1),
        Column("skills", "text", "Skills of the vehicle, separated by ';'.", default=""),
        Column("co2_kg_per_km", "number", "Tank to wheel.", unit="kg/km", default=0.8, minimum=0),
        Column(
            "co2e_kg_per_km",
            "number",
            "Well to wheel, measured, whatever the load; empty: from co2_kg_per_km and the load.",
            unit="kg CO2e/km",
            minimum=0,
        ),
    ),
    key=("vehicle_id", "depot_id"),
)
DRIVER_BREAKS = TableSchema(
    "driver_breaks",
    "Breaks of drivers: each is taken once on every route of the vehicle, in the order of their times.",
    (
        Column("vehicle_id", "id", "Vehicle type or vehicle.", required=True, references="vehicles.vehicle_id"),
        Column("depot_id", "id", "Where it starts and ends; empty: at all depots.", references="vehicles.depot_id"),
        Column(
            "earliest_start_min",
            "number",
            "The break starts no sooner.",
            unit="minutes after midnight",
            required=True,
            minimum=0,
            maximum=2880,
        ),
        Column(
            "latest_start_min",
            "number",
            "The break starts no later.",
            unit="minutes after midnight",
            required=True,
            minimum=0,
            maximum=2880,
        ),
        Column("duration_min", "number", "How long it takes.", unit="minutes", required=True, minimum=1e-9),
    ),
    key=("vehicle_id", "depot_id", "earliest_start_min"),
)
STOP_WINDOWS = TableSchema(
    "stop_windows",
    "Further times of day at which a location can be reached, besides its window in locations.",
    (
        Column("location_id", "id", "Location.", required=True, references="locations.location_id"),
        Column(
            "window_start_min",
            "number",
            "Earliest arrival.",
            unit="minutes after midnight",
            required=True,
            minimum=0,
            maximum=2880,
        ),
        Column(
            "window_end_min",
            "number",
            "Latest arrival.",
            unit="minutes after midnight",
            required=True,
            minimum=0,
            maximum=2880,
        ),
    ),
    key=("location_id", "window_start_min"),
)
TRAVEL_MATRIX = TableSchema(
    "travel_matrix",
    "Road distances and times; pairs that are missing come from coordinates.",
    (
        Column("origin_id", "id", "From.", required=True, references="locations.location_id"),
        Column("destination_id", "id", "To.", required=True, references="locations.location_id"),
        Column("distance_km", "number", "Road distance.", unit="km", required=True, minimum=0),
        Column("duration_min", "number", "Driving time.", unit="minutes", required=True, minimum=0),
    ),
    key=("origin_id", "destination_id"),
)
STOP_PINS = TableSchema(
    "stop_pins",
    "Stops that a person has fixed: the vehicle stops there on that day, in this order.",
    (
        Column("pin_id", "id", "Pin key.", required=True),
        Column("date", "date", "Day of the route.", required=True),
        Column("origin_id", "id", "Where the route starts.", required=True, references="locations.location_id"),
        Column("vehicle_id", "id", "Vehicle type or vehicle.", required=True),
        Column("vehicle_no", "integer", "Which one of the type.", default=1, minimum=1),
        Column("sequence", "number", "Order of the pinned stops of the vehicle.", required=True),
        Column("location_id", "id", "Where it stops.", required=True, references="locations.location_id"),
        Column("load_id", "text", "Which load of the location; empty, or gone: the first that is free.", default=""),
        Column("author", "text", "Who fixed it.", required=True),
        Column("reason", "text", "Why.", required=True),
        Column("expires_date", "date", "A plan that starts on this day or later ignores the pin."),
    ),
    key=("pin_id",),
)
