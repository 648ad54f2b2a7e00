"""Play a fixed plan in many futures and add up what happened, in bounded memory.

The plan does not react: what is sampled is demand and the delay of supplier receipts. Rows are
played level by level, so a dc's cut shipments are known before its stores are played. Every draw has
a name (see `random_kernels`), so neither the chunk of replications, nor the block of rows, nor the
number of cores changes an answer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy

from solvers.stock.play_kernels import add_by_label, play_rows
from solvers.stock.random_kernels import stream, uniforms_of_streams

_BYTES = 32 * 2**20
_MOST_REPLICATIONS = 512

_Floats = npt.NDArray[np.float64]
_Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class StockProblem:
    """A plan by item-location (K rows, sources above what they supply) and bucket (T).

    Attributes
    ----------
    bucket_days : calendar days of a bucket.
    level : [K] 0 for rows supplied from outside; not decreasing.
    source : [K] row of the supplying location, -1 for none.
    lead_buckets : [K] buckets between dispatch at the source and receipt here.
    opening_qty, owed_qty : [K] base units in stock and owed to customers at the start.
    backorders : [K] unmet demand waits (true) or is lost (false).
    shelf_buckets : [K] buckets for which a unit can be sold, that of its receipt included; 0: it does not expire. What
        is in stock at the start counts as just received.
    inbound_qty : [K, T] receipts from suppliers and of what was under way, by planned bucket.
    deliveries_qty : [K, T] planned receipts from the source row, by bucket of receipt.
    demand_mean_qty, demand_sd_qty : [K, T] base units per bucket.
    channel_share : [K, T, C] share of each sales channel in that demand, summing to 1.
    lead_time_days, lead_time_sd_days : [K] of suppliers; 0 standard deviation: always on time.
    demand_streams, delivery_streams : [K] uint64 names of the random streams; rows with one delivery
        stream are late together.
    """

    bucket_days: int
    level: _Integers
    source: _Integers
    lead_buckets: _Integers
    opening_qty: _Floats
    owed_qty: _Floats
    backorders: npt.NDArray[np.bool_]
    shelf_buckets: _Integers
    inbound_qty: _Floats
    deliveries_qty: _Floats
    demand_mean_qty: _Floats
    demand_sd_qty: _Floats
    channel_share: _Floats
    lead_time_days: _Floats
    lead_time_sd_days: _Floats
    demand_streams: npt.NDArray[np.uint64]
    delivery_streams: npt.NDArray[np.uint64]

    def shipments_qty(self) -> _Floats:
        """Return [K, T] what each row sends to the rows that it supplies, by bucket of dispatch."""
        shipments = np.zeros_like(self.deliveries_qty)
        rows, buckets = np.nonzero((self.source[:, None] >= 0) & (self.deliveries_qty > 0))
        leaves = np.maximum(buckets - self.lead_buckets[rows], 0)
        np.add.at(shipments, (self.source[rows], leaves), self.deliveries_qty[rows, buckets])
        return shipments


@dataclass(frozen=True, slots=True)
class StockOutcome:
    """What happened, by replication (R), group (G, in the order of the labels), channel (C) and row (K).

    Attributes
    ----------
    demand_qty, unmet_qty, waste_qty, holding_cost, shortage_cost, waste_cost : [R].
    stock_out_share : [R] share of row-buckets with unmet demand, of rows with customers.
    group_demand_qty, group_unmet_qty : [G, R].
    channel_demand_qty, channel_unmet_qty : [C, R].
    row_demand_qty, row_unmet_qty, row_waste_qty : [K] mean over replications.
    row_stock_outs : [K] mean number of buckets with unmet demand.
    row_closing_qty : [K] mean stock at the end of a bucket.
    """

    demand_qty: _Floats
    unmet_qty: _Floats
    waste_qty: _Floats
    holding_cost: _Floats
    shortage_cost: _Floats
    waste_cost: _Floats
    stock_out_share: _Floats
    group_demand_qty: _Floats
    group_unmet_qty: _Floats
    channel_demand_qty: _Floats
    channel_unmet_qty: _Floats
    row_demand_qty: _Floats
    row_unmet_qty: _Floats
    row_waste_qty: _Floats
    row_stock_outs: _Floats
    row_closing_qty: _Floats


def play(
    problem: StockProblem,
    labels: _Integers,
    groups: int,
    holding_cost: _Floats,
    shortage_cost: _Floats,
    waste_cost: _Floats,
    replications: int,
    seed: int,
) -> StockOutcome:
    """Play `problem` in `replications` futures.

    Parameters
    ----------
    labels : [J, K] group of every row in J groupings, numbered 0 .. groups - 1 without overlap.
    holding_cost : [K] money per unit and day. shortage_cost, waste_cost : [K] money per unit.
    """
    rows, buckets = problem.demand_mean_qty.shape
    channels = problem.channel_share.shape[2]
    shipments = problem.shipments_qty()
    slot = np.where(shipments.sum(axis=1) > 0, np.cumsum(shipments.sum(axis=1) > 0) - 1, -1)
    slots = max(int(slot.max(initial=-1)) + 1, 1)
    chunk = int(np.clip(_BYTES // (8 * slots * buckets), 1, min(replications, _MOST_REPLICATIONS)))
    block = int(np.clip(_BYTES // (8 * chunk * (buckets + 2 * channels + 5)), 1, rows))

    totals = np.zeros((7, replications))
    by_group = np.zeros((2, groups, replications))
    by_channel = np.zeros((2, channels, replications))
    by_row = np.zeros((5, rows))
    one_group = np.zeros(rows, dtype=np.int64)
    for start in range(0, replications, chunk):
        part = slice(start, min(start + chunk, replications))
        granted = np.ones((slots, buckets, part.stop - part.start))
        for first, last in _blocks(problem.level, block):
            here = slice(first, last)
            demand, unmet, sums = _play_block(problem, shipments, slot, granted, here, start, seed)
            money = np.stack(
                (
                    sums[:, 3] * (holding_cost[here] * problem.bucket_days)[:, None],
                    sums[:, 1] * shortage_cost[here][:, None],
                    sums[:, 4] * waste_cost[here][:, None],
                ),
                axis=1,
            )
            counted = (*(sums[:, n] for n in (0, 1, 2, 4)), *(money[:, n] for n in range(3)))
            for n, values in enumerate(counted):
                add_by_label(values, one_group[here], totals[n : n + 1, part])
            for grouping in labels:
                add_by_label(sums[:, 0], grouping[here], by_group[0, :, part])
                add_by_label(sums[:, 1], grouping[here], by_group[1, :, part])
            for c in range(channels):
                add_by_label(demand[:, c], one_group[here], by_channel[0, c : c + 1, part])
                add_by_label(unmet[:, c], one_group[here], by_channel[1, c : c + 1, part])
            by_row[:, here] += sums.sum(axis=2).T
    by_row /= replications
    customers = max(int((problem.demand_mean_qty.max(axis=1, initial=0.0) > 0).sum()), 1)
    return StockOutcome(
        totals[0],
        totals[1],
        totals[3],
        totals[4],
        totals[5],
        totals[6],
        totals[2] / (customers * buckets),
        by_group[0],
        by_group[1],
        by_channel[0],
        by_channel[1],
        by_row[0],
        by_row[1],
        by_row[4],
        by_row[2],
        by_row[3] / buckets,
    )


def _blocks(level: _Integers, block: int) -> list[tuple[int, int]]:
    """Return the ranges of rows to play together: of one level, at most `block` long."""
    ends = [*(np.nonzero(np.diff(level))[0] + 1), len(level)]
    starts = [0, *ends[:-1]]
    return [
        (at, min(at + block, end)) for start, end in zip(starts, ends, strict=True) for at in range(start, end, block)
    ]


def _play_block(
    problem: StockProblem,
    shipments: _Floats,
    slot: _Integers,
    granted: _Floats,
    here: slice,
    first_replication: int,
    seed: int,
) -> tuple[_Floats, _Floats, _Floats]:
    """Play the rows `here`; return demand and unmet demand by channel [B, C, R] and sums [B, 5, R]."""
    rows, replications = here.stop - here.start, granted.shape[2]
    channels = problem.channel_share.shape[2]
    demand, unmet = np.zeros((2, rows, channels, replications))
    sums = np.zeros((rows, 5, replications))
    play_rows(
        here.start,
        first_replication,
        stream(seed, "demand"),
        problem.demand_streams,
        problem.opening_qty,
        problem.owed_qty,
        problem.backorders,
        problem.shelf_buckets,
        problem.inbound_qty,
        _delays(problem, here, first_replication, replications, seed),
        problem.deliveries_qty,
        problem.source,
        problem.lead_buckets,
        shipments,
        problem.demand_mean_qty,
        problem.demand_sd_qty,
        problem.channel_share,
        slot,
        granted,
        demand,
        unmet,
        sums,
    )
    return demand, unmet, sums


def _delays(
    problem: StockProblem, here: slice, first_replication: int, replications: int, seed: int
) -> npt.NDArray[np.int16]:
    """Return [B, T, R] whole buckets by which supplier receipts are late; B = 0 where all are on time.

    The lead time is normal, cut off at 0, and drawn once per delivery stream, bucket and future; the
    difference to its mean is rounded to the nearest bucket.
    """
    sd = problem.lead_time_sd_days[here]
    buckets = problem.demand_mean_qty.shape[1]
    uncertain = np.nonzero((sd > 0) & (problem.inbound_qty[here].sum(axis=1) > 0))[0]
    if len(uncertain) == 0:
        return np.zeros((0, buckets, replications), dtype=np.int16)
    names, which = np.unique(problem.delivery_streams[here][uncertain], return_inverse=True)
    uniforms = np.empty((len(names), buckets, replications))
    uniforms_of_streams(stream(seed, "lead_time"), names, first_replication, uniforms)
    delays = np.zeros((len(sd), buckets, replications), dtype=np.int16)
    for row, name in zip(uncertain, which, strict=True):
        mean = problem.lead_time_days[here][row]
        below = scipy.special.ndtr(-mean / sd[row])
        days = sd[row] * scipy.special.ndtri(below + uniforms[name] * (1.0 - below))
        delays[row] = np.rint(days / problem.bucket_days).astype(np.int16)
    return delays
