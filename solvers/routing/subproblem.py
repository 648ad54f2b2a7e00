"""A part of a routing problem: some clients in an order of their own, and some vehicle types."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.routing.fleet import Breaks
from solvers.routing.problem import NO_PAIR, IntArray, Pinned, RoutingProblem, VehicleTypes

_BY_CLIENT = (
    *("delivery", "pickup", "windows", "service", "setup", "release", "prize", "required", "priority", "skills"),
    "backhaul",
)


def part_of(problem: RoutingProblem, clients: Sequence[int] | IntArray) -> RoutingProblem:
    """Return the problem of `clients`: the k-th of them is client k.

    A pair of which one client is left out becomes a client on its own; pinned stops stay pinned.
    """
    chosen = np.asarray(clients, dtype=np.int64)
    new = np.full(problem.clients + 1, NO_PAIR, np.int64)  # the last entry stands for no client
    new[chosen] = np.arange(len(chosen))
    nodes = np.concatenate([np.arange(problem.depots), problem.depots + chosen])
    changes: dict[str, Any] = {name: np.ascontiguousarray(getattr(problem, name)[chosen]) for name in _BY_CLIENT}
    for name in ("distances", "durations", "arc_costs"):
        matrix = getattr(problem, name)
        changes[name] = None if matrix is None else np.ascontiguousarray(matrix[:, nodes][:, :, nodes])
    for name in ("coordinates", "place"):
        values = getattr(problem, name)
        changes[name] = None if values is None else np.ascontiguousarray(values[nodes])
    fleet = problem.vehicles
    columns: dict[str, Any] = {}
    for name in ("allowed", "service", "setup"):
        values = getattr(fleet, name)
        columns[name] = None if values is None else np.ascontiguousarray(values[:, chosen])
    return replace(
        problem,
        **changes,
        pickup_of=new[problem.pickup_of[chosen]],
        pinned=_renumbered(problem.pinned, new),
        vehicles=replace(fleet, **columns),
    )


def _renumbered(pinned: Sequence[Pinned], new: IntArray) -> tuple[Pinned, ...]:
    kept = []
    for entry in pinned:
        clients = tuple(int(new[client]) for client in entry.clients if new[client] >= 0)
        frozen = sum(bool(new[client] >= 0) for client in entry.clients[: entry.frozen])
        if clients:
            kept.append(replace(entry, clients=clients, frozen=frozen))
    return tuple(kept)


def with_types(problem: RoutingProblem, kinds: NDArray[np.intp], count: IntArray) -> RoutingProblem:
    """Return the problem with the vehicle types `kinds` only, `count` of each; nothing is pinned."""
    fleet = problem.vehicles
    rows: dict[str, Any] = {}
    for field in fields(VehicleTypes):
        values = getattr(fleet, field.name)
        if isinstance(values, Breaks):
            rows[field.name] = Breaks(values.windows[kinds], values.duration[kinds], values.max_load[kinds])
        else:
            rows[field.name] = None if values is None else values[kinds]
    return replace(problem, pinned=(), vehicles=VehicleTypes(**{**rows, "count": count}))
