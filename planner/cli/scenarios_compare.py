"""`planner scenarios diff | bridge | compare`: what changed between runs, why, and which are worth having."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from planner.cli.options import JsonOption, ProjectArgument, QuietOption, SetOption, ThreadsOption

OutputOption = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="Folder for comparison.html and the tables as CSV and Parquet."),
]
WithinOption = Annotated[
    Path,
    typer.Option("--in", metavar="FOLDER", help="Runs folder, or project, in which run names are looked up."),
]


def diff(
    a: Annotated[str, typer.Argument(metavar="A", help="Run folder, or name of a run.", show_default=False)],
    b: Annotated[str, typer.Argument(metavar="B", help="Run folder, or name of a run.", show_default=False)],
    within: WithinOption = Path("."),
    output: OutputOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what differs between two runs: inputs, settings, orders and why, routes, key figures."""
    from planner.cli.comparison_text import show_difference
    from planner.cli.runs_named import find_run
    from reports.compare import diff_runs
    from reports.comparison_files import write_difference
    from reports.run_folder import read_run

    runs = [read_run(find_run(name, within)) for name in (a, b)]
    difference = diff_runs(runs[0], runs[1])
    written = write_difference(difference, output) if output is not None else []
    show_difference(difference, written, as_json=as_json)


def bridge(
    project: ProjectArgument,
    start: Annotated[str, typer.Argument(metavar="FROM", help="Named scenario, or baseline.", show_default=False)],
    end: Annotated[str, typer.Argument(metavar="TO", help="Named scenario, or baseline.", show_default=False)],
    overrides: SetOption = None,
    output: OutputOption = None,
    threads: ThreadsOption = None,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Plan the way from one scenario to another and split the change of every key figure by patch and setting."""
    import tempfile

    from planner.cli.comparison_text import show_difference
    from planner.cli.screen import progress_bars
    from planner.engine.bridge import bridge_scenarios
    from planner.engine.cache import StageCache
    from reports.compare import diff_runs
    from reports.comparison_files import refuse_foreign_comparison, write_difference
    from reports.run_folder import read_run

    if output is not None:
        refuse_foreign_comparison(output)
    with tempfile.TemporaryDirectory() as scratch:
        ends = Path(scratch) / "from" / start, Path(scratch) / "to" / end
        with progress_bars(quiet or as_json) as progress:
            made = bridge_scenarios(
                project,
                start,
                end,
                overrides=overrides or [],
                ends=ends,
                cache=StageCache(),
                threads=threads,
                progress=progress,
            )
        planned = [read_run(path) for path in ends if path.exists()]  # one, where the scenarios are the same
        difference = diff_runs(planned[0], planned[-1], made)
        written = write_difference(difference, output) if output is not None else []
        show_difference(difference, written, as_json=as_json)


def compare(
    runs: Annotated[
        list[str], typer.Argument(help="Runs folder or project, or several run folders.", show_default=False)
    ],
    baseline: Annotated[
        str | None, typer.Option("--baseline", help="Run that differences are taken to; default: the baseline.")
    ] = None,
    output: OutputOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put many runs side by side: key figures, differences, and the efficient frontier of service, stock and cost."""
    from planner.cli.comparison_text import show_comparison
    from planner.cli.runs_named import gather_kpis
    from reports.comparison_files import write_comparison
    from reports.frontier import compare_kpis

    gathered = gather_kpis(runs, baseline)
    comparison = compare_kpis(gathered.kpis, gathered.baseline)
    written = write_comparison(comparison, output, gathered.title) if output is not None else []
    show_comparison(comparison, gathered.shown, gathered.notes, written, as_json=as_json)
