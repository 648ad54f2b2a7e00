"""Policies per segment and kind, and levels of what expires: each judged by what it does when played."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from demand_frames import START, flat_forecast, input_table, supply_table, weekly_history
from scipy import stats

from planner.inventory import set_targets
from planner.inventory.shelf_life import worthwhile_level
from planner.simulation.policies import demand_to_sample, lead_times, order_policy, prices, start_full
from scenarios.settings import Horizon, InventorySettings
from solvers.demand.distributions import fit_moments
from solvers.stock.policy_futures import FIGURES, play_policies

HORIZON = Horizon(start=START.date(), buckets=8)


def targets(
    supply: pd.DataFrame, forecast: pd.DataFrame, *policies: dict[str, object], **settings: object
) -> pd.DataFrame:
    history = weekly_history({("A", "S1"): [50.0] * 30, ("C", "S1"): [0.0, 0.0, 0.0, 8.0] * 8})
    rules = input_table("inventory_policies", policies)
    table = set_targets(supply, forecast, history, rules, HORIZON, InventorySettings(**settings))
    return table.set_index("item_id")


def test_each_segment_has_its_policy_and_the_winning_row_is_shown() -> None:
    supply = supply_table([("A", "S1", "V1"), ("C", "S1", "V1")])
    forecast = flat_forecast({("A", "S1"): 50.0, ("C", "S1"): 2.0})
    table = targets(
        supply,
        forecast,
        {"service_target": 0.9},
        {"abc_class": "A", "xyz_class": "X", "service_target": 0.99, "policy_kind": "R_S"},
        {"abc_class": "C", "policy_kind": "s_Q", "service_measure": "cost_optimal"},
        {"abc_class": "B", "service_target": 0.5},
    )
    assert table[["abc_class", "xyz_class"]].values.tolist() == [["A", "X"], ["C", "Z"]]
    assert table["policy_kind"].tolist() == ["R_S", "s_Q"]
    assert table["service_target"].loc["A"] == 0.99
    assert table["policy_rule"].tolist() == [
        "inventory_policies (class A, class X)",
        "inventory_policies (class C); holding and shortage cost",
    ]
    # a row for the item beats one for its class
    named = targets(
        supply, forecast, {"abc_class": "A", "service_target": 0.99}, {"item_id": "A", "service_target": 0.8}
    )
    assert named["service_target"].loc["A"] == 0.8


def test_kinds_set_review_levels_and_lots() -> None:
    supply = supply_table([("A", "S1", "V1")], review_period_days=28.0, moq_qty=90.0)
    forecast = flat_forecast({("A", "S1"): 50.0})
    made = {
        kind: targets(supply, forecast, policy_kind=kind).iloc[0]
        for kind in ("R_s_S", "R_S", "s_S", "s_Q", "base_stock")
    }
    assert {kind: row["review_period_days"] for kind, row in made.items()} == {
        "R_s_S": 28.0, "R_S": 28.0, "s_S": 7.0, "s_Q": 7.0, "base_stock": 7.0,
    }  # fmt: skip
    above = {kind: row["order_up_to_qty"] - row["reorder_point_qty"] for kind, row in made.items()}
    # lots of 90 are less than the demand of a review of four weeks, and more than that of one week
    assert above == pytest.approx({"R_s_S": 0.0, "R_S": 0.0, "s_S": 40.0, "s_Q": 90.0, "base_stock": 0.0})
    assert (pd.DataFrame(made).T["order_qty"] == 90.0).all()
    assert made["s_S"]["reorder_point_qty"] < made["R_s_S"]["reorder_point_qty"]


def test_a_newsvendor_loses_what_is_left_over() -> None:
    """Critical ratio b / (b + c + h T); with a cost of 3, a margin of 7 and no holding cost 0.7."""
    supply = supply_table([("A", "S1", "V1")], lead_time_days=0.0, unit_cost=3.0)
    rule: dict[str, object] = {"service_measure": "newsvendor", "shortage_cost": 7.0, "holding_cost_rate": 0.0}
    row = targets(supply, flat_forecast({("A", "S1"): 20.0}), rule).iloc[0]
    assert row["service_target"] == pytest.approx(0.7)
    assert row["reorder_point_qty"] == stats.nbinom(20.0**2 / 80.0, 20.0 / 100.0).ppf(0.7)
    assert row["policy_rule"].endswith("; holding and shortage cost")


def test_a_typing_error_makes_no_class() -> None:
    supply = supply_table([(item, "S1", "V1") for item in ("A", "B", "C")])
    forecast = flat_forecast({("A", "S1"): 50.0, ("B", "S1"): 5.0, ("C", "S1"): 2.0})
    history = weekly_history({("A", "S1"): [50.0] * 30, ("B", "S1"): [*[5.0] * 15, 90_000.0, *[5.0] * 14]})
    rules = input_table("inventory_policies")
    table = set_targets(supply, forecast, history, rules, HORIZON, InventorySettings()).set_index("item_id")
    assert table.loc["A", "abc_class"] == "A"
    assert table.loc["B", ["abc_class", "xyz_class"]].tolist() == ["B", "X"]


def played(supply: pd.DataFrame, forecast: pd.DataFrame, table: pd.DataFrame) -> dict[str, float]:
    """Play a table of targets in 200 futures of a year and return what each figure came to."""
    horizon = Horizon(start=START.date(), buckets=52)
    outcome = play_policies(
        start_full(supply, table, horizon),
        [order_policy(supply, [table], horizon)],
        demand_to_sample(supply, forecast, horizon),
        lead_times(supply, horizon, noise=False),
        prices(supply, table, horizon),
        200,
        5,
        warm_up=10,
    )[0]
    return dict(zip(FIGURES, outcome.by_future.mean(axis=1).tolist(), strict=True))


@pytest.mark.parametrize("cv", [0.6, 1.2])
def test_what_expires_is_stocked_less_and_costs_less(cv: float) -> None:
    supply = supply_table([("A", "S1", "V1")], lead_time_days=7.0, shelf_life_days=7.0, unit_cost=6.0, unit_price=10.0)
    forecast = flat_forecast({("A", "S1"): 10.0}, cv=cv, buckets=52)
    wanted = {"service_measure": "cycle_service_level", "service_target": 0.98}
    limited = targets(supply, forecast, **wanted).reset_index()
    plain = targets(supply.assign(shelf_life_days=np.nan), forecast, **wanted).reset_index()
    assert limited["policy_rule"].str.endswith("; limited by shelf life").all()
    assert not plain["policy_rule"].str.contains("shelf life").any()
    less, more = (played(supply, forecast, table) for table in (limited, plain))
    assert less["wasted"] < 0.7 * more["wasted"]
    total = ("holding_cost", "shortage_cost", "waste_cost", "order_cost")
    assert sum(less[name] for name in total) < 0.9 * sum(more[name] for name in total)
    # and what keeps for half a year is not limited
    long = targets(supply.assign(shelf_life_days=180.0), forecast, **wanted).reset_index()
    assert long["order_up_to_qty"].tolist() == plain["order_up_to_qty"].tolist()


def test_the_limit_is_near_the_best_level() -> None:
    """No base-stock level beats the one that balances waste and lost sales by more than 5 % when played."""
    supply = supply_table([("A", "S1", "V1")], lead_time_days=7.0, shelf_life_days=7.0, unit_cost=6.0, unit_price=10.0)
    forecast = flat_forecast({("A", "S1"): 10.0}, cv=0.8, buckets=52)
    table = targets(supply, forecast, service_measure="cost_optimal", policy_kind="R_S", holding_cost_rate=0.25)
    table = table.reset_index()
    total = ("holding_cost", "shortage_cost", "waste_cost")

    def cost(level: float) -> float:
        given = table.assign(reorder_point_qty=level, order_up_to_qty=level)
        return sum(played(supply, forecast, given)[name] for name in total)

    ours = cost(float(table["order_up_to_qty"].iloc[0]))
    assert ours <= 1.05 * min(cost(level) for level in np.arange(8.0, 44.0, 2.0))


def test_a_longer_shelf_life_never_lowers_the_level() -> None:
    mean, level = np.full(40, 9.0), np.full(40, 60.0)
    keeps = np.linspace(1.0, 8.0, 40)
    short = fit_moments(mean, 3.0 * mean)
    found = worthwhile_level(
        level, short, fit_moments(mean * keeps, 3.0 * mean * keeps), np.full(40, 4.0), np.full(40, 6.0), np.ones(40)
    )
    assert (np.diff(found) >= 0.0).all()
    assert (found <= level).all()
    whole = fit_moments(mean, mean)
    np.testing.assert_allclose(whole.cdf(whole.quantile(0.9)) >= 0.9, True)
