"""Runs of the `planner` command that the rules are judged on, each made once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from judge.case import Case, read_case
from judge.small_chain import write_small_chain

from scenarios.examples import example_folder


def plan(project: Path, run: Path, *options: str) -> None:
    """Plan a project by the command; 0: done, 4: a limit was hit and the plan is usable."""
    command = [sys.executable, "-m", "planner", "run", str(project), "--output", str(run), "--quiet", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode in {0, 4}, done.stdout + done.stderr


@pytest.fixture(scope="session")
def judged_case(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Case]:
    """Return a function from the name of a case to the planned case."""
    made: dict[str, Case] = {}

    def make(name: str) -> Case:
        if name not in made:
            folder = tmp_path_factory.mktemp(name)
            run = folder / "run"
            if name == "iowa":
                project, changes = example_folder("iowa"), {"horizon.buckets": 3}
            else:
                project, changes = write_small_chain(folder / "project", seed=int(name.rsplit(maxsplit=1)[-1])), {}
            plan(project, run, *(word for path, value in changes.items() for word in ("--set", f"{path}={value}")))
            made[name] = read_case(project, run, changes)
        return made[name]

    return make
