"""Rolling backtest: what every member would have said, against what came.

The origins lie one horizon apart, the last one horizon before the end of the history. A series counts at an
origin if it had at least `FEWEST` observed buckets by then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from planner.forecast.boosted import Boosted
from planner.forecast.candidates import Member, forecast_member
from planner.forecast.cleansing import DemandSeries
from solvers.demand.empirical import SortedSeries, pinball_loss

Floats = npt.NDArray[np.float64]

FEWEST = 8
LEVELS = np.array([0.5, 0.8, 0.9, 0.95])
_MOST = 0.995  # level that is raised to
_LONGEST_WEEKS = 8  # a longer horizon is judged on its first weeks


@dataclass(frozen=True, slots=True)
class Backtest:
    """Sums over the evaluated buckets, by series and member.

    Attributes
    ----------
    pinball, absolute, error : [K, M] sums of pinball loss (mean over `LEVELS`), |mean - y|, mean - y.
    actual, points : [K] sum of y, number of evaluated buckets (partly observed ones count in part).
    covered : [M, L] number of evaluated buckets of all series at or below the quantile at `LEVELS`.
    """

    pinball: Floats
    absolute: Floats
    error: Floats
    actual: Floats
    points: Floats
    covered: Floats

    @classmethod
    def empty(cls, series: int, members: int) -> Backtest:
        """Return sums of nothing."""
        shape = (series, members)
        return cls(
            np.zeros(shape),
            np.zeros(shape),
            np.zeros(shape),
            np.zeros(series),
            np.zeros(series),
            np.zeros((members, len(LEVELS))),
        )

    def put(self, first: int, other: Backtest) -> None:
        """Write the sums of a chunk that starts at series `first`."""
        last = first + len(other.points)
        for name in ("pinball", "absolute", "error", "actual", "points"):
            getattr(self, name)[first:last] = getattr(other, name)
        self.covered[:] += other.covered

    def stated(self, member: int, levels: Floats) -> Floats:
        """Return the levels [L] to ask a member for, so that its quantiles cover what they state.

        Where its quantiles covered a smaller share of the evaluated buckets than their level, that level is raised by
        what was lacking, and those between in proportion. Quantiles that cover more are left: where zeros are frequent
        even the right ones do.
        """
        count = self.points.sum()
        lacking = np.maximum(LEVELS - self.covered[member] / count, 0.0) if count > 0.0 else np.zeros(len(LEVELS))
        lacking = lacking.round(3)  # pooled over all series, see `parts`
        raised: Floats = levels + np.interp(levels, [0.0, *LEVELS, 1.0], [0.0, *lacking, 0.0])
        return np.minimum(raised, np.maximum(levels, _MOST))


def judged_buckets(horizon: int, bucket_days: int) -> int:
    """Return how many buckets after an origin are judged: the horizon, or its first eight weeks."""
    return min(horizon, _LONGEST_WEEKS * 7 // bucket_days)


def origins(buckets: int, windows: int, length: int) -> range:
    """Return the origins, the latest first: the first bucket that is judged, `length` apart."""
    return range(buckets - length, max(buckets - length * windows, FEWEST) - 1, -length)


def run_backtest(
    series: DemandSeries,
    members: Sequence[Member],
    windows: int,
    horizon: int,
    bucket_days: int,
    season: int,
    boosted: Boosted | None = None,
    first: int = 0,
) -> Backtest:
    """Forecast from `windows` origins, none of which sees what it is judged on.

    Parameters
    ----------
    boosted : trained before the first origin; None where no member asks for it.
    first : position of the first of these series among all.
    """
    buckets = series.demand.shape[1]
    length = judged_buckets(horizon, bucket_days)
    out = Backtest.empty(len(series.start), len(members))
    seen = np.cumsum(series.observed, axis=1)
    ranked = SortedSeries.of(series.demand)
    rows = np.arange(len(series.start))
    for origin in origins(buckets, windows, length):
        inside = slice(origin, origin + length)
        weight = np.where(seen[:, origin - 1] >= FEWEST, 1.0, 0.0)[:, None] * series.observed[:, inside]
        shape = series.factor[:, inside]
        actual = series.demand[:, inside] * shape
        out.actual[:] += (weight * actual).sum(axis=1)
        out.points[:] += weight.sum(axis=1)
        for column, member in enumerate(members):
            said = forecast_member(
                member, series, ranked, origin, length, LEVELS, bucket_days, season, boosted, first + rows
            )
            error = said.mean * shape - actual
            quantiles = said.quantiles * shape[:, :, None]
            below = weight[:, :, None] * (actual[:, :, None] <= quantiles + 1e-9)
            out.covered[column] += below.sum(axis=(0, 1))
            out.pinball[:, column] += (weight * pinball_loss(actual, quantiles, LEVELS)).sum(axis=1)
            out.absolute[:, column] += (weight * np.abs(error)).sum(axis=1)
            out.error[:, column] += (weight * error).sum(axis=1)
    return out
