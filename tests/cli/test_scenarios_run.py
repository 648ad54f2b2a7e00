"""scenarios run, sweep, resume, runs as a user types them; and a sweep whose engine and worker are killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from planner_command import Planner
from small_project import small_tables, write_project

from reports import run_folder


@pytest.fixture(scope="module")
def stage_results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stages")


@pytest.fixture(autouse=True)
def _own_cache(stage_results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANNER_CACHE_DIR", str(stage_results))


@pytest.fixture(scope="module")
def what_ifs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A little project with named scenarios and sweeps; one value of `space` leaves too little room."""
    tables = small_tables(weeks=16, dc_stock=60)
    tables["capacities"] = [{"location_id": "S1", "kind": "storage", "item_id": "I1", "capacity_qty": 100}]
    tables["inventory_policies"] = [{"item_id": "I1", "location_id": "S1", "min_qty": 30}]
    room = {"table": "capacities", "set": {"capacity_qty": "${qty}"}}
    scenario = {
        "replenishment": {"target_gap": 0.9},
        "simulation": {"replications": 10},
        "patches": {"room": {"parameters": {"qty": 100}, "edits": [room]}},
        "scenarios": {
            "slow": {"set": {"distribution.speed_kmh": 45}},
            "full": {"patches": ["room"]},
            "crammed": {"extends": "full", "set": {"patches.room.parameters.qty": 20}},
        },
        "sweeps": {
            "speeds": {"matrix": {"distribution.speed_kmh": [50, 60, 70, 80]}},
            "space": {"scenarios": ["full"], "matrix": {"patches.room.parameters.qty": [90, 20, 110]}},
        },
    }
    return write_project(tmp_path_factory.mktemp("what-ifs") / "project", tables, scenario)


def _contents(runs: Path) -> dict[str, bytes]:
    """Every file of a runs folder but the index, without what may differ: seconds and what was recalled."""
    found = {}
    for path in sorted(runs.rglob("*")):
        name = str(path.relative_to(runs))
        if path.suffix == ".json" and path.name != "sweep.json":
            about = json.loads(path.read_text())
            for key in ("seconds", "recalled", "wall_s", "cpu_s"):
                about.pop(key, None)
            found[name] = json.dumps(about, sort_keys=True).encode()
        elif path.is_file() and "index.sqlite" not in name:
            found[name] = path.read_bytes()
    return found


def test_one_scenario_is_the_same_run_as_planner_run(planner: Planner, what_ifs: Path, tmp_path: Path) -> None:
    answer = planner("scenarios", "run", what_ifs, "slow", "-o", tmp_path / "runs", "--pages", "--json")
    assert answer.code == 0, answer.err
    told = json.loads(answer.out)
    assert [(each["name"], each["status"]) for each in told["scenarios"]] == [("slow", "gap_reached")]
    assert (tmp_path / "runs" / "slow" / "report.html").exists()
    assert planner("run", what_ifs, "--scenario", "slow", "-o", tmp_path / "plain" / "slow", "-q").code == 0
    one, other = _contents(tmp_path / "runs"), _contents(tmp_path / "plain")
    assert {name: content for name, content in one.items() if not name.startswith("outcomes")} == other


def test_a_sweep_with_an_infeasible_member(planner: Planner, what_ifs: Path, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    answer = planner("scenarios", "sweep", what_ifs, "space", "-o", runs, "--workers", 1, "--json")
    assert answer.code == 3, answer.err
    told = json.loads(answer.out)
    assert told["by_status"] == {"gap_reached": 2, "infeasible": 1}
    bad = told["scenarios"][1]
    assert bad["values"] == {"patches.room.parameters.qty": 20}
    for word in ("S1", "I1", "20", "30"):
        assert word in bad["error"]
    assert float(pd.read_csv(bad["relaxation"])["needed"].iloc[0]) >= 30
    assert not (runs / bad["name"]).exists()
    assert {path.suffix for path in (runs / "0001-full-qty-90").iterdir()} == {".parquet", ".json"}

    resumed = planner("scenarios", "resume", runs, "--workers", 1)
    assert resumed.code == 3
    assert "relaxation.csv" in resumed.err
    assert "3 scenarios" in resumed.out
    assert "3 of them before" in resumed.out
    listed = planner("scenarios", "runs", runs, "--where", "patches.room.parameters.qty=20", "--json")
    assert [each["status"] for each in json.loads(listed.out)["scenarios"]] == ["infeasible"]
    listed = planner("scenarios", "runs", runs, "--status", "gap_reached", "--kpi", "simulated_cost")
    assert listed.code == 0
    assert planner("scenarios", "runs", runs, "--kpi", "simulated_cots").code == 2
    unknown = planner("scenarios", "runs", runs, "--status", "infeasble")
    assert (unknown.code, "Did you mean 'infeasible'?" in unknown.err) == (2, True)
    assert planner("scenarios", "sweep", what_ifs, "space", "-o", runs).code == 2
    anew = planner("scenarios", "run", what_ifs, "crammed", "-o", runs)
    assert anew.code == 3


def test_what_cannot_be_started_is_refused_and_nothing_is_written(
    planner: Planner, what_ifs: Path, tmp_path: Path
) -> None:
    runs = tmp_path / "runs"
    cases = [
        (("run", what_ifs, "slo", "-o", runs), "slow"),
        (("run", what_ifs, "slow", "full", "-o", runs, "--set", "seeds=1"), "seed"),
        (("sweep", what_ifs, "speed", "-o", runs), "speeds"),
        (("sweep", what_ifs, "speeds", "-o", runs, "--cluster", "tcp://127.0.0.1:9"), "No Dask scheduler"),
        (("sweep", what_ifs, "speeds", "-o", runs, "--cluster", "tcp://127.0.0.1:9", "--workers", 2), "--workers"),
        (("resume", runs), "holds no sweep"),
        (("runs", runs), "no folder"),
        (("runs", what_ifs), "holds no runs"),
        (("sweep", what_ifs, "speeds", "-o", "memory://bucket/runs"), "not in a bucket"),
        (("run", what_ifs, "slow", "-o", "zork://bucket/runs"), "cannot be opened"),
        (("sweep", what_ifs, "speeds", "-o", what_ifs / "items.csv" / "runs"), "cannot be written"),
    ]
    for words, part in cases:
        answer = planner("scenarios", *words)
        assert answer.code == 2, answer.err
        assert part in answer.err
    assert list(tmp_path.iterdir()) == []
    assert not list(what_ifs.glob("**/index.sqlite"))
    (runs / "index.sqlite").mkdir(parents=True)
    answer = planner("scenarios", "runs", runs)
    assert answer.code == 2
    assert "cannot be opened" in answer.err


def test_a_full_disk_leaves_nothing_half_written(
    planner: Planner, what_ifs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device", "routes.parquet")

    monkeypatch.setattr(run_folder, "write_table", full)
    answer = planner("scenarios", "run", what_ifs, "slow", "-o", tmp_path / "runs", "-q")
    assert answer.code == 2
    assert "No space left on device: routes.parquet" in answer.err
    assert {path.name for path in (tmp_path / "runs").iterdir()} <= {"index.sqlite", "outcomes"}


@pytest.mark.skipif(not Path("/proc").exists(), reason="finds the worker in /proc")
def test_a_killed_worker_and_a_killed_engine_lose_nothing(planner: Planner, what_ifs: Path, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    words = ("scenarios", "sweep", str(what_ifs), "speeds", "--output", str(runs), "--workers", "1", "--quiet")
    with subprocess.Popen([sys.executable, "-m", "planner", *words], stdout=subprocess.DEVNULL) as engine:
        first = _worker_of(engine)
        os.kill(first, signal.SIGKILL)  # while it loads
        second = _worker_of(engine, but=first)
        while len(list(runs.glob("0*/provenance.json"))) < 1:
            assert engine.poll() is None
            time.sleep(0.01)
        engine.kill()
    _gone(second)
    assert 1 <= len(list(runs.glob("0*/provenance.json"))) < 4
    answer = planner("scenarios", "resume", runs, "--workers", 1, "--json")
    assert answer.code == 0, answer.err
    assert json.loads(answer.out)["ended_before"] >= 1
    undisturbed = planner("scenarios", "sweep", what_ifs, "speeds", "-o", tmp_path / "again", "--workers", 1, "--json")
    assert undisturbed.code == 0
    assert _contents(runs) == _contents(tmp_path / "again")


def _worker_of(engine: subprocess.Popen[bytes], but: int = 0) -> int:
    """Wait for the worker process of an engine and return its id."""
    children = Path(f"/proc/{engine.pid}/task/{engine.pid}/children")
    while True:
        assert engine.poll() is None
        for child in map(int, children.read_text().split()):
            command = Path(f"/proc/{child}/cmdline")
            if child != but and command.exists() and "spawn_main" in command.read_text():
                return child
        time.sleep(0.01)


def _gone(process: int) -> None:
    """Wait until a process is no more."""
    status = Path(f"/proc/{process}/stat")
    while status.exists() and status.read_text().split()[2] != "Z":
        time.sleep(0.01)
