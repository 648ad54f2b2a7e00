"""`planner report --for`: the right files for the right reader, and plain words where a run cannot be read."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from planner_command import Planner

from planner.replenishment.explain import explain_order
from reports.run_folder import read_run

pytestmark = pytest.mark.filterwarnings("ignore:Sparkline Group extension")


def test_files_for_the_planner(planner: Planner, small_run: Path, tmp_path: Path) -> None:
    answer = planner("report", small_run, "--for", "planner", "--lang", "zh", "--output", tmp_path)
    assert answer.code == 0, answer.err
    names = ["planner.xlsx", "orders_export.csv", "orders_export.xlsx"]
    assert answer.out.split() == [str(tmp_path / name) for name in names]
    assert {path.name for path in tmp_path.iterdir()} == set(names)
    book = openpyxl.load_workbook(tmp_path / "planner.xlsx")
    assert book.sheetnames[0] == "总览"
    settings = {row[0]: row[2] for row in book["假设"].iter_rows(min_row=5, values_only=True)}
    assert "km/h" in settings["distribution.speed_kmh"]  # the unit comes with the meaning
    orders = pd.read_csv(tmp_path / "orders_export.csv", dtype={"item_id": str})
    planned = pd.read_parquet(small_run / "replenishment_orders.parquet")
    assert orders["cost"].sum() == pytest.approx(planned["cost"].sum(), abs=0.005)
    assert set(orders["item_id"]) == set(planned["item_id"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--date", "2024-01-08"], "--for dispatch"),
        (["--for", "planner", "--date", "2024-01-08"], "--for dispatch"),
        (["--for", "dispatch", "--date", "8.1.2024"], "YYYY-MM-DD"),
        (["--lang", "zh"], "English only"),
    ],
)
def test_options_that_do_not_fit(planner: Planner, small_run: Path, words: list[str], said: str) -> None:
    answer = planner("report", small_run, *words)
    assert answer.code == 2
    assert said in answer.err


def test_several_runs_only_for_management(planner: Planner, small_run: Path) -> None:
    answer = planner("report", small_run, small_run, "--for", "planner")
    assert answer.code == 2
    assert "only --for management" in answer.err


def test_runs_that_cannot_be_read(planner: Planner, small_run: Path, tmp_path: Path) -> None:
    def ask(folder: Path) -> str:
        answer = planner("report", folder, "--for", "planner", "--output", tmp_path / "out")
        assert answer.code == 2
        assert "Traceback" not in answer.err
        assert not (tmp_path / "out" / "planner.xlsx").exists()
        return answer.err

    assert "There is no run folder" in ask(tmp_path / "nowhere")
    damaged = Path(shutil.copytree(small_run, tmp_path / "damaged"))
    (damaged / "replenishment_orders.parquet").write_bytes(b"PAR1")
    assert "damaged" in ask(damaged)
    assert not (tmp_path / "out").exists()
    (damaged / "replenishment_orders.parquet").unlink()
    assert "is missing" in ask(damaged)
    older = Path(shutil.copytree(small_run, tmp_path / "older"))
    about = json.loads((older / "provenance.json").read_text())
    (older / "provenance.json").write_text(json.dumps({**about, "format": 0}))
    assert "another version" in ask(older)
    del about["tables"]["pin_report"]
    (older / "provenance.json").write_text(json.dumps(about))
    assert "another version" in ask(older)
    lean = Path(shutil.copytree(small_run, tmp_path / "lean"))
    pd.read_parquet(lean / "exceptions.parquet").drop(columns="remedy").to_parquet(lean / "exceptions.parquet")
    about = json.loads((lean / "provenance.json").read_text())
    about["tables"]["exceptions"]["sha256"] = hashlib.sha256((lean / "exceptions.parquet").read_bytes()).hexdigest()
    (lean / "provenance.json").write_text(json.dumps(about))
    assert "older version" in ask(lean)


def test_pack_rounding_is_what_explain_says(small_run: Path) -> None:
    """Oracle: the explanation, made from the published tables alone.

    The plan rounds safety stock up to the unit that it counts in: one, or a pack where only whole packs move.
    """
    tables = read_run(small_run).tables
    orders = tables["replenishment_orders"].set_index("order_id")
    compared = 0
    for order, qty in orders["pack_rounding_qty"].items():
        parts = explain_order(str(order), tables).parts
        if parts.later + parts.ahead == 0.0 and orders.loc[order, "bucket_start"] < pd.Timestamp("2024-01-22"):
            counted_in = 12.0 if order.startswith("PO") else 1.0
            assert qty == pytest.approx(parts.pack_rounding, abs=counted_in), order
            compared += 1
    assert compared >= 3
    assert (orders["pack_rounding_qty"] < orders["qty"]).all()
