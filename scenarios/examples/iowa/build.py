"""Build the tables of the Iowa example from the published deliveries.

    python -m scenarios.examples.iowa.build DELIVERIES.parquet CITIES.csv [FOLDER]

FOLDER is the example's own folder by default. The result depends on the two files and on `assumptions.py`
only: there are no random numbers, "by hash" means by the SHA-256 of the keys.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from scenarios.examples.iowa import assumptions as a
from scenarios.examples.iowa.cleaning import clean
from scenarios.examples.iowa.keys import fraction, identifier
from scenarios.examples.iowa.places import calendars, capacities, locations, stores_of, vehicles

START = pd.Timestamp(a.HORIZON_START)


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
    stores = stores_of(recent, cities)
    return {
        "items": _items(recent, packs),
        "item_uoms": _item_uoms(packs),
        "locations": locations(stores),
        "suppliers": _suppliers(),
        "item_suppliers": _item_suppliers(packs),
        "lanes": _lanes(packs),
        "inventory": _inventory(recent, packs),
        "open_orders": _open_orders(recent, packs, stores),
        "demand_history": _demand_history(frame),
        "inventory_policies": _inventory_policies(),
        "calendars": calendars(stores),
        "capacities": capacities(stores),
        "vehicles": vehicles(),
        "pins": _pins(),
    }


def _demand_history(frame: pd.DataFrame) -> pd.DataFrame:
    keys = ["item_id", "location_id", "date"]
    return frame.rename(columns={"liters": "qty"})[[*keys, "qty"]].sort_values(keys, ignore_index=True)


def _packs(frame: pd.DataFrame, recent: pd.DataFrame) -> pd.DataFrame:
    """Case, store pack and purchase multiple of every item, in litres; one row per item_id."""
    rows = []
    for item_id in sorted(recent["item_id"].unique()):
        sales = recent[recent["item_id"] == item_id]
        counts = {case: int((sales["liters"] == case).sum()) for case in a.CASE_PARTS}
        case = max(counts, key=counts.__getitem__) if any(counts.values()) else a.DEFAULT_CASE
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
    for item in packs.to_dict("records"):
        units = {"case": 1, "layer": a.CASES_PER_LAYER, "pallet": a.CASES_PER_PALLET}
        rows += [(item["item_id"], "pack", item["pack"])] if item["pack"] < item["case"] else []
        rows += [(item["item_id"], uom, item["case"] * cases) for uom, cases in units.items()]
    return pd.DataFrame(rows, columns=["item_id", "uom", "factor_qty"])


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


def _recent_means(recent: pd.DataFrame) -> list[tuple[str, str, float, float]]:
    """Item, location, mean litres per week and median delivery, in order of the keys."""
    litres = recent.groupby(["item_id", "location_id"], sort=True)["liters"].agg(["sum", "median"])
    keys, means = litres.index.to_frame(index=False), litres["sum"] / a.RECENT_WEEKS
    return list(zip(keys["item_id"], keys["location_id"], means, litres["median"], strict=True))


def _whole(number: float) -> int:
    return int(np.floor(number + 0.5))


def _inventory(recent: pd.DataFrame, packs: pd.DataFrame) -> pd.DataFrame:
    rows: list[tuple[str, str, float]] = []
    pack_of = packs["pack"].to_dict()
    for item, weekly in packs["weekly"].to_dict().items():
        low, high = a.DC_WEEKS
        weeks = low + (high - low) * fraction(str(item), "dc weeks")
        if fraction(str(item), "dc short") < a.DC_SHORT_SHARE:
            weeks = a.DC_SHORT_WEEKS
        rows.append((str(item), a.DC_ID, _whole(weekly * weeks / pack_of[item]) * pack_of[item]))
    for item, location, mean, delivery in _recent_means(recent):
        weeks = a.STORE_WEEKS[int(fraction(item, location, "weeks") * len(a.STORE_WEEKS))]
        stock = weeks * mean + fraction(item, location, "cycle") * delivery
        rows.append((item, location, 0 if fraction(item, location, "out") < a.STORE_OUT_SHARE else _whole(stock)))
    return pd.DataFrame(rows, columns=["item_id", "location_id", "on_hand_qty"])


def _open_orders(recent: pd.DataFrame, packs: pd.DataFrame, stores: pd.DataFrame) -> pd.DataFrame:
    """Purchase orders that replace the recent mean until a new one can arrive; deliveries of the first Monday."""
    rows: list[tuple[str, str, str, float, str]] = []
    for item in packs.to_dict("records"):
        terms, ordered = a.SUPPLIER_TERMS[item["brand"]], 0
        for week in range(1, -(-terms.lead_time_days // 7)):
            wanted = _whole(week * item["weekly"] / item["po_multiple"])
            day = (START + pd.Timedelta(days=7 * week + terms.receipt_weekday)).date().isoformat()
            quantity = (wanted - ordered) * item["po_multiple"]
            rows += [(item["item_id"], a.DC_ID, identifier(item["brand"]), quantity, day)] if quantity else []
            ordered = wanted
    # A lane takes a day, so nothing ordered in the horizon reaches a city on its first day.
    monday = {name for name, _, _, day in a.SECTORS if day == "mon"}
    first = stores.loc[stores["region"].isin(monday) & (stores["size"] == "small"), "location_id"]
    pack_of = packs["pack"].to_dict()
    for item_id, location, mean, _ in _recent_means(recent[recent["location_id"].isin(first)]):
        quantity = int(mean / pack_of[item_id] + fraction(item_id, location, "open")) * pack_of[item_id]
        rows += [(item_id, location, a.DC_ID, quantity, START.date().isoformat())] if quantity else []
    frame = pd.DataFrame(rows, columns=["item_id", "location_id", "source_id", "qty", "receipt_date"])
    frame.insert(0, "order_id", [f"{number:05d}" for number in range(1, len(frame) + 1)])
    return frame


def _inventory_policies() -> pd.DataFrame:
    """From the general to the particular: the most specific row wins, its empty cells fall back to the settings.

    What holds for all has no row but is a setting, so that a what-if can change it.
    """
    fireball = identifier("FIREBALL CINNAMON WHISKY")
    rows = [
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
