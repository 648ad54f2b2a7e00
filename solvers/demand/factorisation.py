"""Low-rank factorisation of a matrix of which few cells are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_RANK = 2
_RIDGE = 2.0  # a factor is drawn towards its group as if by this many cells
_SWEEPS = 15


@dataclass(frozen=True, slots=True)
class Side:
    """Factors of rows, or of columns.

    Attributes
    ----------
    group : [G] group of each, to whose mean those without known cells fall back.
    bias : [G]. factor : [G, rank].
    """

    group: Integers
    bias: Floats
    factor: Floats


@dataclass(frozen=True, slots=True)
class Factorisation:
    """A matrix as centre + row bias + column bias + row factor . column factor."""

    centre: float
    rows: Side
    columns: Side

    def at(self, row: Integers, column: Integers) -> Floats:
        """Return the cells [N]."""
        product = (self.rows.factor[row] * self.columns.factor[column]).sum(axis=1)
        cells: Floats = self.centre + self.rows.bias[row] + self.columns.bias[column] + product
        return cells


def factorise(
    row: Integers, column: Integers, value: Floats, row_group: Integers, column_group: Integers
) -> Factorisation:
    """Fit by alternating ridge regressions.

    Koren, Bell and Volinsky 2009, "Matrix factorization techniques for recommender systems", IEEE Computer 42, with
    biases; here a bias is drawn to the mean of its group and not to 0, so that a row without a known cell is like
    its group.

    Parameters
    ----------
    row, column : [N] of the known cells. value : [N].
    row_group, column_group : group of every row and of every column.
    """
    random = np.random.default_rng(1)
    centre = float(value.mean()) if value.size else 0.0
    rows = Side(row_group, np.zeros(len(row_group)), random.normal(0.0, 0.1, (len(row_group), _RANK)))
    columns = Side(column_group, np.zeros(len(column_group)), random.normal(0.0, 0.1, (len(column_group), _RANK)))
    for _ in range(_SWEEPS):
        rows = _solve(rows, columns, row, column, value - centre)
        columns = _solve(columns, rows, column, row, value - centre)
    return Factorisation(centre, rows, columns)


def _solve(side: Side, other: Side, own: Integers, across: Integers, value: Floats) -> Side:
    """Return bias and factor of every row (or column) by ridge regression on the other side's factors."""
    count = len(side.bias)
    regressors = np.column_stack([np.ones(len(own)), other.factor[across]])
    left = value - other.bias[across]
    width = regressors.shape[1]
    gram = np.zeros((count, width, width))
    moment = np.zeros((count, width))
    for i in range(width):
        moment[:, i] = np.bincount(own, weights=regressors[:, i] * left, minlength=count)
        for j in range(width):
            gram[:, i, j] = np.bincount(own, weights=regressors[:, i] * regressors[:, j], minlength=count)
    usual = _group_means(side, own, left)
    gram += _RIDGE * np.eye(width)
    moment[:, 0] += _RIDGE * usual
    found = np.linalg.solve(gram, moment[:, :, None])[:, :, 0]
    return Side(side.group, found[:, 0], found[:, 1:])


def _group_means(side: Side, own: Integers, left: Floats) -> Floats:
    """Return for each row the mean of its group's rows with known cells [G], drawn to 0 by two rows."""
    count = np.bincount(own, minlength=len(side.bias))
    mean = np.bincount(own, weights=left, minlength=len(side.bias)) / np.maximum(count, 1)
    known = (count > 0).astype(np.float64)
    groups = int(side.group.max(initial=-1)) + 1
    total = np.bincount(side.group, weights=mean * known, minlength=groups)
    members = np.bincount(side.group, weights=known, minlength=groups)
    return np.asarray((total / (members + 2.0))[side.group])
