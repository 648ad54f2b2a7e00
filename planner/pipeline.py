"""The whole job on one screen: scenario and tables in, plan out, all stages in order."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import pandas as pd

from planner import reads
from planner.distribution import RoutedDay, build_loads, plan_routes
from planner.fingerprint import fingerprint
from planner.forecast import adjust_demand, forecast_demand, judge_adjustments, total_forecast
from planner.integrated import Delivered, Rounds, compare_rounds, integrate, most_rounds
from planner.inventory import set_targets
from planner.network import build_network
from planner.plan import Plan
from planner.recall import Recall, compute_anew
from planner.replenishment import Solved, replenish
from planner.simulation import simulate
from reports.display import display_tables
from reports.exceptions import rank_exceptions
from reports.kpis import compute_kpis
from reports.tables import PUBLISHED, conform
from scenarios.project import Project
from scenarios.settings import DistributionSettings

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Begun:
    """A plan to begin from: the baseline's, for a what-if.

    Attributes
    ----------
    asked : fingerprint of what replenishment read; orders : what its engine was asked and answered.
    days : by day and depot how it was routed.
    """

    asked: str
    orders: Solved
    days: Mapping[tuple[str, str], RoutedDay]


@dataclass(slots=True)
class _Clock:
    """Wall seconds per stage."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start


def make_plan(
    project: Project,
    *,
    threads: int = 2,
    time_limit_s: float | None = None,
    progress: Progress | None = None,
    recall: Recall = compute_anew,
    former_prices: pd.DataFrame | None = None,
    at_once: int | None = None,
    begun: Begun | None = None,
) -> Plan:
    """Plan one project: forecast, targets, replenishment, loads, routes, simulated check.

    Parameters
    ----------
    project : scenario and its checked, cleaned tables.
    threads : cores to use; the plan does not depend on it.
    time_limit_s : wall seconds for the two optimising stages together; None: only iteration budgets,
        so that the plan can be reproduced.
    progress : called with (what, done, total).
    recall : gives a stage's result, which may be known from another run; the plan does not depend on it.
    former_prices : capacity_prices of a former run for the replenishment engine to begin with.
    at_once : chunks of series, and depots' days, that are asked for at once; None: `threads`.
    begun : the plan that orders and routes begin from; None: from nothing.

    Raises
    ------
    InputError
        The tables leave an item-location without supply.
    InfeasibleError
        Hard rules clash; carries the cheapest relaxation.
    """
    scenario, tables = project.scenario, project.tables
    horizon, seed, clock = scenario.horizon, scenario.seed, _Clock()
    at_once = at_once or threads
    part_limit_s = None if time_limit_s is None else 0.5 * time_limit_s / (1 + most_rounds(scenario.distribution))

    with clock.stage("network"):
        supply = build_network(tables, scenario).supply
    with clock.stage("forecast"):
        demand = recall(
            "forecast",
            forecast_demand,
            tables["demand_history"],
            supply[reads.SUPPLY["forecast"]],
            tables["promotions"],
            tables["item_transitions"],
            tables["prices"],
            horizon,
            scenario.forecast.model_copy(update={"demand_factor": 1.0}),
            progress=progress,
            threads=at_once,
            recall=recall,
        )
        demand = adjust_demand(demand, supply, tables["demand_adjustments"], horizon, scenario.forecast.demand_factor)
        past = tables["demand_adjustments"]["start_date"] < pd.Timestamp(horizon.start)
        judged = (recall if past.any() else compute_anew)(
            "adjustments",
            judge_adjustments,
            tables["demand_history"],
            supply[reads.SUPPLY["forecast"]],
            tables["promotions"],
            tables["item_transitions"],
            tables["prices"],
            tables["demand_adjustments"][past],
            horizon,
            scenario.forecast.model_copy(update={"demand_factor": 1.0}),
        )
    with clock.stage("targets"):
        targets = recall(
            "targets",
            set_targets,
            supply[reads.SUPPLY["targets"]],
            demand.forecast[reads.FORECAST["targets"]],
            tables["demand_history"][reads.HISTORY["targets"]],
            tables["inventory_policies"],
            horizon,
            scenario.inventory,
        )
    ordering = (
        supply[reads.SUPPLY["replenishment"]],
        demand.forecast[reads.FORECAST["replenishment"]],
        targets[reads.POLICY_PARAMS["replenishment"]],
        tables["open_orders"],
        tables["capacities"],
        tables["calendars"],
        tables["pins"],
        tables["suppliers"][reads.SUPPLIERS["replenishment"]],
        tables["supply_limits"],
        horizon,
        scenario.replenishment,
        scenario.distribution.receive_weekdays,
    )

    asked = fingerprint(*ordering, seed)
    begin = begun.orders if begun is not None and begun.asked != asked and former_prices is None else None

    def deliver(*visits: object) -> Delivered:
        with clock.stage("replenishment"):
            start = () if begin is None or visits else (None, None, begin)
            replenishment = recall(
                "replenishment",
                replenish,
                *ordering,
                seed,
                former_prices,
                *visits,
                *start,
                threads=threads,
                time_limit_s=part_limit_s,
                progress=progress,
                keep=time_limit_s is None,
            )
        with clock.stage("loads"):
            loads, load_lines = recall(
                "loads",
                build_loads,
                replenishment.orders[reads.ORDERS["loads"]],
                supply[reads.SUPPLY["loads"]],
                tables["locations"][reads.LOCATIONS["loads"]],
                tables["vehicles"][reads.VEHICLES["loads"]],
            )
        with clock.stage("routes"):
            trucks = plan_routes(
                loads,
                tables["locations"],
                tables["vehicles"],
                tables["travel_matrix"],
                scenario.timezone,
                scenario.distribution,
                seed,
                at_once,
                part_limit_s,
                progress,
                recall,
                stop_pins=tables["stop_pins"],
                start=pd.Timestamp(horizon.start),
                begun=None if begun is None else begun.days,
                stop_windows=tables["stop_windows"],
                driver_breaks=tables["driver_breaks"],
            )
        return Delivered(replenishment, loads, load_lines, trucks)

    def publish(made: Delivered) -> dict[str, pd.DataFrame]:
        ordered, trucks = made.replenishment, made.trucks
        with clock.stage("simulation"):
            played = simulate(
                supply[reads.SUPPLY["simulation"]],
                demand.forecast[reads.FORECAST["simulation"]],
                demand.forecast_channels,
                targets[reads.POLICY_PARAMS["simulation"]],
                ordered.projected_inventory[reads.PROJECTION["simulation"]],
                ordered.orders[reads.ORDERS["simulation"]],
                trucks.routes[["cost"]],
                horizon,
                scenario.simulation,
                seed,
                recall,
            )
        published = {
            "replenishment_orders": ordered.orders,
            "projected_inventory": ordered.projected_inventory,
            "capacity_prices": ordered.capacity_prices,
            "pin_report": ordered.pin_report,
            "forecast": demand.forecast,
            "forecast_channels": demand.forecast_channels,
            "forecast_totals": recall(
                "totals",
                total_forecast,
                demand.forecast,
                demand.forecast_channels,
                supply[reads.SUPPLY["totals"]],
                demand.shared,
            ),
            "forecast_accuracy": demand.accuracy,
            "adjustment_report": judged,
            "policy_params": targets,
            "loads": made.loads,
            "load_lines": made.load_lines,
            "routes": trucks.routes,
            "stops": trucks.stops,
            "unassigned": trucks.unassigned,
            "stop_pin_report": trucks.stop_pin_report,
            "simulation": played.simulation,
            "simulated_service": played.service,
            "simulated_stock": played.stock,
            "input_edits": project.edits,
            "data_issues": _all_issues(project.issues, demand.issues),
        }
        with clock.stage("kpis"):
            published |= display_tables(
                items=tables["items"],
                locations=tables["locations"],
                suppliers=tables["suppliers"],
                open_orders=tables["open_orders"],
                demand_history=tables["demand_history"],
                supply=supply,
                horizon_start=pd.Timestamp(horizon.start),
                bucket_days=horizon.bucket_days,
            )
            published["exceptions"] = recall(
                "exceptions",
                rank_exceptions,
                {name: published[name][columns or slice(None)] for name, columns in reads.EXCEPTIONS.items()},
                horizon.bucket_days,
            )
            published["kpis"] = compute_kpis(
                published,
                bucket_days=horizon.bucket_days,
                currency=scenario.currency,
                t_quantile=played.t_quantile,
            )
        out = {name: conform(schema, published[name]) for name, schema in PUBLISHED.items()}
        return out if tables["driver_breaks"].empty else {**out, "route_breaks": trucks.breaks}

    rounds = Rounds.sequential(deliver())
    if scenario.distribution.mode == "integrated":
        rounds = integrate(rounds, deliver, ordering, tables, scenario, clock.stage, part_limit_s, progress, recall)
    published = publish(rounds.best)
    if scenario.distribution.mode == "integrated":
        published |= compare_rounds(rounds, published, publish, horizon)
    best = rounds.best.replenishment
    return Plan(
        tables=published,
        status=best.status,
        cost=best.cost,
        lower_bound=best.lower_bound,
        seconds=clock.seconds,
        provenance=_provenance(project, seed),
        begun=_begun(asked, rounds.first, scenario.distribution, seed),
    )


def _begun(asked: str, made: Delivered, settings: DistributionSettings, seed: int) -> Begun | None:
    """Return what other plans can begin from; None where a person has stopped the search."""
    if made.trucks.interrupted:
        return None
    return Begun(asked, made.replenishment.solved, made.trucks.routed(settings, seed))


def _all_issues(*parts: pd.DataFrame) -> pd.DataFrame:
    """Return the issues of all stages, one row per table, row, column and rule."""
    issues = pd.concat([part for part in parts if not part.empty], ignore_index=True)
    return issues.drop_duplicates(["table", "row", "column", "rule"], ignore_index=True)


def _provenance(project: Project, seed: int) -> Mapping[str, object]:
    return {
        "project": project.scenario.name,
        "seed": seed,
        "currency": project.scenario.currency,
        "horizon_start": project.scenario.horizon.start.isoformat(),
        "horizon_buckets": project.scenario.horizon.buckets,
        "bucket": project.scenario.horizon.bucket,
        "input_hashes": dict(project.hashes),
    }
