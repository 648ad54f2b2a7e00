"""The scan of all moves: every backend prices them as making them would, and CUDA's warps do what NumPy does."""

from __future__ import annotations

import copy
import ctypes

import numpy as np
import pytest
from cuda_on_processor import build_for_the_processor, compile_for_a_card, pointer

from solvers.fitness import ChainProblem, make_scan
from solvers.fitness.cuda_scan import SCAN_KERNEL, scan_sizes
from solvers.fitness.scan_data import (
    AHEAD,
    BEHIND,
    CROSS,
    CROSS_TURNED,
    KINDS,
    NO_MOVE,
    SWAP,
    TURN,
    _make,
    descended,
    tours_of,
)

LAUNCH = r"""
extern "C" void launch(int blocks, const double* points, double scale, double offset, const i64* demand, i64 capacity,
    const int* near, int near_width, int full, int nodes, const int* after, const int* before, const int* route,
    const int* position, const i64* until, const i64* load, i64* change, i64* code) {
    launch_warps(blocks, [&] {
        scan_moves(points, scale, offset, demand, capacity, near, near_width, full, nodes, after, before, route,
                   position, until, load, change, code);
    });
}
"""


class EmulatedScan:
    """The raw kernel's own source, compiled for the processor, one thread per lane."""

    name = "emulated"

    def __init__(self, problem: ChainProblem, library: ctypes.CDLL) -> None:
        self._problem, self._launch = problem, library.launch

    def best_moves(self, tours, *, full):
        p, nodes = self._problem, len(tours.after)
        change, code = np.empty(nodes, np.int64), np.empty(nodes, np.int64)
        numbers = (ctypes.c_double, ctypes.c_double, ctypes.c_longlong, ctypes.c_int, ctypes.c_int, ctypes.c_int)
        sizes = [kind(size.item()) for kind, size in zip(numbers, scan_sizes(p, full=full), strict=True)]
        head = [pointer(p.points), *sizes[:2], pointer(p.demand), sizes[2], pointer(p.near), *sizes[3:]]
        arrays = [pointer(array) for array in (*tours, change, code)]
        self._launch(ctypes.c_int(-(-nodes // 2)), *head, *arrays)
        return change, code


@pytest.fixture(scope="module", params=["numpy", "numba", "one lane", "a warp"])
def make(request, tmp_path_factory):
    if request.param in {"numpy", "numba"}:
        return lambda problem: make_scan(problem, request.param)
    lanes = 1 if request.param == "one lane" else 32
    library = build_for_the_processor(tmp_path_factory.mktemp("scan"), SCAN_KERNEL + LAUNCH, lanes)
    return lambda problem: EmulatedScan(problem, library)


def scan_problem(clients=22, capacity=60, seed=4):
    rng = np.random.default_rng(seed)
    points = rng.integers(0, 300, (clients + 1, 2)).astype(float)
    demand = np.concatenate([[0], rng.integers(1, 20, clients)])
    gap = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    near = np.full((clients + 1, 6), -1, np.int32)
    near[1:] = (np.argsort(gap[1:, 1:], axis=1) + 1)[:, 1:7]
    return ChainProblem(points, 1.0, 0.5, demand, capacity, near, near)


def random_routes(problem, seed, absent=()):
    routes, load = [[]], 0
    for node in np.random.default_rng(seed).permutation(len(problem.demand) - 1) + 1:
        if node in absent:
            continue
        if load + problem.demand[node] > problem.capacity - 5:
            routes, load = [*routes, []], 0
        routes[-1].append(int(node))
        load += problem.demand[node]
    return routes


def cost_of(problem, routes):
    ways = [problem.points[[0, *stops, 0]] for stops in routes if stops]
    return sum(int(np.floor(np.hypot(*np.diff(way, axis=0).T) + 0.5).sum()) for way in ways)


def made(routes, tours, u, v, kind):
    changed = copy.deepcopy(routes)
    _make(changed, tours, u, v, kind)
    return changed


@pytest.mark.parametrize("full", [True, False])
def test_no_move_is_better_than_those_found(make, full):
    """All moves of a random solution, and of what it descends to, are made one by one, on lists."""
    problem = scan_problem()
    begun = random_routes(problem, 1, absent=(5,))
    used = set()
    for routes in (begun, descended(make_scan(problem, "numpy"), problem, begun, full=full)):
        used |= kinds_checked(problem, routes, make(problem), full)
    assert len(used) >= 4, "the case shows few kinds of moves"


def kinds_checked(problem, routes, scan, full):
    tours, before = tours_of(problem, routes), cost_of(problem, routes)
    change, code = scan.best_moves(tours, full=full)
    assert code[0] == code[5] == NO_MOVE
    used = set()
    for u in sorted({node for stops in routes for node in stops}):
        prices = {}
        for v in range(1, 23) if full else problem.near[u].tolist():
            if v in {u, 5}:
                continue
            apart = tours.route[u] != tours.route[v]
            kinds = (BEHIND, AHEAD, SWAP, CROSS, CROSS_TURNED) if apart else (BEHIND, AHEAD, SWAP)
            for kind in (*kinds, *(() if apart or tours.position[v] < tours.position[u] else (TURN,))):
                changed = made(routes, tours, u, v, kind)
                kept = all(problem.demand[stops].sum() <= problem.capacity for stops in changed if stops)
                if kept and (changed != routes or kind in {CROSS, CROSS_TURNED}):
                    prices[KINDS * v + kind] = cost_of(problem, changed) - before
        assert change[u] == min(prices.values())
        assert prices[int(code[u])] == change[u]
        used.add(int(code[u]) % KINDS)
    return used


@pytest.mark.parametrize("full", [True, False])
def test_backends_find_the_same_moves_and_end_in_the_same_optimum(make, full):
    problem = scan_problem(36, 90, 8)
    routes, reference, scan = random_routes(problem, 2), make_scan(problem, "numpy"), make(problem)
    for mine, other in zip(
        scan.best_moves(tours_of(problem, routes), full=full),
        reference.best_moves(tours_of(problem, routes), full=full),
        strict=True,
    ):
        np.testing.assert_array_equal(mine, other)
    if scan.name == "emulated":
        return  # 32 threads a client: once is enough
    better = descended(scan, problem, routes, full=full)
    assert better == descended(reference, problem, routes, full=full)
    assert sorted(node for stops in better for node in stops) == list(range(1, 37))
    assert all(problem.demand[stops].sum() <= problem.capacity for stops in better)
    assert cost_of(problem, better) < 0.8 * cost_of(problem, routes)
    assert (scan.best_moves(tours_of(problem, better), full=full)[0] >= 0).all()


def test_the_kernel_compiles():
    assert b".entry scan_moves" in compile_for_a_card(SCAN_KERNEL, "--fmad=false", "-DLANES=32")
