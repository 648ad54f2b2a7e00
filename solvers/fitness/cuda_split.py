"""The split on a CUDA device: prefix sums in array code, the shortest path in a raw kernel."""

from __future__ import annotations

from typing import Any

from solvers.fitness.array_split import ArraySplit, TourArrays
from solvers.fitness.split_data import SplitData

WARP = 32
WARPS_PER_BLOCK = 4

# One warp per giant tour. The path grows from the front: once best[i] is final, the 32 lanes offer
# routes i..j to 32 ends j at once. Loads only grow with j, so a lane stops at its first full vehicle.
SPLIT_KERNEL = r"""
extern "C" __global__ void cheapest_path(
    const double* __restrict__ enter,        // [P, n]
    const double* __restrict__ leave,        // [P, n]
    const long long* __restrict__ load,      // [P, D, n + 1]
    const long long* __restrict__ capacity,  // [D]
    const int population, const int stops, const int dimensions, const int max_stops,
    double* __restrict__ path,               // [P, n + 1], scratch
    double* __restrict__ cost)               // [P]
{
    const int lane = threadIdx.x % 32;
    const int tour = (blockIdx.x * blockDim.x + threadIdx.x) / 32;
    if (tour >= population) return;          // whole warps leave together
    const double* in = enter + (long long)tour * stops;
    const double* out = leave + (long long)tour * stops;
    const long long* filled = load + (long long)tour * dimensions * (stops + 1);
    volatile double* best = path + (long long)tour * (stops + 1);
    for (int j = lane; j <= stops; j += 32) best[j] = j == 0 ? 0.0 : 1e308;
    __syncwarp();
    for (int i = 0; i < stops; ++i) {
        const double start = best[i] + in[i];
        const int last = stops - i < max_stops ? stops : i + max_stops;
        for (int j = i + 1 + lane; j <= last; j += 32) {
            bool fits = true;
            for (int d = 0; d < dimensions; ++d) {
                const long long* q = filled + (long long)d * (stops + 1);
                fits = fits && q[j] - q[i] <= capacity[d];
            }
            if (!fits) break;
            const double through = start + out[j - 1];
            if (through < best[j]) best[j] = through;
        }
        __syncwarp();
    }
    if (lane == 0) cost[tour] = best[stops];
}
"""


class CudaSplit(ArraySplit):
    """The split on a CUDA device through CuPy.

    Raises
    ------
    RuntimeError
        From CuPy, where the kernel does not compile or the device has too little memory.
    """

    def __init__(self, data: SplitData) -> None:
        import cupy  # noqa: PLC0415 - loads the CUDA libraries, only where they are asked for

        super().__init__(data, cupy, "cupy")
        self._kernel = cupy.RawKernel(SPLIT_KERNEL, "cheapest_path")
        self._limits = cupy.asarray(data.capacity)
        self._max_stops = data.distance.shape[0] if data.max_stops is None else data.max_stops

    def _to_host(self, array: Any) -> Any:
        return array.get()

    def _cheapest_path(self, tours: TourArrays) -> Any:
        xp = self._xp
        population, stops = tours.enter.shape
        path = xp.empty((population, stops + 1), dtype=xp.float64)
        cost = xp.empty((population,), dtype=xp.float64)
        blocks = -(-population // WARPS_PER_BLOCK)
        self._kernel(
            (blocks,),
            (WARPS_PER_BLOCK * WARP,),
            (
                *(xp.ascontiguousarray(array) for array in (tours.enter, tours.leave, tours.load)),
                self._limits,
                *(xp.int32(size) for size in (population, stops, self._limits.size, self._max_stops)),
                path,
                cost,
            ),
        )
        return cost
