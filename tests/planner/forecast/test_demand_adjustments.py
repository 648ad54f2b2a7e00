"""Adjustments of the forecast: which rows apply, to which days, and that they multiply."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.forecast import ForecastResult, adjust_demand
from scenarios.settings import Horizon

START = pd.Timestamp("2024-01-01")
HORIZON = Horizon(start=START.date(), buckets=3)
SERIES = [("I1", "gin", "S1", "north"), ("I1", "gin", "S2", "south"), ("I2", "rum", "S1", "north")]
SUPPLY = pd.DataFrame(SERIES, columns=["item_id", "category", "location_id", "region"])
EMPTY: dict[str, Any] = {
    **dict.fromkeys(("item_id", "category", "location_id", "region", "author", "reason"), ""),
    "start_date": pd.NaT,
    "end_date": pd.NaT,
}


def result() -> ForecastResult:
    keys = SUPPLY[["item_id", "location_id"]].merge(
        pd.DataFrame({"bucket_start": START + pd.to_timedelta([0, 7, 14], unit="D")}), how="cross"
    )
    forecast = keys.assign(mean_qty=10.0, sd_qty=2.0, p10_qty=8.0, p50_qty=10.0, p90_qty=12.0, method="ses")
    channels = pd.concat([keys.assign(channel=name, mean_qty=qty) for name, qty in (("store", 4.0), ("web", 6.0))])
    return ForecastResult(forecast, channels, pd.DataFrame(), pd.DataFrame(), {})


def table(*rows: dict[str, Any]) -> pd.DataFrame:
    frame = pd.DataFrame([{**EMPTY, **row, "line": line} for line, row in enumerate(rows, start=2)])
    return frame.astype({"start_date": "datetime64[ns]", "end_date": "datetime64[ns]", "factor": "float64"})


def day(number: int) -> pd.Timestamp:
    return START + pd.Timedelta(days=number)


def test_nothing_to_adjust_is_the_same_result() -> None:
    plain = result()
    assert adjust_demand(plain, SUPPLY, table({"factor": 1.0}).iloc[:0], HORIZON) is plain


@pytest.mark.parametrize("factor", [1.5, 0.0])
def test_the_demand_factor_scales_the_whole_distribution_and_no_method(factor: float) -> None:
    plain = result()
    more = adjust_demand(plain, SUPPLY, table({"factor": 1.0}).iloc[:0], HORIZON, factor)
    columns = ["mean_qty", "sd_qty", "p10_qty", "p50_qty", "p90_qty"]
    pd.testing.assert_frame_equal(more.forecast[columns], factor * plain.forecast[columns])
    pd.testing.assert_series_equal(more.forecast_channels["mean_qty"], factor * plain.forecast_channels["mean_qty"])
    assert more.forecast["method"].equals(plain.forecast["method"])


@pytest.mark.parametrize(
    ("row", "wanted"),
    [
        ({"factor": 1.5}, [[15, 15, 15], [15, 15, 15], [15, 15, 15]]),
        ({"factor": 0.0, "category": "gin", "start_date": day(7)}, [[10, 0, 0], [10, 0, 0], [10, 10, 10]]),
        ({"factor": 2.0, "region": "north", "item_id": "I1"}, [[20, 20, 20], [10, 10, 10], [10, 10, 10]]),
        ({"factor": 2.0, "location_id": "S2", "end_date": day(7)}, [[10, 10, 10], [20, 10, 10], [10, 10, 10]]),
        # 2 of 7 days of the first week, all of the second, 1 of the third
        (
            {"factor": 8.0, "item_id": "I2", "start_date": day(5), "end_date": day(15)},
            [[10, 10, 10], [10, 10, 10], [30, 80, 20]],
        ),
    ],
)
def test_which_rows_and_days(row: dict[str, Any], wanted: list[list[float]]) -> None:
    made = adjust_demand(result(), SUPPLY, table(row), HORIZON)
    assert made.forecast["mean_qty"].to_numpy().reshape(3, 3) == pytest.approx(np.array(wanted, dtype=float))
    ratio = made.forecast["mean_qty"] / 10
    for name, before in (("sd_qty", 2.0), ("p10_qty", 8.0), ("p50_qty", 10.0), ("p90_qty", 12.0)):
        assert made.forecast[name].tolist() == pytest.approx((ratio * before).tolist())
    assert (made.forecast["method"] == "ses+adjusted").tolist() == (ratio != 1).tolist()
    split = made.forecast_channels.groupby(["item_id", "location_id", "bucket_start"], sort=False)["mean_qty"].sum()
    assert split.tolist() == pytest.approx(made.forecast["mean_qty"].tolist())
    assert made.issues.empty


def test_what_applies_to_nothing_is_told() -> None:
    rows = table({"factor": 2.0, "item_id": "I9"}, {"factor": 3.0}, {"factor": 4.0, "end_date": day(0)})
    issues = adjust_demand(result(), SUPPLY, rows, HORIZON).issues
    assert issues[["row", "rule", "rows"]].values.tolist() == [["2", "no_effect", 2]]


rows_of_adjustments = st.lists(
    st.fixed_dictionaries(
        {
            "factor": st.sampled_from([0.0, 0.5, 1.0, 3.0]),
            "item_id": st.sampled_from(["", "I1", "I2"]),
            "category": st.sampled_from(["", "gin"]),
            "location_id": st.sampled_from(["", "S1"]),
            "region": st.sampled_from(["", "south"]),
            "start_date": st.sampled_from([pd.NaT, day(0), day(3), day(20)]),
            "end_date": st.sampled_from([pd.NaT, day(9), day(30)]),
        }
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=30, deadline=None)
@given(rows=rows_of_adjustments)
def test_all_rows_that_apply_multiply(rows: list[dict[str, Any]]) -> None:
    made = adjust_demand(result(), SUPPLY, table(*rows), HORIZON)
    for cell in made.forecast.merge(SUPPLY, on=["item_id", "location_id"]).to_dict("records"):
        wanted = 10.0
        for row in rows:
            if all(row[key] in {"", cell[key]} for key in ("item_id", "category", "location_id", "region")):
                first = START if pd.isna(row["start_date"]) else row["start_date"]
                last = day(21) if pd.isna(row["end_date"]) else row["end_date"]
                days = [cell["bucket_start"] + dt.timedelta(days=k) for k in range(7)]
                share = sum(first <= each < last for each in days) / 7
                wanted *= 1 + (row["factor"] - 1) * share
        assert cell["mean_qty"] == pytest.approx(wanted)
