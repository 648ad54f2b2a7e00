"""Compiled steps of annealing: visits leave and return, routes of a day are rebuilt, turned and recombined."""

from __future__ import annotations

import numpy as np

from solvers.compiled import njit
from solvers.inventory_routing.give_kernels import (
    excess,
    give_visit,
    give_visits,
    note_best,
    overload_of,
    pick,
    shortage_of,
)
from solvers.inventory_routing.shift_kernels import moved_holding, relieve_changed, revert_shifts
from solvers.inventory_routing.state import (
    BLINK,
    HOLDING,
    MOST_REMOVED,
    MOVED,
    OVERLOAD,
    OVERLOAD_PRICE,
    ROUTING,
    SHORTAGE,
    SHORTAGE_PRICE,
    WHOLE_ROUTE,
    Case,
    Floats,
    Ints,
    Labels,
    Removal,
    State,
)
from solvers.inventory_routing.tour_kernels import (
    reverse_part,
    revert_routes,
    swap_tails,
    take_out,
)
from solvers.routing.kernel_types import Number
from solvers.routing.route_kernels import draw

_NEAREST = 12


@njit(helper=True, called=True)
def sort_removed(case: Case, state: State, removal: Removal, number: Number, weight: Ints) -> None:
    """Order the removed customers: by chance, the heaviest first, or the farthest first."""
    order = draw(state.random)
    for a in range(number):
        i = removal.customer[a]
        if order < 0.4:
            removal.key[a] = draw(state.random)
        elif order < 0.7:
            removal.key[a] = -float(weight[i])
        else:
            removal.key[a] = -case.distance[0, i]
    for a in range(1, number):
        b, key, customer = a, removal.key[a], removal.customer[a]
        while b > 0 and key < removal.key[b - 1]:
            removal.key[b] = removal.key[b - 1]
            removal.customer[b] = removal.customer[b - 1]
            b -= 1
        removal.key[b] = key
        removal.customer[b] = customer


@njit(helper=True, called=True)
def choose_customers(case: Case, state: State, removal: Removal, settings: Floats) -> Number:
    """Write the customers that lose their visits: near ones, or those of a route; return their number.

    `removal.key[0]` and `[1]` say which route of which day, -1 where none.
    """
    customers = case.until.shape[0] - 1
    first = 1 + pick(state, customers)
    removal.key[0], removal.key[1] = -1.0, -1.0
    if draw(state.random) < settings[WHOLE_ROUTE]:
        t = pick(state, state.load.shape[0])
        one, other = pick(state, state.load.shape[1]), pick(state, state.load.shape[1])
        if state.length[t, other] > 0 and (state.length[t, one] == 0 or state.load[t, other] < state.load[t, one]):
            one = other
        if state.length[t, one] == 0:
            return 0
        removal.key[0], removal.key[1] = float(t), float(one)
        for p in range(state.length[t, one]):
            removal.customer[p] = state.tour[t, one, p]
        return state.length[t, one]
    wanted = 1
    if draw(state.random) > 0.35:
        wanted = 1 + pick(state, int(settings[MOST_REMOVED]))
    skip = 0.0 if draw(state.random) < 0.5 else 0.5
    removal.customer[0] = first
    number = 1
    for a in range(case.near.shape[1]):
        if number >= min(wanted, customers):
            break
        if draw(state.random) >= skip:
            removal.customer[number] = case.near[first, a]
            number += 1
    return number


@njit(helper=True, called=True)
def settle(case: Case, state: State, settings: Floats, routing: Number, margin: Number) -> None:
    """Relieve overloaded routes, then keep what was done to the routes of a day if it is worth it, or take it back."""
    total = state.total
    routing += relieve_changed(case, state)
    holding = moved_holding(state)
    over, short = overload_of(case, state), total[SHORTAGE]
    if state.counter[MOVED] > 0:
        short = shortage_of(case, state)
    change = (
        routing
        + holding
        + settings[OVERLOAD_PRICE] * (over - total[OVERLOAD])
        + settings[SHORTAGE_PRICE] * (short - total[SHORTAGE])
    )
    if change < margin:
        total[ROUTING] += routing
        total[HOLDING] += holding
        total[OVERLOAD], total[SHORTAGE] = over, short
        note_best(state)
    else:
        revert_shifts(state)
        revert_routes(state)


@njit(helper=True, called=True)
def visits_step(
    case: Case, state: State, labels: Labels, removal: Removal, settings: Floats, weight: Ints, margin: Number
) -> None:
    """Take customers out of the whole horizon and give them visits again; keep the plan if it is worth it."""
    days = state.shipped.shape[0]
    number = choose_customers(case, state, removal, settings)
    if number == 0:
        return
    shut_day, shut_vehicle = int(removal.key[0]), int(removal.key[1])
    sort_removed(case, state, removal, number, weight)
    total = state.total
    routing, holding = 0.0, 0.0
    for t in range(days):
        removal.shipped[t] = state.shipped[t]
    for a in range(number):
        i = removal.customer[a]
        removal.held[a] = state.held[i]
        holding -= state.held[i]
        for t in range(days):
            removal.units[a, t] = state.units[t, i]
            if state.units[t, i] > 0:
                routing += take_out(case, state, t, i)
                state.shipped[t] -= state.units[t, i]
                state.units[t, i] = 0
    for a in range(number):
        i = removal.customer[a]
        routing += give_visits(case, state, labels, settings, i, shut_day, shut_vehicle)
        holding += state.held[i]
    routing += relieve_changed(case, state)
    holding += moved_holding(state)
    over, short = overload_of(case, state), shortage_of(case, state)
    change = (
        routing
        + holding
        + settings[OVERLOAD_PRICE] * (over - total[OVERLOAD])
        + settings[SHORTAGE_PRICE] * (short - total[SHORTAGE])
    )
    if change < margin:
        total[ROUTING] += routing
        total[HOLDING] += holding
        total[OVERLOAD], total[SHORTAGE] = over, short
        note_best(state)
        return
    revert_shifts(state)
    for a in range(number):
        i = removal.customer[a]
        state.held[i] = removal.held[a]
        for t in range(days):
            state.units[t, i] = removal.units[a, t]
    for t in range(days):
        state.shipped[t] = removal.shipped[t]
    revert_routes(state)


@njit(helper=True, called=True)
def exchange_step(case: Case, state: State, t: Number, c: Number, settings: Floats, margin: Number) -> None:
    """Join customer c to a near one: turn the part between (2-opt) or exchange tails (2-opt*)."""
    j = case.near[c, pick(state, min(case.near.shape[1], _NEAREST))]
    if state.vehicle[t, j] < 0:
        return
    distance, total = case.distance, state.total
    one, other = state.vehicle[t, c], state.vehicle[t, j]
    p, s = state.place[t, c], state.place[t, j]
    if one == other:
        p, s = np.minimum(p, s), np.maximum(p, s)
        a, b = state.tour[t, one, p], state.tour[t, one, s]
        after_a = state.tour[t, one, p + 1]
        after_b = state.tour[t, one, s + 1] if s + 1 < state.length[t, one] else 0
        change = distance[a, b] + distance[after_a, after_b] - distance[a, after_a] - distance[b, after_b]
        if s > p + 1 and change < margin:
            reverse_part(state, t, one, p + 1, s)
            total[ROUTING] += change
            note_best(state)
        return
    after_c = state.tour[t, one, p + 1] if p + 1 < state.length[t, one] else 0
    before_j = state.tour[t, other, s - 1] if s > 0 else 0
    change = distance[c, j] + distance[before_j, after_c] - distance[c, after_c] - distance[before_j, j]
    if change - settings[OVERLOAD_PRICE] * total[OVERLOAD] >= margin:
        return
    head_c, head_j = 0, 0
    for place in range(p + 1):
        head_c += state.units[t, state.tour[t, one, place]]
    for place in range(s):
        head_j += state.units[t, state.tour[t, other, place]]
    capacity = case.capacity
    new_one, new_other = head_c + state.load[t, other] - head_j, head_j + state.load[t, one] - head_c
    over = excess(new_one, capacity) + excess(new_other, capacity)
    over -= excess(state.load[t, one], capacity) + excess(state.load[t, other], capacity)
    if change + settings[OVERLOAD_PRICE] * min(over, 0) >= margin:
        return
    swap_tails(state, t, one, p + 1, other, s)
    settle(case, state, settings, change, margin)


@njit(helper=True, called=True)
def day_step(
    case: Case, state: State, removal: Removal, settings: Floats, t: Number, c: Number, margin: Number
) -> None:
    """Take some stops of one day out, a string of a route or near ones, and put them back with the same units."""
    wanted = 1 + pick(state, 8)
    number = 0
    if draw(state.random) < 0.5:
        string = state.vehicle[t, c]
        length = state.length[t, string]
        wanted = min(wanted, length)
        start = max(0, min(length - wanted, state.place[t, c] - pick(state, wanted)))
        for p in range(wanted):
            removal.customer[number] = state.tour[t, string, start + p]
            number += 1
    else:
        removal.customer[0] = c
        number = 1
        for a in range(case.near.shape[1]):
            if number >= wanted:
                break
            if state.vehicle[t, case.near[c, a]] >= 0:
                removal.customer[number] = case.near[c, a]
                number += 1
    routing = 0.0
    for a in range(number):
        routing += take_out(case, state, t, removal.customer[a])
    sort_removed(case, state, removal, number, state.units[t])
    for a in range(number):
        i = removal.customer[a]
        routing += give_visit(case, state, settings, t, i, settings[BLINK])
    settle(case, state, settings, routing, margin)
