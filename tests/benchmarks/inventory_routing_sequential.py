"""Ordering first, routing after, with the planner's own two engines: what deciding both at once is measured against.

Lot sizing (`solvers.lotsizing`) decides days and quantities, with the depot's stock and the fleet's capacity of a
day as shared resources and a price per visit that stands for the routes it cannot see. Routing (`solvers.routing`,
`auto`) then serves every day. To be fair to it, several prices per visit and fillings of the fleet are tried and the
cheapest plan that keeps the rules is routed again with the time that is left.
"""

from __future__ import annotations

import time
from itertools import product

import numpy as np

from solvers.inventory_routing.evaluate import Verdict, evaluate
from solvers.inventory_routing.problem import InventoryRoutingPlan, InventoryRoutingProblem
from solvers.lotsizing.problem import DISPATCH, LotSizingProblem
from solvers.lotsizing.solve import solve as solve_orders
from solvers.routing.problem import RoutingProblem, VehicleTypes
from solvers.routing.registry import solve as solve_routes
from solvers.routing.stop import cpu_seconds, iterations

PRICES = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Price of a visit over a guess of its share of a route: there and back for the load, and a leg to a near customer."""
FILLINGS = (1.0, 0.97, 0.93, 0.85)
"""Share of the fleet's capacity that orders of a day may fill; less leaves room to pack vehicles."""
FIRST_ROUTING = 0.5
"""Share of the time for ordering and first routes of all candidates."""


def sequential(problem: InventoryRoutingProblem, limit: float, seed: int) -> tuple[Verdict | None, float]:
    """Return the verdict on the cheapest sequential plan found in `limit` CPU seconds, None without one; seconds."""
    warm = order(problem, 1.0, 0.9, seed)
    if warm is not None:
        route(problem, warm, 0.01, seed)
    began = time.process_time()
    a_day = FIRST_ROUTING * limit / (len(PRICES) * problem.days) / 2
    best: tuple[Verdict, list[np.ndarray], InventoryRoutingPlan] | None = None
    served: set[float] = set()
    for filling, price in product(FILLINGS, PRICES):
        if price in served or time.process_time() - began > FIRST_ROUTING * limit:
            continue
        units = order(problem, price, filling, seed)
        if units is None:
            continue
        plan = route(problem, units, a_day, seed)
        if plan is None:
            continue
        served.add(price)
        verdict = evaluate(problem, plan)
        assert not verdict.faults, verdict.faults
        if best is None or verdict.cost < best[0].cost:
            best = verdict, units, plan
    if best is None:
        return None, time.process_time() - began
    left = limit - (time.process_time() - began)
    if left > 0:
        plan = route(problem, best[1], left / problem.days, seed)
        verdict = evaluate(problem, plan) if plan is not None else best[0]
        if verdict.cost < best[0].cost:
            return verdict, time.process_time() - began
    return best[0], time.process_time() - began


def order(problem: InventoryRoutingProblem, price: float, filling: float, seed: int) -> np.ndarray | None:
    """Return units [T, N] of a lot-sizing plan, whose last item is the depot; None where it breaks a rule."""
    customers, days = problem.customers, problem.days
    demand = np.vstack([problem.demand[1:], np.zeros((1, days), np.int64)])
    opening = np.append(problem.opening[1:] - problem.least[1:], problem.opening[0])
    receipts = np.zeros_like(demand)
    receipts[-1, 1:] = problem.supply[:-1]
    most = (problem.most - problem.least)[1:, None]
    far = 10 * int(opening[-1] + problem.supply.sum())
    near = np.sort(problem.distance[1:, 1:] + np.where(np.eye(customers) > 0, np.inf, 0.0), axis=1)[:, :2].mean(axis=1)
    share = most[:, 0] / problem.capacity
    setup = price * (2.0 * problem.distance[0, 1:] * np.minimum(share, 1.0) + near)
    holding = np.append(problem.holding[1:], problem.holding[0])
    fleet = int(filling * problem.capacity * problem.vehicles)
    lots = LotSizingProblem(
        demand=demand.astype(np.int32),
        opening=opening.astype(np.int32),
        receipts=receipts.astype(np.int32),
        pack=np.ones(customers + 1, np.int32),
        moq=np.ones(customers + 1, np.int32),
        lead=np.zeros(customers + 1, np.int32),
        min_packs=np.zeros((customers + 1, days), np.int32),
        max_packs=np.vstack([np.repeat(np.minimum(most, problem.capacity), days, axis=1), np.zeros((1, days))]).astype(
            np.int32
        ),
        holding=holding,
        shortage=np.full(customers + 1, 1e4),
        shortfall=np.zeros(customers + 1),
        safety=np.zeros((customers + 1, days), np.int32),
        storage=np.vstack([most - problem.demand[1:], np.full((1, days), far)]).astype(np.int32),
        setup=np.append(setup, 0.0),
        pack_cost=np.zeros(customers + 1),
        end_value=np.zeros(customers + 1),
        backorders=np.zeros(customers + 1, np.bool_),
        source=np.append(np.full(customers, customers), -1).astype(np.int32),
        capacity=np.full((1, days), float(fleet)),
        kind=np.array([DISPATCH], np.int32),
        usage_start=np.append(np.arange(customers + 1), customers).astype(np.int32),
        usage_resource=np.zeros(customers, np.int32),
        usage_amount=np.ones(customers),
    )
    found = solve_orders(lots, target_gap=0.002, iterations=200, seed=seed, threads=1)
    units: np.ndarray = found.packs[:-1].T.astype(np.int64)
    stock = (problem.opening[1:] - problem.least[1:]) + np.cumsum(units - problem.demand[1:].T, axis=0)
    if found.status == "infeasible" or (stock < 0).any():
        return None
    return units


def route(
    problem: InventoryRoutingProblem, units: np.ndarray, seconds: float, seed: int
) -> InventoryRoutingPlan | None:
    """Return the plan that serves every day's units in `seconds` CPU seconds a day, None where a day does not fit."""
    days = []
    for of_day in units:
        clients = np.flatnonzero(of_day)
        if clients.size == 0:
            days.append(())
            continue
        nodes = np.append(0, clients + 1)
        task = RoutingProblem.create(
            depots=1,
            vehicles=VehicleTypes.create(count=[problem.vehicles], capacity=[[problem.capacity]]),
            delivery=of_day[clients],
            distances=problem.distance[np.ix_(nodes, nodes)].astype(np.int64),
        )
        result = solve_routes(task, cpu_seconds(seconds) if clients.size > 2 else iterations(100), seed)
        if not result.feasible:
            return None
        days.append(
            tuple(
                tuple((int(clients[c]) + 1, int(of_day[clients[c]])) for c in path.clients)
                for path in result.solution.routes
            )
        )
    return InventoryRoutingPlan(tuple(days))
