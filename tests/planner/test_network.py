"""The supply network: which row supplies which item-location, on what terms."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from small_project import write_project

from planner.network import SupplyNetwork, build_network
from scenarios.errors import InputError
from scenarios.project import load_project

Rows = list[dict[str, object]]
Build = Callable[..., SupplyNetwork]


@pytest.fixture
def network(tmp_path: Path) -> Build:
    """Build the network of two items, a dc and two stores, some tables replaced."""
    base: dict[str, Rows] = {
        "items": [{"item_id": "A", "unit_cost": 2.0, "category": "x"}, {"item_id": "B", "unit_price": 5.0}],
        "locations": [
            {"location_id": "DC", "type": "dc"},
            {"location_id": "S1", "type": "store", "region": "north"},
            {"location_id": "S2", "type": "store", "region": "south"},
        ],
        "suppliers": [{"supplier_id": "V", "lead_time_days": 9.0}, {"supplier_id": "W", "lead_time_days": 3.0}],
        "item_suppliers": [{"supplier_id": "V"}],
        "lanes": [{"origin_id": "DC"}],
        "demand_history": [
            {"item_id": item, "location_id": store, "date": "2023-12-01", "qty": 1.0}
            for item in ("A", "B")
            for store in ("S1", "S2")
        ],
    }

    def build(**tables: Rows) -> SupplyNetwork:
        project = load_project(write_project(tmp_path / "project", {**base, **tables}))
        return build_network(project.tables, project.scenario)

    return build


def test_stores_hang_on_the_dc_and_the_dc_on_the_supplier(network: Build) -> None:
    supply = network().supply.set_index(["item_id", "location_id"])
    assert len(supply) == 6
    assert supply.loc[("A", "S1"), "source_id"] == "DC"
    assert supply.loc[("A", "DC"), "source_id"] == "V"
    assert supply.loc[("A", "DC"), "level"] == 0
    assert supply.loc[("A", "S1"), "level"] == 1
    assert supply.loc[("A", "DC"), "lead_time_days"] == 9.0
    assert supply.loc[("A", "S1"), "lead_time_days"] == 1.0


def test_most_specific_row_wins_and_is_named(network: Build) -> None:
    tables: dict[str, Rows] = {
        "item_suppliers": [
            {"supplier_id": "V"},
            {"supplier_id": "W", "item_id": "A", "location_id": "S2", "order_multiple_qty": 6.0},
        ]
    }
    supply = network(**tables).supply.set_index(["item_id", "location_id"])
    assert supply.loc[("A", "S2"), "source_id"] == "W"
    assert supply.loc[("A", "S2"), "order_multiple_qty"] == 6.0
    assert "item_suppliers" in supply.loc[("A", "S2"), "source_rule"]
    assert supply.loc[("B", "S2"), "source_id"] == "DC"


def test_general_supplier_row_does_not_bypass_the_dc(network: Build) -> None:
    tables: dict[str, Rows] = {"item_suppliers": [{"supplier_id": "V", "item_id": item} for item in ("A", "B")]}
    supply = network(**tables).supply
    stores = supply[supply["location_type"] == "store"]
    assert (stores["source_id"] == "DC").all()


def test_direct_store_delivery_without_any_lane(network: Build) -> None:
    supply = network(lanes=[]).supply
    assert (supply["source_id"] == "V").all()
    assert (supply["level"] == 0).all()


def test_missing_cost_falls_back_to_price_then_setting(network: Build) -> None:
    supply = network().supply.set_index(["item_id", "location_id"])
    assert supply.loc[("A", "S1"), "unit_cost"] == 2.0
    assert supply.loc[("A", "S1"), "unit_price"] == 2.0
    assert supply.loc[("B", "S1"), "unit_cost"] == 5.0


def test_item_location_without_source_is_an_error(network: Build) -> None:
    tables: dict[str, Rows] = {"item_suppliers": [{"supplier_id": "V", "item_id": "A"}]}
    with pytest.raises(InputError, match=r"source of supply"):
        network(**tables)


def test_lanes_in_a_circle_are_an_error(network: Build) -> None:
    tables: dict[str, Rows] = {
        "lanes": [
            {"origin_id": "DC"},
            {"origin_id": "S1", "location_id": "DC"},
            {"origin_id": "DC", "location_id": "S1"},
        ],
        "item_suppliers": [],
    }
    with pytest.raises(InputError, match=r"circle"):
        network(**tables)


def test_three_echelons_have_rising_levels(network: Build) -> None:
    tables: dict[str, Rows] = {
        "locations": [
            {"location_id": "HUB", "type": "dc"},
            {"location_id": "DC", "type": "dc"},
            {"location_id": "S1", "type": "store"},
            {"location_id": "S2", "type": "store"},
        ],
        "lanes": [{"origin_id": "DC"}, {"origin_id": "HUB", "location_id": "DC"}],
    }
    built = network(**tables)
    supply = built.supply.set_index(["item_id", "location_id"])
    assert [int(supply.loc[("A", place), "level"]) for place in ("HUB", "DC", "S1")] == [0, 1, 2]
    assert built.sources == {"DC": ("HUB",), "S1": ("DC",), "S2": ("DC",)}


def test_a_successor_is_planned_where_the_old_item_was_sold(network: Build) -> None:
    items: Rows = [{"item_id": item, "unit_cost": 2.0} for item in ("A", "B", "N")]
    moves: Rows = [{"from_item_id": "A", "to_item_id": "N", "date": "2024-01-08"}]
    supply = network(items=items, item_transitions=moves).supply
    assert set(supply.loc[supply["item_id"] == "N", "location_id"]) == {"DC", "S1", "S2"}
