"""ABC classes by revenue and XYZ classes by variability."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Texts = npt.NDArray[np.str_]


def abc_classes(revenue: Floats, group: npt.NDArray[np.int64], shares: tuple[float, float]) -> Texts:
    """Return A, B or C [K] by cumulative share of revenue, apart in every group.

    The largest come first; an element is A while those before it hold less than shares[0] of the
    revenue, B while they hold less than shares[1], else C (Pareto's rule; Dickie 1951, "ABC inventory
    analysis shoots for dollars, not pennies", Factory Management and Maintenance 109). Without revenue: C.

    Parameters
    ----------
    revenue : [K] money per year.
    group : [K] classes are made within each.
    """
    out = np.full(len(revenue), "C", dtype="<U1")
    for member in np.unique(group):
        rows = np.flatnonzero(group == member)
        ordered = rows[np.argsort(-revenue[rows], kind="stable")]
        total = revenue[ordered].sum()
        if total <= 0.0:
            continue
        before = (np.cumsum(revenue[ordered]) - revenue[ordered]) / total
        sold = revenue[ordered] > 0.0
        out[ordered[sold & (before < shares[1])]] = "B"
        out[ordered[sold & (before < shares[0])]] = "A"
    return out


def xyz_classes(weekly: Floats, limits: tuple[float, float]) -> Texts:
    """Return X, Y or Z [K] by the coefficient of variation of weekly demand [K, W]; without demand: Z.

    Weeks before the first sale do not count.
    """
    sold = weekly > 0.0
    begun = np.cumsum(sold, axis=1) > 0
    weeks = np.maximum(begun.sum(axis=1), 1)
    mean = weekly.sum(axis=1) / weeks
    variance = (np.where(begun, weekly - mean[:, None], 0.0) ** 2).sum(axis=1) / weeks
    cv = np.where(mean > 0.0, np.sqrt(variance) / np.where(mean > 0.0, mean, 1.0), np.inf)
    return np.where(cv <= limits[0], "X", np.where(cv <= limits[1], "Y", "Z"))
