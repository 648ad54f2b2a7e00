"""What is wrong with the arrays of a routing problem, all of it at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.routing.fleet import NO_BREAK, OPEN_END
from solvers.routing.problem import NO_PAIR, RoutingProblem

MOST_PERCENT = 1000


def find_contradictions(problem: RoutingProblem) -> list[str]:
    """Return what is wrong with the arrays, each fault with its first places; empty when all is well."""
    faults: list[str] = []

    def check(name: str, bad: NDArray[Any], what: str) -> None:
        if bad.any():
            places = ", ".join(str(tuple(int(k) for k in place)) for place in np.argwhere(bad)[:3])
            faults.append(f"{name}: {what} at {places} ({int(bad.sum())} in all)")

    if problem.distances is None and problem.coordinates is None:
        faults.append("distances: neither a matrix nor coordinates are given")
    if problem.coordinates is not None:
        if problem.coordinates.shape != (problem.nodes, 2):
            faults.append(f"coordinates: shape {problem.coordinates.shape}, expected {(problem.nodes, 2)}")
        check("coordinates", ~np.isfinite(problem.coordinates), "not a finite number")
    signed = ("distances", "durations", "arc_costs", "delivery", "pickup", "service", "setup", "release", "prize")
    for name in (*signed, "priority"):
        values = getattr(problem, name)
        if values is not None:
            check(name, values < 0, "negative")
    check("windows", problem.windows[..., 0] > problem.windows[..., 1], "a window ends before it starts")
    check("depot_windows", problem.depot_windows[:, 0] > problem.depot_windows[:, 1], "closes before it opens")
    if problem.balance_cost < 0:
        faults.append("balance_cost: negative")
    for name in ("durations", "arc_costs"):
        matrix = getattr(problem, name)
        if matrix is not None and matrix.shape[0] != problem.profiles:
            faults.append(f"{name}: not as many profiles as distances")
    return [*faults, *_of_pairs(problem), *_of_speeds(problem), *_of_fleet(problem), *_of_pinned(problem)]


def _of_pairs(problem: RoutingProblem) -> Iterator[str]:
    to = np.flatnonzero(problem.pickup_of != NO_PAIR)
    origin = problem.pickup_of[to]
    if ((origin < 0) | (origin >= problem.clients) | (origin == to)).any():
        yield "pickup_of: a client does not exist or is paired with itself"
        return
    if len(np.unique(origin)) < len(origin) or (problem.pickup_of[origin] != NO_PAIR).any():
        yield "pickup_of: a client is in two pairs"
    if (problem.delivery[to] != problem.pickup[origin]).any():
        yield "pickup_of: a client gets another amount than is picked up for it"
    if problem.pickup[to].any() or problem.delivery[origin].any():
        yield "pickup_of: a client of a pair has goods of its own; make that another client"
    if (problem.required[to] != problem.required[origin]).any():
        yield "pickup_of: one client of a pair is required and the other is not"
    if problem.backhaul[to].any() or problem.backhaul[origin].any():
        yield "pickup_of: a client of a pair is a backhaul"


def _of_speeds(problem: RoutingProblem) -> Iterator[str]:
    speeds = problem.speeds
    if speeds is None:
        return
    if speeds.starts.shape != speeds.percent.shape or speeds.starts.shape[:1] != (problem.profiles,):
        yield f"speeds: shapes {speeds.starts.shape} and {speeds.percent.shape}, expected {problem.profiles} profiles"
        return
    if (speeds.starts[:, 0] != 0).any() or (np.diff(speeds.starts, axis=1) < 0).any():
        yield "speeds: bands start at 0 and follow each other"
    if (speeds.starts >= speeds.period).any():
        yield "speeds: a band starts after the period is over"
    if ((speeds.percent < 1) | (speeds.percent > MOST_PERCENT)).any():
        yield f"speeds: a speed is below 1 or above {MOST_PERCENT} percent"


def _of_fleet(problem: RoutingProblem) -> Iterator[str]:
    fleet = problem.vehicles
    if fleet.capacity.shape[1] != problem.dimensions:
        yield f"vehicles: {fleet.capacity.shape[1]} capacity dimensions, clients have {problem.dimensions}"
    if ((fleet.start_depot < 0) | (fleet.start_depot >= problem.depots)).any():
        yield "vehicles: a start depot does not exist"
    if ((fleet.end_depot < OPEN_END) | (fleet.end_depot >= problem.depots)).any():
        yield "vehicles: an end depot does not exist"
    if (fleet.shift[:, 0] > fleet.shift[:, 1]).any():
        yield "vehicles: a shift ends before it starts"
    if ((fleet.profile < 0) | (fleet.profile >= problem.profiles)).any():
        yield "vehicles: a profile has no matrix"
    for name in ("allowed", "service", "setup"):
        values = getattr(fleet, name)
        if values is not None and values.shape != (fleet.types, problem.clients):
            yield f"vehicles: {name} has shape {values.shape}, expected {(fleet.types, problem.clients)}"
    signed = {"end_depot", "allowed", "skills", "service", "setup", "breaks"}
    for field in fields(fleet):
        if field.name not in signed and (getattr(fleet, field.name) < 0).any():
            yield f"vehicles: {field.name} is negative"
    breaks = fleet.breaks
    if breaks is None:
        return
    if breaks.windows.shape[0] != fleet.types or breaks.max_load.shape[2] != problem.dimensions:
        yield "breaks: not as many vehicle types or capacity dimensions as the fleet"
    elif (breaks.windows[..., 0] > breaks.windows[..., 1]).any():
        yield "breaks: a window ends before it starts"
    elif (np.diff((breaks.duration == NO_BREAK).astype(np.int64), axis=1) < 0).any():
        yield "breaks: one of a type follows on one that it does not have"
    elif (breaks.duration < NO_BREAK).any() or (breaks.max_load < 0).any() or (breaks.windows < 0).any():
        yield "breaks: a window, duration or load is negative"


def _of_pinned(problem: RoutingProblem) -> Iterator[str]:
    clients = [client for pinned in problem.pinned for client in pinned.clients]
    if any(not 0 <= client < problem.clients for client in clients):
        yield "pinned: a client does not exist"
        return
    if len(set(clients)) < len(clients):
        yield "pinned: a client is pinned twice"
    if any(not 0 <= pinned.vehicle_type < problem.vehicles.types for pinned in problem.pinned):
        yield "pinned: a vehicle type does not exist"
    if any(not 0 <= pinned.frozen <= len(pinned.clients) for pinned in problem.pinned):
        yield "pinned: more stops are frozen than pinned"
    partner = problem.partner()
    of_entry = {client: number for number, entry in enumerate(problem.pinned) for client in entry.clients}
    if any(partner[c] >= 0 and of_entry.get(int(partner[c])) != number for c, number in of_entry.items()):
        yield "pinned: one client of a pair is pinned without the other"
    kinds = [pinned.vehicle_type for pinned in problem.pinned]
    fleet = problem.vehicles
    if any(kinds.count(k) > int(fleet.count[k]) for k in set(kinds) if 0 <= k < fleet.types):
        yield "pinned: more vehicles of a type than there are"
