"""The places of the Iowa example: cities with their regions, windows, delivery days and capacities, and the fleet."""

from __future__ import annotations

from math import ceil

import numpy as np
import pandas as pd

from scenarios.examples.iowa import assumptions as a
from scenarios.examples.iowa.keys import fraction


def stores_of(recent: pd.DataFrame, cities: pd.DataFrame) -> pd.DataFrame:
    """Cities with coordinates, recent weekly litres, region, day and size; one row per location_id."""
    weekly = recent.groupby(["location_id", "city"], as_index=False)["liters"].sum()
    weekly["weekly"] = weekly.pop("liters") / a.RECENT_WEEKS
    stores: pd.DataFrame = weekly.merge(cities[["city", "latitude", "longitude"]], on="city")
    stores = stores.sort_values("location_id", ignore_index=True)
    bearing, stores["km"] = _from_warehouse(stores)
    stores["region"] = [_region(b, km) for b, km in zip(bearing, stores["km"], strict=True)]
    limits = [stores["weekly"] >= a.LARGE_FROM_LITRES, stores["weekly"] >= a.MEDIUM_FROM_LITRES]
    stores["size"] = np.select(limits, ["large", "medium"], "small")
    return stores


def _from_warehouse(stores: pd.DataFrame) -> tuple[pd.Series[float], pd.Series[float]]:
    """Compass bearing (degrees, 0 is north) and great-circle distance (km) from the warehouse."""
    south, west = np.radians(a.DC_LATITUDE), np.radians(a.DC_LONGITUDE)
    north, turn = np.radians(stores["latitude"]), np.radians(stores["longitude"]) - west
    x = np.sin(turn) * np.cos(north)
    y = np.cos(south) * np.sin(north) - np.sin(south) * np.cos(north) * np.cos(turn)
    haversine = np.sin((north - south) / 2) ** 2 + np.cos(south) * np.cos(north) * np.sin(turn / 2) ** 2
    return np.degrees(np.arctan2(x, y)) % 360, 2 * 6371.0088 * np.arcsin(np.sqrt(haversine))


def _region(bearing: float, km: float) -> str:
    if km <= a.CENTRAL_KM:
        return "central"
    for name, start, end, _ in a.SECTORS:
        if (bearing - start) % 360 < (end - start) % 360:
            return name
    raise ValueError(f"no sector covers a bearing of {bearing}")


def locations(stores: pd.DataFrame) -> pd.DataFrame:
    """Return the table locations: the warehouse and one store per city."""
    windows = [_window(*keys) for keys in zip(stores["location_id"], stores["size"], strict=True)]
    frame = pd.DataFrame(
        {
            "location_id": stores["location_id"],
            "name": stores["city"].str.title(),
            "type": "store",
            "region": stores["region"],
            "latitude": stores["latitude"],
            "longitude": stores["longitude"],
            "window_start_min": [w[0] for w in windows],
            "window_end_min": [w[1] for w in windows],
            "service_min": stores["size"].map(a.SERVICE_MIN),
            "service_min_per_100kg": a.SERVICE_MIN_PER_100KG,
        }
    )
    place = {"latitude": a.DC_LATITUDE, "longitude": a.DC_LONGITUDE}
    dc = pd.DataFrame([{"location_id": a.DC_ID, "name": a.DC_NAME, "type": "dc", **place}])
    return pd.concat([dc, frame], ignore_index=True).astype({"window_start_min": "Int64", "window_end_min": "Int64"})


def _window(location_id: str, size: str) -> tuple[int, int]:
    if size != "small":
        return a.LARGE_WINDOW if size == "large" else a.MEDIUM_WINDOW
    draw, reached = fraction(location_id, "window"), 0.0
    for start, end, share in a.SMALL_WINDOWS:
        reached += share
        if draw < reached:
            return start, end
    return a.SMALL_WINDOWS[0][:2]


def calendars(stores: pd.DataFrame) -> pd.DataFrame:
    """Holidays for all, days of the regions, and the days of cities that receive more often than their region."""
    days = {name: [day] for name, _, _, day in a.SECTORS} | {"central": list(a.CENTRAL_WEEKDAYS)}
    moved: dict[str, list[str]] = {}
    for region, date in a.MOVED_DAYS:
        moved.setdefault(region, []).append(date.isoformat())
    rows: list[tuple[str, str, str, str, str]] = [("", "", "closed", "", day.isoformat()) for day in a.HOLIDAYS]
    every = ["mon", "tue", "wed", "thu", "fri"]
    rows += [(a.DC_ID, "", "receive", day, "") for day in every]
    for region, weekdays in days.items():
        rows += [("", region, "receive", day, "") for day in weekdays]
        rows += [("", region, "receive", "", date) for date in moved.get(region, [])]
    for store in stores[stores["size"] != "small"].to_dict("records"):
        own = days[store["region"]]
        wanted = every if store["size"] == "large" else sorted({*own, a.SECOND_DAY[own[0]]}, key=every.index)
        rows += [(store["location_id"], "", "receive", day, "") for day in wanted]
        rows += [(store["location_id"], "", "receive", "", date) for date in moved.get(store["region"], [])]
    return pd.DataFrame(rows, columns=["location_id", "region", "kind", "weekday", "date"])


def capacities(stores: pd.DataFrame) -> pd.DataFrame:
    """Return the table capacities: storage and loading of the warehouse, storage of the large cities."""
    weekly = float(stores["weekly"].sum())
    space = a.VOLUME_M3_PER_LITRE
    rows: list[tuple[str, str, str, float | None, float | None]] = [
        (a.DC_ID, "storage", "", None, ceil(a.DC_STORAGE_WEEKS * weekly * space / 10) * 10.0)
    ]
    daily = a.DISPATCH_OVER_MEAN_DAY * weekly * a.WEIGHT_KG_PER_LITRE / 5
    for day in ("mon", "tue", "wed", "thu", "fri"):
        share = a.FRIDAY_DISPATCH_SHARE if day == "fri" else 1.0
        rows.append((a.DC_ID, "dispatch", day, ceil(daily * share / 500) * 500.0, None))
    large = stores.loc[stores["size"] == "large"].set_index("location_id")["weekly"].to_dict()
    rows += [
        (str(city), "storage", "", None, float(ceil(a.LARGE_CITY_STORAGE_WEEKS * litres * space)))
        for city, litres in large.items()
    ]
    return pd.DataFrame(rows, columns=["location_id", "kind", "weekday", "capacity_kg", "capacity_m3"])


def vehicles() -> pd.DataFrame:
    """Return the table vehicles: the fleet of the warehouse."""
    names = ["vehicle_id", "count", "capacity_kg", "capacity_m3", "fixed_cost", "cost_per_km", "cost_per_hour"]
    frame = pd.DataFrame(a.VEHICLES, columns=[*names, "co2_kg_per_km"])
    frame.insert(1, "depot_id", a.DC_ID)
    return frame.assign(
        shift_start_min=a.SHIFT_START_MIN, shift_end_min=a.SHIFT_END_MIN, max_duration_min=a.MAX_DURATION_MIN
    )
