"""Cut a giant tour into routes at the least penalised cost (Prins 2004; Bellman over bounded routes)."""

from __future__ import annotations

import numpy as np

from solvers.compiled import njit
from solvers.routing.instance import (
    CAPACITY,
    CLOSE,
    CLOSE_FINISH,
    EARLY,
    FINISH,
    LATE,
    MAX_STOPS,
    OPEN,
    OPEN_FINISH,
    PROFILE,
    SERVICE,
    START,
    TIMED,
    Instance,
)
from solvers.routing.kernel_types import FloatArray, Int32Array, IntArray
from solvers.routing.penalised_kernels import distance, joined, priced
from solvers.routing.plan import LOAD_WEIGHT, Plan
from solvers.routing.route_kernels import leg

OVERLOAD = 1.5
"""A route of a split carries at most so many times the capacity."""


@njit(allocates=False)
def split(
    instance: Instance,
    plan: Plan,
    giant_tour: Int32Array,
    best: FloatArray,
    cut: IntArray,
    following: Int32Array,
    firsts: IntArray,
) -> float:
    """Write the cheapest split of `giant_tour` [C] for vehicles of type 0 as next client and first client.

    `best` [C + 1] and `cut` [C + 1] are scratch. Routes beyond the number of vehicles stay unassigned.
    Returns the penalised cost of the whole split.
    """
    clients = len(giant_tour)
    vehicle, client, amount = instance.vehicle, instance.client, instance.amount
    profile = vehicle[0, PROFILE]
    timed = instance.features & TIMED != 0
    dimensions = amount.shape[1] // 2
    for i in range(clients + 1):
        best[i] = np.inf
    best[0] = 0.0
    for i in range(clients):
        length, span, warp = np.int64(0), np.int64(0), np.int64(0)
        early, late = vehicle[0, OPEN], vehicle[0, CLOSE]
        at = vehicle[0, START]
        for j in range(i, min(clients, i + vehicle[0, MAX_STOPS])):
            v = np.int64(giant_tour[j])
            length += distance(instance, profile, at, v)
            over = 0.0
            heavy = False
            for q in range(dimensions):
                load = np.int64(0)
                if j > i:
                    load = plan.place[q, 0]
                load += amount[v, q]
                plan.place[q, 0] = load
                over += plan.weight[LOAD_WEIGHT + q] * max(0, load - vehicle[0, CAPACITY + q])
                heavy = heavy or load > OVERLOAD * vehicle[0, CAPACITY + q]
            if heavy and j > i:
                break
            total, end = span, warp
            if timed:
                drive = leg(instance.times, instance.points, instance.metric, profile, at, v)
                own = (client[v, SERVICE], np.int64(0), client[v, EARLY], client[v, LATE])
                span, warp, early, late = joined(span, warp, early, late, drive, own)
                drive = leg(instance.times, instance.points, instance.metric, profile, v, vehicle[0, FINISH])
                home = (np.int64(0), np.int64(0), vehicle[0, OPEN_FINISH], vehicle[0, CLOSE_FINISH])
                total, end, _, _ = joined(span, warp, early, late, drive, home)
            back = distance(instance, profile, v, vehicle[0, FINISH])
            value, _ = priced(instance, plan, np.int64(0), length + back, over, total, end)
            if best[i] + value < best[j + 1]:
                best[j + 1] = best[i] + value
                cut[j + 1] = i
            at = v
    for slot in range(len(firsts)):
        firsts[slot] = -1
    for node in range(len(following)):
        following[node] = -1
    end = np.int64(clients)
    slot = 0
    while end > 0:
        begin = cut[end]
        if slot < len(firsts):
            firsts[slot] = giant_tour[begin]
            for k in range(begin, end - 1):
                following[giant_tour[k]] = giant_tour[k + 1]
        slot += 1
        end = begin
    return float(best[clients])
