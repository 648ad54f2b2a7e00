"""The judge: plain, slow code that re-times, re-weighs and re-prices an answer; it shares nothing with the solvers."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from solvers.routing.problem import OPEN_END, RoutingProblem
from solvers.routing.solution import BREAK, RELOAD, Route, RoutingSolution
from solvers.routing.timetable import Span, Timetable, has_break, timetable

Rule = Literal[
    "unassigned",
    "duplicate",
    "unknown",
    "delay",
    "lead_time",
    "load",
    "skills",
    "precedence",
    "fleet",
    "shift",
    "break",
    "missing_break",
    "max_load",
    "max_duration",
    "max_driving",
    "max_distance",
    "max_tasks",
    "reloads",
    "pinned",
]


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule: where, and by how much in the rule's unit."""

    rule: Rule
    route: int
    client: int
    amount: int
    message: str


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


def judge(problem: RoutingProblem, solution: RoutingSolution, held: Sequence[Mapping[int, Span]] = ()) -> Judgement:
    """Return cost and every violated rule of `solution`; `held` bounds starts by route, see `timetable`."""
    broken = _coverage(problem, solution)
    if any(v.rule == "unknown" for v in broken):
        return Judgement(0, 0, 0, tuple(broken))
    cost = sum(int(problem.prize[c]) for c in solution.unassigned if not problem.required[c])
    distance = duration = longest = 0
    for number, route in enumerate(solution.routes):
        plan = timetable(problem, route, held[number] if held else None)
        cost, distance, duration = cost + plan.cost, distance + plan.distance, duration + plan.duration
        longest = max(longest, plan.duration)
        broken += _route_violations(problem, number, route, plan)
    broken += _pin_violations(problem, solution)
    return Judgement(cost + problem.balance_cost * longest, distance, duration, tuple(broken))


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
            known = client == RELOAD or 0 <= client < problem.clients
            if not known and not has_break(problem, route.vehicle_type, BREAK - client):
                what = "break" if client < 0 else "client"
                broken.append(Violation("unknown", number, client, 1, f"{what} {client} does not exist"))
            elif client >= 0:
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
            over("lead_time", visit.early, f"client {visit.client} is served early", visit.client)
        elif visit.client <= BREAK:
            over("break", visit.late + visit.early, "a break is taken outside its windows", visit.client)
        else:
            over("shift", visit.late, "the depot is reached or left after the shift or closing")
    if fleet.end_depot[kind] == OPEN_END:
        late = plan.visits[-1].departure - int(fleet.shift[kind, 1])
        over("shift", late, "the last stop is left after the shift")
    clients = route.stops
    over("max_duration", plan.duration - int(fleet.max_duration[kind]), "longer than allowed in time")
    over("max_driving", plan.driving - int(fleet.max_driving[kind]), "longer than allowed at the wheel")
    over("max_distance", plan.distance - int(fleet.max_distance[kind]), "longer than allowed in distance")
    over("max_tasks", len(clients) - int(fleet.max_stops[kind]), "more stops than allowed")
    reloads = route.clients.count(RELOAD)
    over("reloads", reloads - int(fleet.max_reloads[kind]), "more reloads than allowed")
    for client in clients:
        lacking = int(problem.skills[client]) & ~int(fleet.skills[kind])
        barred = fleet.allowed is not None and not bool(fleet.allowed[kind, client])
        over("skills", lacking.bit_count() + barred, f"client {client} needs another vehicle", client)
    broken += _load_violations(problem, number, route) + _break_violations(problem, number, route)
    return broken + _order_violations(problem, number, clients) + _pair_violations(problem, number, route)


def loads_on_board(problem: RoutingProblem, route: Route, dimension: int) -> list[int]:
    """Return what is on board when the route leaves, and after every entry of `route.clients`."""
    trips = iter(route.trips())

    def loaded(trip: list[int]) -> int:
        return sum(int(problem.delivery[c, dimension]) for c in trip if problem.pickup_of[c] < 0)

    loads = [loaded(next(trips))]
    for client in route.clients:
        if client == RELOAD:
            loads.append(loaded(next(trips)))
        elif client >= 0:
            loads.append(loads[-1] + int(problem.pickup[client, dimension]) - int(problem.delivery[client, dimension]))
        else:
            loads.append(loads[-1])
    return loads


def _load_violations(problem: RoutingProblem, number: int, route: Route) -> list[Violation]:
    """Return one violation for each dimension and trip that is too full at some point."""
    broken: list[Violation] = []
    for dimension in range(problem.dimensions):
        capacity = int(problem.vehicles.capacity[route.vehicle_type, dimension])
        loads = loads_on_board(problem, route, dimension)
        cuts = [0, *(k + 1 for k, client in enumerate(route.clients) if client == RELOAD), len(loads)]
        for begin, end in itertools.pairwise(cuts):
            most = max(loads[begin:end])
            if most > capacity:
                text = f"route {number}: load {most} in dimension {dimension}, {most - capacity} too much"
                broken.append(Violation("load", number, -1, most - capacity, text))
    return broken


def _break_violations(problem: RoutingProblem, number: int, route: Route) -> list[Violation]:
    breaks = problem.vehicles.breaks
    if breaks is None:
        return []
    broken: list[Violation] = []
    taken = [BREAK - client for client in route.clients if client <= BREAK]
    due = [k for k in range(breaks.duration.shape[1]) if has_break(problem, route.vehicle_type, k)]
    broken += [
        Violation("missing_break", number, BREAK - k, 1, f"route {number}: break {k} is not taken")
        for k in due
        if k not in taken
    ]
    if sorted(set(taken)) != taken:
        broken.append(Violation("break", number, -1, 1, f"route {number}: a break is taken twice or out of order"))
    for dimension in range(problem.dimensions):
        loads = loads_on_board(problem, route, dimension)
        for at, client in enumerate(route.clients):
            if client <= BREAK:
                excess = loads[at] - int(breaks.max_load[route.vehicle_type, BREAK - client, dimension])
                if excess > 0:
                    text = f"route {number}: {excess} too much on board at a break in dimension {dimension}"
                    broken.append(Violation("max_load", number, client, excess, text))
    return broken


def _order_violations(problem: RoutingProblem, number: int, clients: Sequence[int]) -> list[Violation]:
    back = [bool(problem.backhaul[c]) for c in clients]
    broken: list[Violation] = []
    for position in range(1, len(back)):
        if back[position - 1] and not back[position]:
            text = f"route {number}: client {clients[position]} comes after a backhaul"
            broken.append(Violation("precedence", number, clients[position], 1, text))
    if back and all(back):
        broken.append(Violation("precedence", number, -1, 1, f"route {number} has backhauls only"))
    return broken


def _pair_violations(problem: RoutingProblem, number: int, route: Route) -> list[Violation]:
    """Return the clients whose goods are not fetched before on the same trip, or are never brought."""
    broken: list[Violation] = []
    if not (problem.pickup_of >= 0).any():
        return broken
    partner = problem.partner()
    for trip in route.trips():
        for at, client in enumerate(trip):
            origin = int(problem.pickup_of[client])
            if origin >= 0 and origin not in trip[:at]:
                text = f"route {number}: client {client} comes without or before its pick-up"
                broken.append(Violation("precedence", number, client, 1, text))
            if origin < 0 <= partner[client] and int(partner[client]) not in trip:
                text = f"route {number}: what is picked up at client {client} is not brought"
                broken.append(Violation("precedence", number, client, 1, text))
    return broken


def _pin_violations(problem: RoutingProblem, solution: RoutingSolution) -> list[Violation]:
    """Return the pinned stops that are served by another vehicle, in another order, or behind others where frozen."""
    broken: list[Violation] = []
    on = {client: number for number, route in enumerate(solution.routes) for client in route.clients if client >= 0}
    holders: dict[int, int] = {}
    for entry, pinned in enumerate(problem.pinned):
        served = [client for client in pinned.clients if client in on]
        for client in served:
            number = on[served[0]]
            stops = solution.routes[number].stops
            ours = [c for c in stops if c in served]
            frozen = [c for c in pinned.clients[: pinned.frozen] if c in on]
            kept = on[client] == number and solution.routes[number].vehicle_type == pinned.vehicle_type
            kept = kept and ours == served and list(stops[: len(frozen)]) == frozen
            if not kept or holders.setdefault(number, entry) != entry:
                text = f"client {client} leaves the vehicle or the place in the order that it is pinned to"
                broken.append(Violation("pinned", on[client], client, 1, text))
    return broken
