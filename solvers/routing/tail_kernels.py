"""Exchange of tails: where a string has left, a route goes on with what follows a near client of another route.

The move is 2-opt* (Potvin, Rousseau 1995), made between ruin and recreate; with an unused vehicle it splits a route,
and where one head and the other tail are empty it joins two. Removing ten clients cannot change the number
of routes or cross two long ones; where time matters good solutions differ in just that.
"""

from __future__ import annotations

import numpy as np

from solvers.compiled import njit
from solvers.routing.instance import (
    BACKHAULED,
    CAPACITY,
    CHOOSY,
    COST,
    FINISH,
    FIXED,
    MAX_STOPS,
    MIXED,
    PROFILE,
    RELOADED,
    START,
    TIMED,
    WAGE,
    Instance,
)
from solvers.routing.kernel_types import Number
from solvers.routing.problem import UNBOUNDED
from solvers.routing.route_kernels import count_banned, draw, leg, measure, refresh
from solvers.routing.ruin_kernels import EXCHANGED_TAILS, LOGGED, TOUCHED, Workspace, touch
from solvers.routing.state import (
    AHEAD,
    AHEAD_EARLY,
    BEHIND_LATE,
    COUNT,
    DISTANCE,
    DURATION,
    FIRST,
    GOOD,
    KIND,
    LAST,
    LOAD,
    NEXT,
    NEXT_FREE,
    PREVIOUS,
    ROUTE,
    TO_NEXT,
    TO_PREVIOUS,
    USED,
    State,
)

BLINKS = 0.2
"""Share of the places that are overlooked when the best one for an exchange is sought."""


@njit(helper=True)
def exchanges(instance: Instance) -> bool:
    """Return whether tails are exchanged: where time matters, unless the order on a route follows other rules too."""
    return instance.features & (TIMED | MIXED | BACKHAULED) == TIMED


@njit(helper=True)
def measured(instance: Instance, state: State, r: Number) -> Number:
    """Return the distance of route r, added up."""
    length = np.int64(0)
    v = state.route[r, FIRST]
    while v >= instance.first_client:
        length += state.node[v, TO_PREVIOUS]
        v = np.int64(state.node[v, NEXT])
    return length + np.int64(state.node[state.route[r, LAST], TO_NEXT]) if state.route[r, COUNT] > 0 else length


@njit(helper=True, called=True)
def exchange_tails(instance: Instance, state: State, r: Number, a: Number, s: Number, b: Number) -> None:
    """Let what follows a on route r and what follows b on route s change places; done twice, nothing has changed.

    A depot as a or b stands for the start of the route. A route without clients must be its type's first unused one.
    """
    node, route, first = state.node, state.route, instance.first_client
    tail_r = np.int64(node[a, NEXT]) if a >= first else route[r, FIRST]
    tail_s = np.int64(node[b, NEXT]) if b >= first else route[s, FIRST]
    last_r, last_s = route[r, LAST], route[s, LAST]
    had_r, had_s = route[r, COUNT] > 0, route[s, COUNT] > 0
    for side in range(2):
        v, old, new = (tail_r, r, s) if side == 0 else (tail_s, s, r)
        while v >= first:
            node[v, ROUTE] = new
            route[old, COUNT] -= 1
            route[new, COUNT] += 1
            for q in range(instance.amount.shape[1]):
                route[old, LOAD + q] -= instance.amount[v, q]
                route[new, LOAD + q] += instance.amount[v, q]
            if instance.features & CHOOSY:
                count_banned(instance, state, v, old, -1)
                count_banned(instance, state, v, new, 1)
            v = np.int64(node[v, NEXT])
    for side in range(2):
        new, head, tail, last, had = (r, a, tail_s, last_s, had_r) if side == 0 else (s, b, tail_r, last_r, had_s)
        vehicle = instance.vehicle[route[new, KIND]]
        profile = vehicle[PROFILE]
        begin = head if head >= first else vehicle[START]
        if tail >= first:
            gap = leg(instance.matrix, instance.points, instance.metric, profile, begin, tail)
            node[tail, PREVIOUS] = begin
            node[tail, TO_PREVIOUS] = gap
            node[last, NEXT] = vehicle[FINISH]
            node[last, TO_NEXT] = leg(instance.matrix, instance.points, instance.metric, profile, last, vehicle[FINISH])
            route[new, LAST] = last
            if head >= first:
                node[head, NEXT] = tail
                node[head, TO_NEXT] = gap
            else:
                route[new, FIRST] = tail
        elif head >= first:
            node[head, NEXT] = vehicle[FINISH]
            node[head, TO_NEXT] = leg(instance.matrix, instance.points, instance.metric, profile, head, vehicle[FINISH])
            route[new, LAST] = head
        else:
            route[new, FIRST] = route[new, LAST] = -1
        if head >= first:
            measure(state, first, head)
        if tail >= first:
            measure(state, first, tail)
        route[new, DISTANCE] = measured(instance, state, new)
        kind = route[new, KIND]
        if had and route[new, COUNT] == 0:
            route[new, NEXT_FREE] = state.free[kind]
            state.free[kind] = new
            state.total[USED] -= 1
        elif not had and route[new, COUNT] > 0:
            state.free[kind] = route[new, NEXT_FREE]
            state.total[USED] += 1


@njit(helper=True)
def price_of(instance: Instance, state: State, r: Number) -> Number:
    """Return what route r costs, as it was when refreshed last."""
    route, vehicle = state.route, instance.vehicle[state.route[r, KIND]]
    if route[r, COUNT] == 0:
        return np.int64(0)
    return vehicle[FIXED] + vehicle[COST] * route[r, DISTANCE] + vehicle[WAGE] * route[r, DURATION]


@njit(helper=True)
def keeps_rules(instance: Instance, state: State, r: Number) -> bool:
    """Return whether route r keeps its rules, loads and clients allowed among them."""
    route, vehicle = state.route, instance.vehicle[state.route[r, KIND]]
    good = route[r, GOOD] != 0 and route[r, COUNT] <= vehicle[MAX_STOPS]
    for q in range(instance.amount.shape[1] // 2):
        good = good and route[r, LOAD + q] <= vehicle[CAPACITY + q]
    return good and (instance.features & CHOOSY == 0 or route[r, LOAD + instance.amount.shape[1] + route[r, KIND]] == 0)


@njit(helper=True, called=True)
def try_exchange(
    instance: Instance, state: State, work: Workspace, r: Number, a: Number, s: Number, b: Number
) -> Number:
    """Exchange tails, log it and return the change of cost; 0 and nothing done where that breaks a rule."""
    touch(state, work, s)
    before = price_of(instance, state, r) + price_of(instance, state, s)
    exchange_tails(instance, state, r, a, s, b)
    refresh(instance, state, r)
    refresh(instance, state, s)
    if not (keeps_rules(instance, state, r) and keeps_rules(instance, state, s)):
        exchange_tails(instance, state, r, a, s, b)
        refresh(instance, state, r)
        refresh(instance, state, s)
        return np.int64(0)
    log, row = work.log, work.counter[LOGGED]
    log[row, 0], log[row, 1], log[row, 2], log[row, 3], log[row, 4] = a, EXCHANGED_TAILS, r, s, b
    work.counter[LOGGED] += 1
    return price_of(instance, state, r) + price_of(instance, state, s) - before


@njit(helper=True, called=True)
def cross(instance: Instance, state: State, work: Workspace, r: Number, a: Number) -> Number:
    """Join route r, up to a, to the tail of the route of a near client, where that adds least; return the change."""
    node, route, clock = state.node, state.route, state.clock
    matrix, points, metric, first = instance.matrix, instance.points, instance.metric, instance.first_client
    vehicle = instance.vehicle[route[r, KIND]]
    profile = vehicle[PROFILE]
    if route[r, COUNT] == 0:
        return np.int64(0)
    head = a >= first
    begin = a if head else vehicle[START]
    after = np.int64(node[a, NEXT]) if head else route[r, FIRST]
    best, best_s, best_b = np.int64(UNBOUNDED), np.int64(-1), np.int64(-1)
    now = leg(matrix, points, metric, profile, begin, after)
    base = a if head else after
    for k in range(instance.near.shape[1]):
        v = np.int64(instance.near[base, k])
        if v < 0:
            break
        s = np.int64(node[v, ROUTE])
        if s < 0 or s == r or (instance.features & CHOOSY and route[s, KIND] != route[r, KIND]):
            continue
        # b goes before `after`, d behind `begin`
        b = np.int64(node[v, PREVIOUS]) if head else v
        d = v if head else np.int64(node[v, NEXT])
        gap = node[v, TO_PREVIOUS] if head else node[v, TO_NEXT]
        if instance.features & RELOADED and ((not head and d < first) or (b < first and after < first)):
            # a trip that ends would have to leave its vehicle's chain
            continue
        to_d = leg(instance.times, points, metric, profile, begin, d)
        if head and d >= first and clock[a, AHEAD] + clock[a, AHEAD_EARLY] + to_d > clock[d, BEHIND_LATE]:
            continue
        to_after = leg(instance.times, points, metric, profile, b, after)
        late = (
            b >= first
            and after >= first
            and clock[b, AHEAD] + clock[b, AHEAD_EARLY] + to_after > (clock[after, BEHIND_LATE])
        )
        if late:
            continue
        change = leg(matrix, points, metric, profile, begin, d) + leg(matrix, points, metric, profile, b, after)
        change -= now + gap
        if change < best and draw(work.random) > BLINKS:
            best, best_s, best_b = change, s, b
    if best_s < 0:
        return np.int64(0)
    return try_exchange(instance, state, work, r, a, best_s, best_b)


@njit(helper=True, called=True)
def split_route(instance: Instance, state: State, work: Workspace, r: Number, a: Number) -> Number:
    """Give what follows a on route r to an unused vehicle of the same type; return the change of cost."""
    s = state.free[state.route[r, KIND]]
    if (
        instance.features & RELOADED
        or s < 0
        or a < instance.first_client
        or state.node[a, NEXT] < instance.first_client
    ):
        return np.int64(0)
    return try_exchange(instance, state, work, r, a, s, instance.vehicle[state.route[r, KIND], START])


@njit(helper=True)
def reconnect(instance: Instance, state: State, work: Workspace, crossed: Number, split: Number) -> Number:
    """Now and then exchange tails or split a route where the ruin's first string was; return the change of cost."""
    u = draw(work.random)
    if work.counter[TOUCHED] == 0 or u >= crossed + split:
        return np.int64(0)
    r, a = work.touched[0], work.gap[0]
    if u < crossed:
        return cross(instance, state, work, r, a)
    return split_route(instance, state, work, r, a)
