"""Every kind of bad input: its message names table, line and column and says what to do; all at once."""

from __future__ import annotations

import pytest
from small_tables import SCENARIO, TABLES, Write, only

from scenarios.errors import InputError
from scenarios.project import check_project, load_project

HISTORY = "item_id,location_id,date,qty\n"
BREAKS = "vehicle_id,depot_id,earliest_start_min,latest_start_min,duration_min\n"

# rule -> (tables that replace the good ones, what the text must say)
CASES: dict[str, tuple[dict[str, str | None], list[str]]] = {
    "missing_table": (
        {"demand_history": None},
        ["demand_history: There is no table demand_history", "demand_history.csv", "item_id, location_id, date, qty"],
    ),
    "unknown_table": (
        {"inventory": None, "inventroy": "item_id,location_id,on_hand_qty\n"},
        ["inventroy.csv", "Rename it to inventory."],
    ),
    "missing_column": (
        {"demand_history": "item_id,location_id,date\n007,S1,2023-12-04\n"},
        ["demand_history, line 1, column qty", "has no column qty", "Add the column qty", "base units"],
    ),
    "unknown_column": (
        {"inventory": "item_id,location_id,on_hand_qyt\n007,S1,5\n"},
        ["inventory, line 1, column on_hand_qyt", "Rename it to on_hand_qty"],
    ),
    "column_twice": (
        {"inventory": "item_id,location_id,on_hand_qty,on_hand_qty\n007,S1,5,6\n"},
        ["inventory, line 1, column on_hand_qty", "twice", "Keep one"],
    ),
    "not_a_number": (
        {"inventory": 'item_id,location_id,on_hand_qty\n007,S1,5\n8,S1,five\n8,S2,"1,5"\n'},
        ["inventory, line 3, column on_hand_qty", "'five' is not a number", "line 4 ('1,5')", "decimal point"],
    ),
    "not_finite": (
        {"inventory": "item_id,location_id,on_hand_qty\n007,S1,inf\n"},
        ["inventory, line 2, column on_hand_qty", "inf is not a finite number"],
    ),
    "not_whole": (
        {"vehicles": "vehicle_id,depot_id,count\nVAN,DC,1.5\n"},
        ["vehicles, line 2, column count", "1.5 is not a whole number", "Write a whole number"],
    ),
    "negative": (
        {"inventory": "item_id,location_id,on_hand_qty\n007,S1,-5\n"},
        ["inventory, line 2, column on_hand_qty", "-5 is negative", "Write 0 or more base units"],
    ),
    "not_positive": (
        {"item_suppliers": "supplier_id,order_multiple_qty\nV,0\n"},
        ["item_suppliers, line 2, column order_multiple_qty", "0 is not above 0", "above 0"],
    ),
    "too_small": (
        {"locations": TABLES["locations"] + "S3,store,south,-91,0\n"},
        ["locations, line 5, column latitude", "-91 is less than -90 degrees"],
    ),
    "too_large": (
        {"inventory_policies": "category,service_target\ngin,95\n"},
        ["inventory_policies, line 2, column service_target", "95 is more than 0.9999"],
    ),
    "required_value": (
        {"demand_history": HISTORY + "007,S1,2023-12-04,3\n007,S1,2023-12-11,\n"},
        ["demand_history, line 3, column qty", "the cell is empty", "Fill it in"],
    ),
    "unknown_reference": (
        {"demand_history": HISTORY + "007,S1,2023-12-04,3\n7,S1,2023-12-04,1\n"},
        ["demand_history, line 3, column item_id", "'7' is in no row of items", "Did you mean '007'?", "leading zeros"],
    ),
    "wrong_choice": (
        {"locations": TABLES["locations"].replace("S2,store", "S2,Shop")},
        ["locations, line 4, column type", "'Shop' is not one of dc, store, online", "Write one of dc, store, online."],
    ),
    "other_currency": (
        {"items": "item_id,category,currency\n007,gin,USD\n8,rum,EUR\n"},
        ["items, line 3, column currency", "the row is in EUR, the scenario in USD", "Convert"],
    ),
    "date_as_number": (
        {"demand_history": HISTORY + "007,S1,2023-12-04,3\n007,S1,42331,4\n"},
        ["demand_history, line 3, column date", "'42331'", "Excel has stored as a number", "2015-11-23", "YYYY-MM-DD"],
    ),
    "date_in_local_order": (
        {"demand_history": HISTORY + "007,S1,23/11/2015,3\n007,S1,11/23/15,4\n"},
        ["demand_history, line 2, column date", "'23/11/2015'", "line 3 ('11/23/15')", "YYYY-MM-DD"],
    ),
    "date_with_month_name": (
        {"demand_history": HISTORY + "007,S1,2023-12-04,3\n007,S1,Nov-15,4\n"},
        ["demand_history, line 3, column date", "'Nov-15'", "Excel has rewritten", "column as text"],
    ),
    "date_too_wide": (
        {"demand_history": HISTORY + "007,S1,2023-12-04,3\n007,S1,########,4\n"},
        ["demand_history, line 3, column date", "'########'", "too narrow", "Widen"],
    ),
    "date_with_time": (
        {"demand_history": HISTORY + "007,S1,2023-12-04 10:30,3\n"},
        ["demand_history, line 2, column date", "time of day", "only the date"],
    ),
    "date_without_dashes": (
        {"demand_history": HISTORY + "007,S1,20231204,3\n"},
        ["demand_history, line 2, column date", "'20231204'", "Write 2023-12-04"],
    ),
    "not_a_date": (
        {"demand_history": HISTORY + "007,S1,2023-02-30,3\n"},
        ["demand_history, line 2, column date", "'2023-02-30'", "Write dates as YYYY-MM-DD"],
    ),
    "duplicate_key": (
        {"inventory": "item_id,location_id,on_hand_qty\n007,S1,5\n8,S1,5\n007,S1,6\n"},
        ["inventory, line 4", "the same item_id, location_id (007, S1)", "Keep one of the rows"],
    ),
    "lane_circle": (
        {"lanes": "origin_id,location_id\nDC,S1\nS1,S2\nS2,DC\n"},
        ["lanes, line 2, column origin_id", "DC -> S1 -> S2 -> DC", "lines 2, 3, 4", "Remove one lane"],
    ),
    "lane_to_itself": (
        {"lanes": "origin_id,location_id\nDC,\nS1,S1\n"},
        ["lanes, line 3, column location_id", "from 'S1' to itself"],
    ),
    "empty_table": (
        {"demand_history": HISTORY},
        ["demand_history: The table demand_history has no rows before 2024-01-01", "Fill in"],
    ),
    "no_demand": (
        {"demand_history": HISTORY + "007,S1,2023-12-04,0\n"},
        ["demand_history, column qty", "nothing to plan"],
    ),
    "no_coordinates": (
        {"locations": TABLES["locations"].replace("S2,store,south,41.0,-93.6", "S2,store,south,,")},
        ["locations, line 4, column latitude", "'S2'", "has no coordinates", "Fill in latitude and longitude"],
    ),
    "half_a_coordinate": (
        {"locations": TABLES["locations"].replace("S2,store,south,41.0,-93.6", "S2,store,south,41.0,")},
        ["locations, line 4, column longitude", "has a latitude but no longitude", "both or neither"],
    ),
    "overlapping_windows": (
        {"stop_windows": "location_id,window_start_min,window_end_min\nS1,60,120\nS1,100,200\nS2,0,60\nS2,60,90\n"},
        ["stop_windows, line 3, column location_id", "location 'S1' begins before", "write them as one"],
    ),
    "no_such_vehicle": (
        {"driver_breaks": BREAKS + "VAN,S1,600,660,30\n", "vehicles": "vehicle_id,depot_id\nVAN,DC\nBUS,S1\n"},
        ["driver_breaks, line 2, column vehicle_id", "no vehicle 'VAN'", "Name a depot that has it"],
    ),
    "break_too_long": (
        {"driver_breaks": BREAKS + "VAN,DC,600,660,720\n"},
        ["driver_breaks, line 2, column vehicle_id", "break of 'VAN'", "longer shift"],
    ),
    "no_time_for_break": (
        {"driver_breaks": BREAKS + "VAN,DC,600,600,30\nVAN,,610,615,30\nVAN,,1100,1200,30\n"},
        ["driver_breaks, line 3, column vehicle_id", "finds no time", "line 4"],
    ),
    "end_before_start": (
        {"promotions": "promotion_id,start_date,end_date\nP,2024-01-08,2024-01-01\n"},
        ["promotions, line 2, column end_date", "ends on 2024-01-01", "day after the last day"],
    ),
    "unknown_unit": (
        {"item_uoms": "item_id,uom,factor_qty\n007,case,6\n"},
        [
            "item_suppliers, line 2, column order_uom",
            "item 8 in case cannot be ordered",
            "Add item and unit to item_uoms",
        ],
    ),
    "base_unit": (
        {"item_uoms": TABLES["item_uoms"] + "8,unit,2\n"},
        ["item_uoms, line 4, column factor_qty", "2 base units in one base unit", "counts 1"],
    ),
    "no_source": (
        {"lanes": "origin_id,location_id\nDC,S1\n"},
        ["1 item-locations with demand have no source of supply: item 8 at location S2", "never makes up a supplier"],
    ),
    "no_source_upstream": (
        {"item_suppliers": "supplier_id,item_id,location_id\nV,8,DC\n"},
        ["1 item-locations that must supply others have no source of supply: item 007 at location DC"],
    ),
    "no_capacity": (
        {"capacities": "location_id,kind\nDC,storage\n"},
        ["capacities, line 2, column capacity_qty", "gives no capacity", "capacity_kg"],
    ),
    "capacity_of_weekday": (
        {"capacities": "location_id,kind,weekday,capacity_kg\nDC,storage,mon,5\n"},
        ["capacities, line 2, column weekday", "storage cannot be limited for one weekday ('mon')"],
    ),
    "capacity_of_item": (
        {"capacities": "location_id,kind,item_id,capacity_kg\nDC,dispatch,8,5\n"},
        ["capacities, line 2, column item_id", "only storage can be limited for one item ('8')"],
    ),
    "no_day": (
        {"calendars": "location_id,kind\nS1,closed\n"},
        ["calendars, line 2, column weekday", "neither a weekday nor a date"],
    ),
    "two_days": (
        {"calendars": "location_id,kind,weekday,date\nS1,closed,mon,2024-01-01\n"},
        ["calendars, line 2, column weekday", "a date and the weekday 'mon'"],
    ),
    "other_category": (
        {"inventory_policies": "item_id,category,min_qty\n007,rum,2\n"},
        ["inventory_policies, line 2, column category", "another category", "Leave category empty"],
    ),
    "own_successor": (
        {"item_transitions": "from_item_id,to_item_id,date\n8,8,2024-01-01\n"},
        ["item_transitions, line 2, column to_item_id", "item '8' succeeds itself"],
    ),
    "cells_per_row": (
        {"inventory": "item_id,location_id,on_hand_qty\n007,S1,5,6\n8,DC,1\n"},
        ["inventory, line 2", "the row has 4 cells, the header 3", "double quotes"],
    ),
    "quotes": (
        {"inventory": 'item_id,location_id,on_hand_qty\n007,S1,5\n8,"DC,1\n'},
        ["inventory, line 3", "cannot be read", "Close every double quote"],
    ),
    "separator": (
        {"inventory": "item_id;location_id;on_hand_qty\n007;S1;5\n"},
        ["inventory, line 1", "does not separate its columns by commas", "Save it with commas"],
    ),
    "empty_file": (
        {"inventory": ""},
        ["inventory: inventory.csv is empty", "Write the column names"],
    ),
}


@pytest.mark.parametrize("rule", CASES)
def test_message_says_where_and_what_to_do(rule: str, write: Write) -> None:
    tables, expected = CASES[rule]
    with pytest.raises(InputError) as caught:
        load_project(write(**tables))
    text = str(caught.value)
    for part in expected:
        assert part in text
    issue = only(caught.value.issues, rule)
    assert issue["severity"] == "error"
    assert issue["message"].endswith(".")
    assert issue["action"]


def test_vehicle_at_an_unknown_depot(write: Write) -> None:
    _, issues = check_project(write(vehicles="vehicle_id,depot_id\nVAN,DCC\n"))
    issue = only(issues, "unknown_reference", "vehicles")
    assert (issue["row"], issue["column"], issue["value"]) == ("2", "depot_id", "DCC")


def test_item_of_an_unknown_supplier_and_region(write: Write) -> None:
    folder = write(suppliers=None, inventory_policies="region,min_qty\nnort,2\n")
    _, issues = check_project(folder)
    assert only(issues, "unknown_reference", "item_suppliers")["value"] == "V"
    assert only(issues, "unknown_reference", "inventory_policies")["action"] == "Did you mean 'north'?"


def test_unknown_source_of_an_open_order(write: Write) -> None:
    orders = "order_id,item_id,location_id,source_id,qty,receipt_date\n1,8,S1,DC,3,2024-01-02\n2,8,DC,W,3,2024-01-02\n"
    _, issues = check_project(write(open_orders=orders))
    assert only(issues, "unknown_reference", "open_orders")["row"] == "3"


def test_window_shift_and_stock_limits_in_order(write: Write) -> None:
    folder = write(
        locations="location_id,type,latitude,longitude,window_start_min,window_end_min\n"
        "DC,dc,41,-93,,\nS1,store,41,-93,600,480\nS2,store,41,-93,600,600\n",
        vehicles="vehicle_id,depot_id,shift_start_min,shift_end_min\nVAN,DC,600,300\n",
        inventory_policies="item_id,min_qty,max_qty\n8,5,4\n",
    )
    _, issues = check_project(folder)
    found = issues[issues["rule"] == "end_before_start"].set_index("table")["value"]
    assert found.to_dict() == {"locations": "480", "vehicles": "300", "inventory_policies": "4"}


def test_counts_rows_and_shows_the_first(write: Write) -> None:
    rows = "".join(f"007,S1,2023-{month:02d}-01,x{month}\n" for month in range(1, 13))
    _, issues = check_project(write(demand_history=HISTORY + rows))
    issue = only(issues, "not_a_number")
    assert (issue["row"], issue["value"], issue["rows"]) == ("2", "x1", 12)
    assert issue["message"] == "'x1' is not a number; also line 3 ('x2'), line 4 ('x3') and 9 more."


def test_coordinates_are_not_needed_where_the_matrix_has_every_way(write: Write) -> None:
    locations = TABLES["locations"].replace("S2,store,south,41.0,-93.6", "S2,store,south,,")
    ways = [(a, b) for a in ("DC", "S1", "S2") for b in ("DC", "S1", "S2") if a != b]
    head = "origin_id,destination_id,distance_km,duration_min\n"
    matrix = head + "".join(f"{a},{b},5,9\n" for a, b in ways)
    assert check_project(write(locations=locations, travel_matrix=matrix))[0] is not None
    partial = head + "".join(f"{a},{b},5,9\n" for a, b in ways if (a, b) != ("S1", "S2"))
    assert only(check_project(write(locations=locations, travel_matrix=partial))[1], "no_coordinates")["value"] == "S2"


def test_a_project_without_any_coordinates_has_no_routes(write: Write) -> None:
    locations = "location_id,type\nDC,dc\nS1,store\nS2,store\n"
    project, issues = check_project(write(locations=locations))
    assert project is not None
    assert only(issues, "no_coordinates_at_all")["severity"] == "warning"
    some = locations.replace("type\n", "type,latitude,longitude\n").replace("DC,dc", "DC,dc,41,-93")
    some = some.replace("store\n", "store,,\n")
    assert only(check_project(write(locations=some, vehicles=None))[1], "no_coordinates")["rows"] == 2


def test_lanes_against_each_other_for_different_items_are_no_circle(write: Write) -> None:
    lanes = "origin_id,location_id,item_id\nDC,S1,007\nS1,DC,8\nDC,S2,\n"
    _, issues = check_project(write(lanes=lanes, item_suppliers="supplier_id\nV\n"))
    assert "lane_circle" not in set(issues["rule"])
    lanes = "origin_id,location_id,item_id\nDC,S1,8\nS1,DC,8\nDC,S2,\n"
    _, issues = check_project(write(lanes=lanes))
    assert only(issues, "lane_circle")["value"] == "DC -> S1 -> DC"


def test_a_more_specific_lane_breaks_a_circle(write: Write) -> None:
    locations = TABLES["locations"] + "HUB,dc,mid,41,-93\n"
    lanes = "origin_id,location_id,item_id\nDC,S1,\nDC,S2,\nS1,DC,8\n"
    assert "lane_circle" in set(check_project(write(locations=locations, lanes=lanes))[1]["rule"])
    lanes += "HUB,S1,8\n"
    assert "lane_circle" not in set(check_project(write(locations=locations, lanes=lanes))[1]["rule"])


def test_warnings_do_not_stop(write: Write) -> None:
    folder = write(
        items=TABLES["items"]
        .replace("unit_cost", "unit_cost,colour")
        .replace(",8\n", ",8,red\n")
        .replace(",9\n", ",9,\n"),
        locations=TABLES["locations"] + "S3,store,south,0,0\n",
        inventory="item_id,location_id,on_hand_qty,allocated_qty\n007,S1,5,6\n",
        open_orders="order_id,item_id,location_id,qty,receipt_date\n1,8,S1,3,2023-12-24\n",
        pins="pin_id,item_id,location_id,receipt_date,qty,author,reason\n1,8,S2,2030-01-01,3,me,test\n",
        inventory_policies="category,min_qty\ngin,2\ngin,3\n",
        lanes="origin_id,location_id\nDC,S1\nS1,S2\n",
        notes="a,b\n",
    )
    project, issues = check_project(folder)
    assert project is not None
    assert set(issues["severity"]) == {"warning"}
    by_rule = issues.set_index("rule")
    assert set(by_rule.index) == {
        "unknown_column",
        "unknown_table",
        "null_island",
        "allocated_beyond_stock",
        "overdue",
        "outside_horizon",
        "ambiguous_rows",
        "no_vehicle",
    }
    assert by_rule.loc["ambiguous_rows", "row"] == "3"
    assert by_rule.loc["no_vehicle", "value"] == "S1"
    assert by_rule.loc["unknown_column", "column"] == "colour"


def test_all_problems_are_listed_at_once(write: Write) -> None:
    folder = write(
        SCENARIO.replace("buckets", "bukets") + "curency: EUR\ncurrency: USD\n",
        items="item_id,category,currency\n007,gin,USD\n8,rum,EUR\n8,rum,USD\n",
        item_uoms=None,
        locations="location_id,type\nDC,dc\nS1,stor\nS2,store\n",
        suppliers="supplier_id,lead_time\nV,9\n",
        lanes="origin_id,location_id\nDC,S1\nS1,DC\nDC,S2\n",
        inventory="item_id,location_id,on_hand_qty\n007,S1,-5\n9,DC,many\n",
        demand_history=HISTORY + "007,S1,42331,3\n007,S2,2023-12-04,3\n",
        vehicles="vehicle_id\nVAN\n",
        calendar="location_id,kind,weekday\nS1,receive,monday\n",
    )
    project, issues = check_project(folder)
    assert project is None
    found = set(zip(issues["table"], issues["row"], issues["rule"], strict=True))
    assert {
        ("scenario", "4", "unknown_key"),
        ("scenario", "10", "unknown_key"),
        ("items", "4", "duplicate_key"),
        ("items", "3", "other_currency"),
        ("locations", "3", "wrong_choice"),
        ("suppliers", "1", "unknown_column"),
        ("item_suppliers", "2", "unknown_unit"),
        ("lanes", "2", "lane_circle"),
        ("inventory", "2", "negative"),
        ("inventory", "3", "not_a_number"),
        ("inventory", "3", "unknown_reference"),
        ("demand_history", "2", "date_as_number"),
        ("vehicles", "1", "missing_column"),
        ("calendars", "", "unknown_table"),
    } <= found
    assert not issues.duplicated(["table", "row", "column", "rule"]).any()
    text = str(InputError(issues))
    for issue in issues[issues["severity"] == "error"].itertuples():
        assert str(issue.message) in text
        assert str(issue.action) in text


def test_two_currencies_are_seen_with_a_good_scenario(write: Write) -> None:
    folder = write("currency: USD\n" + SCENARIO, suppliers="supplier_id,currency\nV,CAD\n")
    _, issues = check_project(folder)
    issue = only(issues, "other_currency")
    assert (issue["table"], issue["row"], issue["value"]) == ("suppliers", "2", "CAD")


@pytest.mark.parametrize("broken", [None, "cells"])
def test_no_table_breaks_the_check(write: Write, broken: str | None) -> None:
    for name, text in TABLES.items():
        head, *rows = text.splitlines()
        cells = "\n".join([head, *(",".join("x" for _ in row.split(",")) for row in rows)])
        folder = write(**{name: cells if broken == "cells" else broken})
        if broken is None:
            (folder / f"{name}.csv").unlink(missing_ok=True)
        project, issues = check_project(folder)
        assert (project is None) == (issues["severity"] == "error").any()
        assert project is None or name not in {"items", "locations", "demand_history"}


def test_several_circles_are_one_issue(write: Write) -> None:
    locations = TABLES["locations"] + "S3,store,,42,-93\nS4,store,,42,-93\n"
    lanes = "origin_id,location_id\nS1,S2\nS2,S1\nS3,S4\nS4,S3\n"
    issue = only(check_project(write(locations=locations, lanes=lanes))[1], "lane_circle")
    assert "S1 -> S2 -> S1; S3 -> S4 -> S3 (lines 2, 3, 4, 5)" in issue["message"]
    assert issue["rows"] == 4


def test_policies_of_several_classes_and_prices_of_several_days_do_not_compete(write: Write) -> None:
    folder = write(
        inventory_policies="abc_class,service_target\nA,0.9\nC,0.8\nA,0.7\n",
        prices="item_id,start_date,unit_price\n007,2023-01-02,4\n007,2024-01-08,3\n",
    )
    _, issues = check_project(folder)
    assert only(issues, "ambiguous_rows", "inventory_policies")["row"] == "4"
    assert "prices" not in set(issues["table"])
