"""Store: the typed tables of one source, kept for a process that loads the same project many times.

Files are looked at again before every use: their names, sizes and times of change. A database is read once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scenarios.tables.issues import Issues
from scenarios.tables.parse import Table

Typed = tuple[dict[str, Table], dict[str, str]]
"""Tables by name as they were given, and the hashes of those that were; nobody changes them in place."""


@dataclass(slots=True)
class TableStore:
    """Keeps what was read last: one source, so that memory stays flat."""

    _key: object = None
    _tables: Typed | None = None
    _issues: list[Any] = field(default_factory=list)

    def recall(self, source: str, root: Path, issues: Issues, read: Callable[[Issues], Typed | None]) -> Typed | None:
        """Return the tables of a source, read now or before; `issues` receives what reading found either way.

        Parameters
        ----------
        source, root : as for `load_tables`.
        read : reads the tables; None where the source cannot be read.
        """
        key = (source, str(root.absolute()), _state(root / source) if "://" not in source else ())
        if key != self._key:
            found = Issues()
            self._key, self._tables, self._issues = key, read(found), found.rows
        issues.rows.extend(self._issues)
        return self._tables


def _state(path: Path) -> tuple[tuple[str, int, int], ...]:
    """Return name, size and time of change of every file of a source."""
    if not path.exists():
        return ()
    files = sorted(each for each in path.iterdir() if each.is_file()) if path.is_dir() else [path]
    about = [(file.name, file.stat()) for file in files]
    return tuple((name, stat.st_size, stat.st_mtime_ns) for name, stat in about)
