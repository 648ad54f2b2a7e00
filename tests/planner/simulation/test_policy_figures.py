"""Figures of policies against SciPy's tests, and the arrays that policies are made of."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from planner.simulation.policies import lead_times, order_policy, start_as_given
from planner.simulation.policy_figures import compare_policies
from scenarios.settings import Horizon
from solvers.stock.policy_futures import FIGURES, PolicyOutcome

HORIZON = Horizon(start=date(2024, 1, 1), buckets=3)


def outcomes() -> list[PolicyOutcome]:
    rng = np.random.default_rng(2)
    noise = rng.gamma(4.0, 10.0, (len(FIGURES), 40))
    other = noise * rng.uniform(0.8, 1.0, noise.shape)
    other[FIGURES.index("demand")] = noise[FIGURES.index("demand")]
    rows = rng.gamma(4.0, 10.0, (2, len(FIGURES), 25))
    return [PolicyOutcome(noise, rows[0]), PolicyOutcome(other, rows[1])]


@pytest.mark.parametrize("recorded", [False, True])
def test_totals_are_student_s_and_differences_paired(recorded: bool) -> None:
    seen = outcomes()
    figures, differences = compare_policies(["a", "b"], seen, 10, recorded=recorded)
    each = [one.by_row if recorded else one.by_future for one in seen]
    a, b = (
        values[[FIGURES.index(n) for n in ("holding_cost", "shortage_cost", "order_cost", "waste_cost")]].sum(0)
        for values in each
    )
    scale = len(a) if recorded else 1
    cost = figures.set_index(["policy", "kpi"]).loc[("a", "total_cost")]
    assert cost["value"] == pytest.approx(scale * a.mean())
    low, high = stats.t.interval(0.95, len(a) - 1, a.mean(), stats.sem(a))
    assert [cost["low"], cost["high"]] == pytest.approx([scale * low, scale * high])
    change = differences.set_index("kpi").loc["total_cost"]
    assert change["difference"] == pytest.approx(scale * (b - a).mean())
    assert change["p_value"] == pytest.approx(stats.ttest_rel(b, a).pvalue)


def test_a_rate_is_the_ratio_of_sums_and_its_interval_that_of_many_resamples() -> None:
    one = outcomes()[0]
    figures, _ = compare_policies(["a"], [one], 10, recorded=False)
    rate = figures.set_index("kpi").loc["fill_rate"]
    unmet, demand = (one.by_future[FIGURES.index(name)] for name in ("unmet", "demand"))
    assert rate["value"] == pytest.approx(1 - unmet.sum() / demand.sum())
    picks = np.random.default_rng(1).integers(0, 40, (4_000, 40))
    resampled = 1 - unmet[picks].sum(axis=1) / demand[picks].sum(axis=1)
    assert (rate["high"] - rate["low"]) / 2 == pytest.approx(2.02 * resampled.std(), rel=0.1)


def rows(**changes: object) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "item_id": ["i", "j"],
            "location_id": "A",
            "source_type": ["supplier", "location"],
            "source_id": ["SUP", "DC"],
            "lead_time_days": [8.0, 8.0],
            "lead_time_sd_days": [2.0, 0.0],
            "moq_qty": [10.0, 0.0],
            "order_multiple_qty": [6.0, 4.0],
            "available_qty": [5.0, 9.0],
            "backorder_qty": [2.0, 2.0],
            "backorders": [True, False],
            "shelf_life_days": [np.nan, 20.0],
        }
    )
    return frame.assign(**changes)


def targets(s: float, up_to: float, kind: str = "R_s_S") -> pd.DataFrame:
    return pd.DataFrame(
        {
            "item_id": ["i"],
            "location_id": "A",
            "reorder_point_qty": s,
            "order_up_to_qty": up_to,
            "review_period_days": 14.0,
            "policy_kind": kind,
            "order_qty": 10.0,
        }
    )


@pytest.mark.parametrize(
    ("kind", "s", "up_to", "lot", "review"),
    [
        ("R_s_S", 7, 20, 0, 2),
        ("R_S", 20, 20, 0, 2),
        ("s_S", 7, 20, 0, 1),
        ("base_stock", 7, 7, 0, 1),
        ("s_Q", 7, 20, 12, 1),
    ],
)
def test_every_kind_is_a_choice_of_arrays(kind: str, s: float, up_to: float, lot: float, review: int) -> None:
    made = order_policy(rows(), [targets(7, 20, kind), targets(8, 21, kind)], HORIZON)
    assert (made.reorder_point_qty[0, 0], made.order_up_to_qty[0, 0], made.lot_qty[0]) == (s, up_to, lot)
    assert (made.review_buckets[0], made.least_qty[0], made.multiple_qty[0]) == (review, 12, 6)
    assert made.reorder_point_qty.shape == (2, 6)
    assert made.reorder_point_qty[0, 3] == s + 1
    assert np.isneginf(made.reorder_point_qty[1]).all()  # no targets: no orders


def test_stock_and_lead_times_come_from_the_tables() -> None:
    orders = pd.DataFrame(
        {
            "item_id": ["i", "i", "j", "k"],
            "location_id": "A",
            "qty": [3.0, 4.0, 5.0, 6.0],
            "receipt_date": pd.to_datetime(["2023-12-20", "2024-01-14", "2024-01-22", "2024-01-02"]),
        }
    )
    begin = start_as_given(rows(), orders, HORIZON)
    assert begin.net_qty.tolist() == [3.0, 9.0]
    assert begin.in_transit_qty.tolist() == [[3.0, 4.0, 0.0], [0.0, 0.0, 0.0]]
    lead = lead_times(rows(), HORIZON, noise=True)
    assert (lead.buckets.tolist(), lead.sd_days.tolist()) == ([2, 1], [2.0, 0.0])
