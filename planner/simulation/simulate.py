"""Play a plan in sampled futures: fill rates and costs with a 95 % interval.

The plan is fixed: its orders arrive whatever happens, and nobody reacts. Demand is drawn per
item-location and bucket from the forecast's mean and standard deviation, supplier receipts come late
or early by their lead time's deviation. A dc that is short cuts the deliveries of that bucket in
proportion. Draws are independent between item-locations and buckets, so the interval measures how
well the mean over futures is known, not how wrong the forecast may be.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy

from planner.recall import Recall, compute_anew
from reports.costs import ordering_cost
from reports.tables import SIMULATED_SERVICE, SIMULATED_STOCK, SIMULATION, conform
from scenarios.settings import Horizon, SimulationSettings

if TYPE_CHECKING:
    from solvers.stock import StockOutcome

_GROUPINGS = ("location_type", "abc_class", "category", "region")


@dataclass(frozen=True, slots=True)
class Simulation:
    """The sampled futures of a plan, as published tables.

    Attributes
    ----------
    simulation : one row per future, schema `SIMULATION`.
    service : fill rate by group with its 95 % interval, schema `SIMULATED_SERVICE`.
    stock : means by item-location, schema `SIMULATED_STOCK`.
    t_quantile : of Student's t for that many futures, at the upper end of a 95 % interval.
    """

    simulation: pd.DataFrame
    service: pd.DataFrame
    stock: pd.DataFrame
    t_quantile: float


def simulate(
    supply: pd.DataFrame,
    forecast: pd.DataFrame,
    forecast_channels: pd.DataFrame,
    policy_params: pd.DataFrame,
    projected_inventory: pd.DataFrame,
    orders: pd.DataFrame,
    routes: pd.DataFrame,
    horizon: Horizon,
    settings: SimulationSettings,
    seed: int,
    recall: Recall = compute_anew,
) -> Simulation:
    """Play the plan in `settings.replications` futures.

    The futures are named by seed, item, location and replication: plans of different scenarios meet
    the same futures (common random numbers). Plans that differ in what orders and routes cost play the same way:
    `recall` may know the outcome.
    """
    played = recall(
        "simulation",
        play_plan,
        supply.drop(columns="fixed_order_cost"),
        forecast,
        forecast_channels,
        policy_params,
        projected_inventory,
        orders.drop(columns=["cost", "shared_cost"]),
        horizon,
        settings,
        seed,
    )
    order_cost, transport_cost = float(ordering_cost(orders, supply).sum()), float(routes["cost"].sum())
    futures = played.futures.assign(order_cost=order_cost, transport_cost=transport_cost)
    costs = futures["holding_cost"] + futures["shortage_cost"] + futures["waste_cost"]
    futures["total_cost"] = costs + order_cost + transport_cost
    return Simulation(conform(SIMULATION, futures), played.service, played.stock, played.t_quantile)


@dataclass(frozen=True, slots=True)
class Played:
    """What happened in the futures, before orders and routes are paid; as of `Simulation`."""

    futures: pd.DataFrame
    service: pd.DataFrame
    stock: pd.DataFrame
    t_quantile: float


def play_plan(
    supply: pd.DataFrame,
    forecast: pd.DataFrame,
    forecast_channels: pd.DataFrame,
    policy_params: pd.DataFrame,
    projected_inventory: pd.DataFrame,
    orders: pd.DataFrame,
    horizon: Horizon,
    settings: SimulationSettings,
    seed: int,
) -> Played:
    """Play the plan; inputs as of `simulate`."""
    from planner.simulation.problem import build_problem, planned_rows  # noqa: PLC0415 - they load the compiler
    from solvers.stock import play  # noqa: PLC0415

    rows = planned_rows(supply, policy_params, projected_inventory)
    problem, channels = build_problem(
        rows, forecast, forecast_channels, projected_inventory, orders, horizon, settings.lead_time_noise
    )
    labels, groups = _label_groups(rows)
    outcome = play(
        problem,
        labels,
        len(groups),
        rows["holding_cost"].to_numpy(np.float64),
        rows["shortage_cost"].to_numpy(np.float64),
        rows["unit_cost"].to_numpy(np.float64),
        settings.replications,
        seed,
    )
    t_quantile = float(scipy.special.stdtrit(max(settings.replications - 1, 1), 0.975))
    service = _service_rows(outcome, groups, channels)
    return Played(_future_rows(outcome), service, _stock_rows(outcome, rows), t_quantile)


def _label_groups(rows: pd.DataFrame) -> tuple[npt.NDArray[np.int64], list[tuple[str, str]]]:
    """Return the group number of every row in every grouping [J, K], and (group_by, group) by number."""
    labels = np.empty((len(_GROUPINGS), len(rows)), dtype=np.int64)
    groups: list[tuple[str, str]] = []
    for n, grouping in enumerate(_GROUPINGS):
        codes, members = pd.factorize(rows[grouping], sort=True)
        labels[n] = codes + len(groups)
        groups += [(grouping, str(member)) for member in members]
    return labels, groups


def _future_rows(outcome: StockOutcome) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "replication": np.arange(1, len(outcome.demand_qty) + 1),
            "fill_rate": _fill_rate(outcome.demand_qty, outcome.unmet_qty),
            "cycle_service_level": 1.0 - outcome.stock_out_share,
            "demand_qty": outcome.demand_qty,
            "unmet_qty": outcome.unmet_qty,
            "waste_qty": outcome.waste_qty,
            "holding_cost": outcome.holding_cost,
            "shortage_cost": outcome.shortage_cost,
            "waste_cost": outcome.waste_cost,
        }
    )
    return frame.fillna({"fill_rate": 1.0})


def _fill_rate(demand: npt.NDArray[np.float64], unmet: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return 1 - unmet / demand in 0..1, NaN without demand."""
    with np.errstate(invalid="ignore", divide="ignore"):
        share: npt.NDArray[np.float64] = np.clip(1.0 - unmet / np.where(demand > 0, demand, np.nan), 0.0, 1.0)
    return share


def _service_rows(outcome: StockOutcome, groups: list[tuple[str, str]], channels: tuple[str, ...]) -> pd.DataFrame:
    """Return the fill rate of all, of every group with demand and of every channel."""
    parts = [
        ("all", "", outcome.demand_qty, outcome.unmet_qty),
        *(
            (*group, demand, unmet)
            for group, demand, unmet in zip(groups, outcome.group_demand_qty, outcome.group_unmet_qty, strict=True)
        ),
        *(
            ("channel", channel, outcome.channel_demand_qty[c], outcome.channel_unmet_qty[c])
            for c, channel in enumerate(channels)
        ),
    ]
    rows = [_service_row(*part) for part in parts if part[0] == "all" or part[2].any()]
    return conform(SIMULATED_SERVICE, pd.DataFrame(rows, columns=list(SIMULATED_SERVICE.columns)))


def _service_row(
    group_by: str, group: str, demand: npt.NDArray[np.float64], unmet: npt.NDArray[np.float64]
) -> tuple[str, str, float, float, float, float, float]:
    """Return one row: means over futures and the t-interval of the mean fill rate."""
    share = _fill_rate(demand, unmet)
    share = share[~np.isnan(share)]
    if len(share) < 2:
        return group_by, group, float(demand.mean()), float(unmet.mean()), np.nan, np.nan, np.nan
    mean = float(share.mean())
    half = float(scipy.special.stdtrit(len(share) - 1, 0.975) * share.std(ddof=1) / np.sqrt(len(share)))
    return (
        group_by,
        group,
        float(demand.mean()),
        float(unmet.mean()),
        mean,
        max(mean - half, 0.0),
        min(mean + half, 1.0),
    )


def _stock_rows(outcome: StockOutcome, rows: pd.DataFrame) -> pd.DataFrame:
    frame = rows[["item_id", "location_id"]].assign(
        demand_qty=outcome.row_demand_qty,
        unmet_qty=outcome.row_unmet_qty,
        waste_qty=outcome.row_waste_qty,
        stock_out_buckets=outcome.row_stock_outs,
        closing_qty=outcome.row_closing_qty,
    )
    return conform(SIMULATED_STOCK, frame)
