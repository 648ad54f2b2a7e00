"""Prices: a planted elasticity comes back with an honest error, and moves future demand and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import pytest
from demand_frames import START, input_table, supply_table, weekly_history

from planner.forecast import ForecastResult, forecast_demand
from planner.forecast.elasticity import PriceSample, estimate_elasticity, shrink
from scenarios.settings import ForecastSettings, Horizon

HORIZON = Horizon(start=START.date(), buckets=4)
WEEKS = 104
SETTINGS = ForecastSettings(models=("ewm_quantiles",))


def planted(
    elasticity: float, items: int = 6, rate: float = 20.0
) -> tuple[dict[tuple[str, str], list[float]], list[dict[str, object]]]:
    """Return two years of sales in three places and prices that are cut by 30 % in every sixth week or so."""
    random = np.random.default_rng(3)
    sales, prices = {}, []
    for item in range(items):
        cut = random.random(WEEKS) < 1.0 / 6.0
        cut[-1] = False
        factor = np.where(cut, 0.7**elasticity, 1.0)
        for place in range(3):
            sales[f"I{item}", f"S{place}"] = random.poisson(rate * factor).astype(float).tolist()
        for week in range(WEEKS):
            start = START - pd.Timedelta(weeks=WEEKS - week)
            prices.append({"item_id": f"I{item}", "start_date": start, "unit_price": 7.0 if cut[week] else 10.0})
    return sales, prices


def run(
    sales: Mapping[tuple[str, str], Sequence[float]],
    prices: Sequence[Mapping[str, object]],
    promotions: Sequence[Mapping[str, object]] = (),
) -> ForecastResult:
    return forecast_demand(
        weekly_history(sales),
        supply_table([(item, place, "V1") for item, place in sales]),
        input_table("promotions", promotions),
        input_table("item_transitions"),
        input_table("prices", prices),
        HORIZON,
        SETTINGS,
    )


def later(item: str, week: int, price: float, **keys: object) -> dict[str, object]:
    return {"item_id": item, "start_date": START + pd.Timedelta(weeks=week), "unit_price": price, **keys}


def test_a_planted_elasticity_moves_future_demand_and_widens_it() -> None:
    sales, prices = planted(-2.0)
    cut = later("I0", 1, 7.0, end_date=START + pd.Timedelta(weeks=2))
    made = run(sales, [*prices, cut])
    measured = made.accuracy.set_index(["item_id", "location_id"])
    assert measured["price_elasticity"].to_numpy() == pytest.approx(-2.0, abs=0.2)
    assert (measured["price_elasticity_se"] > 0.0).all()
    table = made.forecast.set_index("item_id")
    here = table.loc["I0"][table.loc["I0", "location_id"] == "S1"]
    assert here["mean_qty"].iloc[1] / here["mean_qty"].iloc[0] == pytest.approx(0.7**-2.0, rel=0.1)
    assert here["mean_qty"].iloc[2] == here["mean_qty"].iloc[0] == pytest.approx(20.0, rel=0.1)
    spread = here["sd_qty"] / here["mean_qty"]
    assert spread.iloc[1] > spread.iloc[0]
    assert here["method"].tolist() == ["ewm_quantiles", "ewm_quantiles+price", "ewm_quantiles", "ewm_quantiles"]
    assert set(table.loc["I1", "method"]) == {"ewm_quantiles"}
    told = made.issues[made.issues["table"] == "prices"]
    assert told["rule"].tolist() == ["elasticity_measured"]


def test_past_cuts_no_longer_widen_the_forecast() -> None:
    sales, prices = planted(-3.0)
    with_prices, without = run(sales, prices).forecast, run(sales, []).forecast
    assert with_prices["sd_qty"].mean() < 0.6 * without["sd_qty"].mean()
    assert with_prices["mean_qty"].mean() == pytest.approx(20.0, rel=0.05)


def test_a_price_of_one_place_overrides_that_of_its_region_and_that_of_all() -> None:
    sales, prices = planted(-2.0, items=2)
    own = later("I0", 0, 20.0, location_id="S1")
    table = run(sales, [*prices, later("I0", 0, 7.0), own]).forecast.set_index(["item_id", "location_id"])
    mean = table["mean_qty"].groupby(level=[0, 1]).first()
    # in S1 the price doubles, whatever the others do
    assert mean["I0", "S1"] == pytest.approx(20.0 / 4.0, rel=0.25)
    assert mean["I0", "S0"] == pytest.approx(20.0 / 0.49, rel=0.15)


def test_prices_that_never_moved_change_nothing_and_it_is_told() -> None:
    sales, _ = planted(-2.0, items=2)
    still = {"item_id": "I0", "start_date": START - pd.Timedelta(weeks=200), "unit_price": 10.0}
    made, plain = run(sales, [still, later("I0", 0, 5.0)]), run(sales, [])
    pd.testing.assert_frame_equal(made.forecast, plain.forecast)
    assert "price_never_moved" in set(made.issues["rule"])
    assert plain.accuracy["price_elasticity"].isna().all()


def test_a_promotion_holds_its_price_cut_already() -> None:
    sales, prices = planted(-2.0)
    week = {"start_date": START, "end_date": START + pd.Timedelta(weeks=1)}
    promotion = {"promotion_id": "P", "item_id": "I0", "uplift": 1.5, **week}
    table = run(sales, [*prices, later("I0", 0, 7.0, end_date=week["end_date"])], [promotion]).forecast
    here = table[(table["item_id"] == "I0") & (table["location_id"] == "S0")]
    assert here["mean_qty"].iloc[0] == pytest.approx(1.5 * here["mean_qty"].iloc[1], rel=1e-6)
    assert here["method"].iloc[0] == "ewm_quantiles+promotion"


def test_no_later_price_moves_an_earlier_bucket() -> None:
    sales, prices = planted(-2.0, items=2)
    short = run(sales, [*prices, later("I0", 1, 9.0)]).forecast
    long = run(sales, [*prices, later("I0", 1, 9.0), later("I0", 3, 1.0)]).forecast
    first = short["bucket_start"] < START + pd.Timedelta(weeks=3)
    pd.testing.assert_frame_equal(short[first], long[first])


def test_the_stated_error_covers_the_planted_elasticity() -> None:
    """Of 400 items with noisy counts, 95 % intervals before and after shrinkage hold the truth about as often."""
    random = np.random.default_rng(7)
    items, weeks = 400, 104
    true = random.normal(-1.8, 0.5, items)
    change = np.log(np.where(random.random((items, weeks)) < 0.2, 0.75, 1.0))
    level = random.gamma(2.0, 4.0, items)[:, None] * random.gamma(8.0, 1.0 / 8.0, (items, weeks))  # overdispersed
    demand = random.poisson(level * np.exp(true[:, None] * change)).astype(float)
    half = (np.arange(items)[:, None] * 4 + np.arange(weeks) // 26).ravel()
    sample = PriceSample(
        np.repeat(np.arange(items), weeks), half, change.ravel(), np.ones(items * weeks), demand.ravel()
    )
    own, variance = estimate_elasticity(sample, items)
    assert np.mean(np.abs(own - true) <= 1.96 * np.sqrt(variance)) > 0.9
    drawn, se = shrink(own, variance, np.zeros(items, dtype=np.int64))
    assert np.mean(np.abs(drawn - true) <= 1.96 * se) == pytest.approx(0.95, abs=0.04)
    assert np.mean((drawn - true) ** 2) < 0.8 * np.mean((own - true) ** 2)
    # an item of which nothing is known takes the mean, and its error is that between items
    drawn, se = shrink(np.append(own, 0.0), np.append(variance, np.inf), np.zeros(items + 1, dtype=np.int64))
    assert drawn[-1] == pytest.approx(-1.8, abs=0.1)
    assert se[-1] == pytest.approx(0.5, abs=0.15)
