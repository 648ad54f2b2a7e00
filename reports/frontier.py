"""Many scenarios side by side: key figures against a baseline, and the efficient frontier of service, stock and cost.

Everything comes from frames of key figures, so that a thousand scenarios out of an index are compared as
quickly as three run folders.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from reports.comparison_tables import FRONTIER, SCENARIO_KPIS
from reports.tables import conform

HEADLINE = (
    "simulated_fill_rate",
    "simulated_cycle_service_level",
    "planned_fill_rate",
    "inventory_value",
    "days_of_supply",
    "turns",
    "simulated_cost",
    "simulated_holding_cost",
    "simulated_shortage_cost",
    "simulated_waste_cost",
    "planned_cost",
    "holding_cost",
    "shortage_cost",
    "ordering_cost",
    "transport_cost",
    "purchase_value",
    "purchase_orders",
    "delivery_orders",
    "routes",
    "distance_km",
    "route_hours",
    "vehicle_utilisation",
    "unassigned_loads",
    "co2_kg",
    "co2e_kg",
    "money_at_risk",
)
OBJECTIVES = {"service": "simulated_fill_rate", "stock": "inventory_value", "cost": "simulated_cost"}
_BETTER_IF_LARGER = ("service",)
_BLOCK = 256


@dataclass(frozen=True, slots=True)
class Comparison:
    """Scenarios side by side.

    Attributes
    ----------
    baseline : the scenario that differences are taken to.
    kpis : schema `SCENARIO_KPIS`, in the order of the scenarios, then of `HEADLINE`.
    frontier : schema `FRONTIER`, efficient scenarios first, each part by cost.
    """

    baseline: str
    kpis: pd.DataFrame
    frontier: pd.DataFrame

    @property
    def scenarios(self) -> tuple[str, ...]:
        """Return the names, in the order in which they were given."""
        return tuple(self.kpis["scenario"].drop_duplicates())


def compare_kpis(kpis: pd.DataFrame, baseline: str | None = None) -> Comparison:
    """Compare scenarios by their key figures.

    Parameters
    ----------
    kpis : one row per scenario and key figure: scenario, kpi, value, unit, and where there is one the 95 %
        interval low, high. With group_by and group, only the figures of the whole are taken.
    baseline : scenario that differences are taken to; None: "baseline" where there is one, else the first.

    Raises
    ------
    ValueError
        There is no such baseline.
    """
    rows = kpis[kpis["kpi"].isin(HEADLINE)]
    if "group_by" in rows:
        rows = rows[rows["group_by"] == "all"]
    names = [str(name) for name in kpis["scenario"].drop_duplicates()]
    if baseline is None:
        baseline = "baseline" if "baseline" in names else next(iter(names), "")
    elif baseline not in names:
        raise ValueError(f"There is no scenario {baseline!r} among those compared: {', '.join(names)}.")
    rows = rows.reindex(columns=["scenario", "kpi", "unit", "value", "low", "high"])
    rows["scenario"] = rows["scenario"].astype(str)
    rows = _in_order(rows, names)
    return Comparison(baseline, _against(rows, baseline), _frontier_table(rows, names))


def efficient_set(points: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Return [N] which rows of `points` [N, D] no other row beats; less is better in every column.

    A row beats another one if it is nowhere greater and somewhere less; equal rows do not beat each other.
    Rows with NaN are not efficient and beat none.
    """
    beaten: npt.NDArray[np.bool_] = np.asarray(dominators(points).any(axis=0))
    efficient: npt.NDArray[np.bool_] = ~(beaten | np.isnan(points).any(axis=1))
    return efficient


def dominators(points: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Return [N, N] whether row i of `points` beats row j; see `efficient_set`."""
    count = len(points)
    beats = np.zeros((count, count), dtype=np.bool_)
    with np.errstate(invalid="ignore"):
        for first in range(0, count, _BLOCK):  # blocks keep the [block, N, D] arrays small
            mine = points[first : first + _BLOCK, None, :]
            beats[first : first + _BLOCK] = (mine <= points).all(axis=2) & (mine < points).any(axis=2)
    return beats


def _in_order(rows: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Return the rows by scenario as given, figures as in `HEADLINE`."""
    place = {name: n for n, name in enumerate(names)}
    rank = {name: n for n, name in enumerate(HEADLINE)}
    order = np.lexsort((rows["kpi"].map(rank).to_numpy(), rows["scenario"].map(place).to_numpy()))
    return rows.iloc[order].reset_index(drop=True)


def _against(rows: pd.DataFrame, baseline: str) -> pd.DataFrame:
    """Return the figures with their differences to the baseline.

    From key figures alone it is not known which futures two scenarios shared, so the interval of a difference
    is that of independent means, at least as wide as the paired one for scenarios of one seed.
    """
    base = rows[rows["scenario"] == baseline].set_index("kpi")[["value", "low", "high"]]
    theirs = base.reindex(rows["kpi"])
    before = theirs["value"].to_numpy(np.float64)
    delta = rows["value"].to_numpy(np.float64) - before
    half = np.hypot(_half(rows), _half(theirs))
    half[(rows["scenario"] == baseline).to_numpy()] = np.nan
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = np.where(before != 0, delta / np.abs(before), np.nan)
    return conform(
        SCENARIO_KPIS,
        rows.assign(delta=delta, relative=relative, delta_low=delta - half, delta_high=delta + half),
    )


def _half(rows: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Return the wider half of each interval: shares are cut at 0 and 1, which must not narrow a difference."""
    value = rows["value"].to_numpy(np.float64)
    below, above = value - rows["low"].to_numpy(np.float64), rows["high"].to_numpy(np.float64) - value
    half: npt.NDArray[np.float64] = np.maximum(below, above)
    return half


def _frontier_table(rows: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    wide = rows.pivot_table(index="scenario", columns="kpi", values="value", aggfunc="first").reindex(names)
    table = pd.DataFrame({name: wide.get(kpi, pd.Series(np.nan, index=wide.index)) for name, kpi in OBJECTIVES.items()})
    points = np.column_stack([(-1.0 if name in _BETTER_IF_LARGER else 1.0) * table[name] for name in OBJECTIVES])
    points = points.astype(np.float64).reshape(len(names), len(OBJECTIVES))
    beats = dominators(points)
    known = ~np.isnan(points).any(axis=1)
    efficient: npt.NDArray[np.bool_] = known & ~np.asarray(beats.any(axis=0))
    cost = table["cost"].to_numpy(np.float64)
    by = []
    for j in range(len(names)):
        best = np.flatnonzero(beats[:, j] & efficient)  # whoever is beaten is beaten by an efficient one
        by.append(names[best[np.lexsort((best, cost[best]))[0]]] if len(best) else "")
    table = table.assign(efficient=efficient, dominated_by=by, dominators=beats.sum(axis=0)).reset_index()
    table = table.rename(columns={table.columns[0]: "scenario"})
    order = np.lexsort((np.arange(len(names)), np.where(known, cost, np.inf), ~efficient))
    return conform(FRONTIER, table.iloc[order])
