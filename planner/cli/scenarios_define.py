"""`planner scenarios list | show | lock`: what a scenario file defines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from planner.cli.options import JsonOption, ProjectArgument, SetOption

if TYPE_CHECKING:
    import pandas as pd

    from scenarios.scenario import Scenario


def list_scenarios(project: ProjectArgument, as_json: JsonOption = False) -> None:
    """List the named scenarios, patches and sweeps of a project."""
    import json
    import sys

    from scenarios.lock import lock_file
    from scenarios.resolve import read_base

    file, scenario = read_base(project)
    found = _catalogue(scenario)
    locked = lock_file(file).exists()
    if as_json:
        sys.stdout.write(json.dumps({**found, "locked": locked}, indent=2, ensure_ascii=False) + "\n")
        return
    for kind, entries in found.items():
        if entries:
            sys.stdout.write(f"{kind}\n")
        width = max((len(str(entry["name"])) for entry in entries), default=0)
        for entry in entries:
            sys.stdout.write(f"  {entry['name']!s:<{width}}  {entry['description']} ({_in_short(entry)})\n")
    if not any(found.values()):
        sys.stdout.write(f"{file.name} defines no scenarios, patches or sweeps.\n")
    sys.stdout.write(f"The baseline is {'locked: ' + lock_file(file).name if locked else 'not locked'}.\n")


def show(
    project: ProjectArgument,
    name: Annotated[str, typer.Argument(help="Named scenario; `baseline` is the file as it is.", show_default=False)],
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a scenario changes: settings that differ from the baseline, every edit with rows and totals."""
    import json
    import sys

    from planner.cli.screen import show_rows
    from scenarios.project import load_project
    from scenarios.resolve import read_base

    _, base = read_base(project)
    found = load_project(project, name, overrides or [])
    settings, edits = _settings(base, found.scenario), _edits(found.edits)
    about = {
        "name": name,
        "description": base.scenarios[name].description if name in base.scenarios else base.description,
        "patches": list(found.scenario.apply),
        "settings": settings,
        "edits": edits,
    }
    if as_json:
        sys.stdout.write(json.dumps(about, indent=2, ensure_ascii=False) + "\n")
        return
    sys.stdout.write(f"{name}: {about['description'] or 'no description'}\n")
    if settings:
        rows = [(str(row["path"]), _text(row["baseline"]), _text(row["here"])) for row in settings]
        show_rows("Settings that differ", ("setting", "baseline", name), rows)
    if edits:
        header = ("edit", "what", "rows", "before", "after")
        show_rows(
            "Edits of the input: rows met, sum of the column over them", header, [_edit_row(row) for row in edits]
        )
    if not settings and not edits:
        sys.stdout.write("It changes nothing.\n")


def lock(project: ProjectArgument, as_json: JsonOption = False) -> None:
    """Freeze the baseline: from now on a change of its tables or settings is refused until it is locked again."""
    import json
    import sys

    from scenarios.project import lock_baseline

    file, changed = lock_baseline(project)
    if as_json:
        sys.stdout.write(json.dumps({"lock": str(file), "changed": changed}, indent=2, ensure_ascii=False) + "\n")
        return
    for message in changed:
        sys.stdout.write(f"  {message}\n")
    sys.stdout.write(f"Locked: {file}\n")


def edit_lines(edits: pd.DataFrame) -> list[str]:
    """Return what every edit of a run has touched, one line each (columns of `input_edits`)."""
    lines = []
    for row in _edits(edits):
        name, what, rows, before, after = _edit_row(row)
        lines.append(
            f"{name}: {what}, {rows} {'row' if rows == '1' else 'rows'}" + (f", {before} -> {after}" if before else "")
        )
    return ["Changed input:", *(f"  {line}" for line in lines)] if lines else []


def _catalogue(scenario: Scenario) -> dict[str, list[dict[str, object]]]:
    return {
        "scenarios": [
            {
                "name": name,
                "extends": entry.extends,
                "patches": list(entry.patches),
                "settings": len(entry.set),
                "description": entry.description,
            }
            for name, entry in scenario.scenarios.items()
        ],
        "patches": [
            {
                "name": name,
                "parameters": [f"{parameter}={_text(value)}" for parameter, value in patch.parameters.items()],
                "tables": sorted({edit.table for edit in patch.edits}),
                "edits": len(patch.edits),
                "description": patch.description,
            }
            for name, patch in scenario.patches.items()
        ],
        "sweeps": [
            {
                "name": name,
                "runs": sweep.runs,
                "scenarios": list(sweep.scenarios),
                "paths": list(sweep.matrix),
                "draws": sweep.monte_carlo.draws if sweep.monte_carlo else 0,
                "description": sweep.description,
            }
            for name, sweep in scenario.sweeps.items()
        ],
    }


def _in_short(entry: dict[str, object]) -> str:
    """Return everything of an entry but its name and description, in one line."""
    parts = []
    for key, value in entry.items():
        if key not in {"name", "description"} and value:
            shown = ", ".join(map(str, value)) if isinstance(value, list) else _text(value)
            parts.append(f"{key} {shown}")
    return "; ".join(parts) or "nothing set"


def _settings(base: Scenario, scenario: Scenario) -> list[dict[str, object]]:
    """Return the settings that differ, by path; patches have their own list."""
    from scenarios.scenario import flat_settings

    before, after = flat_settings(base), flat_settings(scenario)
    paths = [path for path in {**before, **after} if path.partition(".")[0] not in {"patches", "parameters", "apply"}]
    return [
        {"path": path, "baseline": before.get(path), "here": after.get(path)}
        for path in paths
        if before.get(path) != after.get(path)
    ]


def _edits(edits: pd.DataFrame) -> list[dict[str, object]]:
    import pandas as pd

    rows = edits.astype(object).to_dict("records")
    return [{str(key): None if pd.isna(value) else value for key, value in row.items()} for row in rows]


def _edit_row(row: dict[str, object]) -> list[str]:
    what = f"{row['table']}.{row['column']}" if row["column"] else f"rows of {row['table']}"
    figures = [_text(row[name]) for name in ("rows", "total_before", "total_after")]
    return [f"{row['patch']}.{row['edit']}", what, *figures]


def _text(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.6f}".rstrip("0").rstrip(".")
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_text, value)) + "]"
    return "" if value is None else str(value)
