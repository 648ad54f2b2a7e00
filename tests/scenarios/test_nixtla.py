"""History in the long format of the Nixtla libraries."""

from __future__ import annotations

import pandas as pd
import pytest
from small_tables import TABLES, Write, only

from scenarios.project import check_project, load_project
from scenarios.tables.issues import Issues
from scenarios.tables.nixtla import from_nixtla
from scenarios.tables.readers import RawTable, consecutive


def test_item_and_location_in_one_column(write: Write) -> None:
    plain = load_project(write()).tables["demand_history"]
    text = TABLES["demand_history"].replace("item_id,location_id,date,qty", "unique_id,ds,y")
    text = text.replace("007,", "007/").replace("8,", "8/")
    project = load_project(write(demand_history=text))
    pd.testing.assert_frame_equal(project.tables["demand_history"], plain)
    assert project.issues.empty


def test_item_and_location_beside_it(write: Write) -> None:
    plain = load_project(write()).tables["demand_history"]
    text = "unique_id,item_id,location_id,ds,y\n" + "".join(
        f"series,{line}\n" for line in TABLES["demand_history"].splitlines()[1:]
    )
    pd.testing.assert_frame_equal(load_project(write(demand_history=text)).tables["demand_history"], plain)


def test_ids_that_cannot_be_split_are_reported(write: Write) -> None:
    text = "unique_id,ds,y\n007/S1,2023-12-04,3\n007-S1,2023-12-11,3\n007/S1/x,2023-12-11,3\n/S1,2023-12-11,3\n"
    _, issues = check_project(write(demand_history=text))
    issue = only(issues, "unique_id")
    assert (issue["table"], issue["row"], issue["rows"], issue["value"]) == ("demand_history", "3", 3, "007-S1")
    assert "item/location" in issue["action"]


@pytest.mark.parametrize("dtype", ["object", "category", "str"])
def test_another_separator(dtype: str) -> None:
    frame = pd.DataFrame({"unique_id": ["a_S", "b_S", "a_S"], "ds": ["2024-01-01"] * 3, "y": [1, 2, 3]})
    frame["unique_id"] = frame["unique_id"].astype(dtype)
    issues = Issues()
    table = from_nixtla(RawTable("demand_history", "test", frame, consecutive(3)), issues, separator="_")
    assert issues.rows == []
    assert table.frame["item_id"].tolist() == ["a", "b", "a"]
    assert table.frame["location_id"].tolist() == ["S", "S", "S"]
    assert table.frame.columns.tolist() == ["date", "qty", "item_id", "location_id"]
