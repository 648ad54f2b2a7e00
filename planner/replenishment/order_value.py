"""The smallest value of a supplier's order, kept after the engine has planned.

What one supplier brings to one location in one bucket is one order. Orders worth less than the supplier's
`min_order_value` are changed, bucket by bucket, by the cheapest of: topping up with orders of later buckets, topping up
with what lasts least, joining the order before, waiting for the next bucket, or leaving it out; if none is possible it
is left out and what depended on it is not delivered. The engine's lower bound ignores the rule and stays valid.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from planner.replenishment.edits import PlanEditor
from planner.replenishment.model import Model

MIN_ORDER_VALUE = "minimum order value"
_ROUNDING = 1e-9
IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


def raise_order_values(editor: PlanEditor, model: Model, suppliers: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Change the plan in `editor` until the orders are worth enough; return [K, T] what was added to.

    An order that pins hold, and that nothing may be added to, stays as it is.
    """
    topped = np.zeros(editor.packs.shape, dtype=bool)
    least = suppliers.set_index("supplier_id")["min_order_value"].fillna(0.0)
    bought = model.rows[model.problem.source < 0].assign(row=np.flatnonzero(model.problem.source < 0))
    bought = bought[bought["source_type"] == "supplier"]
    worth = (model.rows["unit_cost"].to_numpy(dtype=float) * model.problem.pack * model.unit).astype(np.float64)
    for (supplier, _), group in bought.groupby(["source_id", "location_id"], sort=True):
        minimum = float(least.get(supplier, 0.0))
        rows = group["row"].to_numpy(dtype=np.int64)
        rows = rows[worth[rows] > 0]
        for t in range(editor.packs.shape[1]):
            value = float(editor.packs[rows, t] @ worth[rows])
            if 0 < value < minimum * (1 - _ROUNDING):
                before = editor.packs.copy()
                _raise(editor, model, rows, worth, t, minimum)
                topped[:, t] |= editor.packs[:, t] > before[:, t]
    return topped


def _raise(editor: PlanEditor, model: Model, rows: IntArray, worth: FloatArray, t: int, minimum: float) -> None:
    """Make the cheapest change that helps, if there is one."""
    T = editor.packs.shape[1]
    earlier = [s for s in range(t) if editor.packs[rows, s].any()]
    options: list[Callable[[], float | None]] = [
        partial(_top_up, editor, model, rows, worth, t, minimum, pull=True),
        partial(_top_up, editor, model, rows, worth, t, minimum, pull=False),
        partial(_move_order, editor, rows, t, None),
    ]
    options += [partial(_move_order, editor, rows, t, earlier[-1])] if earlier else []
    options += [partial(_move_order, editor, rows, t, t + 1)] if t + 1 < T else []
    saved = editor.save()
    best, cheapest = None, np.inf
    for option in options:
        cost = option()
        editor.restore(saved)
        if cost is not None and cost < cheapest - _ROUNDING * max(1.0, abs(cost)):
            best, cheapest = option, cost
    if best is not None:
        best()
    elif _leave_out(editor, model, rows, t) is None:
        editor.restore(saved)


def _move_order(editor: PlanEditor, rows: IntArray, t: int, to: int | None) -> float | None:
    """Move a whole order to another bucket, or leave it out; return the cost."""
    ordered = [(int(k), int(editor.packs[k, t])) for k in rows if editor.packs[k, t]]
    moves = [(k, t, -packs) for k, packs in ordered]
    if to is not None:
        moves += [(k, to, packs) for k, packs in ordered]
    return editor.change(moves)


def _leave_out(editor: PlanEditor, model: Model, rows: IntArray, t: int) -> float | None:
    """Leave an order out, and of those whom it supplies the last deliveries that rely on it; return the cost."""
    p = model.problem
    moves: dict[tuple[int, int], int] = {}
    for k in rows[editor.packs[rows, t] > 0]:
        moves[int(k), t] = -int(editor.packs[k, t])
        stock = editor.stock(int(k)).astype(np.int64)
        stock[t:] -= int(p.pack[k]) * int(editor.packs[k, t])
        supplied = np.flatnonzero(p.source == k)
        while (stock < 0).any():
            last = int(np.flatnonzero(stock < 0)[0])
            sent = [
                (s, int(c))
                for c in supplied
                for s in range(last + 1)
                if s + p.lead[c] < p.buckets
                and editor.packs[c, s + p.lead[c]] + moves.get((int(c), s + int(p.lead[c])), 0)
            ]
            if not sent:
                return None
            s, c = max(sent)
            at = c, s + int(p.lead[c])
            there = int(editor.packs[at]) + moves.get(at, 0)
            fewer = 1 if there - 1 >= p.moq[c] else there
            moves[at] = moves.get(at, 0) - fewer
            stock[s:] += fewer * int(p.pack[c])
    return editor.change([(k, s, packs) for (k, s), packs in moves.items()])


def _top_up(
    editor: PlanEditor, model: Model, rows: IntArray, worth: FloatArray, t: int, minimum: float, *, pull: bool
) -> float | None:
    """Add packs of the same supplier until the order is worth enough; return the cost, None if it cannot be."""
    cost = 0.0
    target = minimum * (1 - _ROUNDING)

    def missing() -> float:
        return target - float(editor.packs[rows, t] @ worth[rows])

    if pull:
        for later, k in sorted((int(s), int(row)) for row in rows for s in np.flatnonzero(editor.packs[row])):
            if later <= t or missing() <= 0:
                continue
            moq, there, now = int(model.problem.moq[k]), int(editor.packs[k, later]), int(editor.packs[k, t])
            wanted = max(int(np.ceil(missing() / worth[k])), moq - now)
            for packs in dict.fromkeys((min(wanted, there - moq), there)):
                added = editor.change([(k, later, -packs), (k, t, packs)]) if packs >= max(moq - now, 1) else None
                if added is not None:
                    cost += added
                    break
    candidates = [int(k) for k in rows]
    flow = np.maximum(model.forecast.mean(axis=1) / model.unit, 1e-9)
    for k in candidates:
        for customer in np.flatnonzero(model.problem.source == k):
            flow[k] += model.forecast[customer].mean() / model.unit[k]
    cover = {k: float(editor.stock(k)[t]) / float(flow[k]) for k in candidates}
    while missing() > 0 and candidates:
        k = min(candidates, key=lambda row: (cover[row], row))
        packs = max(int(model.problem.moq[k]) - int(editor.packs[k, t]), 1)
        added = editor.change([(k, t, packs)])
        if added is None:
            candidates.remove(k)
            continue
        cost += added
        cover[k] += packs * float(model.problem.pack[k]) / float(flow[k])
    return cost if missing() <= 0 else None
