"""Sampled demand paths: negative binomial weeks that share a random level."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def sample_paths(
    mean: Floats, level_dispersion: Floats, bucket_dispersion: Floats, paths: int, rng: np.random.Generator
) -> npt.NDArray[np.int32]:
    r"""Return demand paths [K, P, H], base units per bucket.

    Parameters
    ----------
    mean : [K, H] expected demand, base units per bucket.
    level_dispersion : [K] variance of the level shared by all buckets of a path, over its squared mean of 1.
    bucket_dispersion : [K] the same of the level of each bucket by itself.

    Notes
    -----
    :math:`D_j \sim \mathrm{Poisson}(\mu_j A B_j)` with gamma variables :math:`A, B_j` of mean 1. So
    :math:`\mathrm{Var}\,D_j = \mu_j + (v_A + v_B + v_A v_B)\mu_j^2` and
    :math:`\mathrm{Cov}(D_i, D_j) = v_A \mu_i \mu_j`: a negative binomial whose buckets are correlated, as when
    the forecast misses the level.
    """
    count, horizon = mean.shape
    level_shape = 1.0 / np.maximum(level_dispersion, 1e-6)
    bucket_shape = 1.0 / np.maximum(bucket_dispersion, 1e-6)
    level = rng.standard_gamma(level_shape[:, None], (count, paths)) / level_shape[:, None]
    rate = rng.standard_gamma(bucket_shape[:, None, None], (count, paths, horizon)) / bucket_shape[:, None, None]
    rate *= level[:, :, None] * mean[:, None, :]
    return rng.poisson(rate).astype(np.int32)
