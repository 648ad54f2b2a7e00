"""Planned OTIF: whole, on its day and within the window, line by line."""

from __future__ import annotations

import pandas as pd
import pytest

from reports.punctuality import planned_otif

Tables = dict[str, pd.DataFrame]


def _share(tables: Tables) -> float:
    """Count the lines one by one."""
    loads = tables["loads"].set_index("load_id")
    stops = tables["stops"].drop_duplicates("load_id").set_index("load_id")
    good = 0
    orders = tables["replenishment_orders"]
    orders = orders[orders["type"] == "DO"]
    for order in orders.itertuples():
        got = 0.0
        for line in tables["load_lines"][tables["load_lines"]["order_id"] == order.order_id].itertuples():
            if line.load_id in stops.index and loads.loc[line.load_id, "date"] <= order.receipt_date:
                stop = stops.loc[line.load_id]
                in_window = pd.Timestamp(stop["eta"]) <= pd.Timestamp(stop["window_end"])
                got += line.qty if in_window else 0.0
        good += got >= order.qty - 1e-6
    return good / len(orders)


def test_every_line_counted_once(tables: Tables) -> None:
    assert planned_otif(tables) == pytest.approx(_share(tables))
    assert 0 < planned_otif(tables) < 1  # one load is on no route


def test_late_short_and_missed(tables: Tables) -> None:
    before = planned_otif(tables)
    first = str(tables["stops"]["load_id"].iloc[0])
    lines = int((tables["load_lines"]["load_id"] == first).sum())
    total = int((tables["replenishment_orders"]["type"] == "DO").sum())
    stops = tables["stops"].copy()
    stops.loc[stops["load_id"] == first, "eta"] = "2016-12-24T23:59:00-06:00"
    assert planned_otif({**tables, "stops": stops}) == pytest.approx(before - lines / total)
    short = tables["load_lines"].copy()
    short.loc[short["load_id"] == first, "qty"] -= 0.5
    assert planned_otif({**tables, "load_lines": short}) == pytest.approx(before - lines / total)
    loads = tables["loads"].copy()
    loads.loc[loads["load_id"] == first, "date"] += pd.Timedelta(days=1)
    assert planned_otif({**tables, "loads": loads}) == pytest.approx(before - lines / total)


def test_nothing_to_deliver(tables: Tables) -> None:
    none = {name: tables[name].head(0) for name in ("load_lines", "stops", "unassigned", "loads")}
    assert pd.isna(planned_otif({**tables, **none}))
