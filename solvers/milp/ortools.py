"""OR-Tools (SCIP through MathOpt) as a second opinion."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np

from solvers.milp.problem import MilpProblem, MilpResult, MilpStatus


def solve_ortools(problem: MilpProblem, *, gap: float = 1e-6, time_limit_s: float | None = None) -> MilpResult:
    """Solve with SCIP; after the time limit the best answer so far with its bound."""
    from ortools.math_opt.python import mathopt

    model = mathopt.Model()
    columns = [
        model.add_variable(lb=float(low), ub=float(high), is_integer=bool(whole))
        for low, high, whole in zip(problem.lower, problem.upper, problem.integer, strict=True)
    ]
    rows = [
        model.add_linear_constraint(lb=float(low), ub=float(high))
        for low, high in zip(problem.row_lower, problem.row_upper, strict=True)
    ]
    for j, column in enumerate(columns):
        model.objective.set_linear_coefficient(column, float(problem.cost[j]))
        for entry in range(int(problem.start[j]), int(problem.start[j + 1])):
            rows[problem.index[entry]].set_coefficient(column, float(problem.value[entry]))
    model.objective.offset = problem.constant
    limit = None if time_limit_s is None else datetime.timedelta(seconds=time_limit_s)
    parameters = mathopt.SolveParameters(time_limit=limit, threads=1, relative_gap_tolerance=gap)
    answer = mathopt.solve(model, mathopt.SolverType.GSCIP, params=parameters)
    names: dict[Any, MilpStatus] = {
        mathopt.TerminationReason.OPTIMAL: "optimal",
        mathopt.TerminationReason.FEASIBLE: "limit",
        mathopt.TerminationReason.INFEASIBLE: "infeasible",
        mathopt.TerminationReason.INFEASIBLE_OR_UNBOUNDED: "infeasible",
        mathopt.TerminationReason.UNBOUNDED: "unbounded",
    }
    status = names.get(answer.termination.reason, "no_answer")
    bound = float(answer.termination.objective_bounds.dual_bound)
    if not answer.has_primal_feasible_solution():
        return MilpResult(None, np.inf, bound, status)
    x = np.array(answer.variable_values(columns))
    return MilpResult(x, float(answer.objective_value()), bound, status)
