"""Which routing solvers there are: name -> module to import first and the module that holds `solve` and `supports`."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Protocol

import numpy as np

from solvers.routing.evaluate import judge
from solvers.routing.problem import RoutingProblem
from solvers.routing.relabel import curve_order, renamed
from solvers.routing.simplify import simplified
from solvers.routing.solution import RoutingResult, RoutingSolution, Status
from solvers.routing.stop import StopRule
from solvers.routing.subproblem import part_of

CURVED_CLIENTS = 500
"""From so many clients with coordinates on, they are numbered along a curve while solving."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a solver hands back before the judge has seen it; `optimal` where it is proven."""

    solution: RoutingSolution
    iterations: int
    trace: tuple[tuple[int, int], ...] = ()
    optimal: bool = False


class Solver(Protocol):
    """A module with these two functions is a routing solver."""

    def supports(self, problem: RoutingProblem) -> str | None:
        """Return None, or why the problem is not for this solver."""

    def search(
        self,
        problem: RoutingProblem,
        stop: StopRule,
        seed: int,
        params: Any | None,
        start: RoutingSolution | None,
        threads: int,
    ) -> Found:
        """Search until `stop`, from `start` where one is given; `params` is the solver's own dataclass or None."""


class UnsupportedProblemError(ValueError):
    """The chosen solver cannot solve this problem; the text says why."""


class VerificationError(RuntimeError):
    """A solver's answer breaks a rule other than leaving a client out; nothing may be built on it."""


SOLVERS: Mapping[str, tuple[str, str]] = {
    "auto": ("numba", "solvers.routing.auto"),
    "genetic": ("numba", "solvers.routing.genetic"),
    "ant_colony": ("numba", "solvers.routing.ant_colony"),
    "ruin_recreate": ("numba", "solvers.routing.ruin_recreate"),
    "population_annealing": ("numba", "solvers.routing.population_annealing"),
    "ortools": ("ortools", "solvers.routing.ortools"),
    "exact": ("highspy", "solvers.routing.exact"),
}
"""Solver name -> (package it needs, module with `supports` and `search`)."""


def why_not(name: str, problem: RoutingProblem | None = None) -> str | None:
    """Return None when solver `name` is installed (and takes `problem`), else the reason why not."""
    if name not in SOLVERS:
        return f"there is no routing solver {name!r}; there are {', '.join(SOLVERS)}"
    package, module = SOLVERS[name]
    if find_spec(package) is None:
        return f"{name} needs the package {package}, which is not installed"
    if problem is None:
        return None
    supports: Callable[[RoutingProblem], str | None] = import_module(module).supports
    return supports(simplified(problem))


def solve(
    problem: RoutingProblem,
    stop: StopRule,
    seed: int = 0,
    params: Any | None = None,
    *,
    solver: str = "auto",
    start: RoutingSolution | None = None,
    threads: int = 1,
) -> RoutingResult:
    """Solve `problem` with the solver called `solver`; the judge has the last word.

    Parameters
    ----------
    stop : share of the budget used, see `solvers.routing.stop`.
    seed : same seed and a budget in iterations give the same answer.
    params : the solver's own parameters, None for its defaults.
    start : a solution to start from; what of it breaks a rule is left out.
    threads : cores to use, at most; a budget in iterations gives the same answer whatever their number.

    Raises
    ------
    UnsupportedProblemError
        If the solver is not installed or does not handle a feature of the problem.
    VerificationError
        If the judge finds the answer to break a rule.
    """
    reason = why_not(solver, problem)
    if reason is not None:
        raise UnsupportedProblemError(reason)
    search: Callable[..., Found] = import_module(SOLVERS[solver][1]).search
    began = time.perf_counter()

    def watched(done: int, best: float) -> float:
        """Start the clock anew with the budget's own: what is compiled or built before the search does not count."""
        nonlocal began
        if done == 0:
            began = time.perf_counter()
        return stop(done, best)

    simple = simplified(problem)
    if start is not None and {v.rule for v in judge(problem, start).violations} & {"duplicate", "unknown"}:
        start = None  # a client twice, or one that is not there: no solution at all
    if problem.coordinates is not None and problem.clients >= CURVED_CLIENTS:
        order = curve_order(problem)
        begin = None if start is None else renamed(start, np.argsort(order))
        found = search(part_of(simple, order), watched, seed, params, begin, threads)
        found = replace(found, solution=renamed(found.solution, order))
    else:
        found = search(simple, watched, seed, params, start, threads)
    seconds = time.perf_counter() - began
    verdict = judge(problem, found.solution)
    broken = [v.message for v in verdict.violations if v.rule != "unassigned"]
    if broken:
        raise VerificationError(f"{solver} returned an answer that breaks {len(broken)} rules: {'; '.join(broken[:3])}")
    status: Status = "limit"
    if not verdict.feasible:
        status = "partial"
    elif found.optimal:
        status = "optimal"
    elif stop(0, verdict.cost) >= 1 and stop(0, float("inf")) < 1:
        status = "target"
    return RoutingResult(
        solution=found.solution,
        cost=verdict.cost,
        feasible=verdict.feasible,
        iterations=found.iterations,
        seconds=seconds,
        trace=found.trace,
        status=status,
    )
