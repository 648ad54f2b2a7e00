"""Clients numbered along a space-filling curve, so that neighbours on the map are neighbours in memory.

A step of ruin and recreate touches clients that lie close together; above a thousand stops most of its time would
otherwise go into waiting for memory. Hilbert's curve as in Skilling, "Programming the Hilbert curve", 2004.
"""

from __future__ import annotations

import numpy as np

from solvers.routing.problem import IntArray, RoutingProblem
from solvers.routing.solution import RoutingSolution

BITS = 16
"""The curve runs through 2^BITS x 2^BITS cells."""


def curve_order(problem: RoutingProblem) -> IntArray:
    """Return [C] the clients in the order in which Hilbert's curve meets them."""
    if problem.coordinates is None:
        raise ValueError("clients without coordinates lie on no curve")
    points = problem.coordinates[problem.depots :]
    low = points.min(axis=0)
    extent = max(float((points - low).max()), 1e-12)
    cells = ((points - low) / extent * ((1 << BITS) - 1)).astype(np.int64)
    x, y = cells[:, 0].copy(), cells[:, 1].copy()
    place = np.zeros(len(points), np.int64)
    for bit in range(BITS - 1, -1, -1):
        side = np.int64(1) << bit
        right, up = (x & side) > 0, (y & side) > 0
        place += side * side * ((3 * right) ^ up)
        # turn the quarter so that the curve goes on where it left the last one
        x, y = x & (side - 1), y & (side - 1)
        turned = ~up & right
        x, y = np.where(turned, side - 1 - x, x), np.where(turned, side - 1 - y, y)
        x, y = np.where(up, x, y), np.where(up, y, x)
    order: IntArray = np.argsort(place, kind="stable")
    return order


def renamed(solution: RoutingSolution, names: IntArray) -> RoutingSolution:
    """Return `solution` with client k called `names[k]`."""
    routes = ((route.vehicle_type, [c if c < 0 else int(names[c]) for c in route.clients]) for route in solution.routes)
    return RoutingSolution.create(routes, len(names))
