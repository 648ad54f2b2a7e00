"""Stock and trucks decided together: rounds of visits, orders and routes, from the sequential plan on.

A round takes the plan so far, its prices and its routes; the visit search of `solvers.inventory_routing` decides which
location is visited in which bucket and on which day; replenishment plans the orders with these visits, and loads and
routes follow as always. Every round's plan therefore passes the same judges as a sequential one. The best round is
kept, so that it never ends worse than the sequential plan, which is the first.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from planner.distribution import RoutePlan, routes_by_day, visit_days, visit_seconds
from planner.distribution.day import MONEY
from planner.distribution.loosening import loosen_routes
from planner.distribution.timetable import REASONS
from planner.distribution.visiting import VisitDay
from planner.errors import InfeasibleError
from planner.recall import Recall
from planner.replenishment import Lanes, Replenishment, ShadowPrices, price_visits
from reports.tables import conform
from reports.together_tables import TOGETHER
from reports.visit_changes import visit_changes
from scenarios.scenario import Scenario
from scenarios.settings import DistributionSettings, Horizon
from scenarios.tables.schema import WEEKDAYS
from solvers.inventory_routing.visit_problem import VisitPlan, VisitProblem, VisitStart, held_cost

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

STEPS_PER_PLACE = 25
"""Steps of the visit search over the number of places."""
_WORTH_A_ROUND = 1e-3
"""Share of the total that a round must save for another one to follow."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """A plan from orders to routes."""

    replenishment: Replenishment
    loads: pd.DataFrame
    load_lines: pd.DataFrame
    trucks: RoutePlan


@dataclass(frozen=True, slots=True)
class Rounds:
    """The plans of all rounds: the sequential one and the best; `trail` has a row per round, none where only one is."""

    first: Delivered
    best: Delivered
    trail: pd.DataFrame

    @classmethod
    def sequential(cls, first: Delivered) -> Rounds:
        """Return the one round of a sequential plan."""
        return cls(first, first, pd.DataFrame())


@dataclass(frozen=True, slots=True)
class _Round:
    """A round's plan, its visits with their prices, and its total, money."""

    plan: Delivered
    lanes: Lanes
    transport: float
    look_ahead: float

    @classmethod
    def of(cls, plan: Delivered, lanes: Lanes) -> _Round:
        transport = float(plan.trucks.routes["cost"].sum())
        behind = int(lanes.visited[:, lanes.buckets :].sum())
        return cls(plan, lanes, transport, behind * transport / max(1, len(plan.trucks.stops)))

    @property
    def total(self) -> float:
        """Replenishment and transport; visits behind the horizon cost what a stop does, so that none is put off."""
        return self.plan.replenishment.cost + self.transport + self.look_ahead

    def row(self, number: int) -> dict[str, object]:
        trucks = self.plan.trucks
        return {
            "round": number,
            "replenishment_cost": self.plan.replenishment.cost,
            "transport_cost": self.transport,
            "look_ahead_transport_cost": self.look_ahead,
            "total_cost": self.total,
            "routes": len(trucks.routes),
            "stops": len(trucks.stops),
            "distance_km": float(trucks.routes["distance_km"].sum()),
            "unassigned_loads": len(trucks.unassigned),
        }


def most_rounds(settings: DistributionSettings) -> int:
    """Return how many rounds may follow the sequential plan."""
    return settings.rounds if settings.mode == "integrated" else 0


def integrate(
    sequential: Rounds,
    deliver: Callable[[pd.DataFrame, ShadowPrices], Delivered],
    ordering: tuple[Any, ...],
    tables: Mapping[str, pd.DataFrame],
    scenario: Scenario,
    stage: Callable[[str], AbstractContextManager[None]],
    limit_s: float | None,
    progress: Callable[[str, int, int], None] | None,
    recall: Recall,
) -> Rounds:
    """Return the sequential plan, the best plan of all rounds, and a row per round.

    Parameters
    ----------
    deliver : plans orders, loads and routes with given visits, from given prices on.
    ordering : what replenishment reads, in its order.
    stage : times what happens within it, by name.
    limit_s : wall seconds for the visit search of a round; None: only its budget of steps.

    Raises
    ------
    InfeasibleError
        Windows, shifts or the fleet leave somebody unserved whatever is visited when; carries the cheapest relaxation.
    """
    most = most_rounds(scenario.distribution)

    def look(plan: Delivered) -> _Round:
        with stage("visits"):
            made = plan.replenishment
            return _Round.of(plan, recall("visit_prices", price_visits, *ordering, made.packs, made.prices))

    missed = sequential.first.trucks.unassigned
    _refuse_unserved(sequential.first, missed[missed["reason"] != REASONS["fleet"]], tables, scenario)
    best = look(sequential.first)
    trail, kept = [best.row(0)], 0
    for number in range(1, most + 1):
        if progress is not None:
            progress("integrated", number - 1, most)
        with stage("visits"):
            visits = recall(
                "visits",
                choose_visits,
                best.lanes,
                best.plan.trucks.routes,
                best.plan.trucks.stops,
                tables["locations"],
                tables["vehicles"],
                tables["travel_matrix"],
                tables["stop_pins"],
                tables["stop_windows"],
                tables["driver_breaks"],
                tables["capacities"],
                scenario.timezone,
                scenario.distribution,
                pd.Timestamp(scenario.horizon.start),
                scenario.seed + number,
                limit_s=limit_s,
                keep=limit_s is None,
            )
        if visits.empty:
            break
        new = look(deliver(visits, best.plan.replenishment.prices))
        trail.append(new.row(number))
        before = best
        if new.total < best.total and len(new.plan.trucks.unassigned) <= len(best.plan.trucks.unassigned):
            best, kept = new, number
        if best.total > (1.0 - _WORTH_A_ROUND) * before.total:
            break
    if progress is not None:
        progress("integrated", most, most)
    _refuse_unserved(best.plan, best.plan.trucks.unassigned, tables, scenario)
    rounds = pd.DataFrame(trail).assign(kept=np.arange(len(trail)) == kept)
    return Rounds(sequential.first, best.plan, rounds)


def _refuse_unserved(
    plan: Delivered, missed: pd.DataFrame, tables: Mapping[str, pd.DataFrame], scenario: Scenario
) -> None:
    """Raise if loads of a plan are on no route, with the limits that would let them all in."""
    if missed.empty:
        return
    relaxation = loosen_routes(
        plan.loads,
        missed,
        tables["locations"],
        tables["vehicles"],
        tables["travel_matrix"],
        scenario.timezone,
        scenario.distribution,
        scenario.seed,
        tables["stop_windows"],
        tables["driver_breaks"],
    )
    if relaxation is not None and len(relaxation):
        raise InfeasibleError(relaxation)


def compare_rounds(
    rounds: Rounds,
    published: dict[str, pd.DataFrame],
    publish: Callable[[Delivered], dict[str, pd.DataFrame]],
    horizon: Horizon,
) -> dict[str, pd.DataFrame]:
    """Return the tables that say what deciding together changed: `reports.together_tables.TOGETHER`."""
    sequential = published if rounds.best is rounds.first else publish(rounds.first)
    changes = visit_changes(
        published,
        sequential,
        horizon_start=pd.Timestamp(horizon.start),
        bucket_days=horizon.bucket_days,
        buckets=horizon.buckets,
    )
    out = {"distribution_rounds": rounds.trail, "visit_changes": changes, "sequential_kpis": sequential["kpis"]}
    return {name: conform(schema, out[name]) for name, schema in TOGETHER.items()}


def choose_visits(
    lanes: Lanes,
    routes: pd.DataFrame,
    stops: pd.DataFrame,
    locations: pd.DataFrame,
    vehicles: pd.DataFrame,
    travel_matrix: pd.DataFrame,
    stop_pins: pd.DataFrame,
    stop_windows: pd.DataFrame,
    driver_breaks: pd.DataFrame,
    capacities: pd.DataFrame,
    timezone: str,
    settings: DistributionSettings,
    start: pd.Timestamp,
    seed: int,
    limit_s: float | None = None,
) -> pd.DataFrame:
    """Return the visits of every lane that the search may move: source_id, location_id, bucket, day (-1: any).

    A lane without any visit has one row with bucket -1.
    """
    from solvers.inventory_routing.visits import plan_visits  # noqa: PLC0415 - kernels, which few runs need

    L = len(lanes.visited)
    place, day = np.nonzero(lanes.open[:, : lanes.buckets * lanes.bucket_days])
    usual = np.array([_usual_visit(lanes, at) for at in range(L)]).reshape(L, 2)
    candidates = pd.DataFrame(
        {
            "place": place,
            "date": start + pd.to_timedelta(day, unit="D"),
            "source_id": lanes.source_id[place],
            "location_id": lanes.location_id[place],
            "weight_kg": usual[place, 0],
            "volume_m3": usual[place, 1],
        }
    )
    rules = settings, stop_windows, driver_breaks
    days = visit_days(candidates, locations, vehicles, travel_matrix, timezone, *rules)
    seconds = visit_seconds(pd.DataFrame({"location_id": lanes.location_id}), locations, settings)
    service = np.rint(seconds[:, None, None, 1] * lanes.brought[..., 0] / 100).astype(np.int64)
    service[:, 1:] += seconds[:, None, None, 0]  # row 0 is what a first visit brings besides
    client = np.full((len(days), L), -1, dtype=np.int64)
    for d, one in enumerate(days):
        client[d, one.place_of] = np.arange(one.place_of.size)
    number = np.array([(one.date - start).days for one in days], dtype=np.int64)
    problem = VisitProblem(
        hold=lanes.hold,
        amount=_whole(lanes.brought),
        service=service,
        days=tuple(one.problem for one in days),
        bucket=number // lanes.bucket_days,
        client=client,
        room=_room(capacities, days),
        money=float(MONEY),
    )
    begin = _begin(lanes, _stops(lanes, routes, stops), days, problem, seconds, stop_pins)
    deadline = None if limit_s is None else time.monotonic() + limit_s
    found = plan_visits(
        problem,
        begin,
        steps=STEPS_PER_PLACE * L,
        seed=seed,
        stop=lambda: deadline is not None and time.monotonic() > deadline,
    )
    return _visits(lanes, found, number)


def _room(capacities: pd.DataFrame, days: list[VisitDay]) -> FloatArray:
    """Return [D, 2] grams and cubic centimetres that may leave the depot of each day; infinite without a limit."""
    rows = capacities[(capacities["kind"] == "dispatch") & (capacities["item_id"].fillna("") == "")]
    weekday = rows["weekday"].fillna("").to_numpy()
    out = np.full((len(days), 2), np.inf)
    for d, day in enumerate(days):
        here = (rows["location_id"] == day.depot_id).to_numpy()
        own = here & (weekday == WEEKDAYS[day.date.dayofweek])
        for q, (column, scale) in enumerate((("capacity_kg", 1e3), ("capacity_m3", 1e6))):
            for those in (here & (weekday == ""), own):  # a weekday's own limit comes before the general one
                limit = rows.loc[those, column].dropna()
                out[d, q] = float(limit.min()) * scale if len(limit) else out[d, q]
    return out


def _usual_visit(lanes: Lanes, at: int) -> tuple[float, float]:
    return float(lanes.brought[at, 1:, :, 0].max() / 2), float(lanes.brought[at, 1:, :, 1].max() / 2)


def _whole(brought: FloatArray) -> IntArray:
    """Return kg and m3 in grams and cubic centimetres, rounded up but for noise of sums."""
    return np.asarray(np.ceil(brought * [1e3, 1e6] - 1e-3), dtype=np.int64)


def _stops(lanes: Lanes, routes: pd.DataFrame, stops: pd.DataFrame) -> pd.DataFrame:
    """Return the stops of a plan with their day, vehicle and place (-1 where it is no lane of the search)."""
    out = stops[["route_id", "sequence", "location_id", "weight_kg", "volume_m3"]].merge(
        routes[["route_id", "date", "depot_id", "vehicle_id"]], on="route_id"
    )
    keys = pd.MultiIndex.from_arrays([lanes.source_id, lanes.location_id])
    return out.assign(place=keys.get_indexer(pd.MultiIndex.from_frame(out[["depot_id", "location_id"]])))


class _Stop(NamedTuple):
    d: int
    place: int
    weight_kg: float
    volume_m3: float


def _begin(
    lanes: Lanes,
    stops: pd.DataFrame,
    days: list[VisitDay],
    problem: VisitProblem,
    seconds: IntArray,
    stop_pins: pd.DataFrame,
) -> VisitStart:
    """Return the visits and routes of the plan; places with pinned stops, or on no day at all, stay as they are."""
    L, T = lanes.visited.shape
    movable = (problem.client >= 0).any(axis=0) & ~np.isin(lanes.location_id, stop_pins["location_id"])
    number = {(one.date, one.depot_id): d for d, one in enumerate(days)}
    known = stops[stops["place"] >= 0]
    d = np.array([number.get(key, -1) for key in zip(known["date"], known["depot_id"], strict=True)], dtype=np.int64)
    known = known.assign(d=d)[(d >= 0) & (problem.client[d, known["place"]] >= 0)]
    known = known.sort_values("weight_kg", kind="stable")
    day = np.full((L, T), -1, dtype=np.int64)
    day[known["place"], problem.bucket[known["d"]]] = known["d"]  # of several in a bucket, the heaviest
    visited = lanes.visited & ((np.arange(T) >= lanes.buckets) | (day >= 0))
    day = np.where(visited, day, -1)
    for place in np.flatnonzero(movable):
        movable[place] = np.isfinite(held_cost(problem.hold[place], visited[place]))
    fixed = [
        (
            row.d,
            row.place,
            _whole(np.array([row.weight_kg, row.volume_m3])),
            int(seconds[row.place, 0]) + round(seconds[row.place, 1] * row.weight_kg / 100),
        )
        for row in map(_Stop._make, known.loc[~movable[known["place"]], _Stop._fields].itertuples(index=False))
    ]
    sent = np.zeros(problem.room.shape)
    np.add.at(sent, known["d"].to_numpy(), _whole(known[["weight_kg", "volume_m3"]].to_numpy(dtype=float)))
    return VisitStart(visited, day, sent, routes_by_day(days, stops), tuple(fixed), movable)


def _visits(lanes: Lanes, found: VisitPlan, number: IntArray) -> pd.DataFrame:
    visited = found.visited & found.movable[:, None]
    place, bucket = np.nonzero(visited)
    d = found.day[place, bucket]
    none = np.flatnonzero(found.movable & ~visited.any(axis=1))
    at = np.concatenate([place, none])
    unset = np.full(none.size, -1, dtype=np.int64)
    return pd.DataFrame(
        {
            "source_id": lanes.source_id[at],
            "location_id": lanes.location_id[at],
            "bucket": np.concatenate([bucket, unset]),
            "day": np.concatenate([np.where(d >= 0, number[np.maximum(d, 0)], -1), unset]),
        }
    )
