"""One door to the lot-sizing engines: price decomposition at any size, branch and bound where asked or small."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Literal

import numpy as np

from solvers.lotsizing.decomposition import Progress, decompose
from solvers.lotsizing.exact import to_milp
from solvers.lotsizing.paths import to_paths
from solvers.lotsizing.problem import Floats, LotSizingProblem
from solvers.lotsizing.result import LotSizingResult, Start, Status
from solvers.lotsizing.tighten import tightened
from solvers.lotsizing.verify import Verdict, verify
from solvers.milp import solve as solve_milp

Engine = Literal["auto", "decomposition", "exact"]

_PROVEN = 1e-6
_SMALL = 200
"""Orders that can be placed, of a case that `auto` solves exactly ..."""
_SMALL_WHEN_FAR = 1_000
"""The same where the decomposition found no plan that keeps the rules or none near its bound ..."""
_MOST_ARCS, _PATHS_GAP = 30_000, 0.2
"""Branch and bound goes over paths through stocks where these are few and the decomposition's gap, which is as large as
that model's at first, is small; else over stocks and orders, whose cuts tell more where hardly a pack fits."""
_NODES = 200
"""... within this many nodes of the search tree; nodes, not seconds, so that every machine gives the same plan."""


def solve(
    problem: LotSizingProblem,
    *,
    engine: Engine = "auto",
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

    The decomposition always goes first: it gives the prices of shared capacity, and branch and bound starts
    from its plan, so that the exact engine never answers worse. `exact` goes on until the plan is proven
    optimal or the time is over; `auto` takes small cases up to `target_gap`, within a budget of nodes. Where the
    decomposition's plan breaks a rule, branch and bound looks for one that does not, if the case is not large;
    a plan that still does is called infeasible.

    Parameters
    ----------
    target_gap : stop when (cost - bound) / cost is proven to be at most this; `exact` goes on to 1e-6.
    iterations, seed, threads, progress, prices, stock_prices, start : of the decomposition, see `decompose`.
    time_limit_s : wall seconds for all; the answer then depends on the machine.
    """
    began = time.perf_counter()
    found = decompose(
        tightened(problem),
        target_gap=target_gap,
        iterations=iterations,
        seed=seed,
        threads=threads,
        time_limit_s=time_limit_s,
        progress=progress,
        prices=prices,
        stock_prices=stock_prices,
        start=start,
    )
    orders = int((problem.max_packs > 0).sum())
    far = found.status == "infeasible" or found.gap > _PATHS_GAP
    small = orders <= (_SMALL_WHEN_FAR if far else _SMALL)
    if (engine == "decomposition" and found.status != "infeasible") or (engine != "exact" and not small):
        return found
    verdict = verify(problem, found.packs)
    enough = {"optimal"} if engine == "exact" else {"optimal", "gap_reached"}
    if found.status in enough and not verdict.faults:
        return found
    left_s = None if time_limit_s is None else time_limit_s - (time.perf_counter() - began)
    if left_s is not None and left_s <= 0:
        return found
    if engine == "exact":
        return _branch_and_bound(problem, found, verdict, _PROVEN, left_s, None)
    return _branch_and_bound(problem, found, verdict, max(target_gap, _PROVEN), left_s, _NODES)


def _branch_and_bound(
    problem: LotSizingProblem,
    found: LotSizingResult,
    known: Verdict,
    target_gap: float,
    time_limit_s: float | None,
    nodes: int | None,
) -> LotSizingResult:
    """Return the better of `found`, judged as `known`, and HiGHS's answer, with the better bound."""
    tight = tightened(problem)
    near = not known.faults and found.gap <= _PATHS_GAP
    room = (known.cost - found.lower_bound) * (1.0 + _PROVEN) + _PROVEN
    model = (to_paths(tight, _MOST_ARCS, found.prices, room) if near else None) or to_milp(tight)
    start = None if known.faults else model.start(found.packs)
    answer = solve_milp(model.milp, gap=target_gap, time_limit_s=time_limit_s, nodes=nodes, start=start)
    packs, cost = found.packs, np.inf if known.faults else known.cost
    if answer.x is not None:
        whole = model.read(answer.x, problem.demand.shape)
        verdict = verify(problem, whole)
        if not verdict.faults and verdict.cost < cost:
            packs, cost = whole, verdict.cost
    if not np.isfinite(cost):
        return replace(found, status="infeasible", engine="exact")
    bound = min(max(found.lower_bound, answer.lower_bound), cost)
    gap = (cost - bound) / abs(cost) if cost else 0.0
    status: Status = "optimal" if gap <= 2 * _PROVEN else "gap_reached" if gap <= target_gap else "limit"
    return replace(found, packs=packs, cost=cost, lower_bound=bound, status=status, engine="exact")
