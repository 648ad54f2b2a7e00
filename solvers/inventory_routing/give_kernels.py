"""Compiled: a customer gets visits where they cost least; what a plan costs and breaks."""

from __future__ import annotations

from solvers.compiled import njit
from solvers.inventory_routing.state import (
    BEST,
    BLINK,
    CLOSED_DAY,
    HOLDING,
    OVERLOAD,
    OVERLOAD_PRICE,
    ROUTING,
    SHORTAGE,
    SHORTAGE_PRICE,
    Case,
    Floats,
    Labels,
    State,
)
from solvers.inventory_routing.tour_kernels import (
    CLOSED,
    look_up,
    put_in,
)
from solvers.inventory_routing.visit_kernels import IMPOSSIBLE, place_visits
from solvers.routing.kernel_types import Number
from solvers.routing.route_kernels import draw


@njit(helper=True, called=True)
def pick(state: State, number: Number) -> Number:
    """Return a whole number below `number`."""
    return min(int(draw(state.random) * number), number - 1)


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
def give_visit(case: Case, state: State, settings: Floats, t: Number, i: Number, blink: Number) -> Number:
    """Put a customer with its noted units where day t pays least for it; return the change of distance."""
    least, chosen, empty_seen = 2.0 * CLOSED, 0, False
    for k in range(state.load.shape[1]):
        value = 0.0
        if state.length[t, k] > 0:
            value = look_up(case, state, t, k, i)
            if draw(state.random) < blink:
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
    return put_in(case, state, t, chosen, state.known_place[t, chosen, i], i)


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
