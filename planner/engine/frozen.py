"""Frozen sweep: the list of members and the state of the inputs, written before anything runs.

RUNS/sweep.json is what `scenarios resume` goes by. It refuses to go on where the project, or the planner, is no longer
what the sweep was begun with: runs of two kinds would stand side by side.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import yaml

from planner.engine.fingerprint import VERSIONED, installed_version
from planner.engine.index import INDEX
from planner.engine.outcome import OUTCOMES
from planner.errors import SweepError
from scenarios.errors import InputError
from scenarios.project import load_project
from scenarios.read import FILE_NAME
from scenarios.resolve import read_scenario
from scenarios.sweep import Member, expand_sweep
from scenarios.tables.issues import Issues
from scenarios.whatif import BASELINE

SWEEP = "sweep.json"
_RESERVED = (SWEEP, INDEX, OUTCOMES)
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class FrozenSweep:
    """A sweep as it was begun.

    Attributes
    ----------
    project : scenario file or its folder, absolute.
    sweep : its name in the file.
    members : in order.
    inputs : what decides the answer -> its hash or version: tables, keys of the scenario file, packages.
    time_limit_s : wall seconds per member; None: none.
    """

    project: Path
    sweep: str
    members: tuple[Member, ...]
    inputs: Mapping[str, str]
    time_limit_s: float | None = None


def project_root(project: Path) -> Path:
    """Return the folder of a project that is named by its folder or its scenario file."""
    return project if project.is_dir() else project.parent


def freeze(project: Path, sweep: str, overrides: Sequence[str], time_limit_s: float | None = None) -> FrozenSweep:
    """Expand a sweep and note the state of its inputs.

    Raises
    ------
    InputError
        The project or the sweep is wrong.
    """
    members = expand_sweep(project, sweep, overrides)
    return FrozenSweep(project.absolute(), sweep, members, input_hashes(project), time_limit_s)


def named_members(project: Path, names: Sequence[str], overrides: Sequence[str]) -> tuple[Member, ...]:
    """Return a member per named scenario, under its name.

    Raises
    ------
    InputError
        The file has no such scenario, or the file or an override is wrong.
    SweepError
        A name cannot be the name of a folder beside the others.
    """
    members = []
    for name in dict.fromkeys(names):
        issues = Issues()
        reading = read_scenario(project, name, overrides, issues)
        if reading is None or reading.scenario is None:
            raise InputError(issues.frame())
        if name in _RESERVED or name.startswith(".") or Path(name).name != name:
            raise SweepError(f"A run folder cannot be called {name!r}. Rename the scenario; nothing was run.")
        members.append(Member(name, None if name == BASELINE else name, tuple(overrides), {}))
    return tuple(members)


def input_hashes(project: Path) -> dict[str, str]:
    """Return the hash or version of everything that decides what the runs of a project are.

    Raises
    ------
    InputError
        The project cannot be loaded as it is.
    """
    tables = {f"table {name}": value for name, value in load_project(project).hashes.items() if name != "scenario"}
    file = project / FILE_NAME if project.is_dir() else project
    keys = yaml.safe_load(file.read_text(encoding="utf-8-sig"))
    written = {f"{file.name}: {key}": _hash(value) for key, value in keys.items()}
    packages = {f"version of {name}": installed_version(name) or "not installed" for name in VERSIONED}
    return {**tables, **written, **packages}


def changes(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Return in words what differs between two states of the inputs."""
    told = []
    for what in sorted({*before, *now}):
        old, new = before.get(what), now.get(what)
        if old == new:
            continue
        if old is None or new is None:
            told.append(f"{what} {'came' if old is None else 'is gone'}")
        else:
            told.append(f"{what} changed from {old} to {new}" if what.startswith("version") else f"{what} changed")
    return told


def write_frozen(runs: Path, frozen: FrozenSweep) -> None:
    """Write RUNS/sweep.json; the file appears whole.

    Raises
    ------
    SweepError
        The folder holds another sweep, or something else under that name.
    """
    if (runs / SWEEP).exists():
        raise SweepError(
            f"{runs} already holds a sweep. Go on with `planner scenarios resume {runs}`, or name another folder "
            "with --output; nothing was run."
        )
    members = [
        {**asdict(member), "overrides": list(member.overrides), "values": dict(member.values)}
        for member in frozen.members
    ]
    about = {
        "format": _FORMAT,
        "project": str(frozen.project),
        "sweep": frozen.sweep,
        "time_limit_s": frozen.time_limit_s,
        "inputs": dict(frozen.inputs),
        "members": members,
    }
    runs.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{SWEEP}.new-", dir=runs)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(json.dumps(about, indent=1, ensure_ascii=False, default=str) + "\n")
        Path(name).chmod(0o644)
        os.replace(name, runs / SWEEP)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def read_frozen(runs: Path) -> FrozenSweep:
    """Read RUNS/sweep.json.

    Raises
    ------
    SweepError
        There is none, or it cannot be understood.
    """
    file = runs / SWEEP
    try:
        about = json.loads(file.read_text(encoding="utf-8"))
        if about["format"] != _FORMAT:
            raise SweepError(f"{file} was written by another version of the planner. Begin the sweep again.")
        members = tuple(Member(**{**each, "overrides": tuple(each["overrides"])}) for each in about["members"])
        limit = about["time_limit_s"]
        return FrozenSweep(Path(about["project"]), str(about["sweep"]), members, about["inputs"], limit)
    except FileNotFoundError as error:
        raise SweepError(
            f"{runs} holds no sweep: there is no {SWEEP}. Name the folder that `planner scenarios sweep` wrote."
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SweepError(f"{file} cannot be understood ({error}). Begin the sweep again in another folder.") from error


def refuse_changes(frozen: FrozenSweep, runs: Path) -> None:
    """Compare the project with what the sweep was begun with.

    Raises
    ------
    SweepError
        Something differs; says what.
    """
    told = changes(frozen.inputs, input_hashes(frozen.project))
    if told:
        listed = "\n".join(f"  {what}" for what in told)
        raise SweepError(
            f"{frozen.project} is not what the sweep in {runs} was begun with:\n{listed}\n"
            "Set it back and resume, or begin a new sweep in another folder; nothing was run."
        )


@contextmanager
def only_one(runs: Path) -> Iterator[None]:
    """Keep a second process from working on the same sweep; what a killed process held is free again.

    Raises
    ------
    SweepError
        Another process is at it.
    """
    try:
        import fcntl  # noqa: PLC0415 - not on every system; without it two processes only do work twice
    except ImportError:
        yield
        return
    with (runs / SWEEP).open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise SweepError(f"Another process is working on {runs}. Wait for it, or stop it, then resume.") from error
        yield


def _hash(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()
