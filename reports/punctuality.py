"""On time and in full: how many delivery lines the routes bring as they were promised."""

from __future__ import annotations

from collections.abc import Mapping
from math import nan

import pandas as pd

_ROUNDING = 1e-6


def planned_otif(tables: Mapping[str, pd.DataFrame]) -> float:
    """Return the planned OTIF: the share of delivery order lines that come whole and on time, 0..1.

    A line counts as delivered where routes bring all of its quantity, no later than on its receipt date and no
    later than the window of the stop ends. Lines whose load is on no route count against it. NaN where no line
    was to be routed. It is a figure of the plan: what happens on the road is not in the published tables.
    """
    loads = pd.concat([tables["stops"][["load_id"]], tables["unassigned"][["load_id"]]])
    lines = tables["load_lines"][tables["load_lines"]["load_id"].isin(loads["load_id"])]
    orders = tables["replenishment_orders"]
    orders = orders.loc[orders["type"] == "DO", ["order_id", "qty", "receipt_date"]]
    orders = orders[orders["order_id"].isin(lines["order_id"])]
    if orders.empty:
        return nan
    stops = tables["stops"][["load_id", "eta", "window_end"]].merge(tables["loads"][["load_id", "date"]], on="load_id")
    late = pd.to_datetime(stops["eta"], utc=True) > pd.to_datetime(stops["window_end"], utc=True)
    brought = lines[["load_id", "order_id", "qty"]].merge(stops.loc[~late, ["load_id", "date"]], on="load_id")
    brought = brought.merge(orders[["order_id", "receipt_date"]], on="order_id")
    in_time = brought[brought["date"] <= brought["receipt_date"]].groupby("order_id")["qty"].sum()
    got = in_time.reindex(orders["order_id"]).fillna(0.0).to_numpy()
    return float((got >= orders["qty"].to_numpy() - _ROUNDING).mean())
