"""Who is visited in which bucket, on which day, by which route: visits leave the plan and come back at the least total.

The field's large-neighbourhood move (Zhao, Archetti, Pham, Vidal 2025) where a place holds many items and days have
windows, shifts and mixed fleets: all visits of a few places leave the routes of all days; each place gets its
visits back by a shortest path over buckets, whose arcs cost what the stock of all its items costs from one visit to
the next, and whose nodes cost the cheapest insertion into the routes of that bucket's days. Simulated annealing
decides. What an arc costs and brings is given (`VisitProblem`): this module knows no items.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from solvers.inventory_routing.day_kernels import (
    NO_PLACE,
    add_visit,
    cheapest_pattern,
    drop_visit,
    price_visit,
    size_visit,
)
from solvers.lotsizing.problem import Flags, Floats, Longs
from solvers.routing.annealing_kernels import anneal
from solvers.routing.instance import PRIZE, Instance, build_instance
from solvers.routing.problem import RoutingProblem
from solvers.routing.ruin_kernels import Workspace
from solvers.routing.solution import RoutingSolution
from solvers.routing.state import ABSENT, COSTS, FIRST, LOAD, NEXT, PLACE, ROUTE, State, empty_state
from solvers.routing.workspace import make_workspace, put_solution

_ALONE, _NEAR = 0.5, 0.85
"""Shares of steps: one place, up to `_MOST_NEAR` near ones, else all of a route."""
_MOST_NEAR = 6
_MOST_OF_ROUTE = 16
_HOT, _COLD = 0.2, 0.004
"""First and last temperature over the mean cost of a visit."""
_POLISHES, _POLISH_STEPS, _POLISH_REMOVED = 4, 200, 6.0
"""How often the routes of all days are improved on their own, and by how many steps of ruin and recreate each."""


@dataclass(frozen=True, slots=True)
class VisitProblem:
    """L places over T buckets, and the days on which their depots drive.

    Attributes
    ----------
    hold : [L, T + 1, T + 1] money from visit a (0: before any, else in bucket a - 1) until a visit in bucket b (T: the
        end): what the items cost, orders included; infinite where no such visit may be.
    amount : [L, T + 1, T + 1, Q] what that visit brings; service : [L, T + 1, T + 1] seconds it takes.
    days : [D] problems whose clients are the places that may be visited; days alike share one.
    bucket : [D] of each day; buckets behind the last day's are looked ahead to and have no routes.
    client : [D, L] client of the place in the problem of the day, -1 where it may not be visited.
    room : [D, Q] the depot can send out on a day.
    money : cost units of the routes in one unit of money.
    """

    hold: Floats
    amount: Longs
    service: Longs
    days: tuple[RoutingProblem, ...]
    bucket: Longs
    client: Longs
    room: Floats
    money: float


@dataclass(frozen=True, slots=True)
class VisitStart:
    """The plan to begin from.

    Attributes
    ----------
    visited : [L, T]; day : [L, T] of each visit, -1 for none or behind the last day.
    routes : [D] with the clients of the days.
    fixed : (day, place, amount [Q], service) of visits that stay as they are.
    movable : [L] places whose visits may change.
    sent : [D, Q] what the plan really brings on each day. Where that is more than its visits bring by the arcs, it
        makes up for what was short before, and that room is taken; where it is less, arcs get no more than at first.
    """

    visited: Flags
    day: Longs
    sent: Floats
    routes: tuple[RoutingSolution, ...]
    fixed: tuple[tuple[int, int, Longs, int], ...]
    movable: Flags


@dataclass(frozen=True, slots=True)
class VisitPlan:
    """Visits [L, T], the day of each [L, T] (-1: none, or behind the last day), who was movable [L], and money."""

    visited: Flags
    day: Longs
    movable: Flags
    cost_before: float
    cost: float


@dataclass(slots=True)
class _Day:
    """One day's routes; client number c of the problem is node first + c."""

    instance: Instance
    able: np.ndarray
    state: State
    work: Workspace
    place_of: Longs

    def sent(self) -> Longs:
        """Return [Q] what the day's routes bring in all."""
        quantities = self.instance.amount.shape[1] // 2
        total: Longs = self.state.route[:, LOAD : LOAD + quantities].sum(axis=0)
        return total

    def saved(self) -> tuple[np.ndarray, ...]:
        """Return what `restore` brings back; sizes of visits are the caller's business."""
        return tuple(array.copy() for array in self._changing())

    def restore(self, saved: tuple[np.ndarray, ...]) -> None:
        for array, old in zip(self._changing(), saved, strict=True):
            array[:] = old

    def _changing(self) -> tuple[np.ndarray, ...]:
        s, w = self.state, self.work
        return s.node, s.route, s.clock, s.peak, s.free, s.total, w.clock, w.timing


def held_cost(hold: Floats, visited: Flags) -> float:
    """Return the money of a place's arcs, hold [T + 1, T + 1], with visits in the buckets of `visited` [T]."""
    at, cost = 0, 0.0
    for t in np.flatnonzero(visited):
        cost, at = cost + float(hold[at, t]), int(t) + 1
    return cost + float(hold[at, len(visited)])


def plan_visits(
    problem: VisitProblem, start: VisitStart, *, steps: int, seed: int, stop: Callable[[], bool] = lambda: False
) -> VisitPlan:
    """Return the best visits found in `steps` steps from `start`; the answer follows from problem, start and seed.

    stop : looked at before every step; True ends the search with the best so far.
    """
    search = _Search(problem, start, seed)
    before = search.total
    hot = _HOT * search.mean_visit_cost()
    for step in range(steps if search.seeds.size else 0):
        if stop():
            break
        if step % max(1, steps // _POLISHES) == 0:
            search.polish()
            search.look_ahead()
        search.step(hot * (_COLD / _HOT) ** (step / steps))
    search.polish()
    return VisitPlan(search.best_visited, search.best_day, search.movable, before, search.best_total)


class _Search:
    """The plan as it is: visits by place and bucket, routes by day, and the total of both."""

    def __init__(self, problem: VisitProblem, start: VisitStart, seed: int) -> None:
        self.problem = problem
        self.random = np.random.default_rng(seed)
        L, T = start.visited.shape
        self.T = T
        self.by_bucket = [np.flatnonzero(problem.bucket == t) for t in range(T)]
        self.behind = np.array([not days.size for days in self.by_bucket])
        self.visited, self.day = start.visited.copy(), start.day.copy()
        self.movable = start.movable.copy()
        self.days = _make_days(problem, seed)
        self.value, self.following = np.zeros(T + 1), np.zeros(T + 1, np.int64)
        self.pattern = np.zeros(T, np.int64)
        self.ahead = np.zeros(L)
        self.held = np.zeros(L)
        self._begin(start)
        self.seeds = np.flatnonzero(self.movable)
        begun = np.array([day.sent() for day in self.days]).reshape(problem.room.shape)
        self.room = np.maximum(problem.room - np.maximum(start.sent - begun, 0), begun)
        self.look_ahead()

    def look_ahead(self) -> None:
        """Take what a visit costs behind the last day from today's routes, and begin to count the total anew."""
        for place in self.seeds.tolist():
            touched = np.flatnonzero(self.problem.client[:, place] >= 0)
            saved = [self.days[d].saved() for d in touched]
            self._take_out(place)
            price, _ = self._prices(place)
            if np.isfinite(price).any():
                self.ahead[place] = price[np.isfinite(price)].mean()
            self._back(place, touched, saved)
        self.held = np.array([self._held(place) for place in range(len(self.held))])
        self.total = float(self.held[self.seeds].sum()) + self._route_money(range(len(self.days)))
        self.best_total, self.best_visited, self.best_day = self.total, self.visited.copy(), self.day.copy()

    def _back(self, place: int, touched: Iterable[int], saved: Sequence[tuple[np.ndarray, ...]]) -> None:
        """Bring back days and the sizes of the place's visits on them."""
        for d, old in zip(touched, saved, strict=True):
            self.days[d].restore(old)
        for t in np.flatnonzero(self.day[place] >= 0):
            self._size_for(place, int(t), int(self.day[place, t]))

    def _begin(self, start: VisitStart) -> None:
        """Size all visits, drive the given routes, and give who does not fit them there the cheapest place."""
        p = self.problem
        for d, place, amount, service in start.fixed:
            self._size(d, place, amount, service)
        for place, t in np.argwhere((self.day >= 0) & self.movable[:, None]):
            self._size_for(int(place), int(t), int(self.day[place, t]))
        wanted: list[list[int]] = [[] for _ in self.days]
        for d, place, _, _ in start.fixed:
            wanted[d].append(place)
        for place, t in np.argwhere(self.day >= 0):
            if self.movable[place]:
                wanted[self.day[place, t]].append(int(place))
        for d, day in enumerate(self.days):
            put_solution(day.instance, day.state, day.work, start.routes[d])
            first = day.instance.first_client
            served = day.state.node[first:, ROUTE] >= 0
            day.state.total[COSTS] -= int(day.instance.client[first:, PRIZE][~served].sum())
            day.state.total[ABSENT] = 0
            day.state.node[:, PLACE] = -1
            meant = set(self.problem.client[d, wanted[d]].tolist())
            for c in np.flatnonzero(served):
                if int(c) not in meant:
                    drop_visit(day.instance, day.state, day.work, first + c, int(day.state.node[first + c, ROUTE]))
            for place in wanted[d]:
                node = first + p.client[d, place]
                if day.state.node[node, ROUTE] < 0 and add_visit(day.instance, day.state, day.work, node) >= NO_PLACE:
                    self.movable[place] = False  # its present visits do not even fit: leave it as it is

    def _size(self, d: int, place: int, amount: Longs, service: int) -> int:
        """Set the size of a visit; return its node."""
        day = self.days[d]
        node = day.instance.first_client + int(self.problem.client[d, place])
        size_visit(day.instance, day.able, node, amount, service)
        return node

    def _size_for(self, place: int, t: int, d: int) -> int:
        after = np.flatnonzero(self.visited[place, t + 1 :])
        b = t + 1 + int(after[0]) if after.size else self.T
        return self._size(d, place, self.problem.amount[place, t + 1, b], int(self.problem.service[place, t + 1, b]))

    def _held(self, place: int) -> float:
        """Return what the stock of a place costs with its visits, and its visits behind the last day."""
        behind = int(self.visited[place][self.behind].sum())
        return held_cost(self.problem.hold[place], self.visited[place]) + behind * float(self.ahead[place])

    def _route_money(self, days: Sequence[int] | range) -> float:
        return sum(int(self.days[d].state.total[COSTS]) for d in days) / self.problem.money

    def mean_visit_cost(self) -> float:
        """Return the money that routes cost per visit."""
        visits = max(1, int((self.day >= 0).sum()))
        return self._route_money(range(len(self.days))) / visits

    def polish(self) -> None:
        """Improve the routes of every day on their own."""
        for day in self.days:
            before = int(day.state.total[COSTS])
            day.work.best_cost[0] = before
            anneal(day.instance, day.state, day.work, _POLISH_STEPS, 1.0, 1.0, _POLISH_REMOVED, 0.0, 0.0, 0.0)
            self.total += (int(day.state.total[COSTS]) - before) / self.problem.money
        self._keep_best()

    def _keep_best(self) -> None:
        if self.total < self.best_total - 1e-6:
            self.best_total, self.best_visited, self.best_day = self.total, self.visited.copy(), self.day.copy()

    def step(self, temperature: float) -> None:
        """Take the visits of some places out and put them back at the least total; keep it as annealing decides."""
        group = self._group()
        touched = sorted({int(d) for place in group for d in np.flatnonzero(self.problem.client[:, place] >= 0)})
        saved = [self.days[d].saved() for d in touched]
        rows = self.visited[group], self.day[group], self.held[group]
        routes_before = self._route_money(touched)
        for place in group:
            self._take_out(place)
        fits = all(self._put_back(place) for place in group)
        change = self._route_money(touched) - routes_before + float(self.held[group].sum() - rows[2].sum())
        if fits and change < -temperature * math.log(self.random.random() + 1e-300):
            self.total += change
            self._keep_best()
            return
        self.visited[group], self.day[group], self.held[group] = rows
        for d, old in zip(touched, saved, strict=True):
            self.days[d].restore(old)
        for place in group:
            self._back(place, (), ())

    def _group(self) -> list[int]:
        """Return places that may move, in random order: one, near ones, or those of one route."""
        seed = int(self.random.choice(self.seeds))
        draw = self.random.random()
        d = int(self.random.choice(np.flatnonzero(self.problem.client[:, seed] >= 0)))
        day = self.days[d]
        if draw < _ALONE:
            return [seed]
        first = day.instance.first_client
        if draw < _NEAR:
            near = day.instance.around[first + self.problem.client[d, seed]]
            chosen = [int(day.place_of[c - first]) for c in near if c >= 0][: self.random.integers(2, _MOST_NEAR + 1)]
        else:
            used = np.flatnonzero(day.state.route[:, FIRST] >= first)
            if not used.size:
                return [seed]
            chosen, c = [], int(day.state.route[self.random.choice(used), FIRST])
            while c >= first and len(chosen) < _MOST_OF_ROUTE:
                chosen.append(int(day.place_of[c - first]))
                c = int(day.state.node[c, NEXT])
        group = [place for place in chosen if self.movable[place]] or [seed]
        self.random.shuffle(group)
        return group

    def _take_out(self, place: int) -> None:
        for t in np.flatnonzero(self.day[place] >= 0):
            d = int(self.day[place, t])
            day = self.days[d]
            node = day.instance.first_client + int(self.problem.client[d, place])
            drop_visit(day.instance, day.state, day.work, node, int(day.state.node[node, ROUTE]))

    def _prices(self, place: int) -> tuple[Floats, list[list[int]]]:
        """Return [T] the cheapest insertion of a visit, money, infinite for none; and per bucket its days, best first.

        The visit is as large as visits of the place usually are; how large it will be, the pattern says.
        """
        p, T = self.problem, self.T
        price = np.full(T, np.inf)
        order: list[list[int]] = [[] for _ in range(T)]
        usual = max(1, round(T / max(1, int(self.visited[place].sum()))))
        for t in range(T):
            b = min(T, t + usual)
            while b > t + 1 and not np.isfinite(p.hold[place, t + 1, b]):
                b -= 1
            if not np.isfinite(p.hold[place, t + 1, b]):
                continue
            found = []
            for d in self.by_bucket[t]:
                if p.client[d, place] >= 0:
                    node = self._size(int(d), place, p.amount[place, t + 1, b], int(p.service[place, t + 1, b]))
                    day = self.days[d]
                    found.append((price_visit(day.instance, day.state, day.work, node), int(d)))
            found.sort()
            order[t] = [d for _, d in found]
            if found and found[0][0] < NO_PLACE:
                price[t] = found[0][0] / p.money
        return price, order

    def _put_back(self, place: int) -> bool:
        """Give a place the cheapest pattern of visits at today's prices of insertion; False where it fits nowhere."""
        price, order = self._prices(place)
        price[self.behind] = self.ahead[place]
        left = self.room - [day.sent() for day in self.days]
        hold = self.problem.hold[place].copy()
        for t in np.flatnonzero(~self.behind):
            days = [d for d in self.by_bucket[t] if self.problem.client[d, place] >= 0]
            fits = (self.problem.amount[place, t + 1][:, None] <= left[days]).all(axis=2).any(axis=1)
            hold[t + 1, ~fits] = np.inf
        if not np.isfinite(cheapest_pattern(hold, price, self.value, self.following, self.pattern)):
            return False
        self.visited[place] = self.pattern > 0
        self.day[place] = -1
        for t in np.flatnonzero(self.visited[place]):
            for d in order[t]:
                node = self._size_for(place, int(t), d)
                day = self.days[d]
                quantities = left.shape[1]
                if (day.instance.amount[node, :quantities] > left[d]).any():
                    continue
                if add_visit(day.instance, day.state, day.work, node) < NO_PLACE:
                    self.day[place, t] = d
                    break
            else:
                if not self.behind[t]:
                    return False
        self.held[place] = self._held(place)
        return True


def _make_days(problem: VisitProblem, seed: int) -> list[_Day]:
    """Return empty days; what days alike share is built once, what visits change is each day's own."""
    built: dict[int, Instance] = {}
    days = []
    for d, routing in enumerate(problem.days):
        shared = built.get(id(routing))
        if shared is None:
            shared = built[id(routing)] = build_instance(routing, max(1, routing.clients - 1), max(1, routing.clients))
        own = shared._replace(
            client=shared.client.copy(),
            amount=shared.amount.copy(),
            alone=shared.alone.copy(),
            allowed=shared.allowed.copy(),
        )
        state = empty_state(own)
        place_of = np.zeros(routing.clients, np.int64)
        places = np.flatnonzero(problem.client[d] >= 0)
        place_of[problem.client[d, places]] = places
        days.append(_Day(own, shared.allowed, state, make_workspace(routing, own, state, seed + d), place_of))
    return days
