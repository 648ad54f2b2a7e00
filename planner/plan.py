"""Plan: everything one run has decided, frozen, with where it came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

Status = Literal["optimal", "gap_reached", "limit"]


@dataclass(frozen=True, slots=True)
class Plan:
    """The published tables of one run and its provenance.

    Attributes
    ----------
    tables : published tables by name, each conforming to `reports.tables.PUBLISHED`.
    status : of the replenishment plan: optimal, gap_reached, or limit (usable, gap shown).
    cost, lower_bound : money; the replenishment model's cost and proven bound.
    seconds : stage -> wall seconds.
    provenance : input and scenario hashes, versions, seed, status, bound, gap.
    begun : what another plan can begin from, `planner.pipeline.Begun`; None where a person stopped the search.
    """

    tables: Mapping[str, pd.DataFrame]
    status: Status
    cost: float
    lower_bound: float
    seconds: Mapping[str, float]
    provenance: Mapping[str, object]
    begun: object

    @property
    def gap(self) -> float:
        """Return (cost - lower bound) / cost, 0 for a free plan."""
        return (self.cost - self.lower_bound) / self.cost if self.cost > 0 else 0.0
