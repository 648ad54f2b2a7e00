"""Travel times and distances of a VROOM file: its matrices, or great circles between its coordinates."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from solvers.routing.contradictions import MOST_PERCENT
from solvers.routing.formats.errors import Faults
from solvers.routing.formats.routing_file import Place
from solvers.routing.formats.vroom_json import Json, Reader
from solvers.routing.problem import FloatArray, IntArray, Speeds

EARTH_RADIUS_M = 6_371_008.8
LARGEST_MATRIX = 3000
"""With more places and no matrices, places lie on a plane, as 20,000 would need matrices of 3 GB each."""
DAY = 86_400
"""After which speeds repeat, unless a file names another period."""


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


NO_TRAVEL = Travel(np.zeros((0, 0), np.int64), None, None)
"""Of places on a plane: no matrices."""


@dataclass(frozen=True, slots=True)
class Matrices:
    """Distances, durations [P, N, N] (None: of coordinates) and costs of arcs (None: nothing) of every profile."""

    distances: IntArray | None
    durations: IntArray | None
    costs: IntArray | None


def stacked(travel: Mapping[str, Travel], ways: Sequence[tuple[str, float]], cost_unit: int) -> Matrices:
    """Return the matrices of each (profile, speed factor); unknown distances are 0."""
    size = len(next(iter(travel.values())).durations)
    nothing = np.zeros((size, size), dtype=np.int64)
    chosen = [travel[profile] for profile, _ in ways]
    own = any(given.costs is not None for given in chosen)
    return Matrices(
        distances=np.stack([nothing if given.distances is None else given.distances for given in chosen]),
        durations=np.stack([np.rint(travel[name].durations / factor).astype(np.int64) for name, factor in ways]),
        costs=np.stack([nothing if g.costs is None else g.costs * cost_unit for g in chosen]) if own else None,
    )


def read_speeds(root: Reader, profiles: Sequence[str]) -> Speeds | None:
    """Return the speeds by time of day of every profile, None where the file has none."""
    given = root.members.get("speeds")
    if given is None:
        return None
    if not isinstance(given, dict):
        root.fault("speeds", "is no object", 'write {"car": {"from": [0, 25200], "percent": [100, 70]}}')
        return None
    periods, bands = {DAY}, {}
    for name, members in given.items():
        reader = Reader(members if isinstance(members, dict) else {}, f"speeds.{name}", root.faults)
        starts, percent = reader.wholes("from") or (), reader.wholes("percent") or ()
        rising = all(a < b for a, b in itertools.pairwise(starts))
        if len(starts) != len(percent) or not starts or starts[0] != 0 or not rising:
            reader.fault("from", "and percent are no bands", "give as many of both, the first from 0, then rising")
        elif not all(1 <= value <= MOST_PERCENT for value in percent):
            reader.fault("percent", f"has a value outside 1 to {MOST_PERCENT}", "100 is the speed of the matrix")
        else:
            bands[name] = (starts, percent)
        if reader.has("period"):
            periods = {reader.whole("period", DAY, least=1)} | (periods - {DAY})
    if len(periods) > 1:
        root.fault("speeds", f"has different periods: {sorted(periods)}", "give all profiles the same")
    period = max(periods)
    width = max((len(starts) for starts, _ in bands.values()), default=1)
    table = np.zeros((2, len(profiles), width), np.int64)
    for row, name in enumerate(profiles):
        starts, percent = bands.get(name, ((0,), (100,)))
        if starts[-1] >= period:
            root.fault(
                f"speeds.{name}", f"a band starts at {starts[-1]}, after the period of {period}", "end before it"
            )
        table[0, row] = [*starts, *[starts[-1]] * (width - len(starts))]
        table[1, row] = [*percent, *[percent[-1]] * (width - len(percent))]
    return Speeds(table[0], table[1], period)


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


def on_a_plane(places: Sequence[Place], seconds_per_metre: float) -> FloatArray:
    """Return coordinates [N, 2] whose distances are seconds: stereographic projection about the mean of the places.

    Within 300 km of it lengths are right to 0.06 %, within 1,000 km to 0.6 % (Snyder 1987, "Map projections: a working
    manual", U.S. Geological Survey).
    """
    longitude, latitude = np.radians([place.location or (0.0, 0.0) for place in places]).T
    across = np.cos(latitude)
    x, y, z = (across * np.cos(longitude)).mean(), (across * np.sin(longitude)).mean(), np.sin(latitude).mean()
    middle, east = np.arctan2(z, np.hypot(x, y)), longitude - np.arctan2(y, x)
    near = 1 + np.sin(middle) * np.sin(latitude) + np.cos(middle) * across * np.cos(east)
    north = np.cos(middle) * np.sin(latitude) - np.sin(middle) * across * np.cos(east)
    scale = seconds_per_metre * 2 * EARTH_RADIUS_M / near
    return np.stack([scale * across * np.sin(east), scale * north], axis=1)


def _great_circles(places: Sequence[Place], road_factor: float) -> IntArray:
    """Return whole metres [N, N] along great circles (haversine formula) times a road factor."""
    longitude, latitude = np.radians([place.location or (0.0, 0.0) for place in places]).T
    half = np.sin((latitude[:, None] - latitude) / 2) ** 2
    half += np.cos(latitude[:, None]) * np.cos(latitude) * np.sin((longitude[:, None] - longitude) / 2) ** 2
    metres: IntArray = np.rint(road_factor * 2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(half.clip(0, 1)))).astype(np.int64)
    return metres
