"""Hybrid genetic search: crossover, education by local search, penalised infeasibility, managed diversity.

After Vidal, Crainic, Gendreau, Lahrichi, Rei 2012 and Vidal 2022; exchange of routes after Nagata, Braysy, Dullaert
2010. One iteration is one child.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from solvers.fitness import SplitData, make_fitness
from solvers.routing.crossover import order_crossover, route_exchange
from solvers.routing.instance import (
    CAPACITY,
    COST,
    FIXED,
    MAX_STOPS,
    START,
    TIMED,
    Instance,
    build_instance,
    unsupported,
)
from solvers.routing.kernel_types import FloatArray, Int32Array, IntArray
from solvers.routing.local_search_kernels import educate
from solvers.routing.plan import (
    BOTTOM,
    LOAD_WEIGHT,
    PART_LOAD,
    PENALTY,
    SIZE,
    TYPE,
    Plan,
    make_plan,
)
from solvers.routing.population import Individual, SubPopulation
from solvers.routing.problem import RoutingProblem
from solvers.routing.registry import Found
from solvers.routing.ruin_recreate import Annealing, RuinRecreateParams
from solvers.routing.solution import RoutingSolution
from solvers.routing.split_kernels import split
from solvers.routing.state import links_of, routes_of
from solvers.routing.stop import StopRule


@dataclass(frozen=True, slots=True)
class GeneticParams:
    """Parameters of the genetic search.

    Attributes
    ----------
    first_individuals : made before the first crossover.
    repair_share : infeasible children that are searched once more under ten times the penalties.
    feasible_target : share of children that should be feasible; the penalties follow it.
    adapt_every : children between two changes of the penalties.
    neighbours : clients next to which a move is tried.
    """

    first_individuals: int = 50
    repair_share: float = 0.5
    feasible_target: float = 0.2
    adapt_every: int = 50
    neighbours: int = 20


def supports(problem: RoutingProblem) -> str | None:
    """Return None, or the feature that is missing."""
    if problem.pickup.any():
        return "pick-ups"
    if problem.backhaul.any():
        return "backhauls"
    if problem.vehicles.max_reloads.any():
        return "reloads"
    if problem.release.any():
        return "release times"
    return unsupported(problem)


Links = tuple[Int32Array, IntArray]
"""Routes as next client [N] and first client of every slot [R]."""


@dataclass(slots=True)
class Genetic:
    """The search between two looks at the clock."""

    problem: RoutingProblem
    instance: Instance
    plan: Plan
    params: GeneticParams
    rng: np.random.Generator
    first_chain: Annealing
    angle: FloatArray
    groups: tuple[SubPopulation, SubPopulation]
    best: RoutingSolution
    best_cost: float
    pool: list[Int32Array] = field(default_factory=list)
    children: int = 0
    overloaded: list[bool] = field(default_factory=list)
    late: list[bool] = field(default_factory=list)

    @classmethod
    def create(
        cls, problem: RoutingProblem, seed: int, params: GeneticParams, start: RoutingSolution | None
    ) -> Genetic:
        """Prepare the search; its first answer is a greedy insertion (or `start`)."""
        instance = build_instance(problem, params.neighbours)
        chain = Annealing.create(problem, instance, seed, RuinRecreateParams(), start)
        plan = make_plan(instance, seed)
        heaviest = instance.amount[:, : problem.dimensions].max(axis=0)
        furthest = chain.arc_cost * 10
        plan.weight[LOAD_WEIGHT:] = np.clip(furthest / np.maximum(1, heaviest), 0.01, None)
        plan.weight[:LOAD_WEIGHT] = max(1, int(instance.vehicle[:, COST].max()))
        first, nodes = instance.first_client, len(instance.client)
        genetic = cls(
            problem=problem,
            instance=instance,
            plan=plan,
            params=params,
            rng=np.random.default_rng(seed),
            first_chain=chain,
            angle=_angles(instance),
            groups=(SubPopulation(first, nodes), SubPopulation(first, nodes)),
            best=chain.best(),
            best_cost=float(chain.best_cost),
        )
        genetic.educate(*links_of(instance, chain.best()))
        return genetic

    def best_solution(self) -> RoutingSolution:
        """Return the best solution so far."""
        return self.best

    def breed(self) -> None:
        """Make one child (a random individual at first), educate it and let it join the population."""
        self.children += 1
        first = self.children <= self.params.first_individuals
        following, firsts = self._random_individual() if first else self._child()
        if not self.educate(following, firsts) and self.rng.random() < self.params.repair_share:
            self.plan.weight[:] *= 10
            self.educate(following, firsts, repair=True)
            self.plan.weight[:] /= 10
        if self.children % self.params.adapt_every == 0:
            self._adapt()

    def educate(self, following: Int32Array, firsts: IntArray, repair: bool = False) -> bool:
        """Improve the routes in place, add them to the population; return whether they keep all rules."""
        plan, first = self.plan, self.instance.first_client
        cost = float(educate(self.instance, plan, following, firsts))
        used = plan.tour[:, SIZE] > 0
        penalty = float(plan.worth[used, PENALTY].sum())
        over = self._overload_cost(used)
        feasible = penalty < 1e-6
        if not repair:
            self.overloaded.append(over > 1e-6)
            self.late.append(penalty - over > 1e-6)
        one = Individual.create(following, firsts, self.angle, first, cost, feasible)
        if feasible or not repair:
            self.groups[0 if feasible else 1].add(one)
        if feasible and cost < self.best_cost - 1e-6:
            self.best_cost = cost
            self.best = routes_of(self.instance, following, firsts, plan.tour[:, TYPE])
        return feasible

    def _overload_cost(self, used: np.ndarray[Any, np.dtype[np.bool_]]) -> float:
        plan, dimensions = self.plan, self.problem.dimensions
        bottoms, kinds = plan.tour[used, BOTTOM], plan.tour[used, TYPE]
        loads = plan.part[bottoms, PART_LOAD : PART_LOAD + dimensions]
        excess = np.maximum(0, loads - self.instance.vehicle[kinds, CAPACITY:])
        return float((excess * plan.weight[LOAD_WEIGHT:]).sum())

    def _random_individual(self) -> Links:
        """Return a greedy insertion in random order, or, for one type of vehicle, the split of a random giant tour."""
        if len(self.instance.vehicle) > 1 or self.children % 2:
            seed = int(self.rng.integers(1 << 62))
            chain = Annealing.create(self.problem, self.instance, seed, RuinRecreateParams())
            return links_of(self.instance, chain.best())
        if not self.pool:
            self.pool = self._random_tours(self.params.first_individuals)
        return self._split(self.pool.pop())

    def _random_tours(self, number: int) -> list[Int32Array]:
        """Return `number` giant tours, worst first: the best of four times as many by the fitness of their split."""
        clients = np.arange(self.instance.first_client, len(self.instance.client), dtype=np.int32)
        row = self.instance.vehicle[0]
        plain = not self.instance.features & TIMED and self.instance.matrix.size > 0
        fits = (self.instance.amount[:, : self.problem.dimensions] <= row[CAPACITY:]).all()
        if not (plain and fits and row[START] == 0):
            return [self.rng.permutation(clients) for _ in range(number)]
        nodes = np.concatenate([[0], clients])
        data = SplitData(
            distance=self.instance.matrix[0][np.ix_(nodes, nodes)].astype(np.float64) * float(row[COST]),
            demand=self.instance.amount[nodes, : self.problem.dimensions].T,
            capacity=row[CAPACITY:],
            fixed_cost=float(row[FIXED]),
            max_stops=int(min(row[MAX_STOPS], len(clients))),
        )
        tours = np.stack([self.rng.permutation(len(clients)) + 1 for _ in range(4 * number)])
        order = np.argsort(make_fitness(data).evaluate(tours.astype(np.int32)), kind="stable")[:number]
        return [nodes[tours[k]].astype(np.int32) for k in order[::-1]]

    def _split(self, giant_tour: Int32Array) -> Links:
        giant_tour = giant_tour[self.instance.allowed[0, giant_tour] > 0]
        size = len(giant_tour) + 1
        following = np.full(len(self.instance.client), -1, np.int32)
        firsts = np.full(len(self.plan.tour), -1, np.int64)
        split(self.instance, self.plan, giant_tour, np.zeros(size), np.zeros(size, np.int64), following, firsts)
        return following, firsts

    def _child(self) -> Links:
        one, other = self._parent(), self._parent()
        timed = bool(self.instance.features & TIMED)
        mixing = len(self.instance.vehicle) == 1 and one.tours and other.tours
        if mixing and self.rng.random() < (0.3 if timed else 0.8):
            tours = [one.stops, other.stops]
            if len(tours[0]) < self.problem.clients or len(tours[1]) < self.problem.clients:
                absent = [np.setdiff1d(tours[1 - k], tours[k]) for k in range(2)]
                tours = [np.concatenate([tours[k], absent[k]]) for k in range(2)]
            return self._split(order_crossover(self.rng, *tours))
        following = np.full(len(self.instance.client), -1, np.int32)
        firsts = np.full(len(self.plan.tour), -1, np.int64)
        for slot, stops in route_exchange(self.rng, one, other):
            if len(stops):
                firsts[slot] = stops[0]
                following[stops[:-1]] = stops[1:]
        return following, firsts

    def _parent(self) -> Individual:
        """Return the better of two drawn individuals by biased fitness."""
        drawn: list[tuple[float, int, int]] = []
        sizes = [len(group.members) for group in self.groups]
        for place in self.rng.integers(0, sum(sizes), 2).tolist():
            group, within = (0, place) if place < sizes[0] else (1, place - sizes[0])
            drawn.append((float(self.groups[group].fitness()[within]), group, within))
        _, group, within = min(drawn)
        return self.groups[group].members[within]

    def _adapt(self) -> None:
        """Let penalties follow the share of children that kept capacity, and time."""
        for recent, part in ((self.overloaded, slice(LOAD_WEIGHT, None)), (self.late, slice(0, LOAD_WEIGHT))):
            kept = 1.0 - sum(recent) / max(1, len(recent))
            if kept < self.params.feasible_target - 0.05:
                self.plan.weight[part] *= 1.2
            elif kept > self.params.feasible_target + 0.05:
                self.plan.weight[part] *= 0.85
            recent.clear()
        self.plan.weight[:] = np.clip(self.plan.weight, 1e-3, 1e9)


def _angles(instance: Instance) -> FloatArray:
    """Return [N] polar angles around the mean client; all 0 where there are no coordinates."""
    points = instance.points
    middle = np.nanmean(points[instance.first_client :], axis=0) if np.isfinite(points).any() else np.zeros(2)
    angle: FloatArray = np.nan_to_num(np.arctan2(points[:, 1] - middle[1], points[:, 0] - middle[0]))
    return angle


def search(
    problem: RoutingProblem, stop: StopRule, seed: int, params: Any | None, start: RoutingSolution | None
) -> Found:
    """Breed until `stop`; Ctrl-C ends it with the best so far."""
    chosen = params if isinstance(params, GeneticParams) else GeneticParams()
    if problem.clients == 0:
        return Found(RoutingSolution((), ()), 0)
    genetic = Genetic.create(problem, seed, chosen, start)
    trace = [(0, int(genetic.best_cost))]
    try:
        while stop(genetic.children, genetic.best_cost) < 1:
            genetic.breed()
            if genetic.best_cost < trace[-1][1]:
                trace.append((genetic.children, round(genetic.best_cost)))
    except KeyboardInterrupt:
        pass
    return Found(genetic.best, genetic.children, tuple(trace))
