"""What does not fit the days of its bucket waits, and the plan with it.

The problem knows buckets; goods that reach a location late in a bucket, or limits of single days, can
leave too little room to deliver on the days that remain. Such orders come in a later bucket or not at all,
whichever is cheaper.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from planner.errors import RefusedError
from planner.replenishment.edits import Move, PlanEditor
from planner.replenishment.model import Model, Tables
from planner.replenishment.orders import spread_plan
from solvers.lotsizing.verify import verify

_LATER_BUCKETS = 3


def fit_days(editor: PlanEditor, model: Model, tables: Tables) -> pd.DataFrame:
    """Change the plan in `editor` until the orders of every bucket fit its days; return them, see `spread_plan`.

    Every round takes packs out of the earliest bucket that is too full, and adds only to later ones: it ends.

    Raises
    ------
    RefusedError
        Orders that pins hold do not fit.
    """
    while True:
        packs = editor.packs.astype(np.int32)
        lines = spread_plan(model, packs, verify(model.problem, packs), tables)
        excess = lines[~lines["fits"]]
        if excess.empty:
            return lines
        bucket = int(excess["bucket"].min())
        over = excess[excess["bucket"] == bucket].groupby("row")["packs"].sum()
        over_rows = over.index.to_numpy(dtype=np.int64)
        counts = over.to_numpy(dtype=np.int64)
        moved = [_postpone(editor, model, int(k), bucket, int(n)) for k, n in zip(over_rows, counts, strict=True)]
        if not any(moved):
            row = model.rows.iloc[over_rows[0]]
            start = model.days.date(excess["bucket"].to_numpy()[:1] * model.days.bucket_days)[0].date()
            raise RefusedError(
                f"Item {row['item_id']} for {row['location_id']}: {counts[0]} packs fit no day of the bucket "
                f"from {start}, and cannot wait. Raise the daily limits or change the pins there."
            )


def _postpone(editor: PlanEditor, model: Model, k: int, t: int, packs: int) -> bool:
    """Take packs out of an order, or the whole order, in the cheapest way; return whether some way is allowed."""
    whole = int(editor.packs[k, t])
    later = [s for s in range(t + 1, editor.packs.shape[1]) if model.problem.max_packs[k, s] > 0][:_LATER_BUCKETS]
    for least in dict.fromkeys((packs, whole)):
        options: list[list[Move]] = [[(k, t, -least)]]
        options += [[(k, t, -least), (k, s, least)] for s in later]
        costs = [(editor.change(option, keep=False), number) for number, option in enumerate(options)]
        allowed = [(cost, number) for cost, number in costs if cost is not None]
        if allowed:
            editor.change(options[min(allowed)[1]])
            return True
    return False
