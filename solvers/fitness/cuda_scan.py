"""The scan of all moves on a CUDA device: one client per warp, whose lanes look at the clients beside it."""

from __future__ import annotations

from typing import Any

import numpy as np

from solvers.fitness.chain_data import ChainProblem, IntArray
from solvers.fitness.scan_data import Tours

WARP = 32
WARPS_PER_BLOCK = 4

# The same prices as `scan_kernels.scan_moves`; kinds are numbered as in `scan_data`.
SCAN_KERNEL = r"""
typedef long long i64;
#define KINDS 6
struct Plane { const double* points; double scale, offset; };

__device__ static i64 way(const Plane& s, int a, int b) {
    const double x = s.points[2 * a] - s.points[2 * b], y = s.points[2 * a + 1] - s.points[2 * b + 1];
    return (i64)floor(s.scale * sqrt(x * x + y * y) + s.offset);
}
__device__ static void offer(i64 price, i64 code, i64* least, i64* best) {
    if (price < *least || (price == *least && code < *best)) { *least = price; *best = code; }
}

extern "C" __global__ void scan_moves(
    const double* points, const double scale, const double offset, const i64* demand, const i64 capacity,
    const int* near, const int near_width, const int full, const int nodes,
    const int* after, const int* before, const int* route, const int* position, const i64* until, const i64* load,
    i64* change, i64* code)
{
    const int lane = threadIdx.x % LANES;
    const int u = (int)(((i64)blockIdx.x * blockDim.x + threadIdx.x) / LANES);
    if (u >= nodes) return;                   // whole warps leave together
    const Plane s = {points, scale, offset};
    const int r = route[u];
    i64 least = 1LL << 62, best = 1LL << 62;
    if (r >= 0) {
        const int bu = before[u], au = after[u];
        const i64 q = demand[u], from_u = way(s, u, au), into_u = way(s, bu, u);
        const i64 out = way(s, bu, au) - into_u - from_u, head = until[u], total = load[r], tail = total - head;
        const int width = full ? nodes - 1 : near_width;
        for (int k = lane; k < width; k += LANES) {
            const int v = full ? k + 1 : near[(i64)u * near_width + k];
            if (v <= 0 || v == u || route[v] < 0) continue;
            const int t = route[v], bv = before[v], av = after[v];
            const bool apart = t != r;
            const i64 there = (i64)KINDS * v, theirs = load[t];
            const i64 to_v = way(s, u, v), to_av = way(s, u, av), to_bv = way(s, bv, u);
            const i64 from_v = way(s, v, av), into_v = way(s, bv, v);
            if (!apart || theirs + q <= capacity) {
                if (v != bu) offer(out + to_v + to_av - from_v, there, &least, &best);
                if (v != au) offer(out + to_bv + to_v - into_v, there + 1, &least, &best);
            }
            const i64 more = demand[v] - q;
            if (v != bu && v != au && (!apart || (total + more <= capacity && theirs - more <= capacity)))
                offer(way(s, bu, v) + way(s, v, au) + to_bv + to_av - into_u - from_u - into_v - from_v, there + 2,
                      &least, &best);
            const i64 heads = until[v], tails = theirs - heads;
            if (apart && head + tails <= capacity && heads + tail <= capacity)
                offer(to_av + way(s, v, au) - from_u - from_v, there + 3, &least, &best);
            const bool turns = !apart && position[v] > position[u] + 1;
            if (turns || (apart && head + heads <= capacity && tail + tails <= capacity))
                offer(to_v + way(s, au, av) - from_u - from_v, there + (apart ? 4 : 5), &least, &best);
        }
    }
    for (int half = LANES / 2; half > 0; half /= 2) {
        const i64 price = __shfl_xor_sync(0xffffffffu, least, half);
        const i64 move = __shfl_xor_sync(0xffffffffu, best, half);
        offer(price, move, &least, &best);
    }
    if (lane == 0) {
        const bool found = best < 1LL << 62;
        change[u] = found ? least : 0;
        code[u] = found ? best : -1;
    }
}
"""


class CudaScan:
    """The scan on a CUDA device through CuPy; the solution is copied there and the moves back for every call.

    Raises
    ------
    RuntimeError
        From CuPy, where the kernel does not compile.
    """

    name = "cupy"

    def __init__(self, problem: ChainProblem) -> None:
        import cupy  # noqa: PLC0415 - loads the CUDA libraries, only where they are asked for

        self._xp, self._problem = cupy, problem
        # products and sums must round as on the processor: no fused multiply-add
        self._kernel = cupy.RawKernel(SCAN_KERNEL, "scan_moves", options=("--fmad=false", f"-DLANES={WARP}"))
        self._fixed = tuple(cupy.asarray(array) for array in (problem.points, problem.demand, problem.near))

    def best_moves(self, tours: Tours, *, full: bool) -> tuple[IntArray, IntArray]:
        """Return the least change [N] and its move [N], see `MoveScan`."""
        xp, nodes = self._xp, len(tours.after)
        there = [xp.asarray(array) for array in tours]
        change, code = xp.empty(nodes, dtype=xp.int64), xp.empty(nodes, dtype=xp.int64)
        points, demand, near = self._fixed
        scale, offset, capacity, *sizes = scan_sizes(self._problem, full=full)
        blocks = -(-nodes // WARPS_PER_BLOCK)
        arguments = (points, scale, offset, demand, capacity, near, *sizes, *there, change, code)
        self._kernel((blocks,), (WARPS_PER_BLOCK * WARP,), arguments)
        found: tuple[IntArray, IntArray] = change.get(), code.get()
        return found


def scan_sizes(problem: ChainProblem, *, full: bool) -> tuple[Any, ...]:
    """Return the kernel's numbers in the order of its arguments, of the types that it takes."""
    widths = (problem.near.shape[1], int(full), len(problem.demand))
    amounts = (np.float64(problem.scale), np.float64(problem.offset), np.int64(problem.capacity))
    return (*amounts, *(np.int32(width) for width in widths))
