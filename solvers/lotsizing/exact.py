"""The lot-sizing problem as a mixed-integer programme of flat arrays, and its solution by HiGHS.

Columns per item-location and bucket: stock x, stock owed w (backorders), unmet demand u (lost sales),
missing safety stock f, packs q and order y. Shipments are the packs of the item-locations supplied.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from solvers.lotsizing.problem import DISPATCH, STORAGE, Ints, LotSizingProblem
from solvers.milp.problem import Floats, MilpProblem

Longs = NDArray[np.int64]


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
    """Return the programme; exact where `end_value` <= `shortage`, and with backorders `shortfall` <= `shortage`."""
    K, T = problem.demand.shape
    N = K * T
    most = most_packs(problem)
    item, bucket = np.nonzero(most > 0)
    n = item.size
    stock, owed, unmet, missing = (np.arange(N) + i * N for i in range(4))
    packs = 4 * N + np.arange(n)
    order = packs + n
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
        ]
    )
    upper = np.concatenate(
        [
            problem.storage.ravel(),
            np.where(waits, np.inf, 0.0),
            np.where(waits, 0.0, problem.demand.ravel()),
            problem.safety.ravel(),
            most[item, bucket],
            np.ones(n),
        ]
    ).astype(np.float64)
    lower = np.zeros(cost.size)
    lower[packs] = problem.min_packs[item, bucket]
    integer = np.zeros(cost.size, bool)
    integer[4 * N :] = True
    entries = _Entries()
    _balance(problem, entries, stock, owed, unmet, packs, item, bucket)
    rows = entries.add_rows(problem.safety.ravel().astype(np.float64), np.inf, N)
    entries.set(rows, missing, 1.0)
    entries.set(rows, stock, 1.0)
    rows = entries.add_rows(-np.inf, 0.0, n)
    entries.set(rows, packs, 1.0)
    entries.set(rows, order, -most[item, bucket].astype(np.float64))
    rows = entries.add_rows(0.0, np.inf, n)
    entries.set(rows, packs, 1.0)
    entries.set(rows, order, -np.maximum(problem.moq[item], 1).astype(np.float64))
    _capacities(problem, entries, stock, packs, item, bucket)
    _owed_grows_by_demand(problem, entries, owed)
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
    """Return [K, T] the most packs an order can have: max_packs, what storage takes, what can be dispatched."""
    p = problem
    leaving = p.demand.astype(np.int64)
    supplies = np.zeros(p.item_locations, bool)
    supplies[p.source[p.source >= 0]] = True
    waiting = np.cumsum(leaving, axis=1) + np.maximum(-p.opening, 0)[:, None]
    room = np.where(p.backorders[:, None], waiting, leaving) + p.storage
    most = np.where(supplies[:, None], p.max_packs, np.minimum(p.max_packs, room // p.pack[:, None]))
    early = np.arange(p.buckets)[None, :] < np.where(p.source >= 0, p.lead, 0)[:, None]
    most = np.where(early, 0, most)
    return np.where(most >= np.maximum(p.moq[:, None], 1), most, 0).astype(np.int64)


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


def _owed_grows_by_demand(problem: LotSizingProblem, entries: _Entries, owed: Longs) -> None:
    """w[t] <= w[t-1] + demand[t]: what is sent on never comes from stock that is not there."""
    K, T = problem.demand.shape
    sends = np.zeros(K, bool)
    sends[problem.source[problem.source >= 0]] = True
    k = np.flatnonzero(sends & problem.backorders)
    if k.size == 0:
        return
    limit = problem.demand[k].astype(np.float64)
    limit[:, 0] += np.maximum(-problem.opening[k], 0)
    rows = entries.add_rows(-np.inf, limit.ravel(), k.size * T)
    columns = (k[:, None] * T + np.arange(T)).ravel()
    entries.set(rows, owed[columns], 1.0)
    later = np.arange(k.size * T) % T > 0
    entries.set(rows[later], owed[columns[later] - 1], -1.0)


def _capacities(
    problem: LotSizingProblem, entries: _Entries, stock: Longs, packs: Longs, item: Longs, bucket: Longs
) -> None:
    R, (K, T) = problem.resources, problem.demand.shape
    if R == 0:
        return
    rows = entries.add_rows(-np.inf, problem.capacity.ravel(), R * T)
    user = np.repeat(np.arange(K), np.diff(problem.usage_start))
    for entry, k in enumerate(user):
        r, amount = int(problem.usage_resource[entry]), float(problem.usage_amount[entry])
        if problem.kind[r] == STORAGE:
            entries.set(rows[r * T : (r + 1) * T], stock[k * T : (k + 1) * T], amount)
    by_item = np.searchsorted(item, np.arange(K + 1))
    orders = np.concatenate([np.arange(by_item[k], by_item[k + 1]) for k in user]) if user.size else np.zeros(0, int)
    entry = np.repeat(np.arange(user.size), by_item[user + 1] - by_item[user])
    resource = problem.usage_resource[entry].astype(np.int64)
    kind = problem.kind[resource]
    offset = np.where(kind == DISPATCH, problem.lead[item[orders]], 0)
    moves = (kind != STORAGE) & (bucket[orders] >= offset)
    entries.set(
        rows[resource[moves] * T + (bucket[orders] - offset)[moves]],
        packs[orders[moves]],
        problem.usage_amount[entry[moves]],
    )
