"""Inventory routing on instances of the 12th DIMACS implementation challenge.

One instance, its answer written in the challenge's format::

    python tests/benchmarks/inventory_routing.py FILE.dat --time-limit 60 --seed 1 --threads 1 --output FILE

A written plan, judged under the strict rule::

    python tests/benchmarks/inventory_routing.py FILE.dat --solution FILE

The table of docs/benchmarks-inventory-routing.md, from a folder that holds `instances/*.dat` and
`best_known.tsv` (instance, best known cost)::

    python tests/benchmarks/inventory_routing.py --folder DIR [--every 5] [--time-limit 30] [--seeds 1,2]

A long run on two cores, one search each with a seed of its own, of which the better plan is written::

    python tests/benchmarks/inventory_routing.py FILE.dat --time-limit 1800 --threads 2 --output FILE

The same instances beside the best plan of ordering first and routing after, in the same time::

    python tests/benchmarks/inventory_routing.py --folder DIR --sequential [--every 5] [--time-limit 30]

The limit counts CPU seconds of one core; compiled kernels are loaded before the clock starts. Where no plan keeps the
rules, what must give way is told with the plan that is then possible, and the exit code is 3.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import re
import sys
import time
from collections import defaultdict
from pathlib import Path
from statistics import mean

FAMILY = re.compile(r"([SL])_abs\d+n(\d+)_\d+_([HL])")


def main() -> None:
    """Solve one instance, or a folder of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("instance", nargs="?", type=Path)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--every", type=int, default=1, help="Take every so-manieth instance of the folder.")
    parser.add_argument("--match", default="", help="Take instances whose names hold this regular expression.")
    parser.add_argument("--time-limit", type=float, default=30.0, help="CPU seconds.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seeds", default="1,2", help="With --folder.")
    parser.add_argument("--threads", type=int, default=1, help="Cores, each with a search of its own.")
    parser.add_argument("--output", type=Path, help="Where to write the plan.")
    parser.add_argument(
        "--solution", type=Path, help="A plan of the instance, to be judged under the strict rule only."
    )
    parser.add_argument(
        "--sequential", action="store_true", help="With --folder: beside ordering first, routing after."
    )
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    os.environ["NUMBA_NUM_THREADS"] = str(options.threads)
    if options.folder:
        run_folder(options)
    elif options.instance and options.solution:
        judge_one(options)
    elif options.instance:
        run_one(options)
    else:
        parser.error("name an instance or a --folder")


def run_one(options: argparse.Namespace) -> None:
    """Solve one instance, write its plan, read what was written and judge it under the strict rule of the depot."""
    from solvers.inventory_routing.evaluate import evaluate
    from solvers.inventory_routing.formats import read_instance, read_solution, write_solution

    problem = read_instance(options.instance)
    result, seconds = solve_for(problem, options.time_limit, options.seed, options.threads)
    if result.plan is None:
        tell_what_gives_way(problem, options)
    text = write_solution(problem, result.plan, seconds, platform.processor() or platform.machine())
    if options.output:
        partial = options.output.with_name(options.output.name + ".part")
        partial.write_text(text, encoding="utf-8")
        partial.replace(options.output)
    again = evaluate(problem, read_solution(text, problem))
    if again.faults:
        sys.exit("the written plan breaks rules: " + "; ".join(again.faults))
    told = {"instance": options.instance.stem, "cost": round(again.cost, 2), "cpu_s": round(seconds, 2)}
    sys.stdout.write(json.dumps({**told, "iterations": result.iterations}) + "\n")


def judge_one(options: argparse.Namespace) -> None:
    """Judge a written plan; exit with code 1 where it breaks rules."""
    from solvers.inventory_routing.evaluate import evaluate
    from solvers.inventory_routing.formats import read_instance, read_solution

    problem = read_instance(options.instance)
    verdict = evaluate(problem, read_solution(options.solution.read_text(encoding="utf-8"), problem))
    if verdict.faults:
        sys.exit("the plan breaks rules: " + "; ".join(verdict.faults))
    sys.stdout.write(json.dumps({"instance": options.instance.stem, "cost": round(verdict.cost, 2)}) + "\n")


def tell_what_gives_way(problem, options: argparse.Namespace) -> None:
    """Say what must give way for a plan to exist, and what the plan made with that costs; exit with code 3."""
    from solvers.inventory_routing.loosen import loosen
    from solvers.routing.stop import cpu_seconds

    found = loosen(problem, lambda: cpu_seconds(options.time_limit), seed=options.seed)
    if found is None:
        sys.stderr.write("No plan keeps every rule, and no change was found with which one does.\n")
    elif not found[0]:
        sys.stderr.write("No plan was found within the limit, but one exists: raise --time-limit.\n")
    else:
        sys.stderr.write("No plan keeps every rule. The least that must give way, solved again and shown to work:\n")
        sys.stderr.writelines(f"  {change}\n" for change in found[0])
        sys.stderr.write(f"With it a plan costs {found[1].verdict.cost:,.2f}.\n")
    sys.exit(3)


def run_folder(options: argparse.Namespace) -> None:
    """Print gaps to the best known costs, by instance and by family."""
    from solvers.inventory_routing.formats import read_instance

    lines = (options.folder / "best_known.tsv").read_text(encoding="utf-8").splitlines()[1:]
    best_known = {name: float(cost) for name, cost in (line.split("\t")[:2] for line in lines)}
    chosen = [name for name in sorted(best_known) if re.search(options.match, name)][:: options.every]
    gaps: dict[str, list[float]] = defaultdict(list)
    savings: list[float] = []
    by_seed: dict[tuple[str, int], list[float]] = defaultdict(list)
    for name in chosen:
        path = options.folder / "instances" / f"{name}.dat"
        if not path.exists():
            continue
        problem = read_instance(path)
        for seed in map(int, options.seeds.split(",")):
            result, seconds = solve_for(problem, options.time_limit, seed)
            gap = result.verdict.cost / best_known[name] - 1.0 if result.verdict else float("nan")
            family = family_of(name)
            gaps[family].append(100.0 * gap)
            by_seed[family, seed].append(100.0 * gap)
            row = {"instance": name, "seed": seed, "gap_percent": round(100.0 * gap, 4), "cpu_s": round(seconds, 2)}
            if options.sequential:
                from inventory_routing_sequential import sequential

                verdict, seconds = sequential(problem, options.time_limit, seed)
                saving = 1.0 - result.verdict.cost / verdict.cost if verdict and result.verdict else float("nan")
                savings.append(100.0 * saving)
                row |= {"cheaper_percent": round(100.0 * saving, 2), "sequential_cpu_s": round(seconds, 2)}
            sys.stdout.write((json.dumps(row) if options.json else "  ".join(map(str, row.values()))) + "\n")
            sys.stdout.flush()
    for family, values in sorted(gaps.items()):
        seeds = ", ".join(f"seed {s} {mean(v):.3f}" for (f, s), v in sorted(by_seed.items()) if f == family)
        sys.stdout.write(f"{family}: mean gap {mean(values):.3f} % over {len(values)} runs ({seeds})\n")
    if savings:
        told = [saving for saving in savings if not math.isnan(saving)]
        missed = len(savings) - len(told)
        sys.stdout.write(
            f"cheaper than ordering first and routing after: {mean(told):.2f} % on the mean of {len(told)}; "
        )
        sys.stdout.write(f"on {missed} more the sequential plan broke rules\n")


def family_of(name: str) -> str:
    """Return the family that the targets name."""
    size, customers, _ = FAMILY.match(name).groups()
    if size == "L":
        return f"large, {int(customers):3d} customers"
    return "small, up to 25 customers" if int(customers) <= 25 else "small, 30 to 50 customers"


def solve_for(problem, limit: float, seed: int, threads: int = 1):
    """Return the result of a search of `limit` CPU seconds on each of `threads` cores, and the CPU seconds of one."""
    from solvers.inventory_routing.islands import solve_islands
    from solvers.inventory_routing.solve import solve
    from solvers.routing.stop import cpu_seconds, iterations

    if threads > 1:
        return solve_islands(problem, cpu_seconds, limit, seed=seed, islands=threads, threads=threads), limit
    solve(problem, iterations(1), seed=seed)
    start = time.process_time()
    result = solve(problem, cpu_seconds(limit), seed=seed)
    return result, time.process_time() - start


if __name__ == "__main__":
    main()
