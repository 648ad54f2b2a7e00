"""The chains on a CUDA device: one chain per warp, whose lanes look at places of insertion side by side."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from solvers.fitness.chain_data import MOST_REMOVED, ChainProblem, ChainStates, Schedule, Seeds
from solvers.fitness.chain_kernels import BLINK

WARP = 32
WARPS_PER_BLOCK = 4

# The same steps as `chain_kernels.run_chains`. All lanes of a warp go the same way; lane 0 writes, the others wait for
# it. Only the search for the cheapest place is shared out; of equal prices the first place counts, as in a loop.
CHAIN_KERNEL = r"""
typedef long long i64;
typedef unsigned long long u64;
#define GAMMA 0x9E3779B97F4A7C15ULL

struct Chain {
    const double* points; double scale, offset; const i64* demand;
    int *after, *before, *route, *first, *last, *count; i64* load;
};

__device__ static u64 scramble(u64 x) {
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
    return x ^ (x >> 31);
}
__device__ static double unit(u64 x) { return (double)(x >> 11) * (1.0 / 9007199254740992.0); }
__device__ static double uniform(u64* seed) { *seed += GAMMA; return unit(scramble(*seed)); }

__device__ static i64 dist(const Chain& s, int a, int b) {
    if (a == b) return 0;
    const double x = s.points[2 * a] - s.points[2 * b], y = s.points[2 * a + 1] - s.points[2 * b + 1];
    return (i64)floor(s.scale * sqrt(x * x + y * y) + s.offset);
}
__device__ static void put(const Chain& s, int c, int a, int b, int r) {
    s.after[c] = b; s.before[c] = a; s.route[c] = r;
    if (a > 0) s.after[a] = c; else s.first[r] = c;
    if (b > 0) s.before[b] = c; else s.last[r] = c;
    s.load[r] += s.demand[c]; s.count[r] += 1;
}
__device__ static void take(const Chain& s, int c) {
    const int a = s.before[c], b = s.after[c], r = s.route[c];
    if (a > 0) s.after[a] = b; else s.first[r] = b;
    if (b > 0) s.before[b] = a; else s.last[r] = a;
    s.load[r] -= s.demand[c]; s.count[r] -= 1; s.route[c] = -1;
}

extern "C" __global__ void run_chains(
    const double* points, const double scale, const double offset, const i64* demand, const i64 capacity,
    const int* near, const int* around, const int nodes, const int near_width, const int around_width,
    const int slots, const int chains, const int steps, const double hot, const double cooling,
    const double strings, const double longest, const double blink, const int most_removed,
    int* after, int* before, int* route, int* first, int* last, int* count, i64* load, i64* cost, u64* seeds,
    int* ruined,             // [M, R] scratch, -1
    int* sites,              // [M, 4 * most_removed] scratch
    double* keys)            // [M, most_removed] scratch
{
    const int lane = threadIdx.x % LANES;
    const i64 m = ((i64)blockIdx.x * blockDim.x + threadIdx.x) / LANES;
    if (m >= chains) return;                  // whole warps leave together
    Chain s = {points, scale, offset, demand, after + m * nodes, before + m * nodes, route + m * nodes,
               first + m * slots, last + m * slots, count + m * slots, load + m * slots};
    int *removed = sites + m * 4 * most_removed, *was_before = removed + most_removed;
    int *was_on = was_before + most_removed, *order = was_on + most_removed, *mark = ruined + m * slots;
    double* key = keys + m * most_removed;
    u64 seed = seeds[m];
    double temperature = hot;
    i64 gained = 0;
    for (int step = 0; step < steps; ++step) {
        temperature *= cooling;
        i64 change = 0;
        int taken = 0, done = 0;
        const int wanted = (int)(1.0 + uniform(&seed) * strings);
        const int centre = 1 + (int)(uniform(&seed) * (nodes - 1));
        for (int k = 0; k < around_width; ++k) {
            const int c = around[(i64)centre * around_width + k];
            if (c < 0 || done >= wanted) break;
            const int r = s.route[c];
            if (r < 0 || mark[r] == step) continue;
            const int many = s.count[r];
            __syncwarp();                     // everybody has read the mark
            if (lane == 0) mark[r] = step;
            __syncwarp();
            ++done;
            int length = (int)(1.0 + uniform(&seed) * fmin((double)many, longest));
            if (length > many) length = many;
            int back = (int)(uniform(&seed) * length), v = c;
            while (back > 0 && s.before[v] > 0) { v = s.before[v]; --back; }
            while (length > 0 && v > 0 && taken < most_removed) {
                const int a = s.before[v], b = s.after[v];
                change += dist(s, a, b) - dist(s, a, v) - dist(s, v, b);
                __syncwarp();
                if (lane == 0) { removed[taken] = v; was_before[taken] = a; was_on[taken] = r; take(s, v); }
                __syncwarp();
                ++taken; v = b; --length;
            }
        }
        const double kind = uniform(&seed) * 11.0;
        for (int i = 0; i < taken; ++i) {
            const int c = removed[i];
            double mine;
            if (kind < 4.0) mine = uniform(&seed);
            else if (kind < 8.0) mine = -(double)demand[c];
            else { mine = (double)dist(s, 0, c); if (kind < 10.0) mine = -mine; }
            __syncwarp();
            if (lane == 0) {
                int j = i - 1;
                while (j >= 0 && key[j] > mine) { key[j + 1] = key[j]; order[j + 1] = order[j]; --j; }
                key[j + 1] = mine; order[j + 1] = c;
            }
            __syncwarp();
        }
        seed += GAMMA;
        const u64 blinks = scramble(seed);
        int inserted = 0;
        while (inserted < taken) {
            const int c = order[inserted];
            const i64 q = demand[c];
            i64 best = 2 * dist(s, 0, c);
            int place = 1 << 30;              // a route of its own
            for (int k = lane; k < near_width; k += LANES) {
                const int v = near[(i64)c * near_width + k];
                if (v < 0) break;
                const int r = s.route[v];
                if (r < 0 || s.load[r] + q > capacity) continue;
                const i64 to_c = dist(s, v, c);
                for (int side = 0; side < 2; ++side) {
                    const int at = 2 * k + side;
                    if (unit(scramble(blinks ^ ((u64)(inserted * 4096 + at) * GAMMA))) < blink) continue;
                    const int other = side == 0 ? s.after[v] : s.before[v];
                    const i64 price = to_c + dist(s, c, other) - dist(s, v, other);
                    if (price < best) { best = price; place = at; }
                }
            }
            for (int half = LANES / 2; half > 0; half /= 2) {
                const i64 price = __shfl_xor_sync(0xffffffffu, best, half);
                const int at = __shfl_xor_sync(0xffffffffu, place, half);
                if (price < best || (price == best && at < place)) { best = price; place = at; }
            }
            int r = -1, a = 0, b = 0;
            if (place < 1 << 30) {
                const int v = near[(i64)c * near_width + place / 2];
                r = s.route[v];
                a = place % 2 == 0 ? v : s.before[v];
                b = place % 2 == 0 ? s.after[v] : v;
            } else {
                for (int t = 0; t < slots; ++t) if (s.count[t] == 0) { r = t; break; }
                if (r < 0) break;
            }
            __syncwarp();
            if (lane == 0) put(s, c, a, b, r);
            __syncwarp();
            ++inserted;
            change += best;
        }
        const double limit = -temperature * log(uniform(&seed) + 1e-300);
        if (inserted == taken && (double)change < limit) { gained += change; continue; }
        __syncwarp();
        if (lane == 0) {
            for (int i = inserted - 1; i >= 0; --i) take(s, order[i]);
            for (int i = taken - 1; i >= 0; --i) {
                const int a = was_before[i], r = was_on[i];
                put(s, removed[i], a, a > 0 ? s.after[a] : s.first[r], r);
            }
        }
        __syncwarp();
    }
    if (lane == 0) { cost[m] += gained; seeds[m] = seed; }
}
"""


class CudaChains:
    """The chains on a CUDA device through CuPy; states are copied there and back for every call.

    Raises
    ------
    RuntimeError
        From CuPy, where the kernel does not compile or the device has too little memory.
    """

    name = "cupy"

    def __init__(self, problem: ChainProblem) -> None:
        import cupy  # noqa: PLC0415 - loads the CUDA libraries, only where they are asked for

        self._xp, self._problem = cupy, problem
        # products and sums must round as on the processor: no fused multiply-add
        options = ("--fmad=false", f"-DLANES={WARP}")
        self._kernel = cupy.RawKernel(CHAIN_KERNEL, "run_chains", options=options)
        arrays = (problem.points, problem.demand, problem.near, problem.around)
        self._fixed = tuple(cupy.asarray(array) for array in arrays)

    def run(self, states: ChainStates, schedule: Schedule, seeds: Seeds) -> None:
        """Anneal every solution in place; see `Chains`."""
        xp = self._xp
        there = [xp.asarray(array) for array in (*states, seeds)]
        chains, slots = states.first.shape
        scratch = (
            xp.full((chains, slots), -1, dtype=xp.int32),
            xp.empty((chains, 4 * MOST_REMOVED), dtype=xp.int32),
            xp.empty((chains, MOST_REMOVED), dtype=xp.float64),
        )
        blocks = -(-chains // WARPS_PER_BLOCK)
        sizes = kernel_sizes(self._problem, states, schedule)
        points, demand, near, around = self._fixed
        head = (points, *sizes[:2], demand, sizes[2], near, around, *sizes[3:])
        self._kernel((blocks,), (WARPS_PER_BLOCK * WARP,), (*head, *there, *scratch))
        hosts: tuple[npt.NDArray[Any], ...] = (*states, seeds)
        for host, device in zip(hosts, there, strict=True):
            host[...] = device.get()


def kernel_sizes(problem: ChainProblem, states: ChainStates, schedule: Schedule) -> tuple[Any, ...]:
    """Return the kernel's numbers in the order of its arguments, of the types that it takes."""
    chains, nodes = states.after.shape
    widths = (nodes, problem.near.shape[1], problem.around.shape[1], states.first.shape[1], chains, schedule.steps)
    paces = (schedule.hot, schedule.cooling, schedule.strings, schedule.longest, BLINK)
    return (
        *(np.float64(problem.scale), np.float64(problem.offset), np.int64(problem.capacity)),
        *(np.int32(size) for size in widths),
        *(np.float64(pace) for pace in paces),
        np.int32(MOST_REMOVED),
    )
