"""Shared by the tests of the input side."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from small_tables import SCENARIO, TABLES, Write


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write the project; tables given by name replace it, None leaves one out."""

    def write_files(scenario: str = SCENARIO, **tables: str | None) -> Path:
        folder = tmp_path / "project"
        folder.mkdir(exist_ok=True)
        (folder / "scenario.yaml").write_text(scenario, encoding="utf-8")
        content: Mapping[str, str | None] = {**TABLES, **tables}
        for name, text in content.items():
            if text is not None:
                (folder / f"{name}.csv").write_text(text, encoding="utf-8", newline="")
        return folder

    return write_files
