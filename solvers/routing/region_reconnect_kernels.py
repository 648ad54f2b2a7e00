"""Moves that join two near clients in a region: tails of two routes change places, a part of one route is turned.

2-opt* (Potvin, Rousseau 1995) and 2-opt (Croes 1958), drawn at random and accepted as in annealing. Where all backhauls
of a route come last, taking out ten clients hardly ever gives its deliveries the backhauls of another one, or turns
either part.
"""

from __future__ import annotations

import numpy as np

from solvers.compiled import njit
from solvers.routing.kernel_types import Number
from solvers.routing.region import (
    FAR,
    LAST,
    NEXT,
    OVERLOAD,
    OWN,
    PREVIOUS,
    ROUTE,
    TO_NEXT,
    TO_PREVIOUS,
    Plain,
    Region,
)
from solvers.routing.region_link_kernels import arc, connect, overload, shift_load, touch
from solvers.routing.route_kernels import draw

CLOSEST = 20
"""Near clients among which one is drawn."""


@njit(helper=True)
def in_order(plain: Plain, a: Number, b: Number) -> bool:
    """Return whether b may follow a; a depot is a start or an end, and a start followed by an end is in order."""
    first = plain.first_client
    if b < first:
        return True
    if a < first or plain.behind[a] > 0:
        return bool((plain.behind[b] > 0) == (a >= first))
    return True


@njit(helper=True)
def exchange(
    plain: Plain, region: Region, r: Number, a: Number, s: Number, v: Number, limit: Number, strict: bool
) -> Number:
    """Let v follow a of route r, with all behind it, and what was behind a follow v's place on route s.

    Return the change of cost, `FAR`^2 where nothing was done as it is not below `limit` or breaks a rule. If `strict`
    a route that gets overloaded breaks a rule.
    """
    link, route, first = region.link, region.route, plain.first_client
    after, b = np.int64(link[a, NEXT]), np.int64(link[v, PREVIOUS])
    if (b < first and after < first) or not in_order(plain, a, v) or not in_order(plain, b, after):
        return FAR * FAR
    to_v, to_after = arc(plain, a, v), arc(plain, b, after)
    change = plain.rate * (to_v + to_after - link[a, TO_NEXT] - link[v, TO_PREVIOUS])
    if change >= limit:
        return FAR * FAR
    excess = overload(plain, region, r) + overload(plain, region, s)
    shift_load(plain, region, after, r, s)
    # the links of v's tail are those of route s still
    shift_load(plain, region, v, s, r)
    excess = overload(plain, region, r) + overload(plain, region, s) - excess
    if change + excess >= limit or (strict and excess > 0):
        shift_load(plain, region, after, s, r)
        shift_load(plain, region, v, r, s)
        return FAR * FAR
    last_r, last_s = route[r, LAST], route[s, LAST]
    connect(plain, region, r, a, v, to_v)
    route[r, LAST] = last_s
    connect(plain, region, s, b, after, to_after)
    if after >= first:
        route[s, LAST] = last_r
    region.counter[OVERLOAD] += excess
    return change + excess


@njit(helper=True)
def turn(plain: Plain, region: Region, r: Number, x: Number, y: Number, limit: Number) -> Number:
    """Turn the clients from x to y of route r; return the change of cost, or `FAR`^2 as `exchange` does."""
    link, first = region.link, plain.first_client
    if plain.behind[x] != plain.behind[y]:
        return FAR * FAR
    a, b = np.int64(link[x, PREVIOUS]), np.int64(link[y, NEXT])
    to_y, to_b = arc(plain, a, y), arc(plain, x, b)
    change = plain.rate * (to_y + to_b - link[x, TO_PREVIOUS] - link[y, TO_NEXT])
    if change >= limit:
        return FAR * FAR
    v = x
    while v != b and v >= first:
        following = np.int64(link[v, NEXT])
        link[v, NEXT], link[v, PREVIOUS] = link[v, PREVIOUS], following
        link[v, TO_NEXT], link[v, TO_PREVIOUS] = link[v, TO_PREVIOUS], link[v, TO_NEXT]
        v = following
    connect(plain, region, r, a, y, to_y)
    connect(plain, region, r, x, b, to_b)
    return change


@njit(helper=True)
def comes_before(plain: Plain, region: Region, x: Number, y: Number) -> bool:
    """Return whether x comes before y on their route."""
    v = np.int64(region.link[x, NEXT])
    while v >= plain.first_client and v != y:
        v = np.int64(region.link[v, NEXT])
    return bool(v == y)


@njit(helper=True)
def reconnect(plain: Plain, region: Region, limit: Number, unsaved: bool) -> Number:
    """Try to join a random client to a near one; return the change of cost, `FAR`^2 where nothing was done.

    With `unsaved` the state is the best so far, and not left for a worse one.
    """
    link, random, first = region.link, region.random, plain.first_client
    a = np.int64(region.own[int(draw(random) * region.counter[OWN])])
    v = np.int64(plain.near[a, int(draw(random) * min(CLOSEST, plain.near.shape[1]))])
    if v < first or link[v, ROUTE] < 0:
        return FAR * FAR
    r, s = np.int64(link[a, ROUTE]), np.int64(link[v, ROUTE])
    if unsaved:
        limit = min(limit, np.int64(1))
    if r != s:
        change = exchange(plain, region, r, a, s, v, limit, unsaved)
        if change < FAR * FAR:
            touch(region, s)
    else:
        x, y = (a, v) if comes_before(plain, region, a, v) else (v, a)
        # the two become neighbours at one end of what is turned or at the other
        if draw(random) < 0.5:
            x = np.int64(link[x, NEXT])
        else:
            y = np.int64(link[y, PREVIOUS])
        if x == y:
            return FAR * FAR
        change = turn(plain, region, r, x, y, limit)
    if change < FAR * FAR:
        touch(region, r)
    return change
