"""HiGHS in a process of its own, which can be ended when it overruns its time limit."""

from __future__ import annotations

import multiprocessing
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from solvers.milp.problem import Floats, MilpProblem, MilpResult, MilpStatus

_GRACE_S = 5.0
"""HiGHS looks at the clock only between steps; at the root a step can take long."""


def solve_highs(
    problem: MilpProblem,
    *,
    gap: float = 1e-6,
    time_limit_s: float | None = None,
    threads: int = 1,
    start: Floats | None = None,
) -> MilpResult:
    """Solve with HiGHS; after the time limit the best answer so far with its bound.

    Parameters
    ----------
    gap : relative; stop when proven.
    start : [columns] an answer to begin from; values of whole columns are enough, NaN elsewhere.
    """
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(there, problem, gap, time_limit_s, threads, start), daemon=True)
    process.start()
    there.close()
    best = MilpResult(None, np.inf, -np.inf, "no_answer")
    try:
        while here.poll(None if time_limit_s is None else time_limit_s + _GRACE_S):
            message = here.recv()
            if isinstance(message, MilpResult):
                return message
            best = MilpResult(*message, "limit")
    except EOFError:
        raise RuntimeError("the HiGHS process ended without an answer") from None
    finally:
        process.terminate()
        process.join()
    return best


def _work(
    pipe: Connection, problem: MilpProblem, gap: float, time_limit_s: float | None, threads: int, start: Floats | None
) -> None:
    """Solve in the child process; send improving answers as (x, objective, bound), then the result."""
    solver = load_highs(problem, threads=threads, gap=gap, time_limit_s=time_limit_s)
    solver.cbMipImprovingSolution += lambda event: pipe.send(
        (
            np.array(event.data_out.mip_solution),
            float(event.data_out.objective_function_value),
            float(event.data_out.mip_dual_bound),
        )
    )
    if start is not None:
        known = np.flatnonzero(np.isfinite(start))
        solver.setSolution(known.size, known.astype(np.int32), start[known])
    solver.run()
    pipe.send(read_highs(solver, problem))


def load_highs(problem: MilpProblem, *, threads: int = 1, gap: float = 1e-6, time_limit_s: float | None = None) -> Any:
    """Return a HiGHS object that holds the problem."""
    import highspy

    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", threads)
    solver.setOptionValue("mip_rel_gap", gap)
    solver.setOptionValue("mip_abs_gap", 1e-9)
    if time_limit_s is not None:
        solver.setOptionValue("time_limit", time_limit_s)
    empty = np.zeros(0, np.int32)
    status = solver.passModel(
        problem.columns, problem.rows, problem.value.size, 0, int(highspy.MatrixFormat.kColwise), 0,
        int(highspy.ObjSense.kMinimize), problem.constant, problem.cost, problem.lower, problem.upper,
        problem.row_lower, problem.row_upper, problem.start, problem.index, problem.value, empty, empty, np.zeros(0),
        problem.integer.astype(np.int32),
    )  # fmt: skip
    if status == highspy.HighsStatus.kError:
        raise ValueError("HiGHS does not take the problem")
    return solver


def read_highs(solver: Any, problem: MilpProblem) -> MilpResult:
    """Return the answer of a HiGHS object that has run."""
    import highspy

    status = solver.getModelStatus()
    info = solver.getInfo()
    names: dict[Any, MilpStatus] = {
        highspy.HighsModelStatus.kOptimal: "optimal",
        highspy.HighsModelStatus.kInfeasible: "infeasible",
        highspy.HighsModelStatus.kUnbounded: "unbounded",
        highspy.HighsModelStatus.kUnboundedOrInfeasible: "infeasible",
    }
    found = names.get(status, "limit")
    has_answer = info.primal_solution_status == int(highspy.SolutionStatus.kSolutionStatusFeasible)
    bound = info.mip_dual_bound if problem.integer.any() else info.objective_function_value
    if not has_answer:
        lower = float(bound) if found == "limit" and problem.integer.any() else -np.inf
        return MilpResult(None, np.inf, lower, found if found != "limit" else "no_answer")
    x = np.array(solver.getSolution().col_value)
    return MilpResult(x, float(info.objective_function_value), float(bound), found)
