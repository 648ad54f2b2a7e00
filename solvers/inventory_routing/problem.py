"""The inventory-routing problem as flat arrays: what the engine reads and the judge checks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class InventoryRoutingProblem:
    """One depot, N customers, T days and K equal vehicles a day.

    A day: vehicles leave with what the depot held when the day began, customers receive, then demand is served,
    then the depot's supply of the day arrives and stock is counted. Holding is charged on the counted stock, at
    the depot too; stock before the first day is free (Archetti, Bertazzi, Laporte and Speranza 2007, "A branch-and-cut
    algorithm for a vendor-managed inventory-routing problem", Transportation Science 41(3); the rules of the 12th
    DIMACS implementation challenge).

    Attributes
    ----------
    distance : [N + 1, N + 1] cost of a leg; 0 is the depot, customer n is row n.
    demand : [N + 1, T] units; row 0 is 0.
    opening, least, most : [N + 1] units of stock: at the start, after demand, and before it at the most. The
        depot's entries of `least` and `most` are not used.
    holding : [N + 1] money per unit and day.
    supply : [T] units that arrive at the depot in the evening of the day.
    capacity : units in a vehicle. vehicles : K, each makes at most one route a day.

    Raises
    ------
    ValueError
        Arrays do not fit or make no sense; names the array.
    """

    distance: Floats
    demand: Ints
    opening: Ints
    least: Ints
    most: Ints
    holding: Floats
    supply: Ints
    capacity: int
    vehicles: int

    def __post_init__(self) -> None:
        """Check shapes and signs."""
        nodes, days = self.demand.shape
        if self.distance.shape != (nodes, nodes):
            raise ValueError(f"distance has shape {self.distance.shape}, demand asks for {(nodes, nodes)}")
        for name in ("opening", "least", "most", "holding"):
            if getattr(self, name).shape != (nodes,):
                raise ValueError(f"{name} has shape {getattr(self, name).shape}, demand asks for {(nodes,)}")
        if self.supply.shape != (days,):
            raise ValueError(f"supply has shape {self.supply.shape}, demand asks for {(days,)}")
        for name in ("distance", "demand", "opening", "least", "holding", "supply"):
            if (np.asarray(getattr(self, name)) < 0).any():
                raise ValueError(f"{name} has negative entries")
        if self.capacity < 1 or self.vehicles < 1:
            raise ValueError("capacity and vehicles must be at least 1")
        if (self.most[1:] < self.least[1:] + self.demand[1:].max(axis=1, initial=0)).any():
            worst = 1 + int(np.argmax(self.least[1:] + self.demand[1:].max(axis=1) - self.most[1:]))
            raise ValueError(f"customer {worst} may not hold a day's demand above its least stock; raise most")

    @property
    def customers(self) -> int:
        """N."""
        return len(self.opening) - 1

    @property
    def days(self) -> int:
        """T."""
        return len(self.supply)

    @property
    def available(self) -> Ints:
        """Units [T] that may have left the depot by each day: what it held at first and was supplied before."""
        arrived: Ints = np.concatenate([[0], np.cumsum(self.supply)[:-1]]).astype(np.int64)
        arrived += self.opening[0]
        return arrived


Visit = tuple[int, int]
"""(customer, units)."""


@dataclass(frozen=True, slots=True)
class InventoryRoutingPlan:
    """Routes of every day: per day a tuple of routes, each a tuple of (customer, units) in order."""

    routes: tuple[tuple[tuple[Visit, ...], ...], ...]
