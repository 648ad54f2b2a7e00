"""How an input table is declared: columns with kind, unit, default and limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["id", "text", "number", "integer", "date"]


@dataclass(frozen=True, slots=True)
class Column:
    """One declared column of an input table.

    Attributes
    ----------
    kind : how the column is read and stored: id and text as str ("" where empty), number as float64,
        integer as Int64, date as datetime64[ns] (midnight).
    unit : unit of measure, empty where it has none.
    required : the column must exist and hold a value in every row.
    default : value of empty cells and of a missing column; None leaves them empty.
    minimum, maximum : inclusive limits of numbers.
    choices : the allowed texts.
    references : "table.column" whose values an id must be one of, where not empty.
    """

    name: str
    kind: Kind
    description: str
    unit: str = ""
    required: bool = False
    default: object = None
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    references: str = ""


@dataclass(frozen=True, slots=True)
class TableSchema:
    """One declared input table: its columns, its key and whether a project must have it."""

    name: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    required: bool = False

    def column(self, name: str) -> Column:
        """Return the declared column `name`; KeyError if there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name}.{name}")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all columns, in order."""
        return tuple(column.name for column in self.columns)


ITEM_OR_CATEGORY = (
    Column("item_id", "id", "Item; empty for all items (of the category, if given).", references="items.item_id"),
    Column("category", "text", "Item category; empty for all.", references="items.category"),
)
LOCATION_OR_REGION = (
    Column(
        "location_id",
        "id",
        "Location; empty for all (of the region, if given).",
        references="locations.location_id",
    ),
    Column("region", "text", "Region of locations; empty for all.", references="locations.region"),
)
