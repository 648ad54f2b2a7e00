"""Decisions that people wrote into the planner's workbook, read back; every fault with its sheet, row and column.

Columns are found by their headers, in any language of the catalogue, so they may be moved or hidden, and rows
sorted or filtered. The orders of one item-location and bucket have one quantity: where one of them is decided
upon, its undecided siblings are kept as they were planned.
"""

from __future__ import annotations

import datetime as dt
import math
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import openpyxl

from reports.texts import meanings

Choice = Literal["approve", "change", "reject", "sibling"]
_CHOICES: Mapping[str, Choice] = {"approve": "approve", "change": "change", "reject": "reject"}
_NEEDED = ("order_id", "item_id", "location_id", "receipt_date", "bucket_start", "qty", "decision", "new_qty")
_MOST_HEADER_ROW = 10
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person wants of one order.

    Attributes
    ----------
    choice : approve, change or reject; sibling: undecided itself, kept because of another order of its bucket.
    qty : base units wanted.
    author, note : as written, may be empty.
    """

    order_id: str
    item_id: str
    location_id: str
    receipt_date: dt.date
    bucket_start: dt.date
    choice: Choice
    qty: float
    author: str
    note: str
    sheet: str
    row: int


@dataclass(frozen=True, slots=True)
class Fault:
    """Something in the workbook that cannot be taken: where (row "" for the whole sheet), what, and what to do."""

    sheet: str
    row: str
    column: str
    value: str
    message: str
    action: str


@dataclass(slots=True)
class Decisions:
    """What a workbook says.

    Attributes
    ----------
    run_id : the run that it was made from. bucket_days : calendar days of a bucket.
    horizon_end : first day after the horizon; pins from then on have no effect.
    decisions : those with a decision, and their siblings.
    faults : none of the decisions should be used where there is one.
    """

    run_id: str = ""
    bucket_days: int = 7
    horizon_end: dt.date = dt.date.max
    decisions: list[Decision] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Row:
    """Cells of an order by key, and where they are."""

    sheet: str
    row: int
    cells: Mapping[str, Any]
    headers: Mapping[str, str]

    def text(self, key: str) -> str:
        """Return a cell as text."""
        value = self.cells.get(key)
        if isinstance(value, float) and value.is_integer():
            value = int(value)  # some programs make numbers of ids
        return "" if value is None else str(value).strip()

    def fault(self, key: str, message: str, action: str) -> Fault:
        """Return a fault of one cell."""
        return Fault(self.sheet, str(self.row), self.headers.get(key, key), self.text(key), message, action)


def read_decisions(path: Path) -> Decisions:
    """Read the decisions of a workbook that `reports.workbook` wrote and people filled in."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl warns about styles and sparklines, never about cells
        return _read(path)


def _read(path: Path) -> Decisions:
    found = Decisions()
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except Exception as error:  # openpyxl lets errors of zip, XML and its own through
        what = "does not exist" if isinstance(error, FileNotFoundError) else "is not a readable Excel workbook"
        found.faults.append(
            Fault(path.name, "", "", "", f"{path} {what}.", "Name planner.xlsx of a run, saved as .xlsx.")
        )
        return found
    about = {prop.name: prop.value for prop in book.custom_doc_props.props}
    found.run_id = str(about.get("run_id", ""))
    found.bucket_days = int(about.get("bucket_days", 7))
    found.horizon_end = dt.date.fromisoformat(str(about.get("horizon_end", dt.date.max)))
    rows: dict[str, _Row] = {}
    sheets = 0
    for sheet in book.worksheets:
        sheet.reset_dimensions()
        listed = _orders(sheet, found.faults)
        sheets += listed is not None
        for row in listed or ():
            twin = rows.setdefault(row.text("order_id"), row)
            if twin is not row:
                here = f"The order stands in row {twin.row} of {twin.sheet} too."
                found.faults.append(row.fault("order_id", here, "Keep one of the rows."))
    book.close()
    if not found.run_id or not sheets:
        message = "This is no planner's workbook: no sheet of it has orders with the column Decision."
        action = "Write one with `planner report RUN --for planner`, decide in it and keep its sheets and headers."
        found.faults.append(Fault(path.name, "", "", "", message, action))
    _decide(list(rows.values()), found)
    return found


def _orders(sheet: Any, faults: list[Fault]) -> list[_Row] | None:
    """Return the orders of a sheet; None where it is not a list of orders."""
    words = meanings("workbook.columns")
    columns: dict[str, int] = {}
    headers: dict[str, str] = {}
    out: list[_Row] = []
    for number, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
        if not columns:
            if number > _MOST_HEADER_ROW:
                return None
            keys = {words.get(str(cell).strip()): place for place, cell in enumerate(cells) if cell is not None}
            if "order_id" in keys and "decision" in keys:
                columns = {key: place for key, place in keys.items() if key is not None}
                headers = {key: str(cells[place]).strip() for key, place in columns.items()}
                missing = [key for key in _NEEDED if key not in columns]
                if missing:
                    names = ", ".join(sorted(_header(key) for key in missing))
                    message = f"The sheet lacks the columns {names}."
                    faults.append(
                        Fault(sheet.title, str(number), "", "", message, "Put them back, with these headers.")
                    )
                    return []
            continue
        row = {key: cells[place] for key, place in columns.items() if place < len(cells)}
        if row.get("order_id") is not None:
            out.append(_Row(sheet.title, number, row, headers))
    return out if columns else None


def _header(key: str) -> str:
    return next(words for words, known in meanings("workbook.columns").items() if known == key)


def _decide(rows: list[_Row], found: Decisions) -> None:
    """Turn rows into decisions and faults."""
    known = {words.casefold(): key for words, key in meanings("workbook.decisions").items()}
    decided: dict[int, Choice] = {}
    for index, row in enumerate(rows):
        written = row.text("decision")
        key = known.get(written.casefold(), "")
        if key in _CHOICES:
            decided[index] = _CHOICES[key]
        elif written:
            choices = ", ".join(_CHOICES)
            found.faults.append(row.fault("decision", f"{written!r} is no decision.", f"Choose one of {choices}."))
        elif row.text("new_qty"):
            message = "There is a new quantity, but no decision."
            found.faults.append(row.fault("new_qty", message, "Choose change, or clear the quantity."))
    cells: dict[tuple[str, str, str], list[int]] = {}
    for index, row in enumerate(rows):
        cells.setdefault((row.text("item_id"), row.text("location_id"), row.text("bucket_start")), []).append(index)
    for index in sorted(index for members in cells.values() if decided.keys() & set(members) for index in members):
        one = _decision(rows[index], decided.get(index, "sibling"), found.faults)
        if one is not None:
            found.decisions.append(one)


def _decision(row: _Row, choice: Choice, faults: list[Fault]) -> Decision | None:
    """Return one decision, None where it has a fault."""
    before = len(faults)
    day, bucket = _day(row, "receipt_date", faults), _day(row, "bucket_start", faults)
    planned = _quantity(row, "qty", faults)
    wanted = {"reject": 0.0, "change": None}.get(choice, planned)
    if choice == "change":
        if row.text("new_qty"):
            wanted = _quantity(row, "new_qty", faults)
            faults.extend(_misfits(row, wanted))
        else:
            faults.append(row.fault("new_qty", "The order is to change, but there is no new quantity.", "Write it."))
    elif row.text("new_qty") and choice != "sibling":
        message = f"There is a new quantity, but the decision is {choice}."
        faults.append(row.fault("new_qty", message, "Choose change, or clear the quantity."))
    if len(faults) > before or day is None or bucket is None or wanted is None:
        return None
    return Decision(
        order_id=row.text("order_id"),
        item_id=row.text("item_id"),
        location_id=row.text("location_id"),
        receipt_date=day,
        bucket_start=bucket,
        choice=choice,
        qty=wanted,
        author=row.text("author"),
        note=row.text("note"),
        sheet=row.sheet,
        row=row.row,
    )


def _misfits(row: _Row, wanted: float | None) -> Iterator[Fault]:
    """Yield what is wrong with a new quantity that no plan could keep."""
    if wanted is None or wanted == 0:
        return
    pack, least = _number(row.cells.get("pack_qty")), _number(row.cells.get("moq_qty"))
    if pack and abs(wanted / pack - round(wanted / pack)) > _ROUNDING:
        near = {max(math.floor(wanted / pack), 0) * pack, math.ceil(wanted / pack) * pack}
        choices = " or ".join(f"{qty:g}" for qty in sorted(near))
        yield row.fault("new_qty", f"It is no whole number of packs of {pack:g}.", f"Write {choices}.")
    elif least and wanted < least * (1 - _ROUNDING):
        yield row.fault("new_qty", f"It is below the smallest order of {least:g}.", f"Write {least:g} or more, or 0.")


def _quantity(row: _Row, key: str, faults: list[Fault]) -> float | None:
    value = _number(row.cells.get(key))
    if value is None or value < 0:
        faults.append(row.fault(key, "It is no quantity.", "Write a number of base units, 0 or more."))
        return None
    return value


def _number(value: Any) -> float | None:
    """Return a cell as a number, None where it is none."""
    if isinstance(value, bool):
        return None
    try:
        number = float(str(value).strip().replace("\u00a0", ""))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _day(row: _Row, key: str, faults: list[Fault]) -> dt.date | None:
    value = row.cells.get(key)
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    try:
        return dt.date.fromisoformat(str(value).strip()[:10])
    except ValueError:
        faults.append(row.fault(key, "It is no date.", "Put back the date of the workbook as it was made."))
        return None
