"""What suppliers can deliver, and budgets, as shared resources of the lot-sizing problem.

A limit holds for what arrives from suppliers in one bucket: the bucket that every order line names.
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
MONEY = "money"
COLUMNS = {"base units": "limit_qty", "kg": "limit_kg", "m3": "limit_m3", MONEY: "limit_value"}


@dataclass(frozen=True, slots=True)
class SupplyLimit:
    """One limit: its name, unit, limit [T], the rows of the plan it binds and what a base unit of each [n] uses."""

    name: str
    unit: str
    limit: FloatArray
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
    out = []
    for (supplier, category), group in limits.fillna({"supplier_id": "", "category": ""}).groupby(
        ["supplier_id", "category"], sort=True
    ):
        mine = bought.copy()
        if supplier:
            mine &= (rows["source_id"] == supplier).to_numpy()
        if category:
            mine &= (rows["category"] == category).to_numpy()
        for unit, column in COLUMNS.items():
            limit = np.full(days.total, np.inf)
            for row in group[group[column].notna()].to_dict("records"):
                inside = pd.isna(row["start_date"]) | (starts >= row["start_date"])
                inside &= pd.isna(row["end_date"]) | (starts < row["end_date"])
                limit[inside] = np.minimum(limit[inside], float(row[column]))
            members = np.flatnonzero(mine & (size[unit] > 0))
            if members.size and np.isfinite(limit).any():
                out.append(
                    SupplyLimit(limit_name(str(supplier), str(category)), unit, limit, members, size[unit][members])
                )
    return out
