"""`planner cache`: what is kept of earlier runs, and how to remove it."""

from __future__ import annotations

import typer

from planner.cli.options import JsonOption

app = typer.Typer(
    help="Results of stages kept from earlier runs: status, clear.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command("status")
def status(as_json: JsonOption = False) -> None:
    """Show where stage results are kept, how many, their size by stage and the oldest use.

    Results are found by the content they were made from, so they are never out of date; when the folder is
    above its limit, those that were not used for longest are removed.
    """
    import json
    import sys

    from planner.cli.screen import show_rows
    from planner.engine.cache import StageCache

    found = StageCache().status()
    if as_json:
        figures = {
            "folder": str(found.folder),
            "entries": found.entries,
            "size_bytes": found.size,
            "limit_bytes": found.limit,
            "oldest_use": _instant(found.oldest),
            "newest_use": _instant(found.newest),
            "stages": {name: {"entries": n, "size_bytes": size} for name, (n, size) in found.stages.items()},
        }
        sys.stdout.write(json.dumps(figures, indent=2) + "\n")
        return
    rows = [(name, f"{n:,}", _megabytes(size)) for name, (n, size) in found.stages.items()]
    show_rows("", ("stage", "results", "MB"), [*rows, ("all", f"{found.entries:,}", _megabytes(found.size))])
    sys.stdout.write(f"Folder: {found.folder}\n")
    sys.stdout.write(f"Limit: {_megabytes(found.limit)} MB, then what was not used for longest is removed.\n")
    if found.entries:
        sys.stdout.write(f"Least recently used: {_instant(found.oldest)}\n")


@app.command("clear")
def clear(as_json: JsonOption = False) -> None:
    """Remove all kept stage results; the next run computes everything."""
    import json
    import sys

    from planner.engine.cache import StageCache

    before = StageCache().clear()
    if as_json:
        figures = {"folder": str(before.folder), "removed": before.entries, "size_bytes": before.size}
        sys.stdout.write(json.dumps(figures, indent=2) + "\n")
    else:
        sys.stdout.write(f"Removed {before.entries:,} results, {_megabytes(before.size)} MB, from {before.folder}.\n")


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f}"


def _instant(seconds: float | None) -> str | None:
    """Return an instant in UTC, ISO 8601."""
    from datetime import UTC, datetime

    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
