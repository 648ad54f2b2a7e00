"""SWAP*: exchange two clients of two routes, each to its cheapest place (Vidal 2022)."""

from __future__ import annotations

import numpy as np

from solvers.compiled import njit
from solvers.routing.instance import (
    CAPACITY,
    COST,
    PROFILE,
    SYMMETRIC,
    Instance,
)
from solvers.routing.kernel_types import Number
from solvers.routing.penalised_kernels import distance, update_route
from solvers.routing.plan import (
    AFTER,
    BEFORE,
    BOTTOM,
    CHANGED,
    HEAD,
    LOAD_WEIGHT,
    ON,
    PART_LOAD,
    PENALTY,
    SIZE,
    SWAPPED,
    TOP,
    TYPE,
    Plan,
)

EPSILON = 1e-6


@njit(helper=True, called=True)
def cheapest_places(instance: Instance, plan: Plan, profile: Number, r: Number, s: Number) -> None:
    """Write into `place` the three cheapest places in route s for every client of route r, and what leaving r saves."""
    node, tour, place, first = plan.node, plan.tour, plan.place, instance.first_client
    symmetric = instance.features & SYMMETRIC != 0
    u = tour[r, TOP]
    while u >= first:
        for k in range(3):
            place[u, 2 * k] = 1 << 60
            place[u, 2 * k + 1] = -1
        p, x = np.int64(node[u, BEFORE]), np.int64(node[u, AFTER])
        place[u, 6] = (
            distance(instance, profile, p, u) + distance(instance, profile, u, x) - distance(instance, profile, p, x)
        )
        a, b = np.int64(node[tour[s, TOP], BEFORE]), tour[s, TOP]
        to_u = distance(instance, profile, a, u)
        at_a = np.int64(0)
        while True:
            from_u = distance(instance, profile, u, b)
            at_b = plan.part[b, HEAD] if b >= first else at_a + distance(instance, profile, a, b)
            extra = to_u + from_u - (at_b - at_a)
            to_u = from_u if symmetric else distance(instance, profile, b, u)
            at_a = at_b
            if extra < place[u, 4]:
                k = 2
                while k > 0 and extra < place[u, 2 * k - 2]:
                    place[u, 2 * k] = place[u, 2 * k - 2]
                    place[u, 2 * k + 1] = place[u, 2 * k - 1]
                    k -= 1
                place[u, 2 * k] = extra
                place[u, 2 * k + 1] = a
            if b < first:
                break
            a, b = b, np.int64(node[b, AFTER])
        u = np.int64(node[u, AFTER])


@njit(helper=True)
def place_without(instance: Instance, plan: Plan, profile: Number, u: Number, v: Number) -> tuple[Number, Number]:
    """Return (cost, node before) of the cheapest place for u in v's route once v has left it."""
    place, node = plan.place, plan.node
    o, y = np.int64(node[v, BEFORE]), np.int64(node[v, AFTER])
    best = distance(instance, profile, o, u) + distance(instance, profile, u, y) - distance(instance, profile, o, y)
    before = o
    for k in range(3):
        a = place[u, 2 * k + 1]
        if a not in (v, o) and a >= 0:
            if place[u, 2 * k] < best:
                best, before = place[u, 2 * k], a
            break
    return best, before


@njit(helper=True, called=True)
def write_exchange(
    instance: Instance, plan: Plan, row: Number, r: Number, u: Number, v: Number, before: Number
) -> Number:
    """Write route r without u and with v behind `before` (a depot: first) into `scratch[row]`; return its size."""
    node, scratch, first = plan.node, plan.scratch, instance.first_client
    size = 0
    if before < first:
        scratch[row, 0] = v
        size = 1
    w = plan.tour[r, TOP]
    while w >= first:
        if w != u:
            scratch[row, size] = w
            size += 1
        if w == before:
            scratch[row, size] = v
            size += 1
        w = np.int64(node[w, AFTER])
    return size


@njit(helper=True)
def swap_star(instance: Instance, plan: Plan, r: Number, s: Number, now: Number) -> Number:
    """Make the best exchange of a client of r for one of s, each at its cheapest place; return 1 if one was made."""
    node, tour, place, amount = plan.node, plan.tour, plan.place, instance.amount
    first, weight = instance.first_client, plan.weight
    kind, other = tour[r, TYPE], tour[s, TYPE]
    vehicle = instance.vehicle
    profile = vehicle[kind, PROFILE]
    cheapest_places(instance, plan, profile, r, s)
    cheapest_places(instance, plan, profile, s, r)
    dimensions = amount.shape[1] // 2
    bottom_r, bottom_s = tour[r, BOTTOM], tour[s, BOTTOM]
    rate, rate_other = vehicle[kind, COST], vehicle[other, COST]
    best = -EPSILON
    best_u, best_v = np.int64(-1), np.int64(-1)
    best_after_u, best_after_v = np.int64(-1), np.int64(-1)
    penalties = plan.worth[r, PENALTY] + plan.worth[s, PENALTY]
    u = tour[r, TOP]
    while u >= first:
        v = tour[s, TOP]
        while v >= first:
            if instance.allowed[other, u] > 0 and instance.allowed[kind, v] > 0:
                change = -penalties - rate * place[u, 6] - rate_other * place[v, 6]
                for q in range(dimensions):
                    more = amount[v, q] - amount[u, q]
                    load, load_other = part_load(plan, bottom_r, q), part_load(plan, bottom_s, q)
                    change += weight[LOAD_WEIGHT + q] * max(0, load + more - vehicle[kind, CAPACITY + q])
                    change += weight[LOAD_WEIGHT + q] * max(0, load_other - more - vehicle[other, CAPACITY + q])
                if change < best:
                    cost_u, after_u = place_without(instance, plan, profile, u, v)
                    cost_v, after_v = place_without(instance, plan, profile, v, u)
                    change += rate_other * cost_u + rate * cost_v
                    if change < best:
                        best = change
                        best_u, best_v, best_after_u, best_after_v = u, v, after_u, after_v
            v = np.int64(node[v, AFTER])
        u = np.int64(node[u, AFTER])
    if best_u < 0:
        return 0
    size = write_exchange(instance, plan, np.int64(0), r, best_u, best_v, best_after_v)
    size_other = write_exchange(instance, plan, np.int64(1), s, best_v, best_u, best_after_u)
    update_route(instance, plan, r, np.int64(0), size, now)
    update_route(instance, plan, s, np.int64(1), size_other, now)
    return 1


@njit(helper=True)
def part_load(plan: Plan, bottom: Number, q: Number) -> Number:
    """Return the load of a route in dimension q, given its last client."""
    return plan.part[bottom, PART_LOAD + q]


@njit(helper=True)
def try_swap_star(instance: Instance, plan: Plan, now: Number) -> tuple[Number, Number]:
    """Try SWAP* on every pair of neighbouring routes of which one has changed; return (moves made, clock)."""
    node, tour, mark = plan.node, plan.tour, plan.mark
    first = instance.first_client
    made = 0
    slots = len(tour)
    while slots > 0 and tour[slots - 1, SIZE] == 0:
        slots -= 1
    for r in range(slots):
        if tour[r, SIZE] == 0:
            continue
        since = tour[r, SWAPPED]
        tour[r, SWAPPED] = now
        u = tour[r, TOP]
        while u >= first:
            for k in range(min(6, instance.near.shape[1])):
                v = instance.near[u, k]
                if v >= 0 and node[v, ON] > r:
                    mark[node[v, ON]] = r + 1
            u = np.int64(node[u, AFTER])
        for s in range(r + 1, slots):
            if mark[s] != r + 1:
                continue
            mark[s] = 0
            same = instance.vehicle[tour[r, TYPE], PROFILE] == instance.vehicle[tour[s, TYPE], PROFILE]
            if tour[s, SIZE] > 0 and tour[r, SIZE] > 0 and same and max(tour[r, CHANGED], tour[s, CHANGED]) > since:
                now += 1
                made += swap_star(instance, plan, r, s, now)
    return made, now
