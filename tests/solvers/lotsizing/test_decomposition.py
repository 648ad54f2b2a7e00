"""The decomposition: parts, prices to begin from, plans that break a rule, small cases that annealing improves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from lot_sizing_cases import lot_sizing, random_chain

from solvers import compiled
from solvers.lotsizing.decomposition import decompose
from solvers.lotsizing.parts import part, split
from solvers.lotsizing.problem import LotSizingProblem
from solvers.lotsizing.result import Start
from solvers.lotsizing.solve import solve
from solvers.lotsizing.verify import verify


def two_trucks(seed: int, per_truck: int) -> LotSizingProblem:
    """Return item-locations in turns on two trucks that are too small for all at once."""
    rng = np.random.default_rng(seed)
    K, T = 2 * per_truck, 8
    demand = rng.integers(0, 5, (K, T))
    return lot_sizing(
        demand,
        pack=rng.integers(1, 4, K),
        max_packs=20,
        setup=rng.uniform(1.0, 5.0, K),
        shortage=rng.uniform(10.0, 20.0, K),
        capacity=np.full((2, T), 0.9 * demand.sum() / (2 * T)),
        kind=np.zeros(2),
        usage_start=np.arange(K + 1),
        usage_resource=np.arange(K) % 2,
        usage_amount=np.ones(K),
    )


def test_parts_are_what_shares_a_truck_and_together_are_the_whole() -> None:
    problem = two_trucks(1, 10)
    parts = split(problem, least=5)
    assert [list(items) for items in parts] == [list(range(0, 20, 2)), list(range(1, 20, 2))]
    assert [len(items) for items in split(problem, least=20)] == [20]
    own, rows = part(problem, parts[1])
    assert list(rows) == [1]
    assert own.usage_resource.max() == 0
    packs = np.random.default_rng(0).integers(0, 2, problem.demand.shape).astype(np.int32)
    of_parts = sum(verify(part(problem, items)[0], packs[items]).cost for items in parts)
    assert of_parts == pytest.approx(verify(problem, packs).cost)


def test_parts_planned_apart_bracket_what_is_planned_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = two_trucks(2, 12)
    whole = decompose(problem, target_gap=0.0, iterations=40, seed=1, threads=1)
    monkeypatch.setattr("solvers.lotsizing.parts.split.__defaults__", (5,))
    one, two = (decompose(problem, target_gap=0.0, iterations=40, seed=1, threads=n) for n in (1, 2))
    assert verify(problem, one.packs).faults == ()
    assert one.packs.tobytes() == two.packs.tobytes()
    assert (one.cost, one.lower_bound) == (two.cost, two.lower_bound)
    assert max(one.lower_bound, whole.lower_bound) <= min(one.cost, whole.cost) + 1e-6
    assert one.lower_bound == pytest.approx(whole.lower_bound, rel=0.01)


def test_prices_of_a_former_run_are_a_head_start() -> None:
    problem = two_trucks(3, 30)
    first = decompose(problem, target_gap=0.0, iterations=40, seed=1, threads=1)
    cold = decompose(problem, target_gap=0.0, iterations=1, seed=1, threads=1)
    warm = solve(
        problem, engine="decomposition", target_gap=0.0, iterations=1, seed=1, threads=1,
        prices=first.prices, stock_prices=first.stock_prices,
    )  # fmt: skip
    assert cold.lower_bound < warm.lower_bound == pytest.approx(first.lower_bound)
    with pytest.raises(ValueError, match=r"prices, stock_prices: shapes \[R, T\] and \[K, T\] expected"):
        decompose(problem, target_gap=0.0, iterations=1, seed=1, threads=1, prices=first.prices[:1])


def test_a_plan_to_begin_from_is_kept_but_for_what_changed_and_who_makes_room() -> None:
    before = two_trucks(4, 30)
    first = decompose(before, target_gap=0.2, iterations=40, seed=1, threads=1)
    demand = before.demand.copy()
    demand[[3, 8]] += 1
    now = replace(before, demand=demand)
    changed = (demand != before.demand).any(axis=1)
    begin = {"prices": first.prices, "stock_prices": first.stock_prices, "seed": 1, "threads": 1, "iterations": 40}
    kept = decompose(now, target_gap=0.9, start=Start(first.packs, changed), **begin)
    assert verify(now, kept.packs).faults == ()
    assert kept.iterations == 1
    assert np.array_equal(kept.packs[~changed], first.packs[~changed])
    tight = replace(now, capacity=0.8 * now.capacity)  # somebody has to make room
    squeezed = decompose(tight, target_gap=0.9, start=Start(first.packs, changed), **begin)
    assert verify(tight, squeezed.packs).faults == ()
    assert 0 < (squeezed.packs[~changed] != first.packs[~changed]).any(axis=1).sum() < (~changed).sum()
    alone = decompose(now, target_gap=0.0, **begin)
    further = decompose(now, target_gap=0.0, start=Start(first.packs, changed), **begin)
    assert further.cost <= kept.cost, "a gap that is not reached is searched for, as without a start"
    assert further.lower_bound == pytest.approx(alone.lower_bound)


@pytest.mark.parametrize("seed", [1, 7, 16, 20])
def test_plans_that_break_a_rule_are_called_infeasible_and_small_ones_searched_exactly(seed: int) -> None:
    problem = random_chain(seed, 3, 4)
    found = decompose(problem, target_gap=0.0, iterations=60, seed=1, threads=1)
    assert (found.status == "infeasible") == bool(verify(problem, found.packs).faults)
    again = solve(problem, engine="auto", target_gap=0.0, iterations=60, seed=1, threads=1)
    assert (again.status == "infeasible") == (seed == 7)  # seed 7 has no plan at all
    assert bool(verify(problem, again.packs).faults) == (seed == 7)


def test_costs_are_the_judges() -> None:
    problem = two_trucks(4, 20)
    found = decompose(problem, target_gap=0.0, iterations=20, seed=1, threads=1)
    verdict = verify(problem, found.packs)
    assert verdict.faults == ()
    assert found.cost == verdict.cost
    free = replace(problem, capacity=problem.capacity * 100)
    assert decompose(free, target_gap=0.0, iterations=20, seed=1, threads=1).status == "optimal"


def test_compiled_kernels_of_other_sources_lie_in_other_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "leaf").mkdir()
    source = tmp_path / "leaf" / "my_kernels.py"
    source.write_text("one")
    monkeypatch.setattr(compiled, "__file__", str(tmp_path / "compiled.py"))
    before = compiled._sources_digest()
    source.write_text("two")
    assert compiled._sources_digest() != before
    cache = tmp_path / "cache"
    for number in range(5):
        (cache / str(number)).mkdir(parents=True)
        compiled.os.utime(cache / str(number), (number, number))
    compiled._remove_old_folders(cache)
    assert sorted(path.name for path in cache.iterdir()) == ["2", "3", "4"]
