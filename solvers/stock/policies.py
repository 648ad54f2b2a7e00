"""Ordering policies of single item-locations, and what plays them bucket by bucket.

A bucket: what is due arrives; at a review the policy orders, and an order without lead time arrives at once; then comes
demand, served from the oldest stock; at last what has been there for its shelf life is wasted. An order placed in
bucket t with lead time l is there for the demand of bucket t + l. The source always has what is ordered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from solvers.stock.policy_kernels import MEASURES, play_policy

_Floats = npt.NDArray[np.float64]
_Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class StockStart:
    """K item-locations before the first bucket.

    Attributes
    ----------
    net_qty : [K] base units in stock, less what is owed.
    in_transit_qty : [K, A] base units that arrive in buckets 0 .. A - 1.
    backorders : [K] unmet demand waits (true) or is lost (false).
    shelf_buckets : [K] buckets for which a unit can be sold, that of its arrival included; 0: it does not expire. What
        is in stock at the start counts as just arrived.
    """

    net_qty: _Floats
    in_transit_qty: _Floats
    backorders: npt.NDArray[np.bool_]
    shelf_buckets: _Integers

    def take(self, rows: slice) -> StockStart:
        """Return some of the item-locations."""
        return StockStart(
            self.net_qty[rows], self.in_transit_qty[rows], self.backorders[rows], self.shelf_buckets[rows]
        )


@dataclass(frozen=True, slots=True)
class OrderPolicy:
    """What K item-locations order: every classical policy is a choice of these arrays.

    At a review, where the inventory position (stock + on order - owed) is at or below the reorder point, it is raised
    to the order-up-to level, rounded up to the multiple and to the least order; or, where there is a lot, by as many
    lots as lift it above the reorder point. (s,S): review 1. (R,s,S): review R. Base stock and (R,S): reorder point =
    order-up-to level. (s,Q): a lot.

    Attributes
    ----------
    reorder_point_qty, order_up_to_qty : [K, T] base units; minus infinity: no orders.
    lot_qty : [K] base units; 0: order up to the level.
    multiple_qty, least_qty : [K] base units; a multiple of 0: any quantity.
    review_buckets : [K] buckets from one review to the next, the first in bucket 0.
    """

    reorder_point_qty: _Floats
    order_up_to_qty: _Floats
    lot_qty: _Floats
    multiple_qty: _Floats
    least_qty: _Floats
    review_buckets: _Integers

    def take(self, rows: slice) -> OrderPolicy:
        """Return some of the item-locations."""
        return OrderPolicy(
            self.reorder_point_qty[rows],
            self.order_up_to_qty[rows],
            self.lot_qty[rows],
            self.multiple_qty[rows],
            self.least_qty[rows],
            self.review_buckets[rows],
        )


class PolicyPlayer(Protocol):
    """Plays a policy in R futures."""

    def __call__(
        self,
        start: StockStart,
        policy: OrderPolicy,
        demand_qty: _Floats,
        lead_buckets: npt.NDArray[np.int16],
        warm_up: int,
    ) -> _Floats:
        """Return [K, len(MEASURES), R] sums over the buckets from `warm_up` on.

        Parameters
        ----------
        demand_qty : [K, T, R] base units.
        lead_buckets : [K, T, R] lead time of an order that is placed in the bucket.
        """


def play_compiled(
    start: StockStart,
    policy: OrderPolicy,
    demand_qty: _Floats,
    lead_buckets: npt.NDArray[np.int16],
    warm_up: int = 0,
) -> _Floats:
    """Play by the compiled kernel, all cores; see `PolicyPlayer`."""
    sums = np.zeros((demand_qty.shape[0], len(MEASURES), demand_qty.shape[2]))
    play_policy(
        _floats(start.net_qty),
        _floats(start.in_transit_qty),
        np.ascontiguousarray(start.backorders, dtype=np.bool_),
        np.ascontiguousarray(start.shelf_buckets, dtype=np.int64),
        _floats(policy.reorder_point_qty),
        _floats(policy.order_up_to_qty),
        _floats(policy.lot_qty),
        _floats(policy.multiple_qty),
        _floats(policy.least_qty),
        np.ascontiguousarray(policy.review_buckets, dtype=np.int64),
        _floats(demand_qty),
        np.ascontiguousarray(lead_buckets, dtype=np.int16),
        longest_wait(start, lead_buckets) + 1,
        warm_up,
        sums,
    )
    return sums


def _floats(values: _Floats) -> _Floats:
    return np.ascontiguousarray(values, dtype=np.float64)


def longest_wait(start: StockStart, lead_buckets: npt.NDArray[np.int16]) -> int:
    """Return the most buckets that an order, placed or in transit, is on its way."""
    longest = int(lead_buckets.max(initial=0))
    return max(longest, int(start.in_transit_qty.shape[1]))
