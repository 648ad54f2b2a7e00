"""Forecast value added: what people's past adjustments were worth, judged on what came."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from planner.forecast.adjustments import covered_share, match_adjustments
from reports.forecast_tables import ADJUSTMENT_REPORT
from reports.tables import conform
from scenarios.settings import ForecastSettings, Horizon
from scenarios.tables.specificity import RULE_KEYS

Floats = npt.NDArray[np.float64]

_KEYS = ["item_id", "location_id"]
_KEPT = ["item_id", "category", "location_id", "region", "start_date", "end_date", "factor", "author", "reason"]
_LONGEST_WEEKS = 26  # of an adjustment are judged


@dataclass(frozen=True, slots=True)
class _Judged:
    """Sums over the judged item-location-buckets of one adjustment, base units."""

    series: int
    actual: float
    forecast: float
    adjusted: float
    error: float
    adjusted_error: float


def judge_adjustments(
    history: pd.DataFrame,
    supply: pd.DataFrame,
    promotions: pd.DataFrame,
    transitions: pd.DataFrame,
    prices: pd.DataFrame,
    adjustments: pd.DataFrame,
    horizon: Horizon,
    settings: ForecastSettings,
) -> pd.DataFrame:
    """Return `adjustment_report`: one row for each adjustment that began before the horizon.

    The forecast without it is made anew for the item-locations that it names, with this project's settings, from the
    sales before its first bucket. Its error, and that of the forecast times the factor, are absolute errors by
    item-location and bucket, up to the horizon and half a year at most. Buckets with a stock-out are not judged. Value
    added = 1 - error with / error without (Gilliland 2010, "The Business Forecasting Deal", chapter 4): below 0
    the adjustment made the forecast worse. Adjustments that overlap are judged one by one.
    """
    start, length = pd.Timestamp(horizon.start), pd.Timedelta(days=horizon.bucket_days)
    past = adjustments[adjustments["start_date"] < start].reset_index(drop=True)
    plain = settings.model_copy(
        update={"models": tuple(m for m in settings.models if m != "boosted_quantiles") or ("ewm_quantiles",)}
    )
    origins = start + ((past["start_date"] - start) // length) * length
    judged: dict[int, _Judged] = {}
    for origin in sorted(origins.unique()):
        rows = past[origins == origin]
        last = min(rows["end_date"].fillna(start).max(), start)
        longest = int(np.ceil(max((last - origin) / length, 1.0)))
        buckets = min(longest, _LONGEST_WEEKS * 7 // horizon.bucket_days)
        began = Horizon(start=origin.date(), buckets=buckets, bucket=horizon.bucket)
        pairs = match_adjustments(rows, supply)
        named = supply.iloc[np.unique(np.concatenate([series for _, series in pairs]))] if pairs else supply[:0]
        if named.empty:
            continue
        from planner.forecast.forecast import forecast_demand  # noqa: PLC0415 - loads the compiler

        known = history[history["date"] < origin]
        said = forecast_demand(known, named, promotions, transitions, prices, began, plain).forecast
        judged |= _judge(rows, named, said, history, began)
    return _report(past, judged)


def _judge(
    rows: pd.DataFrame, named: pd.DataFrame, said: pd.DataFrame, history: pd.DataFrame, began: Horizon
) -> dict[int, _Judged]:
    """Return what came of the adjustments `rows`, by their position in the index."""
    origin = pd.Timestamp(began.start)
    attributes = named[list(RULE_KEYS)].drop_duplicates(_KEYS)
    keys = said[_KEYS].drop_duplicates(ignore_index=True).merge(attributes, how="left", on=_KEYS)
    pairs = pd.MultiIndex.from_frame(keys[_KEYS])
    shape = (len(keys), began.buckets)
    expected = np.zeros(shape)
    place = pairs.get_indexer(pd.MultiIndex.from_frame(said[_KEYS]))
    bucket = (said["bucket_start"] - origin).dt.days.to_numpy() // began.bucket_days
    expected[place, bucket] = said["mean_qty"].to_numpy()
    came, whole = np.zeros(shape), np.ones(shape, dtype=bool)
    place = pairs.get_indexer(pd.MultiIndex.from_frame(history[_KEYS]))
    bucket = (history["date"] - origin).dt.days.to_numpy() // began.bucket_days
    inside = (place >= 0) & (bucket >= 0) & (bucket < began.buckets)
    np.add.at(came, (place[inside], bucket[inside]), history["qty"].to_numpy(np.float64)[inside])
    short = inside & (history["in_stock_share"].to_numpy(np.float64) < 1.0)
    whole[place[short], bucket[short]] = False
    came = np.maximum(came, 0.0)
    covered = covered_share(rows, began)
    out = {}
    for row, series in match_adjustments(rows, keys):
        for number in np.unique(row):
            chosen = series[row == number]
            counted = (covered[number] > 0.0) & whole[chosen]
            factor = 1.0 + (rows["factor"].to_numpy()[number] - 1.0) * covered[number]
            actual, forecast = came[chosen][counted], expected[chosen][counted]
            adjusted = (expected[chosen] * factor)[counted]
            out[int(rows.index[number])] = _Judged(
                int(counted.any(axis=1).sum()),
                float(actual.sum()),
                float(forecast.sum()),
                float(adjusted.sum()),
                float(np.abs(forecast - actual).sum()),
                float(np.abs(adjusted - actual).sum()),
            )
    return out


def _report(past: pd.DataFrame, judged: dict[int, _Judged]) -> pd.DataFrame:
    nothing = _Judged(0, np.nan, np.nan, np.nan, np.nan, np.nan)
    found = [judged.get(row, nothing) for row in range(len(past))]
    error, adjusted = (np.array([getattr(one, name) for one in found]) for name in ("error", "adjusted_error"))
    counted = np.array([one.series for one in found], dtype=np.int64)
    known = counted > 0

    def sums(name: str) -> Floats:
        return np.where(known, np.array([getattr(one, name) for one in found], dtype=np.float64), np.nan)

    safe = np.where(known & (error > 0.0), error, 1.0)
    return conform(
        ADJUSTMENT_REPORT,
        past[_KEPT].assign(
            line=past["line"].to_numpy(dtype=np.int64),
            item_locations=counted,
            actual_qty=sums("actual"),
            forecast_qty=sums("forecast"),
            adjusted_qty=sums("adjusted"),
            value_added=np.where(known & (error > 0.0), 1.0 - adjusted / safe, np.nan),
        ),
    )
