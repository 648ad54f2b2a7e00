"""A routing problem together with what its file calls things, so that answers speak the file's language."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from solvers.routing.evaluate import travel
from solvers.routing.problem import IntArray, RoutingProblem
from solvers.routing.solution import RoutingSolution

FileFormat = Literal["vrplib", "solomon", "vroom"]
Convention = Literal["round", "dimacs", "exact", "none"]
"""How fractions become whole numbers: round to nearest; tenths, cut off; thousandths, rounded; not at all."""

FACTORS: dict[str, int] = {"round": 1, "dimacs": 10, "exact": 1000, "none": 1}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node lies in a VROOM file: [longitude, latitude] and index into its matrices."""

    location: tuple[float, float] | None = None
    index: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class RoutingFile:
    """What a reader makes of a file.

    Attributes
    ----------
    problem : the routing problem; its clients in file order.
    jobs : [C], id of each client: the job's in VROOM files, else 1 for the first node after the depots.
    vehicles : [V], ids of the vehicles of each type.
    scale : the problem's units of distance and time in one of the file's.
    cost_scale : the problem's cost units in one of the file's.
    convention : how fractions were made whole.
    metres : true distances [P, N, N] where the problem's own distances are costs; else None.
    distance_is_time : the problem's distances are travel times, as VROOM charges by default.
    setup : [C], the part of the service time that VROOM calls setup.
    places : [N], VROOM locations of the nodes; empty for other formats.
    descriptions : free text by job id and by ("vehicle", id).
    start : a solution that the file brings along.
    notes : what was read in a way that a user should know.
    """

    path: Path
    format: FileFormat
    name: str
    problem: RoutingProblem
    jobs: tuple[int, ...]
    vehicles: tuple[tuple[int, ...], ...]
    scale: int = 1
    cost_scale: int = 1
    convention: Convention = "none"
    metres: IntArray | None = None
    distance_is_time: bool = False
    setup: IntArray | None = None
    places: tuple[Place, ...] = ()
    descriptions: dict[int | tuple[str, int], str] = field(default_factory=dict)
    start: RoutingSolution | None = None
    notes: tuple[str, ...] = ()

    def distance(self, profile: int, origin: int, destination: int) -> int:
        """Return the true distance between two nodes, in the problem's units."""
        if self.metres is not None:
            return int(self.metres[profile, origin, destination])
        return travel(self.problem, profile, origin, destination)[0]

    def in_file_units(self, value: int, *, cost: bool = False) -> int | float:
        """Return a distance, time or cost as the file would write it."""
        factor = self.cost_scale if cost else self.scale
        return value // factor if value % factor == 0 else value / factor


def whole(values: NDArray[np.float64], convention: Convention) -> IntArray:
    """Return times, distances or prizes as whole numbers by the convention."""
    if convention == "dimacs":
        return np.floor(10 * values + 1e-9).astype(np.int64)
    return np.rint(FACTORS[convention] * values).astype(np.int64)
