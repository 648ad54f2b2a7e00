"""The data inside report.html: compact columns, so that a plan of 6,000 item-locations stays small.

Quantities and money are whole hundredths, days are offsets from the start of the horizon, texts that
repeat are numbered. The script of the page turns them back (`templates/core.js`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from reports.outlines import SCALE, outlines_within
from reports.run_folder import RunFolder

_KEYS = ["item_id", "location_id"]
_HUNDREDTHS = 100
MOST_EXCEPTIONS = 3000
_MOST_ISSUES = 1000
_Floats = npt.NDArray[np.float64]


def page_data(run: RunFolder) -> dict[str, Any]:
    """Return everything that the page's script draws, ready for JSON."""
    tables = run.tables
    start = pd.Timestamp(run.provenance["horizon_start"])
    places = tables["locations"].reset_index(drop=True)
    place_of = {
        (kind == "supplier", key): n
        for n, (key, kind) in enumerate(zip(places["location_id"], places["type"], strict=True))
    }
    item_of = {key: n for n, key in enumerate(tables["items"]["item_id"])}
    rows = _rows(tables)
    grid = _Grid(rows, start, 7 if run.provenance["bucket"] == "week" else 1, int(run.provenance["horizon_buckets"]))
    return {
        "start": start.strftime("%Y-%m-%d"),
        "bucketDays": grid.days,
        "currency": run.provenance["currency"],
        "items": tables["items"][["item_id", "name", "uom", "category"]].to_numpy().tolist(),
        "places": _places(places),
        "rows": _row_columns(rows, item_of, place_of),
        "series": _series(tables, grid),
        "orders": _orders(tables["replenishment_orders"], rows, place_of, start),
        "routes": _routes(tables, place_of, start),
        "unassigned": _texts(tables["unassigned"].assign(day=_days(tables["unassigned"]["date"], start)),
                             ("day", "location_id", "weight_kg", "reason", "fix")),
        "exceptions": _exceptions(tables, rows, start),
        "capacity": _capacity(tables["capacity_prices"], start),
        "issues": _texts(tables["data_issues"].head(_MOST_ISSUES),
                         ("severity", "table", "column", "rule", "rows", "message", "action")),
        "outlines": {"scale": SCALE, "lines": _outlines(tables)},
    }  # fmt: skip


class _Grid:
    """Item-locations by bucket: where each line of a table belongs."""

    def __init__(self, rows: pd.DataFrame, start: pd.Timestamp, days: int, buckets: int) -> None:
        self._index = pd.MultiIndex.from_frame(rows[_KEYS])
        self.start, self.days, self.buckets = start, days, buckets

    def spread(self, table: pd.DataFrame, column: str, first: int = 0, buckets: int | None = None) -> list[int]:
        """Return `column` as hundredths, row by row, for buckets first .. first + buckets - 1."""
        buckets = self.buckets if buckets is None else buckets
        out = np.zeros((len(self._index), buckets))
        row = self._index.get_indexer(pd.MultiIndex.from_frame(table[_KEYS]))
        bucket = (table["bucket_start"] - self.start).dt.days.to_numpy() // self.days - first
        inside = (row >= 0) & (bucket >= 0) & (bucket < buckets)
        np.add.at(out, (row[inside], bucket[inside]), table[column].to_numpy(np.float64)[inside])
        return _hundredths(out)


def _hundredths(values: _Floats | pd.Series) -> list[int]:
    whole: list[int] = np.rint(np.asarray(values, dtype=np.float64).ravel() * _HUNDREDTHS).astype(np.int64).tolist()
    return whole


def _or_none(values: pd.Series, digits: int) -> list[float | None]:
    return [None if pd.isna(v) else round(float(v), digits) for v in values]


def _days(dates: pd.Series, start: pd.Timestamp) -> list[int]:
    days: list[int] = (dates - start).dt.days.astype(int).tolist()
    return days


def _coded(values: pd.Series) -> dict[str, list[Any]]:
    """Return texts as numbers into a list of the different ones."""
    codes, texts = pd.factorize(values)
    return {"codes": codes.tolist(), "texts": [str(text) for text in texts]}


def _texts(table: pd.DataFrame, columns: tuple[str, ...]) -> list[list[Any]]:
    return [[v.item() if isinstance(v, np.generic) else v for v in row] for row in table[list(columns)].to_numpy()]


def _rows(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return one row per item-location of the plan with everything that is said about it."""
    rows = tables["projected_inventory"][_KEYS].drop_duplicates()
    supply = tables["supply"].drop(columns=["lead_time_days", "review_period_days", "level"])
    rows = rows.merge(supply, on=_KEYS).merge(tables["policy_params"], on=_KEYS)
    rows = rows.merge(tables["forecast_accuracy"][[*_KEYS, "method", "wape", "demand_class"]], how="left", on=_KEYS)
    rows = rows.merge(tables["simulated_stock"][[*_KEYS, "demand_qty", "unmet_qty"]], how="left", on=_KEYS)
    rows["simulated_fill_rate"] = 1.0 - rows["unmet_qty"] / rows["demand_qty"].where(rows["demand_qty"] > 0)
    rows = rows.fillna({"method": "demand of what it supplies", "demand_class": ""})
    return rows.sort_values(_KEYS, ignore_index=True)


def _row_columns(
    rows: pd.DataFrame, item_of: Mapping[str, int], place_of: Mapping[tuple[bool, str], int]
) -> dict[str, Any]:
    sources = zip(rows["source_type"] == "supplier", rows["source_id"], strict=True)
    return {
        "item": [item_of[item] for item in rows["item_id"]],
        "place": [place_of[False, place] for place in rows["location_id"]],
        "source": [place_of.get(source, -1) for source in sources],
        "safety": _hundredths(rows["safety_stock_qty"]),
        "reorder": _hundredths(rows["reorder_point_qty"]),
        "upTo": _hundredths(rows["order_up_to_qty"]),
        "target": _or_none(rows["service_target"], 4),
        "lead": _or_none(rows["lead_time_days"], 1),
        "wape": _or_none(rows["wape"], 3),
        "simulated": _or_none(rows["simulated_fill_rate"], 4),
        **{
            name: _coded(rows[column])
            for name, column in (
                ("measure", "service_measure"),
                ("abc", "abc_class"),
                ("xyz", "xyz_class"),
                ("method", "method"),
                ("pattern", "demand_class"),
                ("policyRule", "policy_rule"),
                ("sourceRule", "source_rule"),
            )
        },
    }


def _series(tables: Mapping[str, pd.DataFrame], grid: _Grid) -> dict[str, Any]:
    recent, forecast, stock = tables["recent_demand"], tables["forecast"], tables["projected_inventory"]
    past = -(min(_days(recent["bucket_start"], grid.start), default=0) // grid.days)
    return {
        "past": past,
        "buckets": grid.buckets,
        "history": grid.spread(recent, "qty", -past, past),
        "mean": grid.spread(forecast, "mean_qty"),
        "low": grid.spread(forecast, "p10_qty"),
        "high": grid.spread(forecast, "p90_qty"),
        "demand": grid.spread(stock, "demand_qty"),
        "open": grid.spread(stock, "receipts_qty"),
        "planned": grid.spread(stock, "planned_receipts_qty"),
        "shipped": grid.spread(stock, "shipped_qty"),
        "unmet": grid.spread(stock, "unmet_qty"),
        "closing": grid.spread(stock, "closing_qty"),
        "opening": grid.spread(stock, "opening_qty"),
        "safety": grid.spread(stock, "safety_stock_qty"),
    }


def _places(places: pd.DataFrame) -> list[list[Any]]:
    columns = [_or_none(places[name], 5) for name in ("latitude", "longitude")]
    texts = places[["location_id", "name", "type", "region"]].to_numpy().tolist()
    return [[*row, lat, lon] for row, lat, lon in zip(texts, *columns, strict=True)]


def _orders(
    orders: pd.DataFrame, rows: pd.DataFrame, place_of: Mapping[tuple[bool, str], int], start: pd.Timestamp
) -> dict[str, Any]:
    orders = orders.sort_values(["order_date", "order_id"], ignore_index=True)
    index = pd.MultiIndex.from_frame(rows[_KEYS])
    bought = orders["type"] == "PO"
    return {
        "id": orders["order_id"].tolist(),
        "bought": bought.astype(int).tolist(),
        "row": index.get_indexer(pd.MultiIndex.from_frame(orders[_KEYS])).tolist(),
        "source": [place_of.get(key, -1) for key in zip(bought, orders["source_id"], strict=True)],
        "qty": _hundredths(orders["qty"]),
        "uom": _coded(orders["order_uom"]),
        "uomQty": _hundredths(orders["order_qty_uom"]),
        "ordered": _days(orders["order_date"], start),
        "received": _days(orders["receipt_date"], start),
        "cost": _hundredths(orders["cost"]),
        "lasts": _or_none(orders["days_of_supply_after"], 1),
        "reason": _coded(orders["binding_reason"]),
    }


def _routes(
    tables: Mapping[str, pd.DataFrame], place_of: Mapping[tuple[bool, str], int], start: pd.Timestamp
) -> list[dict[str, Any]]:
    stops = tables["stops"].sort_values(["route_id", "sequence"])
    by_route = dict(list(stops.groupby("route_id", sort=False)))
    routes = tables["routes"].sort_values(["date", "depot_id", "route_id"])
    out = []
    for day, route in zip(_days(routes["date"], start), routes.to_dict("records"), strict=True):
        mine = by_route[route["route_id"]]
        out.append(
            {
                "id": route["route_id"],
                "day": day,
                "depot": place_of[False, route["depot_id"]],
                "vehicle": f"{route['vehicle_id']} {route['vehicle_no']}",
                "km": round(route["distance_km"], 1),
                "minutes": round(route["duration_min"]),
                "kg": round(route["load_kg"], 1),
                "used": round(route["utilisation"], 4),
                "cost": round(route["cost"], 2),
                "co2": round(route["co2e_kg"], 1),
                "departs": str(route["departure"])[11:16],
                "returns": str(route["return"])[11:16],
                "stops": [
                    [place_of[False, place], str(eta)[11:16], round(kg, 1), round(km, 1)]
                    for place, eta, kg, km in zip(
                        mine["location_id"], mine["eta"], mine["weight_kg"], mine["km"], strict=True
                    )
                ],
            }
        )
    return out


def _exceptions(tables: Mapping[str, pd.DataFrame], rows: pd.DataFrame, start: pd.Timestamp) -> list[list[Any]]:
    top = tables["exceptions"].head(MOST_EXCEPTIONS)
    index = pd.MultiIndex.from_frame(rows[_KEYS])
    top = top.assign(row=index.get_indexer(pd.MultiIndex.from_frame(top[_KEYS])), day=_days(top["date"], start))
    return _texts(
        top, ("rank", "kind", "item_id", "location_id", "day", "qty", "money_at_risk", "message", "action", "row")
    )


def _capacity(prices: pd.DataFrame, start: pd.Timestamp) -> list[list[Any]]:
    """Return limits by how full they are; those under half are left out."""
    full = prices["used"] / prices["capacity"].where(prices["capacity"] > 0)
    kept = prices.assign(full=full.fillna(1.0).round(4), day=_days(prices["bucket_start"], start))
    kept = kept[(kept["full"] >= 0.5) | (kept["price"] > 0)].sort_values(["price", "full"], ascending=False).head(2000)
    return _texts(kept, ("location_id", "kind", "item_id", "day", "unit", "capacity", "used", "full", "price"))


def _outlines(tables: Mapping[str, pd.DataFrame]) -> list[list[int]]:
    """Return the outlines around everything that has coordinates, with a margin."""
    places = tables["locations"].dropna(subset=["latitude", "longitude"])
    if places.empty:
        return []
    west, east = places["longitude"].min(), places["longitude"].max()
    south, north = places["latitude"].min(), places["latitude"].max()
    margin = max(0.6 * (east - west), 0.6 * (north - south), 0.5)
    return outlines_within(west - margin, south - margin, east + margin, north + margin)
