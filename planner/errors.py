"""Errors of planning that a user can act upon."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

RELAXATION_COLUMNS = ("rule", "location_id", "item_id", "date", "now", "needed", "unit", "cost", "message")


class InfeasibleError(Exception):
    """Hard rules clash: no plan keeps them all.

    Attributes
    ----------
    relaxation : one row per rule to loosen, columns `RELAXATION_COLUMNS`: the rule's present limit (`now`),
        the nearest limit that works (`needed`), their `unit`, and the change valued at the cost of the goods
        it is about (`cost`, money). With every row's `needed` in place of `now`, a plan exists: it was made.
    """

    def __init__(self, relaxation: pd.DataFrame) -> None:
        self.relaxation = relaxation
        lines = ["No plan keeps every rule. The least that must give way, solved again and shown to work:"]
        lines += [f"  {row.message}" for row in relaxation.itertuples(index=False)]
        super().__init__("\n".join(lines))

    def rows(self) -> list[dict[str, object]]:
        """Return the relaxation as plain records, dates in ISO 8601."""
        frame = self.relaxation.assign(date=self.relaxation["date"].astype(str).replace("NaT", ""))
        return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]


class RefusedError(Exception):
    """The judge found a broken rule in an answer: nothing is exported."""


def system_reason(error: OSError) -> str:
    """Return what the system says of a file that cannot be read or written, with its name."""
    place = f": {error.filename}" if error.filename else ""
    limits = {errno.EFBIG: "no larger files are allowed here"}
    return f"{limits.get(error.errno or 0, error.strerror or str(error))}{place}"


class SweepError(Exception):
    """A sweep cannot be started or cannot go on: what, where and what to do."""
