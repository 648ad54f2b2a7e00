"""Charts of the management report laid out once, as shapes: drawn as SVG on the page and as PDF on paper.

Bars begin at zero; every bar and point carries its name and figure; colours differ in lightness as well as in
hue, so that they can be told apart without colour vision.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from reports.management_model import Bars, Points, Steps
from reports.pdf_text import shortened, width_of

INK, SOFT, RULE, PAPER = "#1b2430", "#56616e", "#d9d3c7", "#ffffff"
SERIES = ("#0b5a7d", "#b0451f", "#6b8e9f", "#c8a13a")
BETTER, WORSE, TOTAL = "#0b5a7d", "#b0451f", "#56616e"
_SIZE = 11.5
_ROW, _BAR = 30.0, 16.0
_TICKS = 4


@dataclass(frozen=True, slots=True)
class Box:
    """A filled rectangle; y counts downwards, as everywhere here."""

    x: float
    y: float
    width: float
    height: float
    fill: str


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line."""

    x1: float
    y1: float
    x2: float
    y2: float
    colour: str


@dataclass(frozen=True, slots=True)
class Dot:
    """A circle; hollow where `fill` is the colour of paper."""

    x: float
    y: float
    radius: float
    fill: str
    stroke: str


@dataclass(frozen=True, slots=True)
class Label:
    """A line of text on its baseline; anchor start, middle or end."""

    x: float
    y: float
    text: str
    anchor: str
    colour: str
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart of shapes, sized in points of its type."""

    width: float
    height: float
    shapes: tuple[Box | Line | Dot | Label, ...]
    size: float = _SIZE


def picture(chart: Bars | Steps | Points, width: float) -> Picture:
    """Return the chart laid out for a width; a narrow one keeps its type readable."""
    if isinstance(chart, Bars):
        return _bars(chart, width)
    return _steps(chart, width) if isinstance(chart, Steps) else _points(chart, width)


def nice_ticks(low: float, high: float) -> list[float]:
    """Return about four round numbers that enclose low and high."""
    span = (high - low) or abs(high) or 1.0
    raw = span / _TICKS
    power = 10.0 ** floor(log10(raw))
    step = next(power * m for m in (1, 2, 2.5, 5, 10) if power * m >= raw * 0.999)
    return [round(n * step, 10) for n in range(floor(low / step + 1e-9), ceil(high / step - 1e-9) + 1)]


def axis_ends(values: Sequence[float]) -> tuple[float, float]:
    """Return where an axis that need not begin at zero begins and ends."""
    ticks = nice_ticks(*_padded(values))
    return ticks[0], ticks[-1]


def _room(text: str) -> float:
    """Return the width that a text may take: the type of the page runs wider than that of paper."""
    return 1.1 * width_of(text, _SIZE, bold=True)


def _label_width(texts: Sequence[str], width: float) -> float:
    return min(max((_room(text) for text in texts), default=0.0) + 10, 0.34 * width)


def _bars(chart: Bars, width: float) -> Picture:
    left = _label_width(chart.rows, width)
    right = max((_room(end) for end in chart.ends), default=0.0) + 10
    shapes: list[Box | Line | Dot | Label] = []
    x, y = 0.0, _SIZE + 2
    for n, name in enumerate(chart.series):  # the key stands above the bars, in the order of the segments
        wide = 15 + _room(name) + 14
        if x > 0 and x + wide > width:
            x, y = 0.0, y + 17
        shapes += [Box(x, y - 9, 10, 10, SERIES[n]), Label(x + 15, y, name, "start", SOFT)]
        x += wide
    top = y + 12
    totals = [sum(values[r] for values in chart.values) for r in range(len(chart.rows))]
    scale = max(width - left - right, 20.0) / (max(totals, default=0.0) or 1.0)
    for r, name in enumerate(chart.rows):
        at = top + r * _ROW
        shapes.append(Label(left - 8, at + 19, shortened(name, _SIZE, 0.92 * (left - 8)), "end", INK))
        x = left
        for n, values in enumerate(chart.values):
            if values[r] > 0:
                shapes.append(Box(x, at + 7, values[r] * scale, _BAR, SERIES[n]))
                x += values[r] * scale
        shapes.append(Label(x + 6, at + 19, chart.ends[r], "start", INK, bold=True))
    bottom = top + len(chart.rows) * _ROW + 4
    shapes.append(Line(left, top, left, bottom - 4, SOFT))
    return Picture(width, bottom, tuple(shapes))


def _steps(chart: Steps, width: float) -> Picture:
    left = _label_width(chart.rows, width)
    room = max(_room(label) for label in chart.labels) + 10
    spans = chart.spans()
    low, high = min(0.0, *(min(span) for span in spans)), max(0.0, *(max(span) for span in spans))
    scale = max(width - left - 2 * room, 20.0) / ((high - low) or 1.0)
    zero = left + room - low * scale
    shapes: list[Box | Line | Dot | Label] = []
    for r, ((start, end), name, label) in enumerate(zip(spans, chart.rows, chart.labels, strict=True)):
        at, last = r * _ROW, r == len(spans) - 1
        colour = TOTAL if last else WORSE if end > start else BETTER
        x, wide = zero + min(start, end) * scale, abs(end - start) * scale
        shapes.append(Label(left - 8, at + 19, shortened(name, _SIZE, 0.92 * (left - 8)), "end", INK, bold=last))
        shapes.append(Box(x, at + 7, max(wide, 0.8), _BAR, colour))
        if not last:
            shapes.append(Line(zero + end * scale, at + 7, zero + end * scale, at + _ROW + 7 + _BAR, RULE))
        if end >= start:
            shapes.append(Label(x + wide + 5, at + 19, label, "start", INK, bold=True))
        else:
            shapes.append(Label(x - 5, at + 19, label, "end", INK, bold=True))
    bottom = len(spans) * _ROW + 4
    shapes += [Line(zero, 0, zero, bottom - 4, SOFT), Label(zero, bottom + 8, "0", "middle", SOFT)]
    return Picture(width, bottom + 12, tuple(shapes))


def _points(chart: Points, width: float) -> Picture:
    height = max(0.62 * width, 230.0)
    known = chart.points
    x_ticks = nice_ticks(*_padded([x for _, x, _, _ in known]))
    y_ticks = nice_ticks(*_padded([y for _, _, y, _ in known]))
    digits = [0 if ticks[1] - ticks[0] >= 1 else 1 if ticks[1] - ticks[0] >= 0.1 else 2 for ticks in (x_ticks, y_ticks)]
    marks = [f"{tick:,.{digits[1]}f}" for tick in y_ticks]
    left, top, bottom = max(_room(mark) for mark in marks) + 10, 26.0, height - 40
    right = width - 16

    def across(x: float) -> float:
        return left + (x - x_ticks[0]) / (x_ticks[-1] - x_ticks[0]) * (right - left)

    def down(y: float) -> float:
        return bottom - (y - y_ticks[0]) / (y_ticks[-1] - y_ticks[0]) * (bottom - top)

    shapes: list[Box | Line | Dot | Label] = [Label(0, 12, chart.y_title, "start", SOFT)]
    for tick, mark in zip(y_ticks, marks, strict=True):
        shapes += [Line(left, down(tick), right, down(tick), RULE), Label(left - 6, down(tick) + 4, mark, "end", SOFT)]
    every = 1 if width > 420 else 2
    for tick in x_ticks[::every]:
        mark = f"{tick:,.{digits[0]}f}"
        shapes.append(Label(across(tick), bottom + 17, mark, "middle", SOFT))
    shapes.append(Label(right, height - 6, chart.x_title, "end", SOFT))
    taken: list[tuple[float, float, float, float]] = []
    dots = [(across(x), down(y)) for _, x, y, _ in known]
    for (name, _, _, kind), (x, y) in sorted(zip(known, dots, strict=True), key=lambda entry: entry[0][3] == "base"):
        hollow = kind == "beaten"
        colour = WORSE if kind == "base" else BETTER
        shapes.append(Dot(x, y, 5.5, PAPER if hollow else colour, SOFT if hollow else colour))
        label = shortened(name, _SIZE, 0.45 * width, bold=kind == "base")
        shapes.append(_beside(x, y, label, kind == "base", (left, right, top, bottom), taken, dots))
    return Picture(width, height, tuple(shapes))


def _padded(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    pad = 0.12 * (high - low) or 0.02 * abs(high) or 1.0
    return low - pad, high + pad


def _beside(
    x: float,
    y: float,
    text: str,
    bold: bool,
    frame: tuple[float, float, float, float],
    taken: list[tuple[float, float, float, float]],
    dots: Sequence[tuple[float, float]],
) -> Label:
    """Return the name of a point at the first place beside it that is free, and note the place as taken."""
    left, right, top, bottom = frame
    wide = _room(text)
    places = []
    for lift in (0.0, -15.0, 15.0, -30.0, 30.0, -45.0, 45.0):
        places += [(x + 10, y + 4 + lift, "start", x + 10), (x - 10, y + 4 + lift, "end", x - 10 - wide)]
    best = None
    for at, base, anchor, start in places:
        box = (start, base - 10, start + wide, base + 3)
        if box[0] < left or box[2] > right + 14 or box[1] < top - 8 or box[3] > bottom:
            continue
        if best is None:
            best = (at, base, anchor, box)
        clear = not any(_overlap(box, other) for other in taken)
        if clear and not any(_overlap(box, (a - 6, b - 6, a + 6, b + 6)) for a, b in dots):
            best = (at, base, anchor, box)
            break
    if best is None:
        best = (left, y - 10, "start", (left, y - 20, left + wide, y - 7))
    taken.append(best[3])
    return Label(best[0], best[1], text, best[2], INK, bold)


def _overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
