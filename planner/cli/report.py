"""`planner report`: write the page and the map of a run again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from planner.cli.options import RunArgument


def report(
    run: RunArgument,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder for report.html and routes.geojson; default: the run.")
    ] = None,
) -> None:
    """Write report.html (one file, works offline) and routes.geojson of a run folder."""
    import sys

    from reports.geo import write_geojson
    from reports.page import write_page
    from reports.run_folder import read_run

    finished = read_run(run)
    folder = run if output is None else output
    folder.mkdir(parents=True, exist_ok=True)
    for path, write in ((folder / "report.html", write_page), (folder / "routes.geojson", write_geojson)):
        write(finished, path)
        sys.stdout.write(f"{path}\n")
