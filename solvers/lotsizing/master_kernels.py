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

from typing import NamedTuple

import numpy as np

from solvers.compiled import njit
from solvers.lotsizing.primal_kernels import stock_path
from solvers.lotsizing.problem import DISPATCH, PERIOD, STORAGE, Arrays, Floats, Ints, Longs

_SAME = 1e-9
_LEAST_WEIGHT = 1e-9
_TIE = 1e-12


class Columns(NamedTuple):
    """Known plans: up to M per item-location.

    Attributes
    ----------
    packs : [K, T, M]; cost, weight : [K, M]; last_used : [K, M] iteration in which it was a cheapest plan.
    known : [K] columns so far; the cost of others is infinite.
    stock : [S, T, M] units at the end of a bucket, for item-locations that use storage; stock_row : [K] their
        row, -1 for others.
    sent : [J, T, M] units sent on, for sources.
    """

    packs: Ints
    cost: Floats
    weight: Floats
    last_used: Ints
    known: Ints
    stock: Ints
    stock_row: Ints
    sent: Longs


class Rows(NamedTuple):
    """Shared rows: of resources [R, T] and of the stock of sources [J, T].

    Attributes
    ----------
    use, net : what the mixture uses, and takes less sends; centre, source_centre : prices around which the
        master looks; step, source_step : price per unit of overload; prices, source_prices : as they follow.
    source_floor : least prices of sources; prices of resources are never negative.
    """

    use: Floats
    net: Floats
    centre: Floats
    source_centre: Floats
    step: Floats
    source_step: Floats
    prices: Floats
    source_prices: Floats
    source_floor: Floats


class _Plan(NamedTuple):
    """Packs, orders, stock and units sent [T] of a plan, a mixture or a difference; or their prices."""

    packs: Floats
    orders: Floats
    stock: Floats
    sent: Floats


@njit()
def add_columns(
    data: Arrays, columns: Columns, row_of: Ints, packs: Ints, cost: Floats, stock: Longs, sent: Longs, now: int
) -> int:
    """Add each item-location's plan to its columns; return how many were new.

    A full set loses the unused column that was a cheapest plan longest ago; where all are in use, the one of
    least weight gives its weight to the new one.
    """
    K, T = data.demand.shape
    path = np.empty(T, np.int32)
    new = 0
    for k in range(K):
        row = row_of[k]
        if _is_known(columns, k, row, packs[k], cost[k], sent, now):
            continue
        new += 1
        place = _place(columns, k)
        columns.packs[k, :, place] = packs[k]
        columns.cost[k, place] = cost[k]
        columns.last_used[k, place] = now
        if row >= 0:
            columns.sent[row, :, place] = sent[row]
        held = columns.stock_row[k]
        if held >= 0:
            if row < 0:
                stock_path(data, k, packs[k], path)
            for t in range(T):
                columns.stock[held, t, place] = max(stock[row, t] if row >= 0 else path[t], 0)
    return new


@njit(helper=True)
def _is_known(columns: Columns, k: int, row: int, packs: Ints, cost: float, sent: Longs, now: int) -> bool:
    T = packs.shape[0]
    for i in range(columns.known[k]):
        if abs(columns.cost[k, i] - cost) > _SAME * (1.0 + abs(cost)):
            continue
        same = True
        for t in range(T):
            if columns.packs[k, t, i] != packs[t] or (row >= 0 and columns.sent[row, t, i] != sent[row, t]):
                same = False
                break
        if same:
            columns.last_used[k, i] = now
            return True
    return False


@njit(helper=True)
def _place(columns: Columns, k: int) -> int:
    """Return where a new column of k goes; its weight there is what it inherits."""
    n = columns.known[k]
    if n < columns.cost.shape[1]:
        columns.known[k] += 1
        columns.weight[k, n] = 1.0 if n == 0 else 0.0
        return int(n)
    oldest = -1
    lightest = 0
    for i in range(n):
        if columns.weight[k, i] <= 0.0 and (oldest < 0 or columns.last_used[k, i] < columns.last_used[k, oldest]):
            oldest = i
        if columns.weight[k, i] < columns.weight[k, lightest]:
            lightest = i
    return oldest if oldest >= 0 else lightest


@njit()
def mixed_use(data: Arrays, columns: Columns, row_of: Ints, rows: Rows) -> None:
    """Fill use and net of the mixture, and the prices that follow."""
    K, T = data.demand.shape
    rows.use[:] = 0.0
    rows.net[:] = 0.0
    mean = _Plan(np.zeros(T), np.zeros(T), np.zeros(T), np.zeros(T))
    for k in range(K):
        mean.packs[:] = 0.0
        mean.orders[:] = 0.0
        mean.stock[:] = 0.0
        mean.sent[:] = 0.0
        for i in range(columns.known[k]):
            if columns.weight[k, i] > 0.0:
                _add_column(columns, k, row_of[k], i, columns.weight[k, i], mean)
        _book(data, k, row_of, mean, 1.0, rows)
        _follow(data, k, row_of, rows)


@njit(helper=True)
def _takes_per_order(data: Arrays, e: int) -> bool:
    """Whether an order as such, whatever its size, uses the resource of entry e."""
    return bool(data.usage_order.shape[0] > 0 and data.usage_order[e] > 0.0)


@njit(helper=True)
def _add_column(columns: Columns, k: int, row: int, i: int, share: float, plan: _Plan) -> None:
    """Add share times column i to a plan."""
    T = plan.packs.shape[0]
    for t in range(T):
        plan.packs[t] += share * columns.packs[k, t, i]
        plan.orders[t] += share if columns.packs[k, t, i] > 0 else 0.0
    held = columns.stock_row[k]
    if held >= 0:
        for t in range(T):
            plan.stock[t] += share * columns.stock[held, t, i]
    if row >= 0:
        for t in range(T):
            plan.sent[t] += share * columns.sent[row, t, i]


@njit(helper=True)
def _book(data: Arrays, k: int, row_of: Ints, plan: _Plan, share: float, rows: Rows) -> None:
    """Add share times what a plan of k uses."""
    T = plan.packs.shape[0]
    lead = data.lead[k]
    for e in range(data.usage_start[k], data.usage_start[k + 1]):
        r = data.usage_resource[e]
        amount = share * data.usage_amount[e]
        if data.kind[r] == STORAGE:
            for t in range(T):
                rows.use[r, t] += amount * plan.stock[t]
        elif data.kind[r] == PERIOD:
            per_order = share * data.usage_order[e] if _takes_per_order(data, e) else 0.0
            for t in range(T):
                if data.period[r, t] >= 0:
                    rows.use[r, data.period[r, t]] += amount * plan.packs[t] + per_order * plan.orders[t]
        else:
            offset = lead if data.kind[r] == DISPATCH else 0
            for t in range(offset, T):
                rows.use[r, t - offset] += amount * plan.packs[t]
            if _takes_per_order(data, e):
                for t in range(offset, T):
                    rows.use[r, t - offset] += share * data.usage_order[e] * plan.orders[t]
    if data.source[k] >= 0:
        j = row_of[data.source[k]]
        for t in range(lead, T):
            rows.net[j, t - lead] += share * data.pack[k] * plan.packs[t]
    j = row_of[k]
    if j >= 0:
        for t in range(T):
            rows.net[j, t] -= share * plan.sent[t]


@njit(helper=True)
def _follow(data: Arrays, k: int, row_of: Ints, rows: Rows) -> None:
    """Bring the prices of the rows that k touches in line with use and net."""
    T = data.demand.shape[1]
    for e in range(data.usage_start[k], data.usage_start[k + 1]):
        r = data.usage_resource[e]
        for t in range(T):
            over = rows.use[r, t] - data.capacity[r, t]
            rows.prices[r, t] = max(0.0, rows.centre[r, t] + rows.step[r, t] * over)
    if data.source[k] >= 0:
        j = row_of[data.source[k]]
        for t in range(T):
            price = rows.source_centre[j, t] + rows.source_step[j, t] * rows.net[j, t]
            rows.source_prices[j, t] = max(rows.source_floor[j, t], price)
    j = row_of[k]
    if j >= 0:
        for t in range(T):
            price = rows.source_centre[j, t] + rows.source_step[j, t] * rows.net[j, t]
            rows.source_prices[j, t] = max(rows.source_floor[j, t], price)


@njit(helper=True)
def _price_plan(data: Arrays, k: int, row_of: Ints, rows: Rows, price: _Plan) -> None:
    """Fill what k pays per pack and per unit in stock, and gets (negative) per unit sent."""
    T = price.packs.shape[0]
    lead = data.lead[k]
    price.packs[:] = 0.0
    price.orders[:] = 0.0
    price.stock[:] = 0.0
    price.sent[:] = 0.0
    for e in range(data.usage_start[k], data.usage_start[k + 1]):
        r = data.usage_resource[e]
        amount = data.usage_amount[e]
        if data.kind[r] == STORAGE:
            for t in range(T):
                price.stock[t] += amount * rows.prices[r, t]
        elif data.kind[r] == PERIOD:
            per_order = data.usage_order[e] if _takes_per_order(data, e) else 0.0
            for t in range(T):
                if data.period[r, t] >= 0:
                    price.packs[t] += amount * rows.prices[r, data.period[r, t]]
                    price.orders[t] += per_order * rows.prices[r, data.period[r, t]]
        else:
            offset = lead if data.kind[r] == DISPATCH else 0
            for t in range(offset, T):
                price.packs[t] += amount * rows.prices[r, t - offset]
            if _takes_per_order(data, e):
                for t in range(offset, T):
                    price.orders[t] += data.usage_order[e] * rows.prices[r, t - offset]
    if data.source[k] >= 0:
        j = row_of[data.source[k]]
        for t in range(lead, T):
            price.packs[t] += data.pack[k] * rows.source_prices[j, t - lead]
    j = row_of[k]
    if j >= 0:
        for t in range(T):
            price.sent[t] = -rows.source_prices[j, t]


@njit(helper=True)
def _priced_costs(columns: Columns, k: int, row: int, price: _Plan, total: Floats) -> None:
    """Fill total [M], cost and price of the columns of k; buckets outside, so that columns go side by side."""
    T = price.packs.shape[0]
    M = total.shape[0]
    packs = columns.packs[k]
    for i in range(M):
        total[i] = columns.cost[k, i]
    for t in range(T):
        p = price.packs[t]
        if p != 0.0:
            for i in range(M):
                total[i] += p * packs[t, i]
        p = price.orders[t]
        if p != 0.0:
            for i in range(M):
                total[i] += p if packs[t, i] > 0 else 0.0
    held = columns.stock_row[k]
    if held >= 0:
        for t in range(T):
            p = price.stock[t]
            for i in range(M):
                total[i] += p * columns.stock[held, t, i]
    if row >= 0:
        for t in range(T):
            p = price.sent[t]
            for i in range(M):
                total[i] += p * columns.sent[row, t, i]


@njit(helper=True)
def _in_period(data: Arrays, r: int, c: int, plan: _Plan, amount: float, per_order: float) -> float:
    """Return what a plan uses of the capacity that resource r has in bucket c for a period."""
    more = 0.0
    for t in range(plan.packs.shape[0]):
        if data.period[r, t] == c:
            more += amount * plan.packs[t] + per_order * plan.orders[t]
    return more


@njit(helper=True)
def _curvature(data: Arrays, k: int, row_of: Ints, change: _Plan, rows: Rows) -> float:
    """Return the sum over rows with a price of step times the squared use of a change of k's plan."""
    T = change.packs.shape[0]
    lead = data.lead[k]
    total = 0.0
    for e in range(data.usage_start[k], data.usage_start[k + 1]):
        r = data.usage_resource[e]
        amount = data.usage_amount[e]
        if data.kind[r] == STORAGE:
            for t in range(T):
                if change.stock[t] != 0.0 and rows.prices[r, t] > 0.0:
                    total += rows.step[r, t] * (amount * change.stock[t]) ** 2
        elif data.kind[r] == PERIOD:
            per_order = data.usage_order[e] if _takes_per_order(data, e) else 0.0
            for c in range(T):
                if rows.prices[r, c] > 0.0:
                    more = _in_period(data, r, c, change, amount, per_order)
                    total += rows.step[r, c] * more**2
        else:
            offset = lead if data.kind[r] == DISPATCH else 0
            per_order = data.usage_order[e] if _takes_per_order(data, e) else 0.0
            for t in range(offset, T):
                if change.packs[t] != 0.0 and rows.prices[r, t - offset] > 0.0:
                    more = amount * change.packs[t] + per_order * change.orders[t]
                    total += rows.step[r, t - offset] * more**2
    if data.source[k] >= 0:
        j = row_of[data.source[k]]
        for t in range(lead, T):
            if change.packs[t] != 0.0 and rows.source_prices[j, t - lead] > rows.source_floor[j, t - lead]:
                total += rows.source_step[j, t - lead] * (data.pack[k] * change.packs[t]) ** 2
    j = row_of[k]
    if j >= 0:
        for t in range(T):
            if change.sent[t] != 0.0 and rows.source_prices[j, t] > rows.source_floor[j, t]:
                total += rows.source_step[j, t] * change.sent[t] ** 2
    return total


@njit()
def mix(data: Arrays, columns: Columns, row_of: Ints, rows: Rows, order: Ints, passes: int) -> None:
    """Improve the mixture in place by passes over `order`; use, net and prices follow.

    The first pass visits all, each further one those that moved or are mixed.
    """
    T = data.demand.shape[1]
    price = _Plan(np.zeros(T), np.zeros(T), np.zeros(T), np.zeros(T))
    change = _Plan(np.zeros(T), np.zeros(T), np.zeros(T), np.zeros(T))
    total = np.empty(columns.cost.shape[1])
    active = order.copy()
    count = order.shape[0]
    for _ in range(passes):
        kept = 0
        for position in range(count):
            k = active[position]
            if columns.known[k] < 2:
                continue
            _price_plan(data, k, row_of, rows, price)
            _priced_costs(columns, k, row_of[k], price, total)
            best = 0
            worst = -1
            in_use = 0
            for i in range(columns.known[k]):
                if total[i] < total[best]:
                    best = i
                if columns.weight[k, i] > 0.0:
                    in_use += 1
                    if worst < 0 or total[i] > total[worst]:
                        worst = i
            gain = total[worst] - total[best]
            if gain <= _TIE * (1.0 + abs(total[best])):
                if in_use > 1:
                    active[kept] = k
                    kept += 1
                continue
            active[kept] = k
            kept += 1
            change.packs[:] = 0.0
            change.orders[:] = 0.0
            change.stock[:] = 0.0
            change.sent[:] = 0.0
            _add_column(columns, k, row_of[k], best, 1.0, change)
            _add_column(columns, k, row_of[k], worst, -1.0, change)
            curve = _curvature(data, k, row_of, change, rows)
            share = columns.weight[k, worst]
            if curve * share > gain:
                share = gain / curve
            if columns.weight[k, worst] - share < _LEAST_WEIGHT:
                share = columns.weight[k, worst]
                columns.weight[k, worst] = 0.0
            else:
                columns.weight[k, worst] -= share
            columns.weight[k, best] += share
            _book(data, k, row_of, change, share, rows)
            _follow(data, k, row_of, rows)
        count = kept


@njit()
def model_value(data: Arrays, columns: Columns, row_of: Ints, rows: Rows) -> float:
    """Return what the bound would be at the prices of `rows` if there were no plans but the columns."""
    K, T = data.demand.shape
    price = _Plan(np.zeros(T), np.zeros(T), np.zeros(T), np.zeros(T))
    total = np.empty(columns.cost.shape[1])
    value = 0.0
    for k in range(K):
        _price_plan(data, k, row_of, rows, price)
        _priced_costs(columns, k, row_of[k], price, total)
        value += total.min()
    for r in range(rows.prices.shape[0]):
        for t in range(T):
            value -= rows.prices[r, t] * data.capacity[r, t]
    return value


@njit()
def choose_columns(
    data: Arrays, columns: Columns, row_of: Ints, rows: Rows, order: Ints, passes: int, chosen: Ints
) -> None:
    """Fill chosen [K]: one column each whose use stays near the mixture's; `rows` ends with what they use.

    One item-location at a time takes the column of least cost, price and penalty against what all others use at the
    moment (a mixture still, or already their choice): the master's own objective, with whole columns.
    """
    T = data.demand.shape[1]
    K = data.demand.shape[0]
    plan = _Plan(np.zeros(T), np.zeros(T), np.zeros(T), np.zeros(T))
    for k in range(K):
        chosen[k] = np.argmax(columns.weight[k])
    for number in range(passes):
        for position in range(order.shape[0]):
            k = order[position]
            if columns.known[k] < 2:
                continue
            if number == 0 and columns.weight[k, chosen[k]] > 1.0 - _LEAST_WEIGHT:
                continue
            plan.packs[:] = 0.0
            plan.orders[:] = 0.0
            plan.stock[:] = 0.0
            plan.sent[:] = 0.0
            for i in range(columns.known[k]):
                share = columns.weight[k, i] if number == 0 else 1.0 if i == chosen[k] else 0.0
                if share > 0.0:
                    _add_column(columns, k, row_of[k], i, -share, plan)
            _book(data, k, row_of, plan, 1.0, rows)
            least = np.inf
            for i in range(columns.known[k]):
                plan.packs[:] = 0.0
                plan.orders[:] = 0.0
                plan.stock[:] = 0.0
                plan.sent[:] = 0.0
                _add_column(columns, k, row_of[k], i, 1.0, plan)
                total = columns.cost[k, i] + _penalty(data, k, row_of, plan, rows)
                if total < least:
                    least = total
                    chosen[k] = i
            plan.packs[:] = 0.0
            plan.orders[:] = 0.0
            plan.stock[:] = 0.0
            plan.sent[:] = 0.0
            _add_column(columns, k, row_of[k], chosen[k], 1.0, plan)
            _book(data, k, row_of, plan, 1.0, rows)


@njit(helper=True)
def _penalty(data: Arrays, k: int, row_of: Ints, plan: _Plan, rows: Rows) -> float:
    """Return by how much price and penalty rise when `plan` of k comes on top of what `rows` uses."""
    T = plan.packs.shape[0]
    lead = data.lead[k]
    total = 0.0
    for e in range(data.usage_start[k], data.usage_start[k + 1]):
        r = data.usage_resource[e]
        amount = data.usage_amount[e]
        stored = data.kind[r] == STORAGE
        offset = lead if data.kind[r] == DISPATCH else 0
        per_order = data.usage_order[e] if _takes_per_order(data, e) else 0.0
        if data.kind[r] == PERIOD:
            for c in range(T):
                more = _in_period(data, r, c, plan, amount, per_order)
                if more != 0.0:
                    over = rows.use[r, c] - data.capacity[r, c]
                    total += _slope(rows.centre[r, c], rows.step[r, c], over, more, 0.0)
            continue
        for t in range(offset, T):
            more = amount * (plan.stock[t] if stored else plan.packs[t]) + per_order * plan.orders[t]
            if more != 0.0:
                u = t - offset
                over = rows.use[r, u] - data.capacity[r, u]
                total += _slope(rows.centre[r, u], rows.step[r, u], over, more, 0.0)
    if data.source[k] >= 0:
        j = row_of[data.source[k]]
        for t in range(lead, T):
            if plan.packs[t] != 0.0:
                u = t - lead
                more = data.pack[k] * plan.packs[t]
                floor = rows.source_floor[j, u]
                total += _slope(rows.source_centre[j, u], rows.source_step[j, u], rows.net[j, u], more, floor)
    j = row_of[k]
    if j >= 0:
        for t in range(T):
            if plan.sent[t] != 0.0:
                floor = rows.source_floor[j, t]
                total += _slope(rows.source_centre[j, t], rows.source_step[j, t], rows.net[j, t], -plan.sent[t], floor)
    return total


@njit(helper=True)
def _slope(centre: float, step: float, over: float, more: float, floor: float) -> float:
    """Return the rise of the penalty whose slope is max(floor, centre + step over) when over grows by more."""
    kink = over
    if step > 0.0:
        kink = (floor - centre) / step
    low = min(max(over, kink), max(over + more, kink)) if more > 0.0 else max(over + more, kink)
    high = max(over + more, kink) if more > 0.0 else max(over, kink)
    rise = centre * (high - low) + 0.5 * step * (high * high - low * low)
    flat = abs(more) - (high - low)
    rise += floor * flat
    return rise if more > 0.0 else -rise
