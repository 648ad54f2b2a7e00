"""`planner check`: list every problem of a project at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from planner.cli.options import JsonOption, ProjectArgument, ScenarioOption, SetOption


def check(
    project: ProjectArgument,
    scenario: ScenarioOption = None,
    overrides: SetOption = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Also write the list as a table to this CSV file.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check a project and list every problem at once: table, row, column, rule, value, what to do."""
    import sys

    from planner.cli.edge import ExitCode
    from planner.engine.run import check_everything
    from scenarios.errors import describe_issues

    issues = check_everything(project, scenario, overrides or [])
    errors = int((issues["severity"] == "error").sum())
    if output is not None:
        issues.to_csv(output, index=False)
    if as_json:
        sys.stdout.write(issues.to_json(orient="records", indent=2, force_ascii=False) + "\n")
    else:
        sys.stdout.write(describe_issues(issues) + "\n")
    if errors:
        sys.exit(ExitCode.BAD_INPUT)
