"""The stock recursion of many item-locations in many futures, compiled."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from solvers.compiled import njit, prange
from solvers.stock.demand_kernels import TABLE_SIZE, draw_demand
from solvers.stock.random_kernels import fill_uniforms

_Floats = npt.NDArray[np.float64]
_Integers = npt.NDArray[np.int64]
_TINY = 1e-9


@njit(parallel=True)
def play_rows(
    first_row: int,
    first_replication: int,
    key: np.uint64,
    streams: npt.NDArray[np.uint64],
    opening: _Floats,
    owed: _Floats,
    backorders: npt.NDArray[np.bool_],
    shelf: _Integers,
    inbound: _Floats,
    delay: npt.NDArray[np.int16],
    deliveries: _Floats,
    source: _Integers,
    lead_buckets: _Integers,
    shipments: _Floats,
    mean: _Floats,
    sd: _Floats,
    channel_share: _Floats,
    slot: _Integers,
    granted: _Floats,
    demand_by_channel: _Floats,
    unmet_by_channel: _Floats,
    sums: _Floats,
) -> None:
    """Play rows first_row .. first_row + B of one level; their sources have been played before.

    Shapes: row inputs [K] or [K, T], channel_share [K, T, C]; `delay` [B, T, R] buckets (B = 0: none);
    `granted` [S, T, R] share of the planned shipments that a source could send, read at the source's
    slot and written at the row's own; results [B, C, R] and `sums` [B, 5, R] (demand, unmet,
    buckets with unmet demand, closing stock summed over buckets, units that expired).

    A bucket: opening + receipts, shipments leave (cut in proportion when short), backorders are
    served, then demand; what has been there for its shelf life (`shelf` buckets, 0: for ever) is wasted, and what is
    left closes the bucket. The oldest leaves first, so of what came up to bucket t - shelf + 1 that part expires which
    outflow up to t does not reach.
    """
    rows = demand_by_channel.shape[0]
    replications = granted.shape[2]
    buckets = mean.shape[1]
    channels = channel_share.shape[2]
    for b in prange(rows):
        k = first_row + b
        values, cdf = np.empty(TABLE_SIZE), np.empty(TABLE_SIZE)
        uniforms = np.empty((buckets, replications))
        demand = np.empty((buckets, replications))
        receipts = np.zeros((buckets, replications))
        fill_uniforms(key, streams[k], first_replication, uniforms)
        for t in range(buckets):
            draw_demand(mean[k, t], sd[k, t], uniforms[t], values, cdf, demand[t])
            if deliveries[k, t] > 0.0:
                sent = slot[source[k]]
                leaves = max(t - lead_buckets[k], 0)
                for r in range(replications):
                    receipts[t, r] += deliveries[k, t] * granted[sent, leaves, r]
            if inbound[k, t] > 0.0:
                for r in range(replications):
                    arrives = t
                    if delay.shape[0] > 0:
                        arrives = max(t + delay[b, t, r], 0)
                    if arrives < buckets:
                        receipts[arrives, r] += inbound[k, t]
        for r in range(replications):
            stock, backlog, old = opening[k], owed[k], 0.0
            for t in range(buckets):
                stock += receipts[t, r]
                before = stock
                if shipments[k, t] > 0.0:
                    share = min(1.0, stock / shipments[k, t])
                    granted[slot[k], t, r] = share
                    stock = max(stock - share * shipments[k, t], 0.0)
                if backlog > 0.0:
                    late = min(stock, backlog)
                    stock -= late
                    backlog -= late
                served = min(stock, demand[t, r])
                unmet = demand[t, r] - served
                stock -= served
                if backorders[k]:
                    backlog += unmet
                if shelf[k] > 0:
                    came = t - shelf[k] + 1
                    old -= before - stock
                    if came >= 0:
                        old += receipts[came, r] + (opening[k] if came == 0 else 0.0)
                    if old > 0.0:
                        stock -= old
                        sums[b, 4, r] += old
                        old = 0.0
                sums[b, 0, r] += demand[t, r]
                sums[b, 1, r] += unmet
                if unmet > _TINY:
                    sums[b, 2, r] += 1.0
                sums[b, 3, r] += stock
                for c in range(channels):
                    demand_by_channel[b, c, r] += channel_share[k, t, c] * demand[t, r]
                    unmet_by_channel[b, c, r] += channel_share[k, t, c] * unmet


@njit()
def add_by_label(values: _Floats, labels: _Integers, totals: _Floats) -> None:
    """Add `values` [B, R] to the rows `labels` [B] of `totals` [G, R], in order."""
    for b in range(values.shape[0]):
        for r in range(values.shape[1]):
            totals[labels[b], r] += values[b, r]
