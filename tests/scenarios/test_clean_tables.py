"""Cleaning changes only what it says, and says all that it changes."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from small_tables import SCENARIO, Write, only

from scenarios.project import check_project, load_project
from scenarios.settings import Horizon
from scenarios.tables.clean import clean_tables
from scenarios.tables.issues import Issues
from scenarios.tables.parse import parse_table
from scenarios.tables.readers import RawTable, consecutive
from scenarios.tables.schema import DEMAND_HISTORY

HEAD = "item_id,location_id,date,qty,channel,in_stock_share\n"
HORIZON = Horizon(start=dt.date(2024, 1, 1), buckets=4)


def test_repeated_rows_are_dropped_and_counted(write: Write) -> None:
    history = HEAD + "007,S1,2023-12-04,3,,\n007,S1,2023-12-05,4,,\n007,S1,2023-12-04,3,,\n007,S1,2023-12-04,3.0,,1\n"
    project = load_project(write(demand_history=history))
    assert project.tables["demand_history"]["qty"].tolist() == [3.0, 4.0]
    issue = only(project.issues, "repeated_row")
    assert (issue["severity"], issue["row"], issue["rows"]) == ("warning", "4", 2)
    assert "007, S1, 2023-12-04, store" in issue["message"]
    assert "dropped" in issue["action"]


def test_repeated_rows_of_other_tables_too(write: Write) -> None:
    project = load_project(write(inventory="item_id,location_id,on_hand_qty\n007,S1,5\n007,S1,5\n"))
    assert len(project.tables["inventory"]) == 1
    assert only(project.issues, "repeated_row", "inventory")["row"] == "3"


def test_rows_with_one_key_are_summed(write: Write) -> None:
    history = (
        HEAD + "8,S2,2023-12-04,1,,\n007,S1,2023-12-04,3,,1\n007,S1,2023-12-04,4,,0.5\n007,S1,2023-12-04,5,online,\n"
    )
    project = load_project(write(demand_history=history))
    frame = project.tables["demand_history"]
    assert frame["qty"].tolist() == [1.0, 7.0, 5.0]
    assert frame["in_stock_share"].tolist() == [1.0, 0.5, 1.0]
    issue = only(project.issues, "summed_rows")
    assert (issue["severity"], issue["row"], issue["rows"]) == ("warning", "4", 1)


def test_returns_are_netted_in_their_bucket(write: Write) -> None:
    # Monday 2023-12-04 to Sunday 2023-12-10 is one bucket of a horizon that starts on Monday 2024-01-01
    history = HEAD + (
        "007,S1,2023-12-04,3,,\n007,S1,2023-12-06,4,,\n007,S1,2023-12-10,-5,online,\n007,S1,2023-12-11,6,,\n"
        "8,S2,2023-12-04,2,,\n8,S2,2023-12-05,-7,,\n8,S2,2023-12-12,9,,\n"
    )
    project = load_project(write(demand_history=history))
    assert project.tables["demand_history"]["qty"].tolist() == [0.0, 2.0, 0.0, 6.0, 0.0, 0.0, 9.0]
    issue = only(project.issues, "returns")
    assert (issue["severity"], issue["row"], issue["rows"]) == ("info", "4", 2)
    assert "(12 in 2 rows)" in issue["message"]
    beyond = only(project.issues, "returns_beyond_sales")
    assert (beyond["severity"], beyond["row"], beyond["rows"]) == ("warning", "7", 1)
    assert "(5 in all)" in beyond["message"]


def test_missing_buckets_and_censored_sales_are_said_but_not_changed(write: Write) -> None:
    history = HEAD + "007,S1,2023-12-04,3,,0.25\n007,S1,2023-12-25,4,,\n8,S2,2023-12-04,1,,\n8,S2,2023-12-11,1,,\n"
    project = load_project(write(demand_history=history))
    frame = project.tables["demand_history"]
    assert frame["qty"].tolist() == [3.0, 4.0, 1.0, 1.0]
    missing = only(project.issues, "missing_dates")
    assert (missing["severity"], missing["rows"]) == ("info", 2)
    assert missing["message"].startswith("1 of 2 item-locations have weeks without a row")
    censored = only(project.issues, "censored_sales")
    assert (censored["severity"], censored["row"], censored["rows"]) == ("info", "2", 1)


def test_history_in_the_horizon_is_left_out(write: Write) -> None:
    history = HEAD + "007,S1,2023-12-31,3,,\n007,S1,2024-01-01,4,,\n007,S1,2024-02-01,4,,\n"
    project = load_project(write(demand_history=history))
    assert project.tables["demand_history"]["qty"].tolist() == [3.0]
    issue = only(project.issues, "history_in_horizon")
    assert (issue["severity"], issue["row"], issue["value"], issue["rows"]) == ("warning", "3", "2024-01-01", 2)
    early = SCENARIO.replace("2024-01-01", "2020-01-06")
    none, issues = check_project(write(early, demand_history=history))
    assert none is None
    assert "no rows before 2020-01-06" in only(issues, "empty_table")["message"]


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b"]),
        st.sampled_from(["S", "T"]),
        st.dates(dt.date(2023, 11, 1), dt.date(2024, 1, 5)),
        st.integers(-6, 9),
        st.sampled_from(["store", "online"]),
    ),
    min_size=1,
    max_size=20,
)


@given(ROWS)
def test_net_demand_by_bucket_is_what_was_sold_less_returns(rows: list[tuple[str, str, dt.date, int, str]]) -> None:
    frame = pd.DataFrame(rows, columns=["item_id", "location_id", "date", "qty", "channel"])
    issues = Issues()
    raw = RawTable("demand_history", "test", frame, consecutive(len(frame)))
    table = parse_table(raw, DEMAND_HISTORY, issues)
    cleaned = clean_tables({"demand_history": table}, HORIZON, issues)["demand_history"]

    expected: dict[tuple[str, str, int], float] = {}
    for item, place, day, qty, _ in set(rows):
        if day < HORIZON.start:
            bucket = (day - HORIZON.start).days // 7
            expected[item, place, bucket] = expected.get((item, place, bucket), 0.0) + qty
    found: dict[tuple[str, str, int], float] = {}
    for row in cleaned.frame.itertuples():
        bucket = (row.date.date() - HORIZON.start).days // 7
        found[row.item_id, row.location_id, bucket] = found.get((row.item_id, row.location_id, bucket), 0.0) + row.qty
    assert found == {key: max(0.0, qty) for key, qty in expected.items()}
    assert (cleaned.frame["qty"] >= 0).all()
    # of each line at most one row is left, and no row has lost its line
    assert np.unique(cleaned.lines).size == cleaned.lines.size == len(cleaned.frame)
    keys = cleaned.frame[list(DEMAND_HISTORY.key)]
    assert not keys.duplicated().any()
