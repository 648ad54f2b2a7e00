"""Stock that expires: how much of it is worth having."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from solvers.demand.distributions import FittedDemand

Floats = npt.NDArray[np.float64]

_BISECTIONS = 60


def worthwhile_level(
    level: Floats, short: FittedDemand, sold: FittedDemand, shortage_cost: Floats, waste_cost: Floats, target: Floats
) -> Floats:
    """Return the highest inventory position [K], at most `level`, whose last unit is worth its risk of waste.

    The oldest unit leaves first, so the unit that lifts the position to s is sold in time if demand until it expires
    reaches s, and wasted with P(D_sold < s); it saves a lost sale if demand until the next order arrives
    reaches s. It is worth having while

        b (1 - P(D_short < s) / target)  >=  c P(D_sold < s),

    b per unit short, c per unit wasted: the newsvendor's balance of Nahmias (1976, "Myopic approximations for the
    perishable inventory problem", Management Science 22), who prices waste in the same way; `target` < 1 brings in
    holding cost, as the fractile b / (b + h T) does. Both sides are monotone, so bisection finds it.

    Parameters
    ----------
    short : demand over the days that stock must cover, or that it keeps, whichever is less. sold : demand until a unit
        ordered now expires.
    target : [K] 1 where the service is given, the fractile where cost decides.
    """
    step = np.where(short.is_discrete() | sold.is_discrete(), 1.0, 0.0)
    low, high = np.zeros(level.shape), level.astype(np.float64)

    def pays(s: Floats) -> npt.NDArray[np.bool_]:
        gain = shortage_cost * (1.0 - short.cdf(s - step) / target)
        out: npt.NDArray[np.bool_] = gain >= waste_cost * sold.cdf(s - step)
        return out

    whole = pays(high)
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        middle = np.where(step > 0.0, np.floor(middle), middle)
        enough = pays(middle)
        low, high = np.where(enough, middle, low), np.where(enough, high, middle)
    return np.where(whole, level, low)
