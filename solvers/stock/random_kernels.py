"""Counter-based random numbers: any draw by its name, in any order, on any number of cores.

Philox4x32-10 of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3"
(SC'11): a bijection of a 128-bit counter under a 64-bit key. A draw is named by its stream
(item and location, say), its replication and its bucket, so it does not change when rows are added,
sorted, split into chunks or spread over cores. That is what makes two scenarios comparable draw by
draw (common random numbers).
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

from solvers.compiled import njit

_MASK = np.uint64(0xFFFFFFFF)
_SHIFT = np.uint64(32)
_MULTIPLIER_0 = np.uint64(0xD2511F53)
_MULTIPLIER_1 = np.uint64(0xCD9E8D57)
_WEYL_0 = np.uint64(0x9E3779B9)
_WEYL_1 = np.uint64(0xBB67AE85)
_TO_UNIT = 2.0**-53


def stream(*names: object) -> np.uint64:
    """Return the 64-bit number of a named stream, the same on every machine."""
    digest = hashlib.blake2b("\x1f".join(str(name) for name in names).encode(), digest_size=8).digest()
    return np.uint64(int.from_bytes(digest, "little"))


@njit()
def philox(
    c0: np.uint64, c1: np.uint64, c2: np.uint64, c3: np.uint64, k0: np.uint64, k1: np.uint64
) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
    """Return the four 32-bit words of the counter (c0, c1, c2, c3) under the key (k0, k1)."""
    for _ in range(10):
        product0 = _MULTIPLIER_0 * c0
        product1 = _MULTIPLIER_1 * c2
        c0, c2 = (product1 >> _SHIFT) ^ c1 ^ k0, (product0 >> _SHIFT) ^ c3 ^ k1
        c1, c3 = product1 & _MASK, product0 & _MASK
        k0 = (k0 + _WEYL_0) & _MASK
        k1 = (k1 + _WEYL_1) & _MASK
    return c0, c1, c2, c3


@njit()
def fill_uniforms(key: np.uint64, name: np.uint64, first_replication: int, uniforms: npt.NDArray[np.float64]) -> None:
    """Fill `uniforms` [T, R] in (0, 1): the draws of stream `name` for replications from `first_replication`."""
    buckets, replications = uniforms.shape
    k0, k1 = key & _MASK, key >> _SHIFT
    n0, n1 = name & _MASK, name >> _SHIFT
    for r in range(replications):
        replication = np.uint64(first_replication + r)
        for pair in range((buckets + 1) // 2):
            w0, w1, w2, w3 = philox(n0, n1, replication, np.uint64(pair), k0, k1)
            high, low = w0 >> np.uint64(5), w1 >> np.uint64(6)
            uniforms[2 * pair, r] = (np.float64(high) * 67108864.0 + np.float64(low) + 0.5) * _TO_UNIT
            if 2 * pair + 1 < buckets:
                high, low = w2 >> np.uint64(5), w3 >> np.uint64(6)
                uniforms[2 * pair + 1, r] = (np.float64(high) * 67108864.0 + np.float64(low) + 0.5) * _TO_UNIT


@njit()
def uniforms_of_streams(
    key: np.uint64, names: npt.NDArray[np.uint64], first_replication: int, uniforms: npt.NDArray[np.float64]
) -> None:
    """Fill `uniforms` [N, T, R] with the draws of the streams `names` [N]."""
    for n in range(names.shape[0]):
        fill_uniforms(key, names[n], first_replication, uniforms[n])
