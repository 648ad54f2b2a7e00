"""Single stages period by period as stockpyl 1.0.2 simulated them.

The recorded file is what `tests/benchmarks/stockpyl_peer.py simulated` writes (Snyder 2023, "Stockpyl: a Python
package for inventory optimization and simulation", INFORMS TutORials).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from solvers.stock.policies import OrderPolicy, PolicyPlayer, StockStart, play_compiled
from solvers.stock.policy_arrays import play_arrays
from solvers.stock.policy_kernels import MEASURES

RECORDED = json.loads(Path(__file__).with_name("stockpyl_simulated.json").read_text())


def policy_of(case: dict[str, Any], buckets: int) -> OrderPolicy:
    below = case.get("reorder_point", case.get("base_stock_level"))
    up_to = case.get("order_up_to_level", case.get("base_stock_level", below))
    level = np.ones((1, buckets))
    nothing = np.zeros(1)
    lot = np.array([float(case.get("order_quantity", 0))])
    return OrderPolicy(level * below, level * up_to, lot, nothing, nothing, np.ones(1, dtype=np.int64))


@pytest.mark.parametrize("play", [play_compiled, play_arrays])
@pytest.mark.parametrize("case", RECORDED, ids=lambda case: f"{case['policy']}-{case['lead']}")
def test_levels_and_orders_are_stockpyls(play: PolicyPlayer, case: dict[str, Any]) -> None:
    """There demand comes before the order of a period, here after it: its lead time L is L - 1 here."""
    level, ordered = np.array(case["level"]), np.array(case["ordered"])
    start = StockStart(np.array([14.0]), np.zeros((1, 0)), np.ones(1, dtype=np.bool_), np.zeros(1, dtype=np.int64))
    for buckets in range(1, len(level) + 1):
        demand = np.array(case["demand"][:buckets], dtype=np.float64)[None, :, None]
        lead = np.full(demand.shape, case["lead"] - 1, dtype=np.int16)
        sums = dict(zip(MEASURES, play(start, policy_of(case, buckets), demand, lead, 0)[0, :, 0], strict=True))
        assert sums["held"] == np.maximum(level[:buckets], 0.0).sum()
        assert sums["owed"] == np.maximum(-level[:buckets], 0.0).sum()
        assert sums["ordered"] == ordered[: buckets - 1].sum()
        assert sums["orders"] == np.count_nonzero(ordered[: buckets - 1])
