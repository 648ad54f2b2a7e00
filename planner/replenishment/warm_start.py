"""Prices of a former run to begin from: what was scarce yesterday mostly is today.

They make the ascent shorter; the bound and the plan's rules do not depend on them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from planner.replenishment.model import KEYS, Model
from solvers.lotsizing.problem import PERIOD, LotSizingProblem

FloatArray = npt.NDArray[np.float64]


def former_prices(
    model: Model, capacity_prices: pd.DataFrame, problem: LotSizingProblem
) -> tuple[FloatArray, FloatArray]:
    """Return prices of resources [R, T] and of stock [K, T] as a former run published them; 0 where it has none.

    `problem` is the model's own, or has more rows behind it. Buckets behind those that the run knew take its last
    price.
    """
    prices = np.zeros(problem.capacity.shape)
    stock_prices = np.zeros(problem.demand.shape)
    starts = model.days.bucket_start(np.arange(model.days.total))
    shared = capacity_prices[capacity_prices["kind"] != "stock"]
    known = {
        (str(location), str(kind), str(unit)): _on(group, starts)
        for (location, kind, unit), group in shared.groupby(["location_id", "kind", "unit"])
    }
    for r, resource in enumerate(model.resources):
        if resource.whole:
            prices[r] = known.get((resource.location_id, resource.name, resource.unit), 0.0)
            if resource.kind == PERIOD:  # counts in the first bucket of a period alone
                period = model.problem.period[r]
                prices[r] = np.where(period == np.arange(period.size), prices[r], 0.0)
    index = pd.MultiIndex.from_frame(model.rows[KEYS])
    stock = capacity_prices[capacity_prices["kind"] == "stock"]
    for key, group in stock.groupby(KEYS):
        k = int(index.get_indexer(pd.MultiIndex.from_tuples([key], names=KEYS))[0])
        if k >= 0 and (model.problem.source == k).any():
            stock_prices[k] = _on(group, starts) * model.unit[k]
    return prices, stock_prices


def _on(rows: pd.DataFrame, starts: pd.DatetimeIndex) -> FloatArray:
    """Return the prices [T] of rows on the buckets that start at `starts`; before the first it knows: its first."""
    by_start = rows.sort_values("bucket_start").set_index("bucket_start")["price"]
    at = by_start.index.searchsorted(starts, side="right") - 1
    return np.asarray(by_start.to_numpy(dtype=float)[np.maximum(at, 0)])
