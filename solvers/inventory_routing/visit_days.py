"""The routes of the days that the visit search changes: the routing engine's own state."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solvers.inventory_routing.visit_problem import VisitProblem
from solvers.lotsizing.problem import Longs
from solvers.routing.instance import Instance, build_instance
from solvers.routing.ruin_kernels import Workspace
from solvers.routing.state import LOAD, State, empty_state
from solvers.routing.workspace import make_workspace


@dataclass(slots=True)
class RouteDay:
    """One day's routes; client number c of the problem is node first + c."""

    instance: Instance
    able: np.ndarray
    state: State
    work: Workspace
    place_of: Longs

    def sent(self) -> Longs:
        """Return [Q] what the day's routes bring in all."""
        quantities = self.instance.amount.shape[1] // 2
        total: Longs = self.state.route[:, LOAD : LOAD + quantities].sum(axis=0)
        return total

    def brings(self, node: int) -> Longs:
        """Return [Q] what the visit of a node brings."""
        amount: Longs = self.instance.amount[node, : self.instance.amount.shape[1] // 2]
        return amount

    def saved(self) -> tuple[np.ndarray, ...]:
        """Return what `restore` brings back; sizes of visits are the caller's business."""
        return tuple(array.copy() for array in self._changing())

    def restore(self, saved: tuple[np.ndarray, ...]) -> None:
        """Bring back what `saved` returned."""
        for array, old in zip(self._changing(), saved, strict=True):
            array[:] = old

    def _changing(self) -> tuple[np.ndarray, ...]:
        s, w = self.state, self.work
        return s.node, s.route, s.clock, s.peak, s.free, s.total, w.clock, w.timing


def make_days(problem: VisitProblem, seed: int) -> list[RouteDay]:
    """Return empty days; what days alike share is built once, what visits change is each day's own."""
    built: dict[int, Instance] = {}
    days = []
    for d, routing in enumerate(problem.days):
        shared = built.get(id(routing))
        if shared is None:
            shared = built[id(routing)] = build_instance(routing, max(1, routing.clients - 1), max(1, routing.clients))
        own = shared._replace(
            client=shared.client.copy(),
            amount=shared.amount.copy(),
            alone=shared.alone.copy(),
            allowed=shared.allowed.copy(),
        )
        state = empty_state(own)
        place_of = np.zeros(routing.clients, np.int64)
        places = np.flatnonzero(problem.client[d] >= 0)
        place_of[problem.client[d, places]] = places
        days.append(RouteDay(own, shared.allowed, state, make_workspace(routing, own, state, seed + d), place_of))
    return days
