"""`planner init`: start a project from a shipped example."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def init(
    folder: Annotated[Path, typer.Argument(help="Folder to make.", show_default=False)],
    example: Annotated[str, typer.Option("--example", help="Shipped example to start from.")] = "iowa",
) -> None:
    """Make a project folder with a scenario file and tables, ready to change and run."""
    import os
    import shutil
    import sys
    import tempfile

    from planner.cli.edge import UsageError
    from scenarios.examples import example_folder, example_names

    if example not in example_names():
        raise UsageError(f"There is no example '{example}'. Shipped examples: {', '.join(example_names())}.")
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"The folder {folder} is not empty. Name a new folder; nothing was written.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        shutil.copytree(
            example_folder(example),
            staging,
            dirs_exist_ok=True,
            ignore=shutil.ignore_patterns("*.py", "__pycache__"),
        )
        staging.chmod(0o755)
        os.replace(staging, folder)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    sys.stdout.write(f"{folder}\nNext: planner run {folder}\n")
