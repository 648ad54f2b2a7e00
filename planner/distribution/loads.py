"""Order lines to loads: what one source sends to one location on one day in one vehicle."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from planner.distribution.fleet import fleet_of, holds, split_skills
from reports.tables import LOAD_LINES, LOADS, conform


@dataclass(slots=True)
class _Load:
    """A load that is being filled: parts of order lines, whole packs each."""

    weight_kg: float = 0.0
    volume_m3: float = 0.0
    parts: list[tuple[str, str, float]] = field(default_factory=list)  # order, item, quantity


@dataclass(frozen=True, slots=True)
class _Line:
    """One order line in base units; `pack_qty` is the smallest quantity that travels."""

    order_id: str
    item_id: str
    qty: float
    pack_qty: float
    unit_kg: float
    unit_m3: float


def build_loads(
    orders: pd.DataFrame, supply: pd.DataFrame, locations: pd.DataFrame, vehicles: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Group the DO lines by day of receipt, source and location; split what no vehicle carries at once.

    A group above the biggest vehicle of its source (among those with the skills that the location
    requires) becomes several loads, cut between whole packs. A single pack that no vehicle holds
    stays one load; the routes will tell why it cannot go.

    Returns
    -------
    The published tables loads and load_lines.
    """
    keys = ["receipt_date", "source_id", "location_id"]
    moves = orders[(orders["type"] == "DO") & (orders["qty"] > 0)].sort_values([*keys, "item_id", "order_id"])
    sizes = supply.set_index(["item_id", "location_id"])["order_multiple_qty"]
    packs = sizes.reindex(pd.MultiIndex.from_frame(moves[["item_id", "location_id"]])).fillna(1.0)
    skills = dict(zip(locations["location_id"], map(split_skills, locations["required_skills"]), strict=True))
    lines = list(map(_Line, *_columns(moves, packs.to_numpy(dtype=float))))
    fleets: dict[tuple[str, frozenset[str]], list[tuple[float, float]]] = {}
    loads, load_lines = [], []
    for key, start, end in _runs(moves[keys]):
        date, source_id, location_id = key
        able = (source_id, skills[location_id])
        if able not in fleets:
            fleets[able] = _vehicles_for(vehicles, *able)
        filled = _fill(lines[start:end], fleets[able])
        for number, load in enumerate(filled, 1):
            name = f"L{date:%Y%m%d}-{source_id}-{location_id}"
            load_id = name if len(filled) == 1 else f"{name}-{number}"
            loads.append((load_id, date, source_id, location_id, load.weight_kg, load.volume_m3, len(load.parts)))
            load_lines += [(load_id, *part) for part in load.parts]
    return (
        conform(LOADS, pd.DataFrame(loads, columns=list(LOADS.columns))),
        conform(LOAD_LINES, pd.DataFrame(load_lines, columns=list(LOAD_LINES.columns))),
    )


def _columns(moves: pd.DataFrame, packs: npt.NDArray[np.float64]) -> Iterator[list[Any]]:
    """Yield the fields of `_Line` for all order lines."""
    qty = moves["qty"].to_numpy(dtype=float)
    yield from (moves["order_id"].tolist(), moves["item_id"].tolist(), qty.tolist(), packs.tolist())
    yield from ((moves[name].to_numpy(dtype=float) / qty).tolist() for name in ("weight_kg", "volume_m3"))


def _runs(keys: pd.DataFrame) -> Iterator[tuple[Any, int, int]]:
    """Yield (key, first row, row after the last) of equal neighbouring rows."""
    rows = list(keys.itertuples(index=False, name=None))
    start = 0
    for key, group in itertools.groupby(rows):
        end = start + sum(1 for _ in group)
        yield key, start, end
        start = end


def _vehicles_for(vehicles: pd.DataFrame, source_id: str, skills: frozenset[str]) -> list[tuple[float, float]]:
    """Return (kg, m3) of the vehicles of the source that may stop there; of all of them if none may."""
    fleet = fleet_of(vehicles, source_id)
    able = fleet[[skills <= split_skills(text) for text in fleet["skills"]]]
    chosen = able if len(able) else fleet
    return [(float(kg), float(m3)) for kg, m3 in zip(chosen["capacity_kg"], chosen["capacity_m3"], strict=True)]


def _fill(lines: list[_Line], vehicles: list[tuple[float, float]]) -> list[_Load]:
    """Return one load where a vehicle holds it all, else loads for the vehicle that needs fewest of them."""
    whole = _Load()
    for line in lines:
        _put(whole, line, line.qty)
    if not vehicles or any(holds(vehicle, whole.weight_kg, whole.volume_m3) for vehicle in vehicles):
        return [whole]
    biggest = min(vehicles, key=lambda v: max(_share(whole.weight_kg, v[0]), _share(whole.volume_m3, v[1])))
    loads = [_Load()]
    for line in lines:
        left = line.qty
        while left > 1e-9:
            fitting = _quantity_that_fits(loads[-1], line, left, biggest)
            if fitting == 0 and loads[-1].parts:
                loads.append(_Load())
                continue
            taken = fitting or min(left, line.pack_qty)  # an empty vehicle too small for a pack: it goes alone
            _put(loads[-1], line, taken)
            left -= taken
    return loads


def _quantity_that_fits(load: _Load, line: _Line, left: float, vehicle: tuple[float, float]) -> float:
    """Return the most of the line, in whole packs or all that is left, that still fits the vehicle."""
    if holds(vehicle, load.weight_kg + left * line.unit_kg, load.volume_m3 + left * line.unit_m3):
        return left
    packs = left / line.pack_qty
    amounts = ((load.weight_kg, line.unit_kg), (load.volume_m3, line.unit_m3))
    for (used, unit), capacity in zip(amounts, vehicle, strict=True):
        if unit > 0:
            packs = min(packs, (capacity - used) / (unit * line.pack_qty))
    return max(0, int(packs + 1e-9)) * line.pack_qty


def _put(load: _Load, line: _Line, qty: float) -> None:
    load.weight_kg += qty * line.unit_kg
    load.volume_m3 += qty * line.unit_m3
    if load.parts and load.parts[-1][0] == line.order_id:
        load.parts[-1] = (line.order_id, line.item_id, load.parts[-1][2] + qty)
    else:
        load.parts.append((line.order_id, line.item_id, qty))


def _share(amount: float, capacity: float) -> float:
    return amount / capacity if capacity > 0 else np.inf
