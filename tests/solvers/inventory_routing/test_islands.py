"""Searches side by side: the cheapest of all, whatever the number of cores."""

from __future__ import annotations

from test_loosen import problem

from solvers.inventory_routing.islands import solve_islands
from solvers.inventory_routing.solve import solve
from solvers.routing.stop import iterations


def test_the_answer_is_the_best_of_all_and_does_not_depend_on_cores() -> None:
    one, two = (solve_islands(problem(), iterations, 20000, islands=2, threads=threads) for threads in (1, 2))
    assert one.plan == two.plan
    assert one.verdict is not None
    alone = solve(problem(), iterations(20000), seed=1)
    assert alone.verdict is not None
    assert one.verdict.cost <= alone.verdict.cost
