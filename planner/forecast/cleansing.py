"""What past sales say about demand: promotions taken out, stock-outs filled, typing errors cut.

- Promoted buckets are divided by their factor. A factor of 0 (nothing could be sold) hides demand: the
  bucket counts as out of stock.
- A bucket in stock for a share s of its time showed only part of its demand: the rest is added at the local
  rate, y + (1 - s) r, with r = sum y / sum s over the buckets around it (one step of expectation
  maximisation for a Poisson rate; Nahmias 1994, "Demand estimation in lost sales inventory systems", treats
  the normal case). It counts in every average with weight s.
- A sale more than ten times the largest other sales of its series is taken for an error and set to the
  largest of those (winsorised).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_REACH = 8  # buckets to either side that make the local rate
_OUTLIER_RATIO = 10.0
_OUTLIER_SHARE = 0.01  # of the sales of a series; at least one may be an outlier
_FEWEST_SALES = 5  # with fewer sales nothing can be told about outliers


@dataclass(frozen=True, slots=True)
class DemandSeries:
    """Demand without promotions of a chunk of series.

    Attributes
    ----------
    demand : [K, T] base units per bucket, divided by `factor`.
    observed : [K, T] share of the bucket in which demand could be seen; 0 before the first sale.
    start : [K] bucket of the first sale, T where there is none.
    factor : [K or 1, T + H] calendar factors of history and horizon; ones where nothing was divided.
    """

    demand: Floats
    observed: Floats
    start: Integers
    factor: Floats

    def take(self, rows: Integers) -> DemandSeries:
        """Return only the series `rows`."""
        factor = self.factor if len(self.factor) == 1 else self.factor[rows]
        return DemandSeries(self.demand[rows], self.observed[rows], self.start[rows], factor)


def local_rate(demand: Floats, observed: Floats) -> Floats:
    """Return demand per fully observed bucket around every bucket [K, T], 0 where nothing was seen.

    Where the `_REACH` buckets to either side hold less than two observed ones, the whole series counts.
    """
    buckets = demand.shape[1]
    low = np.maximum(np.arange(buckets) - _REACH, 0)
    high = np.minimum(np.arange(buckets) + _REACH + 1, buckets)

    def around(values: Floats) -> Floats:
        total = np.concatenate([np.zeros((len(values), 1)), np.cumsum(values, axis=1)], axis=1)
        return total[:, high] - total[:, low]  # type: ignore[no-any-return]

    seen, sold = around(observed), around(np.where(observed > 0.0, demand, 0.0))
    enough = seen >= min(2.0, float(buckets))
    seen = np.where(enough, seen, observed.sum(axis=1, keepdims=True))
    sold = np.where(enough, sold, np.where(observed > 0.0, demand, 0.0).sum(axis=1, keepdims=True))
    return np.maximum(np.where(seen > 0.0, sold / np.where(seen > 0.0, seen, 1.0), 0.0), 0.0)


def cleanse(
    sales: Floats, stocked: Floats, promotion: Floats | None, horizon_buckets: int, spread: int = 1
) -> tuple[DemandSeries, Flags, Flags]:
    """Turn sales [K, T] into demand without promotions.

    Parameters
    ----------
    stocked : [K, T] share of the bucket in stock.
    promotion : [K, T] factor of the promotions of the bucket; None where there are none.
    spread : neighbouring buckets that hold one sale of the history.

    Returns
    -------
    series, filled [K] series with filled buckets, cut [K] series with a winsorised sale.
    """
    demand, observed = sales, stocked
    if promotion is not None:
        demand = np.where(promotion > 0.0, sales / np.where(promotion > 0.0, promotion, 1.0), 0.0)
        observed = np.where(promotion > 0.0, stocked, 0.0)
    buckets = demand.shape[1]
    sold = demand > 0.0
    start = np.where(sold.any(axis=1), sold.argmax(axis=1), buckets)
    begun = np.arange(buckets) >= start[:, None]
    observed = np.where(begun, observed, 0.0)
    hidden = begun & (observed < 1.0)
    filled = hidden.any(axis=1)
    if filled.any():
        rate = local_rate(demand[filled], observed[filled])
        demand = demand.copy()
        demand[filled] += np.where(hidden[filled], (1.0 - observed[filled]) * rate, 0.0)
    demand, cut = _winsorise(demand, spread)
    flat = np.ones((1, buckets + horizon_buckets))
    return DemandSeries(demand, observed, start.astype(np.int64), flat), filled, cut


def _winsorise(demand: Floats, spread: int) -> tuple[Floats, Flags]:
    """Cut sales that stand alone far above all others of their series."""
    sales = np.count_nonzero(demand > 0.0, axis=1) // spread
    candidates = spread * np.maximum(1, np.ceil(_OUTLIER_SHARE * sales)).astype(np.int64)
    deepest = min(int(candidates.max(initial=1)), demand.shape[1] - 1)
    if deepest < 1:
        return demand, np.zeros(len(demand), dtype=bool)
    top = np.sort(np.partition(demand, demand.shape[1] - deepest - 1, axis=1)[:, -deepest - 1 :], axis=1)
    reference = np.take_along_axis(top, deepest - np.minimum(candidates, deepest)[:, None], axis=1)
    limit = np.where((sales >= _FEWEST_SALES)[:, None], _OUTLIER_RATIO * reference, np.inf)
    outlier = demand > limit
    return np.where(outlier, reference, demand), np.any(outlier, axis=1)
