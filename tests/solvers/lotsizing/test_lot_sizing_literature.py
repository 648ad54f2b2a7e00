"""Lot sizing against the literature: set-up times that take capacity, joint replenishment, dynamic lot sizes."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest
from lot_sizing_cases import lot_sizing
from test_lot_sizing_models import NEAR, exact_cost, pyomo_cost

from solvers.lotsizing.decomposition import decompose
from solvers.lotsizing.joint import with_order_costs
from solvers.lotsizing.problem import DISPATCH, STORAGE, LotSizingProblem
from solvers.lotsizing.verify import verify

_FOLDER = Path(__file__).parent / "trigeiro"


def of_trigeiro(name: str) -> LotSizingProblem:
    """Return an instance whose demand must be met: what is lost costs more than any set-up saves."""
    tokens = (_FOLDER / name).read_text().split()
    n, T = int(tokens[0]), int(tokens[1])
    figures = np.array(tokens[3 : 4 + 4 * n + n * T], float)
    unit_time, holding, setup_time, setup = figures[1 : 1 + 4 * n].reshape(n, 4).T
    demand = figures[1 + 4 * n :].reshape(T, n).T
    return lot_sizing(
        demand, holding=holding, setup=setup, shortage=50.0 * setup, storage=demand.sum(axis=1, keepdims=True),
        capacity=np.full((1, T), figures[0]), kind=[DISPATCH], usage_start=np.arange(n + 1), usage_resource=np.zeros(n),
        usage_amount=unit_time, usage_order=setup_time,
    )  # fmt: skip


@pytest.mark.parametrize(("name", "optimum"), [("X11117A", 8375.8), ("X11127A", 8215.0), ("X12117A", 7447.8)])
def test_set_up_times_of_trigeiro_thomas_and_mcclain(name: str, optimum: float) -> None:
    """The optimum is proven by HiGHS on the facility-location formulation (`benchmarks/replenishment_trigeiro`)."""
    problem = of_trigeiro(name)
    found = decompose(problem, target_gap=0.01, iterations=100, seed=1, threads=1)
    verdict = verify(problem, found.packs)
    assert verdict.faults == ()
    assert not verdict.unmet.any()
    assert found.lower_bound <= optimum + 1e-6 <= verdict.cost + 2e-6
    assert verdict.cost <= 1.01 * optimum


def test_an_order_takes_set_up_time_whatever_its_size() -> None:
    two_items = lot_sizing(
        [[2, 2], [2, 2]], holding=1.0, shortage=50.0, max_packs=9, capacity=np.array([[9.0, 5.0]]), kind=[DISPATCH],
        usage_start=[0, 1, 2], usage_resource=[0, 0], usage_amount=np.ones(2), usage_order=np.full(2, 1.5),
    )  # fmt: skip
    # in bucket 1 two orders take 3 + 4 of 5: one item is made in bucket 0 for both, which takes 3 + 6 of 9
    assert exact_cost(two_items) == pyomo_cost(two_items) == pytest.approx(2.0)
    both_each_day = np.array([[2, 2], [2, 2]], np.int32)
    assert "7.000000 used, 5.000000 there" in verify(two_items, both_each_day).faults[0]
    found = decompose(two_items, target_gap=0.0, iterations=40, seed=1, threads=1)
    assert verify(two_items, found.packs).cost == pytest.approx(2.0)
    with pytest.raises(ValueError, match="usage_order"):
        lot_sizing(
            [[1]], capacity=np.ones((1, 1)), kind=[STORAGE], usage_start=[0, 1], usage_resource=[0],
            usage_amount=[1.0], usage_order=[1.0],
        )  # fmt: skip


def test_dynamic_lot_sizes_of_snyder_and_shen() -> None:
    """Snyder, Shen (2019), *Fundamentals of Supply Chain Theory*, example 3.9: orders of 210 and 150, cost 1,380."""
    problem = lot_sizing([[90, 120, 80, 70]], setup=500.0, holding=2.0, shortage=5000.0)
    found = decompose(problem, target_gap=0.0, iterations=1, seed=1, threads=1)
    assert found.cost == found.lower_bound == pytest.approx(1380.0)
    assert list(found.packs[0]) == [210, 0, 150, 0]


@pytest.mark.parametrize("seed", range(3))
def test_joint_replenishment_costs_what_the_best_set_of_order_days_costs(seed: int) -> None:
    """Dynamic joint replenishment (Zangwill 1966): given the order days, every item is Wagner and Whitin's."""
    rng = np.random.default_rng(seed)
    n, T = 3, 6
    demand, minor, holding = rng.integers(1, 30, (n, T)), rng.uniform(5.0, 20.0, n), rng.uniform(0.2, 1.0, n)
    major = 40.0
    problem = with_order_costs(
        lot_sizing(demand, setup=minor, holding=holding[:, None][:, 0], shortage=1000.0, storage=500, max_packs=300),
        supplier=np.zeros(n, np.int32), value=np.ones(n), least=np.zeros(1), most=np.array([1000.0]),
        price=np.array([major]),
    )  # fmt: skip
    best = np.inf
    for days in product((False, True), repeat=T - 1):
        open_days = (True, *days)
        best = min(best, major * sum(open_days) + sum(
            _wagner_whitin(demand[i], minor[i], holding[i], open_days) for i in range(n)
        ))  # fmt: skip
    assert exact_cost(problem) == pytest.approx(best, **NEAR)
    found = decompose(problem, target_gap=0.0, iterations=60, seed=1, threads=1)
    assert found.lower_bound <= best + 1e-6 <= found.cost + 2e-6


def _wagner_whitin(demand: np.ndarray, setup: float, holding: float, open_days: tuple[bool, ...]) -> float:
    best = [0.0]
    for t in range(1, len(demand) + 1):
        best.append(
            min(
                best[s] + setup + holding * sum((u - s) * demand[u] for u in range(s, t))
                for s in range(t)
                if open_days[s]
            )
        )
    return best[-1]
