"""The replenishment stage: supply, forecast and targets to order lines, projected stock and prices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

from planner.errors import RefusedError
from planner.plan import Status
from planner.replenishment.begun import Solved, begin_from, named, on_former_days, visits_of
from planner.replenishment.calendar import Days, delivery_days
from planner.replenishment.joint_costs import join_costs
from planner.replenishment.loosening import hold_rules
from planner.replenishment.model import KEYS, Model, Tables, buckets_ahead, build_model, planned_rows
from planner.replenishment.orders import write_orders
from planner.replenishment.outlived import write_off_outlived
from planner.replenishment.pin_report import report_pins
from planner.replenishment.projection import write_prices, write_projection
from planner.replenishment.settle import settle
from planner.replenishment.visits import Lanes, ShadowPrices, keep_visits, price_lanes
from planner.replenishment.warm_start import former_prices
from scenarios.settings import Horizon, ReplenishmentSettings
from solvers.lotsizing.problem import Ints
from solvers.lotsizing.verify import verify

Progress = Callable[[str, int, int], None]

_MOST_ROUNDS = 12
"""Plans made, each without the stock that sources could not send on in time in the one before."""


@dataclass(frozen=True, slots=True)
class Replenishment:
    """Order lines and what they lead to.

    Attributes
    ----------
    orders, projected_inventory, capacity_prices, pin_report : published tables.
    status : optimal, gap_reached (the wanted gap is proven) or limit (usable, gap shown).
    cost, lower_bound : money, of the model: holding, unmet demand, missing safety stock, handling and fixed
        costs over the horizon and the look-ahead behind it, without the price of goods.
    packs : [K, T] of the plan over horizon and look-ahead, in the model's order; prices : of what it shares.
    solved : what the engine was asked and answered, for plans that begin from this one.
    """

    orders: pd.DataFrame
    projected_inventory: pd.DataFrame
    capacity_prices: pd.DataFrame
    pin_report: pd.DataFrame
    status: Status
    cost: float
    lower_bound: float
    packs: Ints
    prices: ShadowPrices
    solved: Solved


def replenish(
    supply: pd.DataFrame,
    forecast: pd.DataFrame,
    policy_params: pd.DataFrame,
    open_orders: pd.DataFrame,
    capacities: pd.DataFrame,
    calendars: pd.DataFrame,
    pins: pd.DataFrame,
    suppliers: pd.DataFrame,
    supply_limits: pd.DataFrame,
    horizon: Horizon,
    settings: ReplenishmentSettings,
    receive_weekdays: Sequence[str],
    seed: int,
    former: pd.DataFrame | None = None,
    visits: pd.DataFrame | None = None,
    begin_at: ShadowPrices | None = None,
    begun: Solved | None = None,
    *,
    threads: int,
    time_limit_s: float | None = None,
    progress: Progress | None = None,
) -> Replenishment:
    """Plan the orders of every item-location that has a policy.

    Parameters
    ----------
    supply : schema `planner.tables.SUPPLY`. forecast, policy_params : published tables.
    open_orders, capacities, calendars, pins, suppliers, supply_limits : input tables.
    receive_weekdays : on which locations without a calendar receive.
    former : capacity_prices of a former run, whose prices the engine begins with; None: with none.
    visits : the only visits of the lanes that it names, see `keep_visits`; the bound then is that of plans with them.
    begin_at : prices of another plan of the same tables, to begin from instead.
    begun : a plan of similar tables, whose orders and prices are begun from: who has the same data keeps its orders.
    threads : cores to use; the plan does not depend on it.
    time_limit_s : wall seconds, an extra cap; None: only the iteration budget.

    Raises
    ------
    InfeasibleError
        Hard rules clash; carries the cheapest relaxation.
    RefusedError
        The judge found a broken rule.
    """
    from solvers.lotsizing.solve import solve  # noqa: PLC0415 - kernels, which a plan that is known does not need

    tables = Tables(forecast, policy_params, open_orders, capacities, calendars, pins, suppliers, supply_limits)
    rows = planned_rows(supply, policy_params)
    days = Days.of(horizon, buckets_ahead(rows, horizon.bucket_days, horizon.buckets))
    open_days = delivery_days(calendars, rows, days, receive_weekdays)
    model = build_model(rows, tables, days, open_days, settings)

    def rebuild(new_rows: pd.DataFrame, new_tables: Tables) -> Model:
        return build_model(new_rows, new_tables, days, open_days, settings)

    hold_rules(model, tables, rebuild, seed, threads)
    model = on_former_days(model, begun)
    if visits is not None:
        model = keep_visits(model, visits)
    prices, stock_prices = (None, None) if begin_at is None else (begin_at.resources, begin_at.stock)
    for _ in range(_MOST_ROUNDS):
        joint = join_costs(model, suppliers)
        if former is not None and begin_at is None:
            prices, stock_prices = former_prices(model, former, joint.problem)
        start, known = begin_from(begun, model, joint.problem)
        if known is not None:
            prices, stock_prices = known.resources, known.stock
        solved = solve(
            joint.problem,
            engine=settings.engine,
            target_gap=settings.target_gap,
            iterations=settings.iterations,
            seed=seed,
            threads=threads,
            time_limit_s=time_limit_s,
            progress=progress,
            prices=prices,
            stock_prices=stock_prices,
            start=start,
        )
        verdict = verify(joint.problem, solved.packs)
        if verdict.faults:
            raise RefusedError("The replenishment plan breaks rules:\n  " + "\n  ".join(verdict.faults[:20]))
        result, shared, topped_up, lines = settle(model, joint.trimmed(solved, model), tables, settings, joint.cost)
        verdict = verify(model.problem, result.packs)
        fresher = write_off_outlived(model, verdict)
        if fresher is None:
            break
        model = fresher
    else:
        raise RefusedError(
            "No plan was found in which locations that supply others send all stock on before it expires."
        )
    projected_inventory = write_projection(model, result, verdict)
    orders = write_orders(model, result, verdict, lines, shared, topped_up, joint.shares(result.packs))
    prices_found = ShadowPrices(solved.prices, solved.stock_prices)
    identity = (model.rows[KEYS], days, named(model.resources))
    return Replenishment(
        orders=orders,
        projected_inventory=projected_inventory,
        capacity_prices=write_prices(model, result, verdict),
        pin_report=report_pins(pins, suppliers, model, projected_inventory, orders),
        status="limit" if result.status == "infeasible" else result.status,
        cost=joint.cost(result.packs),
        lower_bound=result.lower_bound,
        packs=result.packs,
        prices=prices_found,
        solved=Solved(*identity, joint.problem, solved.packs, prices_found, visits_of(orders, days)),
    )


def price_visits(
    supply: pd.DataFrame,
    forecast: pd.DataFrame,
    policy_params: pd.DataFrame,
    open_orders: pd.DataFrame,
    capacities: pd.DataFrame,
    calendars: pd.DataFrame,
    pins: pd.DataFrame,
    suppliers: pd.DataFrame,
    supply_limits: pd.DataFrame,
    horizon: Horizon,
    settings: ReplenishmentSettings,
    receive_weekdays: Sequence[str],
    packs: Ints,
    prices: ShadowPrices,
) -> Lanes:
    """Return what visits of every lane cost in stock at the prices of a plan; inputs as of `replenish`."""
    tables = Tables(forecast, policy_params, open_orders, capacities, calendars, pins, suppliers, supply_limits)
    rows = planned_rows(supply, policy_params)
    days = Days.of(horizon, buckets_ahead(rows, horizon.bucket_days, horizon.buckets))
    open_days = delivery_days(calendars, rows, days, receive_weekdays)
    return price_lanes(build_model(rows, tables, days, open_days, settings), packs, prices)
