"""Backtest of one policy on one project: from tables and actual sales to orders and costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from planner.backtest.errors import BacktestError
from planner.backtest.panel import KEYS, Panel, build_panel
from planner.backtest.policies import POLICIES
from planner.backtest.terms import read_stock, read_terms
from planner.backtest.walk import WARM_UP_WEEKS, Progress, Walk, walk, warmed_stock
from planner.network import build_network
from scenarios.project import Project

_WEEK = pd.Timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Backtest:
    """What a backtest found.

    Attributes
    ----------
    orders : round (from 0), order_date, location_id, item_id, qty; a row for every item-location and round.
    costs : week (from 1), holding, shortage; a row for every week whose sales are known.
    first_week : the first week (from 1) that the first order reaches.
    last_week : the last week that an order of these rounds reaches.
    warmed_up : whether the starting stock is that of a warm-up, not the project's.
    stock_date : day of the project's own stock.
    """

    orders: pd.DataFrame
    costs: pd.DataFrame
    first_week: int
    last_week: int
    warmed_up: bool
    stock_date: pd.Timestamp


def backtest(
    project: Project,
    policy: str,
    *,
    start: pd.Timestamp,
    rounds: int,
    actuals: pd.DataFrame | None = None,
    seed: int = 1,
    progress: Progress | None = None,
) -> Backtest:
    """Walk forward from `start`: order, see the next week's sales, order again.

    Round 0 is ordered on `start`, when the week before it is over, and sees the sales before `start` only; round r
    sees r weeks more. The order arrives after the project's lead time: with 14 days, an order at the end of week
    X is there at the start of week X + 3. Costs are those of the weeks up to the arrival of the last order.

    Where `start` is the project's horizon start, its inventory and open orders are the starting stock. There is
    none on record for any other day: the policy's own orders of the twelve weeks before then make it.

    Parameters
    ----------
    start : first day of the first week that is not known.
    actuals : location_id, item_id, date, qty of weeks from the project's horizon on; they are shown to the policy
        week by week as they end.

    Raises
    ------
    BacktestError
        The policy does not exist, the history is too short, sales of a round's past are missing, or `actuals`
        do not fit the project. All of it is said at once where possible.
    """
    if policy not in POLICIES:
        raise BacktestError(f"There is no policy '{policy}'. Policies: {', '.join(POLICIES)}.")
    panel, first = _panel(project, start, actuals)
    supply = build_network(project.tables, project.scenario).supply
    terms = read_terms(project, supply, panel.keys)
    weeks = rounds + terms.longest_lead
    _check_length(panel, first, rounds, start)
    rule = POLICIES[policy](terms, seed)
    horizon = pd.Timestamp(project.scenario.horizon.start)
    at_horizon = start == horizon
    if not at_horizon and first <= WARM_UP_WEEKS:
        raise BacktestError(f"A start within {WARM_UP_WEEKS} weeks of the first sales leaves no time to warm up.")
    stock = read_stock(project, panel.keys, terms) if at_horizon else warmed_stock(panel, first, terms, rule)
    played = walk(panel, first, stock, terms, rule, rounds=rounds, weeks=weeks, progress=progress)
    return Backtest(
        orders=_orders(panel, played, start),
        costs=_costs(played),
        first_week=int(terms.lead_weeks.min(initial=terms.longest_lead)) + 1,
        last_week=weeks,
        warmed_up=not at_horizon,
        stock_date=horizon,
    )


def _panel(project: Project, start: pd.Timestamp, actuals: pd.DataFrame | None) -> tuple[Panel, int]:
    """Return all weeks that are known, and how many of them lie before `start`."""
    history = project.tables["demand_history"]
    if history.empty or history["date"].min() > start - _WEEK:
        raise BacktestError(f"There is no week of sales before {start.date()}.")
    horizon = pd.Timestamp(project.scenario.horizon.start)
    tables = dict(project.tables)
    end = horizon
    if actuals is not None:
        later = actuals[actuals["date"] >= horizon]
        _check_actuals(later, history)
        if not later.empty:
            tables["demand_history"] = pd.concat([history, later.assign(in_stock_share=1.0)], ignore_index=True)
            end = max(end, later["date"].max() + _WEEK)
    late = (start - end).days % 7
    if late:
        before = start - pd.Timedelta(days=late)
        raise BacktestError(
            f"Weeks of this project begin on {end.day_name()}s, as its horizon does; {start.date()} is a "
            f"{start.day_name()}. Start on {before.date()} or {(before + _WEEK).date()}, when the week before is over."
        )
    panel = build_panel(tables, end)
    return panel, int(np.count_nonzero(panel.weeks < np.datetime64(start, "D")))


def _check_actuals(later: pd.DataFrame, history: pd.DataFrame) -> None:
    """Raise where actual sales name other item-locations than the history, or leave some of them out."""
    known = pd.MultiIndex.from_frame(history[KEYS].drop_duplicates())
    given = pd.MultiIndex.from_frame(later[KEYS].drop_duplicates())
    for some, others, text in (
        (given, known, "The actuals hold {n} item-locations without history, first location {l}, item {i}."),
        (known, given, "The actuals lack {n} item-locations of the history, first location {l}, item {i}."),
    ):
        odd = some.difference(others)
        if len(odd) and len(given):
            raise BacktestError(text.format(n=len(odd), l=odd[0][0], i=odd[0][1]))


def _check_length(panel: Panel, first: int, rounds: int, start: pd.Timestamp) -> None:
    known = panel.sales.shape[1] - first
    if known < rounds - 1:
        missing = (start + known * _WEEK).date()
        raise BacktestError(
            f"Round {known + 1} has to see the sales of the week of {missing}, which are neither in the history nor "
            f"in the actuals. Give them with --actuals, or play {known + 1} rounds."
        )


def _orders(panel: Panel, played: Walk, start: pd.Timestamp) -> pd.DataFrame:
    frames = [
        panel.keys.assign(round=number, order_date=start + number * _WEEK, qty=order.astype(np.int64))
        for number, order in enumerate(played.orders)
    ]
    return pd.concat(frames, ignore_index=True)[["round", "order_date", *KEYS, "qty"]]


def _costs(played: Walk) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "week": np.arange(1, len(played.holding) + 1),
            "holding": played.holding.sum(axis=1),
            "shortage": played.shortage.sum(axis=1),
        }
    )
