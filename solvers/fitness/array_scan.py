"""The scan of all moves in NumPy, one client after another: the reference of the other backends."""

from __future__ import annotations

import numpy as np

from solvers.fitness.chain_data import ChainProblem, IntArray
from solvers.fitness.scan_data import AHEAD, BEHIND, CROSS, CROSS_TURNED, KINDS, NO_MOVE, SWAP, TURN, Tours

_FORBIDDEN = np.iinfo(np.int64).max


class ArrayScan:
    """The scan in array code."""

    name = "numpy"

    def __init__(self, problem: ChainProblem) -> None:
        self._problem = problem

    def best_moves(self, tours: Tours, *, full: bool) -> tuple[IntArray, IntArray]:
        """Return the least change [N] and its move [N], see `MoveScan`."""
        nodes = len(tours.after)
        change, code = np.zeros(nodes, np.int64), np.full(nodes, NO_MOVE, np.int64)
        for u in np.flatnonzero(tours.route >= 0):
            beside = np.arange(1, nodes) if full else self._problem.near[u]
            beside = beside[(beside > 0) & (beside != u)]
            beside = beside[tours.route[beside] >= 0].astype(np.int64)
            prices = self._prices(tours, int(u), beside)
            if len(beside) and prices.min() < _FORBIDDEN:
                change[u] = prices.min()
                found, kind = np.nonzero(prices == change[u])
                code[u] = (KINDS * beside[found] + kind).min()
        return change, code

    def _prices(self, tours: Tours, u: int, v: IntArray) -> IntArray:
        """Return the change of distance [n, KINDS] by the moves of u beside each of v [n]."""
        after, before, route, position, until, load = tours
        demand, capacity, way = self._problem.demand, self._problem.capacity, self._way
        bu, au, bv, av = int(before[u]), int(after[u]), before[v].astype(np.int64), after[v].astype(np.int64)
        q, r, s = int(demand[u]), int(route[u]), route[v]
        apart = s != r
        out = way(bu, au) - way(bu, u) - way(u, au)
        next_to = (v == bu) | (v == au)
        open_arcs = -way(u, au) - way(v, av)
        tail, tails = load[r] - until[u], load[s] - until[v]
        prices = np.full((len(v), KINDS), _FORBIDDEN)

        def allow(kind: int, allowed: np.ndarray, price: IntArray) -> None:
            prices[allowed, kind] = price[allowed]

        room = ~apart | (load[s] + q <= capacity)
        allow(BEHIND, room & (v != bu), out + way(v, u) + way(u, av) - way(v, av))
        allow(AHEAD, room & (v != au), out + way(bv, u) + way(u, v) - way(bv, v))
        more = demand[v] - q
        swapped = way(bu, v) + way(v, au) + way(bv, u) + way(u, av) - way(bu, u) - way(u, au) - way(bv, v) - way(v, av)
        fits = ~apart | ((load[r] + more <= capacity) & (load[s] - more <= capacity))
        allow(SWAP, ~next_to & fits, swapped)
        fits = (until[u] + tails <= capacity) & (until[v] + tail <= capacity)
        allow(CROSS, apart & fits, open_arcs + way(u, av) + way(v, au))
        fits = (until[u] + until[v] <= capacity) & (tail + tails <= capacity)
        turned = open_arcs + way(u, v) + way(au, av)
        allow(CROSS_TURNED, apart & fits, turned)
        allow(TURN, ~apart & (position[v] > position[u] + 1), turned)
        return prices

    def _way(self, a: int | IntArray, b: int | IntArray) -> IntArray:
        """Return the rounded distance of nodes."""
        p = self._problem
        x, y = np.moveaxis(p.points[a] - p.points[b], -1, 0)
        length: IntArray = np.floor(p.scale * np.sqrt(x * x + y * y) + p.offset).astype(np.int64)
        return length
