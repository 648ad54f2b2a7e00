"""Exchange of tails in a region of a plain problem: two routes go on as each other, one of them turned or not.

The move is 2-opt* (Potvin, Rousseau 1995), with both directions of the other route (Vidal 2022), made between ruin and
recreate, where a string has left. Removing ten clients cannot cross two long routes.
"""

from __future__ import annotations

import numpy as np

from solvers.compiled import njit
from solvers.routing.kernel_types import Number
from solvers.routing.region import (
    COUNT,
    EXCHANGE,
    FAR,
    FIRST,
    GAP,
    LAST,
    LOAD,
    LOG_CLIENT,
    LOG_KIND,
    LOG_NEXT,
    LOG_PREVIOUS,
    LOG_ROUTE,
    LOGGED,
    NEXT,
    OVERLOAD,
    PREVIOUS,
    ROUTE,
    TO_NEXT,
    TO_PREVIOUS,
    TURN,
    USED,
    Plain,
    Region,
)
from solvers.routing.region_link_kernels import arc, close_route, connect, open_route, overload, shift_load, touch
from solvers.routing.route_kernels import draw, leg

CROSSED_NEAR = 20
"""Near clients whose routes may go on as the damaged one."""
BLINKS = 0.2
"""Share of the places that are overlooked when the best one for an exchange is sought."""


@njit(helper=True, called=True)
def turn_route(plain: Plain, region: Region, r: Number) -> Number:
    """Turn route r round; return the change of distance, which is 0 where routes start and end at one place."""
    link, route = region.link, region.route
    v, last = route[r, FIRST], route[r, LAST]
    change = plain.out[last] + plain.back[v] - plain.out[v] - plain.back[last]
    route[r, FIRST], route[r, LAST] = last, v
    while v >= plain.first_client:
        w = np.int64(link[v, NEXT])
        link[v, NEXT], link[v, PREVIOUS] = link[v, PREVIOUS], w
        link[v, TO_NEXT], link[v, TO_PREVIOUS] = link[v, TO_PREVIOUS], link[v, TO_NEXT]
        v = w
    link[last, TO_PREVIOUS] = plain.out[last]
    link[route[r, LAST], TO_NEXT] = plain.back[route[r, LAST]]
    return change


@njit(helper=True, called=True)
def exchange_tails(plain: Plain, region: Region, r: Number, a: Number, s: Number, p: Number) -> Number:
    """Let what follows a on route r and what follows p on route s change places; return the change of distance.

    A depot as a or p stands for the start of the route. A route without clients must be the first unused one. Done
    twice, nothing has changed.
    """
    link, route, counter, first = region.link, region.route, region.counter, plain.first_client
    for k in (r, s):
        if route[k, COUNT] == 0:
            open_route(region, k)
            route[k, FIRST] = route[k, LAST] = 0
    b = np.int64(link[a, NEXT]) if a >= first else route[r, FIRST]
    v = np.int64(link[p, NEXT]) if p >= first else route[s, FIRST]
    last_r, last_s = route[r, LAST], route[s, LAST]
    excess = overload(plain, region, r) + overload(plain, region, s)
    shift_load(plain, region, b, r, s)
    shift_load(plain, region, v, s, r)
    counter[OVERLOAD] += overload(plain, region, r) + overload(plain, region, s) - excess
    change = np.int64(0)
    if a >= first or b >= first:
        change -= arc(plain, a, b)
    if p >= first or v >= first:
        change -= arc(plain, p, v)
    for side in range(2):
        new, head, tail, last = (r, a, v, last_s) if side == 0 else (s, p, b, last_r)
        gap = arc(plain, head, tail) if head >= first or tail >= first else np.int64(0)
        change += gap
        connect(plain, region, new, head, tail, gap)
        if tail >= first:
            route[new, LAST] = last
        if route[new, COUNT] == 0:
            close_route(region, new)
    return change


@njit(helper=True)
def load_beyond(plain: Plain, region: Region, v: Number, way: Number, q: Number) -> Number:
    """Return the load of client v and of all clients behind it, `way` NEXT or PREVIOUS."""
    load: Number = np.int64(0)
    while v >= plain.first_client:
        load += plain.demand[v, q]
        v = np.int64(region.link[v, way])
    return load


@njit(helper=True, called=True)
def overload_joined(plain: Plain, region: Region, u: Number, u_way: Number, x: Number, x_way: Number) -> Number:
    """Return what it adds to the price of overload to join the part of a route at u to the part of another at x."""
    route, r, s = region.route, region.link[u, ROUTE], region.link[x, ROUTE]
    price = np.int64(0)
    for q in range(len(plain.capacity)):
        room = plain.capacity[q]
        part = load_beyond(plain, region, u, u_way, q) + load_beyond(plain, region, x, x_way, q)
        rest = route[r, LOAD + q] + route[s, LOAD + q] - part
        excess = max(0, part - room) + max(0, rest - room)
        excess -= max(0, route[r, LOAD + q] - room) + max(0, route[s, LOAD + q] - room)
        price += plain.overload[q] * excess
    return price


@njit(helper=True, called=True)
def cross_tails(plain: Plain, region: Region) -> Number:
    """Cross the route that lost the first string, at the gap, with that of a near client where that costs least.

    Returns the change of cost.
    """
    link, route, counter, first = region.link, region.route, region.counter, plain.first_client
    r, a = region.touched[0], counter[GAP]
    if route[r, COUNT] == 0:
        return np.int64(0)
    b = np.int64(link[a, NEXT]) if a >= first else route[r, FIRST]
    # a client beside the gap is joined to a near one, and what was beside that one to the other side of the gap
    forth = a >= first and (b < first or draw(region.random) < 0.5)
    base, other = (a, b) if forth else (b, a)
    now = arc(plain, a, b)
    best, best_x, best_side = FAR * FAR, np.int64(-1), np.int64(0)
    for k in range(min(CROSSED_NEAR, plain.near.shape[1])):
        x = np.int64(plain.near[base, k])
        if x < 0:
            break
        s = np.int64(link[x, ROUTE])
        if s < 0 or s == r:
            continue
        for side in range(2):
            y, broken = np.int64(link[x, NEXT + side]), np.int64(link[x, TO_NEXT + side])
            change = np.int64(plain.near_gap[base, k]) - now - broken
            if other >= first and y >= first:
                change += leg(plain.matrix, plain.points, plain.metric, plain.profile, other, y)
            elif other >= first or y >= first:
                change += plain.out[max(other, y)]
            change *= plain.rate
            if change >= best or draw(region.random) < BLINKS:
                continue
            change += overload_joined(plain, region, base, PREVIOUS if forth else NEXT, x, PREVIOUS - side)
            if change < best:
                best, best_x, best_side = change, x, np.int64(side)
    if best_x < 0:
        return np.int64(0)
    s = np.int64(link[best_x, ROUTE])
    used, excess, log, row = counter[USED], counter[OVERLOAD], region.log, counter[LOGGED]
    touch(region, s)
    change = np.int64(0)
    p = np.int64(link[best_x, NEXT + best_side]) if forth else best_x
    if forth == (best_side == 0):
        log[row, LOG_KIND], log[row, LOG_ROUTE] = TURN, s
        row += 1
        change += turn_route(plain, region, s)
    change += exchange_tails(plain, region, r, a, s, p)
    log[row, LOG_KIND], log[row, LOG_ROUTE], log[row, LOG_CLIENT] = EXCHANGE, r, s
    log[row, LOG_PREVIOUS], log[row, LOG_NEXT] = a, p
    counter[LOGGED] = row + 1
    return plain.rate * change + plain.fixed * (counter[USED] - used) + counter[OVERLOAD] - excess
