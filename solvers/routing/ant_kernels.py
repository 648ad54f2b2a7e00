"""Focused ants: each takes a part of the incumbent apart and rebuilds it, drawn by pheromone on candidate arcs.

After Dorigo and Gambardella 1997 (pseudo-random proportional rule), Stuetzle and Hoos 2000 (bounded pheromone) and
Skinderowicz 2022 (ants that change only a part of a good solution).
"""

from __future__ import annotations

import math

import numpy as np

from solvers.compiled import njit
from solvers.routing.annealing_kernels import (
    all_good,
    begin_step,
    keep_best,
    settle,
    undo,
)
from solvers.routing.instance import COST, FINISH, PRIZE, PROFILE, START, Instance
from solvers.routing.kernel_types import FloatArray, Number
from solvers.routing.problem import UNBOUNDED
from solvers.routing.recreate_kernels import order_removed, put_in
from solvers.routing.route_kernels import REFRESHED, draw, insertion_extra, leg, room
from solvers.routing.ruin_kernels import REMOVED, Workspace, ruin
from solvers.routing.state import (
    COSTS,
    KIND,
    NEXT,
    PREVIOUS,
    ROUTE,
    TO_NEXT,
    TO_PREVIOUS,
    State,
)

HIGHEST = 1.0


@njit(helper=True)
def drawn_insertion(
    instance: Instance, state: State, work: Workspace, pheromone: FloatArray, greed: Number, c: Number
) -> tuple[Number, Number, Number]:
    """Return (neighbour before, neighbour after, route) of a place for c, route -1 for none worth its prize.

    The appeal of a place is pheromone / added cost. With probability `greed` the most appealing place is taken, else
    one is drawn in proportion to its appeal, by a race of exponential clocks.
    """
    node, vehicle = state.node, instance.vehicle
    matrix, points, metric = instance.matrix, instance.points, instance.metric
    prize = instance.client[c, PRIZE]
    racing = draw(work.random) >= greed
    best = np.inf
    best_a, best_b, best_r = np.int64(0), np.int64(0), np.int64(-1)
    for kind in range(len(vehicle)):
        price = instance.alone[kind, c]
        if price < prize and state.free[kind] >= 0:
            score = max(1.0, price) / HIGHEST
            if racing:
                score *= -math.log(1.0 - draw(work.random))
            if score < best:
                best = score
                best_a, best_b, best_r = vehicle[kind, START], vehicle[kind, FINISH], state.free[kind]
    for k in range(instance.near.shape[1]):
        v = np.int64(instance.near[c, k])
        if v < 0:
            break
        r = np.int64(node[v, ROUTE])
        if r < 0 or not room(instance, state, r, c):
            continue
        kind = state.route[r, KIND]
        profile, rate = vehicle[kind, PROFILE], vehicle[kind, COST]
        for side in range(2):
            a = v if side == 0 else np.int64(node[v, PREVIOUS])
            b = np.int64(node[v, NEXT]) if side == 0 else v
            longer = leg(matrix, points, metric, profile, a, c) + leg(matrix, points, metric, profile, c, b)
            longer -= node[v, TO_NEXT] if side == 0 else node[v, TO_PREVIOUS]
            score = max(1.0, rate * longer) / pheromone[c, k]
            if racing:
                score *= -math.log(1.0 - draw(work.random))
            elif score >= best:
                continue
            price = rate * longer + insertion_extra(instance, state, r, a, c, b, longer)
            if price >= min(prize, UNBOUNDED // 2) or score >= best:
                continue
            best = score
            best_a, best_b, best_r = a, b, r
    return best_a, best_b, best_r


@njit(allocates=False)
def send_ants(
    instance: Instance,
    state: State,
    work: Workspace,
    pheromone: FloatArray,
    ants: Number,
    greed: Number,
    temperature: Number,
    average: Number,
) -> Number:
    """Let `ants` ants rebuild parts of the incumbent one after the other; return how many were accepted.

    An ant's rebuilding is kept when it is better, or worse by what the temperature allows.
    """
    total = state.total
    accepted = 0
    for _ in range(ants):
        begin_step(work)
        change = ruin(instance, state, work, average)
        order_removed(instance, work)
        for i in range(work.counter[REMOVED]):
            c = np.int64(work.removed[i])
            a, b, r = drawn_insertion(instance, state, work, pheromone, greed, c)
            if r >= 0:
                change += put_in(instance, state, work, c, a, b, r, state.route[r, KIND])
        keep = change < -temperature * math.log(draw(work.random) + 1e-300)
        if not keep or (instance.features & REFRESHED and not all_good(state, work)):
            undo(instance, state, work)
            continue
        total[COSTS] += change
        settle(instance, state, work)
        accepted += 1
        if total[COSTS] < work.best_cost[0]:
            keep_best(instance, state, work)
    return accepted


@njit(allocates=False)
def lay_pheromone(
    instance: Instance, work: Workspace, pheromone: FloatArray, evaporation: Number, lowest: Number
) -> None:
    """Let pheromone evaporate and lay new on the arcs of the best solution, within [lowest, HIGHEST]."""
    first = instance.first_client
    for c in range(first, len(pheromone)):
        for k in range(pheromone.shape[1]):
            v = np.int64(instance.near[c, k])
            if v < 0:
                break
            level = (1.0 - evaporation) * pheromone[c, k]
            if work.best_next[c] == v or work.best_next[v] == c:
                level += evaporation * HIGHEST
            pheromone[c, k] = max(lowest, level)
