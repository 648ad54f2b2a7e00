"""Improvement of a plan that keeps the shared limits: take a few item-locations out, plan them again in another order.

Ruin and recreate with annealing. Those taken out have orders in the same stretch of the same shared resource; each is
planned again exactly, at a share of the prices, within what the others leave.
"""

from __future__ import annotations

import numpy as np

from solvers.compiled import njit
from solvers.lotsizing.dp_kernels import INFEASIBLE, best_path, item_prices, stock_range, value_to_go
from solvers.lotsizing.primal_kernels import _book, _limits, past_period, stock_path
from solvers.lotsizing.problem import DISPATCH, Arrays, Floats, Ints

_MOST_OUT = 8
_STRETCH = 2
_MOST_TRIES = 400


@njit(helper=True)
def _draw(state: np.ndarray) -> int:
    """Return the next of a stream of whole numbers in 0 .. 2^31 - 1 (xorshift, Marsaglia 2003)."""
    x = state[0]
    x ^= (x << 13) & 0xFFFFFFFFFFFFFFF
    x ^= x >> 7
    x ^= (x << 17) & 0xFFFFFFFFFFFFFFF
    state[0] = x
    return int(x & 0x7FFFFFFF)


@njit(helper=True)
def _share(state: np.ndarray) -> float:
    return _draw(state) / 2147483648.0


@njit(helper=True)
def _take_out(
    data: Arrays, user_start: Ints, user_item: Ints, free: Ints, packs: Ints, state: np.ndarray, out: Ints
) -> int:
    """Fill out with up to `_MOST_OUT` item-locations, different ones; return how many."""
    T = data.demand.shape[1]
    R = user_start.shape[0] - 1
    r = _draw(state) % R
    t = _draw(state) % T
    size = user_start[r + 1] - user_start[r]
    if size == 0:
        return 0
    wanted = 2 + _draw(state) % (_MOST_OUT - 1)
    count = 0
    begin = _draw(state) % size
    for step in range(min(size, _MOST_TRIES)):
        k = user_item[user_start[r] + (begin + step) % size]
        if free[k] == 0:
            continue
        near = _draw(state) % 16 == 0
        if not near:
            offset = data.lead[k] if data.kind[r] == DISPATCH else 0
            for u in range(max(t + offset - _STRETCH, 0), min(t + offset + _STRETCH + 1, T)):
                near |= packs[k, u] > 0
        if near and _draw(state) % 2 == 0:
            out[count] = k
            count += 1
            if count == wanted:
                break
    for i in range(count - 1, 0, -1):
        j = _draw(state) % (i + 1)
        out[i], out[j] = out[j], out[i]
    return count


@njit()
def improve(
    data: Arrays,
    user_start: Ints,
    user_item: Ints,
    free: Ints,
    row_of: Ints,
    widest: int,
    prices: Floats,
    use: Floats,
    packs: Ints,
    cost: Floats,
    steps: int,
    heat: float,
    cold: float,
    seed: int,
) -> None:
    """Improve packs [K, T] and cost [K] in place by `steps` tries; they end as the best plan seen, `use` does not.

    free : [K] 1 for the item-locations that may change; none of them is supplied by another or supplies one.
    use : [R, T] of the plan; heat, cold : money by which a try may be dearer, at the start and the end.
    """
    T = data.demand.shape[1]
    V = np.empty((T + 1, widest))
    H = np.empty(2 * widest)
    A = np.empty(2 * widest)
    B = np.empty(2 * widest)
    low = np.empty(T + 1, np.int32)
    high = np.empty(T + 1, np.int32)
    price = np.empty(T)
    order_price = np.empty(T)
    stock_price = np.empty(T)
    most = np.empty(T, np.int32)
    stock = np.empty(T, np.int32)
    K = packs.shape[0]
    lowest = np.empty((K, T + 1), np.int32)
    highest = np.empty((K, T + 1), np.int32)
    fee = np.empty((K, T))
    order_fee = np.empty((K, T))
    stock_fee = np.empty((K, T))
    least_cost = np.zeros(K)
    anything = np.full(T, 2**30, np.int32)
    left = np.zeros((1, T))
    out = np.empty(_MOST_OUT, np.int32)
    before = np.empty((_MOST_OUT, T), np.int32)
    cost_before = np.empty(_MOST_OUT)
    for k in range(K):  # what does not change from try to try
        if free[k] == 0:
            continue
        stock_range(data, k, lowest[k], highest[k])
        price[:] = data.pack_cost[k]
        order_price[:] = data.setup[k]
        stock_price[:] = 0.0
        low[:] = lowest[k]
        high[:] = highest[k]
        most[:] = data.max_packs[k]
        least_cost[k] = value_to_go(data, k, price, order_price, stock_price, most, low, high, V, H, A, B)
        item_prices(data, k, prices, left, row_of, price, order_price, stock_price)
        for t in range(T):
            fee[k, t] = price[t] - data.pack_cost[k]
            order_fee[k, t] = order_price[t] - data.setup[k]
            stock_fee[k, t] = stock_price[t]
    state = np.array([seed * 2654435761 + 88172645463325252], np.int64)
    best_packs = packs.copy()
    best_cost = cost.copy()
    changed = np.zeros(packs.shape[0], np.int32)
    touched = np.empty(packs.shape[0], np.int32)
    n_touched = 0
    gain = 0.0
    most_gain = 0.0
    for step in range(steps):
        count = _take_out(data, user_start, user_item, free, packs, state, out)
        if count == 0:
            continue
        temperature = heat * (cold / heat) ** (step / steps)
        worse = -temperature * np.log(max(_share(state), 1e-12))
        guide = 0.75 + 0.5 * _share(state)
        for i in range(count):
            k = out[i]
            before[i] = packs[k]
            cost_before[i] = cost[k]
            stock_path(data, k, packs[k], stock)
            _book(data, k, packs[k], -1, use, left, row_of, stock)
        delta = 0.0
        for i in range(count):
            delta += least_cost[out[i]] - cost_before[i]
        done = 0
        for i in range(count):
            k = out[i]
            if delta > worse:  # even if all that are left came out as cheap as without limits
                break
            delta -= least_cost[k] - cost_before[i]
            for t in range(T):
                price[t] = data.pack_cost[k] + guide * fee[k, t]
                order_price[t] = data.setup[k] + guide * order_fee[k, t]
                stock_price[t] = guide * stock_fee[k, t]
            low[:] = lowest[k]
            high[:] = highest[k]
            _limits(data, k, False, use, left, row_of, anything, low, high, most)
            value = value_to_go(data, k, price, order_price, stock_price, most, low, high, V, H, A, B)
            if value >= 0.5 * INFEASIBLE:
                break
            cost[k] = best_path(data, k, price, order_price, stock_price, most, low, high, V, packs[k], stock)
            if past_period(data, k, packs[k], use)[0] >= 0:
                break
            _book(data, k, packs[k], 1, use, left, row_of, stock)
            delta += cost[k] - cost_before[i]
            done += 1
        if done == count and delta <= worse:
            gain -= delta
            for i in range(count):
                k = out[i]
                if changed[k] == 0:
                    changed[k] = 1
                    touched[n_touched] = k
                    n_touched += 1
            if gain > most_gain + 1e-9:
                most_gain = gain
                for i in range(n_touched):
                    k = touched[i]
                    best_packs[k] = packs[k]
                    best_cost[k] = cost[k]
                    changed[k] = 0
                n_touched = 0
            continue
        for i in range(count):
            k = out[i]
            if i < done:
                stock_path(data, k, packs[k], stock)
                _book(data, k, packs[k], -1, use, left, row_of, stock)
            packs[k] = before[i]
            cost[k] = cost_before[i]
        for i in range(count):
            k = out[i]
            stock_path(data, k, packs[k], stock)
            _book(data, k, packs[k], 1, use, left, row_of, stock)
    packs[:] = best_packs
    cost[:] = best_cost
