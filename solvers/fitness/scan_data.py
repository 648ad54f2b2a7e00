"""The best move of every client over its whole neighbourhood at once: what a backend is given, and what it returns.

A move of client u is one of six kinds beside another client v; its change of distance needs a few arcs, sums of loads
and nothing else, so all moves of a solution may be priced side by side. Of equal ones the smallest code counts, so
that all backends return the same moves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import numpy as np

from solvers.fitness.chain_data import ChainProblem, Int32Array, IntArray

KINDS = 6
(BEHIND, AHEAD, SWAP, CROSS, CROSS_TURNED, TURN) = range(KINDS)
"""u moves behind v, or ahead of it; u and v change places; their routes exchange what follows on u and v (2-opt*), or
both heads and both tails are joined; what lies between u and v is turned round (2-opt). The code of a move is
`KINDS * v + kind`."""
NO_MOVE = -1


class Tours(NamedTuple):
    """One solution over N nodes (0 is the depot) and R routes.

    Attributes
    ----------
    after, before : [N] next and previous client, 0 where that is the depot.
    route : [N], -1 for who is on none. position : [N] on the route, from 0.
    until : [N] load of the route up to and with the client. load : [R].
    """

    after: Int32Array
    before: Int32Array
    route: Int32Array
    position: Int32Array
    until: IntArray
    load: IntArray


class MoveScan(Protocol):
    """Prices all moves of a solution; host arrays go in and out, whatever the device."""

    name: str

    def best_moves(self, tours: Tours, *, full: bool) -> tuple[IntArray, IntArray]:
        """Return the least change of distance [N] by a move of each client and the move's code [N].

        Moves are beside all clients if `full`, else beside the `near` ones of the problem. A client without an
        allowed move has 0 and `NO_MOVE`; a least change may be above 0.
        """


def tours_of(problem: ChainProblem, routes: Sequence[Sequence[int]]) -> Tours:
    """Return the solution with `routes` of nodes."""
    nodes = len(problem.demand)
    after, before, position = (np.zeros(nodes, np.int32) for _ in range(3))
    route, until = np.full(nodes, -1, np.int32), np.zeros(nodes, np.int64)
    load = np.zeros(max(1, len(routes)), np.int64)
    for r, stops in enumerate(routes):
        line = np.array(stops, np.int32)
        after[line[:-1]], before[line[1:]] = line[1:], line[:-1]
        route[line], position[line] = r, np.arange(len(line))
        until[line] = np.cumsum(problem.demand[line])
        load[r] = problem.demand[line].sum()
    return Tours(after, before, route, position, until, load)


def descended(
    scan: MoveScan,
    problem: ChainProblem,
    routes: Sequence[Sequence[int]],
    *,
    full: bool,
    is_over: Callable[[], bool] = lambda: False,
) -> list[list[int]]:
    """Return `routes` of nodes after improving moves: in a round the best ones on routes apart.

    Rounds end where no move improves, or once `is_over`.
    """
    current = [list(stops) for stops in routes]
    while True:
        tours = tours_of(problem, current)
        change, code = scan.best_moves(tours, full=full)
        touched: set[int] = set()
        for u in np.argsort(change, kind="stable").tolist():
            if change[u] >= 0:
                break
            v, kind = divmod(int(code[u]), KINDS)
            on = {int(tours.route[u]), int(tours.route[v])}
            if touched.isdisjoint(on):
                touched |= on
                _make(current, tours, u, v, kind)
        if not touched or is_over():
            return [stops for stops in current if stops]


def _make(routes: list[list[int]], tours: Tours, u: int, v: int, kind: int) -> None:
    """Change `routes` by one move."""
    a, b = routes[int(tours.route[u])], routes[int(tours.route[v])]
    i, j = int(tours.position[u]), int(tours.position[v])
    if kind in {BEHIND, AHEAD}:
        a.remove(u)
        b.insert(b.index(v) + (kind == BEHIND), u)
    elif kind == SWAP:
        a[i], b[j] = v, u
    elif kind == CROSS:
        a[i + 1 :], b[j + 1 :] = b[j + 1 :], a[i + 1 :]
    elif kind == CROSS_TURNED:
        a[i + 1 :], b[:] = b[: j + 1][::-1], a[i + 1 :][::-1] + b[j + 1 :]
    else:
        a[i + 1 : j + 1] = a[i + 1 : j + 1][::-1]
