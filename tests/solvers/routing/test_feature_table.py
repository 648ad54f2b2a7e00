"""The table of docs/routing-files.md says of every feature which solvers know it; here they are asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from solvers.routing import OPEN_END, Breaks, Pinned, RoutingProblem, Speeds, VehicleTypes, registry
from solvers.routing.formats import read_problem  # noqa: F401 - the page is about files

PAGE = Path(__file__).parents[3] / "docs" / "routing-files.md"
SOLVERS = ("auto", "ruin_recreate", "genetic", "ant_colony", "exact", "ortools")
N = 4

FEATURES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "several capacity dimensions": ({"capacity": [[9, 9]]}, {"delivery": np.ones((N, 2), int)}),
    "a time window per stop": ({}, {"windows": [[0, 500]] * N}),
    "several time windows per stop": ({}, {"windows": [[[0, 100], [200, 500]]] * N}),
    "service times": ({}, {"service": 5}),
    "setup times, once per place": ({}, {"setup": 5, "place": [0, 1, 1, 2, 3]}),
    "service and setup by vehicle type": ({"capacity": [[9]] * 2, "service": [[1] * N, [2] * N]}, {}),
    "different vehicles": ({"capacity": [[5], [9]], "count": [1, 2], "fixed_cost": [1, 2]}, {}),
    "cost per km and per hour away": ({"distance_cost": 2, "duration_cost": 3}, {}),
    "cost per hour at the wheel": ({"driving_cost": 3}, {"durations": True}),
    "cost per hour of service": ({"service_cost": 3}, {"service": 4}),
    "own costs of arcs": ({}, {"arc_costs": True}),
    "overtime": ({"overtime_cost": 3, "regular_duration": 40}, {}),
    "several depots": ({"capacity": [[9], [9]], "start_depot": [0, 1]}, {"depots": 2}),
    "end elsewhere, open routes": ({"end_depot": OPEN_END}, {}),
    "reloads": ({"max_reloads": 2}, {}),
    "reloads with a largest duration": ({"max_reloads": 2, "max_duration": 400}, {}),
    "pick-ups and deliveries": ({}, {"pickup": 1}),
    "pick-up before delivery": ({}, {"pickup": [1, 0, 0, 0], "delivery": [0, 1, 1, 1], "pickup_of": [-1, 0, -1, -1]}),
    "backhauls": ({}, {"backhaul": [False, False, True, True]}),
    "skills and forbidden vehicles": ({"skills": 1}, {"skills": [0, 1, 0, 1]}),
    "optional stops and priorities": ({}, {"required": [True, False] * 2, "prize": 50, "priority": [0, 0, 3, 0]}),
    "release times": ({}, {"release": 10}),
    "shifts, largest duration, distance, stops": (
        {"shift": [0, 900], "max_duration": 600, "max_distance": 600, "max_stops": 3}, {},
    ),
    "largest time at the wheel": ({"max_driving": 600}, {"durations": True}),
    "driver breaks": ({"breaks": Breaks.create([[[0, 500]]], [[5]], 99, 1)}, {}),
    "speeds by time of day": ({}, {"speeds": Speeds(np.array([[0, 100]]), np.array([[100, 50]]))}),
    "pinned stops, frozen prefixes": ({}, {"pinned": [Pinned(0, (2, 1), 1)]}),
    "balance of routes": ({}, {"balance_cost": 2}),
}  # fmt: skip


def problem_with(fleet: dict[str, Any], stops: dict[str, Any]) -> RoutingProblem:
    stops = dict(stops)
    depots = stops.pop("depots", 1)
    rng = np.random.default_rng(1)
    nodes = depots + N
    for name in ("durations", "arc_costs"):
        if stops.get(name) is True:
            stops[name] = rng.integers(1, 50, (nodes, nodes))
            stops["distances"] = rng.integers(1, 50, (nodes, nodes))
    return RoutingProblem.create(
        depots=depots,
        vehicles=VehicleTypes.create(**{"count": 3, "capacity": [[9]], **fleet}),
        coordinates=rng.integers(0, 60, (nodes, 2)),
        **{"delivery": [1] * N, **stops},
    )


def test_the_table_says_what_the_solvers_say() -> None:
    for solver in SOLVERS:
        if registry.why_not(solver) is not None:
            pytest.skip(f"{solver} is not installed")
    rows = [line.split("|")[1:-1] for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    told = {row[0].strip(): [cell.strip() for cell in row[1 : 1 + len(SOLVERS)]] for row in rows}
    for feature, (fleet, stops) in FEATURES.items():
        problem = problem_with(fleet, stops)
        known = ["yes" if registry.why_not(solver, problem) is None else "" for solver in SOLVERS]
        assert told.get(feature) == known, f"| {feature} | {' | '.join(known)} |"
