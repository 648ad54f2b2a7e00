"""One answer of a peer's own solver, run by any Python that has the peer; knows nothing of this project.

    python routing_peers.py pyvrp FILE SECONDS SEED CONVENTION      (CONVENTION: dimacs or round)
    python routing_peers.py hygese FILE SECONDS SEED round          (HGS-CVRP; classic problems only)
    python routing_peers.py version pyvrp

Prints JSON: [[vehicle type, [client numbers from 0, -1 where the vehicle reloads]] ...]. The limit counts CPU seconds.
"""

from __future__ import annotations

import json
import math
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from typing import Any


def pyvrp(path: str, seconds: float, seed: int, convention: str) -> list[list[Any]]:
    """Return PyVRP's routes, none where it found no feasible ones."""
    import pyvrp

    data = pyvrp.read(path, round_func=convention)
    started = time.process_time()
    result = pyvrp.solve(data, stop=lambda _best: time.process_time() - started >= seconds, seed=seed, display=False)
    if not result.is_feasible():
        return []
    routes = []
    for route in result.best.routes():
        stops = [int(activity.idx) if activity.is_client() else -1 for activity in route]
        begin = next(k for k, stop in enumerate(stops) if stop >= 0)
        end = next(k for k in range(len(stops), 0, -1) if stops[k - 1] >= 0)
        routes.append([int(route.vehicle_type()), stops[begin:end]])
    return routes


def hygese(path: str, seconds: float, seed: int, _convention: str) -> list[list[Any]]:
    """Return the routes of HGS-CVRP, with its own default for the number of vehicles; its clock counts CPU time."""
    import hygese
    import vrplib

    data = vrplib.read_instance(path, compute_edge_weights=False)
    points, demand, capacity = data["node_coord"], data["demand"], int(data["capacity"])
    case = {
        "x_coordinates": points[:, 0],
        "y_coordinates": points[:, 1],
        "service_times": [0.0] * len(demand),
        "demands": demand,
        "vehicle_capacity": capacity,
        "num_vehicles": math.ceil(1.3 * float(demand.sum()) / capacity) + 3,
        "depot": 0,
    }
    solver = hygese.Solver(parameters=hygese.AlgorithmParameters(timeLimit=seconds, seed=seed), verbose=False)
    return [[0, [int(node) - 1 for node in stops]] for stops in solver.solve_cvrp(case, rounding=True).routes]


if __name__ == "__main__":
    if sys.argv[1] == "version":
        try:
            print(version(sys.argv[2]))
        except PackageNotFoundError:
            sys.exit(f"{sys.argv[2]} is not installed here")
    else:
        solve = {"pyvrp": pyvrp, "hygese": hygese}[sys.argv[1]]
        print(json.dumps(solve(sys.argv[2], float(sys.argv[3]), int(sys.argv[4]), sys.argv[5])))
