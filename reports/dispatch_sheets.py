"""Stops of a day as CSV and Excel, their headers as the scenario names them; routes and leftovers beside them."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import xlsxwriter

from reports.dispatch_day import DispatchDay
from reports.texts import text

_ROUTES = (
    "number", "route_id", "vehicle_id", "vehicle_no", "stops", "distance_km", "duration_min", "driving_min",
    "service_min", "wait_min", "departure", "return", "load_kg", "load_m3", "utilisation", "cost", "co2e_kg",
    "co2e_source",
)  # fmt: skip
_LOADING = ("route_id", "sequence", "load_id", "order_id", "item_id", "name", "qty", "uom")
_UNASSIGNED = ("load_id", "location_id", "name", "weight_kg", "volume_m3", "reason", "fix")


def stop_columns(run_settings: Mapping[str, Any]) -> tuple[dict[str, str], Mapping[str, Any]]:
    """Return header -> column of the export of stops, and its settings, as the run's scenario sets them."""
    export = run_settings["exports"]["stops"]
    return {str(header): str(column) for header, column in export["columns"]}, export


def write_stops_csv(day: DispatchDay, path: Path) -> None:
    """Write the stops as the scenario's `exports.stops` says; every number in full."""
    columns, export = stop_columns(day.run.provenance["settings"])
    delimiter = "\t" if export["delimiter"] == "tab" else str(export["delimiter"])
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter, lineterminator="\n")
        writer.writerow(columns)
        for stop in day.stops.to_dict("records"):
            writer.writerow([_cell(stop[column], export) for column in columns.values()])


def _cell(value: Any, export: Mapping[str, Any]) -> str:
    if isinstance(value, pd.Timestamp):
        return str(value.strftime(export["date_format"]))
    if isinstance(value, float):
        return "" if pd.isna(value) else repr(round(value, 6)).replace(".", export["decimal"])
    return str(value)


def write_book(day: DispatchDay, path: Path, lang: str = "en") -> None:
    """Write the overview, the stops, what is loaded and what is on no route as one workbook.

    Text is written as text, also where it begins like a formula.
    """
    columns, _ = stop_columns(day.run.provenance["settings"])
    loading = day.lines.sort_values(["route_id", "sequence"], ascending=[True, False], kind="stable")
    with xlsxwriter.Workbook(path, {"constant_memory": True, "default_date_format": "yyyy-mm-dd"}) as book:
        book.set_properties({"created": pd.Timestamp(day.date).to_pydatetime()})  # the same day, the same bytes
        _sheet(book, text(lang, "dispatch.sheet_routes"), day.routes, {name: name for name in _ROUTES}, total=True)
        _sheet(book, text(lang, "dispatch.sheet_stops"), day.stops, columns)
        _sheet(book, text(lang, "dispatch.sheet_loading"), loading, {name: name for name in _LOADING})
        _sheet(book, text(lang, "dispatch.sheet_unassigned"), day.unassigned, {name: name for name in _UNASSIGNED})


_SUMMED = frozenset({"stops", "distance_km", "duration_min", "driving_min", "service_min", "wait_min", "load_kg",
                     "load_m3", "cost", "co2e_kg"})  # fmt: skip


def _sheet(
    book: xlsxwriter.Workbook, name: str, frame: pd.DataFrame, columns: Mapping[str, str], *, total: bool = False
) -> None:
    sheet = book.add_worksheet(name)
    head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
    strong = book.add_format({"bold": True, "top": 1, "num_format": "#,##0.00"})
    sheet.freeze_panes(1, 0)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    for n, (header, column) in enumerate(columns.items()):
        sheet.set_column(n, n, _width(header, frame[column]))
        sheet.write_string(0, n, header, head)
    for row, record in enumerate(frame.to_dict("records"), 1):
        for n, column in enumerate(columns.values()):
            value = record[column]
            if isinstance(value, pd.Timestamp):
                sheet.write_datetime(row, n, value.to_pydatetime())
            elif isinstance(value, str):
                sheet.write_string(row, n, value)
            elif not pd.isna(value):
                sheet.write_number(row, n, value)
    if total:
        for n, column in enumerate(columns.values()):
            if column in _SUMMED:
                sheet.write_number(len(frame) + 1, n, float(frame[column].sum()), strong)
    if len(frame):
        sheet.autofilter(0, 0, len(frame), len(columns) - 1)


def _width(header: str, values: Sequence[Any] | pd.Series) -> float:
    texts = [value for value in values if isinstance(value, str)]
    return min(44.0, max([8.0, len(header) + 2.0, *(len(value) + 2.0 for value in texts)]))
