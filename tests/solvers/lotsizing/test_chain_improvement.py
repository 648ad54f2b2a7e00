"""Stores of a dc that is short are planned again together: cheaper plans that still keep every rule."""

from __future__ import annotations

import numpy as np
import pytest
from lot_sizing_cases import lot_sizing

from solvers.lotsizing import chains
from solvers.lotsizing.chain_kernels import LEFT_ALONE, PLAN_STAYS, PLANNED_ANEW
from solvers.lotsizing.decomposition import decompose
from solvers.lotsizing.problem import DISPATCH, STORAGE, LotSizingProblem
from solvers.lotsizing.relaxation import Relaxation
from solvers.lotsizing.threads import Threads
from solvers.lotsizing.verify import verify

_STORES, _T = 5, 14


def short_dcs(seed: int, kind: int | None = DISPATCH) -> LotSizingProblem:
    """Return two dcs (the last rows) with little stock until their first order, and five stores each.

    The stores share what can leave on a day; with `kind` STORAGE the second dc shares room with its stores instead.
    """
    rng = np.random.default_rng(seed)
    K = 2 * _STORES + 2
    demand = np.append(rng.integers(0, 6, (2 * _STORES, _T)), np.zeros((2, _T), int), axis=0)
    of_dc = np.append(np.repeat([K - 2, K - 1], _STORES), [-1, -1])
    rest = np.where(of_dc < 0, 1, 0)
    count = np.where((of_dc >= 0) | ((np.arange(K) == K - 1) & (kind == STORAGE)), 1, 0)
    return lot_sizing(
        demand,
        opening=np.append(rng.integers(0, 6, 2 * _STORES), [24, 24]),
        pack=np.append(np.repeat(rng.integers(2, 5, 2), _STORES), [12, 12]),
        max_packs=np.where(rest[:, None] == 1, np.where(np.arange(_T) < 4, 0, 8), 20),
        lead=1 - rest,
        source=of_dc,
        setup=rng.uniform(0.3, 1.5, K),
        holding=rng.uniform(0.05, 0.2, K),
        shortage=rng.uniform(4.0, 12.0, K),
        storage=np.where(rest == 1, 500, 40)[:, None],
        capacity=np.full((1, _T), 22.0 if kind == DISPATCH else 600.0),
        kind=[kind],
        usage_start=np.append(0, np.cumsum(count)),
        usage_resource=np.zeros(count.sum()),
        usage_amount=np.ones(count.sum()),
    )


def test_stores_planned_again_together_cost_less_and_break_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    lower = 0
    for seed in range(3):
        problem = short_dcs(seed)
        asked = {"target_gap": 0.0, "iterations": 60, "seed": 1, "threads": 1}
        after = decompose(problem, **asked)
        with monkeypatch.context() as without:
            without.setattr(chains, "ROUNDS", ())
            before = decompose(problem, **asked)
        verdict = verify(problem, after.packs)
        assert not verdict.faults
        assert after.cost == pytest.approx(verdict.cost)
        assert before.lower_bound <= after.cost <= before.cost + 1e-9
        lower += after.cost < before.cost * 0.999
    assert lower


@pytest.mark.parametrize(("kind", "expected"), [(DISPATCH, PLANNED_ANEW), (STORAGE, LEFT_ALONE)])
def test_sources_whose_stock_shares_room_are_left_alone(kind: int, expected: int) -> None:
    problem = short_dcs(0, kind)
    with Threads(1) as pool:
        allowed, free = chains.what_may_change(Relaxation(problem, pool), np.zeros(problem.item_locations, bool))
    assert allowed.tolist() == [PLANNED_ANEW, expected]
    assert free.sum() == _STORES * int(np.sum(allowed != LEFT_ALONE))


def test_a_source_that_shares_resources_keeps_its_orders() -> None:
    problem = short_dcs(1)
    K = problem.item_locations
    arrays = {name: getattr(problem, name) for name in problem.__dataclass_fields__}
    arrays["usage_start"] = np.append(arrays["usage_start"][:K], K - 1).astype(np.int32)
    arrays["usage_resource"], arrays["usage_amount"] = np.zeros(K - 1, np.int32), np.ones(K - 1)
    shared = LotSizingProblem(**arrays)
    with Threads(1) as pool:
        relaxation = Relaxation(shared, pool)
        allowed, _ = chains.what_may_change(relaxation, np.zeros(K, bool))
        assert allowed.tolist() == [PLANNED_ANEW, PLAN_STAYS]
        found = decompose(shared, target_gap=0.0, iterations=60, seed=1, threads=1)
        better = chains.anneal(relaxation, np.zeros(K, bool), found.packs, found.prices, np.zeros((2, _T)), number=0)
    verdict = verify(shared, better)
    assert not verdict.faults
    assert verdict.cost <= found.cost + 1e-9
    assert (better[K - 1] == found.packs[K - 1]).all()


def test_chains_without_shared_resources_are_improved_too() -> None:
    problem = short_dcs(2)
    arrays = {name: getattr(problem, name) for name in problem.__dataclass_fields__}
    arrays |= {name: arrays[name][:0] for name in ("capacity", "kind", "usage_resource", "usage_amount")}
    arrays["usage_start"] = np.zeros_like(arrays["usage_start"])
    alone = LotSizingProblem(**arrays)
    found = decompose(alone, target_gap=0.0, iterations=30, seed=1, threads=1)
    assert found.status != "infeasible"
    assert found.lower_bound <= found.cost
