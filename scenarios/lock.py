"""Lock: the inputs of a baseline, frozen by hash, so that no comparison rests on a baseline that has moved.

`planner scenarios lock` writes NAME.lock.json beside NAME.yaml: hash and rows of every input table and
every setting of the file as it is. As long as it stands there, each reading of the project compares.
What named scenarios, patches and overrides change is no change of the baseline.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from scenarios.errors import SCENARIO
from scenarios.scenario import Scenario, flat_settings
from scenarios.tables.issues import Issues
from scenarios.tables.parse import Table

LOCK_RULES = ("locked", "lock_unreadable")
"""Rules of the issues that only a new lock, or the old input, puts right."""
_FORMAT = 1
_AGAIN = "Put it back, or freeze the new baseline with `planner scenarios lock`."


def lock_file(scenario_file: Path) -> Path:
    """Return where the lock of a scenario file stands."""
    return scenario_file.with_suffix(".lock.json")


def lock_content(base: Scenario, tables: Mapping[str, Table], hashes: Mapping[str, str]) -> dict[str, Any]:
    """Return what a lock holds.

    Parameters
    ----------
    base : the file as it is.
    tables : typed, before patches and cleaning.
    hashes : of every table that is given.
    """
    return {
        "format": _FORMAT,
        "tables": {name: {"sha256": hashes[name], "rows": len(tables[name].frame)} for name in sorted(hashes)},
        "settings": dict(sorted(flat_settings(base).items())),
    }


def write_lock(scenario_file: Path, content: Mapping[str, Any]) -> Path:
    """Write the lock of a scenario file, whole or not at all; return where it stands."""
    target = lock_file(scenario_file)
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return target


def check_lock(
    scenario_file: Path, base: Scenario, tables: Mapping[str, Table], hashes: Mapping[str, str], issues: Issues
) -> None:
    """Report everything that has changed since the baseline was locked; nothing where it is not locked."""
    file = lock_file(scenario_file)
    if not file.exists():
        return
    locked = _read(file, issues)
    if locked is not None:
        for name, before, after, message, action in lock_changes(locked, lock_content(base, tables, hashes)):
            table = SCENARIO if message.startswith("The setting") else name
            issues.add(
                "error",
                table,
                "locked",
                message,
                action,
                row=file.name,
                column=name if table == SCENARIO else "",
                value=f"{before} -> {after}",
            )


def lock_changes(locked: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[str, object, object, str, str]]:
    """Yield name, before, after, message and action of every difference of two locks."""
    tables, present = locked["tables"], now["tables"]
    for name in sorted({*tables, *present}):
        old, new = tables.get(name), present.get(name)
        if old == new:
            continue
        before, after = (int(entry["rows"]) if entry else 0 for entry in (old, new))
        if new is None:
            message = f"The table {name} was locked with {_rows(before)} and is gone."
        elif old is None:
            message = f"The table {name}, {_rows(after)}, has come since the baseline was locked."
        elif before == after:
            message = f"The table {name} has changed since the baseline was locked: {_rows(after)}, other content."
        else:
            message = (
                f"The table {name} has changed since the baseline was locked: {_rows(before)} then, {after:,} now."
            )
        yield name, before, after, message, _AGAIN
    settings, current = locked["settings"], now["settings"]
    for name in sorted({*settings, *current}):
        before, after = settings.get(name), current.get(name)
        if before != after or (name in settings) != (name in current):
            message = (
                f"The setting {name} was {_shown(before)} when the baseline was locked, it is {_shown(after)} now."
            )
            yield name, before, after, message, _AGAIN


def read_lock(scenario_file: Path) -> Mapping[str, Any] | None:
    """Return the lock of a scenario file; None where it has none, or none that can be read."""
    file = lock_file(scenario_file)
    return _read(file, Issues()) if file.exists() else None


def _read(file: Path, issues: Issues) -> Mapping[str, Any] | None:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        if (
            content["format"] == _FORMAT
            and isinstance(content["tables"], dict)
            and isinstance(content["settings"], dict)
        ):
            return {"tables": content["tables"], "settings": content["settings"]}
    except (OSError, ValueError, KeyError, TypeError):
        pass
    issues.add(
        "error",
        SCENARIO,
        "lock_unreadable",
        f"{file.name} is not a lock that this version reads.",
        "Restore it, or lock the baseline again with `planner scenarios lock`.",
        row=file.name,
    )
    return None


def _rows(count: int) -> str:
    return f"{count:,} {'row' if count == 1 else 'rows'}"


def _shown(value: object) -> str:
    return "not there" if value is None else json.dumps(value, ensure_ascii=False)
