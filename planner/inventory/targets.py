"""set_targets: safety stock, reorder point and order-up-to level of every item-location."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from planner.inventory.classes import abc_classes, xyz_classes
from planner.inventory.dependent import Demand, see_demand
from planner.inventory.echelons import ServiceTimes, guaranteed_times, independent_times
from planner.inventory.lots import cost_optimal_level, economic_lot
from planner.inventory.policies import Policies, resolve_policies
from planner.inventory.protection import demand_over, demand_per_cycle, protection_moments, required_level
from planner.inventory.shelf_life import worthwhile_level
from reports.tables import POLICY_PARAMS, conform
from scenarios.settings import Horizon, InventorySettings
from solvers.demand.distributions import fit_moments

Floats = npt.NDArray[np.float64]

_YEAR_DAYS = 365.0
_CONTINUOUS = ("s_S", "s_Q", "base_stock")


def set_targets(
    supply: pd.DataFrame,
    forecast: pd.DataFrame,
    history: pd.DataFrame,
    policies: pd.DataFrame,
    horizon: Horizon,
    settings: InventorySettings,
) -> pd.DataFrame:
    """Return `policy_params`: stock targets of every item-location with demand of its own or downstream.

    Parameters
    ----------
    supply : schema `reports.tables.SUPPLY`.
    forecast : published table `forecast`.
    history : cleaned `demand_history`, for the classes.
    policies : cleaned `inventory_policies`, may be empty.

    Notes
    -----
    With D the demand over lead time L plus review period R at the mean pace of the horizon, and C the demand over
    the days that the location covers, which are L + R unless `settings.echelons` is guaranteed_service:

    - service level s: E[D] - E[C] + `protection.required_level` of C;
    - safety stock = max(s - E[D], 0), or the policy's own figure;
    - reorder point = E[D] + max(safety stock, presentation stock), or s where that is lower than E[D]
      (a target that accepts stock-outs in most cycles);
    - order-up-to level = reorder point + max(Q - E[demand in R], 0), where Q is the larger of smallest
      order and pack. With small lots both are the base-stock level of periodic review; without review (R = 0)
      they are s and s + Q of continuous review;
    - kinds that look at the stock in every bucket have its length as R. R_S and base_stock order up to the reorder
      point, s_Q has the order-up-to level s + Q;
    - with the measures cost_optimal and newsvendor, s has the cycle service level of `lots.cost_optimal_level` and Q is
      at least the economic lot;
    - what expires is stocked no higher than `shelf_life.worthwhile_level`, and bought by lots no larger than the demand
      over its shelf life where the terms allow;
    - a reorder point or order-up-to level of the policy stands in place of the computed one, days of supply in
      place of the safety stock;
    - a maximum of the policy caps all three.
    """
    demand = see_demand(supply, forecast, history, horizon)
    rows = supply[demand.planned].reset_index(drop=True)
    mean, variance = demand.mean[demand.planned], demand.variance[demand.planned]
    abc = abc_classes(_yearly_revenue(rows, demand, horizon), rows["level"].to_numpy(np.int64), settings.abc_shares)
    xyz = xyz_classes(demand.weekly[demand.planned], settings.xyz_limits)
    policy = resolve_policies(rows, abc, xyz, policies, settings)

    lead = rows["lead_time_days"].to_numpy(np.float64)
    continuous = np.isin(policy.kind.astype(str), _CONTINUOUS)
    review = np.where(continuous, float(horizon.bucket_days), policy.review_period_days)
    pack = rows["order_multiple_qty"].to_numpy(np.float64)
    unit_cost, price = rows["unit_cost"].to_numpy(np.float64), rows["unit_price"].to_numpy(np.float64)
    holding_cost = unit_cost * policy.holding_rate / _YEAR_DAYS
    times = _service_times(rows, demand, policy, lead, review, holding_cost, horizon, settings)
    total = demand_over(mean, lead + review, horizon)
    late = rows["lead_time_sd_days"].to_numpy(np.float64)
    covered, spread = protection_moments(mean, variance, times.covered, late, horizon)
    in_review = demand_over(mean, review, horizon)
    per_day = demand_over(mean, np.ones(len(rows)), horizon)
    waits = rows["backorders"].to_numpy(bool)
    worth = np.where(price > 0.0, price, unit_cost)
    shortage_cost = np.where(np.isnan(policy.shortage_cost), worth * settings.shortage_cost_share, policy.shortage_cost)
    order_cost = np.nan_to_num(rows["fixed_order_cost"].to_numpy(np.float64))
    # the bucket of receipt and the whole ones after it, as the plan and the simulation have it
    keeps = (1.0 + np.floor(rows["shelf_life_days"].to_numpy(np.float64) / horizon.bucket_days)) * horizon.bucket_days
    least = np.maximum(rows["moq_qty"].to_numpy(np.float64), pack)
    lot = np.where(policy.by_cost, economic_lot(per_day, order_cost, holding_cost, pack, least), least)
    lot = np.where(
        np.isnan(keeps), lot, np.clip(lot, least, np.maximum(np.floor(per_day * keeps / pack) * pack, least))
    )
    lost_value = np.where(policy.measure == "newsvendor", unit_cost, 0.0)
    cheapest = cost_optimal_level(per_day, lot, review, holding_cost, shortage_cost, waits, lost_value)
    target = np.where(policy.by_cost, cheapest, policy.target)
    cycle = demand_per_cycle(in_review, lot, target, waits)
    whole = pack == np.floor(pack)
    fitted = fit_moments(covered, spread, whole_units=whole)
    needed = required_level(fitted, policy.measure == "fill_rate", target, cycle)
    days = times.covered - np.maximum(review - np.nan_to_num(keeps, nan=np.inf), 0.0)
    short = fit_moments(*protection_moments(mean, variance, days, late, horizon), whole_units=whole)
    over = lead + np.nan_to_num(keeps)
    sold = fit_moments(*protection_moments(mean, variance, over, late, horizon), whole_units=whole)
    share = np.where(policy.by_cost, np.maximum(target, 1e-9), 1.0)
    fresh = worthwhile_level(needed, short, sold, shortage_cost, unit_cost, share)
    fresh = np.where(np.isnan(keeps) | (shortage_cost <= 0.0), needed, fresh)
    spoils, needed = fresh < needed, fresh
    level = np.maximum(needed + (total - covered), 0.0)  # two sums of one demand may differ in the last digit
    given = np.where(np.isnan(policy.safety_stock), policy.days_of_supply * per_day, policy.safety_stock)
    fixed = ~np.isnan(given)
    safety = np.where(fixed, given, np.maximum(level - total, 0.0))
    floor = np.maximum(safety, policy.minimum)
    reorder = np.where((floor > 0.0) | fixed, total + floor, level)
    set_point = ~np.isnan(policy.reorder_point)
    reorder = np.where(set_point, np.maximum(policy.reorder_point, policy.minimum), reorder)
    safety = np.where(set_point, np.maximum(reorder - total, 0.0), safety)
    above = np.where(policy.kind == "s_Q", lot, np.maximum(lot - in_review, 0.0))
    above = np.where(np.isin(policy.kind.astype(str), ("R_S", "base_stock")), 0.0, above)
    set_up_to = ~np.isnan(policy.order_up_to)
    up_to = np.where(set_up_to, np.maximum(policy.order_up_to, reorder), reorder + above)
    # the level of (R,S) is the one that a person gives, and there is no other
    reorder = np.where(set_up_to & ~set_point & (policy.kind == "R_S"), up_to, reorder)
    most = np.where(np.isnan(policy.maximum), np.inf, policy.maximum)
    return conform(
        POLICY_PARAMS,
        rows[["item_id", "location_id"]].assign(
            abc_class=abc,
            xyz_class=xyz,
            policy_kind=policy.kind,
            service_measure=policy.measure,
            service_target=target,
            lead_time_days=lead,
            review_period_days=review,
            service_time_days=times.promised,
            covered_days=times.covered,
            demand_mean_qty=total,
            demand_sd_qty=np.sqrt(spread),
            distribution=np.where(total > 0.0, fitted.names, "none"),
            safety_stock_qty=np.minimum(safety, most),
            reorder_point_qty=np.minimum(reorder, most),
            order_up_to_qty=np.minimum(up_to, most),
            order_qty=lot,
            min_qty=policy.minimum,
            max_qty=policy.maximum,
            holding_cost=holding_cost,
            shortage_cost=shortage_cost,
            policy_rule=policy.rule + np.where(spoils, "; limited by shelf life", "").astype(object),
        ),
    )


def _service_times(
    rows: pd.DataFrame,
    demand: Demand,
    policy: Policies,
    lead: Floats,
    review: Floats,
    holding_cost: Floats,
    horizon: Horizon,
    settings: InventorySettings,
) -> ServiceTimes:
    """Return the days that every item-location covers and promises, as the settings ask."""
    if settings.echelons == "independent":
        return independent_times(lead, review)
    planned = np.cumsum(demand.planned) - 1
    source = demand.source[demand.planned]
    return guaranteed_times(
        item=np.unique(rows["item_id"].to_numpy(dtype=str), return_inverse=True)[1].astype(np.int64),
        source=np.where(source >= 0, planned[source], -1),
        lead_days=lead,
        review_days=review,
        deviation=np.sqrt(demand_over(demand.variance[demand.planned], np.ones(len(rows)), horizon)),
        target=policy.target,
        holding_cost=holding_cost,
        own_demand=demand.own[demand.planned],
    )


def _yearly_revenue(rows: pd.DataFrame, demand: Demand, horizon: Horizon) -> Floats:
    """Return yearly revenue at the pace of the last year, or of the forecast where nothing was sold yet [K]."""
    sold = demand.weekly[demand.planned].mean(axis=1) * _YEAR_DAYS / 7.0
    foreseen = demand.mean[demand.planned].mean(axis=1) * _YEAR_DAYS / horizon.bucket_days
    price = rows["unit_price"].to_numpy(np.float64)
    worth = np.where(price > 0.0, price, rows["unit_cost"].to_numpy(np.float64))
    revenue: Floats = np.where(sold > 0.0, sold, foreseen) * worth
    return revenue
