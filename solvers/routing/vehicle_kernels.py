"""Which vehicle drives a route, and when: changes of type between alike vehicles, and trips of vehicles that reload."""

from __future__ import annotations

import numpy as np

from solvers.compiled import njit
from solvers.routing.instance import (
    CAPACITY,
    CHOOSY,
    CLOSE,
    CLOSE_FINISH,
    COST,
    EARLY,
    FINISH,
    FIXED,
    LATE,
    MAX_STOPS,
    MAX_TRIPS,
    OPEN,
    OPEN_FINISH,
    PROFILE,
    RELEASE,
    SERVICE,
    START,
    VEHICLES,
    WAGE,
    Instance,
)
from solvers.routing.kernel_types import Number, RandomState
from solvers.routing.problem import UNBOUNDED
from solvers.routing.route_kernels import draw, leg
from solvers.routing.state import (
    AVAILABLE,
    COUNT,
    DISTANCE,
    DUE,
    DURATION,
    EARLIEST,
    KIND,
    LATER,
    LATEST,
    LOAD,
    NEXT_FREE,
    PRIOR,
    RELEASED,
    VEHICLE,
    State,
)


@njit(helper=True, called=True)
def retype(state: State, r: Number, kind: Number) -> None:
    """Give route r an unused vehicle of type `kind`; an unused slot takes the old one. The way back is the same."""
    route, free = state.route, state.free
    s, old = free[kind], route[r, KIND]
    free[kind] = route[s, NEXT_FREE]
    route[s, KIND] = old
    route[s, NEXT_FREE] = free[old]
    free[old] = s
    route[r, KIND] = kind


@njit(helper=True, called=True)
def serves(instance: Instance, state: State, r: Number, kind: Number, c: Number) -> bool:
    """Return whether a vehicle of type `kind` could do route r, and client c (0: nobody) besides."""
    route, vehicle, amount = state.route, instance.vehicle, instance.amount
    if instance.twin[route[r, KIND], kind] == 0 or route[r, COUNT] + (c > 0) > vehicle[kind, MAX_STOPS]:
        return False
    dimensions = amount.shape[1] // 2
    for q in range(dimensions):
        # no load on the way is above what goes out plus what comes back
        if (
            route[r, LOAD + q] + route[r, LOAD + dimensions + q] + amount[c, q] + amount[c, dimensions + q]
            > (vehicle[kind, CAPACITY + q])
        ):
            return False
    if c > 0 and instance.allowed[kind, c] == 0:
        return False
    return instance.features & CHOOSY == 0 or route[r, LOAD + 2 * dimensions + kind] == 0


@njit(helper=True)
def change_over(instance: Instance, state: State, r: Number, kind: Number) -> Number:
    """Return what route r costs more under type `kind`, its distance and duration as they were when refreshed last."""
    vehicle, old = instance.vehicle, state.route[r, KIND]
    dearer = vehicle[kind, FIXED] - vehicle[old, FIXED]
    dearer += (vehicle[kind, COST] - vehicle[old, COST]) * state.route[r, DISTANCE]
    return dearer + (vehicle[kind, WAGE] - vehicle[old, WAGE]) * state.route[r, DURATION]


@njit(helper=True, called=True)
def other_vehicle(instance: Instance, state: State, r: Number, c: Number) -> tuple[Number, Number]:
    """Return (type, added cost) of the cheapest unused vehicle for route r with client c besides; type -1 for none."""
    best_kind, best = np.int64(-1), np.int64(UNBOUNDED)
    for kind in range(len(instance.vehicle)):
        if kind == state.route[r, KIND] or state.free[kind] < 0:
            continue
        dearer = change_over(instance, state, r, kind)
        if dearer < best and serves(instance, state, r, kind, c):
            best_kind, best = np.int64(kind), dearer
    return best_kind, best


@njit(helper=True, called=True)
def trip_place(instance: Instance, state: State, random: RandomState, kind: Number, c: Number) -> tuple[Number, Number]:
    """Return (vehicle, trip before) for a new trip to client c alone, drawn among all that suit; vehicle -1 for none.

    Vehicles in use have precedence over those that cost something to use.
    """
    route, vehicle, client = state.route, instance.vehicle, instance.client
    profile = vehicle[kind, PROFILE]
    out = leg(instance.times, instance.points, instance.metric, profile, vehicle[kind, START], c)
    home = leg(instance.times, instance.points, instance.metric, profile, c, vehicle[kind, FINISH])
    service = client[c, SERVICE]
    latest = min(client[c, LATE] - out, vehicle[kind, CLOSE], vehicle[kind, CLOSE_FINISH] - home - service - out)
    earliest = min(latest, max(vehicle[kind, OPEN], client[c, EARLY] - out))
    duration = max(earliest + out, client[c, EARLY]) - earliest + service + home
    duration += max(0, vehicle[kind, OPEN_FINISH] - earliest - duration)
    leaves = max(earliest, client[c, RELEASE])
    begin = np.int64(0)
    for k in range(kind):
        begin += vehicle[k, VEHICLES]
    chosen, chosen_after = np.int64(-1), np.int64(-1)
    suitable = 0
    for u in range(begin, begin + vehicle[kind, VEHICLES]):
        trip = state.chain[u]
        if trip < 0 and vehicle[kind, FIXED] > 0 and suitable > 0:
            continue
        trips = 0
        while trip >= 0:
            trips += 1
            trip = route[trip, LATER]
        if trips >= vehicle[kind, MAX_TRIPS]:
            continue
        back, before = np.int64(0), np.int64(-1)
        trip = state.chain[u]
        while True:
            due = np.int64(UNBOUNDED)
            if trip >= 0:
                due = min(route[trip, LATEST], route[trip, DUE] - route[trip, DURATION])
            if max(leaves, back) <= min(latest, due - duration):
                suitable += 1
                if draw(random) * suitable < 1.0:
                    chosen, chosen_after = np.int64(u), before
            if trip < 0:
                break
            back = max(route[trip, AVAILABLE], route[trip, EARLIEST], route[trip, RELEASED])
            back += route[trip, DURATION]
            before = trip
            trip = route[trip, LATER]
    return chosen, chosen_after


@njit(helper=True)
def idle_vehicle(instance: Instance, state: State, kind: Number) -> Number:
    """Return the first vehicle of type `kind` without a trip, -1 for none."""
    begin = np.int64(0)
    for k in range(kind):
        begin += instance.vehicle[k, VEHICLES]
    for u in range(begin, begin + instance.vehicle[kind, VEHICLES]):
        if state.chain[u] < 0:
            return np.int64(u)
    return np.int64(-1)


@njit(helper=True)
def opening_cost(instance: Instance, state: State, r: Number) -> Number:
    """Return the fixed cost that the first client of slot r brings: none for a further trip of a vehicle."""
    route = state.route
    further = route[r, PRIOR] >= 0 or state.chain[route[r, VEHICLE]] >= 0
    return np.int64(0) if further else instance.vehicle[route[r, KIND], FIXED]
