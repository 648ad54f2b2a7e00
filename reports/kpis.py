"""Key figures of a run, for all and by group; each names the tables it was counted from.

Every figure is a sum, or a ratio of sums, over item-locations, so groups add up to the whole. The
simulated figures carry the 95 % interval of their mean over the sampled futures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import nan

import numpy as np
import pandas as pd
import scipy

from reports.costs import ordering_cost
from reports.punctuality import planned_otif
from reports.tables import KPIS, conform

_KEYS = ["item_id", "location_id"]
_GROUPINGS = ("location_type", "abc_class", "category", "region")
_STOCK = "projected_inventory"


@dataclass(frozen=True, slots=True)
class _Figure:
    """A key figure of item-locations: how it follows from the sums of a group."""

    name: str
    unit: str
    source: str
    of: Callable[[Mapping[str, float]], float]


def _sum(column: str) -> Callable[[Mapping[str, float]], float]:
    return lambda sums: sums[column]


def _ratio(above: str, below: str) -> Callable[[Mapping[str, float]], float]:
    return lambda sums: sums[above] / sums[below] if sums[below] > 0 else nan


def _turns(sums: Mapping[str, float]) -> float:
    used, held = sums["use_value_per_day"], sums["stock_value"]
    return 365.0 * used / held if used > 0 and held > 0 else nan


_FIGURES = (
    _Figure("purchase_orders", "order lines", "replenishment_orders", _sum("purchase_orders")),
    _Figure("purchase_value", "money", "replenishment_orders", _sum("purchase_value")),
    _Figure("delivery_orders", "order lines", "replenishment_orders", _sum("delivery_orders")),
    _Figure("ordering_cost", "money", "replenishment_orders, supply", _sum("ordering_cost")),
    _Figure("demand_qty", "base units", _STOCK, _sum("demand_qty")),
    _Figure(
        "planned_fill_rate",
        "share 0..1",
        _STOCK,
        lambda sums: 1.0 - sums["unmet_qty"] / sums["demand_qty"] if sums["demand_qty"] > 0 else nan,
    ),
    _Figure("inventory_value", "money", f"{_STOCK}, supply", _sum("stock_value")),
    _Figure("days_of_supply", "days", f"{_STOCK}, supply", _ratio("stock_value", "use_value_per_day")),
    _Figure("turns", "per year", f"{_STOCK}, supply", _turns),
    _Figure("holding_cost", "money", f"{_STOCK}, policy_params", _sum("holding_cost")),
    _Figure("shortage_cost", "money", f"{_STOCK}, policy_params", _sum("shortage_cost")),
    _Figure("waste_qty", "base units", _STOCK, _sum("waste_qty")),
    _Figure("waste_cost", "money", f"{_STOCK}, supply", _sum("waste_cost")),
    _Figure("forecast_wape", "ratio", "forecast_accuracy, recent_demand", _ratio("absolute_error", "actual")),
    _Figure("forecast_bias", "ratio", "forecast_accuracy, recent_demand", _ratio("error", "actual")),
)


def compute_kpis(
    tables: Mapping[str, pd.DataFrame], *, bucket_days: int, currency: str, t_quantile: float | None = None
) -> pd.DataFrame:
    """Return the key figures of a run, schema `KPIS`.

    Parameters
    ----------
    tables : the published tables, `exceptions` included.
    bucket_days : calendar days of a bucket.
    currency : ISO 4217 code that stands in the unit of every money figure.
    t_quantile : of Student's t for the number of futures, at 0.975; None: looked up, which takes a while to load.
    """
    facts = _facts(tables, bucket_days)
    rows = [
        *_item_location_rows(facts),
        *_channel_rows(tables),
        *_route_rows(tables),
        *_simulated_rows(tables, t_quantile),
        *_list_rows(tables),
    ]
    frame = pd.DataFrame(rows, columns=list(KPIS.columns))
    planned = frame[(frame["group_by"] == "all") & frame["kpi"].isin(_PLANNED_COSTS)]
    total = ["planned_cost", "all", "", planned["value"].sum(), "money", nan, nan, "the five planned costs"]
    frame = pd.concat([frame, pd.DataFrame([total], columns=frame.columns)], ignore_index=True)
    frame["unit"] = frame["unit"].where(frame["unit"] != "money", currency)
    return conform(KPIS, frame)


_PLANNED_COSTS = ("holding_cost", "shortage_cost", "waste_cost", "ordering_cost", "transport_cost")
_Row = tuple[str, str, str, float, str, float, float, str]


def _facts(tables: Mapping[str, pd.DataFrame], bucket_days: int) -> pd.DataFrame:
    """Return one row per planned item-location with its groups and everything that is summed."""
    facts = tables["supply"].merge(
        tables["policy_params"][[*_KEYS, "abc_class", "holding_cost", "shortage_cost"]], on=_KEYS
    )
    facts = facts.merge(_stock_sums(tables[_STOCK], bucket_days), how="left", on=_KEYS)
    facts = facts.merge(_order_sums(tables), how="left", on=_KEYS)
    facts = facts.merge(_error_sums(tables), how="left", on=_KEYS)
    numbers = facts.select_dtypes("number").columns
    facts[numbers] = facts[numbers].fillna(0.0)
    facts["stock_value"] = facts["closing_qty"] * facts["unit_cost"]
    facts["use_value_per_day"] = facts["served_per_day"] * facts["unit_cost"]
    facts["outflow_value_per_day"] = facts["outflow_per_day"] * facts["unit_cost"]
    facts["holding_cost"] *= facts["closing_qty"] * facts["days"]
    facts["shortage_cost"] *= facts["unmet_qty"]
    facts["waste_cost"] = facts["waste_qty"] * facts["unit_cost"]
    return facts


def _stock_sums(stock: pd.DataFrame, bucket_days: int) -> pd.DataFrame:
    """Return demand, unmet demand and waste over the horizon, mean closing stock and use per day."""
    sums = stock.groupby(_KEYS, as_index=False).agg(
        demand_qty=("demand_qty", "sum"),
        unmet_qty=("unmet_qty", "sum"),
        waste_qty=("waste_qty", "sum"),
        shipped=("shipped_qty", "sum"),
        closing_qty=("closing_qty", "mean"),
        days=("bucket_start", "size"),
    )
    sums["days"] *= bucket_days
    sums["served_per_day"] = (sums["demand_qty"] - sums["unmet_qty"]) / sums["days"]
    sums["outflow_per_day"] = sums["served_per_day"] + sums["shipped"] / sums["days"]
    return sums


def _order_sums(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    orders = tables["replenishment_orders"]
    bought = orders["type"] == "PO"
    lines = orders[_KEYS].assign(
        purchase_orders=bought.astype(np.float64),
        delivery_orders=(~bought).astype(np.float64),
        purchase_value=orders["cost"].where(bought, 0.0),
        ordering_cost=ordering_cost(orders, tables["supply"]),
    )
    return lines.groupby(_KEYS, as_index=False).sum()


def _error_sums(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return errors per bucket of every series that was backtested, weighted by its recent demand."""
    recent = tables["recent_demand"]
    buckets = max(recent["bucket_start"].nunique(), 1)
    actual = (recent.groupby(_KEYS)["qty"].sum().clip(lower=0.0) / buckets).rename("actual").reset_index()
    accuracy = tables["forecast_accuracy"].dropna(subset=["wape", "bias_qty"]).merge(actual, on=_KEYS)
    return accuracy[_KEYS].assign(
        actual=accuracy["actual"],
        absolute_error=accuracy["wape"] * accuracy["actual"],
        error=accuracy["bias_qty"],
    )


def _item_location_rows(facts: pd.DataFrame) -> Iterator[_Row]:
    sums = facts.select_dtypes("number").sum()
    yield from _figure_rows("all", "", {str(name): float(value) for name, value in sums.items()})
    for grouping in _GROUPINGS:
        by_group = facts.groupby(grouping, sort=True).sum(numeric_only=True)
        for group, row in by_group.iterrows():
            values = {str(name): float(value) for name, value in row.items()}
            if grouping == "location_type":  # seen from a dc, what it sends is use too
                values["use_value_per_day"] = values["outflow_value_per_day"]
            yield from _figure_rows(grouping, str(group), values)


def _figure_rows(group_by: str, group: str, sums: Mapping[str, float]) -> Iterator[_Row]:
    for figure in _FIGURES:
        value = figure.of(sums)
        if group_by == "all" or not np.isnan(value):
            yield figure.name, group_by, group, value, figure.unit, nan, nan, figure.source


def _channel_rows(tables: Mapping[str, pd.DataFrame]) -> Iterator[_Row]:
    """Planned service by channel: demand of an item-location and bucket is split as its forecast is."""
    split = tables["forecast_channels"]
    total = split.groupby([*_KEYS, "bucket_start"])["mean_qty"].transform("sum")
    split = split.assign(share=(split["mean_qty"] / total).where(total > 0, 0.0))
    rows = split.merge(tables[_STOCK], on=[*_KEYS, "bucket_start"])
    source = f"{_STOCK}, forecast_channels"
    for channel, part in rows.groupby("channel", sort=True):
        demand = float((part["share"] * part["demand_qty"]).sum())
        unmet = float((part["share"] * part["unmet_qty"]).sum())
        yield "demand_qty", "channel", str(channel), demand, "base units", nan, nan, source
        if demand > 0:
            yield "planned_fill_rate", "channel", str(channel), 1.0 - unmet / demand, "share 0..1", nan, nan, source


def _route_rows(tables: Mapping[str, pd.DataFrame]) -> Iterator[_Row]:
    routes, unassigned = tables["routes"], tables["unassigned"]
    figures = (
        ("routes", len(routes), "routes", "routes"),
        ("stops", len(tables["stops"]), "stops", "stops"),
        ("distance_km", routes["distance_km"].sum(), "km", "routes"),
        ("route_hours", routes["duration_min"].sum() / 60.0, "hours", "routes"),
        ("vehicle_utilisation", routes["utilisation"].mean(), "share 0..1", "routes"),
        ("transport_cost", routes["cost"].sum(), "money", "routes"),
        ("co2_kg", routes["co2_kg"].sum(), "kg CO2e, tank to wheel", "routes"),
        ("co2e_kg", routes["co2e_kg"].sum(), "kg CO2e, well to wheel", "routes"),
        ("planned_otif", planned_otif(tables), "share 0..1", "load_lines, loads, stops, replenishment_orders"),
        ("unassigned_loads", len(unassigned), "loads", "unassigned"),
        ("unassigned_kg", unassigned["weight_kg"].sum(), "kg", "unassigned"),
    )
    for name, value, unit, source in figures:
        yield name, "all", "", float(value), unit, nan, nan, source


def _simulated_rows(tables: Mapping[str, pd.DataFrame], t_quantile: float | None) -> Iterator[_Row]:
    for group_by, group, _, _, value, low, high in tables["simulated_service"].itertuples(index=False, name=None):
        yield "simulated_fill_rate", group_by, group, value, "share 0..1", low, high, "simulated_service"
    futures = tables["simulation"]
    for name, column, unit in (
        ("simulated_cycle_service_level", "cycle_service_level", "share 0..1"),
        ("simulated_holding_cost", "holding_cost", "money"),
        ("simulated_shortage_cost", "shortage_cost", "money"),
        ("simulated_waste_qty", "waste_qty", "base units"),
        ("simulated_waste_cost", "waste_cost", "money"),
        ("simulated_cost", "total_cost", "money"),
    ):
        mean, half = _mean_and_half_width(futures[column], t_quantile)
        yield name, "all", "", mean, unit, mean - half, mean + half, "simulation"


def _mean_and_half_width(values: pd.Series, t_quantile: float | None) -> tuple[float, float]:
    """Return the mean and half of its 95 % t-interval."""
    count = len(values)
    if count < 2:
        return float(values.mean()), nan
    quantile = float(scipy.special.stdtrit(count - 1, 0.975)) if t_quantile is None else t_quantile
    return float(values.mean()), quantile * float(values.std(ddof=1)) / float(np.sqrt(count))


def _list_rows(tables: Mapping[str, pd.DataFrame]) -> Iterator[_Row]:
    exceptions, issues = tables["exceptions"], tables["data_issues"]
    risk = float(exceptions["money_at_risk"].sum())
    yield "exceptions", "all", "", float(len(exceptions)), "exceptions", nan, nan, "exceptions"
    yield "money_at_risk", "all", "", risk, "money", nan, nan, "exceptions"
    yield "data_issues", "all", "", float(len(issues)), "issues", nan, nan, "data_issues"
