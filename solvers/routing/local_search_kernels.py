"""Granular local search over penalised routes: relocate, swap, 2-opt, 2-opt*, SWAP*, leave out and bring in.

Moves after Vidal, "Hybrid genetic search for the CVRP: open-source implementation and SWAP* neighborhood", Computers &
Operations Research 140, 2022; time windows by joining parts of routes after Vidal, Crainic, Gendreau, Prins 2013.
Between two routes every move joins a head, at most two clients and a tail, so that one piece of code prices them all.
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
    MAX_STOPS,
    OPEN,
    OPEN_FINISH,
    PRIZE,
    PROFILE,
    SERVICE,
    START,
    SYMMETRIC,
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
from solvers.routing.route_kernels import draw, leg

EPSILON = 1e-6
GRANULAR = 20
RELOCATE, RELOCATE_PAIR, RELOCATE_REVERSED, RELOCATE_FIRST = range(4)
SWAP, SWAP_PAIR_ONE, SWAP_PAIRS, EXCHANGE_TAILS, TAKE_TAIL, MOVES = range(4, 10)


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


@njit(helper=True)
def try_between(instance: Instance, plan: Plan, u: Number, v: Number, now: Number) -> Number:
    """Make the first improving move of u next to v on another route; return 1 if one was made."""
    node, tour, worth, vehicle = plan.node, plan.tour, plan.worth, instance.vehicle
    first, allowed = instance.first_client, instance.allowed
    r, s = np.int64(node[u, ON]), np.int64(node[v, ON])
    kind, other = tour[r, TYPE], tour[s, TYPE]
    p, x = np.int64(node[u, BEFORE]), np.int64(node[u, AFTER])
    o, y = np.int64(node[v, BEFORE]), np.int64(node[v, AFTER])
    xx = np.int64(node[x, AFTER]) if x >= first else x
    yy = np.int64(node[y, AFTER]) if y >= first else y
    now_worth = worth[r, VALUE] + worth[s, VALUE]
    none = np.int64(-1)
    prune = vehicle[kind, WAGE] == 0 and vehicle[other, WAGE] == 0 and kind == other
    spare = worth[r, PENALTY] + worth[s, PENALTY]
    if tour[r, SIZE] <= 2:
        spare += vehicle[kind, FIXED]
    profile, rate = vehicle[kind, PROFILE], vehicle[kind, COST]
    size_u, size_v = tour[r, SIZE], tour[s, SIZE]
    for move in range(MOVES):
        # route r: head to a, k, j, tail from b; route s: head to c, m, n, tail from d
        a, k, j, b, c, m, n, d = p, none, none, x, v, u, none, y
        if move == RELOCATE:
            gain = 1
        elif move in (RELOCATE_PAIR, RELOCATE_REVERSED):
            if x < first:
                continue
            gain = 2
            b = xx
            m, n = (u, x) if move == RELOCATE_PAIR else (x, u)
        elif move == RELOCATE_FIRST:
            if o >= first:
                continue
            gain = 1
            c, d = o, v
        elif move == SWAP:
            if u > v and kind == other:
                continue
            gain = 0
            k, c = v, o
        elif move == SWAP_PAIR_ONE:
            if x < first:
                continue
            gain = 1
            k, b, c, m, n = v, xx, o, u, x
        elif move == SWAP_PAIRS:
            if x < first or y < first or (u > v and kind == other):
                continue
            gain = 0
            k, j, b, c, m, n, d = v, y, xx, o, u, x, yy
        elif move == EXCHANGE_TAILS:
            # u is followed by what follows v, and the other way round
            if kind != other:
                continue
            gain = 0
            a, b, c, m, d = u, y, v, none, x
            if x < first and y < first:
                continue
        else:
            # u comes right after v: its tail goes with v's head
            if kind != other or (p < first and y < first):
                continue
            gain = 0
            a, b, c, m, d = p, y, v, none, u
        if size_v + gain > vehicle[other, MAX_STOPS]:
            continue
        if kind != other and not (
            (m < 0 or allowed[other, m] > 0)
            and (n < 0 or allowed[other, n] > 0)
            and (k < 0 or allowed[kind, k] > 0)
            and (j < 0 or allowed[kind, j] > 0)
        ):
            continue
        if move >= EXCHANGE_TAILS:
            head = np.int64(node[a, RANK]) + 1 if a >= first else 0
            behind = size_v - 1 - node[v, RANK]
            if head + behind > vehicle[kind, MAX_STOPS]:
                continue
            if size_u - head + size_v - behind > vehicle[kind, MAX_STOPS]:
                continue
        if (
            prune
            and change_of_length(instance, plan, profile, kind, a, k, j, b, c, m, n, d, u, v, move) * rate >= spare
        ):
            continue
        value, _ = spliced(instance, plan, kind, a, k, j, b)
        if value >= now_worth - EPSILON:
            continue
        more, _ = spliced(instance, plan, other, c, m, n, d)
        if value + more < now_worth - EPSILON:
            size = write_join(instance, plan, np.int64(0), a, k, j, b)
            size_other = write_join(instance, plan, np.int64(1), c, m, n, d)
            update_route(instance, plan, r, np.int64(0), size, now)
            update_route(instance, plan, s, np.int64(1), size_other, now)
            return 1
    return 0


@njit(helper=True)
def change_of_length(
    instance: Instance,
    plan: Plan,
    profile: Number,
    kind: Number,
    a: Number,
    k: Number,
    j: Number,
    b: Number,
    c: Number,
    m: Number,
    n: Number,
    d: Number,
    u: Number,
    v: Number,
    move: Number,
) -> Number:
    """Return the change of total distance of a move between two routes of one type, from the parts' distances."""
    part, node, first, tour = plan.part, plan.node, instance.first_client, plan.tour
    total = np.int64(0)
    for way in range(2):
        at, x, y, to = (a, k, j, b) if way == 0 else (c, m, n, d)
        if at >= first:
            total += part[at, HEAD]
        elif to < first and x < 0:
            continue
        if x >= 0:
            total += distance(instance, profile, at, x)
            at = x
        if y >= 0:
            total += distance(instance, profile, at, y)
            at = y
        total += distance(instance, profile, at, to)
        if to >= first:
            total += part[to, TAIL]
    bottom = tour[node[u, ON], BOTTOM]
    total -= part[bottom, HEAD] + distance(instance, profile, bottom, instance.vehicle[kind, FINISH])
    bottom = tour[node[v, ON], BOTTOM]
    return total - part[bottom, HEAD] - distance(instance, profile, bottom, instance.vehicle[kind, FINISH])


@njit(helper=True)
def try_within(instance: Instance, plan: Plan, u: Number, v: Number, now: Number) -> Number:
    """Make the first improving move of u next to v on the same route; return 1 if one was made."""
    node, tour, scratch, first = plan.node, plan.tour, plan.scratch, instance.first_client
    r = np.int64(node[u, ON])
    kind = tour[r, TYPE]
    vehicle = instance.vehicle[kind]
    profile = vehicle[PROFILE]
    timed = instance.features & TIMED != 0
    size = tour[r, SIZE]
    i, j = np.int64(node[u, RANK]), np.int64(node[v, RANK])
    for move in range(5):
        # 0 to 2: u, or u and its follower (as they are or reversed), go behind v; 3: swap; 4: reverse what lies between
        p, x = np.int64(node[u, BEFORE]), np.int64(node[u, AFTER])
        o, y = np.int64(node[v, BEFORE]), np.int64(node[v, AFTER])
        length = 1
        if move == 0:
            if p == v:
                continue
            change = (
                distance(instance, profile, p, x)
                + distance(instance, profile, v, u)
                + distance(instance, profile, u, y)
            )
            change -= (
                distance(instance, profile, p, u)
                + distance(instance, profile, u, x)
                + distance(instance, profile, v, y)
            )
        elif move <= 2:
            if x < first or v in (x, p):
                continue
            length = 2
            xx = np.int64(node[x, AFTER])
            one, two = (u, x) if move == 1 else (x, u)
            change = (
                distance(instance, profile, p, xx)
                + distance(instance, profile, v, one)
                + distance(instance, profile, two, y)
            )
            change -= (
                distance(instance, profile, p, u)
                + distance(instance, profile, x, xx)
                + distance(instance, profile, v, y)
            )
            change += distance(instance, profile, one, two) - distance(instance, profile, u, x)
        elif move == 3:
            if u > v or x == v or y == u:
                continue
            change = (
                distance(instance, profile, p, v)
                + distance(instance, profile, v, x)
                + distance(instance, profile, o, u)
            )
            change += (
                distance(instance, profile, u, y)
                - distance(instance, profile, p, u)
                - distance(instance, profile, u, x)
            )
            change -= distance(instance, profile, o, v) + distance(instance, profile, v, y)
        else:
            if i >= j or x == v or instance.features & SYMMETRIC == 0:
                continue
            change = distance(instance, profile, u, v) + distance(instance, profile, x, y)
            change -= distance(instance, profile, u, x) + distance(instance, profile, v, y)
        if vehicle[WAGE] == 0 and change * vehicle[COST] >= plan.worth[r, PENALTY]:
            continue
        if not timed and change >= 0:
            continue
        count = 0
        w = tour[r, TOP]
        for k in range(size):
            following = np.int64(node[w, AFTER])
            if move <= 2:
                if not i <= k < i + length:
                    scratch[0, count] = w
                    count += 1
                if w == v:
                    scratch[0, count] = x if move == 2 else u
                    count += 1
                    if length == 2:
                        scratch[0, count] = u if move == 2 else x
                        count += 1
            elif move == 3:
                scratch[0, k] = w
            elif i < k <= j:
                scratch[0, i + 1 + j - k] = w
            else:
                scratch[0, k] = w
            w = following
        if move == 3:
            scratch[0, i] = v
            scratch[0, j] = u
        if timed and walked(instance, plan, kind, size) >= plan.worth[r, VALUE] - EPSILON:
            continue
        update_route(instance, plan, r, np.int64(0), size, now)
        return 1
    return 0


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


@njit(helper=True, called=True)
def bring_in(instance: Instance, plan: Plan, u: Number, now: Number, force: Number) -> Number:
    """Insert the unassigned client u at its cheapest place if that costs less than its prize (or `force`)."""
    node, tour, vehicle, first = plan.node, plan.tour, instance.vehicle, instance.first_client
    best = np.inf if force else instance.client[u, PRIZE] - EPSILON
    best_r, best_a = np.int64(-1), np.int64(-1)
    for k in range(instance.near.shape[1]):
        v = np.int64(instance.near[u, k])
        if v < 0:
            break
        r = np.int64(node[v, ON])
        if r < 0:
            continue
        kind = tour[r, TYPE]
        if instance.allowed[kind, u] == 0 or tour[r, SIZE] >= vehicle[kind, MAX_STOPS]:
            continue
        for side in range(2):
            a = v if side == 0 else np.int64(node[v, BEFORE])
            b = np.int64(node[v, AFTER]) if side == 0 else v
            value, _ = spliced(instance, plan, kind, a, u, np.int64(-1), b)
            if value - plan.worth[r, VALUE] < best:
                best = value - plan.worth[r, VALUE]
                best_r, best_a = r, a
    seen = np.int64(-1)
    for slot in range(len(tour)):
        kind = tour[slot, TYPE]
        if tour[slot, SIZE] > 0 or kind == seen or instance.allowed[kind, u] == 0 or vehicle[kind, MAX_STOPS] < 1:
            continue
        seen = kind
        value, _ = spliced(instance, plan, kind, vehicle[kind, START], u, np.int64(-1), vehicle[kind, FINISH])
        if value < best:
            best = value
            best_r, best_a = np.int64(slot), vehicle[kind, START]
    if best_r < 0:
        return 0
    kind = tour[best_r, TYPE]
    b = np.int64(node[best_a, AFTER]) if best_a >= first else tour[best_r, TOP]
    if b < 0:
        b = vehicle[kind, FINISH]
    size = write_join(instance, plan, np.int64(0), best_a, u, np.int64(-1), b)
    update_route(instance, plan, best_r, np.int64(0), size, now)
    return 1


@njit(helper=True)
def move_to_empty(instance: Instance, plan: Plan, u: Number, now: Number) -> Number:
    """Let u, alone or with all behind it, open an unused vehicle, or leave it out, if that is cheaper."""
    node, tour, worth, vehicle, first = plan.node, plan.tour, plan.worth, instance.vehicle, instance.first_client
    r = np.int64(node[u, ON])
    kind = tour[r, TYPE]
    p, x = np.int64(node[u, BEFORE]), np.int64(node[u, AFTER])
    without, _ = spliced(instance, plan, kind, p, np.int64(-1), np.int64(-1), x)
    if without + instance.client[u, PRIZE] < worth[r, VALUE] - EPSILON:
        size = write_join(instance, plan, np.int64(0), p, np.int64(-1), np.int64(-1), x)
        node[u, ON] = -1
        update_route(instance, plan, r, np.int64(0), size, now)
        return 1
    head, _ = spliced(instance, plan, kind, p, np.int64(-1), np.int64(-1), vehicle[kind, FINISH])
    seen = np.int64(-1)
    for s in range(len(tour)):
        other = tour[s, TYPE]
        if tour[s, SIZE] > 0 or other == seen or instance.allowed[other, u] == 0:
            continue
        seen = other
        alone, _ = spliced(instance, plan, other, vehicle[other, START], u, np.int64(-1), vehicle[other, FINISH])
        if tour[r, SIZE] > 1 and without + alone < worth[r, VALUE] - EPSILON and vehicle[other, MAX_STOPS] > 0:
            size = write_join(instance, plan, np.int64(0), p, np.int64(-1), np.int64(-1), x)
            size_other = write_join(
                instance, plan, np.int64(1), vehicle[other, START], u, np.int64(-1), vehicle[other, FINISH]
            )
            update_route(instance, plan, r, np.int64(0), size, now)
            update_route(instance, plan, s, np.int64(1), size_other, now)
            return 1
        if other == kind and p >= first:
            tail, _ = spliced(instance, plan, kind, vehicle[kind, START], np.int64(-1), np.int64(-1), u)
            if head + tail < worth[r, VALUE] - EPSILON:
                size = write_head(instance, plan, np.int64(0), np.int64(0), p)
                size_other = write_tail(instance, plan, np.int64(1), np.int64(0), u)
                update_route(instance, plan, r, np.int64(0), size, now)
                update_route(instance, plan, s, np.int64(1), size_other, now)
                return 1
        if other != kind and p < first:
            # the whole route changes vehicle
            size = write_tail(instance, plan, np.int64(0), np.int64(0), u)
            fits = size <= vehicle[other, MAX_STOPS]
            for k in range(size):
                fits = fits and instance.allowed[other, plan.scratch[0, k]] > 0
            if fits and walked(instance, plan, other, size) < worth[r, VALUE] - EPSILON:
                update_route(instance, plan, r, np.int64(0), np.int64(0), now)
                update_route(instance, plan, s, np.int64(0), size, now)
                return 1
    return 0


@njit(helper=True, called=True)
def cheapest_places(instance: Instance, plan: Plan, profile: Number, r: Number, s: Number) -> None:
    """Write into `place` the three cheapest places in route s for every client of route r, and what leaving r saves."""
    node, tour, place, first = plan.node, plan.tour, plan.place, instance.first_client
    u = tour[r, TOP]
    while u >= first:
        for k in range(3):
            place[u, 2 * k] = 1 << 60
            place[u, 2 * k + 1] = -1
        p, x = np.int64(node[u, BEFORE]), np.int64(node[u, AFTER])
        place[u, 6] = (
            distance(instance, profile, p, u) + distance(instance, profile, u, x) - distance(instance, profile, p, x)
        )
        a, b = np.int64(node[tour[s, TOP], BEFORE]), tour[s, TOP]
        while True:
            extra = (
                distance(instance, profile, a, u)
                + distance(instance, profile, u, b)
                - distance(instance, profile, a, b)
            )
            if extra < place[u, 4]:
                k = 2
                while k > 0 and extra < place[u, 2 * k - 2]:
                    place[u, 2 * k] = place[u, 2 * k - 2]
                    place[u, 2 * k + 1] = place[u, 2 * k - 1]
                    k -= 1
                place[u, 2 * k] = extra
                place[u, 2 * k + 1] = a
            if b < first:
                break
            a, b = b, np.int64(node[b, AFTER])
        u = np.int64(node[u, AFTER])


@njit(helper=True)
def place_without(instance: Instance, plan: Plan, profile: Number, u: Number, v: Number) -> tuple[Number, Number]:
    """Return (cost, node before) of the cheapest place for u in v's route once v has left it."""
    place, node = plan.place, plan.node
    o, y = np.int64(node[v, BEFORE]), np.int64(node[v, AFTER])
    best = distance(instance, profile, o, u) + distance(instance, profile, u, y) - distance(instance, profile, o, y)
    before = o
    for k in range(3):
        a = place[u, 2 * k + 1]
        if a not in (v, o) and a >= 0:
            if place[u, 2 * k] < best:
                best, before = place[u, 2 * k], a
            break
    return best, before


@njit(helper=True, called=True)
def write_exchange(
    instance: Instance, plan: Plan, row: Number, r: Number, u: Number, v: Number, before: Number
) -> Number:
    """Write route r without u and with v behind `before` (a depot: first) into `scratch[row]`; return its size."""
    node, scratch, first = plan.node, plan.scratch, instance.first_client
    size = 0
    if before < first:
        scratch[row, 0] = v
        size = 1
    w = plan.tour[r, TOP]
    while w >= first:
        if w != u:
            scratch[row, size] = w
            size += 1
        if w == before:
            scratch[row, size] = v
            size += 1
        w = np.int64(node[w, AFTER])
    return size


@njit(helper=True)
def swap_star(instance: Instance, plan: Plan, r: Number, s: Number, now: Number) -> Number:
    """Make the best exchange of a client of r for one of s, each at its cheapest place; return 1 if one was made."""
    node, tour, place, amount = plan.node, plan.tour, plan.place, instance.amount
    first, weight = instance.first_client, plan.weight
    kind, other = tour[r, TYPE], tour[s, TYPE]
    vehicle = instance.vehicle
    profile = vehicle[kind, PROFILE]
    cheapest_places(instance, plan, profile, r, s)
    cheapest_places(instance, plan, profile, s, r)
    dimensions = amount.shape[1] // 2
    bottom_r, bottom_s = tour[r, BOTTOM], tour[s, BOTTOM]
    rate, rate_other = vehicle[kind, COST], vehicle[other, COST]
    best = -EPSILON
    best_u, best_v = np.int64(-1), np.int64(-1)
    best_after_u, best_after_v = np.int64(-1), np.int64(-1)
    penalties = plan.worth[r, PENALTY] + plan.worth[s, PENALTY]
    u = tour[r, TOP]
    while u >= first:
        v = tour[s, TOP]
        while v >= first:
            if instance.allowed[other, u] > 0 and instance.allowed[kind, v] > 0:
                change = -penalties - rate * place[u, 6] - rate_other * place[v, 6]
                for q in range(dimensions):
                    more = amount[v, q] - amount[u, q]
                    load, load_other = part_load(plan, bottom_r, q), part_load(plan, bottom_s, q)
                    change += weight[LOAD_WEIGHT + q] * max(0, load + more - vehicle[kind, CAPACITY + q])
                    change += weight[LOAD_WEIGHT + q] * max(0, load_other - more - vehicle[other, CAPACITY + q])
                if change < best:
                    cost_u, after_u = place_without(instance, plan, profile, u, v)
                    cost_v, after_v = place_without(instance, plan, profile, v, u)
                    change += rate_other * cost_u + rate * cost_v
                    if change < best:
                        best = change
                        best_u, best_v, best_after_u, best_after_v = u, v, after_u, after_v
            v = np.int64(node[v, AFTER])
        u = np.int64(node[u, AFTER])
    if best_u < 0:
        return 0
    size = write_exchange(instance, plan, np.int64(0), r, best_u, best_v, best_after_v)
    size_other = write_exchange(instance, plan, np.int64(1), s, best_v, best_u, best_after_u)
    update_route(instance, plan, r, np.int64(0), size, now)
    update_route(instance, plan, s, np.int64(1), size_other, now)
    return 1


@njit(helper=True)
def part_load(plan: Plan, bottom: Number, q: Number) -> Number:
    """Return the load of a route in dimension q, given its last client."""
    return plan.part[bottom, PART_LOAD + q]


@njit(helper=True)
def try_swap_star(instance: Instance, plan: Plan, now: Number) -> tuple[Number, Number]:
    """Try SWAP* on every pair of neighbouring routes of which one has changed; return (moves made, clock)."""
    node, tour, mark = plan.node, plan.tour, plan.mark
    first = instance.first_client
    made = 0
    for r in range(len(tour)):
        if tour[r, SIZE] == 0:
            continue
        since = tour[r, SWAPPED]
        tour[r, SWAPPED] = now
        u = tour[r, TOP]
        while u >= first:
            for k in range(min(6, instance.near.shape[1])):
                v = instance.near[u, k]
                if v >= 0 and node[v, ON] > r:
                    mark[node[v, ON]] = r + 1
            u = np.int64(node[u, AFTER])
        for s in range(r + 1, len(tour)):
            if mark[s] != r + 1:
                continue
            mark[s] = 0
            same = instance.vehicle[tour[r, TYPE], PROFILE] == instance.vehicle[tour[s, TYPE], PROFILE]
            if tour[s, SIZE] > 0 and tour[r, SIZE] > 0 and same and max(tour[r, CHANGED], tour[s, CHANGED]) > since:
                now += 1
                made += swap_star(instance, plan, r, s, now)
    return made, now


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


@njit(allocates=False)
def educate(instance: Instance, plan: Plan, following: Int32Array, firsts: IntArray) -> Number:
    """Improve the routes given as next client [N] and first client [R] to a local optimum, in place.

    Returns the penalised cost, prizes of unassigned clients included.
    """
    node, tour, order, tested = plan.node, plan.tour, plan.order, plan.tested
    first = instance.first_client
    clients = len(node) - first
    load_plan(instance, plan, following, firsts)
    now = 1
    for i in range(clients):
        j = i + int(draw(plan.random) * (clients - i))
        order[i], order[j] = order[j], order[i]
    for i in range(clients):
        if node[order[i], ON] < 0:
            now += 1
            bring_in(instance, plan, np.int64(order[i]), now, min(instance.client[order[i], PRIZE], 1))
    near = min(GRANULAR, instance.near.shape[1])
    plain = instance.features & TIMED == 0
    searching = True
    while searching:
        searching = False
        for i in range(clients):
            u = np.int64(order[i])
            last = tested[u]
            tested[u] = now
            if node[u, ON] < 0:
                now += 1
                if bring_in(instance, plan, u, now, np.int64(0)):
                    searching = True
                continue
            for k in range(near):
                v = np.int64(instance.near[u, k])
                if v < 0:
                    break
                if node[v, ON] < 0:
                    continue
                if max(tour[node[u, ON], CHANGED], tour[node[v, ON], CHANGED]) <= last:
                    continue
                now += 1
                if node[u, ON] == node[v, ON]:
                    made = try_within(instance, plan, u, v, now)
                else:
                    made = try_between(instance, plan, u, v, now)
                if made:
                    searching = True
            now += 1
            if tour[node[u, ON], CHANGED] > last and move_to_empty(instance, plan, u, now):
                searching = True
        if not searching and plain:
            now += 1
            made, now = try_swap_star(instance, plan, now)
            if made:
                searching = True
    total = 0.0
    for c in range(first, len(node)):
        following[c] = node[c, AFTER]
        if node[c, ON] < 0:
            following[c] = -1
            total += instance.client[c, PRIZE]
    for r in range(len(tour)):
        firsts[r] = tour[r, TOP] if tour[r, SIZE] > 0 else -1
        total += plan.worth[r, VALUE]
    return total
