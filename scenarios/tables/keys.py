"""Keys: one whole number for the values that several columns hold together, for fast grouping."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

_LARGEST = 2**62


def key_codes(frame: pd.DataFrame, columns: Sequence[str]) -> npt.NDArray[np.int64]:
    """Return a number per row that is equal where all `columns` are: [n], empty cells being equal."""
    codes = np.zeros(len(frame), dtype=np.int64)
    size = 1
    for name in columns:
        of_column, width = _column_codes(frame[name])
        if size * width > _LARGEST:
            codes, seen = pd.factorize(codes)
            size = len(seen)
        codes = codes * width + of_column
        size *= width
    return codes


def _column_codes(column: pd.Series[Any]) -> tuple[npt.NDArray[np.int64], int]:
    if isinstance(column.dtype, pd.CategoricalDtype):
        codes: npt.NDArray[Any] = column.cat.codes.to_numpy()
        width = len(column.cat.categories)
    else:
        codes, values = pd.factorize(column)
        width = len(values)
    return codes.astype(np.int64) + 1, width + 1


def keys_as_text(frame: pd.DataFrame, columns: Sequence[str], rows: npt.NDArray[np.intp]) -> list[str]:
    """Return what `columns` hold in `rows` as text; only for the first few, nobody reads more."""
    if len(rows) == 0:
        return []
    shown = frame.iloc[rows[:5]][list(columns)].itertuples(index=False, name=None)
    texts = [", ".join(_plain(value) for value in row if not pd.isna(value) and value != "") for row in shown]
    return texts + [""] * (len(rows) - len(texts))


def _plain(value: object) -> str:
    return value.date().isoformat() if isinstance(value, pd.Timestamp) else str(value)
