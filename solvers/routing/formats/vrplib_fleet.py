"""The fleet of a VRPLIB file: one row per vehicle, equal vehicles made one type."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from solvers.routing.formats.routing_file import FACTORS, Convention, whole
from solvers.routing.formats.vrplib_text import VrplibText
from solvers.routing.problem import UNBOUNDED, IntArray, VehicleTypes

FloatArray = NDArray[np.float64]

MOST_DECIMALS = 4
"""Of a cost per unit of distance."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """Vehicle types, the numbers of the vehicles of each, and what costs were multiplied by to be whole."""

    types: VehicleTypes
    vehicles: tuple[tuple[int, ...], ...]
    cost_factor: int


def read_fleet(
    source: VrplibText, depots: list[int], order: IntArray, dimensions: int, convention: Convention
) -> Fleet:
    """Return the fleet; without `VEHICLES` there are as many vehicles as clients.

    Parameters
    ----------
    depots : their nodes, from 0.
    order : [N], the nodes, depots first.
    dimensions : of the amounts.
    """
    count = _count(source, len(order) - len(depots))
    capacity = _capacity(source, count, dimensions)
    unit_cost = _per_vehicle(source, count, "VEHICLES_UNIT_DISTANCE_COST", 1.0)
    factor = next((10**k for k in range(MOST_DECIMALS) if np.allclose(unit_cost * 10**k % 1, 0)), 10**MOST_DECIMALS)
    start = _depot_of(source, count, "VEHICLES_DEPOT", depots, depots[0])
    reload = _depot_of(source, count, "VEHICLES_RELOAD_DEPOT", depots, -1)
    if ((reload >= 0) & (reload != start)).any():
        line = source.sections["VEHICLES_RELOAD_DEPOT"].line
        where, what = f"VEHICLES_RELOAD_DEPOT_SECTION, line {line}", "a vehicle reloads elsewhere than it starts"
        source.faults.add(where, what, "name its own depot")
    allowed = _allowed(source, count, order, len(depots))
    clients = len(order) - len(depots)
    columns = {
        "capacity": capacity,
        "start_depot": start[:, None],
        "fixed_cost": np.rint(_per_vehicle(source, count, "VEHICLES_FIXED_COST", 0.0) * FACTORS[convention] * factor),
        "distance_cost": np.rint(unit_cost * factor),
        "max_duration": _limit(source, count, "VEHICLES_MAX_DURATION", convention),
        "max_distance": _limit(source, count, "VEHICLES_MAX_DISTANCE", convention),
        "max_reloads": np.where(reload >= 0, clients, 0)[:, None],
    }
    rows = np.concatenate([np.atleast_2d(column.T).T for column in columns.values()], axis=1).astype(np.int64)
    keys = rows if allowed is None else np.concatenate([rows, allowed.astype(np.int64)], axis=1)
    groups: dict[bytes, list[int]] = {}
    for vehicle in range(count):
        groups.setdefault(keys[vehicle].tobytes(), []).append(vehicle)
    first = [members[0] for members in groups.values()]
    values = {name: column[first].astype(np.int64) for name, column in columns.items()}
    types = VehicleTypes.create(
        count=[len(members) for members in groups.values()],
        capacity=values.pop("capacity"),
        **{name: column.reshape(-1) for name, column in values.items()},
        allowed=None if allowed is None else allowed[first],
    )
    return Fleet(types, tuple(tuple(k + 1 for k in members) for members in groups.values()), factor)


def _count(source: VrplibText, clients: int) -> int:
    number = source.number("VEHICLES")
    if number is None:
        rows = [
            len(s.rows) for name, s in source.sections.items() if name.startswith("VEHICLES_") or name == "CAPACITY"
        ]
        return max(rows, default=clients)
    if number < 0 or number != int(number):
        raise source.faults.fail(
            "VEHICLES", f"{number:g} is no whole number from 0", "write how many vehicles there are"
        )
    return int(number)


def _capacity(source: VrplibText, count: int, dimensions: int) -> FloatArray:
    table = source.table("CAPACITY", 1, count, "vehicle")
    where = "CAPACITY_SECTION"
    if table is None:
        where = "CAPACITY"
        words = source.header("CAPACITY").split()
        try:
            values = [float(word) for word in words] or [float(UNBOUNDED)] * dimensions
        except ValueError:
            raise source.faults.fail(where, f"'{' '.join(words)}' is not a number", "write a number") from None
        table = np.tile(values, (count, 1))
    if table.shape[1] != dimensions:
        advice = "give as many as the demand has"
        raise source.faults.fail(where, f"{table.shape[1]} dimensions, the demand has {dimensions}", advice)
    if (table < 0).any():
        raise source.faults.fail(where, "a capacity is negative", "use 0 or more")
    return np.floor(np.nan_to_num(table))


def _per_vehicle(source: VrplibText, count: int, name: str, default: float) -> FloatArray:
    """Return one number per vehicle [count], from a section, a header for all, or the default."""
    table = source.table(name, 1, count, "vehicle")
    if table is None:
        number = source.number(name)
        return np.full(count, default if number is None else number)
    if (table[:, 0] < 0).any():
        source.faults.add(f"{name}_SECTION, line {source.sections[name].line}", "a value is negative", "use 0 or more")
    return np.nan_to_num(table[:, 0])


def _limit(source: VrplibText, count: int, name: str, convention: Convention) -> FloatArray:
    values = _per_vehicle(source, count, name, np.inf)
    limits = np.full(count, float(UNBOUNDED))
    given = np.isfinite(values)
    limits[given] = whole(values[given], convention)
    return limits[:, None]


def _depot_of(source: VrplibText, count: int, name: str, depots: list[int], default: int) -> IntArray:
    """Return the depot [count] of every vehicle as an index into `depots`."""
    table = source.table(name, 1, count, "vehicle")
    if table is None:
        return np.full(count, depots.index(default) if default >= 0 else -1, dtype=np.int64)
    index = {node + 1: k for k, node in enumerate(depots)}
    for vehicle in np.flatnonzero([node not in index for node in table[:, 0]])[:5]:
        where = f"{name}_SECTION, line {source.line_of(name, int(vehicle) + 1)}"
        source.faults.add(where, f"node {table[vehicle, 0]:g} is no depot", "name a node of DEPOT_SECTION")
    return np.array([index.get(node, 0) for node in table[:, 0]], dtype=np.int64)


def _allowed(source: VrplibText, count: int, order: IntArray, depots: int) -> NDArray[np.bool_] | None:
    """Return [count, C]: whether the vehicle may serve the client, None where all may."""
    name = "VEHICLES_ALLOWED_CLIENTS"
    if name not in source.sections:
        return None
    client_of = {int(node) + 1: k for k, node in enumerate(order[depots:])}
    allowed = np.zeros((count, len(order) - depots), dtype=np.bool_)
    section = source.sections[name]
    for row, line in zip(section.rows, section.lines, strict=True):
        if row[0] != int(row[0]) or not 1 <= row[0] <= count:
            source.faults.add(f"{name}_SECTION, line {line}", f"there is no vehicle {row[0]:g}", "number from 1")
            continue
        for node in row[1:]:
            if node in client_of:
                allowed[int(row[0]) - 1, client_of[int(node)]] = True
            else:
                source.faults.add(f"{name}_SECTION, line {line}", f"node {node:g} is no client", "name clients only")
    return allowed
