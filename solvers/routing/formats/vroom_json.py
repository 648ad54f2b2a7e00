"""Typed access to parsed JSON, every fault with its path in the document."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from solvers.routing.formats.errors import Faults

Json = dict[str, Any]


def parse_object(path: Path, text: str, faults: Faults) -> Json:
    """Return the JSON object of a file; RoutingFileError where it is none."""
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise faults.fail(f"line {error.lineno}, column {error.colno}", error.msg, "write valid JSON") from None
    if not isinstance(document, dict):
        raise faults.fail("file", "holds no JSON object", "write {...}")
    return document


class Reader:
    """Reads the members of one JSON object; what is wrong is noted and replaced by the default."""

    def __init__(self, members: Json, where: str, faults: Faults) -> None:
        self.members = members
        self.where = where
        self.faults = faults

    def fault(self, key: str, what: str, advice: str) -> None:
        """Note a fault of one member."""
        self.faults.add(f"{self.where}.{key}" if key else self.where, what, advice)

    def has(self, key: str) -> bool:
        """Return whether the member is there and not null."""
        return self.members.get(key) is not None

    def number(self, key: str, default: float, *, least: float = 0) -> float:
        """Return a number of at least `least`."""
        if not self.has(key):
            return default
        value = self.members[key]
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < least:
            self.fault(key, f"{value!r} is no number from {least:g}", f"write a number from {least:g}")
            return default
        return value

    def whole(self, key: str, default: int, *, least: int = 0) -> int:
        """Return a whole number of at least `least`."""
        value = self.number(key, default, least=least)
        if value != int(value):
            self.fault(key, f"{value!r} is no whole number", "write a whole number")
        return int(value)

    def wholes(self, key: str) -> tuple[int, ...] | None:
        """Return a list of whole numbers from 0, None where the member is not there."""
        if not self.has(key):
            return None
        values = self.members[key]
        if not isinstance(values, list) or any(isinstance(v, bool) or not isinstance(v, int) or v < 0 for v in values):
            self.fault(key, f"{str(values)[:40]} is no list of whole numbers from 0", "write [1, 2, ...]")
            return None
        return tuple(values)

    def wholes_by_name(self, key: str) -> dict[str, int]:
        """Return an object of whole numbers from 0; empty where the member is not there."""
        if not self.has(key):
            return {}
        values = self.members[key]
        if not isinstance(values, dict):
            self.fault(key, f"{str(values)[:40]} is no object", 'write {"van": 300}')
            return {}
        inner = Reader(values, f"{self.where}.{key}", self.faults)
        return {name: inner.whole(name, 0) for name in values}

    def text(self, key: str) -> str:
        """Return a text, empty where the member is not there."""
        return str(self.members[key]) if self.has(key) else ""

    def span(self, key: str) -> tuple[int, int] | None:
        """Return [start, end]."""
        return self._span(key, self.members[key]) if self.has(key) else None

    def spans(self, key: str) -> list[tuple[int, int]]:
        """Return [[start, end], ...]; empty where the member is not there."""
        values = self.members.get(key) or []
        if not isinstance(values, list):
            self.fault(key, "is no list", "write [[start, end], ...]")
            return []
        found = [self._span(f"{key}[{k}]", value) for k, value in enumerate(values)]
        return [span for span in found if span is not None]

    def _span(self, key: str, value: Any) -> tuple[int, int] | None:
        well_formed = isinstance(value, list) and len(value) == 2 and all(isinstance(v, int | float) for v in value)
        if not well_formed:
            self.fault(key, f"{str(value)[:40]} is no window", "write [start, end]")
            return None
        if value[0] > value[1]:
            self.fault(key, f"the window {value[0]} to {value[1]} ends before it starts", "let it end after its start")
            return None
        return round(value[0]), round(value[1])

    def location(self, key: str) -> tuple[float, float] | None:
        """Return [longitude, latitude]."""
        if not self.has(key):
            return None
        value = self.members[key]
        if (
            not isinstance(value, list)
            or len(value) != 2
            or not all(isinstance(v, int | float) and math.isfinite(v) for v in value)
            or abs(value[0]) > 180
            or abs(value[1]) > 90
        ):
            self.fault(key, f"{str(value)[:40]} is no place", "write [longitude, latitude] in degrees")
            return None
        return float(value[0]), float(value[1])

    def objects(self, key: str, name: str) -> list[Reader]:
        """Return the readers of a list of objects, each called by its id."""
        values = self.members.get(key) or []
        if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
            self.fault(key, "is no list of objects", "write [{...}, ...]")
            return []
        prefix = f"{self.where}.{key}" if self.where else key
        return [Reader(v, f"{prefix}[{k}] ({name} {v.get('id', '?')})", self.faults) for k, v in enumerate(values)]
