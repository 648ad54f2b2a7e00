"""Small frames for tests of forecasts and stock targets: supply, history, policies, promotions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from reports.tables import SUPPLY, conform
from scenarios.tables.schema import TABLES

START = pd.Timestamp("2024-01-01")  # a Monday

_DTYPES = {"number": "float64", "date": "datetime64[ns]"}


def input_table(name: str, rows: Sequence[Mapping[str, object]] = ()) -> pd.DataFrame:
    """Return an input table as the planner gets it: every column, typed; ids and texts "" where not given."""
    columns = {}
    for column in TABLES[name].columns:
        default = column.default if column.default is not None else ("" if column.kind in {"id", "text"} else None)
        values = [row.get(column.name, default) for row in rows]
        columns[column.name] = pd.Series(values, dtype=_DTYPES.get(column.kind, "object"))
    return pd.DataFrame(columns)


def supply_table(links: Iterable[tuple[str, str, str]], **values: object) -> pd.DataFrame:
    """Return supply from (item, location, source); a source that is no location of the item is a supplier.

    `values` overrides columns: a scalar, or a mapping from location to value.
    """
    links = list(links)
    source = {(item, place): origin for item, place, origin in links}

    def level(item: str, place: str) -> int:
        origin = source[item, place]
        return 1 + level(item, origin) if (item, origin) in source else 0

    defaults: dict[str, object] = {
        "region": "", "category": "", "source_rule": "", "lead_time_days": 7.0, "lead_time_sd_days": 0.0,
        "review_period_days": 7.0, "moq_qty": 0.0, "order_multiple_qty": 1.0, "order_uom": "unit",
        "order_uom_factor_qty": 1.0, "fixed_order_cost": 0.0, "cost_per_unit": 0.0, "unit_cost": 10.0,
        "unit_price": 16.0, "unit_weight_kg": 1.0, "unit_volume_m3": 0.01, "shelf_life_days": np.nan,
        "backorders": False, "available_qty": 0.0, "backorder_qty": 0.0, "priority": 1.0,
    }  # fmt: skip
    rows = []
    for item, place, origin in links:
        inner = (item, origin) in source
        row = {
            "item_id": item, "location_id": place, "source_id": origin, "level": level(item, place),
            "source_type": "location" if inner else "supplier", "location_type": "store" if inner else "dc",
        }  # fmt: skip
        for name, value in {**defaults, **values}.items():
            row[name] = value.get(place, defaults[name]) if isinstance(value, Mapping) else value
        rows.append(row)
    frame = pd.DataFrame(rows).sort_values(["level", "location_id", "item_id"], ignore_index=True)
    return conform(SUPPLY, frame)


def weekly_history(
    series: Mapping[tuple[str, str], Sequence[float]], channel: str = "store", start: pd.Timestamp = START
) -> pd.DataFrame:
    """Return demand_history from the weeks before `start`, the last value a week before it; zeros give no row."""
    rows = [
        {"item_id": item, "location_id": place, "date": start - pd.Timedelta(weeks=len(values) - week),
         "qty": float(value), "channel": channel}
        for (item, place), values in series.items()
        for week, value in enumerate(values)
        if value != 0
    ]  # fmt: skip
    return input_table("demand_history", rows)


def flat_forecast(
    means: Mapping[tuple[str, str], float], cv: float = 0.5, buckets: int = 8, days: int = 7
) -> pd.DataFrame:
    """Return a forecast with the same mean in every bucket and a standard deviation of cv times it."""
    rows = [
        {"item_id": item, "location_id": place, "bucket_start": START + pd.Timedelta(days=days * bucket),
         "mean_qty": mean, "sd_qty": cv * mean, "p10_qty": 0.0, "p50_qty": mean, "p90_qty": 2 * mean, "method": "test"}
        for (item, place), mean in means.items()
        for bucket in range(buckets)
    ]  # fmt: skip
    return pd.DataFrame(rows)
