"""Children of two sets of routes: order crossover of giant tours, and exchange of routes."""

from __future__ import annotations

import numpy as np

from solvers.routing.kernel_types import FloatArray, Int32Array

Tours = list[tuple[int, Int32Array]]
"""Routes as (vehicle slot, nodes)."""


def order_crossover(rng: np.random.Generator, one: Int32Array, other: Int32Array) -> Int32Array:
    """Return a giant tour: a piece of `one` in its place, the rest in the order of `other` after it (OX)."""
    size = len(one)
    start, end = (int(k) for k in rng.integers(0, size, 2))
    piece = np.arange(start, start + (end - start) % size + 1) % size
    child = np.empty_like(one)
    child[piece] = one[piece]
    rolled = np.roll(other, -((end + 1) % size))
    rest = rolled[~np.isin(rolled, one[piece])]
    child[(end + 1 + np.arange(size - len(piece))) % size] = rest
    return child


def route_exchange(rng: np.random.Generator, one: Tours, other: Tours, angle: FloatArray) -> Tours:
    """Return routes of `one` of which a sector is replaced by the routes of `other` that overlap it most.

    After Nagata, Braysy, Dullaert 2010 (selective route exchange). Clients that nobody serves any more are left to
    the local search; a slot that both would use goes to the newcomer, and the clients of its old route are left too.

    Parameters
    ----------
    angle : [N], polar angle of every node around the middle, to find routes that lie together.
    """
    if not one or not other:
        return list(one or other)
    order = np.argsort([direction(angle, stops) for _, stops in one], kind="stable")
    number = int(rng.integers(1, max(2, min(len(one), len(other)) // 2 + 1)))
    begin = int(rng.integers(len(one)))
    leaving = {int(order[(begin + k) % len(one)]) for k in range(number)}
    sector = np.concatenate([one[k][1] for k in sorted(leaving)])
    overlap = np.array([np.isin(stops, sector).sum() / len(stops) for _, stops in other])
    coming = [other[int(k)] for k in np.argsort(-overlap, kind="stable")[:number]]
    taken = np.concatenate([stops for _, stops in coming])
    slots = {slot for slot, _ in coming}
    kept = [(slot, stops[~np.isin(stops, taken)]) for k, (slot, stops) in enumerate(one) if k not in leaving]
    return coming + [(slot, stops) for slot, stops in kept if slot not in slots]


def direction(angle: FloatArray, stops: Int32Array) -> float:
    """Return the mean direction of the stops, radians."""
    return float(np.arctan2(np.sin(angle[stops]).mean(), np.cos(angle[stops]).mean()))
