"""One depot's day from its problem to a judged answer: draft, finish, and what is left over.

The draft (see `planner.distribution.draft`) takes nearly all of the search; the finish is a short one under the exact
problem. Both are sought as if there were enough vehicles of every type. If the routes need no more than there are,
they stand, as a limit that does not bind allows no better ones; otherwise they are finished once more with
the real numbers. So another number of vehicles touches only the days that need them all.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from planner.distribution.around import solve_around
from planner.distribution.begun import RoutedDay, begin_from
from planner.distribution.day import DepotDay
from planner.distribution.draft import drafted
from planner.distribution.stop_pins import PinnedDay
from planner.recall import Recall
from scenarios.settings import DistributionSettings
from solvers.routing import registry, stop
from solvers.routing.evaluate import judge
from solvers.routing.leftovers import Blocked, place_leftovers
from solvers.routing.problem import RoutingProblem
from solvers.routing.proofs import prove_fixes
from solvers.routing.solution import Route, RoutingSolution

_FINISH, _FINISH_HOT = 1 / 16, 0.1
"""The finish has this part of the draft's iterations, and begins cooler: what was found stays where nothing speaks
against it."""
_REFIT, _REFIT_AGAIN, _REFIT_HOT = 1 / 4, 1 / 8, 0.5
"""The same where routes must be fitted to fewer vehicles; `again` where they are those of another plan."""
_SEARCHED = 3.0
"""A day that begins from other routes has this many times the share of it that is other of the draft's iterations."""
_DRAFTING = ("auto", "genetic", "ant_colony", "ruin_recreate")
"""Solvers whose answer may be finished by another; the rest are asked for their own answer to the exact problem."""

Routed = tuple[RoutingSolution, tuple[Blocked, ...]]


@dataclass(frozen=True, slots=True)
class DayAnswer:
    """The routes of a day, what is left over and why, and its pins."""

    day: DepotDay
    solution: RoutingSolution
    blocked: tuple[Blocked, ...]
    pinned: PinnedDay


@dataclass(slots=True)
class Budget:
    """What ends a day early: its share of the wall seconds that are left, and a person's Ctrl-C."""

    seconds: float | None
    days_left: int
    threads: int
    stopped: threading.Event
    _deadline: float | None = None

    def rules(self) -> tuple[stop.StopRule, stop.StopRule]:
        """Return what ends the search of one day early, and what its finish."""
        self.days_left -= 1
        if self.seconds is None:
            return self._interrupted, self._interrupted
        now = time.monotonic()
        self._deadline = self._deadline or now + self.seconds
        rounds = -(-(self.days_left + 1) // self.threads)
        share = max(0.01, (self._deadline - now) / max(1, rounds))
        finish = share * _REFIT
        return (
            stop.any_of(self._interrupted, stop.wall_seconds(share - finish)),
            stop.any_of(self._interrupted, stop.wall_seconds(finish)),
        )

    def reproducible(self, _: object) -> bool:
        """Return whether neither a clock nor a person has ended a search."""
        return self.seconds is None and not self.stopped.is_set()

    def _interrupted(self, _done: int, _best: float) -> float:
        return float(self.stopped.is_set())


def solve_day(
    day: DepotDay,
    pinned: PinnedDay,
    settings: DistributionSettings,
    budget: Budget,
    seed: int,
    recall: Recall,
    before: RoutedDay | None = None,
) -> DayAnswer:
    """Return the judged routes of a day.

    Parameters
    ----------
    before : its routes in the plan that this one begins from.

    Raises
    ------
    VerificationError
        The judge refuses an answer.
    """
    problem = day.problem
    search, finish = budget.rules()
    if problem is None:
        return DayAnswer(day, RoutingSolution((), ()), (), pinned)
    asked = (settings.solver, settings.iterations, seed)

    def routed(exact: RoutingProblem, begun: RoutingSolution | None, part: float, hot: float) -> Routed:
        if begun is None:
            return recall("routing", route_day, exact, pinned.routes, *asked, limit=search, keep=budget.reproducible)
        iterations = max(1, int(settings.iterations * part))
        return recall("finish", finish_day, exact, begun, iterations, hot, seed, limit=finish, keep=budget.reproducible)

    if before is not None and before.is_of(problem, pinned.routes, asked):
        return _judged(DayAnswer(day, before.solution, before.blocked, pinned))
    begun, part, hot = None, _FINISH, _FINISH_HOT
    refit = _REFIT if before is None else _REFIT_AGAIN
    if not pinned.routes and settings.solver in _DRAFTING:
        known = None if before is None or before.differs_in_fleet_only(problem) else begin_from(before, day)
        if known is None:
            begun = recall("routing", draft_day, drafted(problem), *asked, limit=search, keep=budget.reproducible)
        else:
            begun, part = known[0], min(1.0, max(_FINISH, _SEARCHED * known[1]))
            hot = max(_FINISH_HOT, part)
    solution, blocked = routed(_with_ample_fleet(problem), begun, part, hot)
    if blocked or (_used(solution, problem) > problem.vehicles.count).any():
        solution, blocked = routed(problem, begun and solution, max(refit, part), max(_REFIT_HOT, hot))
    if blocked:
        solution, blocked = recall("proofs", prove_fixes, problem, solution, blocked)
    return _judged(DayAnswer(day, solution, blocked, pinned))


def _judged(answer: DayAnswer) -> DayAnswer:
    day, problem = answer.day, answer.day.problem
    broken = [v for v in judge(problem, answer.solution).violations if v.rule != "unassigned"] if problem else []
    if broken:
        raise registry.VerificationError(f"routes of {day.date:%Y-%m-%d} from {day.depot_id}: {broken[0].message}")
    return answer


def _with_ample_fleet(problem: RoutingProblem) -> RoutingProblem:
    """Return the problem with a vehicle of every type for each client."""
    count = np.full(problem.vehicles.types, problem.clients, dtype=np.int64)
    return replace(problem, vehicles=replace(problem.vehicles, count=count))


def _used(solution: RoutingSolution, problem: RoutingProblem) -> npt.NDArray[np.int64]:
    """Return the vehicles in use by type [V]."""
    types = [route.vehicle_type for route in solution.routes]
    return np.bincount(np.array(types, dtype=np.int64), minlength=problem.vehicles.types)


def route_day(
    problem: RoutingProblem,
    pinned: tuple[Route, ...],
    solver: str,
    iterations: int,
    seed: int,
    limit: stop.StopRule = stop.never,
) -> Routed:
    """Return the routes of a day, pinned ones kept, and what is left over, with the fix that would let each in."""
    _on_one_core()
    rule = stop.any_of(stop.iterations(iterations), limit)
    if pinned:
        return solve_around(problem, pinned, solver, rule, seed)
    found = registry.solve(problem, rule, seed, solver=solver)
    return place_leftovers(problem, found.solution)


def draft_day(
    problem: RoutingProblem, solver: str, iterations: int, seed: int, limit: stop.StopRule = stop.never
) -> RoutingSolution:
    """Return good routes of a coarser day, see `planner.distribution.draft`."""
    _on_one_core()
    return registry.solve(problem, stop.any_of(stop.iterations(iterations), limit), seed, solver=solver).solution


def finish_day(
    problem: RoutingProblem,
    begun: RoutingSolution,
    iterations: int,
    hot: float,
    seed: int,
    limit: stop.StopRule = stop.never,
) -> Routed:
    """Return the routes of a day, searched on from `begun`, and what is left over."""
    from solvers.routing.ruin_recreate import RuinRecreateParams  # noqa: PLC0415 - a recalled day needs no kernels

    _on_one_core()
    rule = stop.any_of(stop.iterations(iterations), limit)
    if registry.why_not("ruin_recreate", problem) is None:
        found = registry.solve(problem, rule, seed, RuinRecreateParams(hot=hot), solver="ruin_recreate", start=begun)
    else:
        found = registry.solve(problem, rule, seed, start=begun)
    return place_leftovers(problem, found.solution)


def _on_one_core() -> None:
    """Run kernels on one core: days run side by side, not the kernels within them."""
    from solvers.compiled import set_threads  # noqa: PLC0415 - a recalled day needs no kernels

    set_threads(1)
