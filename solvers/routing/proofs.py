"""Fixes proven by solving again: the change is made, the problem solved from the answer, the result judged.

A change is made to one vehicle only, so that "vehicle 7 holds 120 more" means this vehicle. A fix is proven when the
judge finds an answer to the changed problem in which the client is served and everybody who was served still
is. Then less is tried, since a search may need less than an insertion: what is told is what the answer found needs.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from solvers.routing import registry
from solvers.routing.evaluate import judge
from solvers.routing.leftovers import Blocked, place_leftovers
from solvers.routing.problem import RoutingProblem
from solvers.routing.relaxations import Change, judged_alone, needed_changes, with_changes
from solvers.routing.solution import Route, RoutingSolution
from solvers.routing.stop import StopRule, any_of, iterations
from solvers.routing.subproblem import part_of, with_types
from solvers.routing.timetable import travel

MOST_PROVEN = 20
"""So many clients (a pair counts once), the most important first, have their fixes proven."""
AROUND = 100
"""The routes nearest to the client are solved again, so many clients at least; the others stay as they are."""
ITERATIONS = 50
"""Of each search."""
ROUNDS = 3
"""So often less than what is known to be enough is tried."""
INSERTING = 0.4
"""Share of a clock for insertions and the nearest changes; the rest is for proofs."""
_SOLVER = "ruin_recreate"
_WHOLE = {"fleet", "skills"}
"""Changes that cannot be smaller."""


@dataclass(frozen=True, slots=True)
class _Case:
    """A client or a pair, and the routes around it; the changed vehicle is a type of its own, behind all others.

    Attributes
    ----------
    unit : the blocked client, or both of a pair.
    kind : type of the vehicle that is changed. changes : that let the unit in.
    near, far : routes to be solved again, and the others. inserted : the near ones with the unit in its place.
    """

    unit: tuple[int, ...]
    kind: int
    changes: tuple[Change, ...]
    near: tuple[Route, ...]
    far: tuple[Route, ...]
    inserted: tuple[Route, ...]


def explain_leftovers(
    problem: RoutingProblem, solution: RoutingSolution, stop: StopRule | None = None
) -> tuple[RoutingSolution, tuple[Blocked, ...]]:
    """Return the answer with what still fits inserted, and of all other clients what blocks them and what would help.

    Parameters
    ----------
    stop : ends it, its clock starting once the kernels that it needs are loaded; `INSERTING` of it is for what
        `place_leftovers` does, the rest for `prove_fixes`. None: every fix of the `MOST_PROVEN` first is proven.
    """
    if stop is None or not solution.unassigned:
        return prove_fixes(problem, *place_leftovers(problem, solution))
    part = part_of(problem, solution.unassigned[:1])
    if registry.why_not(_SOLVER, part) is None:
        registry.solve(part, iterations(1), solver=_SOLVER)  # loads what the clock should not see
    stop(0, math.inf)
    going = _going_on(stop)
    return prove_fixes(
        problem, *place_leftovers(problem, solution, lambda done, best: going(done, best) / INSERTING), going
    )


def prove_fixes(
    problem: RoutingProblem, solution: RoutingSolution, blocked: Sequence[Blocked], stop: StopRule | None = None
) -> tuple[RoutingSolution, tuple[Blocked, ...]]:
    """Return the answer with the fixes of `blocked` proven by solving again, and made smaller where less is enough.

    Where a search finds that nothing need give way after all, its answer is looked at instead.

    Parameters
    ----------
    solution, blocked : as `place_leftovers` returns them.
    stop : ends it early, also where the next search is likely to go beyond it; None: never. The rest stays unproven.
    """
    told = {case.client: case for case in blocked}
    units = sorted({_unit(problem, case.client) for case in blocked if case.changes})
    units.sort(key=lambda unit: -int(problem.priority[unit[0]]))
    proven: list[tuple[_Case, tuple[Route, ...]]] = []
    stop = None if stop is None else _going_on(stop)
    dearest = 0.0
    for unit in units[:MOST_PROVEN]:
        used = _share(stop)
        if used + dearest >= 1:
            break
        case = _case(problem, solution, unit, told[unit[0]])
        routes = _solved(problem, case, case.changes, case.inserted, stop)
        dearest = max(dearest, _share(stop) - used)
        if routes is not None:
            proven.append((case, routes))
    for case, enough in proven:
        routes = enough if _share(stop) + ROUNDS * dearest >= 1 else _smallest(problem, case, enough, stop)
        changes = _needed(problem, case, routes)
        if not changes:
            kept = [(_kind(problem, case, r), r.clients) for r in (*case.far, *routes)]
            better = RoutingSolution.create(kept, problem.clients)
            return prove_fixes(problem, *place_leftovers(problem, better, stop), stop)
        for client in case.unit:
            told[client] = replace(told[client], changes=changes, proven=True)
    return solution, tuple(told.values())


def _going_on(stop: StopRule) -> StopRule:
    """Return `stop` with a clock that no search starts anew."""
    return lambda done, best: stop(max(1, done), best)


def _share(stop: StopRule | None) -> float:
    """Return the share of `stop` that is used; 0 for None."""
    return 0.0 if stop is None else stop(1, math.inf)


def _kind(problem: RoutingProblem, case: _Case, route: Route) -> int:
    """Return the route's type in the problem as it is."""
    return case.kind if route.vehicle_type == problem.vehicles.types else route.vehicle_type


def _unit(problem: RoutingProblem, client: int) -> tuple[int, ...]:
    """Return the client, or the pick-up and the delivery of its pair."""
    other = int(problem.partner()[client])
    if other < 0:
        return (client,)
    return (client, other) if problem.pickup_of[client] < 0 else (other, client)


def _case(problem: RoutingProblem, solution: RoutingSolution, unit: tuple[int, ...], told: Blocked) -> _Case:
    """Return the case; near are the route told and those that come nearest to the unit."""
    here, changed = problem.depots + unit[0], problem.vehicles.types
    others = [route for n, route in enumerate(solution.routes) if n != told.route]
    others.sort(key=lambda route: min(travel(problem, 0, here, problem.depots + c)[0] for c in route.stops))
    taken, count = 0, len(told.stops)
    while taken < len(others) and count < AROUND:
        count += len(others[taken].stops)
        taken += 1
    near = [] if told.route < 0 else [Route(changed, solution.routes[told.route].clients)]
    return _Case(
        unit=unit,
        kind=told.vehicle_type,
        changes=told.changes,
        near=(*near, *others[:taken]),
        far=tuple(others[taken:]),
        inserted=(Route(changed, told.stops), *others[:taken]),
    )


def _smallest(
    problem: RoutingProblem, case: _Case, routes: tuple[Route, ...], cap: StopRule | None
) -> tuple[Route, ...]:
    """Return routes that need as little as was found enough, halving what is in doubt; `routes` need all of it."""
    enough, little = 1.0, 0.0
    for _ in range(ROUNDS):
        share = (enough + little) / 2
        less = tuple(
            change if change.rule in _WHOLE else replace(change, amount=int(share * change.amount))
            for change in case.changes
        )
        if less == case.changes:
            break
        found = _solved(problem, case, less, case.near, cap)
        if found is None:
            little = share
        else:
            enough, routes = share, found
    return routes


def _needed(problem: RoutingProblem, case: _Case, routes: Sequence[Route]) -> tuple[Change, ...]:
    """Return what has to give way in the problem as it is for `routes`, which the judge has found right if changed."""
    changes: list[Change] = []
    used = Counter(_kind(problem, case, route) for route in (*case.far, *routes))
    if used[case.kind] > int(problem.vehicles.count[case.kind]):
        changes.append(Change("fleet", 1, vehicle_type=case.kind))
    late = {change.client for change in case.changes if change.rule == "delay"}
    for route in routes:
        if route.vehicle_type == problem.vehicles.types or not late.isdisjoint(route.clients):
            own = Route(_kind(problem, case, route), route.clients)
            changes += needed_changes(problem, own, judged_alone(problem, own)) or ()
    return tuple(changes)


def _solved(
    problem: RoutingProblem, case: _Case, changes: Sequence[Change], begin: Sequence[Route], cap: StopRule | None
) -> tuple[Route, ...] | None:
    """Return routes of all near clients and the unit with `changes` made, found from `begin`; None: not found.

    The search has `ITERATIONS`, or ends with `cap`.
    """
    fleet = problem.vehicles
    clients = sorted({c for route in case.near for c in route.stops} | set(case.unit))
    number = {client: k for k, client in enumerate(clients)}
    count = np.append(fleet.count - np.bincount([r.vehicle_type for r in case.far], minlength=fleet.types), 1)
    count[case.kind] -= all(change.rule != "fleet" for change in changes)
    ours = set(case.inserted[0].stops)
    pinned = (replace(p, vehicle_type=fleet.types) if ours & set(p.clients) else p for p in problem.pinned)
    split = replace(with_types(problem, np.append(np.arange(fleet.types), case.kind), count), pinned=tuple(pinned))
    own = [replace(change, vehicle_type=fleet.types) if change.vehicle_type >= 0 else change for change in changes]
    part = part_of(with_changes(split, own), clients)
    part = replace(part, required=np.ones(len(clients), np.bool_), balance_cost=0)
    rows = [(route.vehicle_type, [number[c] if c >= 0 else c for c in route.clients]) for route in begin]
    found = RoutingSolution.create(rows, len(clients))
    if registry.why_not(_SOLVER, part) is None:
        rule = iterations(ITERATIONS) if cap is None else any_of(iterations(ITERATIONS), cap)
        result = registry.solve(part, rule, solver=_SOLVER, start=found)
        found, right = result.solution, result.feasible
    else:
        right = judge(part, found).feasible
    if not right:
        return None
    return tuple(Route(r.vehicle_type, tuple(clients[c] if c >= 0 else c for c in r.clients)) for r in found.routes)
