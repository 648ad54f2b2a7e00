"""What a person sees in the terminal: progress bars, tables, notes. All of it on stderr but results."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

_WIDE = 400
"""Characters of a line where no terminal says how many it has: a file or another program reads it."""

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.table import Table


@contextmanager
def progress_bars(quiet: bool) -> Iterator[Callable[[str, int, int], None] | None]:
    """Yield a progress callback that draws one bar per task, or None where nobody looks."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description:<28}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks = {}

        def update(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done, total=total)

        yield update


def note(text: str, quiet: bool = False) -> None:
    """Write a line for people to stderr."""
    if not quiet:
        sys.stderr.write(text.rstrip() + "\n")


def show_rows(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table to stdout; numbers to the right. Cells are folded only where a terminal is too narrow."""
    from rich.console import Console

    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else _WIDE
    Console(soft_wrap=False, width=width).print(_table(title, header, rows))


def _table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(title=title or None, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for column, name in enumerate(header):
        numeric = bool(rows) and all(_is_number(row[column]) for row in rows)
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def _is_number(text: str) -> bool:
    return text.strip().rstrip("%").replace(",", "").replace(".", "", 1).replace("-", "", 1).strip().isdigit()
