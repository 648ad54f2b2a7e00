"""VRPLIB text to headers and sections of numbers, every number with its line for messages."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from solvers.routing.formats.errors import Faults

FloatArray = NDArray[np.float64]


@dataclass(slots=True)
class Section:
    """The rows of one section and the line of each in the file."""

    name: str
    line: int
    rows: list[list[float]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)

    def numbers(self) -> list[float]:
        """Return all numbers of the section, one after the other."""
        return [number for row in self.rows for number in row]


@dataclass(frozen=True, slots=True)
class VrplibText:
    """Headers (upper case) with their lines, and sections by name without `_SECTION`."""

    headers: dict[str, tuple[str, int]]
    sections: dict[str, Section]
    faults: Faults

    def header(self, name: str, default: str = "") -> str:
        """Return the value of a header."""
        return self.headers[name][0] if name in self.headers else default

    def number(self, name: str) -> float | None:
        """Return the value of a header as a number, None where it is not given; a fault where it is none."""
        if name not in self.headers:
            return None
        text, line = self.headers[name]
        try:
            return float(text)
        except ValueError:
            self.faults.add(f"{name}, line {line}", f"'{text}' is not a number", "write a number")
            return None

    def table(self, name: str, first: int, count: int, what: str) -> FloatArray | None:
        """Return a section [count, columns] whose rows are numbered from `first`; None where it is not given.

        Notes a fault for every row that is missing, repeated, out of range or of another length.
        """
        if name not in self.sections:
            return None
        section = self.sections[name]
        width = max((len(row) for row in section.rows), default=1)
        table = np.full((count, max(1, width - 1)), np.nan)
        seen: dict[int, int] = {}
        for row, line in zip(section.rows, section.lines, strict=True):
            where, key = f"{name}_SECTION, line {line}", row[0]
            if key != int(key) or not first <= key < first + count:
                self.faults.add(where, f"there is no {what} {key:g}", f"number the rows {first} to {first + count - 1}")
            elif int(key) in seen:
                self.faults.add(where, f"{what} {key:g} stands in line {seen[int(key)]} already", "keep one row")
            elif len(row) != width or width < 2:
                self.faults.add(where, f"{len(row)} numbers where {max(2, width)} are expected", "complete the row")
            else:
                seen[int(key)] = line
                table[int(key) - first] = row[1:]
        missing = sorted(set(range(first, first + count)) - set(seen))
        if missing and len(section.rows) <= len(seen):
            listed = ", ".join(str(k) for k in missing[:5]) + (" ..." if len(missing) > 5 else "")
            self.faults.add(f"{name}_SECTION, line {section.line}", f"no row for {what} {listed}", "add the rows")
        return table

    def line_of(self, name: str, key: int) -> int:
        """Return the line of the row with the number `key`."""
        section = self.sections[name]
        return next((line for row, line in zip(section.rows, section.lines, strict=True) if row[0] == key), 0)


def parse_vrplib(text: str, faults: Faults) -> VrplibText:
    """Split VRPLIB text into headers and sections; notes a fault for every word that should be a number."""
    headers: dict[str, tuple[str, int]] = {}
    sections: dict[str, Section] = {}
    current: Section | None = None
    for line, raw in enumerate(text.splitlines(), 1):
        words = raw.split()
        if not words or words[0].startswith("#"):
            continue
        if words[0] == "EOF":
            break
        if words[0].rstrip(":").endswith("_SECTION"):
            name = words[0].rstrip(":").removesuffix("_SECTION").upper()
            current = sections[name] = Section(name, line)
        elif ":" in raw and not _is_number(words[0]):
            key, _, value = raw.partition(":")
            headers[key.strip().upper()] = (value.strip(), line)
            current = None
        elif current is None:
            faults.add(
                f"line {line}", f"'{raw.strip()[:40]}' belongs to no section", "start a section or write KEY: VALUE"
            )
        else:
            row = _numbers(words, f"{current.name}_SECTION, line {line}", faults)
            if row is not None:
                current.rows.append(row)
                current.lines.append(line)
    return VrplibText(headers, sections, faults)


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _numbers(words: list[str], where: str, faults: Faults) -> list[float] | None:
    row = []
    for word in words:
        try:
            number = float(word)
        except ValueError:
            faults.add(where, f"'{word}' is not a number", "write a number")
            return None
        if not np.isfinite(number):
            faults.add(where, f"'{word}' is not a finite number", "write a number")
            return None
        row.append(number)
    return row
