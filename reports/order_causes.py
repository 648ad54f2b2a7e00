"""Why an order line differs between two runs: what differs for its item and location, the root first.

Nothing is guessed. Facts of the item and location are read from the tables of both runs and compared in
the order in which one leads to the next: what is planned, where it comes from, its terms, the stock at
the start, the forecast, the targets, the costs, what it sends on, the limits it shares, and what its
source has. The first that differ are named with their figures; where none does, that is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from reports.supply_limits import limits_on

_KEYS = ["item_id", "location_id"]
_MOST = 3
_PINNED = "pinned"
_NOISE = 1e-6
_Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Fact:
    """A figure of an item and location, and how its change is told."""

    column: str
    cause: str
    text: str
    unit: str = ""
    percent: bool = False


_FACTS = (
    _Fact("source_id", "source", "source"),
    _Fact("lead_time_days", "lead time", "lead time", "days"),
    _Fact("lead_time_sd_days", "lead time", "deviation of the lead time", "days"),
    _Fact("review_period_days", "order terms", "review period", "days"),
    _Fact("moq_qty", "order terms", "smallest order", "units"),
    _Fact("order_multiple_qty", "order terms", "pack", "units"),
    _Fact("available_qty", "stock at the start", "stock at the start", "units"),
    _Fact("backorder_qty", "stock at the start", "owed at the start", "units"),
    _Fact("open_qty", "open orders", "open orders", "units"),
    _Fact("open_days", "open orders", "open orders, mean receipt after the start", "days"),
    _Fact(
        "forecast_qty", "forecast", "forecast over the horizon, all that it supplies included", "units", percent=True
    ),
    _Fact("service_target", "service target", "service target"),
    _Fact("fixed_order_cost", "costs", "fixed cost of an order"),
    _Fact("cost_per_unit", "costs", "handling per unit"),
    _Fact("holding_cost", "costs", "holding cost per unit and day"),
    _Fact("shortage_cost", "costs", "shortage cost per unit"),
    _Fact("safety_stock_qty", "stock targets", "safety stock", "units"),
    _Fact("order_up_to_qty", "stock targets", "order-up-to level", "units"),
    _Fact("max_qty", "stock targets", "most stock allowed", "units"),
    _Fact("shipped_qty", "deliveries onward", "sent to other locations over the horizon", "units", percent=True),
)
_OWN_FORECAST = _Fact("forecast_qty", "forecast", "forecast over the horizon", "units", percent=True)
_LIMITS = {
    "storage": "storage",
    "dispatch": "dispatch",
    "receiving": "receiving",
    "stock": "stock that can be sent",
    "supply": "supply limit",
    "supply period": "supply limit of a period",
}
_REPLENISHING = ("replenishment.", "inventory.", "horizon.", "seed")


class Causes:
    """Facts of both runs by item and location."""

    def __init__(
        self, a: Mapping[str, pd.DataFrame], b: Mapping[str, pd.DataFrame], settings: pd.DataFrame | None
    ) -> None:
        self._a, self._b = _facts(a), _facts(b)
        self._shape_a, self._shape_b = _forecast_shape(a), _forecast_shape(b)
        self._limits_a, self._limits_b = _limits(a), _limits(b)
        paths = [] if settings is None else settings["path"].tolist()
        self._settings = [str(path) for path in paths if str(path).startswith(_REPLENISHING)]
        self._leaves = (self._a.keys() | self._b.keys()) - _sources(a) - _sources(b)
        self._told: dict[_Key, list[tuple[str, str]]] = {}

    def of(self, row: Mapping[Any, Any]) -> tuple[str, str]:
        """Return the kind of cause and the sentence for one changed line (columns as in `ORDER_CHANGES`)."""
        key = (str(row["item_id"]), str(row["location_id"]))
        reasons = (str(row["binding_reason_a"]), str(row["binding_reason_b"]))
        found = list(self._facts_of(key))
        if _PINNED in reasons:
            held = "both" if reasons[0] == reasons[1] else "A" if reasons[0] == _PINNED else "B"
            found.insert(0, ("pin", f"a pin holds this order in {held}"))
        if not found:
            found = [self._nothing()]
        texts = [text for _, text in found[:_MOST]]
        if all(reasons) and reasons[0] != reasons[1]:
            texts.append(f"rule of the quantity: {reasons[0]} → {reasons[1]}")
        return found[0][0], _sentence(texts)

    def _facts_of(self, key: _Key) -> list[tuple[str, str]]:
        """Return the causes that hold for an item and location, the root first."""
        if key not in self._told:
            self._told[key] = self._compare(key)
        return self._told[key]

    def _compare(self, key: _Key) -> list[tuple[str, str]]:
        a, b = self._a.get(key), self._b.get(key)
        if a is None or b is None:
            absent = "A" if a is None else "B"
            return [("planned items", f"not planned in {absent}: {key[0]} at {key[1]}")]
        found = []
        for fact in _FACTS:
            if _differ(a[fact.column], b[fact.column]):
                if fact.column == "forecast_qty" and key in self._leaves:
                    fact = _OWN_FORECAST
                found.append((fact.cause, _told(fact, a[fact.column], b[fact.column])))
            elif fact.column == "forecast_qty" and self._moved(key):
                found.append(("forecast", "forecast moves between buckets, its sum stays"))
        found += self._shared(key, a, b)
        return found or self._upstream(key, a)

    def _moved(self, key: _Key) -> bool:
        a, b = self._shape_a.get(key), self._shape_b.get(key)
        return a is not None and b is not None and (len(a) != len(b) or not np.allclose(a, b, rtol=_NOISE, atol=1e-9))

    def _shared(self, key: _Key, of_a: Mapping[str, Any], of_b: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Return the shared limit of the location or its source whose price or size differs most."""
        item, location = key
        places = [(location, ("storage", "receiving"), ""), (location, ("stock",), item)]
        for source in dict.fromkeys((str(of_a["source_id"]), str(of_b["source_id"]))):
            places += [(source, ("dispatch",), ""), (source, ("stock",), item)]
            places += [(name, ("supply", "supply period"), "") for name in limits_on(source, str(of_a["category"]))]
        best: tuple[float, str] | None = None
        for place, kinds, of_item in places:
            for kind in kinds:
                a = self._limits_a.get((place, kind, of_item), {})
                b = self._limits_b.get((place, kind, of_item), {})
                for bucket, unit in sorted(a.keys() | b.keys()):
                    size_a, price_a = a.get((bucket, unit), (np.nan, 0.0))
                    size_b, price_b = b.get((bucket, unit), (np.nan, 0.0))
                    gain = abs(price_b - price_a) * max(np.nan_to_num(size_a), np.nan_to_num(size_b))
                    if gain > _NOISE and (best is None or gain > best[0]):
                        text = f"{_LIMITS.get(kind, kind)} at {place} in the bucket of {bucket:%Y-%m-%d}: "
                        if _differ(size_a, size_b):
                            text += f"limit {_number(size_a)} → {_number(size_b)} {unit}, "
                        text += f"one more of {unit} is worth {_number(price_a)} → {_number(price_b)}"
                        best = gain, text
        return [] if best is None else [("capacity", best[1])]

    def _upstream(self, key: _Key, facts: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Return what differs at the source for the same item."""
        source = str(facts["source_id"])
        above = (key[0], source)
        if facts["source_type"] != "location" or (above not in self._a and above not in self._b):
            return []
        return [("supply of the source", f"at its source {source}, {text}") for _, text in self._facts_of(above)]

    def _nothing(self) -> tuple[str, str]:
        if self._settings:
            named = ", ".join(self._settings[:3]) + (" ..." if len(self._settings) > 3 else "")
            return "settings", f"nothing of this item and location differs; the settings of the plan do: {named}"
        return (
            "shared resources",
            "nothing of this item and location differs; it makes room for orders that share its source or limits",
        )


def _facts(tables: Mapping[str, pd.DataFrame]) -> dict[_Key, dict[str, Any]]:
    """Return every fact by item and location of one run."""
    supply = tables["supply"].set_index(_KEYS)
    policy = tables["policy_params"].set_index(_KEYS)
    both = supply.join(policy.drop(columns=[c for c in policy if c in supply.columns]))
    sums = {
        "shipped_qty": tables["projected_inventory"].groupby(_KEYS)["shipped_qty"].sum(),
        "open_qty": tables["open_orders"].groupby(_KEYS)["qty"].sum(),
        "open_days": _open_days(tables),
    }
    for name, values in sums.items():
        both[name] = values.reindex(both.index).fillna(0.0).to_numpy(np.float64)
    both["forecast_qty"] = _passed_on(both, tables["forecast"].groupby(_KEYS)["mean_qty"].sum())
    names = ["source_type", "category", *(fact.column for fact in _FACTS)]
    records: list[dict[str, Any]] = both[names].to_dict("records")  # type: ignore[assignment]
    return dict(zip(both.index.tolist(), records, strict=True))


def _sources(tables: Mapping[str, pd.DataFrame]) -> set[_Key]:
    """Return the items and locations that supply others."""
    supply = tables["supply"][tables["supply"]["source_type"] == "location"]
    return set(zip(supply["item_id"], supply["source_id"], strict=True))


def _passed_on(supply: pd.DataFrame, forecast: pd.Series) -> list[float]:
    """Return the forecast of every row of `supply` and of all that it supplies."""
    total = {key: float(forecast.get(key, 0.0)) for key in supply.index}
    rows = zip(supply.index, supply["source_type"], supply["source_id"], supply["level"], strict=True)
    for key, source_type, source, _ in sorted(rows, key=lambda row: -row[3]):  # whoever is supplied comes first
        if source_type == "location" and (key[0], source) in total:
            total[key[0], source] += total[key]
    return [total[key] for key in supply.index]


def _open_days(tables: Mapping[str, pd.DataFrame]) -> pd.Series:
    """Return the mean receipt of open orders by quantity, days after the first bucket starts."""
    orders = tables["open_orders"]
    start = tables["projected_inventory"]["bucket_start"].min()
    days = (orders["receipt_date"] - start).dt.days * orders["qty"]
    keys = [orders[key] for key in _KEYS]
    total = orders["qty"].groupby(keys).sum()
    mean: pd.Series = days.groupby(keys).sum() / total.where(total > 0)
    return mean


def _forecast_shape(tables: Mapping[str, pd.DataFrame]) -> dict[_Key, np.ndarray[Any, np.dtype[np.float64]]]:
    forecast = tables["forecast"].sort_values([*_KEYS, "bucket_start"])
    return {
        (str(item), str(location)): part.to_numpy(np.float64)
        for (item, location), part in forecast.groupby(_KEYS)["mean_qty"]
    }


_Limits = dict[tuple[str, str, str], dict[tuple[pd.Timestamp, str], tuple[float, float]]]


def _limits(tables: Mapping[str, pd.DataFrame]) -> _Limits:
    """Return size and price of shared limits by location, kind and item, then bucket and unit."""
    out: _Limits = {}
    for row in tables["capacity_prices"].itertuples(index=False):
        place = out.setdefault((str(row.location_id), str(row.kind), str(row.item_id)), {})
        bucket = pd.Timestamp(str(row.bucket_start))
        place[bucket, str(row.unit)] = (float(str(row.capacity)), float(str(row.price)))
    return out


def _differ(a: object, b: object) -> bool:
    if isinstance(a, str) or isinstance(b, str):
        return a != b
    x, y = float(str(a)), float(str(b))
    if np.isnan(x) or np.isnan(y):
        return bool(np.isnan(x) != np.isnan(y))
    return abs(x - y) > _NOISE * max(abs(x), abs(y))


def _told(fact: _Fact, a: object, b: object) -> str:
    """Return a change in words: forecast over the horizon 120 → 144 units (+20 %)."""
    if isinstance(a, str) or isinstance(b, str):
        return f"{fact.text} {a} → {b}"
    x, y = float(str(a)), float(str(b))
    text = f"{fact.text} {_number(x)} → {_number(y)}" + (f" {fact.unit}" if fact.unit else "")
    if fact.percent and x > 0:
        text += f" ({100 * (y / x - 1):+.3g} %)".replace("-", "−")
    return text


def _number(value: float) -> str:
    if np.isnan(value):
        return "none"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _sentence(texts: list[str]) -> str:
    text = "; ".join(texts)
    return text[:1].upper() + text[1:] + "."
