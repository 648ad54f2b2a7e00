"""Check supply: what only all tables together mean.

Whether everything that is demanded has a source, whether lanes form a circle, whether vehicles can
start where goods come from, and whether every location on a route can be found.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from scenarios.tables.issues import Issues
from scenarios.tables.keys import key_codes
from scenarios.tables.parse import Table
from scenarios.tables.sourcing import find_sources, winning_lanes

_PAIR = ["item_id", "location_id"]
_SHOWN = 3


def check_supply(tables: Mapping[str, Table], issues: Issues) -> None:
    """Add the issues of sources, lanes and coordinates."""
    items = _plain(tables["items"], ["item_id", "category"]).drop_duplicates("item_id")
    locations = _plain(tables["locations"], ["location_id", "region", "type"]).drop_duplicates("location_id")
    locations = locations.rename(columns={"type": "location_type"})
    lanes = _plain(tables["lanes"], ["origin_id", "location_id", "region", "item_id", "category", "priority"])
    suppliers = _plain(tables["item_suppliers"], [*_PAIR, "category", "region", "priority"])

    _check_own_lanes(tables["lanes"], issues)
    _check_circles(lanes, items, locations, tables["lanes"], issues)
    history = tables["demand_history"].frame
    first = ~pd.Series(key_codes(history, _PAIR)).duplicated().to_numpy()
    demanded = history.loc[first, _PAIR].astype(object)
    links = _check_sources(demanded, items, locations, suppliers, lanes, issues)
    _check_depots(links, tables["vehicles"], issues)
    _check_coordinates(links, tables["locations"], tables["travel_matrix"], issues)


def _plain(table: Table, columns: list[str]) -> pd.DataFrame:
    """Return columns with texts as str instead of categories, so that tables can be merged."""
    frame = table.frame[columns]
    return frame.astype({name: object for name in columns if isinstance(frame[name].dtype, pd.CategoricalDtype)})


def _check_own_lanes(table: Table, issues: Issues) -> None:
    lanes = _plain(table, ["origin_id", "location_id"])
    rows = np.flatnonzero((lanes["origin_id"] == lanes["location_id"]) & (lanes["origin_id"] != ""))
    issues.add_rows(
        "error",
        "lanes",
        "lane_to_itself",
        "the lane leads from '{value}' to itself",
        "Remove the row or correct one of its ends.",
        column="location_id",
        lines=table.lines[rows],
        values=lanes["location_id"].iloc[rows].to_list(),
    )


def _check_circles(
    lanes: pd.DataFrame, items: pd.DataFrame, locations: pd.DataFrame, table: Table, issues: Issues
) -> None:
    """Report lanes by which locations would supply each other with the same item."""
    places = _places_in_circles(lanes, locations)
    if not places:
        return
    # items that no lane names are alike within their category: one of each stands for all
    named = items["item_id"].isin(lanes["item_id"])
    rest = items[~named].drop_duplicates("category")
    kinds = pd.concat([items[named], rest, pd.DataFrame({"item_id": [""], "category": [""]})])
    wanted = kinds.merge(locations[locations["location_id"].isin(places)], how="cross")
    wanted = wanted.assign(lane=winning_lanes(wanted, lanes))
    wanted = wanted[wanted["lane"] >= 0]
    found: dict[tuple[str, ...], set[int]] = {}
    for _, group in wanted.groupby("item_id"):
        lane_of = dict(zip(group["location_id"], group["lane"], strict=True))
        for circle in _circles({place: str(lanes["origin_id"].iloc[lane]) for place, lane in lane_of.items()}):
            found.setdefault(circle, set()).update(int(table.lines[lane_of[place]]) for place in circle)
    if not found:
        return
    paths = [" -> ".join([*circle, circle[0]]) for circle in found]
    rows = sorted(set().union(*found.values()))
    more = f" and {len(paths) - _SHOWN:,} more" if len(paths) > _SHOWN else ""
    issues.add(
        "error",
        "lanes",
        "lane_circle",
        f"Locations supply each other in a circle: {'; '.join(paths[:_SHOWN])}{more} "
        f"(lines {', '.join(map(str, rows[:10]))}).",
        "Remove one lane of the circle, or correct its origin_id or location_id.",
        column="origin_id",
        row=str(rows[0]),
        value=paths[0],
        rows=len(rows),
    )


def _places_in_circles(lanes: pd.DataFrame, locations: pd.DataFrame) -> set[str]:
    """Return the locations that may lie on a circle, whatever the item."""
    ends = lanes[["origin_id", "location_id", "region"]].drop_duplicates()
    one = ends[ends["location_id"] != ""]
    rest = ends[ends["location_id"] == ""].drop(columns="location_id")
    by_region = rest[rest["region"] != ""].merge(locations, on="region")
    customers = locations.loc[locations["location_type"] != "dc", ["location_id"]]
    anywhere = rest[rest["region"] == ""].merge(customers, how="cross")
    edges = pd.concat([part[["origin_id", "location_id"]] for part in (one, by_region, anywhere)])
    edges = edges[edges["origin_id"] != edges["location_id"]]
    while True:
        inside = edges["origin_id"].isin(edges["location_id"]) & edges["location_id"].isin(edges["origin_id"])
        if inside.all():
            return set(edges["origin_id"])
        edges = edges[inside]


def _circles(source_of: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    """Yield the circles of a graph with one source per place, in the direction of the goods, smallest name first."""
    seen: set[str] = set()
    for start in source_of:
        path: list[str] = []
        place = start
        while place in source_of and place not in seen:
            seen.add(place)
            path.append(place)
            place = source_of[place]
        if place in path:
            circle = path[path.index(place) :][::-1]
            first = circle.index(min(circle))
            yield (*circle[first:], *circle[:first])


def _check_sources(
    demanded: pd.DataFrame,
    items: pd.DataFrame,
    locations: pd.DataFrame,
    suppliers: pd.DataFrame,
    lanes: pd.DataFrame,
    issues: Issues,
) -> pd.DataFrame:
    """Follow everything that is demanded to its suppliers; return the links (source_id, location_id) in use."""
    wanted = demanded
    seen = wanted
    links = [pd.DataFrame({"source_id": [], "location_id": []}, dtype=object)]
    first = True
    while not wanted.empty:
        wanted = wanted.merge(items, on="item_id").merge(locations, on="location_id")
        sources = find_sources(wanted, suppliers, lanes)
        _report_unsourced(wanted[~sources.found], issues, demanded=first)
        by_lane = sources.lane_row >= 0
        supplied = wanted[by_lane].assign(source_id=lanes["origin_id"].to_numpy()[sources.lane_row[by_lane]])
        links.append(supplied[["source_id", "location_id"]])
        upstream = supplied[["item_id", "source_id"]].set_axis(_PAIR, axis="columns").drop_duplicates()
        new = upstream.merge(seen, how="left", on=_PAIR, indicator="known")
        wanted = new.loc[new["known"] == "left_only", _PAIR]
        seen = pd.concat([seen, wanted])
        first = False
    return pd.concat(links).drop_duplicates(ignore_index=True)


def _report_unsourced(pairs: pd.DataFrame, issues: Issues, *, demanded: bool) -> None:
    if pairs.empty:
        return
    shown = [f"item {item} at location {place}" for item, place in pairs[_PAIR].head(_SHOWN).itertuples(index=False)]
    more = f" and {len(pairs) - _SHOWN:,} more" if len(pairs) > _SHOWN else ""
    what = "with demand" if demanded else "that must supply others"
    issues.add(
        "error",
        "item_suppliers",
        "no_source" if demanded else "no_source_upstream",
        f"{len(pairs):,} item-locations {what} have no source of supply: {', '.join(shown)}{more}.",
        "Add rows to item_suppliers or lanes that cover them; the planner never makes up a supplier.",
        value=shown[0],
        rows=len(pairs),
    )


def _check_depots(links: pd.DataFrame, vehicles: Table, issues: Issues) -> None:
    lacking = sorted(set(links["source_id"]) - set(vehicles.frame["depot_id"]))
    if lacking and not vehicles.frame.empty:
        issues.add(
            "warning",
            "vehicles",
            "no_vehicle",
            f"No vehicle starts at {', '.join(lacking[:_SHOWN])}{' and others' if len(lacking) > _SHOWN else ''}, "
            "which supplies other locations; its loads will be on no route.",
            "Add vehicles with this depot_id.",
            column="depot_id",
            value=lacking[0],
            rows=len(lacking),
        )


def _check_coordinates(links: pd.DataFrame, locations: Table, matrix: Table, issues: Issues) -> None:
    """Report locations on routes that have no coordinates, unless the travel matrix has all their ways."""
    frame = locations.frame
    unplaced = frame["latitude"].isna() & frame["longitude"].isna()
    if unplaced.all() and matrix.frame.empty and not links.empty:
        issues.add(
            "warning",
            "locations",
            "no_coordinates_at_all",
            "No location has coordinates and there is no travel_matrix, so no routes can be planned.",
            "Fill in latitude and longitude to have routes.",
            column="latitude",
            rows=len(frame),
        )
        return
    nowhere = set(frame.loc[unplaced, "location_id"])
    ways = _plain(matrix, ["origin_id", "destination_id"]).drop_duplicates()
    lost: set[str] = set()
    for source, group in links.groupby("source_id")["location_id"]:
        area = {str(source), *group}
        inside = ways[ways["origin_id"].isin(area) & ways["destination_id"].isin(area)]
        inside = inside[inside["origin_id"] != inside["destination_id"]]
        known = inside["origin_id"].value_counts().add(inside["destination_id"].value_counts(), fill_value=0)
        lost |= {place for place in area & nowhere if known.get(place, 0) < 2 * (len(area) - 1)}
    rows = np.flatnonzero(frame["location_id"].isin(lost))
    issues.add_rows(
        "error",
        "locations",
        "no_coordinates",
        "location '{value}' is on routes but has no coordinates, and travel_matrix lacks ways from or to it",
        "Fill in latitude and longitude, or add all its ways to travel_matrix.",
        column="latitude",
        lines=locations.lines[rows],
        values=frame["location_id"].iloc[rows].to_list(),
    )
