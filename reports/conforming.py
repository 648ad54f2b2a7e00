"""Conforming: whether a table already is what its schema declares, seen in a few passes over plain arrays.

The schema itself would say the same, a hundred times slower on small tables, and is asked where anything is amiss: it
casts what can be cast and names every fault.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from reports.declared import Column, Table

_EMPTY = {"str": "object", "float64": "float64", "int64": "int64", "bool": "bool", "datetime64[ns]": "datetime64[ns]"}


def conforms(schema: Table, frame: pd.DataFrame) -> pd.DataFrame | None:
    """Return `frame` where it needs no cast but of whole numbers to decimal ones, None where the schema must look.

    Parameters
    ----------
    schema : of `reports.tables`.
    frame : its columns, in its order.
    """
    columns: dict[str, pd.Series[Any]] = {}
    for name, declared in schema.columns.items():
        column = _cast(frame[name], declared.dtype)
        if column is None or (not declared.nullable and column.isna().any()):
            return None
        if not _holds(declared, column):
            return None
        columns[name] = column
    cast = any(column.dtype != frame[name].dtype for name, column in columns.items())
    result = pd.DataFrame(columns, columns=frame.columns) if cast else frame
    return None if result.duplicated(list(schema.key)).any() else result


def _cast(column: pd.Series[Any], kind: str) -> pd.Series[Any] | None:
    dtype = str(column.dtype)
    if column.empty and dtype == "object":
        return column.astype(_EMPTY[kind])  # type: ignore[call-overload, no-any-return]
    if kind == "str":
        return column if dtype == "object" and pd.api.types.infer_dtype(column, skipna=False) == "string" else None
    if kind == "float64" and dtype == "int64":
        return column.astype("float64")
    return column if dtype == kind else None


def _holds(declared: Column, column: pd.Series[Any]) -> bool:
    """Return whether every value that is there keeps the limits."""
    if declared.minimum is None and declared.maximum is None and not declared.choices:
        return True
    if declared.choices:
        return bool(column.dropna().isin(declared.choices).all())
    least, most = column.min(), column.max()  # NaN where nothing is there, which breaks no limit
    return not (declared.minimum is not None and least < declared.minimum) and not (
        declared.maximum is not None and most > declared.maximum
    )
