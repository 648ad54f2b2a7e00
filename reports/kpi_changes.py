"""Key figures of two runs, their differences, and how sure the simulated ones are.

The simulation names its futures by seed, item, location and number: two runs of one seed met the same
futures (common random numbers). The difference is then taken future by future and its interval is the
t-interval of the mean of these differences (Law, Simulation Modeling and Analysis, section 10.2.1,
paired-t). Otherwise the interval is that of two independent means, which is at least as wide when the
futures were in fact alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import scipy

from reports.comparison_tables import KPI_CHANGES
from reports.figures import is_money
from reports.tables import conform

PER_FUTURE = {
    "simulated_fill_rate": "fill_rate",
    "simulated_cycle_service_level": "cycle_service_level",
    "simulated_holding_cost": "holding_cost",
    "simulated_shortage_cost": "shortage_cost",
    "simulated_waste_qty": "waste_qty",
    "simulated_waste_cost": "waste_cost",
    "simulated_cost": "total_cost",
}
"""Key figures of the whole plan that `simulation` holds future by future, and their columns."""
_KEY = ["kpi", "group_by", "group"]
_CONFIDENCE = 0.95
_NOISE = 1e-9


def kpi_changes(a: Mapping[str, pd.DataFrame], b: Mapping[str, pd.DataFrame], *, same_futures: bool) -> pd.DataFrame:
    """Return every key figure of both runs and their difference, schema `KPI_CHANGES`.

    Parameters
    ----------
    a, b : published tables of the two runs.
    same_futures : whether the simulations drew from the same seed.
    """
    columns = [*_KEY, "unit", "value", "low", "high"]
    both = a["kpis"][columns].merge(b["kpis"][columns], how="outer", on=_KEY, suffixes=("_a", "_b"), sort=False)
    frame = _in_published_order(both, a["kpis"], b["kpis"])
    frame["unit"] = frame["unit_b"].fillna(frame["unit_a"])
    money = frame["unit"].map(is_money)
    for side in ("a", "b"):  # to the cent, so that differences of what is shown are the differences that are shown
        rounded = frame[f"value_{side}"].round(2)
        frame[f"value_{side}"] = rounded.where(money, frame[f"value_{side}"])
    before, after = frame["value_a"], frame["value_b"]
    delta = (after - before).where(~money, (after - before).round(2))
    noise = np.abs(delta) <= _NOISE * np.maximum(np.abs(before), np.abs(after))
    frame["delta"] = delta.mask(noise, 0.0)
    frame["relative"] = (frame["delta"] / before.abs()).where(before != 0)
    frame["changed"] = ~(noise | (before.isna() & after.isna()))
    half = np.hypot(_half(frame, "a"), _half(frame, "b"))
    frame["low"], frame["high"] = frame["delta"] - half, frame["delta"] + half
    frame["interval"] = np.where(frame["low"].isna(), "none", "independent")
    if same_futures and len(a["simulation"]) == len(b["simulation"]):
        futures = a["simulation"].merge(b["simulation"], on="replication", suffixes=("_a", "_b"))
        for row in frame.index[(frame["group_by"] == "all") & frame["kpi"].isin(PER_FUTURE)]:
            column = PER_FUTURE[str(frame.loc[row, "kpi"])]
            low, high = paired_interval(futures[f"{column}_b"] - futures[f"{column}_a"])
            frame.loc[row, ["low", "high"]] = low, high
            frame.loc[row, "interval"] = "none" if np.isnan(low) else "paired"
    return conform(KPI_CHANGES, frame)


def paired_interval(differences: pd.Series) -> tuple[float, float]:
    """Return the 95 % t-interval of the mean of differences, NaN for fewer than two."""
    count = len(differences)
    if count < 2:
        return np.nan, np.nan
    mean, quantile = float(differences.mean()), float(scipy.special.stdtrit(count - 1, 0.5 + _CONFIDENCE / 2))
    half = quantile * float(differences.std(ddof=1)) / float(np.sqrt(count))
    return mean - half, mean + half


def same_futures(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    """Say whether two runs of these provenances met the same sampled futures."""
    return bool(a["seed"] == b["seed"])


def _half(frame: pd.DataFrame, side: str) -> pd.Series:
    """Return the wider half of the intervals: shares are cut at 0 and 1, which must not narrow a difference."""
    value, low, high = (frame[f"{name}_{side}"] for name in ("value", "low", "high"))
    return pd.concat([value - low, high - value], axis=1).max(axis=1, skipna=False)


def _in_published_order(frame: pd.DataFrame, first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """Return the rows as A has them, then those that only B has, so that both directions list the same rows."""
    order = pd.concat([first[_KEY], second[_KEY]]).drop_duplicates(ignore_index=True)
    return order.merge(frame, on=_KEY)
