"""The ordering rule against brute force: every quantity tried, every path played unit by unit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import nbinom, poisson

from solvers.ordering.paths import sample_paths
from solvers.ordering.pricing import OrderingProblem, order_quantities
from solvers.ordering.stock import Stock, advance


def problem(demand, on_hand=0, arrivals=None, lead=0, review=1, holding=1.0, shortage=1.0, carry=0.0, lost=True):
    """One item-location; `demand` [P, H]."""
    demand = np.asarray(demand, dtype=np.int32)[None]
    horizon = demand.shape[2]
    return OrderingProblem(
        demand=demand,
        on_hand=np.array([on_hand]),
        arrivals=np.zeros((1, horizon), dtype=np.int64) if arrivals is None else np.array([arrivals]),
        lead_buckets=np.array([lead]),
        review_buckets=np.array([review]),
        holding_cost=np.array([holding]),
        shortage_cost=np.array([shortage]),
        carry=np.array([carry]),
        lost_sales=np.array([lost]),
    )


def simulated_cost(demand, on_hand, arrivals, lead, review, holding, shortage, carry, lost, order):
    """Cost of one path with `order`, bucket by bucket; holding after the review period at the discounted weight."""
    stock, cost = on_hand, 0.0
    for bucket, wanted in enumerate(demand):
        stock += arrivals[bucket] + (order if bucket == lead else 0) - wanted
        short = max(-stock, 0)
        if lost:
            stock = max(stock, 0)
        if bucket < lead:
            continue
        weight = carry ** max(0, bucket - lead - review + 1)
        cost += weight * holding * max(stock, 0)
        if bucket < lead + review:
            cost += shortage * short
    return cost


@st.composite
def cases(draw):
    horizon = draw(st.integers(1, 5))
    lead = draw(st.integers(0, horizon - 1))
    whole = st.integers(0, 4)
    return {
        "demand": draw(st.lists(st.lists(whole, min_size=horizon, max_size=horizon), min_size=1, max_size=6)),
        "on_hand": draw(st.integers(0, 6)),
        "arrivals": draw(st.lists(whole, min_size=horizon, max_size=horizon)),
        "lead": lead,
        "review": draw(st.integers(1, 3)),
        "holding": draw(st.sampled_from([0.13, 0.2, 1.0])),
        "shortage": draw(st.sampled_from([0.5, 1.0, 3.7])),
        "carry": draw(st.sampled_from([0.0, 0.5, 0.85, 1.0])),
    }


@settings(max_examples=200, deadline=None)
@given(cases())
def test_no_quantity_is_cheaper_when_the_review_period_ends_the_paths(case):
    # without a tail the rule minimises the simulated cost of the sampled paths, over all quantities
    horizon = min(case["lead"] + case["review"], len(case["demand"][0]))
    case = case | {"demand": [path[:horizon] for path in case["demand"]], "arrivals": case["arrivals"][:horizon]}
    for lost in (True, False):
        order = order_quantities(problem(**case, lost=lost))[0]
        rules = {key: value for key, value in case.items() if key != "demand"}
        costs = [
            sum(simulated_cost(path, order=quantity, lost=lost, **rules) for path in case["demand"])
            for quantity in range(40)
        ]
        assert costs[order] == pytest.approx(min(costs))


@settings(max_examples=200, deadline=None)
@given(cases())
def test_units_are_ordered_while_they_pay(case):
    # the marginal of unit u, counted path by path: what the base path lacks tells when the unit is used up
    rules = {key: value for key, value in case.items() if key != "demand"}
    on_hand, arrivals, lead, review = rules["on_hand"], rules["arrivals"], rules["lead"], rules["review"]
    horizon = len(arrivals)

    def gain(unit):
        total = 0.0
        for path in case["demand"]:
            stock, lacking = on_hand, 0
            used_in = None
            for bucket, wanted in enumerate(path):
                stock += arrivals[bucket] - wanted
                if stock < 0:
                    lacking += -stock if bucket >= lead else 0
                    stock = 0
                if lacking >= unit:
                    used_in = bucket
                    break
            if used_in is not None and used_in < lead + review:
                total += rules["shortage"]
            for bucket in range(lead, horizon if used_in is None else used_in):
                total -= rules["holding"] * rules["carry"] ** max(0, bucket - lead - review + 1)
        return total

    expected = 0
    while gain(expected + 1) > 1e-9:
        expected += 1
    near_tie = abs(gain(expected + 1)) <= 1e-9
    order = order_quantities(problem(**case))[0]
    assert order == expected or (near_tie and order == expected + 1)


def test_newsvendor_fractile_on_known_demand():
    # no lead time, one bucket, no leftovers: order up to the b / (b + h) quantile of demand
    demand = np.random.default_rng(1).poisson(10.0, (40_000, 1))
    order = order_quantities(problem(demand, holding=0.2, shortage=1.0))[0]
    assert order == poisson.ppf(1.0 / 1.2, 10.0) == 13


def test_more_stock_never_orders_more_and_more_shortage_cost_never_less():
    demand = np.random.default_rng(2).poisson(1.5, (500, 4))
    by_stock = [order_quantities(problem(demand, on_hand=s, lead=2, holding=0.2, carry=0.8))[0] for s in range(12)]
    assert all(np.diff(by_stock) <= 0)
    by_cost = [
        order_quantities(problem(demand, lead=2, holding=0.2, shortage=b, carry=0.8))[0] for b in (0.1, 0.5, 1.0, 5.0)
    ]
    assert all(np.diff(by_cost) >= 0)
    assert by_cost[-1] > by_cost[0]


def test_answer_for_many_is_the_answer_for_each():
    rng = np.random.default_rng(3)
    count, horizon = 40, 5
    fields = {
        "demand": rng.poisson(rng.uniform(0.1, 8.0, (count, 1, 1)), (count, 200, horizon)).astype(np.int32),
        "on_hand": rng.integers(0, 8, count),
        "arrivals": rng.integers(0, 4, (count, horizon)),
        "lead_buckets": rng.integers(0, 3, count),
        "review_buckets": rng.integers(1, 3, count),
        "holding_cost": rng.uniform(0.1, 0.5, count),
        "shortage_cost": rng.uniform(0.5, 2.0, count),
        "carry": rng.uniform(0.0, 1.0, count),
        "lost_sales": rng.random(count) < 0.5,
    }
    together = order_quantities(OrderingProblem(**fields))
    alone = [order_quantities(OrderingProblem(**{k: v[i : i + 1] for k, v in fields.items()}))[0] for i in range(count)]
    np.testing.assert_array_equal(together, alone)
    assert together.max() > 0


def test_wrong_shapes_are_refused():
    with pytest.raises(ValueError, match="lead time"):
        problem([[1, 2]], lead=2)
    with pytest.raises(ValueError, match="review"):
        problem([[1, 2]], review=0)
    with pytest.raises(ValueError, match="arrivals"):
        problem([[1, 2]], arrivals=[0])


def test_paths_have_the_stated_moments():
    mean = np.array([[2.0, 4.0, 3.0]])
    level, week = np.array([0.2]), np.array([0.3])
    paths = sample_paths(mean, level, week, 200_000, np.random.default_rng(4))[0].astype(float)
    np.testing.assert_allclose(paths.mean(axis=0), mean[0], rtol=0.01)
    variance = mean[0] + (0.2 + 0.3 + 0.2 * 0.3) * mean[0] ** 2
    np.testing.assert_allclose(paths.var(axis=0), variance, rtol=0.03)
    assert np.cov(paths[:, 0], paths[:, 1])[0, 1] == pytest.approx(0.2 * 2.0 * 4.0, rel=0.05)


def test_paths_of_one_bucket_are_negative_binomial():
    paths = sample_paths(np.array([[3.0]]), np.array([0.0]), np.array([0.5]), 100_000, np.random.default_rng(5))
    shares = np.bincount(paths.ravel(), minlength=12)[:12] / paths.size
    np.testing.assert_allclose(shares, nbinom.pmf(np.arange(12), 2.0, 2.0 / 5.0), atol=0.005)


def test_ledger_loses_or_owes():
    stock = Stock(np.array([2.0, 2.0]), np.array([[1.0, 0.0, 0.0], [1.0, 0.0, 0.0]]))
    stock = stock.with_order(np.array([4.0, 4.0]), np.array([2, 1]))
    end = advance(stock, np.array([5.0, 5.0]), np.array([True, False]))
    np.testing.assert_array_equal(end.short, [2.0, 2.0])
    np.testing.assert_array_equal(end.held, [0.0, 0.0])
    np.testing.assert_array_equal(end.stock.on_hand, [0.0, -2.0])
    np.testing.assert_array_equal(end.stock.in_transit, [[0.0, 4.0, 0.0], [4.0, 0.0, 0.0]])
    end = advance(end.stock, np.array([0.0, 1.0]), np.array([True, False]))
    np.testing.assert_array_equal(end.held, [0.0, 1.0])
