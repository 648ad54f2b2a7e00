"""What a fitness backend needs to know about the stops and the vehicle, and what it promises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int32]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SplitData:
    """A homogeneous fleet at one depot, as the split of a giant tour sees it.

    Parameters
    ----------
    distance
        Cost of driving from row to column [N, N], cost units, not negative. Node 0 is the depot.
    demand
        What a stop takes of every capacity dimension [D, N], load units, not negative; 0 at the depot.
    capacity
        Of one vehicle [D], load units.
    fixed_cost
        Of one route, cost units.
    max_stops
        Most stops of one route; None for no limit.

    Raises
    ------
    ValueError
        Shapes that do not fit, negative entries, or a stop whose demand is above the capacity.
    """

    distance: FloatArray
    demand: npt.NDArray[np.int64]
    capacity: npt.NDArray[np.int64]
    fixed_cost: float = 0.0
    max_stops: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "distance", np.ascontiguousarray(self.distance, dtype=np.float64))
        object.__setattr__(self, "demand", np.ascontiguousarray(np.atleast_2d(self.demand), dtype=np.int64))
        object.__setattr__(self, "capacity", np.atleast_1d(np.asarray(self.capacity, dtype=np.int64)))
        nodes = self.distance.shape[0]
        if self.distance.shape != (nodes, nodes):
            raise ValueError(f"distance has shape {self.distance.shape}, expected a square [N, N]")
        if self.demand.shape != (self.capacity.size, nodes):
            raise ValueError(f"demand has shape {self.demand.shape}, expected [{self.capacity.size}, {nodes}]")
        if not np.isfinite(self.distance).all() or (self.distance < 0).any() or (self.demand < 0).any():
            raise ValueError("distance and demand must be finite and not negative")
        if (self.demand > self.capacity[:, None]).any():
            raise ValueError("a demand is above the capacity: no split serves that stop")
        if self.max_stops is not None and self.max_stops < 1:
            raise ValueError(f"max_stops is {self.max_stops}, expected at least 1")

    def longest_route(self, stops: int) -> int:
        """Return a bound on the stops of one route among tours of `stops` stops: the lightest ones fill it."""
        bound = stops if self.max_stops is None else min(stops, self.max_stops)
        for demand, capacity in zip(self.demand, self.capacity, strict=True):
            filled = np.cumsum(np.sort(demand[1:]))
            bound = min(bound, int(np.searchsorted(filled, capacity, side="right")))
        return max(1, bound)


class Fitness(Protocol):
    """Cost of giant tours; host arrays go in and out, whatever the device."""

    name: str

    def evaluate(self, giant_tours: IntArray) -> FloatArray:
        """Return the cost of the cheapest split of every giant tour into routes.

        Parameters
        ----------
        giant_tours
            Stops in order of visit [P, n], each row a sequence of different nodes without the depot.

        Returns
        -------
        Cost of the routes of every tour [P], cost units; 0 for a tour without stops.

        Raises
        ------
        ValueError
            A node that is not a stop, or an array that is not [P, n].
        """
        ...


def checked_tours(giant_tours: IntArray, nodes: int) -> IntArray:
    """Return the tours as a contiguous int32 array [P, n]; ValueError where a node is not in 1..nodes-1."""
    tours = np.ascontiguousarray(giant_tours, dtype=np.int32)
    if tours.ndim != 2:
        raise ValueError(f"giant tours have shape {tours.shape}, expected [P, n]")
    if tours.size and (tours.min() < 1 or tours.max() >= nodes):
        raise ValueError(f"giant tours name nodes outside 1..{nodes - 1}")
    return tours
