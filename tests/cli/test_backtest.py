"""`planner init --from vn2` and `planner backtest` as a user types them."""

from __future__ import annotations

import pandas as pd
import pytest
from vn2_files import write_tables


@pytest.fixture
def challenge(tmp_path, planner):
    source = tmp_path / "challenge"
    source.mkdir()
    write_tables(source)
    answer = planner("init", tmp_path / "project", "--from", "vn2", source)
    assert answer.code == 0
    return tmp_path / "project", source / "actuals.csv"


def test_backtest_writes_orders_and_costs(challenge, planner, tmp_path):
    project, actuals = challenge
    words = ["backtest", project, "--policy", "unit_pricing_smoothing", "--start", "2024-05-06", "--rounds", 6]
    answers = [planner(*words, "--actuals", actuals, "--output", tmp_path / name) for name in ("one", "two")]
    assert [answer.code for answer in answers] == [0, 0]
    assert "Cost of weeks 3 to 8: " in answers[0].out
    for name in ("orders.csv", "costs.csv"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert list(pd.read_csv(tmp_path / "one" / "costs.csv").columns) == ["week", "holding", "shortage"]
    orders = pd.read_csv(tmp_path / "one" / "orders.csv", dtype={"location_id": str, "item_id": str})
    assert list(orders.columns) == ["round", "order_date", "location_id", "item_id", "qty"]
    assert sorted(orders["round"].unique()) == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--policy", "best"], "Policies: unit_pricing"),
        (["--start", "2024-05-05"], "2024-04-29 or 2024-05-06"),
        (["--start", "soon"], "is no date"),
        (["--policy", "moving_average_cover_4", "--rounds", 3], "--actuals"),
        (["--actuals", "nowhere.csv"], "nowhere.csv"),
    ],
)
def test_bad_requests_exit_2(challenge, planner, tmp_path, words, text):
    answer = planner("backtest", challenge[0], *words, "--output", tmp_path / "out")
    assert answer.code == 2
    assert text in answer.err
    assert not (tmp_path / "out").exists()


def test_init_from_needs_a_folder(planner, tmp_path):
    assert planner("init", tmp_path / "new", "--from", "vn2").code == 2
    answer = planner("init", tmp_path / "new", tmp_path, "--from", "vn2")
    assert answer.code == 2
    assert "Sales.csv" in answer.err
    assert not (tmp_path / "new").exists()
