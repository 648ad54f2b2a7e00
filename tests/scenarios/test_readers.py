"""Cells and line numbers of CSV, Excel, Parquet and SQL, with the accidents that real files have."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa
from small_tables import SCENARIO, TABLES, Write, only

from scenarios.project import check_project, load_project
from scenarios.tables.columns import TableSchema
from scenarios.tables.issues import Issues
from scenarios.tables.load import load_tables
from scenarios.tables.parse import Table, parse_table
from scenarios.tables.schema import DEMAND_HISTORY, INVENTORY, ITEMS

HEAD = "item_id,location_id,on_hand_qty\n"


def parsed(source: str, folder: Path, schema: TableSchema) -> tuple[Table, pd.DataFrame]:
    issues = Issues()
    raw = load_tables(source, folder, issues)
    assert raw is not None
    return parse_table(raw[schema.name], schema, issues), issues.frame()


def from_csv(folder: Path, text: str | bytes, schema: TableSchema = INVENTORY) -> tuple[Table, pd.DataFrame]:
    content = text.encode() if isinstance(text, str) else text
    (folder / f"{schema.name}.csv").write_bytes(content)
    return parsed(".", folder, schema)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (HEAD + "1,S,5\n2,S,6\n", [2, 3]),
        (HEAD + "1,S,5\n2,S,6", [2, 3]),
        (HEAD + "1,S,5\r\n2,S,6\r\n\r\n", [2, 3]),
        (HEAD + "1,S,5\n\n\n2,S,6\n", [2, 5]),
        (HEAD + '"1","S","5"\n2,S,6\n', [2, 3]),
        ("\ufeff" + HEAD + "1,S,5\n2,S,6\n", [2, 3]),
        ("\n" + HEAD + "1,S,5\n2,S,6\n", [3, 4]),
    ],
)
def test_csv_lines_are_those_of_an_editor(tmp_path: Path, text: str, lines: list[int]) -> None:
    table, issues = from_csv(tmp_path, text)
    assert issues.empty
    assert table.lines.tolist() == lines
    assert table.frame["item_id"].tolist() == ["1", "2"]
    assert table.frame["on_hand_qty"].tolist() == [5.0, 6.0]


def test_csv_cells_over_several_lines(tmp_path: Path) -> None:
    text = 'item_id,name\n1,"one\ntwo, three"\n2,"say ""four"""\n'
    table, issues = from_csv(tmp_path, text, ITEMS)
    assert issues.empty
    assert table.frame["name"].tolist() == ["one\ntwo, three", 'say "four"']
    assert table.lines.tolist() == [2, 4]


def test_csv_not_in_utf8(tmp_path: Path) -> None:
    issues = Issues()
    (tmp_path / "items.csv").write_bytes("item_id,name\n1,ok\n2,Müller\n".encode("cp1252"))
    assert load_tables(".", tmp_path, issues) == {}
    issue = only(issues.frame(), "encoding")
    assert (issue["table"], issue["row"]) == ("items", "3")
    assert "UTF-8" in issue["action"]


def test_csv_columns_without_name_or_content_are_ignored(tmp_path: Path) -> None:
    table, issues = from_csv(tmp_path, "item_id,location_id,on_hand_qty,,\n1,S,5,,\n")
    assert issues.empty
    assert len(table.frame) == 1
    _, issues = from_csv(tmp_path, "item_id,location_id,on_hand_qty,\n1,S,5,x\n")
    assert only(issues, "unknown_column")["column"] == "(no name)"


def test_numbers_as_people_write_them(tmp_path: Path) -> None:
    good = ["5", " 5 ", "5.", ".5", "+5", "-0", "5e1", "5E-1", "0005"]
    bad = ["1,5", "1 000", "$5", "5 kg", "nan?", "0x5", "1_000", "--5", "5e", "TRUE", "12a"]
    rows = "".join(f'{i},S,"{text}"\n' for i, text in enumerate([*good, *bad]))
    table, issues = from_csv(tmp_path, HEAD + rows)
    assert table.frame["on_hand_qty"].tolist()[: len(good)] == [5.0, 5.0, 5.0, 0.5, 5.0, 0.0, 50.0, 0.5, 5.0]
    assert table.frame["on_hand_qty"].isna().sum() == len(bad)
    assert only(issues, "not_a_number")["rows"] == len(bad)


def test_white_space_round_ids_is_removed_and_reported(tmp_path: Path) -> None:
    table, issues = from_csv(tmp_path, HEAD + "007,S1,5\n 007,S2 ,5\n\t8,S1,5\n")
    assert table.frame["item_id"].tolist() == ["007", "007", "8"]
    assert table.frame["location_id"].tolist() == ["S1", "S2", "S1"]
    found = issues.set_index("column")
    assert set(found["rule"]) == {"whitespace"}
    assert found["severity"].unique().tolist() == ["info"]
    assert found.loc["item_id", ["row", "rows", "value"]].tolist() == ["3", 2, " 007"]


def test_ids_that_a_spreadsheet_has_shortened(tmp_path: Path) -> None:
    _, issues = from_csv(tmp_path, HEAD + "1.23E+12,S1,5\n")
    issue = only(issues, "shortened_id")
    assert (issue["severity"], issue["row"]) == ("warning", "2")


def test_a_table_in_two_files(write: Write) -> None:
    folder = write()
    pd.DataFrame({"item_id": ["007"]}).to_parquet(folder / "items.parquet")
    _, issues = check_project(folder)
    issue = only(issues, "table_twice")
    assert issue["table"] == "items"
    assert "items.csv and items.parquet" in issue["message"]
    assert "missing_table" not in set(issues["rule"])


def test_parquet_keeps_whole_ids_and_reads_typed_columns(tmp_path: Path) -> None:
    table = pa.table(
        {
            "item_id": pa.array([7, None, 2**60 + 1], pa.int64()),
            "location_id": pa.array(["S", "S", "S"]).dictionary_encode(),
            "date": pa.array([dt.date(2023, 12, 4), dt.date(2023, 12, 5), None], pa.date32()),
            "qty": pa.array([Decimal("1.50"), Decimal("2.00"), Decimal("3.25")], pa.decimal128(9, 2)),
            "in_stock_share": pa.array([1, None, 0], pa.float32()),
        }
    )
    pq.write_table(table, tmp_path / "demand_history.parquet")
    typed, issues = parsed(".", tmp_path, DEMAND_HISTORY)
    assert typed.frame["item_id"].tolist() == ["7", "", str(2**60 + 1)]
    assert typed.frame["qty"].tolist() == [1.5, 2.0, 3.25]
    assert typed.frame["in_stock_share"].tolist() == [1.0, 1.0, 0.0]
    assert typed.frame["date"].tolist()[:2] == [pd.Timestamp("2023-12-04"), pd.Timestamp("2023-12-05")]
    assert only(issues, "id_as_number")["rows"] == 2
    assert issues.loc[issues["rule"] == "required_value", "column"].tolist() == ["item_id", "date"]


def test_parquet_times_and_infinite_numbers(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "item_id": ["1", "1"],
            "location_id": ["S", "S"],
            "date": [pd.Timestamp("2023-12-04"), pd.Timestamp("2023-12-05 06:00")],
            "qty": [float("inf"), 1.0],
        }
    )
    frame.to_parquet(tmp_path / "demand_history.parquet")
    _, issues = parsed(".", tmp_path, DEMAND_HISTORY)
    assert only(issues, "date_with_time")["row"] == "3"
    assert only(issues, "not_finite")["row"] == "2"


def test_a_file_that_is_no_parquet(tmp_path: Path) -> None:
    (tmp_path / "items.parquet").write_bytes(b"item_id\n1\n")
    issues = Issues()
    assert load_tables(".", tmp_path, issues) == {}
    assert only(issues.frame(), "unreadable")["table"] == "items"


def workbook(path: Path, sheets: dict[str, list[list[Any]]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def test_excel_cells(tmp_path: Path) -> None:
    rows = [
        ["item_id", "location_id", "date", "qty", None],
        ["007", "S", dt.datetime(2023, 12, 4), 5, None],
        [7.0, "S", "2023-12-05", "6", None],
        [None, None, None, None, None],
        [8, "S", 45270, 7.5, None],
        [True, "S", dt.datetime(2023, 12, 5, 8, 30), "=A1", None],
    ]
    workbook(tmp_path / "plan.xlsx", {"demand_history": rows, "Notes": [["for people"]]})
    table, issues = parsed("plan.xlsx", tmp_path, DEMAND_HISTORY)
    assert table.frame["item_id"].tolist() == ["007", "7", "8", "True"]
    assert table.lines.tolist() == [2, 3, 5, 6]
    assert table.frame["qty"].tolist()[:3] == [5.0, 6.0, 7.5]
    assert table.frame["date"].tolist()[:2] == [pd.Timestamp("2023-12-04"), pd.Timestamp("2023-12-05")]
    assert only(issues, "id_as_number")["rows"] == 3
    serial = only(issues, "date_as_number")
    assert serial["row"] == "5"
    assert "2023-12-10" in serial["message"]
    assert only(issues, "date_with_time")["row"] == "6"
    assert only(issues, "unknown_table")["value"] == "Notes"


def test_a_file_that_is_no_workbook(write: Write) -> None:
    folder = write(SCENARIO + "tables: plan.xlsx\n")
    (folder / "plan.xlsx").write_bytes(b"not a workbook")
    _, issues = check_project(folder)
    issue = only(issues, "no_tables")
    assert (issue["table"], issue["column"]) == ("scenario", "tables")
    assert "plan.xlsx is not a readable Excel workbook" in issue["message"]


def test_a_source_that_is_not_there(write: Write) -> None:
    _, issues = check_project(write(SCENARIO + "tables: data\n"))
    assert "'data' is not a folder" in only(issues, "no_tables")["message"]
    assert len(issues) == 1


def test_sql_reads_input_tables_only(write: Write) -> None:
    folder = write(SCENARIO + "tables: sqlite:///plan.db\n")
    engine = sa.create_engine(f"sqlite:///{folder / 'plan.db'}")
    for name in TABLES:
        pd.read_csv(folder / f"{name}.csv", dtype=str).to_sql(name, engine, index=False)
    with engine.begin() as connection:
        connection.execute(sa.text("alter table demand_history rename to sales"))
        connection.execute(sa.text("create view demand_history as select * from sales where qty > 0"))
        connection.execute(sa.text("create table secrets (password text)"))
    engine.dispose()
    project = load_project(folder)
    assert project.issues.empty
    assert project.tables["items"]["item_id"].tolist() == ["007", "8"]
    assert len(project.tables["demand_history"]) == 4


def test_sql_misspelled_table_and_missing_database(write: Write) -> None:
    folder = write(SCENARIO + "tables: sqlite:///plan.db\n")
    _, issues = check_project(folder)
    assert "there is no file plan.db" in only(issues, "no_tables")["message"]
    assert not (folder / "plan.db").exists()
    engine = sa.create_engine(f"sqlite:///{folder / 'plan.db'}")
    pd.DataFrame({"item_id": ["1"]}).to_sql("itemz", engine, index=False)
    engine.dispose()
    _, issues = check_project(folder)
    assert only(issues, "unknown_table")["action"] == "Rename it to items."


def test_passwords_are_not_shown(write: Write) -> None:
    folder = write(SCENARIO + "tables: nosuchdb://me:hidden@server/base\n")
    _, issues = check_project(folder)
    issue = only(issues, "no_tables")
    assert issue["value"] == "nosuchdb://server/base"
    assert not issues.map(lambda cell: "hidden" in str(cell)).to_numpy().any()
