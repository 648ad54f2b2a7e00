"""`planner scenarios`: list, run, sweep and compare the what-ifs of a project."""

from __future__ import annotations

import typer

app = typer.Typer(
    help="What-ifs: list, run, sweep, compare.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
