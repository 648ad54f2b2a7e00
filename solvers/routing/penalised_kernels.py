"""Routes that may break capacity and time at a price: priced from their parts, rewritten, re-timed.

Time windows by joining parts of routes after Vidal, Crainic, Gendreau, Prins 2013.
"""

from __future__ import annotations

import numpy as np

from solvers.compiled import njit
from solvers.routing.instance import (
    CAPACITY,
    CLOSE,
    CLOSE_FINISH,
    COST,
    EARLY,
    FINISH,
    FIXED,
    LATE,
    MAX_DISTANCE,
    MAX_DURATION,
    OPEN,
    OPEN_FINISH,
    PROFILE,
    SERVICE,
    START,
    TIMED,
    WAGE,
    Instance,
)
from solvers.routing.kernel_types import Int32Array, IntArray, Number
from solvers.routing.plan import (
    AFTER,
    BEFORE,
    BOTTOM,
    CHANGED,
    HEAD,
    HEAD_EARLY,
    HEAD_LATE,
    HEAD_SPAN,
    HEAD_WARP,
    LENGTH_WEIGHT,
    LOAD_WEIGHT,
    ON,
    PART_LOAD,
    PENALTY,
    RANK,
    SIZE,
    SWAPPED,
    TAIL,
    TAIL_EARLY,
    TAIL_LATE,
    TAIL_SPAN,
    TAIL_WARP,
    TOP,
    TYPE,
    VALUE,
    WARP_WEIGHT,
    Plan,
)
from solvers.routing.route_kernels import leg


@njit(helper=True)
def distance(instance: Instance, profile: Number, a: Number, b: Number) -> Number:
    """Return the distance from a to b."""
    return leg(instance.matrix, instance.points, instance.metric, profile, a, b)


@njit(helper=True)
def joined(
    span: Number, warp: Number, early: Number, late: Number, drive: Number, other: tuple[Number, ...]
) -> tuple[Number, Number, Number, Number]:
    """Return (duration, warp, earliest, latest) of one part of a route followed by another after `drive`."""
    shift = span - warp + drive
    wait = max(0, other[2] - shift - late)
    over = max(0, early + shift - other[3])
    return (
        span + other[0] + drive + wait,
        warp + other[1] + over,
        max(other[2] - shift, early) - wait,
        min(other[3] - shift, late) + over,
    )


@njit(helper=True)
def priced(
    instance: Instance, plan: Plan, kind: Number, length: Number, over: Number, span: Number, warp: Number
) -> tuple[Number, Number]:
    """Return (penalised cost, penalties) of a route; `over` is the price of its overload."""
    vehicle = instance.vehicle[kind]
    penalty = over + plan.weight[LENGTH_WEIGHT] * max(0, length - vehicle[MAX_DISTANCE])
    penalty += plan.weight[WARP_WEIGHT] * (warp + max(0, span - vehicle[MAX_DURATION]))
    return vehicle[FIXED] + vehicle[COST] * length + vehicle[WAGE] * span + penalty, penalty


@njit(helper=True, called=True)
def spliced(
    instance: Instance, plan: Plan, kind: Number, a: Number, x: Number, y: Number, b: Number
) -> tuple[Number, Number]:
    """Return (penalised cost, penalties) of the route: head up to a, clients x and y (-1: none), tail from b on.

    A depot as a or b stands for an empty head or tail.
    """
    first, part, client, amount = instance.first_client, plan.part, instance.client, instance.amount
    vehicle = instance.vehicle
    if a < first and b < first and x < 0:
        return 0.0, 0.0
    profile = vehicle[kind, PROFILE]
    dimensions = amount.shape[1] // 2
    over = 0.0
    for q in range(dimensions):
        load = np.int64(0)
        if a >= first:
            load += part[a, PART_LOAD + q]
        if b >= first:
            load += part[b, PART_LOAD + dimensions + q]
        if x >= 0:
            load += amount[x, q]
        if y >= 0:
            load += amount[y, q]
        over += plan.weight[LOAD_WEIGHT + q] * max(0, load - vehicle[kind, CAPACITY + q])
    timed = instance.features & TIMED != 0
    length = part[a, HEAD] if a >= first else np.int64(0)
    span, warp, early, late = np.int64(0), np.int64(0), vehicle[kind, OPEN], vehicle[kind, CLOSE]
    if timed and a >= first:
        span, warp, early, late = part[a, HEAD_SPAN], part[a, HEAD_WARP], part[a, HEAD_EARLY], part[a, HEAD_LATE]
    at = a if a >= first else vehicle[kind, START]
    for k in range(3):
        v = x if k == 0 else y
        if k == 2:
            v = b
        if v < 0:
            continue
        length += distance(instance, profile, at, v)
        if timed:
            drive = leg(instance.times, instance.points, instance.metric, profile, at, v)
            if k < 2:
                other = (client[v, SERVICE], np.int64(0), client[v, EARLY], client[v, LATE])
            elif b >= first:
                other = (part[b, TAIL_SPAN], part[b, TAIL_WARP], part[b, TAIL_EARLY], part[b, TAIL_LATE])
            else:
                other = (np.int64(0), np.int64(0), vehicle[kind, OPEN_FINISH], vehicle[kind, CLOSE_FINISH])
            span, warp, early, late = joined(span, warp, early, late, drive, other)
        at = v
    if b >= first:
        length += part[b, TAIL]
    return priced(instance, plan, kind, length, over, span, warp)


@njit(helper=True, called=True)
def update_route(instance: Instance, plan: Plan, r: Number, row: Number, size: Number, now: Number) -> None:
    """Let route r visit `scratch[row, :size]` and recompute all its data."""
    first, part, node, client, amount = instance.first_client, plan.part, plan.node, instance.client, instance.amount
    tour, scratch = plan.tour, plan.scratch
    kind = tour[r, TYPE]
    vehicle = instance.vehicle[kind]
    tour[r, SIZE] = size
    tour[r, CHANGED] = now
    tour[r, TOP] = scratch[row, 0] if size > 0 else -1
    tour[r, BOTTOM] = scratch[row, size - 1] if size > 0 else -1
    if size == 0:
        plan.worth[r, VALUE] = 0.0
        plan.worth[r, PENALTY] = 0.0
        return
    profile = vehicle[PROFILE]
    timed = instance.features & TIMED != 0
    dimensions = amount.shape[1] // 2
    for way in range(2):
        at = vehicle[START] if way == 0 else vehicle[FINISH]
        length, span, warp = np.int64(0), np.int64(0), np.int64(0)
        early = vehicle[OPEN] if way == 0 else vehicle[OPEN_FINISH]
        late = vehicle[CLOSE] if way == 0 else vehicle[CLOSE_FINISH]
        for k in range(size):
            v = np.int64(scratch[row, k] if way == 0 else scratch[row, size - 1 - k])
            a, b = (at, v) if way == 0 else (v, at)
            length += distance(instance, profile, a, b)
            if timed:
                drive = leg(instance.times, instance.points, instance.metric, profile, a, b)
                own = (client[v, SERVICE], np.int64(0), client[v, EARLY], client[v, LATE])
                if way == 0:
                    span, warp, early, late = joined(span, warp, early, late, drive, own)
                else:
                    behind = (span, warp, early, late)
                    span, warp, early, late = joined(own[0], own[1], own[2], own[3], drive, behind)
            base = HEAD_SPAN if way == 0 else TAIL_SPAN
            part[v, HEAD + way] = length
            part[v, base] = span
            part[v, base + 1] = warp
            part[v, base + 2] = early
            part[v, base + 3] = late
            for q in range(dimensions):
                column = PART_LOAD + way * dimensions + q
                part[v, column] = amount[v, q] + (part[at, column] if at >= first else 0)
            if way == 0:
                node[v, ON] = r
                node[v, RANK] = k
                node[v, BEFORE] = at
                if at >= first:
                    node[at, AFTER] = v
            at = v
    node[scratch[row, size - 1], AFTER] = vehicle[FINISH]
    value, penalty = spliced(
        instance, plan, kind, np.int64(scratch[row, size - 1]), np.int64(-1), np.int64(-1), vehicle[FINISH]
    )
    plan.worth[r, VALUE] = value
    plan.worth[r, PENALTY] = penalty


@njit(helper=True)
def write_head(instance: Instance, plan: Plan, row: Number, size: Number, a: Number) -> Number:
    """Append to `scratch[row]` the clients up to and with a; return the new size."""
    if a < instance.first_client:
        return size
    count = plan.node[a, RANK] + 1
    v = a
    for k in range(count - 1, -1, -1):
        plan.scratch[row, size + k] = v
        v = plan.node[v, BEFORE]
    return size + count


@njit(helper=True)
def write_tail(instance: Instance, plan: Plan, row: Number, size: Number, b: Number) -> Number:
    """Append to `scratch[row]` the clients from b on; return the new size."""
    v = b
    while v >= instance.first_client:
        plan.scratch[row, size] = v
        size += 1
        v = plan.node[v, AFTER]
    return size


@njit(helper=True, called=True)
def write_join(instance: Instance, plan: Plan, row: Number, a: Number, x: Number, y: Number, b: Number) -> Number:
    """Write head up to a, x, y, tail from b into `scratch[row]`; return its size."""
    size = write_head(instance, plan, row, np.int64(0), a)
    if x >= 0:
        plan.scratch[row, size] = x
        size += 1
    if y >= 0:
        plan.scratch[row, size] = y
        size += 1
    return write_tail(instance, plan, row, size, b)


@njit(helper=True, called=True)
def walked(instance: Instance, plan: Plan, kind: Number, size: Number) -> Number:
    """Return the penalised cost of visiting `scratch[0, :size]`, load penalties as they are on the route now."""
    client, vehicle, scratch = instance.client, instance.vehicle, plan.scratch
    profile = vehicle[kind, PROFILE]
    length, span, warp = np.int64(0), np.int64(0), np.int64(0)
    early, late = vehicle[kind, OPEN], vehicle[kind, CLOSE]
    at = vehicle[kind, START]
    over = 0.0
    for q in range(instance.amount.shape[1] // 2):
        load = np.int64(0)
        for k in range(size):
            load += instance.amount[scratch[0, k], q]
        over += plan.weight[LOAD_WEIGHT + q] * max(0, load - vehicle[kind, CAPACITY + q])
    for k in range(size + 1):
        v = np.int64(scratch[0, k]) if k < size else vehicle[kind, FINISH]
        length += distance(instance, profile, at, v)
        drive = leg(instance.times, instance.points, instance.metric, profile, at, v)
        other = (client[v, SERVICE], np.int64(0), client[v, EARLY], client[v, LATE])
        if k == size:
            other = (np.int64(0), np.int64(0), vehicle[kind, OPEN_FINISH], vehicle[kind, CLOSE_FINISH])
        span, warp, early, late = joined(span, warp, early, late, drive, other)
        at = v
    value, _ = priced(instance, plan, kind, length, over, span, warp)
    return value


@njit(helper=True)
def load_plan(instance: Instance, plan: Plan, following: Int32Array, firsts: IntArray) -> None:
    """Take over the routes written as next client [N] and first client [R]; whoever is on none is unassigned."""
    first = instance.first_client
    for c in range(len(plan.node)):
        plan.node[c, ON] = -1
        plan.tested[c] = -1
    for r in range(len(plan.tour)):
        size = np.int64(0)
        v = firsts[r]
        while v >= first:
            plan.scratch[0, size] = v
            size += 1
            v = np.int64(following[v])
        update_route(instance, plan, r, np.int64(0), size, np.int64(0))
        plan.tour[r, SWAPPED] = -1
