"""forecast_demand end to end: good and bad histories, promotions, transitions, channels, determinism."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from demand_frames import START, input_table, supply_table, weekly_history
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from planner.forecast import ForecastResult, forecast_demand, parts
from scenarios.settings import ForecastSettings, Horizon

Rows = list[dict[str, object]]
HORIZON = Horizon(start=START.date(), buckets=8)


def run(
    history: pd.DataFrame,
    *,
    supply: pd.DataFrame | None = None,
    promotions: Rows | None = None,
    transitions: Rows | None = None,
    prices: Rows | None = None,
    horizon: Horizon = HORIZON,
    **options: Any,
) -> ForecastResult:
    if supply is None:
        pairs = history[["item_id", "location_id"]].drop_duplicates()
        supply = supply_table([(item, place, "V1") for item, place in pairs.itertuples(index=False)])
    return forecast_demand(
        history,
        supply,
        input_table("promotions", promotions or []),
        input_table("item_transitions", transitions or []),
        input_table("prices", prices or []),
        horizon,
        ForecastSettings(**options),
    )


def poisson(rate: float, weeks: int, seed: int) -> list[float]:
    return np.random.default_rng(seed).poisson(rate, weeks).astype(float).tolist()


def many(count: int = 40, weeks: int = 80) -> dict[tuple[str, str], list[float]]:
    rates = np.random.default_rng(9).gamma(0.8, 4.0, count) + 0.3
    return {(f"I{k % 7}", f"S{k // 7}"): [1.0, *poisson(rates[k], weeks, k)] for k in range(count)}


def one(result: ForecastResult, item: str, place: str = "S1") -> pd.DataFrame:
    table = result.forecast
    return table[(table["item_id"] == item) & (table["location_id"] == place)].reset_index(drop=True)


def check_sane(result: ForecastResult) -> None:
    table = result.forecast
    numbers = table[["mean_qty", "sd_qty", "p10_qty", "p50_qty", "p90_qty"]].to_numpy()
    assert np.isfinite(numbers).all()
    assert (numbers >= 0).all()
    assert (np.diff(numbers[:, 2:], axis=1) >= 0).all()
    assert (table["method"] != "").all()


def test_known_demand_is_found_with_its_spread() -> None:
    series = {(f"I{k}", "S1"): poisson(20.0, 104, k) for k in range(30)}
    result = run(weekly_history(series))
    check_sane(result)
    table = result.forecast
    assert len(table) == 30 * 8
    assert table["mean_qty"].mean() == pytest.approx(20.0, rel=0.03)
    assert table["sd_qty"].mean() == pytest.approx(np.sqrt(20.0), rel=0.1)
    assert table["p90_qty"].mean() == pytest.approx(26.0, abs=1.0)
    assert table["p10_qty"].mean() == pytest.approx(14.0, abs=1.0)
    accuracy = result.accuracy
    assert (accuracy["demand_class"] == "smooth").all()
    assert accuracy["bias_qty"].abs().mean() < 2.0
    # no quantiles lose less than the true ones: sd x density at the normal quantile, near enough for a mean of 20
    least = np.sqrt(20.0) * stats.norm.pdf(stats.norm.ppf([0.5, 0.8, 0.9, 0.95])).mean()
    assert 0.97 * least < accuracy["pinball_loss"].mean() < 1.08 * least
    assert 0.5 < accuracy["mase"].mean() < 0.85
    assert accuracy["wape"].mean() == pytest.approx(np.sqrt(20 * 2 / np.pi) / 20, rel=0.15)


def test_bad_histories_are_treated_and_told() -> None:
    series = {
        **many(12),
        ("three", "S1"): [0.0] * 77 + [2.0, 3.0, 4.0],
        ("zeros", "S1"): [0.0] * 80,
        ("outlier", "S1"): [*poisson(4.0, 40, 1), 90_000.0, *poisson(4.0, 39, 2)],
        ("gaps", "S1"): [5.0 if week % 9 == 0 else 0.0 for week in range(80)],
        ("single", "S1"): [0.0] * 79 + [6.0],
        ("old", "S1"): [4.0] * 30 + [0.0] * 50,
        ("returns", "S1"): [*poisson(4.0, 78, 3), -9.0, 3.0],
    }
    history = weekly_history(series)
    zero = input_table(
        "demand_history", [{"item_id": "zeros", "location_id": "S1", "date": START - pd.Timedelta(weeks=4), "qty": 0.0}]
    )
    history = pd.concat([history, zero], ignore_index=True)
    links = [(item, place, "DC") for item, place in [*series, ("new", "S1")]]
    links += [(item, "DC", "V1") for item in {item for item, _, _ in links}]
    result = run(history, supply=supply_table(links))
    check_sane(result)
    rules = result.issues.groupby("rule")["rows"].sum().to_dict()
    assert rules == {"inactive": 2, "new_item_no_history": 1, "short_history": 2, "outlier": 1}
    planned = set(result.forecast["item_id"])
    assert {"three", "outlier", "gaps", "single", "returns", "new"} <= planned
    assert not {"zeros", "old"} & planned
    assert "DC" not in set(result.forecast["location_id"])
    assert one(result, "three")["mean_qty"].tolist() == pytest.approx([3.0] * 8)
    assert (one(result, "three")["method"] == "short_history").all()
    assert one(result, "single")["mean_qty"][0] == pytest.approx(6.0)
    assert one(result, "new")[["mean_qty", "p90_qty"]].to_numpy().sum() == 0.0
    assert (one(result, "new")["method"] == "no_history").all()
    assert one(result, "outlier")["mean_qty"][0] == pytest.approx(4.0, rel=0.25)
    assert one(result, "gaps")["p50_qty"][0] == 0.0
    classes = result.accuracy.set_index("item_id")["demand_class"]
    assert classes["zeros"] == classes["old"] == "inactive"
    assert classes["new"] == "new"
    assert classes["gaps"] == "intermittent"
    assert result.accuracy[["item_id", "location_id"]].duplicated().sum() == 0


def test_nothing_to_forecast() -> None:
    empty = run(weekly_history({}), supply=supply_table([("I1", "S1", "V1")]))
    assert (empty.forecast["mean_qty"] == 0.0).all()
    assert (empty.forecast_channels["channel"] == "store").all()
    only_old = run(weekly_history({("I1", "S1"): [3.0] + [0.0] * 60}))
    assert only_old.forecast.empty
    assert only_old.forecast_channels.empty
    assert only_old.accuracy["demand_class"].tolist() == ["inactive"]


def test_future_promotions_multiply_and_past_ones_are_taken_out() -> None:
    base = [10.0] * 60
    sales = base.copy()
    sales[50] = sales[52] = 40.0
    rows: Rows = [
        {"promotion_id": f"P{week}", "item_id": "I1", "uplift": 4.0, "start_date": START + pd.Timedelta(weeks=week),
         "end_date": START + pd.Timedelta(weeks=week + 1)}
        for week in (-10, -8, 2)
    ]  # fmt: skip
    table = one(run(weekly_history({("I1", "S1"): sales}), promotions=rows), "I1")
    assert table["mean_qty"].tolist() == pytest.approx([10, 10, 40, 10, 10, 10, 10, 10])
    assert table["p90_qty"][2] == pytest.approx(40.0)
    assert table["method"][2].endswith("+promotion")
    assert not table["method"][1].endswith("+promotion")


def test_a_successor_takes_over_and_the_old_item_phases_out() -> None:
    history = weekly_history({("old", "S1"): [20.0] * 60, ("other", "S1"): [8.0] * 60, ("half", "S1"): [4.0] * 60})
    supply = supply_table([(item, "S1", "V1") for item in ("old", "new", "other", "half")])
    date = START + pd.Timedelta(weeks=3, days=0)
    rows: Rows = [
        {"from_item_id": "old", "to_item_id": "new", "date": date, "share": 0.75},
        {"from_item_id": "other", "to_item_id": "half", "date": START + pd.Timedelta(days=7 + 7 // 2), "share": 1.0},
    ]
    result = run(history, supply=supply, transitions=rows)
    assert one(result, "old")["mean_qty"].tolist() == pytest.approx([20] * 3 + [0] * 5)
    assert one(result, "new")["mean_qty"].tolist() == pytest.approx([0] * 3 + [15] * 5)
    assert one(result, "old")["method"].tolist()[3:] == ["phased_out"] * 5
    assert one(result, "new")["method"].str.endswith("+inherited").all()
    # the transition falls into the second week, after three of its days
    assert one(result, "other")["mean_qty"].tolist() == pytest.approx([8, 8 * 3 / 7] + [0] * 6)
    # an item that already sold keeps its own 4 before the date and has 12 after it
    assert one(result, "half")["mean_qty"].tolist() == pytest.approx([4, 4 * 3 / 7 + 12 * 4 / 7] + [12] * 6)
    assert set(result.issues["rule"]) == set()


def test_censored_sales_are_corrected_and_told() -> None:
    history = weekly_history({("I1", "S1"): [10.0] * 40, ("I2", "S1"): [10.0] * 40})
    short = history["item_id"].eq("I1") & history.groupby("item_id").cumcount().isin(range(30, 40, 2))
    history.loc[short, ["qty", "in_stock_share"]] = [4.0, 0.4]
    result = run(history)
    assert one(result, "I1")["mean_qty"][0] == pytest.approx(10.0)
    assert one(result, "I1")["p50_qty"][0] == pytest.approx(10.0)
    issue = result.issues.set_index("rule").loc["censored_sales"]
    assert issue["rows"] == 1
    assert "I1" in issue["row"]


def test_channels_are_planned_together_and_reported_apart() -> None:
    history = pd.concat(
        [
            weekly_history({("I1", "S1"): [6.0] * 50, ("I2", "S1"): [5.0] * 50}),
            weekly_history({("I1", "S1"): [9.0] * 20 + [2.0] * 30}, channel="online"),
        ],
        ignore_index=True,
    )
    result = run(history)
    split = result.forecast_channels.set_index(["item_id", "channel", "bucket_start"])["mean_qty"]
    assert split["I1", "store"].to_numpy() == pytest.approx(3 * split["I1", "online"].to_numpy())
    assert "online" not in split["I2"].index.get_level_values("channel")
    total = split.groupby(["item_id", "bucket_start"]).sum()
    whole = result.forecast.set_index(["item_id", "bucket_start"])["mean_qty"]
    np.testing.assert_allclose(total.sort_index(), whole.sort_index())


def test_same_answer_whatever_the_chunks_and_the_order_of_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    history = weekly_history(many(40, 120))
    whole = run(history)
    again = run(history.sample(frac=1.0, random_state=4).reset_index(drop=True), supply=supply_of(history))
    pd.testing.assert_frame_equal(whole.forecast, again.forecast)
    monkeypatch.setattr(parts, "_CHUNK", 7)
    cut = run(history)
    pd.testing.assert_frame_equal(whole.forecast, cut.forecast, rtol=1e-9)
    pd.testing.assert_frame_equal(whole.accuracy, cut.accuracy, rtol=1e-9)
    pd.testing.assert_frame_equal(cut.forecast, run(history).forecast, check_exact=True)


def supply_of(history: pd.DataFrame) -> pd.DataFrame:
    pairs = history[["item_id", "location_id"]].drop_duplicates()
    return supply_table([(item, place, "V1") for item, place in pairs.itertuples(index=False)])


def test_one_model_alone_and_progress() -> None:
    heard: list[tuple[str, int, int]] = []
    history = weekly_history({("I1", "S1"): [1.0, 2.0, 3.0, 4.0] * 20})
    result = forecast_demand(
        history,
        supply_of(history),
        input_table("promotions"),
        input_table("item_transitions"),
        input_table("prices"),
        HORIZON,
        ForecastSettings(models=("seasonal_naive",), season_length=4),
        lambda what, done, total: heard.append((what, done, total)),
    )
    assert result.forecast["mean_qty"].tolist() == pytest.approx([1, 2, 3, 4] * 2)
    assert set(result.forecast["method"]) == {"seasonal_naive"}
    assert result.accuracy["mase"].tolist() == [0.0]
    assert heard == [("forecast: backtest", 1, 1), ("forecast", 1, 1)]


def test_daily_buckets_follow_the_week() -> None:
    random = np.random.default_rng(1)
    days = pd.date_range(START - pd.Timedelta(days=210), START - pd.Timedelta(days=1))
    rates = np.array([8.0, 8, 8, 12, 16, 20, 0])[days.weekday]
    rows = [
        {"item_id": "I1", "location_id": "S1", "date": day, "qty": float(random.poisson(rate))}
        for day, rate in zip(days, rates, strict=True)
    ]
    horizon = Horizon(start=START.date(), buckets=14, bucket="day")
    result = run(input_table("demand_history", rows), horizon=horizon)
    check_sane(result)
    mean = one(result, "I1")["mean_qty"].to_numpy()
    np.testing.assert_allclose(mean[:6], rates[(days.weekday == 0).argmax() :][:6], rtol=0.3)
    assert mean[6] == mean[13] == 0.0
    np.testing.assert_allclose(mean[:7], mean[7:])


quantities = st.lists(
    st.one_of(st.just(0.0), st.floats(0.0, 1e6), st.integers(0, 5).map(float)), min_size=1, max_size=40
)


@settings(max_examples=25)
@given(st.lists(quantities, min_size=1, max_size=5), st.integers(1, 6))
def test_any_history_gives_a_sane_forecast(histories: list[list[float]], windows: int) -> None:
    history = weekly_history({(f"I{k}", "S1"): [*values, 1.0] for k, values in enumerate(histories)})
    result = run(history, backtest_windows=windows)
    check_sane(result)
    assert len(result.forecast) == 8 * len(histories)


def promotion(week: int, **values: object) -> dict[str, object]:
    begin = START + pd.Timedelta(weeks=week)
    return {"promotion_id": f"P{week}", "start_date": begin, "end_date": begin + pd.Timedelta(weeks=1), **values}


def test_an_uplift_that_varies_widens_the_promoted_bucket_only() -> None:
    weeks = {-30: 2.0, -22: 4.0, -14: 2.0, -6: 4.0}
    series = {}
    for place in range(20):
        sales = poisson(30.0, 60, place)
        for week, uplift in weeks.items():
            sales[week] = float(round(30.0 * uplift))
        series["I1", f"S{place}"] = sales
    history = weekly_history(series)
    rows = [promotion(week) for week in [*weeks, 2]]
    table = run(history, promotions=rows, models=("ewm_quantiles",)).forecast
    by_week = table.groupby("bucket_start")[["mean_qty", "sd_qty", "p10_qty", "p90_qty"]].mean().reset_index()
    promoted, plain = by_week.iloc[2], by_week.iloc[1]
    assert promoted["mean_qty"] == pytest.approx(3.0 * plain["mean_qty"], rel=0.05)
    # uplifts 2 and 4: standard deviation 1.15 times 5 / 4 for the error of their mean
    expected = np.hypot(3.0 * plain["sd_qty"], np.sqrt(4 / 3 * 5 / 4) * plain["mean_qty"])
    assert promoted["sd_qty"] == pytest.approx(expected, rel=0.07)
    assert promoted["p90_qty"] - promoted["p10_qty"] > 2.0 * 3.0 * (plain["p90_qty"] - plain["p10_qty"]) / 1.5
    assert by_week["sd_qty"][3] == pytest.approx(plain["sd_qty"], rel=0.01)


def test_a_given_uplift_is_as_sure_as_it_is_said_to_be() -> None:
    history = weekly_history({("I1", "S1"): poisson(30.0, 60, 1)})
    rows = [promotion(1, uplift=2.0), promotion(3, uplift=2.0, uplift_sd=0.5)]
    table = one(run(history, promotions=rows, models=("ewm_quantiles",)), "I1")
    sure, unsure, mean = table["sd_qty"][1], table["sd_qty"][3], table["mean_qty"][0]
    assert sure == pytest.approx(2.0 * table["sd_qty"][0])
    assert unsure == pytest.approx(np.sqrt(sure**2 + 0.25**2 * (4 * mean**2 + sure**2)), rel=1e-6)
