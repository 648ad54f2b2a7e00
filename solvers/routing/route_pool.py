"""Routes of good solutions, and the cheapest choice of them that serves every client once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from solvers.routing.kernel_types import Int32Array, IntArray
from solvers.routing.set_partitioning import Column, choose_routes

MOST_COLUMNS = 2000
MOST_NODES = 20
"""Nodes of the branch-and-bound tree: a choice that takes more is given up."""
PooledRoute = tuple[int, Int32Array, int]
"""(vehicle type, nodes in order of visit, cost)"""


@dataclass(slots=True)
class RoutePool:
    """The routes seen last, each set of clients and vehicle type once, in its cheapest order.

    Attributes
    ----------
    first_client : number of client 0 among the nodes.
    """

    first_client: int
    columns: dict[tuple[int, bytes], Column] = field(default_factory=dict)
    fresh: int = 0

    def add(self, routes: Iterable[PooledRoute]) -> None:
        """Take in routes."""
        for kind, nodes, cost in routes:
            ordered = nodes.copy()
            ordered.sort()
            key = kind, ordered.tobytes()
            known = self.columns.pop(key, None)
            if known is None:
                self.fresh += 1
            if known is None or cost < known.cost:
                known = Column(kind, tuple((nodes - self.first_client).tolist()), cost)
            self.columns[key] = known

    def choose(
        self, best: list[PooledRoute], clients: int, counts: IntArray, interrupted: Callable[[], bool]
    ) -> list[Column] | None:
        """Return a choice of the routes seen last that is cheaper than the routes `best`, None where none is found."""
        self.add(best)
        while len(self.columns) > MOST_COLUMNS:
            del self.columns[next(iter(self.columns))]
        self.fresh = 0
        columns = list(self.columns.values())
        known = range(len(columns) - len(best), len(columns))
        choice = choose_routes(columns, clients, counts, interrupted=interrupted, most_nodes=MOST_NODES, known=known)
        if choice is None:
            return None
        chosen = [columns[k] for k in choice.columns]
        return chosen if sum(c.cost for c in chosen) < sum(columns[k].cost for k in known) else None
