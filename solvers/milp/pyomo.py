"""Linear Pyomo models as flat arrays, so that every backend solves them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from pyomo.core.base.objective import minimize
from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler

from solvers.milp.problem import Floats, MilpProblem

_AT_LEAST, _EQUAL = -1, 0


@dataclass(frozen=True, slots=True)
class PyomoMilp:
    """A Pyomo model as arrays.

    Attributes
    ----------
    milp : the programme; a model that maximises is turned round, its objective is then less the milp's.
    variables : [columns] Pyomo variables; those that stand in no row and no objective are left out.
    """

    milp: MilpProblem
    variables: list[Any]

    def load(self, x: Floats) -> None:
        """Write an answer [columns] into the model's variables, whole numbers rounded."""
        for variable, value, whole in zip(self.variables, x, self.milp.integer, strict=True):
            variable.set_value(round(float(value)) if whole else float(value), skip_validation=True)


def from_pyomo(model: Any) -> PyomoMilp:
    """Return the arrays of a linear model with one active objective.

    Raises
    ------
    ValueError
        If the model has not exactly one objective, or a variable is neither continuous nor integer. A
        model that is not linear is refused by Pyomo itself.
    """
    form = LinearStandardFormCompiler().write(model, mixed_form=True, set_sense=minimize)
    if len(form.objectives) != 1:
        raise ValueError(f"one objective expected, the model has {len(form.objectives)}")
    for variable in form.columns:
        if not (variable.is_continuous() or variable.is_integer()):
            raise ValueError(f"{variable.name}: neither continuous nor integer")
    bounds = [variable.bounds for variable in form.columns]
    kind = np.array([row.bound_type for row in form.rows], dtype=np.int64)
    limit = np.array(form.rhs, dtype=np.float64)
    matrix = form.A.tocoo()
    milp = MilpProblem.from_entries(
        cost=form.c.toarray()[0],
        lower=np.array([-np.inf if low is None else low for low, _ in bounds], dtype=np.float64),
        upper=np.array([np.inf if high is None else high for _, high in bounds], dtype=np.float64),
        integer=np.array([variable.is_integer() for variable in form.columns], dtype=np.bool_),
        row_lower=np.where((kind == _AT_LEAST) | (kind == _EQUAL), limit, -np.inf),
        row_upper=np.where(kind == _AT_LEAST, np.inf, limit),
        rows=matrix.row.astype(np.int64),
        columns=matrix.col.astype(np.int64),
        values=matrix.data.astype(np.float64),
        constant=float(form.c_offset[0]),
    )
    return PyomoMilp(milp, list(form.columns))
