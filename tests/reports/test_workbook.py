"""The planner's workbook, read back with another library: figures, text, links, filters, languages."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from string import Formatter
from typing import Any

import openpyxl
import pandas as pd
import pytest
from synthetic_run import provenance

from reports.run_folder import RunFolder, read_run, write_run
from reports.texts import catalogue
from reports.workbook import write_workbook
from reports.workbook_sheet import FIRST_ROW, HEADER_ROW, TOTAL_ROW

Tables = dict[str, pd.DataFrame]
KEYS = ["item_id", "location_id"]
pytestmark = pytest.mark.filterwarnings("ignore:Sparkline Group extension")  # the reader knows none, and says so
HARD = ("<r>rich</r>", "+1 & more", "-minus", "@sum(1)", "a\x0bb_x0041_", " padded ", "line\nbreak")


@pytest.fixture(scope="module")
def file(run: RunFolder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    (path,) = write_workbook(run, tmp_path_factory.mktemp("book"))
    return path


@pytest.fixture(scope="module")
def book(file: Path) -> Any:
    return openpyxl.load_workbook(file)


@pytest.fixture(scope="module")
def values(file: Path) -> Any:
    return openpyxl.load_workbook(file, data_only=True)


def _list(book: Any, sheet: str) -> pd.DataFrame:
    rows = list(book[sheet].iter_rows(min_row=HEADER_ROW + 1, values_only=True))
    return pd.DataFrame(rows[1:], columns=list(rows[0]), dtype=object)


def _total(book: Any, sheet: str, header: str) -> float:
    headers = [cell.value for cell in book[sheet][HEADER_ROW + 1]]
    return float(book[sheet].cell(TOTAL_ROW + 1, headers.index(header) + 1).value)


@pytest.mark.parametrize(("sheet", "kind"), [("Purchases", "PO"), ("Deliveries", "DO")])
def test_orders_are_the_runs_orders_to_the_last_digit(values: Any, tables: Tables, sheet: str, kind: str) -> None:
    orders = tables["replenishment_orders"]
    orders = orders[orders["type"] == kind].set_index("order_id")
    shown = _list(values, sheet).set_index("Order")
    assert set(shown.index) == set(orders.index)
    orders = orders.loc[shown.index]
    for header, column in {
        "Quantity (base units)": "qty",
        "Quantity (order units)": "order_qty_uom",
        "Cost (USD)": "cost",
        "Days of supply after receipt": "days_of_supply_after",
        "Weight (kg)": "weight_kg",
        "Pack rounding (base units)": "pack_rounding_qty",
    }.items():
        assert shown[header].astype(float).tolist() == orders[column].tolist(), header
    for header, column in {
        "Order date": "order_date",
        "Receipt date": "receipt_date",
        "Bucket from": "bucket_start",
    }.items():
        assert pd.to_datetime(shown[header]).tolist() == orders[column].tolist()
    assert shown["Item id"].tolist() == orders["item_id"].tolist()
    assert shown["Reason"].tolist() == orders["binding_reason"].tolist()
    names = tables["items"].set_index("item_id")["name"]
    assert shown["Item"].tolist() == names[orders["item_id"]].tolist()
    assert _total(values, sheet, "Cost (USD)") == pytest.approx(orders["cost"].sum(), abs=0.005)
    group = "source_id" if kind == "PO" else "location_id"
    assert orders[group].is_monotonic_increasing


def test_groups_add_up_and_lead_to_their_first_order(book: Any, values: Any, tables: Tables) -> None:
    orders = tables["replenishment_orders"]
    for sheet, kind, key, header in (
        ("Suppliers", "PO", "source_id", "Source id"),
        ("Stores", "DO", "location_id", "Location id"),
    ):
        shown = _list(values, sheet).set_index(header)
        wanted = orders[orders["type"] == kind].groupby(key)
        assert shown["Cost (USD)"].astype(float).to_dict() == pytest.approx(wanted["cost"].sum().to_dict())
        assert shown["Order lines"].astype(int).to_dict() == wanted.size().to_dict()
        linked = book[sheet].cell(FIRST_ROW + 1, 1)
        target, cell = re.fullmatch(r"'(\w+)'!(A\d+)", linked.hyperlink.location).groups()
        first = book[target][cell].value
        assert orders.set_index("order_id").loc[first, key] == book[sheet].cell(FIRST_ROW + 1, 2).value


def test_exceptions_stock_and_targets(values: Any, tables: Tables) -> None:
    shown = _list(values, "Exceptions")
    assert shown["Rank"].tolist() == tables["exceptions"]["rank"].tolist()
    assert shown["Money at risk (USD)"].astype(float).tolist() == tables["exceptions"]["money_at_risk"].tolist()
    assert shown["Suggested action"].tolist() == tables["exceptions"]["remedy"].tolist()
    assert shown["What to do"].tolist() == tables["exceptions"]["action"].tolist()
    stock = _list(values, "Projected stock").set_index(["Item id", "Location id"])
    plan = tables["projected_inventory"]
    for date, part in plan.groupby("bucket_start"):
        cells = stock[f"Stock, bucket from {date:%Y-%m-%d}"].astype(float)
        assert cells.to_dict() == pytest.approx(part.set_index(KEYS)["closing_qty"].to_dict())
    unmet = stock["Unmet demand (base units)"].astype(float)
    assert unmet.to_dict() == pytest.approx(plan.groupby(KEYS)["unmet_qty"].sum().to_dict())
    targets = _list(values, "Stock targets").set_index(["Item id", "Location id"])
    wanted = tables["policy_params"].set_index(KEYS)
    assert targets["Safety stock (base units)"].astype(float).to_dict() == wanted["safety_stock_qty"].to_dict()
    assert targets["Winning policy rule"].to_dict() == wanted["policy_rule"].to_dict()
    prices = _list(values, "Capacity")["Saving per further unit (USD)"].astype(float)
    assert sorted(prices) == sorted(tables["capacity_prices"]["price"])


def test_figures_settings_and_provenance(values: Any, tables: Tables, run: RunFolder) -> None:
    kpis = tables["kpis"]
    shown = _list(values, "Key figures")
    assert shown["Value (unit)"].astype(float).tolist() == pytest.approx(kpis["value"].tolist(), nan_ok=True)
    overview = {row[0]: row[1] for row in values["Overview"].iter_rows(values_only=True) if row[0]}
    whole = kpis[kpis["group_by"] == "all"].set_index("kpi")["value"]
    assert overview["Purchases"] == pytest.approx(float(whole["purchase_value"]), abs=0.005)
    assert overview["Money at risk in exceptions"] == pytest.approx(float(whole["money_at_risk"]), abs=0.005)
    assert overview["Run"] == run.provenance["run_id"]
    settings = _list(values, "Assumptions").set_index("Setting")["Value"].to_dict()
    assert settings["inventory.service_target"] == "0.95"
    lines = _list(values, "Provenance").set_index("What")["Value"].to_dict()
    assert lines["sha256 of items"] == "ab" * 32
    assert lines["seed"] == "1"
    assert lines["version of supply-planner"] == "0.1.0"
    checksum = run.provenance["tables"]["kpis"]["sha256"]
    assert lines["sha256 of kpis.parquet"] == checksum


def test_lists_filter_freeze_print_and_offer_decisions(book: Any, file: Path) -> None:
    for sheet in book.worksheets[1:]:
        assert sheet.auto_filter.ref, sheet.title
        assert sheet.freeze_panes, sheet.title
        assert sheet.print_title_rows == f"${HEADER_ROW + 1}:${HEADER_ROW + 1}"
        assert sheet.page_setup.orientation == "landscape"
        assert all(4 < sheet.column_dimensions[letter].width <= 92 for letter in ("A", "B", "C"))
    lists = [one for one in book["Purchases"].data_validations.dataValidation if one.type == "list"]
    assert lists[0].formula1 == '"approve,change,reject"'
    titles = [cell.value for cell in book["Overview"]["A"]]
    assert all(sheet.title in titles for sheet in book.worksheets[1:])
    with zipfile.ZipFile(file) as parts:
        drawn = [parts.read(name).decode().count("<x14:sparkline>") for name in parts.namelist() if "sheet" in name]
    assert max(drawn) == book["Projected stock"].max_row - FIRST_ROW


def test_text_stays_text_whatever_it_says(tables: Tables, tmp_path: Path) -> None:
    names = [*HARD, "北京 🍾 <b>&\"'", "=1+1"]
    items = tables["items"].copy()
    items["name"] = names[: len(items)]
    locations = tables["locations"].copy()
    locations["name"] = [names[-1 - n % len(names)] for n in range(len(locations))]
    write_run(tmp_path / "run", {**tables, "items": items, "locations": locations}, provenance(), {})
    (path,) = write_workbook(read_run(tmp_path / "run"), tmp_path)
    book = openpyxl.load_workbook(path)
    seen = set()
    for sheet in book.worksheets:
        for row in sheet.iter_rows(min_row=FIRST_ROW + 1):
            for cell in row:
                assert cell.data_type != "f", f"{sheet.title} {cell.coordinate} became a formula"
                seen.add(cell.value)
    wanted = {*items["name"], *locations["name"]}
    decoded = {openpyxl.utils.escape.unescape(value) if isinstance(value, str) else value for value in seen}
    assert wanted <= decoded
    quoted = [cell for cell in book["Deliveries"]["B"] if cell.value == "=1+1"]
    assert quoted
    assert all(cell.quotePrefix for cell in quoted)


def test_the_same_run_is_the_same_bytes(run: RunFolder, file: Path, tmp_path: Path) -> None:
    (again,) = write_workbook(run, tmp_path)
    assert again.read_bytes() == file.read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["planner.xlsx"]


def test_chinese(run: RunFolder, tables: Tables, tmp_path: Path) -> None:
    (path,) = write_workbook(run, tmp_path, "zh")
    book = openpyxl.load_workbook(path, data_only=True)
    assert book.sheetnames[:3] == ["总览", "采购订单", "配送订单"]
    shown = _list(book, "异常")
    assert shown["风险金额（USD）"].astype(float).sum() == pytest.approx(tables["exceptions"]["money_at_risk"].sum())
    assert set(shown["建议措施"]) <= {"催货", "取消", "调拨", "接受"}


def test_both_languages_say_the_same_things() -> None:
    english, chinese = catalogue("en"), catalogue("zh")
    assert english.keys() == chinese.keys()
    for key, words in english.items():
        names = [{part[1] for part in Formatter().parse(text) if part[1]} for text in (words, chinese[key])]
        assert names[0] == names[1], key
    for lang in (english, chinese):
        headers = [words for key, words in lang.items() if key.startswith("workbook.columns.")]
        assert all(len(words) <= 31 for key, words in lang.items() if key.startswith("workbook.sheets."))
        assert all(headers)


def test_an_empty_plan(tables: Tables, tmp_path: Path) -> None:
    kept = {"kpis", "simulation", "simulated_service", "items", "locations"}
    empty = {name: table.head(0) for name, table in tables.items() if name not in kept}
    write_run(tmp_path / "run", {**tables, **empty}, provenance(), {})
    (path,) = write_workbook(read_run(tmp_path / "run"), tmp_path)
    assert openpyxl.load_workbook(path)["Purchases"].max_row == HEADER_ROW + 1
