"""The judge itself: a plan made by hand passes, and every single change to it is caught by the rule it breaks."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from judge.case import Case, Row, read_case
from judge.plan_judge import RULES, judge

HANDMADE = Path(__file__).parents[1] / "judge" / "handmade"


@pytest.fixture(scope="module")
def handmade() -> Case:
    return read_case(HANDMADE / "project", HANDMADE / "run")


def fresh(case: Case) -> Case:
    return Case(copy.deepcopy(dict(case.scenario)), copy.deepcopy(case.given), copy.deepcopy(case.plan))


def test_the_plan_made_by_hand_keeps_every_rule(handmade: Case) -> None:
    assert judge(fresh(handmade)) == {}


def row(table: str, **keys: Any) -> Callable[[Case], Row]:
    def find(case: Case) -> Row:
        rows = case.plan[table] if table in case.plan else case.given[table]
        return next(r for r in rows if all(r[name] == value for name, value in keys.items()))

    return find


ORDER = {name: row("replenishment_orders", order_id=name) for name in ("P1", "D1", "D2", "D3", "D4")}
ROUTE = {name: row("routes", route_id=name) for name in ("R1", "R2")}
STOP = {name: row("stops", load_id=name) for name in ("L1", "L2", "L3")}
LOAD = {name: row("loads", load_id=name) for name in ("L1", "L2", "L3")}
VAN = row("vehicles", vehicle_id="VAN")
W0, W1 = date(2024, 1, 1), date(2024, 1, 8)


def stock(item: str, location: str, week: date) -> Callable[[Case], Row]:
    return row("projected_inventory", item_id=item, location_id=location, bucket_start=week)


def put(find: Callable[[Case], Row], **values: Any) -> Callable[[Case], None]:
    return lambda case: find(case).update(values)


def later(find: Callable[[Case], Row], name: str, minutes: float) -> Callable[[Case], None]:
    def change(case: Case) -> None:
        found = find(case)
        found[name] = (datetime.fromisoformat(found[name]) + timedelta(minutes=minutes)).isoformat()

    return change


def drop(table: str, number: int = 0) -> Callable[[Case], None]:
    return lambda case: case.plan[table].pop(number) and None


def twice(table: str) -> Callable[[Case], None]:
    return lambda case: case.plan[table].append(dict(case.plan[table][0]))


def backwards(case: Case) -> None:
    """Serve S2 before S1: the stops keep their times."""
    STOP["L1"](case)["sequence"], STOP["L2"](case)["sequence"] = 2.0, 1.0


def too_late(case: Case) -> None:
    """All of the second week's goods come to the dc on Friday, after Tuesday's delivery."""
    stock("A", "DC", W1)(case)["opening_qty"] = 0.0
    ORDER["P1"](case)["receipt_date"] = date(2024, 1, 12)
    row("open_orders", order_id="007")(case)["receipt_date"] = date(2024, 1, 12)


def unassign(case: Case, reason: str) -> None:
    load = LOAD["L3"](case)
    case.plan["unassigned"].append({"load_id": "L3", "date": load["date"], "location_id": "S1", "reason": reason})


def owes_a_break(case: Case) -> None:
    """The van's driver has a lunch break, of which the plan knows nothing."""
    lunch = {"vehicle_id": "VAN", "depot_id": None, "earliest_start_min": 690, "latest_start_min": 780}
    case.given["driver_breaks"] = [{**lunch, "duration_min": 30}]


CHANGES: list[tuple[str, Callable[[Case], None], str]] = [
    ("a break is not taken", owes_a_break, "breaks"),
    ("a bucket is missing", drop("projected_inventory", 9), "complete"),
    ("an order for nobody", put(ORDER["D1"], location_id="S2", item_id="B"), "complete"),
    ("stock appears", put(stock("A", "S2", W1), closing_qty=7.0), "balance"),
    ("served twice", put(stock("A", "S1", W0), unmet_qty=1.0), "balance"),
    ("owed demand forgotten", put(stock("B", "S1", W1), backorder_qty=0.0), "balance"),
    ("opening differs from closing", put(stock("A", "S1", W1), opening_qty=9.0), "chain"),
    (
        "opening differs from the given stock",
        put(row("inventory", item_id="A", location_id="S1"), on_hand_qty=6.0),
        "chain",
    ),
    ("allocated stock is used", put(row("inventory", item_id="A", location_id="DC"), allocated_qty=4.0), "chain"),
    ("negative stock", put(stock("A", "S2", W1), closing_qty=-1.0), "signs"),
    ("more unmet than wanted", put(stock("A", "S2", W1), unmet_qty=4.0), "signs"),
    ("lost demand is owed", put(stock("A", "S2", W1), backorder_qty=1.0), "signs"),
    ("an open order is later", put(row("open_orders", order_id="007"), receipt_date=date(2024, 1, 15)), "open_orders"),
    ("a line without receipt", put(stock("A", "S1", W0), planned_receipts_qty=0.0), "flows"),
    ("a line without shipment", put(stock("A", "DC", W0), shipped_qty=12.0), "flows"),
    ("the bucket is not that of the receipt", put(ORDER["D1"], bucket_start=W1), "flows"),
    ("more leaves than is there", put(stock("A", "DC", W0), opening_qty=17.0), "source_stock"),
    ("goods leave before they come", too_late, "source_stock"),
    ("half a pack", put(ORDER["D1"], qty=9.0), "packs"),
    ("no pack at all", put(ORDER["D3"], qty=0.0, order_qty_uom=0.0), "packs"),
    ("wrong unit", put(ORDER["D1"], order_qty_uom=6.0), "packs"),
    ("below the smallest order", put(ORDER["P1"], qty=12.0), "smallest_order"),
    ("below the smallest value", put(row("suppliers", supplier_id="SUP"), min_order_value=241.0), "order_value"),
    ("too soon after the order", put(ORDER["D1"], order_date=date(2024, 1, 3)), "lead_times"),
    ("ordered before the horizon", put(ORDER["P1"], order_date=date(2023, 12, 31)), "lead_times"),
    ("ordered after the horizon", put(ORDER["D4"], order_date=date(2024, 1, 15)), "lead_times"),
    ("received after its bucket", put(ORDER["D4"], receipt_date=date(2024, 1, 16)), "flows"),
    ("received on a day without deliveries", put(ORDER["D2"], receipt_date=date(2024, 1, 4)), "lead_times"),
    ("received on a holiday", put(row("calendars", kind="closed"), date=date(2024, 1, 3)), "lead_times"),
    (
        "sent on a holiday",
        put(row("calendars", kind="closed"), location_id="DC", region="", date=date(2024, 1, 3)),
        "lead_times",
    ),
    ("received on a Sunday", put(ORDER["D4"], receipt_date=date(2024, 1, 14)), "lead_times"),
    ("storage too full", put(row("capacities", location_id="DC", kind="storage"), capacity_m3=0.449), "storage"),
    ("an item's storage too full", put(row("capacities", location_id="S1"), capacity_qty=7.0), "storage"),
    ("too much on a weekday", put(row("capacities", weekday="wed"), capacity_kg=39.9), "dispatch"),
    ("too much on another day", put(row("capacities", kind="dispatch", weekday=""), capacity_kg=11.9), "dispatch"),
    ("too much arrives", put(row("capacities", kind="receiving"), capacity_kg=23.9), "receiving"),
    ("a supplier sends too much", put(row("supply_limits", supplier_id="SUP"), limit_kg=47.9), "supply_limits"),
    ("the budget is spent", put(row("supply_limits", supplier_id=""), limit_value=239.0), "supply_limits"),
    (
        "the budget of a period is spent",
        put(row("supply_limits", supplier_id=""), per="period", limit_value=239.0),
        "supply_limits",
    ),
    ("stock is sold after its shelf life", put(row("items", item_id="A"), shelf_life_days=6.0), "freshness"),
    ("a pinned order is missing", put(row("pins", pin_id="1"), qty=6.0), "pins"),
    ("a pin forbids", put(row("pins", pin_id="2"), qty=0.0), "pins"),
    ("below the smallest stock", put(row("inventory_policies", location_id="DC"), min_qty=13.0), "stock_limits"),
    ("above the largest stock", put(row("inventory_policies", location_id="S2"), max_qty=8.0), "stock_limits"),
    ("demand is not the forecast", put(row("forecast", location_id="S2"), mean_qty=3.6), "demand"),
    ("the fixed cost is forgotten", put(ORDER["P1"], cost=240.0), "order_costs"),
    ("a line shares too little", put(row("suppliers", supplier_id="SUP"), order_cost=9.0), "shared_costs"),
    ("a second truck is needed", put(row("suppliers", supplier_id="SUP"), truck_kg=40.0), "shared_costs"),
    ("the weight is another", put(ORDER["D2"], weight_kg=20.0), "order_costs"),
    ("a line is in no load", drop("load_lines"), "loads_hold_orders"),
    ("a line is in a load twice", twice("load_lines"), "loads_hold_orders"),
    ("a load of another day", put(LOAD["L1"], date=date(2024, 1, 4)), "loads_hold_orders"),
    ("a load weighs less than its lines", put(LOAD["L1"], weight_kg=12.0), "loads_hold_orders"),
    ("a load is on no route", drop("stops", 2), "loads_once"),
    ("a load is on two routes", put(STOP["L3"], load_id="L1"), "loads_once"),
    ("a load is on a route and unassigned", lambda case: unassign(case, "fleet"), "loads_once"),
    ("unassigned without a reason", lambda case: unassign(case, ""), "loads_once"),
    ("a load goes to another place", put(STOP["L3"], location_id="S2"), "loads_once"),
    ("a stop has another number", put(STOP["L2"], sequence=3.0), "sequences"),
    ("the vehicle is overloaded", put(VAN, capacity_kg=39.9), "vehicle_loads"),
    ("the vehicle is too small", put(VAN, capacity_m3=0.19), "vehicle_loads"),
    ("something stays on board", put(STOP["L2"], load_after_kg=1.0), "vehicle_loads"),
    ("utilisation of nothing", put(ROUTE["R1"], utilisation=0.2), "vehicle_loads"),
    ("a stop unloads less than its load", put(STOP["L1"], weight_kg=15.0), "stop_loads"),
    ("two routes with the one vehicle", put(ROUTE["R2"], date=date(2024, 1, 3)), "fleet"),
    ("a vehicle that is not there", put(ROUTE["R2"], vehicle_no=2.0), "fleet"),
    ("no tail lift", put(VAN, skills="cooling"), "skills"),
    ("a shorter way than there is", put(STOP["L2"], km=10.0), "distances"),
    ("a shorter route than its legs", put(ROUTE["R1"], distance_km=100.0), "distances"),
    ("farther than the vehicle may go", put(VAN, max_distance_km=119.0), "distances"),
    ("faster than the road", later(ROUTE["R1"], "departure", 5), "times"),
    ("back faster than the road", later(ROUTE["R1"], "return", -5), "times"),
    ("left before the service is done", later(STOP["L1"], "etd", -3), "times"),
    ("served before the window", later(STOP["L2"], "etd", -30), "times"),
    ("after the window", put(row("locations", location_id="S1"), window_end_min=505.0), "times"),
    ("another service time", put(STOP["L3"], service_min=5.0), "times"),
    ("waiting is forgotten", put(ROUTE["R1"], wait_min=0.0), "times"),
    ("the stops change places", backwards, "times"),
    ("before the shift", put(VAN, shift_start_min=475.0), "shifts"),
    ("after the shift", put(VAN, shift_end_min=670.0), "shifts"),
    ("longer than a day's work", put(VAN, max_duration_min=200.0), "shifts"),
    ("too many stops", put(VAN, max_stops=1.0), "shifts"),
    ("no offset", put(STOP["L3"], eta="2024-01-09T08:30:00+00:00"), "instants"),
    ("another day", put(ROUTE["R2"], departure="2024-01-08T08:00:00-06:00"), "instants"),
    ("the driver works for nothing", put(VAN, cost_per_hour=31.0), "route_costs"),
    ("clean air", put(ROUTE["R2"], co2_kg=0.0), "route_costs"),
]


@pytest.mark.parametrize(("what", "change", "rule"), CHANGES, ids=[what for what, _, _ in CHANGES])
def test_every_change_is_caught(handmade: Case, what: str, change: Callable[[Case], None], rule: str) -> None:
    changed = fresh(handmade)
    change(changed)
    assert rule in judge(changed)


def test_every_rule_has_a_change_that_breaks_it() -> None:
    assert {rule for _, _, rule in CHANGES} == set(RULES)
