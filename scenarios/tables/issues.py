"""Issues: what loading, cleaning and checking have found, collected before anything is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from scenarios.errors import ISSUE_COLUMNS

_SHOWN = 3

Lines = npt.NDArray[np.int64]


@dataclass(slots=True)
class Issues:
    """A growing list of issues, one row of `data_issues` each."""

    rows: list[tuple[str, str, str, str, str, str, int, str, str]] = field(default_factory=list)

    def add(
        self,
        severity: str,
        table: str,
        rule: str,
        message: str,
        action: str,
        *,
        column: str = "",
        row: str = "",
        value: str = "",
        rows: int = 0,
    ) -> None:
        """Add one issue that is not about single rows, or whose text is made by the caller."""
        self.rows.append((severity, table, row, column, rule, value, rows, message, action))

    def add_rows(
        self,
        severity: str,
        table: str,
        rule: str,
        message: str,
        action: str,
        *,
        lines: Lines,
        values: Sequence[Any] | npt.NDArray[Any],
        column: str = "",
    ) -> None:
        """Add one issue about `lines` of a table; nothing where there are none.

        Parameters
        ----------
        message : what is wrong with the first row; `{value}` stands for its value.
        lines, values : [n] where, and what stands there, of every row that breaks the rule.
        """
        if len(lines) == 0:
            return
        first = _short(values[0])
        text = message.replace("{value}", first)
        others = [
            f"line {line} ({_short(value)!r})" for line, value in zip(lines[1:_SHOWN], values[1:_SHOWN], strict=True)
        ]
        if others:
            more = len(lines) - 1 - len(others)
            text += f"; also {', '.join(others)}" + (f" and {more:,} more" if more else "")
        self.rows.append((severity, table, str(lines[0]), column, rule, first, len(lines), f"{text}.", action))

    def tables_with_errors(self) -> set[str]:
        """Return the tables for which an error has been added."""
        return {row[1] for row in self.rows if row[0] == "error"}

    def frame(self) -> pd.DataFrame:
        """Return the issues as a table with the columns `ISSUE_COLUMNS`."""
        frame = pd.DataFrame(self.rows, columns=list(ISSUE_COLUMNS))
        return frame.astype({"rows": "int64"})


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
