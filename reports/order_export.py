"""Orders for another system: CSV and Excel in the words and the order of columns that the scenario file gives.

`order_id` (with `run_id`, where plans follow each other) is the key: the same run gives the same rows, so a
file that is read twice changes nothing.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xlsxwriter

from reports.run_folder import RunFolder, RunFolderError
from reports.workbook_sheet import MOST_ROWS, ListSheet, serial_days

FILE = "orders_export"
_DECIMALS = 6
_CHUNK = 10_000
_DELIMITERS = {"tab": "\t"}


def write_order_export(run: RunFolder, folder: Path) -> list[Path]:
    """Write orders_export.csv and orders_export.xlsx into `folder`, whole or not at all; return their paths.

    Dates, the decimal sign and the delimiter of the CSV file are those of `exports.orders`; the Excel file
    holds dates and numbers as such, and ids as text. CSV is UTF-8 and exact: nothing is put before cells that
    a spreadsheet would take for a formula.

    Raises
    ------
    RunFolderError
        The run does not say how to export orders: it was written by an older version.
    """
    settings = run.provenance.get("settings", {}).get("exports", {}).get("orders")
    if settings is None:
        raise RunFolderError(
            f"{run.path} does not say how to export orders (exports.orders in its settings): it was written by an "
            "older version of the planner. Run `planner run` again."
        )
    columns = [(str(header), str(column)) for header, column in settings["columns"]]
    orders = run.tables["replenishment_orders"].sort_values("order_id", ignore_index=True)
    frame = orders.assign(currency=run.provenance["currency"], run_id=run.provenance["run_id"])
    frame = frame[[column for _, column in columns]]
    headers = [header for header, _ in columns]
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for suffix, write in ((".csv", _write_csv), (".xlsx", _write_excel)):
        path = folder / f"{FILE}{suffix}"
        temporary = folder / f".{FILE}{suffix}.writing"
        try:
            write(temporary, headers, frame, settings)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        written.append(path)
    return written


def _chunks(frame: pd.DataFrame) -> Iterator[tuple[int, list[pd.Series]]]:
    for start in range(0, len(frame), _CHUNK):
        part = frame.iloc[start : start + _CHUNK]
        yield start, [part.iloc[:, column] for column in range(part.shape[1])]


def _write_csv(path: Path, headers: Sequence[str], frame: pd.DataFrame, settings: Mapping[str, Any]) -> None:
    delimiter, decimal = str(settings["delimiter"]), str(settings["decimal"])
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=_DELIMITERS.get(delimiter, delimiter), lineterminator="\r\n")
        writer.writerow(headers)
        for _, columns in _chunks(frame):
            texts = [_as_text(column, str(settings["date_format"]), decimal) for column in columns]
            writer.writerows(zip(*texts, strict=True))


def _as_text(column: pd.Series, date_format: str, decimal: str) -> list[str]:
    """Return cells as text: dates by their format, numbers without the noise of binary fractions."""
    if pd.api.types.is_datetime64_any_dtype(column):
        return [str(cell) for cell in column.dt.strftime(date_format).fillna("")]
    if pd.api.types.is_numeric_dtype(column):
        return ["" if np.isnan(number) else _number(number).replace(".", decimal) for number in column.tolist()]
    return [str(cell) for cell in column]


def _number(value: float) -> str:
    text = f"{value:.{_DECIMALS}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _write_excel(path: Path, headers: Sequence[str], frame: pd.DataFrame, _: Mapping[str, Any]) -> None:
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        book.set_properties({"created": pd.Timestamp("2000-01-01").to_pydatetime()})
        bold, text = book.add_format({"bold": True}), book.add_format({"num_format": "@"})
        date, number = book.add_format({"num_format": "yyyy-mm-dd"}), book.add_format({"num_format": "General"})
        for part in range(0, max(len(frame), 1), MOST_ROWS):
            sheet: ListSheet = book.add_worksheet(
                "orders" if part == 0 else f"orders {part // MOST_ROWS + 1}", ListSheet
            )
            for column, header in enumerate(headers):
                sheet.set_column(column, column, max(len(header) + 2, 14))
                sheet.write_string(0, column, header, bold)
            sheet.freeze_panes(1, 0)
            for start, columns in _chunks(frame.iloc[part : part + MOST_ROWS]):
                kinds = [_kind(column) for column in columns]
                forms = [{"text": text, "date": date, "number": number}[kind] for kind in kinds]
                cells = [
                    (serial_days(column) if kind == "date" else column).tolist()
                    for column, kind in zip(columns, kinds, strict=True)
                ]
                for offset in range(len(columns[0])):
                    for n, (values, kind) in enumerate(zip(cells, kinds, strict=True)):
                        sheet.put(start + offset + 1, n, values[offset], forms[n], is_text=kind == "text", quoted=text)


def _kind(column: pd.Series) -> str:
    if pd.api.types.is_datetime64_any_dtype(column):
        return "date"
    return "number" if pd.api.types.is_numeric_dtype(column) else "text"
