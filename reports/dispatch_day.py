"""One depot on one day, joined from a run's tables: what every dispatch file is written from."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from reports.optional_tables import ROUTE_BREAKS
from reports.run_folder import RunFolder, RunFolderError

_MOST_DATES = 60


@dataclass(frozen=True, slots=True)
class DispatchDay:
    """The routes of one depot on one day.

    Attributes
    ----------
    run : where it comes from.
    depot : row of `locations`: location_id, name, address, latitude, longitude.
    routes : rows of `routes`, and `number` from 1.
    stops : rows of `stops` in order, and date, depot_id, vehicle_id, vehicle_no, number (of the route), name,
        address, lines, run_id.
    lines : what is unloaded: route_id, sequence, order_id, item_id, name, qty, uom.
    unassigned : rows of `unassigned`, and name.
    breaks : rows of `route_breaks`.
    """

    run: RunFolder
    date: pd.Timestamp
    depot: Mapping[str, Any]
    routes: pd.DataFrame
    stops: pd.DataFrame
    lines: pd.DataFrame
    unassigned: pd.DataFrame
    breaks: pd.DataFrame

    @property
    def depot_id(self) -> str:
        """Key of the depot."""
        return str(self.depot["location_id"])

    def stops_of(self, route_id: str) -> list[dict[str, Any]]:
        """Return the stops of a route in order."""
        return records(self.stops[self.stops["route_id"] == route_id])

    def breaks_of(self, route_id: str) -> dict[int, list[dict[str, Any]]]:
        """Return the breaks of a route in order, by the stop before them (0: none)."""
        taken: dict[int, list[dict[str, Any]]] = {}
        for row in records(self.breaks[self.breaks["route_id"] == route_id]):
            taken.setdefault(row["after_sequence"], []).append(row)
        return taken

    @property
    def totals(self) -> dict[str, float]:
        """Return the sums of the day."""
        columns = ("stops", "distance_km", "duration_min", "driving_min", "service_min", "wait_min", "load_kg",
                   "load_m3", "cost", "co2e_kg")  # fmt: skip
        sums = {name: float(self.routes[name].sum()) for name in columns}
        return {**sums, "routes": float(len(self.routes)), "utilisation": float(self.routes["utilisation"].mean())}


def dispatch_days(run: RunFolder, date: datetime.date | None) -> Iterator[DispatchDay]:
    """Yield every depot of one day, or of every day of the run, in order of day and depot.

    Raises
    ------
    RunFolderError
        The run has neither routes nor loads left over on that day; the text names the days that have.
    """
    routes = run.tables["routes"]
    lost = run.tables["unassigned"].merge(run.tables["loads"][["load_id", "source_id"]], on="load_id")
    keys = {*zip(routes["date"], routes["depot_id"], strict=True), *zip(lost["date"], lost["source_id"], strict=True)}
    wanted = sorted(key for key in keys if date is None or key[0].date() == date)
    if not wanted:
        raise RunFolderError(_no_routes(run, date, sorted({key[0] for key in keys})))
    joined = _Joined.of(run)
    for day, depot_id in wanted:
        mine = routes[(routes["date"] == day) & (routes["depot_id"] == depot_id)].sort_values("route_id")
        mine = mine.assign(number=range(1, len(mine) + 1))
        left = lost[(lost["date"] == day) & (lost["source_id"] == depot_id)]
        yield joined.day(run, day, depot_id, mine, left)


def _no_routes(run: RunFolder, date: datetime.date | None, days: list[pd.Timestamp]) -> str:
    if not days:
        return f"The run {run.path} has no routes: it moves nothing between locations."
    shown = ", ".join(f"{day:%Y-%m-%d}" for day in days[:_MOST_DATES])
    more = "" if len(days) <= _MOST_DATES else f" and {len(days) - _MOST_DATES} more up to {days[-1]:%Y-%m-%d}"
    return f"The run {run.path} has no routes on {date}. It has routes on {shown}{more}. Name one of these with --date."


@dataclass(frozen=True, slots=True)
class _Joined:
    """Tables of the run that every day looks things up in."""

    places: pd.DataFrame
    none: pd.DataFrame
    stops: dict[str, pd.DataFrame]
    lines: pd.DataFrame
    breaks: pd.DataFrame

    @classmethod
    def of(cls, run: RunFolder) -> _Joined:
        tables = run.tables
        places = tables["locations"][tables["locations"]["type"] != "supplier"].set_index("location_id")
        stops = tables["stops"].merge(tables["loads"][["load_id", "lines"]], on="load_id", how="left")
        stops = stops.join(places[["name", "address"]], on="location_id").assign(run_id=run.provenance["run_id"])
        stops = stops.sort_values(["route_id", "sequence"], ignore_index=True)
        lines = tables["load_lines"].merge(tables["items"][["item_id", "name", "uom"]], on="item_id", how="left")
        lines = lines.sort_values(["load_id", "item_id", "order_id"]).set_index("load_id")
        breaks = (
            tables["route_breaks"] if "route_breaks" in tables else pd.DataFrame(columns=list(ROUTE_BREAKS.columns))
        )
        by_route = {str(route): part for route, part in stops.groupby("route_id")}
        return cls(places, stops.head(0), by_route, lines, breaks.sort_values(["route_id", "break_no"]))

    def day(
        self, run: RunFolder, date: pd.Timestamp, depot_id: str, routes: pd.DataFrame, lost: pd.DataFrame
    ) -> DispatchDay:
        parts = [self.stops[route] for route in routes["route_id"]]
        stops = pd.concat(parts, ignore_index=True) if parts else self.none
        about = routes.set_index("route_id")[["date", "depot_id", "vehicle_id", "vehicle_no", "number"]]
        stops = stops.join(about, on="route_id")
        lines = stops[["route_id", "sequence", "load_id"]].join(self.lines, on="load_id", how="inner")
        depot = {"location_id": depot_id, **{str(k): v for k, v in self.places.loc[depot_id].items()}}
        lost = lost.join(self.places[["name"]], on="location_id").sort_values("load_id", ignore_index=True)
        taken = self.breaks[self.breaks["route_id"].isin(routes["route_id"])].reset_index(drop=True)
        return DispatchDay(
            run, date, depot, routes.reset_index(drop=True), stops, lines.reset_index(drop=True), lost, taken
        )


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table by column name."""
    rows: list[dict[str, Any]] = frame.to_dict("records")  # type: ignore[assignment]
    return rows


def place_in_words(address: object, latitude: object, longitude: object) -> str:
    """Return the address, else coordinates to five decimals (a metre); empty where neither is known."""
    text = str(address or "").strip()
    if text or pd.isna(latitude) or pd.isna(longitude):  # type: ignore[call-overload]
        return text
    return f"{latitude:.5f}, {longitude:.5f}"


def clock(instant: str, date: pd.Timestamp) -> str:
    """Return the local time HH:MM of an instant, with the number of days where it is not on the day itself."""
    moment = datetime.datetime.fromisoformat(instant)
    days = (moment.date() - date.date()).days
    return f"{moment:%H:%M}" + (f" {days:+d}" if days else "")
