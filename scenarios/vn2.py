"""VN2: the tables of the VN2 inventory planning challenge as a project folder.

The challenge (Vandeput 2025) gives weekly sales of 599 products in stores, in-stock flags, master data, stock and
what is in transit. An order at the end of week X arrives at the start of week X + 3; a unit in stock at a week's
end costs 0.2, a unit of lost sales 1.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from scenarios.errors import InputError
from scenarios.tables.issues import Issues

KEYS = ["Store", "Product"]
SUPPLIER = "supplier"
LEAD_TIME_DAYS = 14.0  # from the Monday after the order to the Monday of its arrival
HOLDING_COST_PER_WEEK = 0.2
SHORTAGE_COST = 1.0
_CATEGORY = ["DepartmentGroup", "Department", "Division", "ProductGroup"]
_PARTS = {
    "sales": "* - Sales.csv",
    "in_stock": "* - In Stock.csv",
    "state": "* - Initial State.csv",
    "master": "* - Master.csv",
}
_NEEDED = {
    "sales": KEYS,
    "in_stock": KEYS,
    "state": [*KEYS, "End Inventory", "In Transit W+1", "In Transit W+2"],
    "master": [*KEYS, *_CATEGORY, "Format"],
}

_SCENARIO = """\
# The VN2 inventory challenge. Money is the challenge's own: 0.2 per unit and week in stock, 1 per unit lost.
name: vn2
description: Weekly orders for products in stores, judged by the cost of stock and of lost sales.
currency: EUR
horizon:
  start: {start}
  buckets: 8
  bucket: week
forecast:
  inactive_after_days: 364
"""


def write_vn2_project(source: Path, folder: Path) -> None:
    """Write scenario.yaml and the input tables to `folder`, an empty folder, from the challenge's files in `source`.

    The files are told by the ends of their names: `... - Sales.csv`, `... - In Stock.csv`, `... - Initial State.csv`
    and `... - Master.csv`. The horizon starts the week after the last one with sales.

    Raises
    ------
    InputError
        A file is missing, there are several of one kind, or columns are missing; all of it at once.
    """
    files = _read(source)
    weeks = _week_columns(files["sales"])
    start = pd.Timestamp(max(weeks)) + pd.Timedelta(days=7)
    for name, table in _tables(files, weeks, start).items():
        if name == "demand_history":
            table.to_parquet(folder / f"{name}.parquet", index=False)
        else:
            table.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")
    (folder / "scenario.yaml").write_text(_SCENARIO.format(start=start.date().isoformat()), encoding="utf-8")


def read_week_sales(path: Path) -> pd.DataFrame:
    """Return the sales of a file shaped like the challenge's weekly sales files, one row per item, location and week.

    Columns location_id, item_id, date, qty. The keys may also be called location_id and item_id. Columns that are
    neither keys nor dates are left out.

    Raises
    ------
    InputError
        A key is missing or double, there is no week, or a cell is no quantity.
    """
    issues = Issues()
    table = _read_csv(path).rename(columns={"location_id": "Store", "item_id": "Product"})
    weeks = _week_columns(table)
    for key in KEYS:
        if key not in table:
            issues.add("error", path.name, "missing_column", f"There is no column {key}.", "Add it.", column=key)
    if not weeks:
        issues.add("error", path.name, "no_weeks", "No column is a date.", "Give one column per week, as 2024-04-15.")
    _raise(issues)
    if table.duplicated(KEYS).any():
        issues.add("error", path.name, "double_key", "Several rows are of one store and product.", "Keep one of them.")
    quantities = table[weeks].apply(pd.to_numeric, errors="coerce")
    for week in weeks:
        bad = int((quantities[week].isna() | (quantities[week] < 0)).sum())
        if bad:
            issues.add(
                "error",
                path.name,
                "no_quantity",
                f"{bad} cells are empty, no numbers or negative.",
                "Give the units sold, 0 where there were none.",
                column=week,
                rows=bad,
            )
    _raise(issues)
    return _tidy(table[KEYS].join(quantities), weeks, "qty")


def _raise(issues: Issues) -> None:
    if issues.rows:
        raise InputError(issues.frame())


def _read_csv(path: Path) -> pd.DataFrame:
    names = [*KEYS, "location_id", "item_id"]
    return pd.read_csv(path, dtype=dict.fromkeys(names, str), encoding="utf-8-sig")


def _read(source: Path) -> dict[str, pd.DataFrame]:
    """Read the challenge's files by part; raise with everything that is missing."""
    issues = Issues()
    files: dict[str, pd.DataFrame] = {}
    for part, pattern in _PARTS.items():
        found = sorted(source.glob(pattern))
        if len(found) != 1:
            what = f"{len(found)} files are named {pattern!r}" if found else f"No file is named {pattern!r}"
            issues.add(
                "error", pattern, "no_file", f"{what} in {source}.", "Name the folder with the challenge's data."
            )
            continue
        files[part] = _read_csv(found[0])
        for column in _NEEDED[part]:
            if column not in files[part]:
                issues.add(
                    "error", found[0].name, "missing_column", f"There is no column {column}.", "Add it.", column=column
                )
    if "sales" in files and not _week_columns(files["sales"]):
        issues.add("error", "sales", "no_weeks", "No column is a date.", "Give one column per week, as 2024-04-08.")
    _raise(issues)
    return files


def _week_columns(table: pd.DataFrame) -> list[str]:
    """Return the columns that are named by a date, in order of time."""
    named = [str(column) for column in table.columns]
    dates = pd.to_datetime(pd.Series(named), format="%Y-%m-%d", errors="coerce")
    return sorted(name for name, date in zip(named, dates, strict=True) if not pd.isna(date))


def _tidy(table: pd.DataFrame, weeks: list[str], name: str) -> pd.DataFrame:
    """Return one row per item, location and week, in the planner's names."""
    long = table.melt(id_vars=KEYS, value_vars=weeks, var_name="date", value_name=name)
    long = long.rename(columns={"Store": "location_id", "Product": "item_id"})
    long["date"] = pd.to_datetime(long["date"], format="%Y-%m-%d")
    keys = ["location_id", "item_id", "date"]
    return long[[*keys, name]].sort_values(keys, ignore_index=True)


def _tables(files: dict[str, pd.DataFrame], weeks: list[str], start: pd.Timestamp) -> dict[str, pd.DataFrame]:
    """Return every input table that the challenge says something about, by name."""
    master, state = files["master"].sort_values(KEYS), files["state"].sort_values(KEYS)
    items = master.drop_duplicates("Product").sort_values("Product")
    stores = master.drop_duplicates("Store").sort_values("Store")
    return {
        "items": pd.DataFrame(
            {
                "item_id": items["Product"],
                "category": items[_CATEGORY].astype(str).agg(" > ".join, axis=1),
                "unit_cost": 1.0,
                "unmet_demand": "lost",
            }
        ),
        "locations": pd.DataFrame(
            {"location_id": stores["Store"], "type": "store", "region": "format " + stores["Format"].astype(str)}
        ),
        "suppliers": pd.DataFrame(
            {
                "supplier_id": [SUPPLIER],
                "lead_time_days": [LEAD_TIME_DAYS],
                "lead_time_sd_days": [0.0],
                "review_period_days": [7.0],
            }
        ),
        "item_suppliers": pd.DataFrame({"supplier_id": [SUPPLIER], "unit_cost": [1.0]}),
        "inventory": pd.DataFrame(
            {"item_id": state["Product"], "location_id": state["Store"], "on_hand_qty": state["End Inventory"]}
        ),
        "open_orders": _open_orders(state, start),
        "demand_history": _history(files, weeks),
        "inventory_policies": pd.DataFrame(
            {
                "review_period_days": [7.0],
                "holding_cost_rate": [HOLDING_COST_PER_WEEK * 365 / 7],
                "shortage_cost": [SHORTAGE_COST],
            }
        ),
    }


def _open_orders(state: pd.DataFrame, start: pd.Timestamp) -> pd.DataFrame:
    """Return what is in transit: column W+1 arrives at the start of the horizon, W+2 a week later."""
    parts = []
    for number, column in enumerate(("In Transit W+1", "In Transit W+2")):
        due = state[state[column] > 0]
        parts.append(
            pd.DataFrame(
                {
                    "order_id": f"W+{number + 1}",
                    "item_id": due["Product"],
                    "location_id": due["Store"],
                    "source_id": SUPPLIER,
                    "qty": due[column],
                    "receipt_date": start + pd.Timedelta(weeks=number),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _history(files: dict[str, pd.DataFrame], weeks: list[str]) -> pd.DataFrame:
    """Return the sales from each item-location's first week in stock, with the share in stock: 0 or 1."""
    sales = _tidy(files["sales"], weeks, "qty")
    flags = files["in_stock"]
    known = [week for week in weeks if week in flags]
    stocked = _tidy(flags[[*KEYS, *known]], known, "in_stock_share")
    text = stocked["in_stock_share"].astype(str).str.lower()
    stocked["in_stock_share"] = text.isin(["true", "1", "1.0"]).astype(float)
    history = sales.merge(stocked, how="left", on=["location_id", "item_id", "date"])
    history["in_stock_share"] = history["in_stock_share"].fillna(1.0)
    started = history.groupby(["location_id", "item_id"])["in_stock_share"].cummax() > 0.0
    return history[started | (history["qty"] > 0)].reset_index(drop=True)
