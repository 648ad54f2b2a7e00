"""From priced plans to a plan that keeps the shared limits: one item-location at a time.

Each item-location is planned again, exactly, against what all others leave: with prices and a penalty
on overload that rises from pass to pass (`soft`), or within what is left (`hard`). Stock of a source
counts as a limit too: what is sent in bucket t lowers its stock from t on.
"""

from __future__ import annotations

import numpy as np

from solvers.compiled import njit
from solvers.lotsizing.dp_kernels import (
    INFEASIBLE,
    best_path,
    item_prices,
    most_at_hand,
    provides,
    stage_cost,
    stock_range,
    value_to_go,
)
from solvers.lotsizing.problem import DISPATCH, PERIOD, STORAGE, Arrays, Floats, Ints, Longs

_SLACK = 1e-9
_TIE = 1e-12
_BETTER = 1e-9


@njit(helper=True)
def stock_path(data: Arrays, k: int, packs: Ints, stock: Ints) -> float:
    """Fill stock [T] at the end of every bucket for given packs [T] (nothing sent on); return the cost."""
    T = data.demand.shape[1]
    x = data.opening[k]
    cost = 0.0
    for t in range(T):
        c, x = stage_cost(data, k, t, x + data.receipts[k, t] + data.pack[k] * packs[t])
        cost += c + data.pack_cost[k] * packs[t]
        if packs[t] > 0:
            cost += data.setup[k]
        stock[t] = x
    return float(cost - data.end_value[k] * x)


@njit()
def costs_of(data: Arrays, packs: Ints, cost: Floats) -> None:
    """Fill cost [K] of plans packs [K, T] of item-locations that send nothing on."""
    stock = np.empty(packs.shape[1], np.int32)
    for k in range(packs.shape[0]):
        cost[k] = stock_path(data, k, packs[k], stock)


@njit(helper=True)
def counts_in(data: Arrays, r: int, t: int) -> int:
    """Return the bucket in whose capacity of resource r a movement of bucket t counts, -1 for none."""
    return int(data.period[r, t]) if data.kind[r] == PERIOD else t


@njit()
def resource_use(
    data: Arrays,
    row_start: Ints,
    row_item: Ints,
    row_amount: Floats,
    row_order: Floats,
    packs: Ints,
    row_of: Ints,
    source_stock: Longs,
    begin: int,
    end: int,
    use: Floats,
) -> None:
    """Fill use [R, T] of the resources begin..end; rows list the item-locations of a resource in order.

    source_stock : [J, T] stock at the end of a bucket of item-locations that supply others.
    """
    T = data.demand.shape[1]
    stock = np.empty(T, np.int32)
    for r in range(begin, end):
        use[r] = 0.0
        for e in range(row_start[r], row_start[r + 1]):
            k = row_item[e]
            amount = row_amount[e]
            if data.kind[r] == STORAGE:
                if row_of[k] >= 0:
                    for t in range(T):
                        use[r, t] += amount * max(source_stock[row_of[k], t], 0)
                else:
                    stock_path(data, k, packs[k], stock)
                    for t in range(T):
                        use[r, t] += amount * max(stock[t], 0)
                continue
            offset = data.lead[k] if data.kind[r] == DISPATCH else 0
            for t in range(offset, T):
                at = counts_in(data, r, t - offset)
                if packs[k, t] > 0 and at >= 0:
                    use[r, at] += amount * packs[k, t]
                    if row_order.shape[0] > 0:
                        use[r, at] += row_order[e]


@njit(allocates=False)
def taken(data: Arrays, child_start: Ints, child_item: Ints, packs: Ints, take: Longs) -> None:
    """Fill take [J, T]: units that leave every source by bucket of dispatch."""
    T = data.demand.shape[1]
    for j in range(take.shape[0]):
        take[j] = 0
        for e in range(child_start[j], child_start[j + 1]):
            k = child_item[e]
            for t in range(data.lead[k], T):
                take[j, t - data.lead[k]] += data.pack[k] * packs[k, t]


@njit(helper=True)
def _table_value(
    data: Arrays, k: int, fee: Floats, most: Ints, stock_fee: Floats, low: Ints, high: Ints, V: Floats, H: Floats
) -> float:
    """As `value_to_go`, with fee [T, q] for q packs, at most `most` [T], and stock_fee [T, x] per stock x."""
    T = data.demand.shape[1]
    pack = data.pack[k]
    priced = stock_fee.shape[1] > 0
    for i in range(high[T] - low[T] + 1):
        V[T, i] = -data.end_value[k] * (low[T] + i)
    for t in range(T - 1, -1, -1):
        first = low[t] + data.receipts[k, t]
        top = most_at_hand(data, k, t, high)
        least = data.min_packs[k, t]
        begin = first + pack * least
        for y in range(begin, top + 1):
            c, x = stage_cost(data, k, t, y)
            w = INFEASIBLE
            if x <= high[t + 1]:
                w = c + V[t + 1, x - low[t + 1]]
                if priced:
                    w += stock_fee[t, max(x, 0)]
            H[y - first] = w
        here = V[t]
        n_states = high[t] - low[t] + 1
        n = min(n_states, top - first + 1) if least == 0 else 0
        for i in range(n):
            here[i] = H[i]
        for i in range(max(n, 0), n_states):
            here[i] = INFEASIBLE
        for q in range(max(data.moq[k], least), most[t] + 1):
            n = min(n_states, top - first + 1 - pack * q)
            if n <= 0:
                break
            later = H[pack * q :]
            f = fee[t, q]
            for i in range(n):
                here[i] = min(here[i], f + later[i])
    return float(V[0, 0])


@njit(helper=True)
def _table_path(
    data: Arrays, k: int, fee: Floats, most: Ints, stock_fee: Floats, low: Ints, high: Ints, V: Floats, packs: Ints
) -> None:
    """Fill packs [T] of a cheapest path by `_table_value`'s V."""
    T = data.demand.shape[1]
    priced = stock_fee.shape[1] > 0
    x = data.opening[k]
    for t in range(T):
        y = x + data.receipts[k, t]
        top = most_at_hand(data, k, t, high)
        best = 2 * INFEASIBLE
        chosen = 0
        least = data.min_packs[k, t]
        for q in range(most[t] + 1):
            if 0 < q < data.moq[k] or q < least:
                continue
            if y + data.pack[k] * q > top:
                break
            c, z = stage_cost(data, k, t, y + data.pack[k] * q)
            if z > high[t + 1]:
                continue
            w = c + V[t + 1, z - low[t + 1]] + fee[t, q]
            if priced:
                w += stock_fee[t, max(z, 0)]
            if w < best - _TIE:
                best = w
                chosen = q
        packs[t] = chosen
        _, x = stage_cost(data, k, t, y + data.pack[k] * chosen)


@njit(helper=True)
def _overload(use: float, capacity: float) -> float:
    return use - capacity if use > capacity * (1.0 + _SLACK) + _SLACK else 0.0


@njit(helper=True)
def _touches_overload(data: Arrays, k: int, packs: Ints, use: Floats, left: Floats, row_of: Ints) -> bool:
    """Whether an order of k, or its stock, takes part in an overload."""
    T = data.demand.shape[1]
    lead = data.lead[k]
    for e in range(data.usage_start[k], data.usage_start[k + 1]):
        r = data.usage_resource[e]
        if data.kind[r] == STORAGE:
            for t in range(T):
                if _overload(use[r, t], data.capacity[r, t]) > 0:
                    return True
            continue
        offset = lead if data.kind[r] == DISPATCH else 0
        for t in range(offset, T):
            at = counts_in(data, r, t - offset)
            if packs[t] > 0 and at >= 0 and _overload(use[r, at], data.capacity[r, at]) > 0:
                return True
    if data.source[k] >= 0:
        row = row_of[data.source[k]]
        short = False
        for t in range(T - 1, -1, -1):
            short |= left[row, t] < 0
            if short and t + lead < T and packs[t + lead] > 0:
                return True
    return False


@njit(helper=True)
def _book(data: Arrays, k: int, packs: Ints, sign: int, use: Floats, left: Floats, row_of: Ints, stock: Ints) -> None:
    """Add (sign 1) or take away (sign -1) what the plan of k uses."""
    T = data.demand.shape[1]
    lead = data.lead[k]
    for e in range(data.usage_start[k], data.usage_start[k + 1]):
        r = data.usage_resource[e]
        amount = data.usage_amount[e] * sign
        if data.kind[r] == STORAGE:
            for t in range(T):
                use[r, t] += amount * max(stock[t], 0)
            continue
        per_order = sign * data.usage_order[e] if data.usage_order.shape[0] > 0 else 0.0
        if data.kind[r] == PERIOD:
            for t in range(T):
                if data.period[r, t] >= 0 and packs[t] > 0:
                    use[r, data.period[r, t]] += amount * packs[t] + per_order
            continue
        offset = lead if data.kind[r] == DISPATCH else 0
        for t in range(offset, T):
            use[r, t - offset] += amount * packs[t]
        if per_order != 0.0:
            for t in range(offset, T):
                if packs[t] > 0:
                    use[r, t - offset] += per_order
    if data.source[k] >= 0:
        row = row_of[data.source[k]]
        units = 0
        for t in range(lead, T):
            units += sign * data.pack[k] * packs[t]
            left[row, t - lead] -= units
        for t in range(max(T - lead, 0), T):
            left[row, t] -= units


@njit(helper=True)
def _limits(
    data: Arrays,
    k: int,
    soft: bool,
    use: Floats,
    left: Floats,
    row_of: Ints,
    limit: Ints,
    low: Ints,
    high: Ints,
    most: Ints,
) -> None:
    """Fill most [T] packs of k; if hard, what all others leave (its own use is not in use and left).

    If hard, `high` falls to what shared storage leaves, but not below the path without orders.
    """
    T = data.demand.shape[1]
    lead = data.lead[k]
    if not soft:
        for e in range(data.usage_start[k], data.usage_start[k + 1]):
            r = data.usage_resource[e]
            if data.kind[r] == STORAGE and data.usage_amount[e] > 0:
                for t in range(T):
                    room = int((data.capacity[r, t] - use[r, t] + _SLACK) / data.usage_amount[e] + _SLACK)
                    high[t + 1] = min(high[t + 1], max(room, low[t + 1]))
    for t in range(T):
        useful = (most_at_hand(data, k, t, high) - low[t] - data.receipts[k, t]) // data.pack[k]
        most[t] = min(data.max_packs[k, t], limit[t], max(useful, 0))
    for e in range(data.usage_start[k], data.usage_start[k + 1]):
        r = data.usage_resource[e]
        if data.kind[r] == STORAGE or data.usage_amount[e] <= 0:
            continue
        offset = lead if data.kind[r] == DISPATCH else 0
        per_order = data.usage_order[e] if data.usage_order.shape[0] > 0 else 0.0
        for t in range(T):
            if t < offset:
                most[t] = 0
            elif not soft:
                at = counts_in(data, r, t - offset)
                if at < 0:
                    continue
                free = data.capacity[r, at] - use[r, at] - per_order
                most[t] = min(most[t], max(int((free + _SLACK) / data.usage_amount[e] + _SLACK), 0))
    if data.source[k] >= 0:
        for t in range(min(lead, T)):
            most[t] = 0
        free = np.inf
        for t in range(T - 1 - lead, -1, -1):
            if t == T - 1 - lead:
                for later in range(t + 1, T):
                    free = min(free, left[row_of[data.source[k]], later])
            free = min(free, left[row_of[data.source[k]], t])
            if not soft:
                most[t + lead] = min(most[t + lead], max(int(free // data.pack[k]), 0))


@njit(helper=True)
def _fees(
    data: Arrays,
    k: int,
    price: Floats,
    order_price: Floats,
    use: Floats,
    penalty: Floats,
    left: Floats,
    stock_penalty: float,
    row_of: Ints,
    most: Ints,
    fee: Floats,
) -> None:
    """Fill fee [T, q]: setup, price and penalty for overload against what all others use."""
    T = data.demand.shape[1]
    lead = data.lead[k]
    for t in range(T):
        fee[t, 0] = 0.0
        for q in range(1, most[t] + 1):
            fee[t, q] = order_price[t] + price[t] * q
    for e in range(data.usage_start[k], data.usage_start[k + 1]):
        r = data.usage_resource[e]
        if data.kind[r] == STORAGE:
            continue
        offset = lead if data.kind[r] == DISPATCH else 0
        per_order = data.usage_order[e] if data.usage_order.shape[0] > 0 else 0.0
        for t in range(offset, T):
            at = counts_in(data, r, t - offset)
            if at < 0:
                continue
            free = data.capacity[r, at] - use[r, at]
            base = max(-free, 0.0)
            for q in range(1, most[t] + 1):
                fee[t, q] += penalty[r, at] * (max(data.usage_amount[e] * q + per_order - free, 0.0) - base)
    if data.source[k] >= 0:
        row = row_of[data.source[k]]
        free = np.inf
        for t in range(T - 1, -1, -1):
            free = min(free, left[row, t])
            if t + lead < T:
                base = max(-free, 0.0)
                for q in range(1, most[t + lead] + 1):
                    fee[t + lead, q] += stock_penalty * (max(data.pack[k] * q - free, 0.0) - base)


@njit(helper=True)
def _stock_fees(
    data: Arrays, k: int, stock_price: Floats, use: Floats, penalty: Floats, high: Ints, stock_fee: Floats
) -> None:
    """Fill stock_fee [T, x]: storage prices and penalty for overload."""
    T = data.demand.shape[1]
    for t in range(T):
        for x in range(max(high[t + 1], 0) + 1):
            stock_fee[t, x] = stock_price[t] * x
    for e in range(data.usage_start[k], data.usage_start[k + 1]):
        r = data.usage_resource[e]
        if data.kind[r] != STORAGE:
            continue
        for t in range(T):
            free = data.capacity[r, t] - use[r, t]
            base = max(-free, 0.0)
            for x in range(max(high[t + 1], 0) + 1):
                over = data.usage_amount[e] * x - free
                if over > _SLACK * (1.0 + data.capacity[r, t]):
                    stock_fee[t, x] += penalty[r, t] * (over - base)


@njit(helper=True)
def _first_shortage(data: Arrays, k: int, packs: Ints, left: Floats, row: int) -> tuple[int, int]:
    """Return the last order before the source runs short because of packs, and the packs too many; -1 for none."""
    T = data.demand.shape[1]
    lead = data.lead[k]
    units = 0
    last = -1
    for t in range(T):
        if t + lead < T and packs[t + lead] > 0:
            units += data.pack[k] * packs[t + lead]
            last = t + lead
        if units > 0 and left[row, t] < units:
            short = units - max(int(left[row, t]), 0)
            return last, (short + data.pack[k] - 1) // data.pack[k]
    return -1, 0


@njit(allocates=False)
def past_period(data: Arrays, k: int, packs: Ints, use: Floats) -> tuple[int, int]:
    """Return the last order with which k's orders exceed what others leave of a period, and the packs too many.

    -1 for none. Two orders can each fit and not both; use : [R, T] of all others.
    """
    T = data.demand.shape[1]
    for e in range(data.usage_start[k], data.usage_start[k + 1]):
        r = data.usage_resource[e]
        amount = data.usage_amount[e]
        if data.kind[r] != PERIOD or amount <= 0.0:
            continue
        per_order = data.usage_order[e] if data.usage_order.shape[0] > 0 else 0.0
        for c in range(T):
            used = use[r, c]
            last = -1
            for t in range(T):
                if data.period[r, t] == c and packs[t] > 0:
                    used += amount * packs[t] + per_order
                    last = t
            over = _overload(used, data.capacity[r, c])
            if last >= 0 and over > 0.0:
                return last, min(int(np.ceil(over / amount - _SLACK)), packs[last])
    return -1, 0


@njit(helper=True)
def _worth_of_stock(data: Arrays, source: int, lead: int, left: Floats, pack: int, price: Floats) -> None:
    """Add to price [T] per pack arriving what taking it costs the source: less holding, or missing safety stock."""
    T = price.shape[0]
    worth = 0.0
    for t in range(T - 1, -1, -1):
        worth -= data.holding[source]
        if left[t] <= data.safety[source, t]:
            worth += data.shortfall[source]
        if t + lead < T:
            price[t + lead] += pack * worth


@njit(helper=True)
def _cost_of_stock(data: Arrays, source: int, left: Floats) -> float:
    """Return what a source pays for the stock left [T] at the end of every bucket."""
    total = 0.0
    for t in range(left.shape[0]):
        total += data.holding[source] * max(left[t], 0.0)
        total += data.shortfall[source] * max(data.safety[source, t] - left[t], 0.0)
    return float(total - data.end_value[source] * left[left.shape[0] - 1])


@njit()
def adjust(
    data: Arrays,
    order: Ints,
    widest: int,
    most_packs: int,
    soft: bool,
    only_overloaded: bool,
    only_better: bool,
    prices: Floats,
    source_prices: Floats,
    penalty: Floats,
    stock_penalty: Floats,
    limit: Ints,
    limited: bool,
    row_of: Ints,
    use: Floats,
    left: Floats,
    packs: Ints,
    cost: Floats,
) -> int:
    """Plan the item-locations of `order` again, one by one; return how many got a new plan.

    use : [R, T] of all plans and left : [J, T] units at the end of a bucket at sources; both kept up to date.
    penalty : [R, T] money per unit of overload, stock_penalty : [J] per unit short. limit : [K, T] packs, where
    limited. Hard (not soft) plans stay within what is left; with only_better a plan changes only if its own
    cost and that of its source's stock fall together, and source_prices do not count.
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
    fee = np.empty((T, most_packs + 1))
    most = np.empty(T, np.int32)
    new = np.empty(T, np.int32)
    stock = np.empty(T, np.int32)
    free_limit = np.full(T, 2**30, np.int32)
    changed = 0
    for j in range(order.shape[0]):
        k = order[j]
        if only_overloaded and not _touches_overload(data, k, packs[k], use, left, row_of):
            continue
        if stock_range(data, k, low, high) == 0 or (not soft and provides(data, k)):
            continue
        stores = False
        for e in range(data.usage_start[k], data.usage_start[k + 1]):
            stores |= data.kind[data.usage_resource[e]] == STORAGE
        item_prices(data, k, prices, source_prices, row_of, price, order_price, stock_price)
        if stores:
            stock_path(data, k, packs[k], stock)
        source = data.source[k]
        row = row_of[source] if source >= 0 else 0
        before = cost[k]
        if only_better and source >= 0:
            before += _cost_of_stock(data, source, left[row])
        _book(data, k, packs[k], -1, use, left, row_of, stock)
        if only_better and source >= 0:
            _worth_of_stock(data, source, data.lead[k], left[row], data.pack[k], price)
        _limits(data, k, soft, use, left, row_of, limit[k] if limited else free_limit, low, high, most)
        for t in range(T):
            most[t] = min(most[t], most_packs)
        stock_fee = np.empty((T, max(high.max(), 0) + 1 if stores and soft else 0))
        if soft:
            _fees(data, k, price, order_price, use, penalty, left, stock_penalty[row], row_of, most, fee)
            if stores:
                _stock_fees(data, k, stock_price, use, penalty, high, stock_fee)
        accepted = False
        for attempt in range(T + 2):
            if attempt == T + 1:  # nothing fits: as little as the pins allow
                if soft or only_better:
                    break
                for t in range(T):
                    most[t] = data.min_packs[k, t]
            if not soft:
                value = value_to_go(data, k, price, order_price, stock_price, most, low, high, V, H, A, B)
                if value >= 0.5 * INFEASIBLE:
                    break
                best_path(data, k, price, order_price, stock_price, most, low, high, V, new, stock)
            else:
                if _table_value(data, k, fee, most, stock_fee, low, high, V, H) >= 0.5 * INFEASIBLE:
                    break
                _table_path(data, k, fee, most, stock_fee, low, high, V, new)
            if soft or attempt == T + 1:
                accepted = True
                break
            late, excess = past_period(data, k, new, use)
            if late < 0 and source >= 0:
                late, excess = _first_shortage(data, k, new, left, row)
            if late < 0:
                accepted = True
                break
            most[late] = max(new[late] - excess, data.min_packs[k, late])
        if accepted:
            c = stock_path(data, k, new, stock)
            _book(data, k, new, 1, use, left, row_of, stock)
            after = c
            if only_better and source >= 0:
                after += _cost_of_stock(data, source, left[row])
            if not only_better or after < before - _BETTER:
                for t in range(T):
                    if new[t] != packs[k, t]:
                        changed += 1
                        break
                packs[k] = new
                cost[k] = c
                continue
            _book(data, k, new, -1, use, left, row_of, stock)
        if stores:
            stock_path(data, k, packs[k], stock)
        _book(data, k, packs[k], 1, use, left, row_of, stock)
    return changed
