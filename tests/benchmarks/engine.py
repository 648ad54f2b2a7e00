"""The targets of the scenario engine, each measured, in one table.

    python tests/benchmarks/engine.py [--members N] [--write]          (200)

What-ifs are asked of the Iowa example as a person would, `planner scenarios run`, one after the other, with a stage
cache of their own that holds the baseline. Their seconds are processor seconds of the whole command, start of the
program included, so that other work on the machine counts little; only the speed-up of two workers is wall time and
means something on a quiet machine only. `--write` writes docs/benchmarks-engine.md.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "planner" / "engine"))

from small_project import small_tables, write_project
from sweep_tasks import play

from planner.engine.frozen import FrozenSweep
from planner.engine.index import open_index
from planner.engine.member import run_member
from planner.engine.outcome import Outcome
from planner.engine.sweep import begin_sweep
from planner.engine.task import Task
from planner.engine.workers import LocalWorkers
from scenarios.examples import example_folder
from scenarios.sweep import Member

DOCS = Path(__file__).parents[2] / "docs" / "benchmarks-engine.md"
ITEM, COMMON, CITY = "JIM_BEAM_RYE", "JIM_BEAM", "AMES"
"""An item with the median sales, sold in 87 cities, one of those that sell most, in 313, and a city."""
MORE: dict[str, Any] = {
    "window_of_a_city": {
        "edits": [
            {"table": "locations", "where": f"location_id == '{CITY}'", "set": {"window_start_min": 360}},
            {"table": "locations", "where": f"location_id == '{CITY}'", "set": {"window_end_min": 600}},
        ]
    },
    "demand_of_an_item": {"edits": [{"table": "demand_adjustments", "append": [{"item_id": ITEM, "factor": 1.2}]}]},
    "demand_of_a_common_item": {
        "edits": [{"table": "demand_adjustments", "append": [{"item_id": COMMON, "factor": 1.2}]}]
    },
    "sales_of_an_item": {
        "edits": [{"table": "demand_history", "where": f"item_id == '{ITEM}'", "multiply": {"qty": 1.2}}]
    },
}
"""What-ifs that the example does not name."""
WHAT_IFS = (
    ("baseline", "nothing changed", 1.0),
    ("carbon_price", "cost: `carbon_price`", 0.1),
    ("fuel_up_30", "cost: `fuel_up_30`", 0.1),
    ("truck_fewer", "truck: `truck_fewer`", 0.1),
    ("window_of_a_city", f"window of {CITY}", 0.1),
    ("demand_of_an_item", f"demand of {ITEM} times 1.2", 0.2),
    ("demand_of_a_common_item", f"demand of {COMMON} times 1.2", 0.2),
    ("sales_of_an_item", f"past sales of {ITEM} times 1.2", 0.2),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: what, how much, what was wanted."""

    what: str
    measured: str
    wanted: str = ""

    def __str__(self) -> str:
        return f"| {self.what} | {self.measured} | {self.wanted} |"


def planner(words: Sequence[str], environment: dict[str, str]) -> tuple[float, float, str]:
    """Run a command; return its processor seconds, wall seconds and output."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "planner", *words], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode not in {0, 4}:
        raise RuntimeError(done.stderr)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu_s, time.perf_counter() - start, done.stdout


def what_ifs(folder: Path) -> list[Row]:
    """Return processor seconds of what-ifs as a share of a cold run."""
    project = Path(shutil.copytree(example_folder("iowa"), folder / "iowa"))
    text = yaml.safe_load((project / "scenario.yaml").read_text())
    text["patches"] |= MORE
    text["scenarios"] |= {name: {"patches": [name]} for name in MORE}
    (project / "scenario.yaml").write_text(yaml.safe_dump(text, sort_keys=False))
    # a user's Python keeps what it has compiled of our modules, as an installed one does
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}

    def run(name: str, cache: str) -> tuple[float, dict[str, Any]]:
        kept = {**environment, "PLANNER_CACHE_DIR": str(folder / cache)}
        words = ("scenarios", "run", str(project), name, "--output", str(folder / "runs"), "--json")
        cpu_s, _, _ = planner(words, kept)
        about = json.loads((folder / "runs" / name / "provenance.json").read_text())
        return cpu_s, about["recalled"]

    planner(
        ("scenarios", "run", str(project), "baseline", "--output", str(folder / "warm-up"), "--no-cache"), environment
    )
    cold, _ = run("baseline", "stages")
    rows = [Row("cold run of the example", f"{cold:.1f} CPU s")]
    for name, what, most in WHAT_IFS:
        kept = f"stages-{name}"
        shutil.copytree(folder / "stages", folder / kept)
        cpu_s, recalled = run(name, kept)
        computed = ", ".join(f"{use['computed']} {stage}" for stage, use in recalled.items() if use["computed"])
        shutil.rmtree(folder / kept)
        rows.append(
            Row(
                f"{what}; computed again: {computed or 'nothing'}",
                f"{cpu_s:.1f} CPU s, {cpu_s / cold:.2f}",
                "" if most == 1.0 else f"{most:.2f}",
            )
        )
        print(rows[-1], flush=True)
    return rows


def overhead(folder: Path, members: int) -> list[Row]:
    """Return what the engine itself takes per scenario: members that plan nothing, on one worker."""
    project = write_project(folder / "empty", small_tables(weeks=8))
    sweep = FrozenSweep(project, "s", tuple(Member(f"{n:04d}", None, (f"seed={n}",), {}) for n in range(members)), {})
    memory: dict[int, float] = {}

    def look(_what: str, done: int, _total: int) -> None:
        if done in {1, members}:
            memory[done] = _resident_mib(os.getpid())

    wall, cpu = time.perf_counter(), time.process_time()
    begin_sweep(folder / "runs-of-nothing", sweep, LocalWorkers(play, 1), progress=look)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    each = f"{1000 * cpu / members:.1f} ms CPU, {1000 * wall / members:.0f} ms wall"
    grown = f"{memory[1]:.0f} MiB, {memory[members] - memory[1]:+.0f} MiB"
    return [
        Row(f"the engine itself, per scenario ({members} members that plan nothing)", each, "50 ms"),
        Row(f"memory of the engine, first to last of {members} members", grown, "flat"),
    ]


def worker_memory(folder: Path, members: int = 40) -> Row:
    """Return how the memory of one worker grows over members of a small project."""
    project = write_project(
        folder / "small", small_tables(weeks=12, dc_stock=60), {"replenishment": {"target_gap": 0.9}}
    )
    workers = LocalWorkers(run_member, 1)
    memory = []
    for n in range(members):
        member = Member(f"{n:04d}", None, (f"distribution.speed_kmh={40 + n}",), {})
        workers.start(member.name, Task(project, member, folder / "small-runs"))
        while not workers.wait(60.0):
            pass
        memory.append(_resident_mib(workers.pids()[0]))
    workers.close()
    return Row(
        f"memory of a worker, second to last of {members} members",
        f"{memory[1]:.0f} MiB, {memory[-1] - memory[1]:+.0f} MiB",
        "flat",
    )


def thousand(folder: Path) -> list[Row]:
    """Return how long listing, filtering and comparing 1,000 runs takes, start of the program included."""
    runs = folder / "thousand"
    kpis = ["simulated_cost", "simulated_fill_rate", "inventory_value", "transport_cost", "distance_km", "co2e_kg"]
    outcomes = []
    for n in range(1000):
        figures = [(kpi, "all", "", 100.0 + n % 97 + k, "USD", None, None) for k, kpi in enumerate(kpis)]
        figures += [("simulated_cost", "location", f"L{k}", 1.0 + n % 7, "USD", None, None) for k in range(145)]
        name, run = f"{n:04d}", f"{n:012d}"
        about = {"run_id": run, "status": "optimal", "scenario": "s", "overrides": [], "seconds": {}}
        (runs / name).mkdir(parents=True)
        (runs / name / "provenance.json").write_text(json.dumps(about))
        outcomes.append(Outcome(name, "optimal", "s", (), {"a": n % 5}, run_id=run, kpis=tuple(figures)))
    with open_index(runs) as index:
        index.record(outcomes)
    rows = []
    for what, words in {
        "listed and filtered: `scenarios runs RUNS --where a=3`": ("scenarios", "runs", str(runs), "--where", "a=3"),
        "compared: `scenarios compare RUNS`": ("scenarios", "compare", str(runs)),
    }.items():
        cpu_s, wall_s, _ = planner(words, dict(os.environ))
        rows.append(Row(f"1,000 runs with 151 key figures each, {what}", f"{cpu_s:.1f} CPU s, {wall_s:.1f} s", "2 s"))
    return rows


def speed_up(folder: Path, members: int, workers: int = 2) -> list[Row]:
    """Return how much faster a sweep is on two workers than on one."""
    counts = {"warm": workers, "one": 1, "more": workers}
    sweeps = {
        name: {"matrix": {"distribution.speed_kmh": [40 + n * 40 / members + shift for n in range(size)]}}
        for name, shift, size in (("warm", 90.0, 2), ("one", 0.0, members), ("more", 0.001, members))
    }
    settings = {"replenishment": {"target_gap": 0.9}, "simulation": {"replications": 10}, "sweeps": sweeps}
    project = write_project(folder / "sweep", small_tables(weeks=12, dc_stock=60), settings)
    environment = {**os.environ, "PLANNER_CACHE_DIR": str(folder / "sweep-stages")}
    seconds, used = {}, {}
    for name, count in counts.items():
        words = ("scenarios", "sweep", str(project), name, "--workers", str(count), "--json")
        used[name], seconds[name], _ = planner(words, environment)
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    ratio = (
        f"{seconds['one'] / seconds['more']:.2f} x as fast; CPU s {used['one']:.0f} and {used['more']:.0f}; load {load}"
    )
    return [Row(f"sweep of {members} small scenarios, {workers} workers against 1", ratio, "1.8 x, on a quiet machine")]


def _resident_mib(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def main() -> None:
    """Measure everything and print, or write, the table."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--members", type=int, default=200, help="of the sweep on one worker and on two")
    ask.add_argument("--only", nargs="*", choices=("what_ifs", "engine", "thousand", "sweep"), help="some parts only")
    ask.add_argument("--write", action="store_true", help="write docs/benchmarks-engine.md")
    told = ask.parse_args()
    wanted = told.only or ("what_ifs", "engine", "thousand", "sweep")
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        if "what_ifs" in wanted:
            rows += what_ifs(folder)
        if "engine" in wanted:
            rows += [*overhead(folder, 500), worker_memory(folder)]
        if "thousand" in wanted:
            rows += thousand(folder)
        if "sweep" in wanted:
            rows += speed_up(folder, told.members)
    table = "\n".join(["| what | measured | wanted |", "|---|---|---|", *map(str, rows)])
    print(table)
    if told.write:
        head, _, rest = DOCS.read_text().partition("<!-- table -->")
        DOCS.write_text(f"{head}<!-- table -->\n{table}\n<!-- end -->{rest.partition('<!-- end -->')[2]}")


if __name__ == "__main__":
    main()
