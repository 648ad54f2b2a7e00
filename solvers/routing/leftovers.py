"""Clients that no route serves: what blocks each of them, and the nearest change that would fit it.

Every insertion into a route, and every vehicle of its own, is tried with the judge. What the judge
finds broken is what would have to give way; the nearest change is judged again with exactly that
change made, and `solvers.routing.proofs` proves it by solving again. A pick-up and its delivery are looked at together.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from solvers.routing.evaluate import Judgement, Rule
from solvers.routing.problem import RoutingProblem
from solvers.routing.relaxations import Change, effort_of, judged_alone, needed_changes, with_changes
from solvers.routing.solution import BREAK, RELOAD, Route, RoutingSolution
from solvers.routing.stop import StopRule, is_over
from solvers.routing.timetable import has_break, travel

__all__ = ["Blocked", "Change", "place_leftovers", "with_breaks"]

NEAREST = 20
"""Insertions are tried beside so many served clients, the nearest ones."""
MOST_TYPES = 20
"""A vehicle of its own is tried of so many types, those first that suit its skills and hold its goods."""

Unit = tuple[int, ...]
"""A client, or the pick-up and the delivery of a pair."""


@dataclass(frozen=True, slots=True)
class Blocked:
    """An unassigned client: the rules that block it and the nearest changes that together let it in.

    Attributes
    ----------
    reasons : what a vehicle of its own would break; fleet where only a free vehicle is missing.
    changes : empty where no vehicle exists at all.
    vehicle_type : of the route that would then serve it; -1 where there is none.
    route : index of that route; -1 for a vehicle of its own.
    stops : of that route with the client in its place, as `Route.clients`.
    proven : whether the problem was solved again with the changes made, with the client served and nobody dropped.
    """

    client: int
    reasons: tuple[Rule, ...]
    changes: tuple[Change, ...]
    vehicle_type: int
    route: int
    stops: tuple[int, ...] = ()
    proven: bool = False


@dataclass(frozen=True, slots=True)
class _Trial:
    """A route with the unit in it, and what it breaks; `number` is the route's index or -1; `cost` is added."""

    number: int
    route: Route
    changes: tuple[Change, ...]
    effort: float
    cost: int


def place_leftovers(
    problem: RoutingProblem, solution: RoutingSolution, stop: StopRule | None = None
) -> tuple[RoutingSolution, tuple[Blocked, ...]]:
    """Insert what still fits, each at its cheapest place, then explain what does not.

    Only required clients are looked at, those of high priority first. Once `stop` is over, only vehicles of their own
    are tried for the rest.
    """
    if stop is not None:
        stop(0, math.inf)
    partner = problem.partner()
    units = [
        (client, int(partner[client])) if partner[client] >= 0 else (client,)
        for client in solution.unassigned
        if problem.required[client] and problem.pickup_of[client] < 0
    ]
    tried: dict[Unit, list[_Trial]] = {}
    for unit in sorted(units, key=lambda u: (-int(problem.priority[u[0]]), u)):
        trials = list(_trials(problem, solution, unit, stop))
        fitting = [trial for trial in trials if not trial.changes]
        if fitting:
            solution = _with(problem, solution, min(fitting, key=lambda trial: trial.cost))
            tried.clear()  # they were tried on other routes
        else:
            tried[unit] = trials
    left = set(solution.unassigned)
    blocked: list[Blocked] = []
    for unit in units:
        if left.isdisjoint(unit):
            continue
        trials = tried[unit] if unit in tried else list(_trials(problem, solution, unit, stop))
        blocked += _explain(problem, unit, trials)
    return solution, tuple(sorted(blocked, key=lambda case: case.client))


def _with(problem: RoutingProblem, solution: RoutingSolution, trial: _Trial) -> RoutingSolution:
    routes = [(route.vehicle_type, route.clients) for n, route in enumerate(solution.routes) if n != trial.number]
    return RoutingSolution.create([*routes, (trial.route.vehicle_type, trial.route.clients)], problem.clients)


def _explain(problem: RoutingProblem, unit: Unit, trials: Sequence[_Trial]) -> list[Blocked]:
    alone = min((t for t in trials if t.number < 0), key=_nearness, default=None)
    reasons: tuple[Rule, ...] = ("fleet",)
    if _pins(problem, unit):
        reasons = ("pinned",)
    elif alone is None and problem.vehicles.types:
        reasons = ("precedence",)  # a backhaul never has a vehicle of its own
    elif alone is not None:
        reasons = tuple(dict.fromkeys(c.rule for c in alone.changes if c.rule != "fleet")) or ("fleet",)
    for trial in sorted(trials, key=_nearness):
        if judged_alone(with_changes(problem, trial.changes), trial.route).feasible:
            where = (trial.route.vehicle_type, trial.number, trial.route.clients)
            return [Blocked(client, reasons, trial.changes, *where) for client in unit]
    return [Blocked(client, reasons, (), -1, -1) for client in unit]


def _nearness(trial: _Trial) -> tuple[float, int]:
    return trial.effort, trial.cost


def _pins(problem: RoutingProblem, unit: Unit) -> bool:
    """Return whether the unit is pinned: its vehicle and its place in the order are given."""
    return any(client in entry.clients for entry in problem.pinned for client in unit)


def _trials(problem: RoutingProblem, solution: RoutingSolution, unit: Unit, stop: StopRule | None) -> Iterator[_Trial]:
    """Yield the unit on a vehicle of its own, by type, then beside its nearest neighbours until `stop` is over."""
    if _pins(problem, unit):
        yield from _pinned_trials(problem, solution, unit)
        return
    used = Counter(route.vehicle_type for route in solution.routes)
    for kind in _likely_types(problem, unit):
        missing = used[kind] >= int(problem.vehicles.count[kind])
        extra = (Change("fleet", 1, vehicle_type=kind),) if missing else ()
        for clients in _with_breaks(problem, kind, unit):
            trial = _try(problem, -1, Route(kind, clients), extra)
            if trial is not None:
                yield trial
    if is_over(stop):
        return
    near = [_nearest(problem, solution, client) for client in unit]
    for number, route in enumerate(solution.routes):
        if near[0].isdisjoint(route.clients) and near[-1].isdisjoint(route.clients):
            continue
        before_it = judged_alone(problem, route).cost
        for longer in _insertions(problem, route, unit, near):
            if is_over(stop):
                return
            trial = _try(problem, number, Route(route.vehicle_type, longer), ())
            if trial is not None:
                yield replace(trial, cost=trial.cost - before_it)


def _likely_types(problem: RoutingProblem, unit: Unit) -> list[int]:
    fleet, clients = problem.vehicles, list(unit)
    if fleet.types <= MOST_TYPES:
        return list(range(fleet.types))
    lacking = (problem.skills[clients][None, :] & ~fleet.skills[:, None]).any(axis=1)
    if fleet.allowed is not None:
        lacking |= ~fleet.allowed[:, clients].all(axis=1)
    goods = np.maximum(problem.delivery[clients], problem.pickup[clients]).max(axis=0)
    excess = (np.maximum(0, goods - fleet.capacity) / np.maximum(1, fleet.capacity)).max(axis=1)
    return [int(kind) for kind in np.lexsort((excess, lacking))[:MOST_TYPES]]


def _pinned_trials(problem: RoutingProblem, solution: RoutingSolution, unit: Unit) -> Iterator[_Trial]:
    """Yield the pinned unit at its place among the pinned stops that are served."""
    entry = next(entry for entry in problem.pinned if unit[0] in entry.clients)
    number = next((n for n, route in enumerate(solution.routes) if set(route.stops) & set(entry.clients)), -1)
    clients = () if number < 0 else solution.routes[number].clients
    for client in unit:
        later = entry.clients[entry.clients.index(client) + 1 :]
        at = next((k for k, c in enumerate(clients) if c in later), None)
        earlier = [k for k, c in enumerate(clients) if c in entry.clients and c not in later]
        at = (earlier[-1] + 1 if earlier else 0) if at is None or client in entry.clients[: entry.frozen] else at
        clients = (*clients[:at], client, *clients[at:])
    rows = [clients] if number >= 0 else list(_with_breaks(problem, entry.vehicle_type, clients))
    for row in rows:
        trial = _try(problem, number, Route(entry.vehicle_type, row), ())
        if trial is not None:
            yield trial


def _with_breaks(problem: RoutingProblem, kind: int, clients: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Yield `clients` with the breaks of a driver of the type in every place among them."""
    breaks = problem.vehicles.breaks
    number = 0 if breaks is None else sum(has_break(problem, kind, k) for k in range(breaks.duration.shape[1]))
    for places in itertools.combinations_with_replacement(range(len(clients) + 1), number):
        row: list[int] = []
        for k in range(len(clients) + 1):
            row += [BREAK - m for m, place in enumerate(places) if place == k]
            row += clients[k : k + 1]
        yield tuple(row)


def with_breaks(problem: RoutingProblem, route: Route) -> Route:
    """Return a route of stops only with its driver's breaks, where they break fewest rules and cost least."""
    if problem.vehicles.breaks is None:
        return route
    rows = (Route(route.vehicle_type, row) for row in _with_breaks(problem, route.vehicle_type, route.stops))
    judged = [(judged_alone(problem, row), row) for row in rows]
    return min(judged, key=lambda pair: (_broken(pair[0]), pair[0].cost))[1]


def _broken(verdict: Judgement) -> tuple[int, int]:
    return len(verdict.violations), sum(v.amount for v in verdict.violations)


def _insertions(
    problem: RoutingProblem, route: Route, unit: Unit, near: Sequence[set[int]]
) -> Iterator[tuple[int, ...]]:
    """Yield the route with the unit beside its near clients, and with a reload on either side where that may be."""
    row = route.clients
    frozen = _frozen(problem, route)

    def beside(client_near: set[int]) -> list[int]:
        places = range(frozen, len(row) + 1)
        return [k for k in places if not client_near.isdisjoint((*row[max(0, k - 1) : k], *row[k : k + 1]))]

    if len(unit) == 2:
        first, second = beside(near[0]), beside(near[1])
        for a in first or second:
            for b in {a, *(b for b in second if b >= a)}:
                yield (*row[:a], unit[0], *row[a:b], unit[1], *row[b:])
        return
    reloads = problem.vehicles.max_reloads[route.vehicle_type] > 0
    for k in beside(near[0]):
        before, after = row[:k], row[k:]
        yield (*before, *unit, *after)
        if reloads and before and before[-1] != RELOAD:
            yield (*before, RELOAD, *unit, *after)
        if reloads and after and after[0] != RELOAD:
            yield (*before, *unit, RELOAD, *after)


def _frozen(problem: RoutingProblem, route: Route) -> int:
    """Return how many entries of the route stay in front."""
    frozen = {client for entry in problem.pinned for client in entry.clients[: entry.frozen]}
    return max((k + 1 for k, client in enumerate(route.clients) if client in frozen), default=0)


def _nearest(problem: RoutingProblem, solution: RoutingSolution, client: int) -> set[int]:
    served = [c for route in solution.routes for c in route.stops]
    here = problem.depots + client
    return set(sorted(served, key=lambda c: (travel(problem, 0, problem.depots + c, here)[0], c))[:NEAREST])


def _try(problem: RoutingProblem, number: int, route: Route, extra: tuple[Change, ...]) -> _Trial | None:
    """Return the trial with the changes it needs, or None where no change of a limit helps."""
    verdict = judged_alone(problem, route)
    changes = needed_changes(problem, route, verdict)
    if changes is None:
        return None
    kept = (*extra, *changes)
    return _Trial(number, route, kept, sum(effort_of(problem, change) for change in kept), verdict.cost)
