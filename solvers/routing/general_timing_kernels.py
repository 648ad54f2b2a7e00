"""One route of the general solver, timed and priced as a whole: every rule of the problem in one function.

Per call (departure, stops, returns for a reload, end) and number of breaks taken, the earliest time is kept: a dynamic
programme over where the breaks fall. As nobody who leaves later arrives earlier, the earliest times decide what is
feasible; they and the latest ones backwards tell in constant time whether an insertion can be.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from solvers.compiled import njit
from solvers.routing.general_instance import (
    BACKHAUL,
    BREAKS,
    CAPACITY,
    CLOSE,
    CLOSE_FINISH,
    COST,
    FINISH,
    FIXED,
    MAX_DISTANCE,
    MAX_DRIVING,
    MAX_DURATION,
    MAX_RELOADS,
    MAX_STOPS,
    NEVER,
    OPEN,
    OPEN_FINISH,
    ORIGIN,
    OVERTIME,
    PARTNER,
    PLACE,
    PROFILE,
    REGULAR,
    RELEASE,
    SPANNED,
    START,
    TASK,
    TIMES,
    WAGE,
    WHEEL,
    GeneralInstance,
)
from solvers.routing.kernel_types import Int32Array, IntArray, Number
from solvers.routing.problem import UNBOUNDED
from solvers.routing.route_kernels import leg

STOP, HOME, LAST = range(3)
"""Kinds of calls: a client, a return for a reload, the end."""


# first index of `Scratch.clock`, columns of `call`, entries of `found`
TIME, FROM = range(2)
WORK, READY, TAKEN = range(3)
LASTS, LEAVES, TRIPS = range(3)


class Scratch(NamedTuple):
    """What `price` leaves behind, for L elements of a route at most.

    Attributes
    ----------
    clock : [2, L + 2, B + 1], earliest end of each call by breaks taken, and the breaks taken before the leg to it.
    call : [L + 2, 3], setup and service at the call, release of the trip that begins there, breaks taken before the leg
        to it on the route as timed.
    load : [L + 2, Q], on board on the leg to the call after.
    mark : [N], trip in which a client was seen last.
    found : duration (0 where nothing depends on it) and departure of the route priced last, trips so far.
    probe : [5, B + 1], times of an insertion.
    empty : [Q], nothing on board.
    """

    clock: IntArray
    call: IntArray
    load: IntArray
    mark: IntArray
    found: IntArray
    probe: IntArray
    empty: IntArray


@njit(helper=True)
def covered(inst: GeneralInstance, p: Number, time: Number) -> Number:
    """Return what a vehicle of profile p covers from 0 to `time`, in units of `leg_work`."""
    bands = inst.bands
    if bands.shape[1] == 0:
        return time
    if time < 0:
        return time * bands[p, 0, 1]
    rounds = time // inst.period[p, 0]
    rest = time - rounds * inst.period[p, 0]
    k = bands.shape[1] - 1
    while bands[p, k, 0] > rest:
        k -= 1
    return rounds * inst.period[p, 1] + bands[p, k, 2] + (rest - bands[p, k, 0]) * bands[p, k, 1]


@njit(helper=True)
def reached(inst: GeneralInstance, p: Number, amount: Number, up: bool) -> Number:
    """Return the first time at which `amount` is covered, or without `up` the last time at which no more is."""
    bands = inst.bands
    if bands.shape[1] == 0:
        return amount
    rounds = np.int64(0)
    k = 0
    if amount >= 0:
        rounds = amount // inst.period[p, 1]
        amount -= rounds * inst.period[p, 1]
        k = bands.shape[1] - 1
        while bands[p, k, 2] > amount:
            k -= 1
    speed, rest = bands[p, k, 1], amount - bands[p, k, 2]
    inside = -((-rest) // speed) if up else rest // speed
    return rounds * inst.period[p, 0] + bands[p, k, 0] + inside


@njit(helper=True)
def leg_work(inst: GeneralInstance, p: Number, a: Number, b: Number) -> Number:
    """Return the drive from node a to node b: its duration, in hundredths where speeds change."""
    duration = leg(inst.times, inst.points, inst.metric, p, a, b)
    return duration if inst.bands.shape[1] == 0 else 100 * duration


@njit(helper=True)
def first_in(windows: IntArray, time: Number) -> Number:
    """Return the first time from `time` on inside one of `windows` [W, 2]; NEVER where there is none."""
    best = np.int64(NEVER)
    for w in range(len(windows)):
        if time <= windows[w, 1]:
            best = min(best, max(windows[w, 0], time))
    return best


@njit(helper=True)
def last_in(windows: IntArray, time: Number) -> Number:
    """Return the last time up to `time` inside one of `windows` [W, 2]; -NEVER where there is none."""
    best = np.int64(-NEVER)
    for w in range(len(windows)):
        if windows[w, 0] <= time:
            best = max(best, min(windows[w, 1], time))
    return best


@njit(helper=True)
def stay(inst: GeneralInstance, kind: Number, before: Number, here: Number) -> Number:
    """Return the time spent at node `here` by a vehicle that comes from node `before`."""
    row = inst.vehicle[kind, TIMES]
    setup = inst.setup[row, here]
    if setup > 0 and inst.stop[before, PLACE] == inst.stop[here, PLACE]:
        setup = np.int64(0)
    return inst.service[row, here] + setup


@njit(helper=True)
def begin_call(inst: GeneralInstance, kind: Number, what: Number, node: Number, time: Number, ready: Number) -> Number:
    """Return when a call starts for an arrival at `time`; NEVER where it is too late."""
    row = inst.vehicle[kind]
    if what == STOP:
        return first_in(inst.windows[node], time)
    if what == HOME:
        start = max(time, row[OPEN], ready)
        return start if start <= row[CLOSE] else np.int64(NEVER)
    start = max(time, row[OPEN_FINISH])
    return start if start <= row[CLOSE_FINISH] else np.int64(NEVER)


@njit(helper=True, called=True)
def drive_on(
    inst: GeneralInstance,
    kind: Number,
    source: IntArray,
    work: Number,
    target: IntArray,
    origin: IntArray,
    load: IntArray,
) -> None:
    """Fill `target` [B + 1], the earliest arrivals by breaks taken, from departures `source`, and where they come from.

    Breaks that the `load` [Q] on board forbids are not taken on this leg.
    """
    row = inst.vehicle[kind]
    p, breaks = row[PROFILE], row[BREAKS]
    for k in range(breaks + 1):
        target[k] = NEVER
    for k in range(breaks + 1):
        ready = source[k]
        if ready >= NEVER:
            continue
        arrival = reached(inst, p, covered(inst, p, ready) + work, True)
        if arrival < target[k]:
            target[k], origin[k] = arrival, k
        for m in range(k, breaks):
            heavy = False
            for q in range(len(load)):
                heavy = heavy or load[q] > inst.break_load[kind, m, q]
            start = first_in(inst.break_windows[kind, m], ready)
            if heavy or start >= NEVER:
                break
            ready = start + inst.break_time[kind, m]
            arrival += inst.break_time[kind, m]
            if max(arrival, ready) < target[m + 1]:
                target[m + 1], origin[m + 1] = max(arrival, ready), k


@njit(helper=True, called=True)
def weigh(inst: GeneralInstance, scratch: Scratch, kind: Number, tour: Int32Array, n: Number) -> bool:
    """Fill loads and releases of `tour[:n]`; return whether loads, order, pairs, skills and counts keep all rules."""
    row, first = inst.vehicle[kind], inst.first_client
    dimensions = inst.amount.shape[1] // 2
    load, stop = scratch.load, inst.stop
    stops, reloads, back = 0, 0, 0
    i = 0
    while i <= n:
        # one trip from element i to the next reload or the end
        scratch.found[TRIPS] += 1
        trip = scratch.found[TRIPS]
        ready, open_pairs = np.int64(0), 0
        for q in range(dimensions):
            load[i, q] = 0
        j = i
        while j < n and tour[j] >= first:
            c = np.int64(tour[j])
            stops += 1
            if inst.allowed[kind, c] == 0:
                return False
            ready = max(ready, stop[c, RELEASE])
            scratch.mark[c] = trip
            if stop[c, BACKHAUL] > 0:
                back += 1
            elif back > 0:
                return False
            if stop[c, ORIGIN] >= 0:
                if scratch.mark[stop[c, ORIGIN]] != trip:
                    return False
                open_pairs -= 1
            else:
                open_pairs += 1 if stop[c, PARTNER] >= 0 else 0
                for q in range(dimensions):
                    load[i, q] += inst.amount[c, q]
            j += 1
        if open_pairs != 0:
            return False
        scratch.call[i, READY] = ready
        for q in range(dimensions):
            if load[i, q] > row[CAPACITY + q]:
                return False
        for k in range(i, j):
            c = np.int64(tour[k])
            for q in range(dimensions):
                load[k + 1, q] = load[k, q] + inst.amount[c, dimensions + q] - inst.amount[c, q]
                if load[k + 1, q] > row[CAPACITY + q]:
                    return False
        reloads += 1 if j < n else 0
        i = j + 1
    return stops <= row[MAX_STOPS] and reloads <= row[MAX_RELOADS] and (back == 0 or back < stops)


@njit(helper=True, called=True)
def price(inst: GeneralInstance, scratch: Scratch, kind: Number, tour: Int32Array, n: Number) -> Number:
    """Return what a route of `tour[:n]` (nodes; -1 for a reload) costs; UNBOUNDED where it breaks a rule.

    Its duration and departure stand in `scratch.found` where the vehicle's costs or limits need them.
    """
    if not weigh(inst, scratch, kind, tour, n):
        return np.int64(UNBOUNDED)
    row, first = inst.vehicle[kind], inst.first_client
    p, breaks = row[PROFILE], row[BREAKS]
    clock = scratch.clock[TIME]
    clock[0, 0] = max(row[OPEN], scratch.call[0, READY])
    if clock[0, 0] > row[CLOSE]:
        return np.int64(UNBOUNDED)
    for k in range(1, breaks + 1):
        clock[0, k] = NEVER
    scratch.call[0, WORK] = 0
    scratch.found[LASTS] = 0
    cost, distance, driving, service = row[FIXED], np.int64(0), np.int64(0), np.int64(0)
    before = row[START]
    for j in range(n + 1):
        what = LAST if j == n else (STOP if tour[j] >= first else HOME)
        here = row[FINISH] if what == LAST else (np.int64(tour[j]) if what == STOP else row[START])
        distance += leg(inst.matrix, inst.points, inst.metric, p, before, here)
        driving += leg(inst.times, inst.points, inst.metric, p, before, here)
        if inst.arcs.shape[0] > 0:
            cost += inst.arcs[p, before, here]
        work = leg_work(inst, p, before, here)
        drive_on(inst, kind, clock[j], work, clock[j + 1], scratch.clock[FROM, j + 1], scratch.load[j])
        spent = stay(inst, kind, before, here) if what == STOP else np.int64(0)
        service += spent
        scratch.call[j + 1, WORK] = spent
        possible = False
        for k in range(breaks + 1):
            if clock[j + 1, k] < NEVER:
                ready = scratch.call[j + 1, READY] if what == HOME else np.int64(0)
                start = begin_call(inst, kind, what, here, clock[j + 1, k], ready)
                clock[j + 1, k] = start + spent if start < NEVER else start
                possible = possible or start < NEVER
        if not possible:
            return np.int64(UNBOUNDED)
        before = here
    if clock[n + 1, breaks] >= NEVER or distance > row[MAX_DISTANCE]:
        return np.int64(UNBOUNDED)
    if row[SPANNED] > 0:
        span = clock[n + 1, breaks] - latest_departure(inst, scratch, kind, tour, n)
        scratch.found[LASTS] = span
        if span > row[MAX_DURATION]:
            return np.int64(UNBOUNDED)
        if inst.bands.shape[1] > 0:
            driving = time_at_wheel(inst, scratch, kind, tour, n)
        cost += row[WAGE] * span + row[OVERTIME] * max(np.int64(0), span - row[REGULAR])
    if driving > row[MAX_DRIVING]:
        return np.int64(UNBOUNDED)
    return cost + row[COST] * distance + row[WHEEL] * driving + row[TASK] * service


@njit(helper=True, called=True)
def latest_departure(inst: GeneralInstance, scratch: Scratch, kind: Number, tour: Int32Array, n: Number) -> Number:
    """Return the latest departure of the route priced last that ends as early; note the breaks before each leg."""
    row, first = inst.vehicle[kind], inst.first_client
    p, k = row[PROFILE], row[BREAKS]
    limit = scratch.clock[TIME, n + 1, k]
    for j in range(n, -1, -1):
        if j < n and tour[j] >= first:
            limit = last_in(inst.windows[tour[j]], limit)
        elif j < n:
            limit = min(limit, row[CLOSE])
        here = row[FINISH] if j == n else (np.int64(tour[j]) if tour[j] >= first else row[START])
        before = row[START] if j == 0 or tour[j - 1] < first else np.int64(tour[j - 1])
        from_k = scratch.clock[FROM, j + 1, k]
        driven = limit
        for m in range(k - 1, from_k - 1, -1):
            driven -= inst.break_time[kind, m]
            limit = last_in(inst.break_windows[kind, m], limit - inst.break_time[kind, m])
        scratch.call[j + 1, TAKEN] = k
        k = from_k
        leaves = reached(inst, p, covered(inst, p, driven) - leg_work(inst, p, before, here), False)
        limit = min(limit, leaves) - scratch.call[j, WORK]
    scratch.call[0, TAKEN] = 0
    departure = max(scratch.clock[TIME, 0, 0], min(limit, row[CLOSE]))
    scratch.found[LEAVES] = departure
    return departure


@njit(helper=True, called=True)
def time_at_wheel(inst: GeneralInstance, scratch: Scratch, kind: Number, tour: Int32Array, n: Number) -> Number:
    """Return the driving time of the route that `latest_departure` has just timed, from that departure on."""
    row, first = inst.vehicle[kind], inst.first_client
    p = row[PROFILE]
    time, total, before = scratch.found[LEAVES], np.int64(0), row[START]
    for j in range(n + 1):
        what = LAST if j == n else (STOP if tour[j] >= first else HOME)
        here = row[FINISH] if what == LAST else (np.int64(tour[j]) if what == STOP else row[START])
        arrival = reached(inst, p, covered(inst, p, time) + leg_work(inst, p, before, here), True)
        total += arrival - time
        for m in range(scratch.call[j, TAKEN], scratch.call[j + 1, TAKEN]):
            time = first_in(inst.break_windows[kind, m], time) + inst.break_time[kind, m]
            arrival += inst.break_time[kind, m]
        arrival = max(arrival, time)
        time = begin_call(inst, kind, what, here, arrival, scratch.call[j + 1, READY]) + scratch.call[j + 1, WORK]
        before = here
    return total
