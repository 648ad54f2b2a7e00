"""Speed of sweeps: the same number of small scenarios on one worker and on more, on a machine that does nothing else.

python tests/benchmarks/sweep.py [MEMBERS] [WORKERS]      (200 and 2)
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from small_project import small_tables, write_project


def main(members: int = 200, workers: int = 2) -> None:
    """Time one sweep per number of workers; both find the forecasts in the stage cache and no routes."""
    with tempfile.TemporaryDirectory() as folder:
        counts = {"warm": workers, "one": 1, "more": workers}
        sweeps = {
            name: {"matrix": {"distribution.speed_kmh": [40 + n * 40 / members + shift for n in range(size)]}}
            for name, shift, size in (("warm", 90.0, 2), ("one", 0.0, members), ("more", 0.001, members))
        }
        settings = {"replenishment": {"target_gap": 0.9}, "simulation": {"replications": 10}, "sweeps": sweeps}
        project = write_project(Path(folder) / "project", small_tables(weeks=12, dc_stock=60), settings)
        environment = {**os.environ, "PLANNER_CACHE_DIR": f"{folder}/stages"}
        seconds = {}
        for name, count in counts.items():
            start = time.perf_counter()
            words = ("scenarios", "sweep", str(project), name, "--workers", str(count), "--json")
            done = subprocess.run(
                [sys.executable, "-m", "planner", *words], env=environment, capture_output=True, check=True
            )
            seconds[name] = time.perf_counter() - start
            cpu_s = sum(each["cpu_s"] for each in json.loads(done.stdout)["scenarios"])
            print(f"{name}: {count} workers, {seconds[name]:.1f} s, members {cpu_s:.1f} CPU s", flush=True)
        load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
        print(f"{seconds['one'] / seconds['more']:.2f} x as fast on {workers} workers; load {load}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
