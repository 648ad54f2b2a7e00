"""Units that change days between visits of one customer, so that a vehicle is no longer overloaded.

Routes are the nodes of a graph; a customer that two routes visit links them. What an overloaded route carries too much
moves along a path of such links to a route with room, every customer on the path receiving less on one day and as
much more on another: an augmenting path of the flow that the quantities are once the visits are fixed.
"""

from __future__ import annotations

from solvers.compiled import njit
from solvers.inventory_routing.state import LOGGED, MOVED, Case, State
from solvers.inventory_routing.tour_kernels import remember, take_out
from solvers.routing.kernel_types import Number

_LINKS = 5  # of a path at most


@njit(helper=True, called=True)
def relieve_changed(case: Case, state: State) -> Number:
    """Relieve every overloaded route that this step changed; return the change of distance."""
    routing = 0.0
    for entry in range(state.counter[LOGGED]):
        t, k = state.log[entry, 0], state.log[entry, 1]
        while state.load[t, k] > case.capacity and state.counter[MOVED] + _LINKS <= state.moved.shape[0]:
            end = find_path(case, state, t, k)
            if end < 0:
                break
            moved, change = shift_along(case, state, t, k, end)
            routing += change
            if moved == 0:
                break
    return routing


@njit(helper=True, called=True)
def shift_limit(case: Case, state: State, i: Number, start: Number, end: Number) -> Number:
    """Return how many of a customer's units of day `start` may come on day `end` instead within its limits."""
    limit = state.units[start, i]
    stock = case.opening[i]
    for s in range(max(start, end)):
        if s >= end and s < start:
            # comes earlier: after the delivery of day s there must be room
            limit = min(limit, case.most[i] - stock - state.units[s, i])
        stock += state.units[s, i] - (case.until[i, s + 1] - case.until[i, s])
        if s >= start and s < end:
            # comes later: enough must be left in the evening of day s
            limit = min(limit, stock)
        if limit <= 0:
            return 0
    return limit


@njit(helper=True, called=True)
def find_path(case: Case, state: State, t: Number, k: Number) -> Number:
    """Search from route k of day t for a route with room, fewest links first, then cheapest; -1: none.

    A route is numbered day x vehicles + vehicle. `state.link` [T K, 3] holds the number of links, the route before and
    the customer that links them, `state.link_cost` the holding cost per unit so far.
    """
    days, vehicles = state.load.shape
    state.link[:, 0] = -1
    state.link[t * vehicles + k, 0] = 0
    state.link_cost[t * vehicles + k] = 0.0
    for links in range(1, _LINKS + 1):
        found = -1
        grown = False
        for node in range(days * vehicles):
            if state.link[node, 0] != links - 1:
                continue
            a, v = node // vehicles, node % vehicles
            for p in range(state.length[a, v]):
                i = state.tour[a, v, p]
                for b in range(days):
                    w = state.vehicle[b, i]
                    if b == a or w < 0:
                        continue
                    other = b * vehicles + w
                    cost = state.link_cost[node] + case.holding[i] * (a - b)
                    known = state.link[other, 0]
                    if known >= 0 and (known < links or cost >= state.link_cost[other]):
                        continue
                    if shift_limit(case, state, i, a, b) <= 0:
                        continue
                    state.link[other, 0] = links
                    state.link[other, 1] = node
                    state.link[other, 2] = i
                    state.link_cost[other] = cost
                    grown = True
                    if state.load[b, w] < case.capacity and (
                        found < 0 or found == other or cost < state.link_cost[found]
                    ):
                        found = other
        if found >= 0 or not grown:
            return found
    return -1


@njit(helper=True, called=True)
def shift_along(case: Case, state: State, t: Number, k: Number, end: Number) -> tuple[Number, Number]:
    """Shift units along the path that was found, from its end; return how many arrive and the change of distance.

    A stop left with nothing is dropped. Shifts and their holding cost stand in the log of the step.
    """
    vehicles = state.load.shape[1]
    routing = 0.0
    amount = min(state.load[t, k] - case.capacity, case.capacity - state.load[end // vehicles, end % vehicles])
    node = end
    while state.link[node, 0] > 0:
        before, i = state.link[node, 1], state.link[node, 2]
        b, w = node // vehicles, node % vehicles
        a, v = before // vehicles, before % vehicles
        node = before
        if state.vehicle[a, i] != v or state.vehicle[b, i] != w:
            return 0, routing
        amount = min(amount, shift_limit(case, state, i, a, b))
        if amount <= 0:
            return 0, routing
        remember(state, a, v)
        remember(state, b, w)
        entry = state.counter[MOVED]
        state.moved[entry, 0], state.moved[entry, 1] = a, b
        state.moved[entry, 2], state.moved[entry, 3] = i, amount
        state.moved_cost[entry] = case.holding[i] * (a - b) * amount
        state.counter[MOVED] += 1
        state.held[i] += state.moved_cost[entry]
        state.units[a, i] -= amount
        state.units[b, i] += amount
        state.load[a, v] -= amount
        state.load[b, w] += amount
        state.shipped[a] -= amount
        state.shipped[b] += amount
        if state.units[a, i] == 0:
            routing += take_out(case, state, a, i)
    return amount, routing


@njit(helper=True, called=True)
def moved_holding(state: State) -> Number:
    """Return what this step's shifts changed of the holding cost."""
    change = 0.0
    for entry in range(state.counter[MOVED]):
        change += state.moved_cost[entry]
    return change


@njit(helper=True, called=True)
def revert_shifts(state: State) -> None:
    """Take this step's shifts back: units, holding and what left the depot; loads come back with the routes."""
    for entry in range(state.counter[MOVED] - 1, -1, -1):
        t, other = state.moved[entry, 0], state.moved[entry, 1]
        i, amount = state.moved[entry, 2], state.moved[entry, 3]
        state.units[t, i] += amount
        state.units[other, i] -= amount
        state.shipped[t] += amount
        state.shipped[other] -= amount
        state.held[i] -= state.moved_cost[entry]
    state.counter[MOVED] = 0
