"""Changes to a plan are counted as the judge of the solvers counts, and orders get worth what suppliers ask for."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from planner.replenishment.edits import PlanEditor
from planner.replenishment.order_value import raise_order_values
from solvers.lotsizing.problem import DISPATCH, RECEIVING, STORAGE, LotSizingProblem
from solvers.lotsizing.verify import verify

T = 5


def problem(random: np.random.Generator, **changes: Any) -> LotSizingProblem:
    """Two items at a dc (rows 0, 1) and at a store (2, 3), with one limit of every kind."""
    K = 4

    def whole(low: int, high: int, *shape: int) -> Any:
        return random.integers(low, high, shape or K).astype(np.int32)

    values: dict[str, Any] = {
        "demand": whole(0, 8, K, T),
        "opening": np.array([30, 40, 5, -2], np.int32),
        "receipts": whole(0, 5, K, T),
        "pack": np.array([6, 4, 3, 2], np.int32),
        "moq": np.array([2, 1, 1, 2], np.int32),
        "lead": np.array([1, 1, 0, 1], np.int32),
        "min_packs": np.zeros((K, T), np.int32),
        "max_packs": np.full((K, T), 9, np.int32),
        "holding": random.uniform(0.1, 1, K),
        "shortage": random.uniform(2, 5, K),
        "shortfall": random.uniform(0.1, 1, K),
        "safety": whole(0, 6, K, T),
        "storage": np.full((K, T), 60, np.int32),
        "setup": random.uniform(0, 5, K),
        "pack_cost": random.uniform(0, 1, K),
        "end_value": random.uniform(0, 1, K),
        "backorders": np.array([False, False, False, True]),
        "source": np.array([-1, -1, 0, 1], np.int32),
        "capacity": np.array([[14.0] * T, [12.0] * T, [90.0] * T]),
        "kind": np.array([RECEIVING, DISPATCH, STORAGE], np.int32),
        "usage_start": np.array([0, 2, 4, 5, 6], np.int32),
        "usage_resource": np.array([0, 2, 0, 2, 1, 1], np.int32),
        "usage_amount": np.array([1.0, 1.0, 2.0, 1.0, 1.5, 1.0]),
    }
    return LotSizingProblem(**(values | changes))


@pytest.mark.parametrize("seed", range(3))
def test_changes_are_counted_and_refused_as_the_judge_does(seed: int) -> None:
    random = np.random.default_rng(seed)
    given = problem(random)
    editor = PlanEditor(given, np.zeros((4, T), np.int32))
    made = refused = 0
    for _ in range(400):
        moves = [(int(random.integers(4)), int(random.integers(T)), int(random.integers(-3, 5))) for _ in range(2)]
        before = editor.packs.copy()
        wanted = before.copy()
        for k, t, packs in moves:
            wanted[k, t] += packs
        verdict = verify(given, wanted.astype(np.int32))
        added = editor.change(moves)
        if verdict.faults:
            assert added is None
            assert np.array_equal(editor.packs, before)
            refused += 1
        else:
            assert added == pytest.approx(verdict.cost - verify(given, before.astype(np.int32)).cost)
            assert np.array_equal(editor.packs, wanted)
            made += 1
    assert made > 20
    assert refused > 20


def test_a_change_that_is_only_tried_leaves_the_plan() -> None:
    editor = PlanEditor(problem(np.random.default_rng(0)), np.zeros((4, T), np.int32))
    assert editor.change([(1, 2, 1)], keep=False) is not None
    assert not editor.packs.any()


def raised(packs: list[list[int]], minimum: float, **changes: Any) -> tuple[Any, Any, LotSizingProblem]:
    """Return the plan after, what was added to, and the problem; a pack of item 0 is worth 12, of item 1 20 money."""
    given = problem(np.random.default_rng(1), **changes)
    full = np.zeros((4, T), np.int32)
    full[: len(packs)] = packs
    rows = pd.DataFrame(
        {
            "source_id": ["ACME", "ACME", "DC", "DC"],
            "source_type": ["supplier", "supplier", "location", "location"],
            "location_id": ["DC", "DC", "S", "S"],
            "unit_cost": [2.0, 5.0, 0.0, 0.0],
        }
    )
    model: Any = SimpleNamespace(rows=rows, problem=given, unit=np.ones(4), forecast=given.demand.astype(np.float64))
    editor = PlanEditor(given, full)
    suppliers = pd.DataFrame({"supplier_id": ["ACME"], "min_order_value": [minimum]})
    topped = raise_order_values(editor, model, suppliers)
    return editor.packs, topped, given


@pytest.mark.parametrize("minimum", [0.0, 30.0, 60.0, 100.0])
@pytest.mark.parametrize("packs", [[[0, 2, 0, 2, 0], [0, 0, 1, 1, 0]], [[2, 0, 0, 0, 2], [1, 0, 0, 0, 0]]])
def test_every_order_is_worth_the_minimum_or_none(packs: list[list[int]], minimum: float) -> None:
    after, topped, given = raised(packs, minimum)
    value = np.array([12.0, 20.0]) @ after[:2]
    assert ((value == 0) | (value >= minimum)).all()
    assert not verify(given, after.astype(np.int32)).faults
    assert (after[:2][topped[:2]] > 0).all()
    if minimum == 0:
        assert np.array_equal(after[:2], packs)


def test_an_order_that_nobody_can_do_without_is_topped_up() -> None:
    least = np.zeros((4, T), np.int32)
    least[1, 2] = 1
    after, topped, _ = raised([[0, 0, 0, 0, 0], [0, 0, 1, 0, 0]], 44.0, min_packs=least)
    assert np.array([12.0, 20.0]) @ after[:2, 2] >= 44.0
    assert topped[:, 2].any()
    assert not after[:, [0, 1, 3, 4]].any()


def test_an_order_that_cannot_be_raised_goes_with_the_deliveries_that_rely_on_it() -> None:
    packs = [[0, 2, 0, 0, 0], [0, 0, 0, 0, 0], [1, 0, 2, 2, 0], [0, 0, 0, 0, 0]]
    most = np.array(packs, np.int32)
    stock = {"opening": np.array([4, 0, 5, 0], np.int32), "receipts": np.zeros((4, T), np.int32)}
    nothing = np.zeros((4, T), np.int32)
    after, topped, given = raised(packs, 100.0, max_packs=most, demand=nothing, safety=nothing, **stock)
    assert not after[0].any()
    assert after[2].tolist() == [1, 0, 0, 0, 0]
    assert not topped.any()
    assert not verify(given, after.astype(np.int32)).faults
