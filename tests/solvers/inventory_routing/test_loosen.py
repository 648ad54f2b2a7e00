"""Where no plan keeps the rules: the least that must give way, and a plan made with it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from solvers.inventory_routing.evaluate import evaluate
from solvers.inventory_routing.loosen import loosen
from solvers.inventory_routing.problem import InventoryRoutingProblem
from solvers.routing.stop import iterations


def problem() -> InventoryRoutingProblem:
    """Three customers that use 10 a day and have 10 at first; the depot has 40 and gets 30 every evening."""
    at = np.array([[0, 0], [0, 10], [10, 0], [10, 10]])
    return InventoryRoutingProblem(
        distance=np.rint(np.hypot(*(at[:, None] - at[None]).transpose(2, 0, 1))),
        demand=np.array([[0, 0, 0], [10, 10, 10], [10, 10, 10], [10, 10, 10]]),
        opening=np.array([40, 10, 10, 10]),
        least=np.zeros(4, np.int64),
        most=np.array([0, 30, 30, 30]),
        holding=np.array([0.1, 0.2, 0.2, 0.2]),
        supply=np.array([30, 30, 30]),
        capacity=30,
        vehicles=1,
    )


CASES = {
    "a depot short of stock": (
        {"opening": np.array([5, 10, 10, 10]), "supply": np.array([5, 5, 5])},
        [
            "20 units more at the depot by day 2: now 10, needed 30",
            "45 units more at the depot by day 3: now 15, needed 60",
        ],
    ),
    "a fleet too small": ({"capacity": 12}, ["1 more vehicle a day: now 1, needed 2"]),
    "a store that no pattern serves": (
        {"demand": np.array([[0, 0, 0], [10, 28, 28], [0, 0, 0], [0, 0, 0]]), "capacity": 20, "vehicles": 2},
        ["vehicles that carry 6 units more: now 20, needed 26"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_least_change_is_named_and_a_plan_made_with_it(case: str) -> None:
    changes, told = CASES[case]
    tight = replace(problem(), **changes)
    found = loosen(tight, lambda: iterations(20000), seed=1)
    assert found is not None
    loosened, result = found
    assert [str(change) for change in loosened] == told
    assert result.plan is not None
    assert evaluate(tight, result.plan).faults
    depot = next((change for change in loosened if change.rule == "depot_stock"), None)
    if depot is not None:
        lacking = {change.day: change.needed - change.now for change in loosened}
        opening, supply = tight.opening.copy(), tight.supply.copy()
        before = 0
        for day, units in sorted(lacking.items()):
            if day == 1:
                opening[0] += units
            else:
                supply[day - 2] += units - before
            before = units
        assert evaluate(replace(tight, opening=opening, supply=supply), result.plan).faults == ()


def test_nothing_gives_way_where_a_plan_exists() -> None:
    found = loosen(problem(), lambda: iterations(20000))
    assert found is not None
    assert found[0] == ()
    assert evaluate(problem(), found[1].plan).faults == ()
