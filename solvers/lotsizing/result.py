"""What a lot-sizing engine answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from solvers.lotsizing.problem import Flags, Floats, Ints

Status = Literal["optimal", "gap_reached", "limit", "infeasible"]


@dataclass(frozen=True, slots=True)
class Start:
    """The plan of a similar problem to begin from.

    Attributes
    ----------
    packs : [K, T] its plan; zero where this problem has item-locations of its own.
    changed : [K] item-locations whose data differ, and those that supply them: they are planned anew, the others move
        only to make room.
    """

    packs: Ints
    changed: Flags


@dataclass(frozen=True, slots=True)
class LotSizingResult:
    """A plan, its cost and how far from optimal it can be at most.

    Attributes
    ----------
    packs : [K, T] packs by bucket of arrival.
    cost : money, as the judge counts it.
    lower_bound : money; no plan that keeps the rules costs less.
    status : optimal, gap_reached (the wanted gap is proven), limit (usable, gap shown) or infeasible
        (`packs` breaks a rule; the judge says which).
    prices : [R, T] money per unit of every shared resource.
    stock_prices : [K, T] money per unit of stock sent on at an item-location that supplies others, else 0.
    iterations : price updates done.
    engine : decomposition or exact.
    """

    packs: Ints
    cost: float
    lower_bound: float
    status: Status
    prices: Floats
    stock_prices: Floats
    iterations: int
    engine: str

    @property
    def gap(self) -> float:
        """Return (cost - lower bound) / cost, 0 for a free plan."""
        return max(self.cost - self.lower_bound, 0.0) / abs(self.cost) if self.cost else 0.0
