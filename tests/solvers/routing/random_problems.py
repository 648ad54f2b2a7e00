"""Small random routing problems with any mix of rules."""

from __future__ import annotations

from typing import Any

import numpy as np

from solvers.routing import OPEN_END, RoutingProblem, VehicleTypes


def random_problem(seed: int, clients: int, *, backhauls: bool = True) -> RoutingProblem:
    rng = np.random.default_rng(seed)
    depots, types, dimensions = int(rng.integers(1, 4)), int(rng.integers(1, 4)), int(rng.integers(1, 3))
    on = rng.random(16) < 0.4
    fleet: dict[str, Any] = {
        "count": rng.integers(1, 6, types) if on[0] else clients,
        "capacity": rng.integers(10, 40, (types, dimensions)),
        "start_depot": rng.integers(0, depots, types),
        "fixed_cost": rng.integers(0, 100, types),
        "distance_cost": rng.integers(1, 4, types),
    }
    stops: dict[str, Any] = {}
    if on[1]:
        fleet["duration_cost"] = rng.integers(0, 3, types)
    if on[2]:
        fleet["shift"] = np.stack([rng.integers(0, 50, types), rng.integers(200, 500, types)], 1)
    if on[3]:
        fleet["max_duration"], fleet["max_distance"] = rng.integers(150, 400, (2, types))
    if on[4]:
        fleet["max_stops"], fleet["skills"] = rng.integers(1, 8, types), rng.integers(0, 4, types)
        stops["skills"] = rng.integers(0, 2, clients)
    if on[5]:
        early = rng.integers(0, 300, clients)
        stops["windows"] = np.stack([early, early + rng.integers(5, 200, clients)], 1)
        stops["service"] = rng.integers(0, 20, clients)
    if on[6]:
        stops["pickup"] = rng.integers(0, 8, (clients, dimensions))
    if on[7]:
        stops["required"], stops["prize"] = rng.random(clients) < 0.5, rng.integers(0, 80, clients)
    if on[8]:
        fleet["end_depot"] = np.full(types, OPEN_END)
    if on[9]:
        stops["release"] = rng.integers(0, 100, clients)
    if on[10] and backhauls:
        stops["backhaul"] = rng.random(clients) < 0.3
    if on[11]:
        stops["priority"] = rng.integers(0, 3, clients)
    if on[12]:
        stops["distances"], stops["durations"] = rng.integers(1, 100, (2, 1, depots + clients, depots + clients))
    return RoutingProblem.create(
        depots=depots,
        vehicles=VehicleTypes.create(**fleet),
        delivery=rng.integers(0, 9, (clients, dimensions)),
        coordinates=rng.integers(0, 100, (depots + clients, 2)),
        **stops,
    )
