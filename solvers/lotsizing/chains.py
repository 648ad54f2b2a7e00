"""Annealing of a plan in which sources supply others: which sources may change, and with how many tries."""

from __future__ import annotations

import numpy as np

from solvers.lotsizing.chain_kernels import LEFT_ALONE, PLAN_STAYS, PLANNED_ANEW, improve_chains
from solvers.lotsizing.primal_kernels import costs_of
from solvers.lotsizing.problem import STORAGE, Flags, Floats, Ints, Longs
from solvers.lotsizing.relaxation import Relaxation

ROUNDS = ((8, 40_000), (40, 200_000))
"""Tries per item-location supplied and at most: a short annealing, and where the gap is not reached a long one."""
_HEAT, _COLD = 0.05, 0.01
"""Annealing begins at this share of the mean cost of an item-location supplied, and ends at this share of that."""


def what_may_change(relaxation: Relaxation, provides: Flags) -> tuple[Ints, Ints]:
    """Return [J] what may happen to every source, see `chain_kernels`, and [K] 1 for whom those supply.

    Sources with demand of their own or others behind those they supply are left alone, and those whose stock takes
    shared room. One that uses other shared resources, or is supplied itself, keeps its orders.
    """
    p, c = relaxation.problem, relaxation.coupling
    entries = np.diff(p.usage_start)
    stores = np.zeros(p.item_locations, bool)
    stores[np.repeat(np.arange(p.item_locations), entries)[p.kind[p.usage_resource] == STORAGE]] = True
    allowed = np.full(c.sources.size, LEFT_ALONE, np.int32)
    free = np.zeros(p.item_locations, np.int32)
    for j, k in enumerate(c.sources):
        children = c.child_item[c.child_start[j] : c.child_start[j + 1]]
        plain = not p.demand[k].any() and not p.backorders[k] and p.opening[k] >= 0 and not stores[k]
        if plain and (c.row_of[children] < 0).all() and not provides[children].any():
            allowed[j] = PLANNED_ANEW if entries[k] == 0 and p.source[k] < 0 else PLAN_STAYS
            free[children] = 1
    return allowed, free


def anneal(
    relaxation: Relaxation, provides: Flags, packs: Ints, prices: Floats, source_prices: Floats, number: int
) -> Ints:
    """Return packs [K, T] no dearer than `packs`, which keep all rules, after round `number` of ROUNDS.

    prices : [R, T], source_prices : [J, T], guides. What is bought to make room stays as it is.
    """
    p, c = relaxation.problem, relaxation.coupling
    allowed, free = what_may_change(relaxation, provides)
    if not free.any():
        return packs
    better = packs.copy()
    cost = np.zeros(p.item_locations)
    costs_of(relaxation.data, better, cost)
    own = c.sources
    come = p.receipts[own] + p.pack[own, None].astype(np.int64) * better[own]
    left: Longs = (p.opening[own, None] + np.cumsum(come - relaxation.take_of(better), axis=1)).astype(np.int64)
    missing = np.maximum(p.safety[own] - left, 0).sum(axis=1)
    cost[own] = p.setup[own] * (better[own] > 0).sum(axis=1) + p.pack_cost[own] * better[own].sum(axis=1)
    cost[own] += p.holding[own] * left.sum(axis=1) + p.shortfall[own] * missing - p.end_value[own] * left[:, -1]
    per_item, most = ROUNDS[number]
    supplied = int(free.sum())
    heat = _HEAT * float(cost[free > 0].sum()) / supplied
    if heat > 0.0:
        improve_chains(
            relaxation.data, own, c.grid, c.child_start, c.child_item, allowed, c.user_start, c.user_item, free,
            c.row_of, relaxation.widest, prices, source_prices, relaxation.use_of(better, left),
            left.astype(np.float64), better, cost, min(per_item * supplied, most), heat, _COLD * heat, number + 1,
        )  # fmt: skip
    return better
