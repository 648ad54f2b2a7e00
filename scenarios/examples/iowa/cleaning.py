"""Cleaning of the Iowa deliveries: one spelling per city and item, and what takes part in the example.

Nothing disappears silently: every litre of the source is in `demand_history` or in a row of the report.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from scenarios.examples.iowa import assumptions as a

# Spelling in the deliveries -> spelling in the list of cities.
CITY_SPELLINGS = {
    "ARNOLD'S PARK": "ARNOLDS PARK",
    "DEWITT": "DE WITT",
    "FT. ATKINSON": "FORT ATKINSON",
    "GUTTENBURG": "GUTTENBERG",
    "JEWELL": "JEWELL JUNCTION",
    "KELLOG": "KELLOGG",
    "LECLAIRE": "LE CLAIRE",
    "LEMARS": "LE MARS",
    "MT PLEASANT": "MOUNT PLEASANT",
    "MT VERNON": "MOUNT VERNON",
    "OTTUWMA": "OTTUMWA",
    "ST ANSGAR": "ST. ANSGAR",
    "ST CHARLES": "ST. CHARLES",
    "ST LUCAS": "ST. LUCAS",
}
# Same words, spelled or ordered otherwise. Items that are merely alike (JACK DANIELS BLACK LABEL, FIREBALL,
# gift packs of another year, MR. BOSTON ... VEQ) stay apart.
ITEM_NAMES = {
    "ADMIRAL NELSON SPICE RUM": "ADMIRAL NELSON SPICED RUM",
    "BARTON LIGHT RUM": "BARTON RUM LIGHT",
    "BARTON LONG ISLAND ICE TEA": "BARTON LONG ISLAND ICED TEA",
    "FIREBALL CINNAMON WHISKEY": "FIREBALL CINNAMON WHISKY",
    "FIREBALL CINNAMON WHY. .200ML 66": "FIREBALL CINNAMON WHISKY",
    "MR. BOSTON FIVE STAR BRANDY": "MR BOSTON FIVE STAR BRANDY",
    "PHILLIPS ROOTBEER SCHNAPPS": "PHILLIPS ROOT BEER SCHNAPPS",
}


@dataclass(frozen=True, slots=True)
class CleanDeliveries:
    """Deliveries that take part, and an account of all that was done.

    Attributes
    ----------
    deliveries : date (Monday), brand, item, city, liters, dollars; one row per item, city and week.
    report : columns step, value, became, rows, liters, share, reason. Steps "spelling" and "renamed" keep
        their litres; the litres of steps "left out" and of "kept" add up to the source's.
    """

    deliveries: pd.DataFrame
    report: pd.DataFrame


def clean(raw: pd.DataFrame, cities: pd.DataFrame) -> CleanDeliveries:
    """Return the deliveries that take part in the example, with corrected names and Monday dates."""
    frame = raw.astype(dict.fromkeys(("brand", "item", "city", "county"), "str"))
    total = float(frame["liters"].sum())
    notes: list[tuple[str, str, str, int, float, str]] = []
    for column, names, step, reason in (
        ("city", CITY_SPELLINGS, "spelling", "city spelled unlike the list of cities"),
        ("item", ITEM_NAMES, "renamed", "same words, spelled or ordered otherwise"),
    ):
        for old, new in names.items():
            rows = frame[frame[column] == old]
            notes.append((step, old, new, len(rows), float(rows["liters"].sum()), reason))
        frame[column] = frame[column].replace(names)
    frame["date"] = frame["week_starting"].astype("datetime64[ns]") + pd.Timedelta(days=a.LABEL_TO_MONDAY_DAYS)

    def leave_out(frame: pd.DataFrame, column: str, bad: pd.Series[bool], reason: str) -> pd.DataFrame:
        for value, rows in frame[bad].groupby(column, sort=True):
            text = value.date().isoformat() if isinstance(value, pd.Timestamp) else str(value)
            notes.append(("left out", text, "", len(rows), float(rows["liters"].sum()), reason))
        return frame[~bad]

    start = pd.Timestamp(a.HORIZON_START)
    frame = leave_out(frame, "date", frame["date"] >= start, "week inside the planned horizon")
    located = cities.loc[cities["latitude"].notna(), "city"]
    frame = leave_out(frame, "city", ~frame["city"].isin(located), "city without GeoNames coordinates")
    recent = frame[frame["date"] >= start - pd.Timedelta(weeks=a.RECENT_WEEKS)]
    reason = f"not delivered in the last {a.RECENT_WEEKS} weeks"
    frame = leave_out(frame, "item", ~frame["item"].isin(recent["item"]), f"item {reason}")
    frame = leave_out(frame, "city", ~frame["city"].isin(recent["city"]), f"city {reason}")

    notes.append(("kept", "", "", len(frame), float(frame["liters"].sum()), "takes part in the example"))
    keys = ["item", "city", "date"]
    sums = frame.groupby(keys, as_index=False, sort=True)[["liters", "dollars"]].sum()
    brands = frame[["item", "brand"]].drop_duplicates("item")
    report = pd.DataFrame(notes, columns=["step", "value", "became", "rows", "liters", "reason"])
    report.insert(5, "share", (report["liters"] / total).round(6))
    report["liters"] = report["liters"].round(3)
    return CleanDeliveries(sums.merge(brands, on="item").round({"liters": 3, "dollars": 2}), report)
