"""Vehicle routing: one problem type, several solvers, one judge."""

from solvers.routing.evaluate import Judgement, Timetable, judge, timetable
from solvers.routing.problem import (
    OPEN_END,
    UNBOUNDED,
    ProblemError,
    RoutingProblem,
    VehicleTypes,
)
from solvers.routing.registry import (
    SOLVERS,
    UnsupportedProblemError,
    VerificationError,
    solve,
    why_not,
)
from solvers.routing.solution import RELOAD, Route, RoutingResult, RoutingSolution

__all__ = [
    "OPEN_END",
    "RELOAD",
    "SOLVERS",
    "UNBOUNDED",
    "Judgement",
    "ProblemError",
    "Route",
    "RoutingProblem",
    "RoutingResult",
    "RoutingSolution",
    "Timetable",
    "UnsupportedProblemError",
    "VehicleTypes",
    "VerificationError",
    "judge",
    "solve",
    "timetable",
    "why_not",
]
