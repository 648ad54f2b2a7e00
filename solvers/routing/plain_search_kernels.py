"""Granular local search where vehicles are alike and nothing depends on time: every move priced by a few sums.

The moves are those of `local_search_kernels`, and 2-opt* with both routes turned round (Vidal 2022). What belongs to
the moving client is looked up once for all its neighbours.
"""

from __future__ import annotations

import numpy as np

from solvers.compiled import njit
from solvers.routing.instance import (
    CAPACITY,
    COST,
    FINISH,
    FIXED,
    MAX_STOPS,
    PROFILE,
    RANGED,
    START,
    SYMMETRIC,
    TIMED,
    Instance,
)
from solvers.routing.kernel_types import Number
from solvers.routing.penalised_kernels import distance, update_route, write_join, write_tail
from solvers.routing.plan import (
    AFTER,
    BEFORE,
    BOTTOM,
    CHANGED,
    LOAD_WEIGHT,
    ON,
    PART_LOAD,
    PENALTY,
    RANK,
    SIZE,
    Plan,
)
from solvers.routing.within_kernels import try_within

EPSILON = 1e-6


@njit(helper=True)
def is_plain(instance: Instance) -> bool:
    """Return whether the moves of this file know all the rules."""
    return len(instance.vehicle) == 1 and instance.features & (TIMED | RANGED) == 0


@njit(helper=True)
def overload_exchanged(
    instance: Instance, plan: Plan, r: Number, s: Number, u: Number, x: Number, v: Number, y: Number
) -> Number:
    """Return the price of the overload of routes r and s once u and x have gone from r to s, v and y from s to r."""
    amount, part, none = instance.amount, plan.part, -1
    bottom, bottom_other = plan.tour[r, BOTTOM], plan.tour[s, BOTTOM]
    over = 0.0
    for q in range(amount.shape[1] // 2):
        shift = amount[u, q]
        if x > none:
            shift += amount[x, q]
        if v > none:
            shift -= amount[v, q]
        if y > none:
            shift -= amount[y, q]
        excess = max(0, part[bottom, PART_LOAD + q] - shift - instance.vehicle[0, CAPACITY + q])
        excess += max(0, part[bottom_other, PART_LOAD + q] + shift - instance.vehicle[0, CAPACITY + q])
        over += plan.weight[LOAD_WEIGHT + q] * excess
    return over


@njit(helper=True)
def overload_joined(instance: Instance, plan: Plan, a: Number, a_way: Number, b: Number, b_way: Number) -> Number:
    """Return the price of the overload of a route made of the parts at a and b: way 0 up to it, 1 from it on."""
    part, first = plan.part, instance.first_client
    dimensions = instance.amount.shape[1] // 2
    over = 0.0
    for q in range(dimensions):
        load = np.int64(0)
        if a >= first:
            load += part[a, PART_LOAD + a_way * dimensions + q]
        if b >= first:
            load += part[b, PART_LOAD + b_way * dimensions + q]
        over += plan.weight[LOAD_WEIGHT + q] * max(0, load - instance.vehicle[0, CAPACITY + q])
    return over


@njit(helper=True)
def turn_round(instance: Instance, plan: Plan, r: Number, s: Number, u: Number, v: Number, now: Number) -> None:
    """Let route r be its head up to u and s's head up to v turned round, route s both tails, the one of r turned."""
    node, scratch, first = plan.node, plan.scratch, instance.first_client
    x, y = np.int64(node[u, AFTER]), np.int64(node[v, AFTER])
    size = write_join(instance, plan, np.int64(0), u, np.int64(-1), np.int64(-1), vehicle_end(instance))
    w = v
    while w >= first:
        scratch[0, size] = w
        size += 1
        w = np.int64(node[w, BEFORE])
    other = np.int64(0)
    if x >= first:
        w = plan.tour[r, BOTTOM]
        while w != u:
            scratch[1, other] = w
            other += 1
            w = np.int64(node[w, BEFORE])
    other = write_tail(instance, plan, np.int64(1), other, y)
    update_route(instance, plan, r, np.int64(0), size, now)
    update_route(instance, plan, s, np.int64(1), other, now)


@njit(helper=True)
def vehicle_end(instance: Instance) -> Number:
    """Return the node where routes end."""
    return instance.vehicle[0, FINISH]


@njit(helper=True, called=True)
def improve_plain(
    instance: Instance, plan: Plan, u: Number, granular: Number, since: Number, now: Number
) -> tuple[Number, Number]:
    """Make improving moves of u next to its neighbours, where a route has changed after `since`.

    Returns (moves made, clock).
    """
    node, tour, worth, first = plan.node, plan.tour, plan.worth, instance.first_client
    vehicle, near = instance.vehicle[0], instance.near
    rate, most, profile = vehicle[COST], vehicle[MAX_STOPS], vehicle[PROFILE]
    # what a route costs that visits nobody: it is spared altogether
    closed = vehicle[FIXED] + rate * distance(instance, profile, vehicle[START], vehicle[FINISH])
    turning = instance.features & SYMMETRIC != 0 and vehicle[START] == vehicle[FINISH]
    none = np.int64(-1)
    made = 0
    fresh = True
    r, p, x, xx = none, none, none, none
    p_u, u_x, x_xx = distance(instance, profile, u, u), np.int64(0), np.int64(0)
    leave, leave_pair = np.int64(0), np.int64(0)
    size_u, penalty_u, changed_u = np.int64(0), 0.0, np.int64(0)
    for k in range(min(granular, near.shape[1])):
        v = np.int64(near[u, k])
        if v < 0:
            break
        s = np.int64(node[v, ON])
        if s < 0:
            continue
        if fresh:
            fresh = False
            r = np.int64(node[u, ON])
            p, x = np.int64(node[u, BEFORE]), np.int64(node[u, AFTER])
            p_u, u_x = distance(instance, profile, p, u), distance(instance, profile, u, x)
            leave = distance(instance, profile, p, x) - p_u - u_x
            if x >= first:
                xx = np.int64(node[x, AFTER])
                x_xx = distance(instance, profile, x, xx)
                leave_pair = distance(instance, profile, p, xx) - p_u - x_xx
            size_u, penalty_u, changed_u = tour[r, SIZE], worth[r, PENALTY], tour[r, CHANGED]
        if max(changed_u, tour[s, CHANGED]) <= since:
            continue
        now += 1
        if r == s:
            if try_within(instance, plan, u, v, now):
                made += 1
                fresh = True
            continue
        o, y = np.int64(node[v, BEFORE]), np.int64(node[v, AFTER])
        size_v = tour[s, SIZE]
        o_v, v_y = distance(instance, profile, o, v), distance(instance, profile, v, y)
        v_u, u_y = distance(instance, profile, v, u), distance(instance, profile, u, y)
        spare = penalty_u + worth[s, PENALTY] - EPSILON
        spare_alone = spare + (closed if size_u == 1 else 0)
        # route r: head to a, i, j, tail from b; route s: head to c, m, n, tail from d; set by the first good move
        good = False
        a, i, j, b, c, m, n, d = p, none, none, x, v, u, none, y
        x_y = distance(instance, profile, x, y)
        room_one, room_two = size_v < most, size_v + 1 < most
        change = rate * (leave + v_u + u_y - v_y)
        if change < spare_alone and room_one:
            # u behind v
            good = change + overload_exchanged(instance, plan, r, s, u, none, none, none) < spare_alone
        if not good and o < first and room_one:
            # u first
            change = rate * (leave + distance(instance, profile, o, u) + distance(instance, profile, u, v) - o_v)
            if change < spare_alone:
                good = change + overload_exchanged(instance, plan, r, s, u, none, none, none) < spare_alone
                c, d = o, v
        o_u, v_x = distance(instance, profile, o, u), distance(instance, profile, v, x)
        if not good and x >= first:
            spare_pair = spare + (closed if size_u == 2 else 0)
            change = rate * (leave_pair + v_u + x_y - v_y)
            turned = rate * (leave_pair + v_x + distance(instance, profile, x, u) - u_x + u_y - v_y)
            if min(change, turned) < spare_pair and room_two:
                # u and x, or x and u, behind v
                over = overload_exchanged(instance, plan, r, s, u, x, none, none)
                good = min(change, turned) + over < spare_pair
                b, c, d = xx, v, y
                m, n = (u, x) if change <= turned else (x, u)
        if not good and u < v:
            change = rate * (distance(instance, profile, p, v) + v_x - p_u - u_x + o_u + u_y - o_v - v_y)
            if change < spare:
                # u and v
                good = change + overload_exchanged(instance, plan, r, s, u, none, v, none) < spare
                i, b, c, m, n, d = v, x, o, u, none, y
        if not good and x >= first:
            p_v = distance(instance, profile, p, v)
            change = rate * (p_v + distance(instance, profile, v, xx) - p_u - x_xx + o_u + x_y - o_v - v_y)
            if change < spare and room_one:
                # u and x for v
                good = change + overload_exchanged(instance, plan, r, s, u, x, v, none) < spare
                i, b, c, m, n, d = v, xx, o, u, x, y
            if not good and y >= first and u < v:
                yy = np.int64(node[y, AFTER])
                change = p_v + distance(instance, profile, y, xx) - p_u - x_xx + o_u - o_v
                change += distance(instance, profile, x, yy) - distance(instance, profile, y, yy)
                change *= rate
                if change < spare:
                    # u and x for v and y
                    good = change + overload_exchanged(instance, plan, r, s, u, x, v, y) < spare
                    i, j, b, c, m, n, d = v, y, xx, o, u, x, yy
        if good:
            size = write_join(instance, plan, np.int64(0), a, i, j, b)
            size_other = write_join(instance, plan, np.int64(1), c, m, n, d)
        else:
            head_u, head_v = np.int64(node[u, RANK]) + 1, np.int64(node[v, RANK]) + 1
            if turning and u < v:
                # u next to v, x next to y
                change = rate * (distance(instance, profile, u, v) + x_y - u_x - v_y)
                limit = spare + (closed if x < first and y < first else 0)
                if change < limit and head_u + head_v <= most and size_u + size_v - head_u - head_v <= most:
                    over = overload_joined(instance, plan, u, 0, v, 0) + overload_joined(instance, plan, x, 1, y, 1)
                    if change + over < limit:
                        turn_round(instance, plan, r, s, u, v, now)
                        made += 1
                        fresh = True
                        continue
            if x >= first or y >= first:
                # each goes on as the other did
                change = rate * (u_y + v_x - u_x - v_y)
                fits = head_u + size_v - head_v <= most and size_u - head_u + head_v <= most
                if change < spare and fits:
                    over = overload_joined(instance, plan, u, 0, y, 1) + overload_joined(instance, plan, v, 0, x, 1)
                    good = change + over < spare
                    a, b, c, d = u, y, v, x
            if not good and (p >= first or y >= first):
                # v goes on with u
                change = rate * (distance(instance, profile, p, y) + v_u - p_u - v_y)
                fits = head_u - 1 + size_v - head_v <= most and size_u - head_u + 1 + head_v <= most
                if change < spare and fits:
                    over = overload_joined(instance, plan, p, 0, y, 1) + overload_joined(instance, plan, v, 0, u, 1)
                    good = change + over < spare
                    a, b, c, d = p, y, v, u
            if not good:
                continue
            size = write_join(instance, plan, np.int64(0), a, none, none, b)
            size_other = write_join(instance, plan, np.int64(1), c, none, none, d)
        update_route(instance, plan, r, np.int64(0), size, now)
        update_route(instance, plan, s, np.int64(1), size_other, now)
        made += 1
        fresh = True
    return made, now
