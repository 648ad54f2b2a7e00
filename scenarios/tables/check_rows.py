"""Check rows: what one table, or one with the scenario, means beyond its schema."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from scenarios.scenario import Scenario
from scenarios.tables.issues import Issues
from scenarios.tables.parse import Table

Mask = npt.NDArray[np.bool_]


def check_rows(tables: Mapping[str, Table], scenario: Scenario | None, issues: Issues) -> None:
    """Add the issues of every table that has rules of its own."""
    _check_locations(tables["locations"], issues)
    _check_order(tables["vehicles"], "shift_start_min", "shift_end_min", issues)
    _check_order(tables["inventory_policies"], "min_qty", "max_qty", issues)
    _check_order(tables["inventory_policies"], "reorder_point_qty", "order_up_to_qty", issues)
    _check_period(tables["promotions"], "promotion", issues)
    _check_period(tables["prices"], "price", issues)
    _check_period(tables["demand_adjustments"], "adjustment", issues)
    _check_calendars(tables["calendars"], issues)
    _check_capacities(tables["capacities"], issues)
    _check_supply_limits(tables["supply_limits"], issues)
    _check_inventory(tables["inventory"], issues)
    _check_units(tables, issues)
    _check_sources(tables, issues)
    _check_transitions(tables["item_transitions"], issues)
    _check_demand(tables["demand_history"], issues)
    if scenario is not None:
        for name in ("items", "suppliers"):
            _check_currency(tables[name], scenario.currency, issues)
        _check_dates(tables, scenario, issues)


def _report(
    table: Table, bad: Mask | pd.Series[bool], fault: tuple[str, str, str, str], column: str, issues: Issues
) -> None:
    """Report rows `bad` ([n]) with their value in `column`; fault: severity, rule, message, action."""
    rows = np.flatnonzero(np.asarray(bad, dtype=bool))
    values = [_shown(value) for value in table.frame[column].iloc[rows]]
    severity, rule, message, action = fault
    issues.add_rows(
        severity, table.schema.name, rule, message, action, column=column, lines=table.lines[rows], values=values
    )


def _shown(value: object) -> str:
    if isinstance(value, pd.Timestamp):
        return value.date().isoformat()
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def _check_order(table: Table, low: str, high: str, issues: Issues) -> None:
    fault = ("error", "end_before_start", f"{{value}} is less than {low} of the row", f"Write at least {low}.")
    _report(table, table.frame[high] < table.frame[low], fault, high, issues)


def _check_locations(table: Table, issues: Issues) -> None:
    _check_order(table, "window_start_min", "window_end_min", issues)
    latitude, longitude = table.frame["latitude"], table.frame["longitude"]
    for here, other in (("latitude", "longitude"), ("longitude", "latitude")):
        rows = np.flatnonzero(table.frame[here].isna() & table.frame[other].notna())
        issues.add_rows(
            "error",
            "locations",
            "half_a_coordinate",
            f"location '{{value}}' has a {other} but no {here}",
            "Give both or neither.",
            column=here,
            lines=table.lines[rows],
            values=table.frame["location_id"].iloc[rows].to_list(),
        )
    fault = (
        "warning",
        "null_island",
        "latitude and longitude are both 0, in the Atlantic",
        "Leave both empty where they are unknown, or write the right ones.",
    )
    _report(table, (latitude == 0) & (longitude == 0), fault, "latitude", issues)


def _check_period(table: Table, what: str, issues: Issues) -> None:
    fault = (
        "error",
        "end_before_start",
        f"the {what} ends on {{value}}, not after its start, so it has no day",
        f"Write the day after the last day of the {what}.",
    )
    _report(table, table.frame["end_date"] <= table.frame["start_date"], fault, "end_date", issues)


def _check_calendars(table: Table, issues: Issues) -> None:
    weekday, date = table.frame["weekday"] != "", table.frame["date"].notna()
    action = "Give a weekday for a weekly rule or a date for a single day."
    fault = ("error", "no_day", "the row names neither a weekday nor a date", action)
    _report(table, ~weekday & ~date, fault, "weekday", issues)
    fault = ("error", "two_days", "the row names a date and the weekday '{value}'", action)
    _report(table, weekday & date, fault, "weekday", issues)


def _check_capacities(table: Table, issues: Issues) -> None:
    frame = table.frame
    amounts = frame[["capacity_qty", "capacity_kg", "capacity_m3"]]
    fault = (
        "error",
        "no_capacity",
        "the row gives no capacity",
        "Fill in capacity_qty, capacity_kg or capacity_m3, or remove the row.",
    )
    _report(table, amounts.isna().all(axis=1), fault, "capacity_qty", issues)
    storage = frame["kind"] == "storage"
    fault = (
        "error",
        "capacity_of_item",
        "only storage can be limited for one item ('{value}')",
        "Leave item_id empty, or write storage as kind.",
    )
    _report(table, (frame["item_id"] != "") & ~storage & (frame["kind"] != ""), fault, "item_id", issues)
    fault = (
        "error",
        "capacity_of_weekday",
        "storage cannot be limited for one weekday ('{value}')",
        "Leave weekday empty, or write dispatch or receiving as kind.",
    )
    _report(table, (frame["weekday"] != "") & storage, fault, "weekday", issues)


def _check_supply_limits(table: Table, issues: Issues) -> None:
    amounts = table.frame[["limit_qty", "limit_kg", "limit_m3", "limit_value"]]
    fault = (
        "error",
        "no_limit",
        "the row gives no limit",
        "Fill in limit_qty, limit_kg, limit_m3 or limit_value, or remove the row.",
    )
    _report(table, amounts.isna().all(axis=1), fault, "limit_qty", issues)
    _check_period(table, "limit", issues)
    fault = (
        "error",
        "periods_overlap",
        "the period from {value} begins before another of the same supplier and category ends",
        "Let end_date of the earlier row be start_date of the later one; limits of one period stand in one row.",
    )
    frame = table.frame[table.frame["per"] == "period"]
    begin, end = frame["start_date"].fillna(pd.Timestamp.min), frame["end_date"].fillna(pd.Timestamp.max)
    ordered = frame.assign(begin=begin, end=end).sort_values("begin", kind="stable")
    same = [ordered["supplier_id"].astype(str), ordered["category"].astype(str)]
    ends = ordered["end"].groupby(same).cummax().groupby(same).shift()
    overlaps = (ordered["begin"] < ends).reindex(table.frame.index, fill_value=False)
    _report(table, overlaps, fault, "start_date", issues)


def _check_inventory(table: Table, issues: Issues) -> None:
    fault = (
        "warning",
        "allocated_beyond_stock",
        "{value} is allocated, more than is on hand",
        "Nothing is taken as available. Check on_hand_qty and allocated_qty.",
    )
    _report(table, table.frame["allocated_qty"] > table.frame["on_hand_qty"], fault, "allocated_qty", issues)


def _check_units(tables: Mapping[str, Table], issues: Issues) -> None:
    """Check that every unit in which an item is ordered is known for it."""
    items = tables["items"].frame[["item_id", "category", "uom"]].astype(object).drop_duplicates("item_id")
    uoms = tables["item_uoms"]
    base = uoms.frame["item_id"].astype(object).map(items.set_index("item_id")["uom"])
    fault = (
        "error",
        "base_unit",
        "{value} base units in one base unit of the item",
        "Remove the row: the unit of items.uom counts 1.",
    )
    wrong = (uoms.frame["uom"].astype(object) == base) & (uoms.frame["factor_qty"] != 1)
    _report(uoms, wrong, fault, "factor_qty", issues)

    known = pd.concat([uoms.frame[["item_id", "uom"]].astype(object), items[["item_id", "uom"]]]).drop_duplicates()
    for name in ("item_suppliers", "lanes"):
        table = tables[name]
        rows = table.frame.loc[table.frame["order_uom"] != "", ["item_id", "category", "order_uom"]].astype(object)
        kinds = rows.drop_duplicates().rename(columns={"item_id": "named", "category": "of"})
        # rows that name no item must fit every item that they cover
        of_item = kinds[kinds["named"] != ""].merge(items, left_on="named", right_on="item_id")
        of_rest = kinds[kinds["named"] == ""]
        of_category = of_rest[of_rest["of"] != ""].merge(items, left_on="of", right_on="category")
        of_all = of_rest[of_rest["of"] == ""].merge(items, how="cross")
        covered = pd.concat([of_item, of_category, of_all])[["named", "of", "order_uom", "item_id"]]
        found = covered.merge(
            known, how="left", left_on=["item_id", "order_uom"], right_on=["item_id", "uom"], indicator="seen"
        )
        lacking = found[found["seen"] == "left_only"].drop_duplicates(["named", "of", "order_uom"])
        example = {
            (named, of, uom): item
            for named, of, uom, item in lacking[["named", "of", "order_uom", "item_id"]].itertuples(index=False)
        }
        keys = zip(rows.index, rows.itertuples(index=False, name=None), strict=True)
        bad = [(row, example[key]) for row, key in keys if key in example]
        issues.add_rows(
            "error",
            name,
            "unknown_unit",
            "{value} cannot be ordered in it: item_uoms does not say how many base units it holds",
            "Add item and unit to item_uoms, or write another order_uom.",
            column="order_uom",
            lines=table.lines[[i for i, _ in bad]],
            values=[f"item {item} in {table.frame['order_uom'].iloc[i]}" for i, item in bad],
        )


def _check_sources(tables: Mapping[str, Table], issues: Issues) -> None:
    table = tables["open_orders"]
    known = {*tables["suppliers"].frame["supplier_id"], *tables["locations"].frame["location_id"], ""}
    fault = (
        "error",
        "unknown_reference",
        "'{value}' is neither in suppliers nor in locations",
        "Correct it, or leave it empty where the source is unknown.",
    )
    _report(table, ~table.frame["source_id"].isin(known), fault, "source_id", issues)


def _check_transitions(table: Table, issues: Issues) -> None:
    frame = table.frame
    fault = ("error", "own_successor", "item '{value}' succeeds itself", "Remove the row or correct one of the items.")
    same = frame["from_item_id"].astype(object) == frame["to_item_id"].astype(object)
    _report(table, same & (frame["to_item_id"] != ""), fault, "to_item_id", issues)


def _check_demand(table: Table, issues: Issues) -> None:
    if len(table.frame) and not (table.frame["qty"] > 0).any():
        issues.add(
            "error",
            table.schema.name,
            "no_demand",
            "No row has a quantity above 0, so there is nothing to plan.",
            "Check that qty holds what was sold or delivered, with returns as negative numbers.",
            column="qty",
            rows=len(table.frame),
        )


def _check_currency(table: Table, currency: str, issues: Issues) -> None:
    used = table.frame["currency"]
    fault = (
        "error",
        "other_currency",
        f"the row is in {{value}}, the scenario in {currency}",
        f"Convert its money columns to {currency}, or set currency in scenario.yaml; one project has one currency.",
    )
    _report(table, (used != currency) & (used != ""), fault, "currency", issues)


def _check_dates(tables: Mapping[str, Table], scenario: Scenario, issues: Issues) -> None:
    start = pd.Timestamp(scenario.horizon.start)
    end = start + pd.Timedelta(days=scenario.horizon.buckets * scenario.horizon.bucket_days)
    orders, pins, stock = tables["open_orders"], tables["pins"], tables["inventory"]
    fault = (
        "warning",
        "stock_of_another_day",
        f"the stock is that of {{value}}, the horizon starts on {start.date().isoformat()}",
        "It was taken as it stands. Give the stock of the first day, or plan from the day of the stock (--as-of).",
    )
    counted = stock.frame["date"]
    _report(stock, counted.notna() & (counted != start), fault, "date", issues)
    fault = (
        "warning",
        "overdue",
        f"the order was due on {{value}}, before the horizon starts on {start.date().isoformat()}",
        "It is expected on the first day. Remove it if it has arrived or will not come, or write a new date.",
    )
    _report(orders, orders.frame["receipt_date"] < start, fault, "receipt_date", issues)
    dates = pins.frame["receipt_date"]
    fault = (
        "warning",
        "outside_horizon",
        f"{{value}} is not in the horizon, {start.date().isoformat()} to {end.date().isoformat()}",
        "The pin has no effect. Remove it or move it.",
    )
    _report(pins, (dates < start) | (dates >= end), fault, "receipt_date", issues)
