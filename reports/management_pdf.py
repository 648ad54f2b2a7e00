"""management.pdf: the report on A4 paper, landscape; the same story gives the same bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reportlab.graphics.shapes import Circle, Drawing, Rect, String
from reportlab.graphics.shapes import Line as Stroke
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Flowable,
    Frame,
    KeepTogether,
    LongTable,
    PageTemplate,
    Paragraph,
    Spacer,
    TableStyle,
)
from reportlab.platypus import Table as Grid

from reports.management_charts import Box, Dot, Label, Line, Picture, picture
from reports.management_model import Cell, Part, Story, Table
from reports.pdf_text import draw, has_asian, markup, runs_of, shortened, width_of
from reports.texts import text

_INK, _SOFT, _RULE = HexColor("#1b2430"), HexColor("#56616e"), HexColor("#d9d3c7")
_TONES = {"good": HexColor("#0b5a7d"), "bad": HexColor("#9c3a17")}
_PAGE = landscape(A4)
_LEFT, _TOP, _BOTTOM = 15 * mm, 16 * mm, 17 * mm
_WIDTH = _PAGE[0] - 2 * _LEFT
_GAP = 10 * mm


def write_management_pdf(story: Story, path: Path) -> None:
    """Write the report as PDF."""
    document = BaseDocTemplate(
        str(path), pagesize=_PAGE, invariant=1, title=f"{story.kicker}: {story.title}", author="planner",
        lang=story.lang,
    )  # fmt: skip
    frame = Frame(_LEFT, _BOTTOM, _WIDTH, _PAGE[1] - _TOP - _BOTTOM, 0, 0, 0, 0)
    document.addPageTemplates(PageTemplate(frames=[frame], onPage=lambda canvas, _: _foot(canvas, story)))
    flow: list[Flowable] = [_text(f"{story.kicker} · {story.title} · {story.subtitle}", 10, colour=_SOFT)]
    for n, part in enumerate(story.parts):
        flow += _part(part, story, first=n == 0)
    document.build(flow)


def _foot(canvas: Any, story: Story) -> None:
    canvas.setFillColor(_SOFT)
    draw(canvas, _LEFT, 9 * mm, shortened(story.footer, 8, _WIDTH - 30 * mm), 8)
    draw(canvas, _PAGE[0] - _LEFT, 9 * mm, str(canvas.getPageNumber()), 8, right=True)


def _part(part: Part, story: Story, *, first: bool) -> list[Flowable]:
    head: list[Flowable] = [Bookmark(part.key, part.title), _text(part.title, 24 if first else 17, bold=True)]
    head += [_text(line, 11 if first else 9.5, colour=_INK if first else _SOFT) for line in part.lines]
    head.append(Spacer(0, 3 * mm))
    if part.tiles:
        head.append(_tiles(part, story.lang))
    charts = [picture(chart, (_WIDTH - _GAP) / 2 if len(part.charts) > 1 else 0.75 * _WIDTH) for chart in part.charts]
    if charts:
        titles = [_text(chart.title, 9.5, bold=True) for chart in part.charts]
        cells = [[title, _drawing(chart)] for title, chart in zip(titles, charts, strict=True)]
        grid = Grid([cells], colWidths=[_WIDTH / len(cells)] * len(cells))
        grid.setStyle(TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 0)]))
        head.append(grid)
    flow: list[Flowable] = [] if first else [CondPageBreak((120 if part.charts else 70) * mm), Spacer(0, 8 * mm)]
    flow.append(KeepTogether(head))
    for table in part.tables:
        flow += [CondPageBreak(35 * mm), Spacer(0, 3 * mm), _text(table.caption, 9, bold=True)]
        flow.append(_table(table, anchors=part.key == "sources"))
    if part.sources:
        said = text(story.lang, "management.from_rows", sources=part.sources)
        flow += [Spacer(0, 2 * mm), _text(said, 7.5, colour=_SOFT)]
    return flow


class Bookmark(Flowable):  # type: ignore[misc, unused-ignore]
    """An entry of the outline of the document; takes no space."""

    def __init__(self, key: str, title: str) -> None:
        super().__init__()
        self._key, self._title = key, title

    def wrap(self, *_: float) -> tuple[float, float]:
        """Return that it needs no space."""
        return 0, 0

    def draw(self) -> None:
        """Put the entry into the outline."""
        self.canv.bookmarkPage(self._key)
        self.canv.addOutlineEntry(self._title, self._key, 0)


def _text(
    words: str, size: float, *, bold: bool = False, colour: Any = _INK, right: bool = False, before: str = ""
) -> Paragraph:
    style = ParagraphStyle(
        "text", fontSize=size, leading=1.3 * size, textColor=colour, alignment=2 if right else 0,
        spaceAfter=0.35 * size if size > 8.5 else 0, wordWrap="CJK" if has_asian(words) else None,
    )  # fmt: skip
    return Paragraph(before + markup(words, bold=bold), style)


def _tiles(part: Part, lang: str) -> Flowable:
    columns = [
        [_text(tile.label, 8, colour=_SOFT), _linked(Cell(tile.value, tile.ref), 15, bold=True),
         _text(tile.change, 8, colour=_SOFT)]
        for tile in part.tiles
    ]  # fmt: skip
    grid = Grid([[column[n] for column in columns] for n in range(3)], colWidths=[_WIDTH / len(columns)] * len(columns))
    grid.setStyle(
        TableStyle(
            [
                ("LINEABOVE", (0, 0), (-1, 0), 0.8, _INK),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ]
        )
    )
    return grid


def _table(table: Table, *, anchors: bool) -> Flowable:
    sizes = 8.0
    scale = _WIDTH / sum(table.widths)
    rows = [[_text(name, sizes, bold=True, right=n in table.numbers) for n, name in enumerate(table.columns)]]
    for number, row in enumerate(table.rows, start=1):
        last = table.total and number == len(table.rows)
        cells = []
        for n, cell in enumerate(row):
            anchor = f'<a name="row-{number}"/>' if anchors and n == 0 else ""
            cells.append(_linked(cell, sizes, bold=last or bool(cell.tone), right=n in table.numbers, before=anchor))
        rows.append(cells)
    grid = LongTable(rows, colWidths=[width * scale for width in table.widths], repeatRows=1)
    lines: list[tuple[Any, ...]] = [
        ("LINEBELOW", (0, 0), (-1, 0), 0.8, _INK),
        ("LINEBELOW", (0, 1), (-1, -1), 0.3, _RULE),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 2),
        ("RIGHTPADDING", (0, 0), (-1, -1), 5),
        ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
    ]
    if table.total:
        lines.append(("LINEABOVE", (0, -1), (-1, -1), 0.8, _INK))
    grid.setStyle(TableStyle(lines))
    return grid


def _linked(cell: Cell, size: float, *, bold: bool = False, right: bool = False, before: str = "") -> Paragraph:
    """Return a cell; one that stands on a row of the sources leads there."""
    paragraph = _text(cell.text, size, bold=bold, colour=_TONES.get(cell.tone, _INK), right=right, before=before)
    if cell.ref:
        linked = f'<a href="#row-{cell.ref}">{markup(cell.text, bold=bold)}</a>'
        return Paragraph(before + linked, paragraph.style)
    return paragraph


def _drawing(chart: Picture) -> Drawing:
    drawing = Drawing(chart.width, chart.height)
    for shape in chart.shapes:
        for mark in _marks(shape, chart):
            drawing.add(mark)
    return drawing


def _marks(shape: Box | Line | Dot | Label, chart: Picture) -> list[Any]:
    """Return a shape as reportlab draws it: y counts upwards, a text is one string per font."""
    top = chart.height
    if isinstance(shape, Box):
        y = top - shape.y - shape.height
        return [Rect(shape.x, y, shape.width, shape.height, fillColor=HexColor(shape.fill), strokeColor=None)]
    if isinstance(shape, Line):
        return [Stroke(shape.x1, top - shape.y1, shape.x2, top - shape.y2, strokeColor=HexColor(shape.colour),
                       strokeWidth=0.7)]  # fmt: skip
    if isinstance(shape, Dot):
        fill, stroke = HexColor(shape.fill), HexColor(shape.stroke)
        return [Circle(shape.x, top - shape.y, shape.radius, fillColor=fill, strokeColor=stroke)]
    size, marks = chart.size - 2.0, []
    wide = width_of(shape.text, size, bold=shape.bold)
    x = shape.x - {"start": 0.0, "middle": wide / 2, "end": wide}[shape.anchor]
    for font, part in runs_of(shape.text, bold=shape.bold):
        marks.append(String(x, top - shape.y, part, fontName=font, fontSize=size, fillColor=HexColor(shape.colour)))
        x += width_of(part, size, bold=shape.bold)
    return marks
