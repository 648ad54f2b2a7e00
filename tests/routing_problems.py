"""Small routing problems with any mixture of the rules, and their cheapest solution by brute force."""

from __future__ import annotations

import functools
import itertools
import math

import numpy as np
from hypothesis import strategies as st

from solvers.routing.evaluate import judge
from solvers.routing.problem import OPEN_END, RoutingProblem, VehicleTypes
from solvers.routing.solution import RoutingSolution


@st.composite
def problems(draw):
    """Five clients, two vehicle types, any mixture of the rules."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    clients, nodes = 5, 7

    def sometimes(value, otherwise):
        return value if draw(st.booleans()) else otherwise

    opens = rng.integers(0, 120, clients)
    windows = np.stack([opens, opens + rng.integers(10, 150, clients)], axis=1)
    pickup = rng.integers(0, 6, clients)
    backhaul = sometimes(rng.random(clients) < 0.4, np.zeros(clients, dtype=bool))
    delivery = np.where(backhaul, 0, rng.integers(0, 8, clients))
    fleet = VehicleTypes.create(
        count=rng.integers(1, 3, 2),
        capacity=rng.integers(6, 20, (2, 1)),
        start_depot=[0, 1],
        end_depot=sometimes([0, 1], [1, OPEN_END]),
        fixed_cost=rng.integers(0, 60, 2),
        distance_cost=rng.integers(1, 4, 2),
        duration_cost=sometimes(rng.integers(0, 3, 2), 0),
        profile=[0, 1],
        shift=sometimes([[0, 400], [40, 330]], [[0, 10**6]] * 2),
        max_duration=sometimes(rng.integers(120, 300, 2), 10**6),
        max_distance=sometimes(rng.integers(100, 300, 2), 10**6),
        max_stops=sometimes([2, 4], 10**6),
        skills=[0, 1],
    )
    return RoutingProblem.create(
        depots=2,
        vehicles=fleet,
        distances=rng.integers(5, 70, (2, nodes, nodes)),
        durations=rng.integers(5, 70, (2, nodes, nodes)),
        delivery=delivery,
        pickup=np.where(backhaul, pickup + 1, sometimes(pickup, 0)),
        backhaul=backhaul,
        windows=sometimes(windows, (0, 10**6)),
        service=rng.integers(0, 10, clients),
        release=sometimes(rng.integers(0, 60, clients), 0),
        prize=rng.integers(0, 120, clients),
        required=sometimes(rng.random(clients) < 0.6, np.ones(clients, dtype=bool)),
        skills=sometimes(rng.integers(0, 2, clients), 0),
    )


@st.composite
def classic_problems(draw):
    """One depot and equal vehicles, up to eight clients: what every solver knows."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    clients = draw(st.integers(1, 8))
    points = rng.integers(0, 100, (clients + 1, 2))
    return RoutingProblem.cvrp(points, rng.integers(1, 10, clients), draw(st.integers(10, 30)))


def cheapest_by_permutation(problem):
    """Return (cost) of the cheapest solution that serves all required clients, inf if there is none."""
    kinds, clients = problem.vehicles.types, problem.clients
    best = {}
    for kind, size in itertools.product(range(kinds), range(1, clients + 1)):
        for group in itertools.combinations(range(clients), size):
            for order in itertools.permutations(group):
                verdict = judge(problem, RoutingSolution.create([(kind, order)], clients))
                if all(v.rule == "unassigned" for v in verdict.violations):
                    missed = sum(
                        int(problem.prize[c]) for c in range(clients) if c not in group and not problem.required[c]
                    )
                    key = (kind, frozenset(group))
                    best[key] = min(best.get(key, math.inf), verdict.cost - missed)

    @functools.cache
    def cover(left, used):
        if not left:
            return 0
        first = min(left)
        options = [math.inf if problem.required[first] else int(problem.prize[first]) + cover(left - {first}, used)]
        for (kind, group), cost in best.items():
            if first in group and group <= left and used[kind] < problem.vehicles.count[kind]:
                more = tuple(u + (k == kind) for k, u in enumerate(used))
                options.append(cost + cover(left - group, more))
        return min(options)

    return cover(frozenset(range(clients)), (0,) * kinds)
