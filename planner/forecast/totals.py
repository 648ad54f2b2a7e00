"""Totals of the forecast: all, by item, location, category, region and channel, coherent with the item-locations.

Means add up. Variances do not: item-locations rise and fall together with weather, season and economy. How much they do
is measured: of forecast errors e the excess of (sum e)^2 over sum e^2 is what independence misses.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from planner.forecast.parts import Past
from planner.forecast.passes import Calendar, flat_chunks
from reports.forecast_tables import FORECAST_TOTALS
from reports.tables import conform
from solvers.demand.distributions import fit_moments

Floats = npt.NDArray[np.float64]

_KEYS = ["item_id", "location_id"]
GROUPINGS = {"all": None, "item": "item_id", "location": "location_id", "category": "category", "region": "region"}
_HALF_LIFE_WEEKS = 13
_JUDGED_DAYS = 364
_QUANTILES = {"p10_qty": 0.1, "p50_qty": 0.5, "p90_qty": 0.9}


def shared_errors(past: Past, calendar: Calendar) -> dict[str, float]:
    """Return for every grouping the relative standard deviation that errors of one group have in common.

    Errors are those of an exponentially weighted mean half a horizon ahead, over the last year. With covariance
    tau^2 m_j m_k between item-locations j and k of a group, tau^2 is the ratio of sums over groups and buckets of
    (sum e)^2 - sum e^2 to (sum m)^2 - sum m^2.
    """
    days = past.horizon.bucket_days
    lag, decay = max(past.horizon.buckets // 2, 1), 0.5 ** (days / 7.0 / _HALF_LIFE_WEEKS)
    buckets = past.rows.buckets
    first = max(buckets - _JUDGED_DAYS // days, lag + 1)
    if first >= buckets:
        return dict.fromkeys(GROUPINGS, 0.0)
    keys = past.rows.keys.assign(whole="")
    codes = {name: pd.factorize(keys[column or "whole"])[0] for name, column in GROUPINGS.items()}
    sums = {name: np.zeros((4, int(code.max(initial=0)) + 1, buckets - first)) for name, code in codes.items()}
    for start, stop, series in flat_chunks(past, calendar):
        mean, seen = _lagged_mean(series.demand, series.observed, decay, lag)
        usable = (series.observed[:, first:] > 0.0) & (seen[:, first:] > 0.0)
        level = np.where(usable, mean[:, first:], 0.0)
        error = np.where(usable, series.demand[:, first:] - level, 0.0)
        for name, code in codes.items():
            for n, values in enumerate((error, error**2, level, level**2)):
                np.add.at(sums[name][n], code[start:stop], values)
    out = {}
    for name, (error, squares, level, levels) in sums.items():
        apart = float((level**2 - levels).sum())
        excess = float((error**2 - squares).sum())
        out[name] = float(np.sqrt(max(excess / apart, 0.0))) if apart > 0.0 else 0.0
    return out


def _lagged_mean(demand: Floats, observed: Floats, decay: float, lag: int) -> tuple[Floats, Floats]:
    """Return [K, T] the weighted mean of demand up to `lag` buckets before each bucket, and the weight it rests on."""
    total, weight = np.zeros(len(demand)), np.zeros(len(demand))
    mean, seen = np.zeros_like(demand), np.zeros_like(demand)
    for bucket in range(demand.shape[1] - lag):
        total = decay * total + observed[:, bucket] * demand[:, bucket]
        weight = decay * weight + observed[:, bucket]
        mean[:, bucket + lag] = total / np.maximum(weight, 1e-12)
        seen[:, bucket + lag] = weight
    return mean, seen


def total_forecast(
    forecast: pd.DataFrame, channels: pd.DataFrame, supply: pd.DataFrame, shared: Mapping[str, float]
) -> pd.DataFrame:
    """Return `forecast_totals`.

    The variance of a group is sum sd^2 + tau^2 ((sum m)^2 - sum m^2); its quantiles are those of the family fitted to
    mean and variance (`solvers.demand.distributions`). A group of one item-location has its own quantiles.

    Parameters
    ----------
    forecast, channels : published tables, adjustments included. supply : category and region of item-locations.
    shared : `shared_errors`, tau by grouping; channels take that of all.
    """
    keyed = forecast.merge(supply[[*_KEYS, "category", "region"]], how="left", on=_KEYS)
    parts = [_totals(keyed, name, column, shared.get(name, 0.0)) for name, column in GROUPINGS.items()]
    split = channels.merge(forecast.drop(columns="mean_qty"), on=[*_KEYS, "bucket_start"])
    whole = split.groupby([*_KEYS, "bucket_start"])["mean_qty"].transform("sum")
    share = (split["mean_qty"] / whole).where(whole > 0.0, 0.0)
    for name in ("sd_qty", *_QUANTILES):
        split[name] *= share
    parts.append(_totals(split, "channel", "channel", shared.get("all", 0.0)))
    return conform(FORECAST_TOTALS, pd.concat(parts, ignore_index=True))


def _totals(rows: pd.DataFrame, name: str, column: str | None, shared: float) -> pd.DataFrame:
    group = rows[column].fillna("") if column else ""
    frame = rows[["mean_qty", "sd_qty", *_QUANTILES, "bucket_start"]].assign(
        group=group, variance=rows["sd_qty"] ** 2, square=rows["mean_qty"] ** 2, item_locations=1
    )
    sums = frame.groupby(["group", "bucket_start"], as_index=False, sort=True).sum(numeric_only=True)
    mean = sums["mean_qty"].to_numpy(np.float64)
    variance = (sums["variance"] + shared**2 * (sums["mean_qty"] ** 2 - sums["square"]).clip(lower=0.0)).to_numpy()
    fitted = fit_moments(mean, variance)
    one = (sums["item_locations"] == 1).to_numpy()
    for quantile, level in _QUANTILES.items():
        sums[quantile] = np.where(one, sums[quantile], fitted.quantile(level))
    return sums.assign(group_by=name, sd_qty=np.sqrt(variance))
