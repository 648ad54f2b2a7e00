"""A made-up plan, built once."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from synthetic_run import make_tables, provenance

from reports.run_folder import RunFolder, read_run, write_run


@pytest.fixture(scope="session")
def tables() -> dict[str, pd.DataFrame]:
    return make_tables()


@pytest.fixture(scope="session")
def run(tables: dict[str, pd.DataFrame], tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    folder = tmp_path_factory.mktemp("runs") / "base"
    write_run(folder, tables, provenance(), {"forecast": 1.25})
    return read_run(Path(folder))
