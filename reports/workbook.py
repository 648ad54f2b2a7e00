"""The planner's workbook: orders to decide on, exceptions, projected stock, targets, and where it all comes from.

`planner pins import` reads the decisions back; see `reports.workbook_decisions`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import xlsxwriter
from xlsxwriter.utility import xl_rowcol_to_cell

from reports.page_text import assumptions, provenance_lines
from reports.run_folder import RunFolder
from reports.texts import text
from reports.workbook_lists import Lists
from reports.workbook_sheet import (
    FILL,
    FIRST_ROW,
    MOST_ROWS,
    Field,
    Formats,
    ListSheet,
    print_setup,
    put_text,
    range_of,
    write_list,
)

FILE = "planner.xlsx"
DECISIONS = ("approve", "change", "reject")
"""What the column Decision may hold, as keys of the catalogue."""

_MOST_LINKS = 60_000
_COLOURS = {"approve": "#DDEFE3", "change": "#FFF3C4", "reject": "#F6D5D5"}
_LOW, _OUT = "#FFF3C4", "#F6D5D5"


def write_workbook(run: RunFolder, folder: Path, lang: str = "en") -> list[Path]:
    """Write planner.xlsx of a run into `folder`; the same run gives the same bytes.

    The file appears whole or not at all. Memory does not grow with the sheets: rows stream to disk.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE
    temporary = folder / f".{FILE}.writing"
    try:
        with xlsxwriter.Workbook(temporary, {"constant_memory": True}) as book:
            _Book(book, run, lang).write()
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return [path]


@dataclass(frozen=True, slots=True)
class _Entry:
    """A sheet as the overview lists it."""

    name: str
    rows: int
    about: str


class _Book:
    """One workbook while it is written: sheets in their order, the overview first."""

    def __init__(self, book: xlsxwriter.Workbook, run: RunFolder, lang: str) -> None:
        self._book, self._run, self._lang = book, run, lang
        self._formats = Formats.of(book)
        self._lists = Lists(run, lang)
        self._entries: list[_Entry] = []
        about = run.provenance
        self._home = self._text("sheets.overview")
        self._footer = self._text("footer", project=about["project"], run=about["run_id"])
        book.set_properties(
            {
                "title": self._text("title", project=about["project"]),
                "subject": f"{about['run_id']}",
                "created": datetime.fromisoformat(str(about["horizon_start"])),
            }
        )
        days = 7 if about["bucket"] == "week" else 1
        end = pd.Timestamp(about["horizon_start"]) + pd.Timedelta(days=days * int(about["horizon_buckets"]))
        book.set_custom_property("run_id", str(about["run_id"]), "text")
        book.set_custom_property("bucket_days", days)
        book.set_custom_property("horizon_end", f"{end:%Y-%m-%d}", "text")

    def _text(self, key: str, **values: object) -> str:
        return text(self._lang, f"workbook.{key}", **values)

    def write(self) -> None:
        """Write all sheets; the overview is filled in last and stands first."""
        overview = self._book.add_worksheet(self._home)
        starts = {kind: self._orders(kind) for kind in ("purchases", "deliveries")}
        self._groups("suppliers", self._lists.suppliers(), starts["purchases"])
        self._groups("stores", self._lists.stores(), starts["deliveries"])
        self._list("exceptions", self._lists.exceptions(), frozen=4)
        self._stock()
        self._list("policies", self._lists.policies(), frozen=2)
        self._list("capacity", self._lists.capacity(), frozen=2)
        self._list("pins", self._lists.pins())
        self._list("kpis", self._lists.kpis())
        self._list("data_issues", self._lists.data_issues())
        settings = assumptions(self._run.provenance.get("settings", {}))
        self._list("assumptions", self._lists.assumptions(settings))
        self._list("provenance", self._lists.provenance(provenance_lines(self._run.provenance)))
        self._overview(overview)

    def _list(self, key: str, fields: Sequence[Field], *, frozen: int = 1, part: int = 1) -> tuple[ListSheet, int]:
        name = self._text(f"sheets.{key}") + (f" {part}" if part > 1 else "")
        about = self._text(f"notes.{key}")
        sheet, rows = write_list(
            self._book,
            self._formats,
            name,
            self._text("heading", sheet=name),
            about,
            fields,
            home=self._home,
            sum_label=self._text("words.sum"),
            footer=self._footer,
            frozen=frozen,
        )
        self._entries.append(_Entry(name, rows, about))
        return sheet, rows

    def _orders(self, kind: str) -> dict[str, tuple[str, int]]:
        """Write the orders of one kind with their decisions; return sheet and row of the first of each group."""
        frame = self._lists.orders(kind)
        group = "source_id" if kind == "purchases" else "location_id"
        starts: dict[str, tuple[str, int]] = {}
        for part, begin in enumerate(range(0, max(len(frame), 1), MOST_ROWS), start=1):
            rows = frame.iloc[begin : begin + MOST_ROWS]
            fields = self._lists.order_fields(rows, kind)
            sheet, count = self._list(kind, fields, frozen=2, part=part)
            self._decisions(sheet, [field.header for field in fields], count)
            first = ~rows[group].duplicated()
            names = rows[group].to_numpy()
            for row in first.to_numpy().nonzero()[0]:
                starts.setdefault(str(names[row]), (self._entries[-1].name, FIRST_ROW + int(row)))
        return starts

    def _decisions(self, sheet: ListSheet, headers: list[str], rows: int) -> None:
        """Let people choose, colour what they chose, and show where to write."""
        words = {key: self._text(f"decisions.{key}") for key in DECISIONS}
        decision, quantity, note = (
            headers.index(self._text(f"columns.{key}")) for key in ("decision", "new_qty", "note")
        )
        sheet.data_validation(
            range_of(decision, rows).replace("$", ""),
            {
                "validate": "list",
                "source": list(words.values()),
                "error_title": self._text("columns.decision"),
                "error_message": self._text("hints.decision", choices=", ".join(words.values())),
            },
        )
        sheet.data_validation(
            range_of(quantity, rows).replace("$", ""),
            {
                "validate": "decimal",
                "criteria": ">=",
                "value": 0,
                "input_title": self._text("columns.new_qty"),
                "input_message": self._text("hints.new_qty"),
                "error_message": self._text("hints.new_qty"),
            },
        )
        cell = xl_rowcol_to_cell(FIRST_ROW, decision, col_abs=True)
        everywhere = f"A{FIRST_ROW + 1}:{xl_rowcol_to_cell(FIRST_ROW + max(rows, 1) - 1, len(headers) - 1)}"
        for key, colour in _COLOURS.items():
            chosen = self._book.add_format({"bg_color": colour})
            sheet.conditional_format(
                everywhere, {"type": "formula", "criteria": f'={cell}="{words[key]}"', "format": chosen}
            )
        inputs = f"{range_of(decision, rows)}:{range_of(note, rows)}".replace("$", "")
        first, last = inputs.split(":")[0], inputs.split(":")[-1]
        empty = self._book.add_format({"bg_color": FILL})
        sheet.conditional_format(f"{first}:{last}", {"type": "formula", "criteria": f'={cell}=""', "format": empty})

    def _groups(self, key: str, fields: list[Field], starts: Mapping[str, tuple[str, int]]) -> None:
        """Write a summary by supplier or store whose names lead to their first order."""
        ids = fields[1].values
        assert ids is not None
        places = [starts.get(str(place)) for place in ids]
        if len(places) <= _MOST_LINKS:
            links = ["" if place is None else f"internal:'{place[0]}'!A{place[1] + 1}" for place in places]
            fields = [replace(fields[0], links=links), *fields[1:]]
        self._list(key, fields)

    def _stock(self) -> None:
        """Write projected stock with one sparkline per item-location, all in one group."""
        fields, spark, first, last = self._lists.stock()
        sheet, rows = self._list("stock", fields, frozen=2)
        if rows == 0:
            return
        begin, end = FIRST_ROW, FIRST_ROW + rows - 1
        sheet.add_sparkline(
            begin,
            spark,
            {
                "location": [xl_rowcol_to_cell(row, spark) for row in range(begin, end + 1)],
                "range": [
                    f"'{self._entries[-1].name}'!{xl_rowcol_to_cell(row, first)}:{xl_rowcol_to_cell(row, last)}"
                    for row in range(begin, end + 1)
                ],
                "type": "column",
                "series_color": "#1B4965",
                "min": 0,
            },
        )
        headers = [field.header for field in fields]
        out = xl_rowcol_to_cell(begin, headers.index(self._text("columns.unmet_qty")), col_abs=True)
        safety = xl_rowcol_to_cell(begin, headers.index(self._text("columns.safety_stock_qty")), col_abs=True)
        here = xl_rowcol_to_cell(begin, first)
        cells = f"{here}:{xl_rowcol_to_cell(end, last)}"
        short = self._book.add_format({"bg_color": _OUT})
        low = self._book.add_format({"bg_color": _LOW})
        sheet.conditional_format(
            cells, {"type": "formula", "criteria": f"=AND({here}<=0,{out}>0)", "format": short, "stop_if_true": True}
        )
        sheet.conditional_format(cells, {"type": "formula", "criteria": f"={here}<{safety}", "format": low})

    def _overview(self, sheet: Any) -> None:
        """Fill in the first sheet: what run this is, its figures, what is on which sheet, how to decide."""
        about, formats = self._run.provenance, self._formats
        sheet.set_column(0, 0, 34)
        sheet.set_column(1, 1, 18)
        sheet.set_column(2, 2, 16)
        sheet.set_column(3, 4, 14)
        sheet.set_column(5, 5, 60)
        row = 0
        sheet.write_string(row, 0, self._text("title", project=about["project"]), formats.title)
        for label, value in self._lists.facts():
            row += 1
            sheet.write_string(row, 0, label, formats.note)
            put_text(sheet, row, 1, value, formats.text, formats.quoted)
        row += 2
        for column, key in enumerate(("sheet", "rows", "about")):
            sheet.write_string(row, column, self._text(f"columns.{key}"), formats.header)
        for column in (3, 4, 5):
            sheet.write_string(row, column, "", formats.header)
        for entry in self._entries:
            row += 1
            sheet.write_url(row, 0, f"internal:'{entry.name}'!A1", formats.link, entry.name)
            sheet.write_number(row, 1, entry.rows, formats.numbers["#,##0"])
            sheet.write_string(row, 2, entry.about, formats.text)
        row += 2
        sheet.write_string(row, 0, self._text("how.title"), formats.title)
        for key in ("decide", "change", "import"):
            row += 1
            sheet.write_string(row, 0, self._text(f"how.{key}"), formats.text)
        row += 2
        for column, key in enumerate(("kpi", "value", "unit", "low", "high", "source")):
            sheet.write_string(row, column, self._text(f"columns.{key}"), formats.header)
        for figure in self._lists.headline():
            row += 1
            number = formats.numbers[figure.shape]
            sheet.write_string(row, 0, figure.name, formats.text)
            for column, amount in ((1, figure.value), (3, figure.low), (4, figure.high)):
                if not pd.isna(amount):
                    sheet.write_number(row, column, amount, number)
            sheet.write_string(row, 2, figure.unit, formats.text)
            sheet.write_string(row, 5, figure.source, formats.note)
        print_setup(sheet, self._footer)
