"""From the planner's decision to the next plan: workbook, pins, run, and what the run says of its pins."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
import yaml
from planner_command import Planner

pytestmark = pytest.mark.filterwarnings("ignore:Sparkline Group extension")


def _decide(path: Path, decisions: dict[str, dict[str, Any]]) -> None:
    """Write cells by header into the rows of orders."""
    book = openpyxl.load_workbook(path)
    for name in ("Purchases", "Deliveries"):
        columns = {cell.value: cell.column for cell in book[name][4]}
        for row in range(5, book[name].max_row + 1):
            for header, value in decisions.get(book[name].cell(row, 1).value, {}).items():
                book[name].cell(row, columns[header], value)
    book.save(path)


@pytest.fixture
def project(small: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(small, tmp_path / "project"))


def test_the_next_run_keeps_the_decisions(planner: Planner, small_run: Path, project: Path, tmp_path: Path) -> None:
    answer = planner("report", small_run, "--for", "planner", "--output", tmp_path / "out")
    assert answer.code == 0, answer.err
    book = tmp_path / "out" / "planner.xlsx"
    orders = pd.read_parquet(small_run / "replenishment_orders.parquet")
    bought = orders[orders["type"] == "PO"].iloc[0]
    moved = orders[orders["type"] == "DO"].sort_values("qty").iloc[[-1, -2]]
    more, none = moved.iloc[0], moved.iloc[1]
    wanted = {bought["order_id"]: bought["qty"], more["order_id"]: more["qty"] + 6.0, none["order_id"]: 0.0}
    _decide(book, {
        bought["order_id"]: {"Decision": "approve"},
        more["order_id"]: {"Decision": "change", "New quantity (base units)": wanted[more["order_id"]],
                           "Author": "Ana", "Note": "北京 fair"},
        none["order_id"]: {"Decision": "reject", "Author": "Ana"},
    })  # fmt: skip
    answer = planner("pins", "import", book, project)
    assert answer.code == 2
    assert "Purchases, line" in answer.err
    assert "--author" in answer.err
    assert not (project / "pins.csv").exists()
    answer = planner("pins", "import", book, project, "--author", "Bo")
    assert answer.code == 0, answer.err
    pins = pd.read_csv(project / "pins.csv", dtype=str)
    assert pins["author"].tolist().count("Bo") == 1
    run_id = json.loads((small_run / "provenance.json").read_text())["run_id"]
    assert set(pins["pin_id"]) == {f"{order}@{run_id}" for order in wanted}
    before = (project / "pins.csv").read_bytes()
    again = planner("pins", "import", book, project, "--author", "Bo", "--json")
    assert json.loads(again.out)["unchanged"] == 3
    assert (project / "pins.csv").read_bytes() == before

    pins.loc[3] = ["LATE", "I1", "S1", "2030-01-01", "6", "Ana", "too late", None]
    pins.loc[4] = ["OLD", "I1", "S1", "2024-01-09", "6", "Ana", "over", "2023-12-31"]
    pins.to_csv(project / "pins.csv", index=False)
    listed = {pin["pin_id"]: pin["state"] for pin in json.loads(planner("pins", "list", project, "--json").out)}
    assert (listed["LATE"], listed["OLD"]) == ("after the horizon", "expired")
    assert set(listed.values()) == {"counts", "expired", "after the horizon"}
    assert "too late" in planner("pins", "list", project).out.replace("\n", " ")

    answer = planner("run", project, "--output", tmp_path / "run", "--quiet", "--threads", 1)
    assert answer.code == 0, answer.err
    plan = pd.read_parquet(tmp_path / "run" / "replenishment_orders.parquet")
    for order in (bought, more, none):
        here = (plan["item_id"] == order["item_id"]) & (plan["location_id"] == order["location_id"])
        received = plan[here & (plan["bucket_start"] == order["bucket_start"])]
        assert received["qty"].sum() == wanted[order["order_id"]]
        assert set(received["binding_reason"]) <= {"pinned"}
    report = pd.read_parquet(tmp_path / "run" / "pin_report.parquet").set_index("pin_id")
    assert report["kept"].to_dict() == {**{f"{order}@{run_id}": True for order in wanted}, "LATE": False, "OLD": False}
    assert "After the horizon" in report.loc["LATE", "note"]
    assert "Expired 2023-12-31" in report.loc["OLD", "note"]


def test_small_orders_and_places_without_a_plan(planner: Planner, project: Path, tmp_path: Path) -> None:
    """A pinned purchase below the supplier's smallest value is kept, and said; an unplanned place is said."""
    pd.DataFrame({"supplier_id": ["V1", "V2"], "lead_time_days": [10, 5], "min_order_value": [0, 9999]}).to_csv(
        project / "suppliers.csv", index=False
    )
    locations = pd.read_csv(project / "locations.csv")
    pd.concat([locations, pd.DataFrame([{"location_id": "NEW", "type": "store"}])]).to_csv(
        project / "locations.csv", index=False
    )
    day = {"receipt_date": "2024-01-10", "author": "Ana", "reason": "x"}
    pd.DataFrame([
        {"pin_id": "1", "item_id": "007", "location_id": "DC", "qty": 48, **day},
        {"pin_id": "2", "item_id": "I2", "location_id": "DC", "qty": 0, **day},
        {"pin_id": "3", "item_id": "I1", "location_id": "NEW", "qty": 6, **day},
    ]).to_csv(project / "pins.csv", index=False)  # fmt: skip
    answer = planner("run", project, "--output", tmp_path / "run", "--quiet", "--threads", 1)
    assert answer.code in {0, 4}, answer.err
    report = pd.read_parquet(tmp_path / "run" / "pin_report.parquet").set_index("pin_id")
    assert report["kept"].tolist() == [True, True, False]
    assert report.loc["1", "note"] == "The order to V2 is worth 336.00, below its smallest value of 9,999.00."
    assert report.loc["2", "note"] == ""
    assert "not planned" in report.loc["3", "note"]


def test_no_database(planner: Planner, small_run: Path, project: Path, tmp_path: Path) -> None:
    planner("report", small_run, "--for", "planner", "--output", tmp_path)
    text = yaml.safe_load((project / "scenario.yaml").read_text())
    (project / "scenario.yaml").write_text(yaml.safe_dump({**text, "tables": "sqlite:///stock.db"}))
    answer = planner("pins", "import", tmp_path / "planner.xlsx", project)
    assert answer.code == 2
    assert "database" in answer.err
    missing = planner("pins", "import", tmp_path / "nothing.xlsx", tmp_path / "nowhere")
    assert missing.code == 2
    assert "nowhere" in missing.err
