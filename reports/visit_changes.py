"""What visits of an integrated plan replace, what that saves in transport and what it costs in stock.

A visit stands for all that happens at its location until the next one. The cost of a route is shared over its stops by
the minutes that each adds: unloading, and its detour at 60 km/h. So the parts add up to the transport and, over the
locations that stand at the end of the chain, to the holding cost of either plan.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from reports.cost_to_serve import great_circle_km
from reports.tables import conform
from reports.together_tables import VISIT_CHANGES

_LANE = ["source_id", "location_id"]
_KEYS = ["item_id", "location_id"]


def visit_changes(
    plan: Mapping[str, pd.DataFrame],
    sequential: Mapping[str, pd.DataFrame],
    *,
    horizon_start: pd.Timestamp,
    bucket_days: int,
    buckets: int,
) -> pd.DataFrame:
    """Return the visits of a plan beside those of the sequential one, schema `VISIT_CHANGES`.

    Parameters
    ----------
    plan, sequential : published tables: routes, stops, locations, projected_inventory, supply, policy_params.
    """
    new, old = (_visits(tables, horizon_start, bucket_days) for tables in (plan, sequential))
    held, was_held = (_holding(tables, horizon_start, bucket_days, buckets) for tables in (plan, sequential))
    rows: list[dict[str, Any]] = []
    nothing = new.iloc[:0]
    visits, visits_before = dict(iter(new.groupby(_LANE))), dict(iter(old.groupby(_LANE)))
    for lane in sorted({*visits, *visits_before}):
        own, before = visits.get(lane, nothing), visits_before.get(lane, nothing)
        zero = np.zeros(buckets)
        stock, stock_before = held.get(lane, zero), was_held.get(lane, zero)
        rows += list(_of_lane(lane, own, before, stock, stock_before))
    return conform(VISIT_CHANGES, pd.DataFrame(rows, columns=list(VISIT_CHANGES.columns)))


def _of_lane(
    lane: tuple[Hashable, ...],
    own: pd.DataFrame,
    before: pd.DataFrame,
    stock: np.ndarray,
    stock_before: np.ndarray,
) -> Iterator[dict[str, Any]]:
    """Yield a row per visit, and one for the time before the first where anything happens there."""
    begins = np.concatenate([[0], own["bucket"].to_numpy(dtype=np.int64), [len(stock)]])
    dates = [pd.NaT, *own["date"]]
    costs = [0.0, *own["cost"]]
    at = np.searchsorted(begins[1:-1], before["bucket"].to_numpy(dtype=np.int64), side="right")
    for n, date in enumerate(dates):
        replaced = before[at == n]
        span = slice(int(begins[n]), int(begins[n + 1]))
        holding, was = float(stock[span].sum()), float(stock_before[span].sum())
        if n == 0 and replaced.empty and holding == was == 0.0:
            continue
        yield {
            "source_id": lane[0],
            "location_id": lane[1],
            "date": date,
            "change": _change(date, int(begins[n]), replaced),
            "sequential_dates": " ".join(f"{day:%Y-%m-%d}" for day in replaced["date"]),
            "transport_cost": costs[n],
            "sequential_transport_cost": float(replaced["cost"].sum()),
            "holding_cost": holding,
            "sequential_holding_cost": was,
        }


def _change(date: Any, bucket: int, replaced: pd.DataFrame) -> str:
    if pd.isna(date):
        return "kept" if replaced.empty else "dropped"
    if replaced.empty:
        return "added"
    if len(replaced) > 1 or int(replaced["bucket"].iloc[0]) != bucket:
        return "merged"
    return "kept" if replaced["date"].iloc[0] == date else "moved"


def _visits(tables: Mapping[str, pd.DataFrame], start: pd.Timestamp, bucket_days: int) -> pd.DataFrame:
    """Return source_id, location_id, date, bucket and cost of every visit, in the order of dates."""
    stops = tables["stops"][["route_id", "sequence", "location_id", "latitude", "longitude", "service_min"]].merge(
        tables["routes"][["route_id", "date", "depot_id", "cost"]], on="route_id"
    )
    stops = stops.sort_values(["route_id", "sequence"], ignore_index=True)
    minutes = stops["service_min"] + _detour_km(stops, tables["locations"]).clip(lower=0.0).fillna(0.0)
    total = minutes.groupby(stops["route_id"]).transform("sum")
    even = 1.0 / stops.groupby("route_id")["cost"].transform("size")
    stops["cost"] *= (minutes / total.where(total > 0)).where(total > 0, even)
    stops = stops.rename(columns={"depot_id": "source_id"})
    visits: pd.DataFrame = stops.groupby([*_LANE, "date"], as_index=False)[["cost"]].sum()
    return visits.assign(bucket=(visits["date"] - start).dt.days // bucket_days)


def _detour_km(stops: pd.DataFrame, locations: pd.DataFrame) -> pd.Series:
    """Return how far each stop is out of its route's way: NaN where a place has no coordinates."""
    places = locations[locations["type"] != "supplier"].drop_duplicates("location_id").set_index("location_id")
    depot = places.reindex(stops["depot_id"])[["latitude", "longitude"]].to_numpy(np.float64)
    here = stops[["latitude", "longitude"]].to_numpy(np.float64)
    same = stops["route_id"].to_numpy()[1:] == stops["route_id"].to_numpy()[:-1]
    before, after = depot.copy(), depot.copy()
    before[1:][same] = here[:-1][same]
    after[:-1][same] = here[1:][same]
    detour = great_circle_km(before, here) + great_circle_km(here, after) - great_circle_km(before, after)
    return pd.Series(detour, index=stops.index)


def _holding(
    tables: Mapping[str, pd.DataFrame], start: pd.Timestamp, bucket_days: int, buckets: int
) -> dict[tuple[Hashable, ...], np.ndarray]:
    """Return by source and location the holding cost of each bucket."""
    stock = tables["projected_inventory"][[*_KEYS, "bucket_start", "closing_qty"]]
    stock = stock.merge(tables["supply"][[*_KEYS, "source_id"]], on=_KEYS)
    stock = stock.merge(tables["policy_params"][[*_KEYS, "holding_cost"]], on=_KEYS)
    bucket = (stock["bucket_start"] - start).dt.days // bucket_days
    cost = stock["closing_qty"] * stock["holding_cost"] * bucket_days
    sums = stock.assign(bucket=bucket, cost=cost).groupby([*_LANE, "bucket"])["cost"].sum().unstack(fill_value=0)
    grid = sums.reindex(columns=range(buckets), fill_value=0.0).to_numpy(dtype=np.float64)
    return dict(zip(sums.index, grid, strict=True))
