"""Which pins a plan kept, which it could not, and why."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from planner.replenishment.model import KEYS, Model
from reports.tables import PIN_REPORT, conform

_ROUNDING = 1e-6
Texts = npt.NDArray[np.object_]


def report_pins(
    pins: pd.DataFrame,
    suppliers: pd.DataFrame,
    model: Model,
    projected_inventory: pd.DataFrame,
    orders: pd.DataFrame,
) -> pd.DataFrame:
    """Return one row per pin of the input, schema `PIN_REPORT`.

    A pin is kept where the planned receipts of its bucket are what all pins that count there add up to. Pins
    that have expired, lie outside of the horizon or name an item-location that is not planned do not count. A note
    says where it arrives on another day of the bucket.
    """
    days = model.days
    day = days.day_of(pins["receipt_date"])
    bucket = day // days.bucket_days
    row = pd.MultiIndex.from_frame(model.rows[KEYS]).get_indexer(pd.MultiIndex.from_frame(pins[KEYS]))
    planned = _planned_receipts(projected_inventory, pins, days.bucket_start(bucket))
    expired = (pins["expires_date"] <= days.start).to_numpy(dtype=bool)  # not where it is empty
    end = days.date(np.array([days.buckets * days.bucket_days]))[0]
    idle = [
        (expired, "Expired " + pins["expires_date"].dt.strftime("%Y-%m-%d").fillna("") + ": it no longer counts."),
        (day < 0, f"Before the horizon, which begins {days.start:%Y-%m-%d}: it has no effect."),
        (bucket >= days.buckets, f"After the horizon, which ends before {end:%Y-%m-%d}: it has no effect."),
        (row < 0, "This item is not planned at this location: it has no policy or no demand. The pin has no effect."),
    ]
    note: Texts = np.full(len(pins), "", dtype=object)
    for holds, words in reversed(idle):
        note = np.where(holds, words, note)
    counts = note == ""
    cell = pd.DataFrame({"row": row, "bucket": bucket, "qty": pins["qty"].to_numpy(dtype=float)})
    pinned = cell[counts].groupby(["row", "bucket"])["qty"].sum()
    wanted = pinned.reindex(pd.MultiIndex.from_frame(cell[["row", "bucket"]])).to_numpy()
    kept = counts & (np.abs(planned - wanted) <= _ROUNDING * (1 + np.abs(np.nan_to_num(wanted))))
    missed = counts & ~kept
    note[missed] = [
        f"The plan receives {got:g} in this bucket, pins add up to {all_:g}."
        for got, all_ in zip(planned[missed], wanted[missed], strict=True)
    ]
    low = _small_orders(suppliers, model, projected_inventory)
    for i in np.flatnonzero(kept & (planned > 0)):
        note[i] = low.get((int(row[i]), int(bucket[i])), "") or _other_day(pins.iloc[i], orders, days.bucket_days)
    table = pins[["pin_id", *KEYS, "receipt_date", "qty", "author", "reason"]].assign(
        planned_qty=planned, kept=kept, note=note
    )
    return conform(PIN_REPORT, table)


def _planned_receipts(
    projected_inventory: pd.DataFrame, pins: pd.DataFrame, bucket_start: pd.DatetimeIndex
) -> npt.NDArray[np.float64]:
    """Return per pin the planned receipts of its item-location and bucket, base units; NaN outside of the plan."""
    receipts = projected_inventory.set_index([*KEYS, "bucket_start"])["planned_receipts_qty"]
    wanted = pd.MultiIndex.from_arrays([pins["item_id"], pins["location_id"], bucket_start])
    return receipts.reindex(wanted).to_numpy(dtype=float)


def _other_day(pin: pd.Series, orders: pd.DataFrame, bucket_days: int) -> str:
    """Return a note where a pinned order arrives on other days of its bucket than the pin's."""
    mine = orders[(orders["item_id"] == pin["item_id"]) & (orders["location_id"] == pin["location_id"])]
    since = pin["receipt_date"] - mine["bucket_start"]
    came = mine.loc[(since >= pd.Timedelta(0)) & (since < pd.Timedelta(days=bucket_days)), "receipt_date"]
    if came.empty or (came == pin["receipt_date"]).any():
        return ""
    when = ", ".join(f"{day:%Y-%m-%d}" for day in sorted(came.unique()))
    return f"It arrives on {when}: on the pinned day nothing can arrive, or there is no room."


def _small_orders(
    suppliers: pd.DataFrame, model: Model, projected_inventory: pd.DataFrame
) -> dict[tuple[int, int], str]:
    """Return by row and bucket a note where the supplier's order stays below its smallest value.

    As in `order_value`: an order is what one supplier brings to one location in one bucket, at unit cost.
    """
    least = suppliers.set_index("supplier_id")["min_order_value"].fillna(0.0)
    least = least[least > 0]
    rows = model.rows.assign(row=np.arange(len(model.rows)))
    bought = rows[(rows["source_type"] == "supplier") & rows["source_id"].isin(least.index)]
    lines = bought[["row", *KEYS, "source_id", "unit_cost"]].merge(
        projected_inventory.loc[
            projected_inventory["planned_receipts_qty"] > 0, [*KEYS, "bucket_start", "planned_receipts_qty"]
        ],
        on=KEYS,
    )
    if lines.empty:
        return {}
    order = [lines[name] for name in ("source_id", "location_id", "bucket_start")]
    value = (lines["planned_receipts_qty"] * lines["unit_cost"]).groupby(order).transform("sum")
    wanted = least.reindex(lines["source_id"]).to_numpy()
    small = ((value > 0) & (value < wanted * (1 - _ROUNDING))).to_numpy()
    bucket = model.days.day_of(lines["bucket_start"]) // model.days.bucket_days
    return {
        (int(lines["row"].iloc[i]), int(bucket[i])): f"The order to {lines['source_id'].iloc[i]} is worth "
        f"{value.iloc[i]:,.2f}, below its smallest value of {wanted[i]:,.2f}."
        for i in np.flatnonzero(small)
    }
