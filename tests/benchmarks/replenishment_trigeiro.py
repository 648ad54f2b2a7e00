"""Capacitated lot sizing with set-up times: the decomposition against HiGHS at equal time.

    python tests/benchmarks/replenishment_trigeiro.py                      (a spread of the 180 instances)
    python tests/benchmarks/replenishment_trigeiro.py X11117A X12429E --json

Instances of Trigeiro, Thomas, McClain (1989), Capacitated lot sizing with setup times, *Management Science* 35(3), in
`../shared/data/clsp_trigeiro` (or --folder): 10 items, 20 periods, one machine whose time both units and set-ups take.
HiGHS gets the facility-location formulation (Krarup, Bilde 1977), whose relaxation is much stronger than stock
balances, on one thread, for as many seconds as the decomposition took (but at least a second). Our plans are counted
by the judge of `solvers.lotsizing.verify`. gap = (cost - the better of both bounds) / cost.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from solvers.lotsizing.problem import DISPATCH, LotSizingProblem
from solvers.lotsizing.solve import solve
from solvers.lotsizing.verify import verify
from solvers.milp.highs import load, read
from solvers.milp.problem import MilpProblem

_FOLDER = Path("../shared/data/clsp_trigeiro")
_SPREAD = tuple(f"X1{middle}A" for middle in (
    "1117", "1119", "1228", "1417", "1429", "2118", "2127", "2229", "2417", "2428",
))  # fmt: skip
_LOST = 50.0
"""What a unit not served costs, over its item's set-up cost: no plan worth naming loses any."""
_ITERATIONS = 400


def read_instance(path: Path) -> LotSizingProblem:
    """Return the problem of a file: items, periods; unit cost; capacity; four figures per item; demand by period."""
    tokens = path.read_text().split()
    n, T = int(tokens[0]), int(tokens[1])
    figures = [float(token) for token in tokens[: 4 + 4 * n + n * T]]  # a legend follows
    capacity = figures[3]
    unit_time, holding, setup_time, setup = np.array(figures[4 : 4 + 4 * n]).reshape(n, 4).T
    demand = np.array(figures[4 + 4 * n : 4 + 4 * n + n * T]).reshape(T, n).T.astype(np.int32)
    to_come = np.cumsum(demand[:, ::-1], axis=1)[:, ::-1]
    in_time = np.floor((capacity - setup_time) / unit_time)[:, None]
    ones = np.ones(n, np.int32)
    return LotSizingProblem(
        demand=np.ascontiguousarray(demand),
        opening=0 * ones,
        receipts=np.zeros((n, T), np.int32),
        pack=ones,
        moq=ones,
        lead=0 * ones,
        min_packs=np.zeros((n, T), np.int32),
        max_packs=np.ascontiguousarray(np.minimum(to_come, in_time), dtype=np.int32),
        holding=holding.copy(),
        shortage=_LOST * np.maximum(setup, holding),
        shortfall=np.zeros(n),
        safety=np.zeros((n, T), np.int32),
        storage=np.ascontiguousarray(to_come, dtype=np.int32),
        setup=setup.copy(),
        pack_cost=np.zeros(n),
        end_value=np.zeros(n),
        backorders=np.zeros(n, bool),
        source=-ones,
        capacity=np.full((1, T), capacity),
        kind=np.full(1, DISPATCH, np.int32),
        usage_start=np.arange(n + 1, dtype=np.int32),
        usage_resource=np.zeros(n, np.int32),
        usage_amount=unit_time.copy(),
        usage_order=setup_time.copy(),
    )


def facility_location(p: LotSizingProblem) -> tuple[MilpProblem, np.ndarray]:
    """Return the programme in shares of demand (item, made in, for), and those three of every share."""
    n, T = p.demand.shape
    item, made, used = np.nonzero(np.triu(np.ones((T, T)))[None] * (p.demand[:, None, :] > 0))
    x, y = np.arange(item.size), item.size + np.arange(n * T)
    demand = p.demand[item, used].astype(float)
    wanted = np.flatnonzero(p.demand.ravel() > 0)
    row_of = np.full(n * T, -1)
    row_of[wanted] = np.arange(wanted.size)
    opens, time_rows = wanted.size + x, wanted.size + item.size + np.arange(T)
    milp = MilpProblem.from_entries(
        cost=np.concatenate([p.holding[item] * (used - made) * demand, np.repeat(p.setup, T)]),
        lower=np.zeros(x.size + y.size),
        upper=np.ones(x.size + y.size),
        integer=np.arange(x.size + y.size) >= x.size,
        row_lower=np.concatenate([np.ones(wanted.size), np.full(item.size + T, -np.inf)]),
        row_upper=np.concatenate([np.ones(wanted.size), np.zeros(item.size), p.capacity[0]]),
        rows=np.concatenate([row_of[item * T + used], opens, opens, time_rows[made], np.tile(time_rows, n)]),
        columns=np.concatenate([x, x, y[item * T + made], x, y]),
        values=np.concatenate(
            [np.ones(2 * x.size), -np.ones(x.size), p.usage_amount[item] * demand, np.repeat(p.usage_order, T)]
        ),
    )
    return milp, np.stack([item, made, used])


def by_highs(p: LotSizingProblem, seconds: float) -> tuple[float, float]:
    """Return the bound and the cost that HiGHS finds in this time; the cost is infinite where it finds none."""
    milp, _ = facility_location(p)
    solver = load(milp, gap=1e-6, time_limit_s=seconds)
    solver.run()
    answer = read(solver, milp)
    return answer.lower_bound, answer.objective if answer.x is not None else np.inf


def measure(name: str, folder: Path) -> dict[str, Any]:
    """Return the figures of one instance."""
    problem = read_instance(folder / name)
    began = time.process_time()
    found = solve(problem, engine="decomposition", target_gap=0.001, iterations=_ITERATIONS, seed=1, threads=1)
    cpu_s = time.process_time() - began
    verdict = verify(problem, found.packs)
    faults = list(verdict.faults) + (["demand not served"] if verdict.unmet.any() else [])
    highs_bound, highs_cost = by_highs(problem, max(cpu_s, 1.0))
    bound = max(found.lower_bound, highs_bound)
    return {
        "instance": name, "lower_bound": found.lower_bound, "upper_bound": verdict.cost, "cpu_s": round(cpu_s, 3),
        "gap": (verdict.cost - bound) / verdict.cost, "highs_lower_bound": highs_bound, "highs_upper_bound": highs_cost,
        "highs_gap": (highs_cost - bound) / highs_cost if np.isfinite(highs_cost) else 1.0, "faults": faults,
    }  # fmt: skip


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("instances", nargs="*", default=list(_SPREAD))
    parser.add_argument("--folder", type=Path, default=_FOLDER)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    missing = [name for name in asked.instances if not (asked.folder / name).is_file()]
    if missing:
        sys.exit(f"{asked.folder}: no files {', '.join(missing)}; name the folder of the instances with --folder.")
    if not asked.json:
        print(
            f"{'instance':10}{'bound':>10}{'cost':>10}{'gap':>8}{'CPU s':>7}{'HiGHS bound':>13}{'cost':>10}{'gap':>8}"
        )
    measure(asked.instances[0], asked.folder)  # kernels are compiled or loaded
    for name in asked.instances:
        f = measure(name, asked.folder)
        if asked.json:
            print(json.dumps(f), flush=True)
            continue
        print(
            f"{name:10}{f['lower_bound']:>10.0f}{f['upper_bound']:>10.0f}{100 * f['gap']:>6.2f} %{f['cpu_s']:>7.2f}"
            f"{f['highs_lower_bound']:>13.0f}{f['highs_upper_bound']:>10.0f}{100 * f['highs_gap']:>6.2f} %"
            f"{'  ' + '; '.join(f['faults']) if f['faults'] else ''}",
            flush=True,
        )


if __name__ == "__main__":
    main()
