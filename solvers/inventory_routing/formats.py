"""Files of the 12th DIMACS implementation challenge, inventory-routing track: instances in, solutions out and in."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np

from solvers.inventory_routing.evaluate import evaluate
from solvers.inventory_routing.problem import InventoryRoutingPlan, InventoryRoutingProblem, Visit

_HALF_A_CENT = 0.005001  # figures are rounded to cents


class InventoryRoutingFileError(Exception):
    """A file that cannot be read: which, where and why."""


def read_instance(path: Path) -> InventoryRoutingProblem:
    """Read an instance: nodes, days, capacity, vehicles; the depot; the customers.

    Distances are Euclidean, rounded to the nearest whole number.

    Raises
    ------
    InventoryRoutingFileError
        With the line and what is wrong there.
    """
    rows: list[list[float]] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if line.strip():
            try:
                rows.append([float(word) for word in line.split()])
            except ValueError:
                raise InventoryRoutingFileError(f"{path}, line {number}: {line.strip()!r} is not all numbers") from None
    if not rows or len(rows[0]) < 4:
        raise InventoryRoutingFileError(f"{path}: the first line must hold nodes, days, capacity and vehicles")
    nodes, days, capacity, vehicles = (int(value) for value in rows[0][:4])
    if len(rows) != nodes + 1 or len(rows[1]) < 6 or any(len(row) < 8 for row in rows[2:]):
        raise InventoryRoutingFileError(
            f"{path}: {nodes} nodes need a depot line of 6 numbers and {nodes - 1} customer lines of 8; "
            f"{len(rows) - 1} lines follow the first"
        )
    depot, customers = rows[1], np.array([row[:8] for row in rows[2:]])
    points = np.array([depot[1:3], *customers[:, 1:3]])
    distance = np.array([[float(int(math.hypot(*(a - b)) + 0.5)) for b in points] for a in points])
    whole = np.concatenate([[[depot[3], 0, 0, 0]], customers[:, 3:7]]).astype(np.int64)
    return InventoryRoutingProblem(
        distance=distance,
        demand=np.repeat(whole[:, 3:], days, axis=1),
        opening=whole[:, 0],
        least=whole[:, 2],
        most=whole[:, 1],
        holding=np.concatenate([[depot[5]], customers[:, 7]]),
        supply=np.full(days, int(depot[4]), dtype=np.int64),
        capacity=capacity,
        vehicles=vehicles,
    )


def write_solution(problem: InventoryRoutingProblem, plan: InventoryRoutingPlan, seconds: float, processor: str) -> str:
    """Return a plan in the challenge's format: routes by day, four costs, processor and seconds."""
    lines = []
    for day, routes in enumerate(plan.routes, start=1):
        lines.append(f"Day {day}")
        for number in range(1, problem.vehicles + 1):
            stops = routes[number - 1] if number <= len(routes) else ()
            lines.append(f"Route {number}: " + " - ".join(["0", *(f"{c} ( {units} )" for c, units in stops), "0"]))
    verdict = evaluate(problem, plan)
    costs = (verdict.holding, verdict.depot_holding, verdict.cost)
    return (
        "\n".join([*lines, f"{verdict.routing:.0f}", *(f"{c:.2f}" for c in costs), processor, f"{seconds:.1f}"]) + "\n"
    )


def read_solution(text: str, problem: InventoryRoutingProblem) -> InventoryRoutingPlan:
    """Read a plan in the challenge's format and hold its own figures against it; of several, the last.

    Raises
    ------
    InventoryRoutingFileError
        With the line and what is wrong there: a word out of place, or a cost that is not the plan's.
    """
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), start=1)]
    lines = [(number, line) for number, line in lines if line and not line.startswith("#")]
    if not lines:
        raise InventoryRoutingFileError("line 1: 'Day 1' expected")
    while lines:
        plan, lines = _read_one(lines, problem)
    return plan


_Lines = list[tuple[int, str]]


def _read_one(lines: _Lines, problem: InventoryRoutingProblem) -> tuple[InventoryRoutingPlan, _Lines]:
    """Return the plan that stands first, and the lines behind it."""
    plan: list[tuple[tuple[Visit, ...], ...]] = []
    feed = iter([*lines, *[(lines[-1][0] + 1, "")] * (problem.days * (problem.vehicles + 1) + 6)])
    for day in range(1, problem.days + 1):
        number, line = next(feed)
        if line != f"Day {day}":
            raise InventoryRoutingFileError(f"line {number}: 'Day {day}' expected")
        routes: list[tuple[Visit, ...]] = []
        for vehicle in range(1, problem.vehicles + 1):
            number, line = next(feed)
            found = re.fullmatch(rf"Route {vehicle}: 0( - .*)? - 0", line)
            if found is None:
                raise InventoryRoutingFileError(f"line {number}: 'Route {vehicle}: 0 - ... - 0' expected")
            stops = [re.fullmatch(r"(\d+) \( (\d+) \)", part) for part in (found[1] or "").split(" - ")[1:]]
            if not all(stops):
                raise InventoryRoutingFileError(f"line {number}: stops must be written 'customer ( units )'")
            routes.append(tuple((int(stop[1]), int(stop[2])) for stop in stops if stop))
        plan.append(tuple(routes))
    read = InventoryRoutingPlan(tuple(plan))
    verdict = evaluate(problem, read)
    costs = {
        "routing cost": verdict.routing,
        "holding cost of customers": verdict.holding,
        "holding cost of the depot": verdict.depot_holding,
        "total cost": verdict.cost,
    }
    for name, cost in costs.items():
        number, line = next(feed)
        if not abs(_number(line, number) - cost) < _HALF_A_CENT:
            raise InventoryRoutingFileError(f"line {number}: {name} {line}, the routes cost {cost:.2f}")
    number, processor = next(feed)
    if not processor:
        raise InventoryRoutingFileError(f"line {number}: the processor expected")
    number, seconds = next(feed)
    if not 0 <= _number(seconds, number) < math.inf:
        raise InventoryRoutingFileError(f"line {number}: seconds expected, not {seconds}")
    return read, lines[problem.days * (problem.vehicles + 1) + 6 :]


def _number(text: str, line: int) -> float:
    try:
        return float(text)
    except ValueError:
        raise InventoryRoutingFileError(f"line {line}: {text!r} is no number") from None
