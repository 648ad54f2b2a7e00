"""What a planner should look at, ranked by the money that is at risk if nothing is done.

| kind | money at risk |
|---|---|
| stock_out, late_supply | planned unmet demand x shortage cost |
| late_supply of an overdue order | what is needed of it in the horizon x shortage cost |
| below_safety_stock | extra units short per cycle x shortage cost: sd (L(stock / sd) - L(safety stock / sd)), with the normal loss function L (Silver, Pyke and Thomas 2017, section 6) |
| excess | holding cost of the stock that stays above the order-up-to level, until it is used, at most a year |
| unassigned_load | its lines x shortage cost |
| capacity | price x a tenth of the limit, over the buckets in which it binds |

The remedy is the first that there is:

| kind | remedy |
|---|---|
| stock_out, below_safety_stock, late_supply | expedite: an open order comes after the first bucket concerned, here or at a source that is scarce itself, or a planned order does; move: another location has an excess of the item; accept |
| late_supply of an overdue order | expedite |
| excess | cancel: an open order is under way here; move: another location is short of the item; accept |
| unassigned_load | move: to another day, vehicle or window |
| capacity | move: orders to an earlier bucket, or the limit |
"""  # noqa: E501 - a table

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy

from reports.tables import EXCEPTIONS, conform

_KEYS = ["item_id", "location_id"]
_TINY = 1e-6
_YEAR = 365.0
_CAPACITY_STEP = 0.1
_LIMITS = {
    "storage": "Storage is full",
    "dispatch": "Dispatch is full",
    "receiving": "Receiving is full",
    "stock": "All stock that the location can send is promised",
    "supply": "The limit of supply or of the budget is reached",
    "supply period": "The limit of supply or of the budget of a period is reached",
}


def rank_exceptions(tables: Mapping[str, pd.DataFrame], bucket_days: int) -> pd.DataFrame:
    """Return the exceptions of a run, most money first, schema `EXCEPTIONS`.

    Parameters
    ----------
    tables : published tables; `exceptions` and `kpis` are not read.
    bucket_days : calendar days of a bucket.
    """
    stock = tables["projected_inventory"].merge(tables["policy_params"].drop(columns="safety_stock_qty"), on=_KEYS)
    stock = stock.merge(tables["items"][["item_id", "uom"]], how="left", on="item_id").fillna({"uom": "units"})
    surplus = _surplus(stock)
    remedies = _Remedies(tables, surplus, bucket_days)
    bucket = "week" if bucket_days == 7 else "day"
    short = _stock_outs(stock, remedies, bucket)
    low = _below_safety_stock(stock, short, remedies, bucket)
    needy = pd.concat([short, low])[[*_KEYS, "qty"]]
    parts = [
        short,
        low,
        _overdue(stock, tables),
        _excess(surplus, needy, remedies, bucket_days),
        _unassigned(tables),
        _capacity(tables["capacity_prices"], bucket),
    ]
    frame = pd.concat([part for part in parts if not part.empty] or [pd.DataFrame(columns=list(EXCEPTIONS.columns))])
    frame["money_at_risk"] = frame["money_at_risk"].astype(np.float64).round(2)
    frame = frame[(frame["money_at_risk"] > 0) | (frame["kind"] == "unassigned_load")]
    frame = frame.sort_values(
        ["money_at_risk", "kind", *_KEYS, "date"], ascending=[False, True, True, True, True], ignore_index=True
    )
    return conform(EXCEPTIONS, frame.assign(rank=np.arange(1, len(frame) + 1)))


class _Remedies:
    """What can be done about too little stock: what is still to come, and from where."""

    def __init__(self, tables: Mapping[str, pd.DataFrame], surplus: pd.DataFrame, bucket_days: int) -> None:
        columns = [*_KEYS, "order_id", "receipt_date"]
        self._open = _by_key(tables["open_orders"][columns])
        self._planned = _by_key(tables["replenishment_orders"][columns])
        supply, stock = tables["supply"], tables["projected_inventory"]
        keys = zip(supply["item_id"], supply["location_id"], strict=True)
        self._source = dict(zip(keys, supply["source_id"], strict=True))
        self.sources = frozenset(supply["source_id"])
        scarce = stock[stock["closing_qty"] <= stock["safety_stock_qty"] + _TINY]
        self._scarce = set(zip(scarce["item_id"], scarce["location_id"], scarce["bucket_start"], strict=True))
        self._bucket = pd.Timedelta(days=bucket_days)
        most = surplus.sort_values("qty").drop_duplicates("item_id", keep="last")
        self._surplus = dict(zip(most["item_id"], zip(most["location_id"], most["qty"], strict=True), strict=True))

    def open_after(self, item: str, location: str, bucket: pd.Timestamp) -> tuple[str, pd.Timestamp] | None:
        """Return the first open order that comes when `bucket` is over."""
        return _first_after(self._open, item, location, bucket + self._bucket)

    def has_open(self, item: str, location: str) -> bool:
        """Say whether an open order is under way to the item-location."""
        return (item, location) in self._open

    def for_row(self, row: Any) -> tuple[str, str]:
        """Return the remedy and what to do about `row.qty` too little stock from the bucket of `row.date`."""
        item, place, source = row.item_id, row.location_id, self._source.get((row.item_id, row.location_id), "")
        coming = self.open_after(item, place, row.date)
        if coming:
            return "expedite", f"Expedite open order {coming[0]}, due {coming[1]:%Y-%m-%d}."
        upstream = self.open_after(item, source, row.date)
        if upstream and (item, source, row.date) in self._scarce:
            return "expedite", f"Expedite open order {upstream[0]}, due at {source} {upstream[1]:%Y-%m-%d}."
        planned = _first_after(self._planned, item, place, row.date + self._bucket)
        if planned:
            return "expedite", f"Bring order {planned[0]} forward from {planned[1]:%Y-%m-%d}."
        if item in self._surplus:
            giver, spare = self._surplus[item]
            return "move", f"Move up to {_qty(min(spare, row.qty))} {row.uom} from {giver}, which has too much."
        return "accept", f"Accept, or order {_qty(row.qty)} {row.uom} more from {source}."


def _qty(value: float) -> str:
    """Write a quantity with as many digits as a person needs."""
    digits = 0 if abs(value) >= 100 or value == round(value) else 1 if abs(value) >= 10 else 2
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _remedied(rows: pd.DataFrame, remedies: list[tuple[str, str]]) -> pd.DataFrame:
    """Return the rows with `remedy` and `action`."""
    return rows.assign(remedy=[remedy for remedy, _ in remedies], action=[action for _, action in remedies])


def _lines(frame: pd.DataFrame) -> list[Any]:
    """Return the rows as named tuples."""
    return list(frame.itertuples(index=False))


def _times(count: int, bucket: str) -> str:
    return f"{count} {bucket}s" if count > 1 else f"{count} {bucket}"


_Coming = dict[tuple[str, str], list[tuple[pd.Timestamp, str]]]


def _by_key(orders: pd.DataFrame) -> _Coming:
    coming: _Coming = {}
    ordered = orders.sort_values(["receipt_date", "order_id"])
    for item, location, *order in zip(*(ordered[name] for name in (*_KEYS, "receipt_date", "order_id")), strict=True):
        coming.setdefault((item, location), []).append(tuple(order))
    return coming


def _first_after(coming: _Coming, item: str, location: str, date: pd.Timestamp) -> tuple[str, pd.Timestamp] | None:
    for receipt, order_id in coming.get((item, location), ()):
        if receipt >= date:
            return order_id, receipt
    return None


def _stock_outs(stock: pd.DataFrame, remedies: _Remedies, bucket: str) -> pd.DataFrame:
    """Return item-locations whose planned demand is not met in full; late_supply where an open order comes after."""
    short = stock[stock["unmet_qty"] > _TINY]
    money = (short["unmet_qty"] * short["shortage_cost"]).groupby([short[key] for key in _KEYS]).sum()
    rows = short.groupby(_KEYS, as_index=False).agg(
        date=("bucket_start", "min"),
        qty=("unmet_qty", "sum"),
        buckets=("bucket_start", "size"),
        uom=("uom", "first"),
    )
    rows["money_at_risk"] = money.to_numpy()
    demand = stock.groupby(_KEYS)["demand_qty"].sum()
    rows["demand"] = demand.reindex(pd.MultiIndex.from_frame(rows[_KEYS])).to_numpy()
    late = [remedies.open_after(r.item_id, r.location_id, r.date) is not None for r in _lines(rows)]
    rows["kind"] = np.where(late, "late_supply", "stock_out")
    rows["message"] = [
        f"Stock runs out: {_qty(r.qty)} of {_qty(r.demand)} {r.uom} of demand not served, "
        f"in {_times(r.buckets, bucket)} from {r.date:%Y-%m-%d}."
        for r in _lines(rows)
    ]
    return _remedied(rows, [remedies.for_row(r) for r in _lines(rows)])


def _below_safety_stock(stock: pd.DataFrame, short: pd.DataFrame, remedies: _Remedies, bucket: str) -> pd.DataFrame:
    """Return item-locations that fall below their safety stock without running out."""
    low = stock[stock["closing_qty"] < stock["safety_stock_qty"] - _TINY]
    known = pd.MultiIndex.from_frame(short[_KEYS])
    low = low[~pd.MultiIndex.from_frame(low[_KEYS]).isin(known)]
    sd = low["demand_sd_qty"].to_numpy(np.float64)
    extra = _units_short(low["closing_qty"], sd) - _units_short(low["safety_stock_qty"], sd)
    low = low.assign(
        qty=low["safety_stock_qty"] - low["closing_qty"],
        money_at_risk=np.maximum(extra, 0.0) * low["shortage_cost"],
    )
    low["buckets"] = low.groupby(_KEYS)["qty"].transform("size")
    low["date"] = low.groupby(_KEYS)["bucket_start"].transform("min")
    rows = low.sort_values([*_KEYS, "qty", "bucket_start"], ascending=[True, True, False, True])
    rows = rows.drop_duplicates(_KEYS).assign(kind="below_safety_stock")
    rows["message"] = [
        f"Below safety stock in {_times(r.buckets, bucket)}: at worst {_qty(r.closing_qty)} of "
        f"{_qty(r.safety_stock_qty)} {r.uom}, in the {bucket} of {r.bucket_start:%Y-%m-%d}."
        for r in _lines(rows)
    ]
    return _remedied(rows, [remedies.for_row(r) for r in _lines(rows)])


def _units_short(stock: pd.Series, sd: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return expected units short of a cycle that has `stock` above its mean demand, by the normal loss function."""
    z = np.divide(stock.to_numpy(np.float64), sd, out=np.full(len(stock), 40.0), where=sd > 0).clip(max=40.0)
    shortage: npt.NDArray[np.float64] = sd * (np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi) - z * scipy.special.ndtr(-z))
    return shortage


def _overdue(stock: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return open orders that should have come before the plan starts, and on which it counts."""
    start = stock["bucket_start"].min()
    orders = tables["open_orders"]
    orders = orders[orders["receipt_date"] < start]
    needs = stock.groupby(_KEYS, as_index=False).agg(
        need=("demand_qty", "sum"),
        shipped=("shipped_qty", "sum"),
        uom=("uom", "first"),
        shortage_cost=("shortage_cost", "first"),
    )
    rows: pd.DataFrame = orders.merge(needs, on=_KEYS).assign(kind="late_supply", date=start)
    needed = np.minimum(rows["qty"], rows["need"] + rows["shipped"])
    rows["money_at_risk"] = needed * rows["shortage_cost"]
    rows["message"] = [
        f"Open order {r.order_id} ({_qty(r.qty)} {r.uom}) was due {r.receipt_date:%Y-%m-%d}; "
        "the plan counts on it at once."
        for r in _lines(rows)
    ]
    rows["action"] = [f"Ask {r.source_id or 'the source'} for a date and correct it." for r in _lines(rows)]
    return rows.assign(remedy="expedite")


def _surplus(stock: pd.DataFrame) -> pd.DataFrame:
    """Return item-locations whose stock never comes down to the order-up-to level, and by how much it stays above."""
    rows = stock.groupby(_KEYS, as_index=False).agg(
        lowest=("closing_qty", "min"),
        demand=("demand_qty", "sum"),
        shipped=("shipped_qty", "sum"),
        buckets=("bucket_start", "size"),
        date=("bucket_start", "min"),
        order_up_to_qty=("order_up_to_qty", "first"),
        min_qty=("min_qty", "first"),
        holding_cost=("holding_cost", "first"),
        uom=("uom", "first"),
    )
    rows["qty"] = rows["lowest"] - rows[["order_up_to_qty", "min_qty"]].max(axis=1)
    return rows[rows["qty"] > _TINY]


def _excess(surplus: pd.DataFrame, needy: pd.DataFrame, remedies: _Remedies, bucket_days: int) -> pd.DataFrame:
    """Return the exceptions of item-locations with a surplus."""
    rows = surplus.assign(kind="excess")
    per_day = (rows["demand"] + rows["shipped"]) / (rows["buckets"] * bucket_days)
    days = np.divide(rows["qty"], per_day, out=np.full(len(rows), np.inf), where=per_day.to_numpy() > 0)
    gone = np.minimum(_YEAR / days, 1.0)  # share of the excess that is used within a year
    rows["money_at_risk"] = rows["qty"] * rows["holding_cost"] * np.minimum(days, _YEAR) * (1.0 - 0.5 * gone)
    needy = needy[~needy["location_id"].isin(remedies.sources)]  # stock moves to a neighbour, not back upstream
    takers = dict(needy.sort_values("qty").groupby("item_id")["location_id"].last())
    rows["message"] = [
        f"{_qty(r.qty)} {r.uom} above the order-up-to level of {_qty(r.order_up_to_qty)} in the whole horizon"
        + (f": {d:,.0f} days of demand." if np.isfinite(d) else ", and no demand.")
        for r, d in zip(_lines(rows), days, strict=True)
    ]
    return _remedied(
        rows,
        [
            ("cancel", "Cancel or put off the open order.")
            if remedies.has_open(r.item_id, r.location_id)
            else ("move", f"Move some to {takers[r.item_id]}, which is short.")
            if r.item_id in takers
            else ("accept", "Order nothing; mark down if it does not move.")
            for r in _lines(rows)
        ],
    )


def _unassigned(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return loads on no route: their lines do not arrive."""
    loads = tables["unassigned"]
    lines = tables["load_lines"].merge(loads[["load_id", "location_id"]], on="load_id")
    lines = lines.merge(tables["policy_params"][[*_KEYS, "shortage_cost"]], on=_KEYS)
    sums = lines.assign(money_at_risk=lines["qty"] * lines["shortage_cost"]).groupby("load_id", as_index=False)
    rows = loads.merge(sums[["qty", "money_at_risk"]].sum(), how="left", on="load_id")
    rows = rows.fillna({"qty": 0.0, "money_at_risk": 0.0}).assign(kind="unassigned_load", item_id="")
    rows["message"] = [f"Load {r.load_id} of {r.weight_kg:,.0f} kg is on no route: {r.reason}" for r in _lines(rows)]
    renamed: pd.DataFrame = rows.rename(columns={"fix": "action"})
    return renamed.assign(remedy="move")


def _capacity(prices: pd.DataFrame, bucket: str) -> pd.DataFrame:
    """Return limits that bind, and what a tenth more of them would save at most."""
    binding = prices[prices["price"] > _TINY]
    binding = binding.assign(saving=binding["price"] * binding["capacity"] * _CAPACITY_STEP)
    rows = []
    for _, part in binding.groupby(["location_id", "kind", "item_id", "unit"]):
        first, buckets = part.iloc[0], len(part)
        start = part["bucket_start"].min()
        rows.append(
            {
                "kind": "capacity",
                "item_id": first.item_id,
                "location_id": first.location_id,
                "date": start,
                "qty": _CAPACITY_STEP * part["capacity"].max() if first.unit == "base units" else 0.0,
                # a period stands in each of its buckets, but is there once
                "money_at_risk": part["saving"].max() if first.kind == "supply period" else part["saving"].sum(),
                "message": f"{_LIMITS.get(first.kind, first.kind)} in {_times(buckets, bucket)}: one more "
                f"{first.unit.removesuffix('s')} saves up to {part['price'].max():,.4g}.",
                "action": f"Find more from {start:%Y-%m-%d}, or order earlier.",
                "remedy": "move",
            }
        )
    return pd.DataFrame(rows)
