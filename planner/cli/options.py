"""Options that several commands share, described once."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

ProjectArgument = Annotated[
    Path, typer.Argument(help="Project folder with scenario.yaml, or the scenario file itself.", show_default=False)
]
RunArgument = Annotated[Path, typer.Argument(help="Run folder written by `planner run`.", show_default=False)]
ScenarioOption = Annotated[
    str | None, typer.Option("--scenario", help="Named scenario of the project, for example demand_up_20.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="PATH=VALUE", help="Override one value of scenario.yaml, e.g. inventory.service_target=0.98."
    ),
]
SeedOption = Annotated[int | None, typer.Option("--seed", min=0, help="Seed of all random numbers.")]
TimeLimitOption = Annotated[
    float | None,
    typer.Option(
        "--time-limit",
        min=0.1,
        metavar="SECONDS",
        help="Stop optimising after so long and keep the best plan. Without it the same seed gives the same plan.",
    ),
]
ThreadsOption = Annotated[
    int | None, typer.Option("--threads", min=1, help="Cores to use; the plan does not depend on it.")
]
AsOfOption = Annotated[
    datetime | None,
    typer.Option(
        "--as-of",
        metavar="DATE",
        formats=["%Y-%m-%d"],
        help="Plan from this day on, the first of a bucket. Sales dated on it or later are not read. Stock and open "
        "orders are taken as they stand: they must be those of this day.",
    ),
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no notes.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
NoCacheOption = Annotated[
    bool,
    typer.Option(
        "--no-cache", help="Compute everything: neither use nor keep results of stages (see `planner cache`)."
    ),
]
