"""Reference of the published tables, written from their schemas."""

from __future__ import annotations

from collections.abc import Mapping

from reports.comparison_tables import COMPARED
from reports.declared import Column, Table
from reports.optional_tables import OPTIONAL
from reports.tables import PUBLISHED

_HEAD = """# Published tables

Every run folder holds these tables as Parquet and CSV; the last three (`distribution_rounds`, `visit_changes`,
`sequential_kpis`) only where stock and trucks were decided together. This page is generated from `reports/tables.py`
and `reports/together_tables.py`.

Ids are text and keep leading zeros. Dates are ISO 8601, instants carry an offset. Money is in the project's
currency. "Empty" says whether a cell may be empty.
"""


_COMPARED_HEAD = """# Tables of a comparison

`planner scenarios diff`, `bridge` and `compare` with `--output` write these tables as Parquet and CSV beside
comparison.html. This page is generated from `reports/comparison_tables.py`; what they mean is told in
[comparing](comparing.md). Differences are B less A.
"""


def published_tables_markdown() -> str:
    """Return docs/published-tables.md."""
    return _page(_HEAD, PUBLISHED | OPTIONAL)


def comparison_tables_markdown() -> str:
    """Return docs/comparison-tables.md."""
    return _page(_COMPARED_HEAD, COMPARED)


def _page(head: str, schemas: Mapping[str, Table]) -> str:
    index = "\n".join(f"- [{name}](#{name}): {schema.description}" for name, schema in schemas.items())
    return "\n".join([head, index, *(_table(schema) for schema in schemas.values())])


def _table(schema: Table) -> str:
    lines = [
        "",
        f"## {schema.name}",
        "",
        schema.description,
        "",
        f"Key: {', '.join(f'`{name}`' for name in schema.key)}.",
        "",
        "| column | type | unit | empty | meaning |",
        "|---|---|---|---|---|",
    ]
    kinds = {"str": "text", "float64": "number", "int64": "whole number", "bool": "true or false"}
    for name, column in schema.columns.items():
        kind = kinds.get(column.dtype, "date")
        empty = "yes" if column.nullable else ""
        lines.append(f"| `{name}` | {kind} | {column.unit} | {empty} | {_text(column)} |")
    return "\n".join([*lines, ""])


def _text(column: Column) -> str:
    return column.description.replace("|", "\\|")
