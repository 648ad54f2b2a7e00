"""Read a management report back out of its three formats."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

from pptx import Presentation
from pypdf import PdfReader


class Page(HTMLParser):
    """Tables of a page by caption, links, ids, and all text."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.source = path.read_text(encoding="utf-8")
        self.tables: dict[str, list[list[str]]] = {}
        self.links: list[str] = []
        self.ids: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._caption = self._row = self._cell = False
        self._name = ""
        self.feed(self.source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        self.tags.append((tag, known))
        self.links += [str(known["href"])] if "href" in known else []
        self.ids += [str(known["id"])] if "id" in known else []
        if tag == "caption":
            self._caption, self._name = True, ""
        elif tag == "tr":
            self.tables[self._name].append([])
        elif tag in {"td", "th"}:
            self._cell = True
            self.tables[self._name][-1].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == "caption":
            self._caption = False
            self.tables[self._name] = []
        elif tag in {"td", "th"}:
            self._cell = False

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._caption:
            self._name += data
        elif self._cell:
            self.tables[self._name][-1][-1] += data


class Deck:
    """Rows of the tables of slides, native charts by title, and all text."""

    def __init__(self, path: Path) -> None:
        self.slides = list(Presentation(str(path)).slides)
        self.shapes = [shape for slide in self.slides for shape in slide.shapes]
        self.rows = [
            [cell.text for cell in row.cells] for shape in self.shapes if shape.has_table for row in shape.table.rows
        ]
        self.charts = {}
        for shape in self.shapes:
            if shape.has_chart:
                self.charts[shape.chart.chart_title.text_frame.text] = shape.chart
        texts = [shape.text_frame.text for shape in self.shapes if shape.has_text_frame]
        self.text = "\n".join([*texts, *(cell for row in self.rows for cell in row)])


def pdf_text(path: Path) -> str:
    """Return the text of a PDF with all white space as single blanks."""
    return " ".join(" ".join(page.extract_text() for page in PdfReader(path).pages).split())
