"""Road distances and times: the travel matrix, and great circles where it has no pair."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from scenarios.settings import DistributionSettings

EARTH_RADIUS_KM = 6371.0088

FloatArray = npt.NDArray[np.float64]


class RoadTravel:
    """Distance and time between any two locations of the project."""

    def __init__(self, locations: pd.DataFrame, travel_matrix: pd.DataFrame, settings: DistributionSettings) -> None:
        self._places = locations.set_index("location_id")[["latitude", "longitude"]].astype(float)
        self._pairs = travel_matrix
        self._road_factor = settings.road_factor
        self._speed_kmh = settings.speed_kmh

    def between(self, ids: Sequence[str]) -> tuple[FloatArray, FloatArray]:
        """Return kilometres [N, N] and minutes [N, N]; NaN where neither pair nor coordinates are known."""
        places = self._places.reindex(pd.Index(ids)).to_numpy()
        km = self._road_factor * great_circle_km(places, places)
        minutes = 60.0 * km / self._speed_kmh
        if not self._pairs.empty:
            index = np.asarray(ids, dtype=object)
            known, row = np.unique(index, return_inverse=True)
            pairs = self._pairs[self._pairs["origin_id"].isin(known) & self._pairs["destination_id"].isin(known)]
            origin = pd.Index(known).get_indexer(pairs["origin_id"])
            destination = pd.Index(known).get_indexer(pairs["destination_id"])
            for matrix, column in ((km, "distance_km"), (minutes, "duration_min")):
                table = np.full((len(known), len(known)), np.nan)
                table[origin, destination] = pairs[column].to_numpy(dtype=float)
                given = table[np.ix_(row, row)]
                np.copyto(matrix, given, where=~np.isnan(given))
        same = np.equal.outer(np.asarray(ids, dtype=object), np.asarray(ids, dtype=object))
        km[same] = minutes[same] = 0.0
        return km, minutes


def great_circle_km(origins: FloatArray, destinations: FloatArray) -> FloatArray:
    """Return great-circle distances [A, B] in km of (latitude, longitude) in degrees [A, 2] and [B, 2].

    Haversine formula (Sinnott 1984, "Virtues of the haversine", Sky and Telescope 68), mean Earth radius.
    """
    a, b = np.radians(origins)[:, None, :], np.radians(destinations)[None, :, :]
    half = np.sin((b - a) / 2) ** 2
    chord = half[..., 0] + np.cos(a[..., 0]) * np.cos(b[..., 0]) * half[..., 1]
    distance: FloatArray = 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.minimum(1.0, chord)))
    return distance
