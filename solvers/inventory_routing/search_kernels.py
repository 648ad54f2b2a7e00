"""Compiled annealing over plans: visits leave and return, routes of a day are rebuilt, turned and recombined."""

from __future__ import annotations

import math

import numpy as np

from solvers.compiled import njit
from solvers.inventory_routing.state import (
    BEST,
    BLINK,
    CLOSED_DAY,
    DAY_SHARE,
    HOLDING,
    LOGGED,
    MOST_REMOVED,
    OVERLOAD,
    OVERLOAD_PRICE,
    OVERLOADED,
    ROUTING,
    SHORT,
    SHORTAGE,
    SHORTAGE_PRICE,
    STEP,
    WHOLE_ROUTE,
    Case,
    Floats,
    Ints,
    Labels,
    Removal,
    State,
)
from solvers.inventory_routing.tour_kernels import (
    CLOSED,
    look_up,
    put_in,
    reverse_part,
    revert_routes,
    swap_tails,
    take_out,
)
from solvers.inventory_routing.visit_kernels import IMPOSSIBLE, place_visits
from solvers.routing.kernel_types import Number
from solvers.routing.route_kernels import draw

_NEAREST = 12


@njit(helper=True, called=True)
def pick(state: State, number: Number) -> Number:
    """Return a whole number below `number`."""
    return min(int(draw(state.random) * number), number - 1)


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
def give_visits(
    case: Case, state: State, labels: Labels, settings: Floats, i: Number, shut_day: Number, shut_vehicle: Number
) -> Number:
    """Give an unvisited customer its visits; return the change of distance. `held` and `shipped` are kept up."""
    days, vehicles = labels.detour.shape
    gone = 0
    for t in range(days):
        gone += state.shipped[t]
        labels.room_left[t] = case.available[t] - gone
        labels.open_day[t] = draw(state.random) >= settings[CLOSED_DAY]
        empty_seen = False
        for k in range(vehicles):
            detour = CLOSED
            if state.length[t, k] > 0:
                if draw(state.random) >= settings[BLINK]:
                    detour = look_up(case, state, t, k, i)
            elif not empty_seen:
                detour = look_up(case, state, t, k, i)
                empty_seen = True
            labels.detour[t, k] = detour
        if t == shut_day:
            labels.detour[t, shut_vehicle] = CLOSED
    mean = max(case.until[i, days] // days, 1)
    if draw(state.random) < 0.25:
        offset = pick(state, mean)
    else:
        offset = (state.load[pick(state, days), pick(state, vehicles)] - case.capacity) % mean
    overload, short = settings[OVERLOAD_PRICE], settings[SHORTAGE_PRICE]
    held = place_visits(case, state, labels, i, offset, overload, short)
    if held <= IMPOSSIBLE:
        for t in range(days):
            labels.open_day[t] = True
            for k in range(vehicles):
                labels.detour[t, k] = look_up(case, state, t, k, i)
        held = place_visits(case, state, labels, i, offset, overload, short)
    state.held[i] = held
    change = 0.0
    for t in range(days):
        x = labels.quantity[t]
        if x > 0:
            k = labels.choice[t]
            look_up(case, state, t, k, i)
            place = state.known_place[t, k, i]
            state.units[t, i] = x
            state.shipped[t] += x
            change += put_in(case, state, t, k, place, i)
    return change


@njit(helper=True)
def excess(load: Number, capacity: Number) -> Number:
    """Return the units above the capacity."""
    return load - capacity if load > capacity else 0


@njit(helper=True, called=True)
def overload_of(case: Case, state: State) -> Number:
    """Return the units above the vehicles' capacity, all days."""
    over = 0.0
    for t in range(state.load.shape[0]):
        for k in range(state.load.shape[1]):
            if state.load[t, k] > case.capacity:
                over += state.load[t, k] - case.capacity
    return over


@njit(helper=True, called=True)
def shortage_of(case: Case, state: State) -> Number:
    """Return the units that leave the depot before it has them, summed over days."""
    short, gone = 0.0, 0
    for t in range(state.shipped.shape[0]):
        gone += state.shipped[t]
        if gone > case.available[t]:
            short += gone - case.available[t]
    return short


@njit(helper=True, called=True)
def note_best(state: State) -> None:
    """Keep the plan where it is feasible and the best so far."""
    total = state.total
    if total[OVERLOAD] > 0 or total[SHORTAGE] > 0 or total[ROUTING] + total[HOLDING] >= total[BEST] - 1e-6:
        return
    total[BEST] = total[ROUTING] + total[HOLDING]
    for t in range(state.load.shape[0]):
        for k in range(state.load.shape[1]):
            state.best_length[t, k] = state.length[t, k]
            for p in range(state.length[t, k]):
                i = state.tour[t, k, p]
                state.best_tour[t, k, p] = i
                state.best_units[t, i] = state.units[t, i]


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
    if change + settings[OVERLOAD_PRICE] * over < margin:
        swap_tails(state, t, one, p + 1, other, s)
        total[ROUTING] += change
        total[OVERLOAD] += over
        note_best(state)


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
    total = state.total
    routing = 0.0
    for a in range(number):
        routing += take_out(case, state, t, removal.customer[a])
    sort_removed(case, state, removal, number, state.units[t])
    for a in range(number):
        i = removal.customer[a]
        least, chosen, empty_seen = 2.0 * CLOSED, 0, False
        for k in range(state.load.shape[1]):
            value = 0.0
            if state.length[t, k] > 0:
                value = look_up(case, state, t, k, i)
                if draw(state.random) < settings[BLINK]:
                    value = CLOSED
            elif not empty_seen:
                value = look_up(case, state, t, k, i)
                empty_seen = True
            else:
                continue
            over = state.load[t, k] + state.units[t, i] - case.capacity
            if over > 0:
                value += settings[OVERLOAD_PRICE] * min(over, state.units[t, i])
            if value < least:
                least, chosen = value, k
        look_up(case, state, t, chosen, i)
        place = state.known_place[t, chosen, i]
        routing += put_in(case, state, t, chosen, place, i)
    over = overload_of(case, state)
    if routing + settings[OVERLOAD_PRICE] * (over - total[OVERLOAD]) < margin:
        total[ROUTING] += routing
        total[OVERLOAD] = over
        note_best(state)
    else:
        revert_routes(state)


@njit(allocates=False)
def fill_plan(case: Case, state: State, labels: Labels, settings: Floats, order: Ints) -> None:
    """Give every customer its visits, one after the other in `order` [N]; `state` must be without visits."""
    total = state.total
    for i in order:
        state.counter[STEP] += 1
        state.counter[LOGGED] = 0
        total[ROUTING] += give_visits(case, state, labels, settings, i, -1, -1)
        total[HOLDING] += state.held[i]
    total[OVERLOAD] = overload_of(case, state)
    total[SHORTAGE] = shortage_of(case, state)
    note_best(state)


@njit(allocates=False)
def anneal(
    case: Case,
    state: State,
    labels: Labels,
    removal: Removal,
    settings: Floats,
    weight: Ints,
    steps: int,
    temperature: float,
) -> None:
    """Do `steps` steps at a temperature (money); `state.counter` counts the steps that ended infeasible.

    A step is kept when its change of penalised cost is below temperature x an exponential number
    (Metropolis). `weight` [N + 1] is what sorts customers as heavy.
    """
    days, customers = state.shipped.shape[0], case.until.shape[0] - 1
    state.counter[OVERLOADED] = 0
    state.counter[SHORT] = 0
    for _ in range(steps):
        state.counter[STEP] += 1
        state.counter[LOGGED] = 0
        margin = -temperature * math.log(1.0 - draw(state.random))
        if draw(state.random) >= settings[DAY_SHARE]:
            visits_step(case, state, labels, removal, settings, weight, margin)
        else:
            t, c = pick(state, days), 1 + pick(state, customers)
            if state.vehicle[t, c] >= 0:
                if draw(state.random) < 0.5:
                    exchange_step(case, state, t, c, settings, margin)
                else:
                    day_step(case, state, removal, settings, t, c, margin)
        if state.total[OVERLOAD] > 0:
            state.counter[OVERLOADED] += 1
        if state.total[SHORTAGE] > 0:
            state.counter[SHORT] += 1
