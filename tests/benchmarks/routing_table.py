"""Runs of `routing.py` kept in a CSV file, one row each, and the table that they make."""

from __future__ import annotations

import csv
import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks-routing.md"
BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"


@dataclass(frozen=True, slots=True)
class Run:
    """One answer; `gap` in %, empty where there is none, and then `note` says why.

    Attributes
    ----------
    solver, version : name and version; of this project's solvers a digest of their sources.
    seconds : limit in CPU seconds. used : CPU seconds from start to answer, a peer's reading of the file included.
    load : of the machine, one-minute mean when the run ended.
    """

    family: str
    instance: str
    stops: int
    solver: str
    version: str
    seconds: float
    seed: int
    gap: str
    note: str
    used: float
    load: float
    machine: str

    @property
    def key(self) -> tuple[str, ...]:
        """What makes a run another one."""
        return tuple(map(str, (self.family, self.instance, self.solver, self.version, self.seconds, self.seed)))


def machine() -> str:
    """Return the hardware in words."""
    model = platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line.split(":")[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
        model = names[0] if names else model
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}"


def read_runs(path: Path) -> list[Run]:
    """Return the runs kept in `path`, none where it does not exist."""
    if not path.exists():
        return []
    kinds = {"stops": int, "seconds": float, "seed": int, "used": float, "load": float}
    with path.open(newline="") as file:
        return [Run(**{name: kinds.get(name, str)(text) for name, text in row.items()}) for row in csv.DictReader(file)]


def keep_run(path: Path, run: Run) -> None:
    """Add a run to `path`."""
    new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Run)])
        if new:
            writer.writeheader()
        writer.writerow(asdict(run))


def table_of(runs: Sequence[Run]) -> str:
    """Return the runs as a table, seeds, clock, versions and hardware above it; one row per instance and limit."""
    solvers = list(dict.fromkeys(run.solver for run in runs))
    versions = [f"{s} {', '.join(dict.fromkeys(r.version for r in runs if r.solver == s))}" for s in solvers]
    loads = [run.load for run in runs]
    seeds = sorted({run.seed for run in runs})
    machines = "; ".join(dict.fromkeys(run.machine for run in runs))
    lines = [
        f"Mean gap to best known in % over seeds {', '.join(map(str, seeds))}, one thread, limit in CPU seconds. "
        f"{machines}; {'; '.join(versions)}; load {min(loads):.1f} to {max(loads):.1f}. none: no feasible answer; "
        "killed: did not return and was stopped by force; -: not for this solver.",
        "",
        "| family | instance | stops | CPU s | " + " | ".join(solvers) + " |",
        "|---|---|---:|---:|" + "---:|" * len(solvers),
    ]
    rows = list(dict.fromkeys((r.family, r.instance, r.stops, r.seconds) for r in runs))
    cells = {
        (row, s): _cell(
            [r for r in runs if (r.family, r.instance, r.stops, r.seconds) == row and r.solver == s], len(seeds)
        )
        for row in rows
        for s in solvers
    }
    for row in rows:
        family, instance, stops, seconds = row
        told = " | ".join(cells[row, s] for s in solvers)
        lines.append(f"| {family} | {instance} | {stops} | {seconds:g} | {told} |")
    for family, seconds in dict.fromkeys((row[0], row[3]) for row in rows):
        told = " | ".join(
            _cell([r for r in runs if (r.family, r.seconds, r.solver) == (family, seconds, s)], 0) for s in solvers
        )
        lines.append(f"| **{family}** | mean | | {seconds:g} | {told} |")
    return "\n".join(lines)


def _cell(runs: Sequence[Run], seeds: int) -> str:
    """Return the mean gap, or why there is none; a mean over answers only says how many there were not."""
    gaps = [float(run.gap) for run in runs if run.gap]
    notes = [run.note for run in runs if not run.gap]
    if not gaps:
        return ", ".join(dict.fromkeys(notes)) or "-"
    lacking = [f"{notes.count(note)} {note}" for note in dict.fromkeys(notes)]
    fewer = [f"{len(runs)} runs"] if 0 < len(runs) < seeds else []
    extra = ", ".join(fewer + lacking)
    return f"{statistics.fmean(gaps):.2f}" + (f" ({extra})" if extra else "")


def write_table(runs: Sequence[Run]) -> None:
    """Put the table into docs/benchmarks-routing.md."""
    before, rest = PAGE.read_text().split(BEGIN)
    PAGE.write_text(before + BEGIN + "\n" + table_of(runs) + "\n" + END + rest.split(END)[1])
