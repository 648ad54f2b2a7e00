"""Project: a scenario file and its tables, read, checked and cleaned, ready to be planned."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

import pandas as pd

from scenarios.apply_patches import Patched
from scenarios.as_of import known_on, start_on
from scenarios.errors import InputError
from scenarios.lock import LOCK_RULES, check_lock, lock_changes, lock_content, read_lock, write_lock
from scenarios.noise import noise_patch
from scenarios.patches import plan_patch, plan_patches
from scenarios.resolve import Reading, read_scenario
from scenarios.scenario import Scenario, resolved_content
from scenarios.tables.check import check_tables
from scenarios.tables.clean import clean_tables
from scenarios.tables.issues import Issues
from scenarios.tables.load import load_tables
from scenarios.tables.parse import Table, no_table, parse_table
from scenarios.tables.readers import RawTable
from scenarios.tables.schema import TABLES
from scenarios.tables.specificity import is_rule_table
from scenarios.tables.store import TableStore, Typed
from scenarios.whatif import NOISE


@dataclass(frozen=True, slots=True, eq=False)
class Project:
    """Everything that one planning run starts from.

    Attributes
    ----------
    scenario : the scenario file with the named scenario and the overrides applied.
    tables : every input table by name, typed as declared in `scenarios.tables.schema`, cleaned,
        defaults filled in; without rows where it was not given. Ids and texts are str, "" where
        empty; numbers NaN, integers NA and dates NaT where empty. Tables whose rows are rules
        (see `scenarios.tables.specificity`) have a last column `line`, where the row stands.
    issues : warnings and notes of reading, checking and cleaning, columns of `data_issues`.
    hashes : sha256 of the content of every given table, patches applied, and of `scenario`; the same content
        has the same hash whether it comes from CSV, Parquet, Excel or a database.
    root : folder of the scenario file.
    edits : what the patches have touched, columns of the published table `input_edits`.
    baseline : hashes of the file as it is, before patches; empty where this has other tables.
    is_baseline : whether this is the file as it is.
    """

    scenario: Scenario
    tables: Mapping[str, pd.DataFrame]
    issues: pd.DataFrame
    hashes: Mapping[str, str]
    root: Path
    edits: pd.DataFrame
    baseline: Mapping[str, str]
    is_baseline: bool


def load_project(
    path: str | Path,
    scenario: str | None = None,
    overrides: Sequence[str] = (),
    store: TableStore | None = None,
    as_of: date | None = None,
) -> Project:
    """Read, check and clean a project.

    Parameters
    ----------
    path : the scenario file, or the folder that holds it as `scenario.yaml`.
    scenario : one of the named scenarios of the file.
    overrides : "PATH=VALUE" texts, applied in order after the named scenario.
    store : keeps the tables as they are before patches, for whoever loads one project many times.
    as_of : the horizon starts on this day, and sales from it on are cut off; None: as the file says.

    Raises
    ------
    InputError
        All errors of the scenario file and of the tables at once.
    """
    project, issues = check_project(path, scenario, overrides, store, as_of)
    if project is None:
        raise InputError(issues)
    return project


def check_project(
    path: str | Path,
    scenario: str | None = None,
    overrides: Sequence[str] = (),
    store: TableStore | None = None,
    as_of: date | None = None,
) -> tuple[Project | None, pd.DataFrame]:
    """Return the project, None where its input has errors, and every issue found.

    Where the scenario file has errors the tables are still read and checked as far as possible, so
    that everything that is wrong is told at once.
    """
    issues = Issues()
    reading = read_scenario(Path(path), scenario, overrides, issues)
    if reading is None:
        return None, issues.frame()
    if as_of is not None:
        reading = start_on(reading, as_of, issues)
    resolved = reading.scenario
    typed = (store or TableStore()).recall(
        reading.tables, reading.root, issues, partial(_read, reading.tables, reading.root)
    )
    if typed is None:
        return None, issues.frame()
    tables, given = typed
    if reading.base is not None:
        check_lock(reading.document.file, reading.base, tables, given, issues)
    if as_of is not None:
        tables = known_on(tables, as_of, issues)
        given = {**given, "demand_history": table_hash(tables["demand_history"])}
    patched = _patched(tables, reading, issues)
    hashes = {
        name: given[name] if table is tables[name] else table_hash(table)
        for name, table in patched.tables.items()
        if table.given
    }
    first, tables = len(issues.rows), patched.tables
    if reading.outline is not None:
        tables = clean_tables(tables, reading.outline.horizon, issues)
    check_tables(tables, reading.outline, issues)
    patched.explain(issues, first)
    frame = issues.frame()
    if resolved is None or (frame["severity"] == "error").any():
        return None, frame
    hashes["scenario"] = scenario_hash(resolved)
    finished = {name: _finished(table) for name, table in tables.items()}
    return Project(resolved, finished, frame, hashes, reading.root, patched.frame(), *_baseline(reading, given)), frame


def lock_baseline(path: str | Path) -> tuple[Path, list[str]]:
    """Freeze the inputs of the scenario file as it is; return the lock and what has changed since the last one.

    Raises
    ------
    InputError
        The file or its tables have errors: nothing is written.
    """
    _, found = check_project(path)
    found = found[~found["rule"].isin(LOCK_RULES)]
    issues = Issues()
    reading = read_scenario(Path(path), None, (), issues)
    if (found["severity"] == "error").any() or reading is None or reading.base is None:
        raise InputError(found)
    tables = _typed(load_tables(reading.tables, reading.root, issues) or {}, issues)
    content = lock_content(reading.base, tables, _hashes(tables))
    file = reading.document.file
    before = read_lock(file)
    changed = [] if before is None else [message for _, _, _, message, _ in lock_changes(before, content)]
    return write_lock(file, content), changed


def _read(source: str, root: Path, issues: Issues) -> Typed | None:
    raw = load_tables(source, root, issues)
    if raw is None:
        return None
    tables = _typed(raw, issues)
    return tables, _hashes(tables)


def _typed(raw: Mapping[str, RawTable], issues: Issues) -> dict[str, Table]:
    return {
        name: parse_table(raw[name], schema, issues) if name in raw else no_table(schema)
        for name, schema in TABLES.items()
    }


def _hashes(tables: Mapping[str, Table]) -> dict[str, str]:
    return {name: table_hash(table) for name, table in tables.items() if table.given}


def _patched(tables: Mapping[str, Table], reading: Reading, issues: Issues) -> Patched:
    """Return the tables with the scenario's patches and its draw, as far as they are right."""
    patched, scenario = Patched(dict(tables)), reading.scenario or reading.outline
    if scenario is None:
        return patched
    planned = plan_patches(scenario, reading.document.line, issues)
    for name in scenario.apply:
        patched.apply(planned.get(name, ()), issues)
    noise = noise_patch(scenario, patched.tables)
    if noise is not None:
        patched.apply(plan_patch(NOISE, noise, {}, reading.document.line, issues), issues)
    return patched


def _baseline(reading: Reading, given: Mapping[str, str]) -> tuple[dict[str, str], bool]:
    """Return hashes of the file as it is, and whether the scenario is that."""
    scenario, base = reading.scenario, reading.base
    if scenario is None or base is None or scenario.tables != base.tables:
        return {}, False
    before = scenario_hash(base)
    return {**given, "scenario": before}, before == scenario_hash(scenario)


def table_hash(table: Table) -> str:
    """Return the sha256 of the content of a typed table: its columns in declared order, its rows in order."""
    digest = hashlib.sha256()
    for column in table.schema.columns:
        cells = table.frame[column.name]
        digest.update(f"{column.name}:{column.kind}\n".encode())
        if column.kind in {"id", "text"}:
            digest.update(json.dumps(list(cells.cat.categories)).encode())
            digest.update(cells.cat.codes.to_numpy(dtype="<i4").tobytes())
        elif column.kind == "date":
            digest.update(cells.to_numpy(dtype="datetime64[D]").astype("<i8").tobytes())
        else:
            numbers = cells.to_numpy(dtype="<f8", na_value=float("nan"))
            digest.update((numbers + 0.0).tobytes())  # -0.0 and 0.0 are one content
    return digest.hexdigest()


def scenario_hash(scenario: Scenario) -> str:
    """Return the sha256 of a resolved scenario; the other named scenarios of its file do not count."""
    return hashlib.sha256(json.dumps(resolved_content(scenario), sort_keys=True).encode()).hexdigest()


def _finished(table: Table) -> pd.DataFrame:
    """Return the table as the planner takes it: ids and texts as str, rules with their line."""
    frame = table.frame.copy()
    for column in table.schema.columns:
        if column.kind in {"id", "text"}:
            cells = frame[column.name].cat
            frame[column.name] = cells.categories.to_numpy(dtype=object)[cells.codes.to_numpy()]
    if is_rule_table(table.schema):
        frame["line"] = table.lines
    return frame
