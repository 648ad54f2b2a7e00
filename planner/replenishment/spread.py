"""Deliveries of a bucket over the days on which their destinations receive.

A location gets what it is due from a source in a bucket in one delivery if some day has room for it, on
the day of its visit where one is planned, else on the day with the least weight so far; otherwise it is
split, pack by pack, over the days with most room.
Locations with the fewest days to choose from come first. Room is what the daily dispatch and receiving
limits leave, and what has arrived at the source by then. Purchases come as early as there is room. What no
day has room for is told apart (`fits`), so that the plan can change.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from planner.replenishment.calendar import Days, OpenDays
from planner.replenishment.resources import UNITS, daily_limits

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
_Limit = tuple[FloatArray, int]
"""What is left per day, and 0; or the running stock of a source per day, and the days from leaving to arriving."""
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class StockByDay:
    """What has arrived at a source by each day, where that matters.

    Attributes
    ----------
    free : (row of the source, bucket) -> [bucket_days] base units that may have left by the end of the day.
    """

    free: dict[tuple[int, int], FloatArray]


@dataclass(slots=True)
class _Delivery:
    """The lines from one source to one location in one bucket."""

    lines: IntArray
    packs: IntArray
    per_pack: FloatArray  # [lines, 3] base units, kg, m3
    daily: list[tuple[int, FloatArray]]  # measure and what is left of it per day
    stock: list[tuple[int, FloatArray]]  # line, what may still leave its source by each day of the bucket
    begin: int  # first day of the bucket in which it leaves, less the days from leaving to arriving

    def share(self, packs: IntArray, day: int) -> float:
        """Return how much of `packs` fits on a day: 1 or more for all of it."""
        if not self.daily and not self.stock:
            return np.inf
        share = np.inf
        amounts = packs @ self.per_pack
        for measure, left in self.daily:
            if amounts[measure] > 0:
                share = min(share, (left[day] + _ROUNDING * (1 + amounts[measure])) / amounts[measure])
        for i, free in self.stock:
            if packs[i]:
                qty = packs[i] * self.per_pack[i, 0]
                share = min(share, (free[day - self.begin :].min() + _ROUNDING * (1 + qty)) / qty)
        return float(share)

    def book(self, packs: IntArray, day: int) -> None:
        """Take room for packs on a day."""
        amounts = packs @ self.per_pack
        for measure, left in self.daily:
            left[day] -= amounts[measure]
        for i, free in self.stock:
            if packs[i]:
                free[day - self.begin :] -= packs[i] * self.per_pack[i, 0]


def spread_lines(
    lines: pd.DataFrame,
    capacities: pd.DataFrame,
    days: Days,
    open_days: OpenDays,
    arrived: StockByDay,
    *,
    early: bool,
) -> pd.DataFrame:
    """Return the lines with columns `day` (days since the start) and `fits`; lines may be split by packs.

    Parameters
    ----------
    lines : source_id, location_id, bucket, packs, first_day (earliest possible), lag_days (whole buckets from
        leaving to arriving), wanted_day (-1 for any), visit_day (preferred, -1 for none), source_row (-1 for a
        supplier), pack_qty, pack_kg, pack_m3.
    early : prefer the first day to the one with the least weight so far.
    """
    if lines.empty:
        return lines.assign(day=np.zeros(0, np.int64), fits=np.zeros(0, bool))
    lines = lines.reset_index(drop=True)
    deliveries = _deliveries(lines, capacities, days, arrived)
    weight = (lines["packs"] * lines["pack_kg"]).to_numpy(dtype=float)
    source_id, location_id = (lines[name].to_numpy() for name in ("source_id", "location_id"))
    bucket, first_day, wanted_day, visit_day = (
        lines[name].to_numpy(dtype=np.int64) for name in ("bucket", "first_day", "wanted_day", "visit_day")
    )
    choices, order = [], []
    for number, delivery in enumerate(deliveries):
        first = delivery.lines[0]
        begin = int(bucket[first]) * days.bucket_days
        lane = (str(source_id[first]), str(location_id[first]))
        open_ = begin + np.flatnonzero(open_days[lane][begin : begin + days.bucket_days])
        earliest = first_day[delivery.lines].max()
        possible = [int(day) for day in open_ if day >= earliest]
        wanted = int(wanted_day[first])
        fits = wanted in possible and delivery.share(delivery.packs, wanted) >= 1.0
        choices.append([wanted] if fits else possible)
        key = (int(bucket[first]), len(choices[-1]), -float(weight[delivery.lines].sum()))
        order.append((*key, *lane, number))
    load: dict[str, FloatArray] = {}
    taken: list[tuple[IntArray, IntArray, int, bool]] = []
    for *_, source, _, number in sorted(order):
        by_day = load.setdefault(source, np.zeros(days.days))
        visit = int(visit_day[deliveries[number].lines[0]])
        for packs, day, fits in _place(deliveries[number], choices[number], by_day, visit, early=early):
            taken.append((deliveries[number].lines, packs, day, fits))
    index = np.concatenate([line[packs > 0] for line, packs, _, _ in taken])
    out = lines.iloc[index].reset_index(drop=True)
    out["packs"] = np.concatenate([packs[packs > 0] for _, packs, _, _ in taken])
    out["day"] = np.concatenate([np.full((packs > 0).sum(), day) for _, packs, day, _ in taken])
    out["fits"] = np.concatenate([np.full((packs > 0).sum(), fits) for _, packs, _, fits in taken])
    return out


def _deliveries(lines: pd.DataFrame, capacities: pd.DataFrame, days: Days, arrived: StockByDay) -> list[_Delivery]:
    limits = {
        (kind, location, measure): left
        for kind in ("dispatch", "receiving")
        for (location, unit), left in daily_limits(capacities, kind, days).items()
        for measure, name in enumerate(UNITS)
        if name == unit
    }
    per_pack = lines[["pack_qty", "pack_kg", "pack_m3"]].to_numpy(dtype=float)
    packs = lines["packs"].to_numpy(dtype=np.int64)
    source_row, lag = lines["source_row"].to_numpy(), lines["lag_days"].to_numpy()
    bucket, source_id, location_id = (lines[name].to_numpy() for name in ("bucket", "source_id", "location_id"))
    free = {key: values.copy() for key, values in arrived.free.items()}
    out = []
    groups = lines.groupby(["source_id", "location_id", "bucket", "lag_days", "wanted_day"], sort=True)
    for members in map(np.asarray, groups.indices.values()):
        source, location, t = source_id[members[0]], location_id[members[0]], bucket[members[0]]
        daily = [
            (measure, limits[kind, place, measure])
            for kind, place in (("dispatch", str(source)), ("receiving", str(location)))
            for measure in range(3)
            if (kind, place, measure) in limits
        ]
        leaves = [(int(source_row[i]), int(bucket[i] - lag[i] // days.bucket_days)) for i in members]
        out.append(
            _Delivery(
                lines=members,
                packs=packs[members],
                per_pack=per_pack[members],
                daily=daily,
                stock=[(i, free[key]) for i, key in enumerate(leaves) if key in free],
                begin=int(t) * days.bucket_days,
            )
        )
    return out


def _place(
    delivery: _Delivery, choices: list[int], load: FloatArray, visit: int, *, early: bool
) -> list[tuple[IntArray, int, bool]]:
    """Return (packs per line, day, whether the day has room) of one delivery."""
    fitting = [day for day in choices if delivery.share(delivery.packs, day) >= 1.0]
    if fitting:
        day = min(fitting, key=lambda d: (d != visit, 0.0 if early else load[d], d))
        delivery.book(delivery.packs, day)
        load[day] += float((delivery.packs @ delivery.per_pack)[1]) or float(delivery.packs.sum())
        return [(delivery.packs, day, True)]
    left = delivery.packs.copy()
    parts = []
    for day in sorted(choices, key=lambda d: (d != visit, 0.0 if early else -delivery.share(delivery.packs, d), d)):
        now = np.zeros_like(left)
        for i in np.argsort(-delivery.per_pack[:, 1], kind="stable"):
            if left[i] == 0:
                continue
            one = np.zeros_like(left)
            one[i] = left[i]
            one[i] = now[i] = min(left[i], max(int(delivery.share(one, day) * left[i] + _ROUNDING), 0))
            delivery.book(one, day)
        load[day] += float((now @ delivery.per_pack)[1])
        left = left - now
        if now.any():
            parts.append((now, day, True))
    if left.any():
        delivery.book(left, choices[-1])
        parts.append((left, choices[-1], False))
    return parts
