"""A mixed-integer linear programme as flat arrays, and its answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Flags = NDArray[np.bool_]
MilpStatus = Literal["optimal", "limit", "infeasible", "unbounded", "no_answer"]


@dataclass(frozen=True, slots=True)
class MilpProblem:
    """Minimise cost x + constant with row_lower <= A x <= row_upper, lower <= x <= upper, some x whole.

    Attributes
    ----------
    cost, lower, upper : [columns]; integer : [columns] whether a column must be whole.
    row_lower, row_upper : [rows].
    start, index, value : A by columns: entries start[j]:start[j + 1] hold the rows and coefficients of j.
    constant : added to the objective.
    """

    cost: Floats
    lower: Floats
    upper: Floats
    integer: Flags
    row_lower: Floats
    row_upper: Floats
    start: Ints
    index: Ints
    value: Floats
    constant: float = 0.0

    @property
    def columns(self) -> int:
        """Number of columns."""
        return int(self.cost.size)

    @property
    def rows(self) -> int:
        """Number of rows."""
        return int(self.row_lower.size)

    @classmethod
    def from_entries(
        cls,
        *,
        cost: Floats,
        lower: Floats,
        upper: Floats,
        integer: Flags,
        row_lower: Floats,
        row_upper: Floats,
        rows: NDArray[np.int64],
        columns: NDArray[np.int64],
        values: Floats,
        constant: float = 0.0,
    ) -> MilpProblem:
        """Return the problem whose matrix has `values` at (`rows`, `columns`); entries at one place add up."""
        key = columns * max(row_lower.size, 1) + rows
        order = np.argsort(key, kind="stable")
        key, values = key[order], values[order]
        first = np.flatnonzero(np.diff(key, prepend=-1))
        summed = np.add.reduceat(values, first) if values.size else values
        column, row = columns[order][first], rows[order][first]
        start = np.concatenate([[0], np.cumsum(np.bincount(column, minlength=cost.size))])
        return cls(
            cost=np.ascontiguousarray(cost, dtype=np.float64),
            lower=np.ascontiguousarray(lower, dtype=np.float64),
            upper=np.ascontiguousarray(upper, dtype=np.float64),
            integer=np.ascontiguousarray(integer, dtype=np.bool_),
            row_lower=np.ascontiguousarray(row_lower, dtype=np.float64),
            row_upper=np.ascontiguousarray(row_upper, dtype=np.float64),
            start=start.astype(np.int32),
            index=row.astype(np.int32),
            value=np.ascontiguousarray(summed, dtype=np.float64),
            constant=constant,
        )


@dataclass(frozen=True, slots=True)
class MilpResult:
    """What a backend answers.

    Attributes
    ----------
    x : [columns], or None where there is no answer.
    objective : of x, infinite without x; lower_bound : proven, minus infinity where none is.
    status : optimal (within the wanted gap), limit (time is over), infeasible, unbounded or no_answer.
    """

    x: Floats | None
    objective: float
    lower_bound: float
    status: MilpStatus
