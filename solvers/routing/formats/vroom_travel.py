"""Travel times and distances of a VROOM file: its matrices, or great circles between its coordinates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from solvers.routing.formats.errors import Faults
from solvers.routing.formats.routing_file import Place
from solvers.routing.formats.vroom_json import Json
from solvers.routing.problem import IntArray

EARTH_RADIUS_M = 6_371_008.8


@dataclass(frozen=True, slots=True)
class Travel:
    """Of one profile between the nodes [N, N]: seconds, metres (None where unknown), own costs (None: usual)."""

    durations: IntArray
    distances: IntArray | None
    costs: IntArray | None


def read_matrices(document: Json, profile: str, faults: Faults) -> dict[str, IntArray] | None:
    """Return the matrices of a profile by name, or None where the file has none."""
    if document.get("matrices") is None and document.get("matrix") is None:
        return None
    given: Any = {"durations": document["matrix"]} if "matrix" in document else document["matrices"]
    if "matrix" not in document:
        if not isinstance(given, dict) or not isinstance(given.get(profile), dict):
            raise faults.fail("matrices", f"has nothing for the profile '{profile}'", "add its durations")
        given = given[profile]
    matrices = {}
    for name in ("durations", "distances", "costs"):
        if given.get(name) is not None:
            matrices[name] = _matrix(given[name], f"matrices.{profile}.{name}", faults)
    if "durations" not in matrices:
        raise faults.fail(f"matrices.{profile}", "has no durations", "add them")
    sizes = {name: len(matrix) for name, matrix in matrices.items()}
    if len(set(sizes.values())) > 1:
        raise faults.fail(f"matrices.{profile}", f"have different shapes: {sizes}", "give all the same shape")
    return matrices


def _matrix(rows: Any, where: str, faults: Faults) -> IntArray:
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise faults.fail(where, "is no list of rows", "write [[...], ...]")
    for k, row in enumerate(rows):
        if len(row) != len(rows):
            advice = "a matrix has as many columns as rows"
            raise faults.fail(f"{where}[{k}]", f"has {len(row)} entries, the matrix {len(rows)} rows", advice)
        for j, value in enumerate(row):
            if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
                what = "is missing" if value is None else f"is {value!r}, not a number from 0"
                faults.add(f"{where}[{k}][{j}]", what, "write a number from 0")
    faults.stop()
    return np.rint(np.array(rows, dtype=np.float64).reshape(len(rows), -1)).astype(np.int64)


def between_places(
    places: Sequence[Place], matrices: dict[str, IntArray] | None, road_factor: float, speed_kmh: float
) -> Travel:
    """Return the travel between nodes; a place with neither index nor location is no way from anywhere."""
    anywhere = np.array([place.index is None and place.location is None for place in places])
    if matrices is None:
        distances = _great_circles(places, road_factor)
        durations = np.rint(distances * 3.6 / speed_kmh).astype(np.int64)
        cut = {"durations": durations, "distances": distances}
    else:
        index = np.array([place.index or 0 for place in places])
        cut = {name: matrix[np.ix_(index, index)] for name, matrix in matrices.items()}
    for matrix in cut.values():
        matrix[anywhere, :] = 0
        matrix[:, anywhere] = 0
        np.fill_diagonal(matrix, 0)
    return Travel(cut["durations"], cut.get("distances"), cut.get("costs"))


def _great_circles(places: Sequence[Place], road_factor: float) -> IntArray:
    """Return whole metres [N, N] along great circles (haversine formula) times a road factor."""
    longitude, latitude = np.radians([place.location or (0.0, 0.0) for place in places]).T
    half = np.sin((latitude[:, None] - latitude) / 2) ** 2
    half += np.cos(latitude[:, None]) * np.cos(latitude) * np.sin((longitude[:, None] - longitude) / 2) ** 2
    metres: IntArray = np.rint(road_factor * 2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(half.clip(0, 1)))).astype(np.int64)
    return metres
