"""The published tables and provenance of a run on disk: written whole, renamed, read back.

A run folder holds every table of `reports.tables.PUBLISHED` as Parquet (the truth) and CSV (for
people), `provenance.json`, and the pages made from them. Two runs with the same input, seed and
versions are the same bytes, but for `seconds` and `recalled` in provenance.json. The folder may stand on the
local disk or behind a URL that fsspec opens; `reports.places` says what is promised where.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from reports.optional_tables import OPTIONAL
from reports.places import Place, PlaceError, place_of
from reports.table_files import write_table
from reports.tables import PUBLISHED

FORMAT = 2
"""Of a run folder; rises when a table or column that readers need is added."""
PROVENANCE = "provenance.json"


class RunFolderError(Exception):
    """A run folder that cannot be read or written: what, where and what to do."""


class RunTables(Mapping[str, pd.DataFrame]):
    """The tables of a run folder, read when first asked for.

    Raises
    ------
    RunFolderError
        On access to a table whose file is missing or is not what the run wrote.
    """

    def __init__(self, place: Place, folder: Path, checksums: Mapping[str, str]) -> None:
        self._place = place
        self._folder = folder
        self._checksums = checksums
        self._read: dict[str, pd.DataFrame] = {}

    def __getitem__(self, name: str) -> pd.DataFrame:
        if name not in self._checksums:
            raise KeyError(name)
        if name not in self._read:
            self._read[name] = self._load(name)
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._checksums)

    def __len__(self) -> int:
        return len(self._checksums)

    def _load(self, name: str) -> pd.DataFrame:
        path = self._folder / f"{name}.parquet"
        try:
            content = self._place.read(path.name)
        except OSError as error:
            raise _damaged(path, f"cannot be read ({error.strerror or error})") from error
        if hashlib.sha256(content).hexdigest() != self._checksums[name]:
            raise _damaged(path, "is not what the run wrote (its checksum differs)")
        table = pa.parquet.read_table(io.BytesIO(content))
        known = PUBLISHED | OPTIONAL
        wanted = known[name].columns if name in known else ()
        lacking = [str(column) for column in wanted if column not in table.column_names]
        if lacking:
            raise RunFolderError(
                f"{self._folder} was written by an older version of the planner: its table {name} has no column "
                f"{', '.join(lacking)}. Run `planner run` again."
            )
        frame: pd.DataFrame = table.to_pandas()
        for column in frame.select_dtypes("datetime"):
            frame[column] = frame[column].astype("datetime64[ns]")
        return frame


@dataclass(frozen=True, slots=True)
class RunFolder:
    """A finished run: its tables and where they came from.

    Attributes
    ----------
    path : the folder; a URL with the one slash that a `Path` makes of two, which `read_run` understands.
    tables : published tables by name.
    provenance : run_id, project, scenario, overrides, seed, currency, horizon_start,
        horizon_buckets, bucket, status, cost, lower_bound, gap, versions, input_hashes, settings,
        seconds, and by table its rows and checksum.
    """

    path: Path
    tables: Mapping[str, pd.DataFrame]
    provenance: Mapping[str, Any]


Writer = Callable[[RunFolder, Path], None]


def write_run(
    folder: Path | str,
    tables: Mapping[str, pd.DataFrame],
    provenance: Mapping[str, object],
    seconds: Mapping[str, float],
    extras: Mapping[str, Writer] | None = None,
    *,
    csv: bool = True,
    recalled: Mapping[str, Mapping[str, int]] | None = None,
) -> RunFolder:
    """Write a run folder; it appears whole or not at all, and replaces an older run of the same name.

    Everything is written to a new folder beside the target. The old run is moved aside, the new one
    renamed, the old one removed; `read_run` finds the old one if that was cut short in between.

    Parameters
    ----------
    folder : the target, a folder or a URL that fsspec opens; its parents are made.
    tables : every published table, conforming to its schema, and those of `OPTIONAL` that there are.
    provenance : what the run is; must be the same for two equal runs.
    seconds : wall seconds by stage; with `recalled` the only part that may differ between two equal runs.
    extras : file name -> function that writes it from the run, for example report.html.
    csv : also write every table as CSV, for people.
    recalled : by kind of result, how many were known from earlier runs and how many were computed.

    Raises
    ------
    RunFolderError
        The target exists and is not a run folder, or its filesystem cannot be opened.
    """
    place = _place(folder)
    refuse_foreign(folder)
    new = place.prepare()
    try:
        schemas = PUBLISHED | {name: schema for name, schema in OPTIONAL.items() if name in tables}
        written = {name: write_table(new, schemas[name], tables[name], csv=csv) for name in schemas}
        about: dict[str, Any] = {**provenance, "format": FORMAT, "tables": written}
        about["run_id"] = hashlib.sha256(_as_json(about).encode()).hexdigest()[:12]
        about["seconds"] = {stage: round(value, 3) for stage, value in seconds.items()}
        about["recalled"] = {stage: dict(counts) for stage, counts in (recalled or {}).items()}
        (new / PROVENANCE).write_text(_as_json(about), encoding="utf-8")
        about = json.loads(_as_json(about))  # extras see what read_run will give them
        run = RunFolder(new, dict(tables), about)
        for name, write in (extras or {}).items():
            write(run, new / name)
        place.put(new, PROVENANCE)
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise
    return RunFolder(Path(folder), run.tables, about)


def refuse_foreign(folder: Path | str) -> None:
    """Never replace what is not a run folder.

    Raises
    ------
    RunFolderError
        Something else is there, or the filesystem cannot be opened.
    """
    place = _place(folder)
    if place.exists() and (PROVENANCE not in (names := place.names())) and (names or Path(folder).is_file()):
        raise RunFolderError(f"{folder} exists and is not a run folder. Name another one; nothing was written.")


def read_run(folder: Path | str) -> RunFolder:
    """Open a run folder; tables are read when they are used.

    Raises
    ------
    RunFolderError
        There is no run, it is of another version, or a file is missing or damaged.
    """
    place = _place(folder)
    names, where = place.names(), Path(folder)
    if not names and (where.is_file() or not place.exists()):
        raise RunFolderError(f"There is no run folder {folder}. Make one with `planner run PROJECT --output {folder}`.")
    if PROVENANCE not in names:
        raise RunFolderError(f"{folder} is not a run folder: it holds no {PROVENANCE}. Name the folder of a run.")
    try:
        about = json.loads(place.read(PROVENANCE).decode("utf-8"))
        written_format, tables = about["format"], about["tables"]
        checksums = {str(name): str(entry["sha256"]) for name, entry in tables.items()}
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        raise _damaged(where / PROVENANCE, "cannot be understood") from error
    absent = sorted(set(PUBLISHED) - set(checksums))
    if written_format != FORMAT or absent:
        lacking = f", without the table{'s' if len(absent) > 1 else ''} {', '.join(absent)}" if absent else ""
        raise RunFolderError(
            f"{folder} was written by another version of the planner ({_version(about)}, folder format "
            f"{written_format}{lacking}; this one reads format {FORMAT}). Run `planner run` again."
        )
    for name in checksums:
        if f"{name}.parquet" not in names:
            raise _damaged(where / f"{name}.parquet", "is missing")
    return RunFolder(where, RunTables(place, where, checksums), about)


def _place(folder: Path | str) -> Place:
    try:
        return place_of(folder)
    except PlaceError as error:
        raise RunFolderError(str(error)) from error


def _version(about: Mapping[str, Any]) -> str:
    versions = about.get("versions")
    return f"version {versions.get('supply-planner', 'unknown')}" if isinstance(versions, dict) else "version unknown"


def _damaged(path: Path, what: str) -> RunFolderError:
    return RunFolderError(f"The run folder is damaged: {path} {what}. Run `planner run` again.")


def _as_json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"
