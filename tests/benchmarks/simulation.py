"""Item-location-days per second of the policy simulation, on one core.

    python tests/benchmarks/simulation.py [--rows N] [--days N] [--futures N]

Two thousand item-locations with daily demand from 0.2 to 20 units, (R,s,S) and (s,Q) with packs, lost sales, lead times
of 1 to 9 days, a third of them random. Times are processor seconds of one thread, compiling left out. Figures are in
docs/mathematics-simulation.md.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from solvers.compiled import set_threads
from solvers.stock.policies import OrderPolicy, StockStart, play_compiled
from solvers.stock.policy_arrays import play_arrays
from solvers.stock.policy_futures import LeadTimes, Prices, SampledDemand, play_policies
from solvers.stock.random_kernels import stream


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=2_000)
    parser.add_argument("--days", type=int, default=182)
    parser.add_argument("--futures", type=int, default=100)
    asked = parser.parse_args()
    set_threads(1)
    rng = np.random.default_rng(1)
    rows, days = asked.rows, asked.days
    mean = np.repeat(rng.gamma(1.0, 3.0, (rows, 1)) + 0.2, days, axis=1)
    names = np.array([stream("row", k) for k in range(rows)])
    lead_days = rng.integers(1, 10, rows)
    sure = LeadTimes(lead_days, lead_days.astype(float), np.zeros(rows), 1, names)
    spread = np.where(np.arange(rows) % 3 == 0, 1.5, 0.0)
    late = LeadTimes(lead_days, lead_days.astype(float), spread, 1, names)
    cover = mean * (lead_days[:, None] + 7)
    review, zeros = np.full(rows, 7), np.zeros(rows)
    levels = OrderPolicy(cover, 1.3 * cover, zeros, np.full(rows, 6.0), zeros, review)
    lots = OrderPolicy(cover, cover, np.full(rows, 12.0), zeros, zeros, np.ones(rows, dtype=np.int64))
    begin = StockStart(cover[:, 0], np.zeros((rows, 0)), np.zeros(rows, dtype=bool), np.zeros(rows, dtype=np.int64))
    prices = Prices(np.full(rows, 0.01), np.full(rows, 1.0), np.full(rows, 5.0), np.full(rows, 2.0))
    demand = SampledDemand(mean, np.sqrt(1.5 * mean), names)
    recorded = rng.poisson(mean).astype(float)

    def measure(name: str, futures: int, policies: int, play: Callable[[int], object]) -> None:
        play(1)
        began = time.process_time()
        play(futures)
        seconds = time.process_time() - began
        print(
            f"{name:58}{rows * days * futures * policies / seconds / 1e6:>8.1f} million/s   {seconds:.1f} s", flush=True
        )

    def sampled(policies: list[OrderPolicy], lead: LeadTimes) -> Callable[[int], object]:
        return lambda futures: play_policies(begin, policies, demand, lead, prices, futures, 1)

    fixed = rng.poisson(mean[:, :, None], (rows, days, 20)).astype(float)
    waits = np.repeat(lead_days.astype(np.int16), days * 20).reshape(rows, days, 20)
    measure(
        "the recursion alone, (R,s,S)", 20, 1, lambda n: play_compiled(begin, levels, fixed[..., :n], waits[..., :n])
    )
    spoils = replace(begin, shelf_buckets=np.full(rows, 10))
    measure(
        "the recursion alone, (R,s,S), ten buckets of shelf life",
        20,
        1,
        lambda n: play_compiled(spoils, levels, fixed[..., :n], waits[..., :n]),
    )
    measure("the recursion alone, (s,Q)", 20, 1, lambda n: play_compiled(begin, lots, fixed[..., :n], waits[..., :n]))
    for name, rule in (("(R,s,S)", levels), ("(s,Q)", lots)):
        play = lambda n, rule=rule: play_arrays(begin, rule, fixed[..., :n], waits[..., :n])  # noqa: E731
        measure(f"the recursion alone, NumPy, {name}", 20, 1, play)
    measure("sampled demand, one policy", asked.futures, 1, sampled([levels], sure))
    measure("sampled demand, a third of lead times random, one policy", asked.futures, 1, sampled([levels], late))
    measure("the same, two policies in the same futures", asked.futures, 2, sampled([levels, lots], late))
    once = lambda n: play_policies(begin, [levels], recorded, sure, prices, 1, 1)  # noqa: E731
    measure("recorded demand, one policy", 1, 1, once)


if __name__ == "__main__":
    main()
