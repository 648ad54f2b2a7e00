"""A plan as the population keeps it, and its way into and out of the search's state."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from solvers.inventory_routing.problem import InventoryRoutingPlan, InventoryRoutingProblem
from solvers.inventory_routing.state import (
    BEST,
    HOLDING,
    OVERLOAD,
    ROUTING,
    SHORTAGE,
    VERSION,
    Floats,
    Ints,
    State,
)


@dataclass(frozen=True, slots=True)
class Member:
    """A plan that keeps the rules.

    Attributes
    ----------
    cost : routing, and holding above the depot's.
    tour : [T, K, N + 2] customers in order; length : [T, K]; units : [T, N + 1], 0 where there is no visit.
    """

    cost: float
    tour: Ints
    length: Ints
    units: Ints

    def plan(self) -> InventoryRoutingPlan:
        """Return the plan as the judge takes it."""
        days, vehicles = self.length.shape
        return InventoryRoutingPlan(
            tuple(
                tuple(
                    tuple((int(i), int(self.units[t, i])) for i in self.tour[t, k, : self.length[t, k]])
                    for k in range(vehicles)
                    if self.length[t, k]
                )
                for t in range(days)
            )
        )

    def differs(self, other: Member) -> int:
        """Return how many visits, customer and day, only one of the two makes."""
        return int(((self.units > 0) != (other.units > 0)).sum())


def route_cost(distance: Floats, stops: Ints) -> float:
    """Return the cost of a route from the depot along the stops and back."""
    legs = np.concatenate([[0], stops, [0]])
    return float(distance[legs[:-1], legs[1:]].sum())


def best_member(state: State) -> Member | None:
    """Return the best plan since the state was last set, None where none kept the rules."""
    if not np.isfinite(state.total[BEST]):
        return None
    units = np.zeros_like(state.units)
    for t, k in np.argwhere(state.best_length > 0):
        stops = state.best_tour[t, k, : state.best_length[t, k]]
        units[t, stops] = state.best_units[t, stops]
    return Member(float(state.total[BEST]), state.best_tour.copy(), state.best_length.copy(), units)


def clear(state: State) -> None:
    """Take every visit out of the plan and forget the best one."""
    for array in (state.length, state.load, state.units, state.held, state.shipped):
        array[:] = 0
    state.vehicle[:] = -1
    # a version of its own for every route: no insertion is taken as known
    state.version[:] = state.counter[VERSION] + 1 + np.arange(state.version.size).reshape(state.version.shape)
    state.counter[VERSION] += state.version.size
    state.total[[ROUTING, HOLDING, OVERLOAD, SHORTAGE]] = 0.0
    state.total[BEST] = np.inf


def set_plan(
    problem: InventoryRoutingProblem, state: State, holding: Floats, member: Member, kept: NDArray[np.bool_]
) -> None:
    """Set the plan to a member's, of which only the customers in `kept` [N + 1] keep their visits.

    `holding` [N + 1] is money per unit and day above the depot's.
    """
    clear(state)
    routing = 0.0
    for t, k in np.argwhere(member.length > 0):
        stops = member.tour[t, k, : member.length[t, k]]
        stops = stops[kept[stops]]
        state.length[t, k] = len(stops)
        state.tour[t, k, : len(stops)] = stops
        state.vehicle[t, stops] = k
        state.place[t, stops] = np.arange(len(stops))
        state.units[t, stops] = member.units[t, stops]
        state.load[t, k] = state.units[t, stops].sum()
        routing += route_cost(problem.distance, stops)
    state.shipped[:] = state.units.sum(axis=1)
    stock = (problem.opening - problem.least)[:, None] + np.cumsum(state.units.T - problem.demand, axis=1)
    state.held[1:] = np.where(kept[1:], holding[1:] * stock[1:].sum(axis=1), 0.0)
    state.total[[ROUTING, HOLDING]] = routing, state.held.sum()
