"""planner cache, and runs that use it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from planner_command import Planner


def test_runs_use_the_cache_unless_told_not_to(
    planner: Planner, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLANNER_CACHE_DIR", str(tmp_path / "stages"))
    words = ("run", small, "--threads", 1, "--json", "--output")
    assert planner(*words, tmp_path / "none", "--no-cache").code == 0
    assert json.loads(planner("cache", "status", "--json").out)["entries"] == 0
    first = json.loads(planner(*words, tmp_path / "first").out)
    second = json.loads(planner(*words, tmp_path / "second").out)
    assert all(use["recalled"] == 0 for use in first["recalled"].values())
    assert all(use["computed"] == 0 for use in second["recalled"].values())
    for file in ("replenishment_orders.csv", "stops.parquet", "kpis.csv"):
        contents = {(tmp_path / run / file).read_bytes() for run in ("none", "first", "second")}
        assert len(contents) == 1
    abouts = [json.loads((tmp_path / run / "provenance.json").read_text()) for run in ("none", "second")]
    assert abouts[0]["run_id"] == abouts[1]["run_id"]
    assert abouts[0]["recalled"] == {}
    assert abouts[1]["recalled"]["forecast"] == {"computed": 0, "recalled": 1}

    status = json.loads(planner("cache", "status", "--json").out)
    assert status["folder"] == str(tmp_path / "stages")
    assert status["entries"] == sum(stage["entries"] for stage in status["stages"].values()) > 5
    text = planner("cache", "status").out
    assert "routing" in text
    assert "Least recently used" in text
    assert f"Removed {status['entries']:,} results" in planner("cache", "clear").out
    assert json.loads(planner("cache", "clear", "--json").out)["removed"] == 0


def test_a_cache_that_cannot_be_written_is_a_note(
    planner: Planner, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("PLANNER_CACHE_DIR", str(tmp_path / "file" / "stages"))
    answer = planner("run", small, "--threads", 1, "--output", tmp_path / "run")
    assert answer.code == 0
    assert "Results of stages are not kept" in answer.err
    assert (tmp_path / "run" / "report.html").exists()
