"""The command starts lightly: heavy libraries load inside commands only."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ("numpy", "pandas", "numba", "scipy", "pydantic", "pandera", "highspy", "ortools", "pyomo", "cupy")


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from planner.cli.app import app\n"
        "try:\n    app(['--help'])\nexcept SystemExit as stop:\n    assert stop.code == 0, stop.code\n"
        f"loaded = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "assert not loaded, loaded\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for command in ("demo", "init", "check", "run", "routes", "explain", "report", "doctor"):
        assert command in done.stdout


def test_every_command_explains_itself() -> None:
    for words in (
        ["demo"],
        ["init"],
        ["check"],
        ["run"],
        ["routes", "solve"],
        ["routes", "check"],
        ["explain"],
        ["report"],
    ):
        done = subprocess.run(
            [sys.executable, "-m", "planner", *words, "--help"], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert "Usage" in done.stdout


def test_unknown_command_is_bad_input() -> None:
    done = subprocess.run([sys.executable, "-m", "planner", "plann"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "No such command" in done.stderr
