"""Routes around pinned ones: pinned stops keep vehicle and order, everything else is planned around them.

The routing solvers know no fixed order of stops. So the pinned routes are set aside, a solver routes the
other loads with the vehicles that are left, and what finds no place there is inserted between pinned stops,
never changing their order. Where few loads are left a second answer is made by inserting them one by one, at
the cheapest place of all routes; the better of the two is taken, so that a late order does not cost a lorry
of its own where a pinned one passes by.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from planner.distribution.stop_pins import PinnedDay
from solvers.routing import registry
from solvers.routing.evaluate import judge
from solvers.routing.leftovers import Blocked, place_leftovers, with_breaks
from solvers.routing.problem import RoutingProblem
from solvers.routing.solution import Route, RoutingSolution
from solvers.routing.stop import StopRule
from solvers.routing.subproblem import part_of, with_types

INSERTED_ONE_BY_ONE = 25
"""Up to so many loads are also tried one by one: each is judged at every place of every route."""

_NEVER = -1


def solve_around(
    problem: RoutingProblem, pinned: Sequence[Route], solver: str, rule: StopRule, seed: int
) -> tuple[RoutingSolution, tuple[Blocked, ...]]:
    """Return routes that hold the pinned stops in order, and what blocks the loads on none of them."""
    fixed = {client for route in pinned for client in route.stops}
    rest = [client for client in range(problem.clients) if client not in fixed]
    base = [(route.vehicle_type, route.clients) for route in pinned]
    answers = []
    free = np.maximum(problem.vehicles.count - np.bincount([k for k, _ in base], minlength=problem.vehicles.types), 0)
    if rest and free.any():
        kinds = np.flatnonzero(free)
        found = registry.solve(
            with_types(part_of(problem, rest), kinds, free[kinds]), rule, seed, solver=solver
        ).solution
        others = [
            (int(kinds[route.vehicle_type]), tuple(rest[c] if c >= 0 else c for c in route.clients))
            for route in found.routes
        ]
        answers.append(place_leftovers(problem, RoutingSolution.create([*base, *others], problem.clients)))
    if len(rest) <= INSERTED_ONE_BY_ONE:
        answers.append(place_leftovers(problem, _one_by_one(problem, base, rest)))
    elif not answers:
        answers.append(place_leftovers(problem, RoutingSolution.create(base, problem.clients)))
    return min(answers, key=lambda answer: (len(answer[1]), judge(problem, answer[0]).cost))


def _one_by_one(
    problem: RoutingProblem, base: Sequence[tuple[int, tuple[int, ...]]], rest: Sequence[int]
) -> RoutingSolution:
    """Insert every load where it adds least to the cost, on a route or a vehicle of its own, the heaviest first."""
    routes = [(kind, clients, _cost(problem, kind, clients)) for kind, clients in base]
    for client in sorted(rest, key=lambda c: (*(-problem.delivery[c]).tolist(), c)):
        used = Counter(kind for kind, _, _ in routes)
        own = [(-1, kind, (), 0) for kind in range(problem.vehicles.types) if used[kind] < problem.vehicles.count[kind]]
        best: tuple[int, int, tuple[int, ...], int] | None = None
        least = math.inf
        for n, kind, clients, cost in [*((n, *route) for n, route in enumerate(routes)), *own]:
            for at in range(len(clients) + 1):
                longer = (*clients[:at], client, *clients[at:])
                if n < 0:
                    longer = with_breaks(problem, Route(kind, longer)).clients
                after = _cost(problem, kind, longer)
                if after != _NEVER and after - cost < least:
                    least, best = after - cost, (n, kind, longer, after)
        if best is not None:
            routes = [route for n, route in enumerate(routes) if n != best[0]] + [best[1:]]
    return RoutingSolution.create([(kind, clients) for kind, clients, _ in routes], problem.clients)


def _cost(problem: RoutingProblem, kind: int, clients: tuple[int, ...]) -> int:
    """Return what a route costs; _NEVER where it breaks a rule."""
    verdict = judge(problem, RoutingSolution((Route(kind, clients),), ()))
    return verdict.cost if all(v.rule == "unassigned" for v in verdict.violations) else _NEVER


def vehicle_numbers(routes: Sequence[Route], pinned: PinnedDay) -> list[int]:
    """Return which vehicle of its type each route is for: the pinned number, else the first free one."""
    of_client = {
        client: number for route, number in zip(pinned.routes, pinned.numbers, strict=True) for client in route.stops
    }
    fixed = [next((of_client[c] for c in route.stops if c in of_client), 0) for route in routes]
    taken = Counter((route.vehicle_type, number) for route, number in zip(routes, fixed, strict=True) if number)
    numbers: list[int] = []
    for route, number in zip(routes, fixed, strict=True):
        if not number:
            number = next(k for k in range(1, len(routes) + 2) if (route.vehicle_type, k) not in taken)
            taken[route.vehicle_type, number] += 1
        numbers.append(number)
    return numbers
