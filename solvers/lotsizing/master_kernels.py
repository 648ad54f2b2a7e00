"""The master of the price decomposition: which mixture of known plans, and the prices that go with it.

Every item-location k has columns: plans i with cost c[k,i] and use a[k,i] of the shared rows. Around a
centre p0 the proximal master is::

    max over p >= 0 of  sum_k min_i (c[k,i] + p a[k,i]) - p b - sum_r (p[r] - p0[r])^2 / (2 s[r])

Its dual mixes columns, weights w[k,i] >= 0 that add up to 1 for every k::

    min over w of  sum c w + sum_r phi_r(a w - b),     p[r] = max(0, p0[r] + s[r] (a w - b)[r])

with phi_r the quadratic penalty whose slope is p[r]. It is solved by moving weight, one item-location
at a time, from its dearest column in use to its cheapest, by an exact line search (block-coordinate
Frank-Wolfe with pairwise steps: Lacoste-Julien, Jaggi 2015).
"""

from __future__ import annotations

import numpy as np

from solvers.compiled import njit
from solvers.lotsizing.primal_kernels import stock_path
from solvers.lotsizing.problem import DISPATCH, STORAGE, Arrays, Floats, Ints, Longs


@njit()
def add_columns(
    data: Arrays,
    items: Ints,
    begin: int,
    end: int,
    packs: Ints,
    cost: Floats,
    sent: Longs,
    stock: Longs,
    row_of: Ints,
    column_packs: Ints,
    column_stock: Longs,
    column_sent: Longs,
    stock_row: Ints,
    column_cost: Floats,
    weight: Floats,
    age: Ints,
    count: Ints,
    now: int,
    added: Ints,
) -> None:
    """Add each item-location's plan to its columns unless it is there; a full set loses its oldest unused one.

    Where all are in use the one of least weight gives its weight to the new one.
    """
    T = data.demand.shape[1]
    M = column_cost.shape[1]
    path = np.empty(T, np.int32)
    for j in range(begin, end):
        k = items[j]
        added[k] = 0
        row = row_of[k]
        known = False
        for i in range(count[k]):
            if abs(column_cost[k, i] - cost[k]) > 1e-9 * (1.0 + abs(cost[k])):
                continue
            same = True
            for t in range(T):
                if column_packs[k, i, t] != packs[k, t] or (row >= 0 and column_sent[row, i, t] != sent[row, t]):
                    same = False
                    break
            if same:
                known = True
                age[k, i] = now
                break
        if known:
            continue
        place = count[k]
        inherited = 0.0
        if place < M:
            count[k] += 1
        else:
            place = -1
            for i in range(M):
                if weight[k, i] <= 0.0 and (place < 0 or age[k, i] < age[k, place]):
                    place = i
            if place < 0:
                place = 0
                for i in range(M):
                    if weight[k, i] < weight[k, place]:
                        place = i
                inherited = weight[k, place]
        column_packs[k, place] = packs[k]
        column_cost[k, place] = cost[k]
        weight[k, place] = inherited
        age[k, place] = now
        added[k] = 1 if inherited == 0.0 else 2
        if row >= 0:
            column_sent[row, place] = sent[row]
        if stock_row[k] >= 0:
            if row >= 0:
                for t in range(T):
                    column_stock[stock_row[k], place, t] = max(stock[row, t], 0)
            else:
                stock_path(data, k, packs[k], path)
                for t in range(T):
                    column_stock[stock_row[k], place, t] = max(path[t], 0)


@njit()
def mixed_use(
    data: Arrays,
    row_of: Ints,
    column_packs: Ints,
    column_stock: Longs,
    column_sent: Longs,
    stock_row: Ints,
    weight: Floats,
    count: Ints,
    use: Floats,
    net: Floats,
) -> None:
    """Fill use [R, T] of resources and net [J, T], taken less sent, of the mixture."""
    K, T = data.demand.shape
    use[:] = 0.0
    net[:] = 0.0
    mean = np.empty(T)
    held = np.empty(T)
    given = np.empty(T)
    for k in range(K):
        _mean_column(k, row_of, column_packs, column_stock, column_sent, stock_row, weight, count, mean, held, given)
        _add(data, k, row_of, mean, held, given, 1.0, use, net)


@njit()
def _mean_column(
    k: int,
    row_of: Ints,
    column_packs: Ints,
    column_stock: Longs,
    column_sent: Longs,
    stock_row: Ints,
    weight: Floats,
    count: Ints,
    mean: Floats,
    held: Floats,
    given: Floats,
) -> None:
    mean[:] = 0.0
    held[:] = 0.0
    given[:] = 0.0
    T = mean.shape[0]
    for i in range(count[k]):
        w = weight[k, i]
        if w <= 0.0:
            continue
        for t in range(T):
            mean[t] += w * column_packs[k, i, t]
        if stock_row[k] >= 0:
            for t in range(T):
                held[t] += w * column_stock[stock_row[k], i, t]
        if row_of[k] >= 0:
            for t in range(T):
                given[t] += w * column_sent[row_of[k], i, t]


@njit()
def _add(
    data: Arrays,
    k: int,
    row_of: Ints,
    packs: Floats,
    stock: Floats,
    sent: Floats,
    sign: float,
    use: Floats,
    net: Floats,
) -> None:
    """Add sign times what packs, stock and sent [T] of k use."""
    T = packs.shape[0]
    lead = data.lead[k]
    for e in range(data.usage_start[k], data.usage_start[k + 1]):
        r = data.usage_resource[e]
        amount = sign * data.usage_amount[e]
        if data.kind[r] == STORAGE:
            for t in range(T):
                use[r, t] += amount * stock[t]
        else:
            offset = lead if data.kind[r] == DISPATCH else 0
            for t in range(offset, T):
                use[r, t - offset] += amount * packs[t]
    if data.source[k] >= 0:
        j = row_of[data.source[k]]
        for t in range(lead, T):
            net[j, t - lead] += sign * data.pack[k] * packs[t]
    if row_of[k] >= 0:
        for t in range(T):
            net[row_of[k], t] -= sign * sent[t]


@njit()
def _price_column(
    data: Arrays,
    k: int,
    row_of: Ints,
    prices: Floats,
    source_prices: Floats,
    price: Floats,
    stock_price: Floats,
    reward: Floats,
) -> None:
    """Fill price per pack, per unit in stock and per unit sent [T], without pack_cost (it is in the cost)."""
    T = price.shape[0]
    lead = data.lead[k]
    price[:] = 0.0
    stock_price[:] = 0.0
    for e in range(data.usage_start[k], data.usage_start[k + 1]):
        r = data.usage_resource[e]
        amount = data.usage_amount[e]
        if data.kind[r] == STORAGE:
            for t in range(T):
                stock_price[t] += amount * prices[r, t]
        else:
            offset = lead if data.kind[r] == DISPATCH else 0
            for t in range(offset, T):
                price[t] += amount * prices[r, t - offset]
    if data.source[k] >= 0:
        j = row_of[data.source[k]]
        for t in range(lead, T):
            price[t] += data.pack[k] * source_prices[j, t - lead]
    if row_of[k] >= 0:
        reward[:] = source_prices[row_of[k]]


@njit()
def _curvature(
    data: Arrays,
    k: int,
    row_of: Ints,
    packs: Floats,
    stock: Floats,
    sent: Floats,
    prices: Floats,
    source_prices: Floats,
    step: Floats,
    source_step: Floats,
) -> float:
    """Return the sum over rows with a price of step times the squared use of packs, stock and sent [T]."""
    T = packs.shape[0]
    lead = data.lead[k]
    total = 0.0
    for e in range(data.usage_start[k], data.usage_start[k + 1]):
        r = data.usage_resource[e]
        amount = data.usage_amount[e]
        if data.kind[r] == STORAGE:
            for t in range(T):
                if stock[t] != 0.0 and prices[r, t] > 0.0:
                    total += step[r, t] * (amount * stock[t]) ** 2
        else:
            offset = lead if data.kind[r] == DISPATCH else 0
            for t in range(offset, T):
                if packs[t] != 0.0 and prices[r, t - offset] > 0.0:
                    total += step[r, t - offset] * (amount * packs[t]) ** 2
    if data.source[k] >= 0:
        j = row_of[data.source[k]]
        for t in range(lead, T):
            if packs[t] != 0.0 and source_prices[j, t - lead] > 0.0:
                total += source_step[j, t - lead] * (data.pack[k] * packs[t]) ** 2
    if row_of[k] >= 0:
        for t in range(T):
            if sent[t] != 0.0 and source_prices[row_of[k], t] > 0.0:
                total += source_step[row_of[k], t] * sent[t] ** 2
    return total


@njit()
def _update_prices(
    data: Arrays,
    k: int,
    row_of: Ints,
    use: Floats,
    net: Floats,
    centre: Floats,
    source_centre: Floats,
    step: Floats,
    source_step: Floats,
    prices: Floats,
    source_prices: Floats,
) -> None:
    """Bring the prices of the rows that k touches in line with use and net."""
    T = data.demand.shape[1]
    for e in range(data.usage_start[k], data.usage_start[k + 1]):
        r = data.usage_resource[e]
        for t in range(T):
            prices[r, t] = max(0.0, centre[r, t] + step[r, t] * (use[r, t] - data.capacity[r, t]))
    if data.source[k] >= 0:
        j = row_of[data.source[k]]
        for t in range(T):
            source_prices[j, t] = max(0.0, source_centre[j, t] + source_step[j, t] * net[j, t])
    if row_of[k] >= 0:
        j = row_of[k]
        for t in range(T):
            source_prices[j, t] = max(0.0, source_centre[j, t] + source_step[j, t] * net[j, t])


@njit()
def mix(
    data: Arrays,
    order: Ints,
    row_of: Ints,
    column_packs: Ints,
    column_stock: Longs,
    column_sent: Longs,
    stock_row: Ints,
    column_cost: Floats,
    weight: Floats,
    count: Ints,
    use: Floats,
    net: Floats,
    centre: Floats,
    source_centre: Floats,
    step: Floats,
    source_step: Floats,
    prices: Floats,
    source_prices: Floats,
    passes: int,
    moves: int,
) -> float:
    """Improve the mixture in place by passes over `order`; prices follow. Return the weight moved in the last pass."""
    T = data.demand.shape[1]
    M = column_cost.shape[1]
    price = np.empty(T)
    stock_price = np.empty(T)
    reward = np.zeros(T)
    packs = np.empty(T)
    stock = np.zeros(T)
    sent = np.zeros(T)
    reduced = np.empty(M)
    moved = 0.0
    for _ in range(passes):
        moved = 0.0
        for position in range(order.shape[0]):
            k = order[position]
            n = count[k]
            if n < 2:
                continue
            for _ in range(moves):
                _price_column(data, k, row_of, prices, source_prices, price, stock_price, reward)
                best = 0
                worst = -1
                for i in range(n):
                    total = column_cost[k, i]
                    plan = column_packs[k, i]
                    for t in range(T):
                        total += price[t] * plan[t]
                    if stock_row[k] >= 0:
                        for t in range(T):
                            total += stock_price[t] * column_stock[stock_row[k], i, t]
                    if row_of[k] >= 0:
                        for t in range(T):
                            total -= reward[t] * column_sent[row_of[k], i, t]
                    reduced[i] = total
                    if total < reduced[best]:
                        best = i
                    if weight[k, i] > 0.0 and (worst < 0 or total > reduced[worst]):
                        worst = i
                drop = reduced[worst] - reduced[best]
                if drop <= 1e-12 * (1.0 + abs(reduced[best])):
                    break
                for t in range(T):
                    packs[t] = column_packs[k, best, t] - column_packs[k, worst, t]
                if stock_row[k] >= 0:
                    for t in range(T):
                        stock[t] = column_stock[stock_row[k], best, t] - column_stock[stock_row[k], worst, t]
                if row_of[k] >= 0:
                    for t in range(T):
                        sent[t] = column_sent[row_of[k], best, t] - column_sent[row_of[k], worst, t]
                curve = _curvature(data, k, row_of, packs, stock, sent, prices, source_prices, step, source_step)
                share = weight[k, worst]
                if curve * share > drop:
                    share = drop / curve
                weight[k, best] += share
                weight[k, worst] -= share
                if weight[k, worst] < 1e-9:
                    weight[k, best] += weight[k, worst]
                    share += weight[k, worst]
                    weight[k, worst] = 0.0
                _add(data, k, row_of, packs, stock, sent, share, use, net)
                _update_prices(
                    data, k, row_of, use, net, centre, source_centre, step, source_step, prices, source_prices
                )
                moved += share
    return moved


@njit()
def model_value(
    data: Arrays,
    row_of: Ints,
    column_packs: Ints,
    column_stock: Longs,
    column_sent: Longs,
    stock_row: Ints,
    column_cost: Floats,
    count: Ints,
    prices: Floats,
    source_prices: Floats,
) -> float:
    """Return what the bound would be at `prices` if item-locations had no plans but their columns."""
    K, T = data.demand.shape
    price = np.empty(T)
    stock_price = np.empty(T)
    reward = np.zeros(T)
    value = 0.0
    for k in range(K):
        _price_column(data, k, row_of, prices, source_prices, price, stock_price, reward)
        least = np.inf
        for i in range(count[k]):
            total = column_cost[k, i]
            for t in range(T):
                total += price[t] * column_packs[k, i, t]
            if stock_row[k] >= 0:
                for t in range(T):
                    total += stock_price[t] * column_stock[stock_row[k], i, t]
            if row_of[k] >= 0:
                for t in range(T):
                    total -= reward[t] * column_sent[row_of[k], i, t]
            least = min(least, total)
        value += least
    for r in range(prices.shape[0]):
        for t in range(T):
            value -= prices[r, t] * data.capacity[r, t]
    return value
