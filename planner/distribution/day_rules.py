"""Further windows of stops and breaks of drivers on one day, as the routing problem takes them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from planner.distribution.clock import DayClock
from solvers.routing.fleet import NO_BREAK, Breaks
from solvers.routing.problem import UNBOUNDED

Span = tuple[int, int]


def windows_of(
    stops: pd.DataFrame, stop_windows: pd.DataFrame | None, clock: DayClock, closing: int
) -> list[list[Span]]:
    """Return the windows of every stop [C, W, 2] in seconds after midnight, in order; the last one fills up.

    A location with further windows has its own one too if that is filled in; a missing end of it is open.
    """
    further: dict[str, list[Span]] = {}
    if stop_windows is not None:
        for place, start, end in _own_windows(stop_windows):
            further.setdefault(str(place), []).append((clock.seconds(start), clock.seconds(end)))
    rows: list[list[Span]] = []
    for place, start, end in _own_windows(stops):
        spans = list(further.get(str(place), ()))
        if not spans or not (pd.isna(start) and pd.isna(end)):
            spans.append(
                (0 if pd.isna(start) else clock.seconds(start), closing if pd.isna(end) else clock.seconds(end))
            )
        rows.append(sorted(spans))
    most = max(map(len, rows))
    return [spans + spans[-1:] * (most - len(spans)) for spans in rows]


def _own_windows(frame: pd.DataFrame) -> Iterator[tuple[Any, ...]]:
    """Yield location and ends of the window of every row; frames of a few rows each are slow to walk through."""
    return zip(*(frame[name].tolist() for name in ("location_id", "window_start_min", "window_end_min")), strict=True)


def breaks_of(fleet: pd.DataFrame, driver_breaks: pd.DataFrame | None, depot_id: str, clock: DayClock) -> Breaks | None:
    """Return the breaks of the fleet's drivers in the order of their times, None where nobody has any."""
    if driver_breaks is None or driver_breaks.empty:
        return None
    here = driver_breaks[driver_breaks["depot_id"].isin(["", depot_id])].sort_values("earliest_start_min")
    of_type = [here[here["vehicle_id"] == kind] for kind in fleet["vehicle_id"]]
    most = max(map(len, of_type))
    if not most:
        return None
    windows = np.zeros((len(of_type), most, 2), dtype=np.int64)
    duration = np.full((len(of_type), most), NO_BREAK, dtype=np.int64)
    for kind, mine in enumerate(of_type):
        for k, (first, last, minutes) in enumerate(
            mine[["earliest_start_min", "latest_start_min", "duration_min"]].itertuples(index=False)
        ):
            windows[kind, k] = clock.seconds(first), clock.seconds(last)
            duration[kind, k] = round(60 * minutes)
    return Breaks.create(windows, duration, UNBOUNDED, dimensions=2)
