"""Small inputs with every declared column, defaults filled as loading does."""

from __future__ import annotations

import pandas as pd
import pytest

from scenarios.tables.schema import TABLES

DTYPES = {"id": "object", "text": "object", "number": "float64", "integer": "Int64", "date": "datetime64[ns]"}


def make_table(name, rows):
    frame = pd.DataFrame(rows)
    columns = {}
    for column in TABLES[name].columns:
        values = frame[column.name].tolist() if column.name in frame else [None] * len(frame)
        empty = "" if column.kind in {"id", "text"} else None
        default = empty if column.default is None else column.default
        values = [default if pd.isna(value) else value for value in values]
        columns[column.name] = pd.Series(values, dtype=DTYPES[column.kind])
    return pd.DataFrame(columns)


@pytest.fixture
def table():
    return make_table
