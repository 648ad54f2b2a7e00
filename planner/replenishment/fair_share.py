"""Who gets what when a source is short: shares by a stated rule instead of by what costs least.

The engine gives scarce stock to whoever loses most without it. Where a source sends all it has in a bucket and some
location it supplies runs out before its next delivery, what is sent in that bucket is shared anew:

- `proportional`: every location gets the same share of what it needs until its next delivery;
- `equal_days`: stock after the delivery lasts equally long everywhere;
- `priority`: locations of the highest priority first, in full; among equals as `proportional`.

Only whole packs, smallest orders, storage and every other rule of the plan are kept: a sharing that would break one is
not made. The lower bound of the engine stays valid, since it allows every sharing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from planner.replenishment.edits import PlanEditor
from planner.replenishment.model import Model
from solvers.lotsizing.verify import Verdict, verify

FairShare = Literal["proportional", "equal_days", "priority"]
Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Claims:
    """What n locations ask of a source in one bucket.

    Attributes
    ----------
    rows, bucket : [n] item-location, and the bucket in which its delivery arrives.
    packs : [n] in the plan. need : [n] units until the next delivery, safety stock included, beyond the stock there.
    stock : [n] units there when the delivery arrives. rate : [n] units per bucket until the next delivery.
    pack, least, most : [n] units in a pack; fewest and most packs of an order.
    """

    rows: Longs
    bucket: Longs
    packs: Longs
    need: Longs
    stock: Longs
    rate: Floats
    pack: Longs
    least: Longs
    most: Longs


def share_fairly(editor: PlanEditor, model: Model, rule: FairShare) -> npt.NDArray[np.bool_]:
    """Share anew what short sources send, bucket by bucket; return [K, T] the orders that are somebody's fair share."""
    p = model.problem
    shared = np.zeros(editor.packs.shape, dtype=bool)
    priority = model.rows["priority"].to_numpy(dtype=float)
    verdict = verify(p, editor.packs.astype(np.int32))
    for source in np.unique(p.source[p.source >= 0]):  # sources stand above whom they supply
        supplied = np.flatnonzero(p.source == source)
        for dispatch in range(p.buckets):
            if (
                not verdict.unmet[supplied, dispatch:].any()
                or verdict.stock[source, dispatch] >= p.pack[supplied].min()
            ):
                continue
            claims = _claims(editor, model, verdict, supplied, dispatch)
            if claims is None:
                continue
            amount = int(claims.packs @ claims.pack)
            packs = _shares(claims, amount, rule, priority[claims.rows])
            moves = zip(claims.rows.tolist(), claims.bucket.tolist(), (packs - claims.packs).tolist(), strict=True)
            if editor.change([move for move in moves if move[2]]) is not None:
                verdict = verify(p, editor.packs.astype(np.int32))
                got = editor.packs[claims.rows, claims.bucket] > 0
                shared[claims.rows[got], claims.bucket[got]] = True
    return shared


def _claims(editor: PlanEditor, model: Model, verdict: Verdict, supplied: Longs, dispatch: int) -> _Claims | None:
    """Return what the locations that may get a delivery ask for; None if nobody runs out before the next one."""
    p, T = model.problem, model.problem.buckets
    bucket = dispatch + p.lead[supplied].astype(np.int64)
    able = bucket < T
    able[able] = (p.max_packs[supplied[able], bucket[able]] > 0) & ~model.pinned[supplied[able], bucket[able]]
    rows, bucket = supplied[able], bucket[able]
    if rows.size < 2:
        return None
    runs_out = False
    need, stock, rate = np.zeros(rows.size, np.int64), np.zeros(rows.size, np.int64), np.zeros(rows.size)
    for n, (k, t) in enumerate(zip(rows.tolist(), bucket.tolist(), strict=True)):
        later = np.flatnonzero(editor.packs[k, t + 1 :])
        until = t + 1 + int(later[0]) if later.size else T
        runs_out |= bool(verdict.unmet[k, t:until].any())
        stock[n] = int(verdict.stock[k, t - 1] if t else p.opening[k]) + int(p.receipts[k, t])
        wanted = p.demand[k, t:until].astype(np.int64) - np.append(0, p.receipts[k, t + 1 : until])
        need[n] = max(int(np.cumsum(wanted).max()) + int(p.safety[k, t:until].max()) - int(stock[n]), 0)
        rate[n] = p.demand[k, t:until].mean()
    packs = editor.packs[rows, bucket]
    if not runs_out or not packs.any():
        return None
    return _Claims(
        rows=rows,
        bucket=bucket,
        packs=packs,
        need=need,
        stock=stock,
        rate=rate,
        pack=p.pack[rows].astype(np.int64),
        least=np.maximum(p.moq[rows], p.min_packs[rows, bucket]).astype(np.int64),
        most=p.max_packs[rows, bucket].astype(np.int64),
    )


def _shares(claims: _Claims, amount: int, rule: FairShare, priority: Floats) -> Longs:
    """Return packs [n] that use at most `amount` units: the next pack always goes to whoever the rule puts first."""
    packs = np.zeros(claims.rows.size, np.int64)
    open_ = (claims.most > 0) & (claims.need > 0)
    while open_.any():
        got = packs * claims.pack
        if rule == "equal_days":
            rank = (claims.stock + got) / np.maximum(claims.rate, 1e-9)
        else:
            rank = got / np.maximum(claims.need, 1)
        if rule == "priority":
            rank = rank - 2.0 * np.searchsorted(np.unique(priority), priority)
        n = int(np.flatnonzero(open_)[np.argmin(rank[open_])])
        more = max(int(claims.least[n]), 1) if packs[n] == 0 else 1
        if got[n] >= claims.need[n] or packs[n] + more > claims.most[n] or more * int(claims.pack[n]) > amount:
            open_[n] = False
            continue
        packs[n] += more
        amount -= more * int(claims.pack[n])
    return packs
