"""Ruin and recreate for plain problems: the routes are shared out among regions that are annealed side by side.

Regions and steps depend on the problem, the seed and the budget only, so that the answer to a budget in iterations is
the same whatever the number of threads.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from solvers.routing.instance import SLOTS, VEHICLES, Instance
from solvers.routing.kernel_types import FloatArray, Int32Array, IntArray
from solvers.routing.region import (
    BEST_COST,
    COSTS,
    FORBIDDEN,
    SPARE_ROUTES,
    Plain,
    Region,
    make_region,
)
from solvers.routing.region_kernels import anneal_region
from solvers.routing.region_sharing_kernels import (
    lay_on_tours,
    load_region,
    measure_routes,
    unload_region,
)
from solvers.routing.savings import savings_routes
from solvers.routing.schedule import Schedule
from solvers.routing.solution import RoutingSolution
from solvers.routing.state import links_of, routes_of

SPLIT_CLIENTS = (300, 1600, 6400)
"""From so many clients on, the routes are shared out among 2, 4 and 8 regions."""
FEWEST_ROUTES = 4
"""A region has at least so many."""
PHASE_STEPS = 20
"""Steps per client between two sharings, at most `LONGEST_PHASE` in all."""
LONGEST_PHASE = 100_000
HEATING_STEPS = 3000
"""Steps per client in the whole budget for which annealing begins at a temperature of one mean arc."""
HOTTEST = (0.5, 3.0)
"""Least and largest first temperature over the mean cost of an arc."""
OVERLOAD_PRICE = 3.0
"""Price of a full load above the capacity over the mean cost of a route, at a temperature of one mean arc."""
CROSSED = 0.15
"""Share of the steps in which two routes exchange their tails."""
STRICT_SHARE, STRICT_HEAT = 0.9, 0.03
"""Share of the budget, and temperature over the mean cost of an arc, from which on no overload is allowed."""


@dataclass(frozen=True, slots=True)
class Trail:
    """Pheromone [N, K] on the arcs to near clients, and how ants read and renew it.

    Attributes
    ----------
    greed : share of insertions at the most appealing place.
    evaporation : share of the pheromone lost between two sharings of the routes.
    lowest : pheromone never falls below; the highest is 1.
    """

    pheromone: FloatArray
    greed: float = 1.0
    evaporation: float = 0.0
    lowest: float = 1.0


NO_TRAIL = Trail(np.zeros((0, 0)))


@dataclass(slots=True)
class Tours:
    """Routes as next client [N], -1 at the end of a route, and first client of every route [R], -1 for none."""

    following: Int32Array
    firsts: IntArray

    def copy(self) -> Tours:
        """Return a copy."""
        return Tours(self.following.copy(), self.firsts.copy())


def first_tours(plain: Plain, instance: Instance, start: RoutingSolution | None) -> Tours | None:
    """Return `start`, which serves all, or a solution by savings; None where that needs too many vehicles."""
    following, used = savings_routes(plain) if start is None else links_of(instance, start)
    used = used[used >= 0]
    firsts = np.full(max(1, int(instance.vehicle[0, SLOTS])), -1, np.int64)
    if len(used) > len(firsts):
        return None
    firsts[: len(used)] = used
    return Tours(following, firsts)


@dataclass(slots=True)
class Regional:
    """Regions of a plain problem, annealed in phases."""

    instance: Instance
    plain: Plain
    schedule: Schedule
    heated: bool
    average: float
    regions: list[Region]
    rng: np.random.Generator
    pool: ThreadPoolExecutor | None
    current: Tours
    tours: Tours
    best_cost: int
    trail: Trail

    @classmethod
    def create(
        cls,
        instance: Instance,
        plain: Plain,
        tours: Tours,
        seed: int,
        hot: float | None,
        cold: float,
        average: float,
        threads: int,
        trail: Trail = NO_TRAIL,
    ) -> Regional:
        """Prepare regions that go on from `tours`, with `threads` of them worked on at the same time.

        `hot` None leaves the first temperature to the budget. With a `trail`, steps are ants'.
        """
        clients = len(instance.client) - instance.first_client
        used = int((tours.firsts >= 0).sum())
        number = 1
        if np.isfinite(instance.points[instance.first_client :]).all():
            # with backhauls a route's two halves want to be matched anew across the whole problem
            sizes = SPLIT_CLIENTS[1:] if len(plain.behind) else SPLIT_CLIENTS
            number = 1 << sum(clients >= least for least in sizes)
        while number > 1 and used < number * FEWEST_ROUTES:
            number //= 2
        seeds = np.random.SeedSequence(seed).spawn(number + 1)
        regional = cls(
            instance=instance,
            plain=plain,
            schedule=Schedule(hot or HOTTEST[0], cold),
            heated=hot is None,
            average=average,
            regions=[make_region(instance, one) for one in seeds[1:]],
            rng=np.random.default_rng(seeds[0]),
            pool=ThreadPoolExecutor(min(threads, number)) if min(threads, number) > 1 else None,
            current=tours,
            tours=tours.copy(),
            best_cost=0,
            trail=trail,
        )
        load_region(plain, regional.regions[0], tours.following, tours.firsts, np.arange(used), 0)
        regional.best_cost = int(regional.regions[0].counter[COSTS])
        regional.schedule.arc_cost = max(1e-3, (regional.best_cost - plain.fixed * used) / (clients + used))
        regional.run(0, 0.0, 0.0)  # compiles, or loads, what the clock should not see
        return regional

    @property
    def slice_steps(self) -> int:
        """Steps between two sharings of the routes."""
        clients = len(self.instance.client) - self.instance.first_client
        return min(PHASE_STEPS * clients, LONGEST_PHASE)

    def run(self, steps: int, begin: float, end: float) -> None:
        """Share the routes out and run `steps` steps, in proportion to the regions' clients.

        Meanwhile the share of the budget goes from `begin` to `end`.
        """
        if self.heated and end > begin:
            per_client = steps / (end - begin) / (len(self.instance.client) - self.instance.first_client)
            self.schedule.hot = float(np.clip(per_client / HEATING_STEPS, *HOTTEST))
        hot, cold = self.schedule.temperature(begin), self.schedule.temperature(end)
        parts, shares = self._share_out()
        self._price_overload(end, cold)
        trail = self.trail
        unused = int(self.instance.vehicle[0, VEHICLES]) - sum(len(part) for part in parts)
        spare = min(SPARE_ROUTES, unused // len(parts))

        def work(k: int) -> None:
            load_region(self.plain, self.regions[k], self.current.following, self.current.firsts, parts[k], spare)
            number = int(steps * shares[k])
            heat = hot, cold, self.average, CROSSED
            anneal_region(self.plain, self.regions[k], trail.pheromone, trail.greed, number, *heat)

        if self.pool is None:
            for k in range(len(parts)):
                work(k)
        else:
            list(self.pool.map(work, range(len(parts))))
        cost = sum(int(region.counter[BEST_COST]) for region in self.regions[: len(parts)])
        if cost < self.best_cost:
            self._gather(self.tours, True)
            self.best_cost = cost
        self._gather(self.current, False)
        if trail.pheromone.size:
            lay_on_tours(self.plain, self.tours.following, trail.pheromone, trail.evaporation, trail.lowest)

    def _price_overload(self, share: float, temperature: float) -> None:
        """Set the price of overload, the dearer the colder, until `share` of the budget is used; ants have none."""
        heat = temperature / self.schedule.arc_cost
        self.plain.overload[:] = FORBIDDEN
        if share < STRICT_SHARE and heat > STRICT_HEAT and not self.trail.pheromone.size:
            route_cost = self.best_cost / max(1, int((self.tours.firsts >= 0).sum()))
            price = OVERLOAD_PRICE / heat * route_cost / np.maximum(1, self.plain.capacity)
            self.plain.overload[:] = np.clip(np.ceil(price), 1, FORBIDDEN)

    def _gather(self, tours: Tours, best: bool) -> None:
        tours.firsts[:] = -1
        at = 0
        for region in self.regions:
            at = unload_region(self.plain, region, best, tours.following, tours.firsts, at)

    def _share_out(self) -> tuple[list[IntArray], FloatArray]:
        """Return the routes of each region, and its share of the clients: cuts in random directions, in half each."""
        used = int((self.current.firsts >= 0).sum())
        parts = [np.arange(used)]
        if len(self.regions) == 1:
            return parts, np.ones(1)
        centre, size = np.zeros((used, 2)), np.zeros(used, np.int64)
        measure_routes(self.plain, self.current.following, self.current.firsts, centre, size)
        while len(parts) < len(self.regions):
            halves = []
            for part in parts:
                angle = self.rng.random() * np.pi
                place = centre[part] @ np.array([np.cos(angle), np.sin(angle)])
                order = part[np.argsort(place, kind="stable")]
                grown = np.cumsum(size[order])
                cut = int(np.searchsorted(grown, grown[-1] / 2)) + 1
                halves += [order[: min(cut, len(order) - 1)], order[min(cut, len(order) - 1) :]]
            parts = halves
        shares = np.array([size[part].sum() for part in parts], dtype=np.float64)
        return parts, shares / shares.sum()

    def best(self) -> RoutingSolution:
        """Return the best solution so far."""
        firsts = self.tours.firsts
        return routes_of(self.instance, self.tours.following, firsts, np.zeros(len(firsts), np.int64))
