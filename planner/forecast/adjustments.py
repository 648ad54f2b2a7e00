"""Adjustments: what people know of future demand, or ask "what if", as factors on the finished forecast."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from planner.forecast.result import ForecastResult
from scenarios.settings import Horizon
from scenarios.tables.issues import Issues
from scenarios.tables.specificity import RULE_KEYS, named_keys

Floats = npt.NDArray[np.float64]

_KEYS = ["item_id", "location_id"]
_SCALED = ("mean_qty", "sd_qty", "p10_qty", "p50_qty", "p90_qty")


def adjust_demand(
    demand: ForecastResult,
    supply: pd.DataFrame,
    adjustments: pd.DataFrame,
    horizon: Horizon,
    demand_factor: float = 1.0,
) -> ForecastResult:
    """Multiply the forecast by every adjustment that applies: mean, standard deviation and quantiles alike.

    A bucket that an adjustment covers in part takes 1 + (factor - 1) x covered share. Whatever was learned
    from the history stays as it is: what-ifs on demand share one forecast.

    Parameters
    ----------
    supply : item_id, location_id, category, region of every item-location that is forecast.
    adjustments : cleaned input table demand_adjustments, with its lines.
    demand_factor : multiplies everything, `forecast.demand_factor` of the settings.
    """
    if demand_factor != 1.0:
        demand = replace(
            demand,
            forecast=_multiplied(demand.forecast, _SCALED, demand_factor),
            forecast_channels=_multiplied(demand.forecast_channels, ("mean_qty",), demand_factor),
        )
    if adjustments.empty:
        return demand
    keys = demand.forecast[_KEYS].drop_duplicates(ignore_index=True)
    keys = keys.merge(supply[list(RULE_KEYS)].drop_duplicates(_KEYS), how="left", on=_KEYS, validate="one_to_one")
    covered = covered_share(adjustments, horizon)
    factor = np.ones((len(keys), horizon.buckets))
    used = np.zeros(len(adjustments), dtype=bool)
    for row, series in match_adjustments(adjustments, keys):
        change = 1.0 + (adjustments["factor"].to_numpy()[row, None] - 1.0) * covered[row]
        np.multiply.at(factor, series, change)
        used[row[(covered[row] > 0).any(axis=1)]] = True
    issues = Issues()
    # what is over is judged in adjustment_report
    start = pd.Timestamp(horizon.start)
    over = ((adjustments["start_date"] < start) & (adjustments["end_date"] <= start)).to_numpy()
    _tell_unused(adjustments[~used & ~over], issues)
    return replace(
        demand,
        forecast=_scaled(demand.forecast, _SCALED, keys, factor, horizon),
        forecast_channels=_scaled(demand.forecast_channels, ("mean_qty",), keys, factor, horizon),
        issues=pd.concat([demand.issues, issues.frame()], ignore_index=True) if issues.rows else demand.issues,
    )


def covered_share(adjustments: pd.DataFrame, horizon: Horizon) -> Floats:
    """Return the share of every bucket that an adjustment covers: [rows, buckets]."""
    start, length = pd.Timestamp(horizon.start), horizon.buckets * horizon.bucket_days

    def days(column: pd.Series[Any], empty: float) -> Floats:
        count = (column - start).dt.days.to_numpy(dtype=np.float64)
        return np.where(np.isnan(count), empty, count)

    first, last = days(adjustments["start_date"], 0.0)[:, None], days(adjustments["end_date"], length)[:, None]
    begin = np.arange(horizon.buckets) * float(horizon.bucket_days)
    overlap = np.minimum(last, begin + horizon.bucket_days) - np.maximum(first, begin)
    covered: Floats = np.clip(overlap, 0.0, None) / horizon.bucket_days
    return covered


def match_adjustments(
    adjustments: pd.DataFrame, keys: pd.DataFrame
) -> list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """Return positions of adjustments and of the series in `keys` that they apply to, in pairs.

    Adjustments that name the same keys (item, category ...) are matched together.
    """
    named = np.array([named_keys(adjustments, name) for name in RULE_KEYS])
    patterns = np.array([1, 2, 4, 8]) @ named
    pairs = []
    for pattern in np.unique(patterns):
        rows = np.flatnonzero(patterns == pattern)
        columns = [name for name, uses in zip(RULE_KEYS, named[:, rows[0]], strict=True) if uses]
        wanted = adjustments.iloc[rows][columns].assign(row=rows)
        found = wanted.merge(keys[columns].assign(series=np.arange(len(keys))), how="inner" if columns else "cross")
        pairs.append((found["row"].to_numpy(dtype=np.int64), found["series"].to_numpy(dtype=np.int64)))
    return pairs


def _scaled(
    table: pd.DataFrame, columns: tuple[str, ...], keys: pd.DataFrame, factor: Floats, horizon: Horizon
) -> pd.DataFrame:
    series = pd.MultiIndex.from_frame(keys[_KEYS]).get_indexer(pd.MultiIndex.from_frame(table[_KEYS]))
    bucket = (table["bucket_start"] - pd.Timestamp(horizon.start)).dt.days.to_numpy() // horizon.bucket_days
    of_row = factor[series, bucket]
    scaled = _multiplied(table, columns, of_row)
    if "method" in table:
        scaled["method"] = np.where(of_row != 1.0, table["method"] + "+adjusted", table["method"])
    return scaled


def _multiplied(table: pd.DataFrame, columns: tuple[str, ...], factor: Floats | float) -> pd.DataFrame:
    return table.assign(**{name: table[name].to_numpy() * factor for name in columns})


def _tell_unused(unused: pd.DataFrame, issues: Issues) -> None:
    issues.add_rows(
        "info",
        "demand_adjustments",
        "no_effect",
        "the adjustment by {value} applies to no item-location and day that is forecast",
        "Check item, location and dates.",
        column="factor",
        lines=unused["line"].to_numpy(dtype=np.int64),
        values=[f"{factor:g}" for factor in unused["factor"]],
    )
