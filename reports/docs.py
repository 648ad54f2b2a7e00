"""Reference of the published tables, written from their schemas."""

from __future__ import annotations

import pandera.pandas as pa

from reports.tables import PUBLISHED

_HEAD = """# Published tables

Every run folder holds these tables as Parquet and CSV. This page is generated from `reports/tables.py`.

Ids are text and keep leading zeros. Dates are ISO 8601, instants carry an offset. Money is in the project's
currency. "Empty" says whether a cell may be empty.
"""


def published_tables_markdown() -> str:
    """Return docs/published-tables.md."""
    index = "\n".join(f"- [{name}](#{name}): {schema.description}" for name, schema in PUBLISHED.items())
    return "\n".join([_HEAD, index, *(_table(schema) for schema in PUBLISHED.values())])


def _table(schema: pa.DataFrameSchema) -> str:
    lines = [
        "",
        f"## {schema.name}",
        "",
        str(schema.description),
        "",
        f"Key: {', '.join(f'`{name}`' for name in schema.metadata['key'])}.",
        "",
        "| column | type | unit | empty | meaning |",
        "|---|---|---|---|---|",
    ]
    kinds = {"str": "text", "float64": "number", "int64": "whole number", "bool": "true or false"}
    for name, column in schema.columns.items():
        kind = kinds.get(str(column.dtype), "date")
        empty = "yes" if column.nullable else ""
        lines.append(f"| `{name}` | {kind} | {column.metadata['unit']} | {empty} | {_text(column)} |")
    return "\n".join([*lines, ""])


def _text(column: pa.Column) -> str:
    return str(column.description).replace("|", "\\|")
