"""Several windows of a stop and breaks of drivers, from the input tables to the published ones, judged apart."""

from __future__ import annotations

from datetime import date, datetime

import pandas as pd
import pytest
from judge.case import Case
from judge.transport_rules import TRANSPORT_RULES

from planner.distribution import plan_routes
from planner.distribution.hand_plan import HandStop
from planner.distribution.retiming import retime
from reports.tables import LOADS, conform
from scenarios.settings import DistributionSettings

ZONE = "Europe/Paris"
SETTINGS = DistributionSettings(solver="auto", iterations=60, road_factor=1.2, speed_kmh=60, mode="sequential")
JUDGED = ("sequences", "vehicle_loads", "stop_loads", "fleet", "distances", "times", "breaks", "shifts", "instants")
DAY = "2026-03-10"


@pytest.fixture
def region(table):
    """One depot, eight stores around it, two vehicles; stores can be reached in the morning and in the evening only."""
    places = [("D", 48.0, 2.0), *((f"S{k}", 48.0 + 0.2 * (k % 3 - 1), 2.0 + 0.15 * (k - 4)) for k in range(8))]
    loads = pd.DataFrame(
        [(f"L{k}", pd.Timestamp(DAY), "D", f"S{k}", 100.0, 1.0, 1) for k in range(8)], columns=list(LOADS.columns)
    )
    tables = {
        "locations": table(
            "locations",
            [
                {"location_id": name, "type": "dc" if name == "D" else "store", "latitude": lat, "longitude": lon}
                | ({} if name in {"D", "S7"} else {"window_start_min": 420.0, "window_end_min": 480.0})
                for name, lat, lon in places
            ],
        ),
        "vehicles": table(
            "vehicles",
            [{"vehicle_id": "VAN", "depot_id": "D", "count": 3, "capacity_kg": 600.0, "shift_end_min": 1200.0}],
        ),
        "travel_matrix": table("travel_matrix", []),
        "stop_windows": table(
            "stop_windows",
            [{"location_id": f"S{k}", "window_start_min": 960.0, "window_end_min": 1080.0} for k in range(8)],
        ),
        "driver_breaks": table(
            "driver_breaks",
            [
                {"vehicle_id": "VAN", "depot_id": "", "earliest_start_min": 960.0, "latest_start_min": 1020.0,
                 "duration_min": 20.0},
                {"vehicle_id": "VAN", "depot_id": "D", "earliest_start_min": 690.0, "latest_start_min": 780.0,
                 "duration_min": 45.0},
                {"vehicle_id": "VAN", "depot_id": "X", "earliest_start_min": 0.0, "latest_start_min": 1.0,
                 "duration_min": 45.0},
            ],
        ),
    }  # fmt: skip
    return conform(LOADS, loads), tables


def rows_of(frame):
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return [{k: v.date() if isinstance(v, pd.Timestamp) else v for k, v in row.items()} for row in rows]


def violations(loads, tables, plan):
    given = {name: rows_of(frame) for name, frame in tables.items()}
    settings = {"road_factor": SETTINGS.road_factor, "speed_kmh": SETTINGS.speed_kmh}
    scenario = {"timezone": ZONE, "distribution": settings, "horizon": {"start": date(2026, 3, 9)}}
    made = {"routes": plan.routes, "stops": plan.stops, "route_breaks": plan.breaks, "loads": loads}
    case = Case(scenario, given, {name: rows_of(frame) for name, frame in made.items()})
    return [text for rule in JUDGED for text in TRANSPORT_RULES[rule](case)]


def test_stops_are_reached_in_one_of_their_windows_and_breaks_are_taken(region):
    loads, tables = region
    plan = plan_routes(loads, **tables, timezone=ZONE, settings=SETTINGS, seed=1)
    assert plan.unassigned.empty
    assert violations(loads, tables, plan) == []
    assert plan.breaks.groupby("route_id")["duration_min"].agg(list).tolist() == [[45.0, 20.0]] * len(plan.routes)
    evening = plan.stops["window_start"].str[11:16] == "16:00"
    assert evening.any()
    assert (plan.stops.loc[evening, "window_end"].str[11:16] == "18:00").all()
    # S7 has no window in locations: its further one is its only one
    assert evening[plan.stops["location_id"] == "S7"].all()


def test_the_judge_sees_a_break_that_is_not_taken_in_time(region):
    loads, tables = region
    plan = plan_routes(loads, **tables, timezone=ZONE, settings=SETTINGS, seed=1)
    longer = tables["driver_breaks"].assign(duration_min=50.0)
    assert any("instead of 50" in text for text in violations(loads, tables | {"driver_breaks": longer}, plan))


def test_without_rows_nothing_changes(region, table):
    loads, tables = region
    few = {name: tables[name] for name in ("locations", "vehicles", "travel_matrix")}
    none = {name: table(name, []) for name in ("stop_windows", "driver_breaks")}
    one = plan_routes(loads, **few, timezone=ZONE, settings=SETTINGS, seed=1)
    two = plan_routes(loads, **few, **none, timezone=ZONE, settings=SETTINGS, seed=1)
    pd.testing.assert_frame_equal(one.routes, two.routes)
    pd.testing.assert_frame_equal(one.stops, two.stops)
    assert two.breaks.empty


def test_pinned_stops_and_hand_plans_leave_room_for_breaks(region, table):
    loads, tables = region
    pins = table(
        "stop_pins",
        [
            {"pin_id": f"P{k}", "date": pd.Timestamp(DAY), "origin_id": "D", "vehicle_id": "VAN", "sequence": k,
             "location_id": place, "author": "me", "reason": "test"}
            for k, place in enumerate(("S3", "S7"), 1)
        ],
    )  # fmt: skip
    plan = plan_routes(loads, **tables, timezone=ZONE, settings=SETTINGS, seed=1, stop_pins=pins)
    assert plan.stop_pin_report["kept"].all()
    assert violations(loads, tables, plan) == []

    stops = [HandStop(f"L{k}", ("VAN", 1), float(k), "line 1") for k in (4, 5)]
    [day] = retime(None, stops, loads, tables, ZONE, SETTINGS)
    assert day.violations == ()
    back = datetime.fromisoformat(day.routes["return"].iloc[0])
    assert back.hour * 60 + back.minute >= 960 + 20  # both breaks lie on the way


def test_a_break_that_leaves_no_time_is_named(region):
    loads, tables = region
    late = tables["driver_breaks"].assign(earliest_start_min=450.0, latest_start_min=450.0, duration_min=700.0)
    tables = tables | {"driver_breaks": late.iloc[:1]}
    plan = plan_routes(loads, **tables, timezone=ZONE, settings=SETTINGS, seed=1)
    assert violations(loads, tables, plan) == []
    assert plan.unassigned["fix"].str.contains("a break of VAN may start .* min later").any()
