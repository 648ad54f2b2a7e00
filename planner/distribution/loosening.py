"""The cheapest way to get every load on a route: which limit gives way by how much, and the proof that all then go."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from planner.distribution.day import MONEY, DepotDay, depot_days
from planner.distribution.routes import day_stream
from planner.distribution.solve_day import route_day
from planner.distribution.travel import RoadTravel
from planner.errors import RELAXATION_COLUMNS
from scenarios.settings import DistributionSettings
from solvers.routing import stop
from solvers.routing.problem import RoutingProblem
from solvers.routing.relaxations import Change, with_changes

_MOST_CHANGES = 20


def loosen_routes(
    loads: pd.DataFrame,
    unassigned: pd.DataFrame,
    locations: pd.DataFrame,
    vehicles: pd.DataFrame,
    travel_matrix: pd.DataFrame,
    timezone: str,
    settings: DistributionSettings,
    seed: int,
    stop_windows: pd.DataFrame | None = None,
    driver_breaks: pd.DataFrame | None = None,
) -> pd.DataFrame | None:
    """Return what must give way for all loads to be on routes, columns `RELAXATION_COLUMNS`; None if nothing helps.

    Day by day the nearest change for the most important load on no route is made and the day is routed again, until all
    are on routes: with every row's `needed` in place of `now`, the routes were made.
    """
    travel, zone = RoadTravel(locations, travel_matrix, settings), ZoneInfo(timezone)
    sources = loads.set_index("load_id")["source_id"]
    missed = unassigned.assign(source_id=unassigned["load_id"].map(sources))
    rows: list[dict[str, object]] = []
    for _, group in missed.groupby(["date", "source_id"]):
        date, source = group["date"].iloc[0], group["source_id"].iloc[0]
        mine = loads[(loads["date"] == date) & (loads["source_id"] == source)]
        [day] = depot_days(mine, locations, vehicles, travel, zone, settings, stop_windows, driver_breaks)
        if day.problem is None or len(day.stranded):
            return None
        loosened = _until_all_go(day.problem, settings, day_stream(seed, day))
        if loosened is None:
            return None
        rows += _differences(day, day.problem, loosened)
    return pd.DataFrame(rows, columns=list(RELAXATION_COLUMNS))


def _until_all_go(problem: RoutingProblem, settings: DistributionSettings, seed: int) -> RoutingProblem | None:
    for _ in range(_MOST_CHANGES):
        _, blocked = route_day(problem, (), settings.solver, settings.iterations, seed, stop.iterations(2**31))
        if not blocked:
            return problem
        case = max(blocked, key=lambda one: (int(problem.priority[one.client]), -one.client))
        if not case.changes:
            return None
        problem = _with(problem, case.changes)
    return None


def _with(problem: RoutingProblem, changes: Sequence[Change]) -> RoutingProblem:
    """Return the problem in which rules give way, clock times by whole minutes."""
    timed = {"delay", "shift", "break"}
    whole = [
        replace(change, amount=60 * math.ceil(change.amount / 60)) if change.rule in timed else change
        for change in changes
    ]
    eased = with_changes(problem, whole)
    count = eased.vehicles.count.copy()
    for change in changes:
        if change.rule == "fleet":
            count[change.vehicle_type] += 1
    return replace(eased, vehicles=replace(eased.vehicles, count=count))


def _differences(day: DepotDay, old: RoutingProblem, new: RoutingProblem) -> Iterator[dict[str, object]]:
    """Yield a relaxation row per limit that is another one now."""

    def row(rule: str, place: str, now: float, needed: float, unit: str, cost: float, what: str) -> dict[str, object]:
        message = f"{rule} of {what} on {day.date:%Y-%m-%d}: now {now:.10g}, needed {needed:.10g} {unit}"
        return dict(zip(RELAXATION_COLUMNS, (rule, place, "", day.date, now, needed, unit, cost, message), strict=True))

    for c in np.flatnonzero((old.windows != new.windows).any(axis=(1, 2))):
        place = str(day.loads["location_id"].iloc[c])
        now, needed = (problem.windows[c, :, 1].max() / 60 for problem in (old, new))
        yield row("window_end", place, now, needed, "minutes after midnight", 0.0, place)
    limits = (
        ("fleet", "count", 1.0, "vehicles"),
        ("shift_end", "shift", 60.0, "minutes after midnight"),
        ("max_duration", "max_duration", 60.0, "minutes"),
        ("max_distance", "max_distance", 1000.0, "km"),
        ("max_stops", "max_stops", 1.0, "stops"),
    )
    for kind, vehicle in enumerate(day.fleet["vehicle_id"].astype(str)):
        who = f"{vehicle} at {day.depot_id}"
        for rule, name, scale, unit in limits:
            now, needed = (float(getattr(p.vehicles, name)[kind].max()) for p in (old, new))
            if now != needed:
                price = (needed - now) * float(old.vehicles.fixed_cost[kind]) / MONEY if rule == "fleet" else 0.0
                yield row(rule, day.depot_id, now / scale, needed / scale, unit, price, who)
        for q, (scale, unit) in enumerate(((1e3, "kg"), (1e6, "m3"))):
            now, needed = (float(p.vehicles.capacity[kind, q]) for p in (old, new))
            if now != needed:
                yield row("vehicle_capacity", day.depot_id, now / scale, needed / scale, unit, 0.0, who)
        if old.vehicles.breaks is not None and new.vehicles.breaks is not None:
            spans = old.vehicles.breaks.windows[kind], new.vehicles.breaks.windows[kind]
            for k in np.flatnonzero((spans[0] != spans[1]).any(axis=(1, 2))):
                now, needed = (float(span[k, :, 1].max()) / 60 for span in spans)
                yield row("break", day.depot_id, now, needed, "minutes after midnight", 0.0, f"break {k + 1} of {who}")
        if new.vehicles.allowed is not None and old.vehicles.allowed is not None:
            more = float(new.vehicles.allowed[kind].sum() - old.vehicles.allowed[kind].sum())
            if more:
                yield row("skills", day.depot_id, 0.0, more, "further loads it may serve", 0.0, who)
