"""What the judge finds broken on a depot's day, in VROOM's vocabulary and in ids, minutes, kg, m3 and km."""

from __future__ import annotations

import math
from dataclasses import dataclass

from planner.distribution.day import DepotDay
from solvers.routing.evaluate import Rule, Violation, judge
from solvers.routing.problem import RoutingProblem
from solvers.routing.solution import Route, RoutingSolution

CAUSES: dict[Rule, str] = {"shift": "delay"}
"""VROOM's word where it is not the judge's own; max_duration, duplicate and fleet are words that VROOM lacks."""


@dataclass(frozen=True, slots=True)
class BrokenRule:
    """One broken rule of a route.

    Attributes
    ----------
    cause : delay, load, skills, max_tasks, max_distance, max_duration, break, missing_break, duplicate or fleet.
    route : index of the route, -1 for none.
    client : index of the load, -1 for the whole route.
    message : in words.
    """

    cause: str
    route: int
    client: int
    message: str


def broken_rules(day: DepotDay, problem: RoutingProblem, solution: RoutingSolution) -> tuple[BrokenRule, ...]:
    """Return every rule that the routes break; loads on no route are no broken rule here."""
    verdict = judge(problem, solution)
    return tuple(
        BrokenRule(CAUSES.get(v.rule, v.rule), v.route, v.client, _in_words(day, problem, solution, v))
        for v in verdict.violations
        if v.rule != "unassigned"
    )


def broken_alone(day: DepotDay, problem: RoutingProblem, route: Route) -> tuple[BrokenRule, ...]:
    """Return every rule that one route breaks on its own."""
    return broken_rules(day, problem, RoutingSolution((route,), ()))


def _in_words(day: DepotDay, problem: RoutingProblem, solution: RoutingSolution, broken: Violation) -> str:
    place = "" if broken.client < 0 else str(day.loads["location_id"].iloc[broken.client])
    if broken.rule == "duplicate":
        return f"duplicate: {day.loads['load_id'].iloc[broken.client]} is on two routes"
    if broken.rule == "fleet":
        return f"fleet: {broken.message}"
    route = solution.routes[broken.route]
    vehicle = str(day.fleet["vehicle_id"].iloc[route.vehicle_type])
    minutes = math.ceil(broken.amount / 60)
    if broken.rule == "load":
        return f"load: {vehicle} would carry {_overload(problem, route)}"
    return {
        "delay": f"delay: {place} is reached {minutes} min after its window ends",
        "shift": f"delay: {vehicle} is back {minutes} min after its shift ends",
        "skills": f"skills: {vehicle} lacks the skills that {place} requires",
        "break": f"break: a break of {vehicle} starts {minutes} min outside its time",
        "missing_break": f"missing_break: {vehicle} takes not all its breaks",
        "max_tasks": f"max_tasks: {broken.amount} stops more than {vehicle} may make",
        "max_duration": f"max_duration: {vehicle} is away {minutes} min longer than it may be",
        "max_distance": f"max_distance: {vehicle} drives {math.ceil(broken.amount / 100) / 10} km more than it may",
    }.get(broken.rule, f"{broken.rule}: {broken.message}")


def _overload(problem: RoutingProblem, route: Route) -> str:
    over = problem.delivery[list(route.stops)].sum(axis=0) - problem.vehicles.capacity[route.vehicle_type]
    parts = []
    if over[0] > 0:
        parts.append(f"{math.ceil(over[0] / 100) / 10:g} kg")
    if over[1] > 0:
        parts.append(f"{math.ceil(over[1] / 10_000) / 100:g} m3")
    return f"{' and '.join(parts)} more than it holds"
