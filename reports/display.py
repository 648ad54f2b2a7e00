"""Input as people see it: the published tables that describe what a run started from."""

from __future__ import annotations

import pandas as pd

from reports.tables import ITEMS, LOCATIONS, OPEN_ORDERS, RECENT_DEMAND, conform

_KEYS = ["item_id", "location_id"]


def display_tables(
    *,
    items: pd.DataFrame,
    locations: pd.DataFrame,
    suppliers: pd.DataFrame,
    open_orders: pd.DataFrame,
    demand_history: pd.DataFrame,
    supply: pd.DataFrame,
    horizon_start: pd.Timestamp,
    bucket_days: int,
    history_days: int = 182,
) -> dict[str, pd.DataFrame]:
    """Return `supply`, `items`, `locations`, `open_orders` and `recent_demand`, ready to be published.

    Parameters
    ----------
    items, locations, suppliers, open_orders, demand_history : input tables.
    horizon_start : first day of the first bucket.
    history_days : days before it whose demand is shown.
    """
    return {
        "supply": supply,
        "items": conform(ITEMS, _texts(items, "item_id", ("name", "category", "uom"))),
        "locations": conform(LOCATIONS, _places(locations, suppliers)),
        "open_orders": conform(OPEN_ORDERS, _texts(open_orders, "order_id", ("source_id",), named=False)),
        "recent_demand": conform(
            RECENT_DEMAND, _recent(demand_history, supply, pd.Timestamp(horizon_start), bucket_days, history_days)
        ),
    }


def _texts(frame: pd.DataFrame, key: str, columns: tuple[str, ...], *, named: bool = True) -> pd.DataFrame:
    """Return `frame` with the text columns filled: a missing name is the key, anything else is empty."""
    out = frame.copy()
    for column in columns:
        texts = out[column] if column in out else pd.Series("", index=out.index, dtype=object)
        out[column] = texts.fillna("").astype(str)
    if named:
        out["name"] = out["name"].where(out["name"] != "", out[key])
    return out


def _places(locations: pd.DataFrame, suppliers: pd.DataFrame) -> pd.DataFrame:
    """Return locations and suppliers in one table; suppliers have no coordinates."""
    sources = suppliers.rename(columns={"supplier_id": "location_id"}).assign(type="supplier")
    places = pd.concat(
        [frame.reindex(columns=list(LOCATIONS.columns)) for frame in (locations, sources) if not frame.empty]
    )
    return _texts(places, "location_id", ("name", "region", "address"))


def _recent(
    history: pd.DataFrame, supply: pd.DataFrame, start: pd.Timestamp, bucket_days: int, history_days: int
) -> pd.DataFrame:
    """Return demand by bucket of the planned item-locations in the days before `start`."""
    days = (history["date"] - start).dt.days
    rows = history.assign(bucket_start=start + pd.to_timedelta(days // bucket_days * bucket_days, unit="D"))
    rows = rows[(days < 0) & (days >= -history_days)].merge(supply[_KEYS], on=_KEYS)
    return rows.groupby([*_KEYS, "bucket_start"])["qty"].sum().reset_index()
