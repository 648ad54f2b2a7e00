"""Write the reference pages that come from the schemas: `make docs`; `--check` only compares."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from reports.docs import comparison_tables_markdown, published_tables_markdown
from scenarios.docs import input_tables_markdown, scenario_json_schema, settings_markdown

FOLDER = Path(__file__).parent


def pages() -> dict[Path, str]:
    """Return every generated page and its text."""
    schema = json.dumps(scenario_json_schema(), indent=2, ensure_ascii=False) + "\n"
    return {
        FOLDER / "input-tables.md": input_tables_markdown(),
        FOLDER / "settings.md": settings_markdown(),
        FOLDER / "published-tables.md": published_tables_markdown(),
        FOLDER / "comparison-tables.md": comparison_tables_markdown(),
        FOLDER / "scenario.schema.json": schema,
    }


def main() -> int:
    """Write the pages, or with --check say which ones are out of date."""
    stale = [path for path, text in pages().items() if not path.exists() or path.read_text() != text]
    if "--check" in sys.argv:
        for path in stale:
            sys.stderr.write(f"{path.name} is out of date: run `make docs`.\n")
        return 1 if stale else 0
    for path in stale:
        path.write_text(pages()[path])
        sys.stdout.write(f"{path.name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
