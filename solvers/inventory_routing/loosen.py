"""What must give way where no plan keeps the rules: units at the depot, room in a vehicle, vehicles; and the proof.

Each bound is one that every plan has to keep, so the change is the least of its kind; a plan with the changes is then
made, with one vehicle more as long as none is found.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from solvers.inventory_routing.problem import Ints, InventoryRoutingProblem
from solvers.inventory_routing.solve import InventoryRoutingResult, solve
from solvers.routing.stop import StopRule

_MOST_VEHICLES_MORE = 10


@dataclass(frozen=True, slots=True)
class Loosened:
    """A limit that gives way.

    Attributes
    ----------
    rule : "depot_stock" (units that may have left it by that day), "vehicle_capacity" or "vehicles".
    day : from 1; 0 where the limit is the same on all days.
    now, needed : units, or vehicles.
    """

    rule: str
    day: int
    now: int
    needed: int

    def __str__(self) -> str:
        """Return it as a sentence."""
        more = self.needed - self.now
        if self.rule == "depot_stock":
            return f"{more} units more at the depot by day {self.day}: now {self.now}, needed {self.needed}"
        if self.rule == "vehicle_capacity":
            return f"vehicles that carry {more} units more: now {self.now}, needed {self.needed}"
        return f"{more} more vehicle{'s' if more > 1 else ''} a day: now {self.now}, needed {self.needed}"


def needed_units(problem: InventoryRoutingProblem) -> Ints:
    """Return [N, T] the least units that each customer must have received by each day."""
    used = np.cumsum(problem.demand[1:], axis=1)
    spare = (problem.opening - problem.least)[1:, None]
    return np.maximum(used - spare, 0)


def loosen(
    problem: InventoryRoutingProblem, stop: Callable[[], StopRule], *, seed: int = 1
) -> tuple[tuple[Loosened, ...], InventoryRoutingResult] | None:
    """Return the limits that give way and the result of the search with them, None where no such change helps.

    Without a change the tuple is empty: only the search had found no plan.

    Parameters
    ----------
    stop : makes the budget of one search.
    """
    eased = _least_changes(problem)
    for more in range(_MOST_VEHICLES_MORE + 1):
        tried = replace(eased, vehicles=eased.vehicles + more)
        result = solve(tried, stop(), seed=seed)
        if result.plan is not None:
            return _changes(problem, tried), result
    return None


def _least_changes(problem: InventoryRoutingProblem) -> InventoryRoutingProblem:
    """Return the problem with every limit raised to what any plan needs."""
    capacity = problem.capacity
    while not _can_be_served(problem, capacity):
        capacity += 1
    total = needed_units(problem).sum(axis=0)
    lacking = np.maximum.accumulate(np.maximum(total - problem.available, 0))
    supply, opening = problem.supply.copy(), problem.opening.copy()
    opening[0] += lacking[0]
    supply[:-1] += np.diff(lacking)
    a_day = -(-total // np.arange(1, problem.days + 1))
    vehicles = max(problem.vehicles, int(-(-a_day.max(initial=0) // capacity)))
    return replace(problem, opening=opening, supply=supply, capacity=capacity, vehicles=vehicles)


def _can_be_served(problem: InventoryRoutingProblem, capacity: int) -> bool:
    """Return whether a vehicle to each customer every day, filling it up as far as it can, leaves all with enough."""
    stock = problem.opening[1:].copy()
    for t in range(problem.days):
        stock += np.minimum(capacity, np.maximum(problem.most[1:] - stock, 0)) - problem.demand[1:, t]
        if (stock < problem.least[1:]).any():
            return False
    return True


def _changes(old: InventoryRoutingProblem, new: InventoryRoutingProblem) -> tuple[Loosened, ...]:
    out = []
    before = 0
    for t in range(old.days):
        more = int(new.available[t] - old.available[t])
        if more > before:
            out.append(Loosened("depot_stock", t + 1, int(old.available[t]), int(new.available[t])))
        before = more
    if new.capacity > old.capacity:
        out.append(Loosened("vehicle_capacity", 0, old.capacity, new.capacity))
    if new.vehicles > old.vehicles:
        out.append(Loosened("vehicles", 0, old.vehicles, new.vehicles))
    return tuple(out)
