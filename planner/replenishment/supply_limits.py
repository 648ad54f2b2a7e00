"""What suppliers can deliver, and budgets, as shared resources of the lot-sizing problem.

A limit holds for what arrives from suppliers in one bucket, the bucket that every order line names; or, `per` period,
in all buckets together that start from start_date to before end_date (empty: to the end of the horizon).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from planner.replenishment.calendar import Days
from reports.supply_limits import limit_name

FloatArray = npt.NDArray[np.float64]

SUPPLY = "supply"
SUPPLY_PERIOD = "supply period"
"""How limits of a bucket and of a period are called in published tables."""
_KINDS = {"bucket": SUPPLY, "period": SUPPLY_PERIOD}
MONEY = "money"
COLUMNS = {"base units": "limit_qty", "kg": "limit_kg", "m3": "limit_m3", MONEY: "limit_value"}


@dataclass(frozen=True, slots=True)
class SupplyLimit:
    """One limit: its name, kind, unit, limit [T], the rows of the plan it binds and what a base unit of each [n] uses.

    period : [T] the first bucket of the period that a bucket belongs to, -1 for none; None for limits of a bucket.
    """

    name: str
    kind: str
    unit: str
    limit: FloatArray
    period: npt.NDArray[np.int32] | None
    members: npt.NDArray[np.int64]
    per_unit: FloatArray


def names(limits: pd.DataFrame) -> list[str]:
    """Return the name of every row of the input table."""
    pairs = zip(limits["supplier_id"].fillna(""), limits["category"].fillna(""), strict=True)
    return [limit_name(str(supplier), str(category)) for supplier, category in pairs]


def supply_limits(rows: pd.DataFrame, limits: pd.DataFrame, days: Days) -> list[SupplyLimit]:
    """Return the limits that bind some row; where rows of the table overlap, the tightest counts.

    Parameters
    ----------
    rows : [K] supply of the planned item-locations; limits : input table.
    """
    if limits.empty:
        return []
    bought = (rows["source_type"] == "supplier").to_numpy()
    size = {
        "base units": np.ones(len(rows)),
        "kg": rows["unit_weight_kg"].to_numpy(dtype=float),
        "m3": rows["unit_volume_m3"].to_numpy(dtype=float),
        MONEY: rows["unit_cost"].to_numpy(dtype=float),
    }
    starts = days.bucket_start(np.arange(days.total))
    in_plan = np.arange(days.total) < days.buckets
    out = []
    for (supplier, category, per), group in limits.fillna({"supplier_id": "", "category": ""}).groupby(
        ["supplier_id", "category", "per"], sort=True, observed=True
    ):
        mine = bought.copy()
        if supplier:
            mine &= (rows["source_id"] == supplier).to_numpy()
        if category:
            mine &= (rows["category"] == category).to_numpy()
        for unit, column in COLUMNS.items():
            limit = np.full(days.total, np.inf)
            period = np.full(days.total, -1, np.int32)
            for row in group[group[column].notna()].to_dict("records"):
                inside = pd.isna(row["start_date"]) | (starts >= row["start_date"])
                inside &= (starts < row["end_date"]) if pd.notna(row["end_date"]) else (per == "bucket") | in_plan
                limit[inside] = np.minimum(limit[inside], float(row[column]))
                if inside.any():
                    period[inside] = np.argmax(inside)
            members = np.flatnonzero(mine & (size[unit] > 0))
            if members.size and np.isfinite(limit).any():
                name = limit_name(str(supplier), str(category))
                of_period = period if per == "period" else None
                out.append(SupplyLimit(name, _KINDS[str(per)], unit, limit, of_period, members, size[unit][members]))
    return out
