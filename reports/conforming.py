"""Conforming: whether a table already is what its schema declares, seen in a few passes over plain arrays.

The schema itself would say the same, a hundred times slower on small tables, and is asked where anything is amiss: it
casts what can be cast and names every fault.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

_EMPTY = {"str": "object", "float64": "float64", "int64": "int64", "bool": "bool", "datetime64[ns]": "datetime64[ns]"}


def conforms(schema: Any, frame: pd.DataFrame) -> pd.DataFrame | None:
    """Return `frame` where it needs no cast but of whole numbers to decimal ones, None where the schema must look.

    Parameters
    ----------
    schema : a `pandera` schema of `reports.tables`.
    frame : its columns, in its order.
    """
    columns: dict[str, pd.Series[Any]] = {}
    for name, declared in schema.columns.items():
        column = _cast(frame[name], str(declared.dtype))
        if column is None or (not declared.nullable and column.isna().any()):
            return None
        if not all(_holds(check, column) for check in declared.checks):
            return None
        columns[name] = column
    result = pd.DataFrame(columns, columns=frame.columns)
    return None if result.duplicated(list(schema.unique)).any() else result


def _cast(column: pd.Series[Any], kind: str) -> pd.Series[Any] | None:
    dtype = str(column.dtype)
    if column.empty and dtype == "object":
        return column.astype(_EMPTY[kind])  # type: ignore[call-overload, no-any-return]
    if kind == "str":
        return column if dtype == "object" and pd.api.types.infer_dtype(column, skipna=False) == "string" else None
    if kind == "float64" and dtype == "int64":
        return column.astype("float64")
    return column if dtype == kind else None


def _holds(check: Any, column: pd.Series[Any]) -> bool:
    """Return whether every value that is there passes a check; False also for a check that is not known here."""
    told, there = check.statistics, column.dropna()
    match check.name:
        case "greater_than_or_equal_to":
            return bool((there >= told["min_value"]).all())
        case "less_than_or_equal_to":
            return bool((there <= told["max_value"]).all())
        case "isin":
            return bool(there.isin(list(told["allowed_values"])).all())
    return False
