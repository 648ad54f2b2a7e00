"""From a folder to a project: every table typed, defaults filled, hashes of content."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
from small_tables import SCENARIO, TABLES, Write

from reports.tables import DATA_ISSUES, conform
from scenarios.errors import ISSUE_COLUMNS, InputError, describe_issues
from scenarios.project import check_project, load_project
from scenarios.tables.schema import TABLES as SCHEMAS

DTYPES = {"id": "object", "text": "object", "number": "float64", "integer": "Int64", "date": "datetime64[ns]"}


def test_every_table_is_there_and_typed(write: Write) -> None:
    project = load_project(write())
    assert list(project.tables) == list(SCHEMAS)
    for name, schema in SCHEMAS.items():
        frame = project.tables[name]
        assert tuple(frame.columns[: len(schema.names)]) == schema.names
        for column in schema.columns:
            assert str(frame[column.name].dtype) == DTYPES[column.kind], f"{name}.{column.name}"
            if column.kind in {"id", "text"}:
                assert all(isinstance(cell, str) for cell in frame[column.name])


def test_ids_keep_leading_zeros_and_empty_cells_take_defaults(write: Write) -> None:
    tables = load_project(write()).tables
    assert tables["items"]["item_id"].tolist() == ["007", "8"]
    assert tables["items"]["uom"].tolist() == ["unit", "unit"]
    assert tables["items"]["unit_weight_kg"].tolist() == [0.0, 0.0]
    assert tables["items"]["unit_price"].isna().all()
    assert tables["demand_history"]["channel"].unique().tolist() == ["store"]
    assert tables["demand_history"]["date"].iloc[0] == pd.Timestamp("2023-12-04")
    assert tables["vehicles"]["count"].tolist() == [1]
    assert tables["vehicles"]["max_stops"].isna().all()
    assert tables["pins"].empty


def test_rules_know_their_line(write: Write) -> None:
    project = load_project(write(inventory_policies="category,service_target\ngin,0.9\n\nrum,0.8\n"))
    policies = project.tables["inventory_policies"]
    assert policies["line"].tolist() == [2, 4]
    assert "line" not in project.tables["items"]


def test_scenario_and_root(write: Write) -> None:
    folder = write()
    project = load_project(folder)
    assert project.root == folder
    assert project.scenario.horizon.start == date(2024, 1, 1)
    assert load_project(folder / "scenario.yaml").hashes == project.hashes


def test_named_scenario_then_overrides(write: Write) -> None:
    folder = write()
    assert load_project(folder).scenario.forecast.demand_factor == 1.0
    assert load_project(folder, "more").scenario.forecast.demand_factor == 2.0
    changed = load_project(folder, "more", ["forecast.demand_factor=3", "horizon.buckets=2", "currency=EUR"]).scenario
    assert (changed.forecast.demand_factor, changed.horizon.buckets, changed.currency) == (3.0, 2, "EUR")
    assert load_project(folder, overrides=["forecast.holidays="]).scenario.forecast.holidays == ""


def test_issues_conform_to_data_issues(write: Write) -> None:
    history = TABLES["demand_history"] + "007,S1,2023-12-11,4\n007,S1,2023-12-12,-9\n"
    project = load_project(write(demand_history=history))
    assert tuple(project.issues.columns) == ISSUE_COLUMNS == tuple(DATA_ISSUES.columns)
    assert len(conform(DATA_ISSUES, project.issues)) == len(project.issues) > 2


def test_hashes_follow_content(write: Write) -> None:
    first = load_project(write()).hashes
    assert set(first) == {*TABLES, "scenario"}
    assert all(len(digest) == 64 for digest in first.values())
    # other spelling, same content
    same = load_project(write(inventory="location_id,item_id,on_hand_qty\nS1,007,5.0\nDC, 8 ,5e1\n")).hashes
    assert same == first
    other = load_project(write(inventory="item_id,location_id,on_hand_qty\n007,S1,5\n8,DC,51\n")).hashes
    assert {name for name in first if first[name] != other[name]} == {"inventory"}


def test_scenario_hash_counts_what_applies_only(write: Write) -> None:
    folder = write()
    base, more = load_project(folder), load_project(folder, "more")
    assert base.hashes["scenario"] != more.hashes["scenario"]
    assert more.hashes["scenario"] == load_project(folder, overrides=["forecast.demand_factor=2"]).hashes["scenario"]
    described = SCENARIO.replace("What if demand doubles?", "Twice as much?")
    assert load_project(write(described)).hashes["scenario"] == base.hashes["scenario"]


def test_load_raises_what_check_returns(write: Write) -> None:
    folder = write(inventory="item_id,location_id,on_hand_qty\n007,S1,-5\n")
    project, issues = check_project(folder)
    assert project is None
    with pytest.raises(InputError) as caught:
        load_project(folder)
    pd.testing.assert_frame_equal(caught.value.issues, issues)
    assert str(caught.value) == describe_issues(issues)


def test_text_of_issues_counts_and_groups() -> None:
    rows = [
        ("info", "b", "3", "x", "r1", "v", 1, "Noted.", ""),
        ("error", "a", "2", "y", "r2", "v", 4, "Wrong.", "Mend it."),
        ("error", "b", "", "", "r3", "", 0, "Missing.", "Add it."),
    ]
    text = describe_issues(pd.DataFrame(rows, columns=list(ISSUE_COLUMNS)))
    assert text.splitlines() == [
        "The input has 2 errors and 1 note.",
        "",
        "b: 1 error and 1 note",
        "  error: b: Missing.",
        "      -> Add it.",
        "  info: b, line 3, column x: Noted.",
        "",
        "a: 1 error",
        "  error: a, line 2, column y: Wrong.",
        "      -> Mend it.",
    ]
    assert describe_issues(pd.DataFrame([], columns=list(ISSUE_COLUMNS))) == "The input has no issues."
