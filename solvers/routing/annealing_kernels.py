"""Simulated annealing by ruin and recreate, in place: rejected steps are undone from a log.

The best solution is copied only when it is about to be left, so that nothing costs time in proportion to the instance.
"""

from __future__ import annotations

import math

import numpy as np

from solvers.compiled import njit
from solvers.routing.instance import (
    FINISH,
    MIXED,
    RELOADED,
    START,
    TIMED,
    Instance,
)
from solvers.routing.kernel_types import IntArray, Number
from solvers.routing.problem import UNBOUNDED
from solvers.routing.recreate_kernels import order_removed, put_in, recreate
from solvers.routing.route_kernels import (
    REFRESHED,
    draw,
    insertion_extra,
    link,
    refresh,
    room,
    schedule,
    unlink,
)
from solvers.routing.ruin_kernels import (
    EXCHANGED,
    EXCHANGED_TAILS,
    INSERTED,
    LEFT,
    LOGGED,
    OPENS,
    REMOVED,
    RETYPED,
    STEP,
    TOUCHED,
    Workspace,
    ruin,
)
from solvers.routing.state import (
    ABSENT,
    COSTS,
    COUNT,
    DURATION,
    FIRST,
    GOOD,
    KIND,
    NEXT,
    PLACE,
    PRIOR,
    RELEASED,
    ROUTE,
    VEHICLE,
    State,
)
from solvers.routing.tail_kernels import exchange_tails, exchanges, reconnect
from solvers.routing.vehicle_kernels import (
    idle_vehicle,
    retype,
)

REMEMBERED = TIMED | MIXED | RELOADED
"""Time data are remembered where of these rules only `TIMED` matters, computed anew elsewhere."""


@njit(helper=True)
def remember(instance: Instance, state: State, work: Workspace, r: Number) -> None:
    """Keep the time data of route r, for when the next steps are undone."""
    v = state.route[r, FIRST]
    while v >= instance.first_client:
        for k in range(6):
            work.clock[v, k] = state.clock[v, k]
        v = np.int64(state.node[v, NEXT])
    work.timing[r, 0] = state.route[r, DURATION]
    work.timing[r, 1] = state.route[r, RELEASED]
    work.timing[r, 2] = state.route[r, GOOD]


@njit(helper=True)
def recall(instance: Instance, state: State, work: Workspace, r: Number) -> None:
    """Give route r, as it was before this step, its time data back."""
    v = state.route[r, FIRST]
    while v >= instance.first_client:
        for k in range(6):
            state.clock[v, k] = work.clock[v, k]
        v = np.int64(state.node[v, NEXT])
    state.route[r, DURATION] = work.timing[r, 0]
    state.route[r, RELEASED] = work.timing[r, 1]
    state.route[r, GOOD] = work.timing[r, 2]


@njit(helper=True)
def undo(instance: Instance, state: State, work: Workspace) -> None:
    """Take back every change of this step, newest first."""
    node, route, log = state.node, state.route, work.log
    first = instance.first_client
    for row in range(work.counter[LOGGED] - 1, -1, -1):
        c, a, r = np.int64(log[row, 0]), np.int64(log[row, 1]), np.int64(log[row, 2])
        if a == INSERTED:
            unlink(instance, state, c)
            if instance.features & RELOADED and route[r, COUNT] == 0:
                schedule(state, route[r, VEHICLE])
                route[r, VEHICLE], route[r, PRIOR] = log[row, 3], log[row, 4]
        elif a == RETYPED:
            retype(state, c, r)
        elif a == EXCHANGED:
            route[c, KIND], route[r, KIND] = route[r, KIND], route[c, KIND]
        elif a == EXCHANGED_TAILS:
            exchange_tails(instance, state, r, c, np.int64(log[row, 3]), np.int64(log[row, 4]))
        elif a >= first:
            link(instance, state, c, a, np.int64(node[a, NEXT]), r)
        else:
            b = route[r, FIRST] if route[r, COUNT] > 0 else instance.vehicle[route[r, KIND], FINISH]
            link(instance, state, c, a, b, r)
    if instance.features & REFRESHED:
        for i in range(work.counter[TOUCHED]):
            if instance.features & REMEMBERED == TIMED:
                recall(instance, state, work, work.touched[i])
            else:
                refresh(instance, state, work.touched[i])


@njit(helper=True)
def settle(instance: Instance, state: State, work: Workspace) -> None:
    """Keep the lists of unassigned clients and of changed routes right after an accepted step."""
    for i in range(work.counter[TOUCHED]):
        r = work.touched[i]
        if instance.features & REMEMBERED == TIMED:
            remember(instance, state, work, r)
        if work.is_left[r] == 0:
            work.is_left[r] = 1
            work.left[work.counter[LEFT]] = r
            work.counter[LEFT] += 1
    node, absent, total = state.node, state.absent, state.total
    for i in range(work.counter[REMOVED]):
        c = work.removed[i]
        place = node[c, PLACE]
        if node[c, ROUTE] < 0 and place < 0:
            node[c, PLACE] = total[ABSENT]
            absent[total[ABSENT]] = c
            total[ABSENT] += 1
        elif node[c, ROUTE] >= 0 and place >= 0:
            total[ABSENT] -= 1
            moved = absent[total[ABSENT]]
            absent[place] = moved
            node[moved, PLACE] = place
            node[c, PLACE] = -1


@njit(helper=True)
def keep_best(instance: Instance, state: State, work: Workspace) -> None:
    """Copy what has changed in the current solution since the best one, as it is the best so far."""
    node, route, first = state.node, state.route, instance.first_client
    for i in range(work.counter[LEFT]):
        r = work.left[i]
        work.is_left[r] = 0
        work.best_first[r] = -1
        work.best_kind[r] = route[r, KIND]
        if route[r, COUNT] == 0:
            continue
        work.best_first[r] = route[r, FIRST]
        v = np.int64(route[r, FIRST])
        while v >= first:
            work.best_next[v] = node[v, NEXT]
            v = np.int64(node[v, NEXT])
    work.counter[LEFT] = 0
    if instance.features & RELOADED:
        for r in range(len(route)):
            work.best_chain[r, 0] = route[r, VEHICLE]
            work.best_chain[r, 1] = route[r, PRIOR]
    work.best_cost[0] = state.total[COSTS]


@njit(helper=True)
def all_good(state: State, work: Workspace) -> bool:
    """Return whether every touched route keeps its rules."""
    good = True
    for i in range(work.counter[TOUCHED]):
        good = good and state.route[work.touched[i], GOOD] != 0
    return good


@njit(helper=True)
def begin_step(work: Workspace) -> None:
    """Forget the step before."""
    work.counter[REMOVED] = 0
    work.counter[TOUCHED] = 0
    work.counter[LOGGED] = 0
    work.counter[OPENS] = 0
    work.counter[STEP] += 1


@njit(helper=True)
def take_everyone(state: State, work: Workspace) -> None:
    """Make the unassigned clients, in random order, the removed ones of this step."""
    number = state.total[ABSENT]
    work.counter[REMOVED] = number
    for i in range(number):
        work.removed[i] = state.absent[i]
    for i in range(number):
        j = i + int(draw(work.random) * (number - i))
        work.removed[i], work.removed[j] = work.removed[j], work.removed[i]


@njit(allocates=False)
def anneal(
    instance: Instance,
    state: State,
    work: Workspace,
    steps: Number,
    hot: Number,
    cold: Number,
    average: float,
    crossed: float,
    split: float,
    opened: float,
) -> Number:
    """Run `steps` steps of ruin and recreate while the temperature falls from `hot` to `cold`; return new bests.

    With 0 steps, all unassigned clients are inserted and the result is the best so far.
    """
    total = state.total
    opening = steps == 0
    cooling = (cold / hot) ** (1.0 / max(1, steps))
    temperature = hot
    unsaved = False
    exchanging = exchanges(instance)
    opening_routes = exchanging and not opening and instance.features & RELOADED == 0
    found = 0
    for step in range(-1 if opening else 0, steps):
        begin_step(work)
        change = np.int64(0)
        if step < 0:
            take_everyone(state, work)
        else:
            if opening_routes and draw(work.random) < opened:
                work.counter[OPENS] = 1
            change += ruin(instance, state, work, average)
            if exchanging:
                change += reconnect(instance, state, work, crossed, split)
            order_removed(instance, work)
        temperature *= 1.0 if opening else cooling
        limit = np.inf if opening else -temperature * math.log(draw(work.random) + 1e-300)
        change += recreate(instance, state, work, limit - change)
        if step < 0:
            total[COSTS] += change
            settle(instance, state, work)
            keep_best(instance, state, work)
            continue
        accepted = change < limit
        if accepted and instance.features & REFRESHED:
            accepted = all_good(state, work)
        if not accepted:
            undo(instance, state, work)
            continue
        if unsaved and change > 0:
            # the state before this step was the best: go back, copy it, and give the step up
            undo(instance, state, work)
            keep_best(instance, state, work)
            unsaved = False
            continue
        total[COSTS] += change
        settle(instance, state, work)
        if total[COSTS] < work.best_cost[0]:
            work.best_cost[0] = total[COSTS]
            unsaved = True
            found += 1
    if unsaved:
        keep_best(instance, state, work)
    return found


@njit(allocates=False)
def fill_routes(instance: Instance, state: State, work: Workspace, tours: IntArray) -> None:
    """Put `tours` into the empty state, whoever fits where told.

    A row of `tours` [trips, 2 + stops] holds the vehicle type, 1 where the vehicle of the row before goes on, and
    the nodes; -1 fills up.
    """
    first = instance.first_client
    begin_step(work)
    s = np.int64(-1)
    for t in range(len(tours)):
        kind = tours[t, 0]
        r = state.free[kind]
        if r < 0 or tours[t, 2] < first:
            continue
        if instance.features & RELOADED:
            u, before = idle_vehicle(instance, state, kind), np.int64(-1)
            if tours[t, 1] > 0 and s >= 0:
                u, before = state.route[s, VEHICLE], s
            if u < 0:
                continue
            state.route[r, VEHICLE], state.route[r, PRIOR] = u, before
        s = r
        a = instance.vehicle[kind, START]
        for k in range(2, tours.shape[1]):
            c = tours[t, k]
            if c < first:
                break
            if state.route[r, COUNT] == 0:
                if instance.alone[kind, c] < UNBOUNDED:
                    state.total[COSTS] += put_in(instance, state, work, c, a, instance.vehicle[kind, FINISH], r, kind)
                    a = c
            elif room(instance, state, r, c):
                b = np.int64(instance.vehicle[kind, FINISH])
                if insertion_extra(instance, state, r, a, c, b, np.int64(0)) < UNBOUNDED:
                    state.total[COSTS] += put_in(instance, state, work, c, a, b, r, kind)
                    a = c
            work.removed[work.counter[REMOVED]] = c
            work.counter[REMOVED] += 1
    settle(instance, state, work)
