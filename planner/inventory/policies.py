"""Policies of every item-location: the winning row of inventory_policies, else class, else settings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from scenarios.settings import InventorySettings
from scenarios.tables.specificity import CLASS_KEYS, describe_rule, most_specific

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Policies:
    """What is wanted of each item-location, [K] each; NaN where nothing is said.

    Attributes
    ----------
    kind : R_s_S, R_S, s_S, s_Q or base_stock.
    measure : cycle_service_level, fill_rate, cost_optimal or newsvendor.
    target : share 0..1; not looked at where cost decides.
    review_period_days : days.
    safety_stock, minimum, maximum : base units; safety_stock and maximum may be NaN.
    days_of_supply : days of mean demand as safety stock.
    reorder_point, order_up_to : base units, in place of computed levels.
    holding_rate : share of unit cost per year.
    shortage_cost : money per unit, NaN where no policy gives one.
    rule : text, the row and the settings that decided.
    """

    kind: npt.NDArray[np.object_]
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

    @property
    def by_cost(self) -> npt.NDArray[np.bool_]:
        """Whether costs set the service [K]."""
        return np.isin(self.measure.astype(str), ("cost_optimal", "newsvendor"))


def resolve_policies(
    rows: pd.DataFrame,
    abc: npt.NDArray[np.str_],
    xyz: npt.NDArray[np.str_],
    policies: pd.DataFrame,
    settings: InventorySettings,
) -> Policies:
    """Return the policy of every row of supply: one row of `policies` wins, empty cells fall back.

    A service target comes from the winning row, else from `settings.service_by_class`, else from
    `settings.service_target`; a row that names another measure than the settings and no target takes the
    fallback as a target of its own measure.
    """
    # of rows that say the same of item and place the first wins: those that name a class go first
    named = np.sum([policies[name].fillna("") != "" for name in CLASS_KEYS], axis=0)
    policies = policies.iloc[np.argsort(-named, kind="stable")].reset_index(drop=True)
    winner = _winners(rows, abc, xyz, policies)

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
    measure = _texts(winner, policies, "service_measure", settings.service_measure)
    by_cost = np.isin(measure.astype(str), ("cost_optimal", "newsvendor"))
    return Policies(
        kind=_texts(winner, policies, "policy_kind", settings.policy_kind),
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
        rule=_rules(winner, np.isnan(target), ~np.isnan(by_class), by_cost, abc, policies),
    )


def _winners(
    rows: pd.DataFrame, abc: npt.NDArray[np.str_], xyz: npt.NDArray[np.str_], policies: pd.DataFrame
) -> npt.NDArray[np.int64]:
    """Return the position of the policy that wins for every row, -1 for none."""
    winner = np.full(len(rows), -1, dtype=np.int64)
    wanted_abc, wanted_xyz = (policies[name].fillna("").to_numpy(dtype=object) for name in CLASS_KEYS)
    for first, second in dict.fromkeys(zip(abc.tolist(), xyz.tolist(), strict=True)):
        here = np.flatnonzero((abc == first) & (xyz == second))
        usable = np.flatnonzero(np.isin(wanted_abc, ("", first)) & np.isin(wanted_xyz, ("", second)))
        if usable.size:
            found = most_specific(rows.iloc[here], policies.iloc[usable])
            winner[here] = np.where(found >= 0, usable[found], -1)
    return winner


def _texts(winner: npt.NDArray[np.int64], policies: pd.DataFrame, name: str, fallback: str) -> npt.NDArray[np.object_]:
    """Return what the winning row says in a column of text, else `fallback`."""
    said = np.append(policies[name].fillna("").to_numpy(dtype=object), "")[winner]
    return np.where(said != "", said, fallback).astype(object)


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
