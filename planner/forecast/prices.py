"""Prices: past demand is brought to the price of today, future demand moved by the price of its bucket.

Demand follows (p / p0)^e with a constant elasticity e per item (Cobb and Douglas' form, the field's default: Bijmolt,
van Heerde and Pieters 2005, "New empirical generalizations on the determinants of price elasticity", J. Marketing
Research 42) and p0 the price on the eve of the horizon. So nothing changes where prices do not.
A promotion's uplift holds its price cut already: promoted buckets take no price effect and teach none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from planner.forecast.cleansing import DemandSeries
from planner.forecast.elasticity import PriceSample, estimate_elasticity, shrink
from planner.forecast.history import DemandRows
from planner.forecast.promotions import PromotionFactors
from scenarios.settings import Horizon
from scenarios.tables.issues import Issues

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Chunks = Callable[[], Iterator[tuple[int, int, DemandSeries]]]

_LEAST, _MOST = 0.1, 10.0  # a factor outside this range says more about the data than about the price
_MOST_VARIANCE = 1.0  # of the factor, relative
_BLOCK_DAYS = 182  # elasticities are measured within half years, so that slow drift is not taken for price
_MOST_SERIES = 20_000  # looked at for the elasticities, so that memory does not grow with their number


@dataclass(frozen=True, slots=True)
class PriceEffects:
    """Prices of K series over history and horizon, and what they do to demand.

    Attributes
    ----------
    series, first, last, log_price : [N] series, first day and day after the last from the start of the history, and
        logarithm of a price, sorted by series; within a series a later one overrides those before it.
    item : [K] number of the item.
    elasticity, sd : [I] of every item, and its standard error; 0 where prices never moved.
    buckets, bucket_days : T + H, and calendar days of each. past : T.
    promoted : buckets under a promotion take no price effect.
    """

    series: Integers
    first: Integers
    last: Integers
    log_price: Floats
    item: Integers
    elasticity: Floats
    sd: Floats
    buckets: int
    past: int
    bucket_days: int
    promoted: PromotionFactors | None

    def part(self, start: int, stop: int) -> PriceEffects:
        """Return the prices of the series start:stop and the elasticities of their items."""
        rows = slice(*np.searchsorted(self.series, (start, stop)))
        items, item = np.unique(self.item[start:stop], return_inverse=True)
        return replace(
            self,
            series=self.series[rows] - start,
            first=self.first[rows],
            last=self.last[rows],
            log_price=self.log_price[rows],
            item=item.astype(np.int64),
            elasticity=self.elasticity[items],
            sd=self.sd[items],
            promoted=None if self.promoted is None else replace(self.promoted, codes=self.promoted.codes[start:stop]),
        )

    def changes(self, start: int, stop: int) -> Floats:
        """Return ln(price / price on the eve of the horizon) [stop - start, T + H], 0 where either is not known."""
        days = self.buckets * self.bucket_days
        rows = slice(*np.searchsorted(self.series, (start, stop)))
        length = self.last[rows] - self.first[rows]
        begin = (self.series[rows] - start) * days + self.first[rows]
        cell = np.repeat(begin - np.concatenate([[0], np.cumsum(length)[:-1]]), length) + np.arange(length.sum())
        flat = np.full((stop - start) * days, np.nan)
        flat[cell] = np.repeat(self.log_price[rows], length)  # of a repeated cell the last value stays
        daily = flat.reshape(stop - start, days)
        today = self.past * self.bucket_days
        known = ~np.isnan(daily[:, :today])
        latest = today - 1 - np.argmax(known[:, ::-1], axis=1)
        reference = np.where(known.any(axis=1), daily[np.arange(stop - start), latest], np.nan)
        change = np.nan_to_num(daily - reference[:, None])
        out: Floats = change.reshape(stop - start, self.buckets, self.bucket_days).mean(axis=2)
        if self.promoted is not None:
            out[self.promoted.factors(start, stop) != 1.0] = 0.0
        return out

    def factors(self, start: int, stop: int) -> Floats:
        """Return demand at the price of the bucket over demand at today's [stop - start, T + H]."""
        power = self.elasticity[self.item[start:stop], None] * self.changes(start, stop)
        return np.exp(np.clip(power, np.log(_LEAST), np.log(_MOST)))

    def variances(self, start: int, stop: int) -> Floats:
        """Return the squared coefficient of variation of `factors`, log-normal: exp(sd^2 ln(p / p0)^2) - 1."""
        spread = (self.sd[self.item[start:stop], None] * self.changes(start, stop)) ** 2
        return np.minimum(np.expm1(np.minimum(spread, 1.0)), _MOST_VARIANCE)


def match_prices(
    prices: pd.DataFrame, rows: DemandRows, horizon: Horizon, promoted: PromotionFactors | None
) -> PriceEffects | None:
    """Return the prices of the series, elasticities still 0; None where no series has one.

    A row for one location overrides one for its region, and that one for all locations; among those the later start.
    A row without an end holds until the next one like it.
    """
    buckets, bucket_days = rows.buckets + horizon.buckets, horizon.bucket_days
    origin = pd.Timestamp(horizon.start) - pd.Timedelta(days=rows.buckets * bucket_days)
    keys = rows.keys.assign(series=np.arange(len(rows.keys)))[["item_id", "location_id", "region", "series"]]
    place, region = (prices[name].fillna("") for name in ("location_id", "region"))
    rank = np.where(place != "", 2, np.where(region != "", 1, 0))
    table = prices[["item_id", "start_date", "end_date", "unit_price"]].assign(place=place, area=region, rank=rank)
    parts = []
    for level, columns in enumerate((["item_id"], ["item_id", "region"], ["item_id", "location_id"])):
        chosen = table[table["rank"] == level].rename(columns={"place": "location_id", "area": "region"})
        parts.append(chosen[[*columns, "start_date", "end_date", "unit_price", "rank"]].merge(keys, on=columns))
    found = pd.concat(parts, ignore_index=True)
    if found.empty:
        return None
    found = found.sort_values(["series", "rank", "start_date"], kind="stable", ignore_index=True)
    open_end = found["end_date"].isna()
    # what the next open row of the same kind overrides need not be written first
    following = found[open_end].groupby(["series", "rank"])["start_date"].shift(-1)
    end = found["end_date"].fillna(following.reindex(found.index))
    days = buckets * bucket_days
    first = (found["start_date"] - origin).dt.days.to_numpy(np.float64)
    last = np.nan_to_num((end - origin).dt.days.to_numpy(np.float64), nan=days)
    first, last = np.clip(first, 0, days), np.clip(last, 0, days)
    kept = last > first
    item = pd.factorize(rows.keys["item_id"])[0].astype(np.int64)
    none = np.zeros(int(item.max()) + 1)
    return PriceEffects(
        found["series"].to_numpy(np.int64)[kept],
        first[kept].astype(np.int64),
        last[kept].astype(np.int64),
        np.log(found["unit_price"].to_numpy(np.float64))[kept],
        item,
        none,
        none,
        buckets,
        rows.buckets,
        bucket_days,
        promoted,
    )


def measure_prices(
    prices: pd.DataFrame,
    rows: DemandRows,
    horizon: Horizon,
    promoted: PromotionFactors | None,
    chunks: Chunks,
    issues: Issues,
) -> PriceEffects | None:
    """Return prices and elasticities; None where no series has a price.

    Parameters
    ----------
    prices : cleaned input table. chunks : first, last and flattened demand of all series, chunk by chunk.
    """
    if prices.empty:
        return None
    plain = match_prices(prices, rows, horizon, promoted)
    if plain is None:
        return None
    items = len(plain.elasticity)
    sample = PriceSample.of(_samples(plain, chunks, len(rows.keys)))
    own, variance = estimate_elasticity(sample, items)
    category = np.zeros(items, dtype=np.int64)
    category[plain.item] = pd.factorize(rows.keys["category"])[0]
    elasticity, sd = shrink(own, variance, category)
    _tell(np.isfinite(variance), elasticity, sd, plain, rows, issues)
    # demand that rises with the price is a confounded measurement, never a promise
    return replace(plain, elasticity=np.minimum(elasticity, 0.0), sd=sd)


def _samples(plain: PriceEffects, chunks: Chunks, count: int) -> Iterator[PriceSample]:
    """Yield the buckets that tell of prices: those of half years in which the price of the series moved."""
    stride = -(-count // _MOST_SERIES)
    past, block = plain.past, max(_BLOCK_DAYS // plain.bucket_days, 2)
    for first, last, series in chunks():
        rows = np.flatnonzero(np.arange(first, last) % stride == 0)
        change = plain.changes(first, last)[rows, :past]
        seen = series.observed[rows].copy()
        if plain.promoted is not None:
            seen[plain.promoted.factors(first, last)[rows, :past] != 1.0] = 0.0
        number = (past - 1 - np.arange(past)) // block
        blocks = int(number[0]) + 1
        code = (np.arange(len(rows))[:, None] * blocks + number).ravel()
        inside = np.flatnonzero(seen.ravel() > 0.0)
        low, high = np.full(len(rows) * blocks, np.inf), np.full(len(rows) * blocks, -np.inf)
        np.minimum.at(low, code[inside], change.ravel()[inside])
        np.maximum.at(high, code[inside], change.ravel()[inside])
        inside = inside[(high - low)[code[inside]] > 1e-6]
        yield PriceSample(
            item=plain.item[first + rows[inside // past]],
            block=first * blocks + code[inside],
            change=change.ravel()[inside],
            observed=seen.ravel()[inside],
            demand=series.demand[rows].ravel()[inside],
        )


def _tell(
    measured: npt.NDArray[np.bool_],
    elasticity: Floats,
    sd: Floats,
    plain: PriceEffects,
    rows: DemandRows,
    issues: Issues,
) -> None:
    if not measured.any():
        issues.add(
            "warning",
            "prices",
            "price_never_moved",
            "No price moved while the item was sold, so what a price does to demand is not known.",
            "Prices change nothing in the forecast. Give the prices of the past, dated.",
            column="unit_price",
        )
        return
    names = rows.keys["item_id"].to_numpy()[np.unique(plain.item, return_index=True)[1]]
    first = int(np.flatnonzero(measured)[0])
    issues.add(
        "info",
        "prices",
        "elasticity_measured",
        f"Price elasticities of {int(measured.sum()):,} items were measured, {np.median(elasticity[measured]):.2f} in "
        f"the middle; item {names[first]}: {elasticity[first]:.2f} with standard error {sd[first]:.2f}.",
        "Other items take the mean of their category. Demand above 0 elasticity is not believed (0 is taken).",
        column="unit_price",
        row=f"item {names[first]}",
        rows=int(measured.sum()),
    )
