"""Improvement of a plan in which sources supply others: a few of whom a source supplies are planned again together.

Ruin and recreate with annealing, as in `improve_kernels`, but those taken out share a source: what they leave of its
stock is shared anew, at other prices and in another order, and the source is then planned exactly for what is taken.
One by one nobody gives up a pack that another would need more.
"""

from __future__ import annotations

import numpy as np

from solvers.compiled import njit
from solvers.lotsizing.dp_kernels import INFEASIBLE, best_path, item_prices, stock_range, value_to_go
from solvers.lotsizing.improve_kernels import _MOST_OUT, _draw, _share, _take_out
from solvers.lotsizing.primal_kernels import _book, _cost_of_stock, _first_shortage, _limits, past_period, stock_path
from solvers.lotsizing.problem import Arrays, Floats, Ints, Longs
from solvers.lotsizing.source_kernels import solve_source

LEFT_ALONE, PLAN_STAYS, PLANNED_ANEW = 0, 1, 2
"""What may happen to a source: nothing, nothing but what it sends, or all."""
_MOST_OF_ONE = 4
_NO_LIMIT = 2**30
_EPS = 1e-9


@njit(helper=True)
def _choose(children: Ints, begin: int, end: int, state: np.ndarray, out: Ints) -> int:
    """Fill out with some of children[begin:end], different ones in a random order; return how many."""
    size = end - begin
    wanted = min(1 + _draw(state) % _MOST_OF_ONE, size)
    count = 0
    while count < wanted:
        k = children[begin + _draw(state) % size]
        new = True
        for i in range(count):
            new &= out[i] != k
        if new:
            out[count] = k
            count += 1
    return count


@njit(helper=True)
def _could_order(data: Arrays, k: int, packs: Ints, more: Floats) -> None:
    """Fill more [T]: units that source k could still order besides packs [T], arrived by the end of a bucket."""
    total = 0.0
    for t in range(packs.shape[0]):
        total += data.pack[k] * max(data.max_packs[k, t] - packs[t], 0)
        more[t] = min(total, _NO_LIMIT)


@njit(helper=True)
def _take(data: Arrays, children: Ints, begin: int, end: int, packs: Ints, take: Longs, ahead: Longs) -> None:
    """Fill take [T] units that leave a source for its children, and ahead [T + 1] those from a bucket on."""
    T = take.shape[0]
    take[:] = 0
    for e in range(begin, end):
        k = children[e]
        for t in range(data.lead[k], T):
            take[t - data.lead[k]] += data.pack[k] * packs[k, t]
    ahead[T] = 0
    for t in range(T - 1, -1, -1):
        ahead[t] = ahead[t + 1] + take[t]


@njit(helper=True)
def _keeps(left: Floats, storage: Ints) -> bool:
    """Whether what is left [T] at a source is neither negative nor more than it can store."""
    fine = True
    for t in range(left.shape[0]):
        fine &= left[t] >= -_EPS and left[t] <= storage[t] + _EPS
    return fine


@njit(helper=True)
def _copy_chain(source: int, child_start: Ints, child_item: Ints, j: int, packs: Ints, to: Ints) -> None:
    for t in range(packs.shape[1]):
        to[source, t] = packs[source, t]
    for e in range(child_start[j], child_start[j + 1]):
        k = child_item[e]
        for t in range(packs.shape[1]):
            to[k, t] = packs[k, t]


@njit(helper=True)
def _sources_of(data: Arrays, row_of: Ints, out: Ints, count: int, rows: Ints) -> int:
    """Fill rows with the rows of the sources of out[:count], different ones; return how many."""
    n = 0
    for i in range(count):
        j = row_of[data.source[out[i]]]
        new = True
        for m in range(n):
            new &= rows[m] != j
        if new:
            rows[n] = j
            n += 1
    return n


@njit()
def improve_chains(
    data: Arrays,
    sources: Ints,
    grid: Longs,
    child_start: Ints,
    child_item: Ints,
    allowed: Ints,
    user_start: Ints,
    user_item: Ints,
    free: Ints,
    row_of: Ints,
    widest: int,
    prices: Floats,
    source_prices: Floats,
    use: Floats,
    left: Floats,
    packs: Ints,
    cost: Floats,
    steps: int,
    heat: float,
    cold: float,
    seed: int,
) -> None:
    """Improve packs [K, T] in place by `steps` tries; they end as the best plan seen, use, left and cost [K] do not.

    allowed : [J] LEFT_ALONE, PLAN_STAYS or PLANNED_ANEW. Of sources that are not left alone all children supply nobody,
    and they have no demand of their own; those planned anew use no shared resource. free : [K] 1 for their children.
    use : [R, T] and left : [J, T] of the plan; prices, source_prices : guides. heat, cold : as for `improve`.
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
    anything = np.full(T, _NO_LIMIT, np.int32)
    no_reward = np.zeros(T)
    no_source_prices = np.zeros(source_prices.shape)
    more = np.zeros(T)
    take = np.zeros(T, np.int64)
    ahead = np.zeros(T + 1, np.int64)
    sent = np.zeros(T, np.int64)
    rows = np.empty(_MOST_OUT, np.int32)
    source_stock = np.zeros((_MOST_OUT, T), np.int64)
    source_packs = np.zeros((_MOST_OUT, T), np.int32)
    source_cost = np.zeros(_MOST_OUT)
    left_before = np.zeros((_MOST_OUT, T))
    out = np.empty(_MOST_OUT, np.int32)
    before = np.empty((_MOST_OUT, T), np.int32)
    cost_before = np.empty(_MOST_OUT)
    state = np.array([seed * 2654435761 + 88172645463325252], np.int64)
    best_packs = packs.copy()
    changed = np.zeros(sources.shape[0], np.int32)
    touched = np.empty(sources.shape[0], np.int32)
    n_touched = 0
    gain = 0.0
    most_gain = 0.0
    for step in range(steps):
        if _draw(state) % 2 == 0:
            count = _take_out(data, user_start, user_item, free, packs, state, out)
        else:
            j = _draw(state) % sources.shape[0]
            count = 0
            if allowed[j] != LEFT_ALONE:
                count = _choose(child_item, child_start[j], child_start[j + 1], state, out)
        if count == 0:
            continue
        temperature = heat * (cold / heat) ** (step / steps)
        worse = -temperature * np.log(max(_share(state), 1e-12))
        guide = 0.75 + 0.5 * _share(state)
        source_guide = 1.25 * _share(state)
        n_rows = _sources_of(data, row_of, out, count, rows)
        delta = 0.0
        for i in range(n_rows):
            j = rows[i]
            anew = allowed[j] == PLANNED_ANEW
            delta -= cost[sources[j]] if anew else _cost_of_stock(data, sources[j], left[j])
            for t in range(T):
                left_before[i, t] = left[j, t]
            if anew:
                _could_order(data, sources[j], packs[sources[j]], more)
                for t in range(T):
                    left[j, t] += more[t]
        for i in range(count):
            k = out[i]
            before[i] = packs[k]
            cost_before[i] = cost[k]
            delta -= cost[k]
            stock_path(data, k, packs[k], stock)
            _book(data, k, packs[k], -1, use, left, row_of, stock)
        done = 0
        for i in range(count):
            k = out[i]
            if stock_range(data, k, low, high) == 0:
                break
            j = row_of[data.source[k]]
            lead = data.lead[k]
            item_prices(data, k, prices, no_source_prices, row_of, price, order_price, stock_price)
            for t in range(T):
                price[t] = data.pack_cost[k] + guide * (price[t] - data.pack_cost[k])
                if t >= lead:
                    price[t] += source_guide * data.pack[k] * source_prices[j, t - lead]
                order_price[t] = data.setup[k] + guide * (order_price[t] - data.setup[k])
                stock_price[t] *= guide
            _limits(data, k, False, use, left, row_of, anything, low, high, most)
            fits = False
            for _ in range(T):
                value = value_to_go(data, k, price, order_price, stock_price, most, low, high, V, H, A, B)
                if value >= 0.5 * INFEASIBLE:
                    break
                cost[k] = best_path(data, k, price, order_price, stock_price, most, low, high, V, packs[k], stock)
                late, excess = past_period(data, k, packs[k], use)
                if late < 0:
                    late, excess = _first_shortage(data, k, packs[k], left, j)
                if late < 0:
                    fits = True
                    break
                most[late] = max(packs[k, late] - excess, data.min_packs[k, late])
            if not fits:
                break
            _book(data, k, packs[k], 1, use, left, row_of, stock)
            delta += cost[k]
            done += 1
        good = done == count
        for i in range(n_rows):
            if not good:
                break
            j = rows[i]
            if allowed[j] == PLANNED_ANEW:
                _take(data, child_item, child_start[j], child_start[j + 1], packs, take, ahead)
                _, source_cost[i] = solve_source(
                    data, sources[j], grid[j], take, take, ahead, anything, anything, no_reward, prices,
                    no_source_prices, row_of, source_packs[i], sent, source_stock[i],
                )  # fmt: skip
                good = source_cost[i] < 0.5 * INFEASIBLE
                delta += source_cost[i]
            else:
                good = _keeps(left[j], data.storage[sources[j]])
                delta += _cost_of_stock(data, sources[j], left[j])
        if good and delta <= worse:
            gain -= delta
            for i in range(n_rows):
                j = rows[i]
                if allowed[j] == PLANNED_ANEW:
                    packs[sources[j]] = source_packs[i]
                    cost[sources[j]] = source_cost[i]
                    for t in range(T):
                        left[j, t] = source_stock[i, t]
                if changed[j] == 0:
                    changed[j] = 1
                    touched[n_touched] = j
                    n_touched += 1
            if gain > most_gain + _EPS:
                most_gain = gain
                for i in range(n_touched):
                    _copy_chain(sources[touched[i]], child_start, child_item, touched[i], packs, best_packs)
                    changed[touched[i]] = 0
                n_touched = 0
            continue
        for i in range(count):
            k = out[i]
            if i < done:
                stock_path(data, k, packs[k], stock)
                _book(data, k, packs[k], -1, use, left, row_of, stock)
            packs[k] = before[i]
            cost[k] = cost_before[i]
            stock_path(data, k, packs[k], stock)
            _book(data, k, packs[k], 1, use, left, row_of, stock)
        for i in range(n_rows):
            for t in range(T):
                left[rows[i], t] = left_before[i, t]
    packs[:] = best_packs
