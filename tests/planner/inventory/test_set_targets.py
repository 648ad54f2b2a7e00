"""Stock targets: classes, policies, dependent demand, service, costs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from demand_frames import START, flat_forecast, input_table, supply_table, weekly_history
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from planner.inventory import set_targets
from planner.inventory.classes import abc_classes, xyz_classes
from planner.inventory.protection import demand_over
from scenarios.settings import Horizon, InventorySettings

HORIZON = Horizon(start=START.date(), buckets=8)
CHAIN = [("I1", "HUB", "V1"), ("I1", "DC", "HUB"), ("I1", "S1", "DC"), ("I1", "S2", "DC"), ("I1", "S3", "HUB")]


def targets(
    supply: pd.DataFrame,
    forecast: pd.DataFrame,
    *,
    history: pd.DataFrame | None = None,
    policies: list[dict[str, object]] | None = None,
    **settings: object,
) -> pd.DataFrame:
    table = set_targets(
        supply,
        forecast,
        weekly_history({}) if history is None else history,
        input_table("inventory_policies", policies or []),
        HORIZON,
        InventorySettings(**settings),
    )
    return table.set_index(["item_id", "location_id"])


def test_dependent_demand_reaches_the_source_from_any_depth() -> None:
    means = {("I1", "S1"): 10.0, ("I1", "S2"): 20.0, ("I1", "S3"): 40.0}
    table = targets(supply_table(CHAIN), flat_forecast(means))
    two_weeks = table["demand_mean_qty"]
    assert two_weeks["I1", "S1"] == pytest.approx(20.0)
    assert two_weeks["I1", "DC"] == pytest.approx(60.0)
    assert two_weeks["I1", "HUB"] == pytest.approx(140.0)
    # independent errors: variances add, 2 weeks x (5^2 + 10^2 + 20^2)
    assert table["demand_sd_qty"]["I1", "HUB"] == pytest.approx(np.sqrt(2 * 525.0))
    # pooling: the hub needs less safety stock than its customers together
    stores = table["safety_stock_qty"].drop(("I1", "HUB")).drop(("I1", "DC")).sum()
    assert table["safety_stock_qty"]["I1", "HUB"] < stores


def test_guaranteed_service_places_stock_where_it_holds_cheapest() -> None:
    """The warehouse's promise against every other whole number of days, stock priced by z sd sqrt(days)."""
    supply = supply_table([("I1", "DC", "V1"), ("I1", "S1", "DC"), ("I1", "S2", "DC")], lead_time_days=7.0)
    supply["unit_cost"] = np.where(supply["location_id"] == "DC", 9.0, 10.0)
    supply.loc[supply["location_id"] == "DC", "lead_time_days"] = 21.0
    forecast = flat_forecast({("I1", "S1"): 70.0, ("I1", "S2"): 70.0}, cv=0.3)
    alone = targets(supply, forecast)
    table = targets(supply, forecast, echelons="guaranteed_service")
    promise, sd = table["service_time_days"]["I1", "DC"], 0.3 * 70.0 / np.sqrt(7.0)

    def cost(days: float) -> float:
        return 2 * 10.0 * sd * np.sqrt(days + 14.0) + 9.0 * np.sqrt(2) * sd * np.sqrt(28.0 - days)

    assert cost(promise) == pytest.approx(min(cost(days) for days in range(29)))
    assert table["covered_days"]["I1", "DC"] == 28.0 - promise
    stores = table.drop(("I1", "DC"))
    assert (stores["covered_days"] == 14.0 + promise).all()
    assert (stores["service_time_days"] == 0.0).all()
    # what is on its way is ordered all the same
    assert (table["demand_mean_qty"] == alone["demand_mean_qty"]).all()


def test_stock_that_covers_nothing_is_a_cross_dock() -> None:
    supply = supply_table([("I1", "DC", "V1"), ("I1", "S1", "DC")], lead_time_days=7.0)
    supply["unit_cost"] = np.where(supply["location_id"] == "DC", 100.0, 1.0)
    row = targets(supply, flat_forecast({("I1", "S1"): 70.0}, cv=0.3), echelons="guaranteed_service").loc[("I1", "DC")]
    assert (row["covered_days"], row["safety_stock_qty"]) == (0.0, 0.0)
    assert row["reorder_point_qty"] == pytest.approx(row["demand_mean_qty"])


def test_only_item_locations_with_demand_get_targets() -> None:
    supply = supply_table([*CHAIN, ("I2", "HUB", "V1"), ("I2", "S1", "HUB")])
    table = targets(supply, flat_forecast({("I1", "S1"): 10.0}))
    assert set(table.index) == {("I1", "HUB"), ("I1", "DC"), ("I1", "S1")}


def test_cycle_service_of_gamma_demand_against_scipy() -> None:
    supply = supply_table([("I1", "S1", "V1")], lead_time_sd_days=3.0)
    table = targets(
        supply,
        flat_forecast({("I1", "S1"): 70.0}, cv=1.0),
        service_measure="cycle_service_level",
        service_target=0.97,
    ).loc[("I1", "S1")]
    mean, variance = 140.0, 2 * 70.0**2 + (10.0 * 3.0) ** 2
    assert table["distribution"] == "gamma"
    assert table["demand_sd_qty"] == pytest.approx(np.sqrt(variance))
    expected = stats.gamma(mean**2 / variance, scale=variance / mean).ppf(0.97)
    assert table["reorder_point_qty"] == pytest.approx(expected)
    assert table["safety_stock_qty"] == pytest.approx(expected - mean)
    # packs of one and no smallest order: the base-stock level of periodic review
    assert table["order_up_to_qty"] == pytest.approx(expected)


@pytest.mark.parametrize("backorders", [False, True])
def test_fill_rate_is_reached_when_the_policy_is_played(backorders: bool) -> None:
    """Play order-up-to weekly with the fitted distribution as demand; the fill rate must not be below the target."""
    supply = supply_table([("I1", "S1", "V1")], lead_time_days=0.0, backorders=backorders)
    row = targets(supply, flat_forecast({("I1", "S1"): 12.0}, cv=0.8), service_target=0.9).loc[("I1", "S1")]
    assert row["distribution"] == "negative_binomial"
    mean, variance = 12.0, (0.8 * 12.0) ** 2
    demand = stats.nbinom(mean**2 / (variance - mean), mean / variance).rvs(40_000, random_state=1)
    level, served, owed = row["order_up_to_qty"], 0.0, 0.0
    for wanted in demand:
        # delivered at once after the review, so the period starts at the level, what was owed paid off
        served += min(wanted, level)
        owed += max(wanted - level, 0.0)
    assert served / (served + owed) == pytest.approx(0.9, abs=0.02)
    assert served / (served + owed) > 0.9 - 0.005


@settings(max_examples=30)
@given(
    st.sampled_from(["cycle_service_level", "fill_rate"]),
    st.floats(0.3, 0.98),
    st.floats(0.0, 0.0199),
    st.floats(0.02, 500.0),
    st.floats(0.0, 3.0),
    st.floats(0.0, 30.0),
    st.sampled_from([0.0, 7.0, 14.0]),
)
def test_more_service_never_means_less_stock(
    measure: str, target: float, more: float, mean: float, cv: float, lead: float, review: float
) -> None:
    supply = supply_table([("I1", "S1", "V1")], lead_time_days=lead, review_period_days=review, moq_qty=4.0)
    forecast = flat_forecast({("I1", "S1"): mean}, cv=cv)
    low, high = (
        targets(supply, forecast, service_measure=measure, service_target=share).iloc[0]
        for share in (target, target + more)
    )
    for column in ("safety_stock_qty", "reorder_point_qty", "order_up_to_qty"):
        assert np.isfinite(high[column])
        assert high[column] >= low[column] - 1e-9 * (1.0 + low[column])
    assert high["order_up_to_qty"] >= high["reorder_point_qty"] >= 0.0


def test_more_uncertainty_never_means_less_stock() -> None:
    supply = supply_table([("I1", "S1", "V1")])
    levels = [
        targets(supply, flat_forecast({("I1", "S1"): 40.0}, cv=cv), service_target=0.95)["safety_stock_qty"].iloc[0]
        for cv in (0.1, 0.3, 0.6, 1.0, 1.5)
    ]
    assert levels == sorted(levels)


def test_the_most_specific_policy_wins_and_is_named() -> None:
    links = [(item, place, "V1") for item in ("I1", "I2") for place in ("S1", "S2")]
    supply = supply_table(links, region={"S2": "north"})
    forecast = flat_forecast(dict.fromkeys([(item, place) for item, place, _ in links], 10.0))
    table = targets(
        supply,
        forecast,
        policies=[
            {"service_target": 0.8},
            {"region": "north", "service_target": 0.9},
            {"item_id": "I1", "service_target": 0.99, "holding_cost_rate": 0.5, "shortage_cost": 3.0},
            {"item_id": "I2", "location_id": "S2", "min_qty": 4.0},
        ],
        service_by_class={"A": 0.7, "B": 0.7, "C": 0.7},
    )
    assert table["service_target"].to_dict() == {
        ("I1", "S1"): 0.99,
        ("I1", "S2"): 0.99,
        ("I2", "S1"): 0.8,
        ("I2", "S2"): 0.7,
    }
    assert table["policy_rule"]["I1", "S1"] == "inventory_policies (item I1)"
    rule = table["policy_rule"]["I2", "S2"]
    assert rule.startswith("inventory_policies (item I2, location S2); settings inventory.service_by_class.")
    assert table["holding_cost"]["I1", "S1"] == pytest.approx(10.0 * 0.5 / 365)
    assert table["holding_cost"]["I2", "S1"] == pytest.approx(10.0 * 0.25 / 365)
    assert table["shortage_cost"]["I1", "S1"] == 3.0
    assert table["shortage_cost"]["I2", "S1"] == pytest.approx(16.0 * 0.4)
    assert table["min_qty"]["I2", "S2"] == 4.0


def test_fixed_safety_stock_minimum_and_maximum() -> None:
    links = [("I1", place, "V1") for place in ("S1", "S2", "S3", "S4")]
    forecast = flat_forecast({("I1", place): 10.0 for place in ("S1", "S2", "S3", "S4")})
    table = targets(
        supply_table(links),
        forecast,
        policies=[
            {"location_id": "S1", "safety_stock_qty": 5.0},
            {"location_id": "S2", "safety_stock_qty": 0.0},
            {"location_id": "S3", "min_qty": 100.0},
            {"location_id": "S4", "max_qty": 22.0},
        ],
    ).droplevel("item_id")
    assert table["safety_stock_qty"].loc["S1"] == 5.0
    assert table["reorder_point_qty"].loc["S1"] == pytest.approx(25.0)
    assert table["reorder_point_qty"].loc["S2"] == pytest.approx(20.0)
    # presentation stock stands under the demand that is expected until the next receipt
    assert table["reorder_point_qty"].loc["S3"] == pytest.approx(120.0)
    assert table["order_up_to_qty"].loc["S4"] == 22.0
    assert table["max_qty"].isna().tolist() == [True, True, True, False]


def test_large_lots_raise_the_order_up_to_level_and_spare_safety_stock() -> None:
    forecast = flat_forecast({("I1", "S1"): 10.0}, cv=1.0)
    small = targets(supply_table([("I1", "S1", "V1")]), forecast).iloc[0]
    large = targets(supply_table([("I1", "S1", "V1")], order_multiple_qty=60.0), forecast).iloc[0]
    assert large["safety_stock_qty"] < small["safety_stock_qty"]
    assert large["order_up_to_qty"] == pytest.approx(large["reorder_point_qty"] + 50.0)


def test_review_period_of_a_policy_counts() -> None:
    supply = supply_table([("I1", "S1", "V1")])
    forecast = flat_forecast({("I1", "S1"): 10.0})
    row = targets(supply, forecast, policies=[{"review_period_days": 21.0}]).iloc[0]
    assert row["review_period_days"] == 21.0
    assert row["demand_mean_qty"] == pytest.approx(40.0)


def test_demand_is_taken_at_the_pace_of_the_whole_horizon() -> None:
    values = np.array([[7.0, 14.0, 0.0, 0.0, 0.0, 0.0, 0.0, 7.0]] * 3)
    np.testing.assert_allclose(demand_over(values, np.array([0.0, 8.0, 70.0]), HORIZON), [0.0, 4.0, 35.0])


def test_abc_by_cumulative_revenue_within_groups() -> None:
    revenue = np.array([50.0, 30.0, 15.0, 4.0, 1.0, 0.0, 7.0])
    group = np.array([0, 0, 0, 0, 0, 0, 1])
    assert "".join(abc_classes(revenue, group, (0.8, 0.95))) == "AABCCCA"
    assert "".join(abc_classes(np.zeros(2), np.zeros(2, dtype=int), (0.8, 0.95))) == "CC"


def test_xyz_by_variation_since_the_first_sale() -> None:
    weekly = np.array([[0, 0, 5, 5, 5, 5], [1, 9, 2, 8, 1, 9], [0, 0, 0, 0, 9, 0], [0, 0, 0, 0, 0, 0]], dtype=float)
    cv = weekly[1].std() / weekly[1].mean()
    assert 0.5 < cv < 1.0
    assert "".join(xyz_classes(weekly, (0.5, 1.0))) == "XYYZ"


def test_classes_come_from_history_and_from_the_forecast_where_there_is_none() -> None:
    links = [(item, "S1", "V1") for item in ("I1", "I2", "I3")]
    history = weekly_history({("I1", "S1"): [20.0] * 20, ("I2", "S1"): [1.0] * 20})
    forecast = flat_forecast({("I1", "S1"): 20.0, ("I2", "S1"): 1.0, ("I3", "S1"): 100.0})
    table = targets(supply_table(links), forecast, history=history).droplevel("location_id")
    assert table["abc_class"].to_dict() == {"I1": "B", "I2": "C", "I3": "A"}
    assert table["xyz_class"].loc["I1"] == "X"


def test_a_forecast_of_zero_wants_no_stock() -> None:
    row = targets(supply_table([("I1", "S1", "V1")]), flat_forecast({("I1", "S1"): 0.0})).iloc[0]
    assert row["distribution"] == "none"
    assert row["safety_stock_qty"] == row["reorder_point_qty"] == 0.0


def test_empty_forecast_gives_an_empty_table() -> None:
    table = targets(supply_table(CHAIN), flat_forecast({("I1", "S1"): 1.0}).iloc[:0])
    assert table.empty


def test_cost_optimal_service_is_the_newsvendors_fractile_of_the_cycle() -> None:
    """b / (b + h R) with lost sales: played over the fitted distribution no other level costs less."""
    supply = supply_table([("I1", "S1", "V1")], lead_time_days=0.0, unit_cost=36.5, unit_price=20.0)
    rule: dict[str, object] = {"service_measure": "cost_optimal", "holding_cost_rate": 1.0, "shortage_cost": 3.0}
    row = targets(supply, flat_forecast({("I1", "S1"): 20.0}), policies=[rule]).iloc[0]
    assert row["service_measure"] == "cost_optimal"
    # holding 0.1 a day, seven days: 0.7 for a unit left over at the next order
    assert row["service_target"] == pytest.approx(3.0 / 3.7)
    assert row["policy_rule"].endswith("; holding and shortage cost")
    demand = stats.nbinom(20.0**2 / 80.0, 20.0 / 100.0)
    values = np.arange(400)
    cost = [demand.pmf(values) @ (0.7 * np.maximum(s - values, 0) + 3.0 * np.maximum(values - s, 0)) for s in range(60)]
    assert row["reorder_point_qty"] == np.argmin(cost)
    waits = targets(supply.assign(backorders=True), flat_forecast({("I1", "S1"): 20.0}), policies=[rule]).iloc[0]
    assert waits["service_target"] == pytest.approx(1.0 - 0.7 / 3.0)


def test_cost_optimal_lots_are_economic() -> None:
    """Snyder and Shen, Fundamentals of Supply Chain Theory, example 3.1: K = 8, h = 0.225 a year, d = 1300: Q = 304."""
    from planner.inventory.lots import economic_lot

    one = np.ones(1)
    assert economic_lot(1300 * one, 8 * one, 0.225 * one, one, one)[0] == 304
    assert economic_lot(1300 * one, 8 * one, 0.225 * one, 12 * one, one)[0] == 300
    assert economic_lot(1300 * one, 0 * one, 0.225 * one, one, 5 * one)[0] == 5
    supply = supply_table([("I1", "S1", "V1")], fixed_order_cost=40.0)
    rule: dict[str, object] = {"service_measure": "cost_optimal"}
    forecast = flat_forecast({("I1", "S1"): 70.0})
    costly, plain = targets(supply, forecast, policies=[rule]).iloc[0], targets(supply, forecast).iloc[0]
    lot = np.rint(np.sqrt(2 * 40.0 * 10.0 / costly["holding_cost"]))
    assert costly["order_up_to_qty"] - costly["reorder_point_qty"] == pytest.approx(lot - 70.0)
    assert plain["order_up_to_qty"] == plain["reorder_point_qty"]


def test_min_max_and_days_of_supply_stand_in_place_of_computed_levels() -> None:
    supply = supply_table([("I1", "S1", "V1"), ("I2", "S1", "V1"), ("I3", "S1", "V1")])
    rules: list[dict[str, object]] = [
        {"item_id": "I1", "reorder_point_qty": 30.0, "order_up_to_qty": 55.0},
        {"item_id": "I2", "days_of_supply": 5.0},
        {"item_id": "I3", "days_of_supply": 5.0, "safety_stock_qty": 3.0, "order_up_to_qty": 1.0},
    ]
    table = targets(supply, flat_forecast({(f"I{k}", "S1"): 7.0 for k in (1, 2, 3)}), policies=rules)
    levels = table[["safety_stock_qty", "reorder_point_qty", "order_up_to_qty"]].to_numpy().tolist()
    assert levels == [[16.0, 30.0, 55.0], [5.0, 19.0, 19.0], [3.0, 17.0, 17.0]]
