"""The judge: costs a plan and names every rule it breaks, in plain code that the engine does not share."""

from __future__ import annotations

from dataclasses import dataclass

from solvers.inventory_routing.problem import InventoryRoutingPlan, InventoryRoutingProblem


@dataclass(frozen=True, slots=True)
class Verdict:
    """Cost by kind, money over the horizon, and the broken rules as sentences."""

    routing: float
    holding: float
    depot_holding: float
    faults: tuple[str, ...]

    @property
    def cost(self) -> float:
        """Return the sum of the three."""
        return self.routing + self.holding + self.depot_holding


def evaluate(problem: InventoryRoutingProblem, plan: InventoryRoutingPlan) -> Verdict:
    """Return what a plan costs and what is wrong with it."""
    faults: list[str] = []
    stock = [int(units) for units in problem.opening]
    routing = holding = depot_holding = 0.0
    if len(plan.routes) != problem.days:
        faults.append(f"the plan has {len(plan.routes)} days, the problem {problem.days}")
    for day, routes in enumerate(plan.routes[: problem.days], start=1):
        used = [route for route in routes if route]
        if len(used) > problem.vehicles:
            faults.append(f"day {day}: {len(used)} routes, {problem.vehicles} vehicles")
        seen: set[int] = set()
        shipped = 0
        for number, route in enumerate(used, start=1):
            place, load = 0, 0
            for customer, units in route:
                if not 1 <= customer <= problem.customers:
                    faults.append(f"day {day}, route {number}: there is no customer {customer}")
                    continue
                if units <= 0:
                    faults.append(f"day {day}, route {number}: customer {customer} receives {units} units")
                if customer in seen:
                    faults.append(f"day {day}: customer {customer} is visited twice")
                seen.add(customer)
                routing += float(problem.distance[place, customer])
                place, load = customer, load + units
                stock[customer] += units
                if stock[customer] > problem.most[customer]:
                    faults.append(
                        f"day {day}: customer {customer} holds {stock[customer]}, more than {problem.most[customer]}"
                    )
            routing += float(problem.distance[place, 0])
            shipped += load
            if load > problem.capacity:
                faults.append(f"day {day}, route {number}: load {load}, capacity {problem.capacity}")
        if shipped > stock[0]:
            faults.append(f"day {day}: {shipped} units leave the depot, which holds {stock[0]}")
        stock[0] += int(problem.supply[day - 1]) - shipped
        depot_holding += float(problem.holding[0]) * stock[0]
        for customer in range(1, problem.customers + 1):
            stock[customer] -= int(problem.demand[customer, day - 1])
            if stock[customer] < problem.least[customer]:
                left = f"{stock[customer]}, less than {problem.least[customer]}"
                faults.append(f"day {day}: customer {customer} is left with {left}")
            holding += float(problem.holding[customer]) * stock[customer]
    return Verdict(routing, holding, depot_holding, tuple(faults))
