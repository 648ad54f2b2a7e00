"""Fingerprints of everything that decides a stage's result besides its input, see `planner.fingerprint` for that."""

from __future__ import annotations

import platform
import re
import sys
import time
from collections.abc import Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from planner.fingerprint import fingerprint

VERSIONED = (
    "supply-planner",
    "numpy",
    "pandas",
    "scipy",
    "numba",
    "statsforecast",
    "lightgbm",
    "highspy",
    "ortools",
    "pyomo",
    "holidays",
)
"""Libraries that may decide a result."""

_STARTED = time.time() - 2.0
"""A time before the stages were imported, seconds since 1970."""
_ROOT = Path(__file__).resolve().parents[2]
_PACKAGES = ("planner", "scenarios", "solvers", "reports")


def stage_fingerprint(module: str) -> str | None:
    """Return what decides the results of a module besides its input: code, libraries, interpreter, processor.

    None where the code on disk may not be the code that runs, as it was changed since this process started.
    """
    code = code_fingerprint(module)
    return None if code is None else fingerprint(code, _surroundings())


@cache
def code_fingerprint(module: str) -> str | None:
    """Return the sha256 of the source of everything that `code_files` finds for a module; None as above."""
    files = code_files(module)
    if any(path.stat().st_mtime > _STARTED for path in files):
        return None
    return fingerprint([(path.relative_to(_ROOT).as_posix(), _read(path)) for path in files])


def code_files(module: str) -> list[Path]:
    """Return the source files of a module and of all of ours that it can reach, sorted.

    A file reaches every folder, or module, that its text names: imports, and the tables of names by which solvers
    are imported when they are chosen. A module that is named in a comment only makes the key change too often,
    never too seldom.
    """
    seen: set[Path] = set()
    waiting = [file for package, name in _named_in(module) for file in _files(package, name)]
    while waiting:
        path = waiting.pop()
        if path not in seen:
            seen.add(path)
            waiting += [file for package, name in _mentions(path) for file in _files(package, name)]
    return sorted(seen)


@cache
def _files(package: str, name: str) -> tuple[Path, ...]:
    """Return the source of package.name: all files of a folder, one of a module."""
    place = _ROOT / package / name
    module = place.with_suffix(".py")
    found = [*place.rglob("*.py")] if place.is_dir() else [module] if module.is_file() else []
    return (_ROOT / package / "__init__.py", *found)


@cache
def _mentions(path: Path) -> frozenset[tuple[str, str]]:
    return frozenset(_named_in(_read(path)))


def _named_in(text: str) -> Iterator[tuple[str, str]]:
    """Yield (package, name) of every `package.name` and `from package import name` in a text."""
    for package in _PACKAGES:  # splitting is many times faster than a search with an expression
        for rest in text.split(f"{package}.")[1:]:
            if (name := re.match(r"\w+", rest)) is not None:
                yield package, name[0]
        for rest in text.split(f"from {package} import ")[1:]:
            for name in re.findall(r"\w+", rest.partition("\n")[0]):
                yield package, name


@cache
def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@cache
def _surroundings() -> str:
    """Return versions of the libraries and what rounding may depend on: interpreter, system, processor, GPU."""
    versions = [(name, installed_version(name)) for name in VERSIONED]
    device = (find_spec("cupy") is not None, Path("/proc/driver/nvidia/version").exists())
    return repr((versions, sys.version, platform.platform(), _processor(), device))


@cache
def installed_version(package: str) -> str:
    """Return the version of a library, empty where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _processor() -> str:
    """Return the model of the processor: compiled kernels use what it has."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return "; ".join(dict.fromkeys(line for line in lines if line.startswith(("model name", "flags", "Features"))))
