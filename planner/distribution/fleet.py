"""The fleet of a depot, and what a vehicle holds, in the whole grams and cubic centimetres of the solvers."""

from __future__ import annotations

import numpy as np
import pandas as pd

from solvers.routing.problem import UNBOUNDED

STANDARD_TRUCK = {
    "vehicle_id": "TRUCK",
    "capacity_kg": 10_000.0,
    "capacity_m3": 40.0,
    "fixed_cost": 50.0,
    "cost_per_km": 1.0,
    "cost_per_hour": 30.0,
    "speed_factor": 1.0,
    "shift_start_min": 360.0,
    "shift_end_min": 1080.0,
    "max_duration_min": np.nan,
    "max_distance_km": np.nan,
    "max_stops": pd.NA,
    "skills": "",
    "co2_kg_per_km": 0.8,
    "co2e_kg_per_km": np.nan,
}
"""Where a project has no vehicles at all: as many of these at every depot as there are loads."""
AS_MANY_AS_NEEDED = 1_000_000


def fleet_of(vehicles: pd.DataFrame, depot_id: str) -> pd.DataFrame:
    """Return the vehicles of a depot in the table's order, unlimited capacities as infinity."""
    if vehicles.empty:
        fleet = pd.DataFrame([{**STANDARD_TRUCK, "depot_id": depot_id, "count": AS_MANY_AS_NEEDED}])
    else:
        fleet = vehicles[(vehicles["depot_id"] == depot_id) & (vehicles["count"] > 0)].reset_index(drop=True)
    return fleet.fillna({"capacity_kg": np.inf, "capacity_m3": np.inf})


def split_skills(text: str) -> frozenset[str]:
    """Return the skills named in a cell, separated by ';'."""
    return frozenset(skill.strip() for skill in str(text).split(";") if skill.strip())


def whole_amounts(kg: float, m3: float) -> tuple[int, int]:
    """Return a load in grams and cubic centimetres, rounded up but for noise of sums."""
    return int(np.ceil(kg * 1e3 - 1e-3)), int(np.ceil(m3 * 1e6 - 1e-3))


def whole_capacities(kg: float, m3: float) -> tuple[int, int]:
    """Return a capacity in grams and cubic centimetres, rounded down but for noise; UNBOUNDED for none."""
    return _whole_capacity(kg * 1e3), _whole_capacity(m3 * 1e6)


def _whole_capacity(capacity: float) -> int:
    return int(np.floor(capacity + 1e-3)) if np.isfinite(capacity) else UNBOUNDED


def holds(vehicle: tuple[float, float], kg: float, m3: float) -> bool:
    """Return whether a vehicle (kg, m3) holds a load."""
    return all(amount <= limit for amount, limit in zip(whole_amounts(kg, m3), whole_capacities(*vehicle), strict=True))
