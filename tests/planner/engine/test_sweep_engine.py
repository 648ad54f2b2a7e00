"""Sweeps: nothing that has ended is lost, whoever dies; and no sweep goes on with other inputs."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from small_project import small_tables, write_project
from sweep_tasks import files, play

from planner.engine.frozen import SWEEP, FrozenSweep, changes, freeze, read_frozen
from planner.engine.index import open_index
from planner.engine.outcome import outcome_folder
from planner.engine.sweep import begin_sweep, resume_sweep
from planner.engine.workers import LocalWorkers, ThisProcess
from planner.errors import SweepError
from scenarios.sweep import Member


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    sweeps = {"sweeps": {"speeds": {"matrix": {"distribution.speed_kmh": [50, 60, 70]}}}}
    return write_project(tmp_path_factory.mktemp("sweep") / "project", small_tables(weeks=8), sweeps)


@pytest.fixture(scope="module")
def speeds(project: Path) -> FrozenSweep:
    return freeze(project, "speeds", ["seed=3"])


@pytest.fixture
def acts(speeds: FrozenSweep) -> Callable[..., FrozenSweep]:
    """A sweep whose members do what they are told."""

    def make(*words: str) -> FrozenSweep:
        members = tuple(Member(f"{n:04d}", None, (f"seed={n}",), {"act": word}) for n, word in enumerate(words))
        return replace(speeds, members=members)

    return make


def test_all_members_run_and_stand_in_the_index(tmp_path: Path, speeds: FrozenSweep) -> None:
    told = []
    result = begin_sweep(
        tmp_path / "runs", speeds, ThisProcess(play), progress=lambda what, done, total: told.append((done, total))
    )
    assert [outcome.values for outcome in result.outcomes] == [{"distribution.speed_kmh": v} for v in (50, 60, 70)]
    assert {outcome.overrides[0] for outcome in result.outcomes} == {"seed=3"}
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]
    assert read_frozen(tmp_path / "runs") == speeds
    with open_index(tmp_path / "runs") as index:
        table = index.table()
        assert table["name"].tolist() == [outcome.name for outcome in result.outcomes]
        assert table["wall_s"].tolist() == [0.25] * 3
        assert index.swept()["distribution.speed_kmh"].tolist() == [50, 60, 70]
    again = resume_sweep(tmp_path / "runs", ThisProcess(play))
    assert again.ended_before == 3
    assert [outcome.run_id for outcome in again.outcomes] == [outcome.run_id for outcome in result.outcomes]


def test_killed_workers_are_replaced_and_one_that_always_dies_is_listed(
    tmp_path: Path, acts: Callable[..., FrozenSweep]
) -> None:
    sweep = acts("", "die once", "infeasible", "die", "")
    workers = LocalWorkers(play, 2)
    result = begin_sweep(tmp_path / "runs", sweep, workers)
    assert workers.pids() == []
    assert [outcome.status for outcome in result.outcomes] == ["optimal", "optimal", "infeasible", "failed", "optimal"]
    assert result.retried == {"0001": 1, "0003": 3}
    assert "SIGKILL" in result.outcomes[3].error
    assert "3 times" in result.outcomes[3].error
    with open_index(tmp_path / "runs") as index:
        assert index.table(["failed", "infeasible"])["name"].tolist() == ["0002", "0003"]
        assert index.table(["infeasible"])["relaxation"].tolist() == ["outcomes/0002"]
        assert index.kpis("simulated_cost")["name"].tolist() == ["0000", "0001", "0004"]


def test_a_full_disk_stops_the_sweep_and_room_lets_it_go_on(tmp_path: Path, acts: Callable[..., FrozenSweep]) -> None:
    runs, sweep = tmp_path / "runs", acts("", "full", "", "slow")
    with pytest.raises(SweepError, match=r"0001: No space left(.|\n)*kept(.|\n)*resume"):
        begin_sweep(runs, sweep, ThisProcess(play))
    assert sorted(path.name for path in (runs / "outcomes").iterdir()) == ["0000"]
    (tmp_path / "room").touch()
    assert resume_sweep(runs, ThisProcess(play), checked=True).ended_before == 1
    begin_sweep(tmp_path / "undisturbed", sweep, ThisProcess(play))
    assert files(runs) == files(tmp_path / "undisturbed")


def test_after_ctrl_c_what_has_ended_stays_and_nothing_else(tmp_path: Path, acts: Callable[..., FrozenSweep]) -> None:
    runs, sweep = tmp_path / "runs", acts("slow", "slow", "slow", "slow")

    def interrupt(what: str, done: int, total: int) -> None:
        if done == 2:
            (runs / ".0002.new-left").mkdir()
            (runs / ".others.new-left").mkdir()
            raise KeyboardInterrupt

    workers = LocalWorkers(play, 1)
    with pytest.raises(KeyboardInterrupt):
        begin_sweep(runs, sweep, workers, progress=interrupt)
    assert workers.pids() == []
    assert {path.name for path in runs.iterdir() if path.is_dir()} == {"0000", "0001", "outcomes", ".others.new-left"}
    (runs / ".others.new-left").rmdir()
    # as if the engine had been killed between the plan of 0001 and its outcome
    (outcome_folder(runs, "0001") / "outcome.json").unlink()
    outcome_folder(runs, "0001").rmdir()
    result = resume_sweep(runs, ThisProcess(play), checked=True)
    assert result.ended_before == 2
    begin_sweep(tmp_path / "undisturbed", sweep, ThisProcess(play))
    assert files(runs) == files(tmp_path / "undisturbed")


def test_resume_refuses_changed_inputs_and_says_what(tmp_path: Path) -> None:
    sweeps = {"sweeps": {"s": {"matrix": {"seed": [1, 2]}}}, "replenishment": {"target_gap": 0.5}}
    project = write_project(tmp_path / "project", small_tables(weeks=8), sweeps)
    runs = tmp_path / "runs"
    begin_sweep(runs, freeze(project, "s", []), ThisProcess(play))
    vehicles = (project / "vehicles.csv").read_text()
    (project / "vehicles.csv").write_text(vehicles.replace("900", "950"))
    file = project / "scenario.yaml"
    text = file.read_text()
    file.write_text(yaml.safe_dump({**yaml.safe_load(text), "replenishment": {"target_gap": 0.4}}))
    with pytest.raises(SweepError) as refusal:
        resume_sweep(runs, ThisProcess(play))
    assert "table vehicles changed" in str(refusal.value)
    assert "scenario.yaml: replenishment changed" in str(refusal.value)
    assert "demand_history" not in str(refusal.value)
    file.write_text(text)
    (project / "vehicles.csv").write_text(vehicles + "\n")  # the same content
    assert resume_sweep(runs, ThisProcess(play)).ended_before == 2


def test_changes_in_words() -> None:
    before = {"table a": "1", "table b": "1", "version of numpy": "2.0", "table d": "4"}
    now = {"table a": "2", "table c": "1", "version of numpy": "2.1", "table d": "4"}
    assert changes(before, now) == [
        "table a changed", "table b is gone", "table c came", "version of numpy changed from 2.0 to 2.1"
    ]  # fmt: skip


def test_one_sweep_per_folder_and_one_engine_at_a_time(tmp_path: Path, acts: Callable[..., FrozenSweep]) -> None:
    runs = tmp_path / "runs"
    begin_sweep(runs, acts(""), ThisProcess(play))
    with pytest.raises(SweepError, match="already holds a sweep"):
        begin_sweep(runs, acts(""), ThisProcess(play))
    with (runs / SWEEP).open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(SweepError, match="Another process"):
            resume_sweep(runs, ThisProcess(play), checked=True)
    assert resume_sweep(runs, ThisProcess(play), checked=True).ended_before == 1


@pytest.mark.parametrize(("content", "word"), [(None, "holds no sweep"), ("{", "understood"), ("[]", "understood")])
def test_a_folder_without_a_readable_sweep(tmp_path: Path, content: str | None, word: str) -> None:
    if content is not None:
        (tmp_path / SWEEP).write_text(content)
    with pytest.raises(SweepError, match=word):
        resume_sweep(tmp_path, ThisProcess(play))
    (tmp_path / SWEEP).write_text(json.dumps({"format": 99}))
    with pytest.raises(SweepError, match="another version"):
        read_frozen(tmp_path)
