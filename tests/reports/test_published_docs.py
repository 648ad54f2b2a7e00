"""The reference of the published tables names every table and column."""

from __future__ import annotations

from reports.docs import published_tables_markdown
from reports.tables import PUBLISHED


def test_every_table_and_column_is_described() -> None:
    text = published_tables_markdown()
    for name, schema in PUBLISHED.items():
        assert f"\n## {name}\n" in text
        section = text.split(f"\n## {name}\n")[1].split("\n## ")[0]
        for column in schema.columns.values():
            assert f"| `{column.name}` |" in section
            assert column.description
    assert "| `bucket_start` | date |" in text
    assert "money/unit/day" in text
