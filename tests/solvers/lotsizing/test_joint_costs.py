"""Joint costs: whole trucks, fixed costs and smallest orders of a supplier; all engines agree on small cases."""

from __future__ import annotations

import numpy as np
import pytest
from lot_sizing_cases import cheapest_by_enumeration, lot_sizing
from test_lot_sizing_models import NEAR, exact_cost, pyomo_cost

from solvers.lotsizing.decomposition import decompose
from solvers.lotsizing.joint import bought, with_order_costs, with_trucks
from solvers.lotsizing.problem import LotSizingProblem
from solvers.lotsizing.solve import solve
from solvers.lotsizing.verify import verify


def on_trucks(seed: int, items: int, buckets: int, most: int) -> LotSizingProblem:
    """Return item-locations on two lanes whose trucks take kg and m3."""
    rng = np.random.default_rng(seed)
    problem = lot_sizing(
        rng.integers(0, 4, (items, buckets)),
        opening=rng.integers(0, 2, items),
        pack=rng.integers(1, 3, items),
        max_packs=most,
        setup=rng.uniform(0.0, 2.0, items),
        shortage=rng.uniform(4.0, 9.0, items),
        storage=8,
    )
    return with_trucks(
        problem,
        lane=(np.arange(items) % 2).astype(np.int32),
        amount=rng.uniform(0.5, 2.0, (2, items)),
        size=rng.uniform(2.0, 4.0, (2, 2)),
        price=rng.uniform(2.0, 6.0, 2),
        most=np.array([2, 1], np.int32),
    )


def at_suppliers(seed: int, items: int, buckets: int, most: int) -> LotSizingProblem:
    """Return item-locations that order at two suppliers, each with a fixed cost and a smallest order."""
    rng = np.random.default_rng(seed)
    problem = lot_sizing(
        rng.integers(0, 4, (items, buckets)),
        max_packs=most,
        shortage=rng.uniform(4.0, 9.0, items),
        holding=rng.uniform(0.1, 0.5, items),
        storage=8,
    )
    return with_order_costs(
        problem,
        supplier=(np.arange(items) % 2).astype(np.int32),
        value=rng.uniform(1.0, 3.0, items),
        least=np.array([3.0, 5.0]),
        most=np.array([40.0, 40.0]),
        price=rng.uniform(1.0, 6.0, 2),
    )


@pytest.mark.parametrize("make", [on_trucks, at_suppliers])
@pytest.mark.parametrize("seed", range(3))
def test_tiny_cases_cost_what_the_best_of_all_plans_costs(make: type, seed: int) -> None:
    problem = make(seed, 2, 2, 2)
    expected = cheapest_by_enumeration(problem)
    assert exact_cost(problem) == pytest.approx(expected, **NEAR)
    assert pyomo_cost(problem) == pytest.approx(expected, **NEAR)


@pytest.mark.parametrize("make", [on_trucks, at_suppliers])
@pytest.mark.parametrize("seed", range(3, 6))
def test_models_agree_and_the_decomposition_brackets_them(make: type, seed: int) -> None:
    problem = make(seed, 4, 3, 4)
    optimum = exact_cost(problem)
    assert pyomo_cost(problem) == pytest.approx(optimum, **NEAR)
    found = decompose(problem, target_gap=0.0, iterations=40, seed=1, threads=1)
    assert found.lower_bound <= optimum + 1e-6
    if found.status != "infeasible":  # a smallest order is not always met; the exact engine is then asked
        assert optimum <= found.cost + 1e-6
    proven = solve(problem, engine="exact", target_gap=0.0, iterations=40, seed=1, threads=1)
    assert (proven.status, proven.cost) == ("optimal", pytest.approx(optimum, **NEAR))


def test_trucks_are_bought_whole_and_only_as_needed() -> None:
    problem = on_trucks(1, 30, 5, 6)
    found = decompose(problem, target_gap=0.0, iterations=40, seed=1, threads=1)
    verdict = verify(problem, found.packs)
    assert verdict.faults == ()
    trucks = bought(problem)
    assert trucks.sum() == 2 * 5
    for k, t in zip(*np.nonzero(found.packs * trucks[:, None]), strict=True):
        fewer = found.packs.copy()
        fewer[k, t] -= 1
        assert verify(problem, fewer).faults != ()


def test_a_smallest_order_is_all_or_nothing() -> None:
    one = lot_sizing([[1, 0], [1, 0]], max_packs=3, shortage=5.0, holding=0.5)
    terms = {"supplier": np.zeros(2, np.int32), "value": np.ones(2), "most": np.array([9.0])}
    dear = with_order_costs(one, least=np.array([4.0]), price=np.array([3.0]), **terms)
    # one order of the worth of 4: 3, and two units more than needed, held for two buckets: 2
    assert exact_cost(dear) == pytest.approx(5.0)
    dearer = with_order_costs(one, least=np.array([4.0]), price=np.array([9.0]), **terms)
    assert exact_cost(dearer) == pytest.approx(10.0)  # nothing ordered, two units lost


def test_dcs_combine_their_orders_to_the_smallest_a_supplier_takes() -> None:
    rng = np.random.default_rng(3)
    demand = np.zeros((6, 8), np.int32)
    demand[:4] = rng.integers(0, 5, (4, 8))
    chain = lot_sizing(
        demand, opening=6, shortage=20.0, holding=0.05, storage=60, max_packs=30, source=[4, 4, 5, 5, -1, -1]
    )
    problem = with_order_costs(
        chain,
        supplier=np.array([-1, -1, -1, -1, 0, 0], np.int32),
        value=np.array([0.0, 0.0, 0.0, 0.0, 2.0, 1.0]),
        least=np.array([25.0]),
        most=np.array([200.0]),
        price=np.array([2.0]),
    )
    found = decompose(problem, target_gap=0.0, iterations=40, seed=1, threads=1)
    verdict = verify(problem, found.packs)
    assert verdict.faults == ()
    value = found.packs[4:6].T @ np.array([2.0, 1.0])
    assert (value > 0).any()
    assert ((value == 0) | (value >= 25.0)).all()


def test_the_bound_of_dcs_with_smallest_orders_counts_what_the_stores_need() -> None:
    rng = np.random.default_rng(7)
    lines, stores, T = 10, 4, 12
    K = lines * (stores + 1)
    demand = np.zeros((K, T), np.int32)
    demand[: lines * stores] = rng.integers(0, 6, (lines * stores, T))
    of_dc = np.arange(K) >= lines * stores
    chain = lot_sizing(
        demand,
        opening=np.where(of_dc, 25, 4),
        pack=np.where(of_dc, 4, 2),
        setup=np.where(of_dc, 1.0, 0.5),
        holding=np.where(of_dc, 0.02, 0.05),
        shortage=np.where(of_dc, 0.0, 6.0),
        storage=np.where(of_dc, 150, 30)[:, None],
        max_packs=30,
        source=np.where(of_dc, -1, lines * stores + np.arange(K) // stores),
    )
    value = rng.uniform(2.0, 9.0, K)
    daily = float((value / 4)[of_dc].mean() * demand.sum() / T)
    problem = with_order_costs(
        chain,
        supplier=np.where(of_dc, 0, -1).astype(np.int32),
        value=np.where(of_dc, value, 0.0),
        least=np.array([3 * daily]),
        most=np.array([20 * daily]),
        price=np.array([10.0]),
    )
    found = decompose(problem, target_gap=0.01, iterations=60, seed=1, threads=1)
    verdict = verify(problem, found.packs)
    assert verdict.faults == ()
    assert found.lower_bound >= 0.6 * verdict.cost
