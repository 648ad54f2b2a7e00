"""Ruin and recreate under simulated annealing: the solver for large cases and, by `general`, for every rule."""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

from solvers.routing import general
from solvers.routing.annealing_kernels import anneal
from solvers.routing.instance import FIXED, PRIZE, Instance, build_instance, is_timed, unsupported
from solvers.routing.problem import RoutingProblem
from solvers.routing.region import is_plain, make_plain
from solvers.routing.regional_annealing import NO_TRAIL, Regional, Trail, first_tours
from solvers.routing.registry import Found
from solvers.routing.ruin_kernels import Workspace
from solvers.routing.schedule import Schedule
from solvers.routing.solution import RoutingSolution
from solvers.routing.state import ABSENT, COSTS, COUNT, KIND, PRIOR, State, empty_state
from solvers.routing.stop import StopRule
from solvers.routing.workspace import best_solution, make_workspace, put_solution

STEPS_PER_ITERATION = 20
"""A step takes microseconds; an iteration is as many, so that budgets are comparable with other solvers'."""


COUNTED_CLIENTS = 2000
"""From so many clients on the first solution of a plain problem takes so long that it counts as time used."""
FIRST_SLICE = 100
"""Iterations between the first two looks at the stop rule."""
FILLING_SLICES = 20
"""Slices in which the first solution of a plain problem may find a place for everybody."""
HOT, HOT_TIMED = 0.5, 1.0
"""First temperature over the mean cost of an arc, unless told; the second where time matters."""


@dataclass(frozen=True, slots=True)
class RuinRecreateParams:
    """Parameters of ruin and recreate.

    Attributes
    ----------
    average_removed : clients that leave their routes in one step, on average.
    hot, cold : first and last temperature over the mean cost of an arc of the first solution. `hot` None: 0.5, 1 where
        time matters, and for plain problems the hotter the more steps the budget has for each client.
    neighbours : clients next to which an insertion is tried; None: 100 where time matters, as many a near client does
        not fit in time, else 50.
    crossed, split, opened : shares of the steps in which, where time matters, tails of two routes are exchanged, a
        route is split, and the first client to come back opens a route.
    """

    average_removed: float = 10.0
    hot: float | None = None
    cold: float = 0.008
    neighbours: int | None = None
    crossed: float = 0.15
    split: float = 0.05
    opened: float = 0.05

    def hottest(self, problem: RoutingProblem) -> float:
        """Return `hot` for `problem`."""
        if self.hot is not None:
            return self.hot
        return HOT_TIMED if is_timed(problem) else HOT

    def nearest(self, problem: RoutingProblem) -> int:
        """Return the number of neighbours for `problem`."""
        if self.neighbours is not None:
            return self.neighbours
        return 100 if is_timed(problem) else 50


def supports(problem: RoutingProblem) -> str | None:
    """Return None, or the feature that is missing."""
    return general.supports(problem)


class Chain(Protocol):
    """Annealing run in slices; the temperature follows the share of the budget used."""

    @property
    def best_cost(self) -> int:
        """Cost of the best solution so far, prizes of absent clients included."""

    @property
    def slice_steps(self) -> int:
        """Steps between two looks at the stop rule, at most."""

    def run(self, steps: int, begin: float, end: float) -> None:
        """Run `steps` steps while the share of the budget goes from `begin` to `end`."""

    def best(self) -> RoutingSolution:
        """Return the best solution so far."""


@dataclass(slots=True)
class Annealing:
    """One chain of ruin and recreate that knows every rule."""

    problem: RoutingProblem
    instance: Instance
    state: State
    work: Workspace
    params: RuinRecreateParams
    schedule: Schedule

    @classmethod
    def create(
        cls,
        problem: RoutingProblem,
        instance: Instance,
        seed: int,
        params: RuinRecreateParams,
        start: RoutingSolution | None = None,
    ) -> Annealing:
        """Build the first solution: `start` completed, or everybody inserted greedily."""
        state = empty_state(instance)
        work = make_workspace(problem, instance, state, seed)
        if start is not None:
            put_solution(instance, state, work, start)
        chain = cls(problem, instance, state, work, params, Schedule(params.hottest(problem), params.cold))
        chain.settle_start()
        chain.schedule.arc_cost = mean_arc_cost(instance, state)
        return chain

    def settle_start(self) -> None:
        """Insert whoever is unassigned after `put_solution` and take the result as the best so far."""
        anneal(self.instance, self.state, self.work, 0, 1.0, 1.0, self.params.average_removed, 0.0, 0.0, 0.0)

    @property
    def slice_steps(self) -> int:
        """Steps between two looks at the stop rule, at most."""
        return STEPS_PER_ITERATION * max(1, min(100, 10_000 // self.problem.clients))

    @property
    def best_cost(self) -> int:
        """Cost of the best solution so far, prizes of absent clients included."""
        return int(self.work.best_cost[0])

    def run(self, steps: int, begin: float, end: float) -> None:
        """Run `steps` steps while the share of the budget goes from `begin` to `end`."""
        first, last = self.schedule.temperature(begin), self.schedule.temperature(end)
        p = self.params
        anneal(
            self.instance, self.state, self.work, steps, first, last, p.average_removed, p.crossed, p.split, p.opened
        )

    def best(self) -> RoutingSolution:
        """Return the best solution so far."""
        return best_solution(self.instance, self.work)


def mean_arc_cost(instance: Instance, state: State) -> float:
    """Return the scale of all temperatures: the mean cost of an arc of `state`."""
    route, vehicle = state.route, instance.vehicle[state.route[:, KIND]]
    used = route[:, COUNT] > 0
    spent = int(state.total[COSTS]) - int((vehicle[:, FIXED] * (used & (route[:, PRIOR] < 0))).sum())
    absent = state.absent[: state.total[ABSENT]]
    spent -= int(instance.client[absent, PRIZE].sum())
    return max(1e-3, spent / max(1, int(route[:, COUNT].sum()) + int(used.sum())))


@dataclass(slots=True)
class Progress:
    """Iterations done, and (iterations, best cost) at every look at the stop rule that found a better one."""

    done: int
    trace: list[tuple[int, int]]

    def note(self, cost: int) -> None:
        """Note the best cost now."""
        if not self.trace or cost < self.trace[-1][1]:
            self.trace.append((self.done, cost))


def cool(chain: Chain, stop: StopRule, progress: Progress, until: float = 1.0) -> None:
    """Run `chain` until the share `until` of the budget is used, the coldest then."""
    most = max(1, chain.slice_steps // STEPS_PER_ITERATION)
    share = stop(progress.done, chain.best_cost)
    begin, before = share, progress.done
    while share < until:
        done = progress.done - before
        pace = (share - begin) / done if done else 0.0
        # slices grow, since nobody knows at first how long they take, and the last one ends with the budget
        size = min(most, max(FIRST_SLICE, done))
        if pace > 0:
            size = max(1, min(size, math.ceil((until - share) / pace - 1e-6)))
        ahead, whole = min(until, share + size * pace), until - begin
        chain.run(size * STEPS_PER_ITERATION, (share - begin) / whole, (ahead - begin) / whole)
        progress.done += size
        progress.note(chain.best_cost)
        share = stop(progress.done, chain.best_cost)


def make_chain(
    problem: RoutingProblem,
    instance: Instance,
    seed: int,
    params: RuinRecreateParams,
    start: RoutingSolution | None,
    threads: int,
    trail: Trail = NO_TRAIL,
) -> Annealing | Regional:
    """Return the chain for `problem`: regions side by side where it is plain, else the one that knows every rule."""
    if not is_plain(problem, instance):
        return Annealing.create(problem, instance, seed, params, start)
    plain = make_plain(problem, instance)
    tours = first_tours(plain, instance, None) if start is None and not len(plain.behind) else None
    if tours is None:
        # a start may be incomplete, savings know no backhauls and may want more vehicles than there are
        chain = Annealing.create(problem, instance, seed, params, start)
        for _ in range(FILLING_SLICES):
            if not chain.best().unassigned:
                break
            chain.run(chain.slice_steps, 0.0, 0.0)
        if chain.best().unassigned:
            return chain
        tours = first_tours(plain, instance, chain.best())
    assert tours is not None
    heat = params.hot, params.cold
    return Regional.create(instance, plain, tours, seed, *heat, params.average_removed, threads, trail)


@cache
def warm_up() -> None:
    """Compile (or load) the kernels of plain problems before a clock starts."""
    tiny = RoutingProblem.cvrp([[0, 0], [0, 1], [1, 0], [1, 1]], [1, 1, 1], 2)
    make_chain(tiny, build_instance(tiny), 0, RuinRecreateParams(), None, 1)


def begin_chain(
    problem: RoutingProblem,
    stop: StopRule,
    seed: int,
    params: RuinRecreateParams,
    start: RoutingSolution | None,
    threads: int,
) -> tuple[Annealing | Regional, Progress]:
    """Return the chain for `problem` and its progress; a long construction counts as time and as one iteration."""
    counted = problem.clients >= COUNTED_CLIENTS and problem.vehicles.types == 1 and not is_timed(problem)
    if counted:
        warm_up()
        stop(0, math.inf)
    instance = build_instance(problem, params.nearest(problem))
    chain = make_chain(problem, instance, seed, params, start, threads)
    return chain, Progress(int(counted), [(0, chain.best_cost)])


def search(
    problem: RoutingProblem,
    stop: StopRule,
    seed: int,
    params: Any | None,
    start: RoutingSolution | None,
    threads: int = 1,
) -> Found:
    """Anneal from savings, a greedy solution or `start` until `stop`; Ctrl-C ends it with the best so far."""
    chosen = params if isinstance(params, RuinRecreateParams) else RuinRecreateParams()
    if unsupported(problem) is not None:
        return general.search(problem, stop, seed, None, start, threads)
    if problem.clients == 0:
        return Found(RoutingSolution((), ()), 0)
    chain, progress = begin_chain(problem, stop, seed, chosen, start, threads)
    with contextlib.suppress(KeyboardInterrupt):
        cool(chain, stop, progress)
    return Found(chain.best(), progress.done, tuple(progress.trace))
