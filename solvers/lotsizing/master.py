"""The price ascent: a proximal bundle method whose model keeps the plans of every item-location apart.

At each step the relaxation answers the prices with a bound and new columns. If the bound rose by a fair
part of what the model had promised, the centre moves there (a serious step) and the next step may be
longer; else the model, now better, is solved again around the old centre with a shorter step. See
Frangioni (2002) on disaggregated bundle methods; `master_kernels` on how the model is solved.
"""

from __future__ import annotations

import numpy as np

from solvers.lotsizing.joint import size_and_price
from solvers.lotsizing.master_kernels import Columns, Rows, add_columns, choose_columns, mix, mixed_use, model_value
from solvers.lotsizing.problem import STORAGE, Floats, Ints
from solvers.lotsizing.relaxation import Priced, Relaxation

_FAIR_PART = 0.1
_LONGER, _SHORTER = 1.5, 0.7
_NEARLY_ALL, _MUCH_LONGER = 0.7, 5.0
"""Where the bound rose by nearly all that was promised, the model holds much further out."""
_LONGEST, _SHORTEST = 100.0, 0.02
_PASSES = 8
_STIFF, _CHOICES = 10.0, 3
_MOST_ROUNDS = 20
_HELD_BUCKETS = 0.25
_SOURCE_VISITS = 8
"""Sources are few and large: they are visited this often in one pass."""
_UNUSED = 1e-3
_COLUMNS = 16
_MOST_COLUMN_CELLS = 4e8
"""Columns shrink so that their packs stay below 1.6 GB."""


class Master:
    """Prices of all shared rows and the mixture of known plans behind them."""

    def __init__(self, relaxation: Relaxation, seed: int) -> None:
        p, c = relaxation.problem, relaxation.coupling
        K, T = p.demand.shape
        R, J = p.resources, c.sources.size
        M = int(np.clip(_MOST_COLUMN_CELLS / max(K * T, 1), 4, _COLUMNS))
        self._data, self._row_of = relaxation.data, c.row_of
        stored = np.zeros(K, bool)
        users = np.repeat(np.arange(K), np.diff(p.usage_start))
        stored[users[p.kind[p.usage_resource] == STORAGE]] = True
        stock_row = np.where(stored, np.cumsum(stored) - 1, -1).astype(np.int32)
        self.columns = Columns(
            packs=np.zeros((K, T, M), np.int32),
            cost=np.full((K, M), np.inf),
            weight=np.zeros((K, M)),
            last_used=np.zeros((K, M), np.int32),
            known=np.zeros(K, np.int32),
            stock=np.zeros((int(stored.sum()), T, M), np.int32),
            stock_row=stock_row,
            sent=np.zeros((J, T, M), np.int64),
        )
        self.rows = Rows(*(np.zeros((n, T)) for n in (R, J, R, J, R, J, R, J, J)))
        self.rows.source_floor[:] = relaxation.source_floor
        leaves = np.random.default_rng(seed).permutation(c.leaves)
        parts = [np.append(part, c.sources) for part in np.array_split(leaves, _SOURCE_VISITS if J else 1)]
        self._order = np.concatenate(parts).astype(np.int32)
        self._relaxation = relaxation
        self._length = 1.0
        self._centre_bound = -np.inf
        self.promised = np.inf
        """What the model says the bound can rise to at the present prices."""
        self.steps = 0
        self.scale = np.ones(R + J)
        """Money per unit of each row, by the plans without prices."""

    def begin_at(self, prices: Floats, source_prices: Floats) -> None:
        """Let the ascent begin at these prices [R, T], [J, T], as far as they are allowed."""
        np.maximum(prices, 0.0, out=self.rows.prices)
        np.maximum(source_prices, self.rows.source_floor, out=self.rows.source_prices)

    def restart(self, prices: Floats, source_prices: Floats) -> None:
        """Let the ascent begin anew at these prices, with steps as at first; the plans known so far stay known."""
        self.rows.prices[:] = prices
        self.rows.source_prices[:] = source_prices
        self._length, self._centre_bound, self.promised = 1.0, -np.inf, np.inf

    @property
    def prices(self) -> Floats:
        """Prices of resources [R, T]."""
        return self.rows.prices

    @property
    def source_prices(self) -> Floats:
        """Prices of the stock of sources [J, T]."""
        return self.rows.source_prices

    def answer(self, priced: Priced) -> None:
        """Take the relaxation's answer to the present prices and find the next ones."""
        add_columns(
            self._data, self.columns, self._row_of, priced.packs, priced.cost, priced.stock, priced.sent, self.steps
        )
        rows = self.rows
        if self.steps == 0:
            self._set_scale(priced)
        begins = self._centre_bound == -np.inf
        promised = 0.0 if begins else self.promised - self._centre_bound
        if begins or priced.bound >= self._centre_bound + _FAIR_PART * promised:
            if not begins:
                nearly_all = priced.bound >= self._centre_bound + _NEARLY_ALL * promised
                self._length = min(self._length * (_MUCH_LONGER if nearly_all else _LONGER), _LONGEST)
            self._centre_bound = priced.bound
            rows.centre[:] = rows.prices
            rows.source_centre[:] = rows.source_prices
        else:
            self._length = max(self._length * _SHORTER, _SHORTEST)
        R = rows.use.shape[0]
        rows.step[:] = self._length * self._unit_step[:R]
        rows.source_step[:] = self._length * self._unit_step[R:]
        mixed_use(self._data, self.columns, self._row_of, rows)
        for _ in range(_MOST_ROUNDS):
            mix(self._data, self.columns, self._row_of, rows, self._order, _PASSES)
            self.promised = model_value(self._data, self.columns, self._row_of, rows)
            if self.promised >= self._centre_bound:  # holds at the optimum of the proximal master
                break
        self.steps += 1

    def _set_scale(self, priced: Priced) -> None:
        """Say by how much a relative overload of 1 moves a price.

        Of a resource: by what its users cost without prices, per unit; where these use nothing yet (what a supplier
        brings), by what the room that is bought there costs. Of the stock of a source: by what it costs to hold a unit
        for a while; before its first order can arrive, by what a missing unit costs.
        """
        p, c = self._relaxation.problem, self._relaxation.coupling
        users = np.repeat(np.arange(p.item_locations), np.diff(p.usage_start))
        spent = np.bincount(p.usage_resource, priced.cost[users], p.resources)
        scale = spent / np.maximum(priced.use.sum(axis=1), 1e-9)
        mean_use = np.maximum(priced.use.mean(axis=1, keepdims=True), 1e-9)
        grows = np.zeros(p.resources, bool)
        grows[p.usage_resource[p.usage_amount < 0]] = True
        volume = np.maximum(p.capacity, np.where(grows[:, None], 1.0, 0.1) * mean_use)
        size, price = size_and_price(p)
        unused = (size > 0) & (mean_use[:, 0] < _UNUSED * size)
        scale[unused] = price[unused] / size[unused]
        volume[unused] = size[unused, None]
        children = np.flatnonzero(p.source >= 0)
        row = c.row_of[p.source[children]]
        supplied = np.maximum(np.bincount(row, minlength=c.sources.size), 1)
        missing = p.shortage[children] + p.shortfall[children] * p.buckets
        lost = np.bincount(row, missing, c.sources.size) / supplied
        arrives = np.cumsum(p.max_packs[c.sources] > 0, axis=1) > 0
        held = _HELD_BUCKETS * p.holding[c.sources]
        late_or_early = np.where(arrives, np.maximum(held, 1e-3 * lost)[:, None], lost[:, None])
        take = np.maximum(priced.take.mean(axis=1, keepdims=True), 1.0)
        self.scale = np.concatenate([scale, np.bincount(row, priced.cost[children], c.sources.size) / take[:, 0]])
        self._unit_step = np.concatenate([scale[:, None] / volume, late_or_early / take])

    def rounded(self, order: Ints) -> tuple[Ints, Floats]:
        """Return the packs [K, T] and cost [K] of one column per item-location that together use what the mixture does.

        Around the present prices, with steps that make a small overload dear. Only those in `order` choose; the others'
        share of the mixture stays booked meanwhile, and their likeliest column is returned.
        """
        rows, R = self.rows, self.rows.use.shape[0]
        near = Rows(*(array.copy() for array in rows))
        near.centre[:] = rows.prices
        near.source_centre[:] = rows.source_prices
        near.step[:] = _STIFF * self._unit_step[:R]
        near.source_step[:] = _STIFF * self._unit_step[R:]
        K = self.columns.known.size
        chosen = np.zeros(K, np.int32)
        choose_columns(self._data, self.columns, self._row_of, near, order, _CHOICES, chosen)
        k = np.arange(K)
        return np.ascontiguousarray(self.columns.packs[k, :, chosen]), self.columns.cost[k, chosen]
