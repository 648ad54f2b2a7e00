"""Gaps of routing solvers to best-known costs, per instance and family, peers beside them where installed.

    python tests/benchmarks/routing.py DATA --names 'X-n1*' --solvers auto genetic pyvrp --seconds 10 --seeds 1 2 3

DATA is a folder with `manifest.csv` (columns name, family, bks, path) and VRPLIB files. Limits count CPU seconds of
this process; compiling is done before the clock starts. Every answer is priced and checked by the judge.
"""

from __future__ import annotations

import argparse
import csv
import fnmatch
import os
import platform
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from solvers.routing import RoutingProblem, RoutingSolution, judge, solve, why_not
from solvers.routing.formats.reading import read_problem
from solvers.routing.formats.routing_file import RoutingFile
from solvers.routing.stop import cpu_seconds, iterations

PEERS = ("pyvrp",)
WHOLE_COSTS = ("heterogeneous_fleet", "multi_depot_time_windows", "site_dependent", "prize_collecting")
Answer = tuple[float, bool]
"""(cost in the file's units, feasible)"""


def rows(data: Path, patterns: list[str]) -> Iterator[dict[str, str]]:
    with (data / "manifest.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            wanted = any(fnmatch.fnmatch(row["name"], p) or fnmatch.fnmatch(row["family"], p) for p in patterns)
            if row["bks"] and wanted:
                yield row


def price(source: RoutingFile, cost: int) -> float:
    """Return the cost as best-known costs of the family are written: some are in the whole numbers of the problem."""
    whole = any(f"/{family}/" in source.path.as_posix() for family in WHOLE_COSTS)
    return cost / (1 if whole else source.cost_scale)


def run_ours(solver: str) -> Callable[[RoutingFile, float, int], Answer]:
    def answer(source: RoutingFile, seconds: float, seed: int) -> Answer:
        result = solve(source.problem, cpu_seconds(seconds), seed, solver=solver)
        return price(source, result.cost), result.feasible

    return answer


def run_pyvrp(source: RoutingFile, seconds: float, seed: int) -> Answer:
    """Run PyVRP on the same problem, its stop rule on the CPU clock; homogeneous fleet and one depot only."""
    import pyvrp

    problem, fleet = source.problem, source.problem.vehicles
    if fleet.types > 1 or problem.depots > 1 or not problem.required.all() or problem.pickup.any():
        raise ValueError("PyVRP runs here on one depot and one vehicle type")
    convention = "dimacs" if problem.rounding == "truncate" else "round"
    data = pyvrp.read(str(source.path), round_func=convention)
    started = time.process_time()
    result = pyvrp.solve(data, stop=lambda _best: time.process_time() - started >= seconds, seed=seed, display=False)
    visits = [_clients(route, problem) for route in result.best.routes()]
    solution = RoutingSolution.create([(0, stops) for stops in visits], problem.clients)
    verdict = judge(problem, solution)
    return price(source, verdict.cost), verdict.feasible


def _clients(route: Any, problem: RoutingProblem) -> list[int]:
    """Return client indices of a PyVRP route; older versions count depots as well."""
    if hasattr(route, "visits"):
        return [int(v) - problem.depots for v in route.visits()]
    return [int(activity.idx) for activity in route if activity.is_client()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--names", nargs="+", default=["X-n101-k25"], help="names or families, with wildcards")
    parser.add_argument("--solvers", nargs="+", default=["auto"])
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--seeds", nargs="+", type=int, default=[1])
    options = parser.parse_args()
    runs: dict[str, Callable[[RoutingFile, float, int], Answer]] = {}
    for name in options.solvers:
        if name in PEERS:
            if find_spec(name) is None:
                print(f"{name}: not installed, left out")
                continue
            runs[name] = run_pyvrp
            print(f"{name} {version(name)}")
        else:
            runs[name] = run_ours(name)
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {sys.version.split()[0]}"
    print(f"{options.seconds:g} CPU s, seeds {options.seeds}, {machine}")
    by_family: dict[tuple[str, str], list[float]] = defaultdict(list)
    for row in rows(options.data, options.names):
        source = read_problem(options.data / row["path"])
        for name, run in runs.items():
            reason = None if name in PEERS else why_not(name, source.problem)
            if reason is not None:
                print(f"{row['name']:20} {name:14} not run: {reason}")
                continue
            if name not in PEERS:
                solve(source.problem, iterations(1), solver=name)
            try:
                answers = [run(source, options.seconds, seed) for seed in options.seeds]
            except ValueError as error:
                print(f"{row['name']:20} {name:14} not run: {error}")
                continue
            gaps = [100 * (cost / float(row["bks"]) - 1) if good else float("inf") for cost, good in answers]
            by_family[row["family"], name] += gaps
            each = " ".join(f"{gap:7.3f}" for gap in gaps)
            print(f"{row['name']:20} {name:14} gap % {each}   mean {statistics.fmean(gaps):7.3f}", flush=True)
    for (family, name), gaps in by_family.items():
        print(f"{family:28} {name:14} mean gap % {statistics.fmean(gaps):7.3f} over {len(gaps)} runs")


if __name__ == "__main__":
    main()
