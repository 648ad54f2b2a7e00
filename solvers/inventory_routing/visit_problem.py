"""What the visit search is asked: visits that may be made, their cost in stock, and the days whose routes they join."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solvers.lotsizing.problem import Flags, Floats, Longs
from solvers.routing.problem import RoutingProblem
from solvers.routing.solution import RoutingSolution


@dataclass(frozen=True, slots=True)
class VisitProblem:
    """L places over T buckets, and the days on which their depots drive.

    Attributes
    ----------
    hold : [L, T + 1, T + 1] money from visit a (0: before any, else in bucket a - 1) until a visit in bucket b (T: the
        end): what the items cost, orders included; infinite where no such visit may be.
    amount : [L, T + 1, T + 1, Q] what that visit brings; service : [L, T + 1, T + 1] seconds it takes. Row a = 0: what
        a first visit in bucket b makes up for and takes besides.
    days : [D] problems whose clients are the places that may be visited; days alike share one.
    bucket : [D] of each day; buckets behind the last day's are looked ahead to and have no routes.
    client : [D, L] client of the place in the problem of the day, -1 where it may not be visited.
    room : [D, Q] the depot can send out on a day.
    money : cost units of the routes in one unit of money.
    """

    hold: Floats
    amount: Longs
    service: Longs
    days: tuple[RoutingProblem, ...]
    bucket: Longs
    client: Longs
    room: Floats
    money: float


@dataclass(frozen=True, slots=True)
class VisitStart:
    """The plan to begin from.

    Attributes
    ----------
    visited : [L, T]; day : [L, T] of each visit, -1 for none or behind the last day.
    routes : [D] with the clients of the days.
    fixed : (day, place, amount [Q], service) of visits that stay as they are.
    movable : [L] places whose visits may change.
    sent : [D, Q] what the plan really brings on each day. Where that is more than its visits bring by the arcs, it
        makes up for what was short before, and that room is taken; where it is less, arcs get no more than at first.
    """

    visited: Flags
    day: Longs
    sent: Floats
    routes: tuple[RoutingSolution, ...]
    fixed: tuple[tuple[int, int, Longs, int], ...]
    movable: Flags


@dataclass(frozen=True, slots=True)
class VisitPlan:
    """Visits [L, T], the day of each [L, T] (-1: none, or behind the last day), who was movable [L], and money."""

    visited: Flags
    day: Longs
    movable: Flags
    cost_before: float
    cost: float


def held_cost(hold: Floats, visited: Flags) -> float:
    """Return the money of a place's arcs, hold [T + 1, T + 1], with visits in the buckets of `visited` [T]."""
    at, cost = 0, 0.0
    for t in np.flatnonzero(visited):
        cost, at = cost + float(hold[at, t]), int(t) + 1
    return cost + float(hold[at, len(visited)])
