"""`planner scenarios run | sweep | resume | runs`: plan many what-ifs, go on after an interruption, list them."""

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
    SetOption,
    TimeLimitOption,
)

RunsArgument = Annotated[Path, typer.Argument(help="Folder with the runs of a sweep.", show_default=False)]


def run(
    project: ProjectArgument,
    names: Annotated[list[str], typer.Argument(help="Named scenarios; `baseline` is the file as it is.")],
    overrides: SetOption = None,
    as_of: AsOfOption = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder for the run folders; default: runs in the project.")
    ] = None,
    time_limit: TimeLimitOption = None,
    pages: Annotated[
        bool, typer.Option("--pages", help="Also write CSV, report.html and routes.geojson, as `planner run` does.")
    ] = False,
    workers: WorkersOption = None,
    cluster: ClusterOption = None,
    no_cache: NoCacheOption = False,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Plan one or several named scenarios; each gets a run folder. What ran before is replaced."""
    from planner.cli.hiring import hire, hire_for_parts, tell_declined
    from planner.cli.screen import progress_bars
    from planner.cli.sweep_summary import report, say_how_to_go_on
    from planner.engine.frozen import named_members, project_root
    from planner.engine.member import run_member
    from planner.engine.sweep import run_tasks
    from planner.engine.task import Task
    from planner.engine.workers import ThisProcess

    members = named_members(project, names, overrides or [])
    runs = _local(output) if output is not None else project_root(project) / "runs"
    alone = len(members) == 1
    tasks = [
        Task(
            project.absolute(),
            member,
            runs.absolute(),
            _cache_folder(no_cache),
            time_limit,
            pages=pages,
            threads=None if alone else 1,
            as_of=as_of.date() if as_of is not None else None,
        )
        for member in members
    ]
    with progress_bars(quiet or as_json) as progress, say_how_to_go_on(None, quiet):
        if alone:
            with hire_for_parts(workers, cluster) as (helpers, at_once):
                here = ThisProcess(lambda task: run_member(task, progress, helpers, at_once))
                result = run_tasks(runs, tasks, here, anew=True)
            tell_declined(helpers, quiet)
        else:
            result = run_tasks(runs, tasks, hire(workers, cluster, len(tasks)), anew=True, progress=progress)
    report(result, quiet=quiet, as_json=as_json)


def sweep(
    project: ProjectArgument,
    name: Annotated[str, typer.Argument(metavar="SWEEP", help="Sweep of scenario.yaml.", show_default=False)],
    overrides: SetOption = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="New folder for the runs; default: runs/SWEEP in the project.")
    ] = None,
    time_limit: TimeLimitOption = None,
    workers: WorkersOption = None,
    cluster: ClusterOption = None,
    no_cache: NoCacheOption = False,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Plan every scenario of a sweep. The list is frozen first; an interrupted sweep goes on with `resume`."""
    from planner.cli.hiring import hire
    from planner.cli.screen import progress_bars
    from planner.cli.sweep_summary import report, say_how_to_go_on
    from planner.engine.frozen import freeze, project_root
    from planner.engine.sweep import begin_sweep

    runs = _local(output) if output is not None else project_root(project) / "runs" / name
    frozen = freeze(project, name, overrides or [], time_limit)
    with progress_bars(quiet or as_json) as progress, say_how_to_go_on(runs, quiet):
        staff = hire(workers, cluster, len(frozen.members))
        result = begin_sweep(runs, frozen, staff, cache=_cache_folder(no_cache), progress=progress)
    report(result, quiet=quiet, as_json=as_json)


def resume(
    runs: RunsArgument,
    workers: WorkersOption = None,
    cluster: ClusterOption = None,
    no_cache: NoCacheOption = False,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Go on with a sweep that was interrupted; what has ended is not planned again."""
    from planner.cli.hiring import hire
    from planner.cli.screen import progress_bars
    from planner.cli.sweep_summary import report, say_how_to_go_on
    from planner.engine.frozen import read_frozen
    from planner.engine.sweep import resume_sweep

    frozen = read_frozen(runs)
    with progress_bars(quiet or as_json) as progress, say_how_to_go_on(runs, quiet):
        staff = hire(workers, cluster, len(frozen.members))
        result = resume_sweep(runs, staff, cache=_cache_folder(no_cache), progress=progress)
    report(result, quiet=quiet, as_json=as_json)


def runs(
    runs: Annotated[Path, typer.Argument(help="Runs folder, or project whose runs are meant.", show_default=False)],
    status: Annotated[
        list[str] | None, typer.Option("--status", help="Only runs that ended so, for example infeasible.")
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option("--where", metavar="PATH=VALUE", help="Only runs with this swept value; several must all hold."),
    ] = None,
    kpis: Annotated[
        list[str] | None, typer.Option("--kpi", help="Key figure to show; default: simulated cost and fill rate.")
    ] = None,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Make the index again from the folders first.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List the runs of a folder with their swept values and key figures, thousands at once."""
    from planner.cli.sweep_summary import show_runs

    show_runs(runs, status or [], where or [], kpis or [], rebuild=rebuild, as_json=as_json)


def _local(runs: Path) -> Path:
    """Return the folder; many runs need an index beside them, which no bucket can hold."""
    from planner.cli.edge import UsageError
    from reports.places import LocalPlace, PlaceError, place_of

    try:
        place = place_of(runs)
    except PlaceError as error:
        raise UsageError(str(error)) from error
    if not isinstance(place, LocalPlace):
        raise UsageError(
            f"{runs}: many runs stand in a local folder or on a shared disk, not in a bucket. Write a single one there "
            "with `planner run --scenario NAME --output URL`."
        )
    return place.path


def _cache_folder(no_cache: bool) -> Path | None:
    from planner.engine.cache import default_folder

    return None if no_cache else default_folder()
