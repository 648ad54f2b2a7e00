"""What dispatchers and drivers take away: for every day and depot a folder of sheets, maps and files for machines."""

from __future__ import annotations

import datetime
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from reports.dispatch_day import DispatchDay, dispatch_days
from reports.dispatch_map import day_map
from reports.dispatch_page import write_overview
from reports.dispatch_sheets import write_book, write_stops_csv
from reports.geo import write_geojson
from reports.gpx import write_gpx
from reports.kml import write_kml
from reports.manifests import write_loading_lists, write_manifests
from reports.run_folder import RunFolder
from reports.vroom_plan import write_vroom

FOLDER = "dispatch"
_FORBIDDEN = frozenset('<>:"/\\|?*%')


def write_dispatch(run: RunFolder, folder: Path, date: datetime.date | None, lang: str = "en") -> list[Path]:
    """Write `dispatch/DATE/DEPOT/` for every depot of a day, or of every day; return the files.

    The same run gives the same bytes. Each file is written aside and moved into its place.

    Raises
    ------
    RunFolderError
        There are no routes on that day.
    """
    written: list[Path] = []
    for day in dispatch_days(run, date):
        target = folder / FOLDER / f"{day.date:%Y-%m-%d}" / file_name(day.depot_id)
        target.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=".writing-", dir=target))
        try:
            for name, write in _files(day, lang).items():
                write(aside / name)
                os.replace(aside / name, target / name)
                written.append(target / name)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    return written


def _files(day: DispatchDay, lang: str) -> dict[str, Callable[[Path], None]]:
    overview: dict[str, Callable[[Path], None]] = {
        "overview.html": lambda path: write_overview(day, path, lang),
        "dispatch.xlsx": lambda path: write_book(day, path, lang),
        "vroom.json": lambda path: write_vroom(day, path),
    }
    if day.routes.empty:
        return overview
    return {
        "manifests.pdf": lambda path: write_manifests(day, path, lang),
        "loading-lists.pdf": lambda path: write_loading_lists(day, path, lang),
        **overview,
        "map.svg": lambda path: _write_text(path, day_map(day, lang)),
        "stops.csv": lambda path: write_stops_csv(day, path),
        "routes.geojson": lambda path: write_geojson(_only(day), path),
        "routes.gpx": lambda path: write_gpx(day, path),
        "routes.kml": lambda path: write_kml(day, path),
    }


def _write_text(path: Path, content: str) -> None:
    path.write_text(content, encoding="utf-8")


def _only(day: DispatchDay) -> RunFolder:
    """Return the run with the routes of the day alone."""
    stops = day.run.tables["stops"]
    mine = stops[stops["route_id"].isin(day.routes["route_id"])]
    routes = day.routes.drop(columns="number")
    return RunFolder(day.run.path, {**day.run.tables, "routes": routes, "stops": mine}, day.run.provenance)


def file_name(depot_id: str) -> str:
    """Return a depot's key as a name that every file system takes; different keys stay different."""
    name = "".join(f"%{ord(c):02X}" if c in _FORBIDDEN or ord(c) < 32 else c for c in depot_id)
    if name.strip(". ") != name:
        name = "".join(f"%{ord(c):02X}" if c in ". " else c for c in name)
    return name
