"""Panel: weekly sales of many item-locations, as known at the end of a week."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Weeks = npt.NDArray[np.datetime64]

KEYS = ["location_id", "item_id"]
CATEGORY_SEPARATOR = " > "
"""Between the levels of an item's category, the widest first."""


@dataclass(frozen=True, slots=True)
class Group:
    """A partition of the K item-locations into G groups.

    Attributes
    ----------
    code : [K] group of each item-location, 0..G-1.
    membership : [G, K] sparse, 1 where the item-location is in the group.
    """

    code: Codes
    membership: sparse.csr_array

    @classmethod
    def of(cls, labels: npt.ArrayLike) -> Group:
        """Group equal labels [K]."""
        code = np.unique(np.asarray(labels, dtype=object).astype(str), return_inverse=True)[1].astype(np.int64)
        ones = np.ones(len(code))
        shape = (int(code.max(initial=-1)) + 1, len(code))
        return cls(code, sparse.csr_array((ones, (code, np.arange(len(code)))), shape=shape))

    def total(self, values: Floats) -> Floats:
        """Return the sums [G, ...] of `values` [K, ...]."""
        return np.asarray(self.membership @ values)


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """Sales of K item-locations in T weeks.

    Attributes
    ----------
    keys : location_id, item_id; one row per item-location, sorted.
    weeks : [T] first day of each week, the last one just over.
    sales : [K, T] base units.
    exposure : [K, T] share 0..1 of the week in which the item was there to be sold; 0 before its first sale.
        Sales tell of demand only for this share.
    levels : groups by the levels of the items' category, the widest first, then by item.
    location : group by location.
    """

    keys: pd.DataFrame
    weeks: Weeks
    sales: Floats
    exposure: Floats
    levels: tuple[Group, ...]
    location: Group

    def until(self, week: int) -> Panel:
        """Return what was known when only the first `week` weeks were over."""
        return replace(self, weeks=self.weeks[:week], sales=self.sales[:, :week], exposure=self.exposure[:, :week])

    def with_week(self, sales: Floats) -> Panel:
        """Return the panel with one more week of `sales` [K], the items in stock all week."""
        return replace(
            self,
            weeks=np.append(self.weeks, self.weeks[-1] + np.timedelta64(7, "D")),
            sales=np.column_stack([self.sales, sales]),
            exposure=np.column_stack([self.exposure, np.ones(len(sales))]),
        )


def build_panel(tables: Mapping[str, pd.DataFrame], end: pd.Timestamp) -> Panel:
    """Return the weeks of `demand_history` before `end`, counted back from it.

    Channels are added up. A week without a row had no demand, and the item was in stock; before its first row
    an item-location was not sold. Days after the last whole week are not there, as `end` is the day after it.
    """
    history = tables["demand_history"]
    history = history[history["date"] < end]
    pairs = history[KEYS].drop_duplicates().sort_values(KEYS, ignore_index=True)
    row = pd.MultiIndex.from_frame(pairs).get_indexer(pd.MultiIndex.from_frame(history[KEYS]))
    back = (end - history["date"]).dt.days.to_numpy() - 1
    count = int(back.max(initial=-1)) // 7 + 1
    column = count - 1 - back // 7
    shape = (len(pairs), count)
    sales = np.zeros(shape)
    np.add.at(sales, (row, column), history["qty"].to_numpy())
    rows = np.zeros(shape)
    np.add.at(rows, (row, column), 1.0)
    missing = np.zeros(shape)
    np.add.at(missing, (row, column), 1.0 - history["in_stock_share"].to_numpy())
    exposure = 1.0 - missing / np.maximum(rows, 1.0)
    started = np.maximum.accumulate(rows > 0, axis=1)
    named = pairs.merge(tables["items"][["item_id", "category"]], how="left", on="item_id")
    weeks = np.datetime64(end, "D") + np.timedelta64(7, "D") * np.arange(-count, 0)
    return Panel(
        keys=pairs,
        weeks=weeks,
        sales=np.maximum(sales, 0.0),
        exposure=np.where(started, exposure, 0.0),
        levels=(*_category_levels(named["category"]), Group.of(named["item_id"])),
        location=Group.of(named["location_id"]),
    )


def _category_levels(category: pd.Series[str]) -> list[Group]:
    """Return one group per level: "11 > 24" is in "11" and in "11 > 24"; a short path counts at every level below."""
    paths = [text.split(CATEGORY_SEPARATOR) for text in category]
    depth = max((len(path) for path in paths), default=0)
    return [
        Group.of(np.array([CATEGORY_SEPARATOR.join(path[:level]) for path in paths], dtype=object))
        for level in range(1, depth + 1)
    ]
