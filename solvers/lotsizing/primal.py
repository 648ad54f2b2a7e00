"""From priced plans to a plan that keeps every shared limit."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from solvers.lotsizing import chains
from solvers.lotsizing.dp_kernels import INFEASIBLE
from solvers.lotsizing.improve_kernels import improve
from solvers.lotsizing.joint import bought
from solvers.lotsizing.master import Master
from solvers.lotsizing.primal_kernels import adjust, costs_of, past_period
from solvers.lotsizing.problem import DISPATCH, FRESH, PERIOD, STORAGE, Flags, Floats, Ints, Longs, LotSizingProblem
from solvers.lotsizing.relaxation import NO_LIMIT, Relaxation
from solvers.lotsizing.result import Start
from solvers.lotsizing.source_kernels import solve_source
from solvers.lotsizing.verify import verify

_FULL_PASSES = 2
_PARTIAL_PASSES = 40
_FIRST_PENALTY = 0.25
_GROWTH, _GROWTH_WHEN_STUCK = 2.0, 16.0
_HIGHEST_PENALTY = 1e9
_PRICE_SHARES = (1.0, 0.5, 0.0)
_ROUNDS = 5
"""Sources and those they supply improve in turns ..."""
_WORTH_A_ROUND = 1e-4
"""... as long as a turn saves this share of the cost."""
_TOLERANCE = 1e-6
_MOST_SLACK, _SLACK_PASSES = 0.5, 6
"""At first a truck is bought where half of it is needed; what is less must find room until this many passes later."""
_ANNEALINGS = ((200, 60_000), (900, 150_000))
"""Tries per item-location and at most: a short annealing, and where it does not reach the wanted gap a long one."""
_HEAT, _COLD = 0.02, 0.02
"""Annealing begins at this share of the mean cost of an item-location, and ends at this share of that."""


@dataclass(slots=True)
class _State:
    """A plan under construction with what it uses: changed in place.

    Attributes
    ----------
    use : [R, T]; left : [J, T] stock of sources less what is taken from them; stock : [J, T] as planned.
    """

    packs: Ints
    cost: Floats
    use: Floats
    left: Floats
    stock: Longs


@dataclass(frozen=True, slots=True)
class _Purchases:
    """What is bought to make room, see `joint`.

    Attributes
    ----------
    bought, provides : [K] whether it is bought; whether an order makes room in any row.
    item, row, size : [entries] of what is bought, the rows it makes room in, and how much.
    row_is_bought : [R] whether room in a row can be bought.
    smallest : rows that ask for a smallest order, and how much of it.
    """

    bought: Flags
    provides: Flags
    item: Longs
    row: Longs
    size: Floats
    row_is_bought: Flags
    smallest: tuple[tuple[int, float], ...]

    @classmethod
    def of(cls, p: LotSizingProblem) -> _Purchases:
        is_bought = bought(p)
        user = np.repeat(np.arange(p.item_locations), np.diff(p.usage_start))
        makes_room = p.usage_amount < 0
        provides = np.zeros(p.item_locations, bool)
        provides[user[makes_room]] = True
        own = np.flatnonzero(makes_room & is_bought[user])
        rows = np.zeros(p.resources, bool)
        rows[p.usage_resource[own]] = True
        asks = np.flatnonzero(is_bought[user] & (p.usage_amount > 0))
        least = dict(zip(p.usage_resource[asks].tolist(), p.usage_amount[asks].tolist(), strict=True))
        row = p.usage_resource[own].astype(np.int64)
        return cls(is_bought, provides, user[own], row, -p.usage_amount[own], rows, tuple(least.items()))

    def buy(self, p: LotSizingProblem, state: _State, slack: float) -> None:
        """Buy as much as the others' use needs, rounded up, but not for less than a share `slack` of a unit."""
        if not self.item.size:
            return
        np.add.at(state.use, self.row, self.size[:, None] * state.packs[self.item])
        short = (state.use[self.row] - p.capacity[self.row]) / self.size[:, None] - slack - _TOLERANCE
        wanted = np.zeros(p.demand.shape, np.int64)
        np.maximum.at(wanted, self.item, np.ceil(short).astype(np.int64))
        items = np.flatnonzero(self.bought)
        state.packs[items] = np.clip(wanted[items], p.min_packs[items], p.max_packs[items])
        state.cost[items] = p.pack_cost[items] * state.packs[items].sum(axis=1)
        np.subtract.at(state.use, self.row, self.size[:, None] * state.packs[self.item])


class Primal:
    """Repairs the rounded plans of a mixture: prices and a rising penalty on overload, then only what is left."""

    def __init__(self, relaxation: Relaxation, master: Master, seed: int) -> None:
        self._r = relaxation
        self._master = master
        p, c = relaxation.problem, relaxation.coupling
        self._purchases = _Purchases.of(p)
        ordered = np.random.default_rng(seed).permutation(c.leaves).astype(np.int32)
        self._order = ordered[~self._purchases.bought[ordered]]
        waiting = np.cumsum(p.demand, axis=1) + np.maximum(-p.opening, 0)[:, None]
        room = p.storage + np.where(p.backorders[:, None], waiting, p.demand)
        if p.sellable.size:  # see most_at_hand
            smallest = p.pack[:, None] * np.maximum(p.moq[:, None], p.min_packs)
            room = room + np.where(p.sellable < FRESH, smallest + p.pack[:, None], 0)
        self._most_packs = int(np.minimum(p.max_packs, room // p.pack[:, None])[self._order].max(initial=0))
        self._rescue = 10.0 * float((p.shortage + p.shortfall * p.buckets + p.holding).max(initial=1.0)) + 1.0

    def repair(self, limit: Ints | None = None) -> tuple[Ints, float]:
        """Return packs [K, T] within all shared limits, if they can be kept, and their cost.

        limit : [K, T] packs, besides max_packs.
        """
        packs, cost = self._master.rounded(self._order)
        packs[self._purchases.bought] = 0
        if limit is not None:
            np.minimum(packs, limit, out=packs)
        return self._fit(packs, cost, self._master.prices, self._master.source_prices, limit, _FULL_PASSES, self._order)

    def mend(self, start: Start, prices: Floats, source_prices: Floats, penalty: float) -> tuple[Ints, float]:
        """Return the plan of `start` within all shared limits, if they can be kept, and its cost.

        What changed is planned anew at the prices. `penalty` on what is overloaded, over what its users cost: the less,
        the more of the others move to make room, each for less; infinite: only what the others leave is used.
        """
        packs, cost = start.packs.copy(), np.zeros(start.changed.size)
        packs[start.changed] = 0
        packs[self._purchases.bought] = 0
        costs_of(self._r.data, packs, cost)
        free = self._order[start.changed[self._order]]
        return self._fit(packs, cost, prices, source_prices, None, 0, free, penalty)

    def _fit(
        self,
        packs: Ints,
        cost: Floats,
        prices: Floats,
        source_prices: Floats,
        limit: Ints | None,
        full_passes: int,
        free: Ints,
        first_penalty: float = _FIRST_PENALTY,
    ) -> tuple[Ints, float]:
        """Fit a plan to the limits: all at first, then who uses what is overloaded; those in `free` improve at last.

        Without full passes those in `free` are planned first, within what the others leave if the penalty is infinite.
        """
        p = self._r.problem
        R = p.resources
        nothing = np.zeros(source_prices.shape, np.int64)
        state = _State(packs, cost, self._r.use_of(packs, nothing), nothing.astype(np.float64), nothing)
        self._purchases.buy(p, state, _MOST_SLACK)
        self._plan_sources(state, prices)
        alone = not np.isfinite(first_penalty)
        first_penalty = _FIRST_PENALTY if alone else first_penalty
        penalty = first_penalty * self._master.scale[:R, None] * np.ones_like(prices)
        stock_penalty = first_penalty * self._master.scale[R:]
        highest = _HIGHEST_PENALTY * penalty.max(initial=0.0)
        if not full_passes:
            self._pass(state, prices, source_prices, penalty, stock_penalty, limit, soft=not alone, order=free)
            self._plan_sources(state, prices)
        for number in range(full_passes + _PARTIAL_PASSES):
            partial = number >= full_passes
            new = self._pass(
                state, prices, source_prices, penalty, stock_penalty, limit, soft=True, only_overloaded=partial
            )
            growth = _GROWTH_WHEN_STUCK if partial and new == 0 else _GROWTH
            penalty = penalty * growth
            stock_penalty = stock_penalty * growth
            self._plan_sources(state, prices)
            if partial:
                self._purchases.buy(p, state, _MOST_SLACK * max(1.0 - (number - full_passes + 1) / _SLACK_PASSES, 0.0))
            if partial and (not self._overloaded(state) or (new == 0 and penalty.max(initial=0.0) > highest)):
                break
        if self._overloaded(state):
            self._pass(state, prices, source_prices, penalty, stock_penalty, limit, soft=False, only_overloaded=True)
        self._send_no_more(state, prices, penalty, stock_penalty, limit)
        for _ in range(_ROUNDS):
            self._plan_sources(state, prices)
            before = state.cost.sum()
            for share in _PRICE_SHARES:
                guide = share * prices, np.zeros_like(source_prices)
                self._pass(state, *guide, penalty, stock_penalty, limit, soft=False, only_better=True, order=free)
            if not source_prices.size or state.cost.sum() > before * (1 - _WORTH_A_ROUND):
                break
        self._plan_sources(state, prices)
        self._combine_orders(state, prices)
        self._purchases.buy(p, state, 0.0)
        return state.packs, float(state.cost.sum())

    def _send_no_more(
        self, state: _State, prices: Floats, penalty: Floats, stock_penalty: Floats, limit: Ints | None
    ) -> None:
        """Hold stores to what their sources have, where limits keep these from what `_spare` promised."""
        for _ in range(_ROUNDS):
            if not (state.left < -_TOLERANCE).any():
                return
            guide = prices, self._master.source_prices
            self._pass(state, *guide, penalty, stock_penalty, limit, soft=False, only_overloaded=True, only_there=True)
            self._plan_sources(state, prices)

    def _combine_orders(self, state: _State, prices: Floats) -> None:
        """Bring orders below their supplier's smallest to it: left out if their packs can come earlier, or filled."""
        p, c = self._r.problem, self._r.coupling
        for row, least in self._purchases.smallest:
            entries = slice(int(c.user_start[row]), int(c.user_start[row + 1]))
            counts = c.row_of[c.user_item[entries]] >= 0
            items, value = c.user_item[entries][counts], -c.user_amount[entries][counts]
            rows = c.row_of[items]
            limit = np.full(p.buckets, NO_LIMIT, np.int32)
            settled = np.zeros(p.buckets, bool)
            for _ in range(p.buckets):
                brought = value @ state.packs[items]
                small = np.flatnonzero((brought > 0) & (brought < least * (1 - _TOLERANCE)) & ~settled)
                if not small.size:
                    break
                t = int(small[np.argmin(brought[small])])
                before = state.packs[items].copy(), state.cost[items].copy(), state.stock[rows].copy()
                left, use = state.left[rows].copy(), state.use.copy()
                short = left.min() < 0
                limit[t] = 0
                for k in items[state.packs[items, t] > 0]:
                    self._plan_source(state, int(c.row_of[k]), prices, limit)
                if state.left[rows].min() < 0 and not short:
                    limit[t] = NO_LIMIT
                    settled[t] = True
                    state.packs[items], state.cost[items], state.stock[rows] = before
                    state.left[rows], state.use[:] = left, use
            brought = value @ state.packs[items]
            for below in np.flatnonzero((brought > 0) & (brought < least * (1 - _TOLERANCE))):
                self._fill_up(state, items, value, int(below), least)

    def _fill_up(self, state: _State, items: Ints, value: Floats, t: int, least: float) -> None:
        """Add packs in bucket t until their value is `least`: of those that have an order and cost least to hold."""
        p, c = self._r.problem, self._r.coupling
        held = p.holding[items] * p.pack[items] / np.maximum(value, 1e-12)
        for i in np.lexsort((held, state.packs[items, t] == 0)):
            k, j = int(items[i]), int(c.row_of[items[i]])
            missing = least - float(value @ state.packs[items, t])
            if missing <= 0:
                return
            self._book(state, j, -1)
            room = int((p.storage[k, t:] - state.stock[j, t:]).min()) // int(p.pack[k])
            allowed, _ = self._left_for(state, j, p.max_packs[k])
            more = min(int(allowed[t] - state.packs[k, t]), room, int(np.ceil(missing / value[i])))
            if more > 0 and state.packs[k, t] + more >= p.moq[k]:
                units = more * int(p.pack[k])
                state.cost[k] += more * p.pack_cost[k] + (p.setup[k] if state.packs[k, t] == 0 else 0.0)
                state.cost[k] += p.holding[k] * units * (p.buckets - t) - p.end_value[k] * units
                state.packs[k, t] += more
                state.stock[j, t:] += units
                state.left[j, t:] += units
            self._book(state, j, 1)

    def improve(
        self, packs: Ints, prices: Floats, source_prices: Floats, limit_cost: float, deadline: float | None
    ) -> tuple[Ints, float]:
        """Return a plan no dearer than `packs`, which keeps the rules, and its cost; stop below `limit_cost`.

        Item-locations are taken out and planned again by the handful, see `improve_kernels` for those that are tied to
        others by shared resources alone and `chain_kernels` for those that a source supplies; worth its time where
        rounding costs much: few item-locations, coarse packs, tight limits, sources short of stock.
        """
        r = self._r
        p, c = r.problem, r.coupling
        if c.sources.size:
            return self._improve_chains(packs, prices, source_prices, limit_cost, deadline)
        K, T = p.demand.shape
        free = ((p.source < 0) & (c.row_of < 0) & ~self._purchases.provides).astype(np.int32)
        cost = np.zeros(K)
        source_stock = np.zeros((c.sources.size, T), np.int64)
        costs_of(r.data, packs, cost)
        total = float(cost[free > 0].sum())
        if not p.resources or total <= 0.0:
            return packs, np.inf
        best = packs.copy()
        use = r.use_of(best, source_stock)
        for number, (per_item, most) in enumerate(_ANNEALINGS):
            heat = _HEAT * total / K
            improve(
                r.data, c.user_start, c.user_item, free, c.row_of, r.widest, prices, use, best, cost,
                min(per_item * K, most), heat, _COLD * heat, number + 1,
            )  # fmt: skip
            if cost.sum() <= limit_cost or (deadline is not None and time.perf_counter() > deadline):
                break
            use = r.use_of(best, source_stock)
        return best, float(cost.sum())

    def _improve_chains(
        self, packs: Ints, prices: Floats, source_prices: Floats, limit_cost: float, deadline: float | None
    ) -> tuple[Ints, float]:
        p, c = self._r.problem, self._r.coupling
        best, cost = packs, np.inf
        for number in range(len(chains.ROUNDS)):
            better = chains.anneal(self._r, self._purchases.provides, best, prices, source_prices, number)
            verdict = verify(p, better)
            stock = np.maximum(verdict.stock[c.sources], 0).astype(np.int64)
            state = _State(
                better, np.zeros(p.item_locations), self._r.use_of(better, stock), stock.astype(np.float64), stock
            )
            self._purchases.buy(p, state, 0.0)
            verdict = verify(p, better)
            if verdict.faults:
                break
            best, cost = better, verdict.cost
            if cost <= limit_cost or (deadline is not None and time.perf_counter() > deadline):
                break
        return best, cost

    def _pass(
        self,
        state: _State,
        prices: Floats,
        source_prices: Floats,
        penalty: Floats,
        stock_penalty: Floats,
        limit: Ints | None,
        *,
        soft: bool,
        only_overloaded: bool = False,
        only_better: bool = False,
        order: Ints | None = None,
        only_there: bool = False,
    ) -> int:
        """Plan the leaves, or those in `order`, again, see `adjust`; return how many got a new plan."""
        r = self._r
        no_limit = np.empty((0, 0), np.int32)
        spare = 0 if only_better or only_there else self._spare(state)
        state.left += spare
        new = adjust(
            r.data, self._order if order is None else order, r.widest, self._most_packs, soft, only_overloaded,
            only_better, prices, source_prices, penalty, stock_penalty if stock_penalty.size else np.zeros(1),
            no_limit if limit is None else limit, limit is not None, r.coupling.row_of, state.use, state.left,
            state.packs, state.cost,
        )  # fmt: skip
        state.left -= spare
        return int(new)

    def _spare(self, state: _State) -> Longs:
        """Return [J, T] units that sources could still order from outside, arrived by the end of a bucket.

        Without it the stores would be held to what the sources happen to have planned so far.
        """
        p, sources = self._r.problem, self._r.coupling.sources
        most = p.max_packs[sources].astype(np.int64)
        for j in np.flatnonzero(np.diff(p.usage_start)[sources] > 0):
            self._book(state, int(j), -1)
            most[j] = self._left_for(state, int(j), p.max_packs[sources[j]])[0]
            self._book(state, int(j), 1)
        more = np.maximum(most - state.packs[sources], 0) * p.pack[sources, None]
        return np.where(p.source[sources, None] < 0, np.minimum(np.cumsum(more, axis=1), NO_LIMIT), 0)

    def _overloaded(self, state: _State) -> bool:
        capacity = self._r.problem.capacity
        over = state.use > capacity * (1 + _TOLERANCE) + _TOLERANCE
        return bool(over.any() or (state.left < -_TOLERANCE).any())

    def _plan_sources(self, state: _State, prices: Floats) -> None:
        """Plan all sources for what is taken from them, those nearest to the stores first."""
        sources = self._r.coupling.sources.size
        for j in reversed(range(sources)):
            self._plan_source(state, j, prices, np.full(self._r.problem.buckets, NO_LIMIT, np.int32))
        for j in range(sources):
            if state.left[j].min() < 0:
                self._ration_sources(state, j, prices)

    def _plan_source(self, state: _State, j: int, prices: Floats, limit: Ints) -> None:
        """Plan source j to send all that is taken from it, or as much as it can get; within what is left."""
        r = self._r
        p, c = r.problem, r.coupling
        k = int(c.sources[j])
        take = self._taken(state, j)
        self._book(state, j, -1)
        limit, room = self._left_for(state, j, limit)
        sent = np.zeros(p.buckets, np.int64)
        nothing = np.zeros(p.buckets, np.int64)
        no_prices = np.zeros((c.sources.size, p.buckets))
        anything = np.full(p.buckets, NO_LIMIT, np.int32)
        ahead = np.append(np.cumsum(take[::-1])[::-1], 0)
        for least, reward, space in (
            (take, 0.0, room),
            (nothing, self._rescue, room),
            (nothing, self._rescue, anything),
        ):
            most, late, cost = limit.copy(), 0, INFEASIBLE
            while late >= 0:
                _, cost = solve_source(
                    r.data, k, c.grid[j], least, take, ahead, most, space, np.full(p.buckets, reward), prices,
                    no_prices, c.row_of, state.packs[k], sent, state.stock[j],
                )  # fmt: skip
                late, excess = past_period(r.data, k, state.packs[k], state.use) if cost < 0.5 * INFEASIBLE else (-1, 0)
                if late >= 0:
                    most[late] = state.packs[k, late] - excess
            if cost < 0.5 * INFEASIBLE:
                break
        state.cost[k] = cost
        state.left[j] = state.stock[j] + np.cumsum(sent - take)
        self._book(state, j, 1)

    def _taken(self, state: _State, j: int) -> Longs:
        """Return [T] units that leave source j."""
        p, c = self._r.problem, self._r.coupling
        T = p.buckets
        children = c.child_item[c.child_start[j] : c.child_start[j + 1]]
        take = np.zeros(T, np.int64)
        for lead in np.unique(p.lead[children]):
            ready = children[p.lead[children] == lead]
            units = (state.packs[ready].astype(np.int64) * p.pack[ready][:, None]).sum(axis=0)
            take[: max(T - lead, 0)] += units[lead:]
        return take

    def _book(self, state: _State, j: int, sign: int) -> None:
        """Add (1) or take away (-1) what source j itself uses of resources."""
        p = self._r.problem
        k = int(self._r.coupling.sources[j])
        T = p.buckets
        for e in range(int(p.usage_start[k]), int(p.usage_start[k + 1])):
            resource, amount = int(p.usage_resource[e]), sign * float(p.usage_amount[e])
            if p.kind[resource] == STORAGE:
                state.use[resource] += amount * np.maximum(state.stock[j], 0)
            else:
                offset = int(p.lead[k]) if p.kind[resource] == DISPATCH else 0
                used = np.zeros(T)
                used[: T - offset] = amount * state.packs[k, offset:]
                if p.usage_order.size:
                    used[: T - offset] += sign * p.usage_order[e] * (state.packs[k, offset:] > 0)
                state.use[resource] += p.counted(resource, used)

    def _left_for(self, state: _State, j: int, limit: Ints) -> tuple[Ints, Ints]:
        """Return packs [T] and units in stock [T] that resources leave for source j."""
        p = self._r.problem
        k = int(self._r.coupling.sources[j])
        T = p.buckets
        packs = limit.astype(np.int64)
        room = np.full(T, NO_LIMIT, np.int64)
        for e in range(int(p.usage_start[k]), int(p.usage_start[k + 1])):
            resource, amount = int(p.usage_resource[e]), float(p.usage_amount[e])
            if amount <= 0 or self._purchases.row_is_bought[resource]:
                continue
            per_order = float(p.usage_order[e]) if p.usage_order.size else 0.0
            free = np.maximum(p.capacity[resource] - state.use[resource] - per_order, 0.0)
            whole = np.floor(np.minimum(free / amount + 1e-9, NO_LIMIT)).astype(np.int64)
            if p.kind[resource] == STORAGE:
                room = np.minimum(room, whole)
            else:
                offset = int(p.lead[k]) if p.kind[resource] == DISPATCH else 0
                if p.kind[resource] == PERIOD:
                    whole = np.where(p.period[resource] >= 0, whole[p.period[resource]], NO_LIMIT)
                packs[offset:] = np.minimum(packs[offset:], whole[: T - offset])
        return packs.astype(np.int32), room.astype(np.int32)

    def _ration_sources(self, state: _State, j: int, prices: Floats) -> None:
        """Cut orders of sources that are supplied by source j, which is short, and plan them again."""
        p, c = self._r.problem, self._r.coupling
        for k in c.child_item[c.child_start[j] : c.child_start[j + 1]]:
            if c.row_of[k] < 0:
                continue
            lead, pack = int(p.lead[k]), int(p.pack[k])
            limit = state.packs[k].copy()
            for t in range(lead, p.buckets):
                short = -float(state.left[j, t - lead :].min())
                if short > 0 and limit[t] > 0:
                    cut = min(int(limit[t]), int(np.ceil(short / pack)))
                    limit[t] -= cut
                    state.left[j, t - lead :] += cut * pack
            self._plan_source(state, int(c.row_of[k]), prices, limit)
