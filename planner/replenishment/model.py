"""Tables to arrays: the lot-sizing problem of a plan, and how to read its answer back.

Quantities become whole numbers of a unit per item: the greatest common divisor of 1 and its order
multiples. Demand is rounded cumulatively (floor(cumulated mean + 1/2), differences),
so that no series gains or loses more than half a unit over the horizon.

Stock that the problem must not touch is set aside and added again in what is published: presentation
stock (`min_qty`), fractions of a unit, and receipts of a source that come after the last day of a bucket
on which some location it supplies can still be served.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from planner.replenishment.calendar import Days, OpenDays
from planner.replenishment.expiry import demand_ahead, sellable_units, shelf_life
from planner.replenishment.resources import Resource, shared_resources
from scenarios.settings import ReplenishmentSettings
from solvers.lotsizing.problem import STORAGE, LotSizingProblem

KEYS = ["item_id", "location_id"]
FREE_PACKS = 1_000_000
_MOST_AHEAD_DAYS = 28
_GRAIN = 1_000_000
"""Order multiples are told apart to a millionth of a base unit."""

_FINEST = 0.05
"""Base units: where order multiples and 1 share no larger divisor, demand is rounded to whole multiples."""

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Model:
    """A lot-sizing problem and the tables it came from, row by row.

    Attributes
    ----------
    rows : supply and policy of the K planned item-locations, in the problem's order.
    problem : its arrays over the buckets of the plan and the look-ahead.
    days : the calendar behind the buckets.
    unit : [K] base units in one unit of the problem.
    aside : [K, 1 + T] base units in stock at the start and at the end of every bucket that the problem does
        not see.
    demand : [K, T] units of customers; the problem's demand besides fills up presentation stock.
    receipts : [K, T] base units of open orders.
    forecast : [K, buckets + ahead] base units, mean.
    open : (source_id, location_id) -> [days] whether goods may come.
    resources : one per resource row of the problem, then what it stands for.
    last_day : [K, T] the last day on which a source can serve everyone it supplies in a bucket.
    pinned : [K, T] whether a person fixed the order of the bucket.
    visit_day : [K, T] day since the start on which the location is to be visited, -1 for any.
    written_off : [K, 1 + T] base units of the stock at the start, and of the open orders of a bucket, that sources
        cannot send on before they expire; the problem does not see them.
    """

    rows: pd.DataFrame
    problem: LotSizingProblem
    days: Days
    unit: FloatArray
    aside: FloatArray
    demand: IntArray
    receipts: FloatArray
    forecast: FloatArray
    open: OpenDays
    resources: tuple[Resource, ...]
    last_day: IntArray
    pinned: npt.NDArray[np.bool_]
    visit_day: IntArray
    written_off: FloatArray


@dataclass(frozen=True, slots=True)
class Tables:
    """What replenishment reads besides supply: passed on together."""

    forecast: pd.DataFrame
    policy_params: pd.DataFrame
    open_orders: pd.DataFrame
    capacities: pd.DataFrame
    calendars: pd.DataFrame
    pins: pd.DataFrame
    suppliers: pd.DataFrame
    supply_limits: pd.DataFrame


def buckets_ahead(rows: pd.DataFrame, bucket_days: int, buckets: int) -> int:
    """Return the buckets to look at behind the horizon, so that stock does not run out at its end.

    The longest lead time plus review period, at most four weeks and at most the horizon itself.
    """
    cover = float((rows["lead_time_days"] + rows["review_period_days"]).max()) if len(rows) else 0.0
    return int(min(np.ceil(min(cover, _MOST_AHEAD_DAYS) / bucket_days), buckets))


def planned_rows(supply: pd.DataFrame, policy_params: pd.DataFrame) -> pd.DataFrame:
    """Return supply and policy of the item-locations that have a policy, in the order of supply."""
    wanted = [*KEYS, "safety_stock_qty", "order_up_to_qty", "min_qty", "max_qty", "holding_cost", "shortage_cost"]
    policy = policy_params[[*wanted, "review_period_days"]]
    return supply.drop(columns="review_period_days").merge(policy, on=KEYS, how="inner")


def build_model(
    rows: pd.DataFrame,
    tables: Tables,
    days: Days,
    open_days: OpenDays,
    settings: ReplenishmentSettings,
) -> Model:
    """Return the problem of the planned item-locations `rows`; see `planned_rows`."""
    K, T = len(rows), days.total
    unit = _units(rows)
    pack = np.maximum(np.rint(rows["order_multiple_qty"].to_numpy() / unit), 1).astype(np.int64)
    moq = np.maximum(np.ceil(rows["moq_qty"].to_numpy() / unit / pack - 1e-9), 1).astype(np.int64)
    index = pd.MultiIndex.from_frame(rows[KEYS])
    forecast = _forecast(tables.forecast, index, days)
    demand = _whole(forecast / unit[:, None])
    backorders = rows["backorders"].to_numpy(dtype=bool)
    source = _sources(rows, index)
    lead_buckets = rows["lead_time_days"].to_numpy(dtype=float) / days.bucket_days
    lead = np.where(source >= 0, np.floor(lead_buckets + 1e-9), np.ceil(lead_buckets - 1e-9)).astype(np.int64)
    max_packs = allowed_packs(rows, source, days, open_days)
    min_packs = np.zeros_like(max_packs)
    pinned = _pins(tables.pins, index, days, unit, pack, min_packs, max_packs)
    received, counted = _receipts(tables.open_orders, index, days, source, rows, open_days)
    stock = _visible_stock(rows, received, counted, unit, pack, min_packs, max_packs)
    owed = np.where(backorders, np.ceil(rows["backorder_qty"].to_numpy() / unit - 1e-9), 0).astype(np.int64)
    opening = stock.opening - owed
    safety_qty = np.maximum(rows["safety_stock_qty"].to_numpy() - rows["min_qty"].to_numpy(), 0.0)
    safety = np.repeat(np.ceil(safety_qty / unit - 1e-9).astype(np.int64)[:, None], T, axis=1)
    storage = _storage(rows, tables.capacities, unit, pack, moq, safety, demand, stock, source, days, settings)
    resources, capacity, period, usage_start, usage_resource, usage_amount = shared_resources(
        rows, tables.capacities, tables.supply_limits, days, open_days, source, pack * unit, unit
    )
    kind = _int(np.array([resource.kind for resource in resources], dtype=np.int64))
    supplies = np.zeros(K, dtype=bool)
    supplies[source[source >= 0]] = True
    on_show = np.floor(stock.aside[:, 1:] / unit[:, None] + 1e-9).astype(np.int64)
    sellable = sellable_units(rows, demand + stock.fill, on_show, supplies, days.bucket_days)
    used_aside = use_aside(stock.aside / unit[:, None], kind, usage_start, usage_resource, usage_amount)
    holding = rows["holding_cost"].to_numpy() * unit * days.bucket_days
    problem = LotSizingProblem(
        demand=_int(demand + stock.fill),
        opening=_int(opening),
        receipts=_int(stock.receipts),
        pack=_int(pack),
        moq=_int(moq),
        lead=_int(lead),
        min_packs=_int(stock.min_packs),
        max_packs=_int(max_packs),
        holding=_float(holding),
        shortage=_float(rows["shortage_cost"].to_numpy() * unit),
        shortfall=_float(settings.safety_stock_weight * holding),
        safety=_int(safety),
        storage=_int(storage),
        setup=_float(rows["fixed_order_cost"].to_numpy()),
        pack_cost=_float(rows["cost_per_unit"].to_numpy() * pack * unit),
        end_value=np.zeros(K),
        backorders=backorders,
        source=_int(source),
        capacity=np.maximum(capacity - used_aside, 0.0),
        kind=kind,
        usage_start=usage_start,
        usage_resource=usage_resource,
        usage_amount=usage_amount,
        sellable=_int(sellable),
        waste_cost=_float(rows["unit_cost"].fillna(0.0).to_numpy(dtype=float) * unit if sellable.size else np.zeros(0)),
        period=period,
    )
    return Model(
        rows,
        problem,
        days,
        unit,
        stock.aside,
        demand,
        received,
        forecast,
        open_days,
        resources,
        last_days(rows, source, days, open_days),
        pinned,
        np.full((K, T), -1, dtype=np.int64),
        np.zeros((K, 1 + T)),
    )


def _int(array: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
    return np.ascontiguousarray(np.minimum(array, 2**30), dtype=np.int32)


def _float(array: npt.NDArray[np.float64]) -> FloatArray:
    return np.ascontiguousarray(array, dtype=np.float64)


def _units(rows: pd.DataFrame) -> FloatArray:
    """Return [K] base units in one unit of the problem, the same for all locations of an item."""
    grains = np.maximum(np.rint(rows["order_multiple_qty"].to_numpy() * _GRAIN), 1).astype(np.int64)
    divisor = pd.Series(grains).groupby(rows["item_id"].to_numpy()).agg(np.gcd.reduce)
    multiples = divisor.reindex(rows["item_id"].to_numpy()).to_numpy()
    with_one = np.gcd(multiples, _GRAIN)
    return np.where(with_one >= _FINEST * _GRAIN, with_one, multiples) / _GRAIN


def _forecast(forecast: pd.DataFrame, index: pd.MultiIndex, days: Days) -> FloatArray:
    """Return the mean per bucket [K, T]; behind the horizon, the mean of the horizon."""
    out = np.zeros((len(index), days.total))
    position = index.get_indexer(pd.MultiIndex.from_frame(forecast[KEYS]))
    bucket = days.day_of(forecast["bucket_start"]) // days.bucket_days
    seen = (position >= 0) & (bucket >= 0) & (bucket < days.buckets)
    np.add.at(out, (position[seen], bucket[seen]), forecast["mean_qty"].to_numpy()[seen])
    out[:, days.buckets :] = out[:, : days.buckets].mean(axis=1, keepdims=True)
    return out


def _whole(mean: FloatArray) -> IntArray:
    """Round cumulatively."""
    cumulated = np.floor(np.cumsum(mean, axis=1) + 0.5).astype(np.int64)
    return np.diff(cumulated, axis=1, prepend=0)


@dataclass(frozen=True, slots=True)
class _Stock:
    """Stock as the problem sees it, units: opening [K], receipts [K, T], fill and min_packs [K, T]; aside as in Model.

    `fill` is what presentation stock lacks at the start, taken from the first orders that can arrive; they
    are at least as large (`min_packs`). A pinned order fills up what it can, the next one the rest.
    """

    opening: IntArray
    receipts: IntArray
    fill: IntArray
    min_packs: IntArray
    aside: FloatArray


def _visible_stock(
    rows: pd.DataFrame,
    received: FloatArray,
    counted: FloatArray,
    unit: FloatArray,
    pack: IntArray,
    min_packs: IntArray,
    max_packs: IntArray,
) -> _Stock:
    """Set aside presentation stock, fractions and late receipts; `received`, `counted` [K, T] base units."""
    K, T = received.shape
    available = rows["available_qty"].to_numpy()
    presented = np.ceil(rows["min_qty"].to_numpy() / unit - 1e-9).astype(np.int64)
    whole = np.floor((available[:, None] + np.cumsum(counted, axis=1)) / unit[:, None] + 1e-9).astype(np.int64)
    start = np.floor(available / unit + 1e-9).astype(np.int64)
    receipts = np.diff(whole, axis=1, prepend=start[:, None])
    opening = np.maximum(start - presented, 0)
    fill = np.zeros((K, T), np.int64)
    min_packs = min_packs.copy()
    kept = np.zeros((K, T + 1), np.int64)
    kept[:, :] = np.minimum(start, presented)[:, None]
    for k in np.flatnonzero(start < presented):
        lacking = presented[k] - start[k]
        for t in range(T):
            arrives = min(lacking, receipts[k, t])
            receipts[k, t] -= arrives
            lacking -= arrives
            if lacking > 0 and max_packs[k, t] > 0:
                fill[k, t] = min(lacking, max_packs[k, t] * pack[k])
                min_packs[k, t] = max(min_packs[k, t], -(-fill[k, t] // pack[k]))
                lacking -= fill[k, t]
            kept[k, t + 1] = presented[k] - lacking
    held = available[:, None] + np.concatenate([np.zeros((K, 1)), np.cumsum(received, axis=1)], axis=1)
    seen = np.concatenate([start[:, None], whole], axis=1) * unit[:, None]
    return _Stock(opening, receipts, fill, min_packs, np.maximum(held - seen, 0.0) + kept * unit[:, None])


def _receipts(
    open_orders: pd.DataFrame,
    index: pd.MultiIndex,
    days: Days,
    source: IntArray,
    rows: pd.DataFrame,
    open_days: OpenDays,
) -> tuple[FloatArray, FloatArray]:
    """Return open orders [K, T] in base units by bucket of receipt, and by bucket in which they can be sent on.

    What is overdue arrives in the first bucket.
    """
    received = np.zeros((len(index), days.total))
    counted = np.zeros((len(index), days.total))
    if len(open_orders):
        position = index.get_indexer(pd.MultiIndex.from_frame(open_orders[KEYS]))
        day = np.maximum(days.day_of(open_orders["receipt_date"]), 0)
        last = last_days(rows, source, days, open_days)
        for k, d, qty in zip(position, day, open_orders["qty"].to_numpy(), strict=True):
            bucket = d // days.bucket_days
            if k < 0 or bucket >= days.total:
                continue
            received[k, bucket] += qty
            bucket += int(d > last[k, bucket])
            if bucket < days.total:
                counted[k, bucket] += qty
    return received, counted


def last_days(rows: pd.DataFrame, source: IntArray, days: Days, open_days: OpenDays) -> IntArray:
    """Return [K, T] the last day on which a source can still serve everyone it supplies in a bucket.

    A large number for item-locations that supply nobody, and where nobody receives in the bucket.
    """
    last = np.full((len(rows), days.total), days.days * 2, dtype=np.int64)
    lanes = list(zip(rows["source_id"], rows["location_id"], strict=True))
    of_lane = {}
    for lane, open_ in open_days.items():
        grid = open_.reshape(days.total, days.bucket_days)
        latest = days.bucket_days - 1 - np.argmax(grid[:, ::-1], axis=1) + np.arange(days.total) * days.bucket_days
        of_lane[lane] = np.where(grid.any(axis=1), latest, days.days * 2)
    for k in np.flatnonzero(source >= 0):
        last[source[k]] = np.minimum(last[source[k]], of_lane[lanes[k]])
    return last


def _sources(rows: pd.DataFrame, index: pd.MultiIndex) -> IntArray:
    """Return [K] the row that supplies each row, -1 for suppliers."""
    origin = pd.MultiIndex.from_arrays([rows["item_id"], rows["source_id"]])
    inner = (rows["source_type"] == "location").to_numpy()
    source: IntArray = np.where(inner, index.get_indexer(origin), -1).astype(np.int64)
    if (source[inner] < 0).any():
        row = rows[inner].iloc[int(np.argmin(source[inner]))]
        raise ValueError(f"item {row['item_id']} at {row['source_id']} supplies others but has no policy")
    return source


def allowed_packs(rows: pd.DataFrame, source: IntArray, days: Days, open_days: OpenDays) -> IntArray:
    """Return [K, T] FREE_PACKS in buckets in which an order may arrive, else 0: lead, calendar, review."""
    first_day = np.arange(days.total) * days.bucket_days
    out = np.zeros((len(rows), days.total), dtype=np.int64)
    lead = rows["lead_time_days"].to_numpy()
    last = last_days(rows, source, days, open_days)
    every = np.maximum(rows["review_period_days"].to_numpy() // days.bucket_days, 1).astype(np.int64)
    of_lane: dict[tuple[str, str, float], tuple[IntArray, IntArray]] = {}
    for k, lane in enumerate(zip(rows["source_id"], rows["location_id"], lead, strict=True)):
        if lane not in of_lane:
            open_ = open_days[lane[:2]]
            reachable = (open_ & (np.arange(days.days) >= lead[k] - 1e-9)).reshape(days.total, days.bucket_days)
            first_open = np.argmax(open_.reshape(days.total, days.bucket_days), axis=1) + first_day
            of_lane[lane] = np.where(reachable.any(axis=1), FREE_PACKS, 0), first_open
        free, first_open = of_lane[lane]
        out[k] = np.where(first_open > last[k], 0, free)
        if source[k] < 0:
            out[k, first_day < lead[k] - 1e-9] = 0
            if every[k] > 1:
                since = np.arange(days.total) - int(np.ceil(lead[k] / days.bucket_days - 1e-9))
                out[k, since % every[k] != 0] = 0
    return out


def _storage(
    rows: pd.DataFrame,
    capacities: pd.DataFrame,
    unit: FloatArray,
    pack: IntArray,
    moq: IntArray,
    safety: IntArray,
    demand: IntArray,
    stock: _Stock,
    source: IntArray,
    days: Days,
    settings: ReplenishmentSettings,
) -> IntArray:
    """Return [K, T] units that may be held: given, by policy, by default, by shelf life where others are supplied."""
    passed_on = demand.copy()
    for row in range(len(rows) - 1, -1, -1):  # rows are ordered customers of suppliers first, so walk them backwards
        if source[row] >= 0:
            passed_on[source[row]] += passed_on[row]
    smallest = (pack * moq)[:, None] + safety
    daily = passed_on.mean(axis=1) / days.bucket_days
    default = np.ceil(daily * settings.default_storage_days).astype(np.int64)[:, None]
    wanted = np.maximum(default, smallest)
    fresh = shelf_life(rows, days.bucket_days)
    for k in np.flatnonzero(np.isfinite(fresh) & np.isin(np.arange(len(rows)), source)):
        sellable = demand_ahead(passed_on[k], int(fresh[k]))
        wanted[k] = np.minimum(wanted[k], np.maximum(sellable, smallest[k]))
    smallest_orders = np.where(stock.min_packs > 0, np.maximum(stock.min_packs, moq[:, None]), 0) * pack[:, None]
    wanted = np.maximum(wanted, least_stock(stock.opening, stock.receipts + smallest_orders, demand + stock.fill))
    most = rows["max_qty"].to_numpy(dtype=float)
    aside = np.ceil(stock.aside[:, 1:] / unit[:, None] - 1e-9)
    allowed = np.floor(np.nan_to_num(most) / unit + 1e-9)[:, None] - aside
    wanted = np.where(np.isnan(most)[:, None], wanted, np.minimum(wanted, allowed))
    wanted = np.maximum(wanted, least_stock(stock.opening, stock.receipts, demand + stock.fill))
    given = given_storage(rows, capacities, unit)[:, None]
    room = np.maximum(np.nan_to_num(given) - aside, 0)
    return np.asarray(np.where(np.isnan(given), wanted, np.minimum(wanted, room)), dtype=np.int64)


def least_stock(opening: IntArray, receipts: IntArray, demand: IntArray) -> IntArray:
    """Return [K, T] the stock if nothing more than `receipts` comes: no limit by policy can go below it."""
    out = np.zeros_like(demand)
    stock = np.maximum(opening, 0)
    for t in range(demand.shape[1]):
        stock = np.maximum(stock + receipts[:, t] - demand[:, t], 0)
        out[:, t] = stock
    return out


def given_sizes(rows: pd.DataFrame | pd.Series) -> dict[str, Any]:
    """Return by column of `capacities` how much a base unit of each row takes."""
    return {"capacity_qty": 1.0, "capacity_kg": rows["unit_weight_kg"], "capacity_m3": rows["unit_volume_m3"]}


def given_storage(rows: pd.DataFrame, capacities: pd.DataFrame, unit: FloatArray) -> FloatArray:
    """Return [K] units by the storage rows of `capacities` that name the item; NaN for none."""
    limits = capacities[(capacities["kind"] == "storage") & (capacities["item_id"].fillna("") != "")]
    if limits.empty:
        return np.full(len(rows), np.nan)
    terms = rows[KEYS].merge(limits, on=KEYS, how="left")
    most = np.full(len(rows), np.inf)
    for name, per_unit in given_sizes(rows).items():
        size = np.broadcast_to(np.asarray(per_unit, dtype=float), len(rows))
        value = terms[name].to_numpy(dtype=float)
        known = ~np.isnan(value) & (size > 0)
        most[known] = np.minimum(most[known], np.floor(value[known] / size[known] / unit[known] + 1e-9))
    return np.where(np.isfinite(most), most, np.nan)


def use_aside(
    aside: FloatArray,
    kind: npt.NDArray[np.int32],
    usage_start: npt.NDArray[np.int32],
    usage_resource: npt.NDArray[np.int32],
    usage_amount: FloatArray,
) -> FloatArray:
    """Return [R, T] how much of shared storage the stock set aside takes; `aside` [K, 1 + T] units."""
    out = np.zeros((kind.size, aside.shape[1] - 1))
    user = np.repeat(np.arange(aside.shape[0]), np.diff(usage_start))
    stored = kind[usage_resource] == STORAGE
    np.add.at(out, usage_resource[stored], usage_amount[stored, None] * aside[user[stored], 1:])
    return out


def _pins(
    pins: pd.DataFrame,
    index: pd.MultiIndex,
    days: Days,
    unit: FloatArray,
    pack: IntArray,
    min_packs: IntArray,
    max_packs: IntArray,
) -> npt.NDArray[np.bool_]:
    """Return [K, T] where pins decide; min_packs and max_packs are changed in place."""
    pinned = np.zeros(max_packs.shape, dtype=bool)
    wanted = pinned_packs(pins, index, days, unit, pack)
    for k, t, packs in wanted[["row", "bucket", "packs"]].itertuples(index=False):
        min_packs[k, t] = max_packs[k, t] = round(packs)
        pinned[k, t] = True
    return pinned


def pinned_packs(
    pins: pd.DataFrame, index: pd.MultiIndex, days: Days, unit: FloatArray, pack: IntArray
) -> pd.DataFrame:
    """Return row, bucket, day, packs (a fraction where the pin is no whole number of packs) of pins that count."""
    counts = pins["expires_date"].isna() | (pins["expires_date"] > days.start)
    pins = pins[counts]
    row = index.get_indexer(pd.MultiIndex.from_frame(pins[KEYS]))
    day = days.day_of(pins["receipt_date"])
    frame = pd.DataFrame({"row": row, "day": day, "bucket": day // days.bucket_days, "qty": pins["qty"].to_numpy()})
    frame = frame[(frame["row"] >= 0) & (frame["day"] >= 0) & (frame["bucket"] < days.buckets)]
    frame = frame.groupby(["row", "bucket"], as_index=False).agg(qty=("qty", "sum"), day=("day", "min"))
    frame["packs"] = frame["qty"] / unit[frame["row"]] / pack[frame["row"]]
    return frame
