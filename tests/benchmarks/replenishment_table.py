"""The table of docs/benchmarks-replenishment.md: `make bench-replenishment`; imported by `replenishment`."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from replenishment import joint_problem_of, measure, problem_of, warm_up
from replenishment_family import SIZES, generate, generate_joint

from solvers.fitness.backends import available_backends
from solvers.lotsizing.batched import BatchedProgramme
from solvers.lotsizing.exact import to_milp
from solvers.lotsizing.problem import LotSizingProblem
from solvers.lotsizing.pyomo_model import lotsizing_model
from solvers.lotsizing.relaxation import Relaxation
from solvers.lotsizing.threads import Threads
from solvers.milp import solve as solve_milp

_SEEDS = (1, 2, 3)
_HIGHS_SECONDS = 20.0
_EXACT_SECONDS = 60.0
"""Wall seconds for a case that is to be solved to the proven optimum."""
_ROWS = (
    ("S", 0.9, 0.01), ("S", 1.0, 0.01), ("M", 0.9, 0.01), ("M", 0.8, 0.01), ("M", 0.7, 0.01), ("tiny", 0.9, 0.0),
)  # fmt: skip


def print_table() -> None:
    """Solve, build and time; print one line each."""
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print(f"warm-up (compiling or loading kernels, left out below): {warm_up(1):.0f} s\n")
    print(f"{'case':34}{'seed':>5}{'lower bound':>14}{'cost':>14}{'gap':>9}{'CPU s':>8}  status")
    for size, tight, wanted in _ROWS:
        for seed in _SEEDS:
            _line(f"{size} tight {tight:g}", seed, generate(*SIZES[size], seed=seed, tight=tight), wanted)
    for seed in _SEEDS:
        joint = generate_joint(*SIZES["M"], seed=seed, tight=0.9)
        _line("M joint: dc short, whole trucks", seed, joint, 0.02)
    print()
    for size in ("S", "M"):
        _highs(size)
    _building()
    _single_items()


def _line(name: str, seed: int, case: dict[str, np.ndarray], wanted: float) -> None:
    figures, _ = measure(case, wanted, 1, _EXACT_SECONDS if wanted == 0.0 else None)
    faults = f" BROKEN: {'; '.join(figures['faults'])}" if figures["faults"] else ""
    print(
        f"{name:34}{seed:>5}{figures['lower_bound']:>14,.1f}{figures['upper_bound']:>14,.1f}"
        f"{100 * figures['gap']:>7.2f} %{figures['cpu_s']:>8.2f}  {figures['status']}{faults}",
        flush=True,
    )


def _highs(size: str) -> None:
    """HiGHS alone on the same arrays, in a process that is stopped at its limit."""
    model = to_milp(problem_of(generate(*SIZES[size], seed=_SEEDS[0], tight=0.9)))
    answer = solve_milp(model.milp, gap=0.01, time_limit_s=_HIGHS_SECONDS)
    found = "no answer" if answer.x is None else f"cost {answer.objective:,.1f}, bound {answer.lower_bound:,.1f}"
    print(f"HiGHS alone, {size} tight 0.9 seed {_SEEDS[0]}, {_HIGHS_SECONDS:.0f} s: {found}", flush=True)


def _building() -> None:
    """Flat arrays against Pyomo on the same case."""
    for size in ("S", "M"):
        case = generate(*SIZES[size], seed=1, tight=0.9)
        problem = problem_of(case)
        arrays_s = min(_seconds(lambda problem=problem: to_milp(problem)) for _ in range(3))
        pyomo_s = _seconds(lambda problem=problem: lotsizing_model(problem))
        ratio = pyomo_s / arrays_s
        print(f"building {size}: arrays {arrays_s:.3f} s, Pyomo {pyomo_s:.1f} s, ratio {ratio:.0f}", flush=True)


def _single_items() -> None:
    """Item-locations a second of the programme of one item-location, all further rules off, on one core."""
    plain = problem_of(generate(*SIZES["M"], seed=1, tight=0.9))
    joint = joint_problem_of(generate_joint(*SIZES["M"], seed=1, tight=0.9))
    for name, problem in (("all rules off", plain), ("with dcs and trucks", joint)):
        print(f"single-item programme, {name}: {_rate(problem):,.0f} item-locations/s", flush=True)
    for name, problem in _rules(plain):
        print(f"single-item programme, {name}: {_rate(problem):,.0f} item-locations/s", flush=True)
    prices = np.zeros(plain.capacity.shape)
    batched = BatchedProgramme(plain)
    rate = plain.item_locations / _seconds(lambda: batched.solve(prices))
    print(f"the same in NumPy's array code: {rate:,.0f} item-locations/s", flush=True)
    if any(backend.name == "cupy" and backend.usable for backend in available_backends()):
        _on_device(plain, prices)


def _rules(plain: LotSizingProblem) -> Iterator[tuple[str, LotSizingProblem]]:
    """Yield problems with one more rule each, to say what it costs."""
    K = plain.item_locations
    yield "backorders", replace(plain, backorders=np.ones(K, bool))
    yield "stock worth something at the end", replace(plain, end_value=0.5 * plain.holding)
    most = plain.max_packs
    pinned = np.where((np.arange(plain.buckets) == 9) & (most >= plain.moq[:, None]), plain.moq[:, None], 0)
    yield "one pinned order each", replace(plain, min_packs=pinned.astype(np.int32))
    yield "set-up time on both capacities", replace(plain, usage_order=np.full(plain.usage_amount.size, 0.5))
    no_limit = np.full(plain.max_packs.shape, 10_000, np.int32)
    yield "orders without limit", replace(plain, max_packs=no_limit)


def _on_device(problem: LotSizingProblem, prices: np.ndarray) -> None:
    """The same through CuPy, by the clock, data on the device; the first call compiles and is left out."""
    import cupy

    batched = BatchedProgramme(problem, cupy)
    batched.solve(prices)
    began = time.perf_counter()
    batched.solve(prices)
    rate = problem.item_locations / (time.perf_counter() - began)
    card = cupy.cuda.runtime.getDeviceProperties(0)["name"].decode()
    print(f"the same in CuPy on {card}: {rate:,.0f} item-locations/s by the clock", flush=True)


def _rate(problem: LotSizingProblem) -> float:
    with Threads(1) as pool:
        relaxation = Relaxation(problem, pool)
        prices = np.zeros(problem.capacity.shape)
        source_prices = np.zeros((relaxation.coupling.sources.size, problem.buckets))
        return problem.item_locations / min(_seconds(lambda: relaxation.solve(prices, source_prices)) for _ in range(5))


def _seconds(job: object) -> float:
    began = time.process_time()
    job()  # type: ignore[operator]
    return time.process_time() - began
