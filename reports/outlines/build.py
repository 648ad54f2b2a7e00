"""Make outlines.json.gz from the two TopoJSON files that README.md names.

Usage: python -m reports.outlines.build countries-50m.json counties-10m.json
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from reports.outlines import FILE, SCALE

_Points = npt.NDArray[np.float64]
_UNITED_STATES = "840"
_WORLD_TOLERANCE, _STATE_TOLERANCE, _COUNTY_TOLERANCE = 0.03, 0.006, 0.012  # degrees


def main() -> None:
    """Read the two files named on the command line and write the outlines beside this module."""
    world, states = (json.loads(Path(name).read_text(encoding="utf-8")) for name in sys.argv[1:3])
    lines = [*_world_lines(world), *_state_lines(states)]
    content = json.dumps({"lines": lines}, separators=(",", ":")).encode()
    FILE.write_bytes(gzip.compress(content, compresslevel=9, mtime=0))


def _world_lines(topology: dict[str, Any]) -> Iterator[list[int]]:
    """Country borders and coasts, but those of the United States, which come in more detail."""
    american = _arcs_of(topology, "countries", lambda geometry: geometry.get("id") == _UNITED_STATES)
    for number, points in enumerate(_arcs(topology)):
        if number not in american:
            yield from _encode(0, _simplify(points, _WORLD_TOLERANCE))


def _state_lines(topology: dict[str, Any]) -> Iterator[list[int]]:
    """Borders of the United States (0), of its states (1) and of counties (2)."""
    nation = _arcs_of(topology, "nation", lambda _: True)
    states = _arcs_of(topology, "states", lambda _: True)
    for number, points in enumerate(_arcs(topology)):
        level = 0 if number in nation else 1 if number in states else 2
        yield from _encode(level, _simplify(points, _COUNTY_TOLERANCE if level == 2 else _STATE_TOLERANCE))


def _arcs(topology: dict[str, Any]) -> Iterator[_Points]:
    """Decode the quantised, delta-encoded arcs into degrees, [N, 2] longitude and latitude."""
    scale, origin = (np.array(topology["transform"][key]) for key in ("scale", "translate"))
    for arc in topology["arcs"]:
        yield np.cumsum(np.array(arc), axis=0) * scale + origin


def _arcs_of(topology: dict[str, Any], name: str, wanted: Any) -> set[int]:
    """Return the numbers of the arcs that the wanted geometries of an object use."""

    def flat(value: Any) -> Iterator[int]:
        if isinstance(value, int):
            yield value if value >= 0 else ~value
        else:
            for part in value:
                yield from flat(part)

    geometries = topology["objects"][name]["geometries"]
    return {arc for geometry in geometries if wanted(geometry) for arc in flat(geometry.get("arcs", []))}


def _simplify(points: _Points, tolerance: float) -> _Points:
    """Drop points nearer than `tolerance` to the line without them (Ramer 1972, Douglas and Peucker 1973)."""
    keep = np.zeros(len(points), dtype=bool)
    keep[[0, -1]] = True
    stack = [(0, len(points) - 1)]
    while stack:
        first, last = stack.pop()
        if last - first < 2:
            continue
        chord = points[last] - points[first]
        offset = points[first + 1 : last] - points[first]
        length = float(np.hypot(*chord))
        if length > 0:
            away = np.abs(chord[0] * offset[:, 1] - chord[1] * offset[:, 0]) / length
        else:
            away = np.hypot(offset[:, 0], offset[:, 1])
        far = int(np.argmax(away))
        if away[far] > tolerance:
            keep[first + 1 + far] = True
            stack += [(first, first + 1 + far), (first + 1 + far, last)]
    return points[keep]


def _encode(level: int, points: _Points) -> Iterator[list[int]]:
    """Write a line as [level, x, y, dx, dy, ...] in steps of 1 / SCALE degrees; drop specks."""
    steps = np.rint(points * SCALE).astype(np.int64)
    moved = np.diff(steps, axis=0, prepend=steps[:1])
    moved = moved[1:][np.any(moved[1:] != 0, axis=1)]
    if len(moved) > 0 and (len(moved) > 3 or np.any(steps[0] != steps[-1])):
        yield [level, *steps[0].tolist(), *moved.ravel().tolist()]


if __name__ == "__main__":
    main()
