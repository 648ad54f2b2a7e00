"""Seconds from the call to the first answer that serves everybody, kernels compiled, one thread.

python tests/benchmarks/routing_first.py [--data FOLDER] [--names X-n979-k58 R1_10_2 RC2_10_1]
"""

from __future__ import annotations

import argparse
import csv
import time
from pathlib import Path

from solvers.routing import RoutingProblem, solve
from solvers.routing.formats.reading import read_problem
from solvers.routing.stop import iterations


def first_answer(problem: RoutingProblem) -> tuple[float, float, int]:
    """Return CPU seconds, wall-clock seconds and cost at the solver's first look at its stop rule."""
    looks: list[tuple[float, float]] = []
    cpu, wall = time.process_time(), time.perf_counter()

    def stop(_done: int, _best: float) -> float:
        looks.append((time.process_time() - cpu, time.perf_counter() - wall))
        return 1.0

    found = solve(problem, stop)
    assert found.feasible, "the first answer leaves somebody out"
    return *looks[0], found.cost


def main() -> None:
    """Print one line per instance."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--data", type=Path, default=Path(__file__).parents[3] / "shared" / "data" / "routing", help="with manifest.csv"
    )
    parser.add_argument("--names", nargs="+", default=["X-n979-k58", "R1_10_2", "RC2_10_1"])
    asked = parser.parse_args()
    with (asked.data / "manifest.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["name"] in asked.names]
    for row in rows:
        problem = read_problem(asked.data / row["path"]).problem
        solve(problem, iterations(1))  # compiled, or loaded
        cpu, wall, cost = first_answer(problem)
        print(f"{row['family']} {row['name']}: {cpu:.2f} CPU s, {wall:.2f} s, cost {cost:,}", flush=True)


if __name__ == "__main__":
    main()
