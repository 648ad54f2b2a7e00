"""All visits of one customer at once: a programme over days and stock.

The move of Zhao, Archetti, Pham and Vidal 2025, "Large neighborhood and hybrid genetic search for inventory routing
problems": a customer loses every visit and gets back the cheapest set of days, quantities and routes.
"""

from __future__ import annotations

from solvers.compiled import njit
from solvers.inventory_routing.state import LABELS, Case, Labels, State
from solvers.inventory_routing.tour_kernels import CLOSED
from solvers.routing.kernel_types import Number

IMPOSSIBLE = -1e15
_FEW = 20  # labels below which the quantities that just fill a vehicle or empty the depot are tried too


@njit(helper=True, called=True)
def place_visits(
    case: Case, state: State, labels: Labels, i: Number, offset: Number, overload_price: Number, short_price: Number
) -> Number:
    """Fill `labels.quantity` and `labels.choice`; return the holding cost, `IMPOSSIBLE` where no plan serves i.

    Quantities are those that cover demand up to some later day, that fill the customer up, that leave `offset`
    units after such a day, that fill a vehicle, or that use up the depot. With these an optimum of the
    programme without shared limits is among the candidates (zero stock before an order, or a full one).
    """
    days, vehicles = labels.detour.shape
    most, opening, holding = case.most[i], case.opening[i], case.holding[i]
    labels.reached[0] = 1
    labels.stock[0, 0] = opening
    labels.cost[0, 0] = 0.0
    for t in range(days):
        reached = 0
        need = case.until[i, t + 1] - case.until[i, t]
        for m in range(labels.reached[t]):
            stock, cost = labels.stock[t, m], labels.cost[t, m]
            number = 0
            if stock >= need:
                labels.candidate[0] = 0
                number = 1
            room = most - stock
            if labels.open_day[t] and room > 0 and stock + room >= need:
                covered = 0
                for s in range(t + 1, days + 1):
                    covered = case.until[i, s] - case.until[i, t]
                    x = covered - stock
                    if 0 < x < room and (number == 0 or labels.candidate[number - 1] != x):
                        labels.candidate[number] = x
                        number += 1
                    if offset > 0 and 0 < x + offset < room and s < days:
                        labels.candidate[number] = x + offset
                        number += 1
                labels.candidate[number] = room
                number += 1
                if labels.reached[t] < _FEW:
                    for k in range(vehicles):
                        x = case.capacity - state.load[t, k]
                        if 0 < x < room and stock + x >= need and labels.detour[t, k] < CLOSED:
                            labels.candidate[number] = x
                            number += 1
                    x = labels.room_left[t] - (stock - opening + case.until[i, t])
                    if 0 < x < room and stock + x >= need:
                        labels.candidate[number] = x
                        number += 1
            for c in range(number):
                x = labels.candidate[c]
                chosen, price = -1, 0.0
                if x > 0:
                    price = CLOSED
                    for k in range(vehicles):
                        value = labels.detour[t, k]
                        over = state.load[t, k] + x - case.capacity
                        if over > 0:
                            value += overload_price * min(over, x)
                        if value < price:
                            price, chosen = value, k
                    if chosen < 0:
                        continue
                left = stock + x - need
                value = cost + price + holding * left
                received = left - opening + case.until[i, t + 1]
                if received > labels.room_left[t]:
                    value += short_price * (received - max(labels.room_left[t], 0))
                slot = reached
                for r in range(reached):
                    if labels.stock[t + 1, r] == left:
                        slot = r
                        break
                if slot == reached:
                    if reached == LABELS:
                        continue
                    reached += 1
                elif labels.cost[t + 1, slot] <= value:
                    continue
                labels.stock[t + 1, slot] = left
                labels.cost[t + 1, slot] = value
                labels.parent[t + 1, slot] = m
                labels.units[t + 1, slot] = x
                labels.vehicle[t + 1, slot] = chosen
        labels.reached[t + 1] = reached
        if reached == 0:
            return IMPOSSIBLE
    best = 0
    for m in range(labels.reached[days]):
        if labels.cost[days, m] < labels.cost[days, best]:
            best = m
    held = 0.0
    for t in range(days, 0, -1):
        held += holding * labels.stock[t, best]
        labels.quantity[t - 1] = labels.units[t, best]
        labels.choice[t - 1] = labels.vehicle[t, best]
        best = labels.parent[t, best]
    return held
