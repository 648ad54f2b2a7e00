"""Many chains of ruin and recreate at once: what a backend is given, and what it changes.

All backends follow the same algorithm with the same random numbers, so their answers agree up to the rounding of
a logarithm (one device may accept a step that another refuses when both sides are equal to the last digit).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

Int32Array = npt.NDArray[np.int32]
IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
Seeds = npt.NDArray[np.uint64]
Number = int | np.int64

MOST_REMOVED = 64
"""Clients that one step takes out at most."""


@dataclass(frozen=True, slots=True)
class ChainProblem:
    """One depot (node 0), C clients (nodes 1..C), equal vehicles, rounded Euclidean distances.

    Attributes
    ----------
    points : [N, 2] coordinates, N = C + 1.
    scale, offset : a distance is floor(scale x length + offset).
    demand : [N] load units, 0 at the depot; capacity : of a vehicle.
    near : [N, K] nearest clients, for insertion; around : [N, A] nearest clients with the client itself first, for
        ruin; -1 fills up.
    """

    points: FloatArray
    scale: float
    offset: float
    demand: IntArray
    capacity: int
    near: Int32Array
    around: Int32Array


class ChainStates(NamedTuple):
    """M solutions with R routes each, as linked lists; node 0 stands for the depot at both ends.

    Attributes
    ----------
    after, before, route : [M, N] next and previous client, and route (-1: on none).
    first, last, size : [M, R]; an empty route has 0 in all three. load : [M, R].
    cost : [M] distance.
    """

    after: Int32Array
    before: Int32Array
    route: Int32Array
    first: Int32Array
    last: Int32Array
    size: Int32Array
    load: IntArray
    cost: IntArray

    def pick(self, chosen: IntArray) -> ChainStates:
        """Return copies of the chosen solutions, in that order; one may be chosen many times."""
        return ChainStates._make(np.ascontiguousarray(array[chosen]) for array in self)


@dataclass(frozen=True, slots=True)
class Schedule:
    """How the chains of one call run.

    Attributes
    ----------
    steps : of every chain. hot : temperature before the first; cooling : its factor from step to step.
    strings : strings taken out, at most; longest : clients in one, at most.
    """

    steps: int
    hot: float
    cooling: float
    strings: float
    longest: float


class Chains(Protocol):
    """Runs many chains side by side; host arrays go in and out, whatever the device."""

    name: str

    def run(self, states: ChainStates, schedule: Schedule, seeds: Seeds) -> None:
        """Anneal every solution in place; `seeds` [M] are the states of the random numbers, moved on."""
        ...


def states_of(problem: ChainProblem, routes: list[list[int]], slots: int, chains: int) -> ChainStates:
    """Return `chains` copies of the solution with `routes` of nodes; ValueError if there are more than `slots`."""
    if len(routes) > slots:
        raise ValueError(f"{len(routes)} routes, {slots} vehicles")
    nodes = len(problem.demand)
    after, before = np.zeros(nodes, np.int32), np.zeros(nodes, np.int32)
    route = np.full(nodes, -1, np.int32)
    first, last, size = (np.zeros(slots, np.int32) for _ in range(3))
    load, cost = np.zeros(slots, np.int64), 0
    for r, stops in enumerate(routes):
        if not stops:
            continue
        line = np.array(stops, np.int32)
        after[line[:-1]], before[line[1:]], route[line] = line[1:], line[:-1], r
        first[r], last[r], size[r], load[r] = line[0], line[-1], len(line), problem.demand[line].sum()
        path = problem.points[np.concatenate([[0], line, [0]])]
        gap = np.diff(path, axis=0)
        cost += int(np.floor(problem.scale * np.sqrt((gap * gap).sum(axis=1)) + problem.offset).sum())
    one = ChainStates._make(array[None] for array in (after, before, route, first, last, size, load, np.array(cost)))
    return one.pick(np.zeros(chains, np.int64))


def routes_of(states: ChainStates, chain: int) -> list[list[int]]:
    """Return the routes of one solution as lists of nodes."""
    out = []
    for start in states.first[chain].tolist():
        stops, node = [], int(start)
        while node:
            stops.append(node)
            node = int(states.after[chain, node])
        if stops:
            out.append(stops)
    return out
