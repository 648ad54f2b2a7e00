"""The model of paths through stocks and the capacities that whole packs can fill, against every plan tried."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from lot_sizing_cases import cheapest_by_enumeration, lot_sizing
from test_lot_sizing_models import NEAR, exact_cost

from solvers.lotsizing.decomposition import decompose
from solvers.lotsizing.paths import to_paths
from solvers.lotsizing.problem import DISPATCH, RECEIVING, STORAGE, LotSizingProblem
from solvers.lotsizing.solve import solve
from solvers.lotsizing.tighten import tightened
from solvers.lotsizing.verify import verify
from solvers.milp import solve as solve_milp


def sharing(seed: int, items: int, buckets: int, most: int) -> LotSizingProblem:
    """Return item-locations with every rule of a single one that share dispatch, receiving and storage."""
    rng = np.random.default_rng(seed)
    backorders = rng.random(items) < 0.4
    lead = rng.integers(0, 2, items)
    return lot_sizing(
        rng.integers(0, 7, (items, buckets)),
        opening=np.where(backorders, rng.integers(-2, 5, items), rng.integers(0, 5, items)),
        receipts=rng.integers(0, 4, (items, buckets)) * (rng.random((items, buckets)) < 0.2),
        pack=rng.integers(1, 4, items),
        moq=rng.integers(1, 3, items),
        lead=lead,
        max_packs=rng.integers(0, most + 1, (items, buckets)) * (np.arange(buckets) >= lead[:, None]),
        holding=rng.uniform(0.1, 1.0, items),
        shortage=rng.uniform(8.0, 20.0, items),
        shortfall=rng.uniform(0.0, 3.0, items),
        safety=rng.integers(0, 4, (items, buckets)),
        storage=rng.integers(20, 40, (items, buckets)),
        setup=rng.uniform(0.0, 8.0, items),
        pack_cost=rng.uniform(0.0, 1.0, items),
        end_value=rng.uniform(0.0, 1.0, items) * (rng.random() < 0.5),
        backorders=backorders,
        capacity=np.array([[5.0], [4.0], [30.0]]) * np.ones((1, buckets)),
        kind=np.array([DISPATCH, RECEIVING, STORAGE]),
        usage_start=3 * np.arange(items + 1),
        usage_resource=np.tile([0, 1, 2], items),
        usage_amount=rng.uniform(1.0, 3.0, 3 * items),
        usage_order=np.tile([0.7, 0.0, 0.0], items) * (seed % 2),
    )


@pytest.mark.parametrize("seed", range(8))
def test_paths_cost_what_the_best_of_all_plans_costs(seed: int) -> None:
    problem = sharing(seed, 2, 3, 2)
    expected = cheapest_by_enumeration(problem)
    assert cheapest_by_enumeration(tightened(problem)) == pytest.approx(expected, **NEAR)
    model = to_paths(problem, 10_000)
    assert model is not None
    answer = solve_milp(model.milp)
    if answer.x is None:
        assert np.isinf(expected)
        return
    verdict = verify(problem, model.read(answer.x, problem.demand.shape))
    assert verdict.faults == ()
    assert verdict.cost == pytest.approx(expected, **NEAR)
    assert answer.objective == pytest.approx(expected, **NEAR)


@pytest.mark.parametrize("seed", range(20, 26))
def test_both_models_agree_and_a_plan_is_a_start(seed: int) -> None:
    problem = sharing(seed, 4, 5, 4)
    optimum = exact_cost(problem)
    model = to_paths(problem, 10_000)
    assert model is not None
    answer = solve_milp(model.milp)
    if answer.x is None:
        assert np.isinf(optimum)
        return
    assert answer.objective == pytest.approx(optimum, **NEAR)
    packs = model.read(answer.x, problem.demand.shape)
    again = solve_milp(model.milp, start=model.start(packs))
    assert again.objective == pytest.approx(optimum, **NEAR)
    found = decompose(problem, target_gap=0.0, iterations=40, seed=1, threads=1)
    fewer = to_paths(problem, 10_000, found.prices, optimum - found.lower_bound + 1e-6)
    assert fewer is not None
    assert fewer.milp.columns <= model.milp.columns
    assert solve_milp(fewer.milp).objective == pytest.approx(optimum, **NEAR)
    proven = solve(problem, engine="exact", target_gap=0.0, iterations=40, seed=1, threads=1)
    assert (proven.status, proven.cost) == ("optimal", pytest.approx(optimum, **NEAR))


def test_paths_are_for_small_cases_without_sources() -> None:
    assert to_paths(sharing(1, 4, 5, 4), 10) is None
    chain = lot_sizing(np.ones((2, 2)), source=[1, -1])
    assert to_paths(chain, 10_000) is None


def test_room_for_a_pack_and_a_half_is_room_for_one_and_lifts_the_bound() -> None:
    problem = lot_sizing(
        np.tile([2, 2, 2, 2], (3, 1)), pack=2, max_packs=3, shortage=10.0, setup=1.0,
        capacity=np.array([[3.9, 3.0, 1.9, 4.0]]), kind=[RECEIVING], usage_start=np.arange(4),
        usage_resource=np.zeros(3), usage_amount=np.full(3, 2.0),
    )  # fmt: skip
    tight = tightened(problem)
    assert tight.capacity[0] == pytest.approx([2.0, 2.0, 0.0, 4.0], abs=1e-6)
    one, two = (decompose(p, target_gap=0.0, iterations=40, seed=1, threads=1) for p in (problem, tight))
    assert two.lower_bound > one.lower_bound + 1.0
    assert two.lower_bound <= exact_cost(problem) + 1e-6


def test_room_that_is_bought_or_that_many_use_stays() -> None:
    many = lot_sizing(
        np.ones((30, 2)), capacity=np.full((1, 2), 7.5), kind=[RECEIVING], usage_start=np.arange(31),
        usage_resource=np.zeros(30), usage_amount=np.full(30, 2.0),
    )  # fmt: skip
    assert (tightened(many).capacity == 7.5).all()
    bought = replace(
        many, usage_start=np.append(np.arange(3), np.full(28, 2)).astype(np.int32),
        usage_resource=np.zeros(2, np.int32), usage_amount=np.array([2.0, -3.0]),
    )  # fmt: skip
    assert (tightened(bought).capacity == 7.5).all()
