"""The draft of a day: how its routes look before prices, numbers of vehicles and wide windows are known exactly.

Searching a day's routes is the dearest part of planning it, and the shape of good routes hardly depends on the last
cent. So the search works on a coarser day, and a short one under the exact day finishes its answer. What-ifs on prices,
fleets and single windows mostly leave the coarser day as it is: then only the finish is computed anew. And routes
that need not change stay, so that two plans differ by what was asked and not by the luck of two searches.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from solvers.routing.problem import IntArray, RoutingProblem

_LEVEL = 4.0
"""Costs of one kind are known to a power of this, next to each other's; finishing makes good what that spoils."""
_SHARES = 8
"""Costs of one kind differ between types of vehicles by so many steps, from nothing to the dearest type."""
_UNIT = 1_000
"""Cost of the dearest type per metre in a draft."""
_FEW = 8
"""Windows of single clients are left to the finish where at most one in so many clients has such a window."""


def drafted(problem: RoutingProblem) -> RoutingProblem:
    """Return the coarser problem: rounded costs, a vehicle of every type for each client, common windows."""
    fleet = problem.vehicles
    fixed, distance, duration = _coarse_costs(fleet.fixed_cost, fleet.distance_cost, fleet.duration_cost)
    many = np.full(fleet.types, problem.clients, dtype=np.int64)
    vehicles = replace(fleet, count=many, fixed_cost=fixed, distance_cost=distance, duration_cost=duration)
    return replace(problem, vehicles=vehicles, windows=_common_windows(problem))


def _coarse_costs(*kinds: IntArray) -> tuple[IntArray, ...]:
    """Return costs [V] of each kind: the dearest type by a power of four, the others by eighths of it.

    Kinds stay next to each other as they are (the first that costs anything but fixed costs is one unit): only how
    much they weigh against each other decides routes, so prices that all rise alike change nothing.
    """
    dearest = [int(costs.max()) for costs in kinds]
    unit = next((most for most in (*dearest[1:], dearest[0]) if most), 0)
    out = []
    for costs, most in zip(kinds, dearest, strict=True):
        if not most:
            out.append(costs)
            continue
        power = np.floor(np.log(most / unit) / np.log(_LEVEL) + 1e-9)
        level = _UNIT if most == unit else _UNIT * _LEVEL ** (power + 0.5)
        shares = np.where(costs > 0, np.maximum(np.rint(costs * _SHARES / most), 1), 0)
        out.append(np.maximum(np.rint(shares * level / _SHARES), costs > 0).astype(np.int64))
    return tuple(out)


def _common_windows(problem: RoutingProblem) -> IntArray:
    """Return the windows [C, W, 2]; a window that only one client has is replaced by the most common one."""
    flat = problem.windows.reshape(problem.clients, -1)
    kinds, of_client, count = np.unique(flat, axis=0, return_inverse=True, return_counts=True)
    alone = (count == 1)[of_client.reshape(-1)]
    if alone.sum() * _FEW > problem.clients:
        return problem.windows
    common: IntArray = np.where(alone[:, None], kinds[count.argmax()], flat).reshape(problem.windows.shape)
    return common
