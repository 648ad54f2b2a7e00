"""Recreate: removed clients come back one by one, each at its cheapest place, and routes find their vehicles."""

from __future__ import annotations

import math

import numpy as np

from solvers.compiled import njit
from solvers.routing.instance import (
    COST,
    FINISH,
    FIXED,
    FOLLOWS,
    PRECEDES,
    PRICED,
    PRIZE,
    PROFILE,
    RELOADED,
    START,
    SYMMETRIC,
    TIMED,
    VARIED,
    Instance,
)
from solvers.routing.kernel_types import Number
from solvers.routing.problem import UNBOUNDED
from solvers.routing.route_kernels import (
    REFRESHED,
    draw,
    insertion_extra,
    leg,
    link,
    room,
)
from solvers.routing.ruin_kernels import (
    BLINK,
    BLINK_RATE,
    EXCHANGED,
    INSERTED,
    LOGGED,
    OPENS,
    REMOVED,
    RETYPED,
    TOUCHED,
    Workspace,
    retime,
    touch,
)
from solvers.routing.state import (
    COUNT,
    INNER,
    KIND,
    NEXT,
    OUTER,
    PREVIOUS,
    PRIOR,
    ROUTE,
    TO_NEXT,
    TO_PREVIOUS,
    VEHICLE,
    State,
)
from solvers.routing.vehicle_kernels import (
    change_over,
    opening_cost,
    other_vehicle,
    retype,
    serves,
    trip_place,
)

CHOOSING_SHARE = 0.4
"""Share of the steps that end with a choice of vehicles where time matters; elsewhere all do."""
CHANGING_SHARE = 0.2
"""Share of full routes for which another vehicle is considered where time matters; elsewhere all."""


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
    instance: Instance, state: State, work: Workspace, c: Number, opens: bool, most: Number
) -> tuple[Number, Number, Number, Number]:
    """Return (neighbour before, neighbour after, route, vehicle type) of the cheapest place for c next to a near one.

    Route -1 means that leaving c out is cheaper, or that every place costs `most` and more. Now and then a better place
    is overlooked (a blink). The vehicle type is another than the route's where only an unused, larger vehicle has room.
    """
    node, route, vehicle = state.node, state.route, instance.vehicle
    matrix, points, metric = instance.matrix, instance.points, instance.metric
    counter, random = work.counter, work.random
    symmetric = instance.features & SYMMETRIC != 0
    ruled = instance.features & REFRESHED != 0
    untimed = instance.features & TIMED == 0
    best_u, best_before = np.int64(-1), np.int64(-1)
    lifted, dearer = np.int64(-1), np.int64(0)
    best = np.int64(UNBOUNDED) if opens else min(most, instance.client[c, PRIZE])
    best_a, best_b, best_r, best_kind = np.int64(0), np.int64(0), np.int64(-1), np.int64(-1)
    kinds = len(vehicle)
    for kind in range(kinds):
        price = instance.alone[kind, c]
        if instance.features & RELOADED:
            price -= vehicle[kind, FIXED]
        if price < best and state.free[kind] >= 0 and (kinds == 1 or draw(random) > 0.2):
            if instance.features & RELOADED:
                u, before_it = trip_place(instance, state, random, np.int64(kind), c)
                if u < 0:
                    continue
                price += vehicle[kind, FIXED] if state.chain[u] < 0 else 0
                if price >= best:
                    continue
                best_u, best_before = u, before_it
            best = price
            best_a, best_b = vehicle[kind, START], vehicle[kind, FINISH]
            best_r, best_kind = state.free[kind], np.int64(kind)
    if opens and best_r >= 0:
        return best_a, best_b, best_r, best_kind
    best = min(best, most, instance.client[c, PRIZE])
    bounded = symmetric and matrix.shape[0] <= 1
    lowest_rate = vehicle[0, COST]
    for kind in range(kinds):
        lowest_rate = min(lowest_rate, vehicle[kind, COST])
    first, longest, home = instance.first_client, state.longest, instance.home[c]
    last_r = np.int64(-1)
    roomy = False
    for k in range(instance.near.shape[1]):
        v = np.int64(instance.near[c, k])
        if v < 0:
            break
        gap = np.int64(instance.near_gap[c, k])
        # neither a place between clients is cheap enough nor one at an end of the route
        skipped = lowest_rate * (2 * gap - longest[v, INNER]) >= best
        if bounded and skipped and lowest_rate * (gap + home - longest[v, OUTER]) >= best:
            continue
        r = np.int64(node[v, ROUTE])
        if r < 0:
            continue
        after, before = True, True
        if ruled:
            ways = instance.ways[c, k]
            if ways == 0:
                continue
            after, before = ways & FOLLOWS != 0, ways & PRECEDES != 0
        next_v, previous_v = np.int64(node[v, NEXT]), np.int64(node[v, PREVIOUS])
        # distance that a place behind v adds, and one before v
        behind, ahead = np.int64(0), np.int64(0)
        if bounded:
            if after and (next_v < first or lowest_rate * (2 * gap - node[v, TO_NEXT]) < best):
                behind = gap + leg(matrix, points, metric, 0, c, next_v) - node[v, TO_NEXT]
                after = lowest_rate * behind < best
            else:
                after = False
            if before and (previous_v < first or lowest_rate * (2 * gap - node[v, TO_PREVIOUS]) < best):
                ahead = gap + leg(matrix, points, metric, 0, c, previous_v) - node[v, TO_PREVIOUS]
                before = lowest_rate * ahead < best
            else:
                before = False
            if not after and not before:
                continue
        if r != last_r:
            last_r = r
            roomy = room(instance, state, r, c)
            lifted, dearer = np.int64(-1), np.int64(0)
            if not roomy and instance.features & VARIED and (untimed or draw(random) < CHANGING_SHARE):
                lifted, dearer = other_vehicle(instance, state, r, c)
        if not roomy and lifted < 0:
            continue
        driver: Number = lifted if lifted >= 0 else route[r, KIND]
        profile, rate = vehicle[driver, PROFILE], vehicle[driver, COST]
        if not bounded:
            behind = leg(matrix, points, metric, profile, v, c) + leg(matrix, points, metric, profile, c, next_v)
            behind -= node[v, TO_NEXT]
            ahead = leg(matrix, points, metric, profile, previous_v, c) + leg(matrix, points, metric, profile, c, v)
            ahead -= node[v, TO_PREVIOUS]
        for side in range(2):
            if (side == 0 and not after) or (side == 1 and not before):
                continue
            a, b, longer = (np.int64(v), next_v, behind) if side == 0 else (previous_v, np.int64(v), ahead)
            price = dearer + rate * longer
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
            best_a, best_b, best_r, best_kind = a, b, r, driver
    if instance.features & RELOADED and best_r >= 0 and route[best_r, COUNT] == 0:
        # a slot emptied in this step must find its way back
        work.log[counter[LOGGED], 3] = route[best_r, VEHICLE]
        work.log[counter[LOGGED], 4] = route[best_r, PRIOR]
        route[best_r, VEHICLE] = best_u
        route[best_r, PRIOR] = best_before
    return best_a, best_b, best_r, best_kind


@njit(helper=True)
def put_in(
    instance: Instance, state: State, work: Workspace, c: Number, a: Number, b: Number, r: Number, kind: Number
) -> Number:
    """Insert c between a and b of route r, driven by type `kind` from now on, log it, and return the change of cost."""
    matrix, points, metric = instance.matrix, instance.points, instance.metric
    touch(state, work, r)
    fresh = state.route[r, COUNT] == 0
    change = -instance.client[c, PRIZE]
    if kind != state.route[r, KIND]:
        change += change_over(instance, state, r, kind)
        note(work, r, RETYPED, state.route[r, KIND])
        retype(state, r, kind)
    note(work, c, INSERTED, r)
    vehicle = instance.vehicle[kind]
    if fresh and instance.features & RELOADED:
        change += opening_cost(instance, state, r)
    elif fresh:
        change += vehicle[FIXED]
    link(instance, state, c, a, b, r)
    longer = np.int64(state.node[c, TO_PREVIOUS]) + np.int64(state.node[c, TO_NEXT])
    if fresh:
        change += vehicle[COST] * longer
    else:
        change += vehicle[COST] * (longer - leg(matrix, points, metric, vehicle[PROFILE], a, b))
    if instance.features & REFRESHED:
        change += retime(instance, state, r, c, c)
    return change


@njit(helper=True)
def note(work: Workspace, what: Number, mark: Number, where: Number) -> None:
    """Log a change that is not a removal."""
    row = work.counter[LOGGED]
    work.log[row, 0] = what
    work.log[row, 1] = mark
    work.log[row, 2] = where
    work.counter[LOGGED] += 1


@njit(helper=True, called=True)
def choose_vehicles(instance: Instance, state: State, work: Workspace) -> Number:
    """Give each touched route the cheapest vehicle, unused or in exchange with another; return the change of cost."""
    route = state.route
    change = np.int64(0)
    for i in range(work.counter[TOUCHED]):
        r = work.touched[i]
        if route[r, COUNT] == 0:
            continue
        kind, dearer = other_vehicle(instance, state, r, np.int64(0))
        if kind >= 0 and dearer < 0:
            change += dearer
            note(work, r, RETYPED, route[r, KIND])
            retype(state, r, kind)
        for j in range(i):
            s = work.touched[j]
            one, other = route[r, KIND], route[s, KIND]
            if one == other or route[s, COUNT] == 0:
                continue
            gap = change_over(instance, state, r, other) + change_over(instance, state, s, one)
            suits = gap < 0 and serves(instance, state, r, other, np.int64(0))
            if suits and serves(instance, state, s, one, np.int64(0)):
                change += gap
                note(work, r, EXCHANGED, s)
                route[r, KIND], route[s, KIND] = other, one
    return change


@njit(helper=True)
def recreate(instance: Instance, state: State, work: Workspace, limit: Number) -> Number:
    """Insert the removed clients one by one at their cheapest places; return the change of cost.

    Insertions end as soon as what they cost is sure to go above `limit`; places that would take them there are not
    looked at.
    """
    change = np.int64(0)
    spared = np.int64(0)
    for i in range(work.counter[REMOVED]):
        spared += instance.client[work.removed[i], PRIZE]
    choosing = instance.features & PRICED != 0
    if choosing and instance.features & TIMED:
        choosing = draw(work.random) < CHOOSING_SHARE
    opens = work.counter[OPENS] > 0
    for i in range(work.counter[REMOVED]):
        c = np.int64(work.removed[i])
        most = np.int64(UNBOUNDED)
        if not choosing:
            most = np.int64(min(limit - change + spared, float(UNBOUNDED))) + 1
        a, b, r, kind = cheapest_insertion(instance, state, work, c, opens and i == 0, most)
        if r < 0 and instance.client[c, PRIZE] >= most:
            return UNBOUNDED
        if r >= 0:
            change += put_in(instance, state, work, c, a, b, r, kind)
        spared -= instance.client[c, PRIZE]
        if change - spared > limit and not choosing:
            return UNBOUNDED
    if choosing:
        change += choose_vehicles(instance, state, work)
    return change
