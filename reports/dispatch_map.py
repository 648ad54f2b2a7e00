"""The map of a day as one SVG: a colour and dash per route, stops numbered, names where there is room, a legend.

Okabe and Ito's colour-blind safe colours, darkened for contrast; after eight routes the dash changes, so that
no two routes look alike up to 32. Marks that would cover each other move apart, a thin line leads to where the
stop is.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from reports.dispatch_day import DispatchDay, clock
from reports.outlines import SCALE, outlines_within
from reports.texts import text

COLOURS = ("#005f99", "#b34700", "#00704f", "#8f3d73", "#7a5c00", "#2b2f77", "#a3262a", "#44606b")
DASHES = ("", "8 4", "2 4", "12 3 2 3")

_WIDTH, _LOWEST, _HIGHEST = 960, 380, 900
_RADIUS, _ROW = 10.0, 22
_STYLES = {2: ("#e4dfd3", 0.7), 1: ("#a8a294", 1.2), 0: ("#8d8674", 1.5)}
_Floats = npt.NDArray[np.float64]
_Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class _Frame:
    """Mercator, fitted to the drawing: x = (longitude - west) x scale, y likewise from the top."""

    west: float
    top: float
    scale: float
    height: float

    @classmethod
    def around(cls, longitude: _Floats, latitude: _Floats) -> _Frame:
        x, y = longitude, _mercator(latitude)
        margin = 0.06 * max(float(np.ptp(x)), float(np.ptp(y))) + 0.02
        west, top = float(x.min()) - margin, float(y.min()) - margin
        wide, high = float(np.ptp(x)) + 2 * margin, float(np.ptp(y)) + 2 * margin
        height = min(max(_WIDTH * high / wide, _LOWEST), _HIGHEST)
        scale = min(_WIDTH / wide, height / high)
        return cls(west - (_WIDTH / scale - wide) / 2, top - (height / scale - high) / 2, scale, height)

    def at(self, longitude: _Floats, latitude: _Floats) -> _Floats:
        return np.column_stack([(longitude - self.west) * self.scale, (_mercator(latitude) - self.top) * self.scale])

    @property
    def box(self) -> tuple[float, float, float, float]:
        """West, south, east, north in degrees."""
        east, bottom = self.west + _WIDTH / self.scale, self.top + self.height / self.scale
        return self.west, _latitude(bottom), east, _latitude(self.top)


def _mercator(latitude: _Floats) -> _Floats:
    return -np.degrees(np.log(np.tan(np.pi / 4 + np.radians(latitude) / 2)))


def _latitude(y: float) -> float:
    return math.degrees(2 * math.atan(math.exp(-math.radians(y))) - math.pi / 2)


def day_map(day: DispatchDay, lang: str = "en") -> str:
    """Return the map as an SVG element; without coordinates only the legend."""
    known = day.stops.dropna(subset=["latitude", "longitude"])
    legend = list(_legend(day, lang))
    drawn: list[str] = []
    height = 0.0
    if len(known):
        places = [(float(a), float(b)) for a, b in zip(known["longitude"], known["latitude"], strict=True)]
        if _home(day):
            places.append(_home(day)[0])
        lonlat = np.array(places)
        frame = _Frame.around(lonlat[:, 0], lonlat[:, 1])
        height = frame.height
        drawn = list(_drawing(day, known, frame))
    total = height + _ROW * len(legend) + 12
    label = text(lang, "dispatch.map_label", routes=len(day.routes), date=f"{day.date:%Y-%m-%d}")
    rows = [f'<g transform="translate(0 {height + 14 + _ROW * n:.0f})">{row}</g>' for n, row in enumerate(legend)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {total:.0f}" role="img" '
        f'aria-label="{escape(label)}" font-family="Inter, Helvetica, Arial, sans-serif">'
        f'<rect width="{_WIDTH}" height="{total:.0f}" fill="#fbfaf6"/>'
        f'<clipPath id="map"><rect width="{_WIDTH}" height="{height:.0f}"/></clipPath>'
        f'<g clip-path="url(#map)">{"".join(drawn)}</g>{"".join(rows)}</svg>\n'
    )


def _home(day: DispatchDay) -> list[tuple[float, float]]:
    if pd.isna(day.depot["longitude"]) or pd.isna(day.depot["latitude"]):
        return []
    return [(float(day.depot["longitude"]), float(day.depot["latitude"]))]


def _drawing(day: DispatchDay, known: pd.DataFrame, frame: _Frame) -> Iterator[str]:
    yield from _outlines(frame)
    home = [tuple(frame.at(*np.array([point]).T)[0]) for point in _home(day)]
    at = frame.at(known["longitude"].to_numpy(float), known["latitude"].to_numpy(float))
    fixed = np.array(home).reshape(-1, 2)
    marks = _apart(at, fixed)
    numbers = known["number"].to_numpy(int)
    for number in sorted(set(numbers.tolist())):
        line = [*home, *map(tuple, at[numbers == number]), *home]
        yield f'<path d="M{"L".join(f"{x:.1f} {y:.1f}" for x, y in line)}" fill="none" {_stroke(number)}/>'
    for (x, y), (mx, my) in zip(at, marks, strict=True):
        if math.hypot(mx - x, my - y) > 3:
            yield f'<path d="M{x:.1f} {y:.1f}L{mx:.1f} {my:.1f}" stroke="#1b1b1b" stroke-width="0.8"/>'
    taken: list[_Box] = [(x - _RADIUS, y - _RADIUS, x + _RADIUS, y + _RADIUS) for x, y in [*marks.tolist(), *home]]
    for (x, y), stop in zip(marks, known.to_dict("records"), strict=True):
        said = escape(f"{stop['number']}.{stop['sequence']} {stop['name']} {clock(stop['eta'], day.date)}")
        size = 11 if stop["sequence"] < 100 else 9
        yield (
            f'<g><title>{said}</title><circle cx="{x:.1f}" cy="{y:.1f}" r="{_RADIUS}" fill="{_colour(stop["number"])}" '
            f'stroke="#fbfaf6" stroke-width="1.4"/><text x="{x:.1f}" y="{y + 3.8:.1f}" text-anchor="middle" '
            f'font-size="{size}" font-weight="600" fill="#fff">{stop["sequence"]}</text></g>'
        )
    for x, y in home:
        yield f'<rect x="{x - 8:.1f}" y="{y - 8:.1f}" width="16" height="16" fill="#1b1b1b" stroke="#fbfaf6"/>'
        yield from _name(str(day.depot["name"]), x, y, taken, bold=True)
    heaviest = np.argsort(-known["weight_kg"].to_numpy(float), kind="stable")
    names = known["name"].astype(str).tolist()
    for k in heaviest.tolist():
        yield from _name(names[k], float(marks[k, 0]), float(marks[k, 1]), taken, bold=False)


def _outlines(frame: _Frame) -> Iterator[str]:
    lines = outlines_within(*frame.box)
    for level in (2, 1, 0):
        paths = []
        for number, *steps in lines:
            if number == level:
                points = np.cumsum(np.array(steps, dtype=float).reshape(-1, 2), axis=0) / SCALE
                points[:, 1] = np.clip(points[:, 1], -85, 85)
                paths.append("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in frame.at(points[:, 0], points[:, 1])))
        colour, width = _STYLES[level]
        if paths:
            yield f'<path d="{"".join(paths)}" fill="none" stroke="{colour}" stroke-width="{width}"/>'


def _apart(points: _Floats, fixed: _Floats) -> _Floats:
    """Return marks that no longer cover each other or the depot, each near its point."""
    marks = points.copy()
    least = 2 * _RADIUS + 1
    # marks on one spot leave it in different directions, always the same ones
    turn = 2.4 * np.arange(len(marks))
    marks += 0.01 * np.column_stack([np.cos(turn), np.sin(turn)])
    for _ in range(120):
        everything = np.vstack([marks, fixed])
        gap = marks[:, None, :] - everything[None, :, :]
        distance = np.hypot(gap[..., 0], gap[..., 1])
        np.fill_diagonal(distance, np.inf)
        push = np.maximum(0.0, least - distance) / 2
        if not push.any():
            break
        marks += (gap / np.where(np.isinf(distance), 1.0, np.maximum(distance, 1e-9))[..., None] * push[..., None]).sum(
            1
        )
    return marks


def _name(name: str, x: float, y: float, taken: list[_Box], *, bold: bool) -> Iterator[str]:
    """Yield the name where it covers nothing; a name without room is left out, its number is in the list."""
    shown = name if len(name) <= 22 else f"{name[:21]}…"
    wide = sum(11.5 if ord(c) > 0x2E80 else 6.3 for c in shown) + 4
    gap = _RADIUS + 3
    for tx, ty, anchor, left in (
        (x + gap, y + 4, "start", x + gap), (x - gap, y + 4, "end", x - gap - wide),
        (x, y - gap, "middle", x - wide / 2), (x, y + gap + 9, "middle", x - wide / 2),
    ):  # fmt: skip
        box = (left, ty - 10, left + wide, ty + 3)
        free = all(box[0] > b[2] or box[2] < b[0] or box[1] > b[3] or box[3] < b[1] for b in taken)
        if free and box[0] > 2 and box[2] < _WIDTH - 2:
            taken.append(box)
            weight = ' font-weight="700"' if bold else ""
            yield (
                f'<text x="{tx:.1f}" y="{ty:.1f}" text-anchor="{anchor}" font-size="11.5"{weight} fill="#1b1b1b" '
                f'stroke="#fbfaf6" stroke-width="3" paint-order="stroke">{escape(shown)}</text>'
            )
            return


def _legend(day: DispatchDay, lang: str) -> Iterator[str]:
    for route in day.routes.to_dict("records"):
        said = text(
            lang,
            "dispatch.legend",
            number=route["number"],
            vehicle=f"{route['vehicle_id']} {route['vehicle_no']}",
            stops=route["stops"],
            km=f"{route['distance_km']:,.1f}",
            out=clock(route["departure"], day.date),
            back=clock(route["return"], day.date),
        )
        yield (
            f'<path d="M14 0H64" fill="none" {_stroke(route["number"])}/>'
            f'<text x="76" y="4.5" font-size="13" fill="#1b1b1b">{escape(said)}</text>'
        )


def _stroke(number: int) -> str:
    dash = DASHES[(number - 1) // len(COLOURS) % len(DASHES)]
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return f'stroke="{_colour(number)}" stroke-width="2.6" stroke-linejoin="round"{dashed}'


def _colour(number: Any) -> str:
    return COLOURS[(int(number) - 1) % len(COLOURS)]
