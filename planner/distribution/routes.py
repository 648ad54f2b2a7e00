"""Loads to routes: every depot and day on its own, each answer judged, the rest explained."""

from __future__ import annotations

import threading
import time
import zlib
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

from planner.distribution.around import solve_around
from planner.distribution.clock import DayClock
from planner.distribution.day import DepotDay, depot_day
from planner.distribution.stop_pins import NO_PINS, PinnedDay, pinned_day, report_row
from planner.distribution.timetable import Row, route_rows, unassigned_rows
from planner.distribution.travel import RoadTravel
from planner.recall import Recall, compute_anew
from reports.tables import ROUTES, STOP_PIN_REPORT, STOPS, UNASSIGNED, conform
from scenarios.settings import DistributionSettings
from solvers.compiled import set_threads
from solvers.routing import registry, stop
from solvers.routing.evaluate import judge
from solvers.routing.leftovers import Blocked, place_leftovers
from solvers.routing.problem import RoutingProblem
from solvers.routing.solution import Route, RoutingSolution

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class RoutePlan:
    """The published tables of this stage; `interrupted` where a person stopped the search."""

    routes: pd.DataFrame
    stops: pd.DataFrame
    unassigned: pd.DataFrame
    stop_pin_report: pd.DataFrame
    interrupted: bool


@dataclass(frozen=True, slots=True)
class _Answer:
    day: DepotDay
    solution: RoutingSolution
    blocked: tuple[Blocked, ...]
    pinned: PinnedDay


def plan_routes(
    loads: pd.DataFrame,
    locations: pd.DataFrame,
    vehicles: pd.DataFrame,
    travel_matrix: pd.DataFrame,
    timezone: str,
    settings: DistributionSettings,
    seed: int,
    threads: int = 1,
    time_limit_s: float | None = None,
    progress: Progress | None = None,
    recall: Recall = compute_anew,
    *,
    stop_pins: pd.DataFrame | None = None,
    start: pd.Timestamp | None = None,
) -> RoutePlan:
    """Plan the routes of every day from every depot; the plan does not depend on `threads`.

    A load that no route can take never costs the others theirs: it is unassigned, with the reason
    and the nearest fix. After Ctrl-C every day still gets the best answer found so far.

    Parameters
    ----------
    timezone : IANA name; windows and shifts are clock times there.
    settings : solver, its budget of iterations per day and depot, road factor, speeds, service times.
    seed : every day and depot has its own stream of it.
    threads : days planned at once.
    time_limit_s : wall seconds for all days together; None: only the budget of iterations.
    progress : called with ("routes", days done, days).
    recall : gives the answer of a day, known where another plan has solved the same problem with the same seed.
    stop_pins : stops that keep their vehicle and order as far as the rules allow.
    start : first day of the plan; pins that expire by then do not count.

    Raises
    ------
    UnsupportedProblemError
        The chosen solver does not know a feature of the fleet.
    VerificationError
        The judge refuses an answer.
    """
    travel, zone = RoadTravel(locations, travel_matrix, settings), ZoneInfo(timezone)
    days = [
        depot_day(group, locations, vehicles, travel, DayClock(group["date"].iloc[0], zone), settings)
        for _, group in loads.groupby(["date", "source_id"])
    ]
    pins, late = _in_force(stop_pins, start)
    pinned = [_pins_of(day, pins) for day in days]
    stopped = threading.Event()
    budget = _Budget(time_limit_s, len(days), max(1, threads), stopped)
    # one core per day: days run side by side, not the kernels within them
    with ThreadPoolExecutor(max_workers=max(1, threads), initializer=set_threads, initargs=(1,)) as pool:
        futures = [
            pool.submit(_solve, day, kept, settings, budget, day_stream(seed, day), recall)
            for day, kept in zip(days, pinned, strict=True)
        ]
        try:
            _wait(futures, progress)
        except KeyboardInterrupt:
            stopped.set()
        except BaseException:
            stopped.set()  # one day failed: the others need not search on
            raise
        answers = [future.result() for future in futures]
    return _publish(answers, [*late, *_without_load(pins, pinned)], stopped.is_set())


def _in_force(stop_pins: pd.DataFrame | None, start: pd.Timestamp | None) -> tuple[pd.DataFrame, list[Row]]:
    """Return the pins that count, and a report row for each that has expired."""
    if stop_pins is None:
        return pd.DataFrame(columns=["pin_id", "date", "origin_id"]), []
    expired = stop_pins["expires_date"] <= start if start is not None else pd.Series(False, index=stop_pins.index)
    gone = stop_pins[expired].to_dict("records")
    return stop_pins[~expired], [report_row(pin, "", f"expired on {pin['expires_date']:%Y-%m-%d}") for pin in gone]


def _pins_of(day: DepotDay, pins: pd.DataFrame) -> PinnedDay:
    if pins.empty:
        return NO_PINS
    return pinned_day(day, pins[(pins["date"] == day.date) & (pins["origin_id"] == day.depot_id)])


def _without_load(pins: pd.DataFrame, days: list[PinnedDay]) -> list[Row]:
    """Return a report row for every pin of a day and depot that have no load at all."""
    told = {row["pin_id"] for day in days for row in day.report}
    return [
        report_row(pin, "", f"nothing goes out from {pin['origin_id']} on {pin['date']:%Y-%m-%d}")
        for pin in pins.to_dict("records")
        if pin["pin_id"] not in told
    ]


@dataclass(slots=True)
class _Budget:
    """What ends a day early: its share of the wall seconds that are left, and a person's Ctrl-C."""

    seconds: float | None
    days_left: int
    threads: int
    stopped: threading.Event
    _deadline: float | None = None

    def rule(self) -> stop.StopRule:
        rules: list[stop.StopRule] = [lambda _done, _best: float(self.stopped.is_set())]
        if self.seconds is not None:
            now = time.monotonic()
            self._deadline = self._deadline or now + self.seconds
            rounds = -(-self.days_left // self.threads)
            rules.append(stop.wall_seconds(max(0.01, (self._deadline - now) / max(1, rounds))))
        self.days_left -= 1
        return stop.any_of(*rules)


def day_stream(seed: int, day: DepotDay) -> int:
    """Return the seed of one depot's day: the same whatever other days there are."""
    name = zlib.crc32(f"distribution {day.depot_id}".encode())
    return int(np.random.SeedSequence([seed, name, day.date.toordinal()]).generate_state(1)[0])


def _solve(
    day: DepotDay, pinned: PinnedDay, settings: DistributionSettings, budget: _Budget, seed: int, recall: Recall
) -> _Answer:
    limit = budget.rule()
    if day.problem is None:
        return _Answer(day, RoutingSolution((), ()), (), pinned)

    def route(problem: RoutingProblem) -> tuple[RoutingSolution, tuple[Blocked, ...]]:
        return recall(
            "routing",
            route_day,
            problem,
            pinned.routes,
            settings.solver,
            settings.iterations,
            seed,
            limit=limit,
            keep=lambda _: budget.seconds is None and not budget.stopped.is_set(),
        )

    solution, blocked = route(_with_ample_fleet(day.problem))
    if blocked or (_used(solution, day.problem) > day.problem.vehicles.count).any():
        solution, blocked = route(day.problem)
    broken = [v for v in judge(day.problem, solution).violations if v.rule != "unassigned"]
    if broken:
        raise registry.VerificationError(f"routes of {day.date:%Y-%m-%d} from {day.depot_id}: {broken[0].message}")
    return _Answer(day, solution, blocked, pinned)


def _with_ample_fleet(problem: RoutingProblem) -> RoutingProblem:
    """Return the problem with a vehicle of every type for each client.

    Routes that need no more vehicles than there are, are as good for the real fleet; so the number of vehicles
    matters only on days that need them all, and another number leaves the routes of the other days as they are.
    """
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
    limit: stop.StopRule,
) -> tuple[RoutingSolution, tuple[Blocked, ...]]:
    """Return the routes of a day, pinned ones kept, and what is left over, with the fix that would let each in."""
    rule = stop.any_of(stop.iterations(iterations), limit)
    if pinned:
        return solve_around(problem, pinned, solver, rule, seed)
    found = registry.solve(problem, rule, seed, solver=solver)
    return place_leftovers(problem, found.solution)


def _wait(futures: list[Future[_Answer]], progress: Progress | None) -> None:
    for done, future in enumerate(as_completed(futures), 1):
        future.result()
        if progress is not None:
            progress("routes", done, len(futures))


def _publish(answers: list[_Answer], other_pins: list[Row], interrupted: bool) -> RoutePlan:
    routes: list[Row] = []
    stops: list[Row] = []
    unassigned: list[Row] = []
    pins = list(other_pins)
    for answer in answers:
        day_routes, day_stops = route_rows(answer.day, answer.solution, answer.pinned)
        pins.extend(answer.pinned.report)
        routes += day_routes
        stops += day_stops
        unassigned += unassigned_rows(answer.day, answer.blocked)
    return RoutePlan(
        routes=conform(ROUTES, pd.DataFrame(routes)),
        stops=conform(STOPS, pd.DataFrame(stops)),
        unassigned=conform(UNASSIGNED, pd.DataFrame(unassigned)),
        stop_pin_report=conform(
            STOP_PIN_REPORT,
            pd.DataFrame(pins, columns=list(STOP_PIN_REPORT.columns)).sort_values("pin_id"),
        ),
        interrupted=interrupted,
    )
