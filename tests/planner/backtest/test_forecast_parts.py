"""Season, level, dispersion: what is put into a made history comes out of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import nbinom

from planner.backtest.baseline import forecast_baseline
from planner.backtest.dispersion import fit_dispersion, log_likelihood, series_factors
from planner.backtest.panel import Group, Panel, build_panel
from planner.backtest.season import season_index, yearly_level


def made_panel(sales, exposure=None, items=None):
    count, weeks = sales.shape
    items = np.arange(count) if items is None else items
    return Panel(
        keys=pd.DataFrame({"location_id": "1", "item_id": items.astype(str)}),
        weeks=np.datetime64("2021-01-04") + np.timedelta64(7, "D") * np.arange(weeks),
        sales=sales.astype(float),
        exposure=np.ones(sales.shape) if exposure is None else exposure,
        levels=(Group.of(items),),
        location=Group.of(np.zeros(count, dtype=int)),
    )


def test_season_is_found_and_shared():
    weeks = np.arange(157)
    season = 1.0 + 0.5 * np.sin(2 * np.pi * weeks / 52)
    rng = np.random.default_rng(1)
    panel = made_panel(rng.poisson(2.0 * season, (300, 157)), items=np.zeros(300, dtype=int))
    index = season_index(panel, 8)
    ahead = 1.0 + 0.5 * np.sin(2 * np.pi * np.arange(157, 165) / 52)
    assert index.shape == (300, 165)
    np.testing.assert_allclose(index[0, 157:], ahead, rtol=0.12)


def test_season_of_one_series_stays_near_that_of_all():
    rng = np.random.default_rng(2)
    sales = rng.poisson(1.0, (200, 120))
    sales[0, 30:34] += 15
    index = season_index(made_panel(sales), 6)
    assert 1.0 < index[0, 31] < 2.5
    assert index[1, 31] == pytest.approx(1.0, abs=0.35)


def test_out_of_stock_weeks_are_no_demand_information():
    rng = np.random.default_rng(3)
    sales = rng.poisson(5.0, (50, 120)).astype(float)
    exposure = np.ones_like(sales)
    exposure[0, 100:118] = 0.0
    censored = sales.copy()
    censored[0, 100:118] = 0.0
    corrected = forecast_baseline(made_panel(censored, exposure), 4).mean
    believed = forecast_baseline(made_panel(censored), 4).mean
    assert corrected[0].mean() == pytest.approx(5.0, rel=0.25)
    assert believed[0].mean() < 0.7 * corrected[0].mean()


def test_weeks_half_in_stock_count_by_half():
    sales = np.full((5, 100), 4.0)
    exposure = np.ones_like(sales)
    exposure[0, 60:] = 0.5
    sales[0, 60:] = 2.0
    mean = forecast_baseline(made_panel(sales, exposure), 3).mean
    np.testing.assert_allclose(mean[0], mean[1], rtol=0.03)


def test_yearly_level_of_a_constant_is_the_constant():
    np.testing.assert_allclose(yearly_level(made_panel(np.full((2, 70), 3.0))), 3.0)
    np.testing.assert_allclose(yearly_level(made_panel(np.full((2, 10), 3.0))), 3.0)


@pytest.mark.parametrize("sales", [np.zeros((3, 5)), np.zeros((3, 80)), np.ones((1, 2)), np.eye(3, 90) * 1e6])
def test_odd_histories_give_finite_forecasts(sales):
    baseline = forecast_baseline(made_panel(sales), 6)
    assert np.isfinite(baseline.mean).all()
    assert (baseline.mean > 0.0).all()


def test_dispersion_is_recovered():
    rng = np.random.default_rng(4)
    mean = np.repeat(rng.uniform(0.5, 20.0, 20_000)[:, None], 3, axis=1)
    level = rng.gamma(1 / 0.15, 0.15, (20_000, 1))
    week = rng.gamma(1 / 0.25, 0.25, (20_000, 3))
    fitted = fit_dispersion(mean, rng.poisson(mean * level * week).astype(float))
    shared, single = fitted.at(np.array([8.0, 15.0]))
    np.testing.assert_allclose(shared, 0.15, atol=0.04)
    np.testing.assert_allclose(single, 0.25 * 1.15, atol=0.06)


def test_series_that_stray_more_are_found_and_shrunk():
    """Half the series have four times the dispersion of the others; all have the mean of one class."""
    rng = np.random.default_rng(6)
    true = np.repeat([0.2, 0.8], 60)[:, None]
    mean = np.full((90, 120, 3), 6.0)
    rate = rng.gamma(1.0 / true, true, (92, 120, 1))[:, :, 0]
    sold = rng.poisson(6.0 * rate).astype(float)
    came = np.stack([sold[ahead : 90 + ahead] for ahead in range(3)], axis=2)
    judged = rng.random((90, 120)) < 0.9
    classes = fit_dispersion(mean[judged], came[judged])
    one = sum(classes.at(np.array([6.0])))
    calm, wild = np.split(one * series_factors(classes, mean, came, judged), 2)
    np.testing.assert_allclose(np.median(calm), 0.2, atol=0.08)
    np.testing.assert_allclose(np.median(wild), 0.8, atol=0.25)
    assert (calm < np.median(wild)).all()
    np.testing.assert_array_equal(series_factors(classes, mean[:9], came[:9], judged[:9]), 1.0)


def test_series_alike_are_left_alike():
    rng = np.random.default_rng(7)
    mean = np.full((60, 150, 1), 4.0)
    came = rng.negative_binomial(2.0, 2.0 / 6.0, mean.shape).astype(float)
    judged = np.ones((60, 150), dtype=bool)
    factors = series_factors(fit_dispersion(mean[:, :, 0], came[:, :, 0]), mean, came, judged)
    np.testing.assert_allclose(factors, 1.0, atol=0.25)


def test_log_likelihood_is_the_negative_binomial():
    size, mean = 1 / 0.4, 3.0
    np.testing.assert_allclose(
        log_likelihood(np.arange(10.0), np.full(10, mean), 0.4),
        nbinom.logpmf(np.arange(10), size, size / (size + mean)),
    )


def test_panel_counts_weeks_back_from_its_end():
    history = pd.DataFrame(
        {
            "item_id": ["a", "a", "b", "a"],
            "location_id": ["s", "s", "s", "s"],
            "date": pd.to_datetime(["2024-01-01", "2024-01-17", "2024-01-09", "2024-01-22"]),
            "qty": [3.0, 4.0, 5.0, 9.0],
            "in_stock_share": [1.0, 0.5, 1.0, 1.0],
        }
    )
    tables = {
        "demand_history": history,
        "items": pd.DataFrame({"item_id": ["a", "b"], "category": ["x > y", "x > z"]}),
        "locations": pd.DataFrame({"location_id": ["s"], "region": [""]}),
    }
    panel = build_panel(tables, pd.Timestamp("2024-01-22"))
    np.testing.assert_array_equal(panel.sales, [[3.0, 0.0, 4.0], [0.0, 5.0, 0.0]])
    np.testing.assert_array_equal(panel.exposure, [[1.0, 1.0, 0.5], [0.0, 1.0, 1.0]])
    assert [group.code.tolist() for group in panel.levels] == [[0, 0], [0, 1], [0, 1]]
    assert str(panel.weeks[0]) == "2024-01-01"
    assert replace(panel).until(2).sales.shape == (2, 2)
