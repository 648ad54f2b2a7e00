"""Task: what is sent to a worker, and what comes back where the disk refused. Loads nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from planner.engine.outcome import Outcome
from scenarios.sweep import Member


@dataclass(frozen=True, slots=True)
class Task:
    """What a worker needs to plan one member.

    Attributes
    ----------
    project : scenario file or its folder.
    runs : folder that receives the run folder and the outcome.
    cache : folder of stage results; None: nothing is kept between runs.
    pages : also write CSV and pages, as `planner run` does.
    threads : cores to use; None: all.
    as_of : plan from this day on; None: as the file says.
    """

    project: Path
    member: Member
    runs: Path
    cache: Path | None = None
    time_limit_s: float | None = None
    pages: bool = False
    threads: int | None = 1
    as_of: date | None = None

    def asked(self) -> Outcome:
        """Return the outcome of the member as long as it has none: failed, without a reason."""
        told = (self.member.scenario or "", tuple(self.member.overrides), dict(self.member.values))
        return Outcome(self.member.name, "failed", *told)


@dataclass(frozen=True, slots=True)
class Unwritable:
    """A member that could be planned but not written, or not read: a matter of the disk, not of the member.

    Attributes
    ----------
    reason : what the system says, with the file.
    """

    name: str
    reason: str
