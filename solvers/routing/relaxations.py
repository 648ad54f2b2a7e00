"""What would have to give way for a route to keep all rules, how far that is, and the problem with it given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from solvers.routing.evaluate import Judgement, Rule, judge, loads_on_board
from solvers.routing.problem import IntArray, RoutingProblem
from solvers.routing.solution import BREAK, Route, RoutingSolution
from solvers.routing.subproblem import part_of


@dataclass(frozen=True, slots=True)
class Change:
    """One rule that gives way.

    Attributes
    ----------
    rule : delay (the client's window ends later), load, skills, shift (ends later), max_duration, max_driving,
        max_distance, max_tasks, reloads, break (its window ends later), max_load, or fleet (one more vehicle of the
        type).
    amount : by how much, in the rule's unit.
    client : whose window, for delay; else -1.
    vehicle_type : whose limit; -1 for delay.
    dimension : of the capacity, for load; number of the break, for break and max_load; else -1.
    """

    rule: Rule
    amount: int
    client: int = -1
    vehicle_type: int = -1
    dimension: int = -1


LIMITS = {
    "max_duration": "max_duration",
    "max_driving": "max_driving",
    "max_distance": "max_distance",
    "max_tasks": "max_stops",
    "reloads": "max_reloads",
}
"""Rules that are one number of a vehicle type, and the number's name."""


def judged_alone(problem: RoutingProblem, route: Route) -> Judgement:
    """Judge one route in a problem of its clients only; client k is the k-th of the route."""
    clients = route.stops
    part = part_of(problem, clients)
    fleet = replace(part.vehicles, count=np.maximum(part.vehicles.count, 1))
    position = iter(range(len(clients)))
    order = tuple(client if client < 0 else next(position) for client in route.clients)
    alone = replace(part, vehicles=fleet, pinned=(), balance_cost=0)
    return judge(alone, RoutingSolution((Route(route.vehicle_type, order),), ()))


def needed_changes(problem: RoutingProblem, route: Route, verdict: Judgement) -> list[Change] | None:
    """Return what has to give way for `route`, judged as `verdict`; None where no limit helps."""
    kind, clients = route.vehicle_type, route.stops
    changes: list[Change] = []
    for broken in verdict.violations:
        if broken.rule == "delay":
            changes.append(Change("delay", broken.amount, client=clients[broken.client]))
        elif broken.rule == "skills":
            changes.append(Change("skills", 1, client=clients[broken.client], vehicle_type=kind))
        elif broken.rule == "shift" or broken.rule in LIMITS:
            changes.append(Change(broken.rule, broken.amount, vehicle_type=kind))
        elif broken.rule in {"break", "max_load"} and broken.client <= BREAK:
            changes.append(Change(broken.rule, broken.amount, vehicle_type=kind, dimension=BREAK - broken.client))
        elif broken.rule != "load":
            return None
    return list(_largest([*changes, *_overloads(problem, route)]))


def _largest(changes: Sequence[Change]) -> Iterator[Change]:
    """Yield one change per limit, the largest: a vehicle leaves and returns, and carries several loads."""
    limits: dict[tuple[Rule, int, int, int], Change] = {}
    for change in changes:
        key = (change.rule, change.client, change.vehicle_type, change.dimension)
        if key not in limits or limits[key].amount < change.amount:
            limits[key] = change
    yield from limits.values()


def _overloads(problem: RoutingProblem, route: Route) -> Iterator[Change]:
    """Yield how much each dimension of the vehicle lacks for the fullest leg of the route."""
    for dimension in range(problem.dimensions):
        fullest = max(loads_on_board(problem, route, dimension))
        lacking = fullest - int(problem.vehicles.capacity[route.vehicle_type, dimension])
        if lacking > 0:
            yield Change("load", lacking, vehicle_type=route.vehicle_type, dimension=dimension)


def effort_of(problem: RoutingProblem, change: Change) -> float:
    """Return how far a change is: an hour later, a tenth more load or distance and one more stop count alike."""
    fleet, kind = problem.vehicles, change.vehicle_type
    if change.rule in {"delay", "shift", "max_duration", "max_driving", "break"}:
        return change.amount / 3600
    if change.rule == "load":
        return 10 * change.amount / max(1, int(fleet.capacity[kind, change.dimension]))
    if change.rule == "max_load":
        return 10 * change.amount / max(1, int(fleet.capacity[kind].max()))
    if change.rule == "max_distance":
        return 10 * change.amount / max(1, int(fleet.max_distance[kind]))
    per_unit = {"max_tasks": 1.0 * change.amount, "reloads": 1.0 * change.amount, "fleet": 2.0, "skills": 3.0}
    return per_unit[change.rule]


def with_changes(problem: RoutingProblem, changes: Sequence[Change]) -> RoutingProblem:
    """Return the problem once the changes are made; one more vehicle aside, which a single route does not notice."""
    windows, fleet = problem.windows.copy(), problem.vehicles
    shift, capacity, skills = fleet.shift.copy(), fleet.capacity.copy(), fleet.skills.copy()
    limits: dict[str, IntArray] = {name: getattr(fleet, name).copy() for name in LIMITS.values()}
    allowed = None if fleet.allowed is None else fleet.allowed.copy()
    breaks = fleet.breaks
    if breaks is not None:
        breaks = replace(breaks, windows=breaks.windows.copy(), max_load=breaks.max_load.copy())
    for change in changes:
        kind = change.vehicle_type
        if change.rule == "delay":
            windows[change.client, np.argmax(windows[change.client, :, 1]), 1] += change.amount
        elif change.rule == "load":
            capacity[kind, change.dimension] += change.amount
        elif change.rule == "shift":
            shift[kind, 1] += change.amount
        elif change.rule == "skills":
            skills[kind] |= problem.skills[change.client]
            if allowed is not None:
                allowed[kind, change.client] = True
        elif change.rule in LIMITS:
            limits[LIMITS[change.rule]][kind] += change.amount
        elif change.rule == "break" and breaks is not None:
            spans = breaks.windows[kind, change.dimension]
            spans[np.argmax(spans[:, 1]), 1] += change.amount
        elif change.rule == "max_load" and breaks is not None:
            breaks.max_load[kind, change.dimension] += change.amount
    eased = replace(fleet, shift=shift, capacity=capacity, skills=skills, allowed=allowed, breaks=breaks, **limits)
    return replace(problem, windows=windows, vehicles=eased)
