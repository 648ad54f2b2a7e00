"""Resolve: a scenario file, one of its named scenarios and overrides, to a validated `Scenario`.

A named scenario starts from the one that it extends, else from the file; sets its values; adds its
patches. Overrides come last. Every mistake is reported with the line of the file, or the override,
that made it. Named scenarios that were not asked for are checked too.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from scenarios.errors import SCENARIO, InputError
from scenarios.nearest import nearest
from scenarios.paths import may_hold_keys
from scenarios.read import (
    Document,
    Keys,
    fault_path,
    find_faults,
    read_document,
    report_fault,
    report_no_such_key,
    yaml_value,
)
from scenarios.scenario import Scenario
from scenarios.tables.issues import Issues
from scenarios.whatif import BASELINE, NOISE


@dataclass(frozen=True, slots=True)
class Reading:
    """What a scenario file says.

    Attributes
    ----------
    scenario : validated, with the named scenario and the overrides; None where it has errors.
    base : the file as it is; None where it has errors.
    outline : what of it is right, to check the tables against; None where too little is.
    tables : where the tables are, as written.
    document : the file itself.
    """

    scenario: Scenario | None
    base: Scenario | None
    outline: Scenario | None
    tables: str
    document: Document

    @property
    def root(self) -> Path:
        """Folder of the file."""
        return self.document.file.parent


@dataclass(frozen=True, slots=True)
class _State:
    """Values of a scenario on the way, and the paths whose faults have been reported."""

    data: dict[str, Any]
    known: frozenset[Keys]


@dataclass(frozen=True, slots=True)
class _Change:
    """One value that a named scenario or an override sets; `row` and `column` say where it is written."""

    path: Keys
    value: object
    row: str
    column: str


def read_scenario(path: Path, name: str | None, overrides: Sequence[str], issues: Issues) -> Reading | None:
    """Read the scenario file at `path` (or in that folder); None where it cannot be read as YAML.

    Parameters
    ----------
    name : a named scenario of the file; None or "baseline" for the file as it is.
    overrides : "PATH=VALUE" texts, applied after it.
    issues : receives every mistake; `Reading.scenario` is None where there is one.
    """
    document = read_document(path, issues)
    return None if document is None else resolve_scenario(document, name, overrides, issues)


def read_base(path: Path) -> tuple[Path, Scenario]:
    """Return the scenario file at `path` (or in that folder) and the scenario that it is, without a named one.

    Raises
    ------
    InputError
        All errors of the file.
    """
    issues = Issues()
    reading = read_scenario(path, None, (), issues)
    if reading is None or reading.base is None:
        raise InputError(issues.frame())
    return reading.document.file, reading.base


def resolve_scenario(document: Document, name: str | None, overrides: Sequence[str], issues: Issues) -> Reading:
    """Apply a named scenario and overrides to a file that has been read."""
    base = _checked_file(document, issues)
    named = _named_states(document, base, issues)
    state = base
    if name is not None and name != BASELINE:
        if name not in named:
            report_unknown_name("scenario", name, named, issues, column="--scenario")
        state = named.get(name, base)
    state = _changed(state, _override_changes(overrides, issues), issues)
    data = state.data
    faulty = SCENARIO in issues.tables_with_errors()
    scenario = None if faulty else Scenario.model_validate(data)
    own = None if faulty else Scenario.model_validate(base.data)
    tables = data.get("tables", Scenario.model_fields["tables"].default)
    outline = _outline(data) if scenario is None else scenario
    return Reading(scenario, own, outline, tables if isinstance(tables, str) else ".", document)


def report_unknown_name(
    what: str, name: str, known: Iterable[str], issues: Issues, *, column: str, row: str = ""
) -> None:
    """Report the name of a scenario, patch or sweep that the file does not have."""
    names = list(known)
    near = nearest(name, names)
    hint = f"Did you mean {near!r}? " if near else ""
    plural = {"patch": "patches"}.get(what, f"{what}s")
    issues.add(
        "error",
        SCENARIO,
        f"unknown_{what}",
        f"The file has no {what} {name!r}.",
        f"{hint}Its {plural} are {', '.join(names)}." if names else f"It has none: add one under {plural}.",
        row=row,
        column=column,
        value=name,
    )


def _checked_file(document: Document, issues: Issues) -> _State:
    """Report what is wrong with the file by itself."""
    data = document.data
    faults = find_faults(data)
    for fault in faults:
        report_fault(fault, document.line(fault_path(fault)), "", issues)
    for position, patch in enumerate(_texts(data.get("apply"))):
        if patch not in _section(data, "patches"):
            where = ("apply", str(position))
            _report_unknown_patch(patch, data, document.line(where), ".".join(where), issues)
    scenarios = _section(data, "scenarios")
    reserved = (("scenarios", BASELINE, "the file as it is"), ("patches", NOISE, "the draws of demand and lead times"))
    for key, word, meaning in reserved:
        if word in _section(data, key):
            issues.add(
                "error",
                SCENARIO,
                "reserved_name",
                f"{word!r} stands for {meaning}.",
                "Choose another name.",
                row=document.line((key, word)),
                column=f"{key}.{word}",
            )
    places: list[Keys] = [("comparison", "baseline")]
    for sweep, entry in _section(data, "sweeps").items():
        names = entry.get("scenarios") if isinstance(entry, dict) else None
        places += [("sweeps", str(sweep), "scenarios", str(i)) for i in range(len(_texts(names)))]
    for place in places:
        name = _value_at(data, place)
        if isinstance(name, str) and name != BASELINE and name not in scenarios:
            known = (BASELINE, *map(str, scenarios))
            report_unknown_name("scenario", name, known, issues, row=document.line(place), column=".".join(place))
    return _State(data, frozenset(map(fault_path, faults)))


def _named_states(document: Document, base: _State, issues: Issues) -> dict[str, _State]:
    """Return the values of every named scenario, each on top of the one that it extends."""
    scenarios = {str(name): entry for name, entry in _section(document.data, "scenarios").items()}
    done: dict[str, _State] = {}

    def resolve(name: str, below: tuple[str, ...]) -> _State:
        if name in done:
            return done[name]
        entry = scenarios[name] if isinstance(scenarios[name], dict) else {}
        parent, state = entry.get("extends"), base
        row, column = document.line(("scenarios", name, "extends")), f"scenarios.{name}.extends"
        if isinstance(parent, str) and parent not in {"", BASELINE}:
            if parent not in scenarios:
                report_unknown_name("scenario", parent, scenarios, issues, row=row, column=column)
            elif parent in (*below, name):
                circle = (*below, name)[(*below, name).index(parent) :]
                issues.add(
                    "error",
                    SCENARIO,
                    "cyclic_extends",
                    f"The scenario extends itself: {' -> '.join((*circle, parent))}.",
                    "Remove one of these extends.",
                    row=row,
                    column=column,
                    value=parent,
                )
            else:
                state = resolve(parent, (*below, name))
        state = _changed(state, _set_changes(document, name, entry), issues)
        done[name] = _with_patches(document, name, entry, state, issues)
        return done[name]

    return {name: resolve(name, ()) for name in scenarios}


def _set_changes(document: Document, name: str, entry: Mapping[str, Any]) -> list[_Change]:
    """Return what a named scenario sets; entries that are no mappings are faults of the file itself."""
    values = entry.get("set")
    return [
        _Change(
            tuple(str(path).split(".")),
            value,
            document.line(("scenarios", name, "set", str(path))),
            f"scenarios.{name}.set: {path}",
        )
        for path, value in (values.items() if isinstance(values, dict) else ())
    ]


def _with_patches(document: Document, name: str, entry: Mapping[str, Any], state: _State, issues: Issues) -> _State:
    """Add the patches of a named scenario to those that are applied already."""
    applied = _texts(state.data.get("apply"))
    for position, patch in enumerate(_texts(entry.get("patches"))):
        place = ("scenarios", name, "patches", str(position))
        row, column = document.line(place), ".".join(place)
        if patch not in _section(state.data, "patches"):
            _report_unknown_patch(patch, state.data, row, column, issues)
        elif patch in applied:
            issues.add(
                "error",
                SCENARIO,
                "patch_twice",
                f"The patch {patch!r} is applied already, so it would count twice.",
                "Remove it here, in apply, or in the scenario that this one extends.",
                row=row,
                column=column,
                value=patch,
            )
        else:
            applied.append(patch)
    return (
        state if applied == _texts(state.data.get("apply")) else _State({**state.data, "apply": applied}, state.known)
    )


def _report_unknown_patch(patch: str, data: Mapping[str, Any], row: str, column: str, issues: Issues) -> None:
    report_unknown_name("patch", patch, map(str, _section(data, "patches")), issues, row=row, column=column)


def _section(data: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = data.get(key)
    return value if isinstance(value, dict) else {}


def _texts(value: object) -> list[str]:
    """Return the texts of a list; none where it is no list, which is a fault of its own."""
    return [part for part in value if isinstance(part, str)] if isinstance(value, list | tuple) else []


def _value_at(data: object, path: Keys) -> object:
    for key in path:
        if isinstance(data, dict):
            data = data.get(key)
        elif isinstance(data, list) and key.isdigit() and int(key) < len(data):
            data = data[int(key)]
        else:
            return None
    return data


def _outline(data: dict[str, Any]) -> Scenario | None:
    """Return the scenario without its faulty keys, None where one of them cannot be done without."""
    data = {"name": "", **copy.deepcopy(data)}
    for fault in find_faults(data):
        path = fault_path(fault)
        section: Any = data
        for key in path:
            below = section.get(key)
            if isinstance(below, dict) and key != path[-1] and path[0] not in {"patches", "sweeps", "scenarios"}:
                section = below
            else:
                section.pop(key, None)
                break
    return None if find_faults(data) else Scenario.model_validate(data)


def _override_changes(overrides: Sequence[str], issues: Issues) -> list[_Change]:
    changes: list[_Change] = []
    for override in overrides:
        path, equals, text = override.partition("=")
        path = path.strip()
        try:
            value = yaml_value(text)
        except yaml.YAMLError:
            equals = ""
        if equals and path:
            changes.append(_Change(tuple(path.split(".")), value, "--set", path))
        else:
            issues.add(
                "error",
                SCENARIO,
                "override",
                f"{override!r} is not PATH=VALUE.",
                "Write for example inventory.service_target=0.98.",
                row="--set",
                column=path,
                value=override,
            )
    return changes


def _changed(state: _State, changes: Sequence[_Change], issues: Issues) -> _State:
    """Return a state with `changes` applied; report the faults that they bring beyond known ones."""
    if not changes:
        return state
    data = copy.deepcopy(state.data)
    origin: dict[Keys, _Change] = {}
    for change in changes:
        if _refused(change, data, issues):
            continue
        if _apply(change, data):
            origin[change.path] = change
        else:
            report_no_such_key(change.path, change.row, change.column, issues)
    faults = find_faults(data)
    for fault in faults:
        location = fault_path(fault)
        if location not in state.known:
            # the change that set this key, a key below it, or a section above it; none where a change has begun a
            # section whose absence has been reported
            related = (c for path, c in reversed(origin.items()) if path[: len(location)] == location[: len(path)])
            cause = next(related, None)
            if cause is not None:
                report_fault(fault, cause.row, cause.column, issues)
    return _State(data, state.known | frozenset(map(fault_path, faults)))


def _refused(change: _Change, data: Mapping[str, Any], issues: Issues) -> bool:
    """Report a change of a patch, parameter or list of patches that the file does not have; whether there was one."""
    match change.path:
        case ("apply",):
            unknown = [patch for patch in _texts(change.value) if patch not in _section(data, "patches")]
            for patch in unknown:
                _report_unknown_patch(patch, data, change.row, change.column, issues)
            return bool(unknown)
        case ("patches", patch, *_) if patch not in _section(data, "patches"):
            _report_unknown_patch(patch, data, change.row, change.column, issues)
            return True
        case ("patches", patch, "parameters", parameter):
            known = _section(_section(_section(data, "patches"), patch), "parameters")
        case ("parameters", parameter):
            known = _section(data, "parameters")
        case ("patches" | "parameters" | "scenarios" | "sweeps" as key, *_):
            issues.add(
                "error",
                SCENARIO,
                "not_a_setting",
                f"{'.'.join(change.path)} cannot be set here.",
                "Of patches only the parameters can be set, as patches.PATCH.parameters.NAME."
                if key == "patches"
                else f"Change {key} in the file.",
                row=change.row,
                column=change.column,
                value=str(change.value),
            )
            return True
        case _:
            return False
    if parameter in known:
        return False
    report_unknown_name("parameter", parameter, map(str, known), issues, row=change.row, column=change.column)
    return True


def _apply(change: _Change, data: dict[str, Any]) -> bool:
    """Set one value in place; False where the path leads through something that has no keys."""
    section: Any = data
    for length, key in enumerate(change.path[:-1], start=1):
        if not may_hold_keys(change.path[:length]):
            return False
        section = section.setdefault(key, {})
        if not isinstance(section, dict):
            return False
    section[change.path[-1]] = change.value
    return True
