"""Price decomposition: item-locations planned one by one at prices on what they share.

Shared capacities and the stock of sources are relaxed with multipliers (prices). Every set of prices
gives a lower bound; a bundle method finds the best ones (`master`), and its mixture of plans, rounded
and repaired, becomes the answer (`primal`). Lagrangian relaxation of lot sizing with lost sales: Absi,
Detienne, Dauzere-Peres (2013).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

import numpy as np

from solvers.lotsizing.batches import raised_bound
from solvers.lotsizing.master import Master
from solvers.lotsizing.parts import part, split
from solvers.lotsizing.primal import Primal
from solvers.lotsizing.problem import Floats, Ints, LotSizingProblem
from solvers.lotsizing.relaxation import Relaxation
from solvers.lotsizing.result import LotSizingResult, Start, Status
from solvers.lotsizing.threads import Threads
from solvers.lotsizing.verify import verify

Progress = Callable[[str, int, int], None]

_FIRST_REPAIR = 8
_REPAIR_AFTER = 1.4
"""Steps between repairs grow by this factor."""
_SLOW, _SLOW_STEPS = 0.3, 4
"""A repair is due when this many steps raised the bound by less than this part of the wanted gap."""
_STALL, _STALL_STEPS = 0.02, 12
"""The ascent stalls when this many steps raised the bound by less than this part of the wanted gap ..."""
_RESTARTS = 1
"""... and where the gap is not reached begins anew this often: at the best prices, other steps and another rounding."""
_OPTIMAL = 1e-7
_MENDING = (np.inf, 4.0, 1.0)
"""Penalties at which a plan to begin from is mended until the gap is reached, see `Primal.mend`."""


def decompose(
    problem: LotSizingProblem,
    *,
    target_gap: float,
    iterations: int,
    seed: int,
    threads: int,
    time_limit_s: float | None = None,
    progress: Progress | None = None,
    prices: Floats | None = None,
    stock_prices: Floats | None = None,
    start: Start | None = None,
) -> LotSizingResult:
    """Return a plan with a proven bound.

    Parameters
    ----------
    target_gap : stop when (cost - bound) / cost is proven to be at most this.
    iterations : most price updates.
    threads : cores to use; the answer does not depend on it.
    time_limit_s : wall seconds, an extra cap; the answer then depends on the machine.
    prices, stock_prices : [R, T] and [K, T] to begin from, such as those of a former run's result; none: 0.
    start : a plan to begin from, made at these prices. It is mended first, and stands if that reaches the gap.
    """
    began_at = _Begun.of(problem, prices, stock_prices, start)
    parts = split(problem)
    if len(parts) == 1:
        with Threads(threads) as pool:
            return _ascend(Relaxation(problem, pool), target_gap, iterations, seed, time_limit_s, progress, began_at)
    return _in_parts(problem, parts, target_gap, iterations, seed, threads, time_limit_s, progress, began_at)


@dataclass(frozen=True, slots=True)
class _Begun:
    """Prices of resources [R, T] and of stock [K, T], and a plan made at them, where there is one."""

    resources: Floats
    stock: Floats
    start: Start | None

    @classmethod
    def of(
        cls, problem: LotSizingProblem, prices: Floats | None, stock_prices: Floats | None, start: Start | None
    ) -> _Begun:
        """Fill in what is not given; ValueError names a wrong shape."""
        resources = np.zeros(problem.capacity.shape) if prices is None else prices
        stock = np.zeros(problem.demand.shape) if stock_prices is None else stock_prices
        if resources.shape != problem.capacity.shape or stock.shape != problem.demand.shape:
            raise ValueError("prices, stock_prices: shapes [R, T] and [K, T] expected")
        return cls(resources, stock, start)

    def part(self, items: Ints, rows: Ints) -> _Begun:
        """Return what belongs to some item-locations and the resources that they use."""
        start = None if self.start is None else Start(self.start.packs[items], self.start.changed[items])
        return _Begun(self.resources[rows], self.stock[items], start)


def _in_parts(
    problem: LotSizingProblem,
    parts: list[Ints],
    target_gap: float,
    iterations: int,
    seed: int,
    threads: int,
    time_limit_s: float | None,
    progress: Progress | None,
    began_at: _Begun,
) -> LotSizingResult:
    """Plan parts that share nothing side by side, one thread each, and put them together."""
    began = time.perf_counter()
    packs = np.zeros(problem.demand.shape, np.int32)
    prices, stock_prices = np.zeros(problem.capacity.shape), np.zeros(problem.demand.shape)
    cost, bound, steps = np.zeros(len(parts)), np.zeros(len(parts)), np.zeros(len(parts), np.int64)
    broken = np.zeros(len(parts), bool)
    finished = [0]
    lock = Lock()

    def plan(number: int) -> None:
        limit_s = None
        if time_limit_s is not None:  # what is left, shared by the rounds of parts still to come
            rounds = -(-(len(parts) - number) // threads)
            limit_s = max(time_limit_s - (time.perf_counter() - began), 0.0) / rounds
        items = parts[number]
        own, rows = part(problem, items)
        own_begun = began_at.part(items, rows)
        with Threads(1) as pool:
            found = _ascend(Relaxation(own, pool), target_gap, iterations, seed, limit_s, None, own_begun)
        packs[items], prices[rows], stock_prices[items] = found.packs, found.prices, found.stock_prices
        cost[number], bound[number], steps[number] = found.cost, found.lower_bound, found.iterations
        broken[number] = found.status == "infeasible"
        with lock:
            finished[0] += 1
            if progress is not None:
                progress("replenishment", finished[0], len(parts))

    with Threads(threads) as pool:
        pool.each(len(parts), plan)
    total, least, most = float(cost.sum()), float(bound.sum()), int(steps.max())
    status = "infeasible" if broken.any() else _status(total, least, target_gap)
    return LotSizingResult(packs, total, least, status, prices, stock_prices, most, "decomposition")


def _ascend(
    relaxation: Relaxation,
    target_gap: float,
    iterations: int,
    seed: int,
    time_limit_s: float | None,
    progress: Progress | None,
    began_at: _Begun,
) -> LotSizingResult:
    problem = relaxation.problem
    deadline = None if time_limit_s is None else time.perf_counter() + time_limit_s
    master = Master(relaxation, seed)
    master.begin_at(began_at.resources, began_at.stock[relaxation.coupling.sources])
    bound, prices, source_prices = -np.inf, master.prices.copy(), master.source_prices.copy()
    cost, packs = np.inf, np.zeros(problem.demand.shape, np.int32)
    broken = True
    last_repair, restarts = 0, 0
    bounds: list[float] = []
    done = 0
    for done in range(1, iterations + 1):
        priced = relaxation.solve(master.prices, master.source_prices)
        if priced.bound > bound:
            bound, prices, source_prices = priced.bound, master.prices.copy(), master.source_prices.copy()
        master.answer(priced)
        if progress is not None:
            progress("replenishment", done, iterations)
        out_of_time = deadline is not None and time.perf_counter() > deadline
        bounds.append(bound)
        if done == 1 and began_at.start is not None:
            for penalty in _MENDING:
                packs, cost = Primal(relaxation, master, seed).mend(began_at.start, prices, source_prices, penalty)
                broken = bool(verify(problem, packs).faults)
                if not broken and cost - bound <= target_gap * abs(cost):
                    break
        slow = _risen(bounds, _SLOW_STEPS) < _SLOW * target_gap
        stalled = _risen(bounds, _STALL_STEPS) < _STALL * target_gap
        last = done == iterations or out_of_time or (stalled and restarts == _RESTARTS)
        if last or stalled or (slow and done >= max(_FIRST_REPAIR, _REPAIR_AFTER * last_repair)):
            last_repair = done
            primal = Primal(relaxation, master, seed + restarts)
            new_packs, new_cost = primal.repair()
            new_broken = bool(verify(problem, new_packs).faults)
            if (new_broken, new_cost) < (broken, cost):
                broken, cost, packs = new_broken, new_cost, new_packs
            open_gap = last and not broken and not out_of_time
            if open_gap and cost - bound > target_gap * abs(cost):
                bound = raised_bound(relaxation, bound, prices, source_prices, packs)
            if open_gap and cost - bound > target_gap * abs(cost):
                wanted = bound / (1.0 - target_gap) if target_gap < 1.0 and bound > 0.0 else -np.inf
                new_packs, new_cost = primal.improve(packs, prices, source_prices, wanted, deadline)
                if new_cost < cost:
                    cost, packs = new_cost, new_packs
        if last or (not broken and cost - bound <= target_gap * abs(cost)):
            break
        if stalled:
            restarts += 1
            master.restart(prices, source_prices)
            bounds = []
    return _result(relaxation, packs, bound, prices, source_prices, target_gap, done)


def _risen(bounds: list[float], steps: int) -> float:
    """Return how much the bound rose in the last steps, over its size; infinite before that many."""
    if len(bounds) <= steps:
        return np.inf
    return (bounds[-1] - bounds[-1 - steps]) / max(abs(bounds[-1]), 1e-9)


def _result(
    relaxation: Relaxation,
    packs: Ints,
    bound: float,
    prices: Floats,
    source_prices: Floats,
    target_gap: float,
    iterations: int,
) -> LotSizingResult:
    problem, coupling = relaxation.problem, relaxation.coupling
    stock_prices = np.zeros(problem.demand.shape)
    stock_prices[coupling.sources] = source_prices
    verdict = verify(problem, packs)
    status = "infeasible" if verdict.faults else _status(verdict.cost, bound, target_gap)
    bound = bound if verdict.faults else min(bound, verdict.cost)
    return LotSizingResult(packs, verdict.cost, bound, status, prices, stock_prices, iterations, "decomposition")


def _status(cost: float, bound: float, target_gap: float) -> Status:
    gap = (cost - bound) / abs(cost) if cost else 0.0
    return "optimal" if gap <= _OPTIMAL else "gap_reached" if gap <= target_gap else "limit"
