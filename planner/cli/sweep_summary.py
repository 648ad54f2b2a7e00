"""What a person, or a program, is told of many runs."""

from __future__ import annotations

import json
import math
import sqlite3
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import yaml

from planner.cli.edge import ExitCode, UsageError
from planner.cli.runs_named import runs_folder
from planner.cli.screen import note, show_rows
from planner.engine.index import open_index, rebuild_index
from planner.engine.outcome import Outcome, Status, outcome_folder
from scenarios.nearest import did_you_mean, nearest

if TYPE_CHECKING:
    import pandas as pd

    from planner.engine.sweep import SweepResult

_ENDS = f"Write one of {', '.join(get_args(Status))}."
HEADLINE = ("simulated_cost", "simulated_fill_rate")
_SHOWN = 25
# the first of these that any member has ended with decides the exit code of the whole
_PRECEDENCE = (
    ("failed", ExitCode.BUG),
    ("refused", ExitCode.REFUSED),
    ("bad_input", ExitCode.BAD_INPUT),
    ("infeasible", ExitCode.INFEASIBLE),
    ("limit", ExitCode.LIMIT),
)


def exit_code(outcomes: Sequence[Outcome]) -> ExitCode:
    """Return the exit code of many runs: the gravest of theirs."""
    ended = {outcome.status for outcome in outcomes}
    return next((code for status, code in _PRECEDENCE if status in ended), ExitCode.DONE)


@contextmanager
def say_how_to_go_on(runs: Path | None, quiet: bool) -> Iterator[None]:
    """Say after Ctrl-C how a sweep is resumed."""
    try:
        yield
    except KeyboardInterrupt:
        if runs is not None:
            note(f"What has ended is kept. Go on with: planner scenarios resume {runs}", quiet)
        raise


def report(result: SweepResult, *, quiet: bool, as_json: bool) -> None:
    """Print how every member ended, and leave with the exit code of the whole."""
    outcomes = result.outcomes
    counts: Counter[str] = Counter(outcome.status for outcome in outcomes)
    code = exit_code(outcomes)
    if as_json:
        answer = {
            "runs": str(result.runs),
            "members": len(outcomes),
            "ended_before": result.ended_before,
            "by_status": dict(sorted(counts.items())),
            "exit_code": int(code),
            "retried": result.retried,
            "scenarios": [_record(result.runs, outcome) for outcome in outcomes],
        }
        sys.stdout.write(json.dumps(answer, indent=2, ensure_ascii=False, default=str) + "\n")
    else:
        _print(result, counts, quiet)
    if code is not ExitCode.DONE:
        sys.exit(code)


def show_runs(
    runs: Path, status: Sequence[str], where: Sequence[str], kpis: Sequence[str], *, rebuild: bool, as_json: bool
) -> None:
    """Print the runs of a folder that hold what is asked for."""
    for unknown in [each for each in status if each not in get_args(Status)]:
        raise UsageError(f"--status {unknown!r}: no run ends so. {did_you_mean(unknown, get_args(Status), _ENDS)}")
    runs = runs_folder(runs)
    try:
        with rebuild_index(runs) if rebuild else open_index(runs) as index:
            table, swept = index.table(status), index.swept()
            figures = {kpi: index.kpis(kpi).set_index("name")["value"] for kpi in kpis or HEADLINE}
            known = set() if all(len(values) for values in figures.values()) else set(index.kpis()["kpi"])
    except sqlite3.Error as error:
        raise UsageError(f"The index of {runs} cannot be opened: {error}. The folder must be writable.") from error
    for kpi in [kpi for kpi in kpis if known and kpi not in known]:
        near = nearest(kpi, known)
        hint = f" Did you mean {near}?" if near else ""
        raise UsageError(f"No run has a key figure {kpi!r}.{hint} Its names stand in the table kpis of a run.")
    table = _only(table.join(swept, on="name"), swept, where)
    for kpi, values in figures.items():
        table[kpi] = table["name"].map(values)
    if as_json:
        rows = json.loads(table.to_json(orient="records"))
        sys.stdout.write(json.dumps({"runs": str(runs), "scenarios": rows}, indent=2, ensure_ascii=False) + "\n")
        return
    columns = ["name", "status", *swept.columns, *figures]
    show_rows("", columns, [[_cell(row[column]) for column in columns] for _, row in table.iterrows()])


def _only(table: pd.DataFrame, swept: pd.DataFrame, where: Sequence[str]) -> pd.DataFrame:
    for text in where:
        path, equals, value = text.partition("=")
        if not equals or path not in swept:
            known = ", ".join(swept.columns) or "none"
            raise UsageError(f"--where {text!r} is not PATH=VALUE with a swept path. Swept here: {known}.")
        table = table[table[path] == yaml.safe_load(value)]
    return table.reset_index(drop=True)


def _print(result: SweepResult, counts: Counter[str], quiet: bool) -> None:
    outcomes = result.outcomes
    listed = outcomes if len(outcomes) <= _SHOWN else [each for each in outcomes if not each.planned]
    if listed:
        with open_index(result.runs) as index:
            figures = [index.kpis(kpi).set_index("name")["value"] for kpi in HEADLINE]
        rows = [
            [each.name, each.status, *(_cell(values.get(each.name)) for values in figures)] for each in listed[:_SHOWN]
        ]
        show_rows("", ("scenario", "status", "cost", "fill rate"), rows)
    for outcome in [each for each in listed if not each.planned][:_SHOWN]:
        note(f"{outcome.name}: {outcome.status}\n{_indented(outcome.error)}")
        if outcome.status == "infeasible":
            note(f"  The relaxation as a table: {outcome_folder(result.runs, outcome.name) / 'relaxation.csv'}")
    if len(listed) > _SHOWN:
        note(f"{len(listed) - _SHOWN} more have no plan.")
    for name, deaths in result.retried.items():
        note(f"{name}: {deaths} of its worker processes died; it was tried again.", quiet)
    counted = ", ".join(f"{number} {status}" for status, number in sorted(counts.items()))
    before = f", {result.ended_before} of them before" if result.ended_before else ""
    sys.stdout.write(
        f"{len(outcomes)} {'scenario' if len(outcomes) == 1 else 'scenarios'} in {result.runs}{before}: {counted}\n"
    )
    note(f"List and filter runs with:  planner scenarios runs {result.runs}", quiet)
    note(f"Put them side by side with: planner scenarios compare {result.runs}", quiet)


def _record(runs: Path, outcome: Outcome) -> dict[str, object]:
    loosened = outcome_folder(runs, outcome.name) / "relaxation.csv"
    return {
        "name": outcome.name,
        "scenario": outcome.scenario,
        "values": dict(outcome.values),
        "status": outcome.status,
        "run_id": outcome.run_id,
        "folder": str(runs / outcome.name) if outcome.planned else "",
        "error": outcome.error,
        "relaxation": str(loosened) if outcome.status == "infeasible" else "",
        "wall_s": round(outcome.wall_s, 3),
        "cpu_s": round(outcome.cpu_s, 3),
    }


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


def _cell(value: object) -> str:
    if not isinstance(value, float):
        return "" if value is None else str(value)
    if math.isnan(value):
        return ""
    return f"{value:,.4g}" if abs(value) < 10 else f"{value:,.0f}"
