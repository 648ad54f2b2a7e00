"""Add rows to the pins of a project where they are kept: CSV, Parquet or a sheet of the workbook.

Rows that are about something else stay as they are, and so do columns of the user's own. The file is written
beside the old one and renamed. A second time the same rows change nothing.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from scenarios.errors import InputError
from scenarios.tables.columns import TableSchema
from scenarios.tables.issues import Issues

_WORKBOOKS = {".xlsx", ".xlsm"}
_LOST = ("xl/charts/", "xl/drawings/", "xl/media/", "xl/pivotTables/", "xl/slicers/")
_DECIMALS = 9


Cells = Mapping[str, Any]
"""Cells of a row by column."""
Overridden = Callable[[Cells], bool]
"""Whether a row that is there goes because of the rows that are added."""


@dataclass(frozen=True, slots=True)
class PinMerge:
    """What adding rows did.

    Attributes
    ----------
    path : the file; it was written only where something changed.
    added, changed, unchanged : rows given, by what became of them.
    replaced : pin_id of older pins that were removed.
    """

    path: Path
    added: int
    changed: int
    unchanged: int
    replaced: tuple[str, ...]


def merge_pins(source: str, root: Path, schema: TableSchema, rows: Sequence[Cells], overridden: Overridden) -> PinMerge:
    """Add `rows` to a table of pins of the tables at `source` (as in the scenario file).

    Parameters
    ----------
    schema : pins or stop_pins. rows : cells of its columns; dates as datetime.date, numbers as float or int.
    overridden : tells which rows with another pin_id go.

    Raises
    ------
    InputError
        The pins are in a database, or in a file that this cannot change without loss.
    """
    path = pins_file(source, root, schema)
    if path.suffix.lower() in _WORKBOOKS:
        return _merge_sheet(path, schema, rows, overridden)
    if path.suffix == ".parquet":
        return _merge_parquet(path, schema, rows, overridden)
    return _merge_csv(path, schema, rows, overridden)


def pins_file(source: str, root: Path, schema: TableSchema) -> Path:
    """Return the file that holds the pins, or that will.

    Raises
    ------
    InputError
        There is none that could be written.
    """
    path = root / source
    if "://" in source:
        raise _refusal(
            schema,
            "database",
            "The tables of the project are in a database, which is not written to.",
            f"Add the pins to its table {schema.name}, or keep the tables in files.",
        )
    if path.is_file() and path.suffix.lower() in _WORKBOOKS:
        return path
    if not path.is_dir():
        raise _refusal(schema, "no_tables", f"There are no tables at {path}.", "Correct tables in the scenario file.")
    names = [f"{schema.name}{suffix}" for suffix in (".csv", ".parquet")]
    found = [path / name for name in names if (path / name).is_file()]
    if len(found) > 1:
        raise _refusal(schema, "table_twice", f"The folder holds {' and '.join(names)}.", "Keep one of the files.")
    if found:
        return found[0]
    only_parquet = any(path.glob("*.parquet")) and not any(path.glob("*.csv"))
    return path / names[only_parquet]


def _refusal(schema: TableSchema, rule: str, message: str, action: str) -> InputError:
    issues = Issues()
    issues.add("error", schema.name, rule, message, action)
    return InputError(issues.frame())


@dataclass(frozen=True, slots=True)
class _Plan:
    """Which rows stay [n], which are written over (place -> row given), and which come at the end."""

    kept: list[bool]
    over: Mapping[int, Cells]
    new: list[Cells]
    replaced: tuple[str, ...]
    unchanged: int

    @property
    def idle(self) -> bool:
        return not self.over and not self.new and all(self.kept)

    def merged(self, path: Path) -> PinMerge:
        return PinMerge(path, len(self.new), len(self.over), self.unchanged, self.replaced)


def _plan(present: Sequence[Cells], rows: Sequence[Cells], overridden: Overridden) -> _Plan:
    """Compare the rows that are there with those to add."""
    given = {str(row["pin_id"]): row for row in rows}
    kept, over, replaced, seen = [], {}, [], set()
    unchanged = 0
    for place, cells in enumerate(present):
        pin = text_of(cells.get("pin_id"))
        if pin in given and pin not in seen:
            seen.add(pin)
            kept.append(True)
            if _same(cells, given[pin]):
                unchanged += 1
            else:
                over[place] = given[pin]
            continue
        gone = overridden(cells)
        kept.append(not gone)
        if gone:
            replaced.append(pin)
    return _Plan(kept, over, [row for row in rows if row["pin_id"] not in seen], tuple(replaced), unchanged)


def _same(cells: Cells, row: Cells) -> bool:
    for name, wanted in row.items():
        value = cells.get(name)
        if isinstance(wanted, dt.date):
            if day_of(value) != wanted:
                return False
        elif isinstance(wanted, float):
            if text_of(value) == "" or abs(float(text_of(value)) - wanted) > 10.0**-_DECIMALS:
                return False
        elif text_of(value) != wanted:
            return False
    return True


def text_of(value: Any) -> str:
    """Return a cell as text, "" where it is empty."""
    if value is None or (isinstance(value, float) and pd.isna(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def day_of(value: Any) -> dt.date | None:
    """Return a cell as a day, None where it is none."""
    day = pd.to_datetime(text_of(value), errors="coerce")
    return None if pd.isna(day) else day.date()


def _number(value: float) -> str:
    text = f"{value:.{_DECIMALS}f}".rstrip("0").rstrip(".")
    return text or "0"


def _columns(schema: TableSchema, present: Sequence[str]) -> list[str]:
    return [*present, *(name for name in schema.names if name not in present)]


def _replace(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}.writing")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _merge_csv(path: Path, schema: TableSchema, rows: Sequence[Cells], overridden: Overridden) -> PinMerge:
    mark = b"\xef\xbb\xbf"
    content = path.read_bytes() if path.is_file() else b""
    try:
        reader = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        present = list(reader)
    except (UnicodeDecodeError, csv.Error) as error:
        raise _refusal(
            schema, "unreadable", f"{path.name} cannot be read: {error}.", "Save it as 'CSV UTF-8'."
        ) from error
    if content.strip() and (
        None in {key for row in present for key in row} or "pin_id" not in (reader.fieldnames or ())
    ):
        action = "Write pin_id and the other columns in the first row, commas between them, as many cells in every row."
        raise _refusal(schema, "header", f"{path.name} is no table of pins.", action)
    plan = _plan(present, rows, overridden)
    if plan.idle and content:
        return plan.merged(path)
    columns = _columns(schema, [str(name) for name in reader.fieldnames or ()])
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, columns, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    lines = [
        {**cells, **_csv_cells(plan.over[place])} if place in plan.over else cells
        for place, cells in enumerate(present)
        if plan.kept[place]
    ]
    writer.writerows([*lines, *(_csv_cells(row) for row in plan.new)])
    _replace(path, (mark if content.startswith(mark) else b"") + out.getvalue().encode())
    return plan.merged(path)


def _csv_cells(row: Cells) -> dict[str, str]:
    return {
        name: "" if value is None else _number(value) if isinstance(value, float) else str(value)
        for name, value in row.items()
    }


def _merge_parquet(path: Path, schema: TableSchema, rows: Sequence[Cells], overridden: Overridden) -> PinMerge:
    table = pq.ParquetFile(path).read() if path.is_file() else None
    present: list[dict[str, Any]] = [] if table is None else table.to_pylist()
    plan = _plan(present, rows, overridden)
    if plan.idle and table is not None:
        return plan.merged(path)
    lines = [
        {**cells, **plan.over[place]} if place in plan.over else cells
        for place, cells in enumerate(present)
        if plan.kept[place]
    ]
    lines += [dict(row) for row in plan.new]
    known = {} if table is None else {field.name: field.type for field in table.schema}
    columns = _columns(schema, list(known))
    arrays = [
        _array([line.get(name) for line in lines], known.get(name, _arrow_type(schema, name))) for name in columns
    ]
    buffer = io.BytesIO()
    pq.write_table(pa.table(arrays, names=columns), buffer)
    _replace(path, buffer.getvalue())
    return plan.merged(path)


def _arrow_type(schema: TableSchema, name: str) -> pa.DataType:
    kinds = {"number": pa.float64(), "integer": pa.int64(), "date": pa.date32()}
    return kinds.get(schema.column(name).kind, pa.string())


def _array(cells: list[Any], kind: pa.DataType) -> pa.Array:
    """Return cells in the type that the file has, as text where that cannot hold them."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return pa.array([None if cell is None else text_of(cell) for cell in cells], type=kind)
    if pa.types.is_integer(kind) and any(isinstance(cell, float) for cell in cells):
        kind = pa.float64()
    if pa.types.is_temporal(kind):
        cells = [None if cell is None else pd.Timestamp(cell).to_pydatetime() for cell in cells]
    try:
        return pa.array(cells, type=kind)
    except (pa.ArrowInvalid, pa.ArrowTypeError, TypeError):
        return pa.array([None if cell is None else text_of(cell) for cell in cells], type=pa.string())


def _merge_sheet(path: Path, schema: TableSchema, rows: Sequence[Cells], overridden: Overridden) -> PinMerge:
    _refuse_lossy(path, schema)
    book = openpyxl.load_workbook(path, keep_vba=path.suffix.lower() == ".xlsm")
    sheet = book[schema.name] if schema.name in book.sheetnames else book.create_sheet(schema.name)
    header = [text_of(cell.value) for cell in sheet[1]] if sheet.max_row >= 1 else []
    columns = _columns(schema, [name for name in header if name])
    places = {name: header.index(name) + 1 for name in columns if name in header}
    for name in columns:
        if name not in places:
            places[name] = max(places.values(), default=0) + 1
            sheet.cell(1, places[name], name)
    numbers = [
        number
        for number in range(2, sheet.max_row + 1)
        if any(sheet.cell(number, place).value is not None for place in places.values())
    ]
    present = [{name: sheet.cell(number, place).value for name, place in places.items()} for number in numbers]
    plan = _plan(present, rows, overridden)
    if plan.idle:
        return plan.merged(path)
    for place, row in plan.over.items():
        _put(sheet, numbers[place], places, row)
    end = numbers[-1] if numbers else 1
    for offset, row in enumerate(plan.new, start=1):
        _put(sheet, end + offset, places, row)
    for number, kept in reversed(list(zip(numbers, plan.kept, strict=True))):
        if not kept:
            sheet.delete_rows(number)
    buffer = io.BytesIO()
    book.save(buffer)
    _replace(path, buffer.getvalue())
    return plan.merged(path)


def _put(sheet: Any, number: int, places: Mapping[str, int], row: Cells) -> None:
    for name, value in row.items():
        cell = sheet.cell(number, places[name])
        cell.value = value
        if isinstance(value, str):
            cell.data_type = "s"  # text that begins with = is no formula
        elif isinstance(value, dt.date):
            cell.number_format = "yyyy-mm-dd"


def _refuse_lossy(path: Path, schema: TableSchema) -> None:
    """Refuse workbooks with pictures, charts or pivot tables, which would be lost."""
    try:
        names = zipfile.ZipFile(path).namelist()
    except (zipfile.BadZipFile, OSError) as error:
        raise _refusal(schema, "unreadable", f"{path.name} cannot be read: {error}.", "Save it as .xlsx.") from error
    lost = sorted({start.split("/")[1] for start in _LOST for name in names if name.startswith(start)})
    if lost:
        raise _refusal(
            schema,
            "lossy",
            f"{path.name} has {', '.join(lost)}, which would be lost.",
            "Keep the tables in a workbook of their own, or write the pins by hand.",
        )
