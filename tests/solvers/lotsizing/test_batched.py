"""The batched programme: Numba, NumPy and any array library of the standard (so CuPy) agree."""

from __future__ import annotations

from dataclasses import replace

import array_api_strict
import numpy as np
import pytest
from lot_sizing_cases import lot_sizing
from test_paths import sharing

from solvers.lotsizing.batched import BatchedProgramme
from solvers.lotsizing.relaxation import Relaxation
from solvers.lotsizing.threads import Threads
from solvers.lotsizing.verify import verify


@pytest.fixture(autouse=True)
def _standard() -> None:
    """The stand-in for CuPy keeps the standard that knows numbers beside arrays in `where`, whatever ran before."""
    array_api_strict.set_array_api_strict_flags(api_version="2024.12")


@pytest.mark.parametrize("seed", range(30, 38))
@pytest.mark.parametrize("namespace", [np, array_api_strict])
def test_backends_agree_on_values_and_plans(seed: int, namespace: object) -> None:
    problem = sharing(seed, 8, 6, 6)
    if seed % 4 == 0:  # pins
        pinned = problem.max_packs * (np.random.default_rng(seed).random(problem.max_packs.shape) < 0.2)
        problem = replace(problem, min_packs=pinned.astype(np.int32))
    prices = np.random.default_rng(seed).uniform(0.0, 2.0, problem.capacity.shape)
    with Threads(1) as pool:
        priced = Relaxation(problem, pool).solve(prices, np.zeros((0, problem.buckets)))
    value, packs = BatchedProgramme(problem, namespace).solve(prices)
    possible = priced.cost < 1e17
    assert possible.any()
    assert ((value < 1e17) == possible).all()
    assert (
        value[possible].sum() == pytest.approx(priced.bound + (prices * problem.capacity).sum()) or not possible.all()
    )
    free = replace(problem, capacity=np.full(problem.capacity.shape, 1e9))
    if possible.all():
        assert verify(free, packs).faults == ()
        assert verify(free, packs).cost == pytest.approx(priced.cost.sum())


def test_what_the_batched_programme_is_not_for_is_said() -> None:
    with pytest.raises(ValueError, match="supply each other"):
        BatchedProgramme(lot_sizing(np.ones((2, 2)), source=[1, -1]))
    with pytest.raises(ValueError, match="no plan"):
        BatchedProgramme(lot_sizing([[0, 0]], opening=9, storage=3))
