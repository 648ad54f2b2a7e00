"""The walk: the challenge's rules on a case worked by hand, and no look at weeks that are not over."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from planner.backtest.demand import DemandForecaster
from planner.backtest.panel import Group, Panel
from planner.backtest.peers import AutoETSOrderUpTo, MovingAverageCover
from planner.backtest.terms import Terms
from planner.backtest.unit_pricing import UnitPricing
from planner.backtest.walk import neutral_stock, walk, warmed_stock
from solvers.ordering.stock import Stock


def small_panel(weeks=90, count=12, seed=1):
    rng = np.random.default_rng(seed)
    level = rng.uniform(0.3, 8.0, count)
    season = 1.0 + 0.4 * np.sin(2.0 * np.pi * np.arange(weeks) / 52.0)
    sales = rng.poisson(level[:, None] * season).astype(float)
    exposure = np.ones_like(sales)
    exposure[:1, :20] = 0.0
    exposure[1:2, 40:43] = 0.0
    sales[exposure == 0.0] = 0.0
    items = np.arange(count) // 2
    return Panel(
        keys=pd.DataFrame({"location_id": [str(i % 2) for i in range(count)], "item_id": items.astype(str)}),
        weeks=np.datetime64("2022-01-03") + np.timedelta64(7, "D") * np.arange(weeks),
        sales=sales,
        exposure=exposure,
        levels=(Group.of(items // 3), Group.of(items)),
        location=Group.of(np.arange(count) % 2),
    )


def terms_for(count, lead=2, holding=0.2, shortage=1.0):
    return Terms(
        lead_weeks=np.full(count, lead),
        review_weeks=np.ones(count, dtype=np.int64),
        holding_cost=np.full(count, holding),
        shortage_cost=np.full(count, shortage),
        lost_sales=np.ones(count, dtype=bool),
    )


POLICIES = {
    "unit_pricing": lambda: UnitPricing(DemandForecaster(6, boosted=False), paths=200),
    "unit_pricing_boosted": lambda: UnitPricing(DemandForecaster(6, boosted=True), paths=200),
    "moving_average_cover": lambda: MovingAverageCover(3.5),
    "autoets_order_up_to": lambda: AutoETSOrderUpTo(0.7),
}


class Script:
    """Orders written down beforehand."""

    def __init__(self, orders):
        self.orders = iter(orders)
        self.seen = []

    def order(self, known, stock, terms, weeks_left):
        self.seen.append((known.sales.shape[1], weeks_left, stock.on_hand.copy(), stock.in_transit.copy()))
        return np.array(next(self.orders), dtype=float)


def test_challenge_rules_worked_by_hand():
    # one product: 5 on hand at the end of week 0, 2 arrive in week 1, 1 in week 2; orders of rounds 0 and 1 are
    # 4 and 3 and arrive at the start of weeks 3 and 4
    panel = replace(small_panel(weeks=64, count=1), sales=np.full((1, 64), 1.0), exposure=np.ones((1, 64)))
    panel.sales[0, 60:] = [3, 6, 1, 9]
    policy = Script([[4], [3]])
    stock = Stock(np.array([5.0]), np.array([[2.0, 1.0, 0.0]]))
    result = walk(panel, 60, stock, terms_for(1), policy, rounds=2, weeks=4)
    # week 1: 5 + 2 - 3 = 4 held; week 2: 4 + 1 - 6 = 1 lost; week 3: 0 + 4 - 1 = 3 held; week 4: 3 + 3 - 9 = 3 lost
    np.testing.assert_allclose(result.holding[:, 0], [0.8, 0.0, 0.6, 0.0])
    np.testing.assert_allclose(result.shortage[:, 0], [0.0, 1.0, 0.0, 3.0])
    assert result.cost(3) == pytest.approx(3.6)
    assert [seen[:2] for seen in policy.seen] == [(60, 4), (61, 3)]
    np.testing.assert_array_equal(policy.seen[1][2], [4.0])
    np.testing.assert_array_equal(policy.seen[1][3], [[1.0, 4.0, 0.0]])


@pytest.mark.parametrize("name", POLICIES)
def test_later_weeks_do_not_change_orders(name):
    if name == "unit_pricing_boosted":
        pytest.importorskip("lightgbm", reason="LightGBM cannot be loaded")
    panel = small_panel()
    start, rounds = 80, 3
    rng = np.random.default_rng(9)
    scrambled = replace(panel, sales=panel.sales.copy(), exposure=panel.exposure.copy())
    first_unseen = start + rounds - 1
    scrambled.sales[:, first_unseen:] = rng.integers(0, 500, (12, 90 - first_unseen))
    scrambled.exposure[:, first_unseen:] = rng.integers(0, 2, (12, 90 - first_unseen))
    orders = [
        walk(
            given,
            start,
            neutral_stock(given, start, terms_for(12)),
            terms_for(12),
            POLICIES[name](),
            rounds=rounds,
            weeks=rounds + 2,
        ).orders
        for given in (panel, scrambled)
    ]
    np.testing.assert_array_equal(orders[0], orders[1])
    assert orders[0].sum() > 0


def test_round_r_sees_week_r():
    # the counterpart: what happened in week 1 must reach the order of round 1, not that of round 0
    panel = small_panel()
    changed = replace(panel, sales=panel.sales.copy())
    changed.sales[:, 80] += 25.0
    results = [
        walk(
            p, 80, neutral_stock(panel, 80, terms_for(12)), terms_for(12), POLICIES["unit_pricing"](), rounds=2, weeks=4
        )
        for p in (panel, changed)
    ]
    np.testing.assert_array_equal(results[0].orders[0], results[1].orders[0])
    assert results[1].orders[1].sum() > results[0].orders[1].sum()


def test_warm_up_does_not_look_ahead_and_same_seed_gives_same_stock():
    panel = small_panel()
    stocks = [warmed_stock(p, 80, terms_for(12), POLICIES["unit_pricing"]()) for p in (panel, panel.until(80), panel)]
    for other in stocks[1:]:
        np.testing.assert_array_equal(stocks[0].on_hand, other.on_hand)
        np.testing.assert_array_equal(stocks[0].in_transit, other.in_transit)


def test_nothing_is_ordered_that_arrives_after_the_last_week():
    panel = small_panel()
    policy = POLICIES["unit_pricing"]()
    empty = Stock(np.zeros(12), np.zeros((12, 3)))
    assert policy.order(panel.until(80), empty, terms_for(12), 2).sum() == 0.0
    assert policy.order(panel.until(80), empty, terms_for(12), 3).sum() > 0.0


def test_the_last_order_is_a_newsvendor_order():
    # a leftover after the last week costs nothing more, so the last order is larger than one with weeks to come
    panel = small_panel()
    policy = POLICIES["unit_pricing"]()
    empty = Stock(np.zeros(12), np.zeros((12, 3)))
    last = policy.order(panel.until(80), empty, terms_for(12), 3)
    endless = policy.order(panel.until(80), empty, terms_for(12), None)
    assert (last >= endless).all()
    assert last.sum() > endless.sum()


def test_items_never_sold_before_the_start_are_left_out():
    panel = small_panel()
    panel.exposure[3, :80] = 0.0
    panel.sales[3, :80] = 0.0
    stock = Stock(np.zeros(12), np.zeros((12, 3)))
    result = walk(panel, 80, stock, terms_for(12), POLICIES["unit_pricing"](), rounds=2, weeks=4)
    assert result.orders[:, 3].sum() == 0.0
    assert result.holding[:, 3].sum() + result.shortage[:, 3].sum() == 0.0


def test_cover_orders_four_weeks_of_a_level_series():
    # constant sales: index 1, average 2, so the position is lifted to 8
    panel = small_panel(count=1)
    panel = replace(panel, sales=np.full((1, 90), 2.0), exposure=np.ones((1, 90)))
    stock = Stock(np.array([1.0]), np.array([[2.0, 0.0, 0.0]]))
    assert MovingAverageCover(4.0).order(panel, stock, terms_for(1), None) == pytest.approx([5.0])
    assert MovingAverageCover(3.5).order(panel, stock, terms_for(1), None) == pytest.approx([4.0])


def test_boosted_forecast_is_the_same_each_time():
    pytest.importorskip("lightgbm", reason="LightGBM cannot be loaded")
    panel = small_panel()
    means = [DemandForecaster(4, boosted=True).forecast(panel).mean for _ in range(2)]
    np.testing.assert_array_equal(means[0], means[1])
    smoothing = DemandForecaster(4, boosted=False).forecast(panel).mean
    assert (np.abs(means[0] - smoothing) > 1e-6).any()
