"""boosted_quantiles: learns what series share, sees nothing later, needs no LightGBM to plan."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from demand_frames import input_table, supply_table, weekly_history

from planner.forecast import ForecastResult, forecast_demand, parts
from planner.forecast import forecast as forecast_module
from planner.forecast.boosted import train_boosted
from planner.forecast.cleansing import DemandSeries, cleanse
from scenarios.settings import ForecastSettings, Horizon
from solvers.demand.boosting import boosting_installed
from solvers.demand.empirical import SortedSeries, pinball_loss

needs_lightgbm = pytest.mark.skipif(not boosting_installed(), reason="LightGBM cannot be loaded")

WEEKS, HORIZON, LEVELS = 176, 8, np.array([0.5, 0.9])
ITEMS, PLACES = 6, 12


def seasonal_sales(seed: int = 1) -> np.ndarray:
    """Return sales [K, T] whose items each have a season of their own, too faint to see in one series."""
    random = np.random.default_rng(seed)
    week = np.arange(WEEKS + HORIZON)
    peak = np.repeat(np.arange(ITEMS) * 8, PLACES)[:, None]
    season = np.exp(1.1 * np.cos(2 * np.pi * (week - peak) / 52))
    return random.poisson(random.gamma(2.0, 1.5, (ITEMS * PLACES, 1)) * season).astype(float)


def series_of(sales: np.ndarray) -> DemandSeries:
    return cleanse(sales, np.ones(sales.shape), None, HORIZON)[0]


def said(series: DemandSeries, origin: int) -> Any:
    item, place = np.divmod(np.arange(len(series.start)), PLACES)

    def chunks() -> list[tuple[int, int, DemandSeries]]:
        return [(0, len(series.start), series)]

    model = train_boosted(chunks, item, place, series.demand.shape[1], origin, HORIZON, LEVELS, 7)
    rows = np.arange(len(series.start))
    return model, model.forecast(series, SortedSeries.of(series.demand), rows, origin, HORIZON, LEVELS)


@needs_lightgbm
def test_the_season_of_the_item_is_learnt() -> None:
    sales = seasonal_sales()
    series, actual = series_of(sales), sales[:, WEEKS:]
    model, forecast = said(series, WEEKS)
    assert model.residuals is not None
    memory = 0.5 ** (np.arange(WEEKS - 1, -1, -1) / 13)
    plain = SortedSeries.of(sales[:, :WEEKS]).describe(np.ones((len(sales), WEEKS)), memory, LEVELS)[2]
    flat = np.repeat(plain[:, None], HORIZON, axis=1)
    assert pinball_loss(actual, forecast.quantiles, LEVELS).mean() < 0.85 * pinball_loss(actual, flat, LEVELS).mean()
    assert forecast.mean.sum() == pytest.approx(actual.sum(), rel=0.1)
    assert (np.diff(forecast.quantiles, axis=2) >= 0.0).all()
    assert (forecast.sd > 0.0).all()


@needs_lightgbm
def test_nothing_after_the_origin_is_looked_at() -> None:
    sales = seasonal_sales()
    scrambled = sales.copy()
    scrambled[:, 150:] = np.random.default_rng(3).permutation(scrambled[:, 150:]) + 9.0
    one, other = (said(series_of(each), 150)[1] for each in (sales, scrambled))
    np.testing.assert_array_equal(one.mean, other.mean)
    np.testing.assert_array_equal(one.quantiles, other.quantiles)


def test_a_short_history_keeps_the_baseline() -> None:
    sales = seasonal_sales()[:, :70]
    model, forecast = said(series_of(sales), 60)
    assert model.residuals is None
    assert (forecast.quantiles == forecast.quantiles[:, :1]).all()


def run(models: tuple[str, ...]) -> ForecastResult:
    sales = seasonal_sales()[:, :WEEKS]
    history = weekly_history({(f"I{k // PLACES}", f"S{k % PLACES}"): row.tolist() for k, row in enumerate(sales)})
    pairs = history[["item_id", "location_id"]].drop_duplicates()
    supply = supply_table([(item, place, "V1") for item, place in pairs.itertuples(index=False)])
    settings = ForecastSettings(models=models, backtest_windows=2)  # type: ignore[arg-type]
    horizon = Horizon(start="2024-01-01", buckets=HORIZON)
    return forecast_demand(
        history,
        supply,
        input_table("promotions"),
        input_table("item_transitions"),
        input_table("prices"),
        horizon,
        settings,
    )


@needs_lightgbm
def test_it_outweighs_the_others_where_it_wins_whatever_the_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = run(("ewm_quantiles", "boosted_quantiles"))
    assert whole.accuracy["method"].str.startswith("boosted_quantiles").all()
    assert np.isfinite(whole.forecast[["mean_qty", "sd_qty", "p10_qty", "p90_qty"]].to_numpy()).all()
    monkeypatch.setattr(parts, "_CHUNK", 31)
    pd.testing.assert_frame_equal(whole.forecast, run(("ewm_quantiles", "boosted_quantiles")).forecast, rtol=1e-6)


def test_without_lightgbm_it_is_left_out_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forecast_module, "boosting_installed", lambda: False)
    result = run(("boosted_quantiles",))
    assert (result.forecast["method"] == "ewm_quantiles").all()
    assert "no_boosting" in set(result.issues["rule"])
