"""The VN2 challenge: its files become a project, and its rules give the costs that are known for them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from vn2_files import write_tables

from planner.backtest.backtest import backtest
from planner.backtest.errors import BacktestError
from planner.backtest.output import describe_costs, write_backtest
from planner.backtest.panel import build_panel
from planner.backtest.peers import MovingAverageCover
from planner.backtest.terms import read_stock, read_terms
from planner.backtest.walk import walk, warmed_stock
from planner.network import build_network
from scenarios.errors import InputError
from scenarios.project import load_project
from scenarios.vn2 import read_week_sales, write_vn2_project

DATA = Path(__file__).parents[4] / "shared" / "data" / "vn2"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the challenge's data may not be shipped and are not here")


@pytest.fixture
def project(tmp_path):
    source, folder = tmp_path / "challenge", tmp_path / "project"
    source.mkdir()
    folder.mkdir()
    sales = write_tables(source)
    write_vn2_project(source, folder)
    return load_project(folder), sales, source / "actuals.csv"


def test_project_has_the_rules_and_the_flags(project):
    loaded, sales, _ = project
    assert loaded.scenario.horizon.start.isoformat() == "2024-05-06"
    panel = build_panel(loaded.tables, pd.Timestamp("2024-05-06"))
    np.testing.assert_array_equal(panel.sales, sales[:, :70])
    assert panel.exposure[0, :9].sum() == 0.0
    assert panel.exposure[1, 40] == 0.0
    assert panel.exposure.sum() == 6 * 70 - 10
    assert len(panel.levels) == 5
    terms = read_terms(loaded, build_network(loaded.tables, loaded.scenario).supply, panel.keys)
    np.testing.assert_array_equal(terms.lead_weeks, 2)
    np.testing.assert_allclose(terms.holding_cost, 0.2)
    np.testing.assert_allclose(terms.shortage_cost, 1.0)
    assert terms.lost_sales.all()
    stock = read_stock(loaded, panel.keys, terms)
    np.testing.assert_array_equal(stock.on_hand, range(6))
    np.testing.assert_array_equal(stock.in_transit, [[0, 3, 0]] * 6)


def test_backtest_walks_on_actual_sales(project, tmp_path):
    loaded, sales, actuals = project
    start = pd.Timestamp("2024-05-06")
    result = backtest(loaded, "unit_pricing_smoothing", start=start, rounds=6, actuals=read_week_sales(actuals))
    assert list(result.orders.columns) == ["round", "order_date", "location_id", "item_id", "qty"]
    assert len(result.orders) == 36
    assert list(result.costs["week"]) == list(range(1, 9))
    # the ledger played again by hand from the orders
    orders = result.orders["qty"].to_numpy().reshape(6, 6)
    stock, transit = np.arange(6.0), [np.zeros(6), np.full(6, 3.0)]
    for week in range(8):
        transit.append(orders[week] if week < 6 else np.zeros(6))
        stock = stock + transit[week]
        sold = np.minimum(stock, sales[:, 70 + week])
        stock = stock - sold
        assert result.costs["holding"][week] == pytest.approx(0.2 * stock.sum())
        assert result.costs["shortage"][week] == pytest.approx((sales[:, 70 + week] - sold).sum())
    text = describe_costs(result)
    total = result.costs[result.costs["week"] >= 3][["holding", "shortage"]].to_numpy().sum()
    assert f"Cost of weeks 3 to 8: {total:.1f}" in text
    write_backtest(result, tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["costs.csv", "orders.csv"]
    read = pd.read_csv(tmp_path / "out" / "orders.csv")
    assert read["order_date"].iloc[-1] == "2024-06-10"


def test_first_round_needs_no_actuals_and_equals_that_with_them(project):
    loaded, _, actuals = project
    start = pd.Timestamp("2024-05-06")
    alone = backtest(loaded, "unit_pricing_smoothing", start=start, rounds=1)
    assert alone.costs.empty
    assert "no costs" in describe_costs(alone)
    given = read_week_sales(actuals)
    given.loc[given["date"] >= start, "qty"] += 40
    with_later = backtest(loaded, "unit_pricing_smoothing", start=start, rounds=1, actuals=given)
    pd.testing.assert_frame_equal(alone.orders, with_later.orders)


def test_wrong_requests_say_what_to_do(project):
    loaded, _, actuals = project
    start = pd.Timestamp("2024-05-06")
    with pytest.raises(BacktestError, match="Policies: unit_pricing"):
        backtest(loaded, "unitpricing", start=start, rounds=1)
    with pytest.raises(BacktestError, match="week of 2024-05-06"):
        backtest(loaded, "moving_average_cover_4", start=start, rounds=2)
    with pytest.raises(BacktestError, match=r"Wednesday. Start on 2024-05-06 or 2024-05-13"):
        backtest(loaded, "moving_average_cover_4", start=start + pd.Timedelta(days=2), rounds=1)
    with pytest.raises(BacktestError, match="before 2022"):
        backtest(loaded, "moving_average_cover_4", start=pd.Timestamp("2022-01-03"), rounds=1)
    given = read_week_sales(actuals)
    some = given[given["location_id"] != "2"]
    with pytest.raises(BacktestError, match="lack 1 item-locations"):
        backtest(loaded, "moving_average_cover_4", start=start, rounds=2, actuals=some)


def test_past_start_warms_up(project):
    loaded, _, _ = project
    result = backtest(loaded, "moving_average_cover_4", start=pd.Timestamp("2024-02-05"), rounds=3)
    assert result.warmed_up
    assert len(result.costs) == 5
    assert "warm-up" in describe_costs(result)


def test_missing_files_and_bad_cells_are_told_at_once(tmp_path):
    with pytest.raises(InputError) as error:
        write_vn2_project(tmp_path, tmp_path)
    assert len(error.value.issues) == 4
    path = tmp_path / "sales.csv"
    path.write_text("Store,Product,2024-05-06,2024-05-13\n1,2,,x\n1,2,3,-4\n", encoding="utf-8")
    with pytest.raises(InputError) as error:
        read_week_sales(path)
    assert set(error.value.issues["rule"]) == {"double_key", "no_quantity"}
    assert len(error.value.issues) == 3


@needs_data
def test_the_challenge_itself(tmp_path):
    """Costs of the official rule and of a cover of 3.5 weeks, worked out before by an independent program.

    In window 8 (149 weeks known) of eight windows, each with a warm-up of twelve weeks under its own rule.
    """
    write_vn2_project(DATA, tmp_path)
    loaded = load_project(tmp_path)
    panel = build_panel(loaded.tables, pd.Timestamp(loaded.scenario.horizon.start))
    assert panel.sales.shape == (599, 157)
    assert panel.sales.sum() == 276_648
    terms = read_terms(loaded, build_network(loaded.tables, loaded.scenario).supply, panel.keys)
    stock = read_stock(loaded, panel.keys, terms)
    assert stock.on_hand.sum() == 2225
    np.testing.assert_array_equal(stock.in_transit.sum(axis=0), [0.0, 1699.0, 0.0])
    for cover, known in ((4.0, 4096.0), (3.5, 3507.0)):
        rule = MovingAverageCover(cover)
        start = warmed_stock(panel, 149, terms, rule)
        cost = walk(panel, 149, start, terms, rule, rounds=6, weeks=8).cost(3)
        assert cost == pytest.approx(known, abs=2.0)
