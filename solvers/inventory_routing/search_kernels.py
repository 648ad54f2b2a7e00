"""Compiled: a plan built from nothing or from given quantities, and annealing over plans."""

from __future__ import annotations

import math

from solvers.compiled import njit
from solvers.inventory_routing.give_kernels import (
    give_visit,
    give_visits,
    note_best,
    overload_of,
    pick,
    shortage_of,
)
from solvers.inventory_routing.state import (
    DAY_SHARE,
    HOLDING,
    LOGGED,
    MOVED,
    OVERLOAD,
    OVERLOADED,
    ROUTING,
    SHORT,
    SHORTAGE,
    STEP,
    Case,
    Floats,
    Ints,
    Labels,
    Removal,
    State,
)
from solvers.inventory_routing.step_kernels import day_step, exchange_step, visits_step
from solvers.routing.route_kernels import draw


@njit(allocates=False)
def fill_plan(case: Case, state: State, labels: Labels, settings: Floats, order: Ints) -> None:
    """Give every customer its visits, one after the other in `order` [N]; `state` must be without visits."""
    total = state.total
    for i in order:
        state.counter[STEP] += 1
        state.counter[LOGGED] = 0
        state.counter[MOVED] = 0
        total[ROUTING] += give_visits(case, state, labels, settings, i, -1, -1)
        total[HOLDING] += state.held[i]
    total[OVERLOAD] = overload_of(case, state)
    total[SHORTAGE] = shortage_of(case, state)
    note_best(state)


@njit(allocates=False)
def give_units(case: Case, state: State, settings: Floats, order: Ints, units: Ints) -> None:
    """Give unvisited customers, in `order`, the visits and quantities of `units` [T, N + 1]."""
    days, total = state.shipped.shape[0], state.total
    for i in order:
        state.counter[STEP] += 1
        state.counter[LOGGED] = 0
        state.counter[MOVED] = 0
        held, stock = 0.0, case.opening[i]
        for t in range(days):
            x = units[t, i]
            stock += x - (case.until[i, t + 1] - case.until[i, t])
            held += case.holding[i] * stock
            if x > 0:
                state.units[t, i] = x
                state.shipped[t] += x
                total[ROUTING] += give_visit(case, state, settings, t, i, 0.0)
        state.held[i] = held
        total[HOLDING] += held
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
        state.counter[MOVED] = 0
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
