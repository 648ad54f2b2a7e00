"""The general solver on two cores: routes are shared out between two regions, annealed side by side, again and again.

Regions and steps depend on the problem, the seed and the budget only, so that the answer to a budget in iterations is
the same whatever the number of threads. A region is a problem of its own: the clients of its routes, the vehicles that
drive them and its share of the unused ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from solvers.routing.general_chain import GeneralChain
from solvers.routing.kernel_types import FloatArray, IntArray
from solvers.routing.problem import RoutingProblem
from solvers.routing.solution import Route, RoutingSolution
from solvers.routing.subproblem import part_of, with_types

REGIONAL_CLIENTS = 300
"""From so many clients on there are two regions."""
FEWEST_ROUTES = 8
"""Of both regions together."""
PHASE_STEPS = 5
"""Steps per client between two sharings."""


def has_regions(problem: RoutingProblem, first: RoutingSolution) -> bool:
    """Return whether `problem` falls into regions: pinned stops and the balance of routes belong to the whole."""
    whole = bool(problem.pinned) or problem.balance_cost > 0
    return not whole and problem.clients >= REGIONAL_CLIENTS and len(first.routes) >= FEWEST_ROUTES


@dataclass(slots=True)
class GeneralRegions:
    """Two chains at a time, and the solution that they make up together.

    Attributes
    ----------
    whole : the chain of the whole problem, which made the first solution and knows the temperatures.
    current : solution that is annealed. solution, best_cost : the best so far.
    """

    whole: GeneralChain
    rng: np.random.Generator
    pool: ThreadPoolExecutor | None
    current: RoutingSolution
    solution: RoutingSolution
    best_cost: int

    @classmethod
    def create(cls, whole: GeneralChain, seed: int, threads: int) -> GeneralRegions:
        """Go on from the first solution of `whole`."""
        first = whole.best()
        pool = ThreadPoolExecutor(2) if threads > 1 else None
        return cls(whole, np.random.default_rng([seed, 2]), pool, first, first, whole.best_cost)

    @property
    def slice_steps(self) -> int:
        """Steps between two sharings of the routes."""
        return PHASE_STEPS * self.whole.problem.clients

    def best(self) -> RoutingSolution:
        """Return the best solution so far."""
        return self.solution

    def run(self, steps: int, begin: float, end: float) -> None:
        """Share the routes out and run `steps` steps while the share of the budget goes from `begin` to `end`."""
        problem, params, scale = self.whole.problem, self.whole.params, self.whole.arc_cost
        parts = self._share_out()
        seeds = self.rng.integers(0, 1 << 62, 2).tolist()
        sizes = [len(clients) for clients, _, _ in parts]

        def work(k: int) -> GeneralChain:
            clients, routes, count = parts[k]
            number = {client: at for at, client in enumerate(clients)}
            rows = [(r.vehicle_type, [number[c] if c >= 0 else c for c in r.clients]) for r in routes]
            region = with_types(part_of(problem, clients), np.arange(len(count)), count)
            start = RoutingSolution.create(rows, len(clients))
            chain = GeneralChain.create(region, seeds[k], params, start)
            chain.arc_cost = scale
            chain.run(int(steps * sizes[k] / sum(sizes)), begin, end)
            return chain

        chains = [work(0), work(1)] if self.pool is None else list(self.pool.map(work, range(2)))
        clients = [part[0] for part in parts]
        together = self._together(clients, [chain.best() for chain in chains])
        cost = sum(chain.best_cost - chain.price_of_absence(chain.best().unassigned) for chain in chains)
        cost += self.whole.price_of_absence(together.unassigned)
        if cost < self.best_cost:
            self.solution, self.best_cost = together, cost
        self.current = self._together(clients, [chain.now() for chain in chains])

    def _together(self, clients: Sequence[Sequence[int]], answers: Sequence[RoutingSolution]) -> RoutingSolution:
        rows = [
            (route.vehicle_type, [names[c] if c >= 0 else c for c in route.clients])
            for names, answer in zip(clients, answers, strict=True)
            for route in answer.routes
        ]
        return RoutingSolution.create(rows, self.whole.problem.clients)

    def _share_out(self) -> list[tuple[list[int], list[Route], IntArray]]:
        """Return clients, routes and vehicles by type of both regions: a cut in a random direction through the routes.

        The direction is that between two clients, as far as distances tell; unassigned clients lie where they are.
        """
        problem, fleet = self.whole.problem, self.whole.problem.vehicles
        a, b = self.rng.choice(problem.clients, 2, replace=False)
        place = self._away(int(a)) - self._away(int(b))
        middle_of = {route.clients: float(np.mean(place[list(route.stops)])) for route in self.current.routes}
        routes = sorted(self.current.routes, key=lambda route: (middle_of[route.clients], route.clients))
        grown = np.cumsum([len(route.stops) for route in routes])
        cut = min(int(np.searchsorted(grown, grown[-1] / 2)) + 1, len(routes) - 1)
        border = middle_of[routes[cut].clients]
        unused = fleet.count - np.bincount([route.vehicle_type for route in routes], minlength=fleet.types)
        partner = problem.partner()
        lower = [place[min(c, partner[c]) if partner[c] >= 0 else c] < border for c in self.current.unassigned]
        parts = []
        for low, mine, spare in ((True, routes[:cut], unused // 2), (False, routes[cut:], unused - unused // 2)):
            left = [c for c, below in zip(self.current.unassigned, lower, strict=True) if below == low]
            clients = sorted([*left, *(c for route in mine for c in route.stops)])
            count = spare + np.bincount([route.vehicle_type for route in mine], minlength=fleet.types)
            parts.append((clients, mine, count))
        return parts

    def _away(self, client: int) -> FloatArray:
        """Return distances [C] from a client in the first profile."""
        problem, node = self.whole.problem, self.whole.problem.depots + client
        if problem.distances is not None and problem.distances[0].any():
            return problem.distances[0, node, problem.depots :].astype(np.float64)
        if problem.durations is not None:
            return problem.durations[0, node, problem.depots :].astype(np.float64)
        assert problem.coordinates is not None
        gap = problem.coordinates[problem.depots :] - problem.coordinates[node]
        away: FloatArray = np.hypot(gap[:, 0], gap[:, 1])
        return away
