"""The edge: the only place that turns errors into a message and an exit code.

0 done, 1 a bug, 2 bad input, 3 infeasible, 4 a limit was hit (plan usable), 5 the verifier refused the
answer. 130 means that a person interrupted the run.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from enum import IntEnum

_OBJECTS_BEFORE_COLLECTION = 50_000
"""Loading libraries makes hundreds of thousands of objects that stay; looking through them for waste takes long."""
_INTERRUPTED = "Interrupted. Nothing half-written is left behind."


class ExitCode(IntEnum):
    """Exit codes of every command."""

    DONE = 0
    BUG = 1
    BAD_INPUT = 2
    INFEASIBLE = 3
    LIMIT = 4
    REFUSED = 5
    INTERRUPTED = 130


def run_at_edge(command: Callable[[], object]) -> None:
    """Call `command` and leave the process with the exit code that its outcome deserves."""
    gc.set_threshold(_OBJECTS_BEFORE_COLLECTION)
    try:
        command()
    except KeyboardInterrupt:
        _say(_INTERRUPTED)
        sys.exit(ExitCode.INTERRUPTED)
    except SystemExit as ended:
        if ended.code == ExitCode.INTERRUPTED:  # the command line library has caught Ctrl-C and says nothing
            _say(_INTERRUPTED)
        raise
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(ExitCode.DONE)
    except Exception as error:
        code = _exit_code(error)
        if code is ExitCode.BUG:
            import traceback

            traceback.print_exc()
            _say("This is a bug of the planner, not of your input. Please report it with the lines above.")
        else:
            _say(_told(error))
        sys.exit(code)


def _told(error: Exception) -> str:
    """Return what a person reads of an error; the system's own words say too little."""
    if isinstance(error, OSError):
        from planner.errors import system_reason

        return (
            f"{system_reason(error)}\nThe file cannot be read or written; nothing half-written is left behind. Make "
            "room, give access, or name another folder."
        )
    return str(error)


def _exit_code(error: Exception) -> ExitCode:
    """Which kind of failure an error is; the error classes load only now."""
    from planner.errors import InfeasibleError, RefusedError, SweepError
    from reports.run_folder import RunFolderError
    from scenarios.errors import InputError
    from solvers.milp import MilpVerificationError
    from solvers.routing.formats import RoutingFileError
    from solvers.routing.registry import UnsupportedProblemError, VerificationError

    if isinstance(error, InfeasibleError):
        return ExitCode.INFEASIBLE
    if isinstance(error, RefusedError | VerificationError | MilpVerificationError):
        return ExitCode.REFUSED
    bad_input = (InputError, RunFolderError, SweepError, RoutingFileError, UnsupportedProblemError, UsageError, OSError)
    if isinstance(error, bad_input):
        return ExitCode.BAD_INPUT
    return ExitCode.BUG


class UsageError(Exception):
    """A command was called in a way that cannot work; the text says what to do instead."""


def _say(text: str) -> None:
    sys.stderr.write(text.rstrip() + "\n")
