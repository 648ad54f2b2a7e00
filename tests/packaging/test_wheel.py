"""The wheel: what it holds, and that it works in a clean virtual environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(target), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = target.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def clean_python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new virtual environment with the wheel; its dependencies are borrowed from this one by path.

    A path line in a .pth file does not run the .pth files of the folder it names, so the editable
    installation of this environment stays invisible.
    """
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    site = folder / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    (site / "borrowed.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    return python


def _run(python: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    return subprocess.run(
        [str(python), *arguments], capture_output=True, text=True, check=False, cwd=cwd, env=environment
    )


def test_top_level_names_are_the_four_packages(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        top = {name.split("/")[0] for name in archive.namelist()}
    assert {name for name in top if not name.endswith(".dist-info")} == {"planner", "scenarios", "solvers", "reports"}


def test_example_templates_and_type_markers_are_shipped(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {f"{package}/py.typed" for package in ("planner", "scenarios", "solvers", "reports")} <= names
    assert "scenarios/examples/iowa/scenario.yaml" in names
    assert any(name.startswith("reports/templates/") for name in names)
    assert not any("tests/" in name for name in names)


def test_command_works_in_a_clean_environment(clean_python: Path, tmp_path: Path) -> None:
    done = _run(clean_python, "-m", "planner", "doctor", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = {row["what"]: row for row in json.loads(done.stdout)}
    assert rows["packages"]["state"] == "ok"
    assert str(clean_python.parent.parent) in rows["packages"]["detail"]


def test_example_can_be_started_from_the_wheel(clean_python: Path, tmp_path: Path) -> None:
    done = _run(clean_python, "-m", "planner", "init", "mine", "--example", "iowa", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "mine" / "scenario.yaml").exists()
    checked = _run(clean_python, "-m", "planner", "check", "mine", cwd=tmp_path)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_a_folder_named_like_a_package_does_not_hide_ours(clean_python: Path, tmp_path: Path) -> None:
    """`python -m planner` puts the working folder on the path; `planner doctor` must say so."""
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "__init__.py").write_text("")
    done = _run(clean_python, "-m", "planner", "doctor", "--json", cwd=tmp_path)
    rows = {row["what"]: row for row in json.loads(done.stdout)}
    assert rows["packages"]["state"] == "broken"
    assert done.returncode == 2
