"""Costs that item-locations share: whole trucks, an order's fixed cost, a supplier's smallest order.

Each is an item-location of its own that keeps no stock and whose unmet demand is free: "packs" of it are bought in one
bucket, and they make room in the rows of the others (negative amounts). So every engine, the judge and the Pyomo model
know them without a rule of their own, and where there are none they cost nothing.
"""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from solvers.lotsizing.problem import DISPATCH, FRESH, Flags, Floats, Ints, LotSizingProblem

_SHARED = {"capacity", "kind", "usage_start", "usage_resource", "usage_amount", "usage_order", "period"}
_MAY_BE_EMPTY = {"sellable", "waste_cost"}


def with_trucks(
    problem: LotSizingProblem, lane: Ints, amount: Floats, size: Floats, price: Floats, most: Ints
) -> LotSizingProblem:
    """Return the problem in which whole trucks are paid for on every lane and bucket of dispatch.

    Parameters
    ----------
    lane : [K] number of the lane an item-location is supplied by, -1 for none that is paid for.
    amount : [D, K] kg, m3 ... per pack; size : [L, D] what one truck takes; price : [L] money per truck.
    most : [L] trucks in a bucket at most.
    """
    D, L = amount.shape[0], size.shape[0]
    users = np.flatnonzero(lane >= 0)
    item = np.concatenate([users] * D)
    row = np.concatenate([lane[users] * D + d for d in range(D)])
    use = np.concatenate([amount[d, users] for d in range(D)])
    own_row = np.arange(L * D, dtype=np.int32).reshape(L, D)
    return _bought(problem, L * D, item, row, use, own_row, -size, price, most)


def with_order_costs(
    problem: LotSizingProblem, supplier: Ints, value: Floats, least: Floats, most: Floats, price: Floats
) -> LotSizingProblem:
    """Return the problem in which a supplier's order of a bucket has a fixed cost and a smallest value.

    Parameters
    ----------
    supplier : [K] number of the supplier an item-location orders at, -1 for none with such terms.
    value : [K] money per pack, as it counts towards the smallest order; least, most : [S] money, all or nothing.
    price : [S] money per order, whatever is in it.
    """
    S = least.size
    users = np.flatnonzero(supplier >= 0)
    item = np.concatenate([users, users])
    row = np.concatenate([2 * supplier[users], 2 * supplier[users] + 1])
    use = np.concatenate([value[users], -value[users]])
    own_row = np.arange(2 * S, dtype=np.int32).reshape(S, 2)
    return _bought(problem, 2 * S, item, row, use, own_row, np.stack([-most, least], 1), price, np.ones(S, np.int32))


def _bought(
    problem: LotSizingProblem,
    rows: int,
    item: Ints,
    row: Ints,
    use: Floats,
    own_row: Ints,
    own_amount: Floats,
    price: Floats,
    most: Ints,
) -> LotSizingProblem:
    """Add `rows` resources without capacity, their users, and one item-location per group and bucket that provides."""
    p = problem
    (K, T), R = p.demand.shape, p.resources
    G, D = own_row.shape
    added = G * T
    group, bucket = np.repeat(np.arange(G), T), np.tile(np.arange(T), G)
    only = np.zeros((added, T), np.int32)
    only[np.arange(added), bucket] = most[group]
    new: dict[str, np.ndarray] = {"demand": only, "max_packs": only, "pack_cost": np.asarray(price, float)[group]}
    for name in ("pack", "moq"):
        new[name] = np.ones(added, np.int32)
    new["source"] = np.full(added, -1, np.int32)
    new["sellable"] = np.full((added, T), FRESH, np.int32)
    left_out = _SHARED | (set() if p.sellable.size else _MAY_BE_EMPTY)
    of_item = [f.name for f in fields(p) if f.name not in left_out]
    zeros = {name: np.zeros((added, *getattr(p, name).shape[1:]), getattr(p, name).dtype) for name in of_item}
    entry_item = np.concatenate(
        [np.repeat(np.arange(K), np.diff(p.usage_start)), item, K + np.repeat(np.arange(added), D)]
    )
    entry_row = np.concatenate([p.usage_resource, R + row, R + own_row[group].ravel()])
    entry_use = np.concatenate([p.usage_amount, use, own_amount[group].ravel()])
    per_order = np.concatenate([p.use_per_order(), np.zeros(entry_use.size - p.usage_amount.size)])
    order = np.argsort(entry_item, kind="stable")
    return LotSizingProblem(
        **{name: np.concatenate([getattr(p, name), new.get(name, zeros[name])]) for name in of_item},
        capacity=np.concatenate([p.capacity, np.zeros((rows, T))]),
        kind=np.concatenate([p.kind, np.full(rows, DISPATCH, np.int32)]),
        usage_start=np.concatenate([[0], np.cumsum(np.bincount(entry_item, minlength=K + added))]).astype(np.int32),
        usage_resource=entry_row[order].astype(np.int32),
        usage_amount=entry_use[order].astype(np.float64),
        usage_order=per_order[order] if p.usage_order.size else np.zeros(0),
        period=np.concatenate([p.period, np.full((rows, T), -1, np.int32)]) if p.period.size else p.period,
    )


def bought(problem: LotSizingProblem) -> Flags:
    """Return [K] what is bought to make room or to open an order: keeps nothing, and unmet demand for it is free."""
    p = problem
    makes_room = np.zeros(p.item_locations, bool)
    makes_room[np.repeat(np.arange(p.item_locations), np.diff(p.usage_start))[p.usage_amount < 0]] = True
    found: Flags = makes_room & (p.shortage == 0) & (p.shortfall == 0) & (p.storage == 0).all(axis=1) & (p.source < 0)
    return found


def size_and_price(problem: LotSizingProblem) -> tuple[Floats, Floats]:
    """Return [R] the most that one unit of what is bought moves in a row, and its price; 0 where nothing is bought."""
    p = problem
    user = np.repeat(np.arange(p.item_locations), np.diff(p.usage_start))
    own = np.flatnonzero(bought(p)[user])
    size, price = np.zeros(p.resources), np.zeros(p.resources)
    np.maximum.at(size, p.usage_resource[own], np.abs(p.usage_amount[own]))
    np.maximum.at(price, p.usage_resource[own], p.pack_cost[user[own]])
    return size, price
