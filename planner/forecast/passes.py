"""The two passes over all series, chunk by chunk: learn which model is best, then forecast with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from planner.forecast.backtest import FEWEST, Backtest, judged_buckets, origins
from planner.forecast.backtest import LEVELS as JUDGED_LEVELS
from planner.forecast.boosted import EXAMPLES, Boosted, train_boosted
from planner.forecast.calendar import relative_demand, shared_factors
from planner.forecast.candidates import Member
from planner.forecast.cleansing import DemandSeries
from planner.forecast.holiday_effects import holiday_marks
from planner.forecast.parts import LearnedPart, Past, PredictedPart, learn_part, predict_part
from planner.forecast.selection import Choice, choose
from planner.forecast.short import fit_power_law
from planner.forecast.transitions import phase_factors
from planner.recall import Recall, compute_anew

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Progress = Callable[[str, int, int], None]
Found = TypeVar("Found")

LEVELS = np.array([0.1, 0.5, 0.9])
SHORT = "short_history"
_RECENT_DAYS = 182  # recent demand tells own from inherited


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

    def shared(self, until: int) -> Floats:
        """Return the factors [T + H] that all series share, known before bucket `until`; in thousandths (`parts`)."""
        return shared_factors(self.demand, self.observed, self.marks, until, self.past.horizon).round(3)


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
    origin = past.rows.buckets if until is None else until
    shared = calendar.shared(origin)
    for first, last in past.chunks():
        yield first, last, past.flat(past.series(first, last)[0], shared, origin)


def learn(
    past: Past,
    calendar: Calendar,
    members: Sequence[Member],
    progress: Progress | None,
    *,
    threads: int = 1,
    recall: Recall = compute_anew,
) -> Learned:
    """Run the rolling backtest over all series and choose a model for each."""
    count = len(past.rows.keys)
    length = judged_buckets(past.horizon.buckets, past.horizon.bucket_days)
    judged = origins(past.rows.buckets, past.settings.backtest_windows, length)
    earliest = min(judged, default=past.rows.buckets)
    # half the examples do to judge it by
    boosted = _boosted(past, calendar, members, earliest, length, JUDGED_LEVELS, EXAMPLES // 2)
    shared = calendar.shared(earliest)

    def ask(first: int, last: int) -> LearnedPart:
        place = 0 if boosted is None else first
        return recall("series", learn_part, past.part(first, last), shared, members, earliest, boosted, place)

    parts = []
    backtest = Backtest.empty(count, len(members))
    for (first, last), part in _over_chunks(past, ask, threads):
        parts.append(part)
        backtest.put(first, part.backtest)
        if progress is not None:
            progress("forecast: backtest", last, count)

    def joined(name: str, kind: type) -> npt.NDArray[Any]:
        return np.concatenate([np.zeros(0, dtype=kind), *(getattr(part, name) for part in parts)])

    classes, observed = joined("demand_class", np.int64), joined("observed", np.float64)
    long = observed >= 2 * FEWEST
    return Learned(
        backtest=backtest,
        choice=choose(backtest, classes, members),
        demand_class=classes,
        observed=observed,
        scale=joined("scale", np.float64),
        rate=joined("rate", np.float64),
        power_law=fit_power_law(joined("mean", np.float64)[long], joined("variance", np.float64)[long]),
        filled=joined("filled", np.bool_),
        cut=joined("cut", np.bool_),
    )


def _over_chunks(past: Past, ask: Callable[[int, int], Found], threads: int) -> Iterator[tuple[tuple[int, int], Found]]:
    """Yield every chunk and what `ask` says of it, in order; `threads` chunks are worked on at once."""
    chunks = list(past.chunks())
    with ThreadPoolExecutor(max_workers=max(1, min(threads, len(chunks)))) as pool:
        yield from zip(chunks, pool.map(lambda chunk: ask(*chunk), chunks), strict=True)


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


def predict(
    past: Past,
    calendar: Calendar,
    members: Sequence[Member],
    learned: Learned,
    progress: Progress | None,
    levels: Floats = LEVELS,
    *,
    threads: int = 1,
    recall: Recall = compute_anew,
) -> Predicted:
    """Forecast every series with its model, short ones from what they share with others.

    Parameters
    ----------
    levels : [L] probabilities of the quantiles, rising.
    """
    count, buckets = len(past.rows.keys), past.horizon.buckets
    short, weights = learned.observed < FEWEST, learned.choice.weights
    chosen = [member for index, member in enumerate(members) if weights[~short, index].any()]
    boosted = _boosted(past, calendar, chosen, past.rows.buckets, buckets, levels)
    shared = calendar.shared(past.rows.buckets)
    stated = [learned.backtest.stated(index, levels) for index in range(len(members))]

    def ask(first: int, last: int) -> PredictedPart:
        inside = slice(first, last)
        return recall(
            "series",
            predict_part,
            past.part(first, last),
            shared,
            members,
            weights[inside],
            short[inside],
            learned.power_law,
            stated,
            levels,
            boosted,
            0 if boosted is None else first,
        )

    out = Predicted(
        mean=np.zeros((count, buckets)),
        sd=np.zeros((count, buckets)),
        quantiles=np.zeros((count, buckets, len(levels))),
        method=np.repeat(np.where(short, SHORT, learned.choice.model)[:, None], buckets, axis=1),
    )
    # what was done to the history stands beside what forecasts
    told = np.where(learned.cut, "+winsorised", "").astype(object) + np.where(learned.filled, "+uncensored", "")
    out.method[:] += told[:, None]
    for (first, last), part in _over_chunks(past, ask, threads):
        out.mean[first:last], out.sd[first:last], out.quantiles[first:last] = part.mean, part.sd, part.quantiles
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
