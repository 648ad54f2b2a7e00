"""OR-Tools (SCIP through MathOpt) as a second opinion."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
from ortools.math_opt.python import mathopt

from solvers.milp.problem import Floats, MilpProblem, MilpResult, MilpStatus


def solve(
    problem: MilpProblem,
    *,
    gap: float = 1e-6,
    time_limit_s: float | None = None,
    nodes: int | None = None,
    start: Floats | None = None,
) -> MilpResult:
    """Solve with SCIP on one thread; see `solvers.milp.registry.solve`."""
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
    parameters = mathopt.SolveParameters(time_limit=limit, threads=1, relative_gap_tolerance=gap, node_limit=nodes)
    hints = mathopt.ModelSolveParameters()
    if start is not None:
        known = {columns[j]: float(start[j]) for j in np.flatnonzero(np.isfinite(start))}
        hints.solution_hints.append(mathopt.SolutionHint(variable_values=known))
    answer = mathopt.solve(model, mathopt.SolverType.GSCIP, params=parameters, model_params=hints)
    names: dict[Any, MilpStatus] = {
        mathopt.TerminationReason.OPTIMAL: "optimal",
        mathopt.TerminationReason.FEASIBLE: "limit",
        mathopt.TerminationReason.INFEASIBLE: "infeasible",
        mathopt.TerminationReason.INFEASIBLE_OR_UNBOUNDED: "infeasible",
        mathopt.TerminationReason.UNBOUNDED: "unbounded",
    }
    status = names.get(answer.termination.reason, "no_answer")
    if status in {"infeasible", "unbounded"}:
        return MilpResult(None, np.inf, -np.inf, status)
    bound = float(answer.termination.objective_bounds.dual_bound)
    if not answer.has_primal_feasible_solution():
        return MilpResult(None, np.inf, bound, "no_answer")
    x = np.array(answer.variable_values(columns))
    return MilpResult(x, float(answer.objective_value()), bound, status)
