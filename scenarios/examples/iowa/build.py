"""Build the tables of the Iowa example from the published deliveries.

    python -m scenarios.examples.iowa.build DELIVERIES.parquet CITIES.csv [FOLDER]

FOLDER is the example's own folder by default. The result depends on the two files and on `assumptions.py`
only: there are no random numbers, "by hash" means by the SHA-256 of the keys.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from scenarios.examples.iowa import assumptions as a
from scenarios.examples.iowa.cleaning import clean

START = pd.Timestamp(a.HORIZON_START)


def fraction(*keys: str) -> float:
    """Return a number in [0, 1) that depends on the keys only."""
    digest = hashlib.sha256("|".join(keys).encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def identifier(name: str) -> str:
    """Return an id for a name: upper case, words joined by underscores, no punctuation."""
    kept = "".join(c if c.isalnum() else " " for c in name.upper().replace("'", ""))
    return "_".join(kept.split())


def build_tables(deliveries: pd.DataFrame, cities: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return every input table of the example by name.

    Parameters
    ----------
    deliveries : cleaned: date, brand, item, city, liters, dollars.
    cities : city, latitude, longitude.
    """
    frame = deliveries.assign(
        item_id=deliveries["item"].map({name: identifier(name) for name in deliveries["item"].unique()}),
        location_id=deliveries["city"].map({name: identifier(name) for name in deliveries["city"].unique()}),
    )
    recent = frame[frame["date"] >= START - pd.Timedelta(weeks=a.RECENT_WEEKS)]
    packs = _packs(frame, recent)
    stores = _stores(recent, cities)
    return {
        "items": _items(recent, packs),
        "item_uoms": _item_uoms(packs),
        "locations": _locations(stores),
        "suppliers": _suppliers(),
        "item_suppliers": _item_suppliers(packs),
        "lanes": _lanes(packs),
        "inventory": _inventory(recent, packs),
        "open_orders": _open_orders(recent, packs, stores),
        "demand_history": _demand_history(frame),
        "inventory_policies": _inventory_policies(),
        "calendars": _calendars(stores),
        "capacities": _capacities(stores),
        "vehicles": _vehicles(),
        "pins": _pins(),
    }


def _demand_history(frame: pd.DataFrame) -> pd.DataFrame:
    keys = ["item_id", "location_id", "date"]
    return frame.rename(columns={"liters": "qty"})[[*keys, "qty"]].sort_values(keys, ignore_index=True)


def _packs(frame: pd.DataFrame, recent: pd.DataFrame) -> pd.DataFrame:
    """Case, store pack and purchase multiple of every item, in litres; one row per item_id."""
    rows = []
    for item_id, sales in recent.groupby("item_id", sort=True):
        counts = sales["liters"].value_counts().reindex(list(a.CASE_PARTS), fill_value=0)
        case = float(counts.idxmax()) if counts.max() > 0 else a.DEFAULT_CASE
        parts = np.array([case / part for part in a.CASE_PARTS[case]])
        usual = float(sales["liters"].quantile(a.STORE_PACK_QUANTILE))
        pack = float(parts[parts <= usual].max(initial=parts.min()))
        weekly = float(sales["liters"].sum()) / a.RECENT_WEEKS
        uom, multiple = "case", case
        if weekly >= a.LAYER_FROM_LAYERS_PER_WEEK * a.CASES_PER_LAYER * case:
            uom, multiple = "layer", a.CASES_PER_LAYER * case
        if weekly >= a.PALLET_FROM_PALLETS_PER_WEEK * a.CASES_PER_PALLET * case:
            uom, multiple = "pallet", a.CASES_PER_PALLET * case
        rows.append((item_id, case, pack, uom, multiple, weekly))
    packs = pd.DataFrame(rows, columns=["item_id", "case", "pack", "po_uom", "po_multiple", "weekly"])
    names = frame[["item_id", "item", "brand"]].drop_duplicates("item_id")
    return packs.merge(names, on="item_id").set_index("item_id", drop=False)


def category(name: str) -> str:
    """Return the category of an item by the words of its name; KeyError if no rule fits."""
    padded = f" {name} "
    for words, result in a.CATEGORIES:
        if f" {words} " in padded:
            return result
    raise KeyError(name)


def _items(recent: pd.DataFrame, packs: pd.DataFrame) -> pd.DataFrame:
    sums = recent.groupby("item_id")[["dollars", "liters"]].sum().loc[packs.index]
    price = (sums["dollars"] / sums["liters"]).round(2)
    return pd.DataFrame(
        {
            "item_id": packs["item_id"],
            "name": packs["item"],
            "category": packs["item"].map(category),
            "uom": "L",
            "unit_cost": (price / (1 + a.STATE_MARKUP)).round(2),
            "unit_price": price,
            "unit_weight_kg": a.WEIGHT_KG_PER_LITRE,
            "unit_volume_m3": a.VOLUME_M3_PER_LITRE,
            "currency": "USD",
        }
    )


def _item_uoms(packs: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for item in packs.itertuples(index=False):
        rows += [(item.item_id, "pack", item.pack)] if item.pack < item.case else []
        rows.append((item.item_id, "case", item.case))
        rows.append((item.item_id, "layer", item.case * a.CASES_PER_LAYER))
        rows.append((item.item_id, "pallet", item.case * a.CASES_PER_PALLET))
    return pd.DataFrame(rows, columns=["item_id", "uom", "factor_qty"])


def _stores(recent: pd.DataFrame, cities: pd.DataFrame) -> pd.DataFrame:
    """Cities with coordinates, recent weekly litres, region, day and size; one row per location_id."""
    weekly = recent.groupby(["location_id", "city"], as_index=False)["liters"].sum()
    weekly["weekly"] = weekly.pop("liters") / a.RECENT_WEEKS
    stores = weekly.merge(cities[["city", "latitude", "longitude"]], on="city").sort_values("location_id")
    south, west = np.radians(a.DC_LATITUDE), np.radians(a.DC_LONGITUDE)
    north, east = np.radians(stores["latitude"]), np.radians(stores["longitude"])
    turn = east - west
    bearing = np.degrees(
        np.arctan2(
            np.sin(turn) * np.cos(north), np.cos(south) * np.sin(north) - np.sin(south) * np.cos(north) * np.cos(turn)
        )
    )
    haversine = np.sin((north - south) / 2) ** 2 + np.cos(south) * np.cos(north) * np.sin(turn / 2) ** 2
    stores["km"] = 2 * 6371.0088 * np.arcsin(np.sqrt(haversine))
    stores["region"] = [_region(b, km) for b, km in zip(bearing % 360, stores["km"], strict=True)]
    limits = [stores["weekly"] >= a.LARGE_FROM_LITRES, stores["weekly"] >= a.MEDIUM_FROM_LITRES]
    stores["size"] = np.select(limits, ["large", "medium"], "small")
    return stores.reset_index(drop=True)


def _region(bearing: float, km: float) -> str:
    if km <= a.CENTRAL_KM:
        return "central"
    for name, start, end, _ in a.SECTORS:
        if (bearing - start) % 360 < (end - start) % 360:
            return name
    raise ValueError(f"no sector covers a bearing of {bearing}")


def _window(location_id: str, size: str) -> tuple[int, int]:
    if size != "small":
        return a.LARGE_WINDOW if size == "large" else a.MEDIUM_WINDOW
    draw, reached = fraction(location_id, "window"), 0.0
    for start, end, share in a.SMALL_WINDOWS:
        reached += share
        if draw < reached:
            return start, end
    return a.SMALL_WINDOWS[0][:2]


def _locations(stores: pd.DataFrame) -> pd.DataFrame:
    windows = [_window(s.location_id, s.size) for s in stores[["location_id", "size"]].itertuples()]
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
    dc = pd.DataFrame(
        [
            {
                "location_id": a.DC_ID,
                "name": a.DC_NAME,
                "type": "dc",
                "latitude": a.DC_LATITUDE,
                "longitude": a.DC_LONGITUDE,
            }
        ]
    )
    return pd.concat([dc, frame], ignore_index=True).astype({"window_start_min": "Int64", "window_end_min": "Int64"})


def _suppliers() -> pd.DataFrame:
    rows = [
        {
            "supplier_id": identifier(brand),
            "name": brand,
            "lead_time_days": terms.lead_time_days,
            "lead_time_sd_days": terms.lead_time_sd_days,
            "review_period_days": a.REVIEW_PERIOD_DAYS,
            "fixed_order_cost": terms.fixed_order_cost,
            "min_order_value": terms.min_order_value,
            "currency": "USD",
        }
        for brand, terms in a.SUPPLIER_TERMS.items()
    ]
    return pd.DataFrame(rows)


def _item_suppliers(packs: pd.DataFrame) -> pd.DataFrame:
    """Terms by item; lead time and order cost come from `suppliers`."""
    return pd.DataFrame(
        {
            "supplier_id": packs["brand"].map(identifier),
            "item_id": packs["item_id"],
            "location_id": a.DC_ID,
            "moq_qty": packs["po_multiple"] * packs["po_uom"].map(a.MOQ_IN_MULTIPLES),
            "order_multiple_qty": packs["po_multiple"],
            "order_uom": packs["po_uom"],
        }
    )


def _lanes(packs: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "origin_id": a.DC_ID,
            "item_id": packs["item_id"],
            "lead_time_days": a.LANE_LEAD_TIME_DAYS,
            "review_period_days": a.REVIEW_PERIOD_DAYS,
            "order_multiple_qty": packs["pack"],
            "order_uom": np.where(packs["pack"] < packs["case"], "pack", "case"),
            "fixed_order_cost": a.LANE_FIXED_ORDER_COST,
            "cost_per_unit": a.LANE_COST_PER_LITRE,
        }
    )


def _recent_means(recent: pd.DataFrame) -> pd.DataFrame:
    sums = recent.groupby(["item_id", "location_id"], as_index=False, sort=True)["liters"].sum()
    return sums.assign(weekly=sums.pop("liters") / a.RECENT_WEEKS)


def _inventory(recent: pd.DataFrame, packs: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for item_id, weekly in packs["weekly"].items():
        low, high = a.DC_WEEKS
        weeks = low + (high - low) * fraction(str(item_id), "dc weeks")
        if fraction(str(item_id), "dc short") < a.DC_SHORT_SHARE:
            weeks = a.DC_SHORT_WEEKS
        rows.append((item_id, a.DC_ID, _whole(weekly * weeks / packs.at[item_id, "pack"]) * packs.at[item_id, "pack"]))
    for pair in _recent_means(recent).itertuples(index=False):
        keys = (pair.item_id, pair.location_id)
        weeks = a.STORE_WEEKS[int(fraction(*keys, "weeks") * len(a.STORE_WEEKS))]
        stock = weeks * pair.weekly + fraction(*keys, "pack") * packs.at[pair.item_id, "pack"]
        if fraction(*keys, "out") < a.STORE_OUT_SHARE:
            stock = 0.0
        rows.append((*keys, _whole(stock)))
    return pd.DataFrame(rows, columns=["item_id", "location_id", "on_hand_qty"])


def _whole(number: float) -> int:
    return int(np.floor(number + 0.5))


def _open_orders(recent: pd.DataFrame, packs: pd.DataFrame, stores: pd.DataFrame) -> pd.DataFrame:
    """Purchase orders that replace the recent mean until a new one can arrive; deliveries of the first Monday."""
    rows = []
    for item in packs.itertuples(index=False):
        terms, ordered = a.SUPPLIER_TERMS[item.brand], 0
        for week in range(1, -(-terms.lead_time_days // 7)):
            wanted = _whole(week * item.weekly / item.po_multiple)
            if wanted > ordered:
                day = START + pd.Timedelta(days=7 * week + terms.receipt_weekday)
                rows.append((item.item_id, a.DC_ID, identifier(item.brand), (wanted - ordered) * item.po_multiple, day))
            ordered = max(ordered, wanted)
    # A lane takes a day, so nothing ordered in the horizon reaches a city on its first day.
    monday = {name for name, _, _, day in a.SECTORS if day == "mon"}
    first = stores.loc[stores["region"].isin(monday) & (stores["size"] == "small"), "location_id"]
    for pair in _recent_means(recent[recent["location_id"].isin(first)]).itertuples(index=False):
        number = int(pair.weekly / packs.at[pair.item_id, "pack"] + fraction(pair.item_id, pair.location_id, "open"))
        if number:
            rows.append((pair.item_id, pair.location_id, a.DC_ID, number * packs.at[pair.item_id, "pack"], START))
    frame = pd.DataFrame(rows, columns=["item_id", "location_id", "source_id", "qty", "receipt_date"])
    frame.insert(0, "order_id", [f"{number:05d}" for number in range(1, len(frame) + 1)])
    return frame.assign(receipt_date=frame["receipt_date"].dt.strftime("%Y-%m-%d"))


def _inventory_policies() -> pd.DataFrame:
    """From the general to the particular: the most specific row wins, its empty cells fall back to the settings."""
    fireball = identifier("FIREBALL CINNAMON WHISKY")
    rows = [
        {"service_measure": "fill_rate", "service_target": 0.95},
        {"category": "gift_pack", "service_measure": "fill_rate", "service_target": 0.85, "holding_cost_rate": 0.5},
        {"category": "whiskey", "service_measure": "fill_rate", "service_target": 0.97},
        {"category": "whiskey", "region": "central", "service_measure": "fill_rate", "service_target": 0.98},
        {"location_id": a.DC_ID, "service_measure": "cycle_service_level", "service_target": 0.95},
        {
            "item_id": fireball,
            "location_id": "DES_MOINES",
            "service_measure": "fill_rate",
            "service_target": 0.99,
            "min_qty": 90,
        },
    ]
    names = ["item_id", "category", "location_id", "region", "service_measure", "service_target"]
    frame = pd.DataFrame(rows, columns=[*names, "holding_cost_rate", "min_qty"])
    return frame.astype({"min_qty": "Int64"})


def _calendars(stores: pd.DataFrame) -> pd.DataFrame:
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
    for store in stores[stores["size"] != "small"][["location_id", "region", "size"]].itertuples(index=False):
        own = days[store.region]
        wanted = every if store.size == "large" else sorted({*own, a.SECOND_DAY[own[0]]}, key=every.index)
        rows += [(store.location_id, "", "receive", day, "") for day in wanted]
        rows += [(store.location_id, "", "receive", "", date) for date in moved.get(store.region, [])]
    return pd.DataFrame(rows, columns=["location_id", "region", "kind", "weekday", "date"])


def _capacities(stores: pd.DataFrame) -> pd.DataFrame:
    weekly = float(stores["weekly"].sum())
    space = a.VOLUME_M3_PER_LITRE
    rows: list[tuple[str, str, str, float | None, float | None]] = [
        (a.DC_ID, "storage", "", None, np.ceil(a.DC_STORAGE_WEEKS * weekly * space / 10) * 10)
    ]
    daily = np.ceil(a.DISPATCH_OVER_MEAN_DAY * weekly * a.WEIGHT_KG_PER_LITRE / 5 / 500) * 500
    for day in ("mon", "tue", "wed", "thu", "fri"):
        share = a.FRIDAY_DISPATCH_SHARE if day == "fri" else 1.0
        rows.append((a.DC_ID, "dispatch", day, np.ceil(daily * share / 500) * 500, None))
    for store in stores[stores["size"] == "large"].itertuples(index=False):
        rows.append(
            (store.location_id, "storage", "", None, np.ceil(a.LARGE_CITY_STORAGE_WEEKS * store.weekly * space))
        )
    return pd.DataFrame(rows, columns=["location_id", "kind", "weekday", "capacity_kg", "capacity_m3"])


def _vehicles() -> pd.DataFrame:
    names = ["vehicle_id", "count", "capacity_kg", "capacity_m3", "fixed_cost", "cost_per_km", "cost_per_hour"]
    frame = pd.DataFrame(a.VEHICLES, columns=[*names, "co2_kg_per_km"])
    frame.insert(1, "depot_id", a.DC_ID)
    return frame.assign(
        shift_start_min=a.SHIFT_START_MIN, shift_end_min=a.SHIFT_END_MIN, max_duration_min=a.MAX_DURATION_MIN
    )


def _pins() -> pd.DataFrame:
    """One order that a person forbids: no more glasses once the season is over."""
    return pd.DataFrame(
        [
            {
                "pin_id": "1",
                "item_id": identifier("JAGERMEISTER W SHOT GLASSES"),
                "location_id": "DES_MOINES",
                "receipt_date": (START + pd.Timedelta(weeks=a.BUCKETS - 1)).date().isoformat(),
                "qty": 0,
                "author": "example",
                "reason": "The gift season is over.",
            }
        ]
    )


def write_example(deliveries: Path, cities: Path, folder: Path) -> None:
    """Clean the two published files and write the example's tables and the account of the cleaning."""
    places = pd.read_csv(cities)
    cleaned = clean(pd.read_parquet(deliveries), places)
    tables = folder / "tables"
    tables.mkdir(parents=True, exist_ok=True)
    cleaned.report.to_csv(folder / "cleaning.csv", index=False, lineterminator="\n")
    for name, table in build_tables(cleaned.deliveries, places).items():
        if name == "demand_history":
            table.to_parquet(tables / f"{name}.parquet", index=False, compression="zstd", compression_level=19)
        else:
            table.to_csv(tables / f"{name}.csv", index=False, lineterminator="\n")


def main(arguments: list[str]) -> int:
    """Run the build; exit code 2 and a usage line if the arguments do not fit."""
    if len(arguments) not in {2, 3}:
        sys.stderr.write("usage: python -m scenarios.examples.iowa.build DELIVERIES.parquet CITIES.csv [FOLDER]\n")
        return 2
    folder = Path(arguments[2]) if len(arguments) == 3 else Path(__file__).parent
    write_example(Path(arguments[0]), Path(arguments[1]), folder)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
