"""Read: a scenario file as nested values, every key with its line, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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

_DEEPEST = 12


@dataclass(frozen=True, slots=True)
class Document:
    """A scenario file as nested dicts, and the line of every key by its path.

    Attributes
    ----------
    file : where it was read.
    """

    file: Path
    data: dict[str, Any]
    lines: dict[Keys, int] = field(default_factory=dict)

    def line(self, path: Keys) -> str:
        """Return the line of a key, or of the nearest key above it that the file has."""
        while path and path not in self.lines:
            path = path[:-1]
        return str(self.lines.get(path, 1))


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # the same in C, where built
    """Plain YAML whose dates stay text, so that a wrong one is reported with its key."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def yaml_value(text: str) -> object:
    """Return the value that a piece of YAML stands for; YAMLError where it is none."""
    return yaml.load(text, Loader=_Loader)  # a SafeLoader


def read_document(path: Path, issues: Issues) -> Document | None:
    """Read the scenario file at `path` (or in that folder); None where it cannot be read as YAML."""
    file = path / FILE_NAME if path.is_dir() else path

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
    document = Document(file, {key: {} if key in empty else value for key, value in data.items()})
    _collect_lines(node, (), document, issues)
    return document


def _entries(node: yaml.Node) -> Iterator[tuple[str, int, yaml.Node]]:
    """Yield key, line and value of everything directly below a mapping or a list."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield str(key.value), key.start_mark.line + 1, value
    elif isinstance(node, yaml.SequenceNode):
        for position, value in enumerate(node.value):
            yield str(position), value.start_mark.line + 1, value


def _collect_lines(node: yaml.Node, above: Keys, document: Document, issues: Issues) -> None:
    """Note the line of every key and list entry; report keys that stand twice."""
    for key, line, value in _entries(node):
        path = (*above, key)
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
        if len(path) < _DEEPEST:  # a list may hold itself
            _collect_lines(value, path, document, issues)


def find_faults(data: dict[str, Any]) -> list[ErrorDetails]:
    """Return what is wrong with a whole scenario, key by key."""
    try:
        Scenario.model_validate(data)
    except ValidationError as error:
        found = error.errors(include_url=False)
        return [fault for fault in found if not (fault["type"] == "too_short" and _has_fault_within(fault, found))]
    return []


def _has_fault_within(fault: ErrorDetails, found: Sequence[ErrorDetails]) -> bool:
    """Return whether entries of a list are wrong; pydantic then also counts the list as too short."""
    place = fault["loc"]
    return any(len(other["loc"]) > len(place) and other["loc"][: len(place)] == place for other in found)


def fault_path(fault: ErrorDetails) -> Keys:
    """Return the path of the key that a fault is about."""
    return tuple(str(part) for part in fault["loc"] if part != "[key]")


def report_fault(fault: ErrorDetails, row: str, column: str, issues: Issues) -> None:
    """Report one fault; `column` is where it was written if not under its own path."""
    path = fault_path(fault)
    column = column or ".".join(path)
    if fault["type"] == "extra_forbidden":
        report_no_such_key(path, row, column, issues)
        return
    value = "" if fault["type"] == "missing" else str(fault["input"])
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


def report_no_such_key(path: Keys, row: str, column: str, issues: Issues) -> None:
    """Report a path that no scenario file has, with the nearest one that it may have."""
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
        row=row,
        column=column,
        value=path[-1],
        rows=1,
    )
