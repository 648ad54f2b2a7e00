"""`planner init`: start a project from a shipped example, or from data in a foreign form."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def init(
    folder: Annotated[Path, typer.Argument(help="Folder to make.", show_default=False)],
    source: Annotated[
        Path | None, typer.Argument(help="With --from: the folder that holds the data.", show_default=False)
    ] = None,
    example: Annotated[str, typer.Option("--example", help="Shipped example to start from.")] = "iowa",
    form: Annotated[
        str | None,
        typer.Option("--from", metavar="FORM", help="Form of the data in SOURCE: vn2 (the VN2 inventory challenge)."),
    ] = None,
) -> None:
    """Make a project folder with a scenario file and tables, ready to change and run."""
    import os
    import shutil
    import sys
    import tempfile

    from planner.cli.edge import UsageError
    from scenarios.examples import example_folder, example_names

    if form not in {None, "vn2"}:
        raise UsageError(f"There is no form '{form}'. Forms that --from takes: vn2.")
    if (form is None) != (source is None):
        raise UsageError("Data in a foreign form need both: planner init DIR --from vn2 FOLDER_WITH_THE_DATA.")
    if example not in example_names():
        raise UsageError(f"There is no example '{example}'. Shipped examples: {', '.join(example_names())}.")
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"The folder {folder} is not empty. Name a new folder; nothing was written.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        if source is None:
            shutil.copytree(
                example_folder(example),
                staging,
                dirs_exist_ok=True,
                ignore=shutil.ignore_patterns("*.py", "__pycache__"),
            )
        else:
            from scenarios.vn2 import write_vn2_project

            write_vn2_project(source, staging)
        staging.chmod(0o755)
        os.replace(staging, folder)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    sys.stdout.write(f"{folder}\nNext: planner run {folder}\n")
