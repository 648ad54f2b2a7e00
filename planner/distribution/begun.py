"""Routes to begin from: a day of a what-if starts from the baseline's routes of that depot and day.

A day that is the same keeps its routes. One that is mostly the same is searched on from them, with a budget in
proportion to what is other; then the routes differ by what was asked, not by the luck of two searches.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from planner.distribution.day import DepotDay
from planner.distribution.draft import drafted
from planner.fingerprint import fingerprint
from solvers.routing.leftovers import Blocked
from solvers.routing.problem import RoutingProblem
from solvers.routing.solution import Route, RoutingSolution

_MOST_OTHER = 0.5
"""Share of a day that may be other; beyond, it is a day of its own."""


@dataclass(frozen=True, slots=True)
class RoutedDay:
    """One depot's day as it was routed.

    Attributes
    ----------
    asked : solver, iterations, seed. pinned : routes that were held.
    places : location of every client; vehicles : id of every type.
    """

    problem: RoutingProblem
    pinned: tuple[Route, ...]
    asked: tuple[str, int, int]
    places: tuple[str, ...]
    vehicles: tuple[str, ...]
    solution: RoutingSolution
    blocked: tuple[Blocked, ...]

    def differs_in_fleet_only(self, problem: RoutingProblem) -> bool:
        """Return whether nothing is other but how many vehicles there are."""
        return fingerprint(_countless(self.problem)) == fingerprint(_countless(problem))

    def is_of(self, problem: RoutingProblem, pinned: tuple[Route, ...], asked: tuple[str, int, int]) -> bool:
        """Return whether it answers this very question."""
        return self.asked == asked and self.pinned == pinned and fingerprint(self.problem) == fingerprint(problem)


def places_and_vehicles(day: DepotDay) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the location of every client and the id of every vehicle type."""
    return tuple(day.loads["location_id"].tolist()), tuple(day.fleet["vehicle_id"].tolist())


def begin_from(before: RoutedDay, day: DepotDay) -> tuple[RoutingSolution, float] | None:
    """Return the former routes with the day's clients, as far as they had them, and the share of the day that is other.

    None where more than half of it is, or where ways, vehicles or the weight of their costs are others (as the draft
    sees them).
    """
    problem = day.problem
    places, vehicles = places_and_vehicles(day)
    if problem is None or vehicles != before.vehicles:
        return None
    old, new = drafted(before.problem), drafted(problem)
    at = _former_clients(before.places, places)
    client = np.flatnonzero(at >= 0)
    theirs = at[client]
    if fingerprint(_countless(old).vehicles) != fingerprint(_countless(new).vehicles) or not _same_ways(
        old, new, theirs, client
    ):
        return None
    share = _share_that_is_other(old, new, theirs, client)
    if share > _MOST_OTHER:
        return None
    now = np.full(old.clients, -1)
    now[theirs] = client
    routes = [
        (route.vehicle_type, [int(now[c]) if c >= 0 else c for c in route.clients if c < 0 or now[c] >= 0])
        for route in before.solution.routes
    ]
    return RoutingSolution.create(routes, problem.clients), share


def _former_clients(before: tuple[str, ...], now: tuple[str, ...]) -> npt.NDArray[np.int64]:
    """Return [C] the client before of the same location, -1 where there is none; several of a location in order."""
    waiting: dict[str, list[int]] = {}
    for client in reversed(range(len(before))):
        waiting.setdefault(before[client], []).append(client)
    found = [waiting[place].pop() if waiting.get(place) else -1 for place in now]
    return np.array(found, dtype=np.int64)


def _countless(problem: RoutingProblem) -> RoutingProblem:
    return replace(problem, vehicles=replace(problem.vehicles, count=np.zeros_like(problem.vehicles.count)))


def _same_ways(
    old: RoutingProblem, new: RoutingProblem, theirs: npt.NDArray[np.int64], client: npt.NDArray[np.int64]
) -> bool:
    before, now = np.append(0, theirs + 1), np.append(0, client + 1)
    return all(
        a is not None
        and b is not None
        and np.array_equal(a[:, before[:, None], before[None]], b[:, now[:, None], now[None]])
        for a, b in ((old.distances, new.distances), (old.durations, new.durations))
    )


def _other_clients(
    old: RoutingProblem, new: RoutingProblem, theirs: npt.NDArray[np.int64], client: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    """Return [C] clients that are new, or have another window or priority, or take longer for the same load."""
    other = np.ones(new.clients, dtype=bool)
    windows = (
        (old.windows[theirs] != new.windows[client]).any(axis=(1, 2))
        if old.windows.shape[1:] == new.windows.shape[1:]
        else np.ones(client.size, dtype=bool)
    )
    same_load = (old.delivery[theirs] == new.delivery[client]).all(axis=1)
    slower = same_load & (old.service[theirs] != new.service[client])
    other[client] = windows | slower | (old.priority[theirs] != new.priority[client])
    return other


def _share_that_is_other(
    old: RoutingProblem, new: RoutingProblem, theirs: npt.NDArray[np.int64], client: npt.NDArray[np.int64]
) -> float:
    """Return the mean change of the clients: 1 of who is other or gone, else by how much of its load came or went."""
    before, now = old.delivery[theirs], new.delivery[client]
    change = np.ones(new.clients)
    change[client] = (np.abs(now - before) / np.maximum(np.maximum(now, before), 1)).max(axis=1)
    change[_other_clients(old, new, theirs, client)] = 1.0
    return float((change.sum() + old.clients - theirs.size) / max(new.clients, old.clients))
