"""Shared capacities without what no whole packs can fill: the same plans, a stronger bound in small cases."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from solvers.lotsizing.problem import DISPATCH, PERIOD, STORAGE, Floats, LotSizingProblem

_MOST_SUMS = 5_000
_MOST_USERS = 24
_SLACK = 1e-9


def tightened(problem: LotSizingProblem) -> LotSizingProblem:
    """Return the problem with the capacity of resources that few use lowered to the most that whole packs can reach.

    The largest sum of packs within the capacity is found by trying all sums (subset sums); resources with many users
    or sums, with stock, or in which room is bought stay as they are.
    """
    p = problem
    T = p.buckets
    user = np.repeat(np.arange(p.item_locations), np.diff(p.usage_start))
    capacity, per_order = p.capacity.copy(), p.use_per_order()
    users = np.bincount(p.usage_resource, minlength=p.resources)
    for r in np.flatnonzero((p.kind != STORAGE) & (p.kind != PERIOD) & (users > 0) & (users <= _MOST_USERS)):
        entries = np.flatnonzero(p.usage_resource == r)
        amount = p.usage_amount[entries]
        if not (amount > 0).all() or per_order[entries].any():
            continue
        items = user[entries]
        offset = p.lead[items] if p.kind[r] == DISPATCH else np.zeros(items.size, np.int32)
        for t in range(T):
            at = t + offset
            counts = np.where(at < T, p.max_packs[items, np.minimum(at, T - 1)], 0)
            capacity[r, t] = _reachable(amount, counts, p.moq[items], float(capacity[r, t]))
    return replace(p, capacity=capacity)


def _reachable(amount: Floats, most: np.ndarray, moq: np.ndarray, capacity: float) -> float:
    """Return the largest sum of amount x packs within the capacity; the capacity itself if there are too many sums."""
    limit = capacity * (1.0 + _SLACK) + _SLACK
    sums = np.zeros(1)
    for size, packs, least in zip(amount, most, moq, strict=True):
        choices = size * np.append(0, np.arange(least, packs + 1))
        sums = (sums[:, None] + choices[choices <= limit]).ravel()
        sums = np.unique(np.round(sums[sums <= limit], 9))
        if sums.size > _MOST_SUMS:
            return capacity
    return min(capacity, float(sums[-1]) + _SLACK)
