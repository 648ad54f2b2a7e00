"""From stock targets to ordering policies, and from tables to the arrays that `solvers.stock.policies` plays.

Every item-location with customers of its own is played alone: its source always has what is ordered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from planner.simulation.problem import shelf_buckets
from scenarios.settings import Horizon
from solvers.stock.policies import OrderPolicy, StockStart
from solvers.stock.policy_futures import LeadTimes, Prices, SampledDemand
from solvers.stock.random_kernels import stream

_Floats = npt.NDArray[np.float64]
_KEYS = ["item_id", "location_id"]

KINDS: Mapping[str, str] = {
    "R_s_S": "every review period: at or below the reorder point, up to the order-up-to level",
    "R_S": "every review period: up to the order-up-to level",
    "s_S": "every bucket: at or below the reorder point, up to the order-up-to level",
    "s_Q": "every bucket: at or below the reorder point, lots of the larger of smallest order and pack",
    "base_stock": "every bucket: up to the reorder point, in packs",
}
"""Kinds of policies, and when and how much they order."""
_CONTINUOUS = ("s_S", "s_Q", "base_stock")


def order_policy(rows: pd.DataFrame, targets: Sequence[pd.DataFrame], horizon: Horizon) -> OrderPolicy:
    """Return the policy of `rows` (item_id, location_id, moq_qty, order_multiple_qty).

    Parameters
    ----------
    targets : policy_params of consecutive stretches of `horizon.buckets`; an item-location without orders nothing. Kind
        and lot are those of the first stretch.
    """
    found = [rows[_KEYS].merge(table, how="left", on=_KEYS) for table in targets]

    def levels(column: str) -> _Floats:
        stretches = [np.nan_to_num(each[column].to_numpy(np.float64), nan=-np.inf) for each in found]
        return np.repeat(np.stack(stretches, axis=1), horizon.buckets, axis=1)

    reorder, up_to = levels("reorder_point_qty"), levels("order_up_to_qty")
    kind = found[0]["policy_kind"].fillna("R_s_S").to_numpy(dtype=str)
    multiple = rows["order_multiple_qty"].to_numpy(np.float64)
    least = np.ceil(rows["moq_qty"].to_numpy(np.float64) / multiple - 1e-9) * multiple
    lot = np.maximum(
        np.ceil(found[0]["order_qty"].fillna(0.0).to_numpy(np.float64) / multiple - 1e-9) * multiple, least
    )
    review = found[0]["review_period_days"].fillna(horizon.bucket_days).to_numpy(np.float64) / horizon.bucket_days
    review = np.where(np.isin(kind, _CONTINUOUS), 1.0, np.maximum(np.rint(review), 1.0))
    return OrderPolicy(
        reorder_point_qty=np.where((kind == "R_S")[:, None], up_to, reorder),
        order_up_to_qty=np.where((kind == "base_stock")[:, None], reorder, up_to),
        lot_qty=np.where(kind == "s_Q", np.maximum(lot, multiple), 0.0),
        multiple_qty=multiple,
        least_qty=least,
        review_buckets=review.astype(np.int64),
    )


def start_as_given(rows: pd.DataFrame, open_orders: pd.DataFrame, horizon: Horizon) -> StockStart:
    """Return stock, owed demand and open orders as the tables have them; what is overdue comes first thing."""
    waits = rows["backorders"].to_numpy(np.bool_)
    owed = np.where(waits, rows["backorder_qty"].to_numpy(np.float64), 0.0)
    in_transit = np.zeros((len(rows), horizon.buckets))
    row = pd.MultiIndex.from_frame(rows[_KEYS]).get_indexer(pd.MultiIndex.from_frame(open_orders[_KEYS]))
    days = (open_orders["receipt_date"] - pd.Timestamp(horizon.start)).dt.days.to_numpy()
    bucket = np.maximum(days // horizon.bucket_days, 0).astype(np.int64)
    inside = (row >= 0) & (bucket < horizon.buckets)
    np.add.at(in_transit, (row[inside], bucket[inside]), open_orders["qty"].to_numpy(np.float64)[inside])
    net = rows["available_qty"].to_numpy(np.float64) - owed
    return StockStart(net, in_transit, waits, shelf_buckets(rows, horizon))


def start_full(rows: pd.DataFrame, targets: pd.DataFrame, horizon: Horizon) -> StockStart:
    """Return every item-location at its order-up-to level, nothing on order: the same start for all policies."""
    level = rows[_KEYS].merge(targets, how="left", on=_KEYS)["order_up_to_qty"].fillna(0.0).to_numpy(np.float64)
    waits = rows["backorders"].to_numpy(np.bool_)
    return StockStart(level, np.zeros((len(rows), 0)), waits, shelf_buckets(rows, horizon))


def lead_times(rows: pd.DataFrame, horizon: Horizon, *, noise: bool) -> LeadTimes:
    """Return the lead times: whole buckets, up for suppliers and down for locations, as in the replenishment plan."""
    days = rows["lead_time_days"].to_numpy(np.float64)
    inner = (rows["source_type"] == "location").to_numpy()
    buckets = np.where(inner, np.floor(days / horizon.bucket_days + 1e-9), np.ceil(days / horizon.bucket_days - 1e-9))
    sd = rows["lead_time_sd_days"].fillna(0.0).to_numpy(np.float64)
    pairs = zip(rows["source_id"], rows["location_id"], strict=True)
    names = np.array([stream(*pair) for pair in pairs], dtype=np.uint64)
    return LeadTimes(buckets.astype(np.int64), days, sd if noise else np.zeros(len(rows)), horizon.bucket_days, names)


def prices(rows: pd.DataFrame, targets: pd.DataFrame, horizon: Horizon) -> Prices:
    """Return money per unit and bucket in stock, per unit not served at once, per order, per unit wasted (its cost).

    Goods that are sold cost nothing here.
    """
    found = rows[_KEYS].merge(targets, how="left", on=_KEYS)
    return Prices(
        found["holding_cost"].fillna(0.0).to_numpy(np.float64) * horizon.bucket_days,
        found["shortage_cost"].fillna(0.0).to_numpy(np.float64),
        rows["fixed_order_cost"].fillna(0.0).to_numpy(np.float64),
        rows["unit_cost"].to_numpy(np.float64),
    )


def demand_to_sample(rows: pd.DataFrame, forecast: pd.DataFrame, horizon: Horizon) -> SampledDemand:
    """Return the forecast's mean and standard deviation; streams are those of the simulated check of a plan."""
    names = np.array([stream(*key) for key in zip(rows["item_id"], rows["location_id"], strict=True)], dtype=np.uint64)
    grid = {name: spread(rows, forecast.rename(columns={"bucket_start": "date"}), name, pd.Timestamp(horizon.start),
                         horizon.bucket_days, horizon.buckets) for name in ("mean_qty", "sd_qty")}  # fmt: skip
    return SampledDemand(grid["mean_qty"], grid["sd_qty"], names)


def spread(
    rows: pd.DataFrame, table: pd.DataFrame, column: str, start: pd.Timestamp, bucket_days: int, buckets: int
) -> _Floats:
    """Return [K, T] the sum of `column` by row and bucket from `start` on; dates outside do not count."""
    out = np.zeros((len(rows), buckets))
    row = pd.MultiIndex.from_frame(rows[_KEYS]).get_indexer(pd.MultiIndex.from_frame(table[_KEYS]))
    bucket = (table["date"] - start).dt.days.to_numpy() // bucket_days
    inside = (row >= 0) & (bucket >= 0) & (bucket < buckets)
    np.add.at(out, (row[inside], bucket[inside].astype(np.int64)), table[column].to_numpy(np.float64)[inside])
    return out
