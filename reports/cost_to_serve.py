"""What it costs to serve a region or a channel: every cost of the plan, carried down to where customers are served.

- Transport and emissions of a route are shared over its stops by weight times great-circle distance from the
  depot, the rule of ISO 14083 for shared legs; by weight where a place has no coordinates, and evenly where
  nothing weighs anything. Within a stop they go to items by weight.
- What a warehouse costs goes to the places it supplies, item by item, in proportion to the quantity sent there
  and to its own customers. Where it sends and sells nothing of an item, the cost stays with it.
- Channels share the cost of an item-location as they share its forecast.

Nothing is lost: the parts of each kind add up to the planned cost of that kind in the key figures, to the cent.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from reports.bridge import apportion
from reports.costs import ordering_cost

KINDS = ("transport", "shortage", "ordering", "holding")
"""Kinds of cost, in the order in which they are shown."""
_KEYS = ["item_id", "location_id"]
_CARRIED = [*KINDS, "co2e_kg"]
_CENT = 2
_Floats = npt.NDArray[np.float64]


def cost_to_serve(tables: Mapping[str, pd.DataFrame], *, by: str, bucket_days: int) -> pd.DataFrame:
    """Return the planned cost of serving every group, the dearest first.

    Columns: group, transport, shortage, ordering, holding, total [money], co2e_kg, served_value [money, demand
    served at unit cost] and rate (total over served_value; NaN where nothing is served).

    Parameters
    ----------
    by : region or channel; a group without a name is what could not be assigned.
    bucket_days : calendar days of a bucket.
    """
    rows = _carried_down(_own_costs(tables, bucket_days), tables)
    if by == "channel":
        rows = _by_channel(rows, tables["forecast_channels"])
    sums = rows.groupby(by, as_index=False)[[*_CARRIED, "served_value"]].sum().rename(columns={by: "group"})
    sums = sums[(sums[[*_CARRIED, "served_value"]] != 0).any(axis=1)]
    for name in [*_CARRIED, "served_value"]:
        values = sums[name].to_numpy(np.float64)
        sums[name] = apportion(values, round(float(values.sum()), _CENT), _CENT)
    sums["total"] = sums[list(KINDS)].sum(axis=1).round(_CENT)
    sums["rate"] = (sums["total"] / sums["served_value"]).where(sums["served_value"] > 0)
    return sums.sort_values(["total", "group"], ascending=[False, True], ignore_index=True)


def _own_costs(tables: Mapping[str, pd.DataFrame], bucket_days: int) -> pd.DataFrame:
    """Return one row per planned item-location with what arises there."""
    orders, supply = tables["replenishment_orders"], tables["supply"]
    rows = supply[[*_KEYS, "source_id", "source_type", "level", "region", "unit_cost"]].merge(
        tables["policy_params"][[*_KEYS, "holding_cost", "shortage_cost"]], on=_KEYS
    )
    stock = tables["projected_inventory"].groupby(_KEYS, as_index=False)[["closing_qty", "demand_qty", "unmet_qty"]]
    ordering = orders[_KEYS].assign(ordering=ordering_cost(orders, supply)).groupby(_KEYS, as_index=False).sum()
    for part in (stock.sum(), ordering, _driven(tables)):
        rows = rows.merge(part, how="left", on=_KEYS)
    numbers = rows.select_dtypes("number").columns
    rows[numbers] = rows[numbers].fillna(0.0)
    rows["served_qty"] = rows["demand_qty"] - rows["unmet_qty"]
    return rows.assign(
        holding=rows["closing_qty"] * rows["holding_cost"] * bucket_days,
        shortage=rows["unmet_qty"] * rows["shortage_cost"],
        served_value=rows["served_qty"] * rows["unit_cost"],
    )


def _driven(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return transport [money] and co2e_kg by item-location."""
    stops = tables["stops"][["route_id", "load_id", "location_id", "latitude", "longitude", "weight_kg"]]
    routes = tables["routes"][["route_id", "depot_id", "cost", "co2e_kg"]]
    places = tables["locations"][tables["locations"]["type"] != "supplier"].set_index("location_id")
    stops = stops.merge(routes, on="route_id")
    depots = places.reindex(stops["depot_id"])[["latitude", "longitude"]].to_numpy(np.float64)
    here = stops[["latitude", "longitude"]].to_numpy(np.float64)
    stops["km"] = great_circle_km(depots, here)
    known = stops.groupby("route_id")["km"].transform(lambda km: bool(km.notna().all() and (km > 0).all()))
    weight = stops["weight_kg"] * stops["km"].where(known, 1.0)
    stops["share"] = _shares(weight, stops["route_id"])
    lines = tables["load_lines"].merge(stops[["load_id", "location_id", "share", "cost", "co2e_kg"]], on="load_id")
    orders = tables["replenishment_orders"].set_index("order_id")
    per_unit = (orders["weight_kg"] / orders["qty"].where(orders["qty"] > 0)).fillna(0.0)
    lines["share"] *= _shares(lines["qty"] * lines["order_id"].map(per_unit), lines["load_id"])
    lines["transport"] = lines["cost"] * lines["share"]
    lines["co2e_kg"] *= lines["share"]
    return lines.groupby(_KEYS, as_index=False)[["transport", "co2e_kg"]].sum()


def _shares(weights: pd.Series, groups: pd.Series) -> pd.Series:
    """Return the share of each row in its group, even where all weights of a group are 0."""
    total = weights.groupby(groups).transform("sum")
    even = 1.0 / weights.groupby(groups).transform("size")
    return (weights / total.where(total > 0)).where(total > 0, even)


def great_circle_km(a: _Floats, b: _Floats) -> _Floats:
    """Return [N] the great-circle distance of points [N, 2] of degrees (haversine)."""
    (lat1, lon1), (lat2, lon2) = np.radians(a).T, np.radians(b).T
    half = np.sin((lat2 - lat1) / 2) ** 2 + np.cos(lat1) * np.cos(lat2) * np.sin((lon2 - lon1) / 2) ** 2
    km: _Floats = 2 * 6371.0088 * np.arcsin(np.sqrt(half))
    return km


def _carried_down(rows: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the rows with what a source costs moved to those it supplies, level by level."""
    rows = rows.reset_index(drop=True)
    orders = tables["replenishment_orders"]
    sent = orders[orders["type"] == "DO"].groupby([*_KEYS, "source_id"])["qty"].sum()
    edge = pd.MultiIndex.from_frame(rows[[*_KEYS, "source_id"]])
    inner = (rows["source_type"] == "location").to_numpy()
    got = np.where(inner, sent.reindex(edge).fillna(0.0).to_numpy(), 0.0)
    at = pd.MultiIndex.from_frame(rows[_KEYS])
    above = at.get_indexer(pd.MultiIndex.from_arrays([rows["item_id"], rows["source_id"]]))
    above = np.where(inner, above, -1)
    out = rows["served_qty"].to_numpy(np.float64).copy()
    np.add.at(out, above[above >= 0], got[above >= 0])
    costs = rows[_CARRIED].to_numpy(np.float64)
    level = rows["level"].to_numpy()
    for depth in range(1, int(level.max(initial=0)) + 1):
        below = np.flatnonzero((level == depth) & (above >= 0) & (got > 0))
        sources = above[below]
        costs[below] += costs[sources] * (got[below] / out[sources])[:, None]
    kept = np.where(out > 0, rows["served_qty"] / np.where(out > 0, out, 1.0), 1.0)
    rows[_CARRIED] = costs * kept[:, None]
    return rows


def _by_channel(rows: pd.DataFrame, split: pd.DataFrame) -> pd.DataFrame:
    """Return rows of item-location and channel; a place without a forecast has the channel ""."""
    parts = split.groupby([*_KEYS, "channel"], as_index=False)["mean_qty"].sum()
    parts["part"] = _shares(parts["mean_qty"], parts["item_id"].str.cat(parts["location_id"], sep="\0"))
    wide = rows.merge(parts[[*_KEYS, "channel", "part"]], how="left", on=_KEYS)
    wide["channel"] = wide["channel"].fillna("")
    share = wide["part"].fillna(1.0)
    for name in [*_CARRIED, "served_value"]:
        wide[name] *= share
    return wide
