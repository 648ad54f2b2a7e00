"""Merging routes in the order of their savings."""

from __future__ import annotations

import numpy as np

from solvers.compiled import njit
from solvers.routing.kernel_types import Int32Array, IntArray, Number
from solvers.routing.region import Plain


@njit(helper=True, called=True)
def turn_route(following: Int32Array, before: Int32Array, v: Number) -> None:
    """Turn the route that begins with v."""
    while v >= 0:
        w = np.int64(following[v])
        following[v], before[v] = before[v], w
        v = w


@njit(allocates=False)
def merge_routes(
    plain: Plain,
    low: IntArray,
    high: IntArray,
    following: Int32Array,
    before: Int32Array,
    other: Int32Array,
    load: IntArray,
) -> None:
    """Join the routes of the pairs (low, high) [P], one pair after the other, wherever both are ends and loads fit.

    `other` [N] names the other end of the route at an end, the client itself where it is alone, -1 in between;
    `load` [N, Q] is the route's at its ends. Routes are turned where needed: distances are the same both ways.
    """
    for k in range(len(low)):
        a, b = low[k], high[k]
        if other[a] < 0 or other[b] < 0 or other[a] == b:
            continue
        fits = True
        for q in range(load.shape[1]):
            fits = fits and load[a, q] + load[b, q] <= plain.capacity[q]
        if not fits:
            continue
        far_a, far_b = np.int64(other[a]), np.int64(other[b])
        if following[a] >= 0 and following[b] >= 0:
            turn_route(following, before, a)
        elif before[a] >= 0 and before[b] >= 0:
            turn_route(following, before, far_a)
        if following[a] < 0 and before[b] < 0:
            following[a], before[b] = b, a
        else:
            following[b], before[a] = a, b
        for q in range(load.shape[1]):
            load[far_a, q] = load[far_b, q] = load[a, q] + load[b, q]
        other[a] = other[b] = -1
        other[far_a], other[far_b] = far_b, far_a
