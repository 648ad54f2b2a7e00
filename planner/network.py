"""SupplyNetwork: every planned item-location with its one source of supply and its terms.

The network starts from the item-locations that have demand and follows sources upstream until each
path ends at a supplier. networkx lives here only.

`scenarios.tables.sourcing` says which row supplies an item-location.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from reports.tables import SUPPLY, conform
from scenarios.errors import InputError
from scenarios.scenario import Scenario
from scenarios.tables.sourcing import find_sources
from scenarios.tables.specificity import describe_rule, named_keys

_KEYS = ["item_id", "location_id"]
_TERMS = ["lead_time_days", "lead_time_sd_days", "review_period_days", "fixed_order_cost"]


@dataclass(frozen=True, slots=True)
class SupplyNetwork:
    """Item-locations and the locations they hang on.

    Attributes
    ----------
    supply : one row per planned item-location, schema `reports.tables.SUPPLY`, suppliers' customers
        first: a row's source location stands above it.
    sources : by location, those that supply it.
    """

    supply: pd.DataFrame
    sources: Mapping[str, tuple[str, ...]]


def build_network(tables: Mapping[str, pd.DataFrame], scenario: Scenario) -> SupplyNetwork:
    """Find the source of every item-location that has demand, and of everything upstream of it.

    Raises
    ------
    InputError
        An item-location has no source of supply, or the lanes in use form a cycle.
    """
    wanted = _with_attributes(_with_demand(tables), tables)
    resolved: list[pd.DataFrame] = []
    while not wanted.empty:
        rows = _resolve(wanted, tables)
        resolved.append(rows)
        upstream = rows.loc[rows["source_type"] == "location", ["item_id", "source_id"]]
        pairs = upstream.rename(columns={"source_id": "location_id"}).drop_duplicates()
        known = pd.concat([r[_KEYS] for r in resolved])
        wanted = _with_attributes(_not_in(pairs, known), tables)
    supply = pd.concat(resolved, ignore_index=True)
    sources = _sources_of_locations(supply)
    supply = _with_terms(supply, tables, scenario)
    supply["level"] = _levels(supply)
    supply = supply.sort_values(["level", "location_id", "item_id"], kind="stable", ignore_index=True)
    return SupplyNetwork(conform(SUPPLY, supply), sources)


def _with_demand(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the item-locations with a history, heirs of such, and stores' that a stock policy names one by one."""
    sold = tables["demand_history"][_KEYS].drop_duplicates()
    followers = tables["item_transitions"][["from_item_id", "to_item_id"]].rename(columns={"from_item_id": "item_id"})
    heirs = sold.merge(followers, on="item_id").drop(columns="item_id").rename(columns={"to_item_id": "item_id"})
    policies, locations = tables["inventory_policies"], tables["locations"]
    selling = locations.loc[locations["type"] != "dc", "location_id"]
    named = policies.loc[policies["location_id"].isin(selling) & (policies["item_id"].fillna("") != ""), _KEYS]
    return pd.concat([sold, heirs[_KEYS], named]).drop_duplicates()


def _not_in(pairs: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    merged = pairs.merge(known, how="left", on=_KEYS, indicator="seen")
    return merged.loc[merged["seen"] == "left_only", _KEYS]


def _with_attributes(pairs: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Add what rules may name: category, region and location type."""
    items = tables["items"][["item_id", "category"]]
    locations = tables["locations"][["location_id", "region", "type", "priority"]]
    frame = pairs.merge(items, on="item_id").merge(locations, on="location_id")
    return frame.rename(columns={"type": "location_type"}).sort_values(_KEYS, ignore_index=True)


def _resolve(wanted: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Add the source of each wanted item-location and the row of item_suppliers or lanes that names it."""
    suppliers, lanes = tables["item_suppliers"], tables["lanes"]
    found = find_sources(wanted, suppliers, lanes)
    if not found.found.all():
        raise InputError(_no_source_issues(wanted[~found.found]))
    by_lane = found.lane_row >= 0
    out = wanted.copy()
    out["source_type"] = np.where(by_lane, "location", "supplier")
    out["row"] = np.where(by_lane, found.lane_row, found.supplier_row)
    origin, supplier = _take(lanes["origin_id"], found.lane_row), _take(suppliers["supplier_id"], found.supplier_row)
    out["source_id"] = np.where(by_lane, origin, supplier)
    return out


def _take(column: pd.Series[Any], positions: npt.NDArray[np.int64]) -> npt.NDArray[np.object_]:
    """Return the values at `positions`, empty texts at -1."""
    return np.append(column.to_numpy(dtype=object), "")[positions]


def _no_source_issues(pairs: pd.DataFrame) -> pd.DataFrame:
    first = pairs.iloc[0]
    return pd.DataFrame(
        [
            {
                "severity": "error",
                "table": "item_suppliers",
                "row": "",
                "column": "",
                "rule": "source_of_supply",
                "value": f"item {first.item_id} at location {first.location_id}",
                "rows": len(pairs),
                "message": f"{len(pairs)} item-locations have no source of supply.",
                "action": "Add a row to item_suppliers or lanes that covers them.",
            }
        ]
    )


def _sources_of_locations(supply: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    """Return by location the locations that supply it; an InputError names those that supply each other in a circle."""
    lanes = supply.loc[supply["source_type"] == "location", ["location_id", "source_id"]].drop_duplicates()
    sources = {str(location): tuple(sorted(map(str, of))) for location, of in lanes.groupby("location_id")["source_id"]}
    circle = _circle(lanes) if lanes["source_id"].isin(lanes["location_id"]).any() else []
    if circle:
        raise InputError(
            pd.DataFrame(
                [
                    {
                        "severity": "error",
                        "table": "lanes",
                        "row": "",
                        "column": "origin_id",
                        "rule": "acyclic",
                        "value": " -> ".join([*circle, circle[0]]),
                        "rows": len(circle),
                        "message": "Locations supply each other in a circle.",
                        "action": "Remove one of these lanes, or give the first location a supplier.",
                    }
                ]
            )
        )
    return sources


def _circle(lanes: pd.DataFrame) -> list[str]:
    """Return locations that supply each other in a circle, in the order of the goods; none: []."""
    import networkx as nx  # noqa: PLC0415 - takes 0.2 s, and dcs that only suppliers supply cannot close a circle

    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_edges_from(lanes[["source_id", "location_id"]].itertuples(index=False, name=None))
    return [] if nx.is_directed_acyclic_graph(graph) else [edge[0] for edge in nx.find_cycle(graph)]


def _levels(supply: pd.DataFrame) -> pd.Series[int]:
    """Return the steps from the supplier: 0 where a supplier delivers, else one more than the source."""
    level = pd.Series(0, index=pd.MultiIndex.from_frame(supply[_KEYS]))
    inner = (supply["source_type"] == "location").to_numpy()
    sources = pd.MultiIndex.from_arrays([supply["item_id"][inner], supply["source_id"][inner]])
    while True:
        updated = level.copy()
        updated.to_numpy()[inner] = level.reindex(sources).to_numpy() + 1
        if updated.equals(level):
            return pd.Series(level.to_numpy(), index=supply.index)
        level = updated


def _with_terms(supply: pd.DataFrame, tables: Mapping[str, pd.DataFrame], scenario: Scenario) -> pd.DataFrame:
    """Add the terms of the chosen row, then of the supplier, then of the settings; item and stock data."""
    defaults = scenario.inventory
    by_lane = (supply["source_type"] == "location").to_numpy()
    parts = [
        _terms_of(supply[by_lane], tables["lanes"], "lanes"),
        _terms_of(supply[~by_lane], tables["item_suppliers"], "item_suppliers"),
    ]
    out = pd.concat([part for part in parts if not part.empty], ignore_index=True)
    by_lane = (out["source_type"] == "location").to_numpy()

    suppliers = tables["suppliers"].set_index("supplier_id")
    for term in _TERMS:
        fallback = out["source_id"].map(suppliers[term]) if not suppliers.empty else np.nan
        out[term] = out[term].fillna(fallback)
    out["lead_time_days"] = out["lead_time_days"].fillna(
        pd.Series(np.where(by_lane, defaults.default_lane_lead_time_days, defaults.default_lead_time_days))
    )
    out["review_period_days"] = out["review_period_days"].fillna(defaults.default_review_period_days)
    out = out.fillna({"lead_time_sd_days": 0.0, "fixed_order_cost": 0.0, "cost_per_unit": 0.0, "moq_qty": 0.0})

    items = tables["items"].drop(columns="category")
    if "unit_cost" in out:
        out = out.rename(columns={"unit_cost": "purchase_cost"})
    out = out.merge(items, on="item_id", how="left")
    price = out["unit_price"]
    out["unit_cost"] = out["purchase_cost"].fillna(out["unit_cost"]).fillna(price).fillna(defaults.default_unit_cost)
    out["unit_price"] = price.fillna(out["unit_cost"])
    out["backorders"] = out["unmet_demand"] == "backorder"

    out["order_uom"] = out["order_uom"].where(named_keys(out, "order_uom"), out["uom"])
    factors = tables["item_uoms"][["item_id", "uom", "factor_qty"]].rename(columns={"uom": "order_uom"})
    out = out.merge(factors, on=["item_id", "order_uom"], how="left")
    out["order_uom_factor_qty"] = out["factor_qty"].fillna(1.0)
    out["order_multiple_qty"] = out["order_multiple_qty"].fillna(out["order_uom_factor_qty"])

    stock = tables["inventory"]
    stock = stock.assign(available_qty=(stock["on_hand_qty"] - stock["allocated_qty"]).clip(lower=0.0))
    out = out.merge(stock[[*_KEYS, "available_qty", "backorder_qty"]], on=_KEYS, how="left")
    return out.fillna({"available_qty": 0.0, "backorder_qty": 0.0})


def _terms_of(supply: pd.DataFrame, rules: pd.DataFrame, name: str) -> pd.DataFrame:
    wanted = [*_TERMS, "moq_qty", "order_multiple_qty", "order_uom", "cost_per_unit", "unit_cost"]
    rules = rules.reset_index(drop=True)
    terms = rules.reindex(columns=wanted).iloc[supply["row"].to_numpy()]
    out = pd.concat([supply.reset_index(drop=True), terms.reset_index(drop=True)], axis=1)
    texts = {row: describe_rule(name, rules.iloc[row]) for row in supply["row"].unique()}
    out["source_rule"] = supply["row"].map(texts).to_numpy()
    for number in ("cost_per_unit", "unit_cost"):
        out[number] = out[number].astype("float64")
    return out
