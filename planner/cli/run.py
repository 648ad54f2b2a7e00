"""`planner run`: plan a project and write its run folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from planner.cli.hiring import ClusterOption, WorkersOption
from planner.cli.options import (
    AsOfOption,
    JsonOption,
    NoCacheOption,
    ProjectArgument,
    QuietOption,
    ScenarioOption,
    SeedOption,
    SetOption,
    ThreadsOption,
    TimeLimitOption,
)


def run(
    project: ProjectArgument,
    scenario: ScenarioOption = None,
    overrides: SetOption = None,
    as_of: AsOfOption = None,
    seed: SeedOption = None,
    time_limit: TimeLimitOption = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Run folder to write, or a URL such as s3://BUCKET/RUN; default: runs/NAME in the project folder.",
        ),
    ] = None,
    publish: Annotated[
        str | None,
        typer.Option(
            "--publish",
            metavar="URL",
            help="Also write the tables to PostgreSQL: postgresql+psycopg://USER@HOST/DATABASE.",
        ),
    ] = None,
    warm_start: Annotated[
        Path | None,
        typer.Option(
            "--warm-start",
            metavar="RUN",
            help="Folder of a former run, such as yesterday's: the replenishment engine begins with its prices "
            "of scarce capacities.",
        ),
    ] = None,
    threads: ThreadsOption = None,
    workers: WorkersOption = None,
    cluster: ClusterOption = None,
    no_cache: NoCacheOption = False,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Plan a project: orders, projected stock, loads, routes, simulated service. Writes a run folder."""
    from planner.cli.summary import run_and_report

    run_and_report(
        project,
        scenario=scenario,
        overrides=overrides or [],
        as_of=as_of.date() if as_of is not None else None,
        seed=seed,
        time_limit_s=time_limit,
        output=output,
        publish=publish,
        warm_start=warm_start,
        threads=threads,
        workers=workers,
        cluster=cluster,
        use_cache=not no_cache,
        quiet=quiet,
        as_json=as_json,
    )
