"""Stock that locations which supply others cannot send on before it expires."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from planner.replenishment.expiry import shelf_life
from planner.replenishment.model import Model
from solvers.lotsizing.verify import Verdict

IntArray = npt.NDArray[np.int64]


def outlived(model: Model, verdict: Verdict) -> IntArray:
    """Return [K, T] units in stock at the end of a bucket beyond what leaves before it expires, for sources.

    First in, first out; only buckets of which the plan covers the whole life.
    """
    p, T = model.problem, model.problem.buckets
    out = np.zeros((p.item_locations, T), np.int64)
    life = shelf_life(model.rows, model.days.bucket_days)
    for k in np.unique(p.source[p.source >= 0]):
        if life[k] < T:
            leaves = verdict.sent[k].astype(np.int64) + p.demand[k] - verdict.unmet[k]
            until = np.cumsum(np.append(0, leaves))
            t = np.arange(T - int(life[k]))
            out[k, t] = np.maximum(verdict.stock[k, t] - (until[t + 1 + int(life[k])] - until[t + 1]), 0)
    return out


def write_off_outlived(model: Model, verdict: Verdict) -> Model | None:
    """Return the model without what sources could not send on in time in a plan, None if there is nothing such.

    What was in hand or on open order is written off: the newest of it, as the units before it leave first. What the
    plan ordered too early may not be in stock then: storage of the bucket is lowered. Either way the next plan counts
    on less, so this comes to an end.
    """
    excess = outlived(model, verdict)
    if not excess.any():
        return None
    p = model.problem
    opening, receipts = p.opening.astype(np.int64), p.receipts.astype(np.int64)
    storage, written_off = p.storage.astype(np.int64), model.written_off.copy()
    for k in np.flatnonzero(excess.any(axis=1)):
        gone = 0
        leaves = np.cumsum(verdict.sent[k].astype(np.int64) + p.demand[k] - verdict.unmet[k])
        for t in np.flatnonzero(excess[k]):
            given = int(opening[k] + receipts[k, : t + 1].sum() - leaves[t])
            take = int(min(excess[k, t] - gone, max(given, 0)))
            ordered_early = excess[k, t] - gone - take
            gone += max(take, 0)
            for u in range(t, -1, -1):
                part = min(max(take, 0), int(receipts[k, u]))
                receipts[k, u] -= part
                written_off[k, 1 + u] += part * model.unit[k]
                take -= part
            opening[k] -= max(take, 0)
            written_off[k, 0] += max(take, 0) * model.unit[k]
            if ordered_early > 0:
                storage[k, t] = verdict.stock[k, t] - excess[k, t]
    problem = replace(
        p,
        opening=opening.astype(np.int32),
        receipts=receipts.astype(np.int32),
        storage=storage.astype(np.int32),
    )
    return replace(model, problem=problem, written_off=written_off)
