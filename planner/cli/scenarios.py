"""`planner scenarios`: list, run, sweep and compare the what-ifs of a project."""

from __future__ import annotations

import typer

from planner.cli import scenarios_compare, scenarios_define, scenarios_run

app = typer.Typer(
    help="What-ifs: list, run, sweep, compare.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("list")(scenarios_define.list_scenarios)
app.command("show")(scenarios_define.show)
app.command("lock")(scenarios_define.lock)
app.command("run")(scenarios_run.run)
app.command("sweep")(scenarios_run.sweep)
app.command("resume")(scenarios_run.resume)
app.command("runs")(scenarios_run.runs)
app.command("diff")(scenarios_compare.diff)
app.command("bridge")(scenarios_compare.bridge)
app.command("compare")(scenarios_compare.compare)
