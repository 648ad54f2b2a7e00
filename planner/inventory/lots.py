"""Lots and service levels that cost least."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_MOST_SERVICE = 0.9999
_LONGEST_CYCLE_DAYS = 365.0  # a lot that lasts longer is priced as if it lasted a year


def economic_lot(per_day: Floats, order_cost: Floats, holding_cost: Floats, pack: Floats, least: Floats) -> Floats:
    """Return the economic order quantity [K] in whole packs, at least `least`: sqrt(2 K d / h).

    Harris 1913, "How many parts to make at once", Factory, The Magazine of Management 10. Without an order cost or
    without a holding cost it is `least`.

    Parameters
    ----------
    per_day : [K] mean demand, base units per day.
    order_cost : [K] money per order. holding_cost : [K] money per unit and day.
    """
    usable = (order_cost > 0.0) & (holding_cost > 0.0)
    quantity = np.sqrt(2.0 * order_cost * per_day / np.where(usable, holding_cost, 1.0))
    return np.where(usable, np.maximum(np.rint(quantity / pack) * pack, least), least)


def cost_optimal_level(
    per_day: Floats,
    lot: Floats,
    review_days: Floats,
    holding_cost: Floats,
    shortage_cost: Floats,
    backorders: npt.NDArray[np.bool_],
    lost_value: Floats,
) -> Floats:
    """Return the cycle service level [K] at which one more unit costs as much to hold as it saves in shortage.

    A cycle lasts T days: the review period, or the days that a lot lasts where that is longer. A unit more is left over
    at its end with the probability of no shortage, and saves b otherwise. Lost sales: b / (b + h T), the
    newsvendor's fractile (Arrow, Harris and Marschak 1951); backorders: 1 - h T / b (Hadley and Whitin 1963,
    "Analysis of Inventory Systems", section 4-2, with T = Q / d).

    Parameters
    ----------
    lost_value : [K] money per unit that is left at the end of a cycle; 0 where it is sold later (newsvendor: its cost).
    lot : [K] smallest order, pack or economic lot. holding_cost : [K] money per unit and day.
    shortage_cost : [K] money per unit of unmet demand; 0 gives a level of 0.
    """
    lasts = np.where(per_day > 0.0, lot / np.where(per_day > 0.0, per_day, 1.0), _LONGEST_CYCLE_DAYS)
    held = holding_cost * np.maximum(review_days, np.minimum(lasts, _LONGEST_CYCLE_DAYS)) + lost_value
    short = np.maximum(shortage_cost, 1e-12)
    level = np.where(backorders, 1.0 - held / short, short / (short + held))
    return np.clip(np.where(shortage_cost > 0.0, level, 0.0), 0.0, _MOST_SERVICE)
