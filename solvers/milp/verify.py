"""The judge of MILP answers: plain, shares nothing with the backends."""

from __future__ import annotations

import numpy as np

from solvers.milp.problem import Floats, MilpProblem


def verify(problem: MilpProblem, x: Floats, objective: float | None = None, tolerance: float = 1e-5) -> list[str]:
    """Return one sentence per broken bound, row, whole number or objective; empty if x keeps all.

    Tolerances are relative to the size of the limit, at least to 1.
    """
    faults: list[str] = []
    for j in range(problem.columns):
        slack = tolerance * max(1.0, abs(float(x[j])))
        if x[j] < problem.lower[j] - slack or x[j] > problem.upper[j] + slack:
            faults.append(f"column {j}: {x[j]} outside {problem.lower[j]} to {problem.upper[j]}")
        if problem.integer[j] and abs(x[j] - round(float(x[j]))) > slack:
            faults.append(f"column {j}: {x[j]} is not whole")
    activity = np.zeros(problem.rows)
    size = np.ones(problem.rows)
    for j in range(problem.columns):
        for entry in range(int(problem.start[j]), int(problem.start[j + 1])):
            term = float(problem.value[entry]) * float(x[j])
            activity[problem.index[entry]] += term
            size[problem.index[entry]] = max(size[problem.index[entry]], abs(term))
    for i in range(problem.rows):
        slack = tolerance * float(size[i])
        if activity[i] < problem.row_lower[i] - slack or activity[i] > problem.row_upper[i] + slack:
            faults.append(f"row {i}: {activity[i]} outside {problem.row_lower[i]} to {problem.row_upper[i]}")
    if objective is not None:
        counted = problem.constant + sum(float(c) * float(v) for c, v in zip(problem.cost, x, strict=True))
        if abs(counted - objective) > tolerance * max(1.0, abs(counted)):
            faults.append(f"objective: {objective} told, {counted} counted")
    return faults
