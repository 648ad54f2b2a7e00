"""What every compiled routing solver does to a route: measure a leg, price an insertion, link, unlink, re-time."""

from __future__ import annotations

import math

import numpy as np

from solvers.compiled import njit
from solvers.routing.instance import (
    BACKHAUL,
    BACKHAULED,
    CAPACITY,
    CHOOSY,
    CLOSE,
    CLOSE_FINISH,
    EARLY,
    FINISH,
    LATE,
    MAX_DISTANCE,
    MAX_DURATION,
    MAX_STOPS,
    MIXED,
    OPEN,
    OPEN_FINISH,
    PROFILE,
    RANGED,
    RELEASE,
    RELOADED,
    SERVICE,
    START,
    TIMED,
    TYPED,
    WAGE,
    Instance,
)
from solvers.routing.kernel_types import FloatArray, Int32Array, Number, RandomState
from solvers.routing.problem import UNBOUNDED
from solvers.routing.state import (
    AHEAD,
    AHEAD_EARLY,
    AHEAD_LATE,
    AVAILABLE,
    BEHIND,
    BEHIND_EARLY,
    BEHIND_LATE,
    COUNT,
    DISTANCE,
    DUE,
    DURATION,
    EARLIEST,
    FIRST,
    GOOD,
    INNER,
    KIND,
    LAST,
    LATER,
    LATEST,
    LOAD,
    NEXT,
    NEXT_FREE,
    NO_ARC,
    OUTER,
    PREVIOUS,
    PRIOR,
    RELEASED,
    ROUTE,
    TO_NEXT,
    TO_PREVIOUS,
    USED,
    VEHICLE,
    State,
)

REFRESHED = TIMED | MIXED | RANGED | BACKHAULED


@njit(helper=True)
def draw(random: RandomState) -> Number:
    """Return the next number of [0, 1) from `random` [1] uint64 (xorshift64*)."""
    x = random[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    random[0] = x
    return ((x * np.uint64(2685821657736338717)) >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@njit(helper=True)
def leg(matrix: Int32Array, points: FloatArray, metric: FloatArray, profile: Number, a: Number, b: Number) -> Number:
    """Return the distance (or duration, given `times` as matrix) from node a to node b."""
    if matrix.shape[0] > 0:
        return np.int64(matrix[profile, a, b])
    x = points[a, 0] - points[b, 0]
    y = points[a, 1] - points[b, 1]
    length = metric[0] * math.sqrt(x * x + y * y)
    if math.isnan(length):
        return np.int64(0)
    return np.int64(math.floor(length + metric[1]))


@njit(helper=True, called=True)
def join_chain(state: State, r: Number) -> None:
    """Put trip r into its vehicle's chain, behind its `PRIOR` (-1: first)."""
    route = state.route
    p = route[r, PRIOR]
    later = route[p, LATER] if p >= 0 else state.chain[route[r, VEHICLE]]
    route[r, LATER] = later
    if p >= 0:
        route[p, LATER] = r
    else:
        state.chain[route[r, VEHICLE]] = r
    if later >= 0:
        route[later, PRIOR] = r


@njit(helper=True, called=True)
def leave_chain(state: State, r: Number) -> None:
    """Take trip r out of its vehicle's chain; it remembers where it was, so that `join_chain` can take this back."""
    route = state.route
    p, later = route[r, PRIOR], route[r, LATER]
    if p >= 0:
        route[p, LATER] = later
    else:
        state.chain[route[r, VEHICLE]] = later
    if later >= 0:
        route[later, PRIOR] = p


@njit(helper=True, called=True)
def schedule(state: State, u: Number) -> bool:
    """Refresh when vehicle u is available before and due after each of its trips; return whether all are in time."""
    route = state.route
    good = True
    t, last = np.int64(0), np.int64(-1)
    r: Number = state.chain[u]
    while r >= 0:
        route[r, AVAILABLE] = t
        begin = max(t, route[r, EARLIEST], route[r, RELEASED])
        good = good and begin <= route[r, LATEST]
        t = begin + route[r, DURATION]
        last = r
        r = route[r, LATER]
    due = np.int64(UNBOUNDED)
    while last >= 0:
        route[last, DUE] = due
        due = min(route[last, LATEST], due - route[last, DURATION])
        last = route[last, PRIOR]
    return good


@njit(helper=True)
def count_banned(instance: Instance, state: State, c: Number, r: Number, sign: Number) -> None:
    """Count client c in, or out, among those of route r that each type of vehicle may not serve."""
    columns = LOAD + instance.amount.shape[1]
    for kind in range(len(instance.vehicle)):
        state.route[r, columns + kind] += sign * (1 - np.int64(instance.allowed[kind, c]))


@njit(helper=True)
def measure(state: State, first: Number, v: Number) -> None:
    """Note the longest arcs of client v."""
    node, longest = state.node, state.longest
    ahead, behind = node[v, TO_NEXT], node[v, TO_PREVIOUS]
    ends, begins = node[v, NEXT] < first, node[v, PREVIOUS] < first
    longest[v, INNER] = max(NO_ARC if ends else ahead, NO_ARC if begins else behind)
    longest[v, OUTER] = max(ahead if ends else NO_ARC, behind if begins else NO_ARC)


@njit(helper=True)
def link(instance: Instance, state: State, c: Number, a: Number, b: Number, r: Number) -> None:
    """Put client c between the neighbours a and b of route r; a depot as neighbour means the end of the route."""
    node, route = state.node, state.route
    first = instance.first_client
    profile = instance.vehicle[route[r, KIND], PROFILE]
    before = np.int32(leg(instance.matrix, instance.points, instance.metric, profile, a, c))
    after = np.int32(leg(instance.matrix, instance.points, instance.metric, profile, c, b))
    gap = np.int64(0)
    if a >= first:
        gap = np.int64(node[a, TO_NEXT])
    elif b >= first:
        gap = np.int64(node[b, TO_PREVIOUS])
    route[r, DISTANCE] += np.int64(before) + np.int64(after) - gap
    node[c, PREVIOUS] = a
    node[c, NEXT] = b
    node[c, ROUTE] = r
    node[c, TO_PREVIOUS] = before
    node[c, TO_NEXT] = after
    if a >= first:
        node[a, NEXT] = c
        node[a, TO_NEXT] = before
        measure(state, first, a)
    else:
        route[r, FIRST] = c
    if b >= first:
        node[b, PREVIOUS] = c
        node[b, TO_PREVIOUS] = after
        measure(state, first, b)
    else:
        route[r, LAST] = c
    measure(state, first, c)
    if route[r, COUNT] == 0:
        state.free[route[r, KIND]] = route[r, NEXT_FREE]
        state.total[USED] += 1
        if instance.features & RELOADED:
            join_chain(state, r)
    route[r, COUNT] += 1
    for q in range(instance.amount.shape[1]):
        route[r, LOAD + q] += instance.amount[c, q]
    if instance.features & CHOOSY:
        count_banned(instance, state, c, r, 1)


@njit(helper=True)
def unlink(instance: Instance, state: State, c: Number) -> None:
    """Take client c off its route."""
    node, route = state.node, state.route
    first = instance.first_client
    a, b, r = np.int64(node[c, PREVIOUS]), np.int64(node[c, NEXT]), np.int64(node[c, ROUTE])
    profile = instance.vehicle[route[r, KIND], PROFILE]
    gap = np.int32(leg(instance.matrix, instance.points, instance.metric, profile, a, b))
    if a >= first:
        node[a, NEXT] = b
        node[a, TO_NEXT] = gap
        measure(state, first, a)
    else:
        route[r, FIRST] = b if b >= first else -1
    if b >= first:
        node[b, PREVIOUS] = a
        node[b, TO_PREVIOUS] = gap
        measure(state, first, b)
    else:
        route[r, LAST] = a if a >= first else -1
    node[c, ROUTE] = -1
    state.longest[c, INNER] = state.longest[c, OUTER] = NO_ARC
    route[r, COUNT] -= 1
    route[r, DISTANCE] += np.int64(gap) - np.int64(node[c, TO_PREVIOUS]) - np.int64(node[c, TO_NEXT])
    if route[r, COUNT] == 0:
        route[r, DISTANCE] = 0
        route[r, NEXT_FREE] = state.free[route[r, KIND]]
        state.free[route[r, KIND]] = r
        state.total[USED] -= 1
        if instance.features & RELOADED:
            leave_chain(state, r)
    for q in range(instance.amount.shape[1]):
        route[r, LOAD + q] -= instance.amount[c, q]
    if instance.features & CHOOSY:
        count_banned(instance, state, c, r, -1)


@njit(helper=True, called=True)
def refresh(instance: Instance, state: State, r: Number) -> None:
    """Recompute time data, peaks and duration of route r, and whether it keeps its rules (`GOOD`)."""
    renew(instance, state, r, state.route[r, FIRST], state.route[r, LAST])


@njit(helper=True, called=True)
def renew(instance: Instance, state: State, r: Number, ahead: Number, behind: Number) -> None:
    """Refresh route r after a change: what lies before a client from `ahead` on, what lies behind it up to `behind`.

    A depot stands for nobody. A route that broke a rule is looked at as a whole.
    """
    node, route, clock = state.node, state.route, state.clock
    client, vehicle = instance.client, instance.vehicle
    kind = route[r, KIND]
    if route[r, COUNT] == 0:
        route[r, DURATION] = 0
        route[r, RELEASED] = 0
        route[r, GOOD] = 1
        if instance.features & RELOADED:
            schedule(state, route[r, VEHICLE])
        return
    first = instance.first_client
    profile = vehicle[kind, PROFILE]
    good = route[r, DISTANCE] <= vehicle[kind, MAX_DISTANCE] and client[route[r, FIRST], BACKHAUL] == 0
    if instance.features & MIXED:
        refresh_peaks(instance, state, r)
    if instance.features & TIMED == 0:
        route[r, GOOD] = good
        return
    if route[r, GOOD] == 0:
        ahead, behind = route[r, FIRST], route[r, LAST]
    v = np.int64(ahead)
    released = route[r, RELEASED] if v != route[r, FIRST] else np.int64(0)
    a = np.int64(node[v, PREVIOUS]) if v >= first else np.int64(-1)
    if a >= first:
        span, early, late = clock[a, AHEAD], clock[a, AHEAD_EARLY], clock[a, AHEAD_LATE]
    else:
        span, early, late = np.int64(0), vehicle[kind, OPEN], vehicle[kind, CLOSE]
        a = vehicle[kind, START]
    while v >= first:
        shift = span + leg(instance.times, instance.points, instance.metric, profile, a, v)
        if early + shift > client[v, LATE]:
            good = False
        wait = max(0, client[v, EARLY] - shift - late)
        early = max(early, client[v, EARLY] - shift) - wait
        late = min(late, client[v, LATE] - shift)
        span = shift + wait + client[v, SERVICE]
        clock[v, AHEAD] = span
        clock[v, AHEAD_EARLY] = early
        clock[v, AHEAD_LATE] = late
        released = max(released, client[v, RELEASE])
        a = v
        v = np.int64(node[v, NEXT])
    v = np.int64(behind)
    b = np.int64(node[v, NEXT]) if v >= first else np.int64(-1)
    if b >= first:
        span, early, late = clock[b, BEHIND], clock[b, BEHIND_EARLY], clock[b, BEHIND_LATE]
    else:
        span, early, late = np.int64(0), vehicle[kind, OPEN_FINISH], vehicle[kind, CLOSE_FINISH]
        b = vehicle[kind, FINISH]
    while v >= first:
        # v, then what is behind it
        shift = client[v, SERVICE] + leg(instance.times, instance.points, instance.metric, profile, v, b)
        wait = max(0, early - shift - client[v, LATE])
        over = max(0, client[v, EARLY] + shift - late)
        span = shift + span + wait
        early = max(early - shift, client[v, EARLY]) - wait
        late = min(late - shift, client[v, LATE]) + over
        if over > 0:
            good = False
        clock[v, BEHIND] = span
        clock[v, BEHIND_EARLY] = early
        clock[v, BEHIND_LATE] = late
        b = v
        v = np.int64(node[v, PREVIOUS])
    b = route[r, FIRST]
    span, early, late = clock[b, BEHIND], clock[b, BEHIND_EARLY], clock[b, BEHIND_LATE]
    shift = leg(instance.times, instance.points, instance.metric, profile, vehicle[kind, START], b)
    begin, end = vehicle[kind, OPEN], vehicle[kind, CLOSE]
    wait = max(0, early - shift - end)
    route[r, DURATION] = shift + span + wait
    route[r, RELEASED] = released
    end = min(end, late - shift)
    good = good and begin + shift <= late and released <= end
    route[r, GOOD] = good and route[r, DURATION] <= vehicle[kind, MAX_DURATION]
    if instance.features & RELOADED:
        route[r, EARLIEST] = max(early - shift, begin) - wait
        route[r, LATEST] = end
        if not schedule(state, route[r, VEHICLE]):
            route[r, GOOD] = 0


@njit(helper=True, called=True)
def refresh_peaks(instance: Instance, state: State, r: Number) -> None:
    """Recompute the largest loads before and behind every client of route r."""
    node, route, peak, amount = state.node, state.route, state.peak, instance.amount
    first = instance.first_client
    dimensions = amount.shape[1] // 2
    for q in range(dimensions):
        load = route[r, LOAD + q]
        most = load
        v = route[r, FIRST]
        while v >= first:
            load += amount[v, dimensions + q] - amount[v, q]
            most = max(most, load)
            peak[v, q] = most
            v = np.int64(node[v, NEXT])
        most = load
        v = route[r, LAST]
        while v >= first:
            load -= amount[v, dimensions + q] - amount[v, q]
            most = max(most, load)
            peak[v, dimensions + q] = most
            v = np.int64(node[v, PREVIOUS])


@njit(helper=True)
def room(instance: Instance, state: State, r: Number, c: Number) -> bool:
    """Return whether route r may take client c as far as total loads, vehicle and number of stops say."""
    route, vehicle, amount = state.route, instance.vehicle, instance.amount
    kind = route[r, KIND]
    dimensions = amount.shape[1] // 2
    for q in range(dimensions):
        if route[r, LOAD + q] + amount[c, q] > vehicle[kind, CAPACITY + q]:
            return False
    if instance.features & TYPED and (instance.allowed[kind, c] == 0 or route[r, COUNT] >= vehicle[kind, MAX_STOPS]):
        return False
    if instance.features & MIXED:
        for q in range(dimensions):
            if route[r, LOAD + dimensions + q] + amount[c, dimensions + q] > vehicle[kind, CAPACITY + q]:
                return False
    return True


@njit(helper=True)
def insertion_extra(
    instance: Instance, state: State, r: Number, a: Number, c: Number, b: Number, longer: Number
) -> Number:
    """Return the cost beyond distance of putting c between a and b in route r, UNBOUNDED where a rule forbids it.

    `longer` is the added distance. Loads as a whole are `room`'s business.
    """
    route, vehicle, client = state.route, instance.vehicle, instance.client
    first = instance.first_client
    kind = route[r, KIND]
    if instance.features & RANGED and route[r, DISTANCE] + longer > vehicle[kind, MAX_DISTANCE]:
        return UNBOUNDED
    if instance.features & BACKHAULED:
        if client[c, BACKHAUL] == 0 and a >= first and client[a, BACKHAUL] > 0:
            return UNBOUNDED
        if client[c, BACKHAUL] > 0 and (a < first or (b >= first and client[b, BACKHAUL] == 0)):
            return UNBOUNDED
    if instance.features & MIXED:
        amount, peak = instance.amount, state.peak
        dimensions = amount.shape[1] // 2
        for q in range(dimensions):
            capacity = vehicle[kind, CAPACITY + q]
            ahead = peak[a, q] if a >= first else route[r, LOAD + q]
            behind = peak[b, dimensions + q] if b >= first else route[r, LOAD + dimensions + q]
            if ahead + amount[c, q] > capacity or behind + amount[c, dimensions + q] > capacity:
                return UNBOUNDED
    if instance.features & TIMED == 0:
        return 0
    clock = state.clock
    profile = vehicle[kind, PROFILE]
    if a >= first:
        span, early, late = clock[a, AHEAD], clock[a, AHEAD_EARLY], clock[a, AHEAD_LATE]
    else:
        span, early, late = np.int64(0), vehicle[kind, OPEN], vehicle[kind, CLOSE]
    span += leg(instance.times, instance.points, instance.metric, profile, a, c)
    if early + span > client[c, LATE]:
        return UNBOUNDED
    wait = max(0, client[c, EARLY] - span - late)
    early = max(early, client[c, EARLY] - span) - wait
    late = min(late, client[c, LATE] - span)
    span += wait + client[c, SERVICE] + leg(instance.times, instance.points, instance.metric, profile, c, b)
    if b >= first:
        after, after_early, after_late = clock[b, BEHIND], clock[b, BEHIND_EARLY], clock[b, BEHIND_LATE]
    else:
        after, after_early, after_late = np.int64(0), vehicle[kind, OPEN_FINISH], vehicle[kind, CLOSE_FINISH]
    if early + span > after_late:
        return UNBOUNDED
    wait = max(0, after_early - span - late)
    duration = span + after + wait
    leaves, latest = max(route[r, RELEASED], client[c, RELEASE]), min(late, after_late - span)
    if instance.features & RELOADED:
        leaves = max(leaves, route[r, AVAILABLE], max(after_early - span, early) - wait)
        latest = min(latest, route[r, DUE] - duration)
    if leaves > latest:
        return UNBOUNDED
    if duration > vehicle[kind, MAX_DURATION]:
        return UNBOUNDED
    return vehicle[kind, WAGE] * (duration - route[r, DURATION])
