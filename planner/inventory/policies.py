"""Policies of every item-location: the winning row of inventory_policies, else class, else settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from scenarios.settings import InventorySettings
from scenarios.tables.specificity import describe_rule, most_specific

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Policies:
    """What is wanted of each item-location, [K] each; NaN where nothing is said.

    Attributes
    ----------
    measure : cycle_service_level, fill_rate or cost_optimal.
    target : share 0..1; not looked at where the measure is cost_optimal.
    review_period_days : days.
    safety_stock, minimum, maximum : base units; safety_stock and maximum may be NaN.
    days_of_supply : days of mean demand as safety stock.
    reorder_point, order_up_to : base units, in place of computed levels.
    holding_rate : share of unit cost per year.
    shortage_cost : money per unit, NaN where no policy gives one.
    rule : text, the row and the settings that decided.
    """

    measure: npt.NDArray[np.object_]
    target: Floats
    review_period_days: Floats
    safety_stock: Floats
    days_of_supply: Floats
    reorder_point: Floats
    order_up_to: Floats
    minimum: Floats
    maximum: Floats
    holding_rate: Floats
    shortage_cost: Floats
    rule: npt.NDArray[np.object_]


def resolve_policies(
    rows: pd.DataFrame, abc: npt.NDArray[np.str_], policies: pd.DataFrame, settings: InventorySettings
) -> Policies:
    """Return the policy of every row of supply: one row of `policies` wins, empty cells fall back.

    A service target comes from the winning row, else from `settings.service_by_class`, else from
    `settings.service_target`; a row that names another measure than the settings and no target takes the
    fallback as a target of its own measure.
    """
    policies = policies.reset_index(drop=True)
    winner = most_specific(rows, policies) if len(policies) else np.full(len(rows), -1, dtype=np.int64)

    def cell(name: str) -> Floats:
        if policies.empty:
            return np.full(len(rows), np.nan)
        column = policies[name].to_numpy(dtype=np.float64, na_value=np.nan)
        return np.where(winner >= 0, column[winner], np.nan)

    def first(*values: Floats | float) -> Floats:
        out = np.full(len(rows), np.nan)
        for value in values:
            out = np.where(np.isnan(out), value, out)
        return out

    by_class = np.array([settings.service_by_class.get(name, np.nan) for name in abc], dtype=np.float64)
    target = cell("service_target")
    measure = _measures(winner, policies, settings)
    return Policies(
        measure=measure,
        target=first(target, by_class, settings.service_target),
        review_period_days=first(cell("review_period_days"), rows["review_period_days"].to_numpy(np.float64)),
        safety_stock=cell("safety_stock_qty"),
        days_of_supply=cell("days_of_supply"),
        reorder_point=cell("reorder_point_qty"),
        order_up_to=cell("order_up_to_qty"),
        minimum=first(cell("min_qty"), 0.0),
        maximum=cell("max_qty"),
        holding_rate=first(cell("holding_cost_rate"), settings.holding_cost_rate),
        shortage_cost=cell("shortage_cost"),
        rule=_rules(winner, np.isnan(target), ~np.isnan(by_class), measure == "cost_optimal", abc, policies),
    )


def _measures(
    winner: npt.NDArray[np.int64], policies: pd.DataFrame, settings: InventorySettings
) -> npt.NDArray[np.object_]:
    out = np.full(len(winner), settings.service_measure, dtype=object)
    if policies.empty:
        return out
    said: pd.Series[Any] = policies["service_measure"].fillna("")
    named = (winner >= 0) & (said.to_numpy(dtype=object)[winner] != "")
    out[named] = said.to_numpy(dtype=object)[winner[named]]
    return out


def _rules(
    winner: npt.NDArray[np.int64],
    no_target: npt.NDArray[np.bool_],
    has_class: npt.NDArray[np.bool_],
    by_cost: npt.NDArray[np.bool_],
    abc: npt.NDArray[np.str_],
    policies: pd.DataFrame,
) -> npt.NDArray[np.object_]:
    """Return what decided: the row, and where the service target came from if not from it."""
    names = [describe_rule("inventory_policies", policies.iloc[row]) for row in range(len(policies))]
    row_text = np.array([*names, ""], dtype=object)[winner]
    fallback = np.where(
        has_class, "settings inventory.service_by_class." + abc.astype(object), "settings inventory.service_target"
    )
    fallback = np.where(by_cost, "holding and shortage cost", fallback)
    joined = np.where(row_text == "", fallback, row_text + "; " + fallback)
    return np.where(no_target | by_cost, joined, row_text)
