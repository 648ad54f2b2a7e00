"""HiGHS; where there is a time limit, in a process of its own, which can be ended when it overruns."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

import highspy
import numpy as np

from solvers.milp.problem import Floats, MilpProblem, MilpResult, MilpStatus

_ONE_AT_A_TIME = threading.RLock()
_GRACE_S = 5.0
"""HiGHS looks at the clock only between steps; at the root a step can take long."""


def solve(
    problem: MilpProblem,
    *,
    gap: float = 1e-6,
    time_limit_s: float | None = None,
    nodes: int | None = None,
    start: Floats | None = None,
) -> MilpResult:
    """Solve with HiGHS on one thread; see `solvers.milp.registry.solve`.

    A daemonic process (a worker of a Dask cluster) may have no children: there HiGHS runs inside it and
    the time limit can be overrun.
    """
    if time_limit_s is None or multiprocessing.current_process().daemon:
        solver = load(problem, gap=gap, time_limit_s=time_limit_s, nodes=nodes, start=start)
        with output_to_errors():
            solver.run()
        return read(solver, problem)
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(there, problem, gap, time_limit_s, nodes, start), daemon=True)
    process.start()
    there.close()
    best = MilpResult(None, np.inf, -np.inf, "no_answer")
    wait_s = time_limit_s + _GRACE_S
    try:
        while here.poll(wait_s):
            message = here.recv()
            if isinstance(message, MilpResult):
                return message
            x, objective, bound = message
            best = MilpResult(x, objective, bound, "limit")
    except EOFError:
        raise RuntimeError("the HiGHS process ended without an answer") from None
    finally:
        process.terminate()
        process.join()
    return best


@contextmanager
def output_to_errors() -> Iterator[None]:
    """Send what the library writes to standard output to standard error instead.

    HiGHS 1.12 prints a line of its own when it takes over an improved answer, whatever its options say; it would
    stand in the middle of a command's JSON.
    """
    with _ONE_AT_A_TIME:
        libc = ctypes.CDLL(None) if sys.platform != "win32" else ctypes.cdll.msvcrt
        sys.stdout.flush()
        kept = os.dup(1)
        os.dup2(2, 1)
        try:
            yield
        finally:
            libc.fflush(None)
            os.dup2(kept, 1)
            os.close(kept)


def _work(
    pipe: Connection, problem: MilpProblem, gap: float, time_limit_s: float, nodes: int | None, start: Floats | None
) -> None:
    """Solve in the child process; send improving answers as (x, objective, bound), then the result."""
    solver = load(problem, gap=gap, time_limit_s=time_limit_s, nodes=nodes, start=start)
    solver.cbMipImprovingSolution += lambda event: pipe.send(
        (
            np.array(event.data_out.mip_solution),
            float(event.data_out.objective_function_value),
            float(event.data_out.mip_dual_bound),
        )
    )
    with output_to_errors():
        solver.run()
    pipe.send(read(solver, problem))


def load(
    problem: MilpProblem,
    *,
    gap: float = 1e-6,
    time_limit_s: float | None = None,
    nodes: int | None = None,
    start: Floats | None = None,
) -> Any:
    """Return a HiGHS object that holds the problem; ValueError if it does not take it."""
    solver = highspy.Highs()
    options = {"output_flag": False, "threads": 1, "mip_rel_gap": gap, "mip_abs_gap": 1e-9}
    if time_limit_s is not None:
        options["time_limit"] = time_limit_s
    if nodes is not None:
        options["mip_max_nodes"] = nodes
    for name, value in options.items():
        solver.setOptionValue(name, value)
    empty = np.zeros(0, np.int32)
    status = solver.passModel(
        problem.columns, problem.rows, problem.value.size, 0, int(highspy.MatrixFormat.kColwise), 0,
        int(highspy.ObjSense.kMinimize), problem.constant, problem.cost, problem.lower, problem.upper,
        problem.row_lower, problem.row_upper, problem.start, problem.index, problem.value, empty, empty, np.zeros(0),
        problem.integer.astype(np.int32),
    )  # fmt: skip
    if status == highspy.HighsStatus.kError:
        raise ValueError("HiGHS does not take the problem")
    if start is not None:
        known = np.flatnonzero(np.isfinite(start))
        solver.setSolution(known.size, known.astype(np.int32), start[known])
    return solver


def read(solver: Any, problem: MilpProblem) -> MilpResult:
    """Return the answer of a HiGHS object that has run."""
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
    if found in {"infeasible", "unbounded"}:
        return MilpResult(None, np.inf, -np.inf, found)
    bound = float(info.mip_dual_bound if problem.integer.any() else info.objective_function_value)
    if not has_answer:
        return MilpResult(None, np.inf, bound if problem.integer.any() else -np.inf, "no_answer")
    if found == "limit" and not problem.integer.any():
        bound = -np.inf
    return MilpResult(np.array(solver.getSolution().col_value), float(info.objective_function_value), bound, found)
