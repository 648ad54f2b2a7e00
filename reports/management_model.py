"""What the management report says, before it becomes a page, slides or paper: parts with sentences, charts and tables.

Every figure is made into text once, here, so that the three formats cannot differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isnan

from reports.figures import change, is_money, is_share, relative, written
from reports.texts import text


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table.

    Attributes
    ----------
    text : as people read it.
    ref : number of the row under "where the figures come from" that it stands on; 0 for none.
    tone : good, bad or soft; empty for plain.
    """

    text: str
    ref: int = 0
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its first column names the rows.

    Attributes
    ----------
    caption : what it shows, with the unit of all of it.
    numbers : positions of the columns that hold numbers.
    widths : of the columns, relative to each other.
    total : whether the last row sums the others.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    numbers: frozenset[int]
    widths: tuple[float, ...]
    total: bool = False


@dataclass(frozen=True, slots=True)
class Bars:
    """Stacked bars from zero, one per row.

    Attributes
    ----------
    values : [S][R] by series and row, none negative.
    ends : what stands at the end of every bar.
    """

    title: str
    rows: tuple[str, ...]
    series: tuple[str, ...]
    values: tuple[tuple[float, ...], ...]
    ends: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Steps:
    """A bridge of a difference: every step begins where the one before it ended, the last bar is the whole of it."""

    title: str
    rows: tuple[str, ...]
    values: tuple[float, ...]
    labels: tuple[str, ...]

    def spans(self) -> list[tuple[float, float]]:
        """Return where every bar begins and ends."""
        out, at = [], 0.0
        for value in self.values[:-1]:
            out.append((at, at + value))
            at += value
        return [*out, (0.0, self.values[-1])]


@dataclass(frozen=True, slots=True)
class Points:
    """Scenarios by two figures.

    Attributes
    ----------
    points : at least one: name, x, y, and base (the baseline), efficient or beaten.
    """

    title: str
    x_title: str
    y_title: str
    points: tuple[tuple[str, float, float, str], ...]
    x_format: str
    y_format: str


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure at the head of the report, and how it differs from the baseline."""

    label: str
    value: str
    change: str
    ref: int


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the report: a section of the page, one or more slides.

    Attributes
    ----------
    key : what it is called in links.
    lines : sentences, the most important one first.
    sources : runs, tables and filters behind everything in it.
    """

    key: str
    title: str
    lines: tuple[str, ...] = ()
    tiles: tuple[Tile, ...] = ()
    charts: tuple[Bars | Steps | Points, ...] = ()
    tables: tuple[Table, ...] = ()
    sources: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    """The whole report."""

    lang: str
    kicker: str
    title: str
    subtitle: str
    footer: str
    parts: tuple[Part, ...]


@dataclass(slots=True)
class Sources:
    """The rows of published tables that figures stand on, numbered from 1 in the order of their use."""

    rows: list[tuple[str, str, str, str, str]] = field(default_factory=list)

    def ref(self, run: str, run_id: str, table: str, rows: str, value: float) -> int:
        """Return the number of a row: run name and id, table, filter, and the value in full."""
        row = (run, run_id, table, rows, repr(round(value, 10)))
        if row not in self.rows:
            self.rows.append(row)
        return self.rows.index(row) + 1


@dataclass(frozen=True, slots=True)
class Words:
    """Words and figures in one language."""

    lang: str
    currency: str

    def __call__(self, key: str, **values: object) -> str:
        """Return a text of the section `management`."""
        return text(self.lang, f"management.{key}", **values)

    def kpi(self, name: str) -> str:
        """Return what a key figure is called, with its unit."""
        return self(f"figures.{name}", currency=self.currency)

    def value(self, value: float, unit: str) -> str:
        """Return a figure without its unit; shares and ratios in percent."""
        return written(value, _shown(unit))

    def exact(self, value: float, unit: str) -> str:
        """Return a figure as in a table: money to the cent."""
        return f"{value:,.2f}".replace("-", "−") if is_money(unit) and not isnan(value) else self.value(value, unit)

    def exact_change(self, delta: float, unit: str) -> str:
        """Return a difference as in a table: money to the cent."""
        money = is_money(unit) and not isnan(delta) and delta != 0
        return f"{delta:+,.2f}".replace("-", "−") if money else self.change(delta, unit)

    def between(self, low: float, high: float, unit: str) -> str:
        """Return an interval of a difference, empty where there is none or it is shorter than its digits."""
        ends = self.bare(low, unit), self.bare(high, unit)
        return "" if isnan(low) or ends[0] == ends[1] else self("between", low=ends[0], high=ends[1])

    def change(self, delta: float, unit: str) -> str:
        """Return a difference with its sign; none where it is too small for the digits shown."""
        return _signed(change(delta, _shown(unit))).replace("points", self("points"))

    def bare(self, delta: float, unit: str) -> str:
        """Return a difference with its sign, without the word for points."""
        return _signed(change(delta, _shown(unit))).removesuffix(" points")

    def relative(self, share: float, unit: str) -> str:
        """Return a relative difference; none for shares, whose points say it."""
        return "" if isnan(share) or is_share(_shown(unit)) else relative(share)

    def listed(self, parts: Sequence[str]) -> str:
        """Return parts of a sentence, one after the other."""
        return self("comma").join(parts)


def _shown(unit: str) -> str:
    return "share 0..1" if unit == "ratio" else unit


def _signed(text: str) -> str:
    return text if any(digit in text for digit in "123456789") else text.lstrip("+−")
