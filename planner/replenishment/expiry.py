"""How much stock can still be sold in time.

Shelf life counts from receipt at a location, in whole buckets; the age of stock in hand is not known, it counts as
just received. Units leave first in, first out. What stays at the end of a bucket is in time only if the demand of the
buckets of its life takes it all; the rest, its newest units, is written off at once, at the value of the goods. Where
goods are sold, the engine weighs that with every order; for locations that supply others see `outlived`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from solvers.lotsizing.problem import FRESH

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


def shelf_life(rows: pd.DataFrame, bucket_days: int) -> FloatArray:
    """Return [K] whole buckets after that of receipt in which units can be sold, infinite where nothing expires.

    A unit can be sold in as many whole buckets as its life has, that of receipt included, and in that one always.
    """
    life: FloatArray = np.floor(rows["shelf_life_days"].fillna(np.inf).to_numpy(dtype=float) / bucket_days + 1e-9)
    return np.maximum(life, 1.0) - 1.0


def demand_ahead(demand: IntArray, buckets: int) -> IntArray:
    """Return [T] demand [T] of the next `buckets` buckets, the mean standing for what lies behind the end."""
    T = demand.size
    mean = int(np.ceil(demand.mean()))
    cumulated = np.concatenate([[0], np.cumsum(np.concatenate([demand, np.full(buckets, mean)]))])
    return np.array([cumulated[t + 1 + buckets] - cumulated[t + 1] for t in range(T)])


def sellable_units(
    rows: pd.DataFrame, demand: IntArray, aside: IntArray, supplies: npt.NDArray[np.bool_], bucket_days: int
) -> IntArray:
    """Return [K, T] units of stock at the end of a bucket that can be sold in time; [0, 0] where nothing expires.

    Parameters
    ----------
    demand : [K, T] units. aside : [K, T] units on show that the problem does not see; they are sold and replaced too.
    supplies : [K] whether an item-location supplies others: its own stock is looked at by `outlived`.
    """
    life = shelf_life(rows, bucket_days)
    perishable = np.flatnonzero(np.isfinite(life) & ~supplies)
    if not perishable.size:
        return np.zeros((0, 0), np.int64)
    out = np.full(demand.shape, FRESH, np.int64)
    for k in perishable:
        out[k] = np.maximum(demand_ahead(demand[k], int(life[k])) - aside[k], 0)
    return out
