"""Gaps of routing solvers to best-known costs, PyVRP and OR-Tools beside them, every answer priced by the judge.

    python tests/benchmarks/routing.py [--data FOLDER] [--full] [--seeds 1 2 3] [--peer-python PYTHON] [--write]
    python tests/benchmarks/routing.py --names 'X-n1*' --solvers auto genetic --seconds 10

The folder holds `manifest.csv` (columns name, family, bks, path) and VRPLIB files. Limits count CPU seconds of the
solving process, one thread; compiling is done before the clock starts. `--write` puts the table into
docs/benchmarks-routing.md. PyVRP runs in `--peer-python`, an interpreter that has it, or here where it is installed.
"""

from __future__ import annotations

import argparse
import csv
import fnmatch
import json
import os
import platform
import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

from solvers.routing import RoutingSolution, judge, solve, why_not
from solvers.routing.formats.reading import read_problem
from solvers.routing.formats.routing_file import RoutingFile
from solvers.routing.stop import cpu_seconds, iterations

PEERS = Path(__file__).with_name("routing_peers.py")
PAGE = Path(__file__).parents[2] / "docs" / "benchmarks-routing.md"
BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"
PANEL = {
    "x": ("X-n101-k25", "X-n204-k19", "X-n298-k31", "X-n502-k39", "X-n979-k58"),
    "arnold_gendreau_sorensen": ("Leuven1",),
    "solomon": ("R112", "RC207"),
    "gehring_homberger_200": ("R2_2_2",),
    "gehring_homberger_400": ("RC2_4_1",),
    "gehring_homberger_1000": ("R1_10_2",),
    "heterogeneous_fleet": ("X204-FSMD", "X317-HVRP"),
    "multi_depot_time_windows": ("PR11A",),
    "site_dependent": ("PR03",),
    "backhauls": ("X-n548-50-k25",),
    "prize_collecting": ("C1_10_4",),
    "multi_trip_release_times": ("C203R0.25", "R2_2_03R0.5"),
}
"""Family -> names of the short panel."""
SECONDS = {"arnold_gendreau_sorensen": 60.0}
SCALES = (1, 10, 100, 10**4, 10**5, 10**6)
Answer = tuple[int, bool]
"""(cost in the problem's own whole numbers, feasible)"""


def rows(data: Path, asked: argparse.Namespace) -> Iterator[dict[str, str]]:
    """Yield the rows of the manifest that are to be solved."""
    with (data / "manifest.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            if asked.names:
                wanted = any(fnmatch.fnmatch(row["name"], p) or fnmatch.fnmatch(row["family"], p) for p in asked.names)
            else:
                wanted = asked.full or row["name"] in PANEL.get(row["family"], ())
            if row["bks"] and wanted:
                yield row


def gap(cost: int, best_known: float) -> float:
    """Return the gap in %; best-known costs are in the file's units or in the problem's: a power of ten apart."""
    return min((100 * (cost / scale / best_known - 1) for scale in SCALES), key=abs)


def run_ours(solver: str) -> Callable[[RoutingFile, float, int], Answer]:
    """Return a function that answers with one of this project's solvers."""

    def answer(source: RoutingFile, seconds: float, seed: int) -> Answer:
        result = solve(source.problem, cpu_seconds(seconds), seed, solver=solver)
        return result.cost, result.feasible

    return answer


def run_pyvrp(python: str) -> Callable[[RoutingFile, float, int], Answer]:
    """Return a function that answers with PyVRP, its routes priced and checked by the judge."""

    def answer(source: RoutingFile, seconds: float, seed: int) -> Answer:
        convention = "dimacs" if source.problem.rounding == "truncate" else "round"
        words = [python, str(PEERS), "pyvrp", str(source.path), str(seconds), str(seed), convention]
        try:
            done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=20 * seconds + 120)
        except (subprocess.SubprocessError, OSError):
            return 0, False
        solution = RoutingSolution.create(json.loads(done.stdout), source.problem.clients)
        verdict = judge(source.problem, solution)
        return verdict.cost, verdict.feasible

    return answer


def peer_version(python: str) -> str | None:
    """Return PyVRP's version, None where that Python has none."""
    done = subprocess.run([python, str(PEERS), "version", "pyvrp"], capture_output=True, text=True, check=False)
    return done.stdout.strip() or None


def gaps_of(
    row: dict[str, str], source: RoutingFile, name: str, run: Callable[..., Answer], asked: argparse.Namespace
) -> list[float] | str:
    """Return the gap of every seed, infinite where infeasible, or why the solver was not run."""
    seconds = asked.seconds or SECONDS.get(row["family"], 10.0)
    if name != "pyvrp":
        reason = why_not(name, source.problem)
        if reason is not None:
            return reason
        solve(source.problem, iterations(1), solver=name)
    answers = [run(source, seconds, seed) for seed in asked.seeds]
    return [gap(cost, float(row["bks"])) if good else float("inf") for cost, good in answers]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[3] / "shared" / "data" / "routing")
    parser.add_argument("--names", nargs="+", help="names or families, with wildcards, instead of the panel")
    parser.add_argument("--full", action="store_true", help="all instances")
    parser.add_argument("--solvers", nargs="+", default=["auto", "pyvrp", "ortools"])
    parser.add_argument("--seconds", type=float, help="CPU seconds; default: 10, 60 from 3,000 stops on")
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument("--peer-python", default=sys.executable)
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks-routing.md")
    asked = parser.parse_args()
    if not asked.data.is_dir():
        sys.exit(f"The instances are not in {asked.data}. Name their folder with --data.")
    runs = {name: run_ours(name) for name in asked.solvers if name != "pyvrp"}
    versions = f"OR-Tools {version('ortools')}"
    if "pyvrp" in asked.solvers:
        peer = peer_version(asked.peer_python)
        versions += f", PyVRP {peer}" if peer else ", PyVRP not installed"
        if peer:
            runs["pyvrp"] = run_pyvrp(asked.peer_python)
    lines = [
        f"{asked.seconds or 10:g} CPU s ({asked.seconds or 60:g} from 3,000 stops on), seeds {asked.seeds}; "
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {versions}; "
        f"load at the start {os.getloadavg()[0]:.1f}. Mean gap to best known in %; inf: no feasible answer.",
        "",
        "| family | instance | stops | " + " | ".join(runs) + " |",
        "|---|---|---:|" + "---:|" * len(runs),
    ]
    print("\n".join(lines), flush=True)
    families: dict[tuple[str, str], list[float]] = defaultdict(list)
    for row in rows(asked.data, asked):
        source = read_problem(asked.data / row["path"])
        cells = []
        for name, run in runs.items():
            found = gaps_of(row, source, name, run, asked)
            if not isinstance(found, str):
                families[row["family"], name] += found
            cells.append("-" if isinstance(found, str) else f"{statistics.fmean(found):.2f}")
        lines.append(f"| {row['family']} | {row['name']} | {source.problem.clients} | " + " | ".join(cells) + " |")
        print(lines[-1], flush=True)
    for family in dict.fromkeys(family for family, _ in families):
        cells = [f"{statistics.fmean(families[family, n]):.2f}" if families[family, n] else "-" for n in runs]
        lines.append(f"| **{family}** | mean | | " + " | ".join(cells) + " |")
        print(lines[-1])
    if asked.write:
        text = PAGE.read_text()
        before, rest = text.split(BEGIN)
        after = rest.split(END)[1]
        PAGE.write_text(before + BEGIN + "\n" + "\n".join(lines) + "\n" + END + after)


if __name__ == "__main__":
    main()
