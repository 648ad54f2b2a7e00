"""Terms: lead time, review period and costs of every item-location, as the ordering rules take them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from planner.backtest.errors import BacktestError
from planner.backtest.panel import KEYS
from scenarios.project import Project
from scenarios.tables.specificity import CLASS_KEYS, most_specific
from solvers.ordering.stock import Stock

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_DAYS_PER_WEEK = 7
_DAYS_PER_YEAR = 365


@dataclass(frozen=True, slots=True)
class Terms:
    """What an order decision weighs, for K item-locations.

    Attributes
    ----------
    lead_weeks : [K] an order placed now arrives at the start of the week with this number; the next week is 0.
    review_weeks : [K] weeks between two orders, at least 1.
    holding_cost : [K] money per unit in stock at a week's end.
    shortage_cost : [K] money per unit lost, or per unit and week owed.
    lost_sales : [K] whether unmet demand is lost; otherwise it is owed.
    """

    lead_weeks: Integers
    review_weeks: Integers
    holding_cost: Floats
    shortage_cost: Floats
    lost_sales: npt.NDArray[np.bool_]

    @property
    def longest_lead(self) -> int:
        """Weeks before every order has arrived."""
        return int(self.lead_weeks.max(initial=0))


def read_terms(project: Project, supply: pd.DataFrame, keys: pd.DataFrame) -> Terms:
    """Return the terms of `keys` (location_id, item_id), in their order.

    Lead times round up to weeks. Holding cost is the rate of the policy, or of the settings, on the unit cost;
    shortage cost is the policy's, or the settings' share of the unit price.

    Parameters
    ----------
    supply : every planned item-location with its source, schema `reports.tables.SUPPLY`.
    """
    settings = project.scenario.inventory
    rows = keys.merge(supply, how="left", on=KEYS)
    policies = project.tables["inventory_policies"]
    rate = _by_policy(rows, policies, "holding_cost_rate").fillna(settings.holding_cost_rate)
    shortage = _by_policy(rows, policies, "shortage_cost").fillna(settings.shortage_cost_share * rows["unit_price"])
    review = _by_policy(rows, policies, "review_period_days").fillna(rows["review_period_days"])
    return Terms(
        lead_weeks=np.ceil(rows["lead_time_days"].to_numpy() / _DAYS_PER_WEEK - 1e-9).astype(np.int64),
        review_weeks=np.maximum(np.ceil(review.to_numpy() / _DAYS_PER_WEEK - 1e-9), 1).astype(np.int64),
        holding_cost=(rate * rows["unit_cost"]).to_numpy() * _DAYS_PER_WEEK / _DAYS_PER_YEAR,
        shortage_cost=np.asarray(shortage, dtype=np.float64),
        lost_sales=~rows["backorders"].to_numpy(dtype=bool),
    )


def _by_policy(rows: pd.DataFrame, policies: pd.DataFrame, column: str) -> pd.Series[float]:
    """Return `column` of the most specific policy that gives it, NaN where none does."""
    giving = policies[policies[column].notna()]
    by_class = (giving[list(CLASS_KEYS)].fillna("") != "").any(axis=1)
    if by_class.any():
        raise BacktestError(
            f"inventory_policies gives {column} by class (line {giving.loc[by_class, 'line'].iloc[0]}), and classes "
            "change from week to week. Give it by item, category, location or region for a backtest."
        )
    found = most_specific(rows, giving)
    values = np.append(giving[column].to_numpy(dtype=np.float64), np.nan)
    return pd.Series(values[found], index=rows.index)


def read_stock(project: Project, keys: pd.DataFrame, terms: Terms) -> Stock:
    """Return the stock of `keys` at the start of the horizon. Open orders that are overdue arrive in the first week."""
    given = project.tables["inventory"].drop(columns="date")
    inventory = keys.merge(given, how="left", on=KEYS).fillna(0.0)
    free = inventory["on_hand_qty"] - inventory["allocated_qty"] - inventory["backorder_qty"]
    orders = project.tables["open_orders"]
    row = pd.MultiIndex.from_frame(keys[KEYS]).get_indexer(pd.MultiIndex.from_frame(orders[KEYS]))
    days = (orders["receipt_date"] - pd.Timestamp(project.scenario.horizon.start)).dt.days.to_numpy()
    week = np.maximum(np.ceil(days / _DAYS_PER_WEEK).astype(np.int64), 0)
    in_transit = np.zeros((len(keys), max(terms.longest_lead, int(week.max(initial=0))) + 1))
    planned = row >= 0
    np.add.at(in_transit, (row[planned], week[planned]), orders["qty"].to_numpy(dtype=np.float64)[planned])
    return Stock(free.to_numpy(dtype=np.float64), in_transit)
