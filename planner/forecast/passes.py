"""The two passes over all series, chunk by chunk: learn which model is best, then forecast with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from planner.forecast.backtest import FEWEST, Backtest, judged_buckets, origins, run_backtest
from planner.forecast.backtest import LEVELS as JUDGED_LEVELS
from planner.forecast.boosted import EXAMPLES, Boosted, train_boosted
from planner.forecast.calendar import flatten, relative_demand, shared_factors, weekday_factors
from planner.forecast.candidates import Member, forecast_member
from planner.forecast.cleansing import DemandSeries, cleanse
from planner.forecast.history import DemandRows
from planner.forecast.holiday_effects import holiday_marks
from planner.forecast.prices import PriceEffects
from planner.forecast.promotions import PromotionFactors
from planner.forecast.selection import Choice, choose, classify
from planner.forecast.shape import Distribution, memory_weights
from planner.forecast.short import fit_power_law, forecast_short
from planner.forecast.transitions import phase_factors
from scenarios.settings import ForecastSettings, Horizon
from solvers.demand.empirical import SortedSeries, weighted_moments

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Progress = Callable[[str, int, int], None]

LEVELS = np.array([0.1, 0.5, 0.9])
SHORT = "short_history"
_CHUNK = 2048  # series handled at once, so that memory does not grow with their number
_RATE_WEEKS = 26  # half-life
_RECENT_DAYS = 182  # recent demand tells own from inherited


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

    def series(self, first: int, last: int) -> tuple[DemandSeries, Flags, Flags]:
        """Return the cleansed series first:last, which were filled, which were cut."""
        sales, stocked = self.rows.dense(first, last)
        known = [effect.factors(first, last) for effect in (self.promoted, self.priced) if effect is not None]
        factor = np.prod(known, axis=0)[:, : self.rows.buckets] if known else None
        return cleanse(sales, stocked, factor, self.horizon.buckets, self.rows.spread)


@dataclass(frozen=True, slots=True)
class Calendar:
    """How demand moves with the calendar, over all series.

    Attributes
    ----------
    demand, observed : [T] sums of `relative_demand` over all series; zeros where nothing is learnt from them.
    marks : [T + H, E] holidays.
    """

    past: Past
    demand: Floats
    observed: Floats
    marks: Floats

    @classmethod
    def of(cls, past: Past) -> Calendar:
        """Look at all series once; days without holidays need no look, their weekdays are taken series by series."""
        weekly = past.horizon.bucket == "week"
        marks = holiday_marks(past.settings.holidays, past.rows.buckets, past.horizon)
        demand, observed = np.zeros(past.rows.buckets), np.zeros(past.rows.buckets)
        for first, last in past.chunks() if weekly or marks.shape[1] else ():
            sums = relative_demand(past.series(first, last)[0], 52 if weekly else 364)
            for total, part in zip((demand, observed), sums, strict=True):
                total += part
        return cls(past, demand, observed, marks)

    def flatten(self, series: DemandSeries, until: int) -> DemandSeries:
        """Return the series without the calendar as known before bucket `until`."""
        horizon = self.past.horizon
        shared = shared_factors(self.demand, self.observed, self.marks, until, horizon)[None]
        if horizon.bucket == "week":
            return flatten(series, shared)
        return flatten(series, shared * weekday_factors(series, until, horizon.buckets))


@dataclass(frozen=True, slots=True)
class Learned:
    """What the first pass keeps of every series.

    Attributes
    ----------
    backtest : sums over the evaluated buckets.
    choice : the winning model of each series.
    demand_class : [K] index into `DEMAND_CLASSES`.
    observed : [K] observed buckets since the first sale.
    scale : [K] mean absolute change from one bucket to the next, of the whole history.
    rate : [K] recent mean, base units per bucket of an ordinary time of the year.
    power_law : (a, b) of variance = a mean^b over all series that are long enough.
    filled, cut : [K] series with sales lost in stock-outs added, with an outlier cut.
    """

    backtest: Backtest
    choice: Choice
    demand_class: Integers
    observed: Floats
    scale: Floats
    rate: Floats
    power_law: tuple[float, float]
    filled: Flags
    cut: Flags


@dataclass(frozen=True, slots=True)
class Predicted:
    """Final distributions of every series.

    Attributes
    ----------
    mean, sd : [K, H] base units per bucket.
    quantiles : [K, H, L] at `LEVELS`.
    method : [K, H] what made them.
    """

    mean: Floats
    sd: Floats
    quantiles: Floats
    method: npt.NDArray[np.object_]


def flat_chunks(past: Past, calendar: Calendar, until: int | None = None) -> Iterator[tuple[int, int, DemandSeries]]:
    """Yield first, last and demand of every chunk without the calendar as known before `until`; None: now."""
    for first, last in past.chunks():
        series = past.series(first, last)[0]
        yield first, last, calendar.flatten(series, past.rows.buckets if until is None else until)


def learn(past: Past, calendar: Calendar, members: Sequence[Member], progress: Progress | None) -> Learned:
    """Run the rolling backtest over all series and choose a model for each."""
    count = len(past.rows.keys)
    backtest = Backtest.empty(count, len(members))
    classes = np.zeros(count, dtype=np.int64)
    observed, scale, mean, variance, rate = (np.zeros(count) for _ in range(5))
    recent = memory_weights(past.rows.buckets, past.rows.buckets, _RATE_WEEKS, past.horizon.bucket_days)
    filled, cut = np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
    length = judged_buckets(past.horizon.buckets, past.horizon.bucket_days)
    judged = origins(past.rows.buckets, past.settings.backtest_windows, length)
    earliest = min(judged, default=past.rows.buckets)
    # half the examples do to judge it by
    boosted = _boosted(past, calendar, members, earliest, length, JUDGED_LEVELS, EXAMPLES // 2)
    for first, last in past.chunks():
        series, filled[first:last], cut[first:last] = past.series(first, last)
        inside = slice(first, last)
        classes[inside] = classify(series)
        observed[inside] = series.observed.sum(axis=1)
        scale[inside] = _naive_error(series)
        mean[inside], variance[inside] = weighted_moments(series.demand, series.observed)
        rate[inside] = weighted_moments(series.demand, series.observed * recent)[0]
        backtest.put(
            first,
            run_backtest(
                calendar.flatten(series, earliest),
                members,
                past.settings.backtest_windows,
                past.horizon.buckets,
                past.horizon.bucket_days,
                past.season,
                boosted,
                first,
            ),
        )
        if progress is not None:
            progress("forecast: backtest", last, count)
    long = observed >= 2 * FEWEST
    return Learned(
        backtest=backtest,
        choice=choose(backtest, classes, members),
        demand_class=classes,
        observed=observed,
        scale=scale,
        rate=rate,
        power_law=fit_power_law(mean[long], variance[long]),
        filled=filled,
        cut=cut,
    )


def _boosted(
    past: Past,
    calendar: Calendar,
    members: Sequence[Member],
    origin: int,
    horizon: int,
    levels: Floats,
    examples: int = EXAMPLES,
) -> Boosted | None:
    """Train the model of all series on what lies before bucket `origin`; None where no member asks for it."""
    if not any(member.model == "boosted_quantiles" for member in members):
        return None

    item, location = (pd.factorize(past.rows.keys[name])[0].astype(np.int64) for name in ("item_id", "location_id"))
    return train_boosted(
        lambda: flat_chunks(past, calendar, origin),
        item,
        location,
        past.rows.buckets,
        origin,
        horizon,
        levels,
        past.horizon.bucket_days,
        examples,
    )


def _naive_error(series: DemandSeries) -> Floats:
    """Return the mean absolute change between neighbouring observed buckets, the scale of MASE [K]."""
    both = (series.observed[:, 1:] > 0.0) & (series.observed[:, :-1] > 0.0)
    change = np.where(both, np.abs(np.diff(series.demand, axis=1)), 0.0).sum(axis=1)
    return change / np.maximum(np.count_nonzero(both, axis=1), 1)  # type: ignore[no-any-return]


def predict(
    past: Past,
    calendar: Calendar,
    members: Sequence[Member],
    learned: Learned,
    progress: Progress | None,
    levels: Floats = LEVELS,
) -> Predicted:
    """Forecast every series with its model, short ones from what they share with others.

    Parameters
    ----------
    levels : [L] probabilities of the quantiles, rising.
    """
    count, buckets = len(past.rows.keys), past.horizon.buckets
    out = Predicted(
        mean=np.zeros((count, buckets)),
        sd=np.zeros((count, buckets)),
        quantiles=np.zeros((count, buckets, len(levels))),
        method=np.repeat(np.where(learned.observed < FEWEST, SHORT, learned.choice.model)[:, None], buckets, axis=1),
    )

    # what was done to the history stands beside what forecasts
    told = np.where(learned.cut, "+winsorised", "").astype(object) + np.where(learned.filled, "+uncensored", "")
    out.method[:] += told[:, None]

    def add(rows: Integers, said: Distribution, weight: Floats) -> None:
        out.mean[rows] += weight * said.mean
        out.sd[rows] += weight * said.sd
        out.quantiles[rows] += weight[:, :, None] * said.quantiles

    short = learned.observed < FEWEST
    chosen = [member for index, member in enumerate(members) if learned.choice.weights[~short, index].any()]
    boosted = _boosted(past, calendar, chosen, past.rows.buckets, buckets, levels)
    for first, last in past.chunks():
        series = calendar.flatten(past.series(first, last)[0], past.rows.buckets)
        ranked = SortedSeries.of(series.demand)
        shape = np.broadcast_to(series.factor[:, past.rows.buckets :], (last - first, buckets))
        inside = np.arange(first, last)
        few = np.flatnonzero(short[inside])
        add(inside[few], forecast_short(series.take(few), learned.power_law, levels), shape[few])
        for index, member in enumerate(members):
            weight = np.where(short[inside], 0.0, learned.choice.weights[inside, index])
            rows = np.flatnonzero(weight)
            if rows.size:
                said = forecast_member(
                    member,
                    series.take(rows),
                    ranked.take(rows),
                    past.rows.buckets,
                    buckets,
                    # the model of all series was trained for these levels
                    levels if member.model == "boosted_quantiles" else learned.backtest.stated(index, levels),
                    past.horizon.bucket_days,
                    past.season,
                    boosted,
                    inside[rows],
                )
                add(inside[rows], said, weight[rows, None] * shape[rows])
        if progress is not None:
            progress("forecast", last, count)
    return out


def adjust(predicted: Predicted, past: Past, transitions: pd.DataFrame) -> Predicted:
    """Multiply by future promotions and prices and by what transitions leave."""
    rows, horizon = past.rows, past.horizon
    phase, outgoing, incoming = phase_factors(rows.keys, _own_share(past), transitions, horizon)
    factor, unsure = phase.copy(), np.zeros_like(phase)
    method = predicted.method
    method[incoming] = method[incoming] + "+inherited"
    for effect, word in ((past.promoted, "+promotion"), (past.priced, "+price")):
        if effect is None:
            continue
        for first, last in past.chunks():
            moved = effect.factors(first, last)[:, rows.buckets :]
            factor[first:last] *= moved
            unsure[first:last] += effect.variances(first, last)[:, rows.buckets :]
            method[first:last] = np.where(moved != 1.0, method[first:last] + word, method[first:last])
    if past.promoted is not None:
        for first, last in past.chunks():
            silent = (past.promoted.unmeasured(first, last) > 0.0) & (past.promoted.factors(first, last) == 1.0)
            silent = silent[:, rows.buckets :]
            method[first:last] = np.where(silent, method[first:last] + "+promotion_unknown", method[first:last])
    method[outgoing[:, None] & (phase == 0.0)] = "phased_out"
    # an effect is a factor of its own: its variance adds, and the distribution is stretched around its mean
    squared = predicted.sd**2
    sd = np.sqrt(squared + unsure * (predicted.mean**2 + squared))
    wider = np.where(predicted.sd > 0.0, sd / np.where(predicted.sd > 0.0, predicted.sd, 1.0), 1.0)[:, :, None]
    middle = predicted.mean[:, :, None]
    quantiles = np.maximum(middle + (predicted.quantiles - middle) * wider, 0.0)
    return Predicted(
        mean=predicted.mean * factor, sd=sd * factor, quantiles=quantiles * factor[:, :, None], method=method
    )


def _own_share(past: Past) -> Floats:
    """Return the share of recent demand that is a series' own and not inherited [K]."""
    rows = past.rows
    recent = rows.bucket >= rows.buckets - -(-_RECENT_DAYS // past.horizon.bucket_days)
    quantity = np.where(recent, np.maximum(rows.quantity, 0.0), 0.0)
    total = np.bincount(rows.series, weights=quantity, minlength=len(rows.keys))
    own = np.bincount(rows.series, weights=np.where(rows.inherited, 0.0, quantity), minlength=len(rows.keys))
    return np.where(total > 0.0, own / np.where(total > 0.0, total, 1.0), 1.0)
