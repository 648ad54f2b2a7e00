"""Bad histories one by one: each has a stated treatment, is listed, and never gives a NaN."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from demand_frames import START, input_table, supply_table, weekly_history

from planner.forecast import forecast_demand
from scenarios.settings import ForecastSettings, Horizon

HORIZON = Horizon(start=START.date(), buckets=4)
STEADY = [4.0, 5.0, 6.0, 5.0] * 15

# name: history of item X, rule of the issue or "", expected mean of the first week, part of its method
CASES: dict[str, tuple[list[float], str, float, str]] = {
    "three points": ([2.0, 3.0, 4.0], "short_history", 3.0, "short_history"),
    "one point": ([6.0], "short_history", 6.0, "short_history"),
    "all zeros": ([], "new_item_no_history", 0.0, "no_history"),
    "one huge outlier": ([*STEADY[:30], 90_000.0, *STEADY[:29]], "outlier", 5.0, "ewm_quantiles+winsorised"),
    "gaps": ([5.0 if week % 5 == 0 else 0.0 for week in range(60)], "", 1.0, "ewm_quantiles"),
    "negative sales": ([*STEADY[:50], -9.0, *STEADY[:9]], "", 5.0, "ewm_quantiles"),
    "only negative": ([-3.0] * 20, "inactive", 0.0, ""),
    "constant": ([7.0] * 60, "", 7.0, "ewm_quantiles"),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("bucket", ["week", "day"])
def test_each_case_is_treated_and_told(case: str, bucket: str) -> None:
    values, rule, mean, method = CASES[case]
    history = weekly_history({("X", "S1"): values, ("Y", "S1"): STEADY})
    horizon = HORIZON if bucket == "week" else Horizon(start=START.date(), buckets=28, bucket="day")
    supply = supply_table([("X", "S1", "V1"), ("Y", "S1", "V1")])
    none = input_table("promotions"), input_table("item_transitions"), input_table("prices")
    result = forecast_demand(history, supply, *none, horizon, ForecastSettings(models=("ewm_quantiles",)))
    found = result.forecast[result.forecast["item_id"] == "X"]
    numbers = found[["mean_qty", "sd_qty", "p10_qty", "p50_qty", "p90_qty"]].to_numpy()
    assert np.isfinite(numbers).all()
    assert (numbers >= 0.0).all()
    rules = set(result.issues["rule"]) - {"weekly_history_in_days"}
    if bucket == "day":  # read as weeks, spread over their days
        assert "weekly_history_in_days" in set(result.issues["rule"])
        assert found["mean_qty"].head(7).sum() == pytest.approx(mean, rel=0.35, abs=1e-9)
        return
    assert rules == ({rule} if rule else set())
    assert found["mean_qty"].iloc[:1].sum() == pytest.approx(mean, rel=0.2)
    assert found["method"].str.startswith(method).all()


def test_two_rows_of_one_date_add_up_over_channels() -> None:
    history = pd.concat([weekly_history({("X", "S1"): STEADY}), weekly_history({("X", "S1"): STEADY}, channel="web")])
    supply = supply_table([("X", "S1", "V1")])
    none = input_table("promotions"), input_table("item_transitions"), input_table("prices")
    result = forecast_demand(
        history.reset_index(drop=True), supply, *none, HORIZON, ForecastSettings(models=("ewm_quantiles",))
    )
    assert result.forecast["mean_qty"].iloc[0] == pytest.approx(10.0, rel=0.05)


def test_a_future_promotion_without_a_past_one_changes_nothing_and_is_told() -> None:
    promotion = {"promotion_id": "P", "item_id": "X", "start_date": START, "end_date": START + pd.Timedelta(weeks=2)}
    history = weekly_history({("X", "S1"): STEADY})
    result = forecast_demand(
        history,
        supply_table([("X", "S1", "V1")]),
        input_table("promotions", [promotion]),
        input_table("item_transitions"),
        input_table("prices"),
        HORIZON,
        ForecastSettings(models=("ewm_quantiles",)),
    )
    assert "uplift_unknown" in set(result.issues["rule"])
    assert result.forecast["mean_qty"].tolist() == pytest.approx([5.0] * 4, rel=0.05)
    assert np.isfinite(result.forecast["sd_qty"]).all()
    assert result.forecast["method"].tolist() == ["ewm_quantiles+promotion_unknown"] * 2 + ["ewm_quantiles"] * 2
