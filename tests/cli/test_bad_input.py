"""Bad input: each kind with its own clear message, exit code 2 and nothing written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from planner_command import Planner
from small_project import small_tables, write_project

Tables = dict[str, list[dict[str, object]]]


def _without(table: str) -> Callable[[Tables], object]:
    return lambda tables: tables.pop(table)


def _without_column(table: str, column: str) -> Callable[[Tables], object]:
    return lambda tables: [row.pop(column) for row in tables[table]]


def _with(table: str, row: int, column: str, value: object) -> Callable[[Tables], object]:
    return lambda tables: tables[table][row].update({column: value})


def _lane_cycle(tables: Tables) -> None:
    tables["lanes"] += [{**tables["lanes"][0], "origin_id": "S1", "location_id": "DC"}]


CASES: dict[str, tuple[Callable[[Tables], object], tuple[str, ...]]] = {
    "missing table": (_without("items"), ("items",)),
    "missing column": (_without_column("demand_history", "qty"), ("demand_history", "qty")),
    "text in a number": (_with("inventory", 1, "on_hand_qty", "many"), ("inventory", "line 3", "on_hand_qty", "many")),
    "negative stock": (_with("inventory", 0, "on_hand_qty", -3), ("inventory", "line 2", "on_hand_qty", "-3")),
    "unknown item": (_with("inventory", 2, "item_id", "I9"), ("inventory", "line 4", "item_id", "I9")),
    "two currencies": (_with("items", 1, "currency", "EUR"), ("items", "currency", "EUR", "USD")),
    "Excel-mangled date": (_with("demand_history", 4, "date", "45291"), ("demand_history", "line 6", "date", "45291")),
    "lane cycle": (_lane_cycle, ("lanes", "DC", "S1")),
    "empty history": (_without("demand_history"), ("demand_history",)),
    "location without coordinates": (_with("locations", 2, "latitude", None), ("locations", "S2", "latitude")),
}


@pytest.mark.parametrize("name", CASES)
def test_bad_table(planner: Planner, tmp_path: Path, name: str) -> None:
    break_it, words = CASES[name]
    tables = small_tables()
    break_it(tables)
    project = write_project(tmp_path / "project", tables)
    answer = planner("run", project, "--output", tmp_path / "run", "--quiet")
    assert answer.code == 2, answer.err
    assert [word for word in words if word not in answer.err] == [], answer.err
    assert "->" in answer.err, "the message says what to do"
    assert [p.name for p in tmp_path.iterdir()] == ["project"]
    checked = planner("check", project)
    assert checked.code == 2


def test_typo_in_the_scenario_names_the_nearest_key(planner: Planner, tmp_path: Path) -> None:
    project = write_project(tmp_path / "project", small_tables(), {"inventory": {"service_targt": 0.9}})
    answer = planner("run", project, "--quiet")
    assert answer.code == 2
    assert "service_targt" in answer.err
    assert "service_target" in answer.err.replace("service_targt", "")


def test_all_problems_are_told_at_once(planner: Planner, tmp_path: Path) -> None:
    tables = small_tables()
    for name in ("text in a number", "two currencies", "Excel-mangled date", "location without coordinates"):
        CASES[name][0](tables)
    project = write_project(tmp_path / "project", tables, {"sed": 3})
    answer = planner("check", project)
    assert answer.code == 2
    for word in ("many", "EUR", "45291", "latitude", "sed"):
        assert word in answer.out


def test_infeasible_rule_gives_the_cheapest_relaxation(planner: Planner, tmp_path: Path) -> None:
    tables = small_tables()
    tables["capacities"] = [{"location_id": "S1", "kind": "storage", "item_id": "I1", "capacity_qty": 20}]
    tables["inventory_policies"] = [{"item_id": "I1", "location_id": "S1", "min_qty": 50}]
    project = write_project(tmp_path / "project", tables)
    answer = planner("run", project, "--output", tmp_path / "run", "--quiet")
    assert answer.code == 3, answer.err
    for word in ("S1", "I1", "20", "50"):
        assert word in answer.err
    assert not (tmp_path / "run").exists()
