"""Totals agree with what they add up, and their spread with how demand moves together."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from demand_frames import START, input_table, supply_table, weekly_history

from planner.forecast import ForecastResult, adjust_demand, forecast_demand, total_forecast
from scenarios.settings import ForecastSettings, Horizon

HORIZON = Horizon(start=START.date(), buckets=4)
KEYS = ["item_id", "location_id", "bucket_start"]


def made(shock: float, weeks: int = 104) -> tuple[ForecastResult, pd.DataFrame]:
    """Forecast 40 item-locations in two channels; every week multiplies all of them by one factor of sd `shock`."""
    random = np.random.default_rng(11)
    common = random.gamma(1.0 / shock**2, shock**2, weeks) if shock else np.ones(weeks)
    sales = {(f"I{k % 8}", f"S{k // 8}"): random.poisson((5.0 + k) * common).tolist() for k in range(40)}
    history = weekly_history(sales)
    web = weekly_history({pair: (np.array(values) // 3).tolist() for pair, values in sales.items()}, channel="web")
    supply = supply_table([(*pair, "V1") for pair in sales], region={"S1": "north", "S2": "north"})
    tables = [input_table(name) for name in ("promotions", "item_transitions", "prices")]
    both = pd.concat([history, web], ignore_index=True)
    settings = ForecastSettings(models=("ewm_quantiles",))
    return forecast_demand(both, supply, *tables, HORIZON, settings), supply


def test_every_grouping_adds_up_to_the_same_whole() -> None:
    result, supply = made(0.2)
    factor = input_table("demand_adjustments", [{"item_id": "I3", "factor": 1.5, "reason": "fair"}])
    result = adjust_demand(result, supply, factor.assign(line=2), HORIZON)
    totals = total_forecast(result.forecast, result.forecast_channels, supply, result.shared)
    whole = result.forecast.groupby("bucket_start")["mean_qty"].sum()
    for name in ("all", "item", "location", "category", "region", "channel"):
        part = totals[totals["group_by"] == name]
        assert part.groupby("bucket_start")["mean_qty"].sum().to_numpy() == pytest.approx(whole.to_numpy()), name
    channel = result.forecast_channels.groupby(["channel", "bucket_start"])["mean_qty"].sum()
    shown = totals[totals["group_by"] == "channel"].set_index(["group", "bucket_start"])["mean_qty"]
    assert shown.to_numpy() == pytest.approx(channel.to_numpy())
    north = totals[(totals["group_by"] == "region") & (totals["group"] == "north")]
    assert north["item_locations"].tolist() == [16] * 4
    assert (totals["p10_qty"] <= totals["p50_qty"]).all()
    assert (totals["p50_qty"] <= totals["p90_qty"]).all()


@pytest.mark.parametrize("shock", [0.0, 0.25])
def test_the_spread_of_a_total_is_the_one_that_was_planted(shock: float) -> None:
    result, supply = made(shock)
    assert result.shared["all"] == pytest.approx(shock, abs=0.06)
    totals = total_forecast(result.forecast, result.forecast_channels, supply, result.shared)
    row = totals[totals["group_by"] == "all"].iloc[0]
    independent = np.sqrt((result.forecast["sd_qty"] ** 2).groupby(result.forecast["bucket_start"]).sum().iloc[0])
    if shock:
        assert row["sd_qty"] / row["mean_qty"] == pytest.approx(shock, rel=0.3)
        assert row["sd_qty"] > 2.0 * independent
    else:
        assert row["sd_qty"] == pytest.approx(independent, rel=0.7)


def test_a_group_of_one_is_that_one() -> None:
    result, supply = made(0.2)
    alone = result.forecast[result.forecast["item_id"].eq("I1") & result.forecast["location_id"].eq("S1")]
    split = result.forecast_channels.merge(alone[KEYS], on=KEYS)
    totals = total_forecast(alone, split, supply, result.shared)
    item = totals[totals["group_by"] == "item"]
    for column in ("mean_qty", "sd_qty", "p10_qty", "p50_qty", "p90_qty"):
        assert item[column].to_numpy() == pytest.approx(alone[column].to_numpy())
