"""Demand over the time that stock must last, and the stock that gives the wanted service over it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from scenarios.settings import Horizon
from solvers.demand.distributions import FittedDemand

Floats = npt.NDArray[np.float64]


def demand_over(values: Floats, days: Floats, horizon: Horizon) -> Floats:
    """Return the sum [K] of per-bucket `values` [K, H] over `days` [K] days at the pace of the horizon.

    Targets hold for the whole horizon, so its mean bucket counts, not the first days: a week of holidays
    or of promotion at its start must not set the safety stock of all that follow.
    """
    pace: Floats = values.mean(axis=1)
    return pace * days / horizon.bucket_days


def protection_moments(
    mean: Floats, variance: Floats, days: Floats, lead_sd_days: Floats, horizon: Horizon
) -> tuple[Floats, Floats]:
    """Return mean and variance [K] of demand over `days` [K], which are lead time plus review period in general.

    mean = sum of bucket means, variance = sum of bucket variances + d^2 sd_L^2, with d the mean demand per
    day and sd_L the standard deviation of the lead time (Silver, Pyke and Thomas 2017,
    "Inventory and Production Management in Supply Chains", 4th ed., chapter 6: var = E(L) var(D) +
    E(D)^2 var(L)). Buckets are taken as independent. Where nothing is to be covered nothing varies.
    """
    per_day = demand_over(mean, np.ones(len(mean)), horizon)
    late = np.where(days > 0.0, per_day * lead_sd_days, 0.0)
    return per_day * days, demand_over(variance, days, horizon) + late**2


def demand_per_cycle(in_review: Floats, lot: Floats, target: Floats, backorders: npt.NDArray[np.bool_]) -> Floats:
    """Return the units wanted from one receipt to the next [K], to which a fill rate refers.

    With lots below the demand of a review period every review orders, and a cycle is that period. A larger lot
    sells over a longer cycle: its demand is the lot, and where unmet demand is lost, the lot plus what is lost
    beside it, lot / target (Silver, Pyke and Thomas 2017, chapter 6: (1 - P2) becomes (1 - P2) / P2).

    Parameters
    ----------
    in_review : [K] mean demand over the review period.
    lot : [K] the larger of smallest order and pack.
    target : [K] fill rate.
    backorders : [K] unmet demand waits.
    """
    return np.maximum(in_review, lot / np.where(backorders, 1.0, target))


def required_level(
    demand: FittedDemand, fill_rate: npt.NDArray[np.bool_], target: Floats, cycle_demand: Floats
) -> Floats:
    """Return the inventory position [K] that gives the wanted service over `demand`.

    Cycle service level: the smallest s with P(D <= s) >= target.

    Fill rate: the smallest s with E[(D - s)+] <= (1 - target) x demand per cycle: units short over units
    wanted (Silver, Pyke and Thomas 2017, chapter 6; Hadley and Whitin 1963). What is short already when
    the cycle begins is not subtracted, which errs on the side of stock where the review period is a small
    part of the lead time.

    Parameters
    ----------
    demand : over lead time plus review period.
    fill_rate : [K] true: fill rate, false: cycle service level.
    cycle_demand : [K] units, see `demand_per_cycle`.
    """
    return np.where(fill_rate, demand.level_for_shortage((1.0 - target) * cycle_demand), demand.quantile(target))
