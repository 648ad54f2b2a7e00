"""The judge: plain and slow, shares nothing with the solvers; every answer passes it before it leaves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solvers.lotsizing.problem import DISPATCH, PERIOD, STORAGE, Ints, Longs, LotSizingProblem

_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the judge found.

    Attributes
    ----------
    cost : money, counted anew.
    stock, unmet, sent, waste : [K, T] units: at the end of the bucket (negative: owed), demand not served in
        it, sent to other item-locations, and written off because it cannot be sold in time.
    faults : one sentence per broken rule, empty if the plan keeps all.
    """

    cost: float
    stock: Ints
    unmet: Ints
    sent: Ints
    waste: Ints
    faults: tuple[str, ...]


def verify(problem: LotSizingProblem, packs: Ints) -> Verdict:
    """Play packs [K, T] by bucket of arrival through the rules of the problem and count the cost."""
    if packs.shape != problem.demand.shape or not np.issubdtype(packs.dtype, np.integer):
        raise ValueError(f"packs: integers of shape {problem.demand.shape} expected")
    faults: list[tuple[int, int, str]] = []
    sent = _sent(problem, packs, faults)
    cost, stock, unmet, waste = _play(problem, packs, sent, faults)
    faults += _broken_orders(problem, packs)
    sentences = [f"item-location {k}, bucket {t}: {what}" for k, t, what in sorted(faults)]
    sentences += _overloads(problem, packs, stock)
    return Verdict(cost, stock, unmet, sent.astype(np.int32), waste, tuple(sentences))


def _broken_orders(problem: LotSizingProblem, packs: Ints) -> list[tuple[int, int, str]]:
    """Return the orders outside their limits."""
    p = problem
    faults = []
    for k, t in np.argwhere((packs < 0) | (packs < p.min_packs) | (packs > p.max_packs)):
        low, high = int(p.min_packs[k, t]), int(p.max_packs[k, t])
        faults.append((int(k), int(t), f"{int(packs[k, t])} packs, {low} to {high} allowed"))
    for k, t in np.argwhere((packs > 0) & (packs < p.moq[:, None])):
        faults.append((int(k), int(t), f"{int(packs[k, t])} packs, at least {int(p.moq[k])} in an order"))
    return faults


def _sent(problem: LotSizingProblem, packs: Ints, faults: list[tuple[int, int, str]]) -> Longs:
    """Return [K, T] units that leave every item-location for those it supplies."""
    p = problem
    sent = np.zeros(packs.shape, np.int64)
    k, t = np.nonzero((packs != 0) & (p.source >= 0)[:, None])
    dispatch = t - p.lead[k]
    early = np.flatnonzero(dispatch < 0)
    faults += [(int(k[i]), int(t[i]), "arrives before it could be dispatched") for i in early]
    k, t, dispatch = k[dispatch >= 0], t[dispatch >= 0], dispatch[dispatch >= 0]
    np.add.at(sent, (p.source[k], dispatch), packs[k, t].astype(np.int64) * p.pack[k])
    return sent


def _play(
    problem: LotSizingProblem, packs: Ints, sent: Longs, faults: list[tuple[int, int, str]]
) -> tuple[float, Ints, Ints, Ints]:
    """Play all item-locations bucket by bucket; return the cost, stock, unmet demand and waste [K, T]."""
    p, T = problem, problem.buckets
    stock, unmet, waste = (np.zeros(packs.shape, np.int32) for _ in range(3))
    x = p.opening.astype(np.int64)
    total = np.zeros(p.item_locations)
    for t in range(T):
        y = x + p.receipts[:, t] + p.pack.astype(np.int64) * packs[:, t]
        short = np.flatnonzero(sent[:, t] > np.maximum(y, 0))
        faults += [(int(k), t, f"{int(sent[k, t])} units sent, {int(y[k])} there") for k in short]
        y = y - sent[:, t]
        served = np.minimum(p.demand[:, t], np.maximum(y, 0))
        missed = p.demand[:, t] - served
        owed_before = np.maximum(-y, 0)
        x = np.where(p.backorders, y - p.demand[:, t], np.maximum(y - p.demand[:, t], 0))
        if p.sellable.size:
            thrown = np.maximum(x - p.sellable[:, t], 0)
            x = x - thrown
            total += p.waste_cost * thrown
            waste[:, t] = thrown
        held = np.maximum(x, 0)
        full = np.flatnonzero(held > p.storage[:, t])
        faults += [(int(k), t, f"{int(held[k])} units in stock, {int(p.storage[k, t])} allowed") for k in full]
        lost = (p.shortage + p.shortfall * (T - t)) * missed
        total += np.where(p.backorders, p.shortage * (owed_before + missed), lost)
        total += p.holding * held + p.shortfall * np.maximum(p.safety[:, t] - held, 0)
        total += p.pack_cost * packs[:, t] + p.setup * (packs[:, t] > 0)
        stock[:, t], unmet[:, t] = x, missed
    return float((total - p.end_value * x).sum()), stock, unmet, waste


def _overloads(problem: LotSizingProblem, packs: Ints, stock: Ints) -> list[str]:
    """Return a sentence for every shared capacity that is exceeded."""
    p = problem
    K, T = packs.shape
    use = np.zeros_like(p.capacity)
    user = np.repeat(np.arange(K), np.diff(p.usage_start))
    kind = p.kind[p.usage_resource]
    early = (packs != 0) & (np.arange(T) < p.lead[:, None])
    for k in np.unique(user[(kind == DISPATCH) & early.any(axis=1)[user]]):
        return [f"item-location {k}: arrives before it could be dispatched"]
    for t in range(T):
        there = np.where(kind == STORAGE, np.maximum(stock[user, t], 0), packs[user, t])
        at = t - np.where(kind == DISPATCH, p.lead[user], 0)
        if p.period.size:
            at = np.where(kind == PERIOD, p.period[p.usage_resource, t], at)
        moves = (there != 0) & ((kind != PERIOD) | (at >= 0))
        per_order = np.where(kind == STORAGE, 0.0, p.use_per_order())
        amount = p.usage_amount[moves] * there[moves] + per_order[moves]
        np.add.at(use, (p.usage_resource[moves], at[moves]), amount)
    over = use > p.capacity + _TOLERANCE * np.maximum(p.capacity, 1.0)
    return [
        f"resource {r}, bucket {t}: {use[r, t]:.6f} used, {p.capacity[r, t]:.6f} there"
        for r, t in zip(*np.nonzero(over), strict=True)
    ]
