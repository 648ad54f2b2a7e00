"""From the plan's tables to the arrays of `solvers.stock`."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from scenarios.settings import Horizon
from solvers.stock import StockProblem
from solvers.stock.random_kernels import stream

_KEYS = ["item_id", "location_id"]

_Floats = npt.NDArray[np.float64]
_Integers = npt.NDArray[np.int64]


def planned_rows(supply: pd.DataFrame, policy_params: pd.DataFrame, projected_inventory: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of `supply` that the plan covers, sources first, with their class and costs."""
    targets = policy_params[[*_KEYS, "abc_class", "holding_cost", "shortage_cost"]]
    rows = supply.merge(projected_inventory[_KEYS].drop_duplicates(), on=_KEYS).merge(targets, how="left", on=_KEYS)
    rows = rows.fillna({"abc_class": "", "holding_cost": 0.0, "shortage_cost": 0.0})
    return rows.sort_values("level", kind="stable", ignore_index=True)


def shelf_buckets(rows: pd.DataFrame, horizon: Horizon) -> _Integers:
    """Return buckets in which a unit can be sold [K]: that of its receipt and the whole ones of its life; 0: always."""
    days = rows["shelf_life_days"].to_numpy(np.float64)
    whole = 1.0 + np.floor(np.nan_to_num(days) / horizon.bucket_days + 1e-9)
    return np.where(np.isnan(days), 0.0, whole).astype(np.int64)


def build_problem(
    rows: pd.DataFrame,
    forecast: pd.DataFrame,
    forecast_channels: pd.DataFrame,
    projected_inventory: pd.DataFrame,
    orders: pd.DataFrame,
    horizon: Horizon,
    lead_time_noise: bool,
) -> tuple[StockProblem, tuple[str, ...]]:
    """Return the plan as arrays, and the sales channels in the order of `channel_share`.

    Quantities already under way (`receipts_qty`) from a supplier share the delay of that supplier's
    deliveries of the same bucket; those between locations come as expected.
    """
    grid = _Grid(rows, horizon)
    is_do = orders["type"] == "DO"
    source = grid.row_of(rows["item_id"], rows["source_id"])
    from_location = (rows["source_type"] == "location").to_numpy() & (source >= 0)
    source = np.where(from_location, source, -1)
    deliveries = grid.spread(orders[is_do], "qty")
    unfed = np.where(source >= 0, 0.0, 1.0)[:, None]  # a DO whose source is not planned arrives as planned
    channels, shares = _channel_shares(grid, forecast_channels)
    first = projected_inventory[projected_inventory["bucket_start"] == pd.Timestamp(horizon.start)]
    noise = rows["lead_time_sd_days"].to_numpy(np.float64) if lead_time_noise else np.zeros(len(rows))
    problem = StockProblem(
        bucket_days=horizon.bucket_days,
        level=rows["level"].to_numpy(np.int64),
        source=source,
        lead_buckets=np.floor(rows["lead_time_days"].to_numpy(np.float64) / horizon.bucket_days).astype(np.int64),
        opening_qty=grid.spread(first, "opening_qty").sum(axis=1),
        owed_qty=rows["backorder_qty"].to_numpy(np.float64),
        backorders=rows["backorders"].to_numpy(np.bool_),
        shelf_buckets=shelf_buckets(rows, horizon),
        inbound_qty=grid.spread(projected_inventory, "receipts_qty")
        + grid.spread(orders[~is_do], "qty")
        + deliveries * unfed,
        deliveries_qty=deliveries * (1.0 - unfed),
        demand_mean_qty=grid.spread(forecast, "mean_qty"),
        demand_sd_qty=grid.spread(forecast, "sd_qty"),
        channel_share=shares,
        lead_time_days=rows["lead_time_days"].to_numpy(np.float64),
        lead_time_sd_days=np.where(from_location, 0.0, noise),
        demand_streams=_streams(rows, "item_id"),
        delivery_streams=_streams(rows, "source_id"),
    )
    return problem, channels


def _streams(rows: pd.DataFrame, column: str) -> npt.NDArray[np.uint64]:
    """Name a random stream after `column` and the location of each row."""
    pairs = zip(rows[column], rows["location_id"], strict=True)
    return np.array([stream(name, location) for name, location in pairs], dtype=np.uint64)


class _Grid:
    """Rows by bucket: where a table's line belongs."""

    def __init__(self, rows: pd.DataFrame, horizon: Horizon) -> None:
        self._index = pd.MultiIndex.from_frame(rows[_KEYS])
        self._start = pd.Timestamp(horizon.start)
        self._days = horizon.bucket_days
        self.shape = (len(rows), horizon.buckets)

    def row_of(self, items: pd.Series, locations: pd.Series) -> _Integers:
        """Return the row of every (item, location), -1 where it is not planned."""
        pairs = pd.MultiIndex.from_arrays([items, locations])
        found: _Integers = self._index.get_indexer(pairs).astype(np.int64)
        return found

    def cells(self, table: pd.DataFrame) -> tuple[_Integers, _Integers, npt.NDArray[np.bool_]]:
        """Return row and bucket of every line of `table` and whether both are in the grid."""
        row = self.row_of(table["item_id"], table["location_id"])
        days = (table["bucket_start"] - self._start).dt.days.to_numpy(np.int64)
        bucket: _Integers = np.floor_divide(days, self._days, dtype=np.int64)
        return row, bucket, (row >= 0) & (bucket >= 0) & (bucket < self.shape[1])

    def spread(self, table: pd.DataFrame, column: str) -> _Floats:
        """Return [K, T] the sum of `column` by row and bucket."""
        out = np.zeros(self.shape)
        row, bucket, inside = self.cells(table)
        np.add.at(out, (row[inside], bucket[inside]), table[column].to_numpy(np.float64)[inside])
        return out


def _channel_shares(grid: _Grid, forecast_channels: pd.DataFrame) -> tuple[tuple[str, ...], _Floats]:
    """Return the channels and their share of demand [K, T, C]; the first one has demand nobody claims."""
    codes, names = pd.factorize(forecast_channels["channel"], sort=True)
    if len(names) == 0:
        return (), np.ones((*grid.shape, 1))
    qty = np.zeros((*grid.shape, len(names)))
    row, bucket, inside = grid.cells(forecast_channels)
    np.add.at(
        qty,
        (row[inside], bucket[inside], codes[inside]),
        forecast_channels["mean_qty"].to_numpy(np.float64)[inside],
    )
    total = qty.sum(axis=2, keepdims=True)
    shares = np.divide(qty, total, out=np.zeros_like(qty), where=total > 0)
    shares[..., 0] += (total[..., 0] <= 0).astype(np.float64)
    return tuple(str(name) for name in names), shares
