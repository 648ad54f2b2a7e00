"""Compiled part of the rule that prices each unit."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from solvers.compiled import njit, prange

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@njit()
def unmet_demand(
    demand: npt.NDArray[np.int32], arrivals: Integers, on_hand: int, lead: int, lost_sales: bool, unmet: Integers
) -> None:
    """Play one path without the new order; write what it lacks at each bucket's end into `unmet` [H].

    Lost sales: demand lost so far since the order's arrival. Backorders: demand owed. Buckets before the
    arrival (index below `lead`) are not written.
    """
    stock = on_hand
    lost = 0
    for bucket in range(demand.shape[0]):
        stock += arrivals[bucket] - demand[bucket]
        if lost_sales and stock < 0:
            if bucket >= lead:
                lost -= stock
            stock = 0
        if bucket >= lead:
            unmet[bucket] = lost if lost_sales else max(-stock, 0)


@njit(parallel=True)
def price_units(
    demand: npt.NDArray[np.int32],
    on_hand: Integers,
    arrivals: Integers,
    lead: Integers,
    review: Integers,
    holding: Floats,
    shortage: Floats,
    carry: Floats,
    lost_sales: npt.NDArray[np.bool_],
    orders: Integers,
) -> None:
    """Write into `orders` [K] the number of units whose expected saving exceeds their expected holding cost.

    Shapes and units as in `solvers.ordering.pricing.OrderingProblem`. All counts are integers and all sums
    run in the order of buckets, so that the answer does not depend on the number of threads.
    """
    count, paths, horizon = demand.shape
    for k in prange(count):
        cover_end = min(lead[k] + review[k], horizon)
        unmet = np.zeros((paths, horizon), dtype=np.int64)
        most = 0
        for path in range(paths):
            unmet_demand(demand[k, path], arrivals[k], on_hand[k], lead[k], lost_sales[k], unmet[path])
            for bucket in range(lead[k], cover_end):
                most = max(most, unmet[path, bucket])
        # reached[b, u]: paths on which unit u (from 1) has been asked for by the end of bucket b
        reached = np.zeros((horizon, most + 2), dtype=np.int64)
        for path in range(paths):
            for bucket in range(lead[k], horizon):
                reached[bucket, min(unmet[path, bucket], most)] += 1
        for bucket in range(lead[k], horizon):
            for unit in range(most - 1, 0, -1):
                reached[bucket, unit] += reached[bucket, unit + 1]
        quantity = 0
        for unit in range(1, most + 1):
            saved = 0.0
            held = 0.0
            weight = 1.0
            for bucket in range(lead[k], horizon):
                asked = reached[bucket, unit]
                if bucket < cover_end:
                    if not lost_sales[k] or bucket == cover_end - 1:
                        saved += asked
                else:
                    weight *= carry[k]
                held += weight * (paths - asked)
            if shortage[k] * saved <= holding[k] * held:
                break
            quantity = unit
        orders[k] = quantity
