"""Hybrid genetic search: crossover, education by local search, penalised infeasibility, managed diversity.

After Vidal, Crainic, Gendreau, Lahrichi, Rei 2012 and Vidal 2022; exchange of routes after Nagata, Braysy, Dullaert
2010. One iteration is one child.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, NamedTuple

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
    VALUE,
    Plan,
    make_plan,
)
from solvers.routing.population import Individual, SubPopulation
from solvers.routing.problem import RoutingProblem
from solvers.routing.registry import Found
from solvers.routing.route_pool import PooledRoute, RoutePool
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
    choose_every : children between two choices among the routes of good individuals by set partitioning.
    """

    first_individuals: int = 50
    repair_share: float = 0.5
    feasible_target: float = 0.2
    adapt_every: int = 50
    neighbours: int = 20
    choose_every: int = 1000


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
TOLERANCE = 1e-6
POOLED_GAP = 0.02
"""Routes of individuals up to so much dearer than the best are kept for set partitioning."""
BROOD = 2
"""Children made of one population and educated side by side, whatever the number of threads."""


class Educated(NamedTuple):
    """A child after local search: routes, cost with the price of overload and of lateness in it, cost of each slot."""

    following: Int32Array
    firsts: IntArray
    cost: float
    overload: float
    lateness: float
    worth: FloatArray
    repaired: bool

    @property
    def feasible(self) -> bool:
        """Whether all rules are kept."""
        return self.overload + self.lateness < TOLERANCE


@dataclass(slots=True)
class Genetic:
    """The search between two looks at the clock."""

    problem: RoutingProblem
    instance: Instance
    plans: list[Plan]
    workers: ThreadPoolExecutor | None
    params: GeneticParams
    rng: np.random.Generator
    first_chain: Annealing
    angle: FloatArray
    groups: tuple[SubPopulation, SubPopulation]
    best: RoutingSolution
    best_cost: float
    pool: RoutePool
    best_routes: list[PooledRoute] = field(default_factory=list)
    giant_tours: list[Int32Array] = field(default_factory=list)
    children: int = 0
    overloaded: list[bool] = field(default_factory=list)
    late: list[bool] = field(default_factory=list)

    @classmethod
    def create(
        cls,
        problem: RoutingProblem,
        seed: int,
        params: GeneticParams,
        start: RoutingSolution | None,
        threads: int = 1,
    ) -> Genetic:
        """Prepare the search; its first answer is a greedy insertion (or `start`)."""
        instance = build_instance(problem, params.neighbours)
        chain = Annealing.create(problem, instance, seed, RuinRecreateParams(), start)
        plans = [make_plan(instance, seed + k) for k in range(BROOD)]
        heaviest = instance.amount[:, : problem.dimensions].max(axis=0)
        furthest = chain.schedule.arc_cost * 10
        for plan in plans:
            plan.weight[LOAD_WEIGHT:] = np.clip(furthest / np.maximum(1, heaviest), 0.01, None)
            plan.weight[:LOAD_WEIGHT] = max(1, int(instance.vehicle[:, COST].max()))
        first, nodes = instance.first_client, len(instance.client)
        genetic = cls(
            problem=problem,
            instance=instance,
            plans=plans,
            workers=ThreadPoolExecutor(min(threads, BROOD)) if threads > 1 else None,
            params=params,
            rng=np.random.default_rng(seed),
            first_chain=chain,
            angle=_angles(instance),
            groups=(SubPopulation(first, nodes), SubPopulation(first, nodes)),
            best=chain.best(),
            best_cost=float(chain.best_cost),
            pool=RoutePool(first),
        )
        genetic.join(genetic.educate(0, links_of(instance, chain.best()), False))
        return genetic

    def best_solution(self) -> RoutingSolution:
        """Return the best solution so far."""
        return self.best

    def breed(self, stop: StopRule, done: int) -> None:
        """Make a brood of children (random individuals at first), educate them and let them join the population.

        `stop`, asked with `done` iterations, may end the set partitioning that follows now and then.
        """
        first = self.children < self.params.first_individuals
        brood = [self._random_individual() if first else self._child() for _ in range(BROOD)]
        repaired = (self.rng.random(BROOD) < self.params.repair_share).tolist()
        spread = map if self.workers is None else self.workers.map
        for educated in list(spread(self.educate, range(BROOD), brood, repaired)):
            self.children += 1
            self.join(educated)
            if self.children % self.params.adapt_every == 0:
                self._adapt()
            if self.children % self.params.choose_every == 0:
                self.choose_routes(stop, done)

    def choose_routes(self, stop: StopRule, done: int) -> None:
        """Let the cheapest choice of routes seen in good individuals join the population, if it is new."""
        if self.pool.fresh == 0 or not self.best_routes:
            return
        chosen = self.pool.choose(
            self.best_routes,
            self.problem.clients,
            self.problem.vehicles.count,
            lambda: stop(done, self.best_cost) >= 1,
        )
        if chosen is None:
            return
        solution = RoutingSolution.create(
            [(column.vehicle_type, list(column.clients)) for column in chosen], self.problem.clients
        )
        self.join(self.educate(0, links_of(self.instance, solution), False))

    def educate(self, place: int, links: Links, repairs: bool) -> list[Educated]:
        """Improve the routes; where they break rules and `repairs`, once more under ten times the penalties."""
        plan = self.plans[place]
        found = [self._improved(plan, links, False)]
        if repairs and not found[0].feasible:
            weight = plan.weight.copy()
            plan.weight[:] *= 10
            found.append(self._improved(plan, (found[0].following.copy(), found[0].firsts.copy()), True))
            plan.weight[:] = weight
        return found

    def _improved(self, plan: Plan, links: Links, repaired: bool) -> Educated:
        following, firsts = links
        cost = float(educate(self.instance, plan, following, firsts))
        used = plan.tour[:, SIZE] > 0
        bottoms, kinds = plan.tour[used, BOTTOM], plan.tour[used, TYPE]
        loads = plan.part[bottoms, PART_LOAD : PART_LOAD + self.problem.dimensions]
        excess = np.maximum(0, loads - self.instance.vehicle[kinds, CAPACITY:])
        overload = float((excess * plan.weight[LOAD_WEIGHT:]).sum())
        lateness = float(plan.worth[used, PENALTY].sum()) - overload
        return Educated(following, firsts, cost, overload, lateness, plan.worth[:, VALUE].copy(), repaired)

    def join(self, family: list[Educated]) -> None:
        """Let a child, and what its repair has made of it, join the population."""
        for one in family:
            if not one.repaired:
                self.overloaded.append(one.overload > TOLERANCE)
                self.late.append(one.lateness > TOLERANCE)
            elif not one.feasible:
                continue
            member = Individual.create(
                one.following, one.firsts, self.angle, self.instance.first_client, one.cost, one.feasible
            )
            self.groups[0 if one.feasible else 1].add(member)
            if not one.feasible:
                continue
            better = one.cost < self.best_cost - TOLERANCE
            if better:
                self.best_cost = one.cost
                self.best = routes_of(self.instance, one.following, one.firsts, self.plans[0].tour[:, TYPE])
                self.best_routes = []
            if one.cost < (1 + POOLED_GAP) * self.best_cost and len(member.stops) == self.problem.clients:
                kinds = self.plans[0].tour[:, TYPE]
                routes = [(int(kinds[slot]), stops, round(one.worth[slot])) for slot, stops in member.tours]
                self.pool.add(routes)
                if better:
                    self.best_routes = routes

    def _random_individual(self) -> Links:
        """Return a greedy insertion in random order, or, for one type of vehicle, the split of a random giant tour."""
        if len(self.instance.vehicle) > 1 or self.children % 2:
            seed = int(self.rng.integers(1 << 62))
            chain = Annealing.create(self.problem, self.instance, seed, RuinRecreateParams())
            return links_of(self.instance, chain.best())
        if not self.giant_tours:
            self.giant_tours = self._random_tours(self.params.first_individuals)
        return self._split(self.giant_tours.pop())

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
        firsts = np.full(len(self.plans[0].tour), -1, np.int64)
        split(self.instance, self.plans[0], giant_tour, np.zeros(size), np.zeros(size, np.int64), following, firsts)
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
        firsts = np.full(len(self.plans[0].tour), -1, np.int64)
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
            factor = 1.0
            if kept < self.params.feasible_target - 0.05:
                factor = 1.2
            elif kept > self.params.feasible_target + 0.05:
                factor = 0.85
            recent.clear()
            for plan in self.plans:
                plan.weight[part] = np.clip(plan.weight[part] * factor, 1e-3, 1e9)


def _angles(instance: Instance) -> FloatArray:
    """Return [N] polar angles around the mean client; all 0 where there are no coordinates."""
    points = instance.points
    middle = np.nanmean(points[instance.first_client :], axis=0) if np.isfinite(points).any() else np.zeros(2)
    angle: FloatArray = np.nan_to_num(np.arctan2(points[:, 1] - middle[1], points[:, 0] - middle[0]))
    return angle


def search(
    problem: RoutingProblem,
    stop: StopRule,
    seed: int,
    params: Any | None,
    start: RoutingSolution | None,
    threads: int = 1,
) -> Found:
    """Breed until `stop`; Ctrl-C ends it with the best so far."""
    chosen = params if isinstance(params, GeneticParams) else GeneticParams()
    if problem.clients == 0:
        return Found(RoutingSolution((), ()), 0)
    genetic = Genetic.create(problem, seed, chosen, start, threads)
    trace = [(0, int(genetic.best_cost))]
    try:
        while stop(genetic.children, genetic.best_cost) < 1:
            genetic.breed(stop, genetic.children)
            if genetic.best_cost < trace[-1][1]:
                trace.append((genetic.children, round(genetic.best_cost)))
    except KeyboardInterrupt:
        pass
    return Found(genetic.best, genetic.children, tuple(trace))
