"""What visits cost in stock, and a plan that keeps to given visits: the replenishment side of inventory routing.

A lane is all that one source sends to one location that supplies nobody else; it is visited in a bucket or not.
Between two visits a location lives on what the first one left, so the cost of an arc from visit to visit is what the
stock of all its items costs until the second one, and the first brings what lasts so long. The same prices of capacity
and stock count as in the decomposition.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from planner.replenishment.model import Model
from solvers.lotsizing.problem import DISPATCH, PERIOD, STORAGE, LotSizingProblem

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

SCARCE = 0.1
"""Price of loading or receiving a unit, over holding it for a bucket, above which a bucket is short of room."""
MISSED = 3.0
"""What a missed unit counts for in the choice of visits, over its price: routes do not get cheaper by empty shelves."""


@dataclass(frozen=True, slots=True)
class ShadowPrices:
    """Prices of a plan, money: resources [R, T] per unit of theirs, stock [K, T] per unit sent on by a source."""

    resources: FloatArray
    stock: FloatArray


@dataclass(frozen=True, slots=True)
class Lanes:
    """L lanes and what their visits cost in stock.

    Attributes
    ----------
    source_id, location_id : [L].
    hold : [L, T + 1, T + 1] money from visit a (0: before any, else in bucket a - 1) until a visit in bucket b (T: the
        end) at the prices of the plan; infinite where there may be no such visit.
    brought : [L, T + 1, T + 1, 2] kg and m3 of that visit.
    open : [L, days] on which a lane may be visited.
    visited : [L, T] by the plan that the prices come from.
    buckets, bucket_days : planned, without the look-ahead.
    """

    source_id: npt.NDArray[np.object_]
    location_id: npt.NDArray[np.object_]
    hold: FloatArray
    brought: FloatArray
    open: Flags
    visited: Flags
    buckets: int
    bucket_days: int


def price_lanes(model: Model, packs: npt.NDArray[np.int32], prices: ShadowPrices) -> Lanes:
    """Return the lanes of a model with what every arc from visit to visit costs and brings.

    Parameters
    ----------
    packs : [K, T] of the plan; prices : its own.
    """
    p, rows = model.problem, model.rows
    K, T = p.demand.shape
    supplies = np.zeros(K, dtype=bool)
    supplies[p.source[p.source >= 0]] = True
    members = np.flatnonzero((p.source >= 0) & ~supplies)
    keys = pd.MultiIndex.from_frame(rows.iloc[members][["source_id", "location_id"]])
    lane, names = pd.factorize(keys, sort=True)
    L = len(names)
    source_id = np.array([name[0] for name in names], dtype=object)
    location_id = np.array([name[1] for name in names], dtype=object)
    may, must, visited = (np.zeros((L, T), dtype=bool) for _ in range(3))
    np.logical_or.at(may, lane, p.max_packs[members] > 0)
    np.logical_or.at(must, lane, p.min_packs[members] > 0)
    np.logical_or.at(visited, lane, packs[members] > 0)
    first_day = pd.Series(np.ceil(rows["lead_time_days"].to_numpy()[members] - 1e-9)).groupby(lane).min()
    price, _ = _prices_of_items(p, members, replace(prices, stock=np.zeros_like(prices.stock)))
    short = price - p.pack_cost[members][:, None] > (SCARCE * p.holding * p.pack)[members][:, None] + 1e-9
    open_ = np.array([model.open[str(s), str(at)] for s, at in zip(source_id, location_id, strict=True)])
    open_ = open_.reshape(L, -1) & (np.arange(model.days.days)[None] >= first_day.to_numpy()[:, None])
    may &= open_.reshape(L, T, model.days.bucket_days).any(axis=2)
    arcs = _Arcs.of(p, members, prices, packs[members].astype(np.int64), short)
    hold = np.full((L, T + 1, T + 1), np.inf)
    brought = np.zeros((L, T + 1, T + 1, 2))
    size = rows[["unit_weight_kg", "unit_volume_m3"]].to_numpy(dtype=float)[members]
    per_pack = size * (p.pack[members] * model.unit[members])[:, None]
    limits = _limits_of_lanes(p, members, lane, L)
    skipped = np.concatenate([np.zeros((L, 1), np.int64), np.cumsum(must, axis=1)], axis=1)
    for a in range(T + 1):
        for b in range(a, T + 1):
            cost, ordered, stock = arcs.arc(a, b)
            allowed = skipped[:, b] == skipped[:, a]
            if a > 0:
                allowed &= may[:, a - 1]
                if b > a:
                    full = np.zeros(L, dtype=bool)
                    np.logical_or.at(full, lane, (ordered > 0) & (stock > p.storage[members, a - 1]))
                    for at, who, amount, storage, capacity in limits:
                        used = float(amount @ (np.maximum(stock[who], 0) if storage else ordered[who]))
                        full[at] |= used > capacity[a - 1] * (1 + 1e-9)
                    allowed &= ~full
            for q in range(2):
                brought[:, a, b, q] = np.bincount(lane, ordered * per_pack[:, q], L)
            hold[:, a, b] = np.where(allowed, np.bincount(lane, cost, L), np.inf)
    return Lanes(source_id, location_id, hold, brought, open_, visited, model.days.buckets, model.days.bucket_days)


@dataclass(frozen=True, slots=True)
class _Arcs:
    """Stock of M item-locations by how long the last visit has to last.

    Attributes
    ----------
    upto : [M, T + 1] packs delivered in all by a visit that lasts through bucket b - 1.
    stock : [M, T + 1, T] units at the end of a bucket then; costs : [M, T + 1, T + 1] of the buckets before, summed up.
    """

    pack: IntArray
    moq: IntArray
    setup: FloatArray
    price: FloatArray
    upto: IntArray
    stock: IntArray
    costs: FloatArray

    @classmethod
    def of(cls, p: LotSizingProblem, members: IntArray, prices: ShadowPrices, planned: IntArray, short: Flags) -> _Arcs:
        T = p.buckets
        pack = p.pack[members].astype(np.int64)
        demand, receipts = p.demand[members].astype(np.int64), p.receipts[members].astype(np.int64)
        waits, safety = p.backorders[members], p.safety[members].astype(np.int64)
        x = p.opening[members].astype(np.int64)
        needed = np.zeros((members.size, T + 1), np.int64)  # beyond stock and receipts, through bucket b - 1
        needed[:, 0] = -x
        served = np.zeros(members.size, dtype=bool)
        for t in range(T):
            served |= p.max_packs[members, t] > 0
            x = x + receipts[:, t] - demand[:, t]
            lost = np.where(~waits & ~served, np.maximum(-x, 0), 0)  # nothing can come in time
            x = x + lost
            needed[:, t + 1] = needed[:, t] + demand[:, t] - receipts[:, t] - lost
        with_safety = needed[:, 1:] + safety
        covers = np.maximum(
            -(-needed[:, 1:] // pack[:, None]), (2 * with_safety + pack[:, None]) // (2 * pack[:, None])
        )
        covers = np.where(short, np.cumsum(planned, axis=1), covers)
        covers = np.maximum(covers, np.cumsum(p.min_packs[members], axis=1))
        upto = np.maximum.accumulate(np.concatenate([np.zeros_like(covers[:, :1]), covers], axis=1), axis=1)
        stock = upto[:, :, None] * pack[:, None, None] - needed[:, None, 1:]
        price, stock_price = _prices_of_items(p, members, prices)
        held = np.maximum(stock, 0)
        short = np.maximum(-stock, 0)
        newly = np.where(waits[:, None, None], short, np.diff(short, axis=2, prepend=0).clip(min=0))
        late = T - np.arange(T)
        lost_cost = MISSED * p.shortage[members][:, None] + np.where(
            waits[:, None], 0.0, p.shortfall[members][:, None] * late
        )
        cost = held * (p.holding[members][:, None] + stock_price)[:, None, :] + newly * lost_cost[:, None, :]
        cost += p.shortfall[members][:, None, None] * np.maximum(safety[:, None, :] - held, 0)
        costs = np.concatenate([np.zeros((members.size, T + 1, 1)), np.cumsum(cost, axis=2)], axis=2)
        return cls(pack, p.moq[members].astype(np.int64), p.setup[members], price, upto, stock, costs)

    def arc(self, a: int, b: int) -> tuple[FloatArray, IntArray, IntArray]:
        """Return [M] the cost from visit a until b, the packs it brings, and the stock at the end of its bucket."""
        begin = max(a - 1, 0)
        state = b if a > 0 else 0
        cost = self.costs[:, state, b] - self.costs[:, state, begin]
        if a == 0:  # what the first visit makes up for
            late = self.upto[:, b] if b < self.price.shape[1] else np.zeros(len(self.pack), np.int64)
            return cost + self.price[:, min(b, self.price.shape[1] - 1)] * late, late, np.zeros_like(late)
        ordered = self.upto[:, b] - self.upto[:, begin]
        ordered = np.where(ordered > 0, np.maximum(ordered, self.moq), 0)
        cost = cost + self.price[:, begin] * ordered + self.setup * (ordered > 0)
        return cost, ordered, self.stock[:, b, begin]


def _prices_of_items(p: LotSizingProblem, members: IntArray, prices: ShadowPrices) -> tuple[FloatArray, FloatArray]:
    """Return [M, T] money per pack by bucket of arrival, and per unit in stock at the end of a bucket."""
    T, paid = p.buckets, p.by_bucket(prices.resources)
    price = np.repeat(p.pack_cost[members][:, None], T, axis=1)
    stock_price = np.zeros_like(price)
    position = np.full(p.item_locations, -1)
    position[members] = np.arange(members.size)
    user = position[np.repeat(np.arange(p.item_locations), np.diff(p.usage_start))]
    for lead in np.unique(p.lead[members]):
        mine = (user >= 0) & (p.lead[members[np.maximum(user, 0)]] == lead)
        for kind, offset, out in ((STORAGE, 0, stock_price), (DISPATCH, int(lead), price), (-1, 0, price)):
            of_kind = p.kind[p.usage_resource]
            some = np.flatnonzero(
                mine & ((of_kind == kind) if kind >= 0 else (of_kind != STORAGE) & (of_kind != DISPATCH))
            )
            worth = p.usage_amount[some][:, None] * paid[p.usage_resource[some], : T - offset]
            np.add.at(out, (user[some][:, None], np.arange(offset, T)[None]), worth)
        alike = np.flatnonzero(p.lead[members] == lead)
        taken = prices.stock[p.source[members[alike]], : T - lead]
        price[alike, lead:] += p.pack[members[alike]][:, None] * taken
    return price, stock_price


def _limits_of_lanes(
    p: LotSizingProblem, members: IntArray, lane: IntArray, L: int
) -> list[tuple[int, IntArray, FloatArray, bool, FloatArray]]:
    """Return (lane, its members, amounts, whether of storage, capacity [T]) of limits that a lane has for itself."""
    position = np.full(p.item_locations, -1)
    position[members] = np.arange(members.size)
    user = position[np.repeat(np.arange(p.item_locations), np.diff(p.usage_start))]
    out = []
    for r in range(p.resources):
        entries = np.flatnonzero(p.usage_resource == r)
        who = user[entries]
        if p.kind[r] == PERIOD or (who < 0).any() or who.size == 0 or np.unique(lane[who]).size > 1:
            continue
        out.append((int(lane[who[0]]), who, p.usage_amount[entries], bool(p.kind[r] == STORAGE), p.capacity[r]))
    return out


def keep_visits(model: Model, visits: pd.DataFrame) -> Model:
    """Return the model in which lanes are supplied only in the buckets, and if possible on the days, of their visits.

    Parameters
    ----------
    visits : source_id, location_id, bucket and day (since the start; -1: any); a lane that has none is named with
        bucket -1. Lanes that are not named stay free, and so do orders that a pin or a rule asks for.
    """
    p, rows = model.problem, model.rows
    lane = pd.MultiIndex.from_frame(rows[["source_id", "location_id"]])
    named = pd.MultiIndex.from_frame(visits[["source_id", "location_id"]]).unique()
    number = named.get_indexer(lane)
    day = np.full((len(named), p.buckets), -2, dtype=np.int64)
    some = visits[visits["bucket"] >= 0]
    day[named.get_indexer(pd.MultiIndex.from_frame(some[["source_id", "location_id"]])), some["bucket"]] = some["day"]
    of_row = np.where((number >= 0)[:, None], day[number], -1)
    closed = (of_row == -2) & (p.min_packs == 0)
    return replace(
        model,
        problem=replace(p, max_packs=np.where(closed, 0, p.max_packs).astype(np.int32)),
        visit_day=np.maximum(of_row, -1),
    )
