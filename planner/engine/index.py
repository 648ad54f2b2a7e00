"""Index: the runs of a folder in one SQLite file, so that thousands are listed and compared at once.

The folders are the truth; the index is made from them, follows them whenever it is opened, and can be made again. It is
written in WAL mode: several processes may write and read at once, and a write that is cut short leaves nothing.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType

import pandas as pd

from planner.engine.outcome import (
    PROVENANCE,
    Outcome,
    ended_members,
    kpi_rows,
    outcome_folder,
    outcome_of_run,
    read_outcome,
)

INDEX = "index.sqlite"
_VERSION = 2
_PATIENCE_S = 60.0
_SCHEMA = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS runs (
    name TEXT PRIMARY KEY, run_id TEXT NOT NULL, scenario TEXT NOT NULL, status TEXT NOT NULL, error TEXT NOT NULL,
    folder TEXT NOT NULL, relaxation TEXT NOT NULL, wall_s REAL NOT NULL, cpu_s REAL NOT NULL,
    written INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS swept (
    name TEXT NOT NULL, path TEXT NOT NULL, value, PRIMARY KEY (path, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS kpis (
    name TEXT NOT NULL, kpi TEXT NOT NULL, group_by TEXT NOT NULL, "group" TEXT NOT NULL, value REAL,
    unit TEXT NOT NULL, low REAL, high REAL, PRIMARY KEY (kpi, group_by, "group", name)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS kpis_by_name ON kpis (name);
CREATE INDEX IF NOT EXISTS swept_by_name ON swept (name);
PRAGMA user_version = {_VERSION};
COMMIT;
"""


class RunIndex:
    """The index of one runs folder, open. Use `open_index`, and as a context manager.

    Raises
    ------
    sqlite3.Error
        On opening and use, where the file is damaged, the disk is full or the folder cannot be written.
    """

    def __init__(self, runs: Path, file: Path) -> None:
        self.runs = runs
        self._connection = sqlite3.connect(file, timeout=_PATIENCE_S, isolation_level=None)

    def __enter__(self) -> RunIndex:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def make_tables(self) -> None:
        """Create what a new index lacks."""
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        if self._version() != _VERSION:
            self._connection.executescript(_SCHEMA)

    def is_new(self) -> bool:
        """Return whether nobody has made tables in the file yet."""
        try:
            return self._version() == 0
        except sqlite3.OperationalError:
            raise  # busy, full or not to be written: no damage
        except sqlite3.DatabaseError:
            return False

    def is_sound(self) -> bool:
        """Return whether the file is an undamaged index of this version."""
        try:
            checked = self._connection.execute("PRAGMA quick_check(1)").fetchone()
            return checked == ("ok",) and self._version() == _VERSION
        except sqlite3.OperationalError:
            raise  # busy, full or not to be written: no damage
        except sqlite3.DatabaseError:
            return False

    def record(self, outcomes: Iterable[Outcome]) -> None:
        """Enter how members ended, in one transaction; what the index said of them before is replaced."""
        self._replace(list(outcomes), [])

    def follow_folders(self) -> None:
        """Enter runs that came or were written anew since they were entered; forget those whose folder is gone."""
        known = dict(self._connection.execute("SELECT name, written FROM runs").fetchall())
        found = {path.parent.name: path.stat().st_mtime_ns for path in self.runs.glob(f"[!.]*/{PROVENANCE}")}
        gone = {name for name, written in known.items() if written and name not in found}
        unchanged = {name for name, written in known.items() if found.get(name, written) == written} - gone
        outcomes = outcomes_on_disk(self.runs, unchanged)
        if outcomes or gone:
            self._replace(outcomes, gone)

    def _replace(self, outcomes: Sequence[Outcome], gone: Iterable[str]) -> None:
        names = [*((outcome.name,) for outcome in outcomes), *((name,) for name in gone)]
        write = self._connection
        write.execute("BEGIN IMMEDIATE")
        try:
            for table in ("runs", "swept", "kpis"):
                write.executemany(f"DELETE FROM {table} WHERE name = ?", names)
            write.executemany("INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", map(self._row, outcomes))
            write.executemany(
                "INSERT INTO swept VALUES (?, ?, ?)",
                [(each.name, path, _plain(value)) for each in outcomes for path, value in each.values.items()],
            )
            write.executemany(
                "INSERT INTO kpis VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [(each.name, *row) for each in outcomes for row in each.kpis],
            )
            write.execute("COMMIT")
        except BaseException:
            if write.in_transaction:
                write.execute("ROLLBACK")
            raise

    def table(self, status: Sequence[str] = ()) -> pd.DataFrame:
        """Return one row per run, by name: name, run_id, scenario, status, error, folder, relaxation, wall_s, cpu_s.

        Parameters
        ----------
        status : only runs that ended so; all where empty.
        """
        marks = ", ".join("?" * len(status))
        where = f" WHERE status IN ({marks})" if status else ""
        columns = "name, run_id, scenario, status, error, folder, relaxation, wall_s, cpu_s"
        return self._query(f"SELECT {columns} FROM runs{where} ORDER BY name", list(status))

    def swept(self) -> pd.DataFrame:
        """Return the swept values, one row per run and one column per path, indexed by name."""
        long = self._query("SELECT name, path, value FROM swept ORDER BY name, path", [])
        return long.pivot(index="name", columns="path", values="value").rename_axis(columns=None)

    def kpis(self, kpi: str | None = None, group_by: str | None = "all") -> pd.DataFrame:
        """Return key figures, one row each: name, kpi, group_by, group, value, unit, low, high.

        Parameters
        ----------
        kpi : only this figure.
        group_by : only this grouping; None: all groupings.
        """
        asked = [(column, value) for column, value in (("kpi", kpi), ("group_by", group_by)) if value is not None]
        where = " AND ".join(f"{column} = ?" for column, _ in asked)
        text = f'SELECT * FROM kpis{" WHERE " if where else ""}{where} ORDER BY name, kpi, group_by, "group"'
        return self._query(text, [value for _, value in asked])

    def _query(self, text: str, values: Sequence[str]) -> pd.DataFrame:
        return pd.read_sql_query(text, self._connection, params=tuple(values))

    def _version(self) -> int:
        return int(self._connection.execute("PRAGMA user_version").fetchone()[0])

    def _row(self, outcome: Outcome) -> tuple[object, ...]:
        folder = outcome.name if outcome.planned else ""
        loosened = outcome_folder(self.runs, outcome.name)
        relaxation = str(loosened.relative_to(self.runs)) if outcome.status == "infeasible" else ""
        told = (outcome.name, outcome.run_id, outcome.scenario, outcome.status, outcome.error)
        return (*told, folder, relaxation, outcome.wall_s, outcome.cpu_s, _written(self.runs / outcome.name))


def open_index(runs: Path) -> RunIndex:
    """Open the index of a runs folder, as the folders are now; where it is missing or damaged it is made again."""
    index = RunIndex(runs, runs / INDEX)
    try:
        new = index.is_new()
        if not new and not index.is_sound():
            index.close()
            return rebuild_index(runs)
        index.make_tables()  # in place where it is new, as other processes may be opening it just now
        index.follow_folders()
    except BaseException:
        index.close()
        raise
    return index


def rebuild_index(runs: Path) -> RunIndex:
    """Make the index again from the folders of the runs; it replaces the old one at once."""
    handle, name = tempfile.mkstemp(prefix=f".{INDEX}.new-", dir=runs)
    os.close(handle)
    new = Path(name)
    try:
        with RunIndex(runs, new) as index:
            index.make_tables()
            index.record(outcomes_on_disk(runs))
            index._connection.execute("PRAGMA journal_mode = DELETE")  # everything in the one file that is renamed
        new.chmod(0o644)
        for side in ("-wal", "-shm"):
            (runs / f"{INDEX}{side}").unlink(missing_ok=True)  # of the damaged file
        new.replace(runs / INDEX)
    finally:
        for side in ("", "-wal", "-shm", "-journal"):
            Path(f"{new}{side}").unlink(missing_ok=True)
    index = RunIndex(runs, runs / INDEX)
    index.make_tables()
    return index


def outcomes_on_disk(runs: Path, but: Iterable[str] = ()) -> list[Outcome]:
    """Return how the members of a runs folder ended, with their KPIs; members named in `but` are left out."""
    known = set(but)
    names = [name for name in ended_members(runs) if name not in known]
    found = (read_outcome(runs, name) or outcome_of_run(runs, name) for name in names)
    return [_with_kpis(runs, outcome) for outcome in found if outcome is not None]


def _with_kpis(runs: Path, outcome: Outcome) -> Outcome:
    from reports.run_folder import RunFolderError, read_run  # noqa: PLC0415 - listing runs needs no schemas

    if not outcome.planned:
        return outcome
    try:
        return replace(outcome, kpis=kpi_rows(read_run(runs / outcome.name).tables["kpis"]))
    except RunFolderError:
        return outcome


def _written(run: Path) -> int:
    """Return when a run folder was written, in nanoseconds; 0 where there is none."""
    try:
        return (run / PROVENANCE).stat().st_mtime_ns
    except OSError:
        return 0


def _plain(value: object) -> object:
    """Return a swept value as SQLite keeps it: numbers as numbers, all else as text."""
    return value if isinstance(value, int | float | str) or value is None else str(value)
