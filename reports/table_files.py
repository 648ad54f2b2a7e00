"""A table on disk: Parquet with units in it for programs, CSV for people."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv
import pyarrow.parquet

from reports.declared import Table

_DECIMALS = 6
_TYPES = {"str": pa.string(), "float64": pa.float64(), "int64": pa.int64(), "bool": pa.bool_()}


def write_table(folder: Path, schema: Table, frame: pd.DataFrame, *, csv: bool = True) -> dict[str, Any]:
    """Write NAME.parquet and, for people, NAME.csv; return the rows and the sha256 of the Parquet file.

    Parameters
    ----------
    frame : conforming to `schema`; the same frame gives the same bytes.
    """
    table = _as_arrow(schema, frame)
    buffer = io.BytesIO()
    pa.parquet.write_table(table, buffer, compression="zstd")
    content = buffer.getvalue()
    (folder / f"{schema.name}.parquet").write_bytes(content)
    if csv:
        options = pa.csv.WriteOptions(quoting_style="needed")
        pa.csv.write_csv(_for_people(table), folder / f"{schema.name}.csv", options)
    return {"rows": len(frame), "sha256": hashlib.sha256(content).hexdigest()}


def _as_arrow(schema: Table, frame: pd.DataFrame) -> pa.Table:
    """Return the table as Arrow; every column carries its unit and description."""
    fields, arrays = [], []
    for column, declared in schema.columns.items():
        kind = _TYPES.get(declared.dtype, pa.timestamp("ns"))
        arrays.append(pa.array(frame[column], type=kind, from_pandas=True))
        about = {"unit": declared.unit, "description": declared.description}
        fields.append(pa.field(column, kind, metadata=about))
    return pa.table(arrays, schema=pa.schema(fields))


def _for_people(table: pa.Table) -> pa.Table:
    """Return the table with days as ISO dates and numbers without the noise of binary fractions."""
    for n, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type):
            table = table.set_column(n, field.name, table.column(n).cast(pa.date32()))
        elif pa.types.is_floating(field.type):
            table = table.set_column(n, field.name, pa.compute.round(table.column(n), _DECIMALS))
    return table
