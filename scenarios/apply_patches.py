"""Apply patches: change typed tables, in order, and say what every edit has touched.

Edits come after parsing and before cleaning and checks, so whatever a patch brings is cleaned and
checked like any other row. Appended rows are counted on after the last line of their table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from scenarios.errors import SCENARIO
from scenarios.expression import DATE, EMPTY, KINDS, NUMBER, TEXT, Expression, as_days, referred_table
from scenarios.nearest import did_you_mean
from scenarios.patches import PlannedEdit, first_date_column
from scenarios.tables.columns import Column
from scenarios.tables.issues import Issues, Lines
from scenarios.tables.parse import Mask, Table, categories_of, integers
from scenarios.tables.schema import TABLES

EDIT_COLUMNS = ("patch", "edit", "table", "column", "rows", "total_before", "total_after")
"""Columns of the published table input_edits."""

Values = npt.NDArray[Any]

_DTYPES = {TEXT: np.dtype(object), NUMBER: np.dtype(np.float64), DATE: np.dtype("datetime64[ns]")}


@dataclass(slots=True)
class Patched:
    """Tables on the way, and what has been done to them.

    Attributes
    ----------
    tables : by name; the ones given at the start are never changed in place.
    touched : (table, column, lines, edit) of every change; column "" for appended rows.
    """

    tables: dict[str, Table]
    edits: list[tuple[str, int, str, str, int, float, float]] = field(default_factory=list)
    touched: list[tuple[str, str, Lines, PlannedEdit]] = field(default_factory=list)
    _failed: set[str] = field(default_factory=set)

    def apply(self, edits: Iterable[PlannedEdit], issues: Issues) -> None:
        """Apply edits in order; report the ones that meet no row, or make what a column cannot hold."""
        for edit in edits:
            before = len(issues.rows)
            if edit.way == "append":
                self._append(edit, _rows_as_table(edit, self._next_line(edit)))
            else:
                self._change(edit, issues)
            if len(issues.rows) > before:
                self._failed.add(edit.schema.name)

    def frame(self) -> pd.DataFrame:
        """Return what the edits have touched, columns `EDIT_COLUMNS`."""
        frame = pd.DataFrame(self.edits, columns=list(EDIT_COLUMNS))
        return frame.astype({"edit": "int64", "rows": "int64", "total_before": "float64", "total_after": "float64"})

    def explain(self, issues: Issues, first: int) -> None:
        """Say of issues from the `first` on which edit has made the row, or the cell, that they are about."""
        for i, row in enumerate(issues.rows[first:], start=first):
            severity, table, line, column, rule, value, rows, message, action = row
            if table == SCENARIO or not line.isdigit():
                continue
            for name, changed, lines, edit in reversed(self.touched):
                if name == table and changed in {"", column} and int(line) in lines:
                    if changed:
                        message += f" The cell was changed by {'.'.join(edit.place.path(edit.way))}."
                    else:
                        line = ".".join(edit.place.path("append"))
                    issues.rows[i] = (severity, table, line, column, rule, value, rows, message, action)
                    break

    def _change(self, edit: PlannedEdit, issues: Issues) -> None:
        table = self.tables[edit.schema.name]
        reader = _TableRows(table, self.tables)
        met = _met(edit, table, reader)
        if not self._all_known(edit, reader, issues):
            return
        if not met.any():
            if edit.schema.name not in self._failed:  # an edit before it might have brought the rows
                _report_no_rows(edit, table, issues)
            return
        if edit.way == "exclude":
            kept = _with_categories(table.keep(~met), None)
            self._note(edit, "", int(met.sum()), len(met), len(kept.frame))
            self.tables[edit.schema.name] = kept
        elif edit.way == "copy":
            for position, values in enumerate(edit.rows):
                copies = table.keep(met)
                where = ("append", str(position))
                copies = _written(edit, copies, values, _TableRows(copies, self.tables), None, issues, *where)
                start = self._next_line(edit)
                lines = np.arange(start, start + len(copies.frame), dtype=np.int64)
                self._append(edit, Table(copies.schema, copies.frame, lines))
        else:
            changed = _written(edit, table, edit.values, reader, met, issues, edit.way)
            for name in edit.values:
                self._note(edit, name, int(met.sum()), _total(table, name, met), _total(changed, name, met))
                self.touched.append((edit.schema.name, name, table.lines[met], edit))
            self.tables[edit.schema.name] = changed

    def _append(self, edit: PlannedEdit, rows: Table) -> None:
        table = self.tables[edit.schema.name]
        columns = {
            column.name: _stored(np.concatenate([_cells(table, column.name), _cells(rows, column.name)]), column)
            for column in edit.schema.columns
        }
        lines = np.concatenate([table.lines, rows.lines])
        self.tables[edit.schema.name] = Table(edit.schema, pd.DataFrame(columns), lines)
        self.touched.append((edit.schema.name, "", rows.lines, edit))
        count = len(rows.frame)
        last = self.edits[-1] if self.edits else None
        if last is not None and last[:4] == (edit.place.patch, edit.place.position, edit.schema.name, ""):
            self.edits[-1] = (*last[:4], last[4] + count, last[5], last[6] + count)  # a further copy of the same edit
        else:
            self._note(edit, "", count, len(table.frame), len(table.frame) + count)

    def _next_line(self, edit: PlannedEdit) -> int:
        lines = self.tables[edit.schema.name].lines
        return int(lines.max(initial=1)) + 1

    def _note(self, edit: PlannedEdit, column: str, rows: int, before: float, after: float) -> None:
        place = edit.place
        self.edits.append((place.patch, place.position, edit.schema.name, column, rows, float(before), float(after)))

    def _all_known(self, edit: PlannedEdit, reader: _TableRows, issues: Issues) -> bool:
        """Report texts in `where` that the column, or the table it refers to, does not hold at all."""
        good = True
        for table, column, text in edit.where.named if edit.where else ():
            declared = TABLES[table].column(column)
            owner, _, key = declared.references.partition(".")
            if declared.choices:
                known = set(declared.choices)
            elif owner:
                known = set(_texts(self.tables[owner], key))
            elif table != edit.schema.name or TABLES[table].key == (column,):
                owner, known = table, set(_texts(self.tables[table], column))
            else:
                continue
            if text not in known and owner not in self._failed:
                action = did_you_mean(text, sorted(known), f"It is one of {_some(known)}.")
                message = f"No {column} is {text!r}."
                edit.place.add("unknown_key", message, action, issues, "where", value=text)
                good = False
        return good


@dataclass(frozen=True, slots=True)
class _TableRows:
    """Rows of one table as expressions read them."""

    table: Table
    tables: Mapping[str, Table]

    def column(self, name: str) -> Values:
        return _cells(self.table, name)

    def referred(self, name: str, attribute: str) -> Values:
        target = referred_table(self.table.schema, name)
        if target is None:
            raise KeyError(f"{self.table.schema.name}.{name}")
        other = self.tables[target.name]
        keys = pd.Index(_cells(other, target.key[0]))
        first = ~keys.duplicated()
        found = keys[first].get_indexer(pd.Index(_cells(self.table, name)))
        cells = _cells(other, attribute)[first]
        empty = np.array([EMPTY[KINDS[target.column(attribute).kind]]], dtype=cells.dtype)
        return np.append(cells, empty)[found]


def _cells(table: Table, name: str) -> Values:
    """Return a column as an array: [n] object, float64 or datetime64[ns]."""
    cells = table.frame[name]
    kind = KINDS[table.schema.column(name).kind]
    if kind == TEXT:
        return cells.cat.categories.to_numpy(dtype=object)[cells.cat.codes.to_numpy()]
    if kind == DATE:
        return cells.to_numpy(dtype="datetime64[ns]")
    return cells.to_numpy(dtype=np.float64, na_value=np.nan)


def _stored(values: Values, column: Column) -> Any:
    """Return cells as a typed table holds them, the same whatever way they came about."""
    if KINDS[column.kind] == TEXT:
        codes, texts = pd.factorize(values)
        return categories_of([str(text) for text in texts], np.asarray(codes, dtype=np.int64), column)
    return integers(values.copy()) if column.kind == "integer" else values


def _with_categories(table: Table, names: Iterable[str] | None) -> Table:
    """Return a table whose texts have the categories that they use."""
    chosen = table.schema.names if names is None else names
    columns = [table.schema.column(name) for name in chosen if KINDS[table.schema.column(name).kind] == TEXT]
    fresh = {column.name: _stored(_cells(table, column.name), column) for column in columns}
    return Table(table.schema, table.frame.assign(**fresh), table.lines, table.given)


def _met(edit: PlannedEdit, table: Table, reader: _TableRows) -> Mask:
    """Return which rows an edit is about: [n]."""
    count = len(table.frame)
    met = np.ones(count, dtype=bool)
    if edit.where is not None:
        met &= edit.where.of_rows(reader, count).astype(bool)
    if edit.first is not None or edit.end is not None:
        days = _cells(table, first_date_column(edit.schema))
        if edit.first is not None:
            met &= days >= edit.first
        if edit.end is not None:
            met &= days < edit.end
    return met


def _written(
    edit: PlannedEdit,
    table: Table,
    values: Mapping[str, Any],
    reader: _TableRows,
    met: Mask | None,
    issues: Issues,
    *keys: str,
) -> Table:
    """Return a table with new values in the rows `met`, None for all; all are computed from the old ones."""
    rows = np.ones(len(table.frame), dtype=bool) if met is None else met
    fresh = {}
    for name, value in values.items():
        column, old = edit.schema.column(name), _cells(table, name)
        new = _combined(edit.way, old, value, reader)
        _judge(edit, column, old[rows], new[rows], issues, *keys, name)
        merged = old.copy()
        merged[rows] = new[rows]
        whole = np.where(np.isfinite(merged), np.round(merged), np.nan) if column.kind == "integer" else merged
        fresh[name] = _stored(whole, column)
    return Table(table.schema, table.frame.assign(**fresh), table.lines, table.given)


def _combined(way: str, old: Values, value: Expression, reader: _TableRows) -> Values:
    given = value.of_rows(reader, len(old))
    with np.errstate(all="ignore"):
        if way == "add":
            summed: Values = old + (as_days(given) if old.dtype.kind == "M" else given)
            return summed
        product: Values = old * given if way == "multiply" else given
        return product


def _judge(edit: PlannedEdit, column: Column, old: Values, new: Values, issues: Issues, *keys: str) -> None:
    """Report values that the column cannot hold, and sums and products of empty cells only."""

    def report(rule: str, bad: Mask, message: str, action: str) -> None:
        if bad.any():
            count = f"{int(bad.sum()):,} of {len(bad):,} rows: {message}."
            edit.place.add(rule, count, action, issues, *keys, value=str(new[bad][0]))

    kind = KINDS[column.kind]
    if kind == TEXT:
        empty = new == ""
    elif kind == DATE:
        empty = np.isnat(new)
    else:
        empty = np.isnan(new)
        report("not_finite", np.isinf(new), f"{column.name} becomes infinite", "Do not divide by 0.")
        if column.kind == "integer":
            part = np.isfinite(new) & (np.abs(new - np.round(new)) > 1e-9)
            shown = f"{new[part][0]:g}" if part.any() else ""
            action = "Use add, or round the value: = round(...)."
            report("not_whole", part, f"{column.name} becomes {shown}, which is not a whole number", action)
    if column.required:
        report("required_value", empty, f"{column.name} becomes empty, but must not be", "Use if_empty(..., 0).")
    elif edit.way in {"add", "multiply"} and len(old) and bool(empty.all()):
        message = f"All {len(old):,} cells of {column.name} are empty, so {edit.way} changes nothing."
        action = "Use set, or edit the table whose value counts where this one is empty."
        edit.place.add("empty_cells", message, action, issues, *keys)


def _total(table: Table, name: str, rows: Mask) -> float:
    """Return the sum of a column over rows; NaN for texts and dates."""
    if KINDS[table.schema.column(name).kind] != NUMBER:
        return float("nan")
    return float(np.nansum(_cells(table, name)[rows]))


def _rows_as_table(edit: PlannedEdit, first_line: int) -> Table:
    """Return rows to append as a typed table, defaults in empty cells."""
    columns = {}
    for column in edit.schema.columns:
        default = column.default if column.default is not None else EMPTY[KINDS[column.kind]]
        cells = [row.get(column.name) for row in edit.rows]
        filled = [default if value is None else value for value in cells]
        columns[column.name] = _stored(np.array(filled, dtype=_DTYPES[KINDS[column.kind]]), column)
    lines = np.arange(first_line, first_line + len(edit.rows), dtype=np.int64)
    return Table(edit.schema, pd.DataFrame(columns), lines)


def _report_no_rows(edit: PlannedEdit, table: Table, issues: Issues) -> None:
    count = len(table.frame)
    if count == 0:
        message, action = f"{edit.schema.name} has no rows.", "Give the table, or append rows first."
    else:
        message, action = f"None of the {count:,} rows of {edit.schema.name} is met.", "Check where, from and to."
        hints = [_held(table, column, text) for _, column, text in (edit.where.named if edit.where else ())]
        hints = [hint for hint in hints if hint]
        name = first_date_column(edit.schema)
        if edit.first is not None or edit.end is not None:
            days = _cells(table, name)
            days = days[~np.isnat(days)].astype("datetime64[D]")
            hints += [f"{name} goes from {days.min()} to {days.max()}."] if len(days) else [f"{name} is always empty."]
        action = " ".join([*hints[:3]]) or action
    edit.place.add("no_rows", message, action, issues)


def _held(table: Table, column: str, text: str) -> str:
    if column not in table.schema.names or KINDS[table.schema.column(column).kind] != TEXT:
        return ""
    held = set(_texts(table, column))
    return (
        ""
        if text in held
        else f"No {column} is {text!r}: {did_you_mean(text, sorted(held), f'it is one of {_some(held)}.')}"
    )


def _texts(table: Table, name: str) -> list[str]:
    """Return the distinct texts of a column, without the empty one."""
    cells = table.frame[name].cat
    used = np.bincount(cells.codes.to_numpy(), minlength=len(cells.categories)) > 0
    return [str(text) for text in cells.categories[used] if text]


def _some(texts: Iterable[str]) -> str:
    names = sorted(texts)
    more = f" and {len(names) - 8:,} more" if len(names) > 8 else ""
    return ", ".join(names[:8]) + more if names else "none, the column is empty"
