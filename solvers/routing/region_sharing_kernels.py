"""What hands the routes of a plain problem to regions and takes them back, between two phases of annealing."""

from __future__ import annotations

import numpy as np

from solvers.compiled import njit
from solvers.routing.kernel_types import FloatArray, Int32Array, IntArray, Number
from solvers.routing.region import (
    BEST_COST,
    COSTS,
    COUNT,
    FAR,
    FIRST,
    FREE,
    LAST,
    LEFT,
    LOAD,
    NEXT,
    NEXT_FREE,
    OVERLOAD,
    OWN,
    ROUTE,
    SLOTS_IN_USE,
    UNKNOWN,
    USED,
    Plain,
    Region,
)
from solvers.routing.region_link_kernels import arc, connect, overload


@njit(allocates=False)
def load_region(
    plain: Plain, region: Region, following: Int32Array, firsts: IntArray, chosen: IntArray, spare: Number
) -> None:
    """Give the region the routes `chosen` of a solution (next client [N], first client [R]), and `spare` unused ones.

    Clients of the routes that it had before are off its routes afterwards.
    """
    counter, link, route, first = region.counter, region.link, region.route, plain.first_client
    for i in range(counter[OWN]):
        link[region.own[i], ROUTE] = -1
        region.longest[region.own[i]] = -FAR
    own = 0
    length = np.int64(0)
    counter[OVERLOAD] = 0
    for r in range(len(chosen)):
        for q in range(len(plain.capacity)):
            route[r, LOAD + q] = 0
        count = 0
        a, v = np.int64(0), np.int64(firsts[chosen[r]])
        region.best_first[r] = v
        while v >= first:
            region.own[own] = v
            own += 1
            count += 1
            link[v, ROUTE] = r
            for q in range(len(plain.capacity)):
                route[r, LOAD + q] += plain.demand[v, q]
            gap = arc(plain, a, v)
            length += gap
            connect(plain, region, r, a, v, gap)
            region.best_next[v] = following[v]
            a, v = v, np.int64(following[v])
        route[r, COUNT] = count
        counter[OVERLOAD] += overload(plain, region, r)
        gap = arc(plain, a, np.int64(0))
        length += gap
        connect(plain, region, r, a, np.int64(0), gap)
    last = len(chosen) + spare
    for r in range(len(chosen), last):
        route[r, :] = 0
        route[r, FIRST] = route[r, LAST] = -1
        route[r, NEXT_FREE] = r + 1 if r + 1 < last else -1
        region.best_first[r] = -1
    for r in range(last):
        region.is_left[r] = 0
    counter[FREE] = len(chosen) if spare > 0 else -1
    counter[USED], counter[OWN], counter[LEFT], counter[SLOTS_IN_USE] = len(chosen), own, 0, last
    counter[COSTS] = plain.rate * length + plain.fixed * len(chosen) + counter[OVERLOAD]
    counter[BEST_COST] = counter[COSTS] if counter[OVERLOAD] == 0 else UNKNOWN


@njit(allocates=False)
def unload_region(
    plain: Plain, region: Region, best: bool, following: Int32Array, firsts: IntArray, at: Number
) -> Number:
    """Write the current or best routes into `following` [N] and, from `at` on, `firsts`; return the next slot."""
    first = plain.first_client
    for r in range(region.counter[SLOTS_IN_USE]):
        if best:
            v = np.int64(region.best_first[r])
        else:
            v = np.int64(region.route[r, FIRST]) if region.route[r, COUNT] > 0 else np.int64(-1)
        if v < first:
            continue
        firsts[at] = v
        at += 1
        while v >= first:
            w = np.int64(region.best_next[v] if best else region.link[v, NEXT])
            following[v] = w if w >= first else -1
            v = w
    return at


@njit(allocates=False)
def measure_routes(plain: Plain, following: Int32Array, firsts: IntArray, centre: FloatArray, size: IntArray) -> None:
    """Write the mean point [R, 2] and the number of clients [R] of the first R routes."""
    for r in range(len(size)):
        v = np.int64(firsts[r])
        size[r] = 0
        centre[r, 0] = centre[r, 1] = 0.0
        while v >= 0:
            size[r] += 1
            centre[r, 0] += plain.points[v, 0]
            centre[r, 1] += plain.points[v, 1]
            v = np.int64(following[v])
        centre[r, 0] /= size[r]
        centre[r, 1] /= size[r]


@njit(allocates=False)
def lay_on_tours(
    plain: Plain, following: Int32Array, pheromone: FloatArray, evaporation: Number, lowest: Number
) -> None:
    """Let pheromone evaporate and lay new on the arcs of the tours `following` [N], within [lowest, 1]."""
    for c in range(plain.first_client, len(pheromone)):
        for k in range(pheromone.shape[1]):
            v = np.int64(plain.near[c, k])
            if v < 0:
                break
            level = (1.0 - evaporation) * pheromone[c, k]
            if following[c] == v or following[v] == c:
                level += evaporation
            pheromone[c, k] = max(lowest, level)
