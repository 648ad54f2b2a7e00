"""What people wrote into the workbook comes back, whatever they did to its layout; faults with their cells."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from synthetic_run import provenance

from reports.run_folder import RunFolder, read_run, write_run
from reports.workbook import write_workbook
from reports.workbook_decisions import Decisions, read_decisions

pytestmark = pytest.mark.filterwarnings("ignore:Sparkline Group extension")
Fill = Callable[..., Decisions]


@pytest.fixture(scope="module")
def empty(run: RunFolder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_workbook(run, tmp_path_factory.mktemp("empty"))[0]


def _columns(sheet: Any) -> dict[str, int]:
    return {cell.value: cell.column for cell in sheet[4]}


def _fill(path: Path, to: Path, cells: dict[tuple[str, str], Any], sheet: str = "Deliveries") -> Path:
    """Write cells by (order, header)."""
    book = openpyxl.load_workbook(path)
    columns = _columns(book[sheet])
    rows = {book[sheet].cell(row, columns["Order"]).value: row for row in range(5, book[sheet].max_row + 1)}
    for (order, header), value in cells.items():
        book[sheet].cell(rows[order], columns[header], value)
    book.save(to)
    return to


@pytest.fixture
def orders(run: RunFolder) -> pd.DataFrame:
    orders = run.tables["replenishment_orders"]
    return orders[orders["type"] == "DO"].reset_index(drop=True)


def test_decisions_come_back(empty: Path, run: RunFolder, orders: pd.DataFrame, tmp_path: Path) -> None:
    a, b, c = orders["order_id"][:3]
    cells = {
        (a, "Decision"): "approve", (a, "Author"): "Ana", (a, "Note"): "北京 <b>",
        (b, "Decision"): " Change ", (b, "New quantity (base units)"): "7",
        (c, "Decision"): "reject",
    }  # fmt: skip
    found = read_decisions(_fill(empty, tmp_path / "x.xlsx", cells))
    assert found.faults == []
    assert found.run_id == run.provenance["run_id"]
    assert found.horizon_end == dt.date(2016, 1, 18)
    by_order = {one.order_id: one for one in found.decisions}
    assert set(by_order) == {a, b, c}
    planned = orders.set_index("order_id").loc[a]
    one = by_order[a]
    assert (one.choice, one.qty, one.author, one.note) == ("approve", planned["qty"], "Ana", "北京 <b>")
    assert (one.item_id, one.location_id) == (planned["item_id"], planned["location_id"])
    assert one.receipt_date == planned["receipt_date"].date()
    assert by_order[b].qty == 7.0
    assert (by_order[c].choice, by_order[c].qty) == ("reject", 0.0)


def test_moved_columns_sorted_rows_and_another_language(run: RunFolder, orders: pd.DataFrame, tmp_path: Path) -> None:
    (path,) = write_workbook(run, tmp_path, "zh")
    book = openpyxl.load_workbook(path)
    sheet = book["配送订单"]
    columns = _columns(sheet)
    sheet.cell(5, columns["决定"], "拒绝")
    order = sheet.cell(5, columns["订单"]).value
    rows = [[cell.value for cell in row][::-1] for row in sheet.iter_rows(min_row=4)]
    moved = book.create_sheet("mine", 0)
    for row in [rows[0], *rows[:0:-1]]:
        moved.append(row)
    del book["配送订单"]
    book.save(path)
    found = read_decisions(path)
    assert found.faults == []
    assert [(one.order_id, one.choice, one.sheet, one.row) for one in found.decisions] == [
        (order, "reject", "mine", len(rows))
    ]


def test_siblings_of_a_bucket_are_kept(run: RunFolder, orders: pd.DataFrame, tmp_path: Path) -> None:
    """Oracle: two lines of one item-location and bucket; deciding on one fixes the sum of both."""
    twin = orders.iloc[[0]].assign(
        order_id="DO-TWIN", qty=5.0, receipt_date=orders["receipt_date"][0] + pd.Timedelta(days=1)
    )
    every = pd.concat([run.tables["replenishment_orders"], twin], ignore_index=True)
    write_run(tmp_path / "run", {**run.tables, "replenishment_orders": every}, provenance(), {})
    (path,) = write_workbook(read_run(tmp_path / "run"), tmp_path)
    found = read_decisions(_fill(path, path, {(orders["order_id"][0], "Decision"): "reject"}))
    assert sorted((one.order_id, one.choice, one.qty) for one in found.decisions) == [
        (orders["order_id"][0], "reject", 0.0),
        ("DO-TWIN", "sibling", 5.0),
    ]


def test_every_fault_with_its_cell(empty: Path, run: RunFolder, orders: pd.DataFrame, tmp_path: Path) -> None:
    a, b, c, d = orders["order_id"][:4]
    bought = run.tables["replenishment_orders"].query("type == 'PO'")["order_id"].iloc[0]
    new = "New quantity (base units)"
    path = _fill(empty, tmp_path / "x.xlsx", {
        (a, "Decision"): "maybe",
        (b, "Decision"): "change",
        (c, new): 5,
        (d, "Decision"): "change", (d, new): -1,
    })  # fmt: skip
    path = _fill(path, path, {(bought, "Decision"): "change", (bought, new): 13}, "Purchases")
    found = read_decisions(path)
    faults = {(fault.sheet, fault.column): fault for fault in found.faults}
    assert len(found.faults) == 5
    assert found.decisions == []
    assert "'maybe' is no decision" in faults["Deliveries", "Decision"].message
    packs = faults["Purchases", new]
    assert (packs.message, packs.action) == ("It is no whole number of packs of 12.", "Write 12 or 24.")
    sheet = openpyxl.load_workbook(path)["Deliveries"]
    for fault in found.faults:
        if fault.sheet == "Deliveries":
            assert sheet.cell(int(fault.row), 1).value in {a, b, c, d}


def test_files_that_are_no_workbook(tmp_path: Path) -> None:
    (tmp_path / "text.xlsx").write_text("no")
    openpyxl.Workbook().save(tmp_path / "other.xlsx")
    messages = [read_decisions(tmp_path / name).faults[0].message for name in ("none.xlsx", "text.xlsx", "other.xlsx")]
    assert "does not exist" in messages[0]
    assert "not a readable Excel workbook" in messages[1]
    assert "no planner's workbook" in messages[2]
