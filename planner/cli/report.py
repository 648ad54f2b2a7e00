"""`planner report`: write what people take away from a run: page, planner's workbook, driver's sheets, deck."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from reports.run_folder import RunFolder

RunsArgument = Annotated[
    list[Path],
    typer.Argument(
        metavar="RUN...", help="Run folder written by `planner run`; several for management.", show_default=False
    ),
]


class Reader(StrEnum):
    """Whom a report is for."""

    planner = "planner"
    dispatch = "dispatch"
    management = "management"


class Language(StrEnum):
    """Languages of the reports."""

    en = "en"
    zh = "zh"


def report(
    runs: RunsArgument,
    reader: Annotated[
        Reader | None,
        typer.Option("--for", help="planner: workbook; dispatch: driver's sheets; management: page and deck."),
    ] = None,
    date: Annotated[
        str | None, typer.Option("--date", metavar="YYYY-MM-DD", help="Only this day (dispatch); default: every day.")
    ] = None,
    lang: Annotated[Language, typer.Option("--lang", help="Language of the words in it.")] = Language.en,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder to write into; default: the run folder.")
    ] = None,
) -> None:
    """Write the reports of a finished run; without --for report.html (one file, works offline) and routes.geojson."""
    import sys

    from planner.cli.edge import UsageError
    from reports.run_folder import read_run

    if len(runs) > 1 and reader is not Reader.management:
        raise UsageError(f"{len(runs)} runs were named: only --for management compares several. Name one.")
    if reader is None and lang is not Language.en:
        raise UsageError("report.html is in English only. Say with --for whose report is wanted in another language.")
    day = _day(date, reader)
    finished = [read_run(run) for run in runs]
    folder = runs[0] if output is None else output
    with _made_for(folder):
        written = _write(finished, reader, folder, day, lang.value)
    for path in written:
        sys.stdout.write(f"{path}\n")


@contextmanager
def _made_for(folder: Path) -> Iterator[None]:
    """Make the folder; where nothing comes of it, because the run turns out to be damaged, remove it again."""
    new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        if new and not any(folder.iterdir()):
            folder.rmdir()
        raise


def _day(date: str | None, reader: Reader | None) -> datetime.date | None:
    from planner.cli.edge import UsageError

    if date is None:
        return None
    if reader is not Reader.dispatch:
        raise UsageError("--date is for --for dispatch only: the other reports cover the whole horizon.")
    try:
        return datetime.date.fromisoformat(date)
    except ValueError:
        raise UsageError(f"{date!r} is no date. Write --date as YYYY-MM-DD, for example 2015-11-24.") from None


def _write(
    runs: list[RunFolder], reader: Reader | None, folder: Path, day: datetime.date | None, lang: str
) -> list[Path]:
    """Write the reports for one reader; return their paths."""
    if reader is Reader.planner:
        from reports.order_export import write_order_export
        from reports.workbook import write_workbook

        return [*write_workbook(runs[0], folder, lang), *write_order_export(runs[0], folder)]
    if reader is Reader.dispatch:
        from reports.dispatch import write_dispatch

        return write_dispatch(runs[0], folder, day, lang)
    if reader is Reader.management:
        from reports.management import write_management

        return write_management(runs, folder, lang)
    from reports.geo import write_geojson
    from reports.page import write_page

    pages = {folder / "report.html": write_page, folder / "routes.geojson": write_geojson}
    for path, write in pages.items():
        write(runs[0], path)
    return list(pages)
