"""Price decomposition: item-locations planned one by one at prices on what they share.

Shared capacities and the stock of sources are relaxed with multipliers (prices). Every set of prices
gives a lower bound; a bundle method finds the best ones (`master`), and its mixture of plans, rounded
and repaired, becomes the answer (`primal`). Lagrangian relaxation of lot sizing with lost sales: Absi,
Detienne, Dauzere-Peres (2013).
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from solvers.lotsizing.master import Master
from solvers.lotsizing.primal import Primal
from solvers.lotsizing.problem import Floats, Ints, LotSizingProblem
from solvers.lotsizing.relaxation import Relaxation
from solvers.lotsizing.result import LotSizingResult, Status
from solvers.lotsizing.threads import Threads

Progress = Callable[[str, int, int], None]

_FIRST_REPAIR = 8
_REPAIR_AFTER = 1.4
"""Steps between repairs grow by this factor."""
_SLOW, _SLOW_STEPS = 0.3, 4
"""A repair is due when this many steps raised the bound by less than this part of the wanted gap."""
_STALL, _STALL_STEPS = 0.02, 12
"""The ascent ends when this many steps raised the bound by less than this part of the wanted gap."""
_OPTIMAL = 1e-7


def decompose(
    problem: LotSizingProblem,
    *,
    target_gap: float,
    iterations: int,
    seed: int,
    threads: int,
    time_limit_s: float | None = None,
    progress: Progress | None = None,
) -> LotSizingResult:
    """Return a plan with a proven bound.

    Parameters
    ----------
    target_gap : stop when (cost - bound) / cost is proven to be at most this.
    iterations : most price updates.
    threads : cores to use; the answer does not depend on it.
    time_limit_s : wall seconds, an extra cap; the answer then depends on the machine.
    """
    pool = Threads(threads)
    try:
        return _ascend(Relaxation(problem, pool), target_gap, iterations, seed, time_limit_s, progress)
    finally:
        pool.close()


def _ascend(
    relaxation: Relaxation,
    target_gap: float,
    iterations: int,
    seed: int,
    time_limit_s: float | None,
    progress: Progress | None,
) -> LotSizingResult:
    problem = relaxation.problem
    start = time.perf_counter()
    master = Master(relaxation, seed)
    bound, prices, source_prices = -np.inf, master.prices.copy(), master.source_prices.copy()
    cost, packs = np.inf, np.zeros(problem.demand.shape, np.int32)
    last_repair = 0
    bounds: list[float] = []
    done = 0
    for done in range(1, iterations + 1):
        priced = relaxation.solve(master.prices, master.source_prices)
        if priced.bound > bound:
            bound, prices, source_prices = priced.bound, master.prices.copy(), master.source_prices.copy()
        master.answer(priced)
        if progress is not None:
            progress("replenishment", done, iterations)
        out_of_time = time_limit_s is not None and time.perf_counter() - start > time_limit_s
        bounds.append(bound)
        slow = _risen(bounds, _SLOW_STEPS) < _SLOW * target_gap
        last = done == iterations or out_of_time or _risen(bounds, _STALL_STEPS) < _STALL * target_gap
        if last or (slow and done >= max(_FIRST_REPAIR, _REPAIR_AFTER * last_repair)):
            last_repair = done
            new_packs, new_cost = Primal(relaxation, master, seed).repair()
            if new_cost < cost:
                cost, packs = new_cost, new_packs
        if last or (np.isfinite(cost) and cost - bound <= target_gap * abs(cost)):
            break
    return _result(relaxation, packs, cost, bound, prices, source_prices, target_gap, done)


def _risen(bounds: list[float], steps: int) -> float:
    """Return how much the bound rose in the last steps, over its size; infinite before that many."""
    if len(bounds) <= steps:
        return np.inf
    return (bounds[-1] - bounds[-1 - steps]) / max(abs(bounds[-1]), 1e-9)


def _result(
    relaxation: Relaxation,
    packs: Ints,
    cost: float,
    bound: float,
    prices: Floats,
    source_prices: Floats,
    target_gap: float,
    iterations: int,
) -> LotSizingResult:
    problem, coupling = relaxation.problem, relaxation.coupling
    stock_prices = np.zeros(problem.demand.shape)
    stock_prices[coupling.sources] = source_prices
    gap = (cost - bound) / abs(cost) if cost else 0.0
    status: Status = "optimal" if gap <= _OPTIMAL else "gap_reached" if gap <= target_gap else "limit"
    return LotSizingResult(packs, cost, bound, status, prices, stock_prices, iterations, "decomposition")
