"""Ruin: strings of neighbouring clients leave several routes around a random client; every change is logged.

After Christiaens and Vanden Berghe, "Slack Induction by String Removals for Vehicle Routing Problems",
Transportation Science 54(2), 2020.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from solvers.compiled import njit
from solvers.routing.instance import (
    CHOOSY,
    COST,
    FINISH,
    FIXED,
    PRIZE,
    PROFILE,
    RELOADED,
    START,
    TIMED,
    WAGE,
    Instance,
)
from solvers.routing.kernel_types import (
    FloatArray,
    Int32Array,
    IntArray,
    Number,
    RandomState,
)
from solvers.routing.route_kernels import REFRESHED, draw, leg, renew, unlink
from solvers.routing.state import (
    ABSENT,
    COUNT,
    DURATION,
    FIRST,
    KIND,
    LAST,
    NEXT,
    PLACE,
    PREVIOUS,
    RELEASED,
    ROUTE,
    TO_NEXT,
    TO_PREVIOUS,
    USED,
    State,
)
from solvers.routing.vehicle_kernels import (
    opening_cost,
)

# entries of `Workspace.counter`
REMOVED, TOUCHED, LOGGED, STEP, BLINK, LEFT, OPENS = range(7)
LONGEST_STRING = 10.0
BLINK_RATE = 0.01
MOST_ABSENT_TRIED = 10
# marks in the log, in place of the neighbour before
INSERTED, RETYPED, EXCHANGED, EXCHANGED_TAILS = -1, -2, -3, -4


class Workspace(NamedTuple):
    """What a step needs besides the state.

    Attributes
    ----------
    random : [1] state of the random numbers.
    counter : see the entry names.
    removed : [N], clients that are off their routes in this step.
    touched : [R], routes changed in this step.
    gap : [R], the node before the string that left the touched route.
    stamp : [N + R], last step in which a client was removed (first N) or a route touched.
    log : [L, 5], changes of this step: client, neighbour before it or a mark, route, and for a new trip the slot's
        vehicle and trip before; marks stand for a client inserted, and a route (first entry) of another vehicle type or
        in exchange with another route (third entry), or of
        tails of two routes exchanged behind two nodes (first and last entry).
    keys : [N, 6], orders of reinsertion: demand, far, near, window length, window start, window end.
    sorting : [N], scratch.
    clock, timing : [N, 6] and [R, 3], time data of the accepted routes, see `annealing_kernels.remember`.
    left : [R], routes that are not as in the best solution known, the first `counter[LEFT]` entries.
    is_left : [R].
    best_next, best_first, best_kind, best_chain : the best solution known, [N], [R], [R] and [R, 2] (vehicle, trip
        before).
    best_cost : [1].
    """

    random: RandomState
    counter: IntArray
    removed: Int32Array
    touched: IntArray
    gap: IntArray
    stamp: IntArray
    log: Int32Array
    keys: FloatArray
    sorting: FloatArray
    clock: IntArray
    timing: IntArray
    left: IntArray
    is_left: IntArray
    best_next: Int32Array
    best_first: IntArray
    best_kind: IntArray
    best_chain: IntArray
    best_cost: IntArray


@njit(helper=True)
def touch(state: State, work: Workspace, r: Number) -> None:
    """Note that route r changes in this step."""
    slot = len(state.node) + r
    if work.stamp[slot] != work.counter[STEP]:
        work.stamp[slot] = work.counter[STEP]
        work.touched[work.counter[TOUCHED]] = r
        work.counter[TOUCHED] += 1


@njit(helper=True)
def take_out(instance: Instance, state: State, work: Workspace, c: Number) -> Number:
    """Remove client c from its route, log it, and return the change of cost (without its prize and without time)."""
    node = state.node
    r = np.int64(node[c, ROUTE])
    vehicle = instance.vehicle[state.route[r, KIND]]
    row = work.counter[LOGGED]
    work.log[row, 0] = c
    work.log[row, 1] = node[c, PREVIOUS]
    work.log[row, 2] = r
    work.counter[LOGGED] += 1
    change = -np.int64(node[c, TO_PREVIOUS]) - np.int64(node[c, TO_NEXT])
    a, b = np.int64(node[c, PREVIOUS]), np.int64(node[c, NEXT])
    change += leg(instance.matrix, instance.points, instance.metric, vehicle[PROFILE], a, b)
    unlink(instance, state, c)
    work.removed[work.counter[REMOVED]] = c
    work.counter[REMOVED] += 1
    if state.route[r, COUNT] == 0:
        # an unused vehicle drives nowhere, whatever lies between its start and end
        home = leg(instance.matrix, instance.points, instance.metric, vehicle[PROFILE], vehicle[START], vehicle[FINISH])
        fixed = opening_cost(instance, state, r) if instance.features & RELOADED else vehicle[FIXED]
        return vehicle[COST] * (change - home) - fixed
    return vehicle[COST] * change


@njit(helper=True)
def retime(instance: Instance, state: State, r: Number, ahead: Number, behind: Number) -> Number:
    """Refresh route r, see `renew`, and return the change of its time cost."""
    before = state.route[r, DURATION]
    renew(instance, state, r, ahead, behind)
    return instance.vehicle[state.route[r, KIND], WAGE] * (state.route[r, DURATION] - before)


@njit(helper=True)
def remove_string(instance: Instance, state: State, work: Workspace, c: Number, longest: Number) -> Number:
    """Remove a string of clients around c from its route, sometimes sparing a part in the middle; return the change."""
    node, route, first = state.node, state.route, instance.first_client
    random = work.random
    r = np.int64(node[c, ROUTE])
    touch(state, work, r)
    count = route[r, COUNT]
    length = min(count, int(1.0 + draw(random) * min(float(count), longest)))
    spared = 0
    if 1 < length < count and draw(random) < 0.5:
        spared = 1
        while length + spared < count and draw(random) > 0.99:
            spared += 1
    span = length + spared
    # start of the string: a random number of steps before c, within the route
    back = int(draw(random) * span)
    begin = np.int64(c)
    while back > 0 and node[begin, PREVIOUS] >= first:
        begin = np.int64(node[begin, PREVIOUS])
        back -= 1
    ahead = 1
    v = begin
    while ahead < span and node[v, NEXT] >= first:
        v = np.int64(node[v, NEXT])
        ahead += 1
    while ahead < span:
        begin = np.int64(node[begin, PREVIOUS])
        ahead += 1
    before = np.int64(node[begin, PREVIOUS])
    work.gap[work.counter[TOUCHED] - 1] = before
    skip = 1 + int(draw(random) * (length - 1)) if spared > 0 else span
    change = np.int64(0)
    v = begin
    for k in range(span):
        following = np.int64(node[v, NEXT])
        if k < skip or k >= skip + spared:
            work.stamp[v] = work.counter[STEP]
            change += take_out(instance, state, work, v) + instance.client[v, PRIZE]
        v = following
    if instance.features & REFRESHED:
        renewed = np.int64(node[before, NEXT]) if before >= first and route[r, RELEASED] == 0 else route[r, FIRST]
        behind = np.int64(node[v, PREVIOUS]) if v >= first else route[r, LAST]
        change += retime(instance, state, r, renewed, behind)
    return change


@njit(helper=True)
def ruin(instance: Instance, state: State, work: Workspace, average: Number) -> Number:
    """Remove strings from routes around a random client, about `average` clients; return the change of cost."""
    node, first = state.node, instance.first_client
    clients = len(node) - first
    random = work.random
    counter = work.counter
    used = max(1, state.total[USED])
    longest = min(LONGEST_STRING, (clients - state.total[ABSENT]) / used)
    strings = int(1.0 + draw(random) * max(1.0, 4.0 * average / (1.0 + longest) - 1.0))
    centre = first + int(draw(random) * clients)
    change = np.int64(0)
    layer = np.int64(-1)
    if instance.features & (CHOOSY | TIMED) == CHOOSY | TIMED and node[centre, ROUTE] >= 0 and draw(random) < 0.5:
        # routes of one type lie scattered among those of others: half the ruins are of one type only
        layer = state.route[node[centre, ROUTE], KIND]
    # a new route that pays needs more than a few of those who are left out
    opens = counter[OPENS] > 0
    most_tried = instance.around.shape[1] if opens else MOST_ABSENT_TRIED
    tried = 0
    done = 0
    for k in range(instance.around.shape[1]):
        c = np.int64(instance.around[centre, k])
        if c < 0 or (done >= strings and not opens):
            break
        r = node[c, ROUTE]
        if layer >= 0 and r >= 0 and state.route[r, KIND] != layer:
            continue
        if r < 0:
            if node[c, PLACE] >= 0 and tried < most_tried:
                tried += 1
                work.stamp[c] = counter[STEP]
                work.removed[counter[REMOVED]] = c
                counter[REMOVED] += 1
        elif done < strings and work.stamp[len(node) + r] != counter[STEP]:
            change += remove_string(instance, state, work, c, longest)
            done += 1
    if state.total[ABSENT] > 0:
        c = state.absent[int(draw(random) * state.total[ABSENT])]
        if work.stamp[c] != counter[STEP]:
            work.stamp[c] = counter[STEP]
            work.removed[counter[REMOVED]] = c
            counter[REMOVED] += 1
    return change
