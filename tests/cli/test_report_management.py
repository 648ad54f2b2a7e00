"""`planner report RUN... --for management`: page, slides and PDF, and plain words where a run cannot be read."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from planner_command import Planner

from reports.run_folder import read_run

FILES = ["management.html", "management.pptx", "management.pdf"]


def test_one_run(planner: Planner, small_run: Path, tmp_path: Path) -> None:
    answer = planner("report", small_run, "--for", "management", "--output", tmp_path)
    assert answer.code == 0, answer.err
    assert answer.out.split() == [str(tmp_path / name) for name in FILES]
    page = (tmp_path / "management.html").read_text(encoding="utf-8")
    assert str(read_run(small_run).provenance["run_id"]) in page
    kpis = read_run(small_run).tables["kpis"]
    cost = kpis.loc[(kpis["kpi"] == "planned_cost") & (kpis["group_by"] == "all"), "value"].iloc[0]
    assert f"{cost:,.2f}" in page


def test_several_runs_in_chinese(planner: Planner, small_run: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(small_run, tmp_path / "copy")
    answer = planner("report", small_run, copy, "--for", "management", "--lang", "zh", "-o", tmp_path / "out")
    assert answer.code == 0, answer.err
    assert "各计划的服务、库存和成本相同" in (tmp_path / "out" / "management.html").read_text(encoding="utf-8")


def test_the_same_run_twice(planner: Planner, small_run: Path, tmp_path: Path) -> None:
    answer = planner("report", small_run, small_run, "--for", "management", "--output", tmp_path / "out")
    assert answer.code == 2
    assert "named twice" in answer.err
    assert not (tmp_path / "out" / FILES[0]).exists()


def test_days_are_for_dispatch(planner: Planner, small_run: Path) -> None:
    answer = planner("report", small_run, "--for", "management", "--date", "2024-01-08")
    assert answer.code == 2
    assert "--for dispatch" in answer.err


@pytest.mark.parametrize("reader", ["management", "dispatch", "planner"])
def test_runs_that_cannot_be_read(planner: Planner, small_run: Path, tmp_path: Path, reader: str) -> None:
    def ask(folder: Path) -> str:
        answer = planner("report", folder, "--for", reader, "--output", tmp_path / "out")
        assert answer.code == 2
        assert "Traceback" not in answer.err
        assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())
        return answer.err

    assert "There is no run folder" in ask(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    assert "is not a run folder" in ask(tmp_path / "empty")
    damaged = Path(shutil.copytree(small_run, tmp_path / "damaged"))
    (damaged / "stops.parquet").write_bytes(b"PAR1")
    if reader != "planner":  # the workbook shows no stops
        assert "damaged" in ask(damaged)
    (damaged / "provenance.json").write_text("{")
    assert "damaged" in ask(damaged)
    older = Path(shutil.copytree(small_run, tmp_path / "older"))
    about = json.loads((older / "provenance.json").read_text())
    del about["tables"]["input_edits"]
    (older / "provenance.json").write_text(json.dumps(about))
    assert "another version" in ask(older)


def test_a_second_run_that_cannot_be_read(planner: Planner, small_run: Path, tmp_path: Path) -> None:
    lean = Path(shutil.copytree(small_run, tmp_path / "lean"))
    pd.read_parquet(lean / "kpis.parquet").drop(columns="source").to_parquet(lean / "kpis.parquet")
    answer = planner("report", small_run, lean, "--for", "management", "--output", tmp_path / "out")
    assert answer.code == 2
    assert "damaged" in answer.err
