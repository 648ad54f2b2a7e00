"""The bound that shares the fixed cost of a source's orders: never above the optimum, well above the plain one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from lot_sizing_cases import lot_sizing
from test_lot_sizing_models import exact_cost

from solvers.lotsizing.batches import _within, raised_bound
from solvers.lotsizing.decomposition import decompose
from solvers.lotsizing.joint import with_order_costs
from solvers.lotsizing.problem import DISPATCH, LotSizingProblem
from solvers.lotsizing.relaxation import Relaxation
from solvers.lotsizing.threads import Threads

_T = 8


def dcs(seed: int, *, at_one_supplier: bool) -> LotSizingProblem:
    """Return two items at a dc (the last rows) and two stores, with dear orders of each item or of both together."""
    rng = np.random.default_rng(seed)
    demand = np.append(rng.integers(0, 5, (4, _T)), np.zeros((2, _T), int), axis=0)
    problem = lot_sizing(
        demand,
        opening=np.append(rng.integers(0, 5, 4), rng.integers(3, 9, 2)),
        pack=[1, 1, 2, 2, 2, 4],
        lead=[0, 1, 0, 1, 0, 0],
        max_packs=np.where(np.arange(_T) < np.array([0, 0, 0, 0, 2, 1])[:, None], 0, 12),
        source=[4, 4, 5, 5, -1, -1],
        setup=np.append(rng.uniform(0.0, 0.6, 4), [0.5, 0.5] if at_one_supplier else rng.uniform(3.0, 6.0, 2)),
        holding=rng.uniform(0.2, 0.5, 6),
        shortage=rng.uniform(5.0, 9.0, 6),
        storage=60,
        capacity=np.full((1, _T), 9.0),
        kind=[DISPATCH],
        usage_start=[0, 1, 2, 3, 4, 4, 4],
        usage_resource=np.zeros(4),
        usage_amount=np.ones(4),
    )
    if not at_one_supplier:
        return problem
    return with_order_costs(
        problem,
        supplier=np.array([-1, -1, -1, -1, 0, 0], np.int32),
        value=np.array([0.0, 0.0, 0.0, 0.0, 2.0, 4.0]),
        least=np.array([6.0]),
        most=np.array([200.0]),
        price=np.array([8.0]),
    )


@pytest.mark.parametrize("at_one_supplier", [False, True])
def test_the_raised_bound_stays_below_the_optimum(at_one_supplier: bool) -> None:
    closed = []
    for seed in range(2):
        problem = dcs(seed, at_one_supplier=at_one_supplier)
        optimum = exact_cost(problem)
        found = decompose(problem, target_gap=0.0, iterations=60, seed=1, threads=1)
        assert found.lower_bound <= optimum + 1e-6 <= found.cost + 2e-6
        with Threads(1) as pool:
            relaxation = Relaxation(problem, pool)
            plain = relaxation.solve(found.prices, found.stock_prices[relaxation.coupling.sources]).bound
            anew = raised_bound(
                relaxation, plain, found.prices, found.stock_prices[relaxation.coupling.sources], found.packs
            )
        assert plain - 1e-9 <= anew <= optimum + 1e-6
        closed.append((anew - plain) / (optimum - plain))
    assert np.mean(closed) > 0.25


def test_sources_without_batches_keep_the_plain_bound() -> None:
    problem = dcs(0, at_one_supplier=False)
    given_ = {name: getattr(problem, name) for name in problem.__dataclass_fields__}
    given_["end_value"] = np.full(6, 0.1)
    worth = LotSizingProblem(**given_)
    with Threads(1) as pool:
        relaxation = Relaxation(worth, pool)
        none = np.zeros((2, _T))
        bound = relaxation.solve(np.zeros((1, _T)), none).bound
        assert raised_bound(relaxation, bound, np.zeros((1, _T)), none, np.zeros((6, _T), np.int32)) == bound


@settings(max_examples=30, deadline=None)
@given(
    fee=arrays(np.float64, (4, 3), elements=st.floats(-5, 5)),
    fixed=arrays(np.float64, 3, elements=st.floats(0, 6)),
)
def test_shares_are_projected_to_what_an_order_costs(fee: np.ndarray, fixed: np.ndarray) -> None:
    shared = _within(fee, fixed)
    assert (shared >= 0).all()
    assert (shared.sum(axis=0) <= fixed + 1e-9).all()
    inside = np.maximum(fee, 0).sum(axis=0) <= fixed
    np.testing.assert_allclose(shared[:, inside], np.maximum(fee, 0)[:, inside])
