"""Which rule decided the quantity of an order: one reason per item-location and bucket."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from planner.replenishment.model import Model
from planner.replenishment.supply_limits import MONEY, SUPPLY, SUPPLY_PERIOD
from solvers.lotsizing.problem import DISPATCH, STORAGE, LotSizingProblem
from solvers.lotsizing.result import LotSizingResult
from solvers.lotsizing.verify import Verdict

PINNED = "pinned"
FAIR_SHARE = "dc short: fair share"
STORAGE_LIMIT = "storage limit"
PULLED_FORWARD = "pulled forward: capacity"
CAPACITY = "dispatch capacity"
RECEIVING_CAPACITY = "receiving capacity"
SUPPLIER_LIMIT = "supplier limit"
BUDGET = "budget"
MOQ = "moq"
DEMAND = "demand cover"
SAFETY = "safety stock"
ROUNDING = "pack rounding"

_FULL_REASONS = {
    "dispatch": CAPACITY,
    "receiving": RECEIVING_CAPACITY,
    SUPPLY: SUPPLIER_LIMIT,
    SUPPLY_PERIOD: SUPPLIER_LIMIT,
}
_FULL = 0.999
Texts = npt.NDArray[np.object_]


def binding_reasons(model: Model, result: LotSizingResult, verdict: Verdict, rationed: npt.NDArray[np.bool_]) -> Texts:
    """Return [K, T] the reason of each order, empty where there is none.

    The first that holds: pinned; a short source's fair share; as much as storage allows; the next pack
    would not fit the bucket's capacity; capacity of a later bucket is dearer and this order covers it; the
    smallest order; else what the order serves most: demand until the next order, safety stock, or neither
    (rounding up to whole packs).
    """
    problem = model.problem
    packs = result.packs
    demand, safety = needs_of_orders(model, result, verdict)
    qty = packs * problem.pack[:, None]
    excess = qty - demand - safety
    reason: Texts = np.full(packs.shape, "", dtype=object)
    reason[:] = np.where((demand >= safety) & (demand >= excess), DEMAND, np.where(safety >= excess, SAFETY, ROUNDING))
    smallest = (packs == problem.moq[:, None]) & (problem.moq[:, None] > 1) & (excess >= problem.pack[:, None])
    reason[smallest] = MOQ
    price = _capacity_prices(model, result)
    later = np.concatenate([price[:, 1:], price[:, -1:]], axis=1)
    reason[(later > price + 1e-9) & (demand > problem.demand) & (packs > 0)] = PULLED_FORWARD
    for text, full in _no_room(model, result, verdict).items():
        reason[full] = text
    lasting = verdict.stock + problem.pack[:, None] > problem.storage
    reason[lasting & (verdict.sent == 0)] = STORAGE_LIMIT
    reason[rationed] = FAIR_SHARE
    reason[model.pinned] = PINNED
    reason[packs == 0] = ""
    return reason


def needs_of_orders(
    model: Model, result: LotSizingResult, verdict: Verdict
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return [K, T] units of each order that serve demand until the next order, and safety stock behind it."""
    problem = model.problem
    K, T = result.packs.shape
    flow = problem.demand.astype(np.int64) + verdict.sent - problem.receipts
    before = np.concatenate([problem.opening[:, None], verdict.stock[:, :-1]], axis=1).astype(np.int64)
    cover = np.zeros((K, T), np.int64)
    wanted = np.zeros((K, T), np.int64)
    run = np.zeros(K, np.int64)
    most_safety = np.zeros(K, np.int64)
    for t in range(T - 1, -1, -1):
        run = flow[:, t] + np.maximum(run, 0)
        most_safety = np.maximum(problem.safety[:, t], most_safety)
        cover[:, t], wanted[:, t] = run, most_safety
        ordered = result.packs[:, t] > 0
        run = np.where(ordered, 0, run)
        most_safety = np.where(ordered, 0, most_safety)
    qty = result.packs.astype(np.int64) * problem.pack[:, None]
    for_demand = np.clip(cover - before, 0, qty)
    for_safety = np.clip(cover + wanted - before - for_demand, 0, qty - for_demand)
    return np.where(qty > 0, for_demand, 0), np.where(qty > 0, for_safety, 0)


def _capacity_prices(model: Model, result: LotSizingResult) -> npt.NDArray[np.float64]:
    """Return [K, T] money per pack for dispatch and receiving capacity, by bucket of arrival."""
    problem, prices = model.problem, model.problem.by_bucket(result.prices)
    out = np.zeros(result.packs.shape)
    for r, rows, amount, left in _users(problem):
        if problem.kind[r] != STORAGE:
            np.add.at(out, rows, amount[:, None] * np.where(left >= 0, prices[r][left], 0.0))
    return out


def _no_room(model: Model, result: LotSizingResult, verdict: Verdict) -> dict[str, npt.NDArray[np.bool_]]:
    """Return by reason [K, T] whether a priced limit of the order's bucket has no room for another pack."""
    problem = model.problem
    use, capacity = problem.by_bucket(resource_use(model, result, verdict)), problem.by_bucket(problem.capacity)
    prices = problem.by_bucket(result.prices)
    full: dict[str, npt.NDArray[np.bool_]] = {}
    for r, rows, amount, left in _users(problem):
        if problem.kind[r] == STORAGE or not (prices[r] > 0).any():
            continue
        binding = (use[r][left] + amount[:, None] > _FULL * capacity[r][left]) & (prices[r][left] > 0) & (left >= 0)
        resource = model.resources[r]
        text = BUDGET if resource.unit == MONEY else _FULL_REASONS[resource.name]
        marked = full.setdefault(text, np.zeros(result.packs.shape, dtype=bool))
        np.logical_or.at(marked, rows, binding & (result.packs[rows] > 0))
    return full


def resource_use(model: Model, result: LotSizingResult, verdict: Verdict) -> npt.NDArray[np.float64]:
    """Return [R, T] what the plan uses of every shared resource."""
    problem = model.problem
    use = np.zeros_like(problem.capacity)
    for r, rows, amount, left in _users(problem):
        if problem.kind[r] == STORAGE:
            held = np.maximum(verdict.stock[rows], 0) + model.aside[rows, 1:] / model.unit[rows, None]
            use[r] = (amount[:, None] * held).sum(axis=0)
        else:
            sent = np.zeros((len(rows), problem.buckets))
            row, bucket = np.nonzero(left >= 0)
            sent[row, left[row, bucket]] = result.packs[rows[row], bucket]
            use[r] = problem.counted(r, (amount[:, None] * sent).sum(axis=0))
    return use


def _users(
    problem: LotSizingProblem,
) -> Iterator[tuple[int, npt.NDArray[np.int64], npt.NDArray[np.float64], npt.NDArray[np.int64]]]:
    """Yield every resource in use, its rows [U], amounts [U], and the bucket [U, T] in which what arrives counts."""
    entry_row = np.repeat(np.arange(problem.item_locations), np.diff(problem.usage_start))
    order = np.argsort(problem.usage_resource, kind="stable")
    for entries in np.split(order, np.flatnonzero(np.diff(problem.usage_resource[order])) + 1):
        if not entries.size:
            continue
        r, rows = int(problem.usage_resource[entries[0]]), entry_row[entries]
        lead = problem.lead[rows] if problem.kind[r] == DISPATCH else np.zeros(len(rows), np.int64)
        left = np.arange(problem.buckets) - lead[:, None]
        yield r, rows, problem.usage_amount[entries], np.maximum(left, -1)
