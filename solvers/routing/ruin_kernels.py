"""Ruin and recreate in place: strings of clients leave nearby routes and come back one by one, cheapest place first.

After Christiaens and Vanden Berghe, "Slack Induction by String Removals for Vehicle Routing Problems",
Transportation Science 54(2), 2020. Nothing here costs time in proportion to the instance: a rejected step is undone
from a log, the best solution is copied only when it is about to be left.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from solvers.compiled import njit
from solvers.routing.instance import (
    COST,
    FINISH,
    FIXED,
    PRIZE,
    PROFILE,
    START,
    SYMMETRIC,
    WAGE,
    Instance,
)
from solvers.routing.kernel_types import FloatArray, Int32Array, IntArray, Number, RandomState
from solvers.routing.problem import UNBOUNDED
from solvers.routing.route_kernels import REFRESHED, draw, insertion_extra, leg, link, refresh, room, unlink
from solvers.routing.state import (
    ABSENT,
    COSTS,
    COUNT,
    DURATION,
    FIRST,
    GOOD,
    KIND,
    NEXT,
    PLACE,
    PREVIOUS,
    ROUTE,
    TO_NEXT,
    TO_PREVIOUS,
    USED,
    State,
)

# entries of `Workspace.counter`
REMOVED, TOUCHED, LOGGED, STEP, BLINK = range(5)
LONGEST_STRING = 10.0
BLINK_RATE = 0.01
MOST_ABSENT_TRIED = 10


class Workspace(NamedTuple):
    """What a step needs besides the state.

    Attributes
    ----------
    random : [1] state of the random numbers.
    counter : see the entry names.
    removed : [N], clients that are off their routes in this step.
    touched : [R], routes changed in this step.
    stamp : [N + R], last step in which a client was removed (first N) or a route touched.
    log : [L, 3], changes of this step: client, neighbour before it (-1: it was inserted), route.
    keys : [N, 6], orders of reinsertion: demand, far, near, window length, window start, window end.
    sorting : [N], scratch.
    best_next, best_first : the best solution known, [N] and [R].
    best_cost : [1].
    """

    random: RandomState
    counter: IntArray
    removed: Int32Array
    touched: IntArray
    stamp: IntArray
    log: Int32Array
    keys: FloatArray
    sorting: FloatArray
    best_next: Int32Array
    best_first: IntArray
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
        return vehicle[COST] * (change - home) - vehicle[FIXED]
    return vehicle[COST] * change


@njit(helper=True)
def retime(instance: Instance, state: State, r: Number) -> Number:
    """Refresh route r and return the change of its time cost."""
    before = state.route[r, DURATION]
    refresh(instance, state, r)
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
        change += retime(instance, state, r)
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
    tried = 0
    done = 0
    for k in range(instance.around.shape[1]):
        c = np.int64(instance.around[centre, k])
        if c < 0 or done >= strings:
            break
        r = node[c, ROUTE]
        if r < 0:
            if node[c, PLACE] >= 0 and tried < MOST_ABSENT_TRIED:
                tried += 1
                work.stamp[c] = counter[STEP]
                work.removed[counter[REMOVED]] = c
                counter[REMOVED] += 1
        elif work.stamp[len(node) + r] != counter[STEP]:
            change += remove_string(instance, state, work, c, longest)
            done += 1
    if state.total[ABSENT] > 0:
        c = state.absent[int(draw(random) * state.total[ABSENT])]
        if work.stamp[c] != counter[STEP]:
            work.stamp[c] = counter[STEP]
            work.removed[counter[REMOVED]] = c
            counter[REMOVED] += 1
    return change


@njit(helper=True)
def order_removed(instance: Instance, work: Workspace) -> None:
    """Sort the removed clients by a criterion drawn at random (weights 4, 4, 2, 1 and 2, 2, 2 for windows)."""
    removed, keys, sorting = work.removed, work.keys, work.sorting
    u = draw(work.random) * (17.0 if instance.features & 1 else 11.0)
    column = -1
    if u >= 15.0:
        column = 5
    elif u >= 13.0:
        column = 4
    elif u >= 11.0:
        column = 3
    elif u >= 10.0:
        column = 2
    elif u >= 8.0:
        column = 1
    elif u >= 4.0:
        column = 0
    for i in range(work.counter[REMOVED]):
        c = removed[i]
        key = keys[c, column] if column >= 0 else draw(work.random)
        j = i - 1
        while j >= 0 and sorting[j] > key:
            sorting[j + 1] = sorting[j]
            removed[j + 1] = removed[j]
            j -= 1
        sorting[j + 1] = key
        removed[j + 1] = c


@njit(helper=True)
def cheapest_insertion(
    instance: Instance, state: State, work: Workspace, c: Number
) -> tuple[Number, Number, Number, Number]:
    """Return (cost, neighbour before, neighbour after, route) of the cheapest place for c next to one of its near ones.

    Route -1 means that leaving c out is cheaper. Now and then a better place is overlooked (a blink).
    """
    node, route, vehicle = state.node, state.route, instance.vehicle
    matrix, points, metric = instance.matrix, instance.points, instance.metric
    counter, random = work.counter, work.random
    symmetric = instance.features & SYMMETRIC != 0
    ruled = instance.features & REFRESHED != 0
    best = instance.client[c, PRIZE]
    best_a, best_b, best_r = np.int64(0), np.int64(0), np.int64(-1)
    kinds = len(vehicle)
    for kind in range(kinds):
        if instance.alone[kind, c] < best and state.free[kind] >= 0 and (kinds == 1 or draw(random) > 0.2):
            best = instance.alone[kind, c]
            best_a, best_b = vehicle[kind, START], vehicle[kind, FINISH]
            best_r = state.free[kind]
    bounded = symmetric and matrix.shape[0] <= 1
    lowest_rate = vehicle[0, COST]
    for kind in range(kinds):
        lowest_rate = min(lowest_rate, vehicle[kind, COST])
    after, before = True, True
    first = instance.first_client
    last_r = np.int64(-1)
    roomy = False
    for k in range(instance.near.shape[1]):
        v = np.int64(instance.near[c, k])
        if v < 0:
            break
        r = np.int64(node[v, ROUTE])
        if r < 0:
            continue
        if bounded:
            # v is the end of the arc that is nearer to c, or the other end has its turn
            reach = 2 * leg(matrix, points, metric, 0, c, v)
            after = node[v, NEXT] < first or lowest_rate * (reach - node[v, TO_NEXT]) < best
            before = node[v, PREVIOUS] < first or lowest_rate * (reach - node[v, TO_PREVIOUS]) < best
            if not after and not before:
                continue
        if r != last_r:
            last_r = r
            roomy = room(instance, state, r, c)
        if not roomy:
            continue
        kind = route[r, KIND]
        profile, rate = vehicle[kind, PROFILE], vehicle[kind, COST]
        to_c = leg(matrix, points, metric, profile, v, c)
        from_c = to_c if symmetric else leg(matrix, points, metric, profile, c, v)
        for side in range(2):
            if (side == 0 and not after) or (side == 1 and not before):
                continue
            if side == 0:
                a, b = np.int64(v), np.int64(node[v, NEXT])
                longer = to_c + leg(matrix, points, metric, profile, c, b) - node[v, TO_NEXT]
            else:
                a, b = np.int64(node[v, PREVIOUS]), np.int64(v)
                if symmetric:
                    longer = leg(matrix, points, metric, profile, c, a) + from_c - node[v, TO_PREVIOUS]
                else:
                    longer = leg(matrix, points, metric, profile, a, c) + from_c - node[v, TO_PREVIOUS]
            price = rate * longer
            if price >= best:
                continue
            counter[BLINK] -= 1
            if counter[BLINK] <= 0:
                counter[BLINK] = 1 + int(-math.log(1.0 - draw(random)) / BLINK_RATE)
                continue
            if ruled:
                price += insertion_extra(instance, state, r, a, c, b, longer)
                if price >= best:
                    continue
            best = price
            best_a, best_b, best_r = a, b, r
    return best, best_a, best_b, best_r


@njit(helper=True)
def put_in(instance: Instance, state: State, work: Workspace, c: Number, a: Number, b: Number, r: Number) -> Number:
    """Insert c between a and b of route r, log it, and return the change of cost, its prize included."""
    vehicle = instance.vehicle[state.route[r, KIND]]
    matrix, points, metric = instance.matrix, instance.points, instance.metric
    touch(state, work, r)
    row = work.counter[LOGGED]
    work.log[row, 0] = c
    work.log[row, 1] = -1
    work.counter[LOGGED] += 1
    fresh = state.route[r, COUNT] == 0
    link(instance, state, c, a, b, r)
    longer = np.int64(state.node[c, TO_PREVIOUS]) + np.int64(state.node[c, TO_NEXT])
    change = -instance.client[c, PRIZE]
    if fresh:
        change += vehicle[FIXED] + vehicle[COST] * longer
    else:
        change += vehicle[COST] * (longer - leg(matrix, points, metric, vehicle[PROFILE], a, b))
    if instance.features & REFRESHED:
        change += retime(instance, state, r)
    return change


@njit(helper=True)
def recreate(instance: Instance, state: State, work: Workspace) -> Number:
    """Insert the removed clients one by one at their cheapest places; return the change of cost."""
    change = np.int64(0)
    for i in range(work.counter[REMOVED]):
        c = np.int64(work.removed[i])
        _, a, b, r = cheapest_insertion(instance, state, work, c)
        if r >= 0:
            change += put_in(instance, state, work, c, a, b, r)
    return change


@njit(helper=True)
def undo(instance: Instance, state: State, work: Workspace) -> None:
    """Take back every change of this step, newest first."""
    node, route, log = state.node, state.route, work.log
    first = instance.first_client
    for row in range(work.counter[LOGGED] - 1, -1, -1):
        c, a, r = np.int64(log[row, 0]), np.int64(log[row, 1]), np.int64(log[row, 2])
        if a < 0:
            unlink(instance, state, c)
        elif a >= first:
            link(instance, state, c, a, np.int64(node[a, NEXT]), r)
        else:
            b = route[r, FIRST] if route[r, COUNT] > 0 else instance.vehicle[route[r, KIND], FINISH]
            link(instance, state, c, a, b, r)
    if instance.features & REFRESHED:
        for i in range(work.counter[TOUCHED]):
            refresh(instance, state, work.touched[i])


@njit(helper=True)
def settle(state: State, work: Workspace) -> None:
    """Keep the list of unassigned clients right after an accepted step."""
    node, absent, total = state.node, state.absent, state.total
    for i in range(work.counter[REMOVED]):
        c = work.removed[i]
        place = node[c, PLACE]
        if node[c, ROUTE] < 0 and place < 0:
            node[c, PLACE] = total[ABSENT]
            absent[total[ABSENT]] = c
            total[ABSENT] += 1
        elif node[c, ROUTE] >= 0 and place >= 0:
            total[ABSENT] -= 1
            moved = absent[total[ABSENT]]
            absent[place] = moved
            node[moved, PLACE] = place
            node[c, PLACE] = -1


@njit(helper=True)
def keep_best(state: State, work: Workspace) -> None:
    """Copy the current solution, which is the best so far."""
    for v in range(len(state.node)):
        work.best_next[v] = state.node[v, NEXT]
    for r in range(len(state.route)):
        work.best_first[r] = state.route[r, FIRST] if state.route[r, COUNT] > 0 else -1
    work.best_cost[0] = state.total[COSTS]


@njit(helper=True)
def all_good(state: State, work: Workspace) -> bool:
    """Return whether every touched route keeps its rules."""
    good = True
    for i in range(work.counter[TOUCHED]):
        good = good and state.route[work.touched[i], GOOD] != 0
    return good


@njit(helper=True)
def begin_step(work: Workspace) -> None:
    """Forget the step before."""
    work.counter[REMOVED] = 0
    work.counter[TOUCHED] = 0
    work.counter[LOGGED] = 0
    work.counter[STEP] += 1


@njit(helper=True)
def take_everyone(state: State, work: Workspace) -> None:
    """Make the unassigned clients, in random order, the removed ones of this step."""
    number = state.total[ABSENT]
    work.counter[REMOVED] = number
    for i in range(number):
        work.removed[i] = state.absent[i]
    for i in range(number):
        j = i + int(draw(work.random) * (number - i))
        work.removed[i], work.removed[j] = work.removed[j], work.removed[i]


@njit(allocates=False)
def anneal(
    instance: Instance, state: State, work: Workspace, steps: Number, hot: Number, cold: Number, average: float
) -> Number:
    """Run `steps` steps of ruin and recreate while the temperature falls from `hot` to `cold`; return new bests.

    With 0 steps, all unassigned clients are inserted and the result is the best so far.
    """
    total = state.total
    opening = steps == 0
    cooling = (cold / hot) ** (1.0 / max(1, steps))
    temperature = hot
    unsaved = False
    found = 0
    for step in range(-1 if opening else 0, steps):
        begin_step(work)
        change = np.int64(0)
        if step < 0:
            take_everyone(state, work)
        else:
            change += ruin(instance, state, work, average)
            order_removed(instance, work)
        change += recreate(instance, state, work)
        if step < 0:
            total[COSTS] += change
            settle(state, work)
            keep_best(state, work)
            continue
        temperature *= cooling
        accepted = change < -temperature * math.log(draw(work.random) + 1e-300)
        if accepted and instance.features & REFRESHED:
            accepted = all_good(state, work)
        if not accepted:
            undo(instance, state, work)
            continue
        if unsaved and change > 0:
            # the state before this step was the best: go back, copy it, and give the step up
            undo(instance, state, work)
            keep_best(state, work)
            unsaved = False
            continue
        total[COSTS] += change
        settle(state, work)
        if total[COSTS] < work.best_cost[0]:
            work.best_cost[0] = total[COSTS]
            unsaved = True
            found += 1
    if unsaved:
        keep_best(state, work)
    return found


@njit(allocates=False)
def fill_routes(instance: Instance, state: State, work: Workspace, tours: IntArray) -> None:
    """Put `tours` [routes, 1 + stops] (type, then nodes, -1 fills up) into the empty state, whoever fits where told."""
    first = instance.first_client
    begin_step(work)
    for t in range(len(tours)):
        kind = tours[t, 0]
        r = state.free[kind]
        if r < 0 or tours[t, 1] < first:
            continue
        a = instance.vehicle[kind, START]
        for k in range(1, tours.shape[1]):
            c = tours[t, k]
            if c < first:
                break
            if state.route[r, COUNT] == 0:
                if instance.alone[kind, c] < UNBOUNDED:
                    state.total[COSTS] += put_in(instance, state, work, c, a, instance.vehicle[kind, FINISH], r)
                    a = c
            elif room(instance, state, r, c):
                b = np.int64(instance.vehicle[kind, FINISH])
                if insertion_extra(instance, state, r, a, c, b, np.int64(0)) < UNBOUNDED:
                    state.total[COSTS] += put_in(instance, state, work, c, a, b, r)
                    a = c
            work.removed[work.counter[REMOVED]] = c
            work.counter[REMOVED] += 1
    settle(state, work)
