"""What the forecast found in the history, as rows of `data_issues`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from planner.forecast.backtest import FEWEST
from scenarios.tables.issues import Issues

_LISTED = 20  # series named one by one; the rest are counted


def tell_inactive(keys: pd.DataFrame, days: int, issues: Issues) -> None:
    """Tell which item-locations are not planned for want of recent demand."""
    if keys.empty:
        return
    issues.add(
        "info",
        "demand_history",
        "inactive",
        f"{len(keys):,} item-locations had no demand in the last {days} days: {_names(keys)}.",
        "They are not forecast; forecast_accuracy lists each as inactive.",
        row=_name(keys, 0),
        rows=len(keys),
    )


def tell_no_boosting(issues: Issues) -> None:
    """Tell that boosted trees were asked for and cannot be had."""
    issues.add(
        "warning",
        "settings",
        "no_boosting",
        "LightGBM cannot be loaded, so boosted_quantiles was left out.",
        "Install lightgbm and the OpenMP library of the system (libgomp).",
        column="forecast.models",
    )


def tell_new(keys: pd.DataFrame, issues: Issues) -> None:
    """Tell which item-locations have no history at all."""
    if keys.empty:
        return
    issues.add(
        "warning",
        "demand_history",
        "new_item_no_history",
        f"New item: no history. {len(keys):,} item-locations: {_names(keys)}.",
        "Forecast as zero. Give item_transitions from an item like it, or a first history.",
        row=_name(keys, 0),
        rows=len(keys),
    )


def tell_factorised(keys: pd.DataFrame, issues: Issues) -> None:
    """Tell which item-locations without history were forecast from others."""
    if keys.empty:
        return
    issues.add(
        "info",
        "demand_history",
        "new_item_factorised",
        f"New here: no history. {len(keys):,} item-locations: {_names(keys)}.",
        "Forecast from how the item, or its category, sells elsewhere and how the location sells other items.",
        row=_name(keys, 0),
        rows=len(keys),
    )


def tell_series(
    keys: pd.DataFrame,
    filled: npt.NDArray[np.bool_],
    cut: npt.NDArray[np.bool_],
    short: npt.NDArray[np.bool_],
    issues: Issues,
) -> None:
    """Tell which series were corrected, and which are too short for a model of their own."""
    if filled.any():
        issues.add(
            "info",
            "demand_history",
            "censored_sales",
            f"Stock-outs censored the sales of {filled.sum():,} item-locations: {_names(keys[filled])}.",
            "Demand lost while out of stock was added at the rate around it; such buckets count less.",
            column="in_stock_share",
            row=_name(keys[filled], 0),
            rows=int(filled.sum()),
        )
    if short.any():
        issues.add(
            "info",
            "demand_history",
            "short_history",
            f"{short.sum():,} item-locations have fewer than {FEWEST} observed buckets: {_names(keys[short])}.",
            "Their mean is that of what there is, their spread comes partly from all other series.",
            column="date",
            row=_name(keys[short], 0),
            rows=int(short.sum()),
        )
    _tell_cut(keys[cut], issues)


def _tell_cut(keys: pd.DataFrame, issues: Issues) -> None:
    """Name the first series with an outlier one by one, and count the rest."""
    message = "A sale stands alone at more than ten times the next largest of its series"
    action = "It was set to that next largest sale (winsorised). Correct the history if it was an error."
    for position in range(min(len(keys), _LISTED)):
        name = _name(keys, position)
        issues.add("info", "demand_history", "outlier", f"{message}: {name}.", action, column="qty", row=name, rows=1)
    rest = len(keys) - _LISTED
    if rest > 0:
        more = f"{message}: {rest:,} more item-locations."
        issues.add("info", "demand_history", "outlier", more, action, column="qty", rows=rest)


def _name(keys: pd.DataFrame, position: int) -> str:
    return f"item {keys['item_id'].iloc[position]} at {keys['location_id'].iloc[position]}"


def _names(keys: pd.DataFrame, shown: int = 3) -> str:
    named: Sequence[str] = [_name(keys, position) for position in range(min(len(keys), shown))]
    return ", ".join(named) + (" ..." if len(keys) > shown else "")
