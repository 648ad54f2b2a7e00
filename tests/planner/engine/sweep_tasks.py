"""Tasks for workers that plan nothing: quick, and they die, sleep or fail where they are told to."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import time
from dataclasses import replace
from pathlib import Path

from planner.engine.outcome import Outcome, write_outcome
from planner.engine.task import Task, Unwritable


def play(task: Task) -> Outcome | Unwritable:
    """Write what stands for a run folder, the same for the same member, and its outcome.

    The swept value `act`: "die" kills the worker; "die once" only the first time; "full" finds the disk full;
    "infeasible" has no plan; "slow" takes a tenth of a second.
    """
    name, act = task.member.name, str(task.member.values.get("act", ""))
    if act == "die" or (act == "die once" and _times(task.runs.parent / f"{name}.tries") == 1):
        os.kill(os.getpid(), signal.SIGKILL)
    if act == "full" and not (task.runs.parent / "room").exists():
        return Unwritable(name, "No space left on device")
    if act == "slow":
        time.sleep(0.1)
    if act == "infeasible":
        outcome = replace(task.asked(), status="infeasible", error="S1 holds 20 of the 50 it must show")
        write_outcome(task.runs, outcome)
        return outcome
    about = {
        "run_id": hashlib.sha256(f"{name} {task.member.overrides}".encode()).hexdigest()[:12],
        "status": "optimal",
        "scenario": task.member.scenario or "",
        "overrides": list(task.member.overrides),
        "seconds": {},
    }
    new = task.runs / f".{name}.new-{os.getpid()}"
    new.mkdir()
    (new / "provenance.json").write_text(json.dumps(about))
    if not (task.runs / name).exists():
        new.rename(task.runs / name)
    kpis = (("simulated_cost", "all", "", float(len(name)), "USD", None, None),)
    outcome = replace(task.asked(), status="optimal", run_id=about["run_id"], kpis=kpis, wall_s=0.25, cpu_s=0.125)
    write_outcome(task.runs, outcome)
    return outcome


def _times(file: Path) -> int:
    """Count one more and return how many there were."""
    with file.open("a") as tries:
        tries.write("x")
    return file.stat().st_size


def files(folder: Path) -> dict[str, bytes]:
    """Every file below a runs folder but the index, without seconds."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.suffix == ".json":
            about = json.loads(path.read_text())
            for key in ("seconds", "recalled", "wall_s", "cpu_s"):
                about.pop(key, None)
            found[name] = json.dumps(about, sort_keys=True).encode()
        elif path.is_file() and "index.sqlite" not in name:
            found[name] = path.read_bytes()
    return found
