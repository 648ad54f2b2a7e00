"""A short source shares what it has by the rule that the scenario states."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.replenishment.edits import PlanEditor
from planner.replenishment.fair_share import FairShare, share_fairly
from solvers.lotsizing.problem import LotSizingProblem
from solvers.lotsizing.verify import verify

T = 3
RULES: tuple[FairShare, ...] = ("proportional", "equal_days", "priority")


def chain(stock: int, demand: list[list[int]], opening: list[int], pack: int = 1, moq: int = 1) -> LotSizingProblem:
    """A source with `stock` (row 0) and stores with `demand` [n][T]; nothing more comes to the source."""
    n = len(demand)
    K = n + 1

    def per_row(first: Any, others: Any, dtype: type) -> Any:
        return np.array([first, *([others] * n)], dtype)

    return LotSizingProblem(
        demand=np.array([[0] * T, *demand], np.int32),
        opening=np.array([stock, *opening], np.int32),
        receipts=np.zeros((K, T), np.int32),
        pack=per_row(1, pack, np.int32),
        moq=per_row(1, moq, np.int32),
        lead=np.zeros(K, np.int32),
        min_packs=np.zeros((K, T), np.int32),
        max_packs=np.array([[0] * T, *([[1000, 0, 0]] * n)], np.int32),
        holding=np.full(K, 0.01),
        shortage=np.array([0.0, *range(1, K)], float),
        shortfall=np.zeros(K),
        safety=np.zeros((K, T), np.int32),
        storage=np.full((K, T), 10_000, np.int32),
        setup=np.zeros(K),
        pack_cost=np.zeros(K),
        end_value=np.zeros(K),
        backorders=np.zeros(K, bool),
        source=per_row(-1, 0, np.int32),
        capacity=np.zeros((0, T)),
        kind=np.zeros(0, np.int32),
        usage_start=np.zeros(K + 1, np.int32),
        usage_resource=np.zeros(0, np.int32),
        usage_amount=np.zeros(0),
    )


def share(problem: LotSizingProblem, sent: list[int], rule: FairShare, priority: list[float] | None = None) -> Any:
    """Return packs per store after sharing a plan that sends `sent` packs in the first bucket, and what was marked."""
    K = problem.item_locations
    packs = np.zeros((K, T), np.int32)
    packs[1:, 0] = sent
    editor = PlanEditor(problem, packs)
    rows = pd.DataFrame({"priority": [0.0, *(priority or [1.0] * (K - 1))]})
    model: Any = SimpleNamespace(problem=problem, rows=rows, pinned=np.zeros((K, T), bool))
    marked = share_fairly(editor, model, rule)
    assert not verify(problem, editor.packs.astype(np.int32)).faults
    return editor.packs[1:, 0].tolist(), marked


# 60 units for needs of 30, 60 and 90 over three buckets
NEEDY = [[10] * T, [20] * T, [30] * T]


def test_proportional_gives_everybody_the_same_share_of_the_need() -> None:
    packs, marked = share(chain(60, NEEDY, [0, 0, 0]), [0, 0, 60], "proportional")
    assert packs == [10, 20, 30]
    assert marked[1:, 0].all()


def test_equal_days_levels_what_is_there_with_what_comes() -> None:
    packs, _ = share(chain(60, NEEDY, [20, 0, 0]), [0, 0, 60], "equal_days")
    # 80 units for 60 a bucket: four thirds of a bucket everywhere; the first has more than that already
    assert packs[0] == 0
    assert abs(packs[1] / 20 - packs[2] / 30) < 1 / 20
    assert sum(packs) == 60


def test_priority_serves_the_highest_in_full_first() -> None:
    packs, _ = share(chain(60, NEEDY, [0, 0, 0]), [0, 0, 60], "priority", [2.0, 1.0, 1.0])
    assert packs == [30, 12, 18]


def test_whole_packs_and_smallest_orders_are_kept() -> None:
    packs, _ = share(chain(60, NEEDY, [0, 0, 0], pack=6, moq=2), [0, 0, 10], "proportional")
    assert sum(packs) <= 10
    assert all(count == 0 or count >= 2 for count in packs)


def test_a_source_that_has_enough_is_left_alone() -> None:
    packs, marked = share(chain(300, NEEDY, [0, 0, 0]), [30, 60, 60], "proportional")
    assert packs == [30, 60, 60]
    assert not marked.any()


@pytest.mark.parametrize("rule", RULES)
@given(data=st.data())
def test_never_more_than_there_was_nor_more_than_needed(rule: FairShare, data: st.DataObject) -> None:
    stores = data.draw(st.integers(2, 5))
    demand = [[data.draw(st.integers(0, 20)) for _ in range(T)] for _ in range(stores)]
    opening = [data.draw(st.integers(0, 15)) for _ in range(stores)]
    pack, moq = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 3))
    stock = data.draw(st.integers(0, 80))
    sent = [0] * stores
    sent[data.draw(st.integers(0, stores - 1))] = stock // pack if stock // pack >= moq else 0
    packs, marked = share(chain(stock, demand, opening, pack, moq), sent, rule)
    assert sum(packs) <= max(sum(sent), 0) or not marked.any()
    for k in np.flatnonzero(marked[1:, 0]):
        needed = max(sum(demand[k]) - opening[k], 0)
        assert packs[k] <= max(-(-needed // pack), moq)
