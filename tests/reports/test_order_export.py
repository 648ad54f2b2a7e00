"""Orders for another system: its headers and signs, exact figures, the same file for the same run."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path
from typing import Any, get_args

import openpyxl
import pandas as pd
import pytest
from synthetic_run import provenance

from reports.order_export import write_order_export
from reports.run_folder import RunFolder, RunFolderError, read_run, write_run
from reports.tables import REPLENISHMENT_ORDERS
from scenarios.scenario import Scenario
from scenarios.settings import OrderColumn

Tables = dict[str, pd.DataFrame]
ERP = {"EBELN": "order_id", "Menge": "qty", "Lieferdatum": "receipt_date", "Wert": "cost", "Währung": "currency",
       "Lieferant": "source_id", "Lauf": "run_id"}  # fmt: skip


def _run(folder: Path, tables: Tables, orders: dict[str, Any] | None) -> RunFolder:
    """Write a run whose settings are those of a scenario file with these `exports.orders`."""
    text = {"name": "erp", "horizon": {"start": "2015-11-23"}, "exports": {"orders": orders or {}}}
    settings = Scenario.model_validate(text).model_dump(mode="json")
    write_run(folder, tables, {**provenance(), "settings": settings}, {})
    return read_run(folder)


def test_words_signs_and_order_of_the_scenario_file(tables: Tables, tmp_path: Path) -> None:
    settings = {"columns": ERP, "date_format": "%d.%m.%Y", "decimal": ",", "delimiter": ";"}
    run = _run(tmp_path / "run", tables, settings)
    text, book = write_order_export(run, tmp_path)
    orders = tables["replenishment_orders"].sort_values("order_id")
    with text.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter=";"))
    assert rows[0] == list(ERP)
    shown = pd.DataFrame(rows[1:], columns=rows[0])
    assert shown["EBELN"].tolist() == orders["order_id"].tolist()
    cost = shown["Wert"].str.replace(",", ".").astype(float)
    assert cost.tolist() == pytest.approx(orders["cost"].tolist(), abs=1e-6)
    assert not shown["Wert"].str.contains(".", regex=False).any()
    assert shown["Lieferdatum"].tolist() == orders["receipt_date"].dt.strftime("%d.%m.%Y").tolist()
    assert set(shown["Währung"]) == {"USD"}
    assert set(shown["Lauf"]) == {run.provenance["run_id"]}
    sheet = openpyxl.load_workbook(book)["orders"]
    cells = list(sheet.iter_rows(values_only=True))
    assert cells[0] == tuple(ERP)
    assert [row[3] for row in cells[1:]] == orders["cost"].tolist()
    assert [row[2] for row in cells[1:]] == [date.to_pydatetime() for date in orders["receipt_date"]]
    assert isinstance(cells[1][2], dt.datetime)


def test_ids_stay_text_and_the_same_run_is_the_same_bytes(tables: Tables, tmp_path: Path) -> None:
    run = _run(tmp_path / "run", tables, None)
    first = [path.read_bytes() for path in write_order_export(run, tmp_path / "a")]
    assert [path.read_bytes() for path in write_order_export(run, tmp_path / "b")] == first
    sheet = openpyxl.load_workbook(tmp_path / "a" / "orders_export.xlsx")["orders"]
    headers = [cell.value for cell in sheet[1]]
    items = [row[headers.index("item_id")] for row in sheet.iter_rows(min_row=2, values_only=True)]
    assert set(items) == set(tables["replenishment_orders"]["item_id"])  # 000 is not 0
    ids = [row[headers.index("order_id")] for row in sheet.iter_rows(min_row=2, values_only=True)]
    assert len(set(ids)) == len(ids) == len(tables["replenishment_orders"])


def test_whatever_a_run_publishes_can_be_exported(tables: Tables) -> None:
    assert {*REPLENISHMENT_ORDERS.columns, "currency", "run_id"} == set(get_args(OrderColumn))


def test_an_older_run_says_so(tables: Tables, tmp_path: Path) -> None:
    write_run(tmp_path / "run", tables, {**provenance(), "settings": {}}, {})
    run = read_run(tmp_path / "run")
    with pytest.raises(RunFolderError, match=r"older version.*Run `planner run` again"):
        write_order_export(run, tmp_path)
