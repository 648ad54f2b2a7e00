"""The judge: plain, slow code that re-times, re-weighs and re-prices an answer; it shares nothing with the solvers."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Literal

from solvers.routing.problem import OPEN_END, RoutingProblem
from solvers.routing.solution import RELOAD, Route, RoutingSolution

Rule = Literal[
    "unassigned",
    "duplicate",
    "unknown",
    "delay",
    "load",
    "skills",
    "precedence",
    "fleet",
    "shift",
    "max_duration",
    "max_distance",
    "max_tasks",
    "reloads",
]
START = -2
"""In a timetable: departure from the start depot."""
END = -3
"""In a timetable: return to the end depot."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule: where, and by how much in the rule's unit."""

    rule: Rule
    route: int
    client: int
    amount: int
    message: str


@dataclass(frozen=True, slots=True)
class Visit:
    """One line of a timetable: a client index, `RELOAD`, `START` or `END`, and its times.

    `arrival` <= `start` <= `departure`; `start - arrival` is waiting, `departure - start` is service;
    `distance` is from the visit before; `late` is how much later than its last window it starts.
    """

    client: int
    arrival: int
    start: int
    departure: int
    distance: int
    late: int


@dataclass(frozen=True, slots=True)
class Timetable:
    """A route in time: it ends as early as possible and, given that, leaves as late as possible.

    With one window per client no other departure makes the route shorter.
    """

    visits: tuple[Visit, ...]
    distance: int
    duration: int
    driving: int
    waiting: int
    cost: int


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the judge found: cost (routes plus lost prizes), totals, and every broken rule."""

    cost: int
    distance: int
    duration: int
    violations: tuple[Violation, ...]

    @property
    def feasible(self) -> bool:
        """Whether no rule is broken."""
        return not self.violations


def travel(problem: RoutingProblem, profile: int, origin: int, destination: int) -> tuple[int, int]:
    """Return (distance, duration) between two nodes."""
    if problem.distances is not None:
        distance = int(problem.distances[profile, origin, destination])
    elif problem.coordinates is not None:
        x, y = problem.coordinates[origin] - problem.coordinates[destination]
        length = problem.scale * math.sqrt(x * x + y * y)
        distance = math.floor(length + (0.5 if problem.rounding == "nearest" else 1e-9))
    else:
        raise ValueError("neither distances nor coordinates")
    return distance, distance if problem.durations is None else int(problem.durations[profile, origin, destination])


@dataclass(frozen=True, slots=True)
class _Call:
    """A place on the way: node, when it may start, how long it takes."""

    client: int
    node: int
    windows: tuple[tuple[int, int], ...]
    service: int


def _calls(problem: RoutingProblem, route: Route) -> list[_Call]:
    fleet, kind = problem.vehicles, route.vehicle_type
    opens, closes = (int(t) for t in fleet.shift[kind])

    def depot(node: int, client: int, clients: list[int]) -> _Call:
        released = max((int(problem.release[c]) for c in clients), default=0)
        early, late = (int(t) for t in problem.depot_windows[node])
        early, late = max(early, opens, released), min(late, closes)
        return _Call(client, node, ((early, max(early, late)),), 0)

    trips: list[list[int]] = [[]]
    for client in route.clients:
        if client == RELOAD:
            trips.append([])
        else:
            trips[-1].append(client)
    start, end = int(fleet.start_depot[kind]), int(fleet.end_depot[kind])
    calls: list[_Call] = []
    for number, trip in enumerate(trips):
        calls.append(depot(start, RELOAD if number else START, trip))
        for client in trip:
            spans = tuple((int(a), int(b)) for a, b in problem.windows[client])
            calls.append(_Call(client, problem.depots + client, spans, int(problem.service[client])))
    if end != OPEN_END:
        calls.append(depot(end, END, []))
    return calls


def _next_start(call: _Call, arrival: int) -> int:
    """Return when service starts for an arrival: in the first window that is still open, else at once (late)."""
    return min((max(a, arrival) for a, b in call.windows if arrival <= b), default=arrival)


def _last_start(call: _Call, limit: int) -> int:
    """Return the latest start of service at or before `limit` inside a window, else `limit`."""
    return max((min(b, limit) for a, b in call.windows if a <= limit), default=limit)


def timetable(problem: RoutingProblem, route: Route) -> Timetable:
    """Return when the route is where, how far it drives and what it costs."""
    fleet, kind = problem.vehicles, route.vehicle_type
    calls = _calls(problem, route)
    profile = int(fleet.profile[kind])
    legs = [(0, 0)] + [travel(problem, profile, a.node, b.node) for a, b in itertools.pairwise(calls)]
    arrivals, starts = _times(calls, legs, calls[0].windows[0][0])
    limit = starts[-1]
    for k in range(len(calls) - 1, 0, -1):
        late = arrivals[k] > max(b for _, b in calls[k].windows)
        held = min(starts[k], limit) if late else _last_start(calls[k], limit)
        limit = held - legs[k][1] - calls[k - 1].service
    arrivals, starts = _times(calls, legs, max(calls[0].windows[0][0], min(limit, calls[0].windows[0][1])))
    visits = tuple(
        Visit(c.client, a, s, s + c.service, leg[0], max(0, s - max(b for _, b in c.windows)))
        for c, a, s, leg in zip(calls, arrivals, starts, legs, strict=True)
    )
    distance = sum(leg[0] for leg in legs)
    duration = visits[-1].departure - visits[0].departure
    cost = int(fleet.fixed_cost[kind]) + int(fleet.distance_cost[kind]) * distance
    return Timetable(
        visits=visits,
        distance=distance,
        duration=duration,
        driving=sum(leg[1] for leg in legs),
        waiting=sum(v.start - v.arrival for v in visits),
        cost=cost + int(fleet.duration_cost[kind]) * duration,
    )


def _times(calls: list[_Call], legs: list[tuple[int, int]], departure: int) -> tuple[list[int], list[int]]:
    arrivals, starts = [departure], [departure]
    for k in range(1, len(calls)):
        arrivals.append(starts[-1] + calls[k - 1].service + legs[k][1])
        starts.append(_next_start(calls[k], arrivals[-1]))
    return arrivals, starts


def judge(problem: RoutingProblem, solution: RoutingSolution) -> Judgement:
    """Return cost and every violated rule of `solution`."""
    broken = _coverage(problem, solution)
    if any(v.rule == "unknown" for v in broken):
        return Judgement(0, 0, 0, tuple(broken))
    cost = sum(int(problem.prize[c]) for c in solution.unassigned if not problem.required[c])
    distance = duration = 0
    for number, route in enumerate(solution.routes):
        plan = timetable(problem, route)
        cost, distance, duration = cost + plan.cost, distance + plan.distance, duration + plan.duration
        broken += _route_violations(problem, number, route, plan)
    return Judgement(cost, distance, duration, tuple(broken))


def _coverage(problem: RoutingProblem, solution: RoutingSolution) -> list[Violation]:
    broken: list[Violation] = []
    seen: dict[int, int] = {}
    used = [0] * problem.vehicles.types
    for number, route in enumerate(solution.routes):
        if not 0 <= route.vehicle_type < len(used):
            broken.append(Violation("unknown", number, -1, 1, f"vehicle type {route.vehicle_type} does not exist"))
            continue
        used[route.vehicle_type] += 1
        for client in route.clients:
            if client != RELOAD and not 0 <= client < problem.clients:
                broken.append(Violation("unknown", number, client, 1, f"client {client} does not exist"))
            elif client != RELOAD:
                seen[client] = seen.get(client, 0) + 1
                if seen[client] == 2:
                    broken.append(Violation("duplicate", number, client, 1, f"client {client} is visited twice"))
    for client in range(problem.clients):
        if client not in seen and bool(problem.required[client]):
            broken.append(Violation("unassigned", -1, client, 1, f"client {client} is on no route"))
        elif (client in seen) == (client in solution.unassigned):
            broken.append(Violation("duplicate", -1, client, 1, f"client {client}: routes and unassigned disagree"))
    for kind, number in enumerate(used):
        excess = number - int(problem.vehicles.count[kind])
        if excess > 0:
            broken.append(Violation("fleet", -1, -1, excess, f"{number} vehicles of type {kind}, {excess} too many"))
    return broken


def _route_violations(problem: RoutingProblem, number: int, route: Route, plan: Timetable) -> list[Violation]:
    fleet, kind = problem.vehicles, route.vehicle_type
    broken: list[Violation] = []

    def over(rule: Rule, amount: int, what: str, client: int = -1) -> None:
        if amount > 0:
            broken.append(Violation(rule, number, client, amount, f"route {number}: {what} by {amount}"))

    for visit in plan.visits:
        if visit.client >= 0:
            over("delay", visit.late, f"client {visit.client} is served late", visit.client)
        else:
            over("shift", visit.late, "the depot is reached or left after the shift or closing")
    clients = [c for c in route.clients if c != RELOAD]
    over("max_duration", plan.duration - int(fleet.max_duration[kind]), "longer than allowed in time")
    over("max_distance", plan.distance - int(fleet.max_distance[kind]), "longer than allowed in distance")
    over("max_tasks", len(clients) - int(fleet.max_stops[kind]), "more stops than allowed")
    over("reloads", len(route.clients) - len(clients) - int(fleet.max_reloads[kind]), "more reloads than allowed")
    for client in clients:
        lacking = int(problem.skills[client]) & ~int(fleet.skills[kind])
        barred = fleet.allowed is not None and not bool(fleet.allowed[kind, client])
        over("skills", lacking.bit_count() + barred, f"client {client} needs another vehicle", client)
    return broken + _load_violations(problem, number, route) + _order_violations(problem, number, clients)


def _load_violations(problem: RoutingProblem, number: int, route: Route) -> list[Violation]:
    broken: list[Violation] = []
    trips: list[list[int]] = [[]]
    for client in route.clients:
        if client == RELOAD:
            trips.append([])
        else:
            trips[-1].append(client)
    for dimension in range(problem.dimensions):
        capacity = int(problem.vehicles.capacity[route.vehicle_type, dimension])
        for trip in trips:
            load = most = sum(int(problem.delivery[c, dimension]) for c in trip)
            for client in trip:
                load += int(problem.pickup[client, dimension]) - int(problem.delivery[client, dimension])
                most = max(most, load)
            if most > capacity:
                text = f"route {number}: load {most} in dimension {dimension}, {most - capacity} too much"
                broken.append(Violation("load", number, -1, most - capacity, text))
    return broken


def _order_violations(problem: RoutingProblem, number: int, clients: list[int]) -> list[Violation]:
    back = [bool(problem.backhaul[c]) for c in clients]
    broken: list[Violation] = []
    for position in range(1, len(back)):
        if back[position - 1] and not back[position]:
            text = f"route {number}: client {clients[position]} comes after a backhaul"
            broken.append(Violation("precedence", number, clients[position], 1, text))
    if back and all(back):
        broken.append(Violation("precedence", number, -1, 1, f"route {number} has backhauls only"))
    return broken
