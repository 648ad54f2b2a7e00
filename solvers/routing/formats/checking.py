"""A plan made elsewhere, timed again and judged: each broken rule in VROOM's vocabulary."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from solvers.routing.evaluate import Judgement, judge
from solvers.routing.formats.errors import Faults
from solvers.routing.formats.routing_file import RoutingFile
from solvers.routing.formats.solutions import read_solution
from solvers.routing.formats.vroom_output import vroom_answer
from solvers.routing.formats.wording import cause_of, describe_violation, name_of
from solvers.routing.solution import RoutingSolution


@dataclass(frozen=True, slots=True)
class BrokenRule:
    """One violation: VROOM's cause, where (vehicle id, task or break by type and id, None for neither), by how much."""

    cause: str
    vehicle: int | None
    job: int | None
    type: str | None
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


def check_solution(file: RoutingFile, path: Path | str | None = None) -> CheckedPlan:
    """Time and judge the plan of a solution file (VROOM JSON or .sol), or the steps of the problem file itself.

    Raises
    ------
    RoutingFileError
        The solution cannot be read, or names jobs or vehicles that the problem does not have; or there is none.
    """
    read = file.plan if path is None else read_solution(file, path)
    if read is None:
        advice = "give steps to its vehicles, or a solution file"
        raise Faults(file.path).fail("vehicles", "have no steps, so that there is no plan to check", advice)
    verdict = judge(file.problem, read.solution, read.held)
    answer = vroom_answer(file, read.solution, vehicle_ids=read.vehicles, held=read.held)
    broken = []
    for violation in verdict.violations:
        cause, timed = cause_of(violation)
        vehicle = read.vehicles[violation.route] if violation.route >= 0 else None
        scaled = timed or violation.rule == "max_distance"
        kind, _, number = (
            name_of(file, violation.client, vehicle).partition(" ") if violation.client != -1 else ("",) * 3
        )
        broken.append(
            BrokenRule(
                cause=cause,
                vehicle=vehicle,
                job=int(number) if number else None,
                type=kind or None,
                amount=file.in_file_units(violation.amount) if scaled else violation.amount,
                message=describe_violation(file, violation, vehicle),
            )
        )
    return CheckedPlan(read.solution, verdict, answer["summary"]["cost"], tuple(broken), answer)
