"""Vehicle routing: one problem type, several solvers, one judge."""

from solvers.routing.evaluate import Judgement, judge
from solvers.routing.fleet import Breaks
from solvers.routing.problem import (
    OPEN_END,
    UNBOUNDED,
    Pinned,
    ProblemError,
    RoutingProblem,
    Speeds,
    VehicleTypes,
)
from solvers.routing.registry import (
    SOLVERS,
    UnsupportedProblemError,
    VerificationError,
    solve,
    why_not,
)
from solvers.routing.solution import BREAK, RELOAD, Route, RoutingResult, RoutingSolution
from solvers.routing.timetable import Timetable, timetable

__all__ = [
    "BREAK",
    "OPEN_END",
    "RELOAD",
    "SOLVERS",
    "UNBOUNDED",
    "Breaks",
    "Judgement",
    "Pinned",
    "ProblemError",
    "Route",
    "RoutingProblem",
    "RoutingResult",
    "RoutingSolution",
    "Speeds",
    "Timetable",
    "UnsupportedProblemError",
    "VehicleTypes",
    "VerificationError",
    "judge",
    "solve",
    "timetable",
    "why_not",
]
