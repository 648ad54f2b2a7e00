"""One answer of a peer's own solver, run by any Python that has the peer; knows nothing of this project.

    python routing_peers.py pyvrp FILE SECONDS SEED CONVENTION      (CONVENTION: dimacs or round)
    python routing_peers.py version pyvrp

Prints JSON: [[vehicle type, [client numbers from 0, -1 where the vehicle reloads]] ...]. The limit counts CPU seconds.
"""

from __future__ import annotations

import json
import sys
import time
from importlib.metadata import version
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


if __name__ == "__main__":
    if sys.argv[1] == "version":
        print(version(sys.argv[2]))
    else:
        print(json.dumps({"pyvrp": pyvrp}[sys.argv[1]](sys.argv[2], float(sys.argv[3]), int(sys.argv[4]), sys.argv[5])))
