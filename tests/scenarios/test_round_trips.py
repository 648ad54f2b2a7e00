"""The same content from CSV, Parquet, Excel and SQL gives the same tables and the same hashes."""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path

import openpyxl
import pandas as pd
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from scenarios.project import table_hash
from scenarios.tables.columns import TableSchema
from scenarios.tables.issues import Issues
from scenarios.tables.load import load_tables
from scenarios.tables.parse import Table, parse_table
from scenarios.tables.schema import DEMAND_HISTORY, ITEMS, PINS

IDS = st.from_regex(r"[0-9A-Za-z_#ä]([0-9A-Za-z ,;'\"/_ä-]{0,6}[0-9A-Za-z_ä])?", fullmatch=True)
TEXTS = st.one_of(
    st.none(), st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=8)
)
# Excel keeps 15 digits
NUMBERS = st.integers(-(10**12), 10**12).map(lambda thousandths: thousandths / 1000)
DATES = st.dates(dt.date(1990, 1, 1), dt.date(2060, 12, 31))

ITEM_ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "item_id": IDS,
            "name": TEXTS.map(lambda text: None if text is None else text.strip() or None),
            "unit_cost": st.one_of(st.none(), NUMBERS),
        }
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda row: row["item_id"],
)
HISTORY_ROWS = st.lists(
    st.fixed_dictionaries({"item_id": IDS, "location_id": IDS, "date": DATES, "qty": NUMBERS}),
    min_size=1,
    max_size=6,
    unique_by=lambda row: (row["item_id"], row["location_id"], row["date"]),
)
PIN_ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "pin_id": IDS,
            "item_id": IDS,
            "location_id": IDS,
            "receipt_date": DATES,
            "qty": NUMBERS,
            "author": IDS,
            "reason": IDS,
            "expires_date": st.one_of(st.none(), DATES),
        }
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda row: row["pin_id"],
)


def write_everywhere(folder: Path, frames: dict[str, pd.DataFrame]) -> list[str]:
    """Write the tables in every kind of source; return the sources."""
    engine = sa.create_engine(f"sqlite:///{folder / 'tables.db'}")
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for kind in ("csv", "parquet"):
        (folder / kind).mkdir()
    for name, frame in frames.items():
        frame.to_csv(folder / "csv" / f"{name}.csv", index=False)
        frame.to_parquet(folder / "parquet" / f"{name}.parquet")
        sheet = book.create_sheet(name)
        sheet.append(list(frame.columns))
        for row in frame.astype(object).where(frame.notna(), None).itertuples(index=False):
            sheet.append(list(row))
            for cell in sheet[sheet.max_row]:
                if isinstance(cell.value, str):
                    cell.data_type = "s"  # text, also where it looks like a formula
        frame.to_sql(name, engine, index=False)
    engine.dispose()
    book.save(folder / "tables.xlsx")
    return ["csv", "parquet", "tables.xlsx", "sqlite:///tables.db"]


def read(source: str, folder: Path, schemas: list[TableSchema]) -> list[Table]:
    issues = Issues()
    raw = load_tables(source, folder, issues)
    assert raw is not None
    assert set(raw) == {schema.name for schema in schemas}
    tables = [parse_table(raw[schema.name], schema, issues) for schema in schemas]
    assert issues.rows == []
    return tables


@settings(max_examples=12)
@given(ITEM_ROWS, HISTORY_ROWS, PIN_ROWS)
def test_every_source_gives_the_same(
    items: list[dict[str, object]], history: list[dict[str, object]], pins: list[dict[str, object]]
) -> None:
    schemas = [ITEMS, DEMAND_HISTORY, PINS]
    rows = dict(zip(schemas, (items, history, pins), strict=True))
    frames = {
        # in the order of the key, which is the order that a database gives
        schema.name: pd.DataFrame(sorted(found, key=lambda row: [str(row[name]) for name in schema.key if name in row]))
        for schema, found in rows.items()
    }
    frames["items"]["unit_cost"] = frames["items"]["unit_cost"].astype("float64")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sources = write_everywhere(folder, frames)
        first, *others = [read(source, folder, schemas) for source in sources]
    for tables in others:
        for table, expected in zip(tables, first, strict=True):
            pd.testing.assert_frame_equal(table.frame, expected.frame)
            assert table.lines.tolist() == expected.lines.tolist()
            assert table_hash(table) == table_hash(expected)
    # and the content is what was written
    parsed = first[1].frame
    assert parsed["item_id"].tolist() == frames["demand_history"]["item_id"].tolist()
    assert parsed["qty"].tolist() == frames["demand_history"]["qty"].tolist()
    assert [day.date() for day in parsed["date"]] == frames["demand_history"]["date"].tolist()
    names = [cell or "" for cell in frames["items"]["name"]]
    assert first[0].frame["name"].tolist() == names
