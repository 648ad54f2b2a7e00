"""The command line as a user types it, in this process: the same edge, exit codes and texts."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from planner_command import Answer, Planner
from small_project import WIDE, small_tables, write_project

from planner.cli.app import app
from planner.cli.edge import run_at_edge


@pytest.fixture
def planner(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Planner:
    """Run `planner` with these words."""

    def run(*words: object) -> Answer:
        monkeypatch.setattr(sys, "argv", ["planner", *map(str, words)])
        with pytest.raises(SystemExit) as stop:
            run_at_edge(app)
        out, err = capfd.readouterr()
        code = stop.value.code
        return Answer(code if isinstance(code, int) else 0 if code is None else 1, out, err)

    return run


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole little project; tests must not change it."""
    return write_project(tmp_path_factory.mktemp("small") / "project", small_tables(dc_stock=60), WIDE)


@pytest.fixture(scope="session")
def small_run(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder of the little project, planned with one core."""
    from planner.engine.run import run_project

    return run_project(small, output=tmp_path_factory.mktemp("run") / "run", threads=1).folder
