"""What makes a child of two sets of routes: laying routes out by direction, order crossover, distance to others."""

from __future__ import annotations

import math

import numpy as np

from solvers.compiled import njit
from solvers.routing.kernel_types import FloatArray, Int32Array, IntArray, Number


@njit(allocates=False)
def lay_out(
    following: Int32Array,
    firsts: IntArray,
    angle: FloatArray,
    first: Number,
    stops: Int32Array,
    routes: IntArray,
    directions: FloatArray,
) -> tuple[Number, Number]:
    """Write the routes of `following` [N] and `firsts` [R] one behind the other, by mean direction.

    Parameters
    ----------
    angle : [N], direction of every node, radians.
    first : number of the first client.
    stops : [C], written: the clients.
    routes : [R, 3], written: slot, begin and end in `stops` of every route in use.
    directions : [R], written: mean direction of every route in use, radians.

    Returns
    -------
    Numbers of routes and of clients on them.
    """
    count = 0
    for slot in range(len(firsts)):
        v = np.int64(firsts[slot])
        if v < first:
            continue
        sine, cosine = 0.0, 0.0
        while v >= first:
            sine += math.sin(angle[v])
            cosine += math.cos(angle[v])
            v = np.int64(following[v])
        towards = math.atan2(sine, cosine)
        k = count
        while k > 0 and directions[k - 1] > towards:
            directions[k] = directions[k - 1]
            routes[k, 0] = routes[k - 1, 0]
            k -= 1
        directions[k] = towards
        routes[k, 0] = slot
        count += 1
    size = 0
    for k in range(count):
        routes[k, 1] = size
        v = np.int64(firsts[routes[k, 0]])
        while v >= first:
            stops[size] = v
            size += 1
            v = np.int64(following[v])
        routes[k, 2] = size
    return count, size


@njit(allocates=False)
def cross_orders(
    one: Int32Array, other: Int32Array, start: Number, end: Number, mark: Int32Array, child: Int32Array
) -> None:
    """Write into `child` the piece of `one` from `start` to `end`, the rest in the order of `other` behind it (OX).

    All are [C]; `mark` [N] is zero, and zero again afterwards.
    """
    size = len(one)
    length = (end - start) % size + 1
    for k in range(length):
        place = (start + k) % size
        child[place] = one[place]
        mark[one[place]] = 1
    place = (end + 1) % size
    for k in range(size):
        c = other[(end + 1 + k) % size]
        if mark[c] == 0:
            child[place] = c
            place = (place + 1) % size
    for k in range(length):
        mark[one[(start + k) % size]] = 0


@njit(allocates=False)
def count_broken_pairs(
    following: Int32Array, before: Int32Array, first: Number, others: Int32Array, number: Number, share: FloatArray
) -> None:
    """Write into `share` [M] the share of clients whose neighbours are none in each of the first `number` others.

    `others` [M, 2, N] holds the next and the previous client of the others; a direction of travel counts for nothing.
    """
    clients = len(following) - first
    for k in range(number):
        apart = 0
        for c in range(first, len(following)):
            after, previous = others[k, 0, c], others[k, 1, c]
            if (after != following[c] and previous != following[c]) or (
                before[c] < first and previous >= first and after >= first
            ):
                apart += 1
        share[k] = apart / clients
