"""Fitness, chains and scans by backend: evaluations, steps and moves per second, and what a device finds in a minute.

    python tests/benchmarks/fitness.py [--sizes 100,1000,5000] [--chains 2048] [--seconds 2]
    python tests/benchmarks/fitness.py --instance FILE.vrp --best-known COST      (the device 60 s, two cores 300 s)

Rates are of the whole call, copies to and from the device included. One Numba core is the measure of the others.
"""

from __future__ import annotations

import argparse
import platform
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from solvers.compiled import set_threads
from solvers.fitness import ChainProblem, Schedule, SplitData, available_backends, make_chains, make_fitness, make_scan
from solvers.fitness.chain_data import states_of
from solvers.fitness.scan_data import KINDS, tours_of
from solvers.routing import registry, stop
from solvers.routing.formats.reading import read_problem
from solvers.routing.population_annealing import PopulationParams


def _rate(work: Callable[[], object], units: float, seconds: float) -> float:
    """Return units per second of wall-clock time; the first call, which may compile, does not count."""
    work()
    calls, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        work()
        calls += 1
    return units * calls / (time.perf_counter() - began)


def _clients(stops: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    return rng.integers(0, 1000, (stops + 1, 2)).astype(float), np.concatenate([[0], rng.integers(1, 100, stops)])


def _split_rate(backend: str, stops: int, seconds: float) -> float:
    points, demand = _clients(stops)
    distance = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    data = SplitData(distance, demand, np.array([1000]))
    rng = np.random.default_rng(2)
    tours = np.array([rng.permutation(stops) + 1 for _ in range(max(16, 200_000 // stops))], dtype=np.int32)
    fitness = make_fitness(data, backend)
    return _rate(lambda: fitness.evaluate(tours), len(tours), seconds)


def _chain_rate(backend: str, stops: int, chains: int, seconds: float) -> float:
    from scipy.spatial import cKDTree

    points, demand = _clients(stops)
    _, nearest = cKDTree(points[1:]).query(points[1:], k=min(stops, 100))
    around = np.full((stops + 1, nearest.shape[1]), -1, np.int32)
    around[1:] = nearest + 1
    problem = ChainProblem(points, 1.0, 0.5, demand, 1000, np.ascontiguousarray(around[:, 1:51]), around)
    routes = [[node] for node in range(1, stops + 1)]
    states = states_of(problem, routes, stops, chains)
    seeds = np.arange(1, chains + 1, dtype=np.uint64) * np.uint64(0xD1342543DE82EF95)
    runner = make_chains(problem, backend)
    schedule = Schedule(steps=100, hot=20.0, cooling=1.0, strings=2.6, longest=10.0)
    for _ in range(10):  # away from one route a client
        runner.run(states, schedule, seeds)
    return _rate(lambda: runner.run(states, schedule, seeds), chains * schedule.steps, seconds)


def _scan_rate(backend: str, stops: int, seconds: float) -> float:
    """Return moves priced per second: six kinds beside all other clients."""
    points, demand = _clients(stops)
    none = np.full((stops + 1, 1), -1, np.int32)
    problem = ChainProblem(points, 1.0, 0.5, demand, 1000, none, none)
    order = np.random.default_rng(2).permutation(stops) + 1
    tours = tours_of(problem, [order[k : k + 10].tolist() for k in range(0, stops, 10)])
    scan = make_scan(problem, backend)
    return _rate(lambda: scan.best_moves(tours, full=True), KINDS * stops * (stops - 1.0), seconds)


def _gap(file: Path, best_known: float) -> None:
    problem = read_problem(file).problem
    usable = {backend.name: backend.usable for backend in available_backends()}
    runs = [("two cores, auto, 300 s", "auto", None, 300.0)]
    if usable["cupy"]:
        params = PopulationParams(chains=4096, device="cupy")
        runs.insert(0, ("device, population_annealing, 60 s", "population_annealing", params, 60.0))
    for name, solver, params, limit in runs:
        found = registry.solve(problem, stop.wall_seconds(limit), 1, params, solver=solver)
        print(f"{name:<40} {found.cost:>12,}  gap {100 * (found.cost / best_known - 1):.2f} %")


def main() -> None:
    """Print the rates by backend, or the gaps on one instance."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="100,1000,5000")
    parser.add_argument("--chains", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--instance", type=Path)
    parser.add_argument("--best-known", type=float)
    args = parser.parse_args()
    set_threads(1)
    device = "none"
    backends = [backend.name for backend in available_backends() if backend.usable]
    if "cupy" in backends:
        import cupy

        device = cupy.cuda.runtime.getDeviceProperties(0)["name"].decode()
    print(f"{platform.machine()}, Python {platform.python_version()}, device: {device}; one thread for Numba")
    if args.instance is not None:
        _gap(args.instance, args.best_known)
        return
    for stops in (int(size) for size in args.sizes.split(",")):
        split = {name: _split_rate(name, stops, args.seconds) for name in backends}
        for name, rate in split.items():
            print(f"split of giant tours, {stops} stops, {name}: {rate:,.0f}/s ({rate / split['numba']:.2f} of numba)")
        steps = {name: _chain_rate(name, stops, args.chains, args.seconds) for name in backends if name != "numpy"}
        for name, rate in steps.items():
            print(
                f"chains, {stops} stops, {args.chains} of them, {name}: {rate:,.0f} steps/s "
                f"({rate / steps['numba']:.2f} of numba)"
            )
        moves = {name: _scan_rate(name, stops, args.seconds) for name in backends if name != "numpy"}
        for name, rate in moves.items():
            print(f"all moves, {stops} stops, {name}: {rate:,.0f} moves/s ({rate / moves['numba']:.2f} of numba)")


if __name__ == "__main__":
    main()
