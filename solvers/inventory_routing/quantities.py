"""Quantities of a plan whose visits and routes are fixed, at the least holding cost: a linear programme.

Its constraints are those of a flow from the depot through vehicles and customers' stocks, so its vertices are whole.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from solvers.inventory_routing.member import Member, route_cost
from solvers.inventory_routing.problem import InventoryRoutingProblem
from solvers.milp.highs import load, read
from solvers.milp.problem import MilpProblem

_WHOLE = 1e-4  # how far an answer may be from whole numbers


def improve_units(problem: InventoryRoutingProblem, member: Member) -> Member:
    """Return the member with the cheapest quantities for its visits; stops that receive nothing are dropped."""
    if not member.units.any():
        return member
    programme, customer, day = _programme(problem, member)
    solver = load(programme)
    solver.run()
    answer = read(solver, programme).x
    if answer is None or np.abs(answer - np.rint(answer)).max() > _WHOLE:
        return member
    units = np.zeros_like(member.units)
    units[day, customer] = np.rint(answer).astype(np.int64)
    saved = float(programme.cost @ (member.units - units)[day, customer])
    tour, length = member.tour.copy(), member.length.copy()
    for t, k in np.argwhere(length > 0):
        stops = tour[t, k, : length[t, k]].copy()
        left = stops[units[t, stops] > 0]
        if len(left) < len(stops):
            saved += route_cost(problem.distance, stops) - route_cost(problem.distance, left)
            tour[t, k, : len(left)], length[t, k] = left, len(left)
    if saved <= 1e-6:
        return member
    return replace(member, cost=member.cost - saved, tour=tour, length=length, units=units)


def _programme(
    problem: InventoryRoutingProblem, member: Member
) -> tuple[MilpProblem, np.ndarray[tuple[int], np.dtype[np.int64]], np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """Return the programme with a column per visit, by customer and day, and its customers and days."""
    days = problem.days
    customer, day = np.nonzero(member.units.T)
    visits = len(day)
    until = np.concatenate([np.zeros((problem.customers + 1, 1), np.int64), np.cumsum(problem.demand, axis=1)], axis=1)
    vehicle = np.zeros_like(member.units)
    for t, k in np.argwhere(member.length > 0):
        vehicle[t, member.tour[t, k, : member.length[t, k]]] = k
    # received up to and with a visit: no more than there is room for then, no less than lasts until the next visit
    same = customer[:, None] == customer[None, :]
    received = same & (day[None, :] <= day[:, None])
    last = np.append(customer[1:] != customer[:-1], True)
    following = np.where(last, days, np.append(day[1:], days))
    base = problem.opening[customer] - until[customer, day]
    at_most = problem.most[customer] - base
    at_least = problem.least[customer] - problem.opening[customer] + until[customer, following]
    route = day * member.length.shape[1] + vehicle[day, customer]
    routes = np.unique(route)
    aboard = route[None, :] == routes[:, None]
    left_by = day[None, :] <= np.arange(days)[:, None]
    rows, columns = np.nonzero(np.concatenate([received, aboard, left_by]))
    programme = MilpProblem.from_entries(
        cost=(problem.holding - problem.holding[0])[customer] * (days - day),
        lower=np.zeros(visits),
        upper=np.full(visits, np.inf),
        integer=np.zeros(visits, np.bool_),
        row_lower=np.concatenate([at_least, np.full(len(routes) + days, -np.inf)]),
        row_upper=np.concatenate([at_most, np.full(len(routes), problem.capacity), problem.available]).astype(float),
        rows=rows,
        columns=columns,
        values=np.ones(len(rows)),
    )
    return programme, customer, day
