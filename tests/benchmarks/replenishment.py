"""Replenishment with a proven bound: generated cases, or one from a file; figures in docs/benchmarks-replenishment.md.

    python tests/benchmarks/replenishment.py --size M --tight 0.9 --seeds 1,2,3 --target-gap 0.01 --threads 1 --json
    python tests/benchmarks/replenishment.py --instance FILE.npz --solution FILE.npz [--json]
    python tests/benchmarks/replenishment.py                (the whole table; make bench-replenishment)

One line per case. lower_bound: proven by the solver. upper_bound: the plan's cost as the judge in
`replenishment_family` counts it, which shares nothing with the solver; a plan that breaks a rule is an error (exit
code 5). cpu_s and wall_s: building the arrays and solving; a tiny case is solved first and left out, so that
neither compilation nor loading it counts (warmup_s). peak_mb: the most memory of the process so far, generating
included.

--instance reads the arrays that `replenishment_family` names (pack, lead, I0, D, h, b, F, SS, a, cap, vol, store, dc,
Ctr, Cdc; R and moq may be left out), --solution writes `packs` [K, T] by day of arrival, `units` [K, T] = packs x
units in a pack, `lower_bound` and `upper_bound`.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from replenishment_family import (
    SIZES,
    Case,
    generate,
    generate_joint,
    generate_minimums,
    judge,
    judge_joint,
    most_packs,
)

from solvers.lotsizing.problem import DISPATCH, LotSizingProblem
from solvers.lotsizing.result import LotSizingResult

_EXACT_UP_TO = 1_000
"""Cases with at most this many pairs of item-location and day are solved to proven optimality."""
_ITERATIONS = 400
_MOST_TRUCKS = 12
"""Trucks that can be bought for one store and day."""
_NEEDED = ("store", "dc", "pack", "lead", "I0", "D", "h", "b", "F", "SS", "a", "cap", "vol", "Ctr", "Cdc")


FAMILIES = {"plain": generate, "joint": generate_joint, "minimums": generate_minimums}


def problem_of(case: Case) -> LotSizingProblem:
    """Return the arrays that the solver takes."""
    K, T = case["D"].shape
    stores, dcs = case["Ctr"].shape[0], case["Cdc"].shape[0]

    def ints(values: Any) -> Any:
        return np.ascontiguousarray(values, dtype=np.int32)

    def floats(values: Any) -> Any:
        return np.ascontiguousarray(values, dtype=np.float64)

    return LotSizingProblem(
        demand=ints(case["D"]),
        opening=ints(case["I0"]),
        receipts=ints(case["R"]),
        pack=ints(case["pack"]),
        moq=ints(case["moq"]),
        lead=ints(case["lead"]),
        min_packs=np.zeros((K, T), np.int32),
        max_packs=ints(most_packs(case)),
        holding=floats(case["h"]),
        shortage=floats(case["b"]),
        shortfall=floats(case["a"]),
        safety=ints(np.broadcast_to(np.asarray(case["SS"])[:, None], (K, T))),
        storage=ints(case["cap"]),
        setup=floats(case["F"]),
        pack_cost=np.zeros(K),
        end_value=np.zeros(K),
        backorders=np.zeros(K, bool),
        source=np.full(K, -1, np.int32),
        capacity=floats(np.concatenate([case["Ctr"], case["Cdc"]])),
        kind=np.full(stores + dcs, DISPATCH, np.int32),
        usage_start=ints(2 * np.arange(K + 1)),
        usage_resource=ints(np.stack([case["store"], stores + np.asarray(case["dc"])], axis=1).ravel()),
        usage_amount=floats(np.repeat(case["vol"], 2)),
    )


def joint_problem_of(case: Case) -> LotSizingProblem:
    """Return the arrays of a case of two echelons: stores, then dcs, then trucks."""
    from solvers.lotsizing.joint import with_order_costs, with_trucks

    K, _T = case["D"].shape
    stores, lines = case["Ctr"].shape[0], case["dc_pack"].size
    one = problem_of(case)
    of_dc: dict[str, Any] = {
        "demand": 0, "opening": case["dc_I0"], "receipts": 0, "pack": case["dc_pack"], "moq": 1, "lead": 0,
        "min_packs": 0, "max_packs": case["dc_most"], "holding": case["dc_h"], "shortage": 0.0, "shortfall": 0.0,
        "safety": 0, "storage": case["dc_cap"][:, None], "setup": case["dc_F"], "pack_cost": 0.0, "end_value": 0.0,
        "backorders": False, "source": -1,
    }  # fmt: skip
    arrays = {}
    for name, values in of_dc.items():
        first = getattr(one, name)
        added = np.broadcast_to(values, (lines, *first.shape[1:])).astype(first.dtype)
        arrays[name] = np.concatenate([first, added])
    arrays["source"][:K] = K + case["line"]
    arrays["max_packs"][:K] = _most_without_trucks(case)
    dcs = case["Cdc"].shape[0]
    problem = LotSizingProblem(
        **arrays,
        capacity=np.ascontiguousarray(case["Cdc"], dtype=np.float64),
        kind=np.full(dcs, DISPATCH, np.int32),
        usage_start=np.append(np.arange(K + 1), np.full(lines, K)).astype(np.int32),
        usage_resource=np.asarray(case["dc"], np.int32),
        usage_amount=np.asarray(case["vol"], np.float64),
    )
    load = np.stack([case["vol"], case["kg"]])
    if "least" in case:
        problem = with_order_costs(
            problem,
            supplier=np.append(np.full(K, -1), case["supplier"]).astype(np.int32),
            value=np.append(np.zeros(K), case["value"]),
            least=case["least"],
            most=case["most"],
            price=case["order_price"],
        )
    others = problem.item_locations - K
    return with_trucks(
        problem,
        lane=np.append(case["store"], np.full(others, -1)).astype(np.int32),
        amount=np.concatenate([load, np.zeros((2, others))], axis=1),
        size=np.stack([case["truck_vol"], case["truck_kg"]], axis=1),
        price=case["truck_price"],
        most=np.full(stores, _MOST_TRUCKS, np.int32),
    )


def _most_without_trucks(case: Case) -> Any:
    return most_packs(case | {"Ctr": np.full(case["Ctr"].shape, np.inf)})


def read_case(path: Path) -> Case:
    """Return the case in a file; what can be left out is filled in."""
    with np.load(path, allow_pickle=False) as file:
        case: Case = {name: file[name] for name in file.files}
    missing = [name for name in _NEEDED if name not in case]
    if missing:
        sys.exit(f"{path}: no arrays {', '.join(missing)}; see the top of {Path(__file__).name}.")
    K, T = case["D"].shape
    case.setdefault("R", np.zeros((K, T), np.int32))
    case.setdefault("moq", np.ones(K, np.int32))
    for name in ("pack", "moq", "lead", "I0", "SS", "h", "b", "F", "a", "vol", "store", "dc"):
        case[name] = np.broadcast_to(case[name], (K,))
    case["cap"] = np.broadcast_to(case["cap"] if case["cap"].ndim == 2 else case["cap"][:, None], (K, T))
    return case


def solve_case(case: Case, target_gap: float, threads: int, time_limit_s: float | None = None) -> LotSizingResult:
    """Return the solver's answer."""
    from solvers.lotsizing.solve import solve

    K, T = case["D"].shape
    return solve(
        joint_problem_of(case) if "truck_price" in case else problem_of(case),
        engine="exact" if K * T <= _EXACT_UP_TO else "decomposition",
        target_gap=target_gap,
        iterations=_ITERATIONS,
        seed=1,
        threads=threads,
        time_limit_s=time_limit_s,
    )


def measure(case: Case, target_gap: float, threads: int, time_limit_s: float | None) -> tuple[dict[str, Any], Any]:
    """Return the figures of one case and its plan."""
    wall, cpu = time.perf_counter(), time.process_time()
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = solve_case(case, target_gap, threads, time_limit_s)
    wall_s, cpu_s = time.perf_counter() - wall, time.process_time() - cpu
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s += after.ru_utime + after.ru_stime - children.ru_utime - children.ru_stime
    K = case["D"].shape[0]
    packs = found.packs[:K]
    if "truck_price" in case:
        judged = judge_joint(case, packs, found.packs[K : K + case["dc_pack"].size])
    else:
        judged = judge(case, packs)
    gap = (judged.cost - found.lower_bound) / judged.cost if judged.cost else 0.0
    return {
        "lower_bound": found.lower_bound,
        "upper_bound": judged.cost,
        "gap": gap,
        "cpu_s": round(cpu_s, 3),
        "wall_s": round(wall_s, 3),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        "status": found.status,
        "engine": found.engine,
        "iterations": found.iterations,
        "item_locations": case["D"].shape[0],
        "days": case["D"].shape[1],
        "threads": threads,
        "faults": list(judged.faults),
    }, packs


def warm_up(threads: int, family: str = "plain") -> float:
    """Solve small cases, so that every kernel is compiled and loaded; return the seconds."""
    began = time.perf_counter()
    for size in ("tiny", "S"):
        solve_case(generate(*SIZES[size], seed=0, tight=0.8), 0.5 if size == "S" else 0.0, threads, 10.0)
    if family != "plain":
        solve_case(FAMILIES[family](4, 10, 1, seed=0, tight=0.8), 0.0, threads)
    return time.perf_counter() - began


def cases(asked: argparse.Namespace) -> Iterator[tuple[dict[str, Any], Case]]:
    """Yield what is asked for, with what says which it is."""
    if asked.instance:
        yield {"instance": asked.instance.name}, read_case(asked.instance)
        return
    for seed in asked.seeds:
        yield (
            {"family": asked.family, "size": asked.size, "tight": asked.tight, "seed": seed},
            FAMILIES[asked.family](*SIZES[asked.size], seed=seed, tight=asked.tight),
        )


def main() -> None:
    """Solve what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=SIZES)
    parser.add_argument("--family", choices=FAMILIES, default="plain")
    parser.add_argument("--tight", type=float, default=0.9)
    parser.add_argument("--seeds", type=lambda text: [int(part) for part in text.split(",")], default=[1, 2, 3])
    parser.add_argument("--target-gap", type=float, default=0.01)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--time-limit", type=float, help="wall seconds per case; the answer then depends on the machine"
    )
    parser.add_argument("--instance", type=Path)
    parser.add_argument("--solution", type=Path)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    if asked.solution and not asked.instance and len(asked.seeds) > 1:
        sys.exit("--solution takes one plan: name one seed.")
    if not asked.size and not asked.instance:
        from replenishment_table import print_table

        print_table()
        return
    warmup_s = round(warm_up(asked.threads, asked.family), 2)
    refused = False
    for which, case in cases(asked):
        figures, packs = measure(case, asked.target_gap, asked.threads, asked.time_limit)
        refused |= bool(figures["faults"])
        if asked.solution:
            units = packs.astype(np.int64) * np.asarray(case["pack"], np.int64)[:, None]
            np.savez_compressed(
                asked.solution, packs=packs, units=units,
                lower_bound=figures["lower_bound"], upper_bound=figures["upper_bound"],
            )  # fmt: skip
        if asked.json:
            print(json.dumps(which | figures | {"warmup_s": warmup_s}), flush=True)
        else:
            name = " ".join(f"{key} {value}" for key, value in which.items())
            print(
                f"{name}: {figures['lower_bound']:,.1f} <= cost <= {figures['upper_bound']:,.1f}, gap "
                f"{100 * figures['gap']:.2f} %, {figures['cpu_s']} CPU s, {figures['wall_s']} s, "
                f"{figures['peak_mb']:,.0f} MB, {figures['status']}{', BROKEN: ' if figures['faults'] else ''}"
                f"{'; '.join(figures['faults'])}",
                flush=True,
            )
    if refused:
        sys.exit(5)


if __name__ == "__main__":
    main()
