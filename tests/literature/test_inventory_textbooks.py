"""Worked examples of inventory textbooks: levels to the precision that the books print."""

from __future__ import annotations

import numpy as np
import pytest

from planner.inventory.protection import demand_per_cycle, protection_moments, required_level
from scenarios.settings import Horizon
from solvers.demand.distributions import FittedDemand, fit_moments

NORMAL, POISSON = 0, 3


def one(family: int, mean: float, sd: float) -> FittedDemand:
    return FittedDemand(np.array([family], dtype=np.int8), np.array([mean]), np.array([sd**2]))


def level(demand: FittedDemand, *, fill: bool, target: float, quantity: float, backorders: bool = True) -> float:
    wanted = np.array([target])
    cycle = demand_per_cycle(np.zeros(1), np.array([quantity]), wanted, np.array([backorders]))
    return float(required_level(demand, np.array([fill]), wanted, cycle)[0])


def test_cycle_service_level_of_silver_pyke_and_peterson() -> None:
    """Silver, Pyke and Peterson 1998, chapter 7: demand over the lead time 58.3 +- 13.1, P1 = 0.90.

    k = 1.28, safety stock 16.8, reorder point 75.1.
    """
    s = level(one(NORMAL, 58.3, 13.1), fill=False, target=0.90, quantity=129)
    assert s == pytest.approx(75.1, abs=0.05)


def test_fill_rate_of_silver_pyke_and_peterson() -> None:
    """Silver, Pyke and Peterson 1998, chapter 7: demand over the lead time 50 +- 11.4, Q = 200, P2 = 0.99.

    G(k) = 200 / 11.4 x 0.01 = 0.175, k = 0.58, reorder point 56.6.
    """
    s = level(one(NORMAL, 50.0, 11.4), fill=True, target=0.99, quantity=200)
    assert s == pytest.approx(56.6, abs=0.1)


def test_both_services_of_nahmias() -> None:
    """Nahmias, Production and Operations Analysis, chapter 5, service levels of Harvey's Specialty Shop (mustard).

    Demand over six months 100 +- 25, Q = 100. Type 1 service 0.98: R = 151; type 2 service 0.98: n(R) = 2,
    L(z) = 0.08, R = 126.
    """
    mustard = one(NORMAL, 100.0, 25.0)
    assert level(mustard, fill=False, target=0.98, quantity=100) == pytest.approx(151, abs=0.5)
    assert level(mustard, fill=True, target=0.98, quantity=100) == pytest.approx(126, abs=0.5)


def test_newsvendor_of_snyder_and_shen() -> None:
    """Snyder and Shen, Fundamentals of Supply Chain Theory, example 4.3: h = 0.18, p = 0.70, N(50, 8).

    S = 56.6, cost 1.9976. With Poisson demand of mean 50: 56 and 1.797235 (documentation of stockpyl,
    newsvendor_poisson, by the same authors).
    """
    h, p = 0.18, 0.70
    demand = one(NORMAL, 50.0, 8.0)
    s = demand.quantile(p / (p + h))
    assert s[0] == pytest.approx(56.6039, abs=1e-3)
    short = demand.expected_shortage(s)[0]
    assert h * (s[0] - 50.0 + short) + p * short == pytest.approx(1.9976, abs=1e-4)

    poisson = one(POISSON, 50.0, np.sqrt(50.0))
    s = poisson.quantile(p / (p + h))
    assert s[0] == 56.0
    short = poisson.expected_shortage(s)[0]
    assert h * (s[0] - 50.0 + short) + p * short == pytest.approx(1.797235, abs=1e-5)


def test_demand_over_a_random_lead_time_of_silver_pyke_and_thomas() -> None:
    """var(X) = E(L) var(D) + E(D)^2 var(L); Silver, Pyke and Thomas 2017, chapter 6.

    Demand 100 +- 30 a day, lead time 9 +- 2 days: mean 900, variance 9 x 900 + 100^2 x 4 = 48,100.
    """
    horizon = Horizon(start="2024-01-01", buckets=20, bucket="day")
    mean, variance = protection_moments(
        np.full((1, 20), 100.0), np.full((1, 20), 900.0), np.array([9.0]), np.array([2.0]), horizon
    )
    assert mean[0] == pytest.approx(900.0)
    assert variance[0] == pytest.approx(48_100.0)


def test_lost_sales_need_less_stock_than_backorders() -> None:
    """Silver, Pyke and Thomas 2017, chapter 6: (1 - P2) becomes (1 - P2) / P2 where sales are lost."""
    demand = fit_moments(np.array([40.0]), np.array([900.0]))
    lost = level(demand, fill=True, target=0.8, quantity=50, backorders=False)
    waits = level(demand, fill=True, target=0.8, quantity=50)
    assert lost < waits
    assert demand.expected_shortage(np.array([lost]))[0] / (
        50 + demand.expected_shortage(np.array([lost]))[0]
    ) == pytest.approx(0.2, abs=1e-6)
