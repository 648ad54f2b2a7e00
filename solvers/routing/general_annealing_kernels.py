"""Ruin and recreate under annealing over routes that are priced as a whole; rejected steps put saved rows back."""

from __future__ import annotations

import math

import numpy as np

from solvers.compiled import njit
from solvers.routing.general_insertion_kernels import (
    close_row,
    insert_unit,
    join_absent,
    leave_absent,
    longest_of,
    longest_with,
    open_row,
    settle_row,
    touch_row,
)
from solvers.routing.general_instance import (
    BREAKS,
    ORIGIN,
    PARTNER,
    PRIZE,
    VEHICLES,
    GeneralInstance,
)
from solvers.routing.general_state import (
    ABSENT,
    AT,
    BEST,
    BEST_COUNT,
    BEST_KIND,
    CHANGED,
    COST_OF,
    COSTS,
    COUNT,
    DIRTY,
    FROZEN,
    HELD,
    IS_UNLIKE,
    KIND,
    LONGEST,
    MISSING,
    NOW,
    ON,
    OUT,
    PINNED,
    REMOVED,
    SAVED,
    SEEN,
    SLOT,
    SLOT_OF,
    STEP,
    TOUCHED,
    TOUCHED_IN,
    UNLIKE,
    USED,
    WHERE,
    GeneralState,
)
from solvers.routing.general_timing_kernels import (
    FROM,
    LASTS,
    Scratch,
    price,
)
from solvers.routing.kernel_types import IntArray, Number
from solvers.routing.problem import UNBOUNDED
from solvers.routing.route_kernels import draw

LONGEST_STRING = 10.0
MOST_ABSENT_TRIED = 5
"""Absent clients near the ruin that are tried in one step, at most."""
OTHER_TYPES_TRIED = 3


@njit(helper=True, called=True)
def leader(inst: GeneralInstance, state: GeneralState, c: Number) -> Number:
    """Return the client that stands for c's pair: its pick-up; c itself without one."""
    other = inst.stop[c, PARTNER]
    return other if other >= 0 and inst.stop[c, ORIGIN] >= 0 else c


@njit(helper=True, called=True)
def mark_gone(inst: GeneralInstance, state: GeneralState, c: Number) -> None:
    """Note that client c, with its partner, leaves its row in this step."""
    if state.client[c, HELD] > 0 or state.client[c, SEEN] == state.counter[STEP]:
        return
    other = inst.stop[c, PARTNER]
    state.client[c, SEEN] = state.counter[STEP]
    if other >= 0:
        state.client[other, SEEN] = state.counter[STEP]
    unit = leader(inst, state, c)
    state.client[state.counter[REMOVED], OUT] = unit
    state.counter[REMOVED] += 1
    state.total[COSTS] += inst.stop[c, PRIZE] + (inst.stop[other, PRIZE] if other >= 0 else 0)


@njit(helper=True, called=True)
def compact(inst: GeneralInstance, scratch: Scratch, state: GeneralState, r: Number) -> bool:
    """Take the clients that are gone out of row r, and idle reloads; return whether it keeps all rules."""
    tour, first = state.tours[NOW, r], inst.first_client
    kept, stops = 0, 0
    for i in range(state.route[r, COUNT]):
        v = np.int64(tour[i])
        if v >= first and state.client[v, SEEN] == state.counter[STEP] and state.client[v, HELD] == 0:
            state.client[v, ON] = -1
            continue
        if v < first and (kept == 0 or tour[kept - 1] < first):
            continue
        stops += 1 if v >= first else 0
        tour[kept] = v
        kept += 1
    while kept > 0 and tour[kept - 1] < first:
        kept -= 1
    before = state.route[r, COST_OF]
    state.route[r, COUNT] = kept
    if stops == 0:
        close_row(state, r)
        state.total[COSTS] -= before
        return True
    if not settle_row(inst, scratch, state, r):
        return False
    state.total[COSTS] += state.route[r, COST_OF] - before
    return True


@njit(helper=True, called=True)
def remove_string(inst: GeneralInstance, scratch: Scratch, state: GeneralState, c: Number, longest: Number) -> bool:
    """Remove a string of elements around client c, sometimes sparing some in the middle; return success."""
    r = state.client[c, ON]
    touch_row(state, r)
    n, first, random = state.route[r, COUNT], inst.first_client, state.random
    length = min(n, int(1.0 + draw(random) * min(float(n), longest)))
    spared = 0
    if 1 < length < n and draw(random) < 0.5:
        spared = 1
        while length + spared < n and draw(random) > 0.99:
            spared += 1
    span = length + spared
    begin = max(0, min(n - span, state.client[c, AT] - 1 - int(draw(random) * span)))
    skip = 1 + int(draw(random) * (length - 1)) if spared > 0 else span
    for k in range(span):
        v = np.int64(state.tours[NOW, r, begin + k])
        if v >= first and (k < skip or k >= skip + spared):
            mark_gone(inst, state, v)
    if compact(inst, scratch, state, r):
        return True
    # without these stops the rest breaks a rule: everybody leaves
    for i in range(state.route[r, COUNT]):
        v = np.int64(state.tours[NOW, r, i])
        if v >= first:
            mark_gone(inst, state, v)
    return compact(inst, scratch, state, r)


@njit(helper=True, called=True)
def ruin_rows(inst: GeneralInstance, scratch: Scratch, state: GeneralState, average: float) -> bool:
    """Remove strings from rows around a random client, about `average` clients; return whether all rows are well."""
    first, total, random = inst.first_client, state.total, state.random
    clients = len(inst.stop) - first
    longest = min(LONGEST_STRING, (clients - total[ABSENT]) / max(1, total[USED]))
    longest = max(1.0, longest)
    strings = int(1.0 + draw(random) * max(1.0, 4.0 * average / (1.0 + longest) - 1.0))
    centre = first + int(draw(random) * clients)
    tried, done, well = 0, 0, True
    for k in range(inst.around.shape[1]):
        c = np.int64(inst.around[centre, k])
        if c < 0 or done >= strings or not well:
            break
        r = state.client[c, ON]
        if r < 0:
            unit = leader(inst, state, c)
            if state.client[unit, WHERE] >= 0 and tried < MOST_ABSENT_TRIED:
                tried += 1
                call_absent(inst, state, unit)
        elif state.row[r, TOUCHED_IN] != state.counter[STEP]:
            well = remove_string(inst, scratch, state, c, longest)
            done += 1
    if total[ABSENT] > 0:
        call_absent(inst, state, state.client[int(draw(random) * total[ABSENT]), MISSING])
    if inst.balance > 0:
        found = longest_of(state)
        total[COSTS] += inst.balance * (found - total[LONGEST])
        total[LONGEST] = found
    return well


@njit(helper=True)
def call_absent(inst: GeneralInstance, state: GeneralState, unit: Number) -> None:
    """Let an absent unit take part in this step's insertions."""
    if state.client[unit, SEEN] != state.counter[STEP]:
        state.client[unit, SEEN] = state.counter[STEP]
        state.client[state.counter[REMOVED], OUT] = unit
        state.counter[REMOVED] += 1


@njit(helper=True, called=True)
def order_units(inst: GeneralInstance, state: GeneralState) -> None:
    """Sort the removed units by a criterion drawn at random: none, amount, farthest, nearest or shortest window."""
    drawn = draw(state.random)
    column = 0 if drawn < 0.25 else (1 if drawn < 0.4 else (2 if drawn < 0.5 else (3 if drawn < 0.7 else -1)))
    for i in range(state.counter[REMOVED]):
        c = state.client[i, OUT]
        state.order[i] = draw(state.random) if column < 0 else inst.keys[c, column]
    for i in range(1, state.counter[REMOVED]):
        key, c = state.order[i], state.client[i, OUT]
        j = i - 1
        while j >= 0 and state.order[j] > key:
            state.order[j + 1], state.client[j + 1, OUT] = state.order[j], state.client[j, OUT]
            j -= 1
        state.order[j + 1], state.client[j + 1, OUT] = key, c


@njit(helper=True, called=True)
def change_type(inst: GeneralInstance, scratch: Scratch, state: GeneralState, r: Number, kind: Number) -> bool:
    """Give row r a free vehicle of type `kind` if that costs less."""
    old = state.route[r, KIND]
    if kind == old or state.used[kind] >= inst.vehicle[kind, VEHICLES]:
        return False
    cost = price(inst, scratch, kind, state.tours[NOW, r], state.route[r, COUNT])
    gain = cost - state.route[r, COST_OF]
    if cost >= UNBOUNDED:
        return False
    longest = state.total[LONGEST]
    if inst.balance > 0:
        longest = longest_with(state, r, scratch.found[LASTS])
        gain += inst.balance * (longest - state.total[LONGEST])
    if gain >= 0:
        return False
    state.used[old] -= 1
    state.used[kind] += 1
    state.route[r, KIND] = kind
    settle_row(inst, scratch, state, r)
    state.total[COSTS] += gain
    state.total[LONGEST] = longest
    return True


@njit(helper=True, called=True)
def exchange_types(inst: GeneralInstance, scratch: Scratch, state: GeneralState, r: Number, s: Number) -> None:
    """Let rows r and s exchange their vehicles if that costs less."""
    one, other = state.route[r, KIND], state.route[s, KIND]
    if one == other:
        return
    first = price(inst, scratch, other, state.tours[NOW, r], state.route[r, COUNT])
    if first >= UNBOUNDED:
        return
    second = price(inst, scratch, one, state.tours[NOW, s], state.route[s, COUNT])
    gain = first + second - state.route[r, COST_OF] - state.route[s, COST_OF]
    if second >= UNBOUNDED or gain >= 0 or inst.balance > 0:
        return
    state.route[r, KIND], state.route[s, KIND] = other, one
    settle_row(inst, scratch, state, r)
    settle_row(inst, scratch, state, s)
    state.total[COSTS] += gain


@njit(helper=True, called=True)
def choose_types(inst: GeneralInstance, scratch: Scratch, state: GeneralState) -> None:
    """Let the touched rows try a few other vehicles, free ones and each other's."""
    types, number = len(inst.vehicle), state.counter[TOUCHED]
    for i in range(number):
        r = state.row[i, CHANGED]
        if state.route[r, KIND] < 0 or state.route[r, PINNED] > 0:
            continue
        for _ in range(min(types - 1, OTHER_TYPES_TRIED)):
            change_type(inst, scratch, state, r, np.int64(draw(state.random) * types))
        s = state.row[int(draw(state.random) * number), CHANGED]
        if state.route[s, KIND] >= 0 and state.route[s, PINNED] == 0:
            exchange_types(inst, scratch, state, r, s)


@njit(helper=True, called=True)
def take_back(inst: GeneralInstance, scratch: Scratch, state: GeneralState) -> None:
    """Put every touched row back as it was before the step."""
    first = inst.first_client
    for i in range(state.counter[TOUCHED]):
        r = state.row[i, CHANGED]
        for k in range(state.route[r, COUNT]):
            if state.tours[NOW, r, k] >= first:
                state.client[state.tours[NOW, r, k], ON] = -1
        if state.route[r, KIND] >= 0:
            close_row(state, r)
    for i in range(state.counter[TOUCHED]):
        r = state.row[i, CHANGED]
        if state.saved[i, KIND] < 0:
            continue
        # the row's place among those in use does not matter
        here, there = state.row[r, SLOT_OF], state.total[USED]
        moved = state.row[there, SLOT]
        state.row[there, SLOT], state.row[here, SLOT] = r, moved
        state.row[r, SLOT_OF], state.row[moved, SLOT_OF] = there, here
        state.total[USED] += 1
        state.used[state.saved[i, KIND]] += 1
        for k in range(state.route.shape[1]):
            state.route[r, k] = state.saved[i, k]
        for k in range(state.route[r, COUNT]):
            state.tours[NOW, r, k] = state.tours[SAVED, i, k]
        settle_row(inst, scratch, state, r)


@njit(helper=True, called=True)
def accept_step(inst: GeneralInstance, state: GeneralState) -> None:
    """Bring the list of the absent and that of rows unlike the best solution up to date."""
    for i in range(state.counter[REMOVED]):
        unit = state.client[i, OUT]
        if state.client[unit, ON] >= 0:
            leave_absent(state, unit)
        else:
            join_absent(state, unit)
    for i in range(state.counter[TOUCHED]):
        r = state.row[i, CHANGED]
        if state.row[r, IS_UNLIKE] == 0:
            state.row[r, IS_UNLIKE] = 1
            state.row[state.counter[DIRTY], UNLIKE] = r
            state.counter[DIRTY] += 1


@njit(helper=True, called=True)
def note_breaks(inst: GeneralInstance, scratch: Scratch, state: GeneralState, r: Number) -> None:
    """Note how many breaks row r takes before each leg."""
    n, kind = state.route[r, COUNT], state.route[r, KIND]
    k = inst.vehicle[kind, BREAKS]
    if k == 0:
        return
    price(inst, scratch, kind, state.tours[NOW, r], n)
    for j in range(n, -1, -1):
        state.best_taken[r, j + 1] = k
        k = scratch.clock[FROM, j + 1, k]
    state.best_taken[r, 0] = 0


@njit(helper=True, called=True)
def keep_best_rows(inst: GeneralInstance, scratch: Scratch, state: GeneralState) -> None:
    """Copy the rows that differ from the best solution, with their breaks, as this one is the best so far."""
    for i in range(state.counter[DIRTY]):
        r = state.row[i, UNLIKE]
        state.row[r, IS_UNLIKE] = 0
        state.row[r, BEST_KIND] = state.route[r, KIND]
        state.row[r, BEST_COUNT] = state.route[r, COUNT]
        for k in range(state.route[r, COUNT]):
            state.tours[BEST, r, k] = state.tours[NOW, r, k]
        if state.route[r, KIND] >= 0:
            note_breaks(inst, scratch, state, r)
    state.counter[DIRTY] = 0
    state.best_cost[0] = state.total[COSTS]


@njit(helper=True)
def begin_step(state: GeneralState) -> None:
    """Forget the step before."""
    state.counter[STEP] += 1
    state.counter[TOUCHED] = 0
    state.counter[REMOVED] = 0


@njit(helper=True)
def place_rows(inst: GeneralInstance, scratch: Scratch, state: GeneralState, rows: IntArray) -> None:
    """Open the routes `rows` [number, 4 + L] (type, 1 if pinned, frozen elements, elements; nodes, -1, -2 fills up).

    A client that breaks a rule where it stands is left out; what a row then lacks may make it shorter.
    """
    first = inst.first_client
    begin_step(state)
    for t in range(len(rows)):
        kind, n = rows[t, 0], rows[t, 3]
        if state.total[USED] >= len(state.row) or state.used[kind] >= inst.vehicle[kind, VEHICLES]:
            continue
        r = open_row(state, kind)
        for i in range(min(n, state.draft.shape[1])):
            state.tours[NOW, r, i] = rows[t, 4 + i]
        state.route[r, COUNT] = min(n, state.draft.shape[1])
        if not settle_row(inst, scratch, state, r):
            close_row(state, r)
            continue
        state.route[r, PINNED], state.route[r, FROZEN] = rows[t, 1], rows[t, 2]
        state.total[COSTS] += state.route[r, COST_OF]
        for i in range(state.route[r, COUNT]):
            c = np.int64(state.tours[NOW, r, i])
            if c >= first:
                state.total[COSTS] -= inst.stop[c, PRIZE]
                leave_absent(state, leader(inst, state, c))
    if inst.balance > 0:
        longest = longest_of(state)
        state.total[COSTS] += inst.balance * (longest - state.total[LONGEST])
        state.total[LONGEST] = longest
    state.counter[REMOVED] = 0
    accept_step(inst, state)
    keep_best_rows(inst, scratch, state)


@njit(allocates=False)
def anneal_rows(
    inst: GeneralInstance,
    scratch: Scratch,
    state: GeneralState,
    rows: IntArray,
    steps: Number,
    hot: float,
    cold: float,
    average: float,
) -> Number:
    """Run `steps` steps while the temperature falls from `hot` to `cold`; return how many were accepted.

    With 0 steps the routes `rows` are opened, see `place_rows`, all absent clients inserted, and the result is the best
    so far; with less only the first. One function for all, as each that Python calls compiles all that it calls anew.
    """
    opening = steps <= 0
    if opening:
        place_rows(inst, scratch, state, rows)
        if steps < 0:
            return 0
    cooling = (cold / hot) ** (1.0 / max(1, steps))
    temperature, accepted = hot, 0
    for _ in range(1 if opening else steps):
        begin_step(state)
        before, longest = state.total[COSTS], state.total[LONGEST]
        well = True
        if opening:
            for i in range(state.total[ABSENT]):
                call_absent(inst, state, state.client[i, MISSING])
        else:
            well = ruin_rows(inst, scratch, state, average)
        temperature *= cooling
        limit = -temperature * math.log(draw(state.random) + 1e-300)
        order_units(inst, state)
        if well:
            for i in range(state.counter[REMOVED]):
                insert_unit(inst, scratch, state, state.client[i, OUT])
            if len(inst.vehicle) > 1:
                choose_types(inst, scratch, state)
        if opening or (well and state.total[COSTS] - before < limit):
            accepted += 1
            accept_step(inst, state)
            if opening or state.total[COSTS] < state.best_cost[0]:
                keep_best_rows(inst, scratch, state)
        else:
            take_back(inst, scratch, state)
            state.total[COSTS], state.total[LONGEST] = before, longest
    return accepted
