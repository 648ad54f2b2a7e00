"""Price decomposition: item-locations planned one by one at prices on what they share.

Shared capacities and the stock of sources are relaxed with multipliers (prices). Prices rise where
more is wanted than there is and fall where less; every set of prices gives a lower bound, and the
primal pass makes a plan out of its plans. Absi, Detienne, Dauzere-Peres (2013) use the same idea for
capacitated lot sizing with lost sales; the ascent is Adam (Kingma, Ba 2015) on the dual.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from solvers.lotsizing.primal import Primal
from solvers.lotsizing.problem import Floats, Ints, LotSizingProblem
from solvers.lotsizing.relaxation import Priced, Relaxation
from solvers.lotsizing.result import LotSizingResult
from solvers.lotsizing.threads import Threads

Progress = Callable[[str, int, int], None]

_STEP = 2.0
_MOST_OVERLOAD = 0.5
"""Sources send nothing or all they may: their relative overload, up to 20, says little beyond its sign."""
_DECAY = 0.965
_FIRST_MOMENT = 0.8
_SECOND_MOMENT = 0.9
_REPAIR_EVERY = 40
_FIRST_REPAIR = 60


@dataclass(slots=True)
class _Ascent:
    """Prices of all rows (resources, then sources) and the moments of their gradient."""

    scale: Floats
    prices: Floats
    first: Floats = field(init=False)
    second: Floats = field(init=False)
    steps: int = 0

    def __post_init__(self) -> None:
        self.first = np.zeros_like(self.prices)
        self.second = np.zeros_like(self.prices)

    def move(self, gradient: Floats) -> None:
        """Take one step; `gradient` [rows, T] is overload over capacity."""
        self.steps += 1
        gradient = np.clip(gradient, -_MOST_OVERLOAD, _MOST_OVERLOAD)
        self.first = _FIRST_MOMENT * self.first + (1 - _FIRST_MOMENT) * gradient
        self.second = _SECOND_MOMENT * self.second + (1 - _SECOND_MOMENT) * gradient**2
        direction = self.first / (1 - _FIRST_MOMENT**self.steps)
        size = np.sqrt(self.second / (1 - _SECOND_MOMENT**self.steps)) + 0.05
        step = _STEP * _DECAY ** (self.steps - 1)
        self.prices = np.maximum(self.prices + step * self.scale[:, None] * direction / size, 0.0)


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
    problem, coupling = relaxation.problem, relaxation.coupling
    R = problem.resources
    rows = np.concatenate([problem.capacity, np.zeros((coupling.sources.size, problem.buckets))])
    start = time.perf_counter()
    ascent = _Ascent(np.ones(rows.shape[0]), np.zeros_like(rows))
    best_bound, best_prices = -np.inf, ascent.prices
    best_cost, best_packs = np.inf, np.zeros(problem.demand.shape, np.int32)
    primal: Primal | None = None
    volume = np.ones_like(rows)
    done = 0
    for done in range(1, iterations + 1):
        priced = relaxation.solve(ascent.prices[:R], ascent.prices[R:])
        if primal is None:
            ascent.scale, volume = _scales(relaxation, priced)
            primal = Primal(relaxation, ascent.scale[:R], ascent.scale[R:], seed)
        if priced.bound > best_bound:
            best_bound, best_prices = priced.bound, ascent.prices
        out_of_time = time_limit_s is not None and time.perf_counter() - start > time_limit_s
        if _repair_now(done, iterations) or out_of_time or not rows.size:
            packs, cost = primal.repair(priced, ascent.prices[:R], ascent.prices[R:])
            if cost < best_cost:
                best_cost, best_packs = cost, packs
            if best_cost - best_bound <= target_gap * abs(best_cost) or out_of_time:
                break
        if progress is not None:
            progress("replenishment", done, iterations)
        excess = np.concatenate([priced.use - problem.capacity, (priced.take - priced.sent).astype(np.float64)])
        ascent.move(excess / volume)
    return _result(relaxation, best_packs, best_cost, best_bound, best_prices, target_gap, done)


def _repair_now(done: int, iterations: int) -> bool:
    return done == iterations or (done >= _FIRST_REPAIR and (done - _FIRST_REPAIR) % _REPAIR_EVERY == 0)


def _scales(relaxation: Relaxation, priced: Priced) -> tuple[Floats, Floats]:
    """Return money per unit of each row [rows], and the volume [rows, T] that makes gradients relative."""
    problem, coupling = relaxation.problem, relaxation.coupling
    # each resource by what its own users cost: kilograms of a dc and cubic metres of a store differ by orders
    users = np.repeat(np.arange(problem.item_locations), np.diff(problem.usage_start))
    at_stake = np.bincount(problem.usage_resource, weights=priced.cost[users], minlength=problem.resources)
    scale = at_stake / np.maximum(priced.use.sum(axis=1), 1e-9)
    take = priced.take.astype(np.float64)
    per_source = np.array(
        [
            priced.cost[coupling.child_item[slice(*coupling.child_start[j : j + 2])]].sum() / max(take[j].sum(), 1.0)
            for j in range(coupling.sources.size)
        ]
    )
    volume = np.concatenate(
        [np.maximum(problem.capacity, 1e-9), np.maximum(take.mean(axis=1, keepdims=True), 1.0) * np.ones_like(take)]
    )
    return np.concatenate([scale, per_source]), volume


def _result(
    relaxation: Relaxation,
    packs: Ints,
    cost: float,
    bound: float,
    prices: Floats,
    target_gap: float,
    iterations: int,
) -> LotSizingResult:
    problem, coupling = relaxation.problem, relaxation.coupling
    R = problem.resources
    stock_prices = np.zeros(problem.demand.shape)
    stock_prices[coupling.sources] = prices[R:]
    gap = (cost - bound) / abs(cost) if cost else 0.0
    status = "optimal" if gap <= 1e-6 else "gap_reached" if gap <= target_gap else "limit"
    return LotSizingResult(packs, cost, bound, status, prices[:R], stock_prices, iterations, "decomposition")
