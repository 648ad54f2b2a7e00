"""Mixed-integer programmes: one array problem, several backends, one judge."""

from solvers.milp.problem import MilpProblem, MilpResult
from solvers.milp.registry import BACKENDS, MilpVerificationError, solve, why_not

__all__ = ["BACKENDS", "MilpProblem", "MilpResult", "MilpVerificationError", "solve", "why_not"]
