"""What is done to one chunk of series: plain arrays in, plain arrays out, so that any worker can do it.

A part knows of the other series only what is pooled over all of them. Pooled figures are rounded (`calendar`,
`selection`, `backtest`, `short`), so that most parts stay as they are where one item's history changes, and
are known from an earlier run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from planner.forecast.backtest import Backtest, run_backtest
from planner.forecast.boosted import Boosted
from planner.forecast.calendar import flatten, weekday_factors
from planner.forecast.candidates import Member, forecast_member
from planner.forecast.cleansing import DemandSeries, cleanse
from planner.forecast.history import DemandRows
from planner.forecast.prices import PriceEffects
from planner.forecast.promotions import PromotionFactors
from planner.forecast.selection import classify
from planner.forecast.shape import Distribution, memory_weights
from planner.forecast.short import forecast_short
from scenarios.settings import ForecastSettings, Horizon
from solvers.demand.empirical import SortedSeries, weighted_moments

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_CHUNK = 1024  # series handled at once, so that memory does not grow with their number
_RATE_WEEKS = 26  # half-life


@dataclass(frozen=True, slots=True)
class Past:
    """What is forecast, and from what.

    Attributes
    ----------
    rows : history of the K series to forecast.
    promoted : None where no promotion touches history or horizon.
    season : buckets of a season.
    priced : None where no series has a price, or before their effects are measured.
    """

    rows: DemandRows
    promoted: PromotionFactors | None
    horizon: Horizon
    settings: ForecastSettings
    season: int
    priced: PriceEffects | None = None

    def chunks(self) -> Iterator[tuple[int, int]]:
        """Yield (first, last) of every chunk of series."""
        count = len(self.rows.keys)
        for first in range(0, count, _CHUNK):
            yield first, min(first + _CHUNK, count)

    def part(self, first: int, last: int) -> Past:
        """Return what is to be known of the series first:last."""
        promoted = None if self.promoted is None else replace(self.promoted, codes=self.promoted.codes[first:last])
        priced = None if self.priced is None else self.priced.part(first, last)
        return replace(self, rows=self.rows.part(first, last), promoted=promoted, priced=priced)

    def series(self, first: int, last: int) -> tuple[DemandSeries, Flags, Flags]:
        """Return the cleansed series first:last, which were filled, which were cut."""
        sales, stocked = self.rows.dense(first, last)
        known = [effect.factors(first, last) for effect in (self.promoted, self.priced) if effect is not None]
        factor = np.prod(known, axis=0)[:, : self.rows.buckets] if known else None
        return cleanse(sales, stocked, factor, self.horizon.buckets, self.rows.spread)

    def flat(self, series: DemandSeries, shared: Floats, until: int) -> DemandSeries:
        """Return the series without the calendar as known before bucket `until`: `Calendar.shared`, and weekdays."""
        if self.horizon.bucket == "week":
            return flatten(series, shared[None])
        return flatten(series, shared[None] * weekday_factors(series, until, self.horizon.buckets))


@dataclass(frozen=True, slots=True)
class LearnedPart:
    """What the first pass finds in a chunk of K series; `mean` and `variance` are of the whole history."""

    demand_class: Integers
    observed: Floats
    scale: Floats
    mean: Floats
    variance: Floats
    rate: Floats
    filled: Flags
    cut: Flags
    backtest: Backtest


@dataclass(frozen=True, slots=True)
class PredictedPart:
    """Distributions of a chunk: mean and sd [K, H], quantiles [K, H, L]; base units per bucket."""

    mean: Floats
    sd: Floats
    quantiles: Floats


def learn_part(
    part: Past, shared: Floats, members: Sequence[Member], earliest: int, boosted: Boosted | None, first: int
) -> LearnedPart:
    """Run the rolling backtest over a chunk.

    Parameters
    ----------
    shared : [T + H] calendar factors as known before bucket `earliest`, the first that is judged.
    boosted : trained before it; None where no member asks for it.
    first : position of the chunk among all series, which `boosted` knows; 0 without it.
    """
    series, filled, cut = part.series(0, len(part.rows.keys))
    recent = memory_weights(part.rows.buckets, part.rows.buckets, _RATE_WEEKS, part.horizon.bucket_days)
    mean, variance = weighted_moments(series.demand, series.observed)
    return LearnedPart(
        demand_class=classify(series),
        observed=series.observed.sum(axis=1),
        scale=_naive_error(series),
        mean=mean,
        variance=variance,
        rate=weighted_moments(series.demand, series.observed * recent)[0],
        filled=filled,
        cut=cut,
        backtest=run_backtest(
            part.flat(series, shared, earliest),
            members,
            part.settings.backtest_windows,
            part.horizon.buckets,
            part.horizon.bucket_days,
            part.season,
            boosted,
            first,
        ),
    )


def predict_part(
    part: Past,
    shared: Floats,
    members: Sequence[Member],
    weights: Floats,
    short: Flags,
    power_law: tuple[float, float],
    stated: Sequence[Floats],
    levels: Floats,
    boosted: Boosted | None,
    first: int,
) -> PredictedPart:
    """Forecast every series of a chunk with its models, short ones from what they share with others.

    Parameters
    ----------
    shared : [T + H] calendar factors as known today.
    weights : [K, M] of the members. short : [K] series that are too short for them.
    stated : levels [L] to ask each member for, see `Backtest.stated`. levels : [L] of the quantiles.
    """
    buckets = part.horizon.buckets
    series = part.flat(part.series(0, len(part.rows.keys))[0], shared, part.rows.buckets)
    count = len(series.start)
    out = PredictedPart(np.zeros((count, buckets)), np.zeros((count, buckets)), np.zeros((count, buckets, len(levels))))

    def add(rows: Integers, said: Distribution, weight: Floats) -> None:
        out.mean[rows] += weight * said.mean
        out.sd[rows] += weight * said.sd
        out.quantiles[rows] += weight[:, :, None] * said.quantiles

    ranked = SortedSeries.of(series.demand)
    shape = np.broadcast_to(series.factor[:, part.rows.buckets :], (count, buckets))
    few = np.flatnonzero(short)
    add(few, forecast_short(series.take(few), power_law, levels), shape[few])
    for index, member in enumerate(members):
        weight = np.where(short, 0.0, weights[:, index])
        rows = np.flatnonzero(weight)
        if rows.size:
            said = forecast_member(
                member,
                series.take(rows),
                ranked.take(rows),
                part.rows.buckets,
                buckets,
                # the model of all series was trained for these levels
                levels if member.model == "boosted_quantiles" else stated[index],
                part.horizon.bucket_days,
                part.season,
                boosted,
                first + rows,
            )
            add(rows, said, weight[rows, None] * shape[rows])
    return out


def _naive_error(series: DemandSeries) -> Floats:
    """Return the mean absolute change between neighbouring observed buckets, the scale of MASE [K]."""
    both = (series.observed[:, 1:] > 0.0) & (series.observed[:, :-1] > 0.0)
    change = np.where(both, np.abs(np.diff(series.demand, axis=1)), 0.0).sum(axis=1)
    return change / np.maximum(np.count_nonzero(both, axis=1), 1)  # type: ignore[no-any-return]
