"""Insertion in the general solver: bounds and cached times choose the places, `price` has the last word on each."""

from __future__ import annotations

import numpy as np

from solvers.compiled import njit
from solvers.routing.general_instance import (
    BREAKS,
    CAPACITY,
    CLOSE,
    CLOSE_FINISH,
    COST,
    FINISH,
    MAX_RELOADS,
    NEVER,
    PARTNER,
    PRIZE,
    PROFILE,
    START,
    TASK,
    TIMES,
    VEHICLES,
    WHEEL,
    GeneralInstance,
)
from solvers.routing.general_state import (
    ABSENT,
    AHEAD,
    AT,
    BEHIND,
    CARRIED,
    CHANGED,
    CHOSEN,
    CHOSEN_LENGTH,
    COST_OF,
    COSTS,
    COUNT,
    EARLIEST,
    FROZEN,
    KIND,
    LATEST,
    LONGEST,
    MISSING,
    NOW,
    ON,
    SAVED,
    SLOT,
    SLOT_OF,
    SPAN,
    STEP,
    TOUCHED,
    TOUCHED_IN,
    TRIAL,
    TRIED,
    TRIED_IN,
    USED,
    WHERE,
    GeneralState,
)
from solvers.routing.general_timing_kernels import (
    HOME,
    LAST,
    LASTS,
    STOP,
    TIME,
    WORK,
    Scratch,
    begin_call,
    covered,
    drive_on,
    last_in,
    leg_work,
    price,
    reached,
    stay,
)
from solvers.routing.kernel_types import Int32Array, IntArray, Number
from solvers.routing.problem import UNBOUNDED
from solvers.routing.route_kernels import draw, leg

BLINK_RATE = 0.01
"""Share of the places that are overlooked."""
MOST_TYPES = 30
"""So many vehicle types are tried for a new route, from a random one on."""


@njit(helper=True)
def node_of(inst: GeneralInstance, kind: Number, tour: Int32Array, n: Number, call: Number) -> Number:
    """Return the node of a call of `tour[:n]`: 0 is the departure, n + 1 the end."""
    if call == 0:
        return inst.vehicle[kind, START]
    if call > n:
        return inst.vehicle[kind, FINISH]
    node = np.int64(tour[call - 1])
    return node if node >= inst.first_client else inst.vehicle[kind, START]


@njit(helper=True)
def call_of(inst: GeneralInstance, tour: Int32Array, n: Number, call: Number) -> Number:
    """Return what a call of `tour[:n]` after the departure is."""
    if call > n:
        return LAST
    return STOP if tour[call - 1] >= inst.first_client else HOME


@njit(helper=True, called=True)
def settle_row(inst: GeneralInstance, scratch: Scratch, state: GeneralState, r: Number) -> bool:
    """Price row r anew and keep what insertions need to know; return whether it keeps all rules."""
    route, tour = state.route, state.tours[NOW, r]
    n, kind = route[r, COUNT], route[r, KIND]
    cost = price(inst, scratch, kind, tour, n)
    if cost >= UNBOUNDED:
        return False
    row, first = inst.vehicle[kind], inst.first_client
    route[r, COST_OF], route[r, SPAN] = cost, scratch.found[LASTS]
    breaks, dimensions = row[BREAKS], inst.amount.shape[1] // 2
    for i in range(n + 2):
        for k in range(breaks + 1):
            state.reach[r, i, EARLIEST, k] = scratch.clock[TIME, i, k]
    for i in range(n):
        if tour[i] >= first:
            state.client[tour[i], ON], state.client[tour[i], AT] = r, i + 1
    for q in range(dimensions):
        for i in range(n + 1):
            fresh = i == 0 or tour[i - 1] < first
            here = scratch.load[i, q]
            state.load[r, i, CARRIED, q] = here
            state.load[r, i, AHEAD, q] = here if fresh else max(here, state.load[r, i - 1, AHEAD, q])
        for i in range(n, -1, -1):
            fresh = i == n or tour[i] < first
            here = scratch.load[i, q]
            state.load[r, i, BEHIND, q] = here if fresh else max(here, state.load[r, i + 1, BEHIND, q])
    fill_latest(inst, scratch, state, r)
    return True


@njit(helper=True)
def fill_latest(inst: GeneralInstance, scratch: Scratch, state: GeneralState, r: Number) -> None:
    """Fill the latest ends of all calls of row r, from the last one back."""
    kind, n, tour = state.route[r, KIND], state.route[r, COUNT], state.tours[NOW, r]
    row, latest = inst.vehicle[kind], state.reach[r, :, LATEST]
    breaks, p = row[BREAKS], row[PROFILE]
    for k in range(breaks + 1):
        latest[n + 1, k] = -NEVER
    latest[n + 1, breaks] = row[CLOSE_FINISH]
    for i in range(n, -1, -1):
        work = leg_work(inst, p, node_of(inst, kind, tour, n, i), node_of(inst, kind, tour, n, i + 1))
        what, here = call_of(inst, tour, n, i + 1), node_of(inst, kind, tour, n, i + 1)
        for k in range(breaks + 1):
            latest[i, k] = -NEVER
        for after in range(breaks + 1):
            if latest[i + 1, after] <= -NEVER:
                continue
            limit = latest[i + 1, after] - scratch.call[i + 1, WORK]
            if what == STOP:
                limit = last_in(inst.windows[here], limit)
            elif what == HOME:
                limit = min(limit, row[CLOSE])
            driven = limit
            k = after
            while limit > -NEVER:
                leaves = min(limit, reached(inst, p, covered(inst, p, driven) - work, False))
                latest[i, k] = max(latest[i, k], leaves)
                if k == 0:
                    break
                k -= 1
                driven -= inst.break_time[kind, k]
                limit = last_in(inst.break_windows[kind, k], limit - inst.break_time[kind, k])


@njit(helper=True, called=True)
def arrive(
    inst: GeneralInstance,
    scratch: Scratch,
    kind: Number,
    source: IntArray,
    before: Number,
    what: Number,
    here: Number,
    target: IntArray,
) -> bool:
    """Fill `target`, the earliest ends of a call at node `here` after departures `source`; return whether it can be."""
    p, breaks = inst.vehicle[kind, PROFILE], inst.vehicle[kind, BREAKS]
    drive_on(inst, kind, source, leg_work(inst, p, before, here), target, scratch.probe[4], scratch.empty)
    spent = stay(inst, kind, before, here) if what == STOP else np.int64(0)
    possible = False
    for k in range(breaks + 1):
        if target[k] < NEVER:
            start = begin_call(inst, kind, what, here, target[k], np.int64(0))
            target[k] = start + spent if start < NEVER else start
            possible = possible or start < NEVER
    return possible


@njit(helper=True)
def goes_on(
    inst: GeneralInstance, scratch: Scratch, state: GeneralState, r: Number, i: Number, source: IntArray, before: Number
) -> bool:
    """Return whether row r can go on with call i + 1 after departures `source` from node `before`."""
    kind, n, tour = state.route[r, KIND], state.route[r, COUNT], state.tours[NOW, r]
    here, what = node_of(inst, kind, tour, n, i + 1), call_of(inst, tour, n, i + 1)
    if not arrive(inst, scratch, kind, source, before, what, here, scratch.probe[3]):
        return False
    well = False
    for k in range(inst.vehicle[kind, BREAKS] + 1):
        well = well or scratch.probe[3, k] <= state.reach[r, i + 1, LATEST, k]
    return well


@njit(helper=True)
def roomy(inst: GeneralInstance, state: GeneralState, r: Number, i: Number, c: Number) -> bool:
    """Return whether the goods of client c, of no pair, fit into row r on leg i."""
    row, dimensions = inst.vehicle[state.route[r, KIND]], inst.amount.shape[1] // 2
    for q in range(dimensions):
        fits = state.load[r, i, AHEAD, q] + inst.amount[c, q] <= row[CAPACITY + q]
        fits = fits and state.load[r, i, BEHIND, q] + inst.amount[c, dimensions + q] <= row[CAPACITY + q]
        if not fits:
            return False
    return True


@njit(helper=True)
def arc(inst: GeneralInstance, kind: Number, a: Number, b: Number) -> Number:
    """Return what driving from node a to node b costs, time of day aside."""
    row = inst.vehicle[kind]
    p = row[PROFILE]
    cost = row[COST] * leg(inst.matrix, inst.points, inst.metric, p, a, b)
    if row[WHEEL] > 0 and inst.bands.shape[1] == 0:
        cost += row[WHEEL] * leg(inst.times, inst.points, inst.metric, p, a, b)
    if inst.arcs.shape[0] > 0:
        cost += inst.arcs[p, a, b]
    return cost


@njit(helper=True)
def detour(inst: GeneralInstance, kind: Number, a: Number, c: Number, b: Number) -> Number:
    """Return the least that client c adds between nodes a and b."""
    row = inst.vehicle[kind]
    extra = arc(inst, kind, a, c) + arc(inst, kind, c, b) - arc(inst, kind, a, b)
    return extra + row[TASK] * inst.service[row[TIMES], c]


@njit(helper=True, called=True)
def longest_with(state: GeneralState, r: Number, span: Number) -> Number:
    """Return the longest duration if that of row r (-1: a new one) becomes `span`."""
    total = state.total
    if span >= total[LONGEST]:
        return span
    if r < 0 or state.route[r, SPAN] < total[LONGEST]:
        return total[LONGEST]
    longest = span
    for s in range(total[USED]):
        if state.row[s, SLOT] != r:
            longest = max(longest, state.route[state.row[s, SLOT], SPAN])
    return longest


@njit(helper=True)
def blinks(state: GeneralState) -> bool:
    """Return whether a place is overlooked."""
    return bool(draw(state.random) < BLINK_RATE)


@njit(helper=True, called=True)
def try_trial(
    inst: GeneralInstance, scratch: Scratch, state: GeneralState, r: Number, kind: Number, n: Number, best: Number
) -> Number:
    """Price `trial[:n]` in place of row r (-1: a new one); where it adds less than `best`, make it the chosen one."""
    cost = price(inst, scratch, kind, state.draft[TRIAL], n)
    if cost >= UNBOUNDED:
        return best
    added = cost - (state.route[r, COST_OF] if r >= 0 else 0)
    if inst.balance > 0:
        added += inst.balance * (longest_with(state, r, scratch.found[LASTS]) - state.total[LONGEST])
    if added >= best:
        return best
    for i in range(n):
        state.draft[CHOSEN, i] = state.draft[TRIAL, i]
    state.counter[CHOSEN_LENGTH] = n
    return added


@njit(helper=True)
def copy_with(state: GeneralState, r: Number, i: Number, c: Number, j: Number, d: Number) -> Number:
    """Make `trial` row r with c on leg i and, unless d is below -1, d on leg j >= i; return its length."""
    tour, n, trial = state.tours[NOW, r], state.route[r, COUNT], state.draft[TRIAL]
    m = 0
    for e in range(n + 1):
        if e == i:
            trial[m] = c
            m += 1
        if e == j and d >= -1:
            trial[m] = d
            m += 1
        if e < n:
            trial[m] = tour[e]
            m += 1
    return m


@njit(helper=True, called=True)
def try_leg(
    inst: GeneralInstance, scratch: Scratch, state: GeneralState, r: Number, i: Number, c: Number, best: Number
) -> Number:
    """Try client c, of no pair, on leg i of row r, alone and beside a reload; return the least added cost."""
    n, kind, tour = state.route[r, COUNT], state.route[r, KIND], state.tours[NOW, r]
    if i < state.route[r, FROZEN] or n + 2 > state.draft.shape[1]:
        return best
    a, b = node_of(inst, kind, tour, n, i), node_of(inst, kind, tour, n, i + 1)
    fits = roomy(inst, state, r, i, c)
    if fits and detour(inst, kind, a, c, b) < best and not blinks(state):
        early = state.reach[r, i, EARLIEST]
        if arrive(inst, scratch, kind, early, a, STOP, c, scratch.probe[0]) and goes_on(
            inst, scratch, state, r, i, scratch.probe[0], c
        ):
            best = try_trial(inst, scratch, state, r, kind, copy_with(state, r, i, c, i, np.int64(-2)), best)
    row = inst.vehicle[kind]
    if row[MAX_RELOADS] > 0 and (not fits or draw(state.random) < 0.1):
        depot = row[START]
        if (
            i > 0
            and detour(inst, kind, depot, c, b)
            + arc(inst, kind, a, depot)
            + arc(inst, kind, depot, b)
            - arc(inst, kind, a, b)
            < best
        ):
            best = try_trial(inst, scratch, state, r, kind, copy_with(state, r, i, np.int64(-1), i, c), best)
        if (
            i < n
            and detour(inst, kind, a, c, depot)
            + arc(inst, kind, a, depot)
            + arc(inst, kind, depot, b)
            - arc(inst, kind, a, b)
            < best
        ):
            best = try_trial(inst, scratch, state, r, kind, copy_with(state, r, i, c, i, np.int64(-1)), best)
    return best


@njit(helper=True, called=True)
def try_pair(
    inst: GeneralInstance, scratch: Scratch, state: GeneralState, r: Number, c: Number, d: Number, best: Number
) -> Number:
    """Try pick-up c and delivery d on every two legs of row r; return the least added cost."""
    n, kind, tour, first = state.route[r, COUNT], state.route[r, KIND], state.tours[NOW, r], inst.first_client
    row = inst.vehicle[kind]
    if n + 2 > state.draft.shape[1]:
        return best
    probe = scratch.probe
    for i in range(state.route[r, FROZEN], n + 1):
        a, b = node_of(inst, kind, tour, n, i), node_of(inst, kind, tour, n, i + 1)
        extra = detour(inst, kind, a, c, b)
        if extra >= best or not fits_on(inst, state, r, i, c):
            continue
        if not arrive(inst, scratch, kind, state.reach[r, i, EARLIEST], a, STOP, c, probe[0]):
            continue
        # the delivery at once
        together = arc(inst, kind, a, c) + detour(inst, kind, c, d, b) + arc(inst, kind, c, b) - arc(inst, kind, a, b)
        if (
            together < best
            and not blinks(state)
            and arrive(inst, scratch, kind, probe[0], c, STOP, d, probe[1])
            and goes_on(inst, scratch, state, r, i, probe[1], d)
        ):
            best = try_trial(inst, scratch, state, r, kind, copy_with(state, r, i, c, i, d), best)
        here: Number = c
        for j in range(i + 1, n + 1):
            # past element j - 1, with the goods on board
            element = np.int64(tour[j - 1])
            if element < first or not arrive(inst, scratch, kind, probe[0], here, STOP, element, probe[2]):
                break
            for k in range(row[BREAKS] + 1):
                probe[0, k] = probe[2, k]
            here = element
            if not fits_on(inst, state, r, j, c):
                break
            after = node_of(inst, kind, tour, n, j + 1)
            if extra + detour(inst, kind, here, d, after) >= best or blinks(state):
                continue
            if arrive(inst, scratch, kind, probe[0], here, STOP, d, probe[1]) and goes_on(
                inst, scratch, state, r, j, probe[1], d
            ):
                best = try_trial(inst, scratch, state, r, kind, copy_with(state, r, i, c, j, d), best)
    return best


@njit(helper=True)
def fits_on(inst: GeneralInstance, state: GeneralState, r: Number, i: Number, c: Number) -> bool:
    """Return whether what is fetched at client c fits on board on leg i of row r."""
    row, dimensions = inst.vehicle[state.route[r, KIND]], inst.amount.shape[1] // 2
    fits = True
    for q in range(dimensions):
        fits = fits and state.load[r, i, CARRIED, q] + inst.amount[c, dimensions + q] <= row[CAPACITY + q]
    return fits


@njit(helper=True, called=True)
def try_rows_of(
    inst: GeneralInstance, scratch: Scratch, state: GeneralState, near_of: Number, c: Number, d: Number, best: Number
) -> tuple[Number, Number]:
    """Try client c (with d, unless -1) in the rows of the clients near `near_of`; return the best cost and row."""
    best_r = np.int64(-1)
    for k in range(inst.near.shape[1]):
        v = np.int64(inst.near[near_of, k])
        if v < 0:
            break
        r = state.client[v, ON]
        if r < 0 or inst.allowed[state.route[r, KIND], c] == 0:
            continue
        fresh = state.row[r, TRIED_IN] != state.counter[TRIED]
        state.row[r, TRIED_IN] = state.counter[TRIED]
        before = best
        if d >= 0:
            if fresh:
                best = try_pair(inst, scratch, state, r, c, d, best)
        else:
            best = try_leg(inst, scratch, state, r, state.client[v, AT], c, best)
            best = try_leg(inst, scratch, state, r, state.client[v, AT] - 1, c, best)
            if fresh:
                best = try_leg(inst, scratch, state, r, np.int64(0), c, best)
                best = try_leg(inst, scratch, state, r, state.route[r, COUNT], c, best)
        if best < before:
            best_r = r
    return best, best_r


@njit(helper=True, called=True)
def insert_unit(inst: GeneralInstance, scratch: Scratch, state: GeneralState, c: Number) -> None:
    """Insert client c (with its delivery, if it is a pick-up) where it costs least, unless its prize is less."""
    d = inst.stop[c, PARTNER]
    prize = inst.stop[c, PRIZE] + (inst.stop[d, PRIZE] if d >= 0 else 0)
    best, best_r, best_kind = prize, np.int64(-2), np.int64(-1)
    types = len(inst.vehicle)
    if state.total[USED] < len(state.row):
        begin = int(draw(state.random) * types) if types > MOST_TYPES else 0
        for step in range(min(types, MOST_TYPES)):
            kind = (begin + step) % types
            if state.used[kind] >= inst.vehicle[kind, VEHICLES] or inst.allowed[kind, c] == 0:
                continue
            state.draft[TRIAL, 0] = c
            if d >= 0:
                state.draft[TRIAL, 1] = d
            before = best
            best = try_trial(inst, scratch, state, np.int64(-1), kind, 2 if d >= 0 else 1, best)
            if best < before:
                best_r, best_kind = np.int64(-1), np.int64(kind)
    state.counter[TRIED] += 1
    best, r = try_rows_of(inst, scratch, state, c, c, d, best)
    best_r = r if r >= 0 else best_r
    if d >= 0:
        best, r = try_rows_of(inst, scratch, state, d, c, d, best)
        best_r = r if r >= 0 else best_r
    if best_r == -2:
        return
    r = best_r if best_r >= 0 else open_row(state, best_kind)
    touch_row(state, r)
    n = state.counter[CHOSEN_LENGTH]
    state.route[r, COUNT] = n
    for i in range(n):
        state.tours[NOW, r, i] = state.draft[CHOSEN, i]
    before = state.route[r, COST_OF]
    settle_row(inst, scratch, state, r)
    longest = state.total[LONGEST]
    if inst.balance > 0:
        longest = longest_of(state)
    state.total[COSTS] += state.route[r, COST_OF] - before - prize + inst.balance * (longest - state.total[LONGEST])
    state.total[LONGEST] = longest


@njit(helper=True, called=True)
def longest_of(state: GeneralState) -> Number:
    """Return the longest duration of all rows in use."""
    longest = np.int64(0)
    for s in range(state.total[USED]):
        longest = max(longest, state.route[state.row[s, SLOT], SPAN])
    return longest


@njit(helper=True, called=True)
def touch_row(state: GeneralState, r: Number) -> None:
    """Remember row r as it was before this step."""
    if state.row[r, TOUCHED_IN] == state.counter[STEP]:
        return
    state.row[r, TOUCHED_IN] = state.counter[STEP]
    i = state.counter[TOUCHED]
    state.counter[TOUCHED] += 1
    state.row[i, CHANGED] = r
    for k in range(state.route.shape[1]):
        state.saved[i, k] = state.route[r, k]
    for k in range(state.route[r, COUNT]):
        state.tours[SAVED, i, k] = state.tours[NOW, r, k]


@njit(helper=True, called=True)
def open_row(state: GeneralState, kind: Number) -> Number:
    """Take a free row for a vehicle of type `kind`."""
    r = state.row[state.total[USED], SLOT]
    touch_row(state, r)
    state.total[USED] += 1
    state.used[kind] += 1
    state.route[r, :] = 0
    state.route[r, KIND] = kind
    return r


@njit(helper=True, called=True)
def close_row(state: GeneralState, r: Number) -> None:
    """Give row r back."""
    state.used[state.route[r, KIND]] -= 1
    state.route[r, :] = 0
    state.route[r, KIND] = -1
    state.total[USED] -= 1
    last = state.row[state.total[USED], SLOT]
    here = state.row[r, SLOT_OF]
    state.row[here, SLOT], state.row[state.total[USED], SLOT] = last, r
    state.row[last, SLOT_OF], state.row[r, SLOT_OF] = here, state.total[USED]


@njit(helper=True, called=True)
def leave_absent(state: GeneralState, c: Number) -> None:
    """Take unit c off the list of the absent."""
    place = state.client[c, WHERE]
    if place < 0:
        return
    state.total[ABSENT] -= 1
    moved = state.client[state.total[ABSENT], MISSING]
    state.client[place, MISSING] = moved
    state.client[moved, WHERE] = place
    state.client[c, WHERE] = -1


@njit(helper=True, called=True)
def join_absent(state: GeneralState, c: Number) -> None:
    """Put unit c on the list of the absent."""
    if state.client[c, WHERE] < 0:
        state.client[c, WHERE] = state.total[ABSENT]
        state.client[state.total[ABSENT], MISSING] = c
        state.total[ABSENT] += 1
