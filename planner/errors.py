"""Errors of planning that a user can act upon."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

RELAXATION_COLUMNS = ("rule", "location_id", "item_id", "date", "now", "needed", "unit", "cost", "message")


class InfeasibleError(Exception):
    """Hard rules clash: no plan keeps them all.

    Attributes
    ----------
    relaxation : one row per rule to loosen, columns `RELAXATION_COLUMNS`: its present limit (`now`), the
        nearest limit that works (`needed`), their unit, the cost of the plan with all of them loosened less
        the cost of a plan in which the rule's loosening is free of charge is not known, so `cost` is the
        change valued at the item's cost, in money. Solved again with `needed`, the plan exists.
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
