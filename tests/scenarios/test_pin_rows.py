"""Pins are added where a project keeps them; twice changes nothing; what is there stays as it is."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pytest

from scenarios.errors import InputError
from scenarios.tables import pin_rows
from scenarios.tables.pin_rows import Cells, PinMerge, day_of, text_of
from scenarios.tables.schema import PINS

MON = dt.date(2024, 1, 1)


def _row(pin: str, qty: float = 12.0, item: str = "007", week: int = 0, reason: str = "=why") -> Cells:
    start = MON + dt.timedelta(weeks=week)
    days = (start + dt.timedelta(days=2), start + dt.timedelta(weeks=1))
    return dict(zip(PINS.names, (pin, item, "S1", days[0], qty, "Ana", reason, days[1]), strict=True))


def merge_pins(source: str, root: Path, rows: list[Cells]) -> PinMerge:
    """Add rows in place of those of the same item, location and week."""
    taken = {(row["item_id"], row["location_id"], row["receipt_date"].isocalendar()[:2]) for row in rows}

    def overridden(cells: Cells) -> bool:
        day = day_of(cells.get("receipt_date"))
        place = text_of(cells.get("item_id")), text_of(cells.get("location_id"))
        return day is not None and (*place, day.isocalendar()[:2]) in taken

    return pin_rows.merge_pins(source, root, PINS, rows, overridden)


def _csv(path: Path, text: str) -> Path:
    path.mkdir()
    (path / "pins.csv").write_text(text, encoding="utf-8")
    return path / "pins.csv"


def test_csv_keeps_what_is_there(tmp_path: Path) -> None:
    head = "pin_id,item_id,location_id,receipt_date,qty,author,reason,mine"
    own = 'P1,"0,07",S9,2024-01-03,1.50,"B ""b""",x,own column'
    file = _csv(tmp_path / "t", f"\ufeff{head}\n{own}\nP2,007,S1,2024-01-05,3,B,same week,\n")
    merge = merge_pins("t", tmp_path, [_row("A@1")])
    assert (merge.path, merge.added, merge.changed, merge.replaced) == (file, 1, 0, ("P2",))
    lines = file.read_text(encoding="utf-8").splitlines()
    assert lines[:2] == [f"\ufeff{head},expires_date", f"{own},"]
    assert lines[2] == "A@1,007,S1,2024-01-03,12,Ana,=why,,2024-01-08"
    before = file.stat().st_mtime_ns
    again = merge_pins("t", tmp_path, [_row("A@1")])
    assert (again.added, again.changed, again.unchanged, again.replaced) == (0, 0, 1, ())
    assert file.stat().st_mtime_ns == before
    changed = merge_pins("t", tmp_path, [_row("A@1", 24.0), _row("B@1", week=1)])
    assert (changed.added, changed.changed) == (1, 1)
    assert pd.read_csv(file)["qty"].tolist() == [1.5, 24.0, 12.0]


def test_a_new_table_in_the_format_of_the_others(tmp_path: Path) -> None:
    (tmp_path / "csv").mkdir()
    (tmp_path / "csv" / "items.csv").write_text("item_id\n007\n")
    assert merge_pins("csv", tmp_path, [_row("A")]).path.name == "pins.csv"
    (tmp_path / "pq").mkdir()
    pd.DataFrame({"item_id": ["007"]}).to_parquet(tmp_path / "pq" / "items.parquet")
    assert merge_pins("pq", tmp_path, [_row("A")]).path.name == "pins.parquet"


@pytest.mark.parametrize("dates", ["text", "timestamp"])
def test_parquet_keeps_its_types(tmp_path: Path, dates: str) -> None:
    folder = tmp_path / "t"
    folder.mkdir()
    days = ["2024-01-03", "2024-01-04"]
    old = pd.DataFrame({"pin_id": ["P1", "P2"], "item_id": ["1", "007"], "location_id": "S1", "receipt_date": days})
    old = old.assign(qty=[3, 4], author="B", reason="x")
    if dates == "timestamp":
        old["receipt_date"] = pd.to_datetime(old["receipt_date"])
    old.to_parquet(folder / "pins.parquet")
    kind = pq.read_schema(folder / "pins.parquet").field("receipt_date").type
    assert merge_pins("t", tmp_path, [_row("A")]).replaced == ("P2",)
    table = pq.read_table(folder / "pins.parquet")
    assert table.schema.field("receipt_date").type == kind
    frame = table.to_pandas()
    assert frame["pin_id"].tolist() == ["P1", "A"]
    assert pd.to_datetime(frame["receipt_date"]).tolist() == [pd.Timestamp("2024-01-03")] * 2
    assert merge_pins("t", tmp_path, [_row("A")]).unchanged == 1


def test_a_sheet_of_the_workbook(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = "items"
    book["items"].append(["item_id"])
    sheet = book.create_sheet("pins")
    sheet.append(["pin_id", "location_id", "item_id", "receipt_date", "qty", "author", "reason"])
    sheet.append(["P1", "S1", "007", dt.datetime(2024, 1, 5), 3, "B", "x"])
    sheet.append(["P2", "S2", "007", dt.datetime(2024, 1, 5), 3, "B", "y"])
    book.save(tmp_path / "t.xlsx")
    assert merge_pins("t.xlsx", tmp_path, [_row("A")]).replaced == ("P1",)
    sheet = openpyxl.load_workbook(tmp_path / "t.xlsx")["pins"]
    rows = list(sheet.iter_rows(values_only=True))
    assert [row[0] for row in rows] == ["pin_id", "P2", "A"]
    assert rows[2][1:8] == ("S1", "007", dt.datetime(2024, 1, 3), 12, "Ana", "=why", dt.datetime(2024, 1, 8))
    assert sheet.cell(3, 7).data_type == "s"
    again = merge_pins("t.xlsx", tmp_path, [_row("A")])
    assert (again.added, again.changed, again.unchanged) == (0, 0, 1)


def test_what_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="database"):
        merge_pins("sqlite:///x.db", tmp_path, [_row("A")])
    with pytest.raises(InputError, match="no tables"):
        merge_pins("nowhere", tmp_path, [_row("A")])
    file = _csv(tmp_path / "t", "pin_id;qty\nP1;3\n")
    with pytest.raises(InputError, match="no table of pins"):
        merge_pins("t", tmp_path, [_row("A")])
    assert file.read_text() == "pin_id;qty\nP1;3\n"
    (tmp_path / "t" / "pins.parquet").write_bytes(b"")
    with pytest.raises(InputError, match="Keep one of the files"):
        merge_pins("t", tmp_path, [_row("A")])
