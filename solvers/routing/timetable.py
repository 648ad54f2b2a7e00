"""A route in time, worked out step by step in plain code: legs, windows, breaks, speeds by time of day.

A route ends as early as possible and, given that, leaves as late as possible.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass

from solvers.routing.fleet import AS_CLIENT, NO_BREAK
from solvers.routing.problem import OPEN_END, UNBOUNDED, RoutingProblem
from solvers.routing.solution import BREAK, RELOAD, Route

START = -2
"""In a timetable: departure from the start depot."""
END = -3
"""In a timetable: return to the end depot."""

FOREVER = UNBOUNDED * UNBOUNDED

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Visit:
    """One line of a timetable: a client index, `RELOAD`, `BREAK - k`, `START` or `END`, and its times.

    `arrival` <= `start` <= `departure`; `start - arrival` is waiting, `departure - start` is setup and service;
    `distance` and `driving` are from the visit before; `late` is how much later than its last window it starts, `early`
    how much before a window (only where the start is held at a given time).
    """

    client: int
    arrival: int
    start: int
    departure: int
    distance: int
    driving: int
    setup: int
    late: int
    early: int


@dataclass(frozen=True, slots=True)
class Timetable:
    """A route in time; `service` contains setup, `cost` all but the cost of balance."""

    visits: tuple[Visit, ...]
    distance: int
    duration: int
    driving: int
    waiting: int
    service: int
    cost: int


def travel(problem: RoutingProblem, profile: int, origin: int, destination: int) -> tuple[int, int]:
    """Return (distance, duration at full speed) between two nodes."""
    if problem.distances is not None:
        distance = int(problem.distances[profile, origin, destination])
    elif problem.coordinates is not None:
        x, y = problem.coordinates[origin] - problem.coordinates[destination]
        length = problem.scale * math.sqrt(x * x + y * y)
        distance = math.floor(length + (0.5 if problem.rounding == "nearest" else 1e-9))
    else:
        raise ValueError("neither distances nor coordinates")
    return distance, distance if problem.durations is None else int(problem.durations[profile, origin, destination])


class Clock:
    """How far a vehicle gets in time, in hundredths of a unit at full speed."""

    def __init__(self, problem: RoutingProblem, profile: int) -> None:
        starts, percent, self.period = [0], [100], UNBOUNDED
        if problem.speeds is not None:
            starts, percent = problem.speeds.starts[profile].tolist(), problem.speeds.percent[profile].tolist()
            self.period = problem.speeds.period
        bands = zip(starts, [*starts[1:], FOREVER], percent, strict=True)
        self.bands = [(a, end, v) for a, end, v in bands if a < end]
        self.whole = sum((min(end, self.period) - a) * v for a, end, v in self.bands)

    def covered(self, time: int) -> int:
        """Return what is covered from 0 to `time`."""
        if time < 0:
            return time * self.bands[0][2]
        rounds, rest = divmod(time, self.period)
        return rounds * self.whole + sum((min(rest, end) - a) * v for a, end, v in self.bands if rest > a)

    def first_at(self, amount: int) -> int:
        """Return the first time at which `amount` is covered."""
        return self._inverse(amount, up=True)

    def last_at(self, amount: int) -> int:
        """Return the last time at which no more than `amount` is covered."""
        return self._inverse(amount, up=False)

    def _inverse(self, amount: int, *, up: bool) -> int:
        rounds, rest = divmod(amount, self.whole) if amount >= 0 else (0, amount)
        for a, end, v in self.bands:
            if rest <= (end - a) * v or end == FOREVER:
                return rounds * self.period + a + (-(-rest // v) if up else rest // v)
            rest -= (end - a) * v
        raise AssertionError("the last band has no end")


@dataclass(frozen=True, slots=True)
class _Call:
    """Something on the way: node (-1 for a break), when it may start, how long it takes, the leg that leads to it."""

    client: int
    node: int
    windows: tuple[Span, ...]
    held: Span
    service: int
    setup: int
    distance: int
    drive: int


FREE: Span = (-UNBOUNDED, UNBOUNDED)


def _calls(problem: RoutingProblem, route: Route, held: Mapping[int, Span]) -> list[_Call]:
    """Return all that happens on a route; `held` bounds starts beyond the windows, by place in `route.clients`."""
    fleet, kind = problem.vehicles, route.vehicle_type
    opens, closes = (int(t) for t in fleet.shift[kind])
    profile = int(fleet.profile[kind])
    calls: list[_Call] = []
    before = -1  # the last node

    def add(client: int, node: int, windows: tuple[Span, ...], service: int, setup: int, at: int) -> None:
        nonlocal before
        distance = drive = 0
        if node >= 0 and before >= 0:
            distance, drive = travel(problem, profile, before, node)
            if problem.place is not None and problem.place[before] == problem.place[node]:
                setup = 0
        before = node if node >= 0 else before
        calls.append(_Call(client, node, windows, held.get(at, FREE), service + setup, setup, distance, drive))

    def depot(node: int, code: int, clients: list[int], at: int) -> None:
        released = max((int(problem.release[c]) for c in clients), default=0)
        early, late = (int(t) for t in problem.depot_windows[node])
        early, late = max(early, opens, released), min(late, closes)
        add(code, node, ((early, max(early, late)),), 0, 0, at)

    start, end = int(fleet.start_depot[kind]), int(fleet.end_depot[kind])
    trips = iter(route.trips())
    depot(start, START, next(trips), -1)
    for at, client in enumerate(route.clients):
        if client == RELOAD:
            depot(start, RELOAD, next(trips), at)
        elif client >= 0:
            spans = tuple((int(a), int(b)) for a, b in problem.windows[client])
            service, setup = times_at(problem, kind, client)
            add(client, problem.depots + client, spans, service, setup, at)
        elif has_break(problem, kind, BREAK - client) and fleet.breaks is not None:
            spans = tuple((int(a), int(b)) for a, b in fleet.breaks.windows[kind, BREAK - client])
            add(client, -1, spans, int(fleet.breaks.duration[kind, BREAK - client]), 0, at)
    if end != OPEN_END:
        depot(end, END, [], len(route.clients))
    return calls


def has_break(problem: RoutingProblem, kind: int, number: int) -> bool:
    """Return whether drivers of the type have a break of this number."""
    breaks = problem.vehicles.breaks
    return breaks is not None and 0 <= number < breaks.duration.shape[1] and breaks.duration[kind, number] != NO_BREAK


def times_at(problem: RoutingProblem, kind: int, client: int) -> tuple[int, int]:
    """Return (service, setup) of a vehicle type at a client."""
    fleet = problem.vehicles
    own = [None if times is None else int(times[kind, client]) for times in (fleet.service, fleet.setup)]
    usual = int(problem.service[client]), int(problem.setup[client])
    service, setup = (u if t in {None, AS_CLIENT} else t for t, u in zip(own, usual, strict=True))
    return int(service or 0), int(setup or 0)


def _first_start(call: _Call, ready: int) -> int:
    """Return when a call starts: in the first window still open, or at once (late); where held, between its bounds."""
    low, high = call.held
    ready = max(ready, low)
    start = min((max(a, ready) for a, b in call.windows if ready <= b), default=ready)
    return max(ready, min(start, high))


def _last_start(call: _Call, limit: int, planned: int) -> int:
    """Return the latest start at or before `limit` inside a window; `planned` if that is outside one."""
    if not any(a <= planned <= b for a, b in call.windows):
        return min(planned, limit)
    limit = min(limit, max(planned, call.held[1]))
    return max(min(b, limit) for a, b in call.windows if a <= limit)


def _run(calls: list[_Call], clock: Clock, departure: int) -> list[tuple[int, int, int]]:
    """Return (arrival, start, time at the wheel before it) of every call."""
    rows = [(departure, departure, 0)]
    time, left = departure, 0  # `left` of the drive to the next place
    for k in range(1, len(calls)):
        if calls[k - 1].node >= 0:
            work = 100 * next((call.drive for call in calls[k:] if call.node >= 0), 0)
            left = clock.first_at(clock.covered(time) + work) - time
        if calls[k].node >= 0:
            arrival, driven = time + left, left
            start = _first_start(calls[k], arrival)
        else:
            start = _first_start(calls[k], time)
            driven = min(left, start - time)
            arrival = time + driven
        left -= driven
        rows.append((arrival, start, driven))
        time = start + calls[k].service
    return rows


def _latest_departure(calls: list[_Call], clock: Clock, starts: list[int]) -> int:
    """Return the latest departure that keeps the last start and every window that `starts` keeps.

    From one place to the next a vehicle needs its drive and its breaks, and each break has to find its window.
    """
    goal = bound = starts[-1] + calls[-1].service
    work, away = 0, calls[-1].service
    for k in range(len(calls) - 1, 0, -1):
        if calls[k].node >= 0:
            goal = bound = _last_start(calls[k], bound - away, starts[k])
            work, away = 100 * calls[k].drive, 0
        else:
            bound = _last_start(calls[k], bound - calls[k].service, starts[k])
            away += calls[k].service if k + 1 < len(calls) else 0
        if calls[k - 1].node >= 0:
            bound = min(bound, clock.last_at(clock.covered(goal - away) - work))
            away = calls[k - 1].service
    return bound


def timetable(problem: RoutingProblem, route: Route, held: Mapping[int, Span] | None = None) -> Timetable:
    """Return when the route is where, how far it drives and what it costs.

    Parameters
    ----------
    held : earliest and latest start beyond the windows, by place in `route.clients` (-1: departure, their number: end).
    """
    fleet, kind = problem.vehicles, route.vehicle_type
    calls = _calls(problem, route, held or {})
    profile = int(fleet.profile[kind])
    clock = Clock(problem, profile)
    opens, closes = calls[0].windows[0]
    first = max(opens, calls[0].held[0])
    rows = _run(calls, clock, first)  # as early as possible
    latest = _latest_departure(calls, clock, [start for _, start, _ in rows])
    rows = _run(calls, clock, max(first, min(latest, closes, max(first, calls[0].held[1]))))
    visits = tuple(
        Visit(
            client=call.client,
            arrival=arrival,
            start=start,
            departure=start + call.service,
            distance=call.distance,
            driving=driven,
            setup=call.setup,
            late=max(0, start - max(b for _, b in call.windows)),
            early=_earliness(call, start),
        )
        for call, (arrival, start, driven) in zip(calls, rows, strict=True)
    )
    distance, driving = sum(v.distance for v in visits), sum(v.driving for v in visits)
    duration = visits[-1].departure - visits[0].departure
    service = sum(v.departure - v.start for v in visits if v.client >= 0)
    cost = int(fleet.fixed_cost[kind]) + int(fleet.distance_cost[kind]) * distance
    cost += int(fleet.duration_cost[kind]) * duration + int(fleet.driving_cost[kind]) * driving
    cost += int(fleet.service_cost[kind]) * service
    cost += int(fleet.overtime_cost[kind]) * max(0, duration - int(fleet.regular_duration[kind]))
    if problem.arc_costs is not None:
        nodes = [call.node for call in calls if call.node >= 0]
        cost += sum(int(problem.arc_costs[profile, a, b]) for a, b in itertools.pairwise(nodes))
    return Timetable(
        visits=visits,
        distance=distance,
        duration=duration,
        driving=driving,
        waiting=sum(v.start - v.arrival for v in visits),
        service=service,
        cost=cost,
    )


def _earliness(call: _Call, start: int) -> int:
    """Return how much before a window the call starts; 0 inside one or after the last."""
    if any(a <= start <= b for a, b in call.windows):
        return 0
    return min((a - start for a, _ in call.windows if a > start), default=0)
