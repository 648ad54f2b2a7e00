"""What the judge reads: the input tables and the run's tables as plain rows, with nothing of the planner in between."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml

Row = dict[str, Any]

DATES = {"date", "bucket_start", "order_date", "receipt_date", "start_date", "end_date", "expires_date"}
NUMBER_ENDINGS = ("_qty", "_kg", "_m3", "_km", "_min", "_days", "_cost", "_per_km", "_per_hour", "_100kg", "_value")
NUMBERS = {
    *("qty", "order_qty_uom", "priority", "count", "max_stops", "speed_factor", "lines", "sequence", "stops"),
    *("vehicle_no", "km", "cost", "utilisation", "latitude", "longitude", "cost_per_unit", "capacity", "used"),
    *("price", "value", "unit_price", "weight_kg", "service_target", "after_sequence", "break_no"),
}
JUDGED = (
    *("replenishment_orders", "projected_inventory", "forecast"),
    *("loads", "load_lines", "routes", "stops", "unassigned"),
)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def parse(name: str, text: str) -> Any:
    """Return the value of a cell by its column's name: date, float, or text; None for an empty one."""
    if name in DATES:
        return date.fromisoformat(text[:10]) if text else None
    if name in NUMBERS or name.endswith(NUMBER_ENDINGS):
        return float(text) if text else None
    return text


def read_rows(path: Path) -> list[Row]:
    """Rows of a CSV file, parsed by the names of the columns."""
    with path.open(encoding="utf-8", newline="") as file:
        return [{name: parse(name, text) for name, text in row.items()} for row in csv.DictReader(file)]


@dataclass
class Case:
    """One plan to be judged: what was asked (`given`, `scenario`) and what was answered (`plan`)."""

    scenario: Mapping[str, Any]
    given: dict[str, list[Row]]
    plan: dict[str, list[Row]]
    _terms: dict[tuple[str, str, str], Row] = field(default_factory=dict)
    _kept: dict[str, Any] = field(default_factory=dict)

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """Return what `make` returned the first time that `name` was asked for."""
        if name not in self._kept:
            self._kept[name] = make()
        return self._kept[name]

    @property
    def start(self) -> date:
        """First day of the horizon."""
        start = self.scenario["horizon"]["start"]
        return start if isinstance(start, date) else date.fromisoformat(start)

    @property
    def bucket_days(self) -> int:
        """Days of a bucket."""
        return 7 if self.scenario["horizon"].get("bucket", "week") == "week" else 1

    @property
    def buckets(self) -> int:
        """Number of buckets."""
        return int(self.scenario["horizon"].get("buckets", 8))

    def bucket_of(self, day: date) -> int:
        """Bucket of a day; negative before the horizon."""
        return (day - self.start).days // self.bucket_days

    def bucket_start(self, bucket: int) -> date:
        """First day of a bucket."""
        return self.start + timedelta(days=bucket * self.bucket_days)

    def setting(self, path: str, default: Any) -> Any:
        """Value of a setting by its dotted path."""
        node: Any = self.scenario
        for part in path.split("."):
            node = node.get(part, {}) if isinstance(node, Mapping) else {}
        return default if node == {} or node is None else node

    def by_id(self, table: str, key: str) -> dict[str, Row]:
        """Rows of an input table by their id."""
        rows: dict[str, Row] = self.once(table, lambda: {row[key]: row for row in self.given.get(table, [])})
        return rows

    def category(self, item: str) -> str:
        """Category of an item."""
        return str(self.by_id("items", "item_id")[item].get("category") or "")

    def region(self, location: str) -> str:
        """Region of a location."""
        return str(self.by_id("locations", "location_id")[location].get("region") or "")

    def most_specific(self, rules: Iterable[Row], item: str, location: str) -> Row | None:
        """Return the rule that names the pair most narrowly: item, category, none; then location, region, none."""
        found: list[tuple[int, int, float, Row]] = []
        category, region = self.category(item), self.region(location)
        for rule in rules:
            named = [rule.get(key) for key in ("item_id", "category", "location_id", "region")]
            if all(
                name in {"", None, own} for name, own in zip(named, (item, category, location, region), strict=True)
            ):
                what = 2 if named[0] else 1 if named[1] else 0
                where = 2 if named[2] else 1 if named[3] else 0
                found.append((-what, -where, rule.get("priority") or 1.0, rule))
        return min(found, key=lambda entry: entry[:3])[3] if found else None

    def terms(self, order: Row) -> Row:
        """Terms that hold for an order line: lead time, pack, smallest order, costs, unit of measure."""
        item, location, source = order["item_id"], order["location_id"], order["source_id"]
        key = (item, location, source)
        if key not in self._terms:
            lane = order["type"] == "DO"
            table, column = ("lanes", "origin_id") if lane else ("item_suppliers", "supplier_id")
            rules = [row for row in self.given.get(table, []) if row[column] == source]
            rule = self.most_specific(rules, item, location)
            if rule is None:
                raise AssertionError(f"supply: no row of {table} lets {source} supply {item} to {location}")
            supplier = {} if lane else self.by_id("suppliers", "supplier_id").get(source, {})
            uoms = {r["uom"]: r["factor_qty"] for r in self.given.get("item_uoms", []) if r["item_id"] == item}
            goods = self.by_id("items", "item_id")[item]
            name, usual = ("default_lane_lead_time_days", 1.0) if lane else ("default_lead_time_days", 7.0)
            default_lead = self.setting(f"inventory.{name}", usual)
            factor = uoms.get(rule.get("order_uom") or "", 1.0)
            cost = rule.get("unit_cost") or goods.get("unit_cost") or goods.get("unit_price")
            self._terms[key] = {
                "lead_time_days": first(rule.get("lead_time_days"), supplier.get("lead_time_days"), default_lead),
                "multiple": rule.get("order_multiple_qty") or factor,
                "factor": factor,
                "moq": rule.get("moq_qty") or 0.0,
                "fixed": first(rule.get("fixed_order_cost"), supplier.get("fixed_order_cost"), 0.0),
                "per_unit": (rule.get("cost_per_unit") or 0.0) if lane else first(cost, 1.0),
            }
        return self._terms[key]

    def receives(self, location: str, day: date) -> bool:
        """Whether goods may arrive: a receiving weekday or date of the location, and not closed.

        A closed day counts whoever the row names: all, the region or the location. Of the receiving weekdays
        the location's own count, else the region's, else those of all; single receiving days are added.
        """
        open_: bool = self.once(f"{location} {day}", lambda: self._receives(location, day))
        return open_

    def closed(self, location: str, day: date) -> bool:
        """Whether a row that names all, the region or the location says closed: nothing arrives and nothing leaves."""
        return any(row["kind"] == "closed" and self._hit(row, day) for _, row in self._calendar(location))

    def _hit(self, row: Row, day: date) -> bool:
        return row["date"] == day if row.get("date") else row.get("weekday") in {WEEKDAYS[day.weekday()], "", None}

    def _calendar(self, location: str) -> list[tuple[int, Row]]:
        region = self.region(location)
        return [
            (2 if row.get("location_id") else 1 if row.get("region") else 0, row)
            for row in self.given.get("calendars", [])
            if row.get("location_id") in {"", None, location} and row.get("region") in {"", None, region}
        ]

    def _receives(self, location: str, day: date) -> bool:
        if self.closed(location, day):
            return False
        rules = self._calendar(location)
        weekly = [(level, row) for level, row in rules if row["kind"] == "receive" and not row.get("date")]
        single = any(row["kind"] == "receive" and row.get("date") == day for _, row in rules)
        if weekly:
            top = max(level for level, _ in weekly)
            return single or any(self._hit(row, day) for level, row in weekly if level == top)
        usual = self.setting("distribution.receive_weekdays", WEEKDAYS[:5])
        return single or WEEKDAYS[day.weekday()] in usual


def first(*values: Any) -> Any:
    """Return the first value that is given."""
    return next(value for value in values if value is not None)


def read_case(project: Path, run: Path, overrides: Mapping[str, Any] | None = None) -> Case:
    """Read a project folder of CSV tables and a run folder; `overrides` are dotted paths and their values."""
    scenario = yaml.safe_load((project / "scenario.yaml").read_text(encoding="utf-8"))
    for path, value in (overrides or {}).items():
        *parents, last = path.split(".")
        node = scenario
        for part in parents:
            node = node.setdefault(part, {})
        node[last] = value
    tables = project / scenario.get("tables", ".")
    given = {path.stem: read_rows(path) for path in sorted(tables.glob("*.csv")) if path.stem != "demand_history"}
    plan = {name: read_rows(run / f"{name}.csv") for name in JUDGED}
    breaks = run / "route_breaks.csv"
    plan["route_breaks"] = read_rows(breaks) if breaks.exists() else []
    return Case(scenario, given, plan)
