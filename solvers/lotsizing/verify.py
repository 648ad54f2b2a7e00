"""The judge: plain and slow, shares nothing with the solvers; every answer passes it before it leaves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solvers.lotsizing.problem import DISPATCH, RECEIVING, Ints, Longs, LotSizingProblem

_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the judge found.

    Attributes
    ----------
    cost : money, counted anew.
    stock, unmet, sent : [K, T] units: at the end of the bucket (negative: owed), demand not served in
        it, and sent to other item-locations.
    faults : one sentence per broken rule, empty if the plan keeps all.
    """

    cost: float
    stock: Ints
    unmet: Ints
    sent: Ints
    faults: tuple[str, ...]


def verify(problem: LotSizingProblem, packs: Ints) -> Verdict:
    """Play packs [K, T] by bucket of arrival through the rules of the problem and count the cost."""
    faults: list[str] = []
    if packs.shape != problem.demand.shape or not np.issubdtype(packs.dtype, np.integer):
        raise ValueError(f"packs: integers of shape {problem.demand.shape} expected")
    K, T = packs.shape
    sent = np.zeros((K, T), np.int64)
    for k in range(K):
        if problem.source[k] >= 0:
            for t in np.flatnonzero(packs[k]):
                dispatch = t - int(problem.lead[k])
                if dispatch < 0:
                    faults.append(f"item-location {k}, bucket {t}: arrives before it could be dispatched")
                else:
                    sent[problem.source[k], dispatch] += int(packs[k, t]) * int(problem.pack[k])
    stock = np.zeros((K, T), np.int64)
    unmet = np.zeros((K, T), np.int64)
    cost = 0.0
    for k in range(K):
        cost += _play(problem, packs, sent, k, stock, unmet, faults)
    faults += _overloads(problem, packs, stock)
    return Verdict(cost, stock.astype(np.int32), unmet.astype(np.int32), sent.astype(np.int32), tuple(faults))


def _play(
    problem: LotSizingProblem, packs: Ints, sent: Longs, k: int, stock: Longs, unmet: Longs, faults: list[str]
) -> float:
    """Play one item-location; fill its rows of stock and unmet; return its cost."""
    T = problem.buckets
    x = int(problem.opening[k])
    cost = 0.0
    for t in range(T):
        q = int(packs[k, t])
        where = f"item-location {k}, bucket {t}"
        if q < 0 or q < problem.min_packs[k, t] or q > problem.max_packs[k, t]:
            low, high = int(problem.min_packs[k, t]), int(problem.max_packs[k, t])
            faults.append(f"{where}: {q} packs, {low} to {high} allowed")
        if 0 < q < problem.moq[k]:
            faults.append(f"{where}: {q} packs, at least {int(problem.moq[k])} in an order")
        y = x + int(problem.receipts[k, t]) + int(problem.pack[k]) * q
        if sent[k, t] > max(y, 0):
            faults.append(f"{where}: {int(sent[k, t])} units sent, {y} there")
        y -= int(sent[k, t])
        demand = int(problem.demand[k, t])
        owed_before = max(-y, 0) if problem.backorders[k] else 0
        served = min(demand, max(y, 0))
        unmet[k, t] = demand - served
        x = y - demand if problem.backorders[k] else max(y - demand, 0)
        stock[k, t] = x
        held = max(x, 0)
        if held > problem.storage[k, t]:
            faults.append(f"{where}: {held} units in stock, {int(problem.storage[k, t])} allowed")
        if problem.backorders[k]:
            cost += float(problem.shortage[k]) * (owed_before + int(unmet[k, t]))
        else:
            cost += (float(problem.shortage[k]) + float(problem.shortfall[k]) * (T - t)) * int(unmet[k, t])
        cost += float(problem.holding[k]) * held
        cost += float(problem.shortfall[k]) * max(int(problem.safety[k, t]) - held, 0)
        cost += float(problem.pack_cost[k]) * q + (float(problem.setup[k]) if q > 0 else 0.0)
    return cost - float(problem.end_value[k]) * x


def _overloads(problem: LotSizingProblem, packs: Ints, stock: Longs) -> list[str]:
    """Return a sentence for every shared capacity that is exceeded."""
    K, T = packs.shape
    use = np.zeros_like(problem.capacity)
    for k in range(K):
        for entry in range(int(problem.usage_start[k]), int(problem.usage_start[k + 1])):
            r = int(problem.usage_resource[entry])
            amount = float(problem.usage_amount[entry])
            if problem.kind[r] == DISPATCH:
                lead = int(problem.lead[k])
                if packs[k, :lead].any():
                    return [f"item-location {k}: arrives before it could be dispatched"]
                use[r, : max(T - lead, 0)] += amount * packs[k, lead:]
            elif problem.kind[r] == RECEIVING:
                use[r] += amount * packs[k]
            else:
                use[r] += amount * np.maximum(stock[k], 0)
    over = use > problem.capacity + _TOLERANCE * np.maximum(problem.capacity, 1.0)
    return [
        f"resource {r}, bucket {t}: {use[r, t]:.6f} used, {problem.capacity[r, t]:.6f} there"
        for r, t in zip(*np.nonzero(over), strict=True)
    ]
