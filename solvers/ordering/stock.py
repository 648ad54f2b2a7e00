"""The ledger of stock on hand and in transit that every ordering rule is judged on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Stock:
    """Stock of K item-locations at the end of a bucket, when the next order may be placed.

    Attributes
    ----------
    on_hand : [K] base units; negative where demand is owed.
    in_transit : [K, W] units that arrive at the start of each of the next W buckets.
    """

    on_hand: Floats
    in_transit: Floats

    @property
    def position(self) -> Floats:
        """Stock on hand and in transit [K]."""
        return np.asarray(self.on_hand + self.in_transit.sum(axis=1))

    def with_order(self, order: Floats, lead_buckets: Integers) -> Stock:
        """Return the stock with `order` [K] in transit: it arrives at the start of bucket `lead_buckets` [K] from now.

        Bucket 0 is the next one.
        """
        in_transit = self.in_transit.copy()
        in_transit[np.arange(len(order)), lead_buckets] += order
        return Stock(self.on_hand, in_transit)


@dataclass(frozen=True, slots=True)
class BucketEnd:
    """What one bucket came to: the stock after it; units held and units short at its end, [K]."""

    stock: Stock
    held: Floats
    short: Floats


def advance(stock: Stock, demand: Floats, lost_sales: Flags) -> BucketEnd:
    """Play the next bucket: what is due arrives, then `demand` [K] takes from stock.

    Unmet demand is lost where `lost_sales` [K], and owed elsewhere; `short` then counts all that is owed.
    """
    balance = stock.on_hand + stock.in_transit[:, 0] - demand
    held = np.maximum(balance, 0.0)
    short = np.maximum(-balance, 0.0)
    in_transit = np.column_stack([stock.in_transit[:, 1:], np.zeros(len(balance))])
    return BucketEnd(Stock(np.where(lost_sales, held, balance), in_transit), held, short)
