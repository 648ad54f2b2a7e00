"""Ordering policies on eight past windows of the VN2 challenge's data, side by side.

    python tests/benchmarks/inventory.py [--data FOLDER] [--policies NAME ...] [--threads N]

Each window has six weekly orders and eight weeks; the cost of weeks 3 to 8 counts, as in the challenge. The windows
cover weeks 94 to 157 of the history without overlap. Two starts: "own" is a warm-up of twelve weeks under the policy
itself, "common" the same warm-up under the challenge's benchmark rule (moving average of 13 weeks, cover of four
weeks). The boosted model is trained again every eight weeks, on weeks that are over. Figures are in
docs/benchmarks-inventory.md.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import numpy as np

from planner.backtest.demand import DemandForecaster
from planner.backtest.panel import Panel, build_panel
from planner.backtest.peers import MovingAverageCover, autoets_cover, order_up_to
from planner.backtest.policies import horizon_for
from planner.backtest.terms import Terms, read_terms
from planner.backtest.unit_pricing import UnitPricing
from planner.backtest.walk import Policy, walk, warmed_stock
from planner.network import build_network
from scenarios.project import load_project
from scenarios.vn2 import write_vn2_project
from solvers.compiled import set_threads
from solvers.ordering.stock import Stock

WINDOWS = (93, 101, 109, 117, 125, 133, 141, 149)
"""Weeks known at each window's start."""
ROUNDS, WEEKS, FIRST_COUNTED = 6, 8, 3


def load(folder: Path) -> tuple[Panel, Terms]:
    """Return the challenge's history and terms, by way of the project folder that a user would have."""
    with tempfile.TemporaryDirectory() as place:
        write_vn2_project(folder, Path(place))
        project = load_project(place)
    import pandas as pd

    panel = build_panel(project.tables, pd.Timestamp(project.scenario.horizon.start))
    supply = build_network(project.tables, project.scenario).supply
    return panel, read_terms(project, supply, panel.keys)


def policies(terms: Terms) -> dict[str, Callable[[], Policy]]:
    """Return what is compared, by name."""
    horizon = horizon_for(terms)

    def pricing(boosted: bool) -> Policy:
        return UnitPricing(DemandForecaster(horizon, refit_weeks=8, boosted=boosted))

    return {
        "benchmark: moving average, cover 4": lambda: MovingAverageCover(4.0),
        "moving average, cover 3.5": lambda: MovingAverageCover(3.5),
        "moving average, cover 3.25": lambda: MovingAverageCover(3.25),
        "AutoETS order-up-to, 0.50": lambda: Remembered(0.50),
        "AutoETS order-up-to, 0.60": lambda: Remembered(0.60),
        "AutoETS order-up-to, 0.70": lambda: Remembered(0.70),
        "AutoETS order-up-to, 0.833": lambda: Remembered(1.0 / 1.2),
        "unit pricing, smoothing": lambda: pricing(False),
        "unit pricing": lambda: pricing(True),
    }


class Remembered:
    """AutoETS order-up-to at one level; all levels share the fits of each week."""

    fits: ClassVar[dict[int, tuple[np.ndarray, np.ndarray]]] = {}

    def __init__(self, level: float) -> None:
        self.level = level

    def order(self, known: Panel, stock: Stock, terms: Terms, weeks_left: int | None) -> np.ndarray:
        """Return the order that `AutoETSOrderUpTo` would give."""
        week = known.sales.shape[1]
        if week not in self.fits:
            self.fits[week] = autoets_cover(known, terms)
        return order_up_to(*self.fits[week], self.level, stock)


def play(panel: Panel, terms: Terms, policy: Policy, stocks: dict[int, Stock] | None) -> list[float]:
    """Return the counted cost of every window, from `stocks` or from the policy's own warm-up."""
    costs = []
    for start in WINDOWS:
        stock = stocks[start] if stocks else warmed_stock(panel, start, terms, policy)
        result = walk(panel, start, stock, terms, policy, rounds=ROUNDS, weeks=WEEKS)
        costs.append(result.cost(FIRST_COUNTED))
    return costs


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[3] / "shared" / "data" / "vn2")
    parser.add_argument("--policies", nargs="*", help="only those whose name holds one of these texts")
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    if not asked.data.is_dir():
        sys.exit(f"The challenge's data are not in {asked.data}. Name their folder with --data.")
    set_threads(asked.threads)
    panel, terms = load(asked.data)
    rule = MovingAverageCover(4.0)
    common = {start: warmed_stock(panel, start, terms, rule) for start in WINDOWS}
    reference = {"own": play(panel, terms, rule, None), "common": play(panel, terms, rule, common)}
    print(f"{'policy':36}{'start':>8}{'mean cost':>11}{'ratio':>8}   windows {' '.join(map(str, WINDOWS))}   seconds")
    for name, make in policies(terms).items():
        if asked.policies and not any(text in name for text in asked.policies):
            continue
        policy = make()
        for start, stocks in (("own", None), ("common", common)):
            began = time.perf_counter()
            costs = play(panel, terms, policy, stocks)
            ratio = np.mean(costs) / np.mean(reference[start])
            each = " ".join(f"{cost:.0f}" for cost in costs)
            seconds = time.perf_counter() - began
            print(f"{name:36}{start:>8}{np.mean(costs):>11.0f}{ratio:>8.4f}   {each}   {seconds:.0f}", flush=True)


if __name__ == "__main__":
    main()
