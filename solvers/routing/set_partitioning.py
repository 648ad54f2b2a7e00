"""Set partitioning: the cheapest choice of given routes that serves every client once (HiGHS)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from solvers.milp.highs import output_to_errors
from solvers.routing.problem import FloatArray, IntArray

LARGEST_COST = 1e6
"""Costs are scaled so that the largest is this: HiGHS works with absolute tolerances near 1e-6."""
PROMISING = 800


@dataclass(frozen=True, slots=True)
class Column:
    """A route that may be chosen: vehicle type, clients in order of visit, cost."""

    vehicle_type: int
    clients: tuple[int, ...]
    cost: int


@dataclass(frozen=True, slots=True)
class Choice:
    """Indices of the chosen columns; `optimal` where HiGHS has proven that none is cheaper."""

    columns: tuple[int, ...]
    optimal: bool


def choose_routes(
    columns: Sequence[Column],
    clients: int,
    counts: IntArray,
    missed: IntArray | None = None,
    *,
    interrupted: Callable[[], bool] | None = None,
    time_limit_s: float | None = None,
    most_nodes: int | None = None,
    known: Sequence[int] | None = None,
) -> Choice | None:
    """Minimise the cost of chosen columns plus `missed` of the clients in none of them.

    Balinski and Quandt (1964), "On an integer program for a delivery problem", Operations Research 12.

    Parameters
    ----------
    clients : C, their number.
    counts : [V], vehicles of each type.
    missed : [C], cost of leaving a client out, negative where that is not allowed; None: nowhere allowed.
    interrupted : asked now and then; true ends the search with the best choice so far.
    most_nodes : of the branch-and-bound tree; more end the search likewise.
    known : columns of a choice; only a cheaper one is wanted, of these columns and the `PROMISING` ones with the least
        reduced cost in the relaxation, without those whose reduced cost says that no such choice has them.

    Returns
    -------
    None where no choice is found, for example because there is none.
    """
    optional = np.flatnonzero(missed >= 0) if missed is not None else np.zeros(0, dtype=np.int64)
    costs = np.array([column.cost for column in columns], dtype=np.float64)
    if missed is not None:
        costs = np.concatenate([costs, missed[optional].astype(np.float64)])
    scale = LARGEST_COST / max(1.0, float(costs.max(initial=0.0)))
    rows = [[*column.clients, clients + column.vehicle_type] for column in columns]
    rows += [[int(client)] for client in optional]
    options: dict[str, Any] = {} if time_limit_s is None else {"time_limit": time_limit_s}
    kept = np.arange(len(rows))
    if known is not None:
        relaxed = _run(rows, costs * scale, clients, counts, options, relaxed=True)
        spare = (costs[list(known)].sum() - 1 + 1e-3) * scale - relaxed.getInfo().objective_function_value
        if relaxed.getModelStatus() != _highs().HighsModelStatus.kOptimal or spare < 0:
            return None
        reduced = np.array(relaxed.getSolution().col_dual)
        cheap = np.argsort(reduced, kind="stable")[: min(PROMISING, int((reduced <= spare).sum()))]
        kept = np.union1d(cheap, np.asarray(known))
    if most_nodes is not None:
        options["mip_max_nodes"] = most_nodes
    options["mip_rel_gap"] = 0.0
    options["mip_abs_gap"] = 0.4 * scale if scale < 1 else 1e-6  # costs are whole numbers
    solver = _run([rows[k] for k in kept], costs[kept] * scale, clients, counts, options, interrupted=interrupted)
    if solver.getInfo().primal_solution_status != _highs().SolutionStatus.kSolutionStatusFeasible:
        return None
    chosen = kept[np.array(solver.getSolution().col_value) > 0.5]
    proven = solver.getModelStatus() == _highs().HighsModelStatus.kOptimal
    return Choice(tuple(int(k) for k in chosen if k < len(columns)), bool(proven))


def _highs() -> Any:
    import highspy  # noqa: PLC0415 - heavy

    return highspy


def _run(
    rows: list[list[int]],
    costs: FloatArray,
    clients: int,
    counts: IntArray,
    options: dict[str, Any],
    *,
    relaxed: bool = False,
    interrupted: Callable[[], bool] | None = None,
) -> Any:
    """Return HiGHS after a run over the columns `rows` (clients, then C + vehicle type), whole or fractional."""
    highspy = _highs()
    starts = np.cumsum([0, *(len(row) for row in rows)])
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = len(rows), clients + len(counts)
    model.col_cost_ = costs
    model.col_lower_, model.col_upper_ = np.zeros(len(rows)), np.ones(len(rows))
    model.row_lower_ = np.concatenate([np.ones(clients), np.zeros(len(counts))])
    model.row_upper_ = np.concatenate([np.ones(clients), counts.astype(np.float64)])
    if not relaxed:
        model.integrality_ = [highspy.HighsVarType.kInteger] * len(rows)
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_ = starts.astype(np.int32)
    model.a_matrix_.index_ = np.array([row for rows_of in rows for row in rows_of], dtype=np.int32)
    model.a_matrix_.value_ = np.ones(int(starts[-1]))
    solver = highspy.Highs()
    for name, value in {"output_flag": False, "threads": 1, "random_seed": 1, **options}.items():
        solver.setOptionValue(name, value)
    if interrupted is not None:
        solver.cbMipInterrupt.subscribe(lambda event: event.interrupt(interrupted()))
    solver.passModel(model)
    with output_to_errors():
        solver.run()
    return solver
