"""Exact dynamic programme of an item-location that supplies others.

Besides ordering it sends units on: any multiple of `grid` between two limits, at a price per unit.
With prices of the relaxed stock rows this is its share of the Lagrangian bound; with both limits
equal to what others take it is the cheapest plan that serves them. Stocks are x = rest[t] + grid n:
where it has no demand of its own, only one residue per bucket can occur.
"""

from __future__ import annotations

import numpy as np

from solvers.compiled import njit
from solvers.lotsizing.dp_kernels import INFEASIBLE, item_prices, provides, stage_cost
from solvers.lotsizing.problem import Arrays, Floats, Ints, Longs

_TIE = 1e-12


@njit(helper=True)
def source_range(
    data: Arrays,
    k: int,
    grid: int,
    send_low: Longs,
    send_high: Longs,
    send_ahead: Longs,
    limit: Ints,
    room: Ints,
    rest: Longs,
    low: Longs,
    high: Longs,
) -> int:
    """Fill rest, low, high [T + 1], stocks rest + grid low .. rest + grid high; return the widest range, 0 for none.

    send_low, send_high : [T] units, multiples of grid; send_ahead : [T + 1] units, the most that can leave from a
    bucket on: stock beyond it is of no use; limit : [T] packs, besides max_packs; room : [T] units in stock,
    besides storage.
    """
    T = data.demand.shape[1]
    own = False
    useful = np.int64(max(-data.opening[k], 0))
    most_safety = 0
    pinned = False
    for t in range(T):
        own |= data.demand[k, t] > 0
        useful += data.demand[k, t]
        most_safety = max(most_safety, data.safety[k, t])
        pinned |= data.min_packs[k, t] > 0
    trim = not pinned and data.end_value[k] == 0.0 and not provides(data, k)
    useful += most_safety + data.pack[k] * data.moq[k]
    rest[0] = 0 if own else data.opening[k] % grid
    lo = int(data.opening[k])
    hi = int(data.opening[k])
    low[0] = (lo - rest[0]) // grid
    high[0] = low[0]
    widest = 1
    for t in range(T):
        r = data.receipts[k, t]
        d = data.demand[k, t]
        useful += r - d
        most = min(data.max_packs[k, t], limit[t])
        top = hi + r + data.pack[k] * most
        path = lo + r + data.pack[k] * data.min_packs[k, t]
        lo = path - d - send_high[t]
        lo = max(lo, min(path, 0) - d if data.backorders[k] else 0)
        hi = top - d - send_low[t]
        if not data.backorders[k]:
            hi = max(hi, 0)
        if trim:
            hi = min(hi, max(useful + send_ahead[t + 1], path - d - send_low[t]))
        hi = min(hi, data.storage[k, t], room[t])
        rest[t + 1] = 0 if own else (rest[t] + r) % grid
        low[t + 1] = -((rest[t + 1] - lo) // grid)
        high[t + 1] = (hi - rest[t + 1]) // grid
        if high[t + 1] < low[t + 1]:
            return 0
        lo = rest[t + 1] + grid * low[t + 1]
        hi = rest[t + 1] + grid * high[t + 1]
        _, first, last = _window(data, k, t, grid, send_low, send_high, rest, low, high)
        widest = max(widest, last - first + 1)
    return int(widest)


@njit(helper=True)
def source_value(
    data: Arrays,
    k: int,
    grid: int,
    send_low: Longs,
    send_high: Longs,
    limit: Ints,
    price: Floats,
    order_price: Floats,
    stock_price: Floats,
    reward: Floats,
    rest: Longs,
    low: Longs,
    high: Longs,
    V: Floats,
    H: Floats,
    A: Floats,
    B: Floats,
) -> float:
    """Fill V[t, n - low[t]] and H[t, i], the least cost with first + i grid units before sending; return V[0, 0].

    reward : [T] money per unit sent on.
    """
    T = data.demand.shape[1]
    pack = data.pack[k] // grid
    for i in range(high[T] - low[T] + 1):
        V[T, i] = -data.end_value[k] * (rest[T] + grid * (low[T] + i))
    for t in range(T - 1, -1, -1):
        start, first, top = _window(data, k, t, grid, send_low, send_high, rest, low, high)
        n_stage = top - first + 1
        least = send_low[t] // grid
        window = (send_high[t] - send_low[t]) // grid
        # A[i]: first + i grid units before sending the least: what follows without sending more
        for i in range(n_stage):
            A[i] = INFEASIBLE
            units = rest[t + 1] + grid * (first + i - least)
            if first + i - least < 0 and least > 0:
                continue
            c, x = stage_cost(data, k, t, units)
            n = (x - rest[t + 1]) // grid - low[t + 1]
            if 0 <= n <= high[t + 1] - low[t + 1]:
                A[i] = c + stock_price[t] * max(x, 0) + V[t + 1, n] - reward[t] * send_low[t]
        value = H[t]
        _send_more(A, B, value, n_stage, first - least, window, reward[t] * grid)
        _order(
            data, k, t, pack, limit, price[t], order_price[t], value[start - first :], top - start + 1,
            high[t] - low[t] + 1, V[t], A, B,
        )  # fmt: skip
    return float(V[0, 0])


@njit(helper=True)
def _window(
    data: Arrays, k: int, t: int, grid: int, send_low: Longs, send_high: Longs, rest: Longs, low: Longs, high: Longs
) -> tuple[int, int, int]:
    """Return in grid units: the least stock before sending without an order, and the range of stocks to look at."""
    start = low[t] + (rest[t] + data.receipts[k, t] - rest[t + 1]) // grid
    first = min(start, low[t + 1] + send_low[t] // grid)
    top = high[t + 1] + (data.demand[k, t] + send_high[t]) // grid
    return start, first, top


@njit(helper=True)
def _send_more(A: Floats, B: Floats, value: Floats, n: int, first: int, window: int, reward: float) -> None:
    """Let value[i] = min over j <= window, first + i - j >= 0, of A[i - j] - reward j (sending needs stock)."""
    start = max(-first, 0)
    now = A
    other = B
    step = 1
    width = min(window, max(n - 1 - start, 0)) + 1
    while 2 * step <= width:
        for i in range(n):
            other[i] = now[i]
        for i in range(start + step, n):
            other[i] = min(now[i], now[i - step] - reward * step)
        now, other = other, now
        step *= 2
    gap = width - step
    for i in range(n):
        value[i] = now[i]
    for i in range(start + gap, n):
        value[i] = min(now[i], now[i - gap] - reward * gap)


@njit(helper=True)
def _order(
    data: Arrays,
    k: int,
    t: int,
    pack: int,
    limit: Ints,
    price: float,
    order_price: float,
    value: Floats,
    n_stage: int,
    n_states: int,
    here: Floats,
    A: Floats,
    B: Floats,
) -> None:
    """Let here[i] be the least over packs q of value[i + pack q] and what the order costs."""
    least = data.min_packs[k, t]
    fewest = max(data.moq[k], least)
    most = min(data.max_packs[k, t], limit[t])
    for i in range(n_states):
        here[i] = value[i] if least == 0 and i < n_stage else INFEASIBLE
    n = n_stage - pack * fewest
    if most < fewest or n <= 0:
        return
    width = min(most - fewest, (n - 1) // pack) + 1
    now = A
    other = B
    for i in range(n):
        now[i] = value[i + pack * fewest]
    step = 1
    while 2 * step <= width:
        both = n - pack * step
        for i in range(both):
            other[i] = min(now[i], now[i + pack * step] + price * step)
        for i in range(max(both, 0), n):
            other[i] = now[i]
        now, other = other, now
        step *= 2
    gap = width - step
    base = order_price + price * fewest
    for i in range(min(n, n_states)):
        w = now[i]
        if i + pack * gap < n:
            w = min(w, now[i + pack * gap] + price * gap)
        here[i] = min(here[i], base + w)


@njit(helper=True)
def source_path(
    data: Arrays,
    k: int,
    grid: int,
    send_low: Longs,
    send_high: Longs,
    limit: Ints,
    price: Floats,
    order_price: Floats,
    stock_price: Floats,
    reward: Floats,
    rest: Longs,
    low: Longs,
    high: Longs,
    V: Floats,
    H: Floats,
    packs: Ints,
    sent: Longs,
    stock: Longs,
) -> float:
    """Fill packs, sent and stock [T] of a cheapest path by `source_value`; return its cost without prices."""
    T = data.demand.shape[1]
    x = int(data.opening[k])
    cost = 0.0
    for t in range(T):
        _, first, top = _window(data, k, t, grid, send_low, send_high, rest, low, high)
        y = x + data.receipts[k, t]
        index = (y - rest[t + 1]) // grid - first
        best = 2 * INFEASIBLE
        chosen = 0
        least = data.min_packs[k, t]
        if least == 0 and index <= top - first:
            best = H[t, index]
        step = data.pack[k] // grid
        for q in range(max(data.moq[k], least), min(data.max_packs[k, t], limit[t]) + 1):
            if index + step * q > top - first:
                break
            w = order_price[t] + price[t] * q + H[t, index + step * q]
            if w < best - _TIE:
                best = w
                chosen = q
        y += data.pack[k] * chosen
        best = 2 * INFEASIBLE
        send = int(send_low[t])
        for u in range(send_low[t], min(send_high[t], max(y, send_low[t])) + 1, grid):
            c, z = stage_cost(data, k, t, y - u)
            n = (z - rest[t + 1]) // grid - low[t + 1]
            if 0 <= n <= high[t + 1] - low[t + 1]:
                w = c + stock_price[t] * max(z, 0) + V[t + 1, n] - reward[t] * u
                if w < best - _TIE:
                    best = w
                    send = u
        c, x = stage_cost(data, k, t, y - send)
        cost += c + data.pack_cost[k] * chosen
        if chosen > 0:
            cost += data.setup[k]
        packs[t] = chosen
        sent[t] = send
        stock[t] = x
    return float(cost - data.end_value[k] * x)


@njit()
def solve_source(
    data: Arrays,
    k: int,
    grid: int,
    send_low: Longs,
    send_high: Longs,
    send_ahead: Longs,
    limit: Ints,
    room: Ints,
    reward: Floats,
    prices: Floats,
    source_prices: Floats,
    row_of: Ints,
    packs: Ints,
    sent: Longs,
    stock: Longs,
) -> tuple[float, float]:
    """Plan one item-location that supplies others: packs, sent, stock [T]; return value (with prices) and cost."""
    T = data.demand.shape[1]
    rest = np.empty(T + 1, np.int64)
    low = np.empty(T + 1, np.int64)
    high = np.empty(T + 1, np.int64)
    widest = source_range(data, k, grid, send_low, send_high, send_ahead, limit, room, rest, low, high)
    if widest == 0:
        return INFEASIBLE, INFEASIBLE
    price = np.empty(T)
    order_price = np.empty(T)
    stock_price = np.empty(T)
    item_prices(data, k, prices, source_prices, row_of, price, order_price, stock_price)
    width = widest + 1
    V = np.empty((T + 1, width))
    H = np.empty((T, width))
    A = np.empty(width)
    B = np.empty(width)
    value = source_value(
        data, k, grid, send_low, send_high, limit, price, order_price, stock_price, reward, rest, low, high, V, H, A, B
    )
    if value >= 0.5 * INFEASIBLE:
        return INFEASIBLE, INFEASIBLE
    cost = source_path(
        data, k, grid, send_low, send_high, limit, price, order_price, stock_price, reward, rest, low, high, V, H,
        packs, sent, stock,
    )  # fmt: skip
    return value, cost
