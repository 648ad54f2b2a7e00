"""Croston's method with the Syntetos-Boylan correction, for all item-locations in one pass over the weeks."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_SMOOTHING = 0.1


def croston_sba(sold: Floats, there: npt.NDArray[np.bool_]) -> Floats:
    r"""Return the level [K], base units per week, from deseasonalised sales [K, T] in the weeks `there` [K, T].

    Notes
    -----
    Sizes :math:`z` of sales and the intervals :math:`p` between them are smoothed with the same factor
    :math:`\alpha = 0.1` where there is a sale, and the level is :math:`(1 - \alpha/2) z / p` (Syntetos and Boylan
    2005, "The accuracy of intermittent demand estimates", Int. J. Forecasting 21). Weeks out of stock count in
    neither. The level of a series without a sale is 0.
    """
    count, weeks = sold.shape
    size = np.zeros(count)
    interval = np.ones(count)
    waited = np.zeros(count)
    started = np.zeros(count, dtype=bool)
    for week in range(weeks):
        waited += there[:, week]
        sale = there[:, week] & (sold[:, week] > 0.0)
        first = sale & ~started
        again = sale & started
        size[first], interval[first] = sold[first, week], waited[first]
        size[again] += _SMOOTHING * (sold[again, week] - size[again])
        interval[again] += _SMOOTHING * (waited[again] - interval[again])
        waited[sale] = 0.0
        started |= sale
    return (1.0 - _SMOOTHING / 2.0) * size / interval
