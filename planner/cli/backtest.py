"""`planner backtest`: play an ordering policy on sales that it has not seen."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from planner.cli.options import ProjectArgument, QuietOption, ScenarioOption, SeedOption, SetOption, ThreadsOption


def backtest(
    project: ProjectArgument,
    policy: Annotated[str, typer.Option("--policy", help="Ordering policy; a wrong name lists them.")] = "unit_pricing",
    start: Annotated[
        str | None,
        typer.Option(
            "--start",
            metavar="DATE",
            help="First day of the first week that is not known; the first order is placed on it. "
            "Default: the horizon's start.",
        ),
    ] = None,
    rounds: Annotated[int, typer.Option("--rounds", min=1, max=520, help="Weekly orders.")] = 6,
    actuals: Annotated[
        Path | None,
        typer.Option(
            "--actuals",
            metavar="FILE.csv",
            help="Sales after the project's own history: columns Store, Product and one per week, named by its first "
            "day. A week is shown to the policy when it is over.",
        ),
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder for orders.csv and costs.csv.", show_default=False)
    ] = Path("backtest"),
    scenario: ScenarioOption = None,
    overrides: SetOption = None,
    seed: SeedOption = None,
    threads: ThreadsOption = None,
    quiet: QuietOption = False,
) -> None:
    """Walk forward by the week: order, see what was sold, pay for stock and lost sales, order again."""
    import os
    import sys

    import pandas as pd

    from planner.backtest.backtest import backtest as play
    from planner.backtest.errors import BacktestError
    from planner.backtest.output import describe_costs, write_backtest
    from planner.cli.edge import UsageError
    from planner.cli.screen import note, progress_bars
    from scenarios.project import load_project
    from scenarios.vn2 import read_week_sales
    from solvers.compiled import set_threads
    from solvers.demand.boosting import boosting_installed

    set_threads(threads or os.cpu_count() or 1)
    loaded = load_project(project, scenario, overrides or [])
    try:
        first_day = pd.Timestamp(start) if start else pd.Timestamp(loaded.scenario.horizon.start)
    except ValueError:
        raise UsageError(f"--start {start} is no date. Write it as 2024-04-15.") from None
    sales = read_week_sales(actuals) if actuals else None
    if policy == "unit_pricing" and not boosting_installed():
        note(
            "LightGBM cannot be loaded here (is libgomp installed?): forecasts are by smoothing alone, orders dearer.",
            quiet,
        )
    with progress_bars(quiet) as progress:
        try:
            result = play(
                loaded,
                policy,
                start=first_day.normalize(),
                rounds=rounds,
                actuals=sales,
                seed=loaded.scenario.seed if seed is None else seed,
                progress=progress,
            )
        except BacktestError as error:
            raise UsageError(str(error)) from None
    write_backtest(result, output)
    sys.stdout.write(describe_costs(result) + f"\n{output / 'orders.csv'}\n{output / 'costs.csv'}\n")
