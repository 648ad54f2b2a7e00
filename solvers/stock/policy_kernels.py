"""Ordering policies and sampled demand of many item-locations, compiled."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from solvers.compiled import njit, prange
from solvers.stock.demand_kernels import TABLE_SIZE, draw_demand
from solvers.stock.random_kernels import fill_uniforms

_Floats = npt.NDArray[np.float64]
_Integers = npt.NDArray[np.int64]

MEASURES = ("demand", "unmet", "stock_outs", "held", "owed", "orders", "ordered", "cycles", "short_cycles", "wasted")
"""Sums over buckets: base units demanded and not met at once; buckets with unmet demand; base units x buckets in stock
and owed at the end of a bucket; orders and what they add up to; order cycles (from arrival to arrival) and those with
unmet demand; base units that expired."""
TINY = 1e-9


@njit(parallel=True)
def play_policy(
    net_start: _Floats,
    in_transit: _Floats,
    backorders: npt.NDArray[np.bool_],
    shelf: _Integers,
    reorder_point: _Floats,
    order_up_to: _Floats,
    lot: _Floats,
    multiple: _Floats,
    least: _Floats,
    review: _Integers,
    demand: _Floats,
    lead: npt.NDArray[np.int16],
    slots: int,
    warm_up: int,
    sums: _Floats,
) -> None:
    """Add to `sums` [K, measures, R] what a policy does; shapes as in `solvers.stock.policies`.

    What expires needs no stock by age. The oldest leaves first, so of what came up to bucket t - m + 1 that part is
    left which outflow up to t does not reach: `old` is the receipts less the outflow, and expires where above 0.
    """
    rows, buckets, futures = demand.shape
    for k in prange(rows):
        due = np.zeros((slots, futures))
        net = np.full(futures, net_start[k])
        coming = np.zeros(futures)
        short = np.zeros(futures, dtype=np.bool_)
        out = np.zeros((10, futures))
        life = shelf[k]
        came = np.zeros((max(life, 1), futures))
        old = np.zeros(futures)
        for a in range(in_transit.shape[1]):
            due[a, :] = in_transit[k, a]
            coming += in_transit[k, a]
        for t in range(buckets):
            slot = t % slots
            below, above = reorder_point[k, t], order_up_to[k, t]
            reviewed = t % review[k] == 0
            if t == warm_up:
                out[:] = 0.0
                short[:] = False
            for r in range(futures):
                arrived = due[slot, r]
                due[slot, r] = 0.0
                before = max(net[r], 0.0)
                stock = net[r] + arrived
                coming[r] -= arrived
                position = stock + coming[r]
                if reviewed and position <= below + TINY:
                    qty = 0.0
                    if lot[k] > 0.0:
                        qty = (math.floor((below - position) / lot[k] + TINY) + 1.0) * lot[k]
                    elif above - position > TINY:
                        qty = above - position
                        if multiple[k] > 0.0:
                            qty = math.ceil(qty / multiple[k] - TINY) * multiple[k]
                        qty = max(qty, least[k])
                    if qty > 0.0:
                        out[5, r] += 1.0
                        out[6, r] += qty
                        wait = lead[k, t, r]
                        if wait == 0:
                            stock += qty
                            arrived += qty
                        else:
                            coming[r] += qty
                            due[(t + wait) % slots, r] += qty
                if arrived > 0.0:
                    out[7, r] += 1.0
                    if short[r]:
                        out[8, r] += 1.0
                        short[r] = False
                wanted = demand[k, t, r]
                unmet = max(wanted - max(stock, 0.0), 0.0)
                stock -= wanted if backorders[k] else wanted - unmet
                if life > 0:
                    came[t % life, r] = arrived if t > 0 else arrived + before
                    old[r] += came[(t + 1) % life, r] - (before + arrived - max(stock, 0.0))
                    if old[r] > 0.0:
                        stock -= old[r]
                        out[9, r] += old[r]
                        old[r] = 0.0
                net[r] = stock
                out[0, r] += wanted
                out[1, r] += unmet
                if unmet > TINY:
                    out[2, r] += 1.0
                    short[r] = True
                if stock > 0.0:
                    out[3, r] += stock
                else:
                    out[4, r] -= stock
        for r in range(futures):
            out[7, r] += 1.0
            if short[r]:
                out[8, r] += 1.0
        sums[k] += out


@njit(parallel=True)
def sample_demand(
    first_row: int,
    first_future: int,
    key: np.uint64,
    streams: npt.NDArray[np.uint64],
    mean: _Floats,
    sd: _Floats,
    demand: _Floats,
) -> None:
    """Fill `demand` [B, T, R] for the rows from `first_row`; neighbours of one distribution share its table."""
    rows, buckets, futures = demand.shape
    for b in prange(rows):
        k = first_row + b
        values, cdf = np.empty(TABLE_SIZE), np.empty(TABLE_SIZE)
        uniforms = np.empty((buckets, futures))
        fill_uniforms(key, streams[k], first_future, uniforms)
        first = 0
        for t in range(1, buckets + 1):
            if t == buckets or mean[k, t] != mean[k, first] or sd[k, t] != sd[k, first]:
                draw_demand(
                    mean[k, first],
                    sd[k, first],
                    uniforms[first:t].reshape(-1),
                    values,
                    cdf,
                    demand[b, first:t].reshape(-1),
                )
                first = t
