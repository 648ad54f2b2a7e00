"""Policies side by side in the same futures, or on the same recorded demand, in bounded memory.

Draws are named as in `futures`, by seed, item-location, future and bucket: every policy meets the same demand and lead
times (common random numbers), and neither chunks nor cores change an answer. A lead time is drawn for every bucket in
which an order may be placed, whether or not one is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy

from solvers.stock.policies import OrderPolicy, PolicyPlayer, StockStart, play_compiled
from solvers.stock.policy_kernels import MEASURES, sample_demand
from solvers.stock.random_kernels import stream, uniforms_of_streams

_BYTES = 64 * 2**20
_MOST_FUTURES = 512
_FARTHEST_SD = 6.0

_Floats = npt.NDArray[np.float64]
_Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class LeadTimes:
    """Lead times of K item-locations: normal, cut off at 0; the difference to the mean is rounded to whole buckets.

    Attributes
    ----------
    buckets : [K] at the mean. days, sd_days : [K] mean and standard deviation; 0: always the same.
    bucket_days : calendar days of a bucket. streams : [K] uint64 names of the random streams.
    """

    buckets: _Integers
    days: _Floats
    sd_days: _Floats
    bucket_days: int
    streams: npt.NDArray[np.uint64]

    def sample(self, rows: slice, first_future: int, buckets: int, futures: int, seed: int) -> npt.NDArray[np.int16]:
        """Return [B, T, R] lead times in buckets, for the rows and the futures from `first_future` on."""
        usual = self.buckets[rows]
        lead = np.repeat(usual, buckets * futures).reshape(len(usual), buckets, futures).astype(np.int16)
        uncertain = np.flatnonzero(self.sd_days[rows] > 0.0)
        names, which = np.unique(self.streams[rows][uncertain], return_inverse=True)
        uniforms = np.empty((len(names), buckets, futures))
        uniforms_of_streams(stream(seed, "lead_time"), names, first_future, uniforms)
        for row, name in zip(uncertain, which, strict=True):
            cdf = self._table(rows.start + row)
            lead[row] = np.searchsorted(cdf, uniforms[name])
        return lead

    def _table(self, row: int) -> _Floats:
        """Return the probability of at most 0, 1, ... buckets, without the last, which is 1."""
        usual, mean, sd = int(self.buckets[row]), self.days[row], self.sd_days[row]
        most = usual + int(np.ceil(_FARTHEST_SD * sd / self.bucket_days))
        edges = mean + (np.arange(most) - usual + 0.5) * self.bucket_days
        below = scipy.special.ndtr(-mean / sd)
        cdf: _Floats = np.clip((scipy.special.ndtr((edges - mean) / sd) - below) / (1.0 - below), 0.0, 1.0)
        return cdf


@dataclass(frozen=True, slots=True)
class SampledDemand:
    """Demand of K item-locations in T buckets: mean and standard deviation [K, T], names of the streams [K]."""

    mean_qty: _Floats
    sd_qty: _Floats
    streams: npt.NDArray[np.uint64]

    def sample(self, rows: slice, first_future: int, futures: int, seed: int) -> _Floats:
        """Return [B, T, R] base units."""
        demand = np.empty((rows.stop - rows.start, self.mean_qty.shape[1], futures))
        key = stream(seed, "demand")
        sample_demand(rows.start, first_future, key, self.streams, self.mean_qty, self.sd_qty, demand)
        return demand


@dataclass(frozen=True, slots=True)
class PolicyOutcome:
    """What a policy did; figures are MEASURES, then holding, shortage, order and waste cost.

    Attributes
    ----------
    by_future : [figures, R] sums over item-locations.
    by_row : [figures, K] means over futures.
    """

    by_future: _Floats
    by_row: _Floats


@dataclass(frozen=True, slots=True)
class Prices:
    """Money [K]: of a unit in stock for one bucket, not served at once, of an order, of a unit wasted."""

    holding: _Floats
    shortage: _Floats
    order: _Floats
    waste: _Floats


FIGURES = (*MEASURES, "holding_cost", "shortage_cost", "order_cost", "waste_cost")


def play_policies(
    start: StockStart,
    policies: Sequence[OrderPolicy],
    demand: SampledDemand | _Floats,
    lead: LeadTimes,
    prices: Prices,
    futures: int,
    seed: int,
    player: PolicyPlayer = play_compiled,
    warm_up: int = 0,
) -> list[PolicyOutcome]:
    """Play every policy.

    Parameters
    ----------
    demand : to be sampled, or [K, T] recorded base units: the same in every future.
    warm_up : buckets at the start that do not count.
    """
    rows, buckets = (demand.mean_qty if isinstance(demand, SampledDemand) else demand).shape
    by_future = np.zeros((len(policies), len(FIGURES), futures))
    by_row = np.zeros((len(policies), len(FIGURES), rows))
    for here, there in _blocks(rows, buckets, futures):
        count = there.stop - there.start
        if isinstance(demand, SampledDemand):
            wanted = demand.sample(here, there.start, count, seed)
        else:
            wanted = np.repeat(demand[here, :, None], count, axis=2)
        waits = lead.sample(here, there.start, buckets, count, seed)
        for n, policy in enumerate(policies):
            sums = player(start.take(here), policy.take(here), wanted, waits, warm_up)
            measure = dict(zip(MEASURES, sums.transpose(1, 0, 2), strict=True))
            money = (
                prices.holding[here, None] * measure["held"],
                prices.shortage[here, None] * measure["unmet"],
                prices.order[here, None] * measure["orders"],
                prices.waste[here, None] * measure["wasted"],
            )
            for f, values in enumerate((*measure.values(), *money)):
                by_future[n, f, there] += values.sum(axis=0)
                by_row[n, f, here] += values.sum(axis=1)
    by_row /= futures
    return [PolicyOutcome(total, each) for total, each in zip(by_future, by_row, strict=True)]


def _blocks(rows: int, buckets: int, futures: int) -> Iterator[tuple[slice, slice]]:
    """Yield the item-locations and futures that are played together; sums are added in one order whatever the cores."""
    count = min(futures, _MOST_FUTURES)
    block = max(_BYTES // (10 * buckets * count), 1)
    for first in range(0, futures, count):
        for row in range(0, rows, block):
            yield slice(row, min(row + block, rows)), slice(first, min(first + count, futures))
