"""The lot-sizing problem as flat arrays: what every engine reads and the judge checks."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

DISPATCH, RECEIVING, STORAGE, PERIOD = 0, 1, 2, 3
"""Kinds of shared resources: by bucket of dispatch (arrival - lead), by bucket of arrival, by stock, and by arrival in
a period of several buckets together."""
FRESH = 2**30
"""Units that can be sold in time of what does not expire."""


class Arrays(NamedTuple):
    """The arrays of a problem in the form that kernels take; see `LotSizingProblem`."""

    demand: Ints
    opening: Ints
    receipts: Ints
    pack: Ints
    moq: Ints
    lead: Ints
    min_packs: Ints
    max_packs: Ints
    holding: Floats
    shortage: Floats
    shortfall: Floats
    safety: Ints
    storage: Ints
    setup: Floats
    pack_cost: Floats
    end_value: Floats
    backorders: Flags
    source: Ints
    capacity: Floats
    kind: Ints
    usage_start: Ints
    usage_resource: Ints
    usage_amount: Floats
    usage_order: Floats
    sellable: Ints
    waste_cost: Floats
    period: Ints


@dataclass(frozen=True, slots=True)
class LotSizingProblem:
    """K item-locations over T buckets that share resources and supply each other.

    For item-location k and bucket t, with q packs arriving, y = [q > 0], stock x at the end, unmet
    demand u and s units sent on to the item-locations it supplies::

        x[t-1] + receipts[t] + pack q[t] = s[t] + (demand[t] - u[t]) + x[t]       (lost sales)
        s[k,t] = sum over c with source[c] = k of pack[c] q[c, t + lead[c]]
        q[t] = 0 or max(moq, min_packs[t], 1) <= q[t] <= max_packs[t];  q[t] >= min_packs[t]
        x[t] <= storage[t];  s[t] <= x[t-1] + receipts[t] + pack q[t]
        sum over k of amount[r,k] q[k, t + lead[k]] + order[r,k] y[k, t + lead[k]] <= capacity[r,t]  (dispatch)
        sum over k of amount[r,k] q[k,t] + order[r,k] y[k,t] <= capacity[r,t]     (receiving)
        sum over k of amount[r,k] x[k,t] <= capacity[r,t]                         (storage)
        sum over t with period[r,t] = c of what receiving counts <= capacity[r,c] (period)

    Own demand is served as far as stock allows after what is sent on. The cost is the sum of
    `setup y + pack_cost q`, `holding x`, `shortfall max(safety - x, 0)` and unmet demand, less
    `end_value` for every unit left at the end. A unit lost in bucket t costs
    `shortage + shortfall (T - t)`: it falls with time so that refusing a sale to keep safety stock never
    pays, which makes the mixed-integer programme equal to the rule above. With backorders x may be
    negative, every unit owed costs `shortage` at the end of every bucket, and storage, holding and
    safety see max(x, 0).

    What expires: stock above sellable[t] at the end of bucket t cannot be sold in time, first in first out,
    and is written off at once at `waste_cost` per unit. With sellable[t] the demand of the buckets through
    which an arrival of bucket t stays fresh, what is kept always is sold in time, because what came by t
    leaves before anything that comes later: ages need no state of their own.

    Attributes
    ----------
    demand, receipts : [K, T] units per bucket; receipts are scheduled ones.
    opening : [K] units at the start; negative where demand is owed.
    pack : [K] units in a pack; every order is whole packs.
    moq : [K] packs, smallest order.
    lead : [K] buckets from dispatch to arrival.
    min_packs, max_packs : [K, T] packs by bucket of arrival (pins, lead times, calendars).
    holding : [K] money/unit at the end of a bucket.
    shortage : [K] money/unit lost, or owed at the end of a bucket.
    shortfall : [K] money/unit of safety stock missing at the end of a bucket.
    safety, storage : [K, T] units at the end of a bucket, wanted and allowed.
    setup : [K] money/order; pack_cost : [K] money/pack.
    end_value : [K] money/unit in stock at the end of the horizon.
    backorders : [K] whether unmet demand waits.
    source : [K] item-location that supplies it, -1 for an outside supplier.
    capacity : [R, T] of the shared resources, kind : [R] DISPATCH, RECEIVING or STORAGE.
    usage_start : [K + 1], usage_resource, usage_amount : compressed rows, the resources that an
        item-location uses and how much per pack (per unit for STORAGE). A negative amount provides: room that is
        bought (a truck) or value that counts towards a smallest order, see `joint`.
    usage_order : as usage_amount, per order whatever its size (set-up time, a pick list); not for STORAGE. May be
        left out.
    sellable : [K, T] units, FRESH in all buckets of what does not expire or supplies others; waste_cost : [K]
        money/unit written off. Both may be left out.
    period : [R, T] of PERIOD resources the bucket in whose capacity an arrival counts, -1 for none. May be left
        out.
    """

    demand: Ints
    opening: Ints
    receipts: Ints
    pack: Ints
    moq: Ints
    lead: Ints
    min_packs: Ints
    max_packs: Ints
    holding: Floats
    shortage: Floats
    shortfall: Floats
    safety: Ints
    storage: Ints
    setup: Floats
    pack_cost: Floats
    end_value: Floats
    backorders: Flags
    source: Ints
    capacity: Floats
    kind: Ints
    usage_start: Ints
    usage_resource: Ints
    usage_amount: Floats
    usage_order: Floats = field(default_factory=lambda: np.zeros(0))
    sellable: Ints = field(default_factory=lambda: np.zeros((0, 0), np.int32))
    waste_cost: Floats = field(default_factory=lambda: np.zeros(0))
    period: Ints = field(default_factory=lambda: np.zeros((0, 0), np.int32))

    def __post_init__(self) -> None:
        """Check shapes, types and signs; ValueError names the array."""
        K, T = self.demand.shape
        R = self.kind.shape[0]
        entries = self.usage_resource.shape[0]
        shapes = {
            **dict.fromkeys(("demand", "receipts", "min_packs", "max_packs", "safety", "storage"), (K, T)),
            "capacity": (R, T),
            "kind": (R,),
            "usage_start": (K + 1,),
            "usage_resource": (entries,),
            "usage_amount": (entries,),
            "usage_order": (entries if self.usage_order.size else 0,),
            "sellable": (K, T) if self.sellable.size else (0, 0),
            "waste_cost": (K if self.sellable.size else 0,),
            "period": (R, T) if self.period.size else (0, 0),
        }
        for of in fields(self):
            array = getattr(self, of.name)
            expected = _TYPES[of.name]
            if array.dtype != expected or not array.flags.c_contiguous:
                raise ValueError(f"{of.name}: contiguous {expected} expected, got {array.dtype}")
            if array.shape != shapes.get(of.name, (K,)):
                raise ValueError(f"{of.name}: shape {shapes.get(of.name, (K,))} expected, got {array.shape}")
        for name in _NOT_NEGATIVE:
            array = getattr(self, name)
            if array.size and not array.min() >= 0:
                raise ValueError(f"{name}: must not be negative")
        if self.usage_order.size and self.usage_order[self.kind[self.usage_resource] == STORAGE].any():
            raise ValueError("usage_order: an order takes no room in storage")
        if (self.kind == PERIOD).any() and not (self.period.size and self.period.max() < T):
            raise ValueError("period: a bucket or -1 expected for every bucket")
        if self.sellable.size and (self.sellable[self.source[self.source >= 0]] < FRESH).any():
            raise ValueError("sellable: only where nothing is sent on")
        if K and (self.pack.min() < 1 or self.moq.min() < 1):
            raise ValueError("pack, moq: at least 1")
        if K and (self.opening[~self.backorders] < 0).any():
            raise ValueError("opening: negative without backorders")
        if K and (self.source.min() < -1 or self.source.max() >= K):
            raise ValueError("source: -1 or an item-location expected")

    @property
    def item_locations(self) -> int:
        """Number of item-locations, K."""
        return int(self.demand.shape[0])

    @property
    def buckets(self) -> int:
        """Number of buckets, T."""
        return int(self.demand.shape[1])

    @property
    def resources(self) -> int:
        """Number of shared resources, R."""
        return int(self.kind.shape[0])

    def use_per_order(self) -> Floats:
        """Return usage_order [entries], zeros where it was left out."""
        return self.usage_order if self.usage_order.size else np.zeros(self.usage_resource.size)

    def by_bucket(self, values: Floats) -> Floats:
        """Return values [R, T] of resources, those of a PERIOD in every bucket that counts for it, else 0."""
        out = values.copy()
        for r in np.flatnonzero(self.kind == PERIOD):
            out[r] = np.where(self.period[r] >= 0, values[r, np.maximum(self.period[r], 0)], 0.0)
        return out

    def counted(self, r: int, used: Floats) -> Floats:
        """Return [T] what counts against the capacities of resource r of what is used [T] by bucket."""
        if self.kind[r] != PERIOD:
            return used
        inside = self.period[r] >= 0
        return np.bincount(self.period[r][inside], used[inside], self.buckets).astype(np.float64)

    def arrays(self) -> Arrays:
        """Return the arrays in the form that kernels take: all writable, or each would be compiled for anew."""
        return Arrays(*(np.require(getattr(self, of.name), requirements=["C", "A", "W"]) for of in fields(self)))


_NOT_NEGATIVE = (
    "demand", "receipts", "lead", "min_packs", "max_packs", "holding", "shortage", "shortfall", "safety", "storage",
    "setup", "pack_cost", "end_value", "capacity", "usage_order", "sellable", "waste_cost",
)  # fmt: skip
_FLOATS = {
    "holding", "shortage", "shortfall", "setup", "pack_cost", "end_value", "capacity", "usage_amount",
    "usage_order", "waste_cost",
}  # fmt: skip
_TYPES = {
    of.name: np.dtype(np.float64 if of.name in _FLOATS else np.bool_ if of.name == "backorders" else np.int32)
    for of in fields(LotSizingProblem)
}
