"""Figures of policies with intervals, and the paired difference of two: the A/B test of ordering rules.

Policies meet the same demand, so they are compared unit by unit. A unit is a sampled future (all item-locations
together), or on recorded demand, of which there is one course only, an item-location.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy

from solvers.stock.policy_futures import FIGURES, PolicyOutcome

_Floats = npt.NDArray[np.float64]

_MISSES = {
    "fill_rate": ("unmet", "demand"),
    "cycle_service_level": ("short_cycles", "cycles"),
    "in_stock_share": ("stock_outs", "buckets"),
}
"""Kpi -> what was missed, of what; the kpi is 1 less the ratio of their sums."""
_TOTALS = {
    "unmet_qty": ("unmet",),
    "waste_qty": ("wasted",),
    "orders": ("orders",),
    "ordered_qty": ("ordered",),
    "holding_cost": ("holding_cost",),
    "shortage_cost": ("shortage_cost",),
    "order_cost": ("order_cost",),
    "waste_cost": ("waste_cost",),
    "total_cost": ("holding_cost", "shortage_cost", "order_cost", "waste_cost"),
}
KPI_UNITS: Mapping[str, str] = {
    **dict.fromkeys(_MISSES, "share 0..1"),
    "mean_stock_qty": "base units",
    **{kpi: "money" if kpi.endswith("_cost") else "base units" for kpi in _TOTALS},
    "orders": "orders",
}


def compare_policies(
    names: Sequence[str], outcomes: Sequence[PolicyOutcome], buckets: int, *, recorded: bool
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the figures of every policy, and their differences to the first.

    Parameters
    ----------
    buckets : that were played. recorded : units are item-locations, otherwise futures.

    Returns
    -------
    figures : policy, kpi, unit, value, low, high (95 %).
    differences : policy, against, kpi, unit, difference, low, high (95 %), p_value (two-sided paired t-test).

    Notes
    -----
    A total is the mean over futures, or the sum over item-locations, with the interval of Student's t. A ratio
    sum x / sum y is linearised: its influences are z = (x - ratio y) / mean(y), its standard error sd(z) / sqrt(n)
    (Cochran 1977, *Sampling Techniques*, chapter 6). The difference of two policies has the influences z' - z of the
    same units.
    """
    seen = [_values(outcome, buckets, recorded) for outcome in outcomes]
    figures = [
        (name, kpi, KPI_UNITS[kpi], *_interval(value, influence))
        for name, kpis in zip(names, seen, strict=True)
        for kpi, (value, influence) in kpis.items()
    ]
    differences = []
    for name, kpis in list(zip(names, seen, strict=True))[1:]:
        for kpi, (value, influence) in kpis.items():
            first_value, first = seen[0][kpi]
            change = influence - first
            row = (*_interval(value - first_value, change), _p_value(value - first_value, change))
            differences.append((name, names[0], kpi, KPI_UNITS[kpi], *row))
    columns = ["policy", "kpi", "unit", "value", "low", "high"]
    paired = ["policy", "against", "kpi", "unit", "difference", "low", "high", "p_value"]
    return pd.DataFrame(figures, columns=columns), pd.DataFrame(differences, columns=paired)


def _values(outcome: PolicyOutcome, buckets: int, recorded: bool) -> dict[str, tuple[float, _Floats]]:
    """Return value and influences [n] of every kpi."""
    measured = outcome.by_row if recorded else outcome.by_future
    of = dict(zip(FIGURES, measured, strict=True))
    rows = outcome.by_row.shape[1]
    of["buckets"] = np.full(measured.shape[1], float(buckets if recorded else buckets * rows))
    scale = float(rows) if recorded else 1.0
    out: dict[str, tuple[float, _Floats]] = {}
    for kpi, (missed, base) in _MISSES.items():
        mean = of[base].mean()
        ratio = of[missed].mean() / mean if mean > 0 else 0.0
        out[kpi] = (1.0 - ratio, (ratio * of[base] - of[missed]) / (mean if mean > 0 else 1.0))
    totals = {"mean_stock_qty": of["held"] / buckets} | {
        kpi: np.sum([of[name] for name in parts], axis=0) for kpi, parts in _TOTALS.items()
    }
    for kpi, values in totals.items():
        out[kpi] = (scale * float(values.mean()), scale * (values - values.mean()))
    return {kpi: out[kpi] for kpi in KPI_UNITS}


def _error(influence: _Floats) -> float:
    return float(influence.std(ddof=1) / np.sqrt(influence.size)) if influence.size > 1 else np.nan


def _interval(value: float, influence: _Floats) -> tuple[float, float, float]:
    half = float(scipy.special.stdtrit(max(influence.size - 1, 1), 0.975)) * _error(influence)
    return value, value - half, value + half


def _p_value(difference: float, change: _Floats) -> float:
    """Return the two-sided probability of so large a difference by chance; 1 where the policies do the same."""
    error = _error(change)
    if abs(difference) <= 1e-12 and not error > 0.0:
        return 1.0
    if np.isnan(error):
        return float("nan")
    return float(2.0 * scipy.special.stdtr(change.size - 1, -abs(difference) / error)) if error > 0.0 else 0.0
