"""Unit pricing: order every unit whose expected saving on sampled demand exceeds its holding cost."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from planner.backtest.demand import DemandForecaster
from planner.backtest.panel import Panel
from planner.backtest.terms import Terms
from solvers.ordering.paths import sample_paths
from solvers.ordering.pricing import OrderingProblem, order_quantities
from solvers.ordering.stock import Stock

Floats = npt.NDArray[np.float64]

CARRY = 0.8  # share of a week's leftover that later orders do not make up for; see docs/benchmarks-inventory.md
TAIL_WEEKS = 3  # weeks after the order's own in which a leftover is priced
_PATHS = 2000
_CHUNK = 500  # item-locations sampled at a time, to bound memory


class UnitPricing:
    """The policy: forecast, sample demand paths, price units one by one.

    Parameters
    ----------
    forecaster : gives the paths; its horizon bounds how far leftovers are priced.
    seed : of the paths; the same week gives the same paths whatever was ordered before.
    """

    def __init__(
        self, forecaster: DemandForecaster, *, carry: float = CARRY, paths: int = _PATHS, seed: int = 1
    ) -> None:
        self._forecaster = forecaster
        self._carry = carry
        self._paths = paths
        self._seed = seed

    def order(self, known: Panel, stock: Stock, terms: Terms, weeks_left: int | None) -> Floats:
        """Return the quantities [K] to order, base units; 0 where the order would arrive after the last week."""
        forecast = self._forecaster.forecast(known)
        mean = forecast.mean
        horizon = mean.shape[1] if weeks_left is None else min(mean.shape[1], weeks_left)
        arrivals = np.zeros((len(mean), horizon), dtype=np.int64)
        width = min(horizon, stock.in_transit.shape[1])
        arrivals[:, :width] = np.rint(stock.in_transit[:, :width])
        orders = np.zeros(len(mean))
        in_time = np.flatnonzero(terms.lead_weeks < horizon)
        rng = np.random.default_rng([self._seed, known.sales.shape[1]])
        for first in range(0, len(in_time), _CHUNK):
            rows = in_time[first : first + _CHUNK]
            problem = OrderingProblem(
                demand=sample_paths(
                    mean[rows], forecast.level_dispersion[rows], forecast.week_dispersion[rows], self._paths, rng
                )[:, :, :horizon],
                on_hand=np.rint(stock.on_hand[rows]).astype(np.int64),
                arrivals=arrivals[rows],
                lead_buckets=terms.lead_weeks[rows],
                review_buckets=terms.review_weeks[rows],
                holding_cost=terms.holding_cost[rows],
                shortage_cost=terms.shortage_cost[rows],
                carry=np.full(len(rows), self._carry),
                lost_sales=terms.lost_sales[rows],
            )
            orders[rows] = order_quantities(problem)
        return orders
