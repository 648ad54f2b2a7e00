"""`planner routes`: solve and check routing problems in files of other tools."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from planner.cli.options import JsonOption, QuietOption

if TYPE_CHECKING:
    from solvers.routing.formats import BrokenRule, RoutingFile
    from solvers.routing.solution import RoutingResult
    from solvers.routing.stop import StopRule

_DEFAULT_LIMIT_S = 10.0
_EXPLAINING = 0.03
"""Share of a time limit that is kept for explaining unassigned stops, which may take half as much again."""

app = typer.Typer(
    no_args_is_help=True, help="Solve and check routing problems in VRPLIB, Solomon and VROOM JSON files."
)

_ConventionOption = Annotated[
    str | None,
    typer.Option(
        "--convention",
        help="How fractions become whole numbers: round, dimacs (tenths, cut off), exact (thousandths) or none; "
        "default: the custom of the file's family.",
    ),
]


@app.command("solve")
def solve(
    problem: Annotated[Path, typer.Argument(help="VRPLIB, Solomon or VROOM JSON file.", show_default=False)],
    solver: Annotated[
        str,
        typer.Option(
            "--solver", help="auto, genetic, ant_colony, ruin_recreate, population_annealing, ortools or exact."
        ),
    ] = "auto",
    time_limit: Annotated[
        float | None, typer.Option("--time-limit", min=0.01, metavar="SECONDS", help="Default: 10, or the iterations.")
    ] = None,
    iterations: Annotated[
        int | None, typer.Option("--iterations", min=1, help="Stop after so many: the answer then repeats exactly.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of all random numbers.")] = 1,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Answer file: VROOM JSON, or VRPLIB where it ends in .sol.")
    ] = None,
    start: Annotated[
        Path | None,
        typer.Option("--start", help="Plan to start from: VROOM JSON or .sol; default: the steps in a VROOM file."),
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option(
            "--threads", min=1, help="Cores to use, this process on no more; default: all, 1 with --cpu-time."
        ),
    ] = None,
    cpu_time: Annotated[bool, typer.Option("--cpu-time", help="The time limit counts CPU seconds.")] = False,
    convention: _ConventionOption = None,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Solve a routing problem; Ctrl-C keeps the best answer found so far."""
    import json
    import os
    import sys
    import time

    from planner.cli.screen import note
    from solvers.compiled import pin_to_cores, set_threads
    from solvers.routing import registry
    from solvers.routing.formats import read_solution, vroom_answer, write_solution
    from solvers.routing.general import needs_compiling
    from solvers.routing.proofs import explain_leftovers

    began = time.perf_counter()
    _check_folder(output)
    file = _read(problem, convention)
    begin = file.plan if start is None else read_solution(file, start)
    if threads is not None:
        pin_to_cores(threads)
    threads = threads or (1 if cpu_time else os.cpu_count() or 1)
    set_threads(threads)
    loading = time.perf_counter() - began
    if solver in {"auto", "ruin_recreate"} and needs_compiling(file.problem):
        note("Compiling kernels, once on this machine: about half a minute, which no time limit counts.", quiet)
    if time_limit is None and iterations is None:
        time_limit = _DEFAULT_LIMIT_S
    searching = None if time_limit is None else (1 - _EXPLAINING) * time_limit
    with _interruptible(_budget(searching, iterations, cpu_time)) as stop:
        first = None if begin is None else begin.solution
        found = registry.solve(file.problem, stop, seed, solver=solver, start=first, threads=threads)
    explaining = None if time_limit is None else _budget(1.5 * _EXPLAINING * time_limit, None, cpu_time)
    solution, blocked = explain_leftovers(file.problem, found.solution, explaining)
    spent = {"loading": round(1000 * loading), "solving": round(1000 * found.seconds)}
    if output is not None:
        temporary = output.with_name(f".{output.stem}.writing{output.suffix}")
        write_solution(temporary, file, solution, blocked, milliseconds=spent)
        temporary.replace(output)
    answer = vroom_answer(file, solution, blocked, milliseconds=spent)
    if as_json:
        sys.stdout.write(json.dumps(answer, indent=1) + "\n")
    else:
        for line in file.notes:
            note(line, quiet)
        _print_answer(file, found, answer, output)


@app.command("check")
def check(
    problem: Annotated[Path, typer.Argument(help="VRPLIB, Solomon or VROOM JSON file.", show_default=False)],
    solution: Annotated[
        Path | None,
        typer.Argument(help="Plan: VROOM JSON or VRPLIB .sol; default: the steps in a VROOM file.", show_default=False),
    ] = None,
    convention: _ConventionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Time a plan again and name every rule that it breaks, in VROOM's words (delay, load, skills ...)."""
    import json
    import sys

    from planner.cli.edge import ExitCode
    from planner.cli.screen import show_rows
    from solvers.routing.formats import check_solution

    checked = check_solution(_read(problem, convention), solution)
    if as_json:
        sys.stdout.write(json.dumps(checked.answer, indent=1) + "\n")
    elif checked.broken:
        rows = [
            (rule.cause, _or_dash(rule.vehicle), _task(rule), f"{rule.amount:g}", rule.message)
            for rule in checked.broken
        ]
        show_rows("", ("violation", "vehicle", "task", "by", "what"), rows)
    if not as_json:
        routes = len(checked.solution.routes)
        sys.stdout.write(f"cost {checked.cost:g}, {routes} routes, {len(checked.broken)} violations\n")
    if checked.broken:
        sys.exit(ExitCode.REFUSED)


def _task(rule: BrokenRule) -> str:
    return "-" if rule.type is None else f"{rule.type} {rule.job}"


def _or_dash(number: int | None) -> str:
    return "-" if number is None else str(number)


def _check_folder(output: Path | None) -> None:
    """Say at once that an answer cannot be written, not after the search."""
    import os

    from planner.cli.edge import UsageError

    if output is not None and not output.parent.is_dir():
        raise UsageError(f"There is no folder {output.parent} for {output.name}; make it, or name another.")
    if output is not None and (output.is_dir() or not os.access(output.parent, os.W_OK)):
        raise UsageError(f"{output} cannot be written; name a file in a folder that is yours.")


def _read(path: Path, convention: str | None) -> RoutingFile:
    from typing import get_args

    from planner.cli.edge import UsageError
    from solvers.routing.formats import Convention, read_problem

    known = {name: name for name in get_args(Convention)}
    if convention is not None and convention not in known:
        raise UsageError(f"There is no convention {convention!r}; there are {', '.join(known)}.")
    return read_problem(path, convention=None if convention is None else known[convention])


def _budget(time_limit: float | None, iterations: int | None, cpu_time: bool) -> StopRule:
    from solvers.routing import stop

    rules = [] if iterations is None else [stop.iterations(iterations)]
    if time_limit is not None:
        clock = stop.cpu_seconds if cpu_time else stop.wall_seconds
        rules.append(clock(time_limit))
    return stop.any_of(*rules)


@contextmanager
def _interruptible(rule: StopRule) -> Iterator[StopRule]:
    """Yield `rule`, ended by the first Ctrl-C; a second one kills as usual."""
    import signal

    from planner.cli.screen import note

    pressed: list[bool] = []

    def press(*_: object) -> None:
        pressed.append(True)
        signal.signal(signal.SIGINT, usual)
        note("Interrupted: finishing with the best answer so far.")

    usual = signal.signal(signal.SIGINT, press)
    try:
        yield lambda done, best: 1.0 if pressed else rule(done, best)
    finally:
        signal.signal(signal.SIGINT, usual)


def _print_answer(file: RoutingFile, found: RoutingResult, answer: dict[str, object], output: Path | None) -> None:
    import sys

    from planner.cli.screen import show_rows

    unassigned = answer["unassigned"]
    assert isinstance(unassigned, list)
    cost = file.in_file_units(found.cost, cost=True)
    routes = len(found.solution.routes)
    sys.stdout.write(
        f"{file.name}: cost {cost:g}, {routes} routes, {len(unassigned)} stops unassigned, "
        f"{found.iterations:,} iterations in {found.seconds:.1f} s ({found.status})\n"
    )
    if unassigned:
        rows = [(str(stop["id"]), str(stop.get("reason", "")), str(stop.get("fix", ""))) for stop in unassigned]
        show_rows("", ("unassigned", "reason", "nearest fix"), rows)
    if output is not None:
        sys.stdout.write(f"{output}\n")
