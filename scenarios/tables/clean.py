"""Clean: what may be put right without asking, each time with an issue that says what was done.

All tables: rows that repeat another row exactly are dropped. Demand history besides, in this order:

- rows from the start of the horizon on are left out;
- several rows of one item, location, date and channel are summed;
- returns (negative quantities) are taken off the sales of the same item and location in the same
  bucket of the horizon, earliest first; what then remains negative counts as no demand;
- buckets without a row inside a series count as no demand (only said: nothing is added);
- rows sold while out of stock (`in_stock_share` below 1) stay as they are (only said: the forecast
  corrects for them).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from scenarios.settings import Horizon
from scenarios.tables.issues import Issues
from scenarios.tables.keys import key_codes, keys_as_text
from scenarios.tables.parse import Table

_SERIES = ("item_id", "location_id")


def clean_tables(tables: Mapping[str, Table], horizon: Horizon, issues: Issues) -> dict[str, Table]:
    """Return the tables cleaned; every change is added to `issues`."""
    cleaned = {name: _drop_repeated_rows(table, issues) for name, table in tables.items()}
    history = cleaned["demand_history"]
    if not history.frame.empty:
        history = _drop_future(history, horizon, issues)
        history = _sum_same_key(history, issues)
        history = _net_returns(history, horizon, issues)
        _report_missing_buckets(history, horizon, issues)
        _report_censored(history, issues)
        cleaned["demand_history"] = history
    return cleaned


def _drop_repeated_rows(table: Table, issues: Issues) -> Table:
    if table.frame.empty:
        return table
    keys = key_codes(table.frame, table.schema.key)
    same_key = np.flatnonzero(pd.Series(keys).duplicated(keep=False))
    if same_key.size == 0:
        return table
    repeated = same_key[_repeats(table.frame.iloc[same_key], table.schema.names)]
    issues.add_rows(
        "warning",
        table.schema.name,
        "repeated_row",
        "the row repeats another row in every column ({value})",
        "The repetition was dropped. If it stands for a second event, add both into one row.",
        lines=table.lines[repeated],
        values=keys_as_text(table.frame, table.schema.key, repeated),
    )
    keep = np.ones(len(keys), dtype=bool)
    keep[repeated] = False
    return table.keep(keep)


def _repeats(frame: pd.DataFrame, columns: tuple[str, ...]) -> npt.NDArray[np.bool_]:
    """Return which rows repeat an earlier one in all `columns`: [n] mask."""
    return pd.Series(key_codes(frame, columns)).duplicated().to_numpy()


def _drop_future(table: Table, horizon: Horizon, issues: Issues) -> Table:
    """Leave out what lies in the horizon, so that a plan for a past date knows nothing of its future."""
    start = pd.Timestamp(horizon.start)
    future = (table.frame["date"] >= start).to_numpy()
    rows = np.flatnonzero(future)
    if rows.size == 0:
        return table
    issues.add_rows(
        "warning",
        table.schema.name,
        "history_in_horizon",
        f"{{value}} is not before the horizon, which starts on {start.date().isoformat()}",
        "The row was left out. Check horizon.start if this is not a plan for a past date.",
        column="date",
        lines=table.lines[rows],
        values=[day.date().isoformat() for day in table.frame["date"].iloc[rows]],
    )
    return table.keep(~future)


def _sum_same_key(table: Table, issues: Issues) -> Table:
    """Add up rows with one key; the least in_stock_share counts for the sum."""
    keys = key_codes(table.frame, table.schema.key)
    first = ~pd.Series(keys).duplicated().to_numpy()
    again = np.flatnonzero(~first)
    if again.size == 0:
        return table
    issues.add_rows(
        "warning",
        table.schema.name,
        "summed_rows",
        "an earlier row has the same key with another quantity ({value})",
        "The quantities were added up. If a row corrects another one, remove the wrong one.",
        lines=table.lines[again],
        values=keys_as_text(table.frame, table.schema.key, again),
    )
    groups = table.frame.groupby(keys, sort=False)
    summed = table.keep(first)
    # sort=False keeps the groups in the order of their first rows, which are the rows that stay
    summed.frame["qty"] = groups["qty"].sum().to_numpy()
    summed.frame["in_stock_share"] = groups["in_stock_share"].min().to_numpy()
    return summed


def _buckets(dates: pd.Series[pd.Timestamp], horizon: Horizon) -> npt.NDArray[np.int64]:
    """Return the bucket of every date, 0 being the first of the horizon: [n]."""
    days = (dates.to_numpy(dtype="datetime64[D]") - np.datetime64(horizon.start, "D")).astype(np.int64)
    return np.floor_divide(days, horizon.bucket_days)


def _net_returns(table: Table, horizon: Horizon, issues: Issues) -> Table:
    frame = table.frame
    qty = frame["qty"].to_numpy()
    returned = np.flatnonzero(qty < 0)
    if returned.size == 0:
        return table
    keyed = frame[list(_SERIES)].assign(bucket=_buckets(frame["date"], horizon))
    groups = key_codes(keyed, [*_SERIES, "bucket"])
    concerned = np.flatnonzero(np.isin(groups, groups[returned]))
    part = pd.DataFrame(
        {
            "group": groups[concerned],
            "date": frame["date"].to_numpy()[concerned],
            "sold": qty[concerned].clip(min=0.0),
            "returned": -qty[concerned].clip(max=0.0),
        },
        index=concerned,
    ).sort_values(["group", "date"], kind="stable")
    by_group = part.groupby("group", sort=False)
    back = by_group["returned"].transform("sum")
    left = (by_group["sold"].cumsum() - back).clip(lower=0.0)
    # what is left of the running total, taken apart into rows again
    net = left - left.groupby(part["group"], sort=False).shift(fill_value=0.0)
    totals = by_group[["sold", "returned"]].sum()
    excess = (totals["returned"] - totals["sold"]).clip(lower=0.0)

    issues.add_rows(
        "info",
        table.schema.name,
        "returns",
        f"{{value}} was returned ({-qty[returned].sum():,.10g} in {len(returned):,} rows)",
        "Returns were taken off the sales of the same item, location and bucket.",
        column="qty",
        lines=table.lines[returned],
        values=[f"{value:g}" for value in qty[returned]],
    )
    uncovered = returned[excess.reindex(groups[returned]).to_numpy() > 0]
    issues.add_rows(
        "warning",
        table.schema.name,
        "returns_beyond_sales",
        f"{{value}} was returned where less was sold in the bucket ({excess.sum():,.10g} in all)",
        "The rest was left out, so the bucket counts as no demand. Check whether the sale is missing.",
        column="qty",
        lines=table.lines[uncovered],
        values=[f"{value:g}" for value in qty[uncovered]],
    )
    netted = qty.copy()
    netted[net.index.to_numpy()] = net.to_numpy()
    return Table(table.schema, frame.assign(qty=netted), table.lines, table.given)


def _report_missing_buckets(table: Table, horizon: Horizon, issues: Issues) -> None:
    frame = table.frame
    dated = np.flatnonzero(frame["date"].notna().to_numpy())
    buckets = _buckets(frame["date"].iloc[dated], horizon)
    series = key_codes(frame, _SERIES)[dated]
    held = pd.DataFrame({"series": series, "bucket": buckets}).drop_duplicates()
    spans = held.groupby("series", sort=False)["bucket"].agg(["min", "max", "count"])
    missing = (spans["max"] - spans["min"] + 1 - spans["count"]).to_numpy()
    total, with_gaps = int(missing.sum()), int((missing > 0).sum())
    if total:
        issues.add(
            "info",
            table.schema.name,
            "missing_dates",
            f"{with_gaps:,} of {len(spans):,} item-locations have {horizon.bucket}s without a row between their first "
            f"and last one, {total:,} in all.",
            f"A {horizon.bucket} without a row counts as no demand.",
            column="date",
            rows=total,
        )


def _report_censored(table: Table, issues: Issues) -> None:
    share = table.frame["in_stock_share"].to_numpy()
    rows = np.flatnonzero(share < 1)
    issues.add_rows(
        "info",
        table.schema.name,
        "censored_sales",
        "the item was in stock for a share of {value}, so demand may have been higher than sales",
        "The quantity was kept; the forecast allows for it.",
        column="in_stock_share",
        lines=table.lines[rows],
        values=[f"{value:g}" for value in share[rows]],
    )
