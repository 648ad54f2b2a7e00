"""A plan made elsewhere, timed again and judged: each broken rule in VROOM's vocabulary."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from solvers.routing.evaluate import Judgement, judge
from solvers.routing.formats.routing_file import RoutingFile
from solvers.routing.formats.solutions import read_solution
from solvers.routing.formats.vroom_output import vroom_answer
from solvers.routing.formats.wording import cause_of, describe_violation
from solvers.routing.solution import RoutingSolution


@dataclass(frozen=True, slots=True)
class BrokenRule:
    """One violation: VROOM's cause, where (vehicle and job id, None for neither), by how much, in a sentence."""

    cause: str
    vehicle: int | None
    job: int | None
    amount: int | float
    message: str


@dataclass(frozen=True, slots=True)
class CheckedPlan:
    """What the judge makes of a plan.

    Attributes
    ----------
    cost : in the file's units.
    broken : every violated rule; empty for a plan that keeps them all.
    answer : the plan with its times, in VROOM's JSON, violations at their routes and steps.
    """

    solution: RoutingSolution
    judgement: Judgement
    cost: int | float
    broken: tuple[BrokenRule, ...]
    answer: dict[str, Any]


def check_solution(file: RoutingFile, path: Path | str) -> CheckedPlan:
    """Time and judge the plan of a solution file (VROOM JSON or .sol) on the problem of `file`.

    Raises
    ------
    RoutingFileError
        The solution cannot be read, or names jobs or vehicles that the problem does not have.
    """
    read = read_solution(file, path)
    verdict = judge(file.problem, read.solution)
    answer = vroom_answer(file, read.solution, vehicle_ids=read.vehicles)
    broken = []
    for violation in verdict.violations:
        cause, timed = cause_of(file, violation)
        vehicle = read.vehicles[violation.route] if violation.route >= 0 else None
        scaled = timed or violation.rule == "max_distance"
        broken.append(
            BrokenRule(
                cause=cause,
                vehicle=vehicle,
                job=file.jobs[violation.client] if violation.client >= 0 else None,
                amount=file.in_file_units(violation.amount) if scaled else violation.amount,
                message=describe_violation(file, violation, vehicle),
            )
        )
    return CheckedPlan(read.solution, verdict, answer["summary"]["cost"], tuple(broken), answer)
