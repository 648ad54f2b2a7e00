"""Adapter for the long format of the Nixtla libraries: `unique_id, ds, y` as demand_history.

`ds` becomes `date` and `y` becomes `qty`. Where the table has no `item_id` and `location_id` of its
own, `unique_id` holds both, with a separator between them: `item/location`. Other columns of
demand_history (`channel`, `in_stock_share`) may stand beside them; other columns are reported like
any unknown column.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from scenarios.tables.issues import Issues
from scenarios.tables.readers import RawTable

_NAMES = {"ds": "date", "y": "qty"}


def is_nixtla(frame: pd.DataFrame) -> bool:
    """Return whether a history is in Nixtla's long format."""
    return {"unique_id", *_NAMES} <= set(frame.columns) and not set(_NAMES.values()) & set(frame.columns)


def from_nixtla(raw: RawTable, issues: Issues, separator: str = "/") -> RawTable:
    """Return a Nixtla history with the columns of demand_history.

    Parameters
    ----------
    separator : stands between item and location in `unique_id`, exactly once. Rows where it does
        not are reported as errors and get no item and location.
    """
    frame = raw.frame.rename(columns=_NAMES)
    if {"item_id", "location_id"} <= set(frame.columns):
        return RawTable(raw.name, raw.source, frame.drop(columns="unique_id"), raw.lines)
    codes, series = pd.factorize(frame["unique_id"].astype("str"))
    parts = [str(name).split(separator) for name in series]
    good = np.array([len(part) == 2 and all(part) for part in parts], dtype=bool)
    bad = np.flatnonzero(~good[codes])
    issues.add_rows(
        "error",
        raw.name,
        "unique_id",
        f"'{{value}}' is not an item and a location with one {separator!r} between them",
        f"Write item{separator}location, or give item_id and location_id as columns of their own.",
        column="unique_id",
        lines=raw.lines[bad],
        values=frame["unique_id"].to_numpy(dtype=object)[bad],
    )
    pairs = [part if ok else ["", ""] for part, ok in zip(parts, good, strict=True)]
    for position, column in enumerate(("item_id", "location_id")):
        names = np.array([pair[position] for pair in pairs], dtype=object)
        frame[column] = names[codes] if len(names) else names
    return RawTable(raw.name, raw.source, frame.drop(columns="unique_id"), raw.lines)
