"""Faults of routing files: all of one file are collected and told at once."""

from __future__ import annotations

from pathlib import Path

MOST_TOLD = 20
"""More faults than this are counted, not listed."""


class RoutingFileError(ValueError):
    """A routing file that cannot be read as a problem or a solution; the text lists every fault.

    Attributes
    ----------
    path : the file.
    faults : one line each: where, what is wrong, what to do.
    """

    def __init__(self, path: Path, faults: list[str]) -> None:
        told = faults[:MOST_TOLD]
        if len(faults) > MOST_TOLD:
            told = [*told, f"and {len(faults) - MOST_TOLD} more"]
        super().__init__("\n".join([f"{path}:", *(f"  {fault}" for fault in told)]))
        self.path = path
        self.faults = tuple(faults)


class Faults:
    """Collects the faults of one file while it is read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._faults: list[str] = []

    def add(self, where: str, what: str, advice: str) -> None:
        """Note a fault: `where` in the file, `what` is wrong, and the `advice`."""
        self._faults.append(f"{where}: {what}; {advice}")

    def stop(self) -> None:
        """Raise RoutingFileError if there was any fault so far."""
        if self._faults:
            raise RoutingFileError(self._path, self._faults)

    def fail(self, where: str, what: str, advice: str) -> RoutingFileError:
        """Return the error of all faults so far and this one, to be raised where reading cannot go on."""
        self.add(where, what, advice)
        return RoutingFileError(self._path, self._faults)


def read_text(path: Path) -> str:
    """Return the text of a file; RoutingFileError where there is none."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise Faults(path).fail("file", f"cannot be read ({reason})", "give the path of a routing file") from None
