"""The array model, the Pyomo model, the decomposition and plain enumeration agree."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lot_sizing_cases import cheapest_by_enumeration, lot_sizing, random_chain, relabelled

from solvers.lotsizing.decomposition import decompose
from solvers.lotsizing.exact import to_milp
from solvers.lotsizing.problem import LotSizingProblem
from solvers.lotsizing.pyomo_model import lotsizing_model, plan
from solvers.lotsizing.solve import solve
from solvers.lotsizing.verify import verify
from solvers.milp import solve as solve_milp
from solvers.milp.pyomo import from_pyomo

NEAR = {"rel": 1e-6, "abs": 1e-6}


def exact_cost(problem: LotSizingProblem) -> float:
    """Return the optimum of the array model, whose plan the judge must price alike."""
    model = to_milp(problem)
    answer = solve_milp(model.milp)
    if answer.x is None:
        return np.inf
    verdict = verify(problem, model.read(answer.x, problem.demand.shape))
    assert verdict.faults == ()
    assert verdict.cost == pytest.approx(answer.objective, **NEAR)
    return verdict.cost


def pyomo_cost(problem: LotSizingProblem, backend: str = "highs") -> float:
    model = lotsizing_model(problem)
    arrays = from_pyomo(model)
    answer = solve_milp(arrays.milp, backend)
    if answer.x is None:
        return np.inf
    arrays.load(answer.x)
    verdict = verify(problem, plan(model))
    assert verdict.faults == ()
    assert verdict.cost == pytest.approx(answer.objective, **NEAR)
    return verdict.cost


def short_dc() -> LotSizingProblem:
    """Return a dc with 12 units and a late supplier for two stores that want 20; the dearer store is served first."""
    return lot_sizing(
        [[5, 5], [5, 5], [0, 0]], opening=[0, 0, 12], pack=[1, 2, 1], source=[2, 2, -1],
        max_packs=[[20, 20], [20, 20], [0, 0]],
        shortage=[30.0, 20.0, 0.0], setup=[1.0, 1.0, 0.0], holding=[1.0, 1.0, 0.1],
    )  # fmt: skip


def test_dc_short_of_stock_serves_the_dearer_store_first() -> None:
    problem = short_dc()
    # 10 units to the first store in two orders (2), 2 to the second in one order (1), 8 lost there (160), and the dc
    # holds what leaves in the second bucket: the store's 5 units cost 0.5 there, or 5 in the store less one order
    assert exact_cost(problem) == pytest.approx(2 + 1 + 160 + 0.5)
    assert pyomo_cost(problem) == pytest.approx(163.5)
    assert pyomo_cost(problem, "ortools") == pytest.approx(163.5)
    for engine in ("decomposition", "exact"):
        result = solve(problem, engine=engine, target_gap=0.0, iterations=60, seed=1, threads=1)
        assert verify(problem, result.packs).faults == ()
        assert result.lower_bound <= 163.5 + 1e-6 <= result.cost + 2e-6


@pytest.mark.parametrize("seed", range(12))
def test_tiny_chains_cost_what_the_best_of_all_plans_costs(seed: int) -> None:
    problem = random_chain(seed, 2, 2, most=2)
    expected = cheapest_by_enumeration(problem)
    assert exact_cost(problem) == pytest.approx(expected, **NEAR)
    assert pyomo_cost(problem) == pytest.approx(expected, **NEAR)


@pytest.mark.parametrize("seed", range(20, 40))
def test_array_and_pyomo_models_agree_and_the_decomposition_brackets_them(seed: int) -> None:
    problem = random_chain(seed, 3, 4)
    optimum = exact_cost(problem)
    assert pyomo_cost(problem) == pytest.approx(optimum, **NEAR)
    if np.isinf(optimum):
        return
    found = decompose(problem, target_gap=0.0, iterations=60, seed=1, threads=1)
    assert found.lower_bound <= optimum + 1e-6 * abs(optimum)
    verdict = verify(problem, found.packs)
    if not verdict.faults:  # chains this tight are not always repaired; replenish then says infeasible
        assert verdict.cost == pytest.approx(found.cost, **NEAR)
        assert optimum <= found.cost + 1e-6 * abs(optimum)
    proven = solve(problem, engine="exact", target_gap=0.0, iterations=60, seed=1, threads=1)
    assert (proven.status, proven.cost) == ("optimal", pytest.approx(optimum, **NEAR))
    assert verify(problem, proven.packs).faults == ()


def test_refused_sales_never_pay() -> None:
    """The costs alone would keep stock for the end, for safety, or for a dearer store; the rule says serve."""
    for_the_end = lot_sizing([[4, 4]], opening=3, max_packs=0, end_value=300.0)
    for_safety = lot_sizing(
        [[4, 0, 0]], opening=3, max_packs=0, safety=5, shortfall=50.0, shortage=1.0, backorders=True
    )
    for_a_store = lot_sizing(
        [[0, 4], [4, 0]], opening=[0, 4], source=[1, -1], shortage=[50.0, 1.0], max_packs=[[0, 4], [0, 0]]
    )
    owed_first = lot_sizing(
        [[0, 4], [0, 0]], opening=[0, -4], source=[1, -1], shortage=[50.0, 1.0], max_packs=[[0, 4], [0, 0]],
        receipts=[[0, 0], [4, 0]], backorders=[False, True],
    )  # fmt: skip
    for problem in (for_the_end, for_safety, for_a_store, owed_first):
        expected = cheapest_by_enumeration(problem)
        assert exact_cost(problem) == pytest.approx(expected)
        assert pyomo_cost(problem) == pytest.approx(expected)


@given(
    st.integers(0, 10_000),
    st.integers(1, 3),
    st.integers(1, 3),
    st.booleans(),
    st.sampled_from([0.0, 1.0]),
    st.booleans(),
)
@settings(max_examples=60)
def test_dynamic_programme_of_one_item_finds_the_best_of_all_plans(
    seed: int, pack: int, moq: int, backorders: bool, end_value: float, tight: bool
) -> None:
    rng = np.random.default_rng(seed)
    T = 3
    max_packs = rng.integers(0, 5, (1, T))
    problem = lot_sizing(
        rng.integers(0, 8, (1, T)),
        opening=rng.integers(-3 if backorders else 0, 5),
        receipts=rng.integers(0, 3, (1, T)),
        pack=pack,
        moq=moq,
        max_packs=max_packs,
        min_packs=np.where(rng.random((1, T)) < 0.15, max_packs, 0),
        holding=rng.uniform(0.1, 2.0),
        shortage=rng.uniform(2.0, 9.0),
        shortfall=rng.uniform(0.0, 2.0),
        safety=rng.integers(0, 5, (1, T)),
        storage=rng.integers(6, 12, (1, T)) if tight else 40,
        setup=rng.uniform(0.0, 9.0),
        pack_cost=rng.uniform(0.0, 1.0),
        end_value=end_value,
        backorders=backorders,
    )
    expected = cheapest_by_enumeration(problem)
    if np.isinf(expected):
        return
    found = decompose(problem, target_gap=0.0, iterations=1, seed=1, threads=1)
    assert found.cost == pytest.approx(expected, **NEAR)
    assert found.lower_bound == pytest.approx(expected, **NEAR)


def test_wagner_whitin() -> None:
    """Wagner, Whitin (1958), *Dynamic version of the economic lot size model*, Management Science 5, table 1: 864.

    Twelve months with changing set-up costs; here one item-location per set-up cost cannot be said, so each
    month's own set-up cost enters through the exact array model.
    """
    demand = [69, 29, 36, 61, 61, 26, 34, 67, 45, 67, 79, 56]
    setups = [85, 102, 102, 101, 98, 114, 105, 86, 119, 110, 98, 114]
    problem = lot_sizing([demand], setup=1.0, holding=1.0, shortage=1000.0)
    model = to_milp(problem)
    model.milp.cost[model.order] = setups
    answer = solve_milp(model.milp)
    assert answer.objective == pytest.approx(864.0)


def test_constant_setup_lot_sizes_by_the_recursion_of_wagner_and_whitin() -> None:
    demand = [20, 50, 10, 50, 50, 10, 20, 40, 20, 30]
    problem = lot_sizing([demand], setup=100.0, holding=1.0, shortage=1000.0)
    best = [0.0]
    for t in range(1, len(demand) + 1):
        best.append(
            min(best[s] + 100.0 + sum((u - s) * demand[u] for u in range(s, t)) for s in range(t))
        )  # one order in s serves s..t-1
    found = decompose(problem, target_gap=0.0, iterations=1, seed=1, threads=1)
    assert found.cost == found.lower_bound == pytest.approx(best[-1])
    assert exact_cost(problem) == pytest.approx(best[-1])


def test_one_and_two_threads_give_the_same_packs_and_bound() -> None:
    problem = random_chain(5, 12, 6)
    one, two = (decompose(problem, target_gap=0.0, iterations=25, seed=3, threads=n) for n in (1, 2))
    assert one.packs.tobytes() == two.packs.tobytes()
    assert (one.cost, one.lower_bound) == (two.cost, two.lower_bound)
    assert one.prices.tobytes() == two.prices.tobytes()


@pytest.mark.parametrize("seed", [20, 21, 24])
def test_relabelling_item_locations_changes_nothing(seed: int) -> None:
    problem = random_chain(seed, 3, 4)
    order = np.random.default_rng(seed).permutation(problem.item_locations)
    assert exact_cost(relabelled(problem, order)) == pytest.approx(exact_cost(problem), **NEAR)


def test_plans_as_starts_and_the_time_limit_of_the_exact_engine() -> None:
    problem = random_chain(22, 3, 4)
    found = decompose(problem, target_gap=0.0, iterations=60, seed=1, threads=1)
    assert verify(problem, found.packs).faults == ()
    result = solve(problem, engine="exact", target_gap=0.0, iterations=60, seed=1, threads=1, time_limit_s=20.0)
    assert (result.engine, result.status) == ("exact", "optimal")
    assert result.cost <= found.cost + 1e-9
    out_of_time = solve(problem, engine="exact", target_gap=0.0, iterations=60, seed=1, threads=1, time_limit_s=1e-9)
    assert out_of_time.engine == "decomposition"


def test_large_cases_stay_with_the_decomposition_under_auto() -> None:
    problem = lot_sizing(
        np.random.default_rng(0).integers(0, 5, (200, 6)), pack=3, setup=5.0, max_packs=9,
        capacity=np.full((1, 6), 150.0), kind=[0], usage_start=np.arange(201), usage_resource=np.zeros(200),
        usage_amount=np.ones(200),
    )  # fmt: skip
    result = solve(problem, engine="auto", target_gap=0.0, iterations=3, seed=3, threads=1)
    assert (result.engine, result.status) == ("decomposition", "limit")
    assert verify(problem, result.packs).faults == ()
