"""Changes to a plan of packs, order by order, that keep every rule of the problem."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from solvers.lotsizing.problem import DISPATCH, STORAGE, Ints, LotSizingProblem
from solvers.lotsizing.verify import verify

Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Move = tuple[int, int, int]
"""Item-location, bucket of arrival, packs more (or fewer)."""

_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class _Saved:
    packs: Longs
    sent: Longs
    use: Floats


class PlanEditor:
    """A plan that keeps all rules, and stays so: a change that would break one is refused.

    Attributes
    ----------
    packs : [K, T] packs by bucket of arrival.
    """

    def __init__(self, problem: LotSizingProblem, packs: Ints) -> None:
        verdict = verify(problem, packs)
        self._p = problem
        self.packs: Longs = packs.astype(np.int64)
        self._sent: Longs = verdict.sent.astype(np.int64)
        self._use: Floats = np.zeros_like(problem.capacity)
        for k in range(problem.item_locations):
            for r, used in self._usage(k, verdict.stock[k].astype(np.int64)):
                self._use[r] += used

    def save(self) -> _Saved:
        """Return what `restore` brings back."""
        return _Saved(self.packs.copy(), self._sent.copy(), self._use.copy())

    def restore(self, saved: _Saved) -> None:
        """Go back to a saved plan."""
        self.packs, self._sent, self._use = saved.packs.copy(), saved.sent.copy(), saved.use.copy()

    def stock(self, k: int) -> Longs:
        """Return [T] units at the end of the buckets, negative if owed."""
        return self._play(k)[0]

    def change(self, moves: Iterable[Move], *, keep: bool = True) -> float | None:
        """Return what the moves, made together, add to the cost; None if they break a rule.

        keep : whether to make them, if they break none.
        """
        moves = [move for move in moves if move[2]]
        touched = {k for k, _, _ in moves}
        touched |= {int(self._p.source[k]) for k in touched if self._p.source[k] >= 0}
        rows = sorted(touched)
        before = {k: self._play(k) for k in rows}
        old = self.packs[rows].copy(), self._sent[rows].copy(), self._use.copy()
        for k in rows:
            for r, used in self._usage(k, before[k][0]):
                self._use[r] -= used
        dispatched = [self._shift(*move) for move in moves]
        allowed = all(dispatched) and all(self._within(k, t) for k, t, _ in moves)
        after = {k: self._play(k) for k in rows}
        allowed = allowed and all(kept for _, _, kept in after.values())
        for k in rows:
            for r, used in self._usage(k, after[k][0]):
                self._use[r] += used
        capacity = self._p.capacity
        fuller = self._use > np.maximum(capacity, old[2]) + _TOLERANCE * np.maximum(capacity, 1.0)
        allowed = allowed and not fuller.any()
        if not (allowed and keep):
            self.packs[rows], self._sent[rows], self._use = old
        return sum(after[k][1] - before[k][1] for k in rows) if allowed else None

    def _shift(self, k: int, t: int, packs: int) -> bool:
        """Change one order and what its source sends; False if it could not be dispatched."""
        self.packs[k, t] += packs
        source, dispatch = int(self._p.source[k]), t - int(self._p.lead[k])
        if source >= 0 and dispatch >= 0:
            self._sent[source, dispatch] += packs * int(self._p.pack[k])
        return source < 0 or dispatch >= 0

    def _within(self, k: int, t: int) -> bool:
        q = int(self.packs[k, t])
        return int(self._p.min_packs[k, t]) <= q <= int(self._p.max_packs[k, t]) and (q == 0 or q >= self._p.moq[k])

    def _play(self, k: int) -> tuple[Longs, float, bool]:
        """Return stock [T], cost, and whether no more is sent and stored than can be."""
        p, T = self._p, self._p.buckets
        stock = np.zeros(T, np.int64)
        x, cost, kept = int(p.opening[k]), 0.0, True
        shortage, shortfall, holding = float(p.shortage[k]), float(p.shortfall[k]), float(p.holding[k])
        waits = bool(p.backorders[k])
        for t in range(T):
            q, sent, demand = int(self.packs[k, t]), int(self._sent[k, t]), int(p.demand[k, t])
            there = x + int(p.receipts[k, t]) + int(p.pack[k]) * q
            kept = kept and sent <= max(there, 0)
            there -= sent
            x = there - demand if waits else max(there - demand, 0)
            unmet = demand - min(demand, max(there, 0))
            if p.sellable.size:
                thrown = max(x - int(p.sellable[k, t]), 0)
                x -= thrown
                cost += float(p.waste_cost[k]) * thrown
            held = max(x, 0)
            kept = kept and held <= int(p.storage[k, t])
            cost += shortage * (max(-there, 0) + unmet) if waits else (shortage + shortfall * (T - t)) * unmet
            cost += holding * held + shortfall * max(int(p.safety[k, t]) - held, 0)
            cost += float(p.pack_cost[k]) * q + (float(p.setup[k]) if q > 0 else 0.0)
            stock[t] = x
        return stock, cost - float(p.end_value[k]) * x, kept

    def _usage(self, k: int, stock: Longs) -> Iterator[tuple[int, Floats]]:
        """Yield resource and [T] what an item-location uses of it."""
        p, T = self._p, self._p.buckets
        for entry in range(int(p.usage_start[k]), int(p.usage_start[k + 1])):
            r, amount = int(p.usage_resource[entry]), float(p.usage_amount[entry])
            if p.kind[r] == STORAGE:
                yield r, amount * np.maximum(stock, 0)
            elif p.kind[r] == DISPATCH:
                lead = int(p.lead[k])
                yield r, amount * np.concatenate([self.packs[k, lead:], np.zeros(min(lead, T))])
            else:
                yield r, p.counted(r, amount * self.packs[k])
