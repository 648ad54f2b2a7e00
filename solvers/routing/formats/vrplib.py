"""VRPLIB files (.vrp) to routing problems, with the sections that PyVRP's instances add.

Specification: Helsgaun, "LKH-3" user guide, and Uchoa et al. (2017), CVRPLIB; extra sections: backhauls,
prizes, release times, and `VEHICLES_*` for fleets whose vehicles differ (one row per vehicle).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.routing.formats.errors import Faults
from solvers.routing.formats.routing_file import FACTORS, Convention, RoutingFile, whole
from solvers.routing.formats.vrplib_fleet import read_fleet
from solvers.routing.formats.vrplib_text import VrplibText, parse_vrplib
from solvers.routing.problem import UNBOUNDED, IntArray, RoutingProblem

FloatArray = NDArray[np.float64]

KNOWN_SECTIONS = {
    *("NODE_COORD", "EDGE_WEIGHT", "DEPOT", "DISPLAY_DATA", "DEMAND", "LINEHAUL", "BACKHAUL", "CAPACITY"),
    *("SERVICE_TIME", "TIME_WINDOW", "RELEASE_TIME", "PRIZE", "VEHICLES_DEPOT", "VEHICLES_RELOAD_DEPOT"),
    *("VEHICLES_ALLOWED_CLIENTS", "VEHICLES_FIXED_COST", "VEHICLES_UNIT_DISTANCE_COST"),
    *("VEHICLES_MAX_DURATION", "VEHICLES_MAX_DISTANCE"),
}
_TRIANGLES = {
    "LOWER_ROW": (False, -1), "LOWER_DIAG_ROW": (False, 0), "UPPER_ROW": (True, 1), "UPPER_DIAG_ROW": (True, 0),
}  # fmt: skip


def read_vrplib(path: Path, text: str, convention: Convention | None) -> RoutingFile:
    """Return the problem of VRPLIB text.

    Raises
    ------
    RoutingFileError
        With every fault found.
    """
    faults = Faults(path)
    source = parse_vrplib(text, faults)
    for name in sorted(set(source.sections) - KNOWN_SECTIONS):
        line = source.sections[name].line
        faults.add(f"{name}_SECTION, line {line}", "is not understood", "remove it if the problem is the same without")
    dimension = source.number("DIMENSION")
    if dimension is None or dimension < 1 or dimension != int(dimension):
        raise faults.fail("DIMENSION", "is missing or no whole number above 0", "write the number of nodes")
    nodes = int(dimension)
    coordinates = source.table("NODE_COORD", 1, nodes, "node")
    depots = _depots(source, nodes)
    faults.stop()
    order = np.array([*depots, *(k for k in range(nodes) if k not in set(depots))], dtype=np.int64)
    fractions = coordinates is not None and bool((coordinates % 1 != 0).any())
    chosen = convention or guess_convention(source, fractions)
    distances = _matrix(source, nodes, chosen)
    if distances is None and coordinates is None:
        raise faults.fail("file", "has neither NODE_COORD_SECTION nor EDGE_WEIGHT_SECTION", "add one of them")
    clients = _clients(source, nodes, order[len(depots) :], chosen)
    fleet = read_fleet(source, depots, order, clients["delivery"].shape[1], chosen)
    clients["prize"] = clients["prize"] * fleet.cost_factor
    faults.stop()
    windows = _windows(source, nodes, chosen)[order]
    problem = RoutingProblem.create(
        depots=len(depots),
        vehicles=fleet.types,
        coordinates=None if coordinates is None else coordinates[order, :2],
        distances=None if distances is None else distances[np.ix_(order, order)],
        rounding="truncate" if chosen == "dimacs" else "nearest",
        scale=FACTORS[chosen],
        depot_windows=windows[: len(depots)],
        windows=windows[len(depots) :],
        **clients,
    )
    return RoutingFile(
        path=path,
        format="vrplib",
        name=source.header("NAME", path.stem),
        problem=problem,
        jobs=tuple(range(1, problem.clients + 1)),
        vehicles=fleet.vehicles,
        scale=FACTORS[chosen],
        cost_scale=FACTORS[chosen] * fleet.cost_factor,
        convention=chosen,
    )


def guess_convention(source: VrplibText, fractions: bool) -> Convention:
    """Return the convention under which the literature states costs of such a file.

    A matrix is taken as it stands. Fleets with costs of their own, and time windows with fractional
    coordinates: thousandths (real distances); other time windows: tenths, cut off (DIMACS); else whole numbers.
    """
    if "EDGE_WEIGHT" in source.sections:
        return "none"
    own_costs = {"VEHICLES_FIXED_COST", "VEHICLES_UNIT_DISTANCE_COST"} & set(source.sections)
    timed = "TIME_WINDOW" in source.sections
    if own_costs or (timed and fractions):
        return "exact"
    return "dimacs" if timed else "round"


def _depots(source: VrplibText, nodes: int) -> list[int]:
    """Return the depots as indices from 0, in the order of their section; the first node without one."""
    if "DEPOT" not in source.sections:
        return [0]
    depots: list[int] = []
    section = source.sections["DEPOT"]
    for number, line in zip(section.numbers(), section.lines, strict=False):
        if number == -1:
            break
        if number != int(number) or not 1 <= number <= nodes or int(number) - 1 in depots:
            source.faults.add(f"DEPOT_SECTION, line {line}", f"{number:g} is no node or repeated", "list nodes once")
        else:
            depots.append(int(number) - 1)
    if not depots:
        source.faults.add(f"DEPOT_SECTION, line {section.line}", "names no depot", "list the depot's node")
    return depots or [0]


def _matrix(source: VrplibText, nodes: int, convention: Convention) -> IntArray | None:
    """Return the explicit matrix [nodes, nodes], or None where distances come from coordinates."""
    kind = source.header("EDGE_WEIGHT_TYPE", "EXPLICIT" if "EDGE_WEIGHT" in source.sections else "EUC_2D")
    if kind == "EUC_2D":
        return None
    if kind != "EXPLICIT" or "EDGE_WEIGHT" not in source.sections:
        advice = "write EUC_2D with coordinates, or EXPLICIT with EDGE_WEIGHT_SECTION"
        raise source.faults.fail("EDGE_WEIGHT_TYPE", f"{kind} without what it needs is not understood", advice)
    section = source.sections["EDGE_WEIGHT"]
    where = f"EDGE_WEIGHT_SECTION, line {section.line}"
    numbers = np.array(section.numbers())
    layout = source.header("EDGE_WEIGHT_FORMAT", "FULL_MATRIX")
    if layout != "FULL_MATRIX" and layout not in _TRIANGLES:
        advice = f"use FULL_MATRIX, {', '.join(_TRIANGLES)}"
        raise source.faults.fail("EDGE_WEIGHT_FORMAT", f"{layout} is not understood", advice)
    full = layout == "FULL_MATRIX"
    upper, diagonal = _TRIANGLES.get(layout, (True, 0))
    expected = nodes * nodes if full else nodes * (nodes - 1) // 2 + nodes * (diagonal == 0)
    if numbers.size != expected:
        advice = f"a {layout} of {nodes} nodes has {expected}"
        raise source.faults.fail(where, f"has {numbers.size} numbers, the wrong shape", advice)
    if full:
        matrix = numbers.reshape(nodes, nodes)
    else:
        matrix = np.zeros((nodes, nodes))
        rows, columns = np.triu_indices(nodes, diagonal) if upper else np.tril_indices(nodes, diagonal)
        matrix[rows, columns] = matrix[columns, rows] = numbers
    for row, column in np.argwhere(matrix < 0)[:5]:
        entry = f"entry from node {row + 1} to node {column + 1} is {matrix[row, column]:g}"
        source.faults.add(where, f"{entry}, negative", "distances are 0 or more")
    return whole(matrix, convention)


def _clients(source: VrplibText, nodes: int, clients: IntArray, convention: Convention) -> dict[str, Any]:
    """Return what `RoutingProblem.create` takes by client."""
    delivery = _amounts(source, nodes, "DEMAND" if "DEMAND" in source.sections else "LINEHAUL")
    pickup = _amounts(source, nodes, "BACKHAUL")
    if pickup.shape[1] not in {1, delivery.shape[1]}:
        source.faults.add("BACKHAUL_SECTION", "has not as many columns as DEMAND_SECTION", "give every dimension")
        pickup = np.zeros_like(delivery)
    for node in np.setdiff1d(np.arange(nodes), clients):
        if delivery[node].any() or pickup[node].any():
            source.faults.add("DEMAND_SECTION", f"depot {node + 1} has a demand", "write 0")
    service = _column(source, nodes, "SERVICE_TIME")
    if "SERVICE_TIME" not in source.sections:
        service[:] = source.number("SERVICE_TIME") or 0
    prize = whole(_column(source, nodes, "PRIZE"), convention)[clients]
    ordered = source.header("TYPE") == "VRPB"  # in other types pick-ups and deliveries mix
    return {
        "delivery": delivery[clients],
        "pickup": np.broadcast_to(pickup, delivery.shape)[clients],
        "service": whole(service, convention)[clients],
        "release": whole(_column(source, nodes, "RELEASE_TIME"), convention)[clients],
        "prize": prize,
        "required": prize == 0,
        "backhaul": pickup[clients].any(axis=1) if ordered else np.zeros(len(clients), dtype=np.bool_),
    }


def _amounts(source: VrplibText, nodes: int, name: str) -> IntArray:
    table = source.table(name, 1, nodes, "node")
    if table is None:
        return np.zeros((nodes, 1), dtype=np.int64)
    for node, column in np.argwhere((table < 0) | (table % 1 != 0))[:5]:
        where = f"{name}_SECTION, line {source.line_of(name, node + 1)}"
        source.faults.add(
            where, f"the amount of node {node + 1} is {table[node, column]:g}", "use whole numbers from 0"
        )
    return np.nan_to_num(table).astype(np.int64)


def _column(source: VrplibText, nodes: int, name: str) -> FloatArray:
    table = source.table(name, 1, nodes, "node")
    if table is None:
        return np.zeros(nodes)
    for node in np.flatnonzero(table[:, 0] < 0)[:5]:
        where = f"{name}_SECTION, line {source.line_of(name, node + 1)}"
        source.faults.add(where, f"node {node + 1} has {table[node, 0]:g}, negative", "use 0 or more")
    return np.nan_to_num(table[:, 0])


def _windows(source: VrplibText, nodes: int, convention: Convention) -> IntArray:
    table = source.table("TIME_WINDOW", 1, nodes, "node")
    if table is None:
        return np.tile(np.array([0, UNBOUNDED]), (nodes, 1))
    section = source.sections["TIME_WINDOW"]
    if table.shape[1] != 2:
        raise source.faults.fail(f"TIME_WINDOW_SECTION, line {section.line}", "rows need two times", "node, start, end")
    for node in np.flatnonzero((table[:, 0] > table[:, 1]) | (table[:, 0] < 0)).tolist():
        where = f"TIME_WINDOW_SECTION, line {source.line_of('TIME_WINDOW', node + 1)}"
        start, end = table[node]
        source.faults.add(where, f"the window of node {node + 1} is {start:g} to {end:g}", "let it end after its start")
    source.faults.stop()
    return whole(table, convention)
