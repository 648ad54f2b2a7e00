"""Safety stock placement by guaranteed service beside stockpyl, on random trees.

    python tests/benchmarks/guaranteed_service.py --peer-python PYTHON_WITH_STOCKPYL [--stages 50 100 200] [--seed 1]

Every tree: each stage but the last hangs on an earlier one, upstream or downstream of it by even chance; processing
of 1 to 10 days, cost added of 1 to 10, demand of standard deviation 1 to 10 at stages without customers. Both get the
same trees and must find the same cost. Processor seconds; the compiled kernels warm. Without --peer-python only
ours is timed. Figures are in docs/benchmarks-inventory.md.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np

from solvers.stock.guaranteed_service import ServiceNetwork, longest_times, optimise_service_times

REPEATS = 5


def make_tree(stages: int, seed: int) -> dict[str, Any]:
    """Return a random tree: processing days, holding cost and own demand's deviation by stage, and arcs."""
    random = np.random.default_rng([seed, stages])
    arcs = []
    for stage in range(1, stages):
        other = int(random.integers(stage))
        arcs.append((other, stage) if random.random() < 0.5 else (stage, other))
    added = random.integers(1, 11, stages).astype(float)
    sends = {origin for origin, _ in arcs}
    deviation = [0.0 if stage in sends else float(random.integers(1, 11)) for stage in range(stages)]
    held = added.copy()
    for stage in _sources_first(stages, arcs):
        held[stage] += sum(held[origin] for origin, destination in arcs if destination == stage)
    return {
        "processing": random.integers(1, 11, stages).tolist(),
        "held": held.tolist(),
        "deviation": deviation,
        "arcs": arcs,
    }


def _sources_first(stages: int, arcs: list[tuple[int, int]]) -> list[int]:
    waiting = np.bincount([destination for _, destination in arcs], minlength=stages)
    order = [stage for stage in range(stages) if not waiting[stage]]
    for stage in order:
        for origin, destination in arcs:
            if origin == stage:
                waiting[destination] -= 1
                if not waiting[destination]:
                    order.append(destination)
    return order


def ours(tree: dict[str, Any]) -> tuple[float, float]:
    """Return cost and processor seconds."""
    began = time.process_time()
    count = len(tree["processing"])
    origin, destination = np.array(tree["arcs"]).T
    processing, none = np.array(tree["processing"]), np.zeros(count, dtype=np.int64)
    variance = np.array(tree["deviation"]) ** 2
    for stage in reversed(_sources_first(count, tree["arcs"])):
        variance[stage] += variance[destination[origin == stage]].sum()
    longest = longest_times(processing, none, origin, destination).max()
    factor = np.array(tree["held"]) * np.sqrt(variance)
    network = ServiceNetwork(
        processing,
        factor[:, None] * np.sqrt(np.arange(longest + 1.0)),
        origin,
        destination,
        none,
        np.where(np.array(tree["deviation"]) > 0, 0, -1),
    )
    return float(optimise_service_times(network).cost), time.process_time() - began


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer-python", type=Path)
    parser.add_argument("--stages", type=int, nargs="+", default=[50, 100, 200])
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    trees = [make_tree(stages, asked.seed) for stages in asked.stages]
    theirs: list[dict[str, float]] = []
    if asked.peer_python:
        command = [str(asked.peer_python), "-W", "ignore", str(Path(__file__).with_name("stockpyl_peer.py")), "trees"]
        done = subprocess.run(command, input=json.dumps(trees), capture_output=True, text=True, check=True)
        theirs = json.loads(done.stdout)
    ours(trees[0])
    print(
        "| stages | ours: cost | seconds | stockpyl: cost | seconds | times faster |\n|---:|---:|---:|---:|---:|---:|"
    )
    for number, tree in enumerate(trees):
        answers = [ours(tree) for _ in range(REPEATS)]
        cost, seconds = answers[0][0], min(each[1] for each in answers)
        line = f"| {len(tree['processing'])} | {cost:.4f} | {seconds:.4f} |"
        if theirs:
            peer = theirs[number]
            line += f" {peer['cost']:.4f} | {peer['seconds']:.2f} | {peer['seconds'] / seconds:,.0f} |"
        print(line, flush=True)


if __name__ == "__main__":
    main()
