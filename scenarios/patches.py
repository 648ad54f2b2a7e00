"""Patches: edits of input tables as written, checked and made ready before a row is read.

Every mistake in an edit is reported with its path and line: unknown tables, columns, functions and
parameters with the nearest right name, several of set, add, multiply, exclude and append, values that
their column cannot hold, dates without a date column. `scenarios.apply_patches` then changes the tables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from scenarios.errors import SCENARIO
from scenarios.expression import (
    DATE,
    EMPTY,
    KINDS,
    NUMBER,
    TEXT,
    Expression,
    ExpressionError,
    compile_expression,
    insert_parameters,
    parse_date,
)
from scenarios.nearest import did_you_mean
from scenarios.scenario import Scenario
from scenarios.tables.columns import Column, TableSchema
from scenarios.tables.issues import Issues
from scenarios.tables.schema import TABLES
from scenarios.whatif import Edit, Patch

Line = Callable[[tuple[str, ...]], str]
"""Path of a key -> the line of the scenario file on which it stands."""

WAYS = ("set", "add", "multiply", "exclude", "append")


@dataclass(frozen=True, slots=True)
class Place:
    """Where an edit is written: patch, position, and how to report something about it."""

    patch: str
    position: int
    line: Line

    def path(self, *keys: str) -> tuple[str, ...]:
        """Return the path of a key of the edit."""
        return ("patches", self.patch, "edits", str(self.position), *keys)

    def report(self, error: ExpressionError, issues: Issues, *keys: str) -> None:
        """Add an error about a key of the edit."""
        self.add(error.rule, f"{error}.", error.action, issues, *keys, value=error.value)

    def add(self, rule: str, message: str, action: str, issues: Issues, *keys: str, value: str = "") -> None:
        """Add an error about a key of the edit, in whole sentences."""
        path = self.path(*keys)
        issues.add("error", SCENARIO, rule, message, action, row=self.line(path), column=".".join(path), value=value)


@dataclass(frozen=True, slots=True)
class PlannedEdit:
    """One edit, checked.

    Attributes
    ----------
    place : where it is written.
    schema : table that it changes.
    where : which rows; None for all.
    first, end : first day and day after the last of the table's first date column; None: no limit.
    way : set, add, multiply, exclude, append (rows as they are) or copy (of the rows that are met).
    values : by column, for set, add and multiply.
    rows : for append the cells of every row by column; for copy the columns changed, per copy.
    """

    place: Place
    schema: TableSchema
    where: Expression | None
    first: np.datetime64 | None
    end: np.datetime64 | None
    way: str
    values: Mapping[str, Expression]
    rows: Sequence[Mapping[str, object]]


def plan_patches(scenario: Scenario, line: Line, issues: Issues) -> dict[str, tuple[PlannedEdit, ...]]:
    """Return the edits of every patch of a scenario file; edits with errors are left out.

    Parameters
    ----------
    scenario : resolved; parameters as overridden.
    line : line of the file of every path.
    issues : receives every mistake, of patches that are not applied, too.
    """
    return {
        name: plan_patch(name, patch, scenario.parameters, line, issues) for name, patch in scenario.patches.items()
    }


def plan_patch(
    name: str, patch: Patch, shared: Mapping[str, object], line: Line, issues: Issues
) -> tuple[PlannedEdit, ...]:
    """Return the edits of one patch; `shared` parameters count where it has none of that name."""
    parameters = {**shared, **patch.parameters}
    planned = (_plan(edit, Place(name, i, line), parameters, issues) for i, edit in enumerate(patch.edits))
    return tuple(edit for edit in planned if edit is not None)


def first_date_column(schema: TableSchema) -> str:
    """Return the column that from and to are about; empty where the table has no dates."""
    return next((column.name for column in schema.columns if column.kind == "date"), "")


def _plan(edit: Edit, place: Place, parameters: Mapping[str, object], issues: Issues) -> PlannedEdit | None:
    before = len(issues.rows)
    if edit.table not in TABLES:
        action = did_you_mean(edit.table, TABLES, f"The tables are {', '.join(TABLES)}.")
        place.add("unknown_table", f"There is no table {edit.table!r}.", action, issues, "table", value=edit.table)
        return None
    schema = TABLES[edit.table]
    ways = [way for way in WAYS if getattr(edit, way)]
    if len(ways) != 1:
        has = f"has {' and '.join(ways)}" if ways else "has none of them"
        message = f"An edit needs exactly one of {', '.join(WAYS)}; this one {has}."
        place.add("one_of", message, "Write one edit for each: they are applied in order.", issues)
        return None
    where = None
    if edit.where:
        where = _tried(lambda: _condition(edit.where, schema, parameters), place, issues, "where")
    first = _day(edit.from_, "from", schema, parameters, place, issues)
    end = _day(edit.to, "to", schema, parameters, place, issues)
    if first is not None and end is not None and end <= first:
        message = f"to, {edit.to}, is not after from, {edit.from_}, so no day is meant."
        place.add("end_before_start", message, "Write the day after the last as to.", issues, "to")
    way, limited = ways[0], bool(edit.where or edit.from_ or edit.to)
    values: dict[str, Expression] = {}
    rows: list[Mapping[str, object]] = []
    if way in {"set", "add", "multiply"}:
        values = _values(getattr(edit, way), way, schema, parameters, place, issues, way)
    elif way == "append":
        way = "copy" if limited else "append"
        for i, row in enumerate(edit.append):
            keys = ("append", str(i))
            if way == "copy":
                rows.append(_values(row, "set", schema, parameters, place, issues, *keys))
            else:
                rows.append(_cells(row, schema, parameters, place, issues, *keys))
    if len(issues.rows) > before:
        return None
    return PlannedEdit(place, schema, where, first, end, way, values, rows)


def _tried(make: Callable[[], Expression | None], place: Place, issues: Issues, *keys: str) -> Expression | None:
    """Return what `make` returns; its error is reported under `keys`."""
    try:
        return make()
    except ExpressionError as error:
        place.report(error, issues, *keys)
        return None


def _condition(text: str, schema: TableSchema, parameters: Mapping[str, object]) -> Expression:
    found = compile_expression(text, schema, parameters)
    if found.kind in {NUMBER, TEXT, DATE}:
        message = f"{text!r} is a {found.kind}, not a condition"
        raise ExpressionError("wrong_kind", message, "Compare it with something, for example unit_cost > 5.", text)
    return found


def _day(
    text: str, key: str, schema: TableSchema, parameters: Mapping[str, object], place: Place, issues: Issues
) -> np.datetime64 | None:
    if not text:
        return None
    try:
        if not first_date_column(schema):
            dated = ", ".join(name for name, other in TABLES.items() if first_date_column(other))
            message = f"{schema.name} has no date column, so {key} means nothing"
            raise ExpressionError("no_dates", message, f"Remove it. Tables with dates are {dated}.", text)
        return parse_date(str(insert_parameters(text, parameters)))
    except ExpressionError as error:
        place.report(error, issues, key)
        return None


def _column(name: str, schema: TableSchema) -> Column:
    if name not in schema.names:
        action = did_you_mean(name, schema.names, f"Its columns are {', '.join(schema.names)}.")
        raise ExpressionError("unknown_column", f"{schema.name} has no column {name!r}", action, name)
    return schema.column(name)


def _values(
    written: Mapping[str, object],
    way: str,
    schema: TableSchema,
    parameters: Mapping[str, object],
    place: Place,
    issues: Issues,
    *keys: str,
) -> dict[str, Expression]:
    """Return the value of every column; texts that begin with = are expressions over the row."""
    values = {}
    for name, value in written.items():

        def make(name: str = name, value: object = value) -> Expression:
            column = _column(name, schema)
            kind = KINDS[column.kind] if way == "set" else _kind_of_change(way, column)
            if isinstance(value, str) and value.lstrip().startswith("="):
                found = compile_expression(value.lstrip()[1:], schema, parameters)
                if found.kind != kind:
                    message = f"{value!r} is a {found.kind}, {name} needs a {kind}"
                    raise ExpressionError("wrong_kind", message, f"Write a {kind}.", value)
                return found
            return _constant(cell(insert_parameters(value, parameters), column, kind), column, kind)

        found = _tried(make, place, issues, *keys, name)
        if found is not None:
            values[name] = found
    return values


def _kind_of_change(way: str, column: Column) -> str:
    kind = KINDS[column.kind]
    if kind == NUMBER or (kind == DATE and way == "add"):
        return NUMBER
    doing = "added to" if way == "add" else "multiplied"
    raise ExpressionError("wrong_kind", f"{column.name} is a {kind}, it cannot be {doing}", "Use set.", column.name)


def _cells(
    row: Mapping[str, object],
    schema: TableSchema,
    parameters: Mapping[str, object],
    place: Place,
    issues: Issues,
    *keys: str,
) -> dict[str, object]:
    """Return the cells of a row to append; required ones that are missing are reported."""
    cells: dict[str, object] = {}
    for name, value in row.items():
        try:
            column = _column(name, schema)
            cells[name] = cell(insert_parameters(value, parameters), column, KINDS[column.kind])
        except ExpressionError as error:
            place.report(error, issues, *keys, name)
    missing = [column.name for column in schema.columns if column.required and column.name not in row]
    if missing:
        message = f"A new row of {schema.name} needs {' and '.join(missing)}."
        place.add("missing_column", message, "Add them to the row.", issues, *keys, value=", ".join(missing))
    return cells


def cell(value: object, column: Column, kind: str) -> object:
    """Return a value as the column holds it: float, text, datetime64, or None where empty.

    Raises
    ------
    ExpressionError
        The column cannot hold it, or must not be empty.
    """
    shown = repr(value) if isinstance(value, str) else str(value)
    unit = f" in {column.unit}" if column.unit else ""
    if value is None or value == "":
        if column.required:
            raise ExpressionError("required_value", f"{column.name} must not be empty", f"Write a {kind}{unit}.")
        return column.default
    if kind == TEXT and isinstance(value, str):
        return value.strip()
    if kind == DATE and isinstance(value, str):
        return parse_date(value)
    if kind == NUMBER and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    action = "Put it in quotes: '007' keeps its zeros." if kind == TEXT else f"Write a {kind}{unit}."
    raise ExpressionError("wrong_kind", f"{shown} is not a {kind}, as {column.name} needs", action, shown)


def _constant(value: object, column: Column, kind: str) -> Expression:
    """Return a cell as an expression; empty as the column stores it."""
    if value is None:
        value = EMPTY[kind]
    elif kind == NUMBER:
        value = float(str(value))  # a default may be written as a whole number
    boxed = np.array(value, dtype=object) if kind == TEXT else value
    return Expression(kind, lambda rows: boxed, value)
