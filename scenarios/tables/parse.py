"""Parse: cells of a source to the declared columns and types, every fault reported.

Work is done once per distinct value, so that long tables are quick. Between parsing and the end of
cleaning, ids and texts are categorical; an empty text is "".
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from scenarios.nearest import nearest
from scenarios.tables.columns import Column, TableSchema
from scenarios.tables.dates import date_advice, parse_dates
from scenarios.tables.issues import Issues, Lines
from scenarios.tables.readers import RawTable

_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_NOT_FINITE = r"(?i)^[+-]?(inf|infinity|nan)$"
_SHORTENED_ID = re.compile(r"\d(?:[.,]\d+)?[eE]\+\d+")

Mask = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Table:
    """One typed input table on its way to the planner.

    Attributes
    ----------
    schema : what was declared.
    frame : all declared columns in order, typed; ids and texts categorical, "" where empty.
    lines : [n] line of every row in its source.
    given : the source holds this table.
    """

    schema: TableSchema
    frame: pd.DataFrame
    lines: Lines
    given: bool = True

    def __post_init__(self) -> None:
        if len(self.frame) != len(self.lines):
            raise ValueError(f"{self.schema.name}: {len(self.frame)} rows but {len(self.lines)} lines")

    def keep(self, rows: Mask) -> Table:
        """Return the table with only `rows` ([n] mask)."""
        return Table(self.schema, self.frame[rows].reset_index(drop=True), self.lines[rows], self.given)


def no_table(schema: TableSchema) -> Table:
    """Return the typed table without rows that stands for one that was not given."""
    columns = {column.name: _filled(column, 0) for column in schema.columns}
    return Table(schema, pd.DataFrame(columns), np.empty(0, dtype=np.int64), given=False)


def parse_table(raw: RawTable, schema: TableSchema, issues: Issues) -> Table:
    """Return `raw` with the declared columns, typed, defaults in empty cells.

    Cells that cannot be read are reported and left empty.
    """
    frame = _declared_columns(raw, schema, issues)
    parsed: dict[str, Any] = {}
    for column in schema.columns:
        if column.name in frame:
            parsed[column.name] = _PARSERS[column.kind](frame[column.name], column, raw, issues)
        else:
            parsed[column.name] = _filled(column, len(frame))
    return Table(schema, pd.DataFrame(parsed, index=pd.RangeIndex(len(frame))), raw.lines)


def _declared_columns(raw: RawTable, schema: TableSchema, issues: Issues) -> pd.DataFrame:
    """Report columns that are missing, unknown, twice or without a name; return the rest."""
    names = [str(name) for name in raw.frame.columns]
    frame = raw.frame.set_axis(range(len(names)), axis="columns")
    kept: dict[str, int] = {}
    missing = [name for name in schema.names if name not in names]
    for position, name in enumerate(names):
        if name in kept:
            issues.add(
                "error",
                raw.name,
                "column_twice",
                f"{raw.source} has the column {name} twice.",
                "Keep one of them.",
                column=name,
                row="1",
            )
        elif name in schema.names:
            kept[name] = position
        elif name or not _is_empty(frame[position]):
            _report_unknown_column(name, raw, schema, missing, issues)
    for name in missing:
        if schema.column(name).required:
            found = ", ".join(name for name in names if name) or "none"
            issues.add(
                "error",
                raw.name,
                "missing_column",
                f"{raw.source} has no column {name}; its columns are {found}.",
                f"Add the column {name} ({_meaning(schema.column(name))}).",
                column=name,
                row="1",
            )
    return frame[list(kept.values())].set_axis(list(kept), axis="columns")


def _report_unknown_column(name: str, raw: RawTable, schema: TableSchema, missing: list[str], issues: Issues) -> None:
    near = nearest(name, missing)
    if near:
        missing.remove(near)
        issues.add(
            "error",
            raw.name,
            "unknown_column",
            f"{raw.source} has a column {name!r}, which {schema.name} does not know.",
            f"Rename it to {near} ({_meaning(schema.column(near))}).",
            column=name,
            row="1",
            value=name,
        )
    else:
        issues.add(
            "warning",
            raw.name,
            "unknown_column",
            f"{raw.source} has a column {name!r}, which {schema.name} does not know; it was not read.",
            f"Remove it, or name it as one of {', '.join(schema.names)}.",
            column=name or "(no name)",
            row="1",
            value=name,
        )


def _meaning(column: Column) -> str:
    return column.description.rstrip(".") + (f", in {column.unit}" if column.unit else "")


def _is_empty(cells: pd.Series[Any]) -> bool:
    _, values = _distinct(cells)
    return not any(_text(value).strip() for value in values)


def _distinct(cells: pd.Series[Any]) -> tuple[Codes, list[Any]]:
    """Return the code of every cell, -1 for none, and the distinct values."""
    if isinstance(cells.dtype, pd.CategoricalDtype):
        return np.asarray(cells.cat.codes, dtype=np.int64), list(cells.cat.categories)
    # numbers equal to one another but spelled apart (1 and True, 1 and 1.0) must keep their spelling
    if cells.dtype == object and cells.map(type).nunique() > 1:
        marked = cells.map(lambda cell: None if pd.isna(cell) else (type(cell).__name__, cell))
        codes, pairs = pd.factorize(marked)
        return np.asarray(codes, dtype=np.int64), [value for _, value in pairs]
    codes, values = pd.factorize(cells)
    return np.asarray(codes, dtype=np.int64), list(values)


def _text(value: object) -> str:
    """Return a cell as text, whole numbers without a point, days without a time."""
    if isinstance(value, str):
        return value
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    if isinstance(value, dt.datetime):
        is_day = value.tzinfo is None and value.time() == dt.time(0)
        return value.date().isoformat() if is_day else value.isoformat(sep=" ")
    return str(value)


def _texts(cells: pd.Series[Any]) -> tuple[Codes, list[str]]:
    """Return code of every cell and the distinct stripped texts; -1 where a cell is empty."""
    codes, values = _distinct(cells)
    texts = [_text(value).strip() for value in values]
    empty = np.array([not text for text in texts] + [True], dtype=bool)
    return np.where(empty[codes], -1, codes), texts


def _require(column: Column, empty: Mask, raw: RawTable, issues: Issues) -> None:
    if column.required:
        rows = np.flatnonzero(empty)
        issues.add_rows(
            "error",
            raw.name,
            "required_value",
            "the cell is empty",
            f"Fill it in: {_meaning(column)}.",
            column=column.name,
            lines=raw.lines[rows],
            values=[""] * len(rows),
        )


def _report_cells(
    bad: Mask,
    codes: Codes,
    texts: list[str],
    column: Column,
    raw: RawTable,
    issues: Issues,
    fault: tuple[str, str, str, str],
) -> None:
    """Report the rows whose distinct value is `bad` ([values]); fault: severity, rule, message, action."""
    rows = np.flatnonzero(np.append(bad, False)[codes])
    severity, rule, message, action = fault
    issues.add_rows(
        severity,
        raw.name,
        rule,
        message,
        action,
        column=column.name,
        lines=raw.lines[rows],
        values=[texts[code] for code in codes[rows]],
    )


def _parse_text(cells: pd.Series[Any], column: Column, raw: RawTable, issues: Issues) -> pd.Categorical:
    codes, values = _distinct(cells)
    spelled = [_text(value) for value in values]
    texts = [text.strip() for text in spelled]

    def report(bad: list[bool], *fault: str) -> None:
        severity, rule, message, action = fault
        mask = np.array(bad, dtype=bool)
        _report_cells(mask, codes, spelled, column, raw, issues, (severity, rule, message, action))

    report(
        [text not in {given, ""} for text, given in zip(texts, spelled, strict=True)],
        "info",
        "whitespace",
        "'{value}' has white space around it",
        "The white space was removed.",
    )
    if column.kind == "id":
        report(
            [not isinstance(value, str) for value in values],
            "info",
            "id_as_number",
            "the id {value} is stored as a number, so leading zeros are lost if it had any",
            "It was read as text; store ids as text.",
        )
        report(
            [_SHORTENED_ID.fullmatch(text) is not None for text in texts],
            "warning",
            "shortened_id",
            "'{value}' looks like a long id that a spreadsheet has shortened",
            "Export it again with the column formatted as text.",
        )
    default = "" if column.default is None else str(column.default)
    filled = categories_of([*(text or default for text in texts), default], codes, column)
    empty = np.array([not text for text in texts] + [True], dtype=bool)
    _require(column, empty[codes], raw, issues)
    return filled


def categories_of(texts: list[str], codes: Codes, column: Column) -> pd.Categorical:
    """Return cells as categories: the texts in order, with "" and the default, whatever the cells hold.

    Parameters
    ----------
    texts : distinct texts, the last one for cells of code -1.
    codes : [n] position in `texts` of every cell.
    """
    categories = sorted({*texts, "" if column.default is None else str(column.default), ""})
    position = {text: code for code, text in enumerate(categories)}
    filled = np.array([position[text] for text in texts], dtype=np.int64)
    return pd.Categorical.from_codes(filled[codes], categories=pd.Index(categories, dtype=object))


def _parse_number(cells: pd.Series[Any], column: Column, raw: RawTable, issues: Issues) -> npt.NDArray[np.float64]:
    if pd.api.types.is_numeric_dtype(cells.dtype) and not pd.api.types.is_bool_dtype(cells.dtype):
        values = cells.to_numpy(dtype=np.float64, na_value=np.nan)
        empty = np.isnan(values)
        infinite = np.flatnonzero(np.isinf(values))
        lines, shown = raw.lines[infinite], list(values[infinite])
        issues.add_rows("error", raw.name, *_FINITE_FAULT, column=column.name, lines=lines, values=shown)
        values = np.where(np.isinf(values), np.nan, values)
    else:
        codes, texts = _texts(cells)
        numbers, infinite_texts = _numbers(texts)
        wrong = np.isnan(numbers) & ~infinite_texts & np.array([bool(text) for text in texts], dtype=bool)
        _report_cells(infinite_texts, codes, texts, column, raw, issues, ("error", *_FINITE_FAULT))
        _report_cells(wrong, codes, texts, column, raw, issues, ("error", *_number_fault(column)))
        empty = codes < 0
        values = np.append(numbers, np.nan)[codes]
    _require(column, empty, raw, issues)
    if column.default is not None:
        values = np.where(empty, float(str(column.default)), values)
    return values


_FINITE_FAULT = (
    "not_finite",
    "{value} is not a finite number",
    "Write the number, or leave the cell empty where it is unknown.",
)


def _number_fault(column: Column) -> tuple[str, str, str]:
    unit = f" in {column.unit}" if column.unit else ""
    return (
        "not_a_number",
        "'{value}' is not a number",
        f"Write a number{unit} with a decimal point, without thousands separators, units or currency signs; "
        "leave the cell empty where it is unknown.",
    )


def _numbers(texts: list[str]) -> tuple[npt.NDArray[np.float64], Mask]:
    """Return the number of every text, NaN where it is none, and whether it is infinite or NaN."""
    array = pa.array(texts, type=pa.string())
    good = pc.match_substring_regex(array, _NUMBER)
    plain = pc.replace_substring_regex(pc.if_else(good, array, None), r"^\+", "")
    numbers = pc.cast(plain, pa.float64()).to_numpy(zero_copy_only=False)
    spelled = pc.match_substring_regex(array, _NOT_FINITE).to_numpy(zero_copy_only=False).astype(bool)
    infinite = np.isinf(numbers) | spelled
    return np.where(infinite, np.nan, numbers), infinite


def _parse_integer(cells: pd.Series[Any], column: Column, raw: RawTable, issues: Issues) -> pd.arrays.IntegerArray:
    values = _parse_number(cells, column, raw, issues)
    rows = np.flatnonzero(np.isfinite(values) & (values != np.round(values)))
    issues.add_rows(
        "error",
        raw.name,
        "not_whole",
        "{value} is not a whole number",
        "Write a whole number.",
        column=column.name,
        lines=raw.lines[rows],
        values=list(values[rows]),
    )
    values[rows] = np.nan
    return integers(values)


def integers(values: npt.NDArray[np.float64]) -> pd.arrays.IntegerArray:
    """Return whole numbers, NA where NaN."""
    empty = np.isnan(values)
    return pd.arrays.IntegerArray(np.where(empty, 0, values).astype(np.int64), empty)


def _parse_date(cells: pd.Series[Any], column: Column, raw: RawTable, issues: Issues) -> npt.NDArray[np.datetime64]:
    codes, texts = _texts(cells)
    values, rules = parse_dates(texts)
    for rule in dict.fromkeys(filter(None, rules)):
        bad = np.array([other == rule for other in rules], dtype=bool)
        fault = ("error", rule, *date_advice(rule, texts[rules.index(rule)]))
        _report_cells(bad, codes, texts, column, raw, issues, fault)
    _require(column, codes < 0, raw, issues)
    return np.append(values, np.datetime64("NaT", "ns"))[codes]


def _filled(column: Column, count: int) -> Any:
    """Return `count` cells of a column that the source lacks: its default, or empty."""
    if column.kind in {"id", "text"}:
        default = "" if column.default is None else str(column.default)
        categories = sorted({default, ""})
        codes = np.full(count, categories.index(default))
        return pd.Categorical.from_codes(codes, categories=pd.Index(categories, dtype=object))
    if column.kind == "date":
        return np.full(count, np.datetime64("NaT", "ns"), dtype="datetime64[ns]")
    values = np.full(count, np.nan if column.default is None else float(str(column.default)))
    return integers(values) if column.kind == "integer" else values


_PARSERS: dict[str, Callable[[pd.Series[Any], Column, RawTable, Issues], Any]] = {
    "id": _parse_text,
    "text": _parse_text,
    "number": _parse_number,
    "integer": _parse_integer,
    "date": _parse_date,
}
