"""Loads to routes: every depot and day on its own, each answer judged, the rest explained."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from planner.distribution.begun import RoutedDay, places_and_vehicles
from planner.distribution.day import DepotDay, depot_days
from planner.distribution.solve_day import Budget, DayAnswer, solve_day
from planner.distribution.stop_pins import NO_PINS, PinnedDay, pinned_day, report_row
from planner.distribution.timetable import RouteRows, Row, route_rows, unassigned_rows
from planner.distribution.travel import RoadTravel
from planner.recall import Recall, compute_anew
from reports.optional_tables import ROUTE_BREAKS
from reports.tables import ROUTES, STOP_PIN_REPORT, STOPS, UNASSIGNED, conform
from scenarios.settings import DistributionSettings

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class RoutePlan:
    """The published tables of this stage, the answers behind them, and whether a person stopped the search."""

    routes: pd.DataFrame
    stops: pd.DataFrame
    unassigned: pd.DataFrame
    stop_pin_report: pd.DataFrame
    breaks: pd.DataFrame
    interrupted: bool
    answers: tuple[DayAnswer, ...]

    def routed(self, settings: DistributionSettings, seed: int) -> dict[tuple[str, str], RoutedDay]:
        """Return by day and depot how it was routed, for plans that begin from this one."""
        return {
            _name(answer.day): RoutedDay(
                answer.day.problem,
                answer.pinned.routes,
                (settings.solver, settings.iterations, day_stream(seed, answer.day)),
                *places_and_vehicles(answer.day),
                answer.solution,
                answer.blocked,
            )
            for answer in self.answers
            if answer.day.problem is not None
        }


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
    begun: Mapping[tuple[str, str], RoutedDay] | None = None,
    stop_windows: pd.DataFrame | None = None,
    driver_breaks: pd.DataFrame | None = None,
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
    begun : how days were routed in the plan that this one begins from.
    stop_windows, driver_breaks : input tables; None: no further windows, no breaks.

    Raises
    ------
    UnsupportedProblemError
        The chosen solver does not know a feature of the fleet.
    VerificationError
        The judge refuses an answer.
    """
    travel, zone = RoadTravel(locations, travel_matrix, settings), ZoneInfo(timezone)
    days = depot_days(loads, locations, vehicles, travel, zone, settings, stop_windows, driver_breaks)
    pins, late = _in_force(stop_pins, start)
    pinned = [_pins_of(day, pins) for day in days]
    stopped = threading.Event()
    budget = Budget(time_limit_s, len(days), max(1, threads), stopped)
    with ThreadPoolExecutor(max_workers=max(1, threads)) as pool:
        futures = [
            pool.submit(
                solve_day, day, kept, settings, budget, day_stream(seed, day), recall, (begun or {}).get(_name(day))
            )
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


def day_stream(seed: int, day: DepotDay) -> int:
    """Return the seed of one depot's day: the same whatever other days there are."""
    name = zlib.crc32(f"distribution {day.depot_id}".encode())
    return int(np.random.SeedSequence([seed, name, day.date.toordinal()]).generate_state(1)[0])


def _name(day: DepotDay) -> tuple[str, str]:
    return day.date.date().isoformat(), day.depot_id


def _wait(futures: list[Future[DayAnswer]], progress: Progress | None) -> None:
    for done, future in enumerate(as_completed(futures), 1):
        future.result()
        if progress is not None:
            progress("routes", done, len(futures))


def _publish(answers: list[DayAnswer], other_pins: list[Row], interrupted: bool) -> RoutePlan:
    made = RouteRows([], [], [])
    unassigned: list[Row] = []
    pins = list(other_pins)
    for answer in answers:
        for rows, more in zip(made, route_rows(answer.day, answer.solution, answer.pinned), strict=True):
            rows.extend(more)
        pins.extend(answer.pinned.report)
        unassigned += unassigned_rows(answer.day, answer.blocked)
    return RoutePlan(
        routes=conform(ROUTES, pd.DataFrame(made.routes)),
        stops=conform(STOPS, pd.DataFrame(made.stops)),
        unassigned=conform(UNASSIGNED, pd.DataFrame(unassigned)),
        stop_pin_report=conform(
            STOP_PIN_REPORT,
            pd.DataFrame(pins, columns=list(STOP_PIN_REPORT.columns)).sort_values("pin_id"),
        ),
        breaks=conform(ROUTE_BREAKS, pd.DataFrame(made.breaks)),
        interrupted=interrupted,
        answers=tuple(answers),
    )
