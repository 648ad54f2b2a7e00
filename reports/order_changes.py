"""Order lines of two runs: which came, went, moved to another day or changed quantity.

Lines are paired within an item and location: first those of the same day of receipt; of the rest those of
about the same quantity, the nearest days first. Nothing depends on which run is A, so swapping the runs
swaps the answer.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from reports.comparison_tables import ORDER_CHANGES
from reports.order_causes import Causes
from reports.tables import conform

ABOUT = 0.1
"""Two quantities are about the same within this share of the larger one."""
_KEYS = ["item_id", "location_id"]
_SIDED = ("order_id", "source_id", "qty", "order_date", "receipt_date", "binding_reason", "cost")
_NOISE = 1e-9


def order_changes(
    a: Mapping[str, pd.DataFrame], b: Mapping[str, pd.DataFrame], settings: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Return the order lines that differ between two runs and why, schema `ORDER_CHANGES`.

    Parameters
    ----------
    a, b : published tables of the two runs.
    settings : settings that differ, schema `SETTING_CHANGES`; named where nothing else explains a change.
    """
    pairs = pair_orders(a["replenishment_orders"], b["replenishment_orders"])
    order = ["receipt", "type", *_KEYS, "order_id_a", "order_id_b"]
    pairs["receipt"] = pairs[["receipt_date_a", "receipt_date_b"]].min(axis=1)
    pairs = pairs.sort_values(order, ignore_index=True)
    causes = Causes(a, b, settings)
    told = [causes.of(row) for row in pairs.to_dict("records")]
    pairs["cause"] = [cause for cause, _ in told]
    pairs["why"] = [why for _, why in told]
    return conform(ORDER_CHANGES, pairs)


def pair_orders(a: pd.DataFrame, b: pd.DataFrame) -> pd.DataFrame:
    """Return the order lines of two runs that differ, paired where they belong together, without the cause."""
    return _changed(_paired(a, b))


def _paired(a: pd.DataFrame, b: pd.DataFrame) -> pd.DataFrame:
    """Return all lines of both runs, one row per pair and per line without a partner; columns end in _a and _b."""
    lines = {}
    for side, orders in (("a", a), ("b", b)):
        frame = orders.sort_values([*_KEYS, "receipt_date", "source_id", "qty", "order_id"], ignore_index=True)
        frame["nth"] = frame.groupby([*_KEYS, "receipt_date"]).cumcount()
        lines[side] = frame[["type", *_KEYS, "nth", *_SIDED]].rename(
            columns={name: f"{name}_{side}" for name in _SIDED}
        )
    left = lines["a"].assign(receipt_date=lines["a"]["receipt_date_a"])
    right = lines["b"].assign(receipt_date=lines["b"]["receipt_date_b"])
    same_day = left.merge(
        right, how="outer", on=[*_KEYS, "receipt_date", "nth"], suffixes=("", "_other"), indicator=True
    )
    together = same_day[same_day["_merge"] == "both"]
    only_a = lines["a"][lines["a"]["order_id_a"].isin(same_day.loc[same_day["_merge"] == "left_only", "order_id_a"])]
    only_b = lines["b"][lines["b"]["order_id_b"].isin(same_day.loc[same_day["_merge"] == "right_only", "order_id_b"])]
    moved_a, moved_b = _nearest(only_a, only_b)
    rest = [only_a.drop(index=moved_a), only_b.drop(index=moved_b)]
    partners = only_b.loc[moved_b].drop(columns=["type", *_KEYS, "nth"]).reset_index(drop=True)
    moved = pd.concat([only_a.loc[moved_a].reset_index(drop=True), partners], axis=1)
    columns = ["type", *_KEYS, *(f"{name}_{side}" for name in _SIDED for side in ("a", "b"))]
    parts = [part.reindex(columns=columns) for part in (together, moved, *rest) if len(part)]
    if not parts:
        return pd.DataFrame(columns=columns)
    return pd.concat([_typed(part) for part in parts], ignore_index=True)


def _typed(part: pd.DataFrame) -> pd.DataFrame:
    """Return the part with dates, numbers and texts typed where one side is missing."""
    out = part.copy()
    for name in _SIDED:
        for side in ("a", "b"):
            cells = out[f"{name}_{side}"]
            if name.endswith("_date"):
                out[f"{name}_{side}"] = pd.to_datetime(cells).astype("datetime64[ns]")
            elif name in {"qty", "cost"}:
                out[f"{name}_{side}"] = cells.astype(np.float64)
            else:
                out[f"{name}_{side}"] = cells.astype(object).where(cells.notna(), "")
    return out


def _nearest(only_a: pd.DataFrame, only_b: pd.DataFrame) -> tuple[list[int], list[int]]:
    """Pair lines of about the same quantity on other days, nearest days first; return the indices of both."""
    left = only_a[[*_KEYS, "qty_a", "receipt_date_a"]].assign(index_a=only_a.index)
    right = only_b[[*_KEYS, "qty_b", "receipt_date_b"]].assign(index_b=only_b.index)
    both = left.merge(right, on=_KEYS)
    both = both[about_equal(both["qty_a"].to_numpy(np.float64), both["qty_b"].to_numpy(np.float64))]
    both = both.assign(
        apart=(both["receipt_date_a"] - both["receipt_date_b"]).abs(),
        unlike=(both["qty_a"] - both["qty_b"]).abs().round(6),
        early=both[["receipt_date_a", "receipt_date_b"]].min(axis=1),
        less=both[["qty_a", "qty_b"]].min(axis=1),
    )
    both = both.sort_values([*_KEYS, "apart", "unlike", "early", "less", "index_a", "index_b"])
    taken_a: set[int] = set()
    taken_b: set[int] = set()
    pairs: list[tuple[int, int]] = []
    for one, other in zip(both["index_a"].tolist(), both["index_b"].tolist(), strict=True):
        if one not in taken_a and other not in taken_b:
            taken_a.add(one)
            taken_b.add(other)
            pairs.append((one, other))
    return [one for one, _ in pairs], [other for _, other in pairs]


def about_equal(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Return where two quantities are about the same."""
    near: npt.NDArray[np.bool_] = np.abs(a - b) <= ABOUT * np.maximum(a, b) + _NOISE
    return near


def _changed(pairs: pd.DataFrame) -> pd.DataFrame:
    """Return the pairs that differ, with the kind of change and the differences."""
    before = pairs["qty_a"].fillna(0.0).to_numpy(np.float64)
    after = pairs["qty_b"].fillna(0.0).to_numpy(np.float64)
    new, gone = (pairs["order_id_a"] == "").to_numpy(), (pairs["order_id_b"] == "").to_numpy()
    other_qty = np.abs(after - before) > _NOISE * np.maximum(before, after)
    other_receipt = (pairs["receipt_date_a"] != pairs["receipt_date_b"]).to_numpy()
    other_day = ~new & ~gone & (other_receipt | (pairs["order_date_a"] != pairs["order_date_b"]).to_numpy())
    other_source = (pairs["source_id_a"] != pairs["source_id_b"]).to_numpy()
    kind = np.select(
        [new, gone, other_day & about_equal(before, after), other_qty, other_source],
        ["came", "went", "moved", "quantity", "source"],
        default="",
    )
    moved = (pairs["receipt_date_b"] - pairs["receipt_date_a"]).dt.days.fillna(0) if len(pairs) else 0
    out = pairs.assign(
        change=kind,
        qty_change=after - before,
        moved_days=moved,
        cost_change=pairs["cost_b"].fillna(0.0).to_numpy(np.float64) - pairs["cost_a"].fillna(0.0).to_numpy(np.float64),
    )
    return out[out["change"] != ""]
