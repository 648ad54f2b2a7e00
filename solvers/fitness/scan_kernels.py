"""The scan of all moves in Numba, clients side by side; `cuda_scan` holds the same as a CUDA kernel."""

from __future__ import annotations

import numpy as np

from solvers.compiled import njit, prange
from solvers.fitness.chain_data import FloatArray, Int32Array, IntArray
from solvers.fitness.chain_kernels import distance
from solvers.fitness.scan_data import AHEAD, BEHIND, CROSS, CROSS_TURNED, KINDS, NO_MOVE, SWAP, TURN, Tours


@njit(parallel=True)
def scan_moves(
    points: FloatArray,
    scale: float,
    offset: float,
    demand: IntArray,
    capacity: int,
    near: Int32Array,
    full: bool,
    tours: Tours,
    change: IntArray,
    code: IntArray,
) -> None:
    """Write the least change [N] and its move [N], see `MoveScan`."""
    after, before, route, position, until, load = tours
    nodes = len(after)
    width = nodes - 1 if full else near.shape[1]
    for u in prange(nodes):
        change[u], code[u] = 0, NO_MOVE
        r = route[u]
        if r < 0:
            continue
        bu, au, q = before[u], after[u], demand[u]
        from_u, into_u = distance(points, scale, offset, u, au), distance(points, scale, offset, bu, u)
        out = distance(points, scale, offset, bu, au) - into_u - from_u
        tail = load[r] - until[u]
        least, best = np.int64(1) << 62, np.int64(NO_MOVE)
        for k in range(width):
            v = np.int64(k + 1) if full else np.int64(near[u, k])
            if v <= 0 or v == u or route[v] < 0:
                continue
            s, bv, av = route[v], before[v], after[v]
            apart = s != r
            to_v, to_av = distance(points, scale, offset, u, v), distance(points, scale, offset, u, av)
            to_bv = distance(points, scale, offset, bv, u)
            from_v, into_v = distance(points, scale, offset, v, av), distance(points, scale, offset, bv, v)
            if not apart or load[s] + q <= capacity:
                price = out + to_v + to_av - from_v
                if v != bu and (price < least or (price == least and KINDS * v + BEHIND < best)):
                    least, best = price, KINDS * v + BEHIND
                price = out + to_bv + to_v - into_v
                if v != au and (price < least or (price == least and KINDS * v + AHEAD < best)):
                    least, best = price, KINDS * v + AHEAD
            more = demand[v] - q
            if v not in (bu, au) and (not apart or (load[r] + more <= capacity and load[s] - more <= capacity)):
                price = distance(points, scale, offset, bu, v) + distance(points, scale, offset, v, au)
                price += to_bv + to_av - into_u - from_u - into_v - from_v
                if price < least or (price == least and KINDS * v + SWAP < best):
                    least, best = price, KINDS * v + SWAP
            tails = load[s] - until[v]
            if apart and until[u] + tails <= capacity and until[v] + tail <= capacity:
                price = to_av + distance(points, scale, offset, v, au) - from_u - from_v
                if price < least or (price == least and KINDS * v + CROSS < best):
                    least, best = price, KINDS * v + CROSS
            fits = until[u] + until[v] <= capacity and tail + tails <= capacity
            if (apart and fits) or (not apart and position[v] > position[u] + 1):
                kind = CROSS_TURNED if apart else TURN
                price = to_v + distance(points, scale, offset, au, av) - from_u - from_v
                if price < least or (price == least and KINDS * v + kind < best):
                    least, best = price, KINDS * v + kind
        if best != NO_MOVE:
            change[u], code[u] = least, best
