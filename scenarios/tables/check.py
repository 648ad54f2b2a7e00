"""Check: everything that is wrong with the typed tables, all at once.

What every table is checked for stands here, driven by the schemas: tables that must be there,
limits, choices, references, keys, rules of which more than one is as specific. What only one table
means stands in `check_rows`, what only all tables together mean in `check_supply`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from scenarios.nearest import did_you_mean
from scenarios.scenario import Scenario
from scenarios.tables.check_rows import check_rows
from scenarios.tables.check_supply import check_supply
from scenarios.tables.check_transport import check_transport
from scenarios.tables.columns import Column
from scenarios.tables.issues import Issues
from scenarios.tables.keys import key_codes, keys_as_text
from scenarios.tables.parse import Table
from scenarios.tables.specificity import CLASS_KEYS, RULE_KEYS, is_rule_table

_TINY = 1e-6
"""A minimum below this means: above 0."""


def check_tables(tables: Mapping[str, Table], scenario: Scenario | None, issues: Issues) -> None:
    """Add an issue for every rule that the tables break.

    Parameters
    ----------
    scenario : currency and horizon to check against; None where the scenario file has errors.
    """
    reported = issues.tables_with_errors()
    for name, table in tables.items():
        if name not in reported:
            _check_presence(table, scenario, issues)
        if table.frame.empty:
            continue
        for column in table.schema.columns:
            _check_limits(table, column, issues)
            _check_choices(table, column, issues)
            _check_references(table, column, tables, issues)
        _check_keys(table, issues)
        if is_rule_table(table.schema):
            _check_rule_rows(table, tables, issues)
    check_rows(tables, scenario, issues)
    check_transport(tables, issues)
    check_supply(tables, issues)


def _check_presence(table: Table, scenario: Scenario | None, issues: Issues) -> None:
    schema = table.schema
    needed = ", ".join(column.name for column in schema.columns if column.required)
    if schema.required and not table.given:
        issues.add(
            "error",
            schema.name,
            "missing_table",
            f"There is no table {schema.name} ({schema.description.rstrip('.')}).",
            f"Add it, for example as {schema.name}.csv, with the columns {needed}.",
        )
    elif schema.required and table.frame.empty:
        before = ""
        if schema.name == "demand_history" and scenario is not None:
            before = f" before {scenario.horizon.start.isoformat()}, where the horizon starts"
        issues.add(
            "error",
            schema.name,
            "empty_table",
            f"The table {schema.name} has no rows{before}.",
            f"Fill in at least {needed}.",
        )


def _check_limits(table: Table, column: Column, issues: Issues) -> None:
    if column.minimum is None and column.maximum is None:
        return
    values = table.frame[column.name].to_numpy(dtype=np.float64, na_value=np.nan)
    unit = f" {column.unit}" if column.unit else ""

    def report(bad: npt.NDArray[np.bool_], rule: str, message: str, action: str) -> None:
        rows = np.flatnonzero(bad)
        shown = [f"{value:.12g}" for value in values[rows]]
        issues.add_rows(
            "error", table.schema.name, rule, message, action, column=column.name, lines=table.lines[rows], values=shown
        )

    if column.minimum is not None and 0 < column.minimum < _TINY:
        report(values < column.minimum, "not_positive", "{value} is not above 0", "Write a number above 0.")
    elif column.minimum == 0:
        report(values < 0, "negative", "{value} is negative", f"Write 0 or more{unit}.")
    elif column.minimum is not None:
        least = f"{column.minimum:g}{unit}"
        report(values < column.minimum, "too_small", f"{{value}} is less than {least}", f"Write at least {least}.")
    if column.maximum is not None:
        most = f"{column.maximum:g}{unit}"
        report(values > column.maximum, "too_large", f"{{value}} is more than {most}", f"Write at most {most}.")


def _category_rows(table: Table, column: str, bad: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
    """Return the rows of a categorical column whose category is `bad` ([categories])."""
    return np.flatnonzero(bad[table.frame[column].cat.codes.to_numpy()])


def _check_choices(table: Table, column: Column, issues: Issues) -> None:
    if not column.choices:
        return
    categories = table.frame[column.name].cat.categories
    rows = _category_rows(table, column.name, ~categories.isin(["", *column.choices]))
    values = table.frame[column.name].iloc[rows].to_list()
    allowed = f"Write one of {', '.join(column.choices)}."
    issues.add_rows(
        "error",
        table.schema.name,
        "wrong_choice",
        f"'{{value}}' is not one of {', '.join(column.choices)}",
        did_you_mean(str(values[0]), column.choices, allowed) if values else "",
        column=column.name,
        lines=table.lines[rows],
        values=values,
    )


def _check_references(table: Table, column: Column, tables: Mapping[str, Table], issues: Issues) -> None:
    if not column.references:
        return
    name, _, key = column.references.partition(".")
    target = tables[name]
    known = _present(target.frame[key])
    if not known and target.schema.required and (not target.given or key in target.schema.key):
        return  # that the table or its key is missing has been said already
    rows = _category_rows(table, column.name, ~table.frame[column.name].cat.categories.isin(["", *known]))
    values = table.frame[column.name].iloc[rows].to_list()
    issues.add_rows(
        "error",
        table.schema.name,
        "unknown_reference",
        f"'{{value}}' is in no row of {name}, column {key}",
        _reference_advice(str(values[0]), known, name) if values else "",
        column=column.name,
        lines=table.lines[rows],
        values=values,
    )


def _reference_advice(value: str, known: list[str], table: str) -> str:
    zeros = next((other for other in known if other.lstrip("0") == value.lstrip("0")), "")
    if zeros:
        return f"Did you mean {zeros!r}? Spreadsheets drop leading zeros unless the column is formatted as text."
    return did_you_mean(value, known, f"Add it to {table}, or correct or remove these rows.")


def _present(cells: pd.Series[Any]) -> list[str]:
    """Return the texts that a categorical column holds, without the empty one."""
    used = np.bincount(cells.cat.codes.to_numpy(), minlength=len(cells.cat.categories)) > 0
    return [str(text) for text in cells.cat.categories[used] if text]


def _check_keys(table: Table, issues: Issues) -> None:
    schema = table.schema
    if is_rule_table(schema) and set(schema.key) <= {*RULE_KEYS, *CLASS_KEYS, "supplier_id", "origin_id"}:
        return  # equal rules are ambiguous, not wrong
    frame = table.frame
    complete = np.ones(len(frame), dtype=bool)
    for name in schema.key:
        if schema.column(name).required:
            complete &= (frame[name].notna() & (frame[name] != "")).to_numpy(dtype=bool)
    repeated = np.flatnonzero(pd.Series(key_codes(frame, schema.key)).duplicated().to_numpy() & complete)
    issues.add_rows(
        "error",
        schema.name,
        "duplicate_key",
        f"an earlier row has the same {', '.join(schema.key)} ({{value}})",
        "Keep one of the rows.",
        column=schema.key[0] if len(schema.key) == 1 else "",
        lines=table.lines[repeated],
        values=keys_as_text(frame, schema.key, repeated),
    )


def _check_rule_rows(table: Table, tables: Mapping[str, Table], issues: Issues) -> None:
    """Check rows of which no one is more specific, and rows whose keys contradict each other."""
    frame, name = table.frame, table.schema.name
    # rows of these tables do not compete: all that apply do
    single = [
        column for column in ("promotion_id", "kind", "weekday", "date", "factor", "unit_price") if column in frame
    ]
    scope = [column for column in (*single, *RULE_KEYS, *CLASS_KEYS, "priority") if column in frame]
    if not single:
        repeated = np.flatnonzero(pd.Series(key_codes(frame, scope)).duplicated().to_numpy())
        priority = ", or give them different priorities" if "priority" in frame else ""
        issues.add_rows(
            "warning",
            name,
            "ambiguous_rows",
            "an earlier row is as specific and names the same ({value})",
            f"The earlier row wins. Remove one of them{priority}.",
            lines=table.lines[repeated],
            values=[text or "all items, all locations" for text in keys_as_text(frame, scope, repeated)],
        )
    for key, group, owner in (("item_id", "category", "items"), ("location_id", "region", "locations")):
        if not {key, group} <= set(table.schema.key):
            continue
        groups = tables[owner].frame.drop_duplicates(key).set_index(key)[group].astype(object)
        actual = frame[key].astype(object).map(groups)
        stated = frame[group].astype(object)
        rows = np.flatnonzero((stated != "") & actual.notna() & (frame[key] != "") & (stated != actual))
        issues.add_rows(
            "error",
            name,
            f"other_{group}",
            f"the row names {key} and {group} '{{value}}', but {owner} gives it another {group}, so it never applies",
            f"Leave {group} empty where {key} is named.",
            column=group,
            lines=table.lines[rows],
            values=stated.iloc[rows].to_list(),
        )
