"""Files of other tools: VRPLIB, Solomon and VROOM JSON in; VROOM JSON and VRPLIB .sol out."""

from solvers.routing.formats.checking import BrokenRule, CheckedPlan, check_solution
from solvers.routing.formats.errors import RoutingFileError
from solvers.routing.formats.reading import read_problem
from solvers.routing.formats.routing_file import Convention, ReadSolution, RoutingFile
from solvers.routing.formats.solutions import read_solution, write_solution
from solvers.routing.formats.vroom_output import vroom_answer

__all__ = [
    "BrokenRule",
    "CheckedPlan",
    "Convention",
    "ReadSolution",
    "RoutingFile",
    "RoutingFileError",
    "check_solution",
    "read_problem",
    "read_solution",
    "vroom_answer",
    "write_solution",
]
