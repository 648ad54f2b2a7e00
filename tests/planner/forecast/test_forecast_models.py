"""Candidates, backtest and choice: no look-ahead, known winners, plain-code oracles."""

from __future__ import annotations

import numpy as np
import pytest

from planner.forecast.autoregression import autoregression_paths
from planner.forecast.backtest import LEVELS, Backtest, origins, run_backtest
from planner.forecast.candidates import Member, forecast_member, make_members
from planner.forecast.cleansing import DemandSeries, cleanse
from planner.forecast.selection import DEMAND_CLASSES, choose, classify
from planner.forecast.short import fit_power_law, forecast_short
from scenarios.settings import ForecastSettings
from solvers.demand.empirical import SortedSeries

MEMBERS = make_members((*ForecastSettings().models, "ar_differences"))


def series_of(sales: np.ndarray) -> DemandSeries:
    return cleanse(sales.astype(float), np.ones(sales.shape), None, 8)[0]


def mixed_series(count: int = 12, weeks: int = 120) -> DemandSeries:
    random = np.random.default_rng(3)
    rates = random.gamma(0.7, 4.0, (count, 1)) * np.linspace(1.0, 1.5, weeks)
    return series_of(random.poisson(rates) * (random.random((count, weeks)) < 0.7))


@pytest.mark.parametrize("member", MEMBERS, ids=lambda m: f"{m.model}-{m.half_life_weeks}")
def test_no_model_sees_what_comes_after_its_origin(member: Member) -> None:
    series = mixed_series()
    scrambled = DemandSeries(series.demand.copy(), series.observed, series.start, series.factor)
    scrambled.demand[:, 90:] = np.random.default_rng(1).permutation(scrambled.demand[:, 90:].T).T + 7.0
    said = [
        forecast_member(member, one, SortedSeries.of(one.demand), 90, 8, LEVELS, 7, 52) for one in (series, scrambled)
    ]
    np.testing.assert_array_equal(said[0].quantiles, said[1].quantiles)
    np.testing.assert_array_equal(said[0].mean, said[1].mean)
    assert np.isfinite(said[0].sd).all()
    assert (np.diff(said[0].quantiles, axis=2) >= 0).all()


def test_mean_paths_of_the_point_models() -> None:
    sales = np.tile(np.arange(1.0, 5.0), 30)[None] * np.ones((2, 1))
    series = series_of(sales)

    def path(model: str) -> np.ndarray:
        ranked = SortedSeries.of(series.demand)
        return forecast_member(Member(model, 26), series, ranked, 120, 6, LEVELS, 7, 4).mean[0]  # type: ignore[arg-type]

    assert path("seasonal_naive").tolist() == [1, 2, 3, 4, 1, 2]
    # 13 weeks end with ... 4 | 1 2 3 4 | 1 2 3 4 | 1 2 3 4
    assert path("window_average") == pytest.approx([(4 + 3 * 10) / 13] * 6)
    # every week sells: the interval is one and Syntetos and Boylan's factor 1 - 0.1 / 2 remains
    assert path("croston_sba")[0] == pytest.approx(0.95 * path_of_smoothing(sales[0]), rel=1e-6)


def path_of_smoothing(sales: np.ndarray) -> float:
    level = sales[0]
    for value in sales[1:]:
        level += 0.1 * (value - level)
    return float(level)


def test_ewm_weights_halve_with_age() -> None:
    sales = np.zeros((1, 27))
    sales[0, 0], sales[0, 13], sales[0, 26] = 1.0, 1.0, 1.0
    series = series_of(sales)
    said = forecast_member(Member("ewm_quantiles", 13), series, SortedSeries.of(series.demand), 27, 8, LEVELS, 7, 52)
    weights = 0.5 ** (np.arange(26, -1, -1) / 13)
    assert said.mean[0, 0] == pytest.approx(weights[[0, 13, 26]].sum() / weights.sum())


def test_backtest_sums_equal_a_plain_loop() -> None:
    series = mixed_series(5)
    member = Member("window_average", 26)
    found = run_backtest(series, [member], 3, 6, 7, 52)
    expected = np.zeros((5, 3))
    for origin in (114, 108, 102):
        ranked = SortedSeries.of(series.demand)
        said = forecast_member(member, series, ranked, origin, 6, LEVELS, 7, 52)
        for k in range(5):
            for step in range(6):
                actual = series.demand[k, origin + step]
                expected[k, 0] += abs(said.mean[k, step] - actual)
                expected[k, 1] += said.mean[k, step] - actual
                for level, guess in zip(LEVELS, said.quantiles[k, step], strict=True):
                    error = actual - guess
                    expected[k, 2] += (level * error if error >= 0 else (level - 1) * error) / len(LEVELS)
    np.testing.assert_allclose(found.absolute[:, 0], expected[:, 0])
    np.testing.assert_allclose(found.error[:, 0], expected[:, 1], atol=1e-9)
    np.testing.assert_allclose(found.pinball[:, 0], expected[:, 2])
    assert found.points.tolist() == [18.0] * 5


def test_origins_leave_history_to_learn_from() -> None:
    assert list(origins(120, 4, 8)) == [112, 104, 96, 88]
    assert list(origins(20, 4, 8)) == [12]
    assert list(origins(10, 4, 8)) == []


def test_series_are_classified_by_interval_and_spread() -> None:
    sales = np.array([[5, 6, 5, 6, 5, 6], [1, 12, 1, 1, 9, 1], [5, 0, 0, 6, 0, 5], [1, 0, 0, 12, 0, 1]])
    names = [DEMAND_CLASSES[code] for code in classify(series_of(sales))]
    assert names == ["smooth", "erratic", "intermittent", "lumpy"]


def backtest_of(pinball: np.ndarray, points: float = 32.0) -> Backtest:
    out = Backtest.empty(*pinball.shape)
    out.pinball[:] = pinball * points
    out.points[:] = points
    return out


def test_the_clear_winner_of_a_series_stands_alone_and_equals_share() -> None:
    members = make_members(("window_average", "tsb", "ses"))
    pinball = np.array([[1.0, 1.0, 1.0], [5.0, 1.0, 5.0], [4.0, 4.0, 0.5], [4.0, 3.9, 4.0]])
    # evaluated often, so that the series' own losses decide
    choice = choose(backtest_of(pinball, 4000.0), np.zeros(4, dtype=np.int64), members)
    assert choice.model[1] == "tsb"
    assert choice.model[2] == "ses"
    assert choice.of(pinball)[2] == 0.5
    same = choose(backtest_of(np.ones((4, 3))), np.zeros(4, dtype=np.int64), members)
    assert same.model.tolist() == ["window_average+tsb+ses"] * 4
    np.testing.assert_allclose(same.weights, 1.0 / 3.0)


def test_a_series_follows_its_class_until_its_own_losses_say_enough() -> None:
    members = make_members(("window_average", "tsb"))
    pinball = np.concatenate([np.tile([1.0, 1.2], (60, 1)), [[1.1, 1.0]]])
    few, many = (choose(backtest_of(pinball, points), np.zeros(61, dtype=np.int64), members) for points in (8.0, 8e4))
    assert few.model[-1] == "window_average"
    assert many.model[-1] == "tsb"


def test_a_series_that_was_not_evaluated_takes_the_winner_of_its_class() -> None:
    members = make_members(("window_average", "tsb"))
    pinball = np.concatenate([np.tile([2.0, 1.0], (40, 1)), np.tile([1.0, 2.0], (60, 1)), np.zeros((1, 2))])
    classes = np.array([3] * 40 + [0] * 60 + [3])
    backtest = backtest_of(pinball)
    backtest.points[-1] = 0.0
    assert choose(backtest, classes, members).model[-1] == "tsb"


def test_members_are_averaged_by_their_loss() -> None:
    members = make_members(("ewm_quantiles", "tsb"))
    assert [member.half_life_weeks for member in members] == [8, 13, 26, 52, 26]
    choice = choose(backtest_of(np.tile([1.0, 1.01, 1.3, 1.0, 2.0], (3, 1))), np.zeros(3, dtype=np.int64), members)
    assert choice.model.tolist() == ["ewm_quantiles"] * 3
    assert choice.weights.sum(axis=1) == pytest.approx(1.0)
    first = choice.weights[0]
    assert first[0] == first[3] > first[1] > first[2] == first[4] == 0.0


def test_average_of_members_never_loses_more_than_their_weighted_losses() -> None:
    """The bound that stands in forecast_accuracy: pinball loss is convex in the quantile."""
    random = np.random.default_rng(6)
    actual, guesses = random.gamma(1.0, 5.0, 300), random.gamma(1.0, 5.0, (300, 3))
    weights = np.array([0.5, 0.3, 0.2])
    for level in LEVELS:
        loss = [np.maximum(level * (actual - g), (level - 1) * (actual - g)).sum() for g in guesses.T]
        mean = actual - guesses @ weights
        assert np.maximum(level * mean, (level - 1) * mean).sum() <= np.dot(weights, loss) + 1e-9


def test_power_law_of_variances() -> None:
    mean = np.geomspace(0.1, 100.0, 40)
    scale, exponent = fit_power_law(mean, 1.8 * mean**1.4)
    assert (scale, exponent) == (pytest.approx(1.8), pytest.approx(1.4))
    assert fit_power_law(mean[:5], mean[:5]) == (0.0, 0.0)


def test_three_points_get_their_mean_and_a_wide_spread() -> None:
    said = forecast_short(series_of(np.array([[4.0, 6.0, 5.0]])), (2.0, 1.5), LEVELS)
    assert said.mean[0, 0] == pytest.approx(5.0)
    assert said.sd[0, 0] ** 2 == pytest.approx((3 * 1.0 + 8 * 2.0 * 5.0**1.5) / 11)
    assert (np.diff(said.quantiles[0, 0]) > 0).all()


def test_levels_that_covered_too_little_are_raised_and_no_others() -> None:
    backtest = backtest_of(np.ones((10, 2)), 10.0)
    backtest.covered[0] = np.array([55.0, 80.0, 86.0, 93.0])
    backtest.covered[1] = np.array([70.0, 90.0, 95.0, 99.0])
    np.testing.assert_allclose(backtest.stated(0, LEVELS), [0.5, 0.8, 0.94, 0.97])
    np.testing.assert_allclose(backtest.stated(0, np.array([0.1, 0.85, 0.98])), [0.1, 0.87, 0.988])
    np.testing.assert_array_equal(backtest.stated(1, LEVELS), LEVELS)
    assert Backtest.empty(3, 1).stated(0, LEVELS).tolist() == LEVELS.tolist()


def test_autoregression_on_differences_finds_its_coefficient() -> None:
    """d_t = -0.6 d_(t-1) + noise: the step after a jump goes back by about 0.6 of it."""
    random = np.random.default_rng(8)
    change = np.zeros(2000)
    for t in range(1, 2000):
        change[t] = -0.6 * change[t - 1] + random.normal()
    change[-1] = 10.0
    demand = 500.0 + np.cumsum(change)[None]
    path = autoregression_paths(demand, np.zeros(1, dtype=np.int64), 2)[0]
    assert path[0] - demand[0, -1] == pytest.approx(-6.0, abs=1.0)
    assert path[1] - path[0] == pytest.approx(3.6, abs=1.0)
    assert np.isnan(autoregression_paths(demand[:, -7:], np.zeros(1, dtype=np.int64), 2)).all()
    assert np.isnan(autoregression_paths(demand, np.full(1, 1996), 2)).all()
