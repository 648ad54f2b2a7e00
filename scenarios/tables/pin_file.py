"""Pins written into a project: a CSV file of its table folder, older pins of the same subject replaced."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pandas as pd

from scenarios.errors import SCENARIO, InputError
from scenarios.project import Project
from scenarios.tables.issues import Issues
from scenarios.tables.schema import TABLES


def write_pins(project: Project, table: str, pins: pd.DataFrame, subject: tuple[str, ...]) -> tuple[Path, int]:
    """Add `pins` to a table of pins; what it already said of the same subjects goes. Return file and rows that went.

    Parameters
    ----------
    table : pins or stop_pins.
    pins : the columns of the table, texts as they are to be written.
    subject : columns that say what a pin is about, for example date and origin_id.

    Raises
    ------
    InputError
        The project does not keep its tables as files in a folder, or keeps this one in another format.
    """
    folder = project.root / project.scenario.tables
    path = folder / f"{table}.csv"
    if "://" in project.scenario.tables or not folder.is_dir():
        raise _not_here(f"the project keeps its tables in {project.scenario.tables!r}, not in a folder", table)
    if (folder / f"{table}.parquet").exists():
        raise _not_here(f"the project keeps {table} in {table}.parquet", table)
    new = pins.reindex(columns=list(TABLES[table].names)).astype("string").fillna("")
    went = 0
    if path.exists():
        old = pd.read_csv(path, dtype="string", keep_default_na=False)
        said = pd.MultiIndex.from_frame(new[list(subject)])
        gone = pd.MultiIndex.from_frame(old[list(subject)]).isin(said)
        went = int(gone.sum())
        new = pd.concat([old[~gone], new], ignore_index=True).fillna("")
    handle, name = tempfile.mkstemp(prefix=f".{table}.", suffix=".writing", dir=folder)
    os.close(handle)
    try:
        new.to_csv(name, index=False, lineterminator="\n")
        Path(name).chmod(0o644)
        os.replace(name, path)
    finally:
        Path(name).unlink(missing_ok=True)
    return path, went


def _not_here(why: str, table: str) -> InputError:
    issues = Issues()
    action = f"Keep {table} as {table}.csv in a folder of tables, or add the pins to your source by hand."
    issues.add("error", SCENARIO, "pins_not_written", f"Pins cannot be written: {why}.", action, column="tables")
    return InputError(issues.frame())
