"""CUDA sources without a GPU: compiled by NVIDIA's runtime compiler, and run on the processor lane by lane."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from importlib import metadata
from pathlib import Path

import pytest

# A warp is LANES threads that meet at a barrier wherever the kernel says so; a shuffle is two meetings.
PRELUDE = r"""
#include <barrier>
#include <cmath>
#include <thread>
#include <vector>
struct Place { int x; };
static thread_local Place threadIdx, blockIdx;
static Place blockDim{2 * LANES};
static thread_local std::barrier<>* meeting;
static thread_local long long* board;
#define __global__
#define __device__
#define __restrict__
static void __syncwarp() { if (LANES > 1) meeting->arrive_and_wait(); }
template <class T> static T __shfl_xor_sync(unsigned, T value, int mask) {
    const int lane = threadIdx.x % LANES;
    board[lane] = (long long)value;
    __syncwarp();
    const T other = (T)board[lane ^ mask];
    __syncwarp();
    return other;
}
template <class Kernel> static void launch_warps(int blocks, Kernel kernel) {
    for (int block = 0; block < blocks; ++block)
        for (int warp = 0; warp < 2; ++warp) {
            std::barrier<> here(LANES);
            std::vector<long long> shared(LANES);
            std::vector<std::thread> lanes;
            for (int lane = 0; lane < LANES; ++lane) lanes.emplace_back([&, lane] {
                threadIdx.x = warp * LANES + lane; blockIdx.x = block; meeting = &here; board = shared.data();
                kernel();
            });
            for (auto& lane : lanes) lane.join();
        }
}
"""


def compile_for_a_card(source: str, *options: str) -> bytes:
    """Return the PTX of a CUDA source; skip where NVIDIA's runtime compiler is not installed."""
    nvrtc = _nvrtc()
    program = ctypes.c_void_p()
    assert nvrtc.nvrtcCreateProgram(ctypes.byref(program), source.encode(), b"kernel.cu", 0, None, None) == 0
    words = ("--gpu-architecture=compute_80", *options)
    status = nvrtc.nvrtcCompileProgram(
        program, len(words), (ctypes.c_char_p * len(words))(*(w.encode() for w in words))
    )
    size = ctypes.c_size_t()
    nvrtc.nvrtcGetProgramLogSize(program, ctypes.byref(size))
    log = ctypes.create_string_buffer(size.value)
    nvrtc.nvrtcGetProgramLog(program, log)
    assert status == 0, log.value.decode()
    nvrtc.nvrtcGetPTXSize(program, ctypes.byref(size))
    ptx = ctypes.create_string_buffer(size.value)
    nvrtc.nvrtcGetPTX(program, ptx)
    return ptx.value


def _nvrtc() -> ctypes.CDLL:
    for name in ("nvidia-cuda-nvrtc", "nvidia-cuda-nvrtc-cu13", "nvidia-cuda-nvrtc-cu12"):
        try:
            files = metadata.files(name) or []
        except metadata.PackageNotFoundError:
            continue
        for file in files:
            if file.name.startswith("libnvrtc.so") or file.name.startswith("nvrtc64"):
                return ctypes.CDLL(str(file.locate()))
    pytest.skip("nvidia-cuda-nvrtc is not installed")


def build_for_the_processor(folder: Path, source: str, lanes: int = 32) -> ctypes.CDLL:
    """Return PRELUDE and `source` as a library; skip where there is no C++ compiler."""
    compiler = shutil.which("g++")
    if compiler is None:
        pytest.skip("g++ is not installed")
    (folder / "kernel.cpp").write_text(PRELUDE + source)
    # sums and products round one by one, as in Numba
    flags = ["-std=c++20", "-O1", "-ffp-contract=off", f"-DLANES={lanes}", "-shared", "-fPIC", "-pthread"]
    subprocess.run([compiler, *flags, "kernel.cpp", "-o", "kernel.so"], cwd=folder, check=True)
    return ctypes.CDLL(str(folder / "kernel.so"))


def pointer(array) -> ctypes.c_void_p:
    """Return where a NumPy array begins."""
    return ctypes.c_void_p(array.ctypes.data)
