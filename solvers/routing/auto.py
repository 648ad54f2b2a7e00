"""The default solver: ruin and recreate, which knows every rule and suits every size."""

from __future__ import annotations

from typing import Any

from solvers.routing import ruin_recreate
from solvers.routing.problem import RoutingProblem
from solvers.routing.registry import Found
from solvers.routing.solution import RoutingSolution
from solvers.routing.stop import StopRule


def supports(problem: RoutingProblem) -> str | None:
    """Return None, or the feature that is missing."""
    return ruin_recreate.supports(problem)


def search(
    problem: RoutingProblem, stop: StopRule, seed: int, params: Any | None, start: RoutingSolution | None
) -> Found:
    """Search until `stop`; `params` are handed on."""
    return ruin_recreate.search(problem, stop, seed, params, start)
