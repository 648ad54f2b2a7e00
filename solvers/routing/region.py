"""Plain problems and regions of them: what ruin and recreate needs where vehicles are alike and only loads count.

A region is a set of routes that is improved on its own. Clients of other regions look like unassigned ones, so that
regions can be worked on at the same time.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from solvers.routing.instance import (
    BACKHAUL,
    BACKHAULED,
    CAPACITY,
    COST,
    FINISH,
    FIXED,
    MIXED,
    SLOTS,
    START,
    SYMMETRIC,
    Instance,
    distances_between,
)
from solvers.routing.kernel_types import FloatArray, Int32Array, IntArray, RandomState
from solvers.routing.problem import RoutingProblem
from solvers.routing.workspace import sort_keys

# columns of `Region.link`
NEXT, PREVIOUS, ROUTE, TO_NEXT, TO_PREVIOUS = range(5)
# columns of `Region.route`; loads follow
FIRST, LAST, COUNT, NEXT_FREE, LOAD = range(5)
# entries of `Region.counter`
REMOVED, TOUCHED, LOGGED, STEP, BLINK, LEFT, FREE, USED, OWN, COSTS, BEST_COST, SLOTS_IN_USE, OVERLOAD, GAP = range(14)
# columns of `Region.log`; an insertion has the length of the arc that it broke as TO_NEXT
(LOG_CLIENT, LOG_NEXT, LOG_PREVIOUS, LOG_ROUTE, LOG_TO_NEXT, LOG_TO_PREVIOUS, LOG_KIND) = range(7)
# values of LOG_KIND; an exchange of tails has the other route as LOG_CLIENT
REMOVAL, INSERTION, EXCHANGE, TURN = range(4)
SPARE_ROUTES = 64
"""A region may open so many routes before all routes are shared out again."""
FAR = 1 << 30
FORBIDDEN = 1 << 40
"""Price of a unit of load above the capacity where that is not allowed."""
BARRED = 1 << 30
"""Distance from where routes start to a client with which none may begin."""
UNKNOWN = 1 << 60
"""Best cost of a region for which no solution without overload is known."""


class Plain(NamedTuple):
    """A problem with alike vehicles, loads only, and clients that all must be served; backhauls may be among them.

    Attributes
    ----------
    first_client, profile : as in `Instance`.
    matrix, points, metric : as in `Instance`.
    near, near_gap : [N, K], nearest clients for insertion, and their distances; -1 fills up.
    around : [N, A], nearest clients for ruin; -1 fills up.
    out, back : [N], distance from where routes start, and to where they end; `BARRED` to a backhaul.
    behind : [N], 1 for backhauls, which come after all other clients of a route; [0] where there are none.
    demand : [N, Q]; with backhauls deliveries, then pick-ups: as they never mix on the way, each has a capacity.
    capacity : [Q].
    overload : [Q], price of a unit of load above the capacity; changes between two sharings of the routes.
    rate, fixed : cost of a unit of distance and of a route.
    keys : [N, 3], orders of reinsertion: demand, far, near.
    """

    first_client: int
    profile: int
    matrix: Int32Array
    points: FloatArray
    metric: FloatArray
    near: Int32Array
    near_gap: Int32Array
    around: Int32Array
    out: IntArray
    back: IntArray
    behind: IntArray
    demand: IntArray
    capacity: IntArray
    overload: IntArray
    rate: int
    fixed: int
    keys: FloatArray


class Region(NamedTuple):
    """Routes as linked lists, and what a step needs besides.

    Attributes
    ----------
    random : [1].
    counter : see the entry names; costs include the price of overload, the best solution has none.
    link : [N, 5], see the column names; a depot as neighbour marks the end of a route.
    longest : [N], longer arc of a client, `FAR` at the end of a route, -`FAR` off the routes.
    route : [R, LOAD + Q], see the column names.
    own : [N], the region's clients, the first `counter[OWN]` entries.
    removed, touched, left : [N], [R], [R], lists of clients and routes, their lengths in `counter`.
    stamp : [R], last step that touched the route.
    is_left : [R], 1 where the route is not as in the best solution.
    log : [L, 7], changes of this step.
    sorting : [N], scratch.
    best_next, best_first : [N], [R], the best solution of the region.
    """

    random: RandomState
    counter: IntArray
    link: Int32Array
    longest: Int32Array
    route: IntArray
    own: Int32Array
    removed: Int32Array
    touched: IntArray
    left: IntArray
    stamp: IntArray
    is_left: IntArray
    log: Int32Array
    sorting: FloatArray
    best_next: Int32Array
    best_first: IntArray


def is_plain(problem: RoutingProblem, instance: Instance) -> bool:
    """Return whether loads are all that matters, vehicles are alike and every client must be served.

    Backhauls may be picked up if no client both gets and gives something.
    """
    rules = instance.features & ~SYMMETRIC
    sorted_loads = not (problem.pickup[~problem.backhaul].any() or problem.delivery[problem.backhaul].any())
    alike = len(instance.vehicle) == 1 and (rules == 0 or (rules == MIXED | BACKHAULED and sorted_loads))
    return bool(alike and instance.features & SYMMETRIC and instance.vehicle[0, COST] > 0 and problem.required.all())


def make_plain(problem: RoutingProblem, instance: Instance) -> Plain:
    """Return the arrays of a problem that `is_plain`."""
    row = instance.vehicle[0]
    ends = np.array([row[START], row[FINISH]])
    out, back = distances_between(problem, instance, ends, 0)
    if row[FINISH] == problem.depots:
        back = np.zeros_like(out)
    behind, dimensions = np.zeros(0, np.int64), problem.dimensions
    if instance.features & BACKHAULED:
        behind, dimensions = instance.client[:, BACKHAUL].copy(), 2 * problem.dimensions
        out = np.where(behind > 0, BARRED, out)
    capacity = np.tile(row[CAPACITY:], dimensions // problem.dimensions)
    return Plain(
        first_client=instance.first_client,
        profile=0,
        matrix=instance.matrix,
        points=instance.points,
        metric=instance.metric,
        near=instance.near,
        near_gap=instance.near_gap,
        around=instance.around,
        out=np.ascontiguousarray(out),
        back=np.ascontiguousarray(back),
        behind=behind,
        demand=np.ascontiguousarray(instance.amount[:, :dimensions]),
        capacity=capacity,
        overload=np.full(dimensions, FORBIDDEN, np.int64),
        rate=int(row[COST]),
        fixed=int(row[FIXED]),
        keys=np.ascontiguousarray(sort_keys(problem, instance)[:, :3]),
    )


def make_region(instance: Instance, seed: np.random.SeedSequence) -> Region:
    """Return an empty region, large enough for all clients of `instance`."""
    nodes = len(instance.client)
    routes = max(1, int(instance.vehicle[0, SLOTS]))
    counter = np.zeros(16, np.int64)
    counter[BLINK] = 100
    return Region(
        random=seed.generate_state(1, np.uint64) | np.uint64(1),
        counter=counter,
        link=np.full((nodes, 5), -1, np.int32),
        longest=np.full(nodes, -FAR, np.int32),
        route=np.zeros((routes, LOAD + instance.amount.shape[1]), np.int64),
        own=np.zeros(nodes, np.int32),
        removed=np.zeros(nodes, np.int32),
        touched=np.zeros(routes, np.int64),
        left=np.zeros(routes, np.int64),
        stamp=np.zeros(routes, np.int64),
        is_left=np.zeros(routes, np.int64),
        log=np.zeros((2 * nodes + 16, 7), np.int32),
        sorting=np.zeros(nodes),
        best_next=np.full(nodes, -1, np.int32),
        best_first=np.full(routes, -1, np.int64),
    )
