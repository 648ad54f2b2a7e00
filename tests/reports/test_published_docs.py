"""The references of published tables and of comparisons name every table and column."""

from __future__ import annotations

import pytest

from reports.comparison_tables import COMPARED
from reports.docs import comparison_tables_markdown, published_tables_markdown
from reports.tables import PUBLISHED


@pytest.mark.parametrize("pages", ["published", "compared"])
def test_every_table_and_column_is_described(pages: str) -> None:
    text = published_tables_markdown() if pages == "published" else comparison_tables_markdown()
    for name, schema in (PUBLISHED if pages == "published" else COMPARED).items():
        assert f"\n## {name}\n" in text
        section = text.split(f"\n## {name}\n")[1].split("\n## ")[0]
        for column in schema.columns.values():
            assert f"| `{column.name}` |" in section
            assert column.description


def test_types_and_units_are_told() -> None:
    text = published_tables_markdown()
    assert "| `bucket_start` | date |" in text
    assert "money/unit/day" in text
