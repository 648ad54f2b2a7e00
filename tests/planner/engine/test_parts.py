"""Chunks of series and depots' days on workers: the plan is the same, whoever computed its parts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from small_project import small_tables, write_project
from sweep_tasks import files
from worker_tasks import die_at_first, divide, double

from planner.engine.cache import StageCache
from planner.engine.parts import Part, PartWorkers, compute_part
from planner.engine.run import run_project
from planner.engine.workers import LocalWorkers, ThisProcess
from planner.errors import SweepError
from planner.forecast import parts
from planner.recall import Recall, compute_anew


class _Counting:
    """Workers that note what they are sent."""

    def __init__(self, count: int) -> None:
        self._workers = LocalWorkers(compute_part, count)
        self.sent: list[str] = []

    def start(self, key: str, task: Part) -> None:
        self.sent.append(task.compute.__name__)
        self._workers.start(key, task)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._workers, name)


def test_a_plan_is_the_same_bytes_with_and_without_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "_CHUNK", 5)
    project = write_project(tmp_path / "project", small_tables())
    run_project(project, output=tmp_path / "here", pages=False)
    staff, cache = _Counting(2), StageCache(tmp_path / "stages")
    with PartWorkers(staff) as helpers:  # type: ignore[arg-type]
        run_project(project, output=tmp_path / "there", pages=False, helpers=helpers, at_once=2, cache=cache)
        assert {"learn_part", "predict_part", "draft_day", "finish_day"} == set(staff.sent)
        assert staff.sent.count("learn_part") > 1
        known = len(staff.sent)
        run_project(project, output=tmp_path / "known", pages=False, helpers=helpers, at_once=2, cache=cache)
        assert len(staff.sent) == known, "what is known is not sent"
    assert helpers.declined == 0
    here = files(tmp_path / "here")
    assert here == files(tmp_path / "there") == files(tmp_path / "known")


@pytest.fixture
def one() -> Any:
    with PartWorkers(LocalWorkers(compute_part, 1)) as helpers:
        yield helpers


def ask(helpers: PartWorkers, compute: Callable[..., Any], *inputs: object, **means: Any) -> Any:
    recall: Recall = helpers.recall(compute_anew)
    return recall("series", compute, *inputs, **means)


def test_deaths_are_survived_three_times_and_errors_are_raised_where_it_was_asked(
    one: PartWorkers, tmp_path: Path
) -> None:
    assert ask(one, die_at_first, str(tmp_path / "twice"), 2) == "alive"
    with pytest.raises(SweepError, match=r"part of the plan \(die_at_first\) was given up.*SIGKILL.*3 times"):
        ask(one, die_at_first, str(tmp_path / "thrice"), 3)
    with pytest.raises(ZeroDivisionError):
        ask(one, divide, 1, 0)
    assert ask(one, divide, 6, 3) == 2.0
    assert one.declined == 1


def test_many_threads_may_ask_and_a_stopped_search_is_not_waited_for(one: PartWorkers) -> None:
    answers: dict[int, int] = {}

    def fetch(n: int) -> None:
        answers[n] = ask(one, double, n)

    threads = [threading.Thread(target=fetch, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {n: 2 * n for n in range(8)}
    assert ask(one, double, 30, 600.0, limit=lambda _done, _best: 1.0) == 60


def test_workers_elsewhere_with_other_code_give_parts_back() -> None:
    here = ThisProcess(compute_part)
    with PartWorkers(here, elsewhere=True) as helpers:
        assert ask(helpers, divide, 6, 3) == 2.0
    assert type(compute_part(Part(divide, (6, 3), "another version"))).__name__ == "Declined"
