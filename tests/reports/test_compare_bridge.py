"""The bridge: exact sums, and shares as the textbook formula of the Shapley value gives them."""

from __future__ import annotations

from itertools import combinations, permutations
from math import factorial

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.bridge import COST_KINDS, apportion, split_change

NAMES = "abc"
VALUES = st.lists(st.floats(-1e6, 1e6).map(lambda x: round(x, 3)), min_size=8, max_size=8)


def _subsets() -> list[frozenset[str]]:
    return [frozenset(c) for size in range(4) for c in combinations(NAMES, size)]


def _kpis(value: float) -> pd.DataFrame:
    figures = {"simulated_cost": (value, "USD"), "simulated_fill_rate": (value * 1e-7, "share 0..1")}
    return pd.DataFrame([{"kpi": k, "group_by": "all", "value": v, "unit": u} for k, (v, u) in figures.items()])


def _formula(game: dict[frozenset[str], float], part: str) -> float:
    """Return the share of a part by the sum over coalitions."""
    others = [name for name in NAMES if name != part]
    total = 0.0
    for size in range(3):
        for group in combinations(others, size):
            weight = factorial(size) * factorial(2 - size) / factorial(3)
            total += weight * (game[frozenset((*group, part))] - game[frozenset(group)])
    return total


@settings(max_examples=20)
@given(values=VALUES)
def test_shares_follow_the_formula_and_add_up_to_the_cent(values: list[float]) -> None:
    game = dict(zip(_subsets(), values, strict=True))
    parts = {"a": "patch", "b": "patch", "c": "setting"}
    bridge = split_change({s: _kpis(v) for s, v in game.items()}, parts, list(permutations(NAMES)), ("from", "to"))
    for kpi, digits in (("simulated_cost", 2), ("simulated_fill_rate", 6)):
        rows = bridge.table[bridge.table["kpi"] == kpi].set_index("step")["value"]
        scale = 10**digits
        units = [round(value * scale) for value in rows]
        assert units[0] + sum(units[1:-1]) == units[-1]
    rows = bridge.table[bridge.table["kpi"] == "simulated_cost"].set_index("part")
    for part in NAMES:
        assert rows.loc[part, "value"] == pytest.approx(_formula(game, part), abs=0.02)
        assert rows.loc[part, "lowest"] <= _formula(game, part) + 1e-6
        assert rows.loc[part, "highest"] >= _formula(game, part) - 1e-6
    assert (bridge.orders, bridge.all_orders, bridge.runs, bridge.dropped) == (6, 6, 8, 0)
    assert "all 6 orders" in bridge.method


def test_a_part_without_effect_gets_nothing_and_equal_parts_the_same() -> None:
    game = {s: 10.0 * (("a" in s) + ("b" in s)) ** 2 for s in _subsets()}
    bridge = split_change(
        {s: _kpis(v) for s, v in game.items()}, dict.fromkeys(NAMES, "patch"), list(permutations(NAMES)), ("from", "to")
    )
    rows = bridge.table[bridge.table["kpi"] == "simulated_cost"].set_index("part")["value"]
    assert rows.to_dict() == {"from": 0.0, "a": 20.0, "b": 20.0, "c": 0.0, "to": 40.0}


def test_orders_through_a_plan_without_solution_are_left_out() -> None:
    game = {s: float(len(s)) for s in _subsets() if s != frozenset("a")}
    bridge = split_change(
        {s: _kpis(v) for s, v in game.items()}, dict.fromkeys(NAMES, "patch"), list(permutations(NAMES)), ("from", "to")
    )
    rows = bridge.table[bridge.table["kpi"] == "simulated_cost"].set_index("part")["value"]
    assert rows["a"] + rows["b"] + rows["c"] == 3.0
    assert (bridge.orders, bridge.dropped) == (4, 2)
    assert "left out" in bridge.method
    only = {s: v for s, v in game.items() if len(s) != 1}
    with pytest.raises(ValueError, match="no order"):
        split_change(
            {s: _kpis(v) for s, v in only.items()}, dict.fromkeys(NAMES, "patch"), list(permutations(NAMES)), ("f", "t")
        )


@given(values=st.lists(st.floats(-1e5, 1e5), min_size=1, max_size=9), digits=st.integers(0, 3))
def test_rounded_parts_add_up_and_stay_near(values: list[float], digits: int) -> None:
    total = round(sum(values), digits)
    parts = apportion(np.array(values), total, digits)
    scale = 10**digits
    assert sum(round(part * scale) for part in parts) == round(total * scale)
    assert all(abs(part - value) <= 1.01 / scale for part, value in zip(parts, values, strict=True))


@settings(max_examples=20)
@given(values=st.lists(st.tuples(*[st.floats(0, 1e4)] * 4), min_size=8, max_size=8))
def test_kinds_of_cost_add_up_in_both_directions(values: list[tuple[float, float, float, float]]) -> None:
    kinds = COST_KINDS["planned_cost"]
    figures = {}
    for chosen, costs in zip(_subsets(), values, strict=True):
        rows = dict(zip(kinds, costs, strict=True)) | {"planned_cost": sum(costs)}
        figures[chosen] = pd.DataFrame(
            [{"kpi": kpi, "group_by": "all", "value": value, "unit": "USD"} for kpi, value in rows.items()]
        )
    table = split_change(figures, dict.fromkeys(NAMES, "patch"), list(permutations(NAMES)), ("from", "to")).table
    cents = (100 * table.set_index(["kpi", "part"])["value"]).round().astype(int).unstack()
    assert (cents[list(NAMES)].sum(axis=1) == cents["to"] - cents["from"]).all()
    together, total = cents.loc[list(kinds), list(NAMES)].sum(), cents.loc["planned_cost"]
    if together.sum() == total["to"] - total["from"]:
        assert (together == total[list(NAMES)]).all()
