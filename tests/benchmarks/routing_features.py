"""The general solver on random days with every stop in three windows, shipments and driver breaks; OR-Tools beside it.

    python tests/benchmarks/routing_features.py [--stops 100 1000] [--seconds 10] [--seeds 1 2 3]

Costs are VROOM's (seconds at the wheel and 1,000 for each vehicle used), lower is better; limits count CPU seconds
after compiling. OR-Tools gets the days with windows only, as its peer module is given no shipments or breaks.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from pathlib import Path
from typing import Any

from solvers.routing import RoutingProblem, solve, why_not
from solvers.routing.formats import read_problem
from solvers.routing.formats.vroom_fleet import COST_UNIT
from solvers.routing.stop import cpu_seconds, iterations

DEPOT = [2.5, 48.3]


def windows(rng: random.Random) -> list[list[int]]:
    """Return three windows of 30 to 90 minutes between 8 and 18 o'clock."""
    spans, time = [], rng.randrange(28_800, 40_000)
    for _ in range(3):
        end = time + rng.randrange(1_800, 5_400)
        spans.append([time, end])
        time = end + rng.randrange(1_800, 5_000)
    return spans


def day(stops: int, seed: int, *, rich: bool) -> dict[str, Any]:
    """Return a VROOM file; `rich` pairs a third of the stops and gives every driver a lunch break."""
    rng = random.Random(seed)

    def stop(number: int) -> dict[str, Any]:
        place = [rng.uniform(2, 3), rng.uniform(48, 48.6)]
        return {"id": number, "location": place, "service": 300, "time_windows": windows(rng)}

    jobs: list[dict[str, Any]] = []
    shipments: list[dict[str, Any]] = []
    number = 0
    while number < stops:
        if rich and number % 4 == 0 and number + 1 < stops:
            ends = {"pickup": stop(number), "delivery": stop(number + 1)}
            shipments.append({"amount": [rng.randrange(1, 5)], **ends})
            number += 2
        else:
            jobs.append({**stop(number), "delivery": [rng.randrange(1, 6)]})
            number += 1
    lunch = [{"id": 1, "time_windows": [[41_400, 50_400]], "service": 2_700}]
    vehicle = {
        "start": DEPOT,
        "end": DEPOT,
        "capacity": [30],
        "time_window": [25_200, 68_400],
        "costs": {"fixed": 1000},
    }
    fleet = [{"id": k, **vehicle, **({"breaks": lunch} if rich else {})} for k in range(1, stops // 5 + 1)]
    return {"vehicles": fleet, "jobs": jobs, "shipments": shipments}


def problem_of(document: dict[str, Any]) -> RoutingProblem:
    """Return the problem as the command reads it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "day.json"
        path.write_text(json.dumps(document))
        return read_problem(path).problem


def main() -> None:
    """Print one line per day and solver."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stops", type=int, nargs="+", default=[100, 1000])
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    asked = parser.parse_args()
    solve(problem_of(day(8, 1, rich=True)), iterations(1))  # compiled before any clock starts
    print("| day | stops | seed | solver | first cost | cost | routes | unassigned | iterations |")
    print("|---|---:|---:|---|---:|---:|---:|---:|---:|")
    for rich, stops, seed in [(r, n, s) for r in (False, True) for n in asked.stops for s in asked.seeds]:
        problem = problem_of(day(stops, seed, rich=rich))
        for solver in ("auto", "ortools"):
            if why_not(solver, problem) is not None:
                continue
            found = solve(problem, cpu_seconds(asked.seconds), seed, solver=solver)
            name = "windows, shipments, breaks" if rich else "windows"
            first = round(found.trace[0][1] / COST_UNIT) if found.trace else "-"
            cells = [name, stops, seed, solver, first, round(found.cost / COST_UNIT), len(found.solution.routes)]
            print(
                "|", " | ".join(map(str, [*cells, len(found.solution.unassigned), found.iterations])), "|", flush=True
            )


if __name__ == "__main__":
    main()
