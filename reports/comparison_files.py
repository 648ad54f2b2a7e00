"""A comparison on disk: its tables as Parquet and CSV, one page, and a summary; written whole and renamed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from reports.compare import Difference
from reports.comparison_page import write_difference_page, write_scenarios_page
from reports.comparison_tables import COMPARED
from reports.frontier import Comparison
from reports.places import PlaceError, place_of
from reports.run_folder import RunFolderError
from reports.table_files import write_table

SUMMARY = "comparison.json"
PAGE = "comparison.html"


def write_difference(difference: Difference, folder: Path | str) -> list[Path]:
    """Write the comparison of two runs and return the files that a person opens first.

    Raises
    ------
    RunFolderError
        The target exists and is not a comparison.
    """
    summary = {
        "a": {"name": difference.a.name, "run_id": difference.a.run_id},
        "b": {"name": difference.b.name, "run_id": difference.b.run_id},
        "currency": difference.currency,
        "bridge_method": difference.bridge_method,
    }
    _write(folder, difference.tables, summary, lambda path: write_difference_page(difference, path))
    names = [PAGE, "kpi_changes.csv", "order_changes.csv", "route_changes.csv"]
    return [Path(folder) / name for name in (*names, *(["bridge.csv"] if "bridge" in difference.tables else []))]


def write_comparison(comparison: Comparison, folder: Path | str, title: str) -> list[Path]:
    """Write the comparison of many scenarios and return the files that a person opens first.

    Raises
    ------
    RunFolderError
        The target exists and is not a comparison.
    """
    tables = {"scenario_kpis": comparison.kpis, "frontier": comparison.frontier}
    summary = {"baseline": comparison.baseline, "scenarios": list(comparison.scenarios)}
    _write(folder, tables, summary, lambda path: write_scenarios_page(comparison, path, title))
    return [Path(folder) / name for name in (PAGE, "frontier.csv", "scenario_kpis.csv")]


def refuse_foreign_comparison(folder: Path | str) -> None:
    """Never replace what is not a comparison.

    Raises
    ------
    RunFolderError
        Something else is there, or the filesystem cannot be opened.
    """
    try:
        place = place_of(folder)
    except PlaceError as error:
        raise RunFolderError(str(error)) from error
    names = place.names()
    if place.exists() and SUMMARY not in names and (names or Path(folder).is_file()):
        raise RunFolderError(f"{folder} exists and is not a comparison. Name another one; nothing was written.")


def _write(
    folder: Path | str,
    tables: Mapping[str, pd.DataFrame],
    summary: Mapping[str, Any],
    page: Callable[[Path], None],
) -> None:
    refuse_foreign_comparison(folder)
    place = place_of(folder)
    new = place.prepare()
    try:
        written = {name: write_table(new, COMPARED[name], table) for name, table in tables.items()}
        about = {**summary, "tables": written}
        text = json.dumps(about, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"
        (new / SUMMARY).write_text(text, encoding="utf-8")
        page(new / PAGE)
        place.put(new, SUMMARY)
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise
