"""The `planner` command: every group of commands in one tree. Heavy imports live inside commands."""

from __future__ import annotations

import typer

from planner.cli import (
    backtest,
    cache,
    check,
    demo,
    doctor,
    explain,
    init,
    pins,
    report,
    routes,
    routes_import,
    run,
    scenarios,
    simulate,
)
from planner.cli.edge import run_at_edge

app = typer.Typer(
    name="planner",
    help="From raw sales to tomorrow's trucks: forecast, order, load, route - and say why and how good.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("demo")(demo.demo)
app.command("init")(init.init)
app.command("check")(check.check)
app.command("run")(run.run)
app.command("backtest")(backtest.backtest)
app.command("simulate")(simulate.simulate)
app.command("explain")(explain.explain)
app.command("report")(report.report)
app.command("doctor")(doctor.doctor)
routes.app.command("import")(routes_import.import_routes)
app.add_typer(routes.app, name="routes")
app.add_typer(scenarios.app, name="scenarios")
app.add_typer(cache.app, name="cache")
app.add_typer(pins.app, name="pins")


@app.callback(invoke_without_command=True)
def _version(version: bool = typer.Option(False, "--version", help="Show the version and stop.")) -> None:
    if version:
        from importlib.metadata import version as installed

        typer.echo(f"planner {installed('supply-planner')}")
        raise typer.Exit


def main() -> None:
    """Run the command line; errors become a message and an exit code in `edge`."""
    run_at_edge(app)
