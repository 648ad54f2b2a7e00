"""Small problems solved to proven optimality: every useful route is enumerated, HiGHS chooses among them.

Routes grow client by client. Of two partial routes of one vehicle type over the same clients with the
same last one, the one that is no better in distance, time and load is dropped; of complete routes over
the same clients only the cheapest is kept. An iteration is a thousand partial routes.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from solvers.routing.evaluate import judge
from solvers.routing.problem import OPEN_END, UNBOUNDED, IntArray, RoutingProblem
from solvers.routing.registry import Found, UnsupportedProblemError
from solvers.routing.set_partitioning import Choice, Column, choose_routes
from solvers.routing.simplify import special_rules
from solvers.routing.solution import RoutingSolution
from solvers.routing.stop import StopRule

MOST_CLIENTS = 60
MOST_LABELS = 300_000
"""Partial routes kept at most; more would take minutes and gigabytes."""
LABELS_PER_ITERATION = 1000


def supports(problem: RoutingProblem) -> str | None:
    """Return None, or why the problem is not for this solver."""
    if problem.clients > MOST_CLIENTS:
        return f"exact enumerates routes: {problem.clients} clients are above {MOST_CLIENTS}"
    if (problem.vehicles.max_reloads > 0).any():
        return "exact does not know reloads"
    special = special_rules(problem)
    if special:
        return f"exact does not know {' and '.join(special)}"
    return None


def search(
    problem: RoutingProblem,
    stop: StopRule,
    seed: int,
    params: None = None,
    start: RoutingSolution | None = None,
    _threads: int = 1,
) -> Found:
    """Enumerate and choose; nothing is drawn, so that `seed` changes nothing.

    When `stop` comes first, the answer is `start` or the best that is at hand, without proof.

    Raises
    ------
    UnsupportedProblemError
        There are more partial routes than `MOST_LABELS`: the routes are too long for this solver.
    """
    labels = 0
    ended = False

    def on_label() -> bool:
        nonlocal labels, ended
        labels += 1
        if labels > MOST_LABELS:
            raise UnsupportedProblemError(f"exact: more than {MOST_LABELS} partial routes; use another solver")
        if labels % LABELS_PER_ITERATION == 0 and not ended:
            ended = stop(labels // LABELS_PER_ITERATION, float("inf")) >= 1
        return ended

    columns = [
        column for kind in range(problem.vehicles.types) for column in _Enumeration(problem, kind, on_label).columns()
    ]
    iterations = labels // LABELS_PER_ITERATION + 1
    choice = _choose(problem, columns, lambda: stop(iterations, float("inf")) >= 1)
    if choice is None:
        return Found(start or _greedy(problem, columns), iterations)
    routes = [(columns[k].vehicle_type, columns[k].clients) for k in choice.columns]
    solution = RoutingSolution.create(routes, problem.clients)
    proven = choice.optimal and not ended
    if start is not None and not proven and _rank(problem, start) < _rank(problem, solution):
        solution = start
    return Found(solution, iterations, optimal=proven)


def _rank(problem: RoutingProblem, solution: RoutingSolution) -> tuple[int, int]:
    """Return (broken rules, cost)."""
    verdict = judge(problem, solution)
    return len(verdict.violations), verdict.cost


def _greedy(problem: RoutingProblem, columns: list[Column]) -> RoutingSolution:
    """Take routes by cost per client as long as they share no client and vehicles are left."""
    free = problem.vehicles.count.tolist()
    served: set[int] = set()
    routes = []
    for column in sorted(columns, key=lambda column: (column.cost / len(column.clients), column.clients)):
        if free[column.vehicle_type] > 0 and served.isdisjoint(column.clients):
            free[column.vehicle_type] -= 1
            served.update(column.clients)
            routes.append((column.vehicle_type, column.clients))
    return RoutingSolution.create(routes, problem.clients)


def _choose(problem: RoutingProblem, columns: list[Column], interrupted: Callable[[], bool]) -> Choice | None:
    """Serve all required clients if that is possible, else as many as can be, by priority."""
    counts = problem.vehicles.count
    missed = np.where(problem.required, -1, problem.prize)
    choice = choose_routes(columns, problem.clients, counts, missed, interrupted=interrupted)
    if choice is None and not interrupted():
        dearest = max((column.cost for column in columns), default=0) + int(problem.prize.max(initial=0)) + 1
        left_out = np.where(problem.required, dearest * (1 + problem.priority), problem.prize)
        choice = choose_routes(columns, problem.clients, counts, left_out, interrupted=interrupted)
    return choice


class _Label(NamedTuple):
    """A partial route: what it has driven and when it can be where.

    Attributes
    ----------
    duration : least time between departure and the start of service at the last client.
    earliest : earliest start of service there.
    latest : latest departure that keeps all windows and that duration.
    fullest : most load on any leg so far, by dimension.
    picked : pick-ups on board, by dimension.
    """

    clients: tuple[int, ...]
    distance: int
    duration: int
    earliest: int
    latest: int
    fullest: tuple[int, ...]
    picked: tuple[int, ...]

    def as_good_as(self, other: _Label) -> bool:
        return (
            self.distance <= other.distance
            and self.duration <= other.duration
            and self.earliest <= other.earliest
            and self.latest >= other.latest
            and (self.fullest == other.fullest or all(map(operator.le, self.fullest, other.fullest)))
        )


_Level = dict[tuple[int, int], list[_Label]]
"""Labels by bit mask of the clients served and last client."""


class _Enumeration:
    """All useful routes of one vehicle type (resources as in Irnich 2008, OR Spectrum 30)."""

    def __init__(self, problem: RoutingProblem, kind: int, on_label: Callable[[], bool]) -> None:
        fleet = problem.vehicles
        self._problem, self._kind, self._on_label = problem, kind, on_label
        profile = int(fleet.profile[kind])
        self._distance = _matrix(problem, problem.distances, profile)
        self._time = self._distance if problem.durations is None else problem.durations[profile].tolist()
        self._able: list[int] = np.flatnonzero(problem.compatible()[kind]).tolist()
        self._capacity = tuple(fleet.capacity[kind].tolist())
        self._delivery = [tuple(row) for row in problem.delivery.tolist()]
        self._pickup = [tuple(row) for row in problem.pickup.tolist()]
        self._backhaul = problem.backhaul.tolist()
        self._release = problem.release.tolist()
        self._longest = min(int(fleet.max_duration[kind]), UNBOUNDED)
        self._farthest = int(fleet.max_distance[kind])
        self._most = int(fleet.max_stops[kind])
        self._start, self._end = int(fleet.start_depot[kind]), int(fleet.end_depot[kind])
        self._service = [0] * problem.depots + problem.service.tolist()
        self._windows = problem.windows[:, 0].tolist()

    def columns(self) -> Iterator[Column]:
        """Yield the cheapest route over every set of clients that one vehicle can serve."""
        level = self._singles()
        for _ in range(self._most):
            if not level:
                return
            best: dict[int, Column] = {}
            for (clients, _), labels in level.items():
                for label in labels:
                    column = self._complete(label)
                    if column is not None and (clients not in best or column.cost < best[clients].cost):
                        best[clients] = column
            yield from best.values()
            level = self._longer(level)

    def _singles(self) -> _Level:
        opens, closes = self._opening(self._start)
        if self._problem.vehicles.count[self._kind] == 0 or opens > closes or self._most < 1:
            return {}
        nothing = (0,) * len(self._capacity)
        leaving = _Label((), 0, 0, opens, closes, nothing, nothing)
        level: _Level = {}
        for client in self._able:
            label = None if self._backhaul[client] else self._extend(leaving, client)
            if label is not None:
                level[1 << client, client] = [label]
        return level

    def _longer(self, level: _Level) -> _Level:
        grown: _Level = {}
        for (clients, last), labels in level.items():
            for client in self._able:
                if clients >> client & 1 or (self._backhaul[last] and not self._backhaul[client]):
                    continue
                for label in labels:
                    longer = self._extend(label, client)
                    if longer is None:
                        continue
                    front = grown.setdefault((clients | 1 << client, client), [])
                    if not any(kept.as_good_as(longer) for kept in front):
                        front[:] = [kept for kept in front if not longer.as_good_as(kept)]
                        front.append(longer)
                        if self._on_label():
                            return grown
        return grown

    def _extend(self, label: _Label, client: int) -> _Label | None:
        depots = self._problem.depots
        # a delivery is on board from the start, a pick-up from here on
        picked = tuple(map(operator.add, label.picked, self._pickup[client]))
        fullest = tuple(map(max, map(operator.add, label.fullest, self._delivery[client]), picked))
        if any(map(operator.gt, fullest, self._capacity)):
            return None
        origin = depots + label.clients[-1] if label.clients else self._start
        step = self._step(label, origin, depots + client, self._windows[client])
        if step is None:
            return None
        distance, duration, earliest, latest = step
        release = self._release[client]
        if release > latest or distance > self._farthest or duration > self._longest:
            return None
        earliest = max(earliest, release + duration)
        return _Label((*label.clients, client), distance, duration, earliest, latest, fullest, picked)

    def _step(self, label: _Label, origin: int, node: int, window: list[int]) -> tuple[int, int, int, int] | None:
        """Return (distance, duration, earliest, latest) at `node`, None where its window is missed."""
        opens, closes = window
        moved = self._service[origin] + self._time[origin][node]
        arrival = label.earliest + moved
        if arrival > closes:
            return None
        duration = max(label.duration + moved, opens - label.latest)
        latest = min(label.latest, closes - duration)
        return label.distance + self._distance[origin][node], duration, max(arrival, opens), latest

    def _complete(self, label: _Label) -> Column | None:
        """Return the route closed at its end depot, None where that breaks a limit."""
        fleet, kind = self._problem.vehicles, self._kind
        last = self._problem.depots + label.clients[-1]
        if self._end == OPEN_END:
            distance, duration = label.distance, label.duration + self._service[last]
            if label.earliest + self._service[last] > int(fleet.shift[kind, 1]):
                return None
        else:
            step = self._step(label, last, self._end, list(self._opening(self._end)))
            if step is None:
                return None
            distance, duration = step[:2]
        if duration > self._longest or distance > self._farthest:
            return None
        cost = int(fleet.fixed_cost[kind]) + int(fleet.distance_cost[kind]) * distance
        return Column(kind, label.clients, cost + int(fleet.duration_cost[kind]) * duration)

    def _opening(self, depot: int) -> tuple[int, int]:
        opens, closes = (int(t) for t in self._problem.depot_windows[depot])
        early, late = (int(t) for t in self._problem.vehicles.shift[self._kind])
        return max(opens, early), min(closes, late)


def _matrix(problem: RoutingProblem, matrices: IntArray | None, profile: int) -> list[list[int]]:
    """Return a matrix [N][N] as lists, which plain code reads fastest."""
    if matrices is not None:
        full: list[list[int]] = matrices[profile].tolist()
        return full
    if problem.coordinates is None:
        raise ValueError("neither distances nor coordinates")
    legs = problem.coordinates[:, None] - problem.coordinates[None]
    length = problem.scale * np.sqrt(legs[..., 0] ** 2 + legs[..., 1] ** 2)
    rounded: list[list[int]] = np.floor(length + (0.5 if problem.rounding == "nearest" else 1e-9)).astype(int).tolist()
    return rounded
