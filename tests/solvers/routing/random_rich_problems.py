"""Small random routing problems with any mix of all rules, those of the general solver above all."""

from __future__ import annotations

from typing import Any

import numpy as np

from solvers.routing import OPEN_END, UNBOUNDED, Breaks, Pinned, RoutingProblem, Speeds, VehicleTypes

RULES = (
    *("windows", "breaks", "speeds", "pairs", "setup", "own_times", "driving", "service_cost", "arcs", "overtime"),
    *("balance", "pinned", "reloads", "limits", "shift", "open", "optional", "skills", "release", "duration_cost"),
    *("backhauls", "pickups", "max_load"),
)


def rich_problem(seed: int, clients: int, rules: tuple[str, ...] | None = None) -> RoutingProblem:
    """Return a problem with the rules named, or with a random third of all."""
    rng = np.random.default_rng(seed)
    on = {rule for rule in RULES if rng.random() < 0.33} if rules is None else set(rules)
    depots, types, dimensions, profiles = int(rng.integers(1, 3)), int(rng.integers(1, 4)), int(rng.integers(1, 3)), 2
    nodes = depots + clients
    fleet: dict[str, Any] = {
        "count": rng.integers(1, 5, types),
        "capacity": rng.integers(15, 40, (types, dimensions)),
        "start_depot": rng.integers(0, depots, types),
        "fixed_cost": rng.integers(0, 100, types),
        "distance_cost": rng.integers(0, 4, types),
        "profile": rng.integers(0, profiles, types),
    }
    stops: dict[str, Any] = {
        "service": rng.integers(0, 15, clients),
        "delivery": rng.integers(0, 9, (clients, dimensions)),
    }
    shape = types, clients, dimensions, depots
    _add_times(on, rng, shape, fleet, stops)
    _add_costs(on, rng, shape, fleet, stops)
    _add_goods(on, rng, shape, fleet, stops)
    vehicles = VehicleTypes.create(**fleet)
    if "pinned" in on and clients >= 4 and "pairs" not in on:
        picked = rng.permutation(clients)[:3].tolist()
        stops["pinned"] = [Pinned(int(rng.integers(0, types)), tuple(picked), int(rng.integers(0, 3)))]
    return RoutingProblem.create(
        depots=depots,
        vehicles=vehicles,
        distances=rng.integers(1, 60, (profiles, nodes, nodes)),
        durations=rng.integers(1, 60, (profiles, nodes, nodes)),
        coordinates=rng.integers(0, 100, (nodes, 2)),
        **stops,
    )


def _add_times(
    on: set[str],
    rng: np.random.Generator,
    shape: tuple[int, int, int, int],
    fleet: dict[str, Any],
    stops: dict[str, Any],
) -> None:
    types, clients, dimensions, depots = shape
    nodes, profiles = depots + clients, 2
    if "windows" in on:
        early = rng.integers(0, 300, (clients, 3))
        stops["windows"] = np.sort(np.stack([early, early + rng.integers(5, 90, (clients, 3))], axis=2), axis=1)
    if "breaks" in on:
        begin = rng.integers(0, 250, (types, 2, 2))
        duration = rng.integers(0, 30, (types, 2))
        duration[:, 1] = np.where(rng.random(types) < 0.5, -1, duration[:, 1])
        load = rng.integers(5, 40, (types, 2, dimensions)) if "max_load" in on else UNBOUNDED
        spans = np.stack([begin, begin + rng.integers(20, 150, (types, 2, 2))], axis=3)
        fleet["breaks"] = Breaks.create(spans, duration, load, dimensions)
    if "speeds" in on:
        starts = np.array([[0, 60, 150, 240]] * profiles)
        stops["speeds"] = Speeds(starts, rng.integers(40, 140, (profiles, 4)), 300 if rng.random() < 0.5 else UNBOUNDED)
    if "setup" in on:
        stops["setup"], stops["place"] = rng.integers(0, 20, clients), rng.integers(0, nodes // 2 + 1, nodes)
    if "own_times" in on:
        fleet["service"] = rng.integers(-1, 20, (types, clients))
        fleet["setup"] = rng.integers(-1, 10, (types, clients))
    if "shift" in on:
        fleet["shift"] = np.stack([rng.integers(0, 50, types), rng.integers(200, 500, types)], 1)
    if "release" in on:
        stops["release"] = rng.integers(0, 100, clients)


def _add_costs(
    on: set[str],
    rng: np.random.Generator,
    shape: tuple[int, int, int, int],
    fleet: dict[str, Any],
    stops: dict[str, Any],
) -> None:
    types, clients, _, depots = shape
    nodes, profiles = depots + clients, 2
    if "driving" in on:
        fleet["driving_cost"] = rng.integers(0, 3, types)
        fleet["max_driving"] = rng.integers(100, 400, types)
    if "service_cost" in on:
        fleet["service_cost"] = rng.integers(0, 3, types)
    if "arcs" in on:
        stops["arc_costs"] = rng.integers(0, 50, (profiles, nodes, nodes))
    if "overtime" in on:
        fleet["overtime_cost"], fleet["regular_duration"] = rng.integers(0, 5, types), rng.integers(50, 200, types)
    if "balance" in on:
        stops["balance_cost"] = int(rng.integers(1, 5))
    if "limits" in on:
        fleet["max_duration"], fleet["max_distance"] = rng.integers(150, 400, (2, types))
        fleet["max_stops"] = rng.integers(2, 8, types)
    if "duration_cost" in on:
        fleet["duration_cost"] = rng.integers(0, 3, types)


def _add_goods(
    on: set[str],
    rng: np.random.Generator,
    shape: tuple[int, int, int, int],
    fleet: dict[str, Any],
    stops: dict[str, Any],
) -> None:
    types, clients, dimensions, depots = shape
    if "reloads" in on:
        fleet["max_reloads"] = rng.integers(0, 3, types)
    if "open" in on:
        fleet["end_depot"] = np.where(rng.random(types) < 0.5, OPEN_END, rng.integers(0, depots, types))
    if "optional" in on:
        stops["required"], stops["prize"] = rng.random(clients) < 0.5, rng.integers(0, 120, clients)
    if "skills" in on:
        fleet["skills"], stops["skills"] = rng.integers(0, 4, types), rng.integers(0, 2, clients)
    if "backhauls" in on and "pairs" not in on:
        stops["backhaul"] = rng.random(clients) < 0.3
    if "pickups" in on and "pairs" not in on:
        stops["pickup"] = rng.integers(0, 8, (clients, dimensions))
    if "pairs" in on:
        _pair(stops, clients, rng)


def _pair(stops: dict[str, Any], clients: int, rng: np.random.Generator) -> None:
    """Make pairs of neighbouring indices out of most clients."""
    origin = np.full(clients, -1)
    pickup = np.zeros_like(stops["delivery"])
    for first in range(0, clients - 1, 2):
        if rng.random() < 0.7:
            origin[first + 1] = first
            pickup[first] = stops["delivery"][first + 1]
            stops["delivery"][first] = 0
            if "required" in stops:
                stops["required"][first + 1] = stops["required"][first]
    stops["pickup_of"], stops["pickup"] = origin, pickup
