"""Children of two sets of routes: order crossover of giant tours, and exchange of routes."""

from __future__ import annotations

import numpy as np

from solvers.routing.breeding_kernels import cross_orders
from solvers.routing.kernel_types import Int32Array
from solvers.routing.population import Individual, Tours


def order_crossover(rng: np.random.Generator, one: Int32Array, other: Int32Array) -> Int32Array:
    """Return a giant tour: a piece of `one` in its place, the rest in the order of `other` after it (OX)."""
    start, end = (int(k) for k in rng.integers(0, len(one), 2))
    child = np.empty_like(one)
    cross_orders(one, other, start, end, np.zeros(int(one.max()) + 1, np.int32), child)
    return child


def route_exchange(rng: np.random.Generator, one: Individual, other: Individual) -> Tours:
    """Return routes of `one` of which a sector is replaced by the routes of `other` that overlap it most.

    After Nagata, Braysy, Dullaert 2010 (selective route exchange). Clients that nobody serves any more are left to
    the local search; a slot that both would use goes to the newcomer, and the clients of its old route are left too.
    """
    mine, theirs = one.tours, other.tours
    if not mine or not theirs:
        return list(mine or theirs)
    number = int(rng.integers(1, max(2, min(len(mine), len(theirs)) // 2 + 1)))
    begin = int(rng.integers(len(mine)))
    leaving = {(begin + k) % len(mine) for k in range(number)}
    mark = np.zeros(len(one.following), np.int64)
    for k in leaving:
        mark[mine[k][1]] = 1
    begins = np.cumsum([0, *(len(stops) for _, stops in theirs[:-1])])
    sizes = np.array([len(stops) for _, stops in theirs])
    overlap = np.add.reduceat(mark[other.stops], begins) / sizes
    coming = [theirs[int(k)] for k in np.argsort(-overlap, kind="stable")[:number]]
    free = np.ones(len(mark), np.bool_)
    for _, stops in coming:
        free[stops] = False
    slots = {slot for slot, _ in coming}
    kept = [(slot, stops) for k, (slot, stops) in enumerate(mine) if k not in leaving and slot not in slots]
    return coming + [(slot, stops[free[stops]]) for slot, stops in kept]
