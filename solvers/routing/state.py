"""A set of routes as linked lists: the state that all compiled solvers change in place."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from solvers.routing.instance import CHOOSY, PRIZE, SLOTS, VEHICLES, Instance
from solvers.routing.kernel_types import Int32Array, IntArray
from solvers.routing.problem import UNBOUNDED
from solvers.routing.solution import RELOAD, RoutingSolution

# columns of `State.node`; the last two hold the distance to the neighbours, so that most deltas read one row only
NEXT, PREVIOUS, ROUTE, TO_NEXT, TO_PREVIOUS, PLACE = range(6)
# columns of `State.route`; loads follow: delivery Q, pickup Q; and where not every type may serve every client, the
# number of clients on the route that the type may not serve, V
FIRST, LAST, COUNT, KIND, DISTANCE, DURATION, RELEASED, NEXT_FREE, GOOD = range(9)
# kept where vehicles reload: when the vehicle is back from the trip before and due at the one behind; the vehicle and
# the trips before and behind; earliest and latest departure of the trip on its own
AVAILABLE, DUE, VEHICLE, PRIOR, LATER, EARLIEST, LATEST, LOAD = range(9, 17)
# columns of `State.clock`: the route up to and with the node, then from the node on: duration, earliest, latest start
(AHEAD, AHEAD_EARLY, AHEAD_LATE, BEHIND, BEHIND_EARLY, BEHIND_LATE) = range(6)
# columns of `State.longest`
INNER, OUTER = range(2)
NO_ARC = 1 - (1 << 31)
# entries of `State.total`
COSTS, USED, ABSENT = range(3)


class State(NamedTuple):
    """Routes over N nodes and R slots: a slot is a vehicle, or one trip of a vehicle where vehicles reload.

    Attributes
    ----------
    node : [N, 8], see the column names; a depot as neighbour marks the end of a route; route -1 is unassigned.
    route : [R, LOAD + 2 Q (+ V)], see the column names.
    longest : [N, 2], longer arc to other clients, and to where the route starts or ends; `NO_ARC` for none.
    clock : [N, 6], time data of prefixes and suffixes, kept where the problem is timed.
    peak : [N, 2 Q], largest load up to and from the node on, kept where there are pick-ups.
    free : [V], first unused slot of the type, -1 for none.
    chain : [vehicles], first trip of each vehicle, -1 for none; kept where vehicles reload.
    absent : [N], unassigned clients, the first `total[ABSENT]` entries.
    total : cost, used routes, number of unassigned.
    """

    node: Int32Array
    route: IntArray
    longest: Int32Array
    clock: IntArray
    peak: IntArray
    free: IntArray
    chain: IntArray
    absent: Int32Array
    total: IntArray


def empty_state(instance: Instance) -> State:
    """Return the state with no routes: everybody unassigned, at the price of their prizes."""
    nodes, first = len(instance.client), instance.first_client
    slots = instance.vehicle[:, SLOTS]
    node = np.full((nodes, 8), -1, np.int32)
    banned = len(slots) if instance.features & CHOOSY else 0
    route = np.zeros((max(1, int(slots.sum())), LOAD + instance.amount.shape[1] + banned), np.int64)
    route[:, FIRST] = route[:, LAST] = route[:, NEXT_FREE] = -1
    route[:, GOOD] = 1
    route[:, DUE] = UNBOUNDED
    route[:, PRIOR] = route[:, LATER] = -1
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
        longest=np.full((nodes, 2), NO_ARC, np.int32),
        clock=np.zeros((nodes, 6), np.int64),
        peak=np.zeros((nodes, instance.amount.shape[1]), np.int64),
        free=free,
        chain=np.full(max(1, int(instance.vehicle[:, VEHICLES].sum())), -1, np.int64),
        absent=absent,
        total=total,
    )


def routes_of(
    instance: Instance,
    following: NDArray[np.int32],
    firsts: IntArray,
    kinds: IntArray,
    chains: IntArray | None = None,
) -> RoutingSolution:
    """Return the solution written as `following` [N] (next node), `firsts` [R] (-1: unused) and `kinds` [R].

    `chains` [R, 2] names the vehicle of each slot and the slot of its trip before, where vehicles reload.
    """
    first = instance.first_client
    trips: dict[int, list[int]] = {}
    for slot, start in enumerate(firsts.tolist()):
        while start >= first:
            trips.setdefault(slot, []).append(start - first)
            start = int(following[start])
    if chains is None:
        return RoutingSolution.create(((int(kinds[k]), stops) for k, stops in trips.items()), len(following) - first)
    later = {int(chains[k, 1]): k for k in trips if chains[k, 1] >= 0}
    routes: list[tuple[int, list[int]]] = []
    for slot, begun in trips.items():
        if chains[slot, 1] >= 0:
            continue
        stops, trip = list(begun), later.get(slot)
        while trip is not None:
            stops += [RELOAD, *trips[trip]]
            trip = later.get(trip)
        routes.append((int(kinds[slot]), stops))
    return RoutingSolution.create(routes, len(following) - first)


def links_of(instance: Instance, solution: RoutingSolution) -> tuple[NDArray[np.int32], IntArray]:
    """Return `solution` as next client [N] and first client [R], slots of one type standing together."""
    first = instance.first_client
    slots = instance.vehicle[:, SLOTS]
    unused = (np.cumsum(slots) - slots).tolist()
    following = np.full(len(instance.client), -1, np.int32)
    firsts = np.full(max(1, int(slots.sum())), -1, np.int64)
    for route in solution.routes:
        stops = np.array(route.clients, dtype=np.int32) + first
        firsts[unused[route.vehicle_type]] = stops[0]
        unused[route.vehicle_type] += 1
        following[stops[:-1]] = stops[1:]
    return following, firsts
