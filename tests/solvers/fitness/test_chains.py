"""Chains of ruin and recreate: solutions stay whole, costs are right, and the CUDA kernel does what Numba does."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest
from cuda_on_processor import build_for_the_processor, compile_for_a_card, pointer

from solvers.fitness import ChainProblem, Schedule, make_chains
from solvers.fitness.chain_data import MOST_REMOVED, routes_of, states_of
from solvers.fitness.cuda_chains import CHAIN_KERNEL, kernel_sizes


def chain_problem(clients=40, capacity=60, seed=5):
    rng = np.random.default_rng(seed)
    points = rng.integers(0, 500, (clients + 1, 2)).astype(float)
    demand = np.concatenate([[0], rng.integers(1, 20, clients)])
    gap = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    order = np.argsort(np.where(np.eye(clients + 1) > 0, -1.0, gap)[1:, 1:], axis=1) + 1
    around = np.full((clients + 1, clients), -1, np.int32)
    around[1:] = order
    near = np.full((clients + 1, min(15, clients - 1)), -1, np.int32)
    near[1:] = order[:, 1:16]
    return ChainProblem(points, 1.0, 0.5, demand, capacity, near, around)


def begin(problem, chains, slots=40):
    clients = len(problem.demand) - 1
    return states_of(problem, [[node] for node in range(1, clients + 1)], slots, chains)


def seeds_of(chains):
    return np.arange(1, chains + 1, dtype=np.uint64) * np.uint64(0xD1342543DE82EF95)


SCHEDULE = Schedule(steps=60, hot=20.0, cooling=0.95, strings=3.0, longest=6.0)


def test_every_chain_keeps_its_rules_and_its_cost():
    problem, chains = chain_problem(), 4
    states, seeds = begin(problem, chains), seeds_of(chains)
    before = states.cost.copy()
    make_chains(problem, "numba").run(states, SCHEDULE, seeds)
    assert (states.cost < before).all()
    assert len(set(states.cost.tolist())) > 1, "every chain has random numbers of its own"
    for chain in range(chains):
        routes = routes_of(states, chain)
        assert sorted(node for route in routes for node in route) == list(range(1, 41))
        cost = 0
        for route in routes:
            assert problem.demand[route].sum() <= problem.capacity
            way = problem.points[[0, *route, 0]]
            cost += int(np.floor(np.hypot(*np.diff(way, axis=0).T) + 0.5).sum())
        assert states.cost[chain] == cost


def test_too_few_vehicles_undo_a_step():
    """With as many vehicles as routes, and those nearly full, most steps fail: nobody may get lost."""
    problem = chain_problem(clients=12, capacity=30)
    states, seeds = begin(problem, 2, slots=12), seeds_of(2)
    make_chains(problem, "numba").run(states, SCHEDULE, seeds)
    for chain in range(2):
        assert sorted(node for route in routes_of(states, chain) for node in route) == list(range(1, 13))


def test_the_kernel_compiles():
    assert b".entry run_chains" in compile_for_a_card(CHAIN_KERNEL, "--fmad=false", "-DLANES=32")


LAUNCH = r"""
extern "C" void launch(int blocks, const double* points, double scale, double offset, const i64* demand, i64 capacity,
    const int* near, const int* around, int nodes, int near_width, int around_width, int slots, int chains, int steps,
    double hot, double cooling, double strings, double longest, double blink, int most, int* after, int* before,
    int* route, int* first, int* last, int* count, i64* load, i64* cost, u64* seeds, int* ruined, int* sites,
    double* keys) {
    launch_warps(blocks, [&] {
        run_chains(points, scale, offset, demand, capacity, near, around, nodes, near_width, around_width, slots,
                   chains, steps, hot, cooling, strings, longest, blink, most, after, before, route, first, last, count,
                   load, cost, seeds, ruined, sites, keys);
    });
}
"""
_TYPES = {"float64": ctypes.c_double, "int64": ctypes.c_longlong, "int32": ctypes.c_int}


@pytest.mark.parametrize(("lanes", "steps"), [(1, 60), (32, 6)])
def test_the_kernels_warps_agree_with_numba(tmp_path, lanes, steps):
    library = build_for_the_processor(tmp_path, CHAIN_KERNEL + LAUNCH, lanes)
    problem, chains = chain_problem(), 3
    schedule = Schedule(steps, SCHEDULE.hot, SCHEDULE.cooling, SCHEDULE.strings, SCHEDULE.longest)
    ours, theirs = (begin(problem, chains) for _ in range(2))
    our_seeds, their_seeds = seeds_of(chains), seeds_of(chains)
    make_chains(problem, "numba").run(ours, schedule, our_seeds)
    sizes = [_TYPES[size.dtype.name](size.item()) for size in kernel_sizes(problem, theirs, schedule)]
    scratch = (
        np.full((chains, 40), -1, np.int32),
        np.empty((chains, 4 * MOST_REMOVED), np.int32),
        np.empty((chains, MOST_REMOVED)),
    )
    head = [pointer(problem.points), *sizes[:2], pointer(problem.demand), sizes[2], pointer(problem.near)]
    arrays = [pointer(array) for array in (*theirs, their_seeds, *scratch)]
    library.launch(ctypes.c_int(-(-chains // 2)), *head, pointer(problem.around), *sizes[3:], *arrays)
    for name, mine, other in zip(ours._fields, ours, theirs, strict=True):
        np.testing.assert_array_equal(mine, other, err_msg=name)
    np.testing.assert_array_equal(our_seeds, their_seeds)
