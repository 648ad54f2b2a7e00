"""What a model says of demand, and how it forgets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Distribution:
    """Forecast distributions of some series; flat ones have one bucket for the whole horizon.

    Attributes
    ----------
    mean, sd : [K, H] or [K, 1], base units per bucket.
    quantiles : [K, H, L] or [K, 1, L].
    """

    mean: Floats
    sd: Floats
    quantiles: Floats


def memory_weights(buckets: int, origin: int, half_life_weeks: float, bucket_days: int) -> Floats:
    """Return [T] weights that halve every half-life back from bucket `origin`, 0 from it on."""
    age = np.arange(origin - 1, -1, -1, dtype=np.float64) * bucket_days / 7.0
    weights = np.zeros(buckets)
    weights[:origin] = 0.5 ** (age / half_life_weeks)
    return weights
