"""Read: a scenario file, one of its named scenarios and overrides, to a validated `Scenario`.

Every mistake is reported with the line of the file, or the override, that made it; an unknown key
with the nearest right one. Named scenarios that were not asked for are checked too.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from scenarios.errors import SCENARIO
from scenarios.nearest import nearest
from scenarios.paths import describe_key, keys_of, may_hold_keys, setting_paths
from scenarios.scenario import Scenario
from scenarios.tables.issues import Issues

FILE_NAME = "scenario.yaml"

Keys = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a scenario file says.

    Attributes
    ----------
    scenario : validated, with the named scenario and the overrides; None where it has errors.
    outline : what of it is right, to check the tables against; None where too little is.
    tables : where the tables are, as written.
    root : folder of the file.
    """

    scenario: Scenario | None
    outline: Scenario | None
    tables: str
    root: Path


@dataclass(frozen=True, slots=True)
class _Document:
    """A scenario file as nested dicts, and the line of every key by its path."""

    data: dict[str, Any]
    lines: dict[Keys, int] = field(default_factory=dict)

    def line(self, path: Keys) -> str:
        """Return the line of a key, or of the nearest key above it that the file has."""
        while path and path not in self.lines:
            path = path[:-1]
        return str(self.lines.get(path, 1))


@dataclass(frozen=True, slots=True)
class _Change:
    """One value that a named scenario or an override sets; `row` and `column` say where it is written."""

    path: Keys
    value: object
    row: str
    column: str


class _Loader(yaml.SafeLoader):
    """Plain YAML whose dates stay text, so that a wrong one is reported with its key."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_scenario(path: Path, name: str | None, overrides: Sequence[str], issues: Issues) -> Reading | None:
    """Read the scenario file at `path` (or in that folder); None where it cannot be read as YAML.

    Parameters
    ----------
    name : a named scenario of the file whose `set` is applied.
    overrides : "PATH=VALUE" texts, applied after it.
    issues : receives every mistake; `Reading.scenario` is None where there is one.
    """
    file = path / FILE_NAME if path.is_dir() else path
    before = len(issues.rows)
    document = _read_yaml(file, issues)
    if document is None:
        return None
    faults = _faults(document.data)
    for fault in faults:
        _report(fault, document.line(_location(fault)), "", issues)
    known = {_location(fault) for fault in faults}

    data = document.data
    for each, changes in _named_changes(document).items():
        changed = _changed(document.data, changes, known, issues)
        if each == name:
            data = changed
            known |= {_location(fault) for fault in _faults(changed)}
    if name is not None and name not in _named_changes(document):
        _report_unknown_scenario(name, _named_changes(document), issues)
    data = _changed(data, _override_changes(overrides, issues), known, issues)

    scenario = Scenario.model_validate(data) if len(issues.rows) == before else None
    tables = data.get("tables", Scenario.model_fields["tables"].default)
    outline = _outline(data) if scenario is None else scenario
    return Reading(scenario, outline, tables if isinstance(tables, str) else ".", file.parent)


def _read_yaml(file: Path, issues: Issues) -> _Document | None:
    def stop(rule: str, message: str, action: str, row: str = "") -> None:
        issues.add("error", SCENARIO, rule, message, action, row=row, value=str(file.name))

    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        stop("no_scenario_file", f"There is no file {file}.", f"Name a {FILE_NAME} or the folder that holds it.")
        return None
    except (OSError, UnicodeDecodeError) as error:
        stop("unreadable", f"{file} cannot be read: {error}.", "Save it as UTF-8 text.")
        return None
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        data = None if node is None else loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = "" if mark is None else str(mark.line + 1)
        problem = " ".join(part for part in (error.context, error.problem) if part)
        stop("yaml", f"{file.name} is not valid YAML: {problem}.", "Check indentation, colons and quotes.", where)
        return None
    except (yaml.YAMLError, ValueError) as error:
        stop("yaml", f"{file.name} is not valid YAML: {error}.", "Remove characters that are not text.")
        return None
    if not isinstance(node, yaml.MappingNode) or not isinstance(data, dict):
        stop("yaml", f"{file.name} holds no keys.", "Write at least name and horizon, as key: value.", "1")
        return None
    # a section whose keys are all commented out is an empty one
    empty = {key for key, value in data.items() if value is None and key in setting_paths() and may_hold_keys((key,))}
    document = _Document({key: {} if key in empty else value for key, value in data.items()})
    _collect_lines(node, (), document, issues)
    return document


def _collect_lines(node: yaml.MappingNode, above: Keys, document: _Document, issues: Issues) -> None:
    """Note the line of every key; report keys that stand twice."""
    for key, value in node.value:
        path = (*above, str(key.value))
        line = key.start_mark.line + 1
        if path in document.lines:
            issues.add(
                "error",
                SCENARIO,
                "key_twice",
                f"The key stands twice, first in line {document.lines[path]}.",
                "Keep one of them.",
                row=str(line),
                column=".".join(path),
            )
        document.lines[path] = line
        if isinstance(value, yaml.MappingNode):
            _collect_lines(value, path, document, issues)


def _faults(data: dict[str, Any]) -> list[ErrorDetails]:
    """Return what pydantic finds wrong with a whole scenario."""
    try:
        Scenario.model_validate(data)
    except ValidationError as error:
        return error.errors(include_url=False)
    return []


def _outline(data: dict[str, Any]) -> Scenario | None:
    """Return the scenario without its faulty keys, None where one of them cannot be done without."""
    data = {"name": "", **copy.deepcopy(data)}
    for fault in _faults(data):
        section: Any = data
        for key in _location(fault):
            if isinstance(section.get(key), dict) and key != _location(fault)[-1]:
                section = section[key]
            else:
                section.pop(key, None)
                break
    return None if _faults(data) else Scenario.model_validate(data)


def _location(fault: ErrorDetails) -> Keys:
    return tuple(str(part) for part in fault["loc"] if part != "[key]")


def _named_changes(document: _Document) -> dict[str, list[_Change]]:
    """Return what every named scenario sets; entries that are no mappings are faults of the file itself."""
    named = document.data.get("scenarios")
    changes: dict[str, list[_Change]] = {}
    for name, entry in named.items() if isinstance(named, dict) else ():
        values = entry.get("set") if isinstance(entry, dict) else None
        changes[str(name)] = [
            _Change(
                tuple(str(path).split(".")),
                value,
                document.line(("scenarios", str(name), "set", str(path))),
                f"scenarios.{name}.set: {path}",
            )
            for path, value in (values.items() if isinstance(values, dict) else ())
        ]
    return changes


def _report_unknown_scenario(name: str, known: Iterable[str], issues: Issues) -> None:
    names = list(known)
    near = nearest(name, names)
    hint = f"Did you mean {near!r}? " if near else ""
    issues.add(
        "error",
        SCENARIO,
        "unknown_scenario",
        f"The file has no scenario {name!r}.",
        f"{hint}Its scenarios are {', '.join(names)}." if names else "It has none: add one under scenarios.",
        column="--scenario",
        value=name,
    )


def _override_changes(overrides: Sequence[str], issues: Issues) -> list[_Change]:
    changes: list[_Change] = []
    for override in overrides:
        path, equals, text = override.partition("=")
        path = path.strip()
        try:
            value = yaml.load(text, Loader=_Loader)  # a SafeLoader
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


def _changed(data: dict[str, Any], changes: list[_Change], known: set[Keys], issues: Issues) -> dict[str, Any]:
    """Return a copy of `data` with `changes` applied; report the faults that they bring beyond `known` ones."""
    data = copy.deepcopy(data)
    origin: dict[Keys, _Change] = {}
    for change in changes:
        if _apply(change, data):
            origin[change.path] = change
        else:
            _report_no_such_key(change, change.path, issues)
    for fault in _faults(data):
        location = _location(fault)
        if location not in known:
            # the change that set this key, a key below it, or a section above it; none where a change has begun a
            # section whose absence has been reported
            related = (c for path, c in reversed(origin.items()) if path[: len(location)] == location[: len(path)])
            cause = next(related, None)
            if cause is not None:
                _report(fault, cause.row, cause.column, issues)
    return data


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


def _report(fault: ErrorDetails, row: str, column: str, issues: Issues) -> None:
    """Report one fault of pydantic; `column` is where it was written if not under its own path."""
    path = _location(fault)
    column = column or ".".join(path)
    value = "" if fault["type"] == "missing" else str(fault["input"])
    if fault["type"] == "extra_forbidden":
        _report_no_such_key(_Change(path, fault["input"], row, column), path, issues)
        return
    if fault["type"] == "missing":
        rule, message, action = "missing_key", "The key is missing.", f"Add it: {describe_key(path)}"
    else:
        rule, message = "invalid_value", f"{value!r} is not allowed: {_sentence(fault['msg'])}"
        action = f"Write another value: {describe_key(path)}"
    issues.add("error", SCENARIO, rule, message, action, row=row, column=column, value=value, rows=1)


def _sentence(text: str) -> str:
    text = text.removeprefix("Value error, ")
    end = "" if text.endswith("?") else "."
    return f"{text[:1].lower()}{text[1:].rstrip('.')}{end}"


def _report_no_such_key(change: _Change, path: Keys, issues: Issues) -> None:
    siblings = keys_of(path[:-1])
    near = nearest(path[-1], siblings)
    elsewhere = [known for known in setting_paths() if known.rpartition(".")[2] == path[-1]]
    section = ".".join(path[:-1])
    if near:
        action = f"Did you mean {'.'.join((*path[:-1], near))}?"
    elif elsewhere:
        action = f"Did you mean {' or '.join(elsewhere)}?"
    elif siblings:
        action = f"The keys of {section or 'the file'} are {', '.join(siblings)}."
    else:
        near = nearest(".".join(path), setting_paths())
        action = f"Did you mean {near}?" if near else f"{section} has no keys of its own."
    issues.add(
        "error",
        SCENARIO,
        "unknown_key",
        f"There is no key {'.'.join(path)}.",
        action,
        row=change.row,
        column=change.column,
        value=path[-1],
        rows=1,
    )
