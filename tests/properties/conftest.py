"""Runs that the rules are judged on, each made once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from judge.case import Case, read_case
from judge.small_chain import write_small_chain

from planner.engine.run import run_project
from scenarios.examples import example_folder

# Rules hold whatever the budgets are, so the example is planned with small ones.
IOWA = {
    "horizon.buckets": 3,
    "replenishment.iterations": 20,
    "distribution.iterations": 100,
    "simulation.replications": 20,
}


def _plan_iowa(folder: Path) -> Case:
    """Plan the example by the command as a user types it; 0: done, 4: a limit was hit and the plan is usable."""
    project, run = example_folder("iowa"), folder / "run"
    words = [word for path, value in IOWA.items() for word in ("--set", f"{path}={value}")]
    command = [sys.executable, "-m", "planner", "run", str(project), "--output", str(run), "--quiet", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode in {0, 4}, done.stdout + done.stderr
    return read_case(project, run, IOWA)


def _plan_small_chain(folder: Path, kind: str, seed: int) -> Case:
    """Plan a generated chain in this process."""
    project, run = write_small_chain(folder / "project", kind, seed), folder / "run"
    run_project(project, output=run, threads=1)
    return read_case(project, run)


@pytest.fixture(scope="session")
def judged_case(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Case]:
    """Return a function from the name of a case to the planned case."""
    made: dict[str, Case] = {}

    def make(name: str) -> Case:
        if name not in made:
            folder = tmp_path_factory.mktemp(name.replace(" ", "_"))
            kind, _, seed = name.rpartition(" ")
            made[name] = _plan_small_chain(folder, kind, int(seed)) if kind else _plan_iowa(folder)
        return made[name]

    return make
