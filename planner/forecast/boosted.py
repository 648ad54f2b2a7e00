"""boosted_quantiles: one model for all series that corrects their weighted empirical distributions.

It is trained on what came after past origins. For the backtest it is trained once, before the first bucket that is
judged, and once more on all history for the forecast. The number of examples is bounded, so training costs
the same for a thousand series and for a million.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from planner.forecast.boosted_features import Groups, Seen, look
from planner.forecast.cleansing import DemandSeries
from planner.forecast.shape import Distribution
from solvers.demand.boosting import Residuals, fit_residuals
from solvers.demand.empirical import SortedSeries

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Chunks = Callable[[], Iterable[tuple[int, int, DemandSeries]]]

_LEARN_WEEKS = 150  # past origins that are learnt from
_FIRST_WEEK = 53  # of history before the first origin: the same week of last year is known
EXAMPLES = 150_000
"""That are learnt from, about."""
_FEWEST_EXAMPLES = 2_000
_FEWEST_SALES = 5
_FEWEST_WEEKS = 13  # from the first sale to an origin to learn from
_WIDEST = 2.0  # times the baseline's spread, at most


@dataclass(frozen=True, slots=True)
class Boosted:
    """The trained model and how groups of series have sold.

    Attributes
    ----------
    residuals : trees; None where the history is too short to learn from, then the baseline stands.
    """

    residuals: Residuals | None
    groups: Groups
    bucket_days: int

    def forecast(
        self,
        series: DemandSeries,
        ranked: SortedSeries,
        rows: Integers,
        origin: int,
        horizon: int,
        levels: Floats,
    ) -> Distribution:
        """Forecast the series `rows` of all series from bucket `origin` on.

        Parameters
        ----------
        levels : [L] those that the model was trained for.
        """
        seen = look(series, ranked, self.groups, rows, origin, range(horizon), levels, self.bucket_days)
        shape = (len(rows), horizon)
        mean = np.broadcast_to(seen.mean[:, None], shape)
        quantiles = np.broadcast_to(seen.quantiles[:, None, :], (*shape, len(levels)))
        sd = np.broadcast_to(seen.sd[:, None], shape)
        if self.residuals is None:
            return Distribution(mean, sd, quantiles)
        more, apart = self.residuals.predict(seen.values.reshape(-1, seen.values.shape[2]))
        scale = seen.scale[:, None]
        lifted = np.maximum(mean + scale * more.reshape(shape), 0.0)
        moved = np.maximum(quantiles + scale[:, :, None] * apart.reshape(*shape, len(levels)), 0.0)
        moved = np.sort(moved, axis=2)
        # the highest quantile says how the spread changes
        above, wider = quantiles[:, :, -1] - mean, moved[:, :, -1] - lifted
        ratio = np.where(above > 0.0, wider / np.where(above > 0.0, above, 1.0), 1.0)
        return Distribution(lifted, sd * np.clip(ratio, 1.0 / _WIDEST, _WIDEST), moved)


def train_boosted(
    chunks: Chunks,
    item: Integers,
    location: Integers,
    buckets: int,
    origin: int,
    horizon: int,
    levels: Floats,
    bucket_days: int,
    most: int = EXAMPLES,
) -> Boosted:
    """Train on what lies before bucket `origin`.

    Parameters
    ----------
    chunks : gives (first, last, series) of consecutive series, as often as it is called.
    item, location : [K] codes of the series.
    buckets : T, of the series.
    horizon : buckets ahead that are learnt.
    levels : [L] ascending.
    most : examples, about.
    """
    week = 7 // bucket_days
    groups = Groups.of(item, location, chunks(), buckets, week)
    first = max(_FIRST_WEEK * week, origin - _LEARN_WEEKS * week)
    pasts = np.arange(origin - 1, first - 1, -week)
    share = most / max(len(pasts) * len(item), 1)
    examples = list(_examples(chunks(), groups, pasts, origin, horizon, share, levels, bucket_days))
    count = sum(len(one.order) for one in examples)
    if count < _FEWEST_EXAMPLES:
        return Boosted(None, groups, bucket_days)
    # the same order however the series were cut into chunks
    order = np.argsort(np.concatenate([one.order for one in examples]), kind="stable")
    residuals = fit_residuals(
        np.concatenate([one.features for one in examples])[order],
        np.concatenate([one.mean for one in examples])[order],
        np.concatenate([one.quantiles for one in examples])[order],
        levels,
        examples[0].names,
    )
    return Boosted(residuals, groups, bucket_days)


@dataclass(frozen=True, slots=True)
class _Examples:
    """Examples from one origin: order [N], features [N, F], residuals over scale [N] and [N, L]."""

    order: Integers
    features: npt.NDArray[np.float32]
    mean: Floats
    quantiles: Floats
    names: tuple[str, ...]


def _examples(
    chunks: Iterable[tuple[int, int, DemandSeries]],
    groups: Groups,
    pasts: Integers,
    origin: int,
    horizon: int,
    share: float,
    levels: Floats,
    bucket_days: int,
) -> Iterator[_Examples]:
    """Yield examples chunk by chunk and origin by origin: of a share of the series, one bucket ahead each."""
    count = groups.code.shape[1]
    for first, last, series in chunks:
        ranked = SortedSeries.of(series.demand)
        sales = np.cumsum(series.demand > 0.0, axis=1)
        for past in pasts:
            random = np.random.default_rng([past, 1])
            step = int(random.integers(min(horizon, origin - past)))
            drawn = random.random((count,))[first:last] < share
            began = series.start < past - _FEWEST_WEEKS * 7 // bucket_days
            usable = drawn & began & (sales[:, past - 1] >= _FEWEST_SALES) & (series.observed[:, past + step] >= 1.0)
            rows = np.flatnonzero(usable)
            if not rows.size:
                continue
            some = series.take(rows)
            seen = look(some, ranked.take(rows), groups, first + rows, int(past), [step], levels, bucket_days)
            yield _residuals(seen, some.demand[:, past + step], past * count + first + rows)


def _residuals(seen: Seen, came: Floats, order: Integers) -> _Examples:
    changing = seen.scale > 0.0
    scale = seen.scale[changing]
    return _Examples(
        order[changing],
        seen.values[changing, 0],
        (came - seen.mean)[changing] / scale,
        (came[:, None] - seen.quantiles)[changing] / scale[:, None],
        seen.names,
    )
