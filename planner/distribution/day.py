"""One depot on one day as a routing problem in whole metres, seconds, grams and millionths of money."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo

import numpy as np
import numpy.typing as npt
import pandas as pd

from planner.distribution.clock import DayClock
from planner.distribution.day_rules import Span, breaks_of, windows_of
from planner.distribution.fleet import fleet_of, split_skills, whole_amounts, whole_capacities
from planner.distribution.travel import RoadTravel
from scenarios.settings import DistributionSettings
from solvers.routing.fleet import Breaks
from solvers.routing.problem import UNBOUNDED, RoutingProblem, VehicleTypes

MONEY = 1_000_000
"""Cost units in one unit of money: cents per kilometre stay whole numbers per metre."""


@dataclass(frozen=True, slots=True)
class DepotDay:
    """One routing problem and what its indices stand for.

    Attributes
    ----------
    loads : the clients, in order; columns of the published loads plus the location's coordinates.
    stranded : loads to or from places that nothing says how to reach.
    fleet : the vehicle types, in order.
    problem : None without loads or vehicles.
    """

    date: pd.Timestamp
    depot_id: str
    loads: pd.DataFrame
    stranded: pd.DataFrame
    fleet: pd.DataFrame
    clock: DayClock
    problem: RoutingProblem | None


def depot_days(
    loads: pd.DataFrame,
    locations: pd.DataFrame,
    vehicles: pd.DataFrame,
    travel: RoadTravel,
    zone: tzinfo,
    settings: DistributionSettings,
    stop_windows: pd.DataFrame | None = None,
    driver_breaks: pd.DataFrame | None = None,
) -> list[DepotDay]:
    """Build the problem of every day and source that has loads, in this order."""
    placed = loads.sort_values("load_id").merge(locations, on="location_id", how="left", validate="many_to_one")
    fleets = {str(depot): fleet_of(vehicles, str(depot)) for depot in loads["source_id"].unique()}
    days = placed.groupby(["date", "source_id"])
    return [
        _depot_day(day, list(loads.columns), fleets[str(depot)], travel, zone, settings, stop_windows, driver_breaks)
        for (_, depot), day in days
    ]


def _depot_day(
    loads: pd.DataFrame,
    named: list[str],
    fleet: pd.DataFrame,
    travel: RoadTravel,
    zone: tzinfo,
    settings: DistributionSettings,
    stop_windows: pd.DataFrame | None,
    driver_breaks: pd.DataFrame | None,
) -> DepotDay:
    """Build the problem of one day and one source; `loads` with the columns of their locations behind those `named`."""
    date, depot_id = loads["date"].iloc[0], str(loads["source_id"].iloc[0])
    clock = DayClock(date, zone)
    km, minutes = travel.between([depot_id, *loads["location_id"]])
    known = _reachable(km)[1:]
    here = np.concatenate([[True], known])
    stops = (loads if known.all() else loads[known]).reset_index(drop=True)
    problem = None
    if len(stops) and len(fleet):
        closing = max(clock.seconds(minute) for minute in fleet["shift_end_min"])
        windows = windows_of(stops, stop_windows, clock, closing)
        breaks = breaks_of(fleet, driver_breaks, depot_id, clock)
        ways = km[np.ix_(here, here)], minutes[np.ix_(here, here)]
        problem = _problem(stops, fleet, *ways, windows, breaks, clock, settings)
    stranded = loads.loc[~known, named].reset_index(drop=True)
    return DepotDay(date, depot_id, stops[[*named, "latitude", "longitude"]], stranded, fleet, clock, problem)


def _reachable(km: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Return [N]: places left when those with the most unknown ways are struck off until none is unknown."""
    kept = np.ones(len(km), dtype=bool)
    unknown = np.isnan(km) | np.isnan(km.T)
    while (missing := (unknown & kept[:, None] & kept[None, :]).sum(axis=1)).any():
        missing[0] = 0 if missing[1:].any() else missing[0]  # the depot stays: without it there is no route
        kept[int(missing.argmax())] = False
    return kept


def _problem(
    stops: pd.DataFrame,
    fleet: pd.DataFrame,
    km: npt.NDArray[np.float64],
    minutes: npt.NDArray[np.float64],
    windows: list[list[Span]],
    breaks: Breaks | None,
    clock: DayClock,
    settings: DistributionSettings,
) -> RoutingProblem:
    factors, profile = np.unique(fleet["speed_factor"].to_numpy(dtype=float), return_inverse=True)
    metres = np.rint(km * 1000).astype(np.int64)
    amounts = [whole_amounts(kg, m3) for kg, m3 in zip(stops["weight_kg"], stops["volume_m3"], strict=True)]
    return RoutingProblem.create(
        depots=1,
        vehicles=_vehicle_types(fleet, profile, stops, breaks, clock),
        delivery=np.array(amounts),
        distances=np.repeat(metres[None], len(factors), axis=0),
        durations=np.array([np.rint(minutes * 60 / factor).astype(np.int64) for factor in factors]),
        windows=windows,
        service=np.rint(60 * service_minutes(stops, settings)).astype(np.int64),
        priority=np.unique(stops["priority"].to_numpy(dtype=float), return_inverse=True)[1],
    )


def service_minutes(stops: pd.DataFrame, settings: DistributionSettings) -> npt.NDArray[np.float64]:
    """Return the minutes at each stop [C]: a fixed part and one by weight, the location's or the settings'."""
    fixed = stops["service_min"].astype(float).fillna(settings.service_min)
    by_weight = stops["service_min_per_100kg"].astype(float).fillna(settings.service_min_per_100kg)
    total: npt.NDArray[np.float64] = (fixed + by_weight * stops["weight_kg"] / 100).to_numpy(dtype=float)
    return total


def _vehicle_types(
    fleet: pd.DataFrame, profile: npt.NDArray[np.intp], stops: pd.DataFrame, breaks: Breaks | None, clock: DayClock
) -> VehicleTypes:
    has = [split_skills(text) for text in fleet["skills"]]
    needs = [split_skills(text) for text in stops["required_skills"]]
    return VehicleTypes.create(
        count=np.minimum(fleet["count"].to_numpy(dtype=np.int64), len(stops)),
        capacity=[whole_capacities(kg, m3) for kg, m3 in zip(fleet["capacity_kg"], fleet["capacity_m3"], strict=True)],
        fixed_cost=_whole(fleet["fixed_cost"], MONEY),
        distance_cost=_whole(fleet["cost_per_km"], MONEY / 1000),
        duration_cost=_whole(fleet["cost_per_hour"], MONEY / 3600),
        profile=profile,
        shift=[
            (clock.seconds(start), clock.seconds(end))
            for start, end in zip(fleet["shift_start_min"], fleet["shift_end_min"], strict=True)
        ],
        max_duration=_whole(fleet["max_duration_min"], 60),
        max_distance=_whole(fleet["max_distance_km"], 1000),
        max_stops=_whole(fleet["max_stops"], 1),
        allowed=[[need <= skills for need in needs] for skills in has] if any(needs) else None,
        breaks=breaks,
    )


def _whole(values: pd.Series[float], factor: float) -> npt.NDArray[np.int64]:
    """Return the values times `factor` as whole numbers, no limit where empty."""
    numbers = values.to_numpy(dtype=float, na_value=np.nan) * factor
    return np.where(np.isnan(numbers), UNBOUNDED, np.rint(np.nan_to_num(numbers))).astype(np.int64)
