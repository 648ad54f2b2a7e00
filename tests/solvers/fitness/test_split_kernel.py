"""The CUDA kernel of the split without a GPU: it compiles, and its warps compute what NumPy does."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest
from cuda_on_processor import build_for_the_processor, compile_for_a_card, pointer

from solvers.fitness import SplitData, make_fitness
from solvers.fitness.array_split import ArraySplit
from solvers.fitness.cuda_split import SPLIT_KERNEL


def test_the_kernel_compiles():
    assert b".entry cheapest_path" in compile_for_a_card(SPLIT_KERNEL)


LAUNCH = r"""
extern "C" void launch(int blocks, const double* enter, const double* leave, const long long* load,
                       const long long* capacity, int population, int stops, int dimensions, int max_stops,
                       double* path, double* cost) {
    launch_warps(blocks, [&] {
        cheapest_path(enter, leave, load, capacity, population, stops, dimensions, max_stops, path, cost);
    });
}
"""


class EmulatedSplit(ArraySplit):
    """The raw kernel's own source, compiled for the processor, one thread per lane."""

    def __init__(self, data: SplitData, library: ctypes.CDLL) -> None:
        super().__init__(data, np, "emulated")
        self._launch = library.launch
        self._limits, self._most = data.capacity, data.max_stops or 10**6

    def _cheapest_path(self, tours):
        population, stops = tours.enter.shape
        path, cost = np.empty((population, stops + 1)), np.empty(population)
        arrays = [np.ascontiguousarray(a) for a in (tours.enter, tours.leave, tours.load, self._limits)]
        pointers = [pointer(a) for a in (*arrays, path, cost)]
        sizes = [ctypes.c_int(size) for size in (population, stops, self._limits.size, self._most)]
        self._launch(ctypes.c_int(-(-population // 2)), *pointers[:4], *sizes, *pointers[4:])
        return cost


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return build_for_the_processor(tmp_path_factory.mktemp("split"), SPLIT_KERNEL + LAUNCH)


@pytest.mark.parametrize("max_stops", [None, 3])
def test_the_kernels_warps_agree_with_numpy(library, max_stops):
    rng = np.random.default_rng(11)
    stops = 50  # routes of up to 40 stops: lanes go round more than once
    demand = rng.integers(0, 6, (2, stops + 1))
    demand[:, 0] = 0
    distance = rng.integers(1, 500, (stops + 1, stops + 1)).astype(float)
    data = SplitData(distance, demand, np.array([100, 90]), fixed_cost=7.0, max_stops=max_stops)
    tours = np.array([rng.permutation(stops) + 1 for _ in range(3)], dtype=np.int32)
    np.testing.assert_array_equal(
        EmulatedSplit(data, library).evaluate(tours), make_fitness(data, "numpy").evaluate(tours)
    )
