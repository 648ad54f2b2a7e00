"""The lot-sizing problem as paths through stocks: a mixed-integer programme for small cases.

Every item-location is a path through a network: nodes are a bucket and a stock before it, arcs an order of q packs
(or none) with its cost. One unit flows from the first stock to the end, so that without shared limits the linear
relaxation is already whole (the dynamic programme as a linear one: Eppen, Martin 1987); what is shared adds
rows over arcs. Its relaxation is as strong as the Lagrangian bound, where that of `exact.to_milp` is weak: packs are
coarse, safety stock and lost sales are cheap to split.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solvers.lotsizing.problem import DISPATCH, PERIOD, STORAGE, Flags, Floats, Ints, Longs, LotSizingProblem
from solvers.milp.problem import MilpProblem


@dataclass(frozen=True, slots=True)
class LotSizingPaths:
    """A lot-sizing problem as a MILP over arcs.

    Attributes
    ----------
    milp : the programme: arcs first, then for every possible order whether it is placed; only these must be whole,
        for stocks follow from orders.
    item, bucket, packs : [orders] of the columns after the arcs.
    """

    milp: MilpProblem
    item: Longs
    bucket: Longs
    packs: Longs

    def read(self, x: Floats, shape: tuple[int, int]) -> Ints:
        """Return packs [K, T] of an answer x [columns]."""
        out = np.zeros(shape, np.int32)
        placed = np.flatnonzero(x[self.milp.columns - self.item.size :] > 0.5)
        out[self.item[placed], self.bucket[placed]] = self.packs[placed]
        return out

    def start(self, packs: Ints) -> Floats:
        """Return an answer [columns] with the orders of a plan, NaN elsewhere."""
        x = np.full(self.milp.columns, np.nan)
        x[x.size - self.item.size :] = packs[self.item, self.bucket] == self.packs
        return x


def to_paths(
    problem: LotSizingProblem, most_arcs: int, prices: Floats | None = None, room: float = np.inf
) -> LotSizingPaths | None:
    """Return the programme; None where item-locations supply each other or it would have more than `most_arcs`.

    prices, room : [R, T] and money: arcs are left out whose cheapest path at these prices costs more than `room` above
    the item-location's cheapest of all. With the prices of a Lagrangian bound and the distance from it to the cost of a
    known plan, every better plan stays.
    """
    if (problem.source >= 0).any():
        return None
    trims = _may_trim(problem)
    arcs: list[tuple[int, int, int, int, int, int, float]] = []
    nodes = 0
    begins: list[int] = []
    for k in range(problem.item_locations):
        begins.append(nodes)
        nodes = _network(problem, k, bool(trims[k]), nodes, arcs, most_arcs)
        if len(arcs) > most_arcs:
            return None
    columns = np.array([arc[:6] for arc in arcs], np.int64).reshape(-1, 6)
    cost = np.array([arc[6] for arc in arcs])
    if prices is not None and np.isfinite(room):
        kept = _detour(problem, columns, cost, nodes, np.array(begins, np.int64), prices) <= room
        columns, cost = columns[kept], cost[kept]
    return _programme(problem, columns, cost, nodes, np.array(begins, np.int64))


def _detour(p: LotSizingProblem, columns: Longs, cost: Floats, nodes: int, begins: Longs, prices: Floats) -> Floats:
    """Return [arcs] what the cheapest path over an arc costs more than the cheapest of all, at `prices`."""
    item, bucket, packs, stock, tail, head = columns.T
    priced, per_order = cost.copy(), p.use_per_order()
    held = np.maximum(_end_stock(p, item, bucket, packs, stock), 0)
    start = np.searchsorted(item, np.arange(p.item_locations + 1))
    for k in range(p.item_locations):
        mine = np.arange(start[k], start[k + 1])
        for e in range(int(p.usage_start[k]), int(p.usage_start[k + 1])):
            r = int(p.usage_resource[e])
            at = _counts_in(p, k, r, bucket[mine])
            used = held[mine] if p.kind[r] == STORAGE else packs[mine]
            use = p.usage_amount[e] * used + per_order[e] * (used > 0)
            priced[mine] += np.where(at >= 0, use * prices[r, np.maximum(at, 0)], 0.0)
    to, ahead = np.full(nodes, np.inf), np.full(nodes, np.inf)
    to[begins] = 0.0
    ends = np.ones(nodes, bool)
    ends[tail] = False
    ahead[ends] = 0.0
    for arc in range(item.size):  # arcs of an item-location stand in the order of their buckets
        to[head[arc]] = min(to[head[arc]], to[tail[arc]] + priced[arc])
    for arc in reversed(range(item.size)):
        ahead[tail[arc]] = min(ahead[tail[arc]], ahead[head[arc]] + priced[arc])
    detour: Floats = to[tail] + priced + ahead[head] - ahead[begins][item]
    return detour


def _counts_in(p: LotSizingProblem, k: int, r: int, bucket: Longs) -> Longs:
    """Return the buckets in whose capacity of resource r what arrives at k in `bucket` counts, below 0 for none."""
    if p.kind[r] == PERIOD:
        bucket = p.period[r, bucket].astype(np.int64)
    return bucket - (int(p.lead[k]) if p.kind[r] == DISPATCH else 0)


def _may_trim(p: LotSizingProblem) -> Flags:
    """Return [K] where an order never lifts stock by a smallest order above all that can be of use."""
    provides = np.zeros(p.item_locations, bool)
    provides[np.repeat(np.arange(p.item_locations), np.diff(p.usage_start))[p.usage_amount < 0]] = True
    trims: Flags = (p.end_value == 0) & ~(p.min_packs > 0).any(axis=1) & ~provides
    return trims


def _network(
    p: LotSizingProblem,
    k: int,
    trim: bool,
    nodes: int,
    arcs: list[tuple[int, int, int, int, int, int, float]],
    most_arcs: int,
) -> int:
    """Append the arcs (item, bucket, packs, stock before, node before, node after; cost) of k; return nodes so far."""
    T = p.buckets
    pack, moq = int(p.pack[k]), int(p.moq[k])
    to_come = np.append(np.cumsum(p.demand[k][::-1].astype(np.int64))[::-1], 0)
    useful = int(p.safety[k].max(initial=0)) + pack * moq + max(-int(p.opening[k]), 0)
    before = {int(p.opening[k]): nodes}
    nodes += 1
    for t in range(T):
        after: dict[int, int] = {}
        for x, node in before.items():
            for q in range(int(p.min_packs[k, t]), int(p.max_packs[k, t]) + 1):
                if 0 < q < moq:
                    continue
                z, cost = _stage(p, k, t, x + int(p.receipts[k, t]) + pack * q)
                if q > max(moq, int(p.min_packs[k, t])) and _written_off(p, k, t, x, q) >= pack:
                    break
                if z > p.storage[k, t] or (trim and q > 0 and z > useful + to_come[t + 1]):
                    break
                cost += float(p.pack_cost[k]) * q + (float(p.setup[k]) if q else 0.0)
                if t == T - 1:
                    cost -= float(p.end_value[k]) * z
                if z not in after:
                    after[z] = nodes
                    nodes += 1
                arcs.append((k, t, q, x, node, after[z], cost))
            if len(arcs) > most_arcs:
                return nodes
        before = after
    return nodes


def _written_off(p: LotSizingProblem, k: int, t: int, x: int, q: int) -> int:
    """Return the units written off in bucket t with stock x before it and an order of q packs."""
    if not p.sellable.size:
        return 0
    left = x + int(p.receipts[k, t]) + int(p.pack[k]) * q - int(p.demand[k, t])
    return max(left - int(p.sellable[k, t]), 0)


def _stage(p: LotSizingProblem, k: int, t: int, y: int) -> tuple[int, float]:
    """Return the stock after bucket t with y units before demand, and what the bucket costs."""
    x = y - int(p.demand[k, t])
    thrown = max(x - int(p.sellable[k, t]), 0) if p.sellable.size else 0
    x -= thrown
    held = max(x, 0)
    cost = float(p.waste_cost[k]) * thrown if thrown else 0.0
    cost += float(p.holding[k]) * held + float(p.shortfall[k]) * max(int(p.safety[k, t]) - held, 0)
    if x >= 0:
        return x, cost
    if p.backorders[k]:
        return x, cost - float(p.shortage[k]) * x
    return 0, cost - float(p.shortage[k] + p.shortfall[k] * (p.buckets - t)) * x


def _programme(p: LotSizingProblem, columns: Longs, cost: Floats, nodes: int, begins: Longs) -> LotSizingPaths:
    """Flow in equals flow out at every node but the last of a path; order columns; shared limits over arcs."""
    item, bucket, packs, stock, tail, head = columns.T
    K, T = p.demand.shape
    n, R = item.size, p.resources
    goes_on = np.zeros(nodes, bool)
    goes_on[tail] = True
    balance = np.full(nodes, -1)
    balance[goes_on] = np.arange(goes_on.sum())
    starts = np.zeros(int(goes_on.sum()))
    starts[balance[begins]] = 1.0
    into = np.flatnonzero(goes_on[head])
    with_order = np.flatnonzero(packs > 0)
    most = int(packs.max(initial=0)) + 1
    orders, of_order = np.unique(
        (item[with_order] * T + bucket[with_order]) * most + packs[with_order], return_inverse=True
    )
    first_order = starts.size
    first_shared = first_order + orders.size
    rows = [balance[tail], balance[head[into]], first_order + of_order, first_order + np.arange(orders.size)]
    where = [np.arange(n), into, with_order, n + np.arange(orders.size)]
    values = [np.ones(n), -np.ones(into.size), np.ones(with_order.size), -np.ones(orders.size)]
    arc_start = np.searchsorted(item, np.arange(K + 1))
    per_order = p.use_per_order()
    end_stock = np.maximum(_end_stock(p, item, bucket, packs, stock), 0)
    for k in range(K):
        mine = np.arange(arc_start[k], arc_start[k + 1])
        for e in range(int(p.usage_start[k]), int(p.usage_start[k + 1])):
            r = int(p.usage_resource[e])
            at = _counts_in(p, k, r, bucket[mine])
            used = end_stock[mine] if p.kind[r] == STORAGE else packs[mine]
            counts = (used > 0) & (at >= 0)
            rows.append(first_shared + r * T + at[counts])
            where.append(mine[counts])
            values.append(float(p.usage_amount[e]) * used[counts] + per_order[e])
    milp = MilpProblem.from_entries(
        cost=np.concatenate([cost, np.zeros(orders.size)]),
        lower=np.zeros(n + orders.size),
        upper=np.ones(n + orders.size),
        integer=np.arange(n + orders.size) >= n,
        row_lower=np.concatenate([starts, np.zeros(orders.size), np.full(R * T, -np.inf)]),
        row_upper=np.concatenate([starts, np.zeros(orders.size), p.capacity.ravel()]),
        rows=np.concatenate(rows),
        columns=np.concatenate(where),
        values=np.concatenate(values),
    )
    of_item, size = orders // most // T, orders % most
    return LotSizingPaths(milp, of_item, orders // most % T, size)


def _end_stock(p: LotSizingProblem, item: Longs, bucket: Longs, packs: Longs, stock: Longs) -> Longs:
    there = stock + p.receipts[item, bucket] + p.pack[item].astype(np.int64) * packs
    left: Longs = np.asarray(there - p.demand[item, bucket], dtype=np.int64)
    return np.minimum(left, p.sellable[item, bucket]) if p.sellable.size else left
