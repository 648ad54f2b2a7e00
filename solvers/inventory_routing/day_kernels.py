"""What the visit search does to one day's routes: size a visit, price its cheapest insertion, put it in, take it out.

The routing engine's own kernels on its own state; a client of the day that is not visited is simply on no route.
"""

from __future__ import annotations

import numpy as np

from solvers.compiled import njit
from solvers.routing.annealing_kernels import REMEMBERED, all_good, begin_step, remember, undo
from solvers.routing.instance import (
    BACKHAUL,
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
    RELEASE,
    SERVICE,
    START,
    TIMED,
    WAGE,
    Instance,
)
from solvers.routing.kernel_types import Number
from solvers.routing.problem import UNBOUNDED
from solvers.routing.recreate_kernels import cheapest_insertion, put_in
from solvers.routing.route_kernels import REFRESHED, leg, refresh
from solvers.routing.ruin_kernels import BLINK, REMOVED, TOUCHED, Workspace, take_out, touch
from solvers.routing.state import COSTS, DURATION, KIND, State

_NO_BLINKS = 1 << 60
NO_PLACE = UNBOUNDED


@njit(allocates=False)
def size_visit(instance: Instance, able: Number, c: Number, amount: Number, service: Number) -> None:
    """Set what client c is brought [Q] and how long that takes; `able` [V, N] says which types may serve it at all."""
    client, vehicle = instance.client, instance.vehicle
    client[c, SERVICE] = service
    for q in range(len(amount)):
        instance.amount[c, q] = amount[q]
    for kind in range(len(vehicle)):
        fits = able[kind, c] > 0 and client[c, BACKHAUL] == 0 and vehicle[kind, MAX_STOPS] >= 1
        for q in range(len(amount)):
            fits = fits and amount[q] <= vehicle[kind, CAPACITY + q]
        instance.allowed[kind, c] = 1 if fits else 0
        instance.alone[kind, c] = _alone(instance, np.int64(kind), c) if fits else UNBOUNDED


@njit(helper=True, called=True)
def _alone(instance: Instance, kind: Number, c: Number) -> Number:
    """Return what a vehicle costs that serves only c, UNBOUNDED where that breaks a rule."""
    client, row = instance.client[c], instance.vehicle[kind]
    profile, start, finish = row[PROFILE], row[START], row[FINISH]
    matrix, times, points, metric = instance.matrix, instance.times, instance.points, instance.metric
    length = leg(matrix, points, metric, profile, start, c) + leg(matrix, points, metric, profile, c, finish)
    out = leg(times, points, metric, profile, start, c)
    home = leg(times, points, metric, profile, c, finish)
    leave = max(row[OPEN], client[RELEASE])
    begin = max(leave + out, client[EARLY])
    done = max(begin + client[SERVICE] + home, row[OPEN_FINISH])
    latest = min(min(begin, row[CLOSE_FINISH] - home - client[SERVICE]) - out, row[CLOSE])
    duration = done - max(latest, leave)
    if leave + out > client[LATE] or done > row[CLOSE_FINISH] or leave > row[CLOSE]:
        return UNBOUNDED
    if duration > row[MAX_DURATION] or length > row[MAX_DISTANCE]:
        return UNBOUNDED
    return row[FIXED] + row[COST] * length + row[WAGE] * duration


@njit(helper=True)
def _try(instance: Instance, state: State, work: Workspace, c: Number) -> Number:
    """Insert c where it costs least and return that, NO_PLACE (and nothing changed) where it fits nowhere."""
    begin_step(work)
    work.counter[BLINK] = _NO_BLINKS
    a, b, r, kind = cheapest_insertion(instance, state, work, c, False, UNBOUNDED)
    if r < 0:
        return NO_PLACE
    change = put_in(instance, state, work, c, a, b, r, kind) + instance.client[c, PRIZE]
    if instance.features & REFRESHED and not all_good(state, work):
        undo(instance, state, work)
        return NO_PLACE
    return change


@njit(allocates=False)
def price_visit(instance: Instance, state: State, work: Workspace, c: Number) -> Number:
    """Return the cost of the cheapest insertion of c, NO_PLACE where there is none; the routes stay as they are."""
    change = _try(instance, state, work, c)
    if change < NO_PLACE:
        undo(instance, state, work)
    return change


@njit(allocates=False)
def add_visit(instance: Instance, state: State, work: Workspace, c: Number) -> Number:
    """Insert c where it costs least; return the cost, NO_PLACE where it fits nowhere."""
    change = _try(instance, state, work, c)
    if change < NO_PLACE:
        state.total[COSTS] += change
        _keep_times(instance, state, work)
    return change


@njit(allocates=False)
def drop_visit(instance: Instance, state: State, work: Workspace, c: Number, r: Number) -> Number:
    """Take c off its route r; return the change of cost."""
    begin_step(work)
    touch(state, work, r)
    change = take_out(instance, state, work, c)
    if instance.features & REFRESHED:
        before = state.route[r, DURATION]
        refresh(instance, state, r)
        change += instance.vehicle[state.route[r, KIND], WAGE] * (state.route[r, DURATION] - before)
    work.counter[REMOVED] = 0
    state.total[COSTS] += change
    _keep_times(instance, state, work)
    return change


@njit(helper=True)
def _keep_times(instance: Instance, state: State, work: Workspace) -> None:
    """Let what is undone later find the times of the routes that changed."""
    if instance.features & REMEMBERED == TIMED:
        for i in range(work.counter[TOUCHED]):
            remember(instance, state, work, work.touched[i])


@njit(allocates=False)
def cheapest_pattern(hold: Number, price: Number, value: Number, following: Number, visited: Number) -> float:
    """Fill visited [T] with the buckets of the cheapest pattern of visits; return its cost.

    A path through buckets: an arc from one visit to the next costs what is held and missed until then
    (Zhao, Archetti, Pham, Vidal 2025).

    Parameters
    ----------
    hold : [T + 1, T + 1] cost from visit a (0: before any, else bucket a - 1) until bucket b, T for the end.
    price : [T] of a visit; value, following : [T + 1] scratch.
    """
    T = len(price)
    for a in range(T, -1, -1):
        value[a] = hold[a, T]
        following[a] = T
        for b in range(a, T):
            cost = hold[a, b] + price[b] + value[b + 1]
            if cost < value[a]:
                value[a] = cost
                following[a] = b
    for t in range(T):
        visited[t] = 0
    b = following[0]
    while b < T:
        visited[b] = 1
        b = following[b + 1]
    return float(value[0])
