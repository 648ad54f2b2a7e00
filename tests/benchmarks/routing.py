"""Gaps of routing solvers to best-known costs, peers beside them, every answer priced and checked by the judge.

    python tests/benchmarks/routing.py [--full] [--seeds 1 2 3] [--peer-python PYTHON] [--write]
    python tests/benchmarks/routing.py --names 'X-n1*' solomon --solvers auto pyvrp --seconds 10

The data folder holds `manifest.csv` (columns name, family, bks, path) and VRPLIB files. Limits count CPU seconds on one
thread; compiling is done before the clock starts. Every run is kept in `--results`; those already there (same
instance, solver, version, limit and seed) are not made again, so a long panel can be made in parts and continued.
`--write` puts the table of all runs asked for into docs/benchmarks-routing.md. PyVRP and HGS-CVRP (hygese) run
in `--peer-python`, an interpreter that has them; a peer that does not return is killed, which the table says.
"""

from __future__ import annotations

import argparse
import csv
import fnmatch
import hashlib
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path

from routing_table import Run, keep_run, machine, read_runs, table_of, write_table

from solvers.compiled import pin_to_cores
from solvers.routing import RoutingSolution, judge, solve, why_not
from solvers.routing.formats.reading import read_problem
from solvers.routing.formats.routing_file import RoutingFile
from solvers.routing.stop import cpu_seconds, iterations

ROOT = Path(__file__).parents[2]
SCRIPT = Path(__file__).with_name("routing_peers.py")
PEERS = ("pyvrp", "hygese")
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
CLASSIC = ("x", "arnold_gendreau_sorensen")
"""Families that HGS-CVRP takes."""
SECONDS = {"x": 10.0, "arnold_gendreau_sorensen": 60.0}
"""Default limits; 30 s for all other families."""
SCALES = (1, 10, 100, 10**4, 10**5, 10**6)
SPARE_CPU_S = 30.0
"""So much more than one and a half times its limit may a peer use, reading the file included."""


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


@cache
def version_of(solver: str, python: str) -> str:
    """Return the version of a solver, empty where it is not there."""
    if solver in PEERS:
        done = subprocess.run([python, str(SCRIPT), "version", solver], capture_output=True, text=True, check=False)
        return done.stdout.strip()
    if solver == "ortools":
        return version("ortools")
    digest = hashlib.blake2b(digest_size=4)
    for path in sorted((ROOT / "solvers").glob("**/*.py")):
        digest.update(path.read_bytes())
    return f"sources {digest.hexdigest()}"


def ours(solver: str, source: RoutingFile, seconds: float, seed: int, best_known: float) -> tuple[str, str]:
    """Return (gap, note) of one of this project's solvers, OR-Tools among them."""
    result = solve(source.problem, cpu_seconds(seconds), seed, solver=solver)
    return (f"{gap(result.cost, best_known):.4f}", "") if result.feasible else ("", "none")


def peer(
    solver: str, python: str, source: RoutingFile, seconds: float, seed: int, best_known: float
) -> tuple[str, str]:
    """Return (gap, note) of a peer, its routes priced and checked by the judge; killed where it does not return."""
    convention = "dimacs" if source.problem.rounding == "truncate" else "round"
    words = [python, str(SCRIPT), solver, str(source.path), str(seconds), str(seed), convention]
    most = int(1.5 * seconds + SPARE_CPU_S)

    def hold() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (most, most))

    try:
        done = subprocess.run(
            words, capture_output=True, text=True, check=False, preexec_fn=hold, timeout=20 * seconds + 600
        )
    except subprocess.TimeoutExpired:
        return "", f"killed after {20 * seconds + 600:g} s"
    if done.returncode < 0:
        return "", f"killed after {most} CPU s"
    if done.returncode:
        return "", "failed: " + (done.stderr.strip().splitlines() or ["?"])[-1][:60].replace("|", "/")
    solution = RoutingSolution.create(json.loads(done.stdout), source.problem.clients)
    verdict = judge(source.problem, solution)
    return (f"{gap(verdict.cost, best_known):.4f}", "") if verdict.feasible else ("", "none")


def run_of(
    row: dict[str, str], source: RoutingFile, solver: str, seconds: float, seed: int, asked: argparse.Namespace
) -> Run:
    """Return one run; its note says why there is no gap."""
    began, best_known = _cpu(), float(row["bks"])
    if solver == "hygese" and row["family"] not in CLASSIC:
        told = ("", "-")
    elif solver in PEERS:
        told = peer(solver, asked.peer_python, source, seconds, seed, best_known)
    else:
        told = ("", "-") if why_not(solver, source.problem) else ours(solver, source, seconds, seed, best_known)
    return Run(
        *(row["family"], row["name"], source.problem.clients, solver, version_of(solver, asked.peer_python)),
        *(seconds, seed, *told, round(_cpu() - began, 1), round(os.getloadavg()[0], 1), machine()),
    )


def _cpu() -> float:
    """Return CPU seconds of this process and of its children."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def asked_for() -> argparse.Namespace:
    """Return what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "routing")
    parser.add_argument("--names", nargs="+", help="names or families, with wildcards, instead of the panel")
    parser.add_argument("--full", action="store_true", help="all instances")
    parser.add_argument("--solvers", nargs="+", default=["auto", "pyvrp", "hygese", "ortools"])
    parser.add_argument(
        "--seconds", type=float, help="CPU seconds; default: x 10, Arnold-Gendreau-Sorensen 60, else 30"
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument("--peer-python", default=sys.executable)
    parser.add_argument("--results", type=Path, default=ROOT / "bench-routing.csv", help="where runs are kept")
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks-routing.md")
    asked = parser.parse_args()
    if not asked.data.is_dir():
        sys.exit(f"The instances are not in {asked.data}. Name their folder with --data.")
    for solver in [s for s in asked.solvers if not version_of(s, asked.peer_python)]:
        print(f"{solver} is not installed in {asked.peer_python}: left out.", file=sys.stderr)
        asked.solvers.remove(solver)
    return asked


def main() -> None:
    """Make the runs that are missing, print and keep them, and show the table of all that were asked for."""
    asked = asked_for()
    pin_to_cores(1)
    known = {run.key: run for run in read_runs(asked.results)}
    warm: set[tuple[str, str]] = set()
    runs: list[Run] = []
    for row in rows(asked.data, asked):
        source = read_problem(asked.data / row["path"])
        seconds = asked.seconds or SECONDS.get(row["family"], 30.0)
        for solver, seed in [(solver, seed) for solver in asked.solvers for seed in asked.seeds]:
            names = (row["family"], row["name"], solver, version_of(solver, asked.peer_python))
            run = known.get(tuple(map(str, (*names, seconds, seed))))
            if run is None:
                if solver not in PEERS and (solver, row["family"]) not in warm and not why_not(solver, source.problem):
                    solve(source.problem, iterations(1), solver=solver)
                    warm.add((solver, row["family"]))
                run = run_of(row, source, solver, seconds, seed, asked)
                keep_run(asked.results, run)
                print(f"{run.family} {run.instance} {solver} seed {seed}: {run.gap or run.note}", flush=True)
            runs.append(run)
    if not runs:
        sys.exit("No instance of that name with a best-known cost.")
    print(table_of(runs))
    if asked.write:
        write_table(runs)


if __name__ == "__main__":
    main()
