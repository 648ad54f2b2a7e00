"""Stock-outs, promotions, outliers and the calendar."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from demand_frames import START, input_table, supply_table, weekly_history

from planner.forecast.calendar import flatten, relative_demand, week_factors, weekday_factors
from planner.forecast.cleansing import DemandSeries, cleanse
from planner.forecast.history import collect_rows
from planner.forecast.promotions import PromotionFactors, match_promotions
from scenarios.settings import Horizon
from scenarios.tables.issues import Issues

HORIZON = Horizon(start=START.date(), buckets=4)


def clean(
    sales: list[list[float]], stocked: Any = 1.0, promotion: Any = None
) -> tuple[DemandSeries, list[bool], list[bool]]:
    demand = np.array(sales, dtype=float)
    shares = np.broadcast_to(np.asarray(stocked, dtype=float), demand.shape)
    factors = None if promotion is None else np.broadcast_to(np.asarray(promotion, dtype=float), demand.shape)
    series, filled, cut = cleanse(demand, shares, factors, 4)
    return series, filled.tolist(), cut.tolist()


def test_zeros_before_the_first_sale_are_no_history() -> None:
    series, filled, cut = clean([[0, 0, 3, 0, 5], [0, 0, 0, 0, 0]])
    assert series.start.tolist() == [2, 5]
    assert series.observed.tolist() == [[0, 0, 1, 1, 1], [0, 0, 0, 0, 0]]
    assert filled == cut == [False, False]


def test_demand_hidden_by_stock_outs_is_added_at_the_rate_around() -> None:
    series, filled, _ = clean([[10, 10, 5, 0, 10, 10]], [[1, 1, 0.5, 0, 1, 1]])
    # rate: 45 sold in 4.5 observed buckets
    assert series.demand[0].tolist() == pytest.approx([10, 10, 10, 10, 10, 10])
    assert series.observed[0].tolist() == [1, 1, 0.5, 0, 1, 1]
    assert filled == [True]


def test_correction_is_unbiased_for_random_demand() -> None:
    random = np.random.default_rng(2)
    share = np.where(random.random((400, 60)) < 0.4, random.random((400, 60)), 1.0)
    sales = random.poisson(8.0 * share).astype(float)
    sales[:, 0] += 1.0  # every series begins in the first bucket
    series, _, _ = clean(sales.tolist(), share)
    assert sales.mean() < 6.6
    assert series.demand[:, 1:].mean() == pytest.approx(8.0, rel=0.01)


def test_promoted_buckets_are_divided_and_forbidden_ones_hidden() -> None:
    series, filled, _ = clean([[4, 12, 4, 0, 4]], promotion=[[1, 3, 1, 0, 1]])
    assert series.demand[0].tolist() == pytest.approx([4, 4, 4, 4, 4])
    assert series.observed[0, 3] == 0.0
    assert filled == [True]


def test_one_huge_sale_is_cut_and_a_lumpy_series_is_not() -> None:
    plain = [3.0, 5, 4, 6, 2, 4, 3, 5, 6, 4]
    series, _, cut = clean([[*plain, 4000.0], [*plain, 20.0], [0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 900]])
    assert cut == [True, False, False]
    assert series.demand[0].max() == 6.0
    assert series.demand[2].max() == 900.0


def promotions_of(
    rows: list[dict[str, object]], series: dict[tuple[str, str], list[float]], **supply: Any
) -> tuple[PromotionFactors | None, pd.DataFrame, list[tuple[str, str]]]:
    issues = Issues()
    frame = supply_table([(item, place, "V1") for item, place in series], **supply)
    history = weekly_history(series)
    collected = collect_rows(history, frame, input_table("item_transitions"), HORIZON, issues)
    factors = match_promotions(input_table("promotions", rows), collected, HORIZON, issues)
    keys = list(collected.keys[["item_id", "location_id"]].itertuples(index=False, name=None))
    return factors, issues.frame(), keys


def weeks(first: float, last: float) -> dict[str, object]:
    return {
        "start_date": START + pd.Timedelta(days=round(7 * first)),
        "end_date": START + pd.Timedelta(days=round(7 * last)),
    }


def test_promotions_cover_parts_of_buckets_and_multiply() -> None:
    factors, _, keys = promotions_of(
        [
            {"promotion_id": "P1", "item_id": "I1", "uplift": 3.0, **weeks(0, 1 + 3 / 7)},
            {"promotion_id": "P2", "region": "north", "uplift": 2.0, **weeks(1, 2)},
            {"promotion_id": "P3", "item_id": "I9", "uplift": 9.0, **weeks(0, 4)},
            {"promotion_id": "P4", "uplift": 9.0, **weeks(5, 6)},
        ],
        {("I1", "S1"): [1.0] * 6, ("I1", "S2"): [1.0] * 6, ("I2", "S2"): [1.0] * 6},
        region={"S2": "north"},
    )
    assert factors is not None
    future = dict(zip(keys, factors.factors(0, 3)[:, 6:].tolist(), strict=True))
    part = 1 + 2 * 3 / 7
    assert future["I1", "S1"] == pytest.approx([3, part, 1, 1])
    assert future["I1", "S2"] == pytest.approx([3, 2 * part, 1, 1])
    assert future["I2", "S2"] == pytest.approx([1, 2, 1, 1])
    assert (factors.factors(0, 3)[:, :6] == 1.0).all()


def test_an_uplift_that_is_not_given_is_measured_on_the_past() -> None:
    base = [10.0] * 40
    promoted = base.copy()
    promoted[20] = 25.0
    factors, issues, keys = promotions_of(
        [
            {"promotion_id": "P1", "item_id": "I1", **weeks(-20, -19)},
            {"promotion_id": "P2", "item_id": "I1", **weeks(1, 2)},
            {"promotion_id": "P3", "item_id": "I2", **weeks(2, 3)},
        ],
        {("I1", "S1"): promoted, ("I2", "S1"): base},
    )
    assert factors is not None
    future = dict(zip(keys, factors.factors(0, 2)[:, 40:].tolist(), strict=True))
    assert future["I1", "S1"] == pytest.approx([1, 2.5, 1, 1])
    # never promoted itself: the measure of all items
    assert future["I2", "S1"] == pytest.approx([1, 1, 2.5, 1])
    assert issues["rule"].tolist() == ["uplift_measured"]


def test_a_future_promotion_without_uplift_or_past_changes_nothing_and_is_told() -> None:
    factors, issues, _ = promotions_of([{"promotion_id": "P1", **weeks(0, 1)}], {("I1", "S1"): [5.0] * 20})
    assert factors is not None
    assert (factors.factors(0, 1) == 1.0).all()
    assert issues["rule"].tolist() == ["uplift_unknown"]
    assert promotions_of([], {("I1", "S1"): [5.0]})[0] is None


def noisy_weeks(years: int, effect: float) -> tuple[DemandSeries, np.ndarray]:
    """Return 60 series of Poisson weeks up to START with a holiday in the week of 25 December."""
    random = np.random.default_rng(8)
    starts = START - pd.to_timedelta(np.arange(52 * years, 0, -1) * 7, unit="D")
    holiday = np.array([(day.dayofyear - 1) // 7 == 50 for day in starts])
    rates = np.where(holiday, effect, 1.0) * random.gamma(2.0, 3.0, (60, 1))
    return clean(random.poisson(rates).astype(float).tolist())[0], holiday


def test_holidays_are_learnt_and_noise_is_not() -> None:
    series, holiday = noisy_weeks(4, 0.3)
    demand, observed = relative_demand(series)
    factors = week_factors(demand, observed, len(demand), HORIZON)
    assert len(factors) == 52 * 4 + HORIZON.buckets
    assert factors[: len(demand)][holiday] == pytest.approx(0.3, abs=0.06)
    assert np.abs(np.log(factors[: len(demand)][~holiday])).max() < 0.05
    flat = flatten(series, factors[None])
    assert flat.demand[:, holiday].mean() == pytest.approx(flat.demand[:, ~holiday].mean(), rel=0.15)


def test_week_factors_need_two_years_and_never_look_ahead() -> None:
    series, _ = noisy_weeks(4, 0.3)
    demand, observed = relative_demand(series)
    assert (week_factors(demand, observed, 103, HORIZON) == 1.0).all()
    scrambled = demand.copy()
    scrambled[150:] = 99.0
    known = week_factors(demand, observed, 150, HORIZON)
    np.testing.assert_array_equal(known, week_factors(scrambled, observed, 150, HORIZON))
    assert (known != 1.0).any()


def test_weekdays_are_taken_out_and_closed_days_stay_closed() -> None:
    random = np.random.default_rng(5)
    profile = np.array([1.0, 1.0, 1.0, 1.5, 2.0, 2.5, 0.0])
    sales = random.poisson(6.0 * np.tile(profile, 60), (20, 420)).astype(float)
    series, _, _ = clean(sales.tolist())
    factors = weekday_factors(series, 420, 14)
    assert factors.shape == (20, 434)
    np.testing.assert_allclose(factors[:, 420:427].mean(axis=0), profile / profile.mean(), rtol=0.08)
    assert (factors[:, 6::7] == 0.0).all()
    flat = flatten(series, factors)
    assert (flat.observed[:, 6::7] == 0.0).all()
    by_day = flat.demand.reshape(20, 60, 7).mean(axis=(0, 1))
    assert by_day.max() / by_day.min() < 1.1


def test_short_daily_histories_have_no_weekday_profile() -> None:
    series, _, _ = clean([[1.0, 9.0] * 10])
    assert (weekday_factors(series, 20, 4) == 1.0).all()
