"""Walk: a policy orders week by week, and sees each week's sales only when the week is over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from planner.backtest.panel import Panel
from planner.backtest.terms import Terms
from solvers.ordering.stock import Stock, advance

Floats = npt.NDArray[np.float64]
Progress = Callable[[str, int, int], None]

WARM_UP_WEEKS = 12
_LEVEL_WEEKS = 13


class Policy(Protocol):
    """A rule that decides what to order."""

    def order(self, known: Panel, stock: Stock, terms: Terms, weeks_left: int | None) -> Floats:
        """Return the quantities [K] to order at the end of the last week of `known`.

        `weeks_left` is the number of weeks from the next one on whose costs still count; None: no end in sight.
        """
        ...


@dataclass(frozen=True, slots=True)
class Walk:
    """What a policy ordered and what it cost, over R rounds and W weeks.

    Attributes
    ----------
    orders : [R, K] base units.
    holding, shortage : [W, K] money.
    stock : at the end of the last week.
    """

    orders: Floats
    holding: Floats
    shortage: Floats
    stock: Stock

    def cost(self, first_week: int) -> float:
        """Return the cost from week `first_week` (from 1) to the last one."""
        return float(self.holding[first_week - 1 :].sum() + self.shortage[first_week - 1 :].sum())


def walk(
    panel: Panel,
    start: int,
    stock: Stock,
    terms: Terms,
    policy: Policy,
    *,
    rounds: int,
    weeks: int,
    ends: bool = True,
    progress: Progress | None = None,
) -> Walk:
    """Play `weeks` weeks after the first `start` weeks of `panel`, with an order before each of the first `rounds`.

    The policy is given `panel.until(week)` only, and orders where a review is due, first in the first round.
    Item-locations that were not sold before `start` are neither ordered nor counted. Fewer weeks are played where
    the panel ends before; a round is played as soon as its history is there, even if the week after it is not.

    Parameters
    ----------
    ends : whether costs end with the last of the weeks, as the policy then knows.
    """
    known_weeks = panel.sales.shape[1] - start
    active = np.asarray((panel.exposure[:, :start] > 0.0).any(axis=1))
    orders, holding, shortage = [], [], []
    for week in range(weeks):
        if week < rounds:
            if progress is not None:
                progress("rounds", week, rounds)
            wanted = policy.order(panel.until(start + week), stock, terms, weeks - week if ends else None)
            due = active & (week % terms.review_weeks == 0)
            order = np.where(due, np.maximum(np.rint(wanted), 0.0), 0.0)
            orders.append(order)
            stock = stock.with_order(order, terms.lead_weeks)
        if week >= known_weeks:
            break
        end = advance(stock, np.where(active, panel.sales[:, start + week], 0.0), terms.lost_sales)
        holding.append(terms.holding_cost * end.held * active)
        shortage.append(terms.shortage_cost * end.short)
        stock = end.stock
    count = len(panel.keys)
    return Walk(
        np.reshape(orders, (len(orders), count)),
        np.reshape(holding, (len(holding), count)),
        np.reshape(shortage, (len(shortage), count)),
        stock,
    )


def neutral_stock(panel: Panel, start: int, terms: Terms) -> Stock:
    """Return two weeks of recent mean sales on hand and one in each week of the lead time, in whole units."""
    recent = slice(max(0, start - _LEVEL_WEEKS), start)
    there = panel.exposure[:, recent]
    mean = (panel.sales[:, recent] * (there > 0.0)).sum(axis=1) / np.maximum(there.sum(axis=1), 1.0)
    in_transit = np.zeros((len(mean), terms.longest_lead + 1))
    coming = np.arange(in_transit.shape[1]) < terms.lead_weeks[:, None]
    in_transit[coming] = np.broadcast_to(np.rint(mean)[:, None], in_transit.shape)[coming]
    return Stock(np.rint(2.0 * mean), in_transit)


def warmed_stock(panel: Panel, start: int, terms: Terms, policy: Policy) -> Stock:
    """Return the stock after the policy has ordered for twelve weeks before `start` from a neutral stock."""
    first = start - WARM_UP_WEEKS
    stock = neutral_stock(panel, first, terms)
    warm_up = walk(panel, first, stock, terms, policy, rounds=WARM_UP_WEEKS, weeks=WARM_UP_WEEKS, ends=False)
    return warm_up.stock
