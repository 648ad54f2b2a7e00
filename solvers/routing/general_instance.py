"""Arrays of the general solver, which knows every rule: what `Instance` holds, and all that it does not."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from solvers.routing.fleet import AS_CLIENT, NO_BREAK
from solvers.routing.instance import build_instance
from solvers.routing.kernel_types import FloatArray, Int32Array, IntArray
from solvers.routing.problem import OPEN_END, UNBOUNDED, RoutingProblem

NEVER = 1 << 60
"""Above any time."""

# columns of `GeneralInstance.stop`
(RELEASE, PRIZE, BACKHAUL, PARTNER, ORIGIN, PLACE) = range(6)
# columns of `GeneralInstance.vehicle`; capacities follow from CAPACITY on
(START, FINISH, FIXED, COST, WAGE, WHEEL, TASK, REGULAR, OVERTIME, PROFILE) = range(10)
(OPEN, CLOSE, OPEN_FINISH, CLOSE_FINISH, MAX_DURATION, MAX_DRIVING, MAX_DISTANCE, MAX_STOPS) = range(10, 18)
(VEHICLES, MAX_RELOADS, BREAKS, TIMES, SPANNED, CAPACITY) = range(18, 24)


class GeneralInstance(NamedTuple):
    """Arrays of one problem: N = D + 1 + C nodes (after the depots comes nowhere, where open routes end).

    Attributes
    ----------
    first_client : D + 1.
    balance : cost per unit of the longest route's duration.
    matrix, times : [P, N, N] distances and durations, or [0, 0, 0]: computed from `points` and `metric`.
    arcs : [P, N, N] costs of arcs, or [0, 0, 0].
    points, metric : as in `Instance`.
    stop : [N, 6], see the column names; PARTNER the other node of a pair, ORIGIN where its goods come from, or -1.
    windows : [N, W, 2].
    service, setup : [S, N], rows by `TIMES` of the vehicle.
    amount : [N, 2 Q], delivery then pickup.
    vehicle : [V, CAPACITY + Q], see the column names; SPANNED: its cost or limits depend on a route's duration.
    break_windows : [V, B, W, 2].
    break_time : [V, B].
    break_load : [V, B, Q].
    bands : [P, K, 3]: start, percent and amount covered by then; K is 0 where speed never changes.
    period : [P, 2]: length of the period and the amount covered in it.
    allowed : [V, N], 1 where the type may serve the client.
    keys : [N, 4], sort keys of reinsertion, smallest first: amount, farthest, nearest, window.
    near, around : [N, K] and [N, A], as in `Instance`.
    """

    first_client: int
    balance: int
    matrix: Int32Array
    times: Int32Array
    arcs: IntArray
    points: FloatArray
    metric: FloatArray
    stop: IntArray
    windows: IntArray
    service: IntArray
    setup: IntArray
    amount: IntArray
    vehicle: IntArray
    break_windows: IntArray
    break_time: IntArray
    break_load: IntArray
    bands: IntArray
    period: IntArray
    allowed: NDArray[np.uint8]
    keys: FloatArray
    near: Int32Array
    around: Int32Array


def build_general_instance(problem: RoutingProblem, neighbours: int = 40) -> GeneralInstance:
    """Return the arrays; insertion is tried next to `neighbours` clients."""
    hull = np.stack([problem.windows[..., 0].min(axis=1), problem.windows[..., 1].max(axis=1)], axis=1)
    base = build_instance(replace(problem, windows=hull[:, None]), neighbours)
    first, nodes = base.first_client, len(base.client)
    stop = np.zeros((nodes, 6), np.int64)
    stop[:, PARTNER] = stop[:, ORIGIN] = -1
    stop[:, PLACE] = np.arange(nodes)
    stop[first:, RELEASE], stop[first:, BACKHAUL] = problem.release, problem.backhaul
    for column, other in ((PARTNER, problem.partner()), (ORIGIN, problem.pickup_of)):
        stop[first:, column] = np.where(other >= 0, other + first, -1)
    if problem.place is not None:
        stop[: problem.depots, PLACE] = problem.place[: problem.depots]
        stop[first:, PLACE] = problem.place[problem.depots :]
        stop[problem.depots, PLACE] = -1
    windows = np.zeros((nodes, problem.windows.shape[1], 2), np.int64)
    windows[..., 1] = UNBOUNDED
    windows[first:] = problem.windows
    service, setup, row_of = _times(problem, first, nodes)
    vehicle = _vehicles(problem, row_of)
    breaks = problem.vehicles.breaks
    types, dimensions = len(vehicle), problem.dimensions
    bands, period = _bands(problem)
    stop[first:, PRIZE] = np.where(problem.required, _ransom(problem) * (1 + problem.priority), problem.prize)
    return GeneralInstance(
        first_client=first,
        balance=problem.balance_cost,
        matrix=base.matrix,
        times=base.times,
        arcs=_arcs(problem),
        points=base.points,
        metric=base.metric,
        stop=stop,
        windows=windows,
        service=service,
        setup=setup,
        amount=base.amount,
        vehicle=vehicle,
        break_windows=np.zeros((types, 0, 1, 2), np.int64) if breaks is None else breaks.windows,
        break_time=np.zeros((types, 0), np.int64) if breaks is None else breaks.duration,
        break_load=np.zeros((types, 0, dimensions), np.int64) if breaks is None else breaks.max_load,
        bands=bands,
        period=period,
        allowed=base.allowed,
        keys=_keys(problem, hull, first, nodes, base.around),
        near=base.near,
        around=base.around,
    )


def _times(problem: RoutingProblem, first: int, nodes: int) -> tuple[IntArray, IntArray, IntArray]:
    """Return service and setup [S, N] and the row of each type [V]; one row where all types take as long."""
    fleet = problem.vehicles
    own = [times for times in (fleet.service, fleet.setup) if times is not None]
    rows = fleet.types if own else 1
    tables = []
    for times, usual in ((fleet.service, problem.service), (fleet.setup, problem.setup)):
        table = np.zeros((rows, nodes), np.int64)
        table[:, first:] = usual if times is None else np.where(times == AS_CLIENT, usual, times)
        tables.append(table)
    return tables[0], tables[1], np.arange(fleet.types) if own else np.zeros(fleet.types, np.int64)


def _vehicles(problem: RoutingProblem, row_of: IntArray) -> IntArray:
    fleet = problem.vehicles
    rows = np.zeros((fleet.types, CAPACITY + problem.dimensions), np.int64)
    finish = np.where(fleet.end_depot == OPEN_END, problem.depots, fleet.end_depot)
    windows = np.vstack([problem.depot_windows, [[0, UNBOUNDED]]])
    columns = {
        START: fleet.start_depot, FINISH: finish, FIXED: fleet.fixed_cost, COST: fleet.distance_cost,
        WAGE: fleet.duration_cost, WHEEL: fleet.driving_cost, TASK: fleet.service_cost, TIMES: row_of,
        REGULAR: fleet.regular_duration, OVERTIME: fleet.overtime_cost, PROFILE: fleet.profile,
        MAX_DURATION: fleet.max_duration, MAX_DRIVING: fleet.max_driving, MAX_DISTANCE: fleet.max_distance,
        MAX_STOPS: fleet.max_stops, VEHICLES: np.minimum(fleet.count, problem.clients),
        MAX_RELOADS: np.minimum(fleet.max_reloads, problem.clients),
    }  # fmt: skip
    for column, values in columns.items():
        rows[:, column] = values
    for depot, opens, closes in ((fleet.start_depot, OPEN, CLOSE), (finish, OPEN_FINISH, CLOSE_FINISH)):
        rows[:, opens] = np.maximum(fleet.shift[:, 0], windows[depot, 0])
        rows[:, closes] = np.minimum(fleet.shift[:, 1], windows[depot, 1])
    if fleet.breaks is not None:
        rows[:, BREAKS] = (fleet.breaks.duration != NO_BREAK).sum(axis=1)
    spanned = (fleet.duration_cost > 0) | (fleet.max_duration < UNBOUNDED) | (problem.balance_cost > 0)
    spanned |= (fleet.overtime_cost > 0) & (fleet.regular_duration < UNBOUNDED)
    if problem.speeds is not None:
        spanned |= (fleet.driving_cost > 0) | (fleet.max_driving < UNBOUNDED)
    rows[:, SPANNED] = spanned
    rows[:, CAPACITY:] = fleet.capacity
    return rows


def _bands(problem: RoutingProblem) -> tuple[IntArray, IntArray]:
    speeds = problem.speeds
    if speeds is None:
        return np.zeros((problem.profiles, 0, 3), np.int64), np.ones((problem.profiles, 2), np.int64)
    bands = np.zeros((*speeds.starts.shape, 3), np.int64)
    bands[..., 0], bands[..., 1] = speeds.starts, speeds.percent
    lengths = np.diff(speeds.starts, axis=1, append=speeds.period)
    ends = np.cumsum(lengths * speeds.percent, axis=1)
    bands[:, 1:, 2] = ends[:, :-1]
    return bands, np.stack([np.full(len(ends), speeds.period), ends[:, -1]], axis=1).astype(np.int64)


def _arcs(problem: RoutingProblem) -> IntArray:
    if problem.arc_costs is None:
        return np.zeros((0, 0, 0), np.int64)
    at = problem.depots
    return np.ascontiguousarray(np.insert(np.insert(problem.arc_costs, at, 0, axis=1), at, 0, axis=2))


def _ransom(problem: RoutingProblem) -> int:
    """Return what a required client costs that is left out: more than any route does that it could be spared."""
    fleet = problem.vehicles
    farthest = _largest(problem, problem.distances)
    drive = farthest if problem.durations is None else int(problem.durations.max(initial=0))
    drive *= 1 if problem.speeds is None else max(1, 100 // int(problem.speeds.percent.min()))
    visit = int((problem.service + problem.setup).max(initial=0))
    for own in (fleet.service, fleet.setup):
        visit += 0 if own is None else max(0, int(own.max(initial=0)))
    span = min(int(fleet.shift[:, 1].max(initial=0)), 4 * (drive + visit) + _latest(problem))
    per_time = int((fleet.duration_cost + fleet.overtime_cost).max(initial=0)) + problem.balance_cost
    arcs = 0 if problem.arc_costs is None else int(problem.arc_costs.max(initial=0))
    cost = 4 * (farthest * int(fleet.distance_cost.max(initial=0)) + arcs)
    cost += 4 * drive * int(fleet.driving_cost.max(initial=0)) + 2 * visit * int(fleet.service_cost.max(initial=0))
    return 10 * (cost + int(fleet.fixed_cost.max(initial=0)) + span * per_time) + int(problem.prize.max(initial=0)) + 1


def _largest(problem: RoutingProblem, matrix: IntArray | None) -> int:
    if matrix is not None:
        return int(matrix.max(initial=0))
    assert problem.coordinates is not None
    extent = problem.coordinates.max(axis=0) - problem.coordinates.min(axis=0)
    return int(problem.scale * float(np.hypot(*extent))) + 1


def _latest(problem: RoutingProblem) -> int:
    """Return the latest time that any window names."""
    times = [problem.windows, problem.depot_windows]
    if problem.vehicles.breaks is not None:
        times.append(problem.vehicles.breaks.windows)
    return max(int(t[t < UNBOUNDED].max(initial=0)) for t in times)


def _keys(problem: RoutingProblem, hull: IntArray, first: int, nodes: int, around: Int32Array) -> FloatArray:
    keys = np.zeros((nodes, 4))
    largest = np.maximum(1, problem.vehicles.capacity.max(axis=0, initial=1))
    share = (np.maximum(problem.delivery, problem.pickup) / largest).max(axis=1)
    keys[first:, 0] = -share
    if problem.distances is not None:
        away = problem.distances[0][: problem.depots, problem.depots :].min(axis=0)
    else:
        assert problem.coordinates is not None
        gaps = problem.coordinates[problem.depots :, None] - problem.coordinates[None, : problem.depots]
        away = np.sqrt((gaps**2).sum(axis=2)).min(axis=1)
    keys[first:, 1], keys[first:, 2] = -away, away
    keys[first:, 3] = hull[:, 1] - hull[:, 0]
    return keys
