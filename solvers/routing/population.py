"""Individuals of the genetic search, feasible and not, kept by cost and by how different they are.

After Vidal, Crainic, Gendreau, Lahrichi, Rei 2012: survivors and parents are ranked by cost and by broken-pairs
distance to their nearest neighbours in the population.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from solvers.routing.breeding_kernels import count_broken_pairs, lay_out
from solvers.routing.kernel_types import FloatArray, Int32Array, IntArray

Tours = list[tuple[int, Int32Array]]
"""Routes as (vehicle slot, nodes)."""


@dataclass(frozen=True, slots=True, eq=False)
class Individual:
    """A set of routes and its penalised cost.

    Attributes
    ----------
    following, before : [N], next and previous client, -1 or a depot where there is none.
    stops : [clients on routes], route after route in the order of `tours`.
    tours : the routes, views of `stops`, by direction.
    directions : [routes], mean direction, radians.
    """

    following: Int32Array
    before: Int32Array
    stops: Int32Array
    tours: Tours
    directions: FloatArray
    cost: float
    feasible: bool

    @classmethod
    def create(
        cls, following: Int32Array, firsts: IntArray, angle: FloatArray, first: int, cost: float, feasible: bool
    ) -> Individual:
        """Copy and lay out the routes given as next client [N] and first client of every slot [R]."""
        stops = np.empty(len(following) - first, np.int32)
        routes, directions = np.empty((len(firsts), 3), np.int64), np.empty(len(firsts))
        count, size = lay_out(following, firsts, angle, first, stops, routes, directions)
        before = np.full(len(following), -1, np.int32)
        clients = stops[:size]
        linked = clients[following[clients] >= first]
        before[following[linked]] = linked
        tours = [(slot, stops[begin:end]) for slot, begin, end in routes[:count].tolist()]
        return cls(following.copy(), before, clients, tours, directions[:count], cost, feasible)


@dataclass(slots=True)
class SubPopulation:
    """Feasible or infeasible individuals; at `most` + `extra` the worst leave until `most` are left."""

    first_client: int
    nodes: int
    most: int = 25
    extra: int = 40
    elite: int = 4
    close: int = 5
    members: list[Individual] = field(default_factory=list)
    gaps: FloatArray = field(init=False)
    links: Int32Array = field(init=False)
    ranked: FloatArray | None = None

    def __post_init__(self) -> None:
        room = self.most + self.extra + 1
        self.gaps = np.full((room, room), np.inf)
        self.links = np.full((room, 2, self.nodes), -1, np.int32)

    def add(self, one: Individual) -> None:
        """Take `one` in; when full, shrink: clones first, then the worst by biased fitness."""
        size = len(self.members)
        share = np.empty(size)
        count_broken_pairs(one.following, one.before, self.first_client, self.links, size, share)
        self.gaps[size, :size] = self.gaps[:size, size] = share
        self.gaps[size, size] = np.inf
        self.links[size, 0], self.links[size, 1] = one.following, one.before
        self.members.append(one)
        self.ranked = None
        if len(self.members) > self.most + self.extra:
            while len(self.members) > self.most:
                size = len(self.members)
                fitness = self.fitness().copy()
                clone = self.gaps[:size, :size].min(axis=1) < 1e-9
                fitness[int(np.argmin(self.costs()))] = -np.inf
                self._drop(int(np.argmax(fitness + 1e6 * clone)))

    def costs(self) -> FloatArray:
        """Return [size] the penalised costs."""
        return np.array([one.cost for one in self.members])

    def fitness(self) -> FloatArray:
        """Return [size] the biased fitness: rank by cost plus a share of the rank by diversity; less is better."""
        if self.ranked is None:
            size = len(self.members)
            close = min(self.close, size - 1)
            nearest = np.partition(self.gaps[:size, :size], close, axis=1)[:, :close].mean(axis=1) if close else [0.0]
            share = 1.0 - min(self.elite, size) / size
            self.ranked = _ranks(self.costs()) + share * _ranks(-np.asarray(nearest))
        return self.ranked

    def _drop(self, place: int) -> None:
        """Let the last of the members' rows move up behind `place`."""
        size = len(self.members)
        del self.members[place]
        kept = np.delete(np.arange(size), place)
        self.gaps[: size - 1, : size - 1] = self.gaps[np.ix_(kept, kept)]
        self.links[place : size - 1] = self.links[place + 1 : size].copy()
        self.ranked = None


def _ranks(values: FloatArray) -> FloatArray:
    ranks = np.empty(len(values))
    ranks[np.argsort(values, kind="stable")] = np.arange(len(values)) / max(1, len(values) - 1)
    return ranks
