"""Check: everything that is wrong with the typed tables, all at once."""

from __future__ import annotations

from collections.abc import Mapping


from scenarios.scenario import Scenario
from scenarios.tables.issues import Issues
from scenarios.tables.parse import Table


def check_tables(tables: Mapping[str, Table], scenario: Scenario | None, issues: Issues) -> None:
    """Add an issue for every rule that the tables break.

    Parameters
    ----------
    scenario : currency and horizon to check against; None where the scenario file has errors.
    """
    for table in tables.values():
        _check_given(table, issues)


def _check_given(table: Table, issues: Issues) -> None:
    schema = table.schema
    if schema.required and not table.given:
        issues.add(
            "error",
            schema.name,
            "missing_table",
            f"There is no table {schema.name} ({schema.description.rstrip('.')}).",
            f"Add {schema.name}.csv with the columns {', '.join(c.name for c in schema.columns if c.required)}.",
        )
    elif schema.required and not len(table.frame):
        issues.add("error", schema.name, "empty_table", f"The table {schema.name} has no rows.", "Add rows.")
