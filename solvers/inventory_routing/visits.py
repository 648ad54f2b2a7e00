"""Who is visited in which bucket, on which day, by which route: visits leave the plan and come back at the least total.

The field's large-neighbourhood move (Zhao, Archetti, Pham, Vidal 2025) where a place holds many items and days have
windows, shifts and mixed fleets: all visits of a few places leave the routes of all days; each place gets its
visits back by a shortest path over buckets, whose arcs cost what the stock of all its items costs from one visit to
the next, and what the cheapest insertion into the routes of that bucket's days costs. Days that are full exchange
visits: near places, which share their days, leave these together, and may overload them for a while at a
price. Simulated
annealing decides. What an arc costs and brings is given (`VisitProblem`): this module knows no items.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from solvers.inventory_routing.day_kernels import (
    NO_PLACE,
    add_visit,
    cheapest_pattern,
    drop_visit,
    price_visit,
    size_visit,
)
from solvers.inventory_routing.visit_days import make_days
from solvers.inventory_routing.visit_problem import VisitPlan, VisitProblem, VisitStart, held_cost
from solvers.lotsizing.problem import Floats, Longs
from solvers.routing.annealing_kernels import anneal
from solvers.routing.instance import PRIZE
from solvers.routing.state import ABSENT, COSTS, FIRST, NEXT, PLACE, ROUTE
from solvers.routing.workspace import put_solution

_ALONE, _NEAR = 0.35, 0.9
"""Shares of steps, each up to the next: one place, some near ones, else all of a route."""
_MOST = 6
_MOST_OF_ROUTE = 16
_HOT, _COLD = 0.2, 0.004
"""First and last temperature over the mean cost of a visit."""
_POLISHES, _POLISH_STEPS, _POLISH_REMOVED = 4, 200, 6.0
"""How often the routes of all days are improved on their own, and by how many steps of ruin and recreate each."""
_DEAR = 40.0
"""Price of a unit above what a depot can send out on a day, over what routes cost per unit."""
_TOLERANCE = 0.002
"""Share of that by which a plan may be above it: replenishment decides the quantities once more, and keeps to it."""


def plan_visits(
    problem: VisitProblem, start: VisitStart, *, steps: int, seed: int, stop: Callable[[], bool] = lambda: False
) -> VisitPlan:
    """Return the best visits found in `steps` steps from `start`; the answer follows from problem, start and seed.

    stop : looked at before every step; True ends the search with the best so far.
    """
    search = _Search(problem, start, seed)
    before = search.best_total
    hot = _HOT * search.mean_visit_cost()
    for step in range(steps if search.seeds.size else 0):
        if stop():
            break
        if step % max(1, steps // _POLISHES) == 0:
            search.polish()
        search.step(hot * (_COLD / _HOT) ** (step / steps))
    search.polish()
    return VisitPlan(search.best_visited, search.best_day, search.movable, before, search.best_total)


class _Search:
    """The plan as it is: visits by place and bucket, routes by day, and what both cost."""

    def __init__(self, problem: VisitProblem, start: VisitStart, seed: int) -> None:
        self.problem = problem
        self.random = np.random.default_rng(seed)
        L, T = start.visited.shape
        self.T = T
        self.by_bucket = [np.flatnonzero(problem.bucket == t) for t in range(T)]
        self.behind = np.array([not days.size for days in self.by_bucket])
        self.visited, self.day = start.visited.copy(), start.day.copy()
        self.movable = start.movable.copy()
        self.days = make_days(problem, seed)
        self.value, self.following = np.zeros(T + 1), np.zeros(T + 1, np.int64)
        self.pattern = np.zeros(T, np.int64)
        self.ahead, self.held = np.zeros(L), np.zeros(L)
        self._begin(start)
        self.seeds = np.flatnonzero(self.movable)
        self.sent = np.array([day.sent() for day in self.days]).reshape(problem.room.shape)
        self.room = np.maximum(problem.room - np.maximum(start.sent - self.sent, 0), self.sent)
        mean = self.sent.sum(axis=0) / max(1, int((self.day >= 0).sum()))
        self.price = np.divide(_DEAR * self.mean_visit_cost(), mean, out=np.zeros(len(mean)), where=mean > 0)
        self.over = 0.0
        self.best_total, self.best_visited, self.best_day = np.inf, self.visited.copy(), self.day.copy()
        self._look_ahead()
        self.held = np.array([self._held(place) for place in range(L)])
        self._keep_best()

    def _look_ahead(self) -> None:
        """Set what a visit costs behind the last day: on the mean what it does within, by place as insertions cost."""
        sent, price = self.sent.copy(), np.full(len(self.ahead), np.nan)
        for place in self.seeds.tolist():
            touched = self._days_of(place)
            saved = [self.days[d].saved() for d in touched]
            self._take_out(place)
            bucket, _, money = self._prices(place)
            if len(bucket):
                first = np.flatnonzero(np.diff(bucket, prepend=-1))
                price[place] = np.minimum.reduceat(money, first).mean()
            self._back([place], touched, saved)
            self.sent[:] = sent
        known = np.isfinite(price)
        if known.any():
            self.ahead[known] = price[known] * (self.mean_visit_cost() / max(price[known].mean(), 1e-9))

    def mean_visit_cost(self) -> float:
        """Return the money that routes cost per visit."""
        visits = max(1, int((self.day >= 0).sum()))
        return self._route_money(range(len(self.days))) / visits

    def polish(self) -> None:
        """Improve the routes of every day on their own."""
        for day in self.days:
            day.work.best_cost[0] = int(day.state.total[COSTS])
            anneal(day.instance, day.state, day.work, _POLISH_STEPS, 1.0, 1.0, _POLISH_REMOVED, 0.0, 0.0, 0.0)
        self._keep_best()

    def step(self, temperature: float) -> None:
        """Take the visits of some places out and put them back at the least total; keep it as annealing decides."""
        group = self._group()
        touched = sorted({int(d) for place in group for d in self._days_of(place)})
        saved = [self.days[d].saved() for d in touched]
        rows = self.visited[group], self.day[group], self.held[group]
        sent, over = self.sent.copy(), self.over
        routes_before = self._route_money(touched)
        for place in group:
            self._take_out(place)
        fits = all(self._put_back(place) for place in group)
        self.over = self._over()
        change = self._route_money(touched) - routes_before + float(self.held[group].sum() - rows[2].sum())
        change += self.over - over
        if fits and change < -temperature * math.log(self.random.random() + 1e-300):
            self._keep_best()
            return
        self.visited[group], self.day[group], self.held[group] = rows
        self.sent, self.over = sent, over
        self._back(group, touched, saved)

    def _keep_best(self) -> None:
        """Keep the plan where no day is overloaded by much and it is the cheapest so far."""
        if (self.sent > (1 + _TOLERANCE) * self.room).any():
            return
        total = float(self.held[self.seeds].sum()) + self._route_money(range(len(self.days)))
        if total < self.best_total - 1e-6:
            self.best_total, self.best_visited, self.best_day = total, self.visited.copy(), self.day.copy()

    def _over(self) -> float:
        """Return the money that overloads of the depots' days stand for."""
        return float((np.maximum(self.sent - self.room, 0) * self.price).sum())

    def _days_of(self, place: int) -> Longs:
        return np.flatnonzero(self.problem.client[:, place] >= 0)

    def _back(self, places: Sequence[int], touched: Iterable[int], saved: Sequence[tuple[np.ndarray, ...]]) -> None:
        """Bring back days, and the sizes of the places' visits on them."""
        for d, old in zip(touched, saved, strict=True):
            self.days[d].restore(old)
        for place in places:
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
        p = self.problem
        amount, service = p.amount[place, t + 1, b], int(p.service[place, t + 1, b])
        if not self.visited[place, :t].any():
            amount, service = amount + p.amount[place, 0, t], service + int(p.service[place, 0, t])
        return self._size(d, place, amount, service)

    def _held(self, place: int) -> float:
        """Return what the stock of a place costs with its visits, and its visits behind the last day."""
        behind = int(self.visited[place][self.behind].sum())
        return held_cost(self.problem.hold[place], self.visited[place]) + behind * float(self.ahead[place])

    def _route_money(self, days: Sequence[int] | range) -> float:
        return sum(int(self.days[d].state.total[COSTS]) for d in days) / self.problem.money

    def _group(self) -> list[int]:
        """Return places that may move, in random order: one, near ones, or those of a route."""
        seed = int(self.random.choice(self.seeds))
        draw = self.random.random()
        d = int(self.random.choice(self._days_of(seed)))
        day = self.days[d]
        first = day.instance.first_client
        several = int(self.random.integers(1, _MOST))
        chosen: list[int] = []
        if draw < _ALONE:
            return [seed]
        if draw < _NEAR:
            near = day.instance.around[first + self.problem.client[d, seed]]
            chosen = [int(day.place_of[c - first]) for c in near[near >= 0][: several + 1]]  # the seed is the nearest
        else:
            used = np.flatnonzero(day.state.route[:, FIRST] >= first)
            c = int(day.state.route[self.random.choice(used), FIRST]) if used.size else -1
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
            self.sent[d] -= day.brings(node)
            drop_visit(day.instance, day.state, day.work, node, int(day.state.node[node, ROUTE]))

    def _prices(self, place: int) -> tuple[Longs, Longs, Floats]:
        """Return bucket [F], day [F] and the cheapest insertion [F], money, of a visit on every day that has one.

        The visit is as large as visits of the place usually are; how large it will be, the pattern says.
        """
        p, T = self.problem, self.T
        buckets, days, money = [], [], []
        usual = max(1, round(T / max(1, int(self.visited[place].sum()))))
        for d in self._days_of(place).tolist():
            t = int(p.bucket[d])
            b = min(T, t + usual)
            while b > t + 1 and not np.isfinite(p.hold[place, t + 1, b]):
                b -= 1
            if not np.isfinite(p.hold[place, t + 1, b]):
                continue
            node = self._size(d, place, p.amount[place, t + 1, b], int(p.service[place, t + 1, b]))
            day = self.days[d]
            cost = price_visit(day.instance, day.state, day.work, node)
            if cost < NO_PLACE:
                buckets.append(t)
                days.append(d)
                money.append(cost / p.money)
        order = np.argsort(buckets, kind="stable")
        return np.array(buckets, np.int64)[order], np.array(days, np.int64)[order], np.array(money)[order]

    def _put_back(self, place: int) -> bool:
        """Give a place the cheapest pattern of visits at today's prices of insertion; False where it fits nowhere."""
        p = self.problem
        bucket, days, money = self._prices(place)
        priced = np.full((self.T, self.T + 1), np.inf)
        made_up = np.full(self.T, np.inf)
        cost = money[:, None] + self._overload(days, p.amount[place, bucket + 1])
        if len(bucket):
            first = np.flatnonzero(np.diff(bucket, prepend=-1))
            priced[bucket[first]] = np.minimum.reduceat(cost, first)
            extra = self._overload(days, p.amount[place, 0, bucket][:, None])[:, 0]
            made_up[bucket[first]] = np.minimum.reduceat(extra, first)
        priced[self.behind], made_up[self.behind] = self.ahead[place], 0.0
        hold = p.hold[place].copy()
        hold[1:] += priced
        hold[0, :-1] += made_up
        if not np.isfinite(cheapest_pattern(hold, np.zeros(self.T), self.value, self.following, self.pattern)):
            return False
        self.visited[place] = self.pattern > 0
        self.day[place] = -1
        made = np.append(np.flatnonzero(self.visited[place]), self.T)
        for t, b in zip(made[:-1].tolist(), made[1:].tolist(), strict=True):
            of_bucket = np.flatnonzero(bucket == t)
            for d in days[of_bucket][np.argsort(cost[of_bucket, b], kind="stable")].tolist():
                node = self._size_for(place, t, d)
                day = self.days[d]
                if add_visit(day.instance, day.state, day.work, node) < NO_PLACE:
                    self.day[place, t] = d
                    self.sent[d] += day.brings(node)
                    break
            else:
                if not self.behind[t]:
                    return False
        self.held[place] = self._held(place)
        return True

    def _overload(self, days: Longs, amount: Longs) -> Floats:
        """Return [F, B] the money that amounts [F, B, Q] more on days [F] overload these by."""
        above = (self.sent[days] - self.room[days])[:, None]
        more: Floats = ((np.maximum(above + amount, 0) - np.maximum(above, 0)) * self.price).sum(axis=2)
        return more
