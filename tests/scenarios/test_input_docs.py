"""The generated reference pages name every table, column and key, and the JSON schema judges as the reader does."""

from __future__ import annotations

from scenarios.docs import input_tables_markdown, scenario_json_schema, settings_markdown
from scenarios.paths import setting_paths
from scenarios.tables.schema import TABLES


def test_every_table_and_column_is_documented() -> None:
    text = input_tables_markdown()
    for name, schema in TABLES.items():
        section = text.split(f"\n## {name}\n")[1].split("\n## ")[0]
        assert schema.description in section
        for column in schema.columns:
            row = next(line for line in section.splitlines() if line.startswith(f"| `{column.name}` |"))
            cells = [cell.strip() for cell in row.strip("|").split(" | ")]
            assert len(cells) == 5
            assert cells[2] == column.unit
            assert (cells[3] == "*required*") == column.required
            assert column.description in cells[4]
            assert all(f"`{choice}`" in cells[4] for choice in column.choices)


def test_every_key_is_documented() -> None:
    text = settings_markdown()
    sections = {path.rpartition(".")[0] for path in setting_paths()} | {"scenarios", "patches", "sweeps"}
    for path in setting_paths():
        assert (f"| `{path}` |" in text) == (path not in sections)
    assert "| `horizon.buckets` | whole number | ≥ 1, ≤ 366 | 8 | Number of buckets. |" in text
    for key in ("scenarios.NAME.set", "patches.PATCH.edits[].from", "sweeps.SWEEP.monte_carlo.draws"):
        assert f"| `{key}` |" in text
    assert "0x" not in text


def test_json_schema_is_that_of_the_file() -> None:
    schema = scenario_json_schema()
    assert schema["required"] == ["name", "horizon"]
    assert schema["additionalProperties"] is False
    properties = schema["properties"]
    assert isinstance(properties, dict)
    assert {"name", "horizon", "inventory", "scenarios"} <= set(properties)
