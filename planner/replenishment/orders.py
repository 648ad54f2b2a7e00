"""The plan of packs as order lines with dates, units, cost and reason."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from planner.replenishment.calendar import Days
from planner.replenishment.model import Model, Tables
from planner.replenishment.order_value import MIN_ORDER_VALUE
from planner.replenishment.reasons import binding_reasons, needs_of_orders
from planner.replenishment.spread import StockByDay, spread_lines
from reports.tables import REPLENISHMENT_ORDERS, conform
from solvers.lotsizing.problem import Ints
from solvers.lotsizing.result import LotSizingResult
from solvers.lotsizing.verify import Verdict

_ORDER = ["source_id", "location_id", "bucket"]
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def write_orders(
    model: Model,
    result: LotSizingResult,
    verdict: Verdict,
    lines: pd.DataFrame,
    rationed: npt.NDArray[np.bool_],
    topped_up: npt.NDArray[np.bool_],
    shared_cost: FloatArray,
) -> pd.DataFrame:
    """Return the published table of orders that are placed within the horizon; some arrive after it.

    Parameters
    ----------
    lines : of `spread_plan`.
    rationed : [K, T] where a source was short and the order is its fair share.
    topped_up : [K, T] where a supplier's smallest order value decided.
    shared_cost : [K, T] money per pack for what the whole order costs.
    """
    spread = lines.copy()
    reason = binding_reasons(model, result, verdict, rationed)
    reason[topped_up] = MIN_ORDER_VALUE
    spread["reason"] = reason[spread["row"], spread["bucket"]]
    spread["supply_days"] = days_of_supply(model, result, verdict)[spread["row"], spread["bucket"]]
    spread["shared_cost"] = shared_cost[spread["row"], spread["bucket"]] * spread["packs"]
    spread["rounding_qty"] = _pack_rounding(model, result, verdict, spread)
    return _published(spread, model)


def _pack_rounding(model: Model, result: LotSizingResult, verdict: Verdict, lines: pd.DataFrame) -> FloatArray:
    """Return per line what only fills up the last pack, base units; of an order on several days, the last line has it.

    Less than a pack, so the last line holds it.
    """
    needed = np.add(*needs_of_orders(model, result, verdict))
    pack = model.problem.pack[:, None].astype(np.int64)
    whole = np.maximum(-(-needed // pack), 1) * pack
    rounding = np.minimum(whole - needed, result.packs * pack - needed) * model.unit[:, None]
    last = lines["day"].eq(lines.groupby(["row", "bucket"])["day"].transform("max")).to_numpy()
    out: FloatArray = np.where(last, rounding[lines["row"], lines["bucket"]], 0.0)
    return out


def spread_plan(model: Model, packs: Ints, verdict: Verdict, tables: Tables) -> pd.DataFrame:
    """Return the order lines placed within the horizon, on days; see `spread_lines`.

    Deliveries between locations count when they leave in a bucket of the horizon, as shipments of the
    projected stock do; purchases when they arrive in it, or all of the supplier's order is placed in it.
    """
    days, problem, rows = model.days, model.problem, model.rows
    k, t = np.nonzero(packs)
    inside = (t < days.buckets) | (problem.source[k] < 0) | (t - problem.lead[k] < days.buckets)
    k, t = k[inside], t[inside]
    lines = rows.iloc[k].reset_index(drop=True)
    pack_qty = problem.pack[k] * model.unit[k]
    lead = lines["lead_time_days"].to_numpy()
    lines = lines.assign(
        row=k,
        bucket=t,
        packs=packs[k, t].astype(np.int64),
        pack_qty=pack_qty,
        pack_kg=pack_qty * lines["unit_weight_kg"],
        pack_m3=pack_qty * lines["unit_volume_m3"],
        first_day=np.ceil(lead - 1e-9).astype(np.int64),
        source_row=problem.source[k],
        wanted_day=_wanted_days(model, tables.pins)[k, t],
        visit_day=model.visit_day[k, t],
        lag_days=np.where(problem.source[k] >= 0, problem.lead[k], 0) * days.bucket_days,
    )
    purchase = (lines["source_type"] == "supplier").to_numpy()
    bought = spread_lines(lines[purchase], tables.capacities, days, model.open, StockByDay({}), early=True)
    arrived = _arrived(model, packs, verdict, bought, tables.open_orders)
    moved = spread_lines(lines[~purchase], tables.capacities, days, model.open, arrived, early=False)
    return pd.concat([bought[_ordered_within(bought, days)], moved], ignore_index=True)


def _ordered_within(bought: pd.DataFrame, days: Days) -> npt.NDArray[np.bool_]:
    """Return which purchases belong to an order that arrives, or of which all lines are placed, within the horizon."""
    placed = (bought["day"] - bought["first_day"]).groupby([bought[name] for name in _ORDER]).transform("max")
    inside = (bought["bucket"] < days.buckets) | (placed < days.buckets * days.bucket_days)
    return inside.to_numpy(dtype=bool)


def _wanted_days(model: Model, pins: pd.DataFrame) -> IntArray:
    """Return [K, T] the day that a pin of more than nothing names, else -1."""
    out = np.full(model.pinned.shape, -1, dtype=np.int64)
    pins = pins[(pins["qty"] > 0) & ~(pins["expires_date"] <= model.days.start)]
    index = pd.MultiIndex.from_frame(model.rows[["item_id", "location_id"]])
    row = index.get_indexer(pd.MultiIndex.from_frame(pins[["item_id", "location_id"]]))
    for k, day in zip(row, model.days.day_of(pins["receipt_date"]), strict=True):
        bucket = day // model.days.bucket_days
        if k >= 0 and 0 <= bucket < model.days.buckets and model.pinned[k, bucket]:
            out[k, bucket] = day
    return out


def _arrived(
    model: Model, packs: Ints, verdict: Verdict, bought: pd.DataFrame, open_orders: pd.DataFrame
) -> StockByDay:
    """Return what may have left each source by each day, for buckets in which not all is there from the start.

    Supplies from another location that is itself supplied within the plan count from the first day.
    """
    days, problem, unit = model.days, model.problem, model.unit
    before = np.concatenate([problem.opening[:, None], verdict.stock[:, :-1]], axis=1)
    start = np.maximum(before, 0) * unit[:, None] + problem.receipts * unit[:, None]
    start += packs * (problem.pack * unit)[:, None]
    arrivals = [bought[["row", "day"]].assign(qty=bought["packs"] * bought["pack_qty"], counts=True)]
    if len(open_orders):
        index = pd.MultiIndex.from_frame(model.rows[["item_id", "location_id"]])
        row = index.get_indexer(pd.MultiIndex.from_frame(open_orders[["item_id", "location_id"]]))
        day = np.maximum(days.day_of(open_orders["receipt_date"]), 0)
        arrivals.append(pd.DataFrame({"row": row, "day": day, "qty": open_orders["qty"].to_numpy(), "counts": False}))
    late = pd.concat(arrivals, ignore_index=True)
    late = late[(late["row"] >= 0) & (late["day"] < days.buckets * days.bucket_days)]
    late["bucket"] = late["day"] // days.bucket_days
    day_of, qty, counts = (late[name].to_numpy() for name in ("day", "qty", "counts"))
    sending = verdict.sent.astype(np.int64)
    free: dict[tuple[int, int], FloatArray] = {}
    for key, members in late.groupby(["row", "bucket"]).indices.items():
        k, t = (int(part) for part in np.asarray(key))
        if sending[k, t] == 0:
            continue
        members = members[counts[members] | (day_of[members] <= model.last_day[k, t])]
        offset = day_of[members] - t * days.bucket_days
        if not (offset > 0).any():
            continue
        by_day = np.bincount(offset, qty[members], days.bucket_days)
        free[k, t] = start[k, t] - by_day.sum() + np.cumsum(by_day)
    return StockByDay(free)


def _published(lines: pd.DataFrame, model: Model) -> pd.DataFrame:
    days = model.days
    purchase = (lines["source_type"] == "supplier").to_numpy()
    qty = lines["packs"] * lines["pack_qty"]
    per_unit = np.where(purchase, lines["unit_cost"] + lines["cost_per_unit"], lines["cost_per_unit"])
    table = pd.DataFrame(
        {
            "type": np.where(purchase, "PO", "DO"),
            "item_id": lines["item_id"],
            "source_id": lines["source_id"],
            "location_id": lines["location_id"],
            "qty": qty,
            "order_uom": lines["order_uom"],
            "order_qty_uom": (qty / lines["order_uom_factor_qty"]).round(9),
            "order_date": days.date(lines["day"].to_numpy() - lines["first_day"].to_numpy()),
            "receipt_date": days.date(lines["day"].to_numpy()),
            "bucket_start": days.bucket_start(lines["bucket"].to_numpy()),
            "weight_kg": qty * lines["unit_weight_kg"],
            "volume_m3": qty * lines["unit_volume_m3"],
            "cost": qty * per_unit + lines["fixed_order_cost"] + lines["shared_cost"],
            "shared_cost": lines["shared_cost"],
            "days_of_supply_after": lines["supply_days"],
            "binding_reason": lines["reason"],
            "pack_rounding_qty": lines["rounding_qty"],
        }
    )
    table = table.sort_values(["type", "receipt_date", "source_id", "location_id", "item_id"], ignore_index=True)
    number = table.groupby("type").cumcount() + 1
    table["order_id"] = table["type"] + number.astype(str).str.zfill(6)
    return conform(REPLENISHMENT_ORDERS, table)


def passed_on(model: Model) -> FloatArray:
    """Return [K, T] the forecast of each item-location and of all it supplies, base units."""
    out = model.forecast.copy()
    for k in range(len(model.rows) - 1, -1, -1):  # sources stand above whom they supply
        source = model.problem.source[k]
        if source >= 0:
            out[source] += out[k]
    return out


def days_of_supply(model: Model, result: LotSizingResult, verdict: Verdict) -> FloatArray:
    """Return [K, T] how many days the stock lasts after the receipts of a bucket; NaN without demand."""
    problem, days = model.problem, model.days
    before = np.concatenate([problem.opening[:, None], verdict.stock[:, :-1]], axis=1)
    there = np.maximum(before + problem.receipts + problem.pack[:, None] * result.packs, 0) * model.unit[:, None]
    forecast = passed_on(model)
    mean = forecast.mean(axis=1)
    K, T = forecast.shape
    lasts = np.zeros((K, T))
    left = there.copy()
    for ahead in range(T):  # bucket t + ahead; behind the end, the mean
        demand = np.repeat(mean[:, None], T, axis=1)
        demand[:, : T - ahead] = forecast[:, ahead:]
        covered = np.where(demand > 0, np.clip(left / np.where(demand > 0, demand, 1.0), 0.0, 1.0), left > 0)
        lasts += covered * days.bucket_days
        left = np.maximum(left - demand, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        lasts += np.where(mean > 0, left.T / mean, 0.0).T * days.bucket_days
    return np.where(mean[:, None] > 0, lasts, np.nan)
