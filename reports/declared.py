"""How the schema of a published table is declared: kinds of columns with unit, limits and meaning.

A schema is plain content, so that programs that only read or write tables need not load pandera; `Table.validate` has
pandera look at a table.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

ID = "str"
NUMBER = "float64"
INTEGER = "int64"
DATE = "datetime64[ns]"
FLAG = "bool"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a published table.

    Attributes
    ----------
    name : in its table; dtype : one of the kinds above.
    minimum, maximum : of its values, None without a limit; choices : all values there are, none named: any.
    """

    dtype: str
    description: str
    unit: str
    nullable: bool
    minimum: float | None
    maximum: float | None
    choices: tuple[str, ...]
    name: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """The schema of a published table: no other columns, unique key, columns in this order."""

    name: str
    description: str
    columns: Mapping[str, Column]
    key: tuple[str, ...]

    def validate(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return `frame` with its columns cast where that is possible.

        Raises
        ------
        pandera.errors.SchemaErrors
            All faults at once.
        """
        import pandera.pandas as pa  # noqa: PLC0415 - half as slow to import as pandas, and seldom needed

        columns = {}
        for name, column in self.columns.items():
            checks = [] if column.minimum is None else [pa.Check.ge(column.minimum)]
            checks += [] if column.maximum is None else [pa.Check.le(column.maximum)]
            checks += [pa.Check.isin(list(column.choices))] if column.choices else []
            columns[name] = pa.Column(column.dtype, checks=checks, nullable=column.nullable, coerce=True)
        schema = pa.DataFrameSchema(columns, name=self.name, strict=True, unique=list(self.key))
        checked: pd.DataFrame = schema.validate(frame, lazy=True)
        return checked


def column(  # noqa: D103 - described by its arguments
    dtype: str,
    description: str,
    unit: str = "",
    *,
    nullable: bool = False,
    minimum: float | None = None,
    maximum: float | None = None,
    choices: tuple[str, ...] = (),
) -> Column:
    return Column(dtype, description, unit, nullable, minimum, maximum, choices)


def table(name: str, description: str, columns: Mapping[str, Column], key: tuple[str, ...]) -> Table:
    """Return the schema of one table."""
    return Table(name, description, {each: replace(column, name=each) for each, column in columns.items()}, key)


ITEM = {"item_id": column(ID, "Item.")}
ITEM_LOCATION = {**ITEM, "location_id": column(ID, "Location.")}
BUCKET = {"bucket_start": column(DATE, "First day of the bucket.")}
"""Keys that many tables share."""
