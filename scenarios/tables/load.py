"""Load: the tables of a project from a folder, an Excel workbook or a database.

A folder holds one file per table, `<table>.csv` or `<table>.parquet`; a workbook one sheet per
table; a database one table or view per table. Names that are no table are reported with the nearest
right one; nothing is skipped silently.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from scenarios.errors import SCENARIO
from scenarios.nearest import nearest
from scenarios.tables.issues import Issues
from scenarios.tables.nixtla import from_nixtla, is_nixtla
from scenarios.tables.readers import RawTable, UnreadableError, read_csv, read_excel, read_parquet, read_sql
from scenarios.tables.schema import TABLES

_READERS = {".csv": read_csv, ".parquet": read_parquet}
_WORKBOOKS = {".xlsx", ".xlsm"}


def load_tables(source: str, root: Path, issues: Issues) -> dict[str, RawTable] | None:
    """Read every input table that `source` holds.

    Parameters
    ----------
    source : folder or workbook, relative to `root`, or a SQLAlchemy URL.
    root : folder of the scenario file.
    issues : receives what could not be read and names that are no table.

    Returns
    -------
    dict[str, RawTable] or None
        By name of table; a table that the source lacks is absent. None where there is no such
        source.
    """
    try:
        tables = _read(source, root, issues)
    except UnreadableError as error:
        issues.add("error", SCENARIO, "no_tables", f"{error}.", error.action, column="tables", value=_shown(source))
        return None
    history = tables.get("demand_history")
    if history is not None and is_nixtla(history.frame):
        tables["demand_history"] = from_nixtla(history, issues)
    return tables


def _read(source: str, root: Path, issues: Issues) -> dict[str, RawTable]:
    path = root / source
    if "://" in source:
        return _known(read_sql(source, root), "table", issues, foreign_tables=True)
    if path.is_dir():
        return _read_folder(path, issues)
    if path.is_file() and path.suffix.lower() in _WORKBOOKS:
        return _known(read_excel(path), "sheet", issues)
    raise UnreadableError(
        f"{source!r} is not a folder, an Excel workbook (.xlsx) or a database URL",
        "Set tables to the folder or workbook that holds the tables, relative to the scenario file.",
    )


def _shown(source: str) -> str:
    """Return a source without the user and password of a database."""
    scheme, slashes, rest = source.partition("://")
    return f"{scheme}{slashes}{rest.rpartition('@')[2]}"


def _read_folder(folder: Path, issues: Issues) -> dict[str, RawTable]:
    tables: dict[str, RawTable] = {}
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in _READERS and path.is_file())
    stems = [path.stem for path in files]
    for path in files:
        name = path.stem
        if name not in TABLES:
            _report_unknown(name, f"file {path.name}", stems, issues)
        elif stems.count(name) == 1:
            table = _READERS[path.suffix.lower()](name, path, issues)
            if table is not None:
                tables[name] = table
        elif path == files[stems.index(name)]:
            both = [other.name for other in files if other.stem == name]
            issues.add(
                "error",
                name,
                "table_twice",
                f"The folder holds {' and '.join(both)}.",
                "Keep one of the files.",
                value=", ".join(both),
                rows=len(both),
            )
    return tables


def _known(
    found: Iterable[RawTable], word: str, issues: Issues, *, foreign_tables: bool = False
) -> dict[str, RawTable]:
    """Keep the input tables; report the others, in a database only those spelled like one."""
    by_name = {table.name: table for table in found}
    for name in by_name.keys() - TABLES.keys():
        if not foreign_tables or nearest(name, TABLES):
            _report_unknown(name, f"{word} {name}", by_name, issues)
    return {name: table for name, table in by_name.items() if name in TABLES}


def _report_unknown(name: str, what: str, present: Iterable[str], issues: Issues) -> None:
    near = nearest(name, TABLES)
    if near and near not in set(present):
        # under the name that was meant, which is therefore not reported as missing
        issues.add(
            "error", near, "unknown_table", f"The {what} is no input table.", f"Rename it to {near}.", value=name
        )
    else:
        issues.add(
            "warning",
            name,
            "unknown_table",
            f"The {what} is no input table and was not read.",
            f"Remove it, or name it after one of the tables: {', '.join(TABLES)}.",
            value=name,
        )
