"""How annealing cools: temperatures over the mean cost of an arc, as the share of the budget grows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Schedule:
    """Geometric cooling.

    Attributes
    ----------
    hot, cold : first and last temperature over `arc_cost`.
    arc_cost : mean cost of an arc of the first solution.
    """

    hot: float
    cold: float
    arc_cost: float = 1.0

    def temperature(self, share: float) -> float:
        """Return the temperature when `share` of the budget is used."""
        return float(self.arc_cost * self.hot * (self.cold / self.hot) ** min(1.0, share))
