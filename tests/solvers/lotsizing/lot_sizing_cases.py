"""Small lot-sizing problems, and their optimum by trying every plan."""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import product
from typing import Any

import numpy as np

from solvers.lotsizing.problem import DISPATCH, RECEIVING, STORAGE, LotSizingProblem
from solvers.lotsizing.verify import verify

_FLOATS = {
    "holding", "shortage", "shortfall", "setup", "pack_cost", "end_value", "capacity", "usage_amount",
    "usage_order", "waste_cost",
}  # fmt: skip


def lot_sizing(demand: Any, **given: Any) -> LotSizingProblem:
    """Return a problem from what differs from a plain one; scalars are spread over item-locations and buckets."""
    demand = np.atleast_2d(np.asarray(demand, np.int32))
    K, T = demand.shape
    plain: dict[str, Any] = {
        "demand": demand, "opening": 0, "receipts": 0, "pack": 1, "moq": 1, "lead": 0, "min_packs": 0,
        "max_packs": 1000, "holding": 1.0, "shortage": 100.0, "shortfall": 0.0, "safety": 0, "storage": 1000,
        "setup": 0.0, "pack_cost": 0.0, "end_value": 0.0, "backorders": False, "source": -1,
        "capacity": np.zeros((0, T)), "kind": np.zeros(0), "usage_start": np.zeros(K + 1),
        "usage_resource": np.zeros(0), "usage_amount": np.zeros(0), "usage_order": np.zeros(0),
    }  # fmt: skip
    grids = {"receipts", "min_packs", "max_packs", "safety", "storage", "sellable"}
    free = {"demand", "capacity", "kind", "usage_start", "usage_resource", "usage_amount", "usage_order", "period"}
    arrays = {}
    for name, value in (plain | given).items():
        dtype = np.float64 if name in _FLOATS else np.bool_ if name == "backorders" else np.int32
        array = np.asarray(value, dtype=dtype)
        if name not in free:
            array = np.broadcast_to(array, (K, T) if name in grids else (K,))
        arrays[name] = np.array(array, order="C")  # a copy: kernels compile anew for read-only views
    return LotSizingProblem(**arrays)


def cheapest_by_enumeration(problem: LotSizingProblem) -> float:
    """Return the least cost over all packs up to max_packs that the judge lets pass; infinite if none does."""
    choices = [range(int(most) + 1) for most in problem.max_packs.ravel()]
    best = np.inf
    for packs in product(*choices):
        verdict = verify(problem, np.array(packs, np.int32).reshape(problem.demand.shape))
        if not verdict.faults:
            best = min(best, verdict.cost)
    return best


def random_chain(seed: int, stores: int, buckets: int, most: int = 6) -> LotSizingProblem:
    """Return a dc (the last row) short of stock and its stores, sharing dispatch, receiving and storage."""
    rng = np.random.default_rng(seed)
    K, T = stores + 1, buckets
    demand = rng.integers(0, 7, (K, T))
    demand[-1] = rng.integers(0, 3, T) if rng.random() < 0.3 else 0
    pack = rng.integers(1, 4, K)
    kinds = np.array([DISPATCH, RECEIVING, STORAGE])
    tight = rng.uniform(0.6, 1.5)
    capacity = np.array([[tight * demand[:-1].sum() / T], [tight * 8.0], [tight * 12.0]]) * np.ones((1, T))
    weight = rng.integers(1, 4, K).astype(float)
    backorders = rng.random(K) < 0.4
    return lot_sizing(
        demand,
        opening=np.where(backorders, rng.integers(-2, 5, K), rng.integers(0, 5, K)),
        receipts=rng.integers(0, 4, (K, T)) * (rng.random((K, T)) < 0.2),
        pack=pack,
        moq=rng.integers(1, 3, K),
        lead=np.append(rng.integers(0, 2, stores), 0),
        max_packs=rng.integers(1, most + 1, (K, T)),
        holding=rng.uniform(0.1, 1.0, K),
        shortage=rng.uniform(8.0, 20.0, K),
        shortfall=rng.uniform(0.0, 3.0, K),
        safety=rng.integers(0, 4, (K, T)),
        storage=rng.integers(20, 40, (K, T)),
        setup=rng.uniform(0.0, 8.0, K),
        pack_cost=rng.uniform(0.0, 1.0, K),
        end_value=rng.uniform(0.0, 1.0, K) * (rng.random() < 0.5),
        backorders=backorders,
        source=np.append(np.full(stores, stores), -1),
        capacity=capacity,
        kind=kinds,
        usage_order=np.tile([1.0, 0.5, 0.0], stores) * (seed % 2),
        # stores take pallets at dispatch and receiving, and room in one shared store
        usage_start=np.append(3 * np.arange(stores + 1), 3 * stores),
        usage_resource=np.tile([0, 1, 2], stores),
        usage_amount=np.stack([pack[:-1], np.ones(stores), weight[:-1]], 1).ravel(),
    )


def relabelled(problem: LotSizingProblem, order: np.ndarray[Any, np.dtype[np.int64]]) -> LotSizingProblem:
    """Return the problem with item-location order[i] at place i."""
    per_item = {field.name for field in fields(problem)} - {
        "capacity", "kind", "usage_start", "usage_resource", "usage_amount", "usage_order", "period",
    } - (set() if problem.sellable.size else {"sellable", "waste_cost"})  # fmt: skip
    place = np.argsort(order)
    arrays = {name: np.ascontiguousarray(getattr(problem, name)[order]) for name in per_item}
    arrays["source"] = np.where(arrays["source"] >= 0, place[arrays["source"]], -1).astype(np.int32)
    count = np.diff(problem.usage_start)[order]
    entries = np.concatenate([np.arange(problem.usage_start[k], problem.usage_start[k + 1]) for k in order]).astype(int)
    return replace(
        problem,
        **arrays,
        usage_start=np.append(0, np.cumsum(count)).astype(np.int32),
        usage_resource=problem.usage_resource[entries],
        usage_amount=problem.usage_amount[entries],
        usage_order=problem.usage_order[entries] if problem.usage_order.size else problem.usage_order,
    )
