"""The same routing problem in fewer rules, where some can be said by others: every solution keeps its cost.

Most files need only what the fastest solvers know, but say it otherwise: travel time charged instead of distance, setup
times at places that nobody visits twice. What cannot be said otherwise stays as it is.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from solvers.routing.fleet import AS_CLIENT, UNBOUNDED
from solvers.routing.problem import IntArray, RoutingProblem

LARGEST = 1 << 31
"""Distances stay below, as compiled solvers hold them in 32 bits."""


def special_rules(problem: RoutingProblem) -> list[str]:
    """Return the rules, in words, that only the general solver (`solvers.routing.general`) knows."""
    fleet = problem.vehicles
    found = {
        "several time windows per client": problem.windows.shape[1] > 1,
        "driver breaks": fleet.breaks is not None,
        "pick-up before delivery": bool((problem.pickup_of >= 0).any()),
        "travel times by time of day": problem.speeds is not None,
        "setup times at shared places": bool(problem.setup.any()) or fleet.setup is not None,
        "service times by vehicle type": fleet.service is not None,
        "costs of time at the wheel or of arcs beside a largest distance": bool(fleet.driving_cost.any())
        or problem.arc_costs is not None,
        "a cost of service time": bool(fleet.service_cost.any()),
        "a largest time at the wheel": bool((fleet.max_driving < UNBOUNDED).any()),
        "overtime": bool(((fleet.overtime_cost > 0) & (fleet.regular_duration < UNBOUNDED)).any()),
        "balance of routes": problem.balance_cost > 0,
        "pinned stops": bool(problem.pinned),
    }
    return [rule for rule, there in found.items() if there]


def simplified(problem: RoutingProblem) -> RoutingProblem:
    """Return `problem` with as few special rules as say the same; `problem` itself where nothing can be simpler."""
    if problem.clients == 0 or not special_rules(problem):
        return problem
    return _charged(_without_setup(_with_one_window(problem)))


def _with_one_window(problem: RoutingProblem) -> RoutingProblem:
    windows = problem.windows
    if windows.shape[1] > 1 and (windows == windows[:, :1]).all():
        return replace(problem, windows=np.ascontiguousarray(windows[:, :1]))
    return problem


def _without_setup(problem: RoutingProblem) -> RoutingProblem:
    """Add setup to service where no two nodes share a place, and take service times that all types have in common."""
    fleet, place = problem.vehicles, problem.place
    shared = place is not None and len(np.unique(place)) < len(place)
    service, setup = fleet.service, fleet.setup
    if not shared and (problem.setup.any() or setup is not None):
        if service is not None or setup is not None:
            none = np.full((fleet.types, problem.clients), AS_CLIENT, np.int64)
            own_service, own_setup = (none if own is None else own for own in (service, setup))
            service = np.where(own_service == AS_CLIENT, problem.service, own_service)
            service = service + np.where(own_setup == AS_CLIENT, problem.setup, own_setup)
        usual = problem.service + problem.setup
        problem = replace(problem, service=usual, setup=np.zeros_like(usual))
        setup = None
    if service is not None:
        known = np.where(service == AS_CLIENT, problem.service, service)
        if (known == known[:1]).all():
            problem, service = replace(problem, service=np.ascontiguousarray(known[0])), None
    return replace(problem, vehicles=replace(fleet, service=service, setup=setup))


def _charged(problem: RoutingProblem) -> RoutingProblem:
    """Put all that an arc costs, and the service at its end, into the distances, one matrix per way of charging."""
    fleet = problem.vehicles
    limited = bool((fleet.max_driving < UNBOUNDED).any())
    costs = bool(fleet.driving_cost.any() or fleet.service_cost.any()) or problem.arc_costs is not None
    if problem.speeds is not None or not (limited or costs):
        return problem
    if problem.durations is None and problem.arc_costs is None and not fleet.service_cost.any():
        return _by_distance(problem)
    if problem.distances is None or fleet.service is not None or fleet.setup is not None or problem.setup.any():
        return problem
    ways: dict[tuple[int, ...], int] = {}
    distances: list[IntArray] = []
    durations: list[IntArray] = []
    rates: list[int] = []
    profiles: list[int] = []
    farthest: list[int] = []
    for kind in range(fleet.types):
        key = tuple(int(v[kind]) for v in (fleet.profile, fleet.distance_cost, fleet.driving_cost, fleet.service_cost))
        if key not in ways:
            found = _way(problem, kind)
            if found is None:
                return problem
            ways[key] = len(ways)
            distances.append(found[0])
            durations.append(found[1])
            rates.append(found[2])
        number = ways[key]
        most = _farthest(problem, kind, distances[number], durations[number])
        if most is None:
            return problem
        profiles.append(number)
        farthest.append(most)
    return replace(
        problem,
        distances=np.stack(distances),
        durations=np.stack(durations),
        arc_costs=None,
        vehicles=replace(
            fleet,
            profile=np.array(profiles, np.int64),
            distance_cost=np.array([rates[number] for number in profiles], np.int64),
            driving_cost=np.zeros_like(fleet.driving_cost),
            service_cost=np.zeros_like(fleet.service_cost),
            max_distance=np.array(farthest, np.int64),
            max_driving=np.full_like(fleet.max_driving, UNBOUNDED),
        ),
    )


def _by_distance(problem: RoutingProblem) -> RoutingProblem:
    """Charge and limit distance where time at the wheel equals it."""
    fleet = problem.vehicles
    rates = fleet.distance_cost + fleet.driving_cost
    most = np.minimum(fleet.max_distance, fleet.max_driving)
    free, unlimited = np.zeros_like(rates), np.full_like(rates, UNBOUNDED)
    simple = replace(fleet, distance_cost=rates, driving_cost=free, max_distance=most, max_driving=unlimited)
    return replace(problem, vehicles=simple)


def _way(problem: RoutingProblem, kind: int) -> tuple[IntArray, IntArray, int] | None:
    """Return (what is charged [N, N] in its largest unit, durations [N, N], the unit), None where it is too much."""
    fleet = problem.vehicles
    profile = int(fleet.profile[kind])
    assert problem.distances is not None
    distance = problem.distances[profile]
    duration = distance if problem.durations is None else problem.durations[profile]
    charged: IntArray = int(fleet.distance_cost[kind]) * distance + int(fleet.driving_cost[kind]) * duration
    if problem.arc_costs is not None:
        charged = charged + problem.arc_costs[profile]
    if fleet.service_cost[kind]:
        charged = charged.copy()
        charged[:, problem.depots :] += int(fleet.service_cost[kind]) * problem.service
    unit = int(np.gcd.reduce(charged, axis=None))
    if unit == 0:
        return duration, duration, 0
    charged = charged // unit
    return None if charged.max() >= LARGEST else (charged, duration, unit)


def _farthest(problem: RoutingProblem, kind: int, charged: IntArray, duration: IntArray) -> int | None:
    """Return the largest charged distance that says the type's limits; None where no such one does."""
    fleet = problem.vehicles
    assert problem.distances is not None
    limits = [UNBOUNDED]
    measured = (
        (int(fleet.max_driving[kind]), duration),
        (int(fleet.max_distance[kind]), problem.distances[fleet.profile[kind]]),
    )
    for most, matrix in measured:
        if most >= UNBOUNDED:
            continue
        scale = int(charged.max(initial=0)) / max(1, int(matrix.max(initial=0)))
        # charged = scale x matrix, so that one limit says the other
        if scale == 0 or (charged * int(matrix.max(initial=0)) != matrix * int(charged.max(initial=0))).any():
            return None
        limits.append(most * int(charged.max()) // int(matrix.max()))
    return min(limits)
