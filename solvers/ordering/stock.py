"""The ledger of stock in transit and on hand that every ordering rule is judged on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Stock:
    """Stock of K item-locations at the end of a bucket, after which an order may be placed.

    Attributes
    ----------
    on_hand : [K] base units; negative where demand is owed.
    in_transit : [K, L] units that arrive at the start of each of the next L buckets; L is the lead time of the
        order placed now.
    """

    on_hand: Floats
    in_transit: Floats

    @property
    def position(self) -> Floats:
        """Stock on hand and in transit [K]."""
        return np.asarray(self.on_hand + self.in_transit.sum(axis=1))


@dataclass(frozen=True, slots=True)
class Bucket:
    """What one bucket did: the stock at its end [K], units held at its end and units short, [K]."""

    stock: Stock
    held: Floats
    short: Floats


def advance(stock: Stock, order: Floats, demand: Floats, *, lost_sales: bool = True) -> Bucket:
    """Play the next bucket: the first units in transit arrive, then `demand` [K] takes from stock.

    `order` [K] was placed at the end of the bucket before and arrives L buckets after the next. Unmet demand is
    lost, or owed (`short` then counts all that is owed at the bucket's end).
    """
    pipeline = np.column_stack([stock.in_transit, order])
    balance = stock.on_hand + pipeline[:, 0] - demand
    short = np.maximum(-balance, 0.0)
    held = np.maximum(balance, 0.0)
    return Bucket(Stock(held if lost_sales else balance, pipeline[:, 1:]), held, short)
