"""The dynamic programme of all item-locations at once in array code: NumPy as it stands, CuPy through its namespace.

The same recursion as `dp_kernels.value_to_go`: one row per item-location, one column per stock above the path without
orders. The best number of packs is a minimum over a window of stocks one pack apart; windows double in length, each
row up to its own (a sparse table). Item-locations that supply others are not for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from solvers.lotsizing.problem import DISPATCH, STORAGE, Floats, Ints, Longs, LotSizingProblem

_INFEASIBLE = 1e18
_TIE = 1e-12


@dataclass(frozen=True, slots=True)
class ItemPrices:
    """What item-locations pay [K, T]: per pack arriving, per order, and per unit in stock."""

    packs: Floats
    orders: Floats
    stock: Floats


def item_prices(problem: LotSizingProblem, prices: Floats) -> ItemPrices:
    """Return what item-locations pay at `prices` [R, T] of shared resources."""
    p, prices = problem, problem.by_bucket(prices)
    K, T = p.demand.shape
    packs = np.repeat(p.pack_cost[:, None], T, axis=1)
    orders = np.repeat(p.setup[:, None], T, axis=1)
    stock = np.zeros((K, T))
    user = np.repeat(np.arange(K), np.diff(p.usage_start))
    kind, per_order = p.kind[p.usage_resource], p.use_per_order()
    offset = np.where(kind == DISPATCH, p.lead[user], 0)
    held = kind == STORAGE
    np.add.at(stock, user[held], p.usage_amount[held, None] * prices[p.usage_resource[held]])
    for lead in np.unique(offset[~held]):
        entries = np.flatnonzero(~held & (offset == lead))
        paid = prices[p.usage_resource[entries], : T - lead] if lead < T else np.zeros((entries.size, 0))
        np.add.at(packs[:, min(lead, T) :], user[entries], p.usage_amount[entries, None] * paid)
        np.add.at(orders[:, min(lead, T) :], user[entries], per_order[entries, None] * paid)
    return ItemPrices(packs, orders, stock)


def stock_windows(problem: LotSizingProblem) -> tuple[Longs, Longs]:
    """Return low, high [K, T + 1], the stocks worth looking at; see `dp_kernels.stock_range`."""
    p = problem
    K, T = p.demand.shape
    pack = p.pack.astype(np.int64)
    provides = np.zeros(K, bool)
    provides[np.repeat(np.arange(K), np.diff(p.usage_start))[p.usage_amount < 0]] = True
    trim = ~(p.min_packs > 0).any(axis=1) & (p.end_value == 0) & ~provides
    low, high = np.empty((K, T + 1), np.int64), np.empty((K, T + 1), np.int64)
    low[:, 0] = high[:, 0] = p.opening
    useful = p.safety.max(axis=1).astype(np.int64) + pack * p.moq + p.demand.sum(axis=1) + np.maximum(-p.opening, 0)
    for t in range(T):
        change = p.receipts[:, t].astype(np.int64) - p.demand[:, t]
        useful = useful + change
        least = low[:, t] + change + pack * p.min_packs[:, t]
        most = high[:, t] + change + pack * p.max_packs[:, t]
        least, most = (np.where(p.backorders, x, np.maximum(x, 0)) for x in (least, most))
        most = np.where(trim, np.minimum(most, np.maximum(useful, least)), most)
        low[:, t + 1], high[:, t + 1] = least, np.minimum(most, p.storage[:, t])
    return low, high


class BatchedProgramme:
    """The programme on the device of an array namespace (array API standard 2024.12); the data is moved once.

    Raises
    ------
    ValueError
        Item-locations supply each other, stock expires, or one has no plan at all.
    """

    def __init__(self, problem: LotSizingProblem, namespace: Any = np) -> None:
        if (problem.source >= 0).any():
            raise ValueError("item-locations supply each other: the batched programme plans each alone")
        if problem.sellable.size:
            raise ValueError("stock expires: the batched programme writes nothing off")
        low, high = stock_windows(problem)
        if (high < low).any():
            raise ValueError("an item-location has no plan: its storage is below what it holds whatever is done")
        self._problem, self._xp = problem, namespace
        self._low, self._high = low, high
        p = problem
        first = low[:, :-1] + p.receipts + p.pack[:, None].astype(np.int64) * p.min_packs
        self._columns = int(max((high[:, 1:] + p.demand - first).max(initial=0), (high - low).max(initial=0))) + 1

    def solve(self, prices: Floats) -> tuple[Floats, Ints]:
        """Return value [K] with prices, and packs [K, T] of the cheapest plans at `prices` [R, T]."""
        paid = item_prices(self._problem, prices)
        ahead = self._value_to_go(paid)
        value = np.asarray(self._to_host(ahead[0])[:, 0])
        return value, self._packs(paid, ahead)

    def _to_host(self, array: Any) -> Any:
        return array.get() if hasattr(array, "get") else np.asarray(array)

    def _value_to_go(self, paid: ItemPrices) -> list[Any]:
        """Return V[t] [K, columns], the least cost from bucket t on by stock above the path without orders."""
        xp, p = self._xp, self._problem
        T = p.buckets
        grid = xp.arange(self._columns, dtype=xp.int64)[None, :]
        states = [self._column(self._high[:, t] - self._low[:, t]) for t in range(T + 1)]
        last = self._column(-p.end_value) * xp.astype(self._column(self._low[:, T]) + grid, xp.float64)
        value = [xp.where(grid <= states[T], last, _INFEASIBLE)]
        for t in reversed(range(T)):
            after_orders = self._bucket(t, value[-1], paid, grid)
            here = self._best_order(t, after_orders, paid, grid)
            value.append(xp.where(grid <= states[t], here, _INFEASIBLE))
        return value[::-1]

    def _column(self, values: Any) -> Any:
        """Return [K] values of the host as a column [K, 1] on the device."""
        return self._xp.asarray(np.ascontiguousarray(values))[:, None]

    def _bucket(self, t: int, ahead: Any, paid: ItemPrices, grid: Any) -> Any:
        """Return [K, columns] the cost of bucket t and all after it by units there after orders."""
        xp, p = self._xp, self._problem
        least = p.pack.astype(np.int64) * p.min_packs[:, t]
        first = self._low[:, t] + p.receipts[:, t] + least - p.demand[:, t]
        stock = self._column(first) + grid
        waits = self._column(p.backorders)
        lost = np.where(p.backorders, p.shortage, p.shortage + p.shortfall * (p.buckets - t))
        short = xp.astype(xp.where(stock < 0, -stock, 0), xp.float64)
        held = xp.astype(xp.where(stock > 0, stock, 0), xp.float64)
        missing = xp.astype(self._column(p.safety[:, t]), xp.float64) - held
        cost = self._column(p.holding + paid.stock[:, t]) * held + self._column(lost) * short
        cost = cost + self._column(p.shortfall) * xp.where(missing > 0, missing, 0.0)
        after = xp.where((stock < 0) & ~waits, 0, stock) - self._column(self._low[:, t + 1])
        inside = (stock <= self._column(self._high[:, t + 1])) & (after >= 0)
        after = xp.where(inside, after, 0)
        return xp.where(inside, cost + xp.take_along_axis(ahead, after, axis=1), _INFEASIBLE)

    def _best_order(self, t: int, after_orders: Any, paid: ItemPrices, grid: Any) -> Any:
        """Return [K, columns] the least over packs of `after_orders` and what the order costs."""
        xp, p = self._xp, self._problem
        least, pack = p.min_packs[:, t].astype(np.int64), p.pack.astype(np.int64)
        fewest = np.maximum(p.moq, least)
        width = np.maximum(np.minimum(p.max_packs[:, t] - fewest, self._columns // pack), -1) + 1
        price = self._column(paid.packs[:, t])

        def ahead_by(values: Any, packs: Longs) -> Any:
            place = grid + self._column(pack * packs)
            there = place < self._columns
            return xp.where(there, xp.take_along_axis(values, xp.where(there, place, 0), axis=1), _INFEASIBLE)

        best = ahead_by(after_orders, fewest - least)
        length = np.ones(width.size, np.int64)
        while (2 * length <= width).any():
            grows = 2 * length <= width
            more = ahead_by(best, length) + price * xp.astype(self._column(length), xp.float64)
            best = xp.where(self._column(grows) & (more < best), more, best)
            length = np.where(grows, 2 * length, length)
        rest = np.maximum(width - length, 0)
        more = ahead_by(best, rest) + price * xp.astype(self._column(rest), xp.float64)
        best = xp.where(more < best, more, best)
        best = best + self._column(paid.orders[:, t] + paid.packs[:, t] * fewest)
        best = xp.where(self._column(width > 0), best, _INFEASIBLE)
        stay = xp.where(self._column(least == 0), after_orders, _INFEASIBLE)
        return xp.where(stay <= best, stay, best)

    def _packs(self, paid: ItemPrices, ahead: list[Any]) -> Ints:
        """Return packs [K, T] of a cheapest path: the fewest packs where several are as good."""
        p = self._problem
        T = p.buckets
        out = np.zeros(p.demand.shape, np.int32)
        x, pack = p.opening.astype(np.int64), p.pack.astype(np.int64)
        for t in range(T):
            q = np.arange(int(p.max_packs[:, t].max(initial=0)) + 1)[None, :]
            stock = (x + p.receipts[:, t] - p.demand[:, t])[:, None] + pack[:, None] * q
            held, short = np.maximum(stock, 0), np.maximum(-stock, 0)
            lost = np.where(p.backorders, p.shortage, p.shortage + p.shortfall * (T - t))[:, None]
            cost = (p.holding + paid.stock[:, t])[:, None] * held + lost * short
            cost += p.shortfall[:, None] * np.maximum(p.safety[:, t][:, None] - held, 0)
            cost += np.where(q > 0, paid.orders[:, t][:, None], 0.0) + paid.packs[:, t][:, None] * q
            after = np.where(p.backorders[:, None], stock, held)
            place = after - self._low[:, t + 1][:, None]
            allowed = (after <= self._high[:, t + 1][:, None]) & (q <= p.max_packs[:, t][:, None])
            allowed &= (q >= p.min_packs[:, t][:, None]) & ((q == 0) | (q >= p.moq[:, None])) & (place >= 0)
            place = self._xp.asarray(np.where(allowed, place, 0))
            follows = self._to_host(self._xp.take_along_axis(ahead[t + 1], place, axis=1))
            total = np.where(allowed, cost + follows, 2 * _INFEASIBLE)
            out[:, t] = (total <= total.min(axis=1, keepdims=True) + _TIE).argmax(axis=1)
            x = np.take_along_axis(after, out[:, t].astype(np.int64)[:, None], axis=1)[:, 0]
        return out
