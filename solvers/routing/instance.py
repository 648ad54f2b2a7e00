"""The problem as the kernels see it: node 0..D-1 are depots, node D is nowhere (open ends), clients follow.

Built once per solve. Neighbour lists are static; a distance matrix is kept only where it is small.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from solvers.routing.kernel_types import FloatArray, Int32Array, IntArray
from solvers.routing.problem import OPEN_END, UNBOUNDED, RoutingProblem
from solvers.routing.simplify import special_rules

# columns of `Instance.client`
EARLY, LATE, SERVICE, RELEASE, PRIZE, BACKHAUL = range(6)
# columns of `Instance.vehicle`; capacities follow from CAPACITY on
(START, FINISH, FIXED, COST, WAGE, PROFILE, OPEN, CLOSE, OPEN_FINISH, CLOSE_FINISH) = range(10)
(MAX_DURATION, MAX_DISTANCE, MAX_STOPS, SLOTS, VEHICLES, MAX_TRIPS, CAPACITY) = range(10, 17)
# bits of `Instance.features`
TIMED, MIXED, RANGED, BACKHAULED, TYPED, SYMMETRIC, RELOADED, VARIED, CHOOSY, PRICED = (1 << bit for bit in range(10))

# bits of `Instance.ways`
FOLLOWS, PRECEDES = 1, 2

MATRIX_NODES = 600
"""Up to so many nodes a Euclidean matrix is built; beyond, computing a distance is faster than waiting for memory."""


class Instance(NamedTuple):
    """Arrays of one problem, N = D + 1 + C nodes.

    Attributes
    ----------
    first_client : D + 1.
    features : bits saying which rules matter.
    matrix : [P, N, N] distances, or [0, 0, 0].
    times : [P, N, N] durations; `matrix` itself where equal.
    points : [N, 2] coordinates, not a number for nowhere.
    metric : (scale, offset) of the rounding rule.
    client : [N, 6], see the column names above; depots have zeros.
    amount : [N, 2 Q], delivery then pickup.
    vehicle : [V, CAPACITY + Q].
    allowed : [V, N], 1 where the type may serve the client.
    alone : [V, N], cost of a route with this client only, UNBOUNDED where impossible.
    twin : [V, V], 1 where types differ at most in capacity, costs and clients allowed, so that a route may change over.
    near : [N, K], nearest clients for insertion and local search, by distance and waiting; -1 fills up.
    near_gap : [N, K], their distances by the first profile.
    home : [N], distance to the nearest place where vehicles start or end, by the first profile.
    ways : [N, K], whether the node may come right after the near one, and right before it, as far as time allows.
    around : [N, A], nearest clients by distance for ruin; -1 fills up.
    """

    first_client: int
    features: int
    matrix: Int32Array
    times: Int32Array
    points: FloatArray
    metric: FloatArray
    client: IntArray
    amount: IntArray
    vehicle: IntArray
    allowed: NDArray[np.uint8]
    alone: IntArray
    twin: NDArray[np.uint8]
    near: Int32Array
    near_gap: Int32Array
    home: IntArray
    ways: NDArray[np.uint8]
    around: Int32Array


def unsupported(problem: RoutingProblem) -> str | None:
    """Return why the compiled solvers cannot take `problem`, or None."""
    if problem.clients == 0:
        return None
    special = special_rules(problem)
    if special:
        return " and ".join(special)
    if problem.vehicles.max_reloads.any():
        return _unsupported_reloads(problem)
    for matrix in (problem.distances, problem.durations):
        if matrix is not None and matrix.max() >= 1 << 31:
            return "distances or durations of 2^31 and more"
    return None


def _unsupported_reloads(problem: RoutingProblem) -> str | None:
    """Return which rule goes over all trips of a vehicle and is not kept, or None."""
    fleet = problem.vehicles
    if fleet.duration_cost.any():
        return "reloads together with paid time"
    if (np.minimum(np.minimum(fleet.max_duration, fleet.max_distance), fleet.max_stops) < UNBOUNDED).any():
        return "reloads together with a largest duration, distance or number of stops"
    if (fleet.start_depot != fleet.end_depot).any():
        return "reloads of vehicles that end elsewhere than they start"
    return "reloads together with backhauls" if problem.backhaul.any() else None


def build_instance(problem: RoutingProblem, neighbours: int = 40, surroundings: int = 120) -> Instance:
    """Return the arrays for the kernels; `neighbours` and `surroundings` are K and A above."""
    first = problem.depots + 1
    nodes = first + problem.clients
    dimensions = problem.dimensions
    client = np.zeros((nodes, 6), np.int64)
    client[first:, EARLY], client[first:, LATE] = problem.windows[:, 0, 0], problem.windows[:, 0, 1]
    client[first:, SERVICE], client[first:, RELEASE] = problem.service, problem.release
    client[first:, BACKHAUL] = problem.backhaul
    amount = np.zeros((nodes, 2 * dimensions), np.int64)
    amount[first:, :dimensions], amount[first:, dimensions:] = problem.delivery, problem.pickup
    vehicle = _vehicle_rows(problem)
    matrix, times, points = _travel(problem)
    allowed = np.zeros((len(vehicle), nodes), np.uint8)
    allowed[:, first:] = problem.compatible()
    metric = np.array([problem.scale, 0.5 if problem.rounding == "nearest" else 1e-9])
    draft = Instance(
        first_client=first,
        features=_features(problem),
        matrix=matrix,
        times=times,
        points=points,
        metric=metric,
        client=client,
        amount=amount,
        vehicle=vehicle,
        allowed=allowed,
        alone=np.zeros((len(vehicle), nodes), np.int64),
        twin=_twins(vehicle),
        near=np.zeros((0, 0), np.int32),
        near_gap=np.zeros((0, 0), np.int32),
        home=np.zeros(0, np.int64),
        ways=np.zeros((0, 0), np.uint8),
        around=np.zeros((0, 0), np.int32),
    )
    alone = _alone(problem, draft)
    costs = np.where(alone < UNBOUNDED, alone, 0)
    most = int(costs.max(initial=0)) + 1
    client[first:, PRIZE] = np.where(problem.required, 10 * most * (1 + problem.priority), problem.prize)
    near, around = _neighbours(problem, draft, min(neighbours, problem.clients - 1), min(surroundings, problem.clients))
    gaps, home = _gaps(draft, near), distances_between(problem, draft, np.unique(vehicle[:, [START, FINISH]]), 0)
    return draft._replace(
        alone=alone, near=near, near_gap=gaps, home=home.min(axis=0), ways=_ways(draft, near), around=around
    )


def is_timed(problem: RoutingProblem) -> bool:
    """Return whether any rule or cost depends on the time of day or on how long a route takes."""
    fleet = problem.vehicles
    timed = (problem.windows[..., 0] > 0).any() or (problem.windows[..., 1] < UNBOUNDED).any()
    timed |= problem.release.any() or fleet.duration_cost.any() or fleet.max_reloads.any()
    timed |= (fleet.shift[:, 1] < UNBOUNDED).any() or (fleet.max_duration < UNBOUNDED).any()
    return bool(timed or (problem.depot_windows[:, 1] < UNBOUNDED).any())


def _features(problem: RoutingProblem) -> int:
    fleet = problem.vehicles
    timed, reloaded = is_timed(problem), fleet.max_reloads.any()
    # a route's distance must be known where its vehicle may change
    rows = _vehicle_rows(problem)
    twins, costs = _twins(rows), rows[:, [FIXED, COST, WAGE]]
    varied = not reloaded and bool((twins.sum(axis=1) > 1).any())
    priced = varied and bool((twins[:, :, None] * (costs[:, None] != costs[None])).any())
    ranged = varied or (fleet.max_distance < UNBOUNDED).any()
    typed = fleet.types > 1 or not problem.compatible().all() or (fleet.max_stops < UNBOUNDED).any()
    symmetric = problem.distances is None or (problem.distances == problem.distances.transpose(0, 2, 1)).all()
    bits = ((timed, TIMED), (problem.pickup.any(), MIXED), (ranged, RANGED))
    more = ((problem.backhaul.any(), BACKHAULED), (typed, TYPED), (symmetric, SYMMETRIC))
    rest = ((reloaded, RELOADED), (varied, VARIED), (not problem.compatible().all(), CHOOSY), (priced, PRICED))
    return sum(bit for on, bit in bits + more + rest if on)


def _twins(vehicle: IntArray) -> NDArray[np.uint8]:
    same = np.delete(vehicle[:, :SLOTS], [FIXED, COST, WAGE], axis=1)
    twins: NDArray[np.uint8] = (same[:, None] == same[None]).all(axis=2).astype(np.uint8)
    return twins


def _vehicle_rows(problem: RoutingProblem) -> IntArray:
    fleet = problem.vehicles
    rows = np.zeros((fleet.types, CAPACITY + problem.dimensions), np.int64)
    finish = np.where(fleet.end_depot == OPEN_END, problem.depots, fleet.end_depot)
    windows = np.vstack([problem.depot_windows, [[0, UNBOUNDED]]])
    rows[:, START], rows[:, FINISH] = fleet.start_depot, finish
    rows[:, FIXED], rows[:, COST], rows[:, WAGE] = fleet.fixed_cost, fleet.distance_cost, fleet.duration_cost
    rows[:, PROFILE] = fleet.profile
    for depot, opens, closes in ((fleet.start_depot, OPEN, CLOSE), (finish, OPEN_FINISH, CLOSE_FINISH)):
        rows[:, opens] = np.maximum(fleet.shift[:, 0], windows[depot, 0])
        rows[:, closes] = np.minimum(fleet.shift[:, 1], windows[depot, 1])
    rows[:, MAX_DURATION], rows[:, MAX_DISTANCE] = fleet.max_duration, fleet.max_distance
    rows[:, MAX_STOPS] = fleet.max_stops
    rows[:, VEHICLES] = np.minimum(fleet.count, problem.clients)
    rows[:, MAX_TRIPS] = 1 + np.minimum(fleet.max_reloads, problem.clients)
    rows[:, SLOTS] = np.minimum(rows[:, VEHICLES] * rows[:, MAX_TRIPS], problem.clients)
    rows[:, CAPACITY:] = fleet.capacity
    return rows


def _travel(problem: RoutingProblem) -> tuple[Int32Array, Int32Array, FloatArray]:
    """Return distance and duration matrices with a row for nowhere (or empty ones), and the points."""
    at = problem.depots
    points = np.full((problem.nodes + 1, 2), np.nan)
    if problem.coordinates is not None:
        points[:at], points[at + 1 :] = problem.coordinates[:at], problem.coordinates[at:]

    def widened(matrix: IntArray) -> Int32Array:
        wide = np.insert(np.insert(matrix, at, 0, axis=1), at, 0, axis=2)
        return np.ascontiguousarray(wide, dtype=np.int32)

    if problem.distances is not None:
        matrix = widened(problem.distances)
    elif problem.nodes <= MATRIX_NODES and problem.coordinates is not None:
        matrix = widened(_euclidean(problem, problem.coordinates, problem.coordinates)[None])
    else:
        matrix = np.zeros((0, 0, 0), np.int32)
    times = matrix if problem.durations is None else widened(problem.durations)
    return matrix, times, points


def _euclidean(problem: RoutingProblem, origins: FloatArray, destinations: FloatArray) -> IntArray:
    gap = origins[:, None, :] - destinations[None, :, :]
    length = problem.scale * np.sqrt(gap[..., 0] * gap[..., 0] + gap[..., 1] * gap[..., 1])
    rounded: IntArray = np.floor(length + (0.5 if problem.rounding == "nearest" else 1e-9)).astype(np.int64)
    return rounded


def distances_between(problem: RoutingProblem, instance: Instance, origins: IntArray, profile: int) -> IntArray:
    """Return [len(origins), N] distances from nodes of the instance to all nodes (0 for nowhere)."""
    if instance.matrix.size:
        known: IntArray = instance.matrix[profile][origins].astype(np.int64)
        return known
    rows = _euclidean(problem, instance.points[origins], np.nan_to_num(instance.points))
    rows[:, problem.depots] = 0
    return rows


def _alone(problem: RoutingProblem, instance: Instance) -> IntArray:
    """Return [V, N] the cost of serving each client by a vehicle of its own, UNBOUNDED where that breaks a rule."""
    client, alone = instance.client, np.full(instance.allowed.shape, UNBOUNDED, np.int64)
    first = instance.first_client
    for kind, row in enumerate(instance.vehicle):
        profile = int(row[PROFILE])
        ends = np.array([row[START], row[FINISH]])
        there, back = distances_between(problem, instance, ends, profile)
        if instance.matrix.size:
            back = instance.matrix[profile, :, row[FINISH]].astype(np.int64)
            out = instance.times[profile, row[START], :].astype(np.int64)
            home = instance.times[profile, :, row[FINISH]].astype(np.int64)
        else:
            out, home = there, back
        if row[FINISH] == problem.depots:
            back = home = np.zeros_like(there)
        leave = np.maximum(row[OPEN], client[:, RELEASE])
        arrive = leave + out
        begin = np.maximum(arrive, client[:, EARLY])
        done = np.maximum(begin + client[:, SERVICE] + home, row[OPEN_FINISH])
        latest = np.minimum(np.minimum(begin, row[CLOSE_FINISH] - home - client[:, SERVICE]) - out, row[CLOSE])
        duration = done - np.maximum(latest, leave)
        length = there + back
        fits = (arrive <= client[:, LATE]) & (done <= row[CLOSE_FINISH]) & (leave <= row[CLOSE])
        fits &= (duration <= row[MAX_DURATION]) & (length <= row[MAX_DISTANCE]) & (row[MAX_STOPS] >= 1)
        fits &= (instance.allowed[kind] > 0) & (client[:, BACKHAUL] == 0)
        price = row[FIXED] + row[COST] * length + row[WAGE] * duration
        alone[kind, fits] = price[fits]
    alone[:, :first] = UNBOUNDED
    return alone


def _neighbours(problem: RoutingProblem, instance: Instance, near: int, around: int) -> tuple[Int32Array, Int32Array]:
    """Return `near` and `around` of the instance, nearest first.

    Nearness for insertion adds to the distance a share of unavoidable waiting and lateness, after Vidal, Crainic,
    Gendreau, Prins 2013, in the direction that suits better.
    """
    first, nodes = instance.first_client, len(instance.client)
    wide = min(problem.clients, max(around, 3 * near) + 1)
    candidates = np.zeros((nodes, wide), np.int32)
    everyone = np.arange(first, nodes)
    if not instance.matrix.size:
        from scipy.spatial import cKDTree  # noqa: PLC0415 - takes as long to load as many days to finish

        _, found = cKDTree(instance.points[first:]).query(instance.points[first:], k=wide)
        candidates[first:] = np.atleast_2d(found).reshape(problem.clients, wide) + first
    near_rows = np.full((nodes, max(near, 1)), -1, np.int32)
    around_rows = np.full((nodes, around), -1, np.int32)
    step = max(1, 4_000_000 // nodes)
    for low in range(first, nodes, step):
        part = np.arange(low, min(low + step, nodes))
        if instance.matrix.size:
            picked = np.broadcast_to(everyone, (len(part), problem.clients))
            length = instance.matrix[0][part][:, first:].astype(np.int64)
            length = np.minimum(length, instance.matrix[0][:, part].T[:, first:])
        else:
            picked = candidates[part].astype(np.int64)
            gap = instance.points[part][:, None, :] - instance.points[picked]
            length = (problem.scale * np.sqrt((gap * gap).sum(axis=2))).astype(np.int64)
        same = picked == part[:, None]
        order = np.argsort(np.where(same, -1, length), axis=1, kind="stable")[:, :around]
        around_rows[part] = np.take_along_axis(picked, order, axis=1)
        if near < 1:
            continue
        close = length + _misfit(instance, part, picked, length)
        if instance.features & CHOOSY:
            together = instance.allowed.astype(np.int32)
            meet = np.einsum("vp,vpk->pk", together[:, part], together[:, picked])
            close = np.where(meet > 0, close, UNBOUNDED)
        order = np.argsort(np.where(same, UNBOUNDED * 4, close), axis=1, kind="stable")[:, :near]
        near_rows[part] = np.take_along_axis(picked, order, axis=1)
    return near_rows, around_rows


def _gaps(instance: Instance, near: Int32Array) -> Int32Array:
    """Return [N, K] the distances to `near` by the first profile."""
    if instance.matrix.size:
        return np.take_along_axis(instance.matrix[0], np.maximum(near, 0), axis=1).astype(np.int32)
    gaps = np.zeros(near.shape, np.int32)
    step = 1 << 14
    for low in range(instance.first_client, len(near), step):
        part = slice(low, low + step)
        apart = instance.points[part, None, :] - instance.points[near[part]]
        length = instance.metric[0] * np.sqrt(apart[..., 0] * apart[..., 0] + apart[..., 1] * apart[..., 1])
        gaps[part] = np.floor(np.nan_to_num(length) + instance.metric[1]).astype(np.int32)
    return gaps


def _ways(instance: Instance, near: Int32Array) -> NDArray[np.uint8]:
    """Return [N, K] in which order a client and its near ones can follow each other, by any type of vehicle."""
    client = instance.client
    early, late = client[:, EARLY], client[:, LATE]
    ways = np.zeros(near.shape, np.uint8)
    one = np.arange(len(near))[:, None]
    for a, b, bit in ((near, one, FOLLOWS), (one, near, PRECEDES)):
        if instance.times.size:
            drive = instance.times[:, a, b].min(axis=0).astype(np.int64)
        else:
            gap = instance.points[a] - instance.points[b]
            drive = np.floor(np.nan_to_num(instance.metric[0] * np.sqrt((gap * gap).sum(axis=2)))).astype(np.int64)
        fits = early[a] + client[a, SERVICE] + drive <= late[b]
        fits &= (client[a, BACKHAUL] == 0) | (client[b, BACKHAUL] > 0)
        ways[fits] |= bit
    return ways


def _misfit(instance: Instance, part: IntArray, picked: NDArray[np.int64], length: IntArray) -> IntArray:
    """Return waiting x 0.2 + lateness x 1 between clients that are served one after the other, the better way round."""
    if not instance.features & TIMED:
        return np.zeros_like(length)
    client = instance.client
    costs = []
    for a, b in ((part[:, None], picked), (picked, part[:, None])):
        drive = instance.times[0][a, b].astype(np.int64) if instance.times.size else length
        done = client[a, SERVICE] + drive
        wait = np.maximum(0, client[b, EARLY] - np.minimum(client[a, LATE], UNBOUNDED) - done)
        late = np.maximum(0, client[a, EARLY] + done - client[b, LATE])
        costs.append(wait // 5 + late)
    pace = length.sum() / max(1, int(drive.sum()))
    misfit: IntArray = (np.minimum(costs[0], costs[1]) * pace).astype(np.int64)
    return misfit
