"""Broken rules and their fixes in VROOM's vocabulary and in the file's ids and units."""

from __future__ import annotations

from solvers.routing.evaluate import Rule, Violation
from solvers.routing.formats.routing_file import RoutingFile
from solvers.routing.leftovers import Blocked, Change

_CAUSES: dict[Rule, tuple[str, bool]] = {
    "delay": ("delay", True),
    "shift": ("delay", True),
    "load": ("load", False),
    "skills": ("skills", False),
    "precedence": ("precedence", False),
    "max_tasks": ("max_tasks", False),
    "max_duration": ("max_duration", True),
    "max_distance": ("max_distance", False),
}
"""VROOM's cause, and whether it carries a duration. VROOM knows no max_duration; it is told by its own name."""

_REASONS: dict[Rule, str] = {
    "delay": "no vehicle can be there before its window ends",
    "load": "no vehicle holds it",
    "skills": "no vehicle has its skills or may serve it",
    "shift": "no vehicle is back before its time window ends",
    "max_duration": "the way there and back takes longer than any vehicle may be away",
    "max_distance": "the way there and back is longer than any vehicle may drive",
    "max_tasks": "no vehicle may make a stop",
    "fleet": "all vehicles that could go are on other routes",
    "precedence": "a pick-up needs a route with deliveries",
}


def cause_of(file: RoutingFile, violation: Violation) -> tuple[str, bool]:
    """Return VROOM's word for a broken rule, and whether its amount is a time."""
    if violation.rule == "max_distance" and file.distance_is_time:
        return "max_travel_time", True
    return _CAUSES.get(violation.rule, (violation.rule, False))


def describe_violation(file: RoutingFile, violation: Violation, vehicle: int | None) -> str:
    """Return one sentence: which route, which job, which rule, by how much."""
    cause, timed = cause_of(file, violation)
    where = "" if vehicle is None else f"vehicle {vehicle}: "
    job = "" if violation.client < 0 else f"job {file.jobs[violation.client]}: "
    scaled = timed or violation.rule == "max_distance"
    amount = file.in_file_units(violation.amount) if scaled else violation.amount
    text = {
        "delay": f"{amount} late" if job else f"the vehicle is {amount} late for its time window",
        "load": f"{amount} above the capacity",
        "skills": "the vehicle lacks a skill or may not serve it",
        "precedence": "deliveries come before pick-ups, and no route has pick-ups only",
        "max_tasks": f"{amount} jobs too many",
        "max_travel_time": f"{amount} too long at the wheel",
        "max_duration": f"{amount} too long away",
        "max_distance": f"{amount} too far",
        "unassigned": "is on no route",
        "duplicate": "is there twice, or both served and unassigned",
        "fleet": f"{amount} more vehicles than there are",
        "reloads": f"{amount} reloads too many",
    }.get(cause, violation.message)
    return f"{where}{job}{cause}: {text}"


def describe_blocked(file: RoutingFile, case: Blocked) -> tuple[str, str]:
    """Return (reason, fix) of an unassigned client in words and numbers."""
    reason = "; ".join(_REASONS.get(rule, rule) for rule in case.reasons)
    if not case.changes:
        return reason, "no change of a single limit lets it in"
    return reason, "fits if " + " and ".join(_in_words(file, change) for change in case.changes)


def _in_words(file: RoutingFile, change: Change) -> str:
    vehicle = "" if change.vehicle_type < 0 else f"vehicle {_some_vehicle(file, change.vehicle_type)}"
    amount = change.amount
    units = file.in_file_units(amount)
    job = "" if change.client < 0 else f"job {file.jobs[change.client]}"
    if change.rule == "max_distance" and file.distance_is_time:
        return f"the travel time of {vehicle} may be {units} longer"
    dimension = f" in dimension {change.dimension + 1}" if file.problem.dimensions > 1 else ""
    return {
        "delay": f"the window of {job} ends {units} later",
        "load": f"{vehicle} holds {amount} more{dimension}",
        "skills": f"{vehicle} may serve {job}",
        "shift": f"the time window of {vehicle} ends {units} later",
        "max_duration": f"{vehicle} may be away {units} longer",
        "max_distance": f"{vehicle} may drive {units} farther",
        "max_tasks": f"{vehicle} may take {amount} more jobs",
        "fleet": f"there is one more vehicle like {vehicle}",
    }[change.rule]


def _some_vehicle(file: RoutingFile, kind: int) -> int | str:
    members = file.vehicles[kind]
    return members[0] if members else f"of type {kind + 1}"
