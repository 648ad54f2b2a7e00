"""Links and loads of the routes in one region of a plain problem."""

from __future__ import annotations

import numpy as np

from solvers.compiled import njit
from solvers.routing.kernel_types import Number
from solvers.routing.region import (
    COUNT,
    FAR,
    FIRST,
    FREE,
    LAST,
    LOAD,
    NEXT,
    NEXT_FREE,
    PREVIOUS,
    ROUTE,
    STEP,
    TO_NEXT,
    TO_PREVIOUS,
    TOUCHED,
    USED,
    Plain,
    Region,
)
from solvers.routing.route_kernels import leg


@njit(helper=True)
def arc(plain: Plain, a: Number, b: Number) -> Number:
    """Return the distance from client a to client b, or from or to where routes start and end."""
    if a < plain.first_client:
        return plain.out[b]
    if b < plain.first_client:
        return plain.back[a]
    return leg(plain.matrix, plain.points, plain.metric, plain.profile, a, b)


@njit(helper=True)
def measure(plain: Plain, region: Region, v: Number) -> None:
    """Note the longer arc of client v."""
    link, first = region.link, plain.first_client
    if link[v, NEXT] < first or link[v, PREVIOUS] < first:
        region.longest[v] = FAR
    else:
        region.longest[v] = max(link[v, TO_NEXT], link[v, TO_PREVIOUS])


@njit(helper=True)
def connect(plain: Plain, region: Region, r: Number, a: Number, b: Number, length: Number) -> None:
    """Let b follow a on route r; a depot stands for the start or end."""
    link, route, first = region.link, region.route, plain.first_client
    if a >= first:
        link[a, NEXT] = b
        link[a, TO_NEXT] = length
    else:
        route[r, FIRST] = b if b >= first else -1
    if b >= first:
        link[b, PREVIOUS] = a
        link[b, TO_PREVIOUS] = length
        measure(plain, region, b)
    else:
        route[r, LAST] = a if a >= first else -1
    if a >= first:
        measure(plain, region, a)


@njit(helper=True)
def touch(region: Region, r: Number) -> None:
    """Note that route r changes in this step."""
    if region.stamp[r] != region.counter[STEP]:
        region.stamp[r] = region.counter[STEP]
        region.touched[region.counter[TOUCHED]] = r
        region.counter[TOUCHED] += 1


@njit(helper=True)
def overload(plain: Plain, region: Region, r: Number) -> Number:
    """Return the price of what route r carries above the capacity."""
    price = np.int64(0)
    for q in range(len(plain.capacity)):
        price += plain.overload[q] * max(0, region.route[r, LOAD + q] - plain.capacity[q])
    return price


@njit(helper=True)
def close_route(region: Region, r: Number) -> None:
    """Put the empty route r among the unused ones."""
    region.route[r, NEXT_FREE] = region.counter[FREE]
    region.counter[FREE] = r
    region.counter[USED] -= 1


@njit(helper=True)
def open_route(region: Region, r: Number) -> None:
    """Take r, the first unused route, into use."""
    region.counter[FREE] = region.route[r, NEXT_FREE]
    region.counter[USED] += 1


@njit(helper=True)
def shift_load(plain: Plain, region: Region, v: Number, old: Number, new: Number) -> Number:
    """Move v and all clients behind it from route `old` to route `new`, links apart; return their number."""
    number = 0
    while v >= plain.first_client:
        region.link[v, ROUTE] = new
        for q in range(len(plain.capacity)):
            region.route[old, LOAD + q] -= plain.demand[v, q]
            region.route[new, LOAD + q] += plain.demand[v, q]
        number += 1
        v = np.int64(region.link[v, NEXT])
    region.route[old, COUNT] -= number
    region.route[new, COUNT] += number
    return number
