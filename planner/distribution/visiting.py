"""The days on which a depot may drive, as problems whose clients are all places that may be visited.

What the visit search needs of distribution: one routing problem per depot and day with every place that can receive
there, how long a visit takes, and the routes of a plan in the numbers of those problems.
"""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

from planner.distribution.clock import DayClock
from planner.distribution.day import DepotDay, depot_days, service_minutes
from planner.distribution.travel import RoadTravel
from scenarios.settings import DistributionSettings
from solvers.routing.problem import RoutingProblem
from solvers.routing.registry import UnsupportedProblemError
from solvers.routing.solution import RoutingSolution

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class VisitDay:
    """A depot's day: `place_of` [C] is the row of `candidates` that each client of the problem stands for."""

    date: pd.Timestamp
    depot_id: str
    vehicle_ids: tuple[str, ...]
    problem: RoutingProblem
    place_of: IntArray


def visit_days(
    candidates: pd.DataFrame,
    locations: pd.DataFrame,
    vehicles: pd.DataFrame,
    travel_matrix: pd.DataFrame,
    timezone: str,
    settings: DistributionSettings,
    stop_windows: pd.DataFrame | None = None,
    driver_breaks: pd.DataFrame | None = None,
) -> list[VisitDay]:
    """Return a problem for every depot and day on which some place may be visited; days alike share one problem.

    Parameters
    ----------
    candidates : place (number), date, source_id, location_id, weight_kg, volume_m3 of a usual visit; one row per place
        and day.

    Raises
    ------
    UnsupportedProblemError
        A fleet or a place has a rule that the visit search does not know.
    """
    travel, zone = RoadTravel(locations, travel_matrix, settings), ZoneInfo(timezone)
    known: dict[tuple[object, ...], DepotDay] = {}
    out = []
    for (_, source), group in candidates.groupby(["date", "source_id"]):
        date = group["date"].iloc[0]
        key = (source, tuple(group["place"]), DayClock(date, zone).seconds(720))
        if key not in known:
            loads = group.drop(columns="place").assign(load_id=group["location_id"], lines=1)
            [known[key]] = depot_days(loads, locations, vehicles, travel, zone, settings, stop_windows, driver_breaks)
        day = known[key]
        if day.problem is None:
            continue
        from solvers.routing.instance import unsupported  # noqa: PLC0415 - it loads the compiler

        if (rule := unsupported(day.problem)) is not None:
            raise UnsupportedProblemError(
                f"distribution.mode integrated does not know {rule}, which {source} asks for: use mode sequential."
            )
        place = dict(zip(group["location_id"], group["place"], strict=True))
        place_of = np.array([place[location] for location in day.loads["location_id"]], dtype=np.int64)
        out.append(VisitDay(date, str(source), tuple(day.fleet["vehicle_id"]), day.problem, place_of))
    return out


def visit_seconds(places: pd.DataFrame, locations: pd.DataFrame, settings: DistributionSettings) -> IntArray:
    """Return [L, 2] seconds of a visit of each place's location: fixed, and per 100 kg."""
    stops = places[["location_id"]].merge(locations, on="location_id", how="left")
    none, some = (service_minutes(stops.assign(weight_kg=kg), settings) for kg in (0.0, 100.0))
    return np.rint(60 * np.stack([none, some - none], axis=1)).astype(np.int64)


def routes_by_day(days: list[VisitDay], stops: pd.DataFrame) -> tuple[RoutingSolution, ...]:
    """Return the routes of a plan in the problems of `days`; a place's second load of a day is left out.

    Parameters
    ----------
    stops : route_id, sequence, date, depot_id, vehicle_id, place.
    """
    known = dict(iter(stops.sort_values(["route_id", "sequence"]).groupby(["date", "depot_id"])))
    out = []
    for day in days:
        group = known.get((day.date, day.depot_id))
        client = np.full(int(day.place_of.max(initial=-1)) + 2, -1, dtype=np.int64)
        client[day.place_of] = np.arange(day.place_of.size)
        routes: list[tuple[int, list[int]]] = []
        seen: set[int] = set()
        for _, route in () if group is None else group.groupby("route_id"):
            own = [int(client[place]) for place in route["place"] if 0 <= place < client.size]
            kept = [c for c in own if c >= 0 and c not in seen]
            seen.update(kept)
            routes.append((day.vehicle_ids.index(route["vehicle_id"].iloc[0]), kept))
        out.append(RoutingSolution.create(routes, day.problem.clients))
    return tuple(out)
