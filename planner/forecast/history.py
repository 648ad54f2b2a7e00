"""Demand history as arrays: from long tables with dates to buckets that end where the horizon starts.

Missing dates count as zero demand from the first sale of a series on; before it there is no series.
Several channels of one item-location add up. Rows on or after the start of the horizon are not history.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from planner.forecast.transitions import inherit
from scenarios.settings import Horizon
from scenarios.tables.issues import Issues

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

# The past that is looked at: four years of weeks, two years of days. It bounds memory and speed.
_LONGEST = {7: 208, 1: 730}


@dataclass(frozen=True, slots=True)
class DemandRows:
    """Past demand of the planned item-locations, one element per row of history, sorted by series.

    Attributes
    ----------
    keys : [K] item-locations with any history: item_id, location_id, category, region.
    bounds : [K + 1] rows of series k are bounds[k]:bounds[k + 1].
    bucket : [N] 0 is the oldest bucket, buckets - 1 the last before the horizon.
    quantity : [N] base units; negative ones are returns.
    inherited : [N] whether the row comes from another item by a transition.
    channel : [N] index into `channels`.
    lost_series, lost_bucket, lost_share : [M] share of a bucket in which the series was out of stock.
    idle_days : [K] days from the last demand, or last stock-out, to the horizon.
    spread : neighbouring buckets that hold one row of the history: 7 where weeks were spread over days.
    """

    keys: pd.DataFrame
    bounds: Integers
    bucket: Integers
    quantity: Floats
    inherited: npt.NDArray[np.bool_]
    channel: Integers
    channels: tuple[str, ...]
    lost_series: Integers
    lost_bucket: Integers
    lost_share: Floats
    idle_days: Integers
    buckets: int
    spread: int = 1

    def take(self, chosen: npt.NDArray[np.bool_]) -> DemandRows:
        """Return only the series where `chosen` [K] holds."""
        counts = np.diff(self.bounds)
        kept, lost = np.repeat(chosen, counts), chosen[self.lost_series]
        number = np.cumsum(chosen) - 1
        return DemandRows(
            keys=self.keys[chosen].reset_index(drop=True),
            bounds=np.concatenate([[0], np.cumsum(counts[chosen])]).astype(np.int64),
            bucket=self.bucket[kept],
            quantity=self.quantity[kept],
            inherited=self.inherited[kept],
            channel=self.channel[kept],
            channels=self.channels,
            lost_series=number[self.lost_series[lost]],
            lost_bucket=self.lost_bucket[lost],
            lost_share=self.lost_share[lost],
            idle_days=self.idle_days[chosen],
            buckets=self.buckets,
            spread=self.spread,
        )

    def part(self, first: int, last: int) -> DemandRows:
        """Return the series first:last."""
        rows = slice(self.bounds[first], self.bounds[last])
        lost = slice(*np.searchsorted(self.lost_series, (first, last)))
        return replace(
            self,
            keys=self.keys.iloc[first:last].reset_index(drop=True),
            bounds=self.bounds[first : last + 1] - self.bounds[first],
            bucket=self.bucket[rows],
            quantity=self.quantity[rows],
            inherited=self.inherited[rows],
            channel=self.channel[rows],
            lost_series=self.lost_series[lost] - first,
            lost_bucket=self.lost_bucket[lost],
            lost_share=self.lost_share[lost],
            idle_days=self.idle_days[first:last],
        )

    @property
    def series(self) -> Integers:
        """Series of every row [N]."""
        return np.repeat(np.arange(len(self.keys)), np.diff(self.bounds))

    def dense(self, first: int, last: int) -> tuple[Floats, Floats]:
        """Return demand [last - first, T] and the share of each bucket in which there was stock.

        Negative sums (more returned than sold) count as zero.
        """
        rows = slice(self.bounds[first], self.bounds[last])
        counts = np.diff(self.bounds[first : last + 1])
        cell = np.repeat(np.arange(last - first), counts) * self.buckets + self.bucket[rows]
        size = (last - first) * self.buckets
        demand = np.bincount(cell, weights=self.quantity[rows], minlength=size).reshape(-1, self.buckets)
        stocked = np.ones_like(demand)
        inside = slice(*np.searchsorted(self.lost_series, (first, last)))
        np.subtract.at(stocked, (self.lost_series[inside] - first, self.lost_bucket[inside]), self.lost_share[inside])
        return np.maximum(demand, 0.0), np.clip(stocked, 0.0, 1.0)


def collect_rows(
    history: pd.DataFrame, supply: pd.DataFrame, transitions: pd.DataFrame, horizon: Horizon, issues: Issues
) -> DemandRows:
    """Return the history of the item-locations in `supply`, successors with what they inherit."""
    start, days = pd.Timestamp(horizon.start), horizon.bucket_days
    items = pd.Index(supply["item_id"].unique()).union(transitions["from_item_id"].unique(), sort=False)
    places = pd.Index(supply["location_id"].unique())
    age = (start - history["date"]).dt.days.to_numpy()  # days before the horizon, 1 is its eve
    item = items.get_indexer(history["item_id"]).astype(np.int64)
    place = places.get_indexer(history["location_id"]).astype(np.int64)
    quantity = history["qty"].to_numpy(dtype=np.float64)
    _tell_future_rows(int(np.count_nonzero(age <= 0)), horizon, issues)
    usable = (item >= 0) & (place >= 0) & (age > 0) & (age <= _LONGEST[days] * days) & np.isfinite(quantity)
    source = np.flatnonzero(usable)
    kept, share, successor = inherit(item[source], transitions, items)
    source = source[kept]
    pair = successor * len(places) + place[source]
    wanted = items.get_indexer(supply["item_id"]) * len(places) + places.get_indexer(supply["location_id"])
    planned = np.isin(pair, wanted)
    kept, source, share, pair = kept[planned], source[planned], share[planned], pair[planned]

    present = np.isin(wanted, pair)
    keys = supply.loc[present, ["item_id", "location_id", "category", "region"]].reset_index(drop=True)
    code = wanted[present]
    by_code = np.argsort(code, kind="stable")
    series = by_code[np.searchsorted(code[by_code], pair)].astype(np.int64)
    order = np.argsort(series, kind="stable")
    source, share, series = source[order], share[order], series[order]
    inherited = items.get_indexer(history["item_id"].iloc[source]) != items.get_indexer(keys["item_id"])[series]

    oldest = int(age[source].max()) if source.size else days
    buckets = -(-oldest // days)
    weekly = _is_weekly(age[source])
    channel, channels = pd.factorize(history["channel"].iloc[source], sort=True)
    in_stock = history["in_stock_share"].to_numpy(dtype=np.float64)[source]
    lost_series, lost_bucket, lost_share = _lost_shares(series, age[source], in_stock, buckets, days, weekly)
    rows = DemandRows(
        keys=keys,
        bounds=np.searchsorted(series, np.arange(len(keys) + 1)).astype(np.int64),
        bucket=buckets - 1 - (age[source] - 1) // days,
        quantity=quantity[source] * share,
        inherited=inherited,
        channel=channel.astype(np.int64),
        channels=tuple(str(name) for name in channels),
        lost_series=lost_series,
        lost_bucket=lost_bucket,
        lost_share=lost_share,
        idle_days=_idle_days(series, age[source], (quantity[source] > 0.0) | (in_stock < 1.0), len(keys)),
        buckets=buckets,
    )
    return _spread_weeks(rows, series, issues) if weekly and days == 1 else rows


def _tell_future_rows(count: int, horizon: Horizon, issues: Issues) -> None:
    if count:
        issues.add(
            "warning",
            "demand_history",
            "history_before_horizon",
            f"{count:,} rows are dated on or after the start of the horizon, {horizon.start.isoformat()}.",
            "They were not used.",
            column="date",
            rows=count,
        )


def _is_weekly(age: Integers) -> bool:
    """Whether all dates fall on one weekday, over more than one week: rows are weeks, not days."""
    return bool(age.size and np.all(age % 7 == age[0] % 7) and age.max() > age.min())


def _lost_shares(
    series: Integers, age: Integers, in_stock: Floats, buckets: int, days: int, weekly: bool
) -> tuple[Integers, Integers, Floats]:
    """Return series, bucket and share of it without stock; several channels of one day count once."""
    censored = np.flatnonzero(in_stock < 1.0)
    covered = 7 if weekly else 1
    longest = int(age.max()) + 1 if age.size else 1
    day, position = np.unique(series[censored] * longest + age[censored], return_inverse=True)
    lost = np.zeros(len(day))
    np.maximum.at(lost, position, (1.0 - in_stock[censored]) * min(covered / days, 1.0))
    return day // longest, buckets - 1 - (day % longest - 1) // days, lost


def _idle_days(series: Integers, age: Integers, alive: npt.NDArray[np.bool_], count: int) -> Integers:
    """Return the days since the last row of every series in which it was `alive`: sold, or out of stock."""
    idle = np.full(count, np.iinfo(np.int64).max)
    np.minimum.at(idle, series[alive], age[alive])
    return idle


def _spread_weeks(rows: DemandRows, series: Integers, issues: Issues) -> DemandRows:
    """Spread rows that stand for weeks evenly over their seven days."""
    issues.add(
        "warning",
        "demand_history",
        "weekly_history_in_days",
        "All dates fall on one weekday, so the rows were read as weeks, but the horizon counts days.",
        "Each was spread evenly over seven days; give daily history or weekly buckets.",
        column="date",
        rows=len(rows.bucket),
    )

    def spread(bucket: Integers) -> tuple[Integers, Integers]:
        day = (bucket[:, None] + np.arange(7)).ravel()
        inside = np.flatnonzero(day < rows.buckets)
        return inside // 7, day[inside]

    position, bucket = spread(rows.bucket)
    lost_position, lost_bucket = spread(rows.lost_bucket)
    return DemandRows(
        keys=rows.keys,
        bounds=np.searchsorted(series[position], np.arange(len(rows.keys) + 1)).astype(np.int64),
        bucket=bucket,
        quantity=rows.quantity[position] / 7.0,
        inherited=rows.inherited[position],
        channel=rows.channel[position],
        channels=rows.channels,
        lost_series=rows.lost_series[lost_position],
        lost_bucket=lost_bucket,
        lost_share=rows.lost_share[lost_position],
        idle_days=rows.idle_days,
        buckets=rows.buckets,
        spread=7,
    )
