"""The CUDA kernel of the split without a GPU: it compiles, and its warps compute what NumPy does."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

from solvers.fitness import SplitData, make_fitness
from solvers.fitness.array_split import ArraySplit
from solvers.fitness.cuda_split import SPLIT_KERNEL


def _nvrtc():
    """Load NVIDIA's runtime compiler from its wheel, or skip."""
    for name in ("nvidia-cuda-nvrtc", "nvidia-cuda-nvrtc-cu13", "nvidia-cuda-nvrtc-cu12"):
        try:
            files = metadata.files(name) or []
        except metadata.PackageNotFoundError:
            continue
        for file in files:
            if file.name.startswith("libnvrtc.so") or file.name.startswith("nvrtc64"):
                return ctypes.CDLL(str(file.locate()))
    pytest.skip("nvidia-cuda-nvrtc is not installed")


def test_the_kernel_compiles():
    nvrtc = _nvrtc()
    program = ctypes.c_void_p()
    source = SPLIT_KERNEL.encode()
    assert nvrtc.nvrtcCreateProgram(ctypes.byref(program), source, b"split.cu", 0, None, None) == 0
    options = (ctypes.c_char_p * 1)(b"--gpu-architecture=compute_80")
    status = nvrtc.nvrtcCompileProgram(program, 1, options)
    size = ctypes.c_size_t()
    nvrtc.nvrtcGetProgramLogSize(program, ctypes.byref(size))
    log = ctypes.create_string_buffer(size.value)
    nvrtc.nvrtcGetProgramLog(program, log)
    assert status == 0, log.value.decode()
    nvrtc.nvrtcGetPTXSize(program, ctypes.byref(size))
    ptx = ctypes.create_string_buffer(size.value)
    nvrtc.nvrtcGetPTX(program, ptx)
    assert b".entry cheapest_path" in ptx.value


# A warp is 32 threads that meet at a barrier wherever the kernel says __syncwarp.
ON_THE_PROCESSOR = r"""
#include <barrier>
#include <thread>
#include <vector>
struct Place { int x; };
static thread_local Place threadIdx, blockIdx;
static Place blockDim{64};
static thread_local std::barrier<>* meeting;
#define __global__
#define __restrict__
static void __syncwarp() { meeting->arrive_and_wait(); }
%s
extern "C" void launch(int blocks, const double* enter, const double* leave, const long long* load,
                       const long long* capacity, int population, int stops, int dimensions, int max_stops,
                       double* path, double* cost) {
    for (int block = 0; block < blocks; ++block)
        for (int warp = 0; warp < 2; ++warp) {
            std::barrier<> here(32);
            std::vector<std::thread> lanes;
            for (int lane = 0; lane < 32; ++lane) lanes.emplace_back([&, lane] {
                threadIdx.x = warp * 32 + lane; blockIdx.x = block; meeting = &here;
                cheapest_path(enter, leave, load, capacity, population, stops, dimensions, max_stops, path, cost);
            });
            for (auto& lane : lanes) lane.join();
        }
}
"""


class EmulatedSplit(ArraySplit):
    """The raw kernel's own source, compiled for the processor, one thread per lane."""

    def __init__(self, data: SplitData, library: Path) -> None:
        super().__init__(data, np, "emulated")
        self._launch = ctypes.CDLL(str(library)).launch
        self._limits, self._most = data.capacity, data.max_stops or 10**6

    def _cheapest_path(self, tours):
        population, stops = tours.enter.shape
        path, cost = np.empty((population, stops + 1)), np.empty(population)
        arrays = [np.ascontiguousarray(a) for a in (tours.enter, tours.leave, tours.load, self._limits)]
        pointers = [ctypes.c_void_p(a.ctypes.data) for a in (*arrays, path, cost)]
        sizes = [ctypes.c_int(size) for size in (population, stops, self._limits.size, self._most)]
        self._launch(ctypes.c_int(-(-population // 2)), *pointers[:4], *sizes, *pointers[4:])
        return cost


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    compiler = shutil.which("g++")
    if compiler is None:
        pytest.skip("g++ is not installed")
    folder = tmp_path_factory.mktemp("kernel")
    (folder / "split.cpp").write_text(ON_THE_PROCESSOR % SPLIT_KERNEL)
    command = [compiler, "-std=c++20", "-O1", "-shared", "-fPIC", "-pthread", "split.cpp", "-o", "split.so"]
    subprocess.run(command, cwd=folder, check=True)
    return folder / "split.so"


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
