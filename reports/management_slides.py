"""management.pptx: the report as slides with PowerPoint's own charts and tables, which can be edited.

The same story gives the same bytes: python-pptx and the workbooks inside its charts stamp the time of writing,
so the archives are packed again without it.
"""

from __future__ import annotations

import datetime
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from math import ceil
from pathlib import Path
from typing import Any

from pptx import Presentation
from pptx.dml.color import RGBColor
from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.oxml.ns import qn
from pptx.util import Emu, Inches, Pt

from reports.management_model import Cell, Part, Story, Table
from reports.management_slide_charts import add_chart
from reports.pdf_text import width_of
from reports.texts import text

INK, SOFT, RUST, BLUE = (RGBColor.from_string(c) for c in ("1B2430", "56616E", "9C3A17", "0B5A7D"))
_TONES = {"good": BLUE, "bad": RUST}
_WIDE, _HIGH = Inches(13.333), Inches(7.5)
_LEFT, _ROOM = Inches(0.6), Inches(12.13)
_TOP, _BOTTOM = Inches(1.25), Inches(6.75)
_PLAIN_TABLE = "{9D7B26C5-4107-4FEC-AEDC-1716B250A1EF}"
_STAMP = datetime.datetime(2000, 1, 1)
_TYPE, _PADDING = 10.5, Pt(4)


def write_management_slides(story: Story, path: Path) -> None:
    """Write the report as slides."""
    deck = Presentation()
    deck.slide_width, deck.slide_height = _WIDE, _HIGH
    about = deck.core_properties
    about.title, about.author, about.language = f"{story.kicker}: {story.title}", "planner", story.lang
    about.created = about.modified = _STAMP
    about.last_modified_by, about.revision = "planner", 1
    for part in story.parts:
        _Slides(deck, story, part).write()
    content = io.BytesIO()
    deck.save(content)
    path.write_bytes(_repacked(content.getvalue()))


class _Slides:
    """The slides of one part: sentences, figures and charts first, then its tables."""

    def __init__(self, deck: Any, story: Story, part: Part) -> None:
        self._deck, self._story, self._part = deck, story, part
        self._slide: Any = None
        self._y = 0

    def write(self) -> None:
        """Add the slides."""
        part = self._part
        self._new()
        if part.key == self._story.parts[0].key:
            self._say([f"{self._story.kicker} · {self._story.title} · {self._story.subtitle}"], 13, SOFT)
            self._say(part.lines, 16, INK)
        else:
            self._say(part.lines, 12, SOFT)
        if part.tiles:
            self._tiles()
        if part.charts:
            self._charts()
        for table in part.tables:
            self._table(table)

    def _new(self) -> None:
        """Begin another slide of the part."""
        slide = self._deck.slides.add_slide(self._deck.slide_layouts[5])
        title = slide.shapes.title
        title.left, title.top, title.width, title.height = _LEFT, Inches(0.3), _ROOM, Inches(0.85)
        _fill(title.text_frame, self._part.title, 26, INK, bold=True)
        title.text_frame.vertical_anchor = MSO_ANCHOR.MIDDLE
        box = slide.shapes.add_textbox(_LEFT, Inches(6.85), _ROOM, Inches(0.5)).text_frame
        box.word_wrap = True
        lang = self._story.lang
        said = text(lang, "management.from_rows", sources=self._part.sources) if self._part.sources else ""
        _fill(box, said or self._story.footer, 9, SOFT)
        self._slide, self._y = slide, int(_TOP)

    def _say(self, lines: Sequence[str], size: float, colour: RGBColor) -> None:
        if not lines:
            return
        rows = sum(ceil(width_of(line, size) * 1.06 / (_ROOM.pt - 14)) for line in lines)
        height = Pt(rows * size * 1.2 + len(lines) * 4 + 8)
        frame = self._slide.shapes.add_textbox(_LEFT, self._y, _ROOM, height).text_frame
        frame.word_wrap = True
        for n, line in enumerate(lines):
            paragraph = frame.paragraphs[0] if n == 0 else frame.add_paragraph()
            paragraph.space_after = Pt(4)
            _run(paragraph, line, size, colour)
        self._y += int(height)

    def _tiles(self) -> None:
        """Write the figures in a row; on a slide of their own where the sentences leave no room."""
        height = Inches(1.35)
        if self._y + height > _BOTTOM:
            self._new()
        tiles = self._part.tiles
        width = int(_ROOM / len(tiles))
        for n, tile in enumerate(tiles):
            box = self._slide.shapes.add_textbox(_LEFT + n * width, self._y + Inches(0.1), width, height).text_frame
            box.word_wrap = True
            _run(box.paragraphs[0], tile.label, 11, SOFT)
            _run(box.add_paragraph(), tile.value, 22, BLUE, bold=True)
            _run(box.add_paragraph(), tile.change, 11, INK)
        self._y += int(height)

    def _charts(self) -> None:
        charts = self._part.charts
        if _BOTTOM - self._y < Inches(2.6):
            self._new()
        gap = Inches(0.25)
        width = int((_ROOM - gap * (len(charts) - 1)) / len(charts))
        height = int(_BOTTOM - self._y)
        for n, chart in enumerate(charts):
            about = text(self._story.lang, "management.chart_of", title=chart.title)
            add_chart(self._slide, chart, (_LEFT + n * (width + gap), self._y, width, height), about)
        self._y = int(_BOTTOM)

    def _table(self, table: Table) -> None:
        """Write a table, on as many slides as it takes, its header on each."""
        widths = [int(_ROOM * width / sum(table.widths)) for width in table.widths]
        head = _height([Cell(name) for name in table.columns], widths, bold=True)
        rest = [(row, _height(row, widths, bold=False)) for row in table.rows]
        while rest:
            room = _BOTTOM - self._y - head - Inches(0.35)
            count = _fitting([height for _, height in rest], room)
            if count < min(len(rest), 4) and self._y > _TOP:
                self._new()
                continue
            now, rest = rest[: max(count, 1)], rest[max(count, 1) :]
            self._say([table.caption], 11, INK)
            height = head + sum(high for _, high in now)
            frame = self._slide.shapes.add_table(len(now) + 1, len(widths), _LEFT, self._y, _ROOM, height)
            _describe(frame, table.caption)
            _fill_table(frame.table, table, [row for row, _ in now], widths, [head, *(high for _, high in now)],
                        last=not rest)  # fmt: skip
            self._y += height + int(Inches(0.12))
            if rest:
                self._new()


def _fitting(heights: Sequence[int], room: int) -> int:
    """Return how many rows fit into the room."""
    count = 0
    for height in heights:
        room -= height
        if room < 0:
            break
        count += 1
    return count


def _height(row: Sequence[Cell], widths: Sequence[int], *, bold: bool) -> int:
    """Return the height of a row whose longest cell wraps between words."""
    lines = 1
    for cell, width in zip(row, widths, strict=True):
        wide = width_of(cell.text, _TYPE, bold=bold) * 1.1
        lines = max(lines, ceil(wide / max((width - 2 * _PADDING) / 12700, 1.0)))
    return int(Pt(lines * _TYPE * 1.2 + 6))


def _fill_table(
    grid: Any,
    table: Table,
    rows: Sequence[Sequence[Cell]],
    widths: Sequence[int],
    heights: Sequence[int],
    *,
    last: bool,
) -> None:
    grid._tbl.tblPr.find(qn("a:tableStyleId")).text = _PLAIN_TABLE
    grid.horz_banding, grid.last_row = False, table.total and last
    for n, width in enumerate(widths):
        grid.columns[n].width = Emu(width)
    for r, (row, height) in enumerate(zip([[Cell(name) for name in table.columns], *rows], heights, strict=True)):
        grid.rows[r].height = Emu(height)
        bold = r == 0 or (table.total and last and r == len(rows))
        for n, cell in enumerate(row):
            at = grid.cell(r, n)
            at.margin_left = at.margin_right = _PADDING
            at.margin_top = at.margin_bottom = Pt(2)
            paragraph = at.text_frame.paragraphs[0]
            paragraph.alignment = PP_ALIGN.RIGHT if n in table.numbers else PP_ALIGN.LEFT
            _run(paragraph, cell.text, _TYPE, _TONES.get(cell.tone, INK), bold=bold or bool(cell.tone))


def _fill(frame: Any, words: str, size: float, colour: RGBColor, *, bold: bool = False) -> None:
    frame.word_wrap = True
    paragraph = frame.paragraphs[0]
    paragraph.alignment = PP_ALIGN.LEFT
    _run(paragraph, words, size, colour, bold=bold)


def _run(paragraph: Any, words: str, size: float, colour: RGBColor, *, bold: bool = False) -> None:
    """Add text; Chinese in it takes a font that has it."""
    run = paragraph.add_run()
    run.text = words
    font = run.font
    font.size, font.bold, font.name, font.color.rgb = Pt(size), bold, "Calibri", colour
    asian = run._r.get_or_add_rPr().makeelement(qn("a:ea"), {"typeface": "Microsoft YaHei"})
    run._r.get_or_add_rPr().append(asian)


def _describe(frame: Any, words: str) -> None:
    frame._element.nvGraphicFramePr.cNvPr.set("descr", words)


def _repacked(content: bytes) -> bytes:
    """Return an Office archive without times of writing, workbooks inside of it likewise."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name, part in _members(old):
            entry = zipfile.ZipInfo(name, (2000, 1, 1, 0, 0, 0))
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
            new.writestr(entry, part)
    return out.getvalue()


def _members(archive: zipfile.ZipFile) -> Iterator[tuple[str, bytes]]:
    for name in archive.namelist():
        part = archive.read(name)
        if name.endswith(".xlsx"):
            part = _repacked(part)
        elif name == "docProps/core.xml":
            part = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"2000-01-01T00:00:00Z", part)
        yield name, part
