"""Answers of routing solvers: routes, unassigned clients, cost and how the answer was found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

RELOAD = -1
"""Mark between clients of a route: the vehicle returns to its start depot and loads again."""

BREAK = -10
"""Mark between clients of a route: `BREAK - k` is the k-th break of the vehicle's driver."""

Status = Literal["limit", "target", "optimal", "partial"]


@dataclass(frozen=True, slots=True)
class Route:
    """One vehicle's day.

    Attributes
    ----------
    vehicle_type : index of the type.
    clients : client indices (0 is the first client, node `depots`) in order, with `RELOAD` marks where it reloads and
        `BREAK - k` where the driver takes his k-th break.
    """

    vehicle_type: int
    clients: tuple[int, ...]

    @property
    def stops(self) -> tuple[int, ...]:
        """The clients without the marks."""
        return tuple(client for client in self.clients if client >= 0)

    def trips(self) -> list[list[int]]:
        """Return the clients between two visits to the depot, trip by trip."""
        trips: list[list[int]] = [[]]
        for client in self.clients:
            if client == RELOAD:
                trips.append([])
            elif client >= 0:
                trips[-1].append(client)
        return trips


@dataclass(frozen=True, slots=True)
class RoutingSolution:
    """Routes of all vehicles used, and the clients on none of them."""

    routes: tuple[Route, ...]
    unassigned: tuple[int, ...]

    @classmethod
    def create(cls, routes: Iterable[tuple[int, Sequence[int]]], clients: int) -> RoutingSolution:
        """Build from (vehicle type, client indices); empty routes are dropped, whoever is on none is unassigned.

        Routes are ordered by type and first client, so that equal answers are equal objects.
        """
        kept = [Route(int(kind), tuple(int(c) for c in stops)) for kind, stops in routes if any(c >= 0 for c in stops)]
        kept.sort(key=lambda route: (route.vehicle_type, route.clients))
        served = {client for route in kept for client in route.clients}
        return cls(tuple(kept), tuple(c for c in range(clients) if c not in served))


@dataclass(frozen=True, slots=True)
class RoutingResult:
    """A solver's answer after the judge has seen it.

    Attributes
    ----------
    solution : the routes.
    cost : the judge's cost: routes plus prizes of optional clients left out.
    feasible : every rule kept and every required client served.
    iterations : of the solver.
    seconds : wall-clock seconds of the search, compiling aside.
    trace : (iterations, best cost) whenever progress was looked at and the best had changed.
    status : "partial" when a required client is unassigned, "optimal" when proven, "target" or "limit" otherwise.
    """

    solution: RoutingSolution
    cost: int
    feasible: bool
    iterations: int
    seconds: float
    trace: tuple[tuple[int, int], ...]
    status: Status
