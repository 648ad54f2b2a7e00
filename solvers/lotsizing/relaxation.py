"""The Lagrangian relaxation: every item-location alone, paying prices for all that is shared."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solvers.lotsizing.coupling import Coupling
from solvers.lotsizing.dp_kernels import INFEASIBLE, solve_items, stock_widths
from solvers.lotsizing.primal_kernels import resource_use, taken
from solvers.lotsizing.problem import FRESH, Floats, Ints, Longs, LotSizingProblem
from solvers.lotsizing.source_kernels import solve_source
from solvers.lotsizing.threads import Threads

NO_LIMIT = 2**30


@dataclass(frozen=True, slots=True)
class Priced:
    """Cheapest plans at given prices.

    Attributes
    ----------
    bound : money, a lower bound on the cost of every plan that keeps the rules.
    value, cost : [K] money with and without prices; packs : [K, T]; use : [R, T]; take, sent, stock : [J, T] units,
        what is taken from every source, what it sends and its stock at the end of a bucket.
    """

    bound: float
    value: Floats
    packs: Ints
    cost: Floats
    use: Floats
    take: Longs
    sent: Longs
    stock: Longs


class Relaxation:
    """Solves the problem with its shared rows priced; holds the arrays that do not change."""

    def __init__(self, problem: LotSizingProblem, threads: Threads) -> None:
        self.problem = problem
        self.data = problem.arrays()
        self.coupling = Coupling.of(problem)
        self.threads = threads
        leaves = self.coupling.leaves
        widths = np.ones(leaves.size, np.int32)
        threads.over(leaves.size, lambda begin, end: stock_widths(self.data, leaves, begin, end, widths))
        self.impossible: Ints = leaves[widths == 0]
        """Item-locations without any plan: their storage is below what they hold whatever is done."""
        self.widest = int(widths.max(initial=1)) + 1
        self.mean_width = float(widths.mean()) if leaves.size else 1.0
        """Stocks that the programme of an item-location looks at in a bucket, at most and on average at most."""
        self.send_high, self.send_ahead = self._most_taken()
        self.source_floor = self._least_prices()

    def _most_taken(self) -> tuple[Longs, Longs]:
        """Return units that a source's children can take at most: [J, T] in a bucket, [J, T + 1] from it on.

        All that a child takes from a bucket on serves the demand to come (what leaves it included), its safety stock,
        pins and one smallest order; of what expires each order may be a smallest one, most of it written off.
        """
        p, c = self.problem, self.coupling
        T = p.buckets
        most = np.zeros((c.sources.size, T), np.int64)
        ahead = np.zeros((c.sources.size, T + 1), np.int64)
        for j in reversed(range(c.sources.size)):  # those nearest to the stores first
            children = c.child_item[c.child_start[j] : c.child_start[j + 1]]
            pack = p.pack[children].astype(np.int64)
            pinned = pack[:, None] * p.min_packs[children]
            to_come = np.cumsum((p.demand[children] + pinned)[:, ::-1], axis=1)[:, ::-1]
            row = c.row_of[children]
            to_come += np.where(row[:, None] >= 0, ahead[row, :T], 0)
            orders = 1 if not p.sellable.size else np.where(p.sellable[children, :1] < FRESH, T, 1)
            wanted = to_come + p.safety[children].max(axis=1, keepdims=True)
            wanted = wanted + (pack * p.moq[children])[:, None] * orders
            owed = np.maximum(-p.opening[children], 0)[:, None]
            packs = np.where(p.end_value[children, None] > 0, NO_LIMIT, -(-(wanted + owed) // pack[:, None]))
            units = np.minimum(packs, p.max_packs[children]) * pack[:, None]
            in_all = np.minimum(packs * pack[:, None], NO_LIMIT)
            for lead in np.unique(p.lead[children]):
                ready = p.lead[children] == lead
                if lead < T:
                    most[j, : T - lead] += units[ready][:, lead:].sum(axis=0)
                    ahead[j, : T - lead] += in_all[ready][:, lead:].sum(axis=0)
        return most // c.grid[:, None] * c.grid[:, None], ahead

    def _least_prices(self) -> Floats:
        """Return [J, T] the least price per unit taken from a source.

        Negative: stock that nobody wants costs holding to the end, and so a source may pay to be rid of it; but not
        more than the same stock costs whoever takes it, or item-locations would order what they can never use.
        """
        p, c = self.problem, self.coupling
        held = p.holding[c.sources].copy()
        children = np.flatnonzero(p.source >= 0)
        np.minimum.at(held, c.row_of[p.source[children]], p.holding[children])
        ends = np.zeros(c.sources.size, bool)
        np.logical_or.at(ends, c.row_of[p.source[children]], (p.end_value[children] > 0) | (c.row_of[children] >= 0))
        late = np.zeros(c.sources.size, np.int64)
        np.maximum.at(late, c.row_of[p.source[children]], p.lead[children])
        left = np.maximum(p.buckets - np.arange(p.buckets)[None, :] - late[:, None], 0)
        return np.where(ends[:, None], 0.0, -held[:, None] * left)

    def solve(self, prices: Floats, source_prices: Floats) -> Priced:
        """Return the cheapest plans at `prices` [R, T] and `source_prices` [J, T], none negative."""
        p, c, data = self.problem, self.coupling, self.data
        K, T = p.demand.shape
        J = c.sources.size
        value = np.zeros(K)
        cost = np.zeros(K)
        packs = np.zeros((K, T), np.int32)
        sent = np.zeros((J, T), np.int64)
        stock = np.zeros((J, T), np.int64)
        self.threads.over(
            c.leaves.size,
            lambda begin, end: solve_items(
                data, c.leaves, begin, end, self.widest, prices, source_prices, c.row_of, value, cost, packs
            ),
        )
        nothing = np.zeros(T, np.int64)
        no_limit = np.full(T, NO_LIMIT, np.int32)

        def plan_sources(begin: int, end: int) -> None:
            for j in range(begin, end):
                k = c.sources[j]
                value[k], cost[k] = solve_source(
                    data, k, c.grid[j], nothing, self.send_high[j], self.send_ahead[j], no_limit, no_limit,
                    source_prices[j], prices, source_prices, c.row_of, packs[k], sent[j], stock[j],
                )  # fmt: skip

        self.threads.over(J, plan_sources)
        use = self.use_of(packs, stock)
        bound = float(value.sum() - (prices * p.capacity).sum())
        return Priced(bound, value, packs, cost, use, self.take_of(packs), sent, stock)

    def use_of(self, packs: Ints, stock: Longs) -> Floats:
        """Return [R, T], what plans use of every resource; `stock` [J, T] is that of sources."""
        c = self.coupling
        use = np.zeros_like(self.problem.capacity)
        self.threads.over(
            use.shape[0],
            lambda begin, end: resource_use(
                self.data,
                c.user_start,
                c.user_item,
                c.user_amount,
                c.user_order,
                packs,
                c.row_of,
                stock,
                begin,
                end,
                use,
            ),
        )
        return use

    def take_of(self, packs: Ints) -> Longs:
        """Return [J, T], units that leave every source by bucket of dispatch."""
        c = self.coupling
        take = np.zeros((c.sources.size, self.problem.buckets), np.int64)
        taken(self.data, c.child_start, c.child_item, packs, take)
        return take

    def feasible(self, priced: Priced) -> bool:
        """Whether every item-location has a plan at all."""
        return bool((priced.cost < 0.5 * INFEASIBLE).all())
