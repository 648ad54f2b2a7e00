"""Individuals of the genetic search, feasible and not, kept by cost and by how different they are.

After Vidal, Crainic, Gendreau, Lahrichi, Rei 2012: survivors and parents are ranked by cost and by broken-pairs
distance to their nearest neighbours in the population.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from solvers.routing.kernel_types import FloatArray, Int32Array, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Individual:
    """A set of routes: next client [N], client before [N], first client of every slot [R]; its penalised cost."""

    following: Int32Array
    before: Int32Array
    firsts: IntArray
    cost: float
    feasible: bool


def broken_pairs(one: Individual, others: list[Individual], first: int) -> FloatArray:
    """Return [len(others)] the share of clients whose neighbours in `one` are not neighbours in the other."""
    after = np.stack([other.following for other in others])[:, first:]
    before = np.stack([other.before for other in others])[:, first:]
    mine, mine_before = one.following[first:], one.before[first:]
    apart = (after != mine) & (before != mine)
    apart |= (mine_before < first) & (before >= first) & (after >= first)
    share: FloatArray = apart.mean(axis=1)
    return share


@dataclass(slots=True)
class SubPopulation:
    """Feasible or infeasible individuals; at `most` + `extra` the worst leave until `most` are left."""

    first_client: int
    most: int = 25
    extra: int = 40
    elite: int = 4
    close: int = 5
    members: list[Individual] = field(default_factory=list)
    gaps: FloatArray = field(default_factory=lambda: np.zeros((0, 0)))

    def add(self, one: Individual) -> None:
        """Take `one` in; when full, shrink: clones first, then the worst by biased fitness."""
        size = len(self.members)
        row = broken_pairs(one, self.members, self.first_client) if size else np.zeros(0)
        gaps = np.full((size + 1, size + 1), np.inf)
        gaps[:size, :size] = self.gaps
        gaps[size, :size] = gaps[:size, size] = row
        self.members.append(one)
        self.gaps = gaps
        if len(self.members) > self.most + self.extra:
            while len(self.members) > self.most:
                fitness = self.fitness()
                clone = self.gaps.min(axis=1) < 1e-9
                fitness[int(np.argmin(self.costs()))] = -np.inf
                self._drop(int(np.argmax(fitness + 1e6 * clone)))

    def costs(self) -> FloatArray:
        """Return [size] the penalised costs."""
        return np.array([one.cost for one in self.members])

    def fitness(self) -> FloatArray:
        """Return [size] the biased fitness: rank by cost plus a share of the rank by diversity; less is better."""
        size = len(self.members)
        if size == 1:
            return np.zeros(1)
        nearest = np.sort(self.gaps, axis=1)[:, : min(self.close, size - 1)].mean(axis=1)
        rank_cost = _ranks(self.costs())
        rank_gap = _ranks(-nearest)
        return rank_cost + (1.0 - min(self.elite, size) / size) * rank_gap

    def _drop(self, place: int) -> None:
        del self.members[place]
        self.gaps = np.delete(np.delete(self.gaps, place, axis=0), place, axis=1)


def _ranks(values: FloatArray) -> FloatArray:
    ranks = np.empty(len(values))
    ranks[np.argsort(values, kind="stable")] = np.arange(len(values)) / max(1, len(values) - 1)
    return ranks
