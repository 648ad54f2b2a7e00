"""Compiled changes of the routes of a day, undone from a log where a step is refused."""

from __future__ import annotations

from solvers.compiled import njit
from solvers.inventory_routing.state import LOGGED, STEP, VERSION, Case, State
from solvers.routing.kernel_types import Number

CLOSED = 1e15


@njit(helper=True, called=True)
def remember(state: State, t: Number, k: Number) -> None:
    """Remember a route as it was before this step."""
    if state.kept_step[t, k] != state.counter[STEP]:
        state.kept_step[t, k] = state.counter[STEP]
        length = state.length[t, k]
        for p in range(length):
            state.kept_tour[t, k, p] = state.tour[t, k, p]
        state.kept_length[t, k] = length
        state.kept_load[t, k] = state.load[t, k]
        state.kept_version[t, k] = state.version[t, k]
        state.log[state.counter[LOGGED], 0] = t
        state.log[state.counter[LOGGED], 1] = k
        state.counter[LOGGED] += 1


@njit(helper=True)
def keep(state: State, t: Number, k: Number) -> None:
    """Remember a route as it was before this step, and give it a new version."""
    remember(state, t, k)
    state.counter[VERSION] += 1
    state.version[t, k] = state.counter[VERSION]


@njit(helper=True, called=True)
def take_out(case: Case, state: State, t: Number, i: Number) -> Number:
    """Take customer i off its route of day t; return the change of distance. Its units stay noted."""
    k, p = state.vehicle[t, i], state.place[t, i]
    keep(state, t, k)
    length = state.length[t, k]
    a = state.tour[t, k, p - 1] if p > 0 else 0
    b = state.tour[t, k, p + 1] if p + 1 < length else 0
    for s in range(p, length - 1):
        moved = state.tour[t, k, s + 1]
        state.tour[t, k, s] = moved
        state.place[t, moved] = s
    state.length[t, k] = length - 1
    state.load[t, k] -= state.units[t, i]
    state.vehicle[t, i] = -1
    return case.distance[a, b] - case.distance[a, i] - case.distance[i, b]


@njit(helper=True, called=True)
def put_in(case: Case, state: State, t: Number, k: Number, p: Number, i: Number) -> Number:
    """Put customer i with its noted units at place p of route k; return the change of distance."""
    keep(state, t, k)
    length = state.length[t, k]
    a = state.tour[t, k, p - 1] if p > 0 else 0
    b = state.tour[t, k, p] if p < length else 0
    for s in range(length, p, -1):
        moved = state.tour[t, k, s - 1]
        state.tour[t, k, s] = moved
        state.place[t, moved] = s
    state.tour[t, k, p] = i
    state.place[t, i] = p
    state.vehicle[t, i] = k
    state.length[t, k] = length + 1
    state.load[t, k] += state.units[t, i]
    return case.distance[a, i] + case.distance[i, b] - case.distance[a, b]


@njit(helper=True, called=True)
def look_up(case: Case, state: State, t: Number, k: Number, i: Number) -> Number:
    """Return the cheapest detour of route k by customer i; its place stands in `known_place`."""
    if state.known_version[t, k, i] == state.version[t, k]:
        return state.known_cost[t, k, i]
    least, place, before = CLOSED, 0, 0
    length = state.length[t, k]
    for p in range(length + 1):
        after = state.tour[t, k, p] if p < length else 0
        detour = case.distance[before, i] + case.distance[i, after] - case.distance[before, after]
        if detour < least:
            least, place = detour, p
        before = after
    state.known_version[t, k, i] = state.version[t, k]
    state.known_cost[t, k, i] = least
    state.known_place[t, k, i] = place
    return least


@njit(helper=True, called=True)
def revert_routes(state: State) -> None:
    """Put every route back as it was before this step."""
    for entry in range(state.counter[LOGGED]):
        t, k = state.log[entry, 0], state.log[entry, 1]
        for p in range(state.length[t, k]):
            i = state.tour[t, k, p]
            if state.vehicle[t, i] == k:
                state.vehicle[t, i] = -1
    for entry in range(state.counter[LOGGED]):
        t, k = state.log[entry, 0], state.log[entry, 1]
        state.length[t, k] = state.kept_length[t, k]
        state.load[t, k] = state.kept_load[t, k]
        state.version[t, k] = state.kept_version[t, k]
        for p in range(state.length[t, k]):
            i = state.kept_tour[t, k, p]
            state.tour[t, k, p] = i
            state.place[t, i] = p
            state.vehicle[t, i] = k


@njit(helper=True, called=True)
def reverse_part(state: State, t: Number, k: Number, first: Number, last: Number) -> None:
    """Turn the part between two places of a route round."""
    keep(state, t, k)
    while first < last:
        i, j = state.tour[t, k, first], state.tour[t, k, last]
        state.tour[t, k, first], state.tour[t, k, last] = j, i
        state.place[t, j], state.place[t, i] = first, last
        first += 1
        last -= 1


@njit(helper=True, called=True)
def swap_tails(state: State, t: Number, one: Number, cut_one: Number, other: Number, cut_other: Number) -> None:
    """Exchange what follows place `cut_one` - 1 of a route and `cut_other` - 1 of another; loads too."""
    keep(state, t, one)
    keep(state, t, other)
    # the copies of both routes that `keep` made are those of this step: read from them
    long_one, long_other = state.kept_length[t, one], state.kept_length[t, other]
    head_one, head_other = 0, 0
    for p in range(cut_one):
        head_one += state.units[t, state.kept_tour[t, one, p]]
    for p in range(cut_other):
        head_other += state.units[t, state.kept_tour[t, other, p]]
    for p in range(cut_other, long_other):
        i = state.kept_tour[t, other, p]
        state.tour[t, one, cut_one + p - cut_other] = i
        state.place[t, i] = cut_one + p - cut_other
        state.vehicle[t, i] = one
    for p in range(cut_one, long_one):
        i = state.kept_tour[t, one, p]
        state.tour[t, other, cut_other + p - cut_one] = i
        state.place[t, i] = cut_other + p - cut_one
        state.vehicle[t, i] = other
    load_one, load_other = state.kept_load[t, one], state.kept_load[t, other]
    state.length[t, one] = cut_one + long_other - cut_other
    state.length[t, other] = cut_other + long_one - cut_one
    state.load[t, one] = head_one + load_other - head_other
    state.load[t, other] = head_other + load_one - head_one
