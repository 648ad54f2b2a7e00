"""Kernels of later stages are compiled by another process while earlier stages run."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest
from worker_tasks import die_at_first, write_later

from planner.engine import ahead
from planner.engine.ahead import Ahead
from planner.recall import compute_anew


def plan() -> str:
    return "planned"


@pytest.mark.parametrize("compiled", [False, True])
def test_what_needs_the_kernels_waits_for_them_and_nothing_is_begun_where_they_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compiled: bool
) -> None:
    monkeypatch.setattr(ahead, "is_compiled", lambda _: compiled)
    done = tmp_path / "done"
    with Ahead(partial(write_later, str(done))) as other:
        recall = other.recall(compute_anew)
        assert recall("replenishment", plan) == "planned"
        assert not done.exists(), "nobody waits before it is needed"
        assert recall("routing", done.exists) is not compiled
        assert recall("simulation", done.exists) is not compiled


def test_a_process_that_dies_is_not_missed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "is_compiled", lambda _: False)
    with Ahead(partial(_die, str(tmp_path / "tries"))) as other:
        recall = other.recall(compute_anew)
        recall("replenishment", plan)
        assert recall("routing", plan) == "planned"
    assert os.stat(tmp_path / "tries").st_size == 1


def _die(file: str, _: object) -> str:
    return die_at_first(file, 9)
