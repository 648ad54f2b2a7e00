"""From long tables to buckets, against plain loops."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from demand_frames import START, input_table, supply_table

from planner.forecast.history import DemandRows, collect_rows
from scenarios.settings import Horizon
from scenarios.tables.issues import Issues

WEEKS = Horizon(start=START.date(), buckets=4)
DAYS = Horizon(start=START.date(), buckets=4, bucket="day")
SUPPLY = supply_table([("I1", "S1", "V1"), ("I1", "S2", "V1"), ("I2", "S1", "V1")])


def day(before: int) -> pd.Timestamp:
    return START - pd.Timedelta(days=before)


def row(item: str, place: str, before: int, qty: float, **more: object) -> dict[str, object]:
    return {"item_id": item, "location_id": place, "date": day(before), "qty": qty, **more}


def collect(
    rows: list[dict[str, object]], horizon: Horizon = WEEKS, transitions: list[dict[str, object]] | None = None
) -> tuple[DemandRows, pd.DataFrame]:
    issues = Issues()
    table = input_table("item_transitions", transitions or [])
    return collect_rows(input_table("demand_history", rows), SUPPLY, table, horizon, issues), issues.frame()


def test_random_rows_fall_into_the_buckets_of_a_plain_loop() -> None:
    random = np.random.default_rng(11)
    rows = [
        row(str(item), str(place), int(before), float(qty), channel=str(channel))
        for item, place, before, qty, channel in zip(
            random.choice(["I1", "I2", "other"], 400),
            random.choice(["S1", "S2"], 400),
            random.integers(1, 60, 400),
            random.integers(-1, 5, 400),
            random.choice(["store", "online"], 400),
            strict=True,
        )
    ]
    found, issues = collect(rows)
    assert issues.empty
    assert found.buckets == -(-max(int((START - r["date"]).days) for r in rows if r["item_id"] != "other") // 7)
    demand, stocked = found.dense(0, len(found.keys))
    assert (stocked == 1.0).all()
    for k, key in enumerate(found.keys.itertuples()):
        for t in range(found.buckets):
            first = START - pd.Timedelta(weeks=found.buckets - t)
            total = sum(
                r["qty"]
                for r in rows
                if (r["item_id"], r["location_id"]) == (key.item_id, key.location_id)
                and first <= r["date"] < first + pd.Timedelta(weeks=1)
            )
            assert demand[k, t] == pytest.approx(max(total, 0.0))


def test_rows_of_the_horizon_are_not_history_and_are_told() -> None:
    found, issues = collect([row("I1", "S1", 1, 3.0), row("I1", "S1", 0, 9.0), row("I1", "S1", -5, 9.0)])
    assert found.dense(0, 1)[0].sum() == 3.0
    assert issues.loc[0, "rule"] == "history_before_horizon"
    assert issues.loc[0, "rows"] == 2


def test_a_day_without_stock_is_a_seventh_of_its_week() -> None:
    rows = [row("I1", "S1", 9, 2.0), row("I1", "S1", 8, 0.0, in_stock_share=0.0)]
    # the same day told by two channels counts once, the worse one
    rows.append(row("I1", "S1", 8, 0.0, channel="online", in_stock_share=0.5))
    found, _ = collect(rows)
    _, stocked = found.dense(0, 1)
    assert stocked[0].tolist() == pytest.approx([6 / 7, 1.0])


def test_a_week_without_stock_is_its_whole_bucket() -> None:
    rows = [row("I1", "S1", 7 * week, 2.0, in_stock_share=0.25 if week == 2 else 1.0) for week in (1, 2, 3)]
    found, _ = collect(rows)
    assert found.dense(0, 1)[1][0].tolist() == pytest.approx([1.0, 0.25, 1.0])


def test_weeks_are_spread_over_the_days_of_a_daily_horizon() -> None:
    found, issues = collect([row("I1", "S1", 14, 7.0), row("I1", "S1", 7, 14.0)], DAYS)
    assert found.dense(0, 1)[0][0].tolist() == pytest.approx([1.0] * 7 + [2.0] * 7)
    assert "weekly_history_in_days" in set(issues["rule"])


def test_idle_days_count_from_the_last_sale_or_stock_out() -> None:
    found, _ = collect(
        [
            row("I1", "S1", 100, 3.0),
            row("I1", "S1", 20, 0.0),
            row("I1", "S2", 100, 3.0),
            row("I1", "S2", 30, 0.0, in_stock_share=0.0),
        ]
    )
    assert dict(zip(found.keys["location_id"], found.idle_days, strict=True)) == {"S1": 100, "S2": 30}


def test_taking_series_keeps_their_rows() -> None:
    rows = [
        row("I1", place, week * 7, week + (10 if place == "S2" else 0)) for place in ("S1", "S2") for week in (1, 3)
    ]
    rows.append(row("I2", "S1", 14, 5.0, in_stock_share=0.5))
    whole, _ = collect(rows)
    part = whole.take(np.array([False, True, True]))
    for ours, theirs in zip(part.dense(0, 2), whole.dense(1, 3), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert part.keys["item_id"].tolist() == whole.keys["item_id"].tolist()[1:]


def test_successors_inherit_along_a_chain() -> None:
    transitions = [
        {"from_item_id": "I2", "to_item_id": "I1", "date": day(0), "share": 0.5},
        {"from_item_id": "I0", "to_item_id": "I2", "date": day(30), "share": 0.8},
    ]
    rows = [row("I0", "S1", 8, 10.0), row("I2", "S1", 8, 4.0), row("I1", "S1", 8, 1.0)]
    found, _ = collect(rows, transitions=transitions)
    demand = dict(zip(found.keys["item_id"], found.dense(0, len(found.keys))[0][:, 0], strict=True))
    # I2: own 4 and 0.8 of I0; I1: own 1 and half of all that I2 has
    assert demand == {"I1": pytest.approx(1 + 0.5 * 12.0), "I2": pytest.approx(12.0)}
    assert found.inherited.sum() == 3
