"""Sheets of paper for the dock and the cab: a driver's manifest and a loading list for every route of a day.

A4, large type. A route that fits on one page in one of three sizes of type takes one page; a longer one breaks
between stops, with the heading and the header of the list on every page and "page x of y" of the route below.
The same day gives the same bytes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    LongTable,
    NextPageTemplate,
    PageBreak,
    PageTemplate,
    Paragraph,
    TableStyle,
)

from reports.dispatch_day import DispatchDay, clock, place_in_words
from reports.pdf_text import draw, has_asian, markup, shortened, width_of
from reports.texts import text

_INK, _SOFT, _LINE, _BAND = HexColor("#1b1b1b"), HexColor("#5a5a5a"), HexColor("#8c8c8c"), HexColor("#eeece6")
_LEFT, _TOP, _BOTTOM = 12 * mm, 38 * mm, 14 * mm
_WIDTH = A4[0] - 2 * _LEFT
_HEIGHT = A4[1] - _TOP - _BOTTOM
_SCALES = (1.0, 0.9, 0.8)
"""Sizes of type, the largest first; 1 is 12 points for names and 15 for times."""

Build = Callable[[DispatchDay, pd.Series, float, str], Flowable]


@dataclass(frozen=True, slots=True)
class _Section:
    """One route in a document: heading, and what stands below it."""

    title: str
    lines: tuple[str, str]
    body: Flowable


def write_manifests(day: DispatchDay, path: Path, lang: str = "en") -> None:
    """Write the driver's manifest of every route: stops in order, windows, loads, notes, proof of delivery."""
    _write(path, "manifest", _sections(day, _manifest, lang), day, lang)


def write_loading_lists(day: DispatchDay, path: Path, lang: str = "en") -> None:
    """Write what is loaded first: the stops of every route from the last to the first, with their items."""
    _write(path, "loading_list", _sections(day, _loading_list, lang), day, lang)


def _sections(day: DispatchDay, build: Build, lang: str) -> list[_Section]:
    sections = []
    for _, route in day.routes.iterrows():
        vehicle = f"{route['vehicle_id']} {route['vehicle_no']}"
        title = text(lang, "dispatch.route_title", number=route["number"], vehicle=vehicle)
        out, back = clock(route["departure"], day.date), clock(route["return"], day.date)
        times = f"{day.depot['name']}    {text(lang, 'dispatch.out_and_back', out=out, back=back)}"
        figures = text(
            lang,
            "dispatch.route_figures",
            stops=route["stops"],
            km=f"{route['distance_km']:,.1f}",
            kg=f"{route['load_kg']:,.1f}",
            m3=f"{route['load_m3']:,.2f}",
        )
        sections.append(_Section(title, (times, figures), _on_one_page(build, day, route, lang)))
    return sections


def _on_one_page(build: Build, day: DispatchDay, route: pd.Series, lang: str) -> Flowable:
    """Return the list in the largest type that fits on a page, in the largest of all where none does."""
    largest = build(day, route, _SCALES[0], lang)
    high = largest.wrap(_WIDTH, _HEIGHT)[1]
    if high < _HEIGHT:
        return largest
    if high * _SCALES[-1] < 1.1 * _HEIGHT:  # else no smaller type can be enough
        for scale in _SCALES[1:]:
            smaller = build(day, route, scale, lang)
            if smaller.wrap(_WIDTH, _HEIGHT)[1] < _HEIGHT:
                return smaller
    return largest


def _manifest(day: DispatchDay, route: pd.Series, scale: float, lang: str) -> Flowable:
    words = {key: text(lang, f"dispatch.{key}") for key in ("number", "arrive", "stop", "load", "received")}
    rows: list[list[Any]] = [[_cell(words[key], 9, scale, bold=True) for key in words]]
    stops = day.stops_of(route["route_id"])
    visits = Counter(stop["location_id"] for stop in stops)
    breaks = day.breaks_of(route["route_id"])
    rows += [_break_row(taken, day, scale, lang) for taken in breaks.get(0, [])]
    for stop in stops:
        window = f"{clock(stop['window_start'], day.date)}–{clock(stop['window_end'], day.date)}"
        where = [(str(stop["name"]), 12, True)]
        if stop["name"] != stop["location_id"]:
            where.append((str(stop["location_id"]), 9, False))
        place = place_in_words(stop["address"], stop["latitude"], stop["longitude"])
        where += [(place, 10, False)] if place else []
        where += [(note, 10, True) for note in _notes(stop, visits[stop["location_id"]], day, lang)]
        load = [
            (f"{stop['weight_kg']:,.1f} kg", 12, True),
            (f"{stop['volume_m3']:,.2f} m³", 10, False),
            (text(lang, "dispatch.lines", lines=stop["lines"]), 10, False),
        ]
        rows.append(
            [
                _cell(str(stop["sequence"]), 15, scale, bold=True),
                [_cell(clock(stop["eta"], day.date), 15, scale, bold=True), _cell(window, 9, scale)],
                [_cell(words_, size, scale, bold=bold) for words_, size, bold in where],
                [_cell(words_, size, scale, bold=bold) for words_, size, bold in load],
                _cell(text(lang, "dispatch.signature"), 7.5, scale, soft=True),
            ]
        )
        rows += [_break_row(taken, day, scale, lang) for taken in breaks.get(stop["sequence"], [])]
    back = text(lang, "dispatch.back", depot=day.depot["name"], time=clock(route["return"], day.date))
    rows.append(["", "", _cell(back, 11, scale, bold=True), "", ""])
    widths = [12 * mm, 25 * mm, 0, 30 * mm, 44 * mm]
    widths[2] = _WIDTH - sum(widths)
    table = LongTable(rows, colWidths=widths, repeatRows=1)
    table.setStyle(_style(scale, len(rows), boxes=4))
    return table


def _break_row(taken: dict[str, Any], day: DispatchDay, scale: float, lang: str) -> list[Any]:
    times = clock(taken["start"], day.date), clock(taken["end"], day.date)
    words = text(lang, "dispatch.break", minutes=f"{taken['duration_min']:.0f}", until=times[1])
    return ["", _cell(times[0], 15, scale, bold=True), _cell(words, 11, scale, bold=True), "", ""]


def _notes(stop: dict[Any, Any], visits: int, day: DispatchDay, lang: str) -> list[str]:
    notes = []
    if stop["wait_min"] >= 1:
        until = clock(stop["window_start"], day.date)
        notes.append(text(lang, "dispatch.wait", minutes=f"{stop['wait_min']:.0f}", until=until))
    if visits > 1:
        notes.append(text(lang, "dispatch.several_loads", loads=visits))
    return notes


def _loading_list(day: DispatchDay, route: pd.Series, scale: float, lang: str) -> Flowable:
    words = {key: text(lang, f"dispatch.{key}") for key in ("loaded", "stop", "item", "quantity")}
    rows: list[list[Any]] = [[_cell(words[key], 9, scale, bold=True) for key in words]]
    bands = []
    lines = dict(iter(day.lines[day.lines["route_id"] == route["route_id"]].groupby("sequence")))
    for stop in reversed(day.stops_of(route["route_id"])):
        bands.append(len(rows))
        weight = f"{stop['weight_kg']:,.1f} kg, {stop['volume_m3']:,.2f} m³"
        head = [_cell(str(stop["name"]), 12, scale, bold=True)]
        rows.append(["", _cell(str(stop["sequence"]), 13, scale, bold=True), head, _cell(weight, 10, scale, bold=True)])
        for line in lines.get(stop["sequence"], day.lines.head(0)).to_dict("records"):
            named = str(line["name"]) if line["name"] == line["item_id"] else f"{line['name']} · {line['item_id']}"
            rows.append(["", "", _cell(named, 10, scale), _cell(f"{line['qty']:,.6g} {line['uom']}", 10, scale)])
    widths = [18 * mm, 16 * mm, 0, 46 * mm]
    widths[2] = _WIDTH - sum(widths)
    table = LongTable(rows, colWidths=widths, repeatRows=1)
    style = _style(scale, len(rows), boxes=0)
    for row in bands:
        style.add("BACKGROUND", (0, row), (-1, row), _BAND)
        style.add("NOSPLIT", (0, row), (-1, min(row + 1, len(rows) - 1)))
    for row in set(range(1, len(rows))) - set(bands):
        style.add("BOX", (0, row), (0, row), 0.8, _LINE)
    table.setStyle(style)
    return table


def _style(scale: float, rows: int, *, boxes: int) -> TableStyle:
    pad = 2.6 * scale
    style = TableStyle(
        [
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("BACKGROUND", (0, 0), (-1, 0), _BAND),
            ("LINEBELOW", (0, 0), (-1, -1), 0.5, _LINE),
            ("TOPPADDING", (0, 0), (-1, -1), pad),
            ("BOTTOMPADDING", (0, 0), (-1, -1), pad + 1.4),
            ("LEFTPADDING", (0, 0), (-1, -1), 3),
            ("RIGHTPADDING", (0, 0), (-1, -1), 3),
        ]
    )
    if boxes:
        style.add("BOX", (boxes, 1), (boxes, max(1, rows - 2)), 0.8, _INK)
        style.add("INNERGRID", (boxes, 1), (boxes, max(1, rows - 2)), 0.8, _INK)
    return style


def _cell(words: str, size: float, scale: float, *, bold: bool = False, soft: bool = False) -> Paragraph:
    points = size * scale
    style = ParagraphStyle(
        "cell",
        fontName="Helvetica",
        fontSize=points,
        leading=1.18 * points,
        textColor=_SOFT if soft else _INK,
        wordWrap="CJK" if has_asian(words) else None,
    )
    return Paragraph(markup(words, bold=bold), style)


def _write(path: Path, kind: str, sections: Sequence[_Section], day: DispatchDay, lang: str) -> None:
    """Build the document; every route has its own pages and its own count of them."""
    document = BaseDocTemplate(
        str(path),
        pagesize=A4,
        invariant=1,
        title=f"{kind} {day.date:%Y-%m-%d} {day.depot_id}",
        creator="supply-planner",
    )
    story: list[Flowable] = []
    for number, section in enumerate(sections):
        frame = Frame(_LEFT, _BOTTOM, _WIDTH, _HEIGHT, leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0)
        template = PageTemplate(str(number), [frame], onPage=_heading(section, kind, day, lang))
        document.addPageTemplates(template)
        if number:
            story += [NextPageTemplate(str(number)), PageBreak()]
        story.append(section.body)
    document.build(story, canvasmaker=_counting(lang))


def _heading(section: _Section, kind: str, day: DispatchDay, lang: str) -> Callable[[Canvas, Any], None]:
    date = text(
        lang, "dispatch.date", day=text(lang, f"dispatch.weekday.{day.date.weekday()}"), date=f"{day.date:%Y-%m-%d}"
    )
    signer = text(lang, "dispatch.driver" if kind == "manifest" else "dispatch.loader")
    named = text(lang, f"dispatch.{kind}")
    source = f"{day.depot_id} · {text(lang, 'dispatch.run', run=day.run.provenance['run_id'])}"

    def paint(canvas: Canvas, _: Any) -> None:
        right, top = _LEFT + _WIDTH, A4[1]
        canvas.setFillColor(_INK)
        draw(canvas, right, top - 15 * mm, date, 13, bold=True, right=True)
        room = _WIDTH - width_of(date, 13, bold=True) - 6 * mm
        draw(canvas, _LEFT, top - 15 * mm, shortened(section.title, 18, room, bold=True), 18, bold=True)
        draw(canvas, right, top - 22 * mm, named, 11, right=True)
        room = _WIDTH - width_of(named, 11) - 6 * mm
        draw(canvas, _LEFT, top - 22 * mm, shortened(section.lines[0], 12, room), 12)
        draw(canvas, _LEFT, top - 28 * mm, section.lines[1], 12)
        draw(canvas, right - 62 * mm, top - 28 * mm, signer, 9)
        canvas.setStrokeColor(_LINE)
        canvas.line(right - 62 * mm + width_of(signer, 9) + 2 * mm, top - 28.5 * mm, right, top - 28.5 * mm)
        canvas.setFillColor(_SOFT)
        draw(canvas, _LEFT, 8 * mm, source, 8)
        canvas.section = section.title

    return paint


def _counting(lang: str) -> type[Canvas]:
    """Return a canvas that writes "page x of y" of each section once all pages are known."""

    class Counting(Canvas):  # type: ignore[misc]
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            self._pages: list[dict[str, Any]] = []
            self.section = ""

        def showPage(self) -> None:  # noqa: N802 - reportlab's name
            self._pages.append(dict(self.__dict__))
            self._startPage()

        def save(self) -> None:
            sections = [page["section"] for page in self._pages]
            done = ""
            for number, page in enumerate(self._pages):
                self.__dict__.update(page)
                here = sections[number]
                if here != done:
                    self.bookmarkPage(f"section {number}")
                    self.addOutlineEntry(here, f"section {number}", 0)
                    first = number
                done = here
                count = text(lang, "dispatch.page", page=number - first + 1, pages=sections.count(here))
                self.setFillColor(_SOFT)
                draw(self, _LEFT + _WIDTH, 8 * mm, count, 9, right=True)
                super().showPage()
            super().save()

    return Counting
