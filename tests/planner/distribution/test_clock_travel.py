"""Clock times on days that change the clock; distances against published figures."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from planner.distribution.clock import DayClock
from planner.distribution.travel import RoadTravel, great_circle_km
from scenarios.settings import DistributionSettings


@pytest.mark.parametrize(
    ("day", "eight_o_clock", "instant"),
    [
        ("2026-01-15", 8 * 3600, "2026-01-15T08:00:00-06:00"),
        ("2026-03-08", 7 * 3600, "2026-03-08T08:00:00-05:00"),  # one hour was left out at 2
        ("2026-11-01", 9 * 3600, "2026-11-01T08:00:00-06:00"),  # one hour came twice
    ],
)
def test_clock_times_follow_the_zone(day, eight_o_clock, instant):
    clock = DayClock(pd.Timestamp(day), ZoneInfo("America/Chicago"))
    assert clock.seconds(480) == eight_o_clock
    assert clock.instant(eight_o_clock) == instant


def test_times_after_midnight_belong_to_the_next_day():
    clock = DayClock(pd.Timestamp("2026-01-15"), ZoneInfo("UTC"))
    assert clock.instant(clock.seconds(1500)) == "2026-01-16T01:00:00+00:00"


def test_great_circle_matches_a_published_example():
    """LAX to JFK: 3974 km on the sphere (Williams, Aviation Formulary, 2144 nautical miles)."""
    lax, jfk = np.array([[33.95, -118.4]]), np.array([[40.633333, -73.783333]])
    assert great_circle_km(lax, jfk)[0, 0] == pytest.approx(2143.7 * 1.852, rel=2e-3)
    assert great_circle_km(lax, lax)[0, 0] == 0


def test_the_matrix_wins_and_circles_fill_the_rest(table):
    locations = table(
        "locations",
        [
            {"location_id": "A", "type": "dc", "latitude": 0.0, "longitude": 0.0},
            {"location_id": "B", "type": "store", "latitude": 0.0, "longitude": 1.0},
            {"location_id": "C", "type": "store"},
        ],
    )
    pairs = table(
        "travel_matrix",
        [
            {"origin_id": "A", "destination_id": "B", "distance_km": 200.0, "duration_min": 150.0},
            {"origin_id": "C", "destination_id": "A", "distance_km": 5.0, "duration_min": 9.0},
        ],
    )
    travel = RoadTravel(locations, pairs, DistributionSettings(road_factor=1.5, speed_kmh=50))
    km, minutes = travel.between(["A", "B", "C", "B"])
    degree = 1.5 * 2 * np.pi * 6371.0088 / 360
    assert km[0].tolist()[:2] == [0.0, 200.0]
    assert km[1, 0] == pytest.approx(degree)
    assert minutes[1, 0] == pytest.approx(degree * 60 / 50)
    assert (km[2, 0], minutes[2, 0], minutes[0, 3]) == (5.0, 9.0, 150.0)
    assert np.isnan(km[0, 2])
    assert km[1, 3] == km[2, 2] == 0.0
