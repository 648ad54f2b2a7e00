"""Granular local search inside one route: relocate one or two, swap, 2-opt."""

from __future__ import annotations

import numpy as np

from solvers.compiled import njit
from solvers.routing.instance import COST, PROFILE, SYMMETRIC, TIMED, WAGE, Instance
from solvers.routing.kernel_types import Number
from solvers.routing.penalised_kernels import distance, update_route, walked
from solvers.routing.plan import AFTER, BEFORE, ON, PENALTY, RANK, SIZE, TOP, TYPE, VALUE, Plan

EPSILON = 1e-6


@njit(helper=True, called=True)
def try_within(instance: Instance, plan: Plan, u: Number, v: Number, now: Number) -> Number:
    """Make the first improving move of u next to v on the same route; return 1 if one was made."""
    node, tour, scratch, first = plan.node, plan.tour, plan.scratch, instance.first_client
    r = np.int64(node[u, ON])
    kind = tour[r, TYPE]
    vehicle = instance.vehicle[kind]
    profile = vehicle[PROFILE]
    timed = instance.features & TIMED != 0
    size = tour[r, SIZE]
    i, j = np.int64(node[u, RANK]), np.int64(node[v, RANK])
    for move in range(5):
        # 0 to 2: u, or u and its follower (as they are or reversed), go behind v; 3: swap; 4: reverse what lies between
        p, x = np.int64(node[u, BEFORE]), np.int64(node[u, AFTER])
        o, y = np.int64(node[v, BEFORE]), np.int64(node[v, AFTER])
        length = 1
        if move == 0:
            if p == v:
                continue
            change = (
                distance(instance, profile, p, x)
                + distance(instance, profile, v, u)
                + distance(instance, profile, u, y)
            )
            change -= (
                distance(instance, profile, p, u)
                + distance(instance, profile, u, x)
                + distance(instance, profile, v, y)
            )
        elif move <= 2:
            if x < first or v in (x, p):
                continue
            length = 2
            xx = np.int64(node[x, AFTER])
            one, two = (u, x) if move == 1 else (x, u)
            change = (
                distance(instance, profile, p, xx)
                + distance(instance, profile, v, one)
                + distance(instance, profile, two, y)
            )
            change -= (
                distance(instance, profile, p, u)
                + distance(instance, profile, x, xx)
                + distance(instance, profile, v, y)
            )
            change += distance(instance, profile, one, two) - distance(instance, profile, u, x)
        elif move == 3:
            if u > v or x == v or y == u:
                continue
            change = (
                distance(instance, profile, p, v)
                + distance(instance, profile, v, x)
                + distance(instance, profile, o, u)
            )
            change += (
                distance(instance, profile, u, y)
                - distance(instance, profile, p, u)
                - distance(instance, profile, u, x)
            )
            change -= distance(instance, profile, o, v) + distance(instance, profile, v, y)
        else:
            if i >= j or x == v or instance.features & SYMMETRIC == 0:
                continue
            change = distance(instance, profile, u, v) + distance(instance, profile, x, y)
            change -= distance(instance, profile, u, x) + distance(instance, profile, v, y)
        if vehicle[WAGE] == 0 and change * vehicle[COST] >= plan.worth[r, PENALTY]:
            continue
        if not timed and change >= 0:
            continue
        count = 0
        w = tour[r, TOP]
        for k in range(size):
            following = np.int64(node[w, AFTER])
            if move <= 2:
                if not i <= k < i + length:
                    scratch[0, count] = w
                    count += 1
                if w == v:
                    scratch[0, count] = x if move == 2 else u
                    count += 1
                    if length == 2:
                        scratch[0, count] = u if move == 2 else x
                        count += 1
            elif move == 3:
                scratch[0, k] = w
            elif i < k <= j:
                scratch[0, i + 1 + j - k] = w
            else:
                scratch[0, k] = w
            w = following
        if move == 3:
            scratch[0, i] = v
            scratch[0, j] = u
        if timed and walked(instance, plan, kind, size) >= plan.worth[r, VALUE] - EPSILON:
            continue
        update_route(instance, plan, r, np.int64(0), size, now)
        return 1
    return 0
