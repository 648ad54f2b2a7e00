"""Which MILP backends there are, and one door to all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec

from solvers.milp.problem import Floats, MilpProblem, MilpResult
from solvers.milp.verify import verify

BACKENDS: Mapping[str, tuple[str, str]] = {
    "highs": ("highspy", "solvers.milp.highs"),
    "ortools": ("ortools", "solvers.milp.ortools"),
}
"""Backend name -> (package it needs, module with `solve`)."""


class MilpVerificationError(RuntimeError):
    """A backend's answer breaks a row, a bound or a whole number; nothing may be built on it."""


def why_not(name: str) -> str | None:
    """Return None when backend `name` is installed, else the reason why it cannot be used."""
    if name not in BACKENDS:
        return f"there is no MILP solver {name!r}; there are {', '.join(BACKENDS)}"
    package = BACKENDS[name][0]
    if find_spec(package) is None:
        return f"{name} needs the package {package}, which is not installed"
    return None


def solve(
    problem: MilpProblem,
    backend: str = "highs",
    *,
    gap: float = 1e-6,
    time_limit_s: float | None = None,
    nodes: int | None = None,
    start: Floats | None = None,
) -> MilpResult:
    """Solve with a backend on one thread; the judge has the last word.

    Parameters
    ----------
    gap : relative; stop when proven.
    time_limit_s : wall seconds; then the best answer so far with its bound.
    nodes : most branch-and-bound nodes; unlike seconds they stop at the same answer on every machine.
    start : [columns] an answer to begin from; values of whole columns are enough, NaN elsewhere.

    Raises
    ------
    ValueError
        If the backend cannot be used.
    MilpVerificationError
        If the judge finds the answer to break the problem.
    """
    reason = why_not(backend)
    if reason is not None:
        raise ValueError(reason)
    search: Callable[..., MilpResult] = import_module(BACKENDS[backend][1]).solve
    result = search(problem, gap=gap, time_limit_s=time_limit_s, nodes=nodes, start=start)
    faults = verify(problem, result.x, result.objective) if result.x is not None else []
    if faults:
        raise MilpVerificationError(f"{backend} broke {len(faults)} rules: {'; '.join(faults[:3])}")
    return result
