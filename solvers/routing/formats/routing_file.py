"""A routing problem together with what its file calls things, so that answers speak the file's language."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from solvers.routing.problem import IntArray, RoutingProblem
from solvers.routing.solution import RoutingSolution
from solvers.routing.timetable import Span

FileFormat = Literal["vrplib", "solomon", "vroom"]
Convention = Literal["round", "dimacs", "exact", "none"]
"""How fractions become whole numbers: round to nearest; tenths, cut off; thousandths, rounded; not at all."""

FACTORS: dict[str, int] = {"round": 1, "dimacs": 10, "exact": 1000, "none": 1}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node lies in a VROOM file: [longitude, latitude] and index into its matrices."""

    location: tuple[float, float] | None = None
    index: int | None = None


@dataclass(frozen=True, slots=True)
class NamedBreak:
    """What a file calls a driver's break."""

    id: int
    description: str = ""


@dataclass(frozen=True, slots=True)
class ReadSolution:
    """A solution, the vehicle id of each of its routes, and the times that it holds them to, see `timetable`."""

    solution: RoutingSolution
    vehicles: tuple[int, ...]
    held: tuple[dict[int, Span], ...]


@dataclass(frozen=True, slots=True, eq=False)
class RoutingFile:
    """What a reader makes of a file.

    Attributes
    ----------
    problem : the routing problem; its clients in file order.
    jobs : [C], id of each client: the task's in VROOM files, else 1 for the first node after the depots.
    kinds : [C], job, pickup or delivery; empty where all are jobs.
    vehicles : [V], ids of the vehicles of each type.
    scale : the problem's units of distance and time in one of the file's.
    cost_scale : the problem's cost units in one of the file's.
    convention : how fractions were made whole.
    breaks : [V], the breaks of each type in their order; empty where there are none.
    measured : whether distances are known; VROOM files may bring times alone.
    places : [N], VROOM locations of the nodes; empty for other formats.
    descriptions : free text by (job, pickup, delivery or vehicle, id).
    plan : a plan that the file brings along.
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
    kinds: tuple[str, ...] = ()
    breaks: tuple[tuple[NamedBreak, ...], ...] = ()
    measured: bool = True
    places: tuple[Place, ...] = ()
    descriptions: dict[tuple[str, int], str] = field(default_factory=dict)
    plan: ReadSolution | None = None
    notes: tuple[str, ...] = ()

    def kind(self, client: int) -> str:
        """Return what the file calls the client's task: job, pickup or delivery."""
        return self.kinds[client] if self.kinds else "job"

    def client_of(self) -> dict[tuple[str, int], int]:
        """Return the client of every (type, id)."""
        return {(self.kind(client), job): client for client, job in enumerate(self.jobs)}

    def break_of(self, vehicle: int) -> dict[int, int]:
        """Return the number of each break of a vehicle by its id."""
        kinds = [kind for kind, members in enumerate(self.vehicles) if vehicle in members]
        return {b.id: k for kind in kinds if self.breaks for k, b in enumerate(self.breaks[kind])}

    def in_file_units(self, value: int, *, cost: bool = False) -> int | float:
        """Return a distance, time or cost as the file would write it."""
        factor = self.cost_scale if cost else self.scale
        return value // factor if value % factor == 0 else value / factor


def whole(values: NDArray[np.float64], convention: Convention) -> IntArray:
    """Return times, distances or prizes as whole numbers by the convention."""
    if convention == "dimacs":
        return np.floor(10 * values + 1e-9).astype(np.int64)
    return np.rint(FACTORS[convention] * values).astype(np.int64)
