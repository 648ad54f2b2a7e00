"""Holidays: marked where they fall, learnt where they return, from what is over only."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from demand_frames import input_table, supply_table, weekly_history
from pydantic import ValidationError

from planner.forecast import forecast_demand
from planner.forecast.holiday_effects import holiday_factors, holiday_marks
from scenarios.settings import ForecastSettings, Horizon

WEEKS = 190
# the horizon holds Easter Monday of 2024, the first of April, in its second week; it was weeks later in other years
HORIZON = Horizon(start="2024-03-25", buckets=4)
MARKS = holiday_marks("DE", WEEKS, HORIZON)


def easter_weeks() -> np.ndarray:
    start = pd.Timestamp(HORIZON.start) - pd.Timedelta(weeks=WEEKS)
    days = pd.to_datetime(["2021-04-05", "2022-04-18", "2023-04-10", "2024-04-01"])
    return ((days - start).days // 7).to_numpy()


def relative(dip: float, noise: float = 0.05) -> np.ndarray:
    out = np.exp(np.random.default_rng(2).normal(0.0, noise, WEEKS))
    out[easter_weeks()[:-1]] *= dip
    return out


def factors(demand: np.ndarray, until: int = WEEKS) -> np.ndarray:
    return holiday_factors(demand, np.ones(WEEKS, dtype=bool), MARKS, until, 1)


def test_marks_hold_the_holiday_and_its_neighbours() -> None:
    week = easter_weeks()
    column = [c for c in range(1, MARKS.shape[1], 3) if MARKS[week, c].all() and MARKS[:, c].sum() == len(week)]
    assert len(column) == 1
    for offset in (-1, 1):
        assert MARKS[week + offset, column[0] + offset].all()
    assert holiday_marks("", WEEKS, HORIZON).shape == (WEEKS + 4, 0)


def test_a_dip_that_returns_is_learnt_and_noise_is_not() -> None:
    learnt = factors(relative(0.4))
    assert learnt[WEEKS + 1] == pytest.approx(0.4, abs=0.06)
    others = np.setdiff1d(np.arange(len(learnt)), easter_weeks())
    assert np.sqrt((np.log(learnt[others]) ** 2).mean()) < 0.03
    assert np.sqrt((np.log(factors(relative(1.0))) ** 2).mean()) < 0.02


def test_nothing_after_the_origin_is_looked_at() -> None:
    changed = relative(0.4)
    until = int(easter_weeks()[2])
    before = factors(changed, until)
    changed[until:] = np.random.default_rng(5).permutation(changed[until:]) * 9.0
    np.testing.assert_array_equal(before, factors(changed, until))
    # until then it was seen twice
    assert before[until] < 0.6


def test_the_forecast_dips_with_the_holiday_only_where_asked() -> None:
    rates = 40.0 * relative(0.4, 0.0)
    sales = {(f"I{k}", "S1"): np.random.default_rng(k).poisson(rates).tolist() for k in range(12)}
    history = weekly_history(sales, start=pd.Timestamp(HORIZON.start))
    supply = supply_table([(item, "S1", "V1") for item, _ in sales])

    def mean(holidays: str) -> np.ndarray:
        settings = ForecastSettings(models=("ewm_quantiles",), holidays=holidays)
        none = input_table("promotions"), input_table("item_transitions"), input_table("prices")
        table = forecast_demand(history, supply, *none, HORIZON, settings).forecast
        return table["mean_qty"].to_numpy().reshape(12, 4).mean(axis=0)

    with_it, without = mean("DE"), mean("")
    assert with_it[1] / with_it[3] == pytest.approx(0.4, abs=0.06)
    assert without[1] > without[3]


def test_days_know_holidays_too() -> None:
    horizon = Horizon(start="2024-12-20", buckets=14, bucket="day")
    days = 2 * 365
    marks = holiday_marks("DE", days, horizon)
    start = pd.Timestamp(horizon.start) - pd.Timedelta(days=days)
    demand = np.ones(days)
    for day in ("2022-12-25", "2023-12-25"):
        demand[(pd.Timestamp(day) - start).days] = 0.1
    factor = holiday_factors(demand, np.ones(days, dtype=bool), marks, days, 7)
    assert factor[days + 5] == pytest.approx(0.1, abs=0.02)
    assert factor[days + 9] == pytest.approx(1.0, abs=0.02)


def test_an_unknown_country_is_refused() -> None:
    with pytest.raises(ValidationError, match="no public holidays are known for 'Atlantis'"):
        ForecastSettings(holidays="Atlantis")
    with pytest.raises(ValidationError, match="US-XX"):
        ForecastSettings(holidays="US-XX")
