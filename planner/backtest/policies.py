"""Policies by name, as `planner backtest --policy` takes them."""

from __future__ import annotations

from collections.abc import Callable

from planner.backtest.demand import DemandForecaster
from planner.backtest.peers import AutoETSOrderUpTo, MovingAverageCover
from planner.backtest.terms import Terms
from planner.backtest.unit_pricing import TAIL_WEEKS, UnitPricing
from planner.backtest.walk import Policy

Factory = Callable[[Terms, int], Policy]
"""(terms, seed) -> policy."""


def horizon_for(terms: Terms) -> int:
    """Return the weeks ahead that unit pricing forecasts: lead time, review period and the tail of leftovers."""
    return int((terms.lead_weeks + terms.review_weeks).max(initial=1)) + TAIL_WEEKS


def _unit_pricing(terms: Terms, seed: int) -> Policy:
    return UnitPricing(DemandForecaster(horizon_for(terms), seed=seed), seed=seed)


def _unit_pricing_smoothing(terms: Terms, seed: int) -> Policy:
    forecaster = DemandForecaster(horizon_for(terms), boosted=False, seed=seed)
    return UnitPricing(forecaster, seed=seed)


POLICIES: dict[str, Factory] = {
    "unit_pricing": _unit_pricing,
    "unit_pricing_smoothing": _unit_pricing_smoothing,
    "moving_average_cover_4": lambda _terms, _seed: MovingAverageCover(4.0),
    "moving_average_cover_3.5": lambda _terms, _seed: MovingAverageCover(3.5),
    "autoets_order_up_to": lambda _terms, _seed: AutoETSOrderUpTo(0.6),
}
