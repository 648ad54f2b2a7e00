"""Fingerprints: of the content that a stage is given, and of everything else that decides its result.

Two inputs have one fingerprint only if no stage can tell them apart: values, types, order of rows and columns.
"""

from __future__ import annotations

import datetime
import hashlib
import platform
import re
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from pydantic import BaseModel

if TYPE_CHECKING:
    from hashlib import _Hash

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

_PLAIN = (bool, int, float, complex, str, bytes, datetime.date, datetime.time, datetime.timedelta, np.generic)
_STARTED = time.time() - 2.0
"""A time before the stages were imported, seconds since 1970."""
_ROOT = Path(__file__).resolve().parents[2]
_PACKAGES = ("planner", "scenarios", "solvers", "reports")


def fingerprint(*values: object) -> str:
    """Return the sha256 of the content of `values`.

    Raises
    ------
    TypeError
        A value is of a kind whose content is not known; better no answer than one key for two contents.
    """
    digest = hashlib.sha256()
    for value in values:
        _add(digest, value)
    return digest.hexdigest()


def _add(digest: _Hash, value: Any) -> None:
    """Add type, length and content, so that neighbours cannot run into each other."""
    kind = type(value).__name__
    if value is None or value is pd.NA or isinstance(value, _PLAIN):
        _add_text(digest, f"{kind} {value!r}")
    elif isinstance(value, pd.DataFrame | pd.Series | np.ndarray):
        _add_table(digest, value)
    elif isinstance(value, BaseModel):
        _add(digest, (kind, {name: getattr(value, name) for name in type(value).model_fields}))
    elif is_dataclass(value) and not isinstance(value, type):
        _add(digest, (kind, {field.name: getattr(value, field.name) for field in fields(value)}))
    elif isinstance(value, Mapping):
        _add_text(digest, f"mapping {len(value)}")
        for item in value.items():
            _add(digest, item)
    elif isinstance(value, tuple | list):
        _add_text(digest, f"sequence {len(value)}")
        for item in value:
            _add(digest, item)
    else:
        raise TypeError(f"{kind} has no fingerprint: a stage must be given plain content")


def _add_table(digest: _Hash, value: pd.DataFrame | pd.Series[Any] | npt.NDArray[Any]) -> None:
    if isinstance(value, pd.DataFrame):
        _add_text(digest, f"frame {value.shape} {list(value.columns)!r}")
        _add_index(digest, value.index)
        for position in range(value.shape[1]):
            _add_column(digest, value.iloc[:, position])
    elif isinstance(value, pd.Series):
        _add_text(digest, f"series {value.shape} {value.name!r}")
        _add_index(digest, value.index)
        _add_column(digest, value)
    else:
        _add_text(digest, f"array {value.dtype.str} {value.shape}")
        if value.dtype.hasobject:
            _add_column(digest, pd.Series(value.ravel()))
        else:
            digest.update(np.ascontiguousarray(value).reshape(-1).view(np.uint8).data)


def _add_text(digest: _Hash, text: str) -> None:
    content = text.encode()
    digest.update(len(content).to_bytes(8, "little"))
    digest.update(content)


def _add_index(digest: _Hash, index: pd.Index) -> None:
    if isinstance(index, pd.RangeIndex):
        _add_text(digest, f"range {index.start} {index.stop} {index.step}")
    elif isinstance(index, pd.MultiIndex):
        for level in range(index.nlevels):
            _add_column(digest, index.get_level_values(level).to_series())
    else:
        _add_column(digest, index.to_series())


def _add_column(digest: _Hash, column: pd.Series[Any]) -> None:
    """Add the values of a column; texts where some are missing by their distinct values, as hashing each is slow."""
    _add_text(digest, f"column {column.dtype}")
    values = column.to_numpy() if isinstance(column.dtype, np.dtype) else None
    if values is not None and not values.dtype.hasobject:
        digest.update(np.ascontiguousarray(values).view(np.uint8).data)
        return
    if values is not None and _add_texts(digest, values):
        return
    if values is not None and pd.api.types.infer_dtype(column, skipna=True) not in {"string", "empty"}:
        _add_text(digest, "\0".join(f"{type(value).__name__} {value!r}" for value in values))
        return
    codes, distinct = pd.factorize(column, use_na_sentinel=False)
    digest.update(codes.astype("<i8").tobytes())
    missing = [] if values is None else values[column.isna().to_numpy()].tolist()
    _add_text(digest, "\0".join(f"{type(value).__name__} {value!r}" for value in [*distinct, *missing]))


def _add_texts(digest: _Hash, values: npt.NDArray[Any]) -> bool:
    """Add values that are all texts, as one text and where each ends; False, and nothing is added, where one is not."""
    try:
        texts = pa.array(values, from_pandas=False)
    except pa.ArrowException:
        return False
    if texts.type != pa.string() or texts.null_count:
        return False
    _, ends, content = texts.buffers()
    ends = np.frombuffer(ends, np.int32, len(texts) + 1)
    _add_text(digest, "texts")
    digest.update(ends.data)
    digest.update(np.frombuffer(content, np.uint8, ends[-1]).data if ends[-1] else b"")
    return True


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
