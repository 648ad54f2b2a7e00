"""The index of a runs folder: what the folders say, whole whoever is killed, and made again where it is gone."""

from __future__ import annotations

import multiprocessing
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from sweep_tasks import play

from planner.engine.index import INDEX, open_index, rebuild_index
from planner.engine.outcome import Outcome
from planner.engine.task import Task
from scenarios.sweep import Member


def _outcome(number: int) -> Outcome:
    kpis = tuple(
        (kpi, group_by, group, float(number), "USD", None, None)
        for kpi in ("simulated_cost", "simulated_fill_rate")
        for group_by, group in (("all", ""), ("region", "north"))
    )
    status = "infeasible" if number == 57 else "optimal"
    values = {"distribution.speed_kmh": number % 3, "note": f"n{number}", "flag": None, "list": (1, 2)}
    told = {"error": "clash"} if number == 57 else {"kpis": kpis, "run_id": f"{number:012d}"}
    return Outcome(f"{number:04d}", status, "s", ("a=1",), values, **told)  # type: ignore[arg-type]


def record_some(runs: Path, first: int) -> None:
    """Record ten runs one by one, from another process."""
    with open_index(runs) as index:
        for number in range(first, first + 10):
            index.record([_outcome(number)])


def test_a_thousand_runs_are_listed_filtered_and_compared(tmp_path: Path) -> None:
    with open_index(tmp_path) as index:
        index.record(_outcome(number) for number in range(1000))
        index.record([replace(_outcome(3), status="limit")])  # the same run again replaces the first
    with open_index(tmp_path) as index:
        assert len(index.table()) == 1000
        bad = index.table(["infeasible", "limit"])
        assert bad["name"].tolist() == ["0003", "0057"]
        assert bad["error"].tolist() == ["", "clash"]
        assert bad["relaxation"].tolist() == ["", "outcomes/0057"]
        assert bad["folder"].tolist() == ["0003", ""]
        swept = index.swept()
        assert (swept["distribution.speed_kmh"] == 1).sum() == 333
        assert swept.loc["0007", "note"] == "n7"
        assert swept.loc["0007", "list"] == "(1, 2)"
        cost = index.kpis("simulated_cost")
        assert cost["value"].tolist() == [float(n) for n in range(1000) if n != 57]
        assert len(index.kpis(group_by=None)) == 4 * 999


def test_several_processes_write_at_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=record_some, args=(tmp_path, first)) for first in (0, 100)]
    for writer in writers:
        writer.start()
    record_some(tmp_path, 200)
    for writer in writers:
        writer.join(60)
        assert writer.exitcode == 0
    with open_index(tmp_path) as index:
        expected = [f"{n:04d}" for first in (0, 100, 200) for n in range(first, first + 10)]
        assert index.table()["name"].tolist() == expected


_KILLED = """
import os, signal, sqlite3, sys
write = sqlite3.connect(sys.argv[1], isolation_level=None)
write.execute("BEGIN IMMEDIATE")
write.execute("DELETE FROM runs")
for n in range(2000):
    write.execute("INSERT INTO swept VALUES (?, 'p', ?)", (str(n), "x" * 1000))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_writer_killed_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    with open_index(tmp_path) as index:
        index.record([_outcome(1)])
    killed = subprocess.run([sys.executable, "-c", _KILLED, str(tmp_path / INDEX)], check=False)
    assert killed.returncode == -9
    with open_index(tmp_path) as index:
        assert index.table()["name"].tolist() == ["0001"]
        assert index.swept().index.tolist() == ["0001"]
        index.record([_outcome(2)])
        assert len(index.table()) == 2


def test_the_index_follows_the_folders(tmp_path: Path) -> None:
    for name in ("kept", "gone", "new"):
        play(Task(Path("p"), Member(name, None, (), {}), tmp_path))
        with open_index(tmp_path) as index:
            assert name in index.table()["name"].tolist()
    (tmp_path / "gone" / "provenance.json").unlink()
    (tmp_path / "new" / "provenance.json").write_text(
        '{"run_id": "another", "status": "limit", "scenario": "s", "overrides": [], "seconds": {"load": 2.0}}'
    )
    with open_index(tmp_path) as index:
        told = index.table().set_index("name")
    assert told["status"].to_dict() == {"kept": "optimal", "new": "limit"}
    assert told["run_id"]["new"] == "another"


@pytest.mark.parametrize("harm", ["missing", "overwritten", "cut", "empty", "older"])
def test_a_missing_or_damaged_index_is_made_again_from_the_folders(tmp_path: Path, harm: str) -> None:
    runs = tmp_path / "runs"
    runs.mkdir()
    outcomes = []
    for name, act in (("one", ""), ("two", "infeasible"), ("three", "")):
        outcomes.append(play(Task(Path("p"), Member(name, None, (), {"act": act, "x": 1.5}), runs)))
    with open_index(runs) as index:
        before = index.table()
    file = runs / INDEX
    content = file.read_bytes()
    if harm == "older":
        with sqlite3.connect(file) as old:
            old.execute("PRAGMA user_version = 99")
        old.close()
    else:
        file.unlink()
        damaged = {"overwritten": b"x" * len(content), "cut": content[: len(content) // 2 + 7], "empty": b""}
        if harm in damaged:
            file.write_bytes(damaged[harm])
    with open_index(runs) as index:
        pd.testing.assert_frame_equal(index.table(), before)
        assert index.swept().loc["two", "x"] == 1.5
    assert before["status"].tolist() == ["optimal", "optimal", "infeasible"]
    assert sorted(path.name for path in runs.iterdir()) == ["index.sqlite", "one", "outcomes", "three"]
    with rebuild_index(runs) as index:
        pd.testing.assert_frame_equal(index.table(), before)
