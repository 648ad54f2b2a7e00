"""Exchange of tails: what string removal alone cannot mend."""

from __future__ import annotations

import numpy as np
import pytest

from solvers.routing import RoutingProblem, RoutingSolution, judge, solve
from solvers.routing.problem import VehicleTypes
from solvers.routing.ruin_recreate import RuinRecreateParams
from solvers.routing.stop import iterations

HALF = 40


@pytest.mark.parametrize(("crossed", "mended"), [(0.15, True), (0.0, False)])
def test_two_long_routes_that_cross_are_mended_by_an_exchange_of_tails(crossed: float, mended: bool) -> None:
    """Two rows of 80 stops with windows in order of distance; the start goes over to the other row halfway."""
    x = 10 * np.arange(1, 2 * HALF + 1)
    problem = RoutingProblem.create(
        depots=1,
        vehicles=VehicleTypes.create(count=2, capacity=[[2 * HALF]]),
        delivery=np.ones(4 * HALF, np.int64),
        coordinates=np.vstack([[[0, 50]], np.stack([x, 0 * x], 1), np.stack([x, 0 * x + 100], 1)]),
        windows=np.tile(np.stack([x, x + 200], 1), (2, 1)),
    )
    low, high = list(range(2 * HALF)), list(range(2 * HALF, 4 * HALF))
    start = RoutingSolution.create([(0, low[:HALF] + high[HALF:]), (0, high[:HALF] + low[HALF:])], 4 * HALF)
    straight = RoutingSolution.create([(0, low), (0, high)], 4 * HALF)
    params = RuinRecreateParams(hot=0.01, crossed=crossed)
    result = solve(problem, iterations(50), 1, params, solver="ruin_recreate", start=start)
    assert result.cost == judge(problem, straight if mended else start).cost
