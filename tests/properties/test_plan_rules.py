"""Plans of the `planner` command keep every rule of their input, by a judge that shares no code with the planner."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from judge.case import Case
from judge.plan_judge import RULES

CASES = ["weekly 1", "weekly 2", "daily 1", "daily 2", "tight 1", "tight 2", "iowa"]


@pytest.mark.slow
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", CASES)
def test_the_plan_keeps(judged_case: Callable[[str], Case], name: str, rule: str) -> None:
    violations = list(RULES[rule](judged_case(name)))
    assert not violations, f"{len(violations)} violations, first: " + "; ".join(violations[:5])


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_there_is_something_to_judge(judged_case: Callable[[str], Case], name: str) -> None:
    """A plan without orders would keep every rule."""
    plan = judged_case(name).plan
    kinds = {order["type"] for order in plan["replenishment_orders"]}
    assert kinds == {"PO", "DO"}
    assert len({route["date"] for route in plan["routes"]}) >= 5
    placed = len(plan["stops"]) / len(plan["loads"])
    assert placed > 0.9, f"only {placed:.0%} of the loads are on routes"
