"""One sheet of the planner's workbook: a list with a header, filters, totals of what is shown, and print setup.

Rows stream to disk one after the other (xlsxwriter's constant memory), so a sheet of 100,000 rows takes no
more memory than one of 100. Excel's own tables need all rows in memory, so lists have filters instead.
Text is written as text, whatever it begins with.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from math import isnan
from typing import Any, Literal
from xml.sax.saxutils import escape

import numpy as np
import numpy.typing as npt
import pandas as pd
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name, xl_range_abs
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

Kind = Literal["text", "quantity", "money", "price", "count", "days", "share", "figure", "date", "input"]

TOTAL_ROW = 2
HEADER_ROW = 3
FIRST_ROW = HEADER_ROW + 1
MOST_ROWS = 1_000_000
INK, MUTED, RULE, HEAD, FILL = "#1F2933", "#5F6C7B", "#C9D1DA", "#1B4965", "#FFF8DC"

_MOST_TEXT = 32_767
_CHUNK = 5_000
_SAMPLE = 20_000
_ESCAPED = re.compile("(_x[0-9a-fA-F]{4}_)")
_FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff\ud800-\udfff]")
_FORMULA_SIGNS = ("=", "+", "-", "@")
_EPOCH = np.datetime64("1899-12-30")
_NUMBER_FORMATS: Mapping[Kind, str] = {
    "money": "#,##0.00",
    "price": "#,##0.0000",
    "count": "#,##0",
    "days": "#,##0.0",
    "share": "0.0%",
    "figure": "#,##0.00##",
    "date": "yyyy-mm-dd",
}


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a list.

    Attributes
    ----------
    header : with the unit.
    values : one per row: text, numbers (NaN is an empty cell) or datetime64; None for cells to be filled in.
    total : whether the sum of what the filter shows stands above the header.
    width : characters; None fits the header and the values.
    links : one per row, where the text leads to; empty for nowhere.
    """

    header: str
    kind: Kind
    values: pd.Series | None
    total: bool = False
    width: float | None = None
    links: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Formats:
    """Cell formats of a workbook, made once."""

    title: Format
    note: Format
    header: Format
    input_header: Format
    sums: Mapping[str, Format]
    text: Format
    quoted: Format
    link: Format
    numbers: Mapping[str, Format]

    @classmethod
    def of(cls, book: Workbook) -> Formats:
        """Return the formats of `book`."""
        base = {"font_name": "Calibri", "font_size": 10, "font_color": INK, "valign": "top"}
        head = base | {"bold": True, "font_color": "white", "bg_color": HEAD, "text_wrap": True, "valign": "vcenter"}
        numbers = {*_NUMBER_FORMATS.values(), "#,##0.0", "#,##0.00", "General"}
        return cls(
            title=book.add_format(base | {"bold": True, "font_size": 14}),
            note=book.add_format(base | {"font_color": MUTED}),
            header=book.add_format(head),
            input_header=book.add_format(head | {"bg_color": "#B7791F"}),
            sums={text: book.add_format(base | {"bold": True, "num_format": text}) for text in sorted(numbers)},
            text=book.add_format(base),
            quoted=book.add_format(base | {"quote_prefix": True}),
            link=book.add_format(base | {"font_color": "#1B4965", "underline": 1}),
            numbers={text: book.add_format(base | {"num_format": text}) for text in sorted(numbers)},
        )


class ListSheet(Worksheet):  # type: ignore[misc]
    """A worksheet for long lists: twice as fast as its base for plain text and numbers, which it writes exactly.

    It also leaves text alone that looks like xlsxwriter's own rich text (`<r>...</r>`), which would break the file.
    """

    def put(self, row: int, column: int, value: Any, form: Format, *, is_text: bool, quoted: Format) -> None:
        """Write one cell; nothing where it is empty."""
        if is_text:
            if value:
                cut = value[:_MOST_TEXT]
                self._write_string(row, column, cut, quoted if cut.startswith(_FORMULA_SIGNS) else form)
        elif not isnan(value):
            self._write_number(row, column, value, form)

    def _write_cell(self, row: int, col: int, cell: Any) -> None:
        kind = cell.__class__.__name__
        if kind == "Number" and cell.format:
            form = cell.format._get_xf_index()
            self.fh.write(f'<c r="{_letters(col)}{row + 1}" s="{form}"><v>{float(cell.number)!r}</v></c>')
        elif kind == "String" and cell.format:
            form = cell.format._get_xf_index()
            self.fh.write(
                f'<c r="{_letters(col)}{row + 1}" s="{form}" t="inlineStr"><is>{_inline(cell.string)}</is></c>'
            )
        else:
            super()._write_cell(row, col, cell)


@cache
def _letters(column: int) -> str:
    return str(xl_col_to_name(column))


@lru_cache(maxsize=50_000)
def _inline(value: str) -> str:
    """Return text as an element of a cell; signs that XML forbids are written as Excel writes them, _x000B_."""
    shown = _ESCAPED.sub(r"_x005F\1", value)
    shown = _FORBIDDEN.sub(lambda sign: f"_x{ord(sign.group()):04X}_", shown)
    space = ' xml:space="preserve"' if value != value.strip() or "\n" in value else ""
    return f"<t{space}>{escape(shown)}</t>"


def put_text(sheet: Worksheet, row: int, column: int, value: str, form: Format, quoted: Format) -> None:
    """Write one text cell as text."""
    if value:
        cut = value[:_MOST_TEXT]
        sheet.write_string(row, column, cut, quoted if cut.startswith(_FORMULA_SIGNS) else form)


def write_list(
    book: Workbook,
    formats: Formats,
    name: str,
    title: str,
    note: str,
    fields: Sequence[Field],
    *,
    home: str,
    sum_label: str,
    footer: str,
    frozen: int = 1,
) -> tuple[ListSheet, int]:
    """Write a list on a sheet of its own; return the sheet and the number of rows.

    Parameters
    ----------
    name, title, note : of the sheet; a line above the list.
    home : name of the sheet that the title links to. sum_label : beside the sums of what the filter shows.
    footer : printed at the bottom of every page.
    frozen : columns that stay in sight.
    """
    rows = max((len(field.values) for field in fields if field.values is not None), default=0)
    sheet: ListSheet = book.add_worksheet(name, ListSheet)
    shapes = [_number_format(field) for field in fields]
    for column, (field, shape) in enumerate(zip(fields, shapes, strict=True)):
        sheet.set_column(column, column, _width(field, shape))
    sheet.set_row(HEADER_ROW, 15 * max(_lines(field) for field in fields))
    sheet.write_url(0, 0, f"internal:'{home}'!A1", formats.title, title)
    sheet.write_string(1, 0, note, formats.note)
    last = FIRST_ROW + max(rows, 1) - 1
    if any(field.total for field in fields):
        sheet.write_string(TOTAL_ROW, 0, sum_label, formats.note)
    for column, (field, shape) in enumerate(zip(fields, shapes, strict=True)):
        if field.total and field.values is not None:
            letter = xl_col_to_name(column)
            formula = f"=SUBTOTAL(109,{letter}{FIRST_ROW + 1}:{letter}{last + 1})"
            total = float(np.nansum(field.values.to_numpy(dtype=np.float64)))
            sheet.write_formula(TOTAL_ROW, column, formula, formats.sums[shape], total)
    for column, field in enumerate(fields):
        head = formats.input_header if field.kind == "input" else formats.header
        sheet.write_string(HEADER_ROW, column, field.header, head)
    _write_rows(sheet, fields, shapes, formats, rows)
    sheet.autofilter(HEADER_ROW, 0, last, len(fields) - 1)
    sheet.freeze_panes(FIRST_ROW, frozen)
    print_setup(sheet, footer)
    sheet.repeat_rows(HEADER_ROW)
    return sheet, rows


def print_setup(sheet: Worksheet, footer: str) -> None:
    """Print on A4, landscape, one page wide, with the run and the page number at the bottom."""
    sheet.hide_gridlines(0)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    sheet.set_footer(f"&L&8{footer.replace('&', '&&')[:180]}&R&8&P / &N")


def range_of(column: int, rows: int) -> str:
    """Return the cells of a column of a list, absolute."""
    return str(xl_range_abs(FIRST_ROW, column, FIRST_ROW + max(rows, 1) - 1, column))


def _write_rows(sheet: ListSheet, fields: Sequence[Field], shapes: Sequence[str], formats: Formats, rows: int) -> None:
    """Write the cells row by row, as streaming asks for."""
    linked = [(column, field) for column, field in enumerate(fields) if field.links]
    written = [
        (column, field, formats.text if field.kind == "text" else formats.numbers[shape])
        for column, (field, shape) in enumerate(zip(fields, shapes, strict=True))
        if field.values is not None and not field.links
    ]
    quoted, put = formats.quoted, sheet.put
    for start in range(0, rows, _CHUNK):
        chunks = [(column, _cells(field, start), form, field.kind == "text") for column, field, form in written]
        for offset in range(min(_CHUNK, rows - start)):
            for column, cells, form, is_text in chunks:
                put(FIRST_ROW + start + offset, column, cells[offset], form, is_text=is_text, quoted=quoted)
            for column, field in linked:
                _put_link(sheet, FIRST_ROW + start + offset, column, field, start + offset, formats)


def _put_link(sheet: ListSheet, row: int, column: int, field: Field, index: int, formats: Formats) -> None:
    assert field.values is not None
    words = _FORBIDDEN.sub(" ", str(field.values.iloc[index]))[:_MOST_TEXT]  # XlsxWriter passes them to the link as is
    if field.links[index]:
        sheet.write_url(row, column, field.links[index], formats.link, words)
    else:
        put_text(sheet, row, column, words, formats.text, formats.quoted)


def _cells(field: Field, start: int) -> list[Any]:
    """Return a chunk of values as Excel keeps them: text, numbers, days since 1899-12-30."""
    assert field.values is not None
    part = field.values.iloc[start : start + _CHUNK]
    if field.kind == "text":
        return list(part)
    numbers = serial_days(part) if field.kind == "date" else part.to_numpy(dtype=np.float64)
    return list(numbers.tolist())


def serial_days(dates: pd.Series) -> npt.NDArray[np.float64]:
    """Return Excel's day numbers; NaN for NaT."""
    since = dates.to_numpy(dtype="datetime64[D]") - _EPOCH.astype("datetime64[D]")
    days: npt.NDArray[np.float64] = since.astype(np.float64)
    days[dates.isna().to_numpy()] = np.nan
    return days


def _number_format(field: Field) -> str:
    """Return the number format of a column; quantities have as many digits as they need, at most two."""
    if field.kind != "quantity" or field.values is None:
        return _NUMBER_FORMATS.get(field.kind, "General")
    values = field.values.to_numpy(dtype=np.float64)
    values = values[np.isfinite(values)]
    for digits, shape in ((0, "#,##0"), (1, "#,##0.0")):
        if np.allclose(values, values.round(digits), rtol=0.0, atol=1e-9):
            return shape
    return "#,##0.00"


def _width(field: Field, shape: str) -> float:
    """Return a width in characters that the values and the words of the header fit into."""
    if field.width is not None:
        return field.width
    words = max((shown_width(word) for word in field.header.split()), default=0)
    if words > len(field.header):  # Chinese: breaks anywhere
        words = -(-words // 2)
    cells = max((shown_width(text) for text in _shown(field, shape)), default=0)
    least = 7.0 if field.kind == "text" else 10.0
    return float(min(max(words + 2.5, 1.1 * cells + 2.0, least), 48.0))


def _lines(field: Field) -> int:
    """Return how many lines the header takes in its column; Chinese breaks between any two characters."""
    room = _width(field, _number_format(field)) - 2.0
    spaced = " " in field.header
    lines, used = 1, 0
    for word in field.header.split() if spaced else list(field.header):
        width = shown_width(word) + int(spaced)
        if used and used + width - int(spaced) > room:
            lines, used = lines + 1, 0
        used += width
    return min(max(lines, 2), 5)


def _shown(field: Field, shape: str) -> Iterator[str]:
    if field.values is None or not len(field.values):
        return
    if field.kind == "text":
        sample = field.values.iloc[:: max(len(field.values) // _SAMPLE, 1)]
        yield from sample.unique().tolist()
    elif field.kind == "date":
        yield "2000-00-00"
    else:
        biggest = np.nanmax(np.abs(np.append(field.values.to_numpy(dtype=np.float64), 0.0)))
        digits = len(shape.partition(".")[2].rstrip("%"))
        yield f"{biggest * (100 if shape.endswith('%') else 1):,.{digits}f}"


def shown_width(text: str) -> int:
    """Return how many characters wide a text is; East Asian characters are two."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)
