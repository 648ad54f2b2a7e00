"""Clients that no route serves: what blocks each of them, and the nearest change that would fit it.

Every insertion into a route, and every vehicle of its own, is tried with the judge. What the judge
finds broken is what would have to give way; the nearest change is judged again with exactly that
change made, so a fix that is told is a fix that works.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from solvers.routing.evaluate import Judgement, Rule, judge, travel
from solvers.routing.problem import IntArray, RoutingProblem
from solvers.routing.solution import RELOAD, Route, RoutingSolution

NEAREST = 20
"""Insertions are tried beside so many served clients, the nearest ones."""


@dataclass(frozen=True, slots=True)
class Change:
    """One rule that gives way.

    Attributes
    ----------
    rule : delay (the client's window ends later), load, skills, shift (ends later), max_duration,
        max_distance, max_tasks, or fleet (one more vehicle of the type).
    amount : by how much, in the rule's unit.
    client : whose window, for delay; else -1.
    vehicle_type : whose limit; -1 for delay.
    dimension : of the capacity, for load; else -1.
    """

    rule: Rule
    amount: int
    client: int = -1
    vehicle_type: int = -1
    dimension: int = -1


@dataclass(frozen=True, slots=True)
class Blocked:
    """An unassigned client: the rules that block it and the nearest changes that together let it in.

    Attributes
    ----------
    reasons : what a vehicle of its own would break; fleet where only a free vehicle is missing.
    changes : empty where no vehicle exists at all.
    vehicle_type : of the route that would then serve it; -1 where there is none.
    route : index of that route; -1 for a vehicle of its own.
    """

    client: int
    reasons: tuple[Rule, ...]
    changes: tuple[Change, ...]
    vehicle_type: int
    route: int


@dataclass(frozen=True, slots=True)
class _Trial:
    """A route with the client in it, and what it breaks; `number` is the route's index or -1; `cost` is added."""

    number: int
    route: Route
    changes: tuple[Change, ...]
    effort: float
    cost: int


def place_leftovers(problem: RoutingProblem, solution: RoutingSolution) -> tuple[RoutingSolution, tuple[Blocked, ...]]:
    """Insert what still fits, each at its cheapest place, then explain what does not.

    Only required clients are looked at, those of high priority first.
    """
    waiting = [client for client in solution.unassigned if problem.required[client]]
    tried: dict[int, list[_Trial]] = {}
    for client in sorted(waiting, key=lambda c: (-int(problem.priority[c]), c)):
        trials = list(_trials(problem, solution, client))
        fitting = [trial for trial in trials if not trial.changes]
        if fitting:
            solution = _with(problem, solution, min(fitting, key=lambda trial: trial.cost))
            tried.clear()  # they were tried on other routes
        else:
            tried[client] = trials
    blocked = []
    for client in (c for c in solution.unassigned if problem.required[c]):
        trials = tried[client] if client in tried else list(_trials(problem, solution, client))
        blocked.append(_explain(problem, client, trials))
    return solution, tuple(blocked)


def _with(problem: RoutingProblem, solution: RoutingSolution, trial: _Trial) -> RoutingSolution:
    routes = [(route.vehicle_type, route.clients) for n, route in enumerate(solution.routes) if n != trial.number]
    return RoutingSolution.create([*routes, (trial.route.vehicle_type, trial.route.clients)], problem.clients)


def _explain(problem: RoutingProblem, client: int, trials: Sequence[_Trial]) -> Blocked:
    alone = min((t for t in trials if t.number < 0), key=_nearness, default=None)
    reasons: tuple[Rule, ...] = ("fleet",)
    if alone is None and problem.vehicles.types:
        reasons = ("precedence",)  # a backhaul never has a vehicle of its own
    elif alone is not None:
        reasons = tuple(dict.fromkeys(c.rule for c in alone.changes if c.rule != "fleet")) or ("fleet",)
    for trial in sorted(trials, key=_nearness):
        if _holds(problem, trial):
            return Blocked(client, reasons, trial.changes, trial.route.vehicle_type, trial.number)
    return Blocked(client, reasons, (), -1, -1)


def _nearness(trial: _Trial) -> tuple[float, int]:
    return trial.effort, trial.cost


def _trials(problem: RoutingProblem, solution: RoutingSolution, client: int) -> Iterator[_Trial]:
    """Yield the client on a vehicle of its own, by type, then beside its nearest neighbours."""
    used = Counter(route.vehicle_type for route in solution.routes)
    for kind in range(problem.vehicles.types):
        missing = used[kind] >= int(problem.vehicles.count[kind])
        extra = (Change("fleet", 1, vehicle_type=kind),) if missing else ()
        trial = _try(problem, -1, Route(kind, (client,)), client, extra)
        if trial is not None:
            yield trial
    near = _nearest(problem, solution, client)
    for number, route in enumerate(solution.routes):
        if near.isdisjoint(route.clients):
            continue
        before_it = _judged(problem, route).cost
        for place in range(len(route.clients) + 1):
            before, after = route.clients[:place], route.clients[place:]
            if near.isdisjoint((*before[-1:], *after[:1])):
                continue
            for visit in _visits(problem, route, client, before, after):
                trial = _try(problem, number, Route(route.vehicle_type, (*before, *visit, *after)), client, ())
                if trial is not None:
                    yield replace(trial, cost=trial.cost - before_it)


def _visits(
    problem: RoutingProblem, route: Route, client: int, before: tuple[int, ...], after: tuple[int, ...]
) -> Iterator[tuple[int, ...]]:
    """Yield the client, and with a reload on either side where the vehicle may reload."""
    yield (client,)
    if problem.vehicles.max_reloads[route.vehicle_type] > 0:
        if before and before[-1] != RELOAD:
            yield (RELOAD, client)
        if after and after[0] != RELOAD:
            yield (client, RELOAD)


def _nearest(problem: RoutingProblem, solution: RoutingSolution, client: int) -> set[int]:
    served = [c for route in solution.routes for c in route.clients if c != RELOAD]
    here = problem.depots + client
    return set(sorted(served, key=lambda c: (travel(problem, 0, problem.depots + c, here)[0], c))[:NEAREST])


def _try(problem: RoutingProblem, number: int, route: Route, client: int, extra: tuple[Change, ...]) -> _Trial | None:
    """Return the trial with the changes it needs, or None where no change of a limit helps."""
    verdict = _judged(problem, route)
    changes = [*extra]
    kind = route.vehicle_type
    for broken in verdict.violations:
        if broken.rule == "delay":
            changes.append(Change("delay", broken.amount, client=_clients(route)[broken.client]))
        elif broken.rule == "skills":
            changes.append(Change("skills", 1, client=_clients(route)[broken.client], vehicle_type=kind))
        elif broken.rule in {"shift", "max_duration", "max_distance", "max_tasks"}:
            changes.append(Change(broken.rule, broken.amount, vehicle_type=kind))
        elif broken.rule != "load":
            return None
    changes += _overloads(problem, route)
    kept = tuple(_largest(changes))
    return _Trial(number, route, kept, sum(_effort(problem, change) for change in kept), verdict.cost)


def _largest(changes: list[Change]) -> Iterator[Change]:
    """Yield one change per limit, the largest: a vehicle leaves and returns, and carries several loads."""
    limits: dict[tuple[Rule, int, int, int], Change] = {}
    for change in changes:
        key = (change.rule, change.client, change.vehicle_type, change.dimension)
        if key not in limits or limits[key].amount < change.amount:
            limits[key] = change
    yield from limits.values()


def _overloads(problem: RoutingProblem, route: Route) -> Iterator[Change]:
    """Yield how much each dimension of the vehicle lacks for the fullest leg of the route."""
    trips: list[list[int]] = [[]]
    for client in route.clients:
        if client == RELOAD:
            trips.append([])
        else:
            trips[-1].append(client)
    for trip in trips:
        on_board = problem.delivery[trip].sum(axis=0) + np.vstack(
            [np.zeros(problem.dimensions, dtype=np.int64), np.cumsum(problem.pickup[trip] - problem.delivery[trip], 0)]
        )
        lacking = on_board.max(axis=0) - problem.vehicles.capacity[route.vehicle_type]
        for dimension in np.flatnonzero(lacking > 0).tolist():
            yield Change("load", int(lacking[dimension]), vehicle_type=route.vehicle_type, dimension=dimension)


def _effort(problem: RoutingProblem, change: Change) -> float:
    """Return how far a change is: an hour later, a tenth more load or distance and one more stop count alike."""
    fleet, kind = problem.vehicles, change.vehicle_type
    if change.rule in {"delay", "shift", "max_duration"}:
        return change.amount / 3600
    if change.rule == "load":
        return 10 * change.amount / max(1, int(fleet.capacity[kind, change.dimension]))
    if change.rule == "max_distance":
        return 10 * change.amount / max(1, int(fleet.max_distance[kind]))
    return {"max_tasks": 1.0 * change.amount, "fleet": 2.0, "skills": 3.0}[change.rule]


def _holds(problem: RoutingProblem, trial: _Trial) -> bool:
    """Return whether the judge finds nothing broken once the trial's changes are made."""
    windows, fleet = problem.windows.copy(), problem.vehicles
    shift, duration, distance = fleet.shift.copy(), fleet.max_duration.copy(), fleet.max_distance.copy()
    stops, capacity, skills = fleet.max_stops.copy(), fleet.capacity.copy(), fleet.skills.copy()
    allowed = None if fleet.allowed is None else fleet.allowed.copy()
    by_type: dict[Rule, IntArray] = {"max_duration": duration, "max_distance": distance, "max_tasks": stops}
    for change in trial.changes:
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
        elif change.rule in by_type:
            by_type[change.rule][kind] += change.amount
    changed = replace(
        problem,
        windows=windows,
        vehicles=replace(
            fleet,
            shift=shift,
            max_duration=duration,
            max_distance=distance,
            max_stops=stops,
            capacity=capacity,
            skills=skills,
            allowed=allowed,
        ),
    )
    return _judged(changed, trial.route).feasible


def _clients(route: Route) -> list[int]:
    return [client for client in route.clients if client != RELOAD]


def _judged(problem: RoutingProblem, route: Route) -> Judgement:
    """Judge one route in a problem of its clients only; client k is the k-th of the route."""
    clients = _clients(route)
    nodes = np.array([*range(problem.depots), *(problem.depots + client for client in clients)])
    square = np.ix_(np.arange(problem.profiles), nodes, nodes)
    fleet = problem.vehicles
    part = replace(
        problem,
        distances=None if problem.distances is None else problem.distances[square],
        durations=None if problem.durations is None else problem.durations[square],
        coordinates=None if problem.coordinates is None else problem.coordinates[nodes],
        **{
            name: getattr(problem, name)[clients]
            for name in (
                "delivery", "pickup", "windows", "service", "release", "prize", "required", "priority", "skills",
                "backhaul",
            )
        },
        vehicles=replace(
            fleet,
            count=np.maximum(fleet.count, 1),
            allowed=None if fleet.allowed is None else fleet.allowed[:, clients],
        ),
    )  # fmt: skip
    position = iter(range(len(clients)))
    order = tuple(RELOAD if client == RELOAD else next(position) for client in route.clients)
    return judge(part, RoutingSolution((Route(route.vehicle_type, order),), ()))
