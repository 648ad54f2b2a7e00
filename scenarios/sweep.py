"""Sweeps: a frozen list of runs, made before anything runs.

A sweep is every one of its scenarios with every combination of its values and every draw: scenarios
vary slowest, then the paths of the matrix in the order of the file, draws fastest. The list depends
on the file, the sweep and the overrides only, so a sweep that was cut short can go on.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from scenarios.errors import SCENARIO, InputError
from scenarios.read import Document, read_document
from scenarios.resolve import report_unknown_name, resolve_scenario
from scenarios.tables.issues import Issues
from scenarios.whatif import BASELINE, Sweep

_MOST_MEMBERS = 1_000_000
_LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class Member:
    """One run of a sweep: the arguments of `load_project`, and what is varied.

    Attributes
    ----------
    name : safe as the name of a file, unique in its sweep: `0057-service_98-speed_kmh-55-draw-3`.
    scenario : named scenario; None for the file as it is.
    overrides : "PATH=VALUE" texts, those that were given for the whole sweep first.
    values : swept path -> value; "scenario" where the sweep has several, "monte_carlo.draw" where it draws.
    """

    name: str
    scenario: str | None
    overrides: tuple[str, ...]
    values: Mapping[str, object]


def expand_sweep(path: Path, sweep: str, overrides: Sequence[str] = ()) -> tuple[Member, ...]:
    """Return the runs of a sweep of the scenario file at `path` (or in that folder).

    Parameters
    ----------
    overrides : "PATH=VALUE" texts that hold for every run.

    Raises
    ------
    InputError
        The file, the sweep or one of its values is wrong; all of it at once.
    """
    issues = Issues()
    document = read_document(Path(path), issues)
    reading = None if document is None else resolve_scenario(document, None, overrides, issues)
    if document is None or reading is None or reading.scenario is None:
        raise InputError(issues.frame())
    sweeps = reading.scenario.sweeps
    if sweep not in sweeps:
        report_unknown_name("sweep", sweep, sweeps, issues, column="sweeps")
        raise InputError(issues.frame())
    plan = sweeps[sweep]
    _check(document, sweep, plan, overrides, issues)
    if issues.rows:
        raise InputError(issues.frame())
    return _expand(plan, tuple(overrides))


def _expand(plan: Sweep, overrides: tuple[str, ...]) -> tuple[Member, ...]:
    draws = plan.monte_carlo
    noise = () if draws is None else (f"monte_carlo.demand_cv={draws.demand_cv!r}",)
    noise = noise if draws is None else (*noise, f"monte_carlo.lead_times={str(draws.lead_times).lower()}")
    axes: dict[str, Sequence[object]] = dict(plan.matrix)
    if draws is not None:
        axes["monte_carlo.draw"] = range(1, draws.draws + 1)
    runs = list(itertools.product(plan.scenarios, itertools.product(*axes.values())))
    digits = max(4, len(str(len(runs))))
    members = []
    for number, (scenario, values) in enumerate(runs, start=1):
        varied = dict(zip(axes, values, strict=True))
        shown = {"scenario": scenario, **varied} if len(plan.scenarios) > 1 else varied
        members.append(
            Member(
                name=_file_name(f"{number:0{digits}d}", scenario, varied),
                scenario=None if scenario == BASELINE else scenario,
                overrides=(*overrides, *noise, *(override(path, value) for path, value in varied.items())),
                values=shown,
            )
        )
    return tuple(members)


def override(path: str, value: object) -> str:
    """Return "PATH=VALUE" for a value: what `--set` reads back as the same value."""
    plain = list(value) if isinstance(value, tuple) else value
    text = yaml.safe_dump(plain, default_flow_style=True, width=float("inf"), allow_unicode=True)
    return f"{path}=" + text.removesuffix("\n").removesuffix("\n...")


def _file_name(number: str, scenario: str, varied: Mapping[str, object]) -> str:
    parts = [number, scenario, *(f"{path.rpartition('.')[2]}-{_short(value)}" for path, value in varied.items())]
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", "-".join(parts))[:_LONGEST_NAME].rstrip("._-")


def _short(value: object) -> str:
    if isinstance(value, list | tuple):
        return "_".join(map(_short, value)) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _check(document: Document, name: str, plan: Sweep, overrides: Sequence[str], issues: Issues) -> None:
    """Check every value of the matrix by itself, in every scenario of the sweep."""

    def report(rule: str, message: str, action: str, *keys: str) -> None:
        place = ("sweeps", name, *keys)
        issues.add("error", SCENARIO, rule, message, action, row=document.line(place), column=".".join(place))

    given = {text.partition("=")[0].strip() for text in overrides}
    for path, values in plan.matrix.items():
        for position in _repeated(values):
            report("value_twice", f"{values[position]!r} stands twice.", "Remove it.", "matrix", path, str(position))
        if path in given:
            report("set_and_swept", f"{path} is swept, and set by --set.", "Leave out one of them.", "matrix", path)
    for position in _repeated(plan.scenarios):
        report("value_twice", f"{plan.scenarios[position]!r} stands twice.", "Remove it.", "scenarios", str(position))
    draws = plan.monte_carlo
    if draws is not None and not draws.demand_cv and not draws.lead_times:
        report("no_noise", "All draws are the same.", "Give demand_cv above 0, or lead_times: true.", "monte_carlo")
    if plan.runs > _MOST_MEMBERS:
        report(
            "too_many_runs", f"The sweep has {plan.runs:,} runs, more than {_MOST_MEMBERS:,}.", "Sweep fewer values."
        )
    if issues.rows:
        return
    for scenario in plan.scenarios:
        for path in plan.matrix:
            _check_path(document, name, plan, scenario, path, overrides, issues)


def _check_path(
    document: Document,
    name: str,
    plan: Sweep,
    scenario: str,
    path: str,
    overrides: Sequence[str],
    issues: Issues,
) -> None:
    """Report the values of one path that the scenario does not take, and a patch that it does not apply."""
    for position, value in enumerate(plan.matrix[path]):
        found = Issues()
        resolve_scenario(document, scenario, [*overrides, override(path, value)], found)
        place = ("sweeps", name, "matrix", path, str(position))
        for severity, table, _, _, rule, shown, rows, message, action in found.rows:
            row = (severity, table, document.line(place), ".".join(place), rule, shown, rows, message, action)
            if row not in issues.rows:  # another scenario may have said the same
                issues.rows.append(row)
    keys = path.split(".")
    state = resolve_scenario(document, scenario, overrides, Issues()).scenario
    if state is not None and keys[0] == "patches" and keys[1] not in state.apply and "apply" not in plan.matrix:
        above = ("sweeps", name, "matrix", path)
        issues.add(
            "error",
            SCENARIO,
            "patch_not_applied",
            f"The scenario {scenario!r} does not apply the patch {keys[1]!r}: its parameters change nothing.",
            "Sweep a scenario that lists the patch, or add it to apply.",
            row=document.line(above),
            column=".".join(above),
            value=scenario,
        )


def _repeated(values: Iterable[object]) -> list[int]:
    """Return the positions of values that stand before, type and all."""
    seen: set[str] = set()
    out = []
    for position, value in enumerate(values):
        text = repr(value)
        if text in seen:
            out.append(position)
        seen.add(text)
    return out
