"""Adjustments of the past are judged on what came, by what would have been forecast without them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from demand_frames import START, input_table, supply_table, weekly_history

from planner.forecast import judge_adjustments
from scenarios.settings import ForecastSettings, Horizon

HORIZON = Horizon(start=START.date(), buckets=8)
SETTINGS = ForecastSettings(models=("window_average",), backtest_windows=1)


def adjustments(*rows: dict[str, object]) -> pd.DataFrame:
    return input_table("demand_adjustments", rows).assign(line=np.arange(2, 2 + len(rows)))


def judge(sales: dict[tuple[str, str], list[float]], table: pd.DataFrame, **columns: object) -> pd.DataFrame:
    history = weekly_history(sales).assign(**columns)
    supply = supply_table([(item, place, "V1") for item, place in sales])
    none = input_table("promotions"), input_table("item_transitions"), input_table("prices")
    return judge_adjustments(history, supply, *none, table, HORIZON, SETTINGS)


def weeks(number: int) -> pd.Timestamp:
    return START + pd.Timedelta(weeks=number)


def test_a_right_word_gains_and_a_wrong_one_loses() -> None:
    sales = {("I1", "S1"): [10.0] * 46 + [20.0] * 4, ("I2", "S1"): [10.0] * 50}
    row = {"start_date": weeks(-4), "end_date": weeks(0), "author": "Ann", "reason": "fair"}
    report = judge(sales, adjustments({"item_id": "I1", "factor": 1.8, **row}, {"item_id": "I2", "factor": 1.5, **row}))
    first, second = report.iloc[0], report.iloc[1]
    assert (first["author"], first["reason"], first["line"]) == ("Ann", "fair", 2)
    assert (first["actual_qty"], first["forecast_qty"], first["adjusted_qty"]) == pytest.approx((80.0, 40.0, 72.0))
    # 40 units of error without, 8 with
    assert first["value_added"] == pytest.approx(0.8)
    # the forecast alone was right: nothing to divide by
    assert np.isnan(second["value_added"])
    assert second["adjusted_qty"] == pytest.approx(60.0)


def test_only_what_is_over_counts_and_stock_outs_do_not() -> None:
    sales = {("I1", "S1"): [10.0] * 48 + [20.0] * 2, ("I1", "S2"): [10.0] * 50}
    table = adjustments(
        {"item_id": "I1", "factor": 2.0, "start_date": weeks(-2), "end_date": weeks(3)},
        {"location_id": "S2", "factor": 0.5, "start_date": weeks(1), "end_date": weeks(3)},
        {"item_id": "I1", "factor": 2.0},
        {"item_id": "I9", "factor": 2.0, "start_date": weeks(-2)},
    )
    stock = np.ones(100)
    stock[99] = 0.4  # S2's last week
    report = judge(sales, table, in_stock_share=stock)
    assert report["line"].tolist() == [2, 5]
    assert report["item_locations"].tolist() == [2, 0]
    # S1: 20 + 20 sold of 10 + 10 foreseen; S2: one week, 10 of 10
    assert report["actual_qty"][0] == pytest.approx(50.0)
    assert report["value_added"][0] == pytest.approx(1.0 - 10.0 / 20.0)
    assert np.isnan(report["actual_qty"][1])


def test_nothing_after_the_first_day_makes_the_forecast() -> None:
    row = {"item_id": "I1", "factor": 1.5, "start_date": weeks(-4)}
    calm, wild = ({("I1", "S1"): [10.0] * 46 + end} for end in ([10.0] * 4, [90.0, 0.0, 70.0, 3.0]))
    said = [judge(sales, adjustments(row))["forecast_qty"][0] for sales in (calm, wild)]
    assert said[0] == said[1]


def test_no_adjustments_no_rows() -> None:
    assert judge({("I1", "S1"): [10.0] * 50}, adjustments()).empty
