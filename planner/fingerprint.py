"""Fingerprint of content: two inputs have one only if no stage can tell them apart.

Values, types and the order of rows and columns count.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from pydantic import BaseModel

if TYPE_CHECKING:
    from hashlib import _Hash

_PLAIN = (bool, int, float, complex, str, bytes, datetime.date, datetime.time, datetime.timedelta, np.generic)


def fingerprint(*values: object) -> str:
    """Return the sha256 of the content of `values`.

    Raises
    ------
    TypeError
        A value is of a kind whose content is not known; better no answer than one key for two contents.
    """
    digest = hashlib.sha256()
    for value in values:
        _add(digest, value)
    return digest.hexdigest()


def _add(digest: _Hash, value: Any) -> None:
    """Add type, length and content, so that neighbours cannot run into each other."""
    kind = type(value).__name__
    if value is None or value is pd.NA or isinstance(value, _PLAIN):
        _add_text(digest, f"{kind} {value!r}")
    elif isinstance(value, pd.DataFrame | pd.Series | np.ndarray):
        _add_table(digest, value)
    elif isinstance(value, BaseModel):
        _add(digest, (kind, {name: getattr(value, name) for name in type(value).model_fields}))
    elif is_dataclass(value) and not isinstance(value, type):
        _add(digest, (kind, {field.name: getattr(value, field.name) for field in fields(value)}))
    elif isinstance(value, Mapping):
        _add_text(digest, f"mapping {len(value)}")
        for item in value.items():
            _add(digest, item)
    elif isinstance(value, tuple | list):
        _add_text(digest, f"sequence {len(value)}")
        for item in value:
            _add(digest, item)
    else:
        raise TypeError(f"{kind} has no fingerprint: a stage must be given plain content")


def _add_table(digest: _Hash, value: pd.DataFrame | pd.Series[Any] | npt.NDArray[Any]) -> None:
    if isinstance(value, pd.DataFrame):
        _add_text(digest, f"frame {value.shape} {list(value.columns)!r}")
        _add_index(digest, value.index)
        for _, column in value.items():  # noqa: PERF102 - a table, not a dict
            _add_column(digest, column)
    elif isinstance(value, pd.Series):
        _add_text(digest, f"series {value.shape} {value.name!r}")
        _add_index(digest, value.index)
        _add_column(digest, value)
    else:
        _add_text(digest, f"array {value.dtype.str} {value.shape}")
        if value.dtype.hasobject:
            _add_column(digest, pd.Series(value.ravel()))
        else:
            digest.update(np.ascontiguousarray(value).reshape(-1).view(np.uint8).data)


def _add_text(digest: _Hash, text: str) -> None:
    content = text.encode()
    digest.update(len(content).to_bytes(8, "little"))
    digest.update(content)


def _add_index(digest: _Hash, index: pd.Index) -> None:
    if isinstance(index, pd.RangeIndex):
        _add_text(digest, f"range {index.start} {index.stop} {index.step}")
    elif isinstance(index, pd.MultiIndex):
        for level in range(index.nlevels):
            _add_column(digest, index.get_level_values(level).to_series())
    else:
        _add_column(digest, index.to_series())


def _add_column(digest: _Hash, column: pd.Series[Any]) -> None:
    """Add the values of a column; texts where some are missing by their distinct values, as hashing each is slow."""
    _add_text(digest, f"column {column.dtype}")
    values = column.to_numpy() if isinstance(column.dtype, np.dtype) else None
    if values is not None and not values.dtype.hasobject:
        digest.update(np.ascontiguousarray(values).view(np.uint8).data)
        return
    if values is not None and _add_texts(digest, values):
        return
    if values is not None and pd.api.types.infer_dtype(column, skipna=True) not in {"string", "empty"}:
        _add_text(digest, "\0".join(f"{type(value).__name__} {value!r}" for value in values))
        return
    codes, distinct = pd.factorize(column, use_na_sentinel=False)
    digest.update(codes.astype("<i8").tobytes())
    missing = [] if values is None else values[column.isna().to_numpy()].tolist()
    _add_text(digest, "\0".join(f"{type(value).__name__} {value!r}" for value in [*distinct, *missing]))


def _add_texts(digest: _Hash, values: npt.NDArray[Any]) -> bool:
    """Add values that are all texts, as one text and where each ends; False, and nothing is added, where one is not."""
    try:
        texts = pa.array(values, from_pandas=False)
    except pa.ArrowException:
        return False
    if texts.type != pa.string() or texts.null_count:
        return False
    _, ends, content = texts.buffers()
    ends = np.frombuffer(ends, np.int32, len(texts) + 1)
    _add_text(digest, "texts")
    digest.update(ends.data)
    digest.update(np.frombuffer(content, np.uint8, ends[-1]).data if ends[-1] else b"")
    return True
