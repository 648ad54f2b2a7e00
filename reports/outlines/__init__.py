"""Outlines for maps: borders of countries, of the states and the counties of the United States.

Public domain: Natural Earth and the U.S. Census Bureau; README.md says which editions and what was
done to them.
"""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

FILE = Path(__file__).with_name("outlines.json.gz")
SCALE = 500
"""Steps per degree."""

_Line = tuple[int, npt.NDArray[np.int64]]


def outlines_within(west: float, south: float, east: float, north: float) -> list[list[int]]:
    """Return the lines that touch a box in degrees, each [level, x, y, dx, dy, ...] in 1 / SCALE degrees.

    Levels: 0 countries and coasts, 1 states, 2 counties (only where the box is at most 20 degrees
    wide: on a larger map they are noise).
    """
    counties = east - west <= 20.0
    box = np.array([[west, south], [east, north]]) * SCALE
    lines: list[list[int]] = []
    for level, points in _all_lines():
        if level == 2 and not counties:
            continue
        low, high = points.min(axis=0), points.max(axis=0)
        if (high >= box[0]).all() and (low <= box[1]).all():
            lines.append([level, *points[0].tolist(), *np.diff(points, axis=0).ravel().tolist()])
    return lines


@cache
def _all_lines() -> tuple[_Line, ...]:
    """Return level and points [N, 2] of every line."""
    packed: dict[str, Any] = json.loads(gzip.decompress(FILE.read_bytes()))
    return tuple(
        (line[0], np.cumsum(np.array(line[1:], dtype=np.int64).reshape(-1, 2), axis=0)) for line in packed["lines"]
    )
