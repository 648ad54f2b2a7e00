"""Compiled programme over a tree of stages for the guaranteed-service model."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from solvers.compiled import njit

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@njit()
def solve_forest(
    order: Ints,
    parent: Ints,
    parent_is_downstream: NDArray[np.bool_],
    time: Ints,
    cost: Floats,
    low_in: Ints,
    high_in: Ints,
    low_out: Ints,
    high_out: Ints,
    price_in: Floats,
    price_out: Floats,
    inbound: Ints,
    outbound: Ints,
) -> float:
    """Fill the cheapest service times of a forest; return their cost, infinite where bounds clash.

    The programme of Graves and Willems (2000), "Optimizing strategic safety stock placement in supply chains",
    Manufacturing & Service Operations Management 2(1), section 4, on integer times: from the leaves to the root
    every stage hands its parent the cheapest cost of its branch by the service time between the two.

    Parameters
    ----------
    order : [N] stages, every one before its parent. parent : [N], -1 for roots.
    parent_is_downstream : [N] the arc goes from the stage to its parent.
    time : [N] processing time. cost : [N, H] money by net replenishment time 0 .. H - 1.
    low_in, high_in, low_out, high_out : [N] bounds of the service times, below H.
    price_in, price_out : [N] money per day of service time (of the arcs that are not in the forest).
    inbound, outbound : [N], written.
    """
    stages, horizon = cost.shape
    by_in = np.zeros((stages, horizon))
    by_out = np.zeros((stages, horizon))
    handed = np.zeros((stages, horizon))
    total = 0.0
    for k in order:
        p = parent[k]
        best = np.full(horizon, np.inf)
        if p >= 0 and not parent_is_downstream[k]:
            for i in range(low_in[k], high_in[k] + 1):
                for o in range(low_out[k], min(high_out[k], i + time[k]) + 1):
                    value = cost[k, i + time[k] - o] + by_out[k, o] + price_out[k] * o
                    best[i] = min(best[i], value)
                best[i] += by_in[k, i] + price_in[k] * i
            # the parent promises S, this stage waits for at least that
            running = np.inf
            for s in range(horizon - 1, -1, -1):
                running = min(running, best[s])
                handed[k, s] = running
                by_out[p, s] += running
        else:
            for o in range(low_out[k], high_out[k] + 1):
                for i in range(max(low_in[k], o - time[k]), high_in[k] + 1):
                    value = cost[k, i + time[k] - o] + by_in[k, i] + price_in[k] * i
                    best[o] = min(best[o], value)
                best[o] += by_out[k, o] + price_out[k] * o
            if p >= 0:
                running = np.inf
                for s in range(horizon):
                    running = min(running, best[s])
                    handed[k, s] = running
                    by_in[p, s] += running
            else:
                total += best.min()
    if not np.isfinite(total):
        return np.inf
    for n in range(len(order) - 1, -1, -1):
        k = order[n]
        p = parent[k]
        lowest_in, highest_out = low_in[k], high_out[k]
        if p >= 0 and parent_is_downstream[k]:
            highest_out = min(highest_out, inbound[p])
        elif p >= 0:
            lowest_in = max(lowest_in, outbound[p])
        least = np.inf
        for o in range(low_out[k], highest_out + 1):
            for i in range(max(lowest_in, o - time[k]), high_in[k] + 1):
                value = cost[k, i + time[k] - o] + by_in[k, i] + by_out[k, o] + price_in[k] * i + price_out[k] * o
                if value < least:
                    least = value
                    inbound[k] = i
                    outbound[k] = o
    return total
