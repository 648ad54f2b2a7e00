"""`planner demo`: the main job on the shipped example."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from planner.cli.options import (
    JsonOption,
    NoCacheOption,
    QuietOption,
    SeedOption,
    SetOption,
    ThreadsOption,
    TimeLimitOption,
)


def demo(
    output: Annotated[Path, typer.Option("--output", "-o", help="Run folder to write.")] = Path("demo-run"),
    overrides: SetOption = None,
    seed: SeedOption = None,
    time_limit: TimeLimitOption = None,
    threads: ThreadsOption = None,
    no_cache: NoCacheOption = False,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Plan the shipped example: real weekly deliveries of one warehouse to the retailers of Iowa's cities."""
    from planner.cli.summary import run_and_report
    from scenarios.examples import example_folder

    run_and_report(
        example_folder("iowa"),
        scenario=None,
        overrides=overrides or [],
        seed=seed,
        time_limit_s=time_limit,
        output=output,
        threads=threads,
        use_cache=not no_cache,
        quiet=quiet,
        as_json=as_json,
    )
