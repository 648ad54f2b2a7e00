"""A first solution of a plain problem by savings over candidate lists: n K log(n K) work.

Clarke and Wright (1964), "Scheduling of vehicles from a central depot to a number of delivery points", Operations
Research 12; only pairs of near clients are looked at, as in Accorsi and Vigo (2021).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from solvers.routing.kernel_types import Int32Array, IntArray
from solvers.routing.region import Plain
from solvers.routing.savings_kernels import merge_routes


def savings_routes(plain: Plain) -> tuple[Int32Array, IntArray]:
    """Return routes as next client [N] (-1: the route ends) and first client of each route [R]."""
    first, nodes = plain.first_client, len(plain.near)
    tails = np.repeat(np.arange(nodes), plain.near.shape[1])
    heads = plain.near.ravel().astype(np.int64)
    # a pair that is near both ways is looked at once
    seen = (heads >= first) & (tails >= first)
    tails, heads, gaps = tails[seen], heads[seen], plain.near_gap.ravel()[seen].astype(np.int64)
    low, high = np.minimum(tails, heads), np.maximum(tails, heads)
    _, kept = np.unique(low * nodes + high, return_index=True)
    low, high, gaps = low[kept], high[kept], gaps[kept]
    saved: NDArray[np.int64] = np.maximum(plain.back[low] + plain.out[high], plain.back[high] + plain.out[low]) - gaps
    order = np.argsort(-saved, kind="stable")
    order = order[saved[order] * plain.rate + plain.fixed > 0]
    following = np.full(nodes, -1, np.int32)
    before = np.full(nodes, -1, np.int32)
    other = np.arange(nodes, dtype=np.int32)
    load = plain.demand.copy()
    merge_routes(plain, low[order], high[order], following, before, other, load)
    firsts = np.flatnonzero(before < 0)
    return following, firsts[firsts >= first].astype(np.int64)
