"""Exact dynamic programme of one item-location, and its batch over all of them.

The state is the stock at the end of a bucket. Only stocks between the path without orders and the
least of storage, what orders can reach and what demand can use are looked at. The best number of
packs is a minimum over a window of stocks one pack apart; windows double in length
(w[y] = min(w[y], w[y + pack 2^j] + price 2^j)), so that a window of n packs takes log2(n) passes
that the compiler turns into vector instructions.
"""

from __future__ import annotations

import numpy as np

from solvers.compiled import njit
from solvers.lotsizing.problem import DISPATCH, FRESH, PERIOD, STORAGE, Arrays, Floats, Ints

INFEASIBLE = 1e18
_TIE = 1e-12


@njit(helper=True)
def provides(data: Arrays, k: int) -> bool:
    """Whether an order of k can make room for others, so that more than k needs may pay."""
    makes_room = False
    for e in range(data.usage_start[k], data.usage_start[k + 1]):
        makes_room |= data.usage_amount[e] < 0.0
    return makes_room


@njit(helper=True)
def expires(data: Arrays, k: int) -> bool:
    """Whether stock of k may be written off: FRESH stands in all buckets or in none."""
    return bool(data.sellable.shape[0] > 0 and data.sellable[k, 0] < FRESH)


@njit(helper=True)
def most_at_hand(data: Arrays, k: int, t: int, high: Ints) -> int:
    """Return the most units before demand worth looking at in bucket t, by the stocks `high` [T + 1].

    Of what expires an order may leave more than can be sold: less than a pack, or what the smallest order brings.
    """
    top = high[t + 1] + data.demand[k, t]
    if expires(data, k):
        smallest = data.pack[k] * max(data.moq[k], data.min_packs[k, t])
        top = max(top + data.pack[k], high[t] + data.receipts[k, t] + smallest)
    return int(top)


@njit(helper=True)
def stock_range(data: Arrays, k: int, low: Ints, high: Ints) -> int:
    """Fill low, high [T + 1] with the stocks worth looking at; return the widest range, 0 if there is none.

    `low` is the path without orders: orders only ever raise stock. An order never lifts the stock by a
    pack (or the smallest order) above all demand to come plus the most safety stock, because it could
    be smaller; holds for prices that are not negative and stock that is worth nothing at the end.
    """
    T = data.demand.shape[1]
    pack = data.pack[k]
    waits = data.backorders[k]
    pinned = False
    most_safety = 0
    to_come = 0
    for t in range(T):
        most_safety = max(most_safety, data.safety[k, t])
        to_come += data.demand[k, t]
        pinned |= data.min_packs[k, t] > 0
    trim = not pinned and data.end_value[k] == 0.0 and not provides(data, k)
    low[0] = data.opening[k]
    high[0] = data.opening[k]
    useful = most_safety + pack * data.moq[k] + to_come + max(-data.opening[k], 0)
    widest = 1
    for t in range(T):
        r = data.receipts[k, t]
        d = data.demand[k, t]
        useful += r - d
        lo = low[t] + r + pack * data.min_packs[k, t] - d
        hi = high[t] + r + pack * data.max_packs[k, t] - d
        if not waits:
            lo = max(lo, 0)
            hi = max(hi, 0)
        if trim:
            hi = min(hi, max(useful, lo))
        if expires(data, k):
            lo = min(lo, data.sellable[k, t])
            hi = min(hi, data.sellable[k, t])
        hi = min(hi, data.storage[k, t])
        if hi < lo:
            return 0
        low[t + 1] = lo
        high[t + 1] = hi
        widest = max(widest, most_at_hand(data, k, t, high) - low[t] + 1, hi - lo + 1)
    return widest


@njit(helper=True)
def value_to_go(
    data: Arrays,
    k: int,
    price: Floats,
    order_price: Floats,
    stock_price: Floats,
    most: Ints,
    low: Ints,
    high: Ints,
    V: Floats,
    H: Floats,
    A: Floats,
    B: Floats,
) -> float:
    """Fill V[t, x - low[t]], the least cost from bucket t on with stock x before it; return V[0, 0].

    price : [T] money per pack arriving; order_price : [T] money per order; stock_price : [T] money per unit in stock
    at the end; most : [T] packs.
    H, A, B are scratch: H[i] is the cost from bucket t on with first + i units available after orders.
    """
    T = data.demand.shape[1]
    pack = data.pack[k]
    short = data.shortfall[k]
    last = V[T]
    for i in range(high[T] - low[T] + 1):
        last[i] = -data.end_value[k] * (low[T] + i)
    for t in range(T - 1, -1, -1):
        least = data.min_packs[k, t]
        d = data.demand[k, t]
        first = low[t] + data.receipts[k, t] + pack * least
        low1 = low[t + 1]
        high1 = high[t + 1]
        n_stage = most_at_hand(data, k, t, high) - first + 1
        n_states = high[t] - low[t] + 1
        ahead = V[t + 1]
        here = V[t]
        missing = short * data.safety[k, t]
        start = low1
        if data.backorders[k]:
            for x in range(low1, min(high1 + 1, 0)):
                H[x + d - first] = missing - data.shortage[k] * x + ahead[x - low1]
            start = max(low1, 0)
        elif first < d:
            lost = data.shortage[k] + short * (T - t)
            all_lost = lost * (d - first) + missing + ahead[0]
            for i in range(d - first):
                H[i] = all_lost - lost * i
        hold = data.holding[k] + stock_price[t]
        start = max(start, first - d)  # all above what can be sold, where that is less
        served = H[start + d - first :]
        follows = ahead[start - low1 :]
        x0 = float(start)
        safety = float(data.safety[k, t])
        for i in range(high1 + 1 - start):
            kept = x0 + i
            served[i] = hold * kept + short * max(safety - kept, 0.0) + follows[i]
        least_over = max(high1 + d + 1 - first, 0)
        if least_over < n_stage:
            written_off = INFEASIBLE
            if expires(data, k) and high1 == data.sellable[k, t]:
                written_off = hold * high1 + short * max(safety - high1, 0.0) + ahead[high1 - low1]
            for i in range(least_over, n_stage):
                H[i] = written_off + data.waste_cost[k] * (first + i - d - high1)

        fewest = max(data.moq[k], least)
        skip = pack * (fewest - least)
        if most[t] < fewest or n_stage <= skip:
            for i in range(n_stage, n_states):
                H[i] = INFEASIBLE
            stay = 0.0 if least == 0 else INFEASIBLE
            for i in range(n_states):
                here[i] = H[i] + stay
            continue
        width = min(most[t] - fewest, (n_stage - skip - 1) // pack) + 1
        for i in range(n_stage, n_states + skip + pack * (width - 1)):
            H[i] = INFEASIBLE
        now = H[skip:]
        step = 1
        turn = False
        while 4 * step < width:
            s = pack * step
            m = n_states + pack * (width - 4 * step)
            now1 = now[s:]
            now2 = now[2 * s :]
            now3 = now[3 * s :]
            p1 = price[t] * step
            p2 = 2.0 * p1
            p3 = 3.0 * p1
            to = B if turn else A
            for i in range(m):
                to[i] = min(min(now[i], now1[i] + p1), min(now2[i] + p2, now3[i] + p3))  # noqa: PLW3301 - vectorises
            now = to
            turn = not turn
            step *= 4
        j1 = min(step, width - step)
        j2 = min(2 * step, width - step)
        j3 = width - step
        now1 = now[pack * j1 :]
        now2 = now[pack * j2 :]
        now3 = now[pack * j3 :]
        base = order_price[t] + price[t] * fewest
        p1 = base + price[t] * j1
        p2 = base + price[t] * j2
        p3 = base + price[t] * j3
        if least == 0:
            for i in range(n_states):
                near = min(now[i] + base, now1[i] + p1)
                far = min(now2[i] + p2, now3[i] + p3)
                here[i] = min(min(H[i], near), far)  # noqa: PLW3301 - two at a time vectorises
        else:
            for i in range(n_states):
                near = min(now[i] + base, now1[i] + p1)
                far = min(now2[i] + p2, now3[i] + p3)
                here[i] = min(near, far)
    return float(V[0, 0])


@njit(helper=True)
def stage_cost(data: Arrays, k: int, t: int, y: int) -> tuple[float, int]:
    """Return the cost of bucket t with y units available, without what follows, and the stock after it."""
    x = y - data.demand[k, t]
    safety = data.safety[k, t]
    if x >= 0:
        thrown = 0
        if expires(data, k):
            thrown = max(x - data.sellable[k, t], 0)
            x -= thrown
        cost = data.holding[k] * x + data.shortfall[k] * max(safety - x, 0)
        if thrown > 0:
            cost += data.waste_cost[k] * thrown
        return cost, x
    if data.backorders[k]:
        return -data.shortage[k] * x + data.shortfall[k] * safety, x
    lost = data.shortage[k] + data.shortfall[k] * (data.demand.shape[1] - t)
    return -lost * x + data.shortfall[k] * safety, 0


@njit(helper=True)
def best_path(
    data: Arrays,
    k: int,
    price: Floats,
    order_price: Floats,
    stock_price: Floats,
    most: Ints,
    low: Ints,
    high: Ints,
    V: Floats,
    packs: Ints,
    stock: Ints,
) -> float:
    """Fill packs [T] and stock [T] of a cheapest path by `value_to_go`'s V; return its cost without prices."""
    T = data.demand.shape[1]
    x = data.opening[k]
    cost = 0.0
    for t in range(T):
        ahead = V[t + 1]
        top = most_at_hand(data, k, t, high)
        y = x + data.receipts[k, t]
        best = 2 * INFEASIBLE
        chosen = 0
        least = data.min_packs[k, t]
        if least == 0 and y <= top:
            c, z = stage_cost(data, k, t, y)
            if z <= high[t + 1]:
                best = c + stock_price[t] * max(z, 0) + ahead[z - low[t + 1]]
        fewest = max(data.moq[k], least)
        for q in range(fewest, min(most[t], (top - y) // data.pack[k]) + 1):
            c, z = stage_cost(data, k, t, y + data.pack[k] * q)
            if z > high[t + 1]:
                break
            w = order_price[t] + price[t] * q + c + stock_price[t] * max(z, 0) + ahead[z - low[t + 1]]
            if w < best - _TIE:
                best = w
                chosen = q
        c, x = stage_cost(data, k, t, y + data.pack[k] * chosen)
        cost += c + data.pack_cost[k] * chosen
        if chosen > 0:
            cost += data.setup[k]
        packs[t] = chosen
        stock[t] = x
    return float(cost - data.end_value[k] * x)


@njit(helper=True)
def item_prices(
    data: Arrays,
    k: int,
    prices: Floats,
    source_prices: Floats,
    row_of: Ints,
    price: Floats,
    order_price: Floats,
    stock_price: Floats,
) -> None:
    """Fill what k pays [T]: price per pack arriving, order_price per order, stock_price per unit in stock.

    prices : [R, T] of resources; source_prices : [J, T] per unit taken from a source, in row row_of[source].
    """
    T = data.demand.shape[1]
    lead = data.lead[k]
    price[:] = data.pack_cost[k]
    stock_price[:] = 0.0
    order_price[:] = data.setup[k]
    with_orders = data.usage_order.shape[0] > 0
    for e in range(data.usage_start[k], data.usage_start[k + 1]):
        r = data.usage_resource[e]
        amount = data.usage_amount[e]
        if data.kind[r] == STORAGE:
            for t in range(T):
                stock_price[t] += amount * prices[r, t]
        elif data.kind[r] == PERIOD:
            for t in range(T):
                c = data.period[r, t]
                if c >= 0:
                    price[t] += amount * prices[r, c]
                    if with_orders:
                        order_price[t] += data.usage_order[e] * prices[r, c]
        else:
            offset = lead if data.kind[r] == DISPATCH else 0
            for t in range(offset, T):
                price[t] += amount * prices[r, t - offset]
            if with_orders and data.usage_order[e] > 0.0:
                for t in range(offset, T):
                    order_price[t] += data.usage_order[e] * prices[r, t - offset]
    if data.source[k] >= 0:
        row = row_of[data.source[k]]
        for t in range(lead, T):
            price[t] += data.pack[k] * source_prices[row, t - lead]


@njit()
def solve_items(
    data: Arrays,
    items: Ints,
    begin: int,
    end: int,
    widest: int,
    prices: Floats,
    source_prices: Floats,
    row_of: Ints,
    value: Floats,
    cost: Floats,
    packs: Ints,
) -> None:
    """Solve items[begin:end] at given prices: value (with prices), cost (without) [K] and packs [K, T]."""
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
    stock = np.empty(T, np.int32)
    for j in range(begin, end):
        k = items[j]
        value[k] = INFEASIBLE
        cost[k] = INFEASIBLE
        if stock_range(data, k, low, high) > 0:
            item_prices(data, k, prices, source_prices, row_of, price, order_price, stock_price)
            most = data.max_packs[k]
            value[k] = value_to_go(data, k, price, order_price, stock_price, most, low, high, V, H, A, B)
            if value[k] < 0.5 * INFEASIBLE:
                cost[k] = best_path(data, k, price, order_price, stock_price, most, low, high, V, packs[k], stock)


@njit()
def stock_widths(data: Arrays, items: Ints, begin: int, end: int, out: Ints) -> None:
    """Fill out [len(items)] with the widest range of stocks of every item-location, 0 where no plan exists."""
    T = data.demand.shape[1]
    low = np.empty(T + 1, np.int32)
    high = np.empty(T + 1, np.int32)
    for j in range(begin, end):
        out[j] = stock_range(data, items[j], low, high)
