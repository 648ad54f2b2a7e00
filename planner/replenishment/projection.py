"""Projected stock and the prices of what is shared, as published tables."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from planner.replenishment.model import KEYS, Model
from planner.replenishment.reasons import resource_use
from reports.tables import CAPACITY_PRICES, PROJECTED_INVENTORY, conform
from solvers.lotsizing.result import LotSizingResult
from solvers.lotsizing.verify import Verdict


def write_projection(model: Model, result: LotSizingResult, verdict: Verdict) -> pd.DataFrame:
    """Return stock by item-location and bucket of the horizon; the balance holds exactly."""
    problem, T = model.problem, model.days.buckets
    K = problem.item_locations
    unit = model.unit[:, None]
    stock = verdict.stock.astype(np.int64)
    before = np.concatenate([problem.opening[:, None].astype(np.int64), stock[:, :-1]], axis=1)
    at_start = np.zeros(stock.shape)
    at_start[:, 0] = model.written_off[:, 0]
    quantities = {
        "opening_qty": np.maximum(before, 0) * unit + model.aside[:, :-1] + at_start,
        "receipts_qty": model.receipts,
        "planned_receipts_qty": result.packs * problem.pack[:, None] * unit,
        "demand_qty": model.demand * unit,
        "shipped_qty": verdict.sent * unit,
        "waste_qty": verdict.waste * unit + model.written_off[:, 1:] + at_start,
        "unmet_qty": verdict.unmet * unit,
        "backorder_qty": np.maximum(-stock, 0) * unit,
        "closing_qty": np.maximum(stock, 0) * unit + model.aside[:, 1:],
        "safety_stock_qty": np.repeat(model.rows["safety_stock_qty"].to_numpy()[:, None], stock.shape[1], axis=1),
    }
    table = model.rows.loc[model.rows.index.repeat(T), KEYS].reset_index(drop=True)
    table["bucket_start"] = np.tile(model.days.bucket_start(np.arange(T)), K)
    for name, values in quantities.items():
        table[name] = values[:, :T].ravel()
    return conform(PROJECTED_INVENTORY, table)


def write_prices(model: Model, result: LotSizingResult, verdict: Verdict) -> pd.DataFrame:
    """Return use and price of every shared limit, and of the stock of item-locations that supply others."""
    return conform(
        CAPACITY_PRICES,
        pd.concat([_resource_prices(model, result, verdict), _stock_prices(model, result, verdict)], ignore_index=True),
    )


def _resource_prices(model: Model, result: LotSizingResult, verdict: Verdict) -> pd.DataFrame:
    """Return one row per limit and bucket; limits on some weekdays add their price to the whole one's."""
    T = model.days.buckets
    use, prices = (model.problem.by_bucket(v) for v in (resource_use(model, result, verdict), result.prices))
    starts = model.days.bucket_start(np.arange(T))
    price: dict[tuple[str, str, str], npt.NDArray[np.float64]] = {}
    for r, resource in enumerate(model.resources):
        key = (resource.location_id, resource.name, resource.unit)
        price[key] = np.maximum(price.get(key, 0.0), prices[r, :T])
    parts = [
        pd.DataFrame(
            {
                "location_id": resource.location_id,
                "kind": resource.name,
                "item_id": "",
                "bucket_start": starts,
                "unit": resource.unit,
                "capacity": resource.limit[:T],
                "used": use[r, :T],
                "price": price[resource.location_id, resource.name, resource.unit],
            }
        )[np.isfinite(resource.limit[:T])]
        for r, resource in enumerate(model.resources)
        if resource.whole
    ]
    return pd.concat(parts) if parts else pd.DataFrame()


def _stock_prices(model: Model, result: LotSizingResult, verdict: Verdict) -> pd.DataFrame:
    """Return one row per source and bucket: stock there before anything is sent, what is sent, and its price."""
    problem, T = model.problem, model.days.buckets
    sources = np.unique(problem.source[problem.source >= 0])
    before = np.concatenate([problem.opening[:, None], verdict.stock[:, :-1]], axis=1)
    there = np.maximum(before + problem.receipts + result.packs * problem.pack[:, None], 0) * model.unit[:, None]
    rows = model.rows.iloc[np.repeat(sources, T)]
    return pd.DataFrame(
        {
            "location_id": rows["location_id"].to_numpy(),
            "kind": "stock",
            "item_id": rows["item_id"].to_numpy(),
            "bucket_start": np.tile(model.days.bucket_start(np.arange(T)), sources.size),
            "unit": "base units",
            "capacity": there[sources, :T].ravel(),
            "used": (verdict.sent * model.unit[:, None])[sources, :T].ravel(),
            # below zero where stock is in the way of storage: nobody saves by a further unit then
            "price": np.maximum(result.stock_prices / model.unit[:, None], 0.0)[sources, :T].ravel(),
        }
    )
