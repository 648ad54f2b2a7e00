"""Promotions: past buckets are divided by the uplift, future ones multiplied by it.

A bucket that a promotion covers in part takes 1 + (uplift - 1) x covered share. Promotions of one
bucket multiply. A promotion without an uplift takes the one measured on past promotions that have none
either: promoted sales over the sales to be expected there without promotion, of the same item, otherwise of all
items; without any such past it changes nothing. How far uplifts differ from one promoted bucket to the next widens the
forecast under a promotion.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from planner.forecast.cleansing import local_rate
from planner.forecast.history import DemandRows
from scenarios.settings import Horizon
from scenarios.tables.issues import Issues

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

# a measured uplift outside this range says more about the data than about the promotion
_LEAST_UPLIFT, _MOST_UPLIFT = 0.2, 10.0
_CHUNK = 4096


@dataclass(frozen=True, slots=True)
class PromotionFactors:
    """Promotions with their uplifts, matched to series by integer codes.

    Attributes
    ----------
    wanted : [P, 4] codes of item, location, category, region a promotion asks for; -1 asks for nothing.
    codes : [K, 4] codes of every series.
    first, last : [P] begin and end in buckets, fractions allowed, 0 is the oldest bucket of the history.
    uplift : [P] demand with it over demand without it; NaN takes the measured one.
    sd : [P] standard deviation of the uplift from one promotion to the next; NaN takes the measured one.
    measured, measured_sd : [I] uplift, and how it varies, by code of the item.
    buckets : T + H.
    """

    wanted: Integers
    codes: Integers
    first: Floats
    last: Floats
    uplift: Floats
    sd: Floats
    measured: Floats
    measured_sd: Floats
    buckets: int

    def factors(self, start: int, stop: int) -> Floats:
        """Return demand with promotions over demand without, [stop - start, T + H] of these series."""
        out = np.ones((stop - start, self.buckets))
        codes = self.codes[start:stop]
        for promotion in range(len(self.first)):
            rows, columns, covered = self._cover(promotion, codes)
            if rows.size and columns.size:
                uplift = self.uplift[promotion]
                by_row = self.measured[codes[rows, 0]] if np.isnan(uplift) else np.full(rows.size, uplift)
                out[np.ix_(rows, columns)] *= 1.0 + (by_row[:, None] - 1.0) * covered[None]
        return out

    def variances(self, start: int, stop: int) -> Floats:
        """Return the squared coefficient of variation of `factors` [stop - start, T + H]; promotions add up."""
        out = np.zeros((stop - start, self.buckets))
        codes = self.codes[start:stop]
        for promotion in range(len(self.first)):
            rows, columns, covered = self._cover(promotion, codes)
            if rows.size and columns.size:
                item = codes[rows, 0]
                uplift = np.full(rows.size, self.uplift[promotion])
                uplift = np.where(np.isnan(uplift), self.measured[item], uplift)
                sd = np.where(np.isnan(self.sd[promotion]), self.measured_sd[item], self.sd[promotion])
                factor = 1.0 + (uplift[:, None] - 1.0) * covered[None]
                out[np.ix_(rows, columns)] += (
                    sd[:, None] * covered[None] / np.where(factor > 0.0, factor, np.inf)
                ) ** 2
        return out

    def unmeasured(self, start: int, stop: int) -> Floats:
        """Return the share of each bucket under a promotion that has no uplift, [stop - start, T + H]."""
        out = np.zeros((stop - start, self.buckets))
        for promotion in np.flatnonzero(np.isnan(self.uplift)):
            rows, columns, covered = self._cover(int(promotion), self.codes[start:stop])
            if rows.size and columns.size:
                cells = np.ix_(rows, columns)
                out[cells] = np.maximum(out[cells], covered[None])
        return out

    def _cover(self, promotion: int, codes: Integers) -> tuple[Integers, Integers, Floats]:
        """Return matching series, covered buckets, and the share of each bucket that is covered."""
        wanted = self.wanted[promotion]
        match = np.ones(len(codes), dtype=bool)
        for field in np.flatnonzero(wanted != -1):
            match &= codes[:, field] == wanted[field]
        begin, end = max(self.first[promotion], 0.0), min(self.last[promotion], float(self.buckets))
        columns = np.arange(int(np.floor(begin)), int(np.ceil(end))) if end > begin else np.zeros(0, dtype=np.int64)
        covered = np.minimum(columns + 1.0, end) - np.maximum(columns, begin)
        return np.flatnonzero(match), columns, covered


def match_promotions(
    promotions: pd.DataFrame, rows: DemandRows, horizon: Horizon, issues: Issues
) -> PromotionFactors | None:
    """Return the promotions that touch the history or the horizon, uplifts measured; None without any."""
    origin = pd.Timestamp(horizon.start) - pd.Timedelta(days=rows.buckets * horizon.bucket_days)
    first = _in_buckets(promotions["start_date"], origin, horizon)
    last = _in_buckets(promotions["end_date"], origin, horizon)
    buckets = rows.buckets + horizon.buckets
    near = (last > 0.0) & (first < buckets)
    if not near.any():
        return None
    wanted, codes = _codes(promotions[near], rows.keys)
    uplift = promotions["uplift"].to_numpy(dtype=np.float64)[near]
    items = int(codes[:, 0].max()) + 1 if len(codes) else 0
    unknown = np.isnan(uplift)
    given_sd = promotions["uplift_sd"].to_numpy(dtype=np.float64)[near]
    # an uplift that is given without a spread is taken as certain
    sd = np.where(np.isnan(given_sd) & ~unknown, 0.0, given_sd)
    none = np.zeros(items)
    plain = PromotionFactors(wanted, codes, first[near], last[near], uplift, sd, np.ones(items), none, buckets)
    if not unknown.any():
        return plain
    measured, spread, seen = _measure(plain, rows, items)
    _tell_unknown(promotions[near][unknown], bool(seen), issues)
    return replace(plain, measured=measured, measured_sd=spread)


def _in_buckets(dates: pd.Series[Any], origin: pd.Timestamp, horizon: Horizon) -> Floats:
    return (dates - origin).dt.days.to_numpy().astype(np.float64) / horizon.bucket_days


def _codes(promotions: pd.DataFrame, keys: pd.DataFrame) -> tuple[Integers, Integers]:
    wanted, codes = [], []
    for field in ("item_id", "location_id", "category", "region"):
        known = pd.Index(keys[field].unique())
        asked = promotions[field].fillna("")
        found = known.get_indexer(asked)
        # -1: empty, asks for nothing; -2: asks for what no series has
        wanted.append(np.where(asked == "", -1, np.where(found < 0, -2, found)))
        codes.append(known.get_indexer(keys[field]))
    return np.stack(wanted, axis=1).astype(np.int64), np.stack(codes, axis=1).astype(np.int64)


def _measure(plain: PromotionFactors, rows: DemandRows, items: int) -> tuple[Floats, Floats, int]:
    """Return uplift [I] and its standard deviation [I] from past promotions without one, and in how many buckets.

    The uplift is a ratio of sums over item-locations and buckets. Its deviation is that of the ratios of single buckets
    of the item around it, each bucket weighed by what was expected in it, times 1 + 1 / n for the error of the
    mean of n; less than two buckets take that of all items together.
    """
    sold, expected, seen = np.zeros(items), np.zeros(items), 0
    by_bucket = np.zeros((2, items, rows.buckets))
    for first in range(0, len(rows.keys), _CHUNK):
        last = min(first + _CHUNK, len(rows.keys))
        covered = plain.unmeasured(first, last)[:, : rows.buckets]
        if not covered.any():
            continue
        demand, stocked = rows.dense(first, last)
        base = local_rate(demand, stocked * (covered == 0.0))
        item = plain.codes[first:last, 0]
        full = (covered > 0.5) & (stocked >= 1.0) & (base > 0.0)
        seen += int(np.count_nonzero(full))
        excess = np.where(full, (demand - base) / np.maximum(covered, 0.5), 0.0)
        np.add.at(sold, item, (np.where(full, base, 0.0) + excess).sum(axis=1))
        np.add.at(expected, item, np.where(full, base, 0.0).sum(axis=1))
        np.add.at(by_bucket[0], item, np.where(full, base, 0.0) + excess)
        np.add.at(by_bucket[1], item, np.where(full, base, 0.0))
    overall = sold.sum() / expected.sum() if expected.sum() > 0.0 else 1.0
    uplift = np.where(expected > 0.0, sold / np.where(expected > 0.0, expected, 1.0), overall)
    uplift = np.clip(uplift, _LEAST_UPLIFT, _MOST_UPLIFT)
    return uplift, _spread(by_bucket[0], by_bucket[1], uplift), seen


def _spread(sold: Floats, expected: Floats, uplift: Floats) -> Floats:
    """Return the standard deviation [I] of the uplift of one bucket, from sums [I, T] of promoted buckets."""
    apart = np.where(expected > 0.0, (sold - uplift[:, None] * expected) ** 2 / np.maximum(expected, 1e-9), 0.0)
    count, weight = (expected > 0.0).sum(axis=1), expected.sum(axis=1)
    free = np.maximum(count - 1, 1) / np.maximum(count, 1)
    own = apart.sum(axis=1) / np.maximum(weight * free, 1e-9) * (1.0 + 1.0 / np.maximum(count, 1))
    several = count >= 2
    shared = float(np.average(own[several], weights=weight[several])) if several.any() else 0.0
    return np.sqrt(np.where(several, own, shared))


def _tell_unknown(promotions: pd.DataFrame, measured: bool, issues: Issues) -> None:
    issues.add(
        "info" if measured else "warning",
        "promotions",
        "uplift_measured" if measured else "uplift_unknown",
        f"{len(promotions):,} promotions give no uplift" + ("." if measured else ", and no past promotion shows one."),
        "It was measured on past promotions of the item, otherwise of all items."
        if measured
        else "They change nothing in the forecast; give an uplift.",
        column="uplift",
        row=str(promotions["promotion_id"].iloc[0]),
        rows=len(promotions),
    )
