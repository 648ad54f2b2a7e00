"""Broken rules and their fixes in VROOM's vocabulary and in the file's ids and units."""

from __future__ import annotations

from solvers.routing.evaluate import Rule, Violation
from solvers.routing.formats.routing_file import RoutingFile
from solvers.routing.leftovers import Blocked, Change
from solvers.routing.solution import BREAK

_CAUSES: dict[Rule, tuple[str, bool]] = {
    "delay": ("delay", True),
    "lead_time": ("lead_time", True),
    "shift": ("delay", True),
    "break": ("delay", True),
    "missing_break": ("missing_break", False),
    "max_load": ("max_load", False),
    "max_driving": ("max_travel_time", True),
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
    "max_driving": "the way there and back takes longer than any vehicle may drive",
    "break": "no driver finds time for his break",
    "max_load": "the load is above what a driver may have on board during his break",
    "pinned": "its place in the order of the pinned stops cannot be kept",
    "reloads": "no vehicle may return for it",
    "max_distance": "the way there and back is longer than any vehicle may drive",
    "max_tasks": "no vehicle may make a stop",
    "fleet": "all vehicles that could go are on other routes",
    "precedence": "a pick-up needs a route with deliveries",
}


def cause_of(violation: Violation) -> tuple[str, bool]:
    """Return VROOM's word for a broken rule, and whether its amount is a time."""
    return _CAUSES.get(violation.rule, (violation.rule, False))


def describe_violation(file: RoutingFile, violation: Violation, vehicle: int | None) -> str:
    """Return one sentence: which route, which job, which rule, by how much."""
    cause, timed = cause_of(violation)
    where = "" if vehicle is None else f"vehicle {vehicle}: "
    job = name_of(file, violation.client, vehicle) + ": " if violation.client != -1 else ""
    scaled = timed or violation.rule == "max_distance"
    amount = file.in_file_units(violation.amount) if scaled else violation.amount
    text = {
        "delay": f"{amount} late" if job else f"the vehicle is {amount} late for its time window",
        "lead_time": f"{amount} early",
        "load": f"{amount} above the capacity",
        "missing_break": "is not taken",
        "max_load": f"{amount} too much on board",
        "skills": "the vehicle lacks a skill or may not serve it",
        "precedence": _order_in_words(file, violation.client),
        "pinned": "leaves the vehicle or the order that it is pinned to",
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


def name_of(file: RoutingFile, client: int, vehicle: int | None = None) -> str:
    """Return what a file calls a client, or a break of a vehicle."""
    if client >= 0:
        return f"{file.kind(client)} {file.jobs[client]}"
    known = {number: name for name, number in file.break_of(-1 if vehicle is None else vehicle).items()}
    return f"break {known.get(BREAK - client, BREAK - client)}"


def _order_in_words(file: RoutingFile, client: int) -> str:
    if client >= 0 and file.kind(client) == "delivery":
        return "comes without or before its pickup"
    if client >= 0 and file.kind(client) == "pickup":
        return "its delivery does not follow"
    return "deliveries come before pick-ups, and no route has pick-ups only"


def describe_blocked(file: RoutingFile, case: Blocked) -> tuple[str, str]:
    """Return (reason, fix) of an unassigned client in words and numbers."""
    reason = "; ".join(_REASONS.get(rule, rule) for rule in case.reasons)
    if not case.changes:
        return reason, "no change of a single limit lets it in"
    one_more = any(change.rule == "fleet" for change in case.changes)
    fix = "fits if " + " and ".join(_in_words(file, change, one_more=one_more) for change in case.changes)
    return reason, fix if case.proven else f"{fix}; not solved again with it"


def _in_words(file: RoutingFile, change: Change, *, one_more: bool) -> str:
    vehicle = "" if change.vehicle_type < 0 else f"vehicle {_some_vehicle(file, change.vehicle_type)}"
    like = vehicle
    vehicle = "it" if one_more else vehicle
    amount = change.amount
    units = file.in_file_units(amount)
    job = "" if change.client < 0 else name_of(file, change.client)
    dimension = f" in dimension {change.dimension + 1}" if file.problem.dimensions > 1 else ""
    return {
        "delay": f"the window of {job} ends {units} later",
        "load": f"{vehicle} holds {amount} more{dimension}",
        "skills": f"{vehicle} may serve {job}",
        "shift": f"the time window of {vehicle} ends {units} later",
        "max_duration": f"{vehicle} may be away {units} longer",
        "max_driving": f"the travel time of {vehicle} may be {units} longer",
        "max_load": f"{vehicle} may carry {amount} more{dimension} during a break",
        "break": f"a break of {vehicle} may start {units} later",
        "reloads": f"{vehicle} may reload {amount} more times",
        "max_distance": f"{vehicle} may drive {units} farther",
        "max_tasks": f"{vehicle} may take {amount} more jobs",
        "fleet": f"there is one more vehicle like {like}",
    }[change.rule]


def _some_vehicle(file: RoutingFile, kind: int) -> int | str:
    members = file.vehicles[kind]
    return members[0] if members else f"of type {kind + 1}"
