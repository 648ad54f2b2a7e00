"""The lot-sizing problem as a mixed-integer programme of flat arrays.

Columns per item-location and bucket: stock x, stock owed w (backorders), unmet demand u (lost sales),
missing safety stock f, packs q and order y. Shipments are the packs of the item-locations supplied.
Where the costs alone do not see to it that demand is served first, two more: short (no stock is left) and
sends (it serves others). Where stock expires, what is written off, and surplus (no more is kept than can be sold).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solvers.lotsizing.problem import DISPATCH, FRESH, PERIOD, STORAGE, Flags, Ints, Longs, LotSizingProblem
from solvers.milp.problem import Floats, MilpProblem


@dataclass(frozen=True, slots=True)
class LotSizingMilp:
    """A lot-sizing problem as a MILP and where its orders stand.

    Attributes
    ----------
    milp : the programme.
    item, bucket : [orders] of every pair that can have an order.
    packs, order : [orders] columns of q and y.
    """

    milp: MilpProblem
    item: Longs
    bucket: Longs
    packs: Longs
    order: Longs

    def read(self, x: Floats, shape: tuple[int, int]) -> Ints:
        """Return packs [K, T] of an answer x [columns]."""
        out = np.zeros(shape, np.int32)
        out[self.item, self.bucket] = np.rint(x[self.packs]).astype(np.int32)
        return out

    def start(self, packs: Ints) -> Floats:
        """Return an answer [columns] with the whole columns of a plan, NaN elsewhere."""
        x = np.full(self.milp.columns, np.nan)
        x[self.packs] = packs[self.item, self.bucket]
        x[self.order] = packs[self.item, self.bucket] > 0
        return x


class _Entries:
    """Rows under construction."""

    def __init__(self) -> None:
        self.lower: list[Floats] = []
        self.upper: list[Floats] = []
        self.rows: list[Longs] = []
        self.columns: list[Longs] = []
        self.values: list[Floats] = []
        self.count = 0

    def add_rows(self, lower: Floats | float, upper: Floats | float, count: int) -> Longs:
        """Add `count` rows; return their numbers."""
        self.lower.append(np.broadcast_to(np.asarray(lower, dtype=np.float64), count).copy())
        self.upper.append(np.broadcast_to(np.asarray(upper, dtype=np.float64), count).copy())
        self.count += count
        return np.arange(self.count - count, self.count)

    def set(self, rows: Longs, columns: Longs, values: Floats | float) -> None:
        """Set coefficients."""
        self.rows.append(np.asarray(rows, dtype=np.int64))
        self.columns.append(np.asarray(columns, dtype=np.int64))
        self.values.append(np.broadcast_to(np.asarray(values, dtype=np.float64), len(rows)).copy())


def to_milp(problem: LotSizingProblem) -> LotSizingMilp:
    """Return the programme."""
    K, T = problem.demand.shape
    N = K * T
    most = most_packs(problem)
    item, bucket = np.nonzero(most > 0)
    n = item.size
    stock, owed, unmet, missing = (np.arange(N) + i * N for i in range(4))
    packs = 4 * N + np.arange(n)
    order = packs + n
    choosing, late_sources = _may_refuse(problem), _sources(problem) & problem.backorders
    short = 4 * N + 2 * n + np.arange(T * int(choosing.sum()))
    sends = 4 * N + 2 * n + short.size + np.arange(T * int(late_sources.sum()))
    perishable = np.flatnonzero((problem.sellable < FRESH).ravel())
    surplus = 4 * N + 2 * n + short.size + sends.size + np.arange(perishable.size)
    waste = surplus + perishable.size
    waits = np.repeat(problem.backorders, T)
    to_end = np.tile(T - np.arange(T), K)
    last = np.tile(np.arange(T) == T - 1, K)
    value_at_end = np.where(last, np.repeat(problem.end_value, T), 0.0)
    cost = np.concatenate(
        [
            np.repeat(problem.holding, T) - value_at_end,
            np.repeat(problem.shortage, T) + value_at_end,
            np.repeat(problem.shortage, T) + np.repeat(problem.shortfall, T) * to_end,
            np.repeat(problem.shortfall, T),
            problem.pack_cost[item],
            problem.setup[item],
            np.zeros(short.size + sends.size + surplus.size),
            np.repeat(problem.waste_cost, T)[perishable],
        ]
    )
    upper = np.concatenate(
        [
            _kept_at_most(problem).ravel(),
            np.where(waits, np.inf, 0.0),
            np.where(waits, 0.0, problem.demand.ravel()),
            problem.safety.ravel(),
            most[item, bucket],
            np.ones(n + short.size + sends.size + surplus.size),
            np.full(waste.size, np.inf),
        ]
    ).astype(np.float64)
    lower = np.zeros(cost.size)
    lower[packs] = problem.min_packs[item, bucket]
    integer = np.zeros(cost.size, bool)
    integer[4 * N : cost.size - waste.size] = True
    entries = _Entries()
    _balance(problem, entries, stock, owed, unmet, packs, item, bucket)
    _write_off(problem, entries, perishable, surplus, waste, stock, most)
    rows = entries.add_rows(problem.safety.ravel().astype(np.float64), np.inf, N)
    entries.set(rows, missing, 1.0)
    entries.set(rows, stock, 1.0)
    rows = entries.add_rows(-np.inf, 0.0, n)
    entries.set(rows, packs, 1.0)
    entries.set(rows, order, -most[item, bucket].astype(np.float64))
    rows = entries.add_rows(0.0, np.inf, n)
    entries.set(rows, packs, 1.0)
    entries.set(rows, order, -np.maximum(problem.moq[item], 1).astype(np.float64))
    _capacities(problem, entries, stock, packs, order, item, bucket)
    _serve(problem, entries, np.flatnonzero(choosing), short, stock, owed, unmet)
    _send_from_stock(problem, entries, np.flatnonzero(late_sources), sends, owed, packs, item, bucket, most)
    milp = MilpProblem.from_entries(
        cost=cost,
        lower=lower,
        upper=upper,
        integer=integer,
        row_lower=np.concatenate(entries.lower),
        row_upper=np.concatenate(entries.upper),
        rows=np.concatenate(entries.rows),
        columns=np.concatenate(entries.columns),
        values=np.concatenate(entries.values),
    )
    return LotSizingMilp(milp, item, bucket, packs, order)


def most_packs(problem: LotSizingProblem) -> Longs:
    """Return [K, T] the most packs of an order: max_packs, what storage, demand and those supplied take."""
    p = problem
    K, T = p.demand.shape
    leaving = np.where(p.backorders[:, None], _asked(p), p.demand.astype(np.int64))
    early = np.arange(T)[None, :] < np.where(p.source >= 0, p.lead, 0)[:, None]
    most = np.zeros((K, T), np.int64)
    for level in _from_leaves(p.source):
        room = leaving[level] + p.storage[level]
        if p.sellable.size:  # of what expires a smallest order can bring more, or a pack too much
            smallest = p.pack[level, None] * (np.maximum(p.moq[level, None], p.min_packs[level]) + 1)
            room = room + np.where(p.sellable[level] < FRESH, smallest, 0)
        room = room // p.pack[level, None]
        packs = np.where(early[level], 0, np.minimum(p.max_packs[level], room))
        most[level] = np.where(packs >= np.maximum(p.moq[level], 1)[:, None], packs, 0)
        supplied = level[p.source[level] >= 0]
        for lead in np.unique(p.lead[supplied]):
            k = supplied[p.lead[supplied] == lead]
            if lead < T:
                np.add.at(leaving[:, : T - lead], p.source[k], p.pack[k, None].astype(np.int64) * most[k, lead:])
    return most


def _kept_at_most(problem: LotSizingProblem) -> Ints:
    """Return [K, T] units that may be in stock: what storage allows and can be sold in time."""
    p = problem
    return np.minimum(p.storage, p.sellable) if p.sellable.size else p.storage


def _from_leaves(source: Ints) -> list[Longs]:
    """Return the item-locations in levels, each level before those that supply it."""
    depth = np.zeros(source.size, np.int64)
    at = source.astype(np.int64)
    for _ in range(source.size):
        if (at < 0).all():
            break
        depth[at >= 0] += 1
        at = np.where(at >= 0, source[np.maximum(at, 0)], -1)
    return [np.flatnonzero(depth == level) for level in reversed(range(int(depth.max(initial=0)) + 1))]


def _balance(
    problem: LotSizingProblem,
    entries: _Entries,
    stock: Longs,
    owed: Longs,
    unmet: Longs,
    packs: Longs,
    item: Longs,
    bucket: Longs,
) -> None:
    """x[t] - w[t] - x[t-1] + w[t-1] - pack q - u + shipped = receipts - demand (+ opening)."""
    K, T = problem.demand.shape
    constant = (problem.receipts.astype(np.float64) - problem.demand).copy()
    constant[:, 0] += problem.opening
    rows = entries.add_rows(constant.ravel(), constant.ravel(), K * T)
    later = rows[np.arange(K * T) % T > 0]
    for column, sign in ((stock, 1.0), (owed, -1.0)):
        entries.set(rows, column, sign)
        entries.set(later, column[later - 1], -sign)
    entries.set(rows, unmet, -1.0)
    entries.set(item * T + bucket, packs, -problem.pack[item].astype(np.float64))
    source = problem.source[item].astype(np.int64)
    supplied = np.flatnonzero(source >= 0)
    leaves = bucket[supplied] - problem.lead[item[supplied]]
    entries.set(source[supplied] * T + leaves, packs[supplied], problem.pack[item[supplied]].astype(np.float64))


def _sources(problem: LotSizingProblem) -> Flags:
    """Return [K] whether an item-location supplies others."""
    supplies = np.zeros(problem.item_locations, bool)
    supplies[problem.source[problem.source >= 0]] = True
    return supplies


def _may_refuse(problem: LotSizingProblem) -> Flags:
    """Return [K] where keeping stock instead of serving own demand could pay: for those supplied, or as such."""
    p = problem
    own: Flags = (p.demand.sum(axis=1) > 0) | (p.opening < 0)
    at_end = p.end_value > p.shortage
    for_safety = p.backorders & (p.shortfall > p.shortage)
    refuses: Flags = own & (_sources(p) | at_end | for_safety)
    return refuses


def _serve(
    problem: LotSizingProblem, entries: _Entries, k: Longs, short: Longs, stock: Longs, owed: Longs, unmet: Longs
) -> None:
    """x[t] <= storage (1 - short[t]); u[t] + w[t] <= what is asked for so far, times short[t]."""
    T = problem.buckets
    at = (k[:, None] * T + np.arange(T)).ravel()
    storage = _kept_at_most(problem)[k].astype(np.float64).ravel()
    rows = entries.add_rows(-np.inf, storage, at.size)
    entries.set(rows, stock[at], 1.0)
    entries.set(rows, short, storage)
    rows = entries.add_rows(-np.inf, 0.0, at.size)
    entries.set(rows, unmet[at], 1.0)
    entries.set(rows, owed[at], 1.0)
    entries.set(rows, short, -_asked(problem)[k].astype(np.float64).ravel())


def _send_from_stock(
    problem: LotSizingProblem,
    entries: _Entries,
    k: Longs,
    sends: Longs,
    owed: Longs,
    packs: Longs,
    item: Longs,
    bucket: Longs,
    most: Longs,
) -> None:
    """q[c, t + lead] <= most sends[t]; w[t] <= demand[t] where it sends; w[t] <= w[t-1] + demand[t]."""
    T = problem.buckets
    at = (k[:, None] * T + np.arange(T)).ravel()
    demand = problem.demand[k].astype(np.float64)
    earlier = _asked(problem)[k] - demand
    rows = entries.add_rows(-np.inf, (demand + earlier).ravel(), at.size)
    entries.set(rows, owed[at], 1.0)
    entries.set(rows, sends, earlier.ravel())
    limit = demand.copy()
    limit[:, 0] += earlier[:, 0]
    rows = entries.add_rows(-np.inf, limit.ravel(), at.size)
    entries.set(rows, owed[at], 1.0)
    later = np.arange(at.size) % T > 0
    entries.set(rows[later], owed[at[later] - 1], -1.0)
    row_of = np.full(problem.item_locations + 1, -1)
    row_of[k] = np.arange(k.size)
    supplied = np.flatnonzero(row_of[problem.source[item]] >= 0)
    column = row_of[problem.source[item[supplied]]] * T + bucket[supplied] - problem.lead[item[supplied]]
    rows = entries.add_rows(-np.inf, 0.0, supplied.size)
    entries.set(rows, packs[supplied], 1.0)
    entries.set(rows, sends[column], -most[item[supplied], bucket[supplied]].astype(np.float64))


def _asked(problem: LotSizingProblem) -> Longs:
    """Return [K, T] units asked for up to a bucket, with what was owed at the start."""
    asked = np.cumsum(problem.demand.astype(np.int64), axis=1)
    return np.asarray(asked + np.maximum(-problem.opening.astype(np.int64), 0)[:, None], dtype=np.int64)


def _write_off(
    problem: LotSizingProblem,
    entries: _Entries,
    at: Longs,
    surplus: Longs,
    waste: Longs,
    stock: Longs,
    most: Longs,
) -> None:
    """Take what is written off from the balance; z[t] <= all there is, and x[t] >= sellable[t], where surplus[t]."""
    p = problem
    entries.set(at, waste, 1.0)
    comes = np.cumsum(p.receipts + p.pack[:, None].astype(np.int64) * most, axis=1) + np.maximum(p.opening, 0)[:, None]
    rows = entries.add_rows(-np.inf, 0.0, at.size)
    entries.set(rows, waste, 1.0)
    entries.set(rows, surplus, -comes.ravel()[at].astype(np.float64))
    rows = entries.add_rows(0.0, np.inf, at.size)
    entries.set(rows, stock[at], 1.0)
    entries.set(rows, surplus, -p.sellable.ravel()[at].astype(np.float64))


def _capacities(
    problem: LotSizingProblem,
    entries: _Entries,
    stock: Longs,
    packs: Longs,
    order: Longs,
    item: Longs,
    bucket: Longs,
) -> None:
    R, (K, T) = problem.resources, problem.demand.shape
    if R == 0:
        return
    rows = entries.add_rows(-np.inf, problem.capacity.ravel(), R * T)
    user = np.repeat(np.arange(K), np.diff(problem.usage_start))
    for use in np.flatnonzero(problem.kind[problem.usage_resource] == STORAGE):
        k, r, amount = int(user[use]), int(problem.usage_resource[use]), float(problem.usage_amount[use])
        entries.set(rows[r * T : (r + 1) * T], stock[k * T : (k + 1) * T], amount)
    by_item = np.searchsorted(item, np.arange(K + 1))
    orders = np.concatenate([np.arange(by_item[k], by_item[k + 1]) for k in user]) if user.size else np.zeros(0, int)
    entry = np.repeat(np.arange(user.size), by_item[user + 1] - by_item[user])
    resource = problem.usage_resource[entry].astype(np.int64)
    kind = problem.kind[resource]
    offset = np.where(kind == DISPATCH, problem.lead[item[orders]], 0)
    counts = bucket[orders] - offset
    if problem.period.size:
        counts = np.where(kind == PERIOD, problem.period[resource, bucket[orders]], counts)
    moves = (kind != STORAGE) & (counts >= 0)
    row = rows[resource[moves] * T + counts[moves]]
    entries.set(row, packs[orders[moves]], problem.usage_amount[entry[moves]])
    if problem.usage_order.size:
        entries.set(row, order[orders[moves]], problem.usage_order[entry[moves]])
