"""A routing answer as the published tables routes, stops and unassigned."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from planner.distribution.around import vehicle_numbers
from planner.distribution.day import DepotDay
from planner.distribution.stop_pins import NO_PINS, PinnedDay
from reports.emissions import Factor, factor_of
from solvers.routing.evaluate import Rule
from solvers.routing.leftovers import Blocked, Change
from solvers.routing.problem import RoutingProblem
from solvers.routing.solution import BREAK, RoutingSolution
from solvers.routing.timetable import Timetable, Visit, timetable

Row = dict[str, object]

REASONS: dict[Rule, str] = {
    "delay": "no vehicle can be there before the window ends",
    "load": "no vehicle holds the load",
    "skills": "no vehicle has the required skills",
    "shift": "no vehicle is back before its shift ends",
    "break": "no driver can take his breaks in time on the way there and back",
    "max_duration": "the way there and back is longer than any vehicle may be away",
    "max_distance": "the way there and back is farther than any vehicle may drive",
    "max_tasks": "no vehicle may make a stop",
    "fleet": "all vehicles that could go are on other routes",
}
NO_VEHICLE = ("the depot has no vehicle", "fits if the depot has a vehicle")
NO_WAY = (
    "no distance is known",
    "fits if the location and its depot have coordinates or the travel matrix has their pairs",
)


_OF_LOADS = ("load_id", "location_id", "latitude", "longitude")


@dataclass(frozen=True, slots=True)
class _Loads:
    """The loads of one route; plain arrays, as frames of a few rows each would take most of the time.

    Attributes
    ----------
    columns : name -> values of all loads of the day.
    clients : indices of the route's loads, in order.
    kg, m3 : of the route's loads, in order [stops].
    """

    columns: Mapping[str, Sequence[object]]
    clients: Sequence[int]
    kg: npt.NDArray[np.float64]
    m3: npt.NDArray[np.float64]


class RouteRows(NamedTuple):
    """Rows of the published tables routes, stops and route_breaks."""

    routes: list[Row]
    stops: list[Row]
    breaks: list[Row]


def route_rows(day: DepotDay, solution: RoutingSolution, pinned: PinnedDay = NO_PINS) -> RouteRows:
    """Return the rows of routes, stops and breaks, timed by the judge: leaving as late as the route allows."""
    rows = RouteRows([], [], [])
    if day.problem is None:
        return rows
    numbers = vehicle_numbers(solution.routes, pinned)
    kg, m3 = (day.loads[name].to_numpy(dtype=float) for name in ("weight_kg", "volume_m3"))
    columns = {name: day.loads[name].tolist() for name in _OF_LOADS}
    fleet = {str(name): values.tolist() for name, values in day.fleet.items()}
    for number, route in enumerate(solution.routes, 1):
        route_id = f"R{day.date:%Y%m%d}-{day.depot_id}-{number:02d}"
        plan = timetable(day.problem, route)
        clients = list(route.stops)
        loads = _Loads(columns, clients, kg[clients], m3[clients])
        vehicle = {name: values[route.vehicle_type] for name, values in fleet.items()}
        factor = factor_of(
            float(vehicle["co2e_kg_per_km"]), float(vehicle["co2_kg_per_km"]), float(vehicle["capacity_kg"])
        )
        here = list(_stops(day, day.problem, plan, loads, factor))
        back_kg = factor.leg_kg(plan.visits[-1].distance / 1000, 0.0)
        rows.routes.append(
            {
                "route_id": route_id,
                "date": day.date,
                "depot_id": day.depot_id,
                "vehicle_id": vehicle["vehicle_id"],
                "vehicle_no": numbers[number - 1],
                "stops": len(clients),
                **_totals(day, plan, loads, vehicle),
                "co2e_kg": math.fsum([*(stop["co2e_kg"] for stop in here), back_kg]),
                "co2e_source": factor.source,
            }
        )
        rows.stops.extend({"route_id": route_id, **stop} for stop in here)
        rows.breaks.extend({"route_id": route_id, **taken} for taken in _breaks(day, plan))
    return rows


def _breaks(day: DepotDay, plan: Timetable) -> Iterator[Row]:
    made = 0
    for visit in plan.visits:
        made += visit.client >= 0
        if visit.client <= BREAK:
            yield {
                "break_no": BREAK - visit.client + 1,
                "after_sequence": made,
                "start": day.clock.instant(visit.start),
                "end": day.clock.instant(visit.departure),
                "wait_min": (visit.start - visit.arrival) / 60,
                "duration_min": (visit.departure - visit.start) / 60,
            }


def _totals(day: DepotDay, plan: Timetable, loads: _Loads, vehicle: Mapping[str, Any]) -> Row:
    km, hours = plan.distance / 1000, plan.duration / 3600
    kg, m3 = float(loads.kg.sum()), float(loads.m3.sum())
    shares = [
        load / capacity for load, capacity in ((kg, vehicle["capacity_kg"]), (m3, vehicle["capacity_m3"])) if load > 0
    ]
    resting = sum(visit.departure - visit.start for visit in plan.visits if visit.client <= BREAK)
    return {
        "distance_km": km,
        "duration_min": plan.duration / 60,
        "driving_min": plan.driving / 60,
        "service_min": (plan.duration - plan.driving - plan.waiting - resting) / 60,
        "wait_min": plan.waiting / 60,
        "departure": day.clock.instant(plan.visits[0].departure),
        "return": day.clock.instant(plan.visits[-1].arrival),
        "load_kg": kg,
        "load_m3": m3,
        "utilisation": max(shares, default=0.0),
        "cost": vehicle["fixed_cost"] + km * vehicle["cost_per_km"] + hours * vehicle["cost_per_hour"],
        "co2_kg": km * vehicle["co2_kg_per_km"],
    }


def _stops(
    day: DepotDay, problem: RoutingProblem, plan: Timetable, loads: _Loads, factor: Factor
) -> Iterable[dict[str, Any]]:
    after_kg = _still_on_board(loads.kg)
    before_kg = [float(loads.kg.sum()), *after_kg]
    after_m3 = _still_on_board(loads.m3)
    made = (visit for visit in plan.visits if visit.client >= 0)
    for k, (client, visit) in enumerate(zip(loads.clients, made, strict=True)):
        opens, closes = _window(problem, visit)
        yield {
            "sequence": k + 1,
            **{name: values[client] for name, values in loads.columns.items()},
            "eta": day.clock.instant(visit.arrival),
            "etd": day.clock.instant(visit.departure),
            "window_start": day.clock.instant(opens),
            "window_end": day.clock.instant(closes),
            "wait_min": (visit.start - visit.arrival) / 60,
            "service_min": (visit.departure - visit.start) / 60,
            "weight_kg": loads.kg[k],
            "volume_m3": loads.m3[k],
            "load_after_kg": after_kg[k],
            "load_after_m3": after_m3[k],
            "km": visit.distance / 1000,
            "co2e_kg": factor.leg_kg(visit.distance / 1000, before_kg[k]),
        }


def _window(problem: RoutingProblem, visit: Visit) -> tuple[int, int]:
    """Return the window in which service begins, the last one where it begins in none."""
    spans = [(int(a), int(b)) for a, b in problem.windows[visit.client]]
    return next(((a, b) for a, b in spans if a <= visit.start <= b), spans[-1])


def _still_on_board(amounts: npt.NDArray[np.float64]) -> Sequence[float]:
    """Return what is left after every stop; summed from the end, so that nothing is left at last."""
    left = np.cumsum(amounts[::-1])[::-1]
    return [*left[1:].tolist(), 0.0]


def unassigned_rows(day: DepotDay, blocked: Sequence[Blocked]) -> list[Row]:
    """Return the rows of the loads on no route, with the rule that stops each and its nearest fix."""
    rows = [] if day.stranded.empty else [_unassigned(load, *NO_WAY) for load in day.stranded.to_dict("records")]
    if day.problem is None:
        return rows + [_unassigned(load, *NO_VEHICLE) for load in day.loads.to_dict("records")]
    loads = day.loads.to_dict("records") if blocked else []
    for case in blocked:
        reason = "; ".join(REASONS.get(rule, rule) for rule in case.reasons)
        rows.append(_unassigned(loads[case.client], reason, _fix(day, case)))
    return rows


def _unassigned(load: Mapping[Hashable, object], reason: str, fix: str) -> Row:
    named = ("load_id", "date", "location_id", "weight_kg", "volume_m3")
    return {**{name: load[name] for name in named}, "reason": reason, "fix": fix}


def _fix(day: DepotDay, case: Blocked) -> str:
    if not case.changes:
        return "no single change of a limit lets it in"
    where = "" if case.route < 0 else f" (on a route of {day.fleet['vehicle_id'].iloc[case.vehicle_type]})"
    unproven = "" if case.proven else "; not solved again with it"
    one_more = any(change.rule == "fleet" for change in case.changes)
    words = " and ".join(_in_words(day, change, one_more=one_more) for change in case.changes)
    return f"fits if {words}{where}{unproven}"


def _in_words(day: DepotDay, change: Change, *, one_more: bool) -> str:
    like = "" if change.vehicle_type < 0 else str(day.fleet["vehicle_id"].iloc[change.vehicle_type])
    vehicle = "it" if one_more else like
    minutes = math.ceil(change.amount / 60)
    if change.rule == "delay":
        return f"the window of {day.loads['location_id'].iloc[change.client]} ends {minutes} min later"
    if change.rule == "load" and change.dimension == 0:
        return f"{vehicle} carries {math.ceil(change.amount / 1000)} kg more"
    if change.rule == "load":
        return f"{vehicle} carries {math.ceil(change.amount / 10_000) / 100:.2f} m3 more"
    return {
        "skills": f"{vehicle} has the skills that {day.loads['location_id'].iloc[change.client]} requires",
        "shift": f"the shift of {vehicle} ends {minutes} min later",
        "break": f"a break of {vehicle} may start {minutes} min later",
        "max_duration": f"{vehicle} may be away {minutes} min longer",
        "max_distance": f"{vehicle} may drive {math.ceil(change.amount / 1000)} km more",
        "max_tasks": f"{vehicle} may make {change.amount} more stop{'s' if change.amount > 1 else ''}",
        "fleet": f"there is one more {like}",
    }[change.rule]
