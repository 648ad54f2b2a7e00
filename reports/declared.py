"""How the schema of a published table is declared: kinds of columns with unit, limits and meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandera.pandas as pa

if TYPE_CHECKING:
    from collections.abc import Mapping

ID = "str"
NUMBER = "float64"
INTEGER = "int64"
DATE = "datetime64[ns]"
FLAG = "bool"


def column(  # noqa: D103 - described by its arguments
    dtype: str,
    description: str,
    unit: str = "",
    *,
    nullable: bool = False,
    minimum: float | None = None,
    maximum: float | None = None,
    choices: tuple[str, ...] = (),
) -> pa.Column:
    checks = []
    if minimum is not None:
        checks.append(pa.Check.ge(minimum))
    if maximum is not None:
        checks.append(pa.Check.le(maximum))
    if choices:
        checks.append(pa.Check.isin(list(choices)))
    return pa.Column(
        dtype, checks=checks, nullable=nullable, coerce=True, description=description, metadata={"unit": unit}
    )


def table(name: str, description: str, columns: Mapping[str, pa.Column], key: tuple[str, ...]) -> pa.DataFrameSchema:
    """Return the schema of one table: no other columns, unique key, columns in this order."""
    return pa.DataFrameSchema(
        dict(columns),
        name=name,
        description=description,
        strict=True,
        unique=list(key),
        metadata={"key": list(key)},
    )


ITEM = {"item_id": column(ID, "Item.")}
ITEM_LOCATION = {**ITEM, "location_id": column(ID, "Location.")}
BUCKET = {"bucket_start": column(DATE, "First day of the bucket.")}
"""Keys that many tables share."""
