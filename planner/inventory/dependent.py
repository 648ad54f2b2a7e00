"""Demand seen by every item-location: its own, and that of everything it supplies, at any depth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from scenarios.settings import Horizon

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_YEAR_DAYS = 364  # whole weeks
_ERROR_RATIO, _FEWEST_SALES = 10.0, 5  # as in the forecast


@dataclass(frozen=True, slots=True)
class Demand:
    """Demand per row of supply, dependent demand included.

    Attributes
    ----------
    planned : [K] whether there is a forecast here or downstream.
    mean, variance : [K, H] per bucket of the horizon.
    weekly : [K, W] past demand by week, the newest last, W at most 52.
    source : [K] row of supply that supplies it, -1 where a supplier does.
    own : [K] whether there is a forecast for this very location.
    """

    planned: npt.NDArray[np.bool_]
    mean: Floats
    variance: Floats
    weekly: Floats
    source: Integers
    own: npt.NDArray[np.bool_]


def see_demand(supply: pd.DataFrame, forecast: pd.DataFrame, history: pd.DataFrame, horizon: Horizon) -> Demand:
    """Add up demand from the ends of the network to its sources.

    Buckets are added as if downstream demand were passed on at once; the variances of different
    item-locations add up (independent forecast errors), so a source needs less safety stock than its
    customers together (Eppen 1979, "Effects of centralization on expected costs", Management Science 25).
    """
    pairs = pd.MultiIndex.from_frame(supply[["item_id", "location_id"]])
    mean, variance = np.zeros((len(supply), horizon.buckets)), np.zeros((len(supply), horizon.buckets))
    row = pairs.get_indexer(pd.MultiIndex.from_frame(forecast[["item_id", "location_id"]]))
    bucket = (forecast["bucket_start"] - pd.Timestamp(horizon.start)).dt.days.to_numpy() // horizon.bucket_days
    known = (row >= 0) & (bucket >= 0) & (bucket < horizon.buckets)
    np.add.at(mean, (row[known], bucket[known]), forecast["mean_qty"].to_numpy()[known])
    np.add.at(variance, (row[known], bucket[known]), forecast["sd_qty"].to_numpy()[known] ** 2)
    planned = np.zeros(len(supply), dtype=bool)
    planned[row[known]] = True
    own = planned.copy()
    weekly = _weekly(pairs, history, horizon)

    source = _source_rows(supply, pairs)
    level = supply["level"].to_numpy()
    # the deepest customers first, so that a source is complete before it is passed on
    for depth in range(int(level.max(initial=0)), 0, -1):
        rows = np.flatnonzero((level == depth) & (source >= 0))
        for values in (mean, variance, weekly):
            np.add.at(values, source[rows], values[rows])
        planned[source[rows[planned[rows]]]] = True
    return Demand(planned, mean, variance, weekly, source, own)


def _source_rows(supply: pd.DataFrame, pairs: pd.MultiIndex) -> Integers:
    """Return the row of supply that supplies each row [K], -1 where a supplier does."""
    upstream = pd.MultiIndex.from_arrays([supply["item_id"], supply["source_id"]])
    inner = (supply["source_type"] == "location").to_numpy()
    return np.where(inner, pairs.get_indexer(upstream), -1).astype(np.int64)


def _weekly(pairs: pd.MultiIndex, history: pd.DataFrame, horizon: Horizon) -> Floats:
    """Return own past demand [K, W] by week over the last year, or over the history where that is shorter."""
    age = (pd.Timestamp(horizon.start) - history["date"]).dt.days.to_numpy()
    recent = np.flatnonzero((age > 0) & (age <= _YEAR_DAYS))
    row = pairs.get_indexer(pd.MultiIndex.from_frame(history[["item_id", "location_id"]].iloc[recent]))
    recent, row = recent[row >= 0], row[row >= 0]
    weeks = -(-int(age[recent].max()) // 7) if recent.size else 1
    out = np.zeros((len(pairs), weeks))
    np.add.at(out, (row, weeks - 1 - (age[recent] - 1) // 7), history["qty"].to_numpy(np.float64)[recent])
    return _without_errors(np.maximum(out, 0.0))


def _without_errors(weekly: Floats) -> Floats:
    """Return demand [K, W] without what the forecast takes for a typing error: more than ten times the next largest."""
    if weekly.shape[1] < _FEWEST_SALES:
        return weekly
    next_largest = np.partition(weekly, -2, axis=1)[:, -2]
    known = np.count_nonzero(weekly, axis=1) >= _FEWEST_SALES
    limit = np.where(known, _ERROR_RATIO * next_largest, np.inf)[:, None]
    return np.where(weekly > limit, next_largest[:, None], weekly)
