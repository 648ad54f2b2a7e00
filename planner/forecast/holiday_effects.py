"""Holidays: they move from year to year, and take demand with them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from scenarios.settings import Horizon, public_holidays

Floats = npt.NDArray[np.float64]

_OFFSETS = (-1, 0, 1)  # the bucket before a holiday, the one that holds it, the one after
_NEIGHBOURS = 4  # ordinary buckets to either side that a holiday is compared with
_LEAST, _MOST = 0.1, 10.0


def holiday_marks(country: str, buckets: int, horizon: Horizon) -> Floats:
    """Return [T + H, E]: 1 where a bucket holds a holiday, is the one before it, or the one after it.

    Three columns for each holiday by name; a holiday that is made up for on another day counts on both.

    Parameters
    ----------
    country : as in `forecast.holidays`, "US" or "US-IA"; "" marks nothing.
    buckets : T, buckets of history before the horizon.
    """
    count = buckets + horizon.buckets
    if not country:
        return np.zeros((count, 0))
    start = pd.Timestamp(horizon.start) - pd.Timedelta(days=buckets * horizon.bucket_days)
    end = start + pd.Timedelta(days=count * horizon.bucket_days)
    held: dict[str, set[int]] = {}
    # a year more on either side: a holiday just outside marks the bucket beside it
    for day, text in public_holidays(country, range(start.year - 1, end.year + 2)).items():
        bucket = (pd.Timestamp(day) - start).days // horizon.bucket_days
        for name in text.split("; "):
            held.setdefault(name.split(" (")[0], set()).add(bucket)
    marks = np.zeros((count, len(held) * len(_OFFSETS)))
    for number, name in enumerate(sorted(held)):
        for place, offset in enumerate(_OFFSETS):
            found = np.array(sorted(held[name])) + offset
            marks[found[(found >= 0) & (found < count)], number * len(_OFFSETS) + place] = 1.0
    return marks


def holiday_factors(relative: Floats, seen: npt.NDArray[np.bool_], marks: Floats, until: int, season: int) -> Floats:
    """Return the factor of every bucket of history and horizon [T + H], shared by all series.

    The logarithm of mean relative demand over that of ordinary buckets around is regressed on the marks, with
    effects that are random with mean 0 (best linear unbiased prediction; Robinson 1991, "That BLUP is a good thing: the
    estimation of random effects", Statistical Science 6): they are drawn to 0 as far as their errors ask. Their
    variance is that of the free coefficients less their errors, by moments. A holiday must have been seen twice.

    Parameters
    ----------
    relative : [T] mean relative demand, `seen` [T] where there is any.
    marks : [T + H, E] from `holiday_marks`.
    until : buckets from here on are not looked at.
    season : buckets between alike ones: 1 for weeks, 7 for days.
    """
    out = np.ones(len(marks))
    known = np.flatnonzero(seen[:until])
    past = marks[known]
    learnt = np.flatnonzero(past.sum(axis=0) >= 2)
    if not learnt.size:
        return out
    held: npt.NDArray[np.bool_] = marks[:until, learnt].sum(axis=1) > 0.0
    effect = np.log(np.clip(_over_ordinary(relative[:until], seen[:until], held, season)[known], _LEAST, _MOST))
    columns = past[:, learnt]
    if len(known) <= 2 * learnt.size:
        return out
    gram, moment = columns.T @ columns, columns.T @ effect
    inverse = np.linalg.pinv(gram)
    free = inverse @ moment
    variance = ((effect - columns @ free) ** 2).sum() / (len(known) - learnt.size)
    spread = float((free**2 - variance * np.diag(inverse)).mean())
    if spread <= 0.0:
        return out
    kept = np.linalg.solve(gram + max(variance / spread, 1e-9) * np.eye(learnt.size), moment)
    factor: Floats = np.exp(marks[:, learnt] @ kept)
    return factor


def _over_ordinary(relative: Floats, seen: npt.NDArray[np.bool_], held: npt.NDArray[np.bool_], season: int) -> Floats:
    """Return relative demand [T] over its mean in the nearest alike buckets without a holiday, 1 where none is."""
    total, count = np.zeros(len(relative)), np.zeros(len(relative))
    ordinary = (seen & ~held).astype(np.float64)
    for step in range(1, _NEIGHBOURS + 1):
        shift = step * season
        if shift >= len(relative):
            break
        for after, before in ((slice(shift, None), slice(None, -shift)), (slice(None, -shift), slice(shift, None))):
            total[before] += (relative * ordinary)[after]
            count[before] += ordinary[after]
    usual = total / np.maximum(count, 1.0)
    return np.where(usual > 0.0, relative / np.where(usual > 0.0, usual, 1.0), 1.0)
