"""What expires is written off, and limits of several buckets together: all engines agree with plain enumeration."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lot_sizing_cases import cheapest_by_enumeration, lot_sizing, random_chain

from solvers.lotsizing.decomposition import decompose
from solvers.lotsizing.exact import to_milp
from solvers.lotsizing.paths import to_paths
from solvers.lotsizing.problem import FRESH, PERIOD, LotSizingProblem
from solvers.lotsizing.pyomo_model import lotsizing_model, plan
from solvers.lotsizing.solve import solve
from solvers.lotsizing.verify import verify
from solvers.milp import solve as solve_milp
from solvers.milp.pyomo import from_pyomo

NEAR = {"rel": 1e-6, "abs": 1e-6}
WASTE = 2.0


def exact_costs(problem: LotSizingProblem) -> list[float]:
    """Return the optimum of the array models and of Pyomo's, whose plans the judge must price alike."""
    pyomo = lotsizing_model(problem)
    arrays = from_pyomo(pyomo)
    answers = []
    for model in (to_milp(problem), to_paths(problem, 100_000)):
        if model is not None:
            answer = solve_milp(model.milp)
            packs = None if answer.x is None else model.read(answer.x, problem.demand.shape)
            answers.append((answer.objective, packs))
    answer = solve_milp(arrays.milp)
    if answer.x is not None:
        arrays.load(answer.x)
    answers.append((answer.objective, None if answer.x is None else plan(pyomo)))
    for objective, packs in answers:
        if packs is not None:
            verdict = verify(problem, packs)
            assert verdict.faults == ()
            assert verdict.cost == pytest.approx(objective, **NEAR)
    return [np.inf if packs is None else float(objective) for objective, packs in answers]


def perishable(seed: int, *, waits: bool = False) -> LotSizingProblem:
    """Return one item-location whose packs are often larger than what sells in time."""
    rng = np.random.default_rng(seed)
    T = 3
    demand = rng.integers(0, 6, (1, T))
    life = int(rng.integers(0, 3))
    cumulated = np.concatenate([[0], np.cumsum(np.append(demand, rng.integers(0, 4, T)))])
    sellable = [[int(cumulated[t + 1 + life] - cumulated[t + 1]) for t in range(T)]]
    most = rng.integers(0, 4, (1, T))
    return lot_sizing(
        demand, opening=rng.integers(-2 if waits else 0, 9), receipts=rng.integers(0, 5, (1, T)),
        pack=rng.integers(1, 6), moq=rng.integers(1, 3), max_packs=most,
        min_packs=np.where(rng.random((1, T)) < 0.15, most, 0),
        holding=rng.uniform(0.1, 2.0), shortage=rng.uniform(2.0, 60.0), shortfall=rng.uniform(0.0, 2.0),
        safety=rng.integers(0, 5, (1, T)), setup=rng.uniform(0.0, 9.0), pack_cost=rng.uniform(0.0, 1.0),
        backorders=waits, sellable=sellable, waste_cost=WASTE, storage=rng.choice([8, 60]),
    )  # fmt: skip


@given(st.integers(0, 10_000), st.booleans())
@settings(max_examples=60)
def test_dynamic_programme_weighs_waste_as_the_best_of_all_plans_does(seed: int, waits: bool) -> None:
    problem = perishable(seed, waits=waits)
    expected = cheapest_by_enumeration(problem)
    if np.isfinite(expected):
        found = decompose(problem, target_gap=0.0, iterations=1, seed=1, threads=1)
        assert verify(problem, found.packs).faults == ()
        assert found.cost == pytest.approx(expected, **NEAR)
        assert found.lower_bound == pytest.approx(expected, **NEAR)


@pytest.mark.parametrize("seed", range(8))
def test_exact_models_write_off_what_the_judge_writes_off(seed: int) -> None:
    problem = perishable(seed)
    assert exact_costs(problem) == pytest.approx([cheapest_by_enumeration(problem)] * 3, **NEAR)


def test_a_pack_that_cannot_be_sold_in_time_is_ordered_only_if_lost_sales_cost_more() -> None:
    """A pack of 10, 2 sold a day, fresh for a day more: 6 of 10 are waste; worth it above 6 x 3 / 4 a unit lost."""
    terms = {"pack": 10, "max_packs": [[1, 0]], "holding": 0.0, "sellable": [[2, 2]], "waste_cost": 3.0}
    dear = lot_sizing([[2, 2]], shortage=5.0, **terms)
    found = decompose(dear, target_gap=0.0, iterations=1, seed=1, threads=1)
    verdict = verify(dear, found.packs)
    assert (found.packs.tolist(), verdict.waste.tolist(), verdict.stock.tolist()) == ([[1, 0]], [[6, 0]], [[2, 0]])
    assert (verdict.unmet.sum(), verdict.cost) == (0, 18.0)
    cheap = lot_sizing([[2, 2]], shortage=4.0, **terms)
    assert decompose(cheap, target_gap=0.0, iterations=1, seed=1, threads=1).cost == 16.0


def with_budget(problem: LotSizingProblem, share: float) -> LotSizingProblem:
    """Return the problem with a limit on what the stores receive in all buckets but the last together."""
    p = problem
    (K, T), R = p.demand.shape, p.resources
    period = np.full((R + 1, T), -1, np.int32)
    period[R, : T - 1] = 0
    user = np.append(np.repeat(np.arange(K), np.diff(p.usage_start)), np.arange(K - 1))
    order = np.argsort(user, kind="stable")
    capacity = np.full((1, T), 1e15)
    capacity[0, 0] = share * float(p.demand[:-1, : T - 1].sum())
    added = np.ones(K - 1)
    return replace(
        p, capacity=np.concatenate([p.capacity, capacity]), kind=np.append(p.kind, PERIOD).astype(np.int32),
        usage_start=np.append(0, np.cumsum(np.bincount(user, minlength=K))).astype(np.int32),
        usage_resource=np.append(p.usage_resource, np.full(K - 1, R))[order].astype(np.int32),
        usage_amount=np.append(p.usage_amount, p.pack[:-1].astype(float))[order],
        usage_order=np.append(p.usage_order, 0.5 * added)[order] if p.usage_order.size else p.usage_order,
        period=period,
    )  # fmt: skip


def with_waste(problem: LotSizingProblem, seed: int) -> LotSizingProblem:
    """Return the problem in which the stores' stock expires."""
    sellable = np.full(problem.demand.shape, FRESH, np.int32)
    sellable[:-1] = np.random.default_rng(seed).integers(2, 9, sellable[:-1].shape)
    return replace(problem, sellable=sellable, waste_cost=np.full(problem.item_locations, WASTE))


@pytest.mark.parametrize("seed", range(6))
def test_tiny_chains_with_a_budget_and_waste_cost_what_the_best_of_all_plans_costs(seed: int) -> None:
    problem = with_waste(with_budget(random_chain(seed, 2, 2, most=2), 0.6), seed)
    assert exact_costs(problem) == pytest.approx([cheapest_by_enumeration(problem)] * 2, **NEAR)


@pytest.mark.parametrize("seed", range(20, 32))
def test_budgets_and_waste_in_the_decomposition(seed: int) -> None:
    """Its bound is below the optimum, its plan keeps the rules, and branch and bound proves the optimum."""
    problem = with_waste(with_budget(random_chain(seed, 3, 4), 0.5), seed)
    optimum = exact_costs(problem)[0]
    if np.isinf(optimum):
        return
    found = decompose(problem, target_gap=0.0, iterations=60, seed=1, threads=1)
    assert found.lower_bound <= optimum + 1e-6 * abs(optimum)
    if not verify(problem, found.packs).faults:
        assert optimum <= found.cost + 1e-6 * abs(optimum)
    proven = solve(problem, engine="exact", target_gap=0.0, iterations=60, seed=1, threads=1)
    assert (proven.status, proven.cost) == ("optimal", pytest.approx(optimum, **NEAR))


def test_a_budget_of_a_period_moves_orders_but_not_the_plan_of_other_buckets() -> None:
    """Two orders fit each by itself but not together: the period counts both, and its price is told."""
    rng = np.random.default_rng(3)
    K, T = 60, 8
    plain = lot_sizing(
        rng.integers(0, 6, (K, T)), opening=rng.integers(0, 6, K), pack=3, setup=4.0, storage=60, max_packs=20,
        shortage=rng.uniform(5, 30, K), usage_start=np.arange(K + 1), usage_resource=np.zeros(K),
        usage_amount=np.full(K, 3.0), capacity=np.where(np.arange(T) == 0, 0.5 * 2.5 * 5 * K, 1e15)[None],
        kind=[PERIOD], period=np.where(np.arange(T) < 5, 0, -1)[None],
    )  # fmt: skip
    found = solve(plain, target_gap=0.01, iterations=100, seed=1, threads=1)
    assert found.gap <= 0.01
    assert 3.0 * found.packs[:, :5].sum() <= plain.capacity[0, 0] + 1e-9
    assert found.prices[0, 0] > 0
    assert not found.prices[0, 1:].any()
