"""A set of routes as linked lists: the state that all compiled solvers change in place."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from solvers.routing.instance import PRIZE, SLOTS, Instance
from solvers.routing.kernel_types import Int32Array, IntArray
from solvers.routing.solution import RoutingSolution

# columns of `State.node`; the last two hold the distance to the neighbours, so that most deltas read one row only
NEXT, PREVIOUS, ROUTE, TO_NEXT, TO_PREVIOUS, PLACE = range(6)
# columns of `State.route`; loads follow: delivery Q, pickup Q
FIRST, LAST, COUNT, KIND, DISTANCE, DURATION, RELEASED, NEXT_FREE, GOOD, LOAD = range(10)
# columns of `State.clock`: the route up to and with the node, then from the node on: duration, earliest, latest start
(AHEAD, AHEAD_EARLY, AHEAD_LATE, BEHIND, BEHIND_EARLY, BEHIND_LATE) = range(6)
# entries of `State.total`
COSTS, USED, ABSENT = range(3)


class State(NamedTuple):
    """Routes over N nodes and R vehicle slots; slots of one type stand together.

    Attributes
    ----------
    node : [N, 8], see the column names; a depot as neighbour marks the end of a route; route -1 is unassigned.
    route : [R, LOAD + 2 Q], see the column names.
    clock : [N, 6], time data of prefixes and suffixes, kept where the problem is timed.
    peak : [N, 2 Q], largest load up to and from the node on, kept where there are pick-ups.
    free : [V], first unused slot of the type, -1 for none.
    absent : [N], unassigned clients, the first `total[ABSENT]` entries.
    total : cost, used routes, number of unassigned.
    """

    node: Int32Array
    route: IntArray
    clock: IntArray
    peak: IntArray
    free: IntArray
    absent: Int32Array
    total: IntArray


def empty_state(instance: Instance) -> State:
    """Return the state with no routes: everybody unassigned, at the price of their prizes."""
    nodes, first = len(instance.client), instance.first_client
    slots = instance.vehicle[:, SLOTS]
    node = np.full((nodes, 8), -1, np.int32)
    route = np.zeros((max(1, int(slots.sum())), LOAD + instance.amount.shape[1]), np.int64)
    route[:, FIRST] = route[:, LAST] = route[:, NEXT_FREE] = -1
    route[:, GOOD] = 1
    free = np.full(len(slots), -1, np.int64)
    begin = 0
    for kind, number in enumerate(slots):
        rows = np.arange(begin, begin + int(number))
        route[rows, KIND] = kind
        if len(rows):
            route[rows[:-1], NEXT_FREE] = rows[1:]
            free[kind] = begin
        begin += int(number)
    absent = np.zeros(nodes, np.int32)
    absent[: nodes - first] = np.arange(first, nodes)
    node[first:, PLACE] = np.arange(nodes - first)
    total = np.zeros(3, np.int64)
    total[COSTS], total[ABSENT] = instance.client[first:, PRIZE].sum(), nodes - first
    return State(
        node=node,
        route=route,
        clock=np.zeros((nodes, 6), np.int64),
        peak=np.zeros((nodes, instance.amount.shape[1]), np.int64),
        free=free,
        absent=absent,
        total=total,
    )


def routes_of(instance: Instance, following: NDArray[np.int32], firsts: IntArray, kinds: IntArray) -> RoutingSolution:
    """Return the solution written as `following` [N] (next node) and `firsts` [R] (-1: unused)."""
    first = instance.first_client
    routes: list[tuple[int, list[int]]] = []
    for start, kind in zip(firsts.tolist(), kinds.tolist(), strict=True):
        stops: list[int] = []
        while start >= first:
            stops.append(start - first)
            start = int(following[start])
        routes.append((kind, stops))
    return RoutingSolution.create(routes, len(instance.client) - first)
