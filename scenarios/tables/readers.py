"""Readers: one CSV file, Parquet file, Excel sheet or SQL table to cells and line numbers.

Cells stay as the source holds them; `scenarios.tables.parse` gives them their type. Lines are
counted as a person sees them in CSV and Excel: the header is line 1. Parquet and SQL count the same
way, so the first row is line 2 everywhere.
"""

from __future__ import annotations

import csv
import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from scenarios.tables.issues import Issues, Lines
from scenarios.tables.schema import TABLES

if TYPE_CHECKING:
    import sqlalchemy as sa

# whole numbers stay whole, with or without empty cells: ids beyond 2**53 must not pass through a float
_WHOLE = {
    pa.int64(): pd.Int64Dtype(),
    pa.int32(): pd.Int32Dtype(),
    pa.int16(): pd.Int16Dtype(),
    pa.int8(): pd.Int8Dtype(),
    pa.uint64(): pd.UInt64Dtype(),
    pa.uint32(): pd.UInt32Dtype(),
    pa.uint16(): pd.UInt16Dtype(),
    pa.uint8(): pd.UInt8Dtype(),
}


@dataclass(frozen=True, slots=True)
class RawTable:
    """One table as its source holds it.

    Attributes
    ----------
    name : name of the table.
    source : where it comes from, for people.
    frame : cells; text may be categorical.
    lines : [n] line of every row in its source, the header being line 1.
    """

    name: str
    source: str
    frame: pd.DataFrame
    lines: Lines


class UnreadableError(Exception):
    """A workbook or database cannot be read at all; the text says why, `action` what to do."""

    def __init__(self, message: str, action: str) -> None:
        super().__init__(message)
        self.action = action


def consecutive(count: int) -> Lines:
    """Return the lines of `count` rows that follow a header without a gap."""
    return np.arange(2, count + 2, dtype=np.int64)


def read_csv(name: str, path: Path, issues: Issues) -> RawTable | None:
    """Read a CSV file with every cell as text; None where it cannot be read at all."""
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        issues.add(
            "error",
            name,
            "encoding",
            f"{path.name} is not UTF-8 text.",
            "Save it as 'CSV UTF-8'.",
            row=str(line),
            value=repr(content[error.start : error.end]),
            rows=1,
        )
        return None
    content = content.removeprefix(b"\xef\xbb\xbf").rstrip(b"\r\n")
    if not content.strip():
        issues.add("error", name, "empty_file", f"{path.name} is empty, without a header.", "Write the column names.")
        return None
    header = next(row for row in csv.reader(io.StringIO(text, newline="")) if row)
    if len(header) == 1 and any(mark in header[0] for mark in ";\t|"):
        issues.add(
            "error",
            name,
            "separator",
            f"{path.name} does not separate its columns by commas.",
            "Save it with commas between columns and a point before decimals.",
            row="1",
            value=header[0],
            rows=1,
        )
        return None
    frame = _read_csv_fast(content, header)
    lines = consecutive(0 if frame is None else len(frame))
    if frame is None:
        frame, lines = _read_csv_by_line(name, text, header, issues)
    return RawTable(name, path.name, frame, lines)


def _read_csv_fast(content: bytes, header: list[str]) -> pd.DataFrame | None:
    """Read with Arrow; None where a line is not exactly one row, so that lines must be counted."""
    if len(set(header)) < len(header):
        return None
    text = pa.dictionary(pa.int32(), pa.string())
    try:
        table = pacsv.read_csv(
            io.BytesIO(content),
            convert_options=pacsv.ConvertOptions(column_types=dict.fromkeys(header, text), strings_can_be_null=False),
            parse_options=pacsv.ParseOptions(ignore_empty_lines=True, newlines_in_values=True),
        )
    except pa.ArrowInvalid:
        return None
    if content.count(b"\n") != table.num_rows:
        return None
    frame: pd.DataFrame = table.unify_dictionaries().to_pandas()
    return frame


def _read_csv_by_line(name: str, content: str, header: list[str], issues: Issues) -> tuple[pd.DataFrame, Lines]:
    """Read with the csv module, which knows the line of each row; report rows of another length."""
    reader = csv.reader(io.StringIO(content, newline=""), strict=True)
    rows: list[list[str]] = []
    lines: list[int] = []
    bad_lines: list[int] = []
    bad_values: list[str] = []
    start = 1
    try:
        for row in reader:
            if len(row) == len(header):
                rows.append(row)
                lines.append(start)
            elif any(row):
                bad_lines.append(start)
                bad_values.append(f"{len(row)} cells")
            start = reader.line_num + 1
    except csv.Error as error:
        issues.add(
            "error",
            name,
            "quotes",
            f"the row cannot be read: {error}.",
            "Close every double quote; write a quote inside a cell twice.",
            row=str(start),
            rows=1,
        )
    issues.add_rows(
        "error",
        name,
        "cells_per_row",
        f"the row has {{value}}, the header {len(header)}",
        "Put cells that contain a comma in double quotes and write empty cells as nothing between commas.",
        lines=np.array(bad_lines, dtype=np.int64),
        values=bad_values,
    )
    frame = pd.DataFrame(rows[1:], columns=pd.Index(header), dtype=object)
    return frame, np.array(lines[1:], dtype=np.int64)


def read_parquet(name: str, path: Path, issues: Issues) -> RawTable | None:
    """Read a Parquet file; None where it is not one."""
    try:
        table = pq.ParquetFile(path).read()
    except (pa.ArrowInvalid, OSError) as error:
        issues.add(
            "error",
            name,
            "unreadable",
            f"{path.name} is not a readable Parquet file: {error}.",
            "Write it again.",
        )
        return None
    frame: pd.DataFrame = table.to_pandas(strings_to_categorical=True, ignore_metadata=True, types_mapper=_WHOLE.get)
    return RawTable(name, path.name, frame, consecutive(len(frame)))


def read_excel(path: Path) -> Iterator[RawTable]:
    """Yield every sheet of a workbook that holds anything.

    Raises
    ------
    UnreadableError
        The file is no Excel workbook.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns about styles and validations, never about cells
            sheets = _read_sheets(path)
    except Exception as error:  # openpyxl lets errors of zip, XML and its own through
        message = f"{path.name} is not a readable Excel workbook ({_one_line(error)})"
        raise UnreadableError(message, "Save it as .xlsx, without a password.") from error
    for title, cells in sheets.items():
        filled = [(line, row) for line, row in enumerate(cells, start=1) if any(cell is not None for cell in row)]
        if filled:
            yield _sheet(title, path.name, filled)


def _read_sheets(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    import openpyxl  # noqa: PLC0415 - slow to load, and most projects are no workbooks

    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    sheets: dict[str, list[tuple[Any, ...]]] = {}
    for sheet in book.worksheets:
        sheet.reset_dimensions()  # some programs write wrong ones, which would hide rows
        sheets[sheet.title] = list(sheet.iter_rows(values_only=True))
    book.close()
    return sheets


def _one_line(error: Exception) -> str:
    lines = str(error).splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__


def _sheet(title: str, book: str, filled: list[tuple[int, tuple[Any, ...]]]) -> RawTable:
    _, head = filled[0]
    rows = filled[1:]
    width = max(len(row) for _, row in filled)
    padded = [(*row, *(None,) * (width - len(row))) for _, row in rows]
    frame = pd.DataFrame(padded, columns=range(width), dtype=object)
    header = [*head, *(None,) * (width - len(head))]
    # a column without a name and without a cell is only formatting
    kept = [i for i in range(width) if header[i] is not None or frame[i].notna().any()]
    frame = frame[kept].set_axis(["" if header[i] is None else str(header[i]) for i in kept], axis="columns")
    return RawTable(title, f"sheet {title} of {book}", frame, np.array([line for line, _ in rows], dtype=np.int64))


@contextmanager
def _connection(url: sa.URL) -> Iterator[sa.Connection]:
    import sqlalchemy as sa  # noqa: PLC0415 - slow to load, and most projects are no databases

    engine = sa.create_engine(url)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def read_sql(text: str, root: Path) -> Iterator[RawTable]:
    """Yield every table and view of a database; the cells only of those that are input tables.

    Parameters
    ----------
    text : SQLAlchemy URL; the file of a SQLite URL is relative to `root`.

    Raises
    ------
    UnreadableError
        The database cannot be reached or read.
    """
    import sqlalchemy as sa  # noqa: PLC0415 - slow to load, and most projects are no databases

    try:
        url = sa.make_url(text)
        if url.get_backend_name() == "sqlite" and url.database not in {None, "", ":memory:"}:
            database = (root / str(url.database)).resolve()
            if not database.exists():  # SQLite would make an empty one
                raise FileNotFoundError(f"there is no file {url.database}")
            url = url.set(database=str(database))
        with _connection(url) as connection:
            inspector = sa.inspect(connection)
            for name in [*inspector.get_table_names(), *inspector.get_view_names()]:
                yield _sql_table(connection, name, [str(c["name"]) for c in inspector.get_columns(name)])
    except (sa.exc.SQLAlchemyError, OSError, ImportError) as error:
        message = f"the database cannot be read ({_one_line(error)})"
        raise UnreadableError(message, "Check the URL, the database, and that its driver is installed.") from error


def _sql_table(connection: sa.Connection, name: str, columns: list[str]) -> RawTable:
    """Read one table, ordered by its key: a database keeps no order of its own."""
    import sqlalchemy as sa  # noqa: PLC0415 - slow to load, and most projects are no databases

    table = sa.table(name, *(sa.column(column) for column in columns))
    key = [table.c[column] for column in TABLES[name].key if column in columns] if name in TABLES else []
    rows = connection.execute(sa.select(table).order_by(*key)).fetchall() if name in TABLES else []
    frame = pd.DataFrame([tuple(row) for row in rows], columns=pd.Index(columns), dtype=object)
    return RawTable(name, f"table {name}", frame, consecutive(len(frame)))
