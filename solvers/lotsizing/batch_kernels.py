"""The programme of an item-location whose orders are taken from batches of its source, each paid for once.

A batch is what its source orders for one bucket. Whoever takes from a batch for the first time pays its share of the
fixed cost of ordering it, and every unit pays for the time the source held it; what the source has from the start is
free of such shares and can be taken at any time. A unit never costs more from a newer batch, so the programme need
only know the newest that is paid for.
"""

from __future__ import annotations

import numpy as np

from solvers.compiled import njit
from solvers.lotsizing.dp_kernels import INFEASIBLE, item_prices, most_at_hand, stage_cost, stock_range
from solvers.lotsizing.problem import Arrays, Flags, Floats, Ints
from solvers.lotsizing.source_kernels import _order

_TIE = 1e-12


@njit(helper=True)
def _worth_using(
    arrives: Ints, worth: Floats, pool: float, fee: Floats, smallest: int, lead: int, of_use: Flags
) -> None:
    """Fill of_use [T + 1, B + 1]: whether taking from a batch can pay for an arrival in a bucket.

    It cannot where the pool, or a newer batch with its fee, is cheaper even for the smallest order.
    """
    lots = arrives.shape[0]
    of_use[:] = False
    for t in range(min(lead, of_use.shape[0] - 1), of_use.shape[0] - 1):
        for r in range(lots):
            live = arrives[r] <= t - lead and pool > worth[r]
            for later in range(r + 1, lots):
                if arrives[later] > t - lead:
                    break
                live &= smallest * (worth[r] - worth[later]) < fee[later]
            of_use[t, r] = live


@njit(helper=True)
def _cost_without_batches(
    data: Arrays, k: int, t: int, stock_price: Floats, low: Ints, high: Ints, G: Floats, X: Ints
) -> tuple[int, int]:
    """Fill what bucket t costs with low[t] + receipts + i units, and the place of the stock after it; return sizes."""
    first = low[t] + data.receipts[k, t]
    n_stage = most_at_hand(data, k, t, high) - first + 1
    for i in range(n_stage):
        c, x = stage_cost(data, k, t, first + i)
        if x <= high[t + 1]:
            G[i] = c + stock_price[t] * max(x, 0)
            X[i] = x - low[t + 1]
        else:
            G[i] = INFEASIBLE
            X[i] = 0
    return n_stage, high[t] - low[t] + 1


@njit(helper=True)
def _batch_value(
    data: Arrays,
    k: int,
    price: Floats,
    order_price: Floats,
    stock_price: Floats,
    held: Floats,
    worth: Floats,
    pool: float,
    fee: Floats,
    of_use: Flags,
    low: Ints,
    high: Ints,
    V: Floats,
    H: Floats,
    A: Floats,
    B: Floats,
    G: Floats,
    X: Ints,
    limit: Ints,
) -> float:
    """Fill V [T + 1, B + 1, width], the least cost from a bucket on by the batch paid for (B: none); return V[0, B, 0].

    price, order_price, stock_price : as for `value_to_go`, without the source's share. held : [T + 1] money per unit
    that leaves the source in a bucket. worth : [B] money per unit from a batch besides, never rising; pool : the same
    for what the source has; fee : [B] money for the first use.
    """
    T, lots = data.demand.shape[1], worth.shape[0]
    pack, lead = data.pack[k], data.lead[k]
    for s in range(lots + 1):
        for i in range(high[T] - low[T] + 1):
            V[T, s, i] = -data.end_value[k] * (low[T] + i)
    for t in range(T - 1, -1, -1):
        n_stage, n_states = _cost_without_batches(data, k, t, stock_price, low, high, G, X)
        for s in range(lots + 1):
            if s < lots and not of_use[t, s]:
                continue
            ahead = V[t + 1, s if s < lots and (t + 1 == T or of_use[t + 1, s]) else lots]
            for i in range(n_stage):
                H[i] = G[i] + ahead[X[i]]
            here = V[t, s]
            if t >= lead and data.max_packs[k, t] > 0:
                per_pack = price[t] + pack * (held[t - lead] + (worth[s] if s < lots else pool))
                _order(data, k, t, pack, limit, per_pack, order_price[t], H, n_stage, n_states, here, A, B)
            else:
                for i in range(n_states):
                    here[i] = H[i] if i < n_stage else INFEASIBLE
        newer = G  # the least of all newer batches, their fee included
        for i in range(n_states):
            newer[i] = INFEASIBLE
        for s in range(lots - 1, -1, -1):
            if of_use[t, s]:
                here = V[t, s]
                for i in range(n_states):
                    here[i] = min(here[i], newer[i])
                    newer[i] = min(newer[i], here[i] + fee[s])
        here = V[t, lots]
        for i in range(n_states):
            here[i] = min(here[i], newer[i])
    return float(V[0, lots, 0])


@njit(helper=True)
def _follow(
    data: Arrays,
    k: int,
    price: Floats,
    order_price: Floats,
    stock_price: Floats,
    held: Floats,
    worth: Floats,
    pool: float,
    fee: Floats,
    of_use: Flags,
    low: Ints,
    high: Ints,
    V: Floats,
    uses: Floats,
) -> None:
    """Fill uses [B + 1]: units of a cheapest path by `_batch_value`'s V from every batch, then from the pool."""
    T, lots = data.demand.shape[1], worth.shape[0]
    pack, lead = data.pack[k], data.lead[k]
    uses[:] = 0.0
    x = data.opening[k]
    paid = lots
    for t in range(T):
        y = x + data.receipts[k, t]
        top = most_at_hand(data, k, t, high)
        if paid < lots and not of_use[t, paid]:
            paid = lots
        best, chosen, batch = 2 * INFEASIBLE, 0, paid
        for s in range(lots + 1):
            if s != paid and (not of_use[t, s] or (paid < lots and s < paid)):
                continue
            after = V[t + 1, s if s < lots and (t + 1 == T or of_use[t + 1, s]) else lots]
            entry = fee[s] if s != paid else 0.0
            worth_of = worth[s] if s < lots else pool
            for q in range(data.max_packs[k, t] + 1):
                if 0 < q < data.moq[k]:
                    continue
                if y + pack * q > top or (q > 0 and t < lead):
                    break
                c, z = stage_cost(data, k, t, y + pack * q)
                if z > high[t + 1]:
                    break
                w = c + stock_price[t] * max(z, 0) + after[z - low[t + 1]] + entry
                if q > 0:
                    w += order_price[t] + q * (price[t] + pack * (held[t - lead] + worth_of))
                if w < best - _TIE:
                    best, chosen, batch = w, q, s
        if chosen > 0:
            uses[batch] += pack * chosen
        paid = batch
        _, x = stage_cost(data, k, t, y + pack * chosen)


@njit()
def batch_values(
    data: Arrays,
    children: Ints,
    price: Floats,
    order_price: Floats,
    stock_price: Floats,
    held: Floats,
    arrives: Ints,
    worth: Floats,
    pool: float,
    fee: Floats,
    widest: int,
    value: Floats,
    uses: Floats,
) -> None:
    """Fill value [n] and uses [n, B + 1] of n children of one source; price, order_price, stock_price are [n, T].

    arrives : [B] first bucket in which a batch can be sent on, ascending; for the others see `_batch_value`.
    """
    T, lots = data.demand.shape[1], arrives.shape[0]
    V = np.empty((T + 1, lots + 1, widest))
    H = np.empty(2 * widest)
    A = np.empty(2 * widest)
    B = np.empty(2 * widest)
    G = np.empty(2 * widest)
    X = np.empty(2 * widest, np.int32)
    low = np.empty(T + 1, np.int32)
    high = np.empty(T + 1, np.int32)
    limit = np.full(T, 2**30, np.int32)
    of_use = np.zeros((T + 1, lots + 1), np.bool_)
    for n in range(children.shape[0]):
        k = children[n]
        value[n] = INFEASIBLE
        if stock_range(data, k, low, high) == 0:
            continue
        _worth_using(arrives, worth, pool, fee[n], data.pack[k] * data.moq[k], data.lead[k], of_use)
        value[n] = _batch_value(
            data, k, price[n], order_price[n], stock_price[n], held, worth, pool, fee[n], of_use, low, high, V, H, A, B,
            G, X, limit,
        )  # fmt: skip
        _follow(
            data, k, price[n], order_price[n], stock_price[n], held, worth, pool, fee[n], of_use, low, high, V, uses[n]
        )


@njit()
def prices_of(
    data: Arrays,
    items: Ints,
    prices: Floats,
    source_prices: Floats,
    row_of: Ints,
    price: Floats,
    order_price: Floats,
    stock_price: Floats,
) -> None:
    """Fill what items pay [n, T], see `item_prices`."""
    for n in range(items.shape[0]):
        item_prices(data, items[n], prices, source_prices, row_of, price[n], order_price[n], stock_price[n])
