"""Ordering policies in array code: NumPy as it stands, the reference; CuPy through the same namespace.

All item-locations and futures move together from bucket to bucket. Nothing is looked up at a position that differs
by element: an order joins the arrays of its bucket by a pass over the lead times that occur, and what has reached its
age by a pass over the shelf lives.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
import numpy.typing as npt

from solvers.stock.policies import OrderPolicy, StockStart, longest_wait
from solvers.stock.policy_kernels import MEASURES, TINY

_Floats = npt.NDArray[np.float64]


def play_arrays(
    start: StockStart,
    policy: OrderPolicy,
    demand_qty: _Floats,
    lead_buckets: npt.NDArray[np.int16],
    warm_up: int = 0,
    *,
    namespace: Any = np,
) -> _Floats:
    """Play on the device of an array namespace (array API standard 2024.12); see `PolicyPlayer`.

    Host arrays go in and out: the data is moved once, sums come back at the end.
    """
    xp = namespace
    rows, buckets, futures = demand_qty.shape
    wanted = xp.asarray(demand_qty)
    waits = xp.asarray(lead_buckets)
    zeros = xp.zeros((rows, futures), dtype=xp.float64)
    ones = zeros + 1.0
    ring = longest_wait(start, lead_buckets) + 1
    due = [zeros for _ in range(ring)]
    for bucket in range(start.in_transit_qty.shape[1]):
        due[bucket] = zeros + _column(xp, start.in_transit_qty[:, bucket])
    coming = zeros + _column(xp, start.in_transit_qty.sum(axis=1))
    net = zeros + _column(xp, start.net_qty)
    short = zeros > 1.0
    sums = [zeros for _ in MEASURES]
    order = _Order(xp, policy)
    shelf = _Shelf(xp, start, zeros)
    leads = np.flatnonzero(np.bincount(lead_buckets.ravel())).tolist()
    backorders = _column(xp, start.backorders)
    for t in range(buckets):
        arrived = due[t % ring]
        due[t % ring] = zeros
        before = xp.maximum(net, zeros)
        net = net + arrived
        coming = coming - arrived
        qty = zeros
        if order.reviewed(t):
            qty = order.quantity(t, net + coming)
            for lead in leads:
                joins = qty if len(leads) == 1 else xp.where(waits[:, t, :] == lead, qty, 0.0)
                if lead == 0:
                    arrived, net = arrived + joins, net + joins
                else:
                    due[(t + lead) % ring] = due[(t + lead) % ring] + joins
                    coming = coming + joins
        if t == warm_up:
            short = zeros > 1.0
        ends = arrived > 0.0
        late = short & ends
        demand = wanted[:, t, :]
        stock = xp.maximum(net, zeros)
        unmet = xp.maximum(demand - stock, zeros)
        missed = unmet > TINY
        short = (short & ~ends) | missed
        net = net - xp.where(backorders, demand, demand - unmet)
        wasted = zeros
        if shelf.any:
            wasted = shelf.expired(arrived, before, before + arrived - xp.maximum(net, zeros))
            net = net - wasted
        if t < warm_up:
            continue
        held = xp.maximum(net, zeros)
        happened = [xp.where(flags, ones, zeros) for flags in (missed, qty > 0.0, ends, late)]
        counted = (demand, unmet, happened[0], held, held - net, happened[1], qty, *happened[2:], wasted)
        sums = [total + values for total, values in zip(sums, counted, strict=True)]
    sums[7] = sums[7] + 1.0
    sums[8] = sums[8] + xp.where(short, ones, zeros)
    return np.stack([_to_host(values) for values in sums], axis=1)


class _Order:
    """What a policy orders at a review; what no item-location has, a lot or a pack, is not computed."""

    def __init__(self, xp: Any, policy: OrderPolicy) -> None:
        self._xp = xp
        self._review = policy.review_buckets
        self._below = xp.asarray(policy.reorder_point_qty)
        self._above = xp.asarray(policy.order_up_to_qty)
        self._least = _column(xp, policy.least_qty)
        self._lot = _column(xp, policy.lot_qty) if (policy.lot_qty > 0).any() else None
        self._multiple = _column(xp, policy.multiple_qty) if (policy.multiple_qty > 0).any() else None

    def reviewed(self, t: int) -> bool:
        """Return whether bucket t is a review of any item-location."""
        return bool((t % self._review == 0).any())

    def quantity(self, t: int, position: Any) -> Any:
        """Return the orders [K, R] of bucket t at an inventory position [K, R]."""
        xp = self._xp
        below = xp.reshape(self._below[:, t], (-1, 1))
        lacking = xp.reshape(self._above[:, t], (-1, 1)) - position
        raised = lacking
        with np.errstate(invalid="ignore"):  # minus infinity times a lot or multiple of nothing is not looked at
            if self._multiple is not None:
                pack = xp.where(self._multiple > 0.0, self._multiple, 1.0)
                packed = xp.ceil(lacking / pack - TINY) * pack
                raised = xp.where(self._multiple > 0.0, packed, lacking)
            qty = xp.where(lacking > TINY, xp.maximum(raised, self._least), 0.0)
            if self._lot is not None:
                lot = xp.where(self._lot > 0.0, self._lot, 1.0)
                lots = (xp.floor((below - position) / lot + TINY) + 1.0) * lot
                qty = xp.where(self._lot > 0.0, lots, qty)
        due = position <= below + TINY
        if (self._review > 1).any():
            due = due & _column(xp, t % self._review == 0)
        return xp.where(due, qty, 0.0)


class _Shelf:
    """What expires: of all that came up to the oldest bucket on the shelf, what outflow has not reached."""

    def __init__(self, xp: Any, start: StockStart, zeros: Any) -> None:
        lives = [int(life) for life in np.unique(start.shelf_buckets) if life > 0]
        self.any = bool(lives)
        self._xp, self._zeros, self._old = xp, zeros, zeros
        self._came: deque[Any] = deque(maxlen=max(lives, default=1))
        self._living = {life: _column(xp, start.shelf_buckets == life) for life in lives}
        self._expires = _column(xp, start.shelf_buckets > 0)

    def expired(self, arrived: Any, before: Any, outflow: Any) -> Any:
        """Return what is wasted [K, R] at the end of the next bucket; what is there before the first counts as new."""
        xp = self._xp
        self._came.append(arrived if self._came else arrived + before)
        old = self._old - outflow
        for life, rows in self._living.items():
            if life <= len(self._came):
                old = old + xp.where(rows, self._came[-life], 0.0)
        self._old = xp.minimum(old, self._zeros)
        return xp.where(self._expires, xp.maximum(old, self._zeros), 0.0)


def _column(xp: Any, values: npt.NDArray[Any]) -> Any:
    """Return [K] as [K, 1] on the device."""
    return xp.asarray(np.ascontiguousarray(values)[:, None])


def _to_host(array: Any) -> _Floats:
    host: _Floats = array.get() if hasattr(array, "get") else np.asarray(array)
    return host
