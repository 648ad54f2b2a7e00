"""Write a project folder from plain rows, for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
import yaml

Rows = Sequence[Mapping[str, object]]


def write_project(folder: Path, tables: Mapping[str, Rows], scenario: Mapping[str, object] | None = None) -> Path:
    """Write scenario.yaml and one CSV per table into `folder`; return it."""
    folder.mkdir(parents=True, exist_ok=True)
    text: dict[str, object] = {"name": "small", "horizon": {"start": "2024-01-01", "buckets": 4}, **(scenario or {})}
    (folder / "scenario.yaml").write_text(yaml.safe_dump(text, sort_keys=False))
    for name, rows in tables.items():
        if rows:
            pd.DataFrame(rows).to_csv(folder / f"{name}.csv", index=False)
    return folder
